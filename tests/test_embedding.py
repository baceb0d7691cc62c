"""The embedding, the noise and the reshaping: a table of symbols, a stream of draws, an order of entries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import (
    ConfigError,
    Dense,
    DtypeError,
    Embedding,
    Flatten,
    GaussianNoise,
    LabelError,
    Reshape,
    Sequential,
    ShapeError,
)


def built(layer: mathnn.Layer, *shape: int | None, dtype: type = np.float64) -> mathnn.Layer:
    layer.build(shape, np.random.default_rng(0), dtype)
    return layer


# --- embedding --------------------------------------------------------------------------------------------------------


@given(m=st.integers(1, 4), T=st.integers(0, 6), n=st.integers(1, 6), seed=st.integers(0, 99))
def test_an_embedding_is_a_product_with_one_hot_rows(m: int, T: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer, X = built(Embedding(n, 3), None), rng.integers(0, n, (m, T))
    one_hot = np.eye(n)[X]
    assert_allclose(layer.forward(X, cache=True), one_hot @ layer.E.value, rtol=1e-14)
    dY = rng.standard_normal((m, T, 3))
    assert_array_equal(layer.backward(dY), np.zeros((m, T)))
    assert_allclose(layer.E.gradient, np.einsum("mtn,mtk->nk", one_hot, dY), rtol=1e-12, atol=1e-14)


def test_a_symbol_collects_from_everywhere_and_the_absent_get_nothing() -> None:
    layer = built(Embedding(4, 2), 3)
    layer.forward(np.array([[1, 1, 3], [1, 3, 3]]), cache=True)
    layer.E.gradient = np.full((4, 2), 9.0)
    layer.backward(np.ones((2, 3, 2)))
    assert layer.E.gradient.tolist() == [[0, 0], [3, 3], [0, 0], [3, 3]]


def test_symbols_may_come_as_any_integers_or_as_whole_floats() -> None:
    layer, X = built(Embedding(4, 2), 3), np.array([[1, 0, 3]])
    for dtype in (np.int8, np.uint16, np.int64, np.float64):
        assert_array_equal(layer.forward(X.astype(dtype)), layer.E.value[X])
    with pytest.raises(DtypeError, match="built for float64"):
        layer.forward(X.astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_integers_in_a_model(dtype: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 8, (60, 5))
    y = (X == 3).sum(axis=1)
    model = Sequential([Embedding(8, 4), Flatten(), Dense(1)], seed=0, dtype=dtype)
    model.compile(mathnn.Adam(0.05), "mse")
    model.fit(X, y, epochs=80, verbose=0)
    assert model.evaluate(X, y)["loss"] < 0.02
    assert model.predict(X).dtype == dtype


def test_mask_zero_makes_symbol_0_nothing_that_never_learns() -> None:
    layer, X = built(Embedding(3, 2, mask_zero=True), 3), np.array([[0, 2, 0]])
    Y = layer.forward(X, cache=True)
    assert not Y[0, [0, 2]].any()
    assert_array_equal(Y[0, 1], layer.E.value[2])
    assert layer.E.value[0].any()
    layer.backward(np.ones((1, 3, 2)))
    assert layer.E.gradient.tolist() == [[0, 0], [0, 0], [1, 1]]


def test_what_is_no_symbol_is_refused() -> None:
    layer = built(Embedding(4, 2), 2)
    for wrong in ([[0, 4]], [[-1, 0]], [[0.0, 4.0]], [[-0.5, 1.0]], [[np.nan, 1.0]], [[np.inf, 1.0]], [[1e300, 0.0]]):
        with pytest.raises(LabelError, match="knows the symbols 0 to 3"):
            layer.forward(np.array(wrong))
    with pytest.raises(DtypeError, match=r"whole numbers and got 0\.5"):
        layer.forward(np.array([[1.0, 0.5]]))
    with pytest.raises(ShapeError, match="expects X of shape"):
        layer.forward(np.array([[1, 2, 3]]))


def test_float32_cannot_count_every_symbol() -> None:
    with pytest.raises(ConfigError, match="counts exactly up to 16777216"):
        built(Embedding(2**24 + 1, 1), 2, dtype=np.float32)


@pytest.mark.parametrize("sizes", [(0, 2), (2, 0), (2.0, 2), (2, "2"), (True, 2)])
def test_sizes_are_counted(sizes: tuple[object, object]) -> None:
    with pytest.raises(ConfigError, match="put_dim must be an integer of 1 or more"):
        Embedding(*sizes)


def test_the_table_is_regularised_and_constrained() -> None:
    layer = built(Embedding(3, 2, embeddings_regularizer="l2", embeddings_constraint="unit_norm"), 2)
    assert type(layer.E.regularizer).__name__ == "L2"
    assert type(layer.E.constraint).__name__ == "UnitNorm"


# --- noise ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_has_its_spread_in_training_and_is_off_otherwise(dtype: type) -> None:
    layer = built(GaussianNoise(0.5), 50, dtype=dtype)
    X = np.ones((4000, 50), dtype)
    N = layer.forward(X, training=True, cache=True) - X
    # Mean and spread within five standard deviations of their own.
    assert abs(N.mean()) < 5 * 0.5 / np.sqrt(N.size)
    assert abs(N.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * N.size)
    assert (layer.forward(X, training=True) - X != N).any()
    assert_array_equal(layer.backward(X), X)
    assert_array_equal(layer.forward(X), X)


def test_adding_noise_changes_no_other_draw() -> None:
    plain = Sequential([Dense(4), Dense(2)], seed=3, input_shape=(3,))
    noisy = Sequential([Dense(4), GaussianNoise(0.5), Dense(2)], seed=3, input_shape=(3,))
    assert_array_equal(plain.theta, noisy.theta)


@pytest.mark.parametrize("stddev", [-0.1, "0.5", None, True, float("nan"), float("inf")])
def test_stddev_out_of_range(stddev: object) -> None:
    with pytest.raises(ConfigError, match="stddev must be a number"):
        GaussianNoise(stddev)


# --- reshape ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"), [((3, 4), (3, 4)), ((-1, 6), (2, 6)), ([2, 2, -1], (2, 2, 3)), (12, (12,)), (-1, (12,))]
)
def test_reshape_keeps_the_order_of_the_entries(target: object, expected: tuple[int, ...]) -> None:
    layer = Reshape(target)
    assert layer.build((2, 6), np.random.default_rng(0)) == expected
    X = np.arange(36.0).reshape(3, 2, 6)
    Y = layer.forward(X, cache=True)
    assert_array_equal(Y, X.reshape(3, *expected))
    assert_array_equal(layer.backward(Y), X)


@pytest.mark.parametrize("target", [(0, 2), (-2,), (-1, -1), (2.0, 3), "ab", None, (True, 2)])
def test_a_shape_that_is_none(target: object) -> None:
    with pytest.raises(ConfigError, match="target_shape must be positive integers"):
        Reshape(target)


def test_a_shape_that_does_not_fit() -> None:
    for target in ((5,), (5, -1), (24, -1)):
        with pytest.raises(ShapeError, match="the product of the lengths must be 12"):
            built(Reshape(target), 2, 6)
    with pytest.raises(ShapeError, match="every length of the input shape"):
        built(Reshape((3,)), None, 6)
