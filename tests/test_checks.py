"""What the checks of arguments say, and what is refused at the door because nothing could be computed from it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mathnn
from mathnn import Dense, Sequential
from mathnn.checks import axes, choice, count, flag, number, path
from mathnn.errors import ConfigError, DtypeError, LabelError, MathnnError, NonFiniteError, ShapeError


def model() -> Sequential:
    one = Sequential([Dense(2)], seed=0, input_shape=(3,), dtype="float32")
    one.compile("sgd", "mse")
    return one


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: number("f", "x", 10**400), ConfigError, "f: x must be a number"),
        (lambda: number("f", "x", Fraction(10**400)), ConfigError, "got Fraction"),
        (lambda: number("f", "x", np.timedelta64(3)), ConfigError, "f: x must be a number"),
        (lambda: count("f", "n", 2**31, 1), ConfigError, "at most 2,147,483,647"),
        (lambda: count("f", "n", True, 1), ConfigError, "an integer of 1 or more, got True"),
        (lambda: flag("f", "on", 1), ConfigError, "on must be True or False, got 1"),
        (lambda: choice("f", "way", ["a"], ("a", "b", "c")), ConfigError, "one of 'a', 'b', 'c'"),
        (lambda: axes("f", (2, -1)), ShapeError, "integers of 0 or more"),
        (lambda: axes("f", (2**20, 2**20)), ShapeError, "too large for any memory"),
        (lambda: path("f", 1), ConfigError, "name of the file must be text"),
        (lambda: path("f", "a\ud800"), ConfigError, "name of the file"),
        (lambda: path("f", ""), ConfigError, "name of the file"),
        (lambda: model().predict(np.full((2, 3), 1e30)), NonFiniteError, "too large to be squared"),
        (lambda: model().predict(np.full((2, 3), np.longdouble("1e4000"))), NonFiniteError, "NaN or infinity"),
        (lambda: model().evaluate(np.ones((2, 3)), np.full((2, 2), 1e30)), NonFiniteError, "the cost is"),
        (lambda: model().fit(np.ones((2, 3)), np.ones((2, 2)), class_weight=[1]), MathnnError, "class_weight"),
        (lambda: model().set_weights(np.ones(3)), ConfigError, "takes a list of arrays"),
        (lambda: model().set_weights([np.full((3, 2), 1e300), np.zeros(2)]), NonFiniteError, "set_weights"),
        (lambda: model().restore([]), ConfigError, "takes what snapshot returned"),
        (lambda: mathnn.Sequential.load(1), ConfigError, "name of the file"),
        (lambda: mathnn.RandomUniform(-1e308, 1e308), ConfigError, "maxval - minval"),
        (lambda: mathnn.Constant(1e300)((2,), 0, np.float32), NonFiniteError, "the array drawn"),
        (lambda: mathnn.L2(1.0)([1e200]), NonFiniteError, "the penalty is inf"),
        (lambda: mathnn.MaxNorm()([[1e200]]), NonFiniteError, "squared norms"),
        (lambda: mathnn.SGD(1e300).step(np.ones(2), np.full(2, 1e100)), NonFiniteError, "theta is lost"),
        (lambda: mathnn.ExponentialDecay(1e300, 1, 1e300)(10), NonFiniteError, "not finite"),
        (lambda: mathnn.confusion_matrix([0, 10**6], [0, 1]), LabelError, "takes at most"),
        (lambda: mathnn.one_hot([0, 10**12]), ShapeError, "too large for any memory"),
        (lambda: mathnn.R2Score()([1e200, 0.0], [0.0, 1.0]), NonFiniteError, "errors are too large"),
    ],
)
def test_refusals(call: Callable[[], Any], error: type[MathnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_one_hot_takes_a_row_for_each_label_and_not_a_square_of_classes() -> None:
    rows = mathnn.one_hot([70_000, 0])
    assert rows.shape == (2, 70_001)
    assert rows[0, -1] == rows[1, 0] == 1


def test_a_layer_refuses_a_gradient_that_numpy_would_broadcast() -> None:
    layer = mathnn.Tanh()
    layer.build((3,), np.random.default_rng(0))
    layer.forward(np.ones((4, 3)), cache=True)
    for dY in (np.ones(3), np.ones((1, 3)), np.ones((4, 1))):
        with pytest.raises(ShapeError, match=r"needs ∂J/∂Y of the shape \(4, 3\)"):
            layer.backward(dY)
    with pytest.raises(DtypeError, match=r"dY\.astype\('float64'\)"):
        layer.backward(np.ones((4, 3), np.float32))
    with pytest.raises(ConfigError, match="need_dX must be True or False"):
        layer.backward(np.ones((4, 3)), need_dX="no")


def test_a_parameter_keeps_its_own_copy() -> None:
    given = np.ones(3)
    p = mathnn.Parameter("w", given)
    p.value = np.zeros(3)
    assert given.tolist() == [1, 1, 1]


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert path("f", tmp_path / "net.npz") == path("f", str(tmp_path / "net.npz")) == tmp_path / "net.npz"
