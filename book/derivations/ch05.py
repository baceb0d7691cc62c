"""The derivations of chapter 5, backpropagation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

import mathnn
from mathnn.losses import MeanSquaredError

from . import Derivation


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _layers(seed: int, widths: tuple[int, ...]) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((n, k)), rng.standard_normal(k)) for n, k in pairwise(widths)]


def _forward(X: Any, theta: Any) -> list[Any]:
    A = [X]
    for l, (W, b) in enumerate(theta, start=1):
        A.append((_sigmoid if l == len(theta) else np.tanh)(A[-1] @ W + b))
    return A


def _cost(X: Any, Y: Any, theta: Any) -> float:
    p = _forward(X, theta)[-1]
    return float(-(Y * np.log(p) + (1 - Y) * np.log(1 - p)).mean())


def _backward(X: Any, Y: Any, theta: Any, mistaken: bool = False) -> tuple[list[Any], list[Any]]:
    """Return all error signals and the gradients dW1, db1, dW2, ... of the mean cross-entropy of one output."""
    A = _forward(X, theta)
    Delta, signals, gradient = (A[-1] - Y) / len(Y), [], []
    for l in reversed(range(len(theta))):
        signals.insert(0, Delta)
        gradient[:0] = [A[l].T @ Delta, Delta.sum(axis=0)]
        if l > 0:
            Delta = (Delta @ theta[l][0].T) * (1 - A[l] ** 2)
            if mistaken:
                Delta = np.ones_like(Delta) * Delta.sum(axis=1, keepdims=True)
    return signals, gradient


def _data(m: int = 5, d: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(7)
    return rng.standard_normal((m, d)), rng.integers(0, 2, (m, 1)).astype(np.float64)


def _slopes(f: Any, array: Any, h: float = 6e-6) -> Any:
    slopes = np.zeros(array.shape)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + h
        above = f()
        array[i] = kept - h
        slopes[i] = (above - f()) / (2 * h)
        array[i] = kept
    return slopes


def _neuron_symbolic() -> str:
    x, w = sp.symbols("x1:4"), sp.symbols("w1:4")
    b, d = sp.symbols("b d")
    o = 1 / (1 + sp.exp(-(sum(i * j for i, j in zip(x, w, strict=True)) + b)))
    E = (d - o) ** 2 / 2
    for t, came_in in (*zip(w, x, strict=True), (b, 1)):
        assert sp.simplify(sp.diff(E, t) - (o - d) * o * (1 - o) * came_in) == 0
    return "all four slopes of a neuron with three inputs"


def _neuron_numeric() -> str:
    x, w, d = np.array([0.4, 0.2, 0.6]), np.array([2.0, 1.0, 3.0]), 0.0
    o = _sigmoid(x @ w + 0.5)
    numeric = _slopes(lambda: 0.5 * (d - _sigmoid(x @ w + 0.5)) ** 2, w)
    assert np.allclose(numeric, (o - d) * o * (1 - o) * x, atol=1e-9)
    return "three slopes, to 1e-9"


def _neuron_library() -> str:
    model = mathnn.Sequential([mathnn.Dense(1, "sigmoid")], input_shape=(3,))
    model.compile("sgd", "mse")
    x, d = np.array([[0.4, 0.2, 0.6]]), np.array([[1.0]])
    o = float(model.predict(x).item())
    model.loss_and_gradient(x, d)
    assert np.allclose(model.layers[0].W.gradient[:, 0], 2 * (o - 1) * o * (1 - o) * x[0], atol=1e-12)
    return "MeanSquaredError gives twice E's gradient"


def _cancel_symbolic() -> str:
    z, d = sp.symbols("z d")
    o = 1 / (1 + sp.exp(-z))
    assert sp.simplify(sp.diff(-d * sp.log(o) - (1 - d) * sp.log(1 - o), z) - (o - d)) == 0
    return "∂L/∂z = o − d"


def _mse_symbolic() -> str:
    for k in (1, 2, 5):
        o, d = sp.symbols(f"o1:{k + 1}"), sp.symbols(f"d1:{k + 1}")
        L = sum((a - b) ** 2 for a, b in zip(o, d, strict=True)) / k
        assert all(sp.expand(sp.diff(L, a) - sp.Rational(2, k) * (a - b)) == 0 for a, b in zip(o, d, strict=True))
    return "k = 1, 2, 5"


def _mse_library() -> str:
    rng = np.random.default_rng(0)
    for k in (1, 2, 10):
        o, d = rng.standard_normal((1, k)), rng.standard_normal((1, k))
        assert np.allclose(MeanSquaredError().gradient(d, o), 2 / k * (o - d), atol=1e-14)
    return "MeanSquaredError, k = 1, 2, 10"


def _hidden_symbolic() -> str:
    z, z2 = sp.Symbol("z"), []
    w, d, c = sp.symbols("w1:4"), sp.symbols("d1:4"), sp.symbols("c1:4")
    s = lambda v: 1 / (1 + sp.exp(-v))  # noqa: E731
    z2 = [wk * s(z) + ck for wk, ck in zip(w, c, strict=True)]
    E = sum((dk - s(v)) ** 2 for dk, v in zip(d, z2, strict=True)) / 2
    delta = [(s(v) - dk) * s(v) * (1 - s(v)) for dk, v in zip(d, z2, strict=True)]
    blame = sp.diff(s(z), z) * sum(wk * dk for wk, dk in zip(w, delta, strict=True))
    values = {t: sp.Rational(n, 7) for n, t in enumerate((z, *w, *d, *c), start=-4)}
    assert abs((sp.diff(E, z) - blame).subs(values).evalf(30)) < sp.Float("1e-25")
    return "a hidden sigmoid with three outputs, to 25 digits"


def _numbers_symbolic() -> str:
    V, c = sp.Matrix(2, 2, sp.symbols("v1:5")), sp.Matrix(1, 2, sp.symbols("c1:3"))
    U, e = sp.Matrix(2, 1, sp.symbols("u1:3")), sp.Symbol("e")
    s = lambda v: 1 / (1 + sp.exp(-v))  # noqa: E731
    o = s(((sp.Matrix([[1, 2]]) * V + c).applyfunc(s) * U)[0] + e)
    theta = [*V, *c, *U, e]
    values = dict(zip(theta, [sp.Rational(n, 10) for n in (3, -5, 1, 4, 1, -2, 7, -9, 2)], strict=True))
    exact = [float(sp.diff((1 - o) ** 2 / 2, t).subs(values)) for t in theta]
    printed = [-0.0181, 0.0253, -0.0362, 0.0507, -0.0181, 0.0253, -0.0729, -0.0593, -0.1129]
    assert np.allclose(exact, printed, atol=6e-5)
    return "the nine printed slopes"


def _signals_numeric() -> str:
    """Move the pre-activations themselves: an offset for each sample and neuron, added before the activation."""
    X, Y = _data()
    theta = _layers(0, (3, 4, 2, 1))
    offsets = [np.zeros((len(X), W.shape[1])) for W, _ in theta]

    def cost() -> float:
        return _cost(X, Y, [(W, b + offset) for (W, b), offset in zip(theta, offsets, strict=True)])

    for offset, Delta in zip(offsets, _backward(X, Y, theta)[0], strict=True):
        assert np.allclose(_slopes(cost, offset), Delta, atol=1e-8)
    return "every entry of Δ in a 3-4-2-1 network"


def _gradients_numeric(which: int) -> str:
    X, Y = _data()
    theta = _layers(0, (3, 4, 2, 1))
    gradient = _backward(X, Y, theta)[1]
    for l, layer in enumerate(theta):
        assert np.allclose(_slopes(lambda: _cost(X, Y, theta), layer[which]), gradient[2 * l + which], atol=1e-8)
    return "every layer of a 3-4-2-1 network"


def _gradients_library(which: int) -> str:
    X, Y = _data()
    theta = _layers(0, (3, 4, 2, 1))
    layers = [mathnn.Dense(4, "tanh"), mathnn.Dense(2, "tanh"), mathnn.Dense(1, "sigmoid")]
    model = mathnn.Sequential(layers, input_shape=(3,))
    model.compile("sgd", "binary_crossentropy")
    model.set_weights([array for layer in theta for array in layer])
    model.loss_and_gradient(X, Y)
    for l, layer in enumerate(layers):
        library = (layer.W.gradient, layer.b.gradient)[which]
        assert np.abs(library - _backward(X, Y, theta)[1][2 * l + which]).max() < 1e-12
    return "equal to 1e-12"


def _theorem_symbolic() -> str:
    """Two samples, a hidden layer of two, two outputs, and z² as the activation, so that all is exact."""
    symbols = sp.symbols("t1:13")
    numbers = [sp.Rational(n, 3) for n in range(-5, 7)]
    X, Y, one = sp.Matrix([[1, -2], [3, 1]]), sp.Matrix([[1, 0], [0, 1]]), sp.ones(2, 1)

    def forward(t: Any) -> list[Any]:
        W1, b1, W2, b2 = sp.Matrix(2, 2, t[:4]), sp.Matrix(1, 2, t[4:6]), sp.Matrix(2, 2, t[6:10]), sp.Matrix([t[10:]])
        Z1 = X * W1 + one * b1
        A1 = Z1.applyfunc(lambda z: z**2)
        Z2 = A1 * W2 + one * b2
        return [Z1, A1, W2, Z2, Z2.applyfunc(lambda z: z**2)]

    J = sum((forward(symbols)[-1] - Y).applyfunc(lambda r: r**2)) / 2
    Z1, A1, W2, Z2, A2 = forward(numbers)
    Delta2 = (A2 - Y).multiply_elementwise(2 * Z2)
    Delta1 = (Delta2 * W2.T).multiply_elementwise(2 * Z1)
    given = [*(X.T * Delta1), *(one.T * Delta1), *(A1.T * Delta2), *(one.T * Delta2)]
    values = dict(zip(symbols, numbers, strict=True))
    for t, slope in zip(symbols, given, strict=True):
        assert sp.diff(J, t).xreplace(values) == slope, t
    return "12 entries, a batch of two, in exact fractions"


def _cost_trials() -> str:
    rng = np.random.default_rng(0)
    for _ in range(200):
        widths = rng.integers(1, 50, rng.integers(2, 8))
        m = int(rng.integers(1, 9))
        p = widths[:-1] * widths[1:]
        counted = sum(m * pl for pl in p) + sum(m * pl for pl in p[1:])  # (3) in every layer, (2) in all but the first
        assert counted == m * (2 * p.sum() - p[0]) < 2 * m * p.sum()
    return "200 random networks"


def _mistake_trials() -> str:
    X, Y = _data(12)
    for seed in range(100):
        theta = _layers(seed, (3, 2 + seed % 5, 1))
        right, wrong = _backward(X, Y, theta)[1], _backward(X, Y, theta, mistaken=True)[1]
        total = right[0].sum(axis=1)
        assert np.allclose(wrong[0], total[:, None])
        assert np.isclose(np.sum(wrong[0] * right[0]), total @ total)
        assert np.array_equal(wrong[2], right[2])
    return "100 random networks: never uphill, all columns equal"


DERIVATIONS = [
    Derivation(
        "eq-ch05-delta-rule",
        "One sigmoid neuron and the squared error: how wrong, how movable, who spoke",
        symbolic=_neuron_symbolic,
        numeric=_neuron_numeric,
        library=_neuron_library,
    ),
    Derivation("eq-ch05-cancel", "Sigmoid and cross-entropy: the slope cancels", symbolic=_cancel_symbolic),
    Derivation("eq-ch05-mse", "The factor 2/k of MeanSquaredError", symbolic=_mse_symbolic, library=_mse_library),
    Derivation("eq-ch05-hidden-delta", "A hidden neuron is blamed by every output it fed", symbolic=_hidden_symbolic),
    Derivation("eq-ch05-numbers-gradient", "Every slope of a 2-2-1 network", symbolic=_numbers_symbolic),
    Derivation("thm-ch05-backpropagation", "The four equations of backpropagation", symbolic=_theorem_symbolic),
    Derivation("eq-ch05-bp1", "(1) The output is wrong", numeric=_signals_numeric),
    Derivation("eq-ch05-bp2", "(2) Blame travels back", numeric=_signals_numeric),
    Derivation(
        "eq-ch05-bp3",
        "(3) Each weight takes its share",
        numeric=lambda: _gradients_numeric(0),
        library=lambda: _gradients_library(0),
    ),
    Derivation(
        "eq-ch05-bp4",
        "(4) Each bias takes its share",
        numeric=lambda: _gradients_numeric(1),
        library=lambda: _gradients_library(1),
    ),
    Derivation("thm-ch05-cost", "Backpropagation costs less than two forward passes", trials=_cost_trials),
    Derivation("thm-ch05-mistake", "What the mistaken matrix product computes", trials=_mistake_trials),
]
