"""Batch and layer normalisation: their definitions, their invariances, the running statistics, the lone sample."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import (
    AuxiliaryHead,
    BatchNormalization,
    Branches,
    Chain,
    ConfigError,
    Dense,
    GlobalAveragePooling2D,
    LambdaCallback,
    LayerNormalization,
    Residual,
    Sequential,
    ShapeError,
    SimpleRNN,
)


def built(layer: mathnn.Layer, *shape: int, dtype: type = np.float64) -> mathnn.Layer:
    layer.build(shape, np.random.default_rng(0), dtype)
    rng = np.random.default_rng(1)
    for p in layer.parameters:
        p.value = rng.uniform(0.5, 1.5, p.shape)
    return layer


def batch(*shape: int, seed: int = 2) -> np.ndarray:
    return 3 + 2 * np.random.default_rng(seed).standard_normal(shape)


def normalised(values: list[float], epsilon: float = 1e-3) -> list[float]:
    """The definition, for one list of numbers."""
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return [(v - mean) / (variance + epsilon) ** 0.5 for v in values]


@given(m=st.integers(2, 6), d=st.integers(1, 4), seed=st.integers(0, 99))
def test_batch_normalisation_is_its_definition(m: int, d: int, seed: int) -> None:
    layer, X = built(BatchNormalization(), d), batch(m, d, seed=seed)
    gamma, beta = layer.gamma.value, layer.beta.value
    columns = [[gamma[j] * v + beta[j] for v in normalised(X[:, j].tolist())] for j in range(d)]
    assert_allclose(layer.forward(X, training=True), np.transpose(columns), rtol=1e-10)


@given(m=st.integers(1, 4), d=st.integers(2, 6), seed=st.integers(0, 99), training=st.booleans())
def test_layer_normalisation_is_its_definition(m: int, d: int, seed: int, training: bool) -> None:
    layer, X = built(LayerNormalization(), d), batch(m, d, seed=seed)
    rows = [layer.gamma.value * normalised(x) + layer.beta.value for x in X.tolist()]
    assert_allclose(layer.forward(X, training), rows, rtol=1e-10)


def test_the_long_way_back_is_the_short_one() -> None:
    """dX by every path of the graph (through X - μ, σ² and μ) is the formula in the docstring."""
    layer, X, dY = built(BatchNormalization(), 4), batch(7, 4), batch(7, 4, seed=3)
    layer.forward(X, training=True, cache=True)
    n, mu, var = 7, X.mean(axis=0), X.var(axis=0)
    dXhat = dY * layer.gamma.value
    dvar = (dXhat * (X - mu)).sum(axis=0) * -0.5 * (var + 1e-3) ** -1.5
    dmu = -dXhat.sum(axis=0) / np.sqrt(var + 1e-3) + dvar * (-2 * (X - mu)).sum(axis=0) / n
    dX = dXhat / np.sqrt(var + 1e-3) + dvar * 2 * (X - mu) / n + dmu / n
    assert_allclose(layer.backward(dY), dX, rtol=1e-10, atol=1e-12)


def test_batch_normalisation_of_images_takes_every_pixel_as_a_row() -> None:
    X = batch(3, 4, 5, 2)
    rows = built(BatchNormalization(), 2)
    assert_allclose(
        built(BatchNormalization(), 4, 5, 2).forward(X, training=True),
        rows.forward(X.reshape(-1, 2), training=True).reshape(X.shape),
        rtol=1e-12,
    )


def test_the_output_has_mean_0_and_variance_1_and_is_not_confined_to_an_interval() -> None:
    Y = BatchNormalization(center=False, scale=False)
    Y.build((3,), np.random.default_rng(0))
    Z = Y.forward(batch(1000, 3), training=True)
    assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    assert_allclose(Z.var(axis=0), 1, rtol=1e-3)
    assert np.abs(Z).max() > 2


def test_scale_and_shift_of_the_input_are_undone() -> None:
    """Exactly so but for ε, which is small beside the variance here."""
    for layer, X in ((BatchNormalization(), batch(6, 3)), (LayerNormalization(), batch(2, 6))):
        built(layer, X.shape[1])
        moved = layer.forward(1e4 * X + 7e4, training=True)
        assert_allclose(layer.forward(1e3 * X, training=True), moved, rtol=1e-8)


def test_the_gradient_has_no_part_along_what_is_undone() -> None:
    layer, X, C = built(BatchNormalization(epsilon=1e-12), 3), batch(6, 3), batch(6, 3, seed=5)
    layer.forward(X, training=True, cache=True)
    dX = layer.backward(C)
    assert_allclose(dX.sum(axis=0), 0, atol=1e-12)
    assert_allclose((dX * X).sum(axis=0), 0, atol=1e-10)
    rows = built(LayerNormalization(epsilon=1e-12), 3)
    rows.forward(X, cache=True)
    dX = rows.backward(C)
    assert_allclose(dX.sum(axis=1), 0, atol=1e-12)
    assert_allclose((dX * X).sum(axis=1), 0, atol=1e-10)


def test_large_means_lose_no_digits() -> None:
    """E[x²] - μ² would: in float32 its error here is as large as the variance itself."""
    X = (1000 + np.random.default_rng(0).standard_normal((64, 2))).astype(np.float32)
    exact = built(BatchNormalization(), 2).forward(X.astype(np.float64), training=True)
    assert_allclose(built(BatchNormalization(), 2, dtype=np.float32).forward(X, training=True), exact, atol=1e-3)


# --- running statistics ---------------------------------------------------------------------------------------------


def test_running_statistics_follow_the_batches() -> None:
    layer, mean, variance = built(BatchNormalization(momentum=0.9), 3), np.zeros(3), np.ones(3)
    for seed in range(5):
        X = batch(8, 3, seed=seed)
        layer.forward(X, training=True)
        mean, variance = 0.9 * mean + 0.1 * X.mean(axis=0), 0.9 * variance + 0.1 * X.var(axis=0)
    assert_allclose(layer.moving_mean, mean, rtol=1e-12)
    assert_allclose(layer.moving_variance, variance, rtol=1e-12)
    X = batch(4, 3)
    expected = layer.gamma.value * (X - mean) / np.sqrt(variance + 1e-3) + layer.beta.value
    assert_allclose(layer.forward(X), expected, rtol=1e-12)


def test_inference_and_frozen_layers_leave_the_statistics_alone() -> None:
    X = batch(8, 3)
    frozen = built(BatchNormalization(trainable=False), 3)
    assert_array_equal(frozen.forward(X, training=True), frozen.forward(X))
    for layer in (frozen, built(BatchNormalization(), 3)):
        layer.forward(X)
        assert_array_equal(layer.moving_mean, np.zeros(3))
        assert_array_equal(layer.moving_variance, np.ones(3))


def test_statistics_are_buffers_not_parameters() -> None:
    layer = BatchNormalization()
    assert layer.buffers == {}
    model = Sequential([layer, Dense(1)], seed=0, input_shape=(3,))
    assert model.theta.size == 6 + 4
    assert [w.tolist() for w in layer.get_weights()] == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1]]
    model.compile("sgd", "mse")
    kept = model.snapshot()
    model.fit(batch(8, 3), np.ones(8), verbose=0)
    assert layer.moving_mean.any()
    model.restore(kept)
    assert not layer.moving_mean.any()


def test_a_copy_has_statistics_of_its_own() -> None:
    layer = built(BatchNormalization(), 3)
    twin = layer.copy()
    twin.forward(batch(8, 3), training=True)
    assert twin.moving_mean.any()
    assert not layer.moving_mean.any()


# --- errors -----------------------------------------------------------------------------------------------------------


def test_one_sample_has_no_variance() -> None:
    layer = built(BatchNormalization(), 3)
    with pytest.raises(ShapeError, match="one value for each feature"):
        layer.forward(batch(1, 3), training=True)
    assert not layer.moving_mean.any()
    assert layer.forward(batch(1, 3)).shape == (1, 3)
    assert built(BatchNormalization(), 2, 2, 3).forward(batch(1, 2, 2, 3), training=True).shape == (1, 2, 2, 3)


def test_the_last_batch_of_an_epoch_may_not_be_one_sample() -> None:
    model = Sequential([BatchNormalization(), Dense(1)], seed=0)
    model.compile("sgd", "mse")
    with pytest.raises(ShapeError, match="the last of an epoch too"):
        model.fit(batch(9, 3), np.ones(9), batch_size=4, verbose=0)
    model.fit(batch(9, 3), np.ones(9), batch_size=3, verbose=0)


def never(model: Sequential, m: int, shape: tuple[int, ...] = (3,), **arguments: object) -> None:
    """``fit`` refuses before anything has moved: no weight, no generator, no callback called."""
    model.build(shape)
    model.compile("sgd", "mse")
    before, called = pickle.dumps((model.snapshot(), model._shuffle_rng.bit_generator.state)), []
    spy = LambdaCallback(on_train_begin=lambda logs: called.append("begin"))
    with pytest.raises(ShapeError, match=r"batch_normalization\S* needs 2 samples or more .* Choose a batch_size"):
        model.fit(batch(m, *shape), np.ones(m), callbacks=[spy], verbose=0, **arguments)
    assert pickle.dumps((model.snapshot(), model._shuffle_rng.bit_generator.state)) == before
    assert called == []


@pytest.mark.parametrize("wrap", [
    lambda layer: layer,
    lambda layer: Chain([Dense(3), layer]),
    lambda layer: Residual(Dense(3), layer),
    lambda layer: Branches(Chain([Residual(layer)]), Dense(2)),
    lambda layer: AuxiliaryHead([layer, Dense(1)]),
])  # fmt: skip
def test_a_lone_last_sample_is_refused_before_training_starts(wrap) -> None:
    never(Sequential([wrap(BatchNormalization()), Dense(1)], seed=0), 9, batch_size=4)
    never(Sequential([wrap(BatchNormalization()), Dense(1)], seed=0), 3, batch_size=1)
    never(Sequential([wrap(BatchNormalization()), Dense(1)], seed=0), 1)
    never(Sequential([wrap(BatchNormalization()), Dense(1)], seed=0), 12, batch_size=4, validation_split=0.25)


def test_what_takes_one_sample_is_left_alone() -> None:
    frozen = BatchNormalization(trainable=False)
    pixels = Sequential([BatchNormalization(), GlobalAveragePooling2D(), Dense(1)], seed=0)
    cases = [
        (Sequential([frozen, Dense(1)], seed=0), batch(9, 3)),
        (Sequential([LayerNormalization(), Dense(1)], seed=0), batch(9, 3)),
        (pixels, batch(9, 2, 2, 3)),
        (Sequential([BatchNormalization(), SimpleRNN(1)], seed=0, input_shape=(None, 3)), batch(9, 4, 3)),
    ]
    for model, X in cases:
        model.compile("sgd", "mse")
        assert model.fit(X, np.ones(9), batch_size=4, verbose=0).history["loss"]
    model = Sequential([BatchNormalization(), Dense(1)], seed=0)
    model.compile("sgd", "mse")
    model.fit(batch(9, 3), np.ones(9), batch_size=3, validation_data=(batch(1, 3), np.ones(1)), verbose=0)
    model.evaluate(batch(9, 3), np.ones(9), batch_size=4)
    unknown = Sequential([BatchNormalization(), SimpleRNN(1)], seed=0, input_shape=(None, 3))
    unknown.compile("sgd", "mse")
    with pytest.raises(ShapeError, match="one value for each feature"):
        unknown.fit(batch(9, 1, 3), np.ones(9), batch_size=4, verbose=0)


@pytest.mark.parametrize("cls", [BatchNormalization, LayerNormalization])
def test_what_makes_no_sense_is_refused(cls: type) -> None:
    for epsilon in (0, -1, "0.1", None, float("nan")):
        with pytest.raises(ConfigError, match=r"epsilon must be a number in \(0, inf\)"):
            cls(epsilon=epsilon)
    for shape in ((), (3, None)):
        with pytest.raises(ShapeError, match="known d"):
            cls().build(shape, np.random.default_rng(0))
    with pytest.raises(ShapeError, match="expects X of shape"):
        built(cls(), 3).forward(batch(2, 4))


@pytest.mark.parametrize("momentum", [-0.1, 1.1, "0.9", None, True])
def test_momentum_is_a_share(momentum: object) -> None:
    with pytest.raises(ConfigError, match=r"momentum must be a number in \[0, 1\]"):
        BatchNormalization(momentum=momentum)


def test_regularizers_and_constraints_reach_their_parameters() -> None:
    for cls in (BatchNormalization, LayerNormalization):
        layer = cls(gamma_regularizer="l1", beta_regularizer="l2", gamma_constraint="max_norm")
        layer.build((3,), np.random.default_rng(0))
        assert [type(p.regularizer).__name__ for p in layer.parameters] == ["L1", "L2"]
        assert [p.constraint is not None for p in layer.parameters] == [True, False]
