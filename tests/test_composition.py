"""Shortcuts, branches, slices, and layers that add to the cost."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import (
    ActivityRegularization,
    AuxiliaryHead,
    Branches,
    ConfigError,
    Dense,
    Residual,
    Sequential,
    ShapeError,
    Slice,
    StateError,
    gradcheck,
)
from mathnn.layers import Layer

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 4))
y = RNG.integers(0, 3, 12)


def build(layer: Layer) -> Layer:
    layer.build((4,), np.random.default_rng(0))
    return layer


def test_the_jacobian_of_a_residual_layer_is_one_plus_that_of_the_path() -> None:
    layer = build(Residual(Dense(4, "tanh")))
    inner = layer.layers[0]
    dY = RNG.standard_normal((12, 4))
    layer.forward(X, cache=True)
    assert_allclose(layer.backward(dY), inner.backward(dY) + dY, rtol=1e-14)


def test_a_residual_layer_with_zero_weights_is_the_identity() -> None:
    layer = build(Residual(Dense(4, kernel_initializer="zeros")))
    assert_array_equal(layer.forward(X), X)


def test_a_shortcut_that_does_not_fit() -> None:
    with pytest.raises(ShapeError, match="pass projection="):
        build(Residual(Dense(3)))


def test_branches_are_concatenated_in_order() -> None:
    layer = build(Branches([], Dense(2, name="right")))
    assert_array_equal(layer.forward(X)[:, :4], X)
    assert_array_equal(layer.forward(X)[:, 4:], layer.paths[1].forward(X))


def test_branches_that_are_added() -> None:
    layer = build(Branches([], [], [], merge="add"))
    assert_allclose(layer.forward(X), 3 * X)
    layer.forward(X, cache=True)
    assert_allclose(layer.backward(X), 3 * X)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Branches(), ConfigError, "at least one path"),
        (lambda: Branches([], merge="mul"), ConfigError, "'concat' or 'add'"),
        (lambda: build(Branches(Dense(2), Dense(3), merge="add")), ShapeError, "must have one shape"),
        (lambda: Slice(1.5), ConfigError, "integers or None"),
        (lambda: build(Slice(4)), ShapeError, "leaves none of the 4"),
        (lambda: AuxiliaryHead([]), ConfigError, "at least one layer"),
        (lambda: ActivityRegularization(-1), ConfigError, "l1"),
    ],
)
def test_refusals(make: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_dual_path_block_from_slices_and_branches() -> None:
    """DPN: some features are added (a residual path), others are appended (a dense path)."""
    block = Branches(
        Chain := mathnn.Chain([Slice(0, 2), Residual(Dense(2, "tanh"))]),
        Slice(2, 4),
        Dense(2, "relu"),
    )
    assert gradcheck(block, X).passed
    assert block.output_shape == (6,)
    assert Chain._owned


def classifier(*middle: Layer) -> Sequential:
    return Sequential([Dense(5, "tanh"), *middle, Dense(3, "softmax")], seed=0, input_shape=(4,))


@pytest.mark.parametrize("weight", [None, 0.7])
def test_an_auxiliary_head_adds_its_loss_to_the_cost_that_is_differentiated(weight: float | None) -> None:
    model = classifier(AuxiliaryHead([Dense(3, "softmax")], name="aux"))
    model.compile("sgd", "sparse_categorical_crossentropy", loss_weights=None if weight is None else {"aux": weight})
    assert gradcheck(model, X, y).passed
    J, _ = model.loss_and_gradient(X, y)
    head = model.layers[1]
    P = mathnn.Chain.forward(head, model.layers[0].forward(X))
    auxiliary = mathnn.SparseCategoricalCrossentropy()(y, P)
    assert_allclose(J, model.evaluate(X, y)["loss"] + (weight or 0.3) * auxiliary, rtol=1e-12)


def test_an_auxiliary_head_is_trained_and_changes_no_prediction() -> None:
    model = classifier(AuxiliaryHead([Dense(3, "softmax")], name="aux"))
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.layers[1].get_weights()[0]
    model.fit(X, y, epochs=1, verbose=0)
    assert (model.layers[1].get_weights()[0] != before).all()
    predictions = model.predict(X)
    model.layers[1].layers[0].W.value = np.zeros((5, 3))
    assert_array_equal(model.predict(X), predictions)


def test_an_activity_penalty_is_part_of_the_cost_everywhere() -> None:
    model = classifier(ActivityRegularization(l1=0.1, l2=0.2, name="sparse"))
    model.compile("sgd", "sparse_categorical_crossentropy", loss_weights={"sparse": 0.5})
    assert gradcheck(model, X, y).passed
    H = model.layers[0].forward(X)
    penalty = 0.5 * (0.1 * np.abs(H).sum() + 0.2 * (H**2).sum()) / 12
    bare = mathnn.SparseCategoricalCrossentropy()(y, model.predict(X))
    assert_allclose(model.loss_and_gradient(X, y)[0], bare + penalty, rtol=1e-12)
    assert_allclose(model.evaluate(X, y, batch_size=5)["loss"], bare + penalty, rtol=1e-12)


def test_weights_of_losses_that_are_not_there() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'aux'"):
        classifier(AuxiliaryHead([Dense(3, "softmax")], name="aux")).compile("sgd", "mse", loss_weights={"auxx": 1.0})
    with pytest.raises(ConfigError, match="No layer of this model"):
        classifier().compile("sgd", "mse", loss_weights={"aux": 1.0})


def test_add_loss_must_be_declared() -> None:
    class Sly(Layer):
        def forward(self, X: np.ndarray, training: bool = False, cache: bool = False) -> np.ndarray:
            self.add_loss(1.0)
            return X

    with pytest.raises(StateError, match="adds_to_cost = True"):
        build(Sly()).forward(X)


@pytest.mark.parametrize("name", ["loss_weight", "weight"])
def test_saved_heads_keep_their_weight(name: str, tmp_path: object) -> None:
    model = classifier(AuxiliaryHead([Dense(3, "softmax")], weight=0.5, name="aux"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save(tmp_path / "net.npz")
    assert getattr(mathnn.load(tmp_path / "net.npz").layers[1], name) == 0.5
