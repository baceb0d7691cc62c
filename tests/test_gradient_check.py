"""The checker is checked: it passes what is right and catches what is planted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import mathnn
from mathnn import ConfigError, Dense, DtypeError, Sequential, gradcheck
from mathnn.layers import Layer
from tests.layer_cases import LAYER_CASES, LayerCase

X = np.random.default_rng(1).standard_normal((5, 4))


class Spoiled(Layer):
    """A layer whose dX or first parameter gradient is wrong in one given way."""

    def __init__(self, layer: Layer, spoil: Callable[[np.ndarray], np.ndarray], which: str) -> None:
        super().__init__()
        self.layer, self.spoil, self.which = layer, spoil, which

    def build(self, shape, rng, dtype=np.float64):
        super().build(shape, rng, dtype)
        out = self.layer.build(shape, rng, dtype)
        self.parameters = self.layer.parameters
        return out

    @property
    def generators(self):
        return self.layer.generators

    def forward(self, X, training=False, cache=False):
        return self.layer.forward(X, training, cache)

    def backward(self, dY, need_dX=True):
        dX = self.layer.backward(dY, need_dX)
        if self.which == "X":
            return self.spoil(dX)
        p = next(p for p in self.parameters if p.name == self.which)
        p.gradient = self.spoil(p.gradient.copy())
        return dX


def one_entry(g: np.ndarray) -> np.ndarray:
    g = g.copy()
    g.flat[-1] += 0.01 * np.abs(g).max()
    return g


SPOILS = {
    "sign": lambda g: -g,
    "0.1 % too large": lambda g: 1.001 * g,
    "divided by the batch": lambda g: g / 5,
    "zero": np.zeros_like,
    "reversed": lambda g: g[::-1].copy() if len(g) > 1 else 2 * g,
    "one entry": one_entry,
    "a constant added": lambda g: g + 1e-3 * np.abs(g).max(),
}
TARGETS = [
    (case, which)
    for case in LAYER_CASES
    for which in [*["X"] * (case.symbols is None), *dict.fromkeys(p.name for p in case.built().parameters)]
]


@pytest.mark.parametrize(("case", "which"), TARGETS, ids=lambda v: str(v))
def test_a_spoiled_gradient_is_caught(case: LayerCase, which: str) -> None:
    for name, spoil in SPOILS.items():
        report = gradcheck(Spoiled(case.make(), spoil, which), case.X(), max_entries=None)
        assert not report.passed, f"{name} of {which} passed\n{report}"


def test_the_printed_table_names_the_place() -> None:
    report = gradcheck(Spoiled(Dense(3), SPOILS["one entry"], "kernel"), X)
    text = str(report)
    assert "kernel" in text
    assert "WRONG at (3, 2)" in text
    assert text.endswith("FAILED (tolerance 1e-06)")
    assert not report
    assert str(gradcheck(Dense(3), X)).endswith("passed")


def test_float32_is_refused() -> None:
    layer = Dense(3)
    layer.build((4,), np.random.default_rng(0), np.float32)
    with pytest.raises(DtypeError, match="too few for finite differences"):
        gradcheck(layer, X)


def test_targets_need_a_model() -> None:
    with pytest.raises(ConfigError, match="y goes with a compiled model"):
        gradcheck(Dense(1), X, np.ones((5, 1)))


def test_a_kink_is_not_called_a_mistake_and_a_mistake_at_a_kink_is() -> None:
    at_zero = np.array([[0.0, 1.0, -1.0]])
    report = gradcheck(mathnn.ReLU(), at_zero)
    assert report.passed
    assert report.rows[0].kinks == 1
    assert "at a kink" in str(report)
    assert not gradcheck(Spoiled(mathnn.ReLU(), lambda g: g + 3.0, "X"), at_zero).passed


def test_a_kink_that_changes_a_slope_by_less_than_one_per_cent_is_a_kink() -> None:
    layer = Dense(1, "relu")
    layer.build((1,), np.random.default_rng(0), np.float64)
    layer.set_weights([[[1.0]], [-0.02]])
    report = gradcheck(layer, np.array([[20.0], [30.0], [0.02]]))  # the third is at 0, and matters little
    assert report.passed
    assert {row.name: row.kinks for row in report.rows} == {"X": 1, "kernel": 1, "bias": 1}


def test_a_check_that_says_nothing_says_so() -> None:
    report = gradcheck(mathnn.Softmax(), X[:, :1])
    assert report.rows[0].vacuous
    assert "says nothing" in str(report)
    assert not gradcheck(mathnn.Softmax(), X).rows[0].vacuous


def test_noise_and_values_are_put_back() -> None:
    layer = mathnn.Dropout(0.5)
    layer.build((4,), np.random.default_rng(0))
    state = layer.generator.bit_generator.state
    assert gradcheck(layer, X).passed
    assert layer.generator.bit_generator.state == state
    model = Sequential([Dense(3, "tanh"), mathnn.Dropout(0.5), Dense(1)], seed=0, input_shape=(4,))
    model.compile("sgd", "mse")
    theta = model.theta.copy()
    data = X.copy()
    assert gradcheck(model, data, np.ones((5, 1))).passed
    np.testing.assert_array_equal(model.theta, theta)
    np.testing.assert_array_equal(data, X)


def test_a_check_from_all_ones_would_miss_what_a_random_cotangent_finds() -> None:
    """Softmax with a wrong Jacobian: its rows still sum to one, so Σ Y has gradient zero either way."""
    layer = Spoiled(mathnn.Softmax(), lambda g: 2 * g, "X")
    layer.build((4,), np.random.default_rng(0))
    layer.forward(X, cache=True)
    assert np.abs(layer.backward(np.ones((5, 4)))).max() < 1e-12
    assert not gradcheck(layer, X).passed


def test_arrays_may_lie_in_memory_in_any_order() -> None:
    layer = Dense(6, "tanh", kernel_initializer="orthogonal")
    report = gradcheck(layer, np.asfortranarray(X))
    assert report.passed, str(report)
    assert not any(row.vacuous for row in report.rows)
