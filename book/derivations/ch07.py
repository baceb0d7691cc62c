"""The derivations of chapter 7, initialisation and vanishing gradients."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import sympy as sp

import mathnn

from . import Derivation


def _half_means(left: Any, right: Any) -> Any:
    """The mean over z ~ N(0, 1) of a function with two branches."""
    z = sp.Symbol("z", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.integrate(left(z) * density, (z, -sp.oo, 0)) + sp.integrate(right(z) * density, (z, 0, sp.oo))


def _signs(n: int) -> Any:
    return product((-1, 1), repeat=n)


def _sum_exact() -> str:
    """All draws of weights ±½ in front of five inputs that are not independent of each other."""
    inputs = [(3, 3, -1, 2, 0), (1, -2, 4, 4, 5)]
    v, n = Fraction(1, 4), 5
    q = Fraction(sum(a * a for row in inputs for a in row), n * len(inputs))
    squares = [
        Fraction(sum(sign * a for sign, a in zip(signs, row, strict=True)), 2) ** 2
        for row in inputs
        for signs in _signs(n)
    ]
    assert sum(squares) / len(squares) == n * v * q
    return "all 64 draws, in fractions"


def _half_symbolic() -> str:
    assert _half_means(lambda z: 0, lambda z: z**2) == sp.Rational(1, 2)
    return "∫ relu(z)² over N(0, 1) = ½"


def _leaky_symbolic() -> str:
    alpha = sp.Symbol("alpha", positive=True)
    share = _half_means(lambda z: alpha**2 * z**2, lambda z: z**2)
    assert sp.simplify(share - (1 + alpha**2) / 2) == 0
    return "∫ f(z)² over N(0, 1) = (1 + α²)/2"


def _layer_spread(c: float, f: Any, initializer: Any = None) -> float:
    """The mean square behind one wide layer, over the mean square before it."""
    draw = initializer or mathnn.initializers.VarianceScaling(c)
    X = np.random.default_rng(0).standard_normal((200, 400))
    return float(np.mean(np.square(f(X @ draw((400, 400), 1)))) / np.mean(X**2))


def _he_library() -> str:
    for one in (mathnn.HeNormal(), mathnn.HeUniform()):
        assert abs(_layer_spread(2, mathnn.activations.relu, one) - 1) < 0.03
    return "HeNormal and HeUniform, 400 by 400, to 3 %"


def _leaky_library() -> str:
    for alpha in (0.01, 0.2, 0.5):
        f = mathnn.activations.LeakyReLU(negative_slope=alpha)
        assert abs(_layer_spread(2 / (1 + alpha**2), f) - 1) < 0.03
    return "slopes 0.01, 0.2, 0.5, to 3 %"


def _gain_trials() -> str:
    grid = np.linspace(-10, 10, 4001)
    weight = np.exp(-(grid**2) / 2)
    names = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu")
    for name in names:
        f = mathnn.activations.get(name)
        c = float(weight.sum() / (weight @ np.square(f(grid))))
        Z = np.random.default_rng(0).standard_normal((200, 400))
        Z_next = f(Z) @ mathnn.initializers.VarianceScaling(c)((400, 400), 1)
        assert abs(np.var(Z_next) - 1) < 0.05, name
    return f"{len(names)} activations, to 5 %"


def _size_exact() -> str:
    """Every draw of weights ±1 of a 2-2-2 network, so the mean is exact."""
    x, total, draws = np.array([3, -1]), 0, 0
    for signs in _signs(8):
        W = np.reshape(signs, (2, 2, 2))
        a = np.maximum(np.maximum(x @ W[0], 0) @ W[1], 0)
        total, draws = total + int(a @ a), draws + 1
    assert Fraction(total, 2 * draws) == Fraction(10, 2) * 1 * 1
    return "all 256 draws of a 2-2-2 network"


def _size_trials() -> str:
    rng = np.random.default_rng(0)
    widths, v = (6, 20, 12, 30), 0.15
    W = [rng.normal(0, np.sqrt(v), (4000, n, k)) for n, k in pairwise(widths)]
    A = np.tile(rng.standard_normal(6), (4000, 1, 1))
    q = np.mean(A**2)
    for one in W:
        A = np.maximum(A @ one, 0)
    expected = q * np.prod([n * v / 2 for n in widths[:-1]])
    assert abs(np.mean(A**2) / expected - 1) < 0.06
    return "4,000 draws of a 6-20-12-30 network, to 6 %"


def _uniform_symbolic() -> str:
    w, b = sp.symbols("w b", positive=True)
    assert sp.simplify(sp.integrate(w**2 / (2 * b), (w, -b, b)) - b**2 / 3) == 0
    return "∫ w²/2b over [−b, b] = b²/3"


def _uniform_library() -> str:
    for draw, v in ((mathnn.HeUniform(), 2 / 300), (mathnn.GlorotUniform(), 2 / 500), (mathnn.LecunUniform(), 1 / 300)):
        W = draw((300, 200), 0)
        assert np.abs(W).max() <= np.sqrt(3 * v)
        assert abs(W.var() / v - 1) < 0.02
    return "HeUniform, GlorotUniform, LecunUniform"


def _lecun_library() -> str:
    assert abs(_layer_spread(1, lambda Z: Z, mathnn.initializers.LecunNormal()) - 1) < 0.03
    return "LecunNormal without an activation, to 3 %"


def _glorot_library() -> str:
    for shape in ((300, 200), (3, 3, 16, 32)):
        n_in, n_out = mathnn.initializers.fans(shape)
        v = 2 / (n_in + n_out)
        assert abs(np.var(mathnn.GlorotNormal()(shape, 0)) / v - 1) < 0.05
    return "GlorotNormal, dense and convolution"


def _compromise_symbolic() -> str:
    a, b = sp.symbols("a b", positive=True)
    v = 2 / (a + b)
    assert sp.simplify(a * v * b * v - (1 - ((a - b) / (a + b)) ** 2)) == 0
    return "n_in v · n_out v = 1 − ((n_in − n_out)/(n_in + n_out))²"


def _backward_sizes(c: float, f: Any, depth: int = 10, n: int = 300) -> tuple[float, float]:
    """The measured factor of the blame's mean square, and the predicted one with the measured E[f'²]."""
    rng = np.random.default_rng(3)
    A, Z = rng.standard_normal((100, n)), []
    W = [rng.normal(0, np.sqrt(c / n), (n, n)) for _ in range(depth)]
    for one in W:
        Z.append(A @ one)
        A = f(Z[-1])
    delta = rng.standard_normal((100, n)) * f.derivative(Z[-1])
    last, expected = np.mean(delta**2), 1.0
    for l in reversed(range(depth - 1)):
        delta = (delta @ W[l + 1].T) * f.derivative(Z[l])
        expected *= c * np.mean(np.square(f.derivative(Z[l])))
    return float(np.mean(delta**2) / last), float(expected)


def _backward_trials() -> str:
    for name, c in (("relu", 2), ("relu", 1), ("tanh", 1), ("sigmoid", 1)):
        measured, expected = _backward_sizes(c, mathnn.activations.get(name))
        assert abs(np.log(measured / expected)) < 0.5, name
    return "ten layers of 300: ReLU, tanh, sigmoid, within a factor 1.65"


def _symmetry_trials() -> str:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 5)), rng.integers(0, 3, 40)
    for f in ("sigmoid", "tanh", "relu"):
        for optimizer in (mathnn.SGD(0.1), mathnn.SGD(0.05, momentum=0.9), mathnn.Adam(0.01)):
            net = mathnn.Sequential([mathnn.Dense(4, f), mathnn.Dense(4, f), mathnn.Dense(3, "softmax")], seed=1)
            net.build((5,))
            W1, b1, W2, b2, W3, b3 = net.get_weights()
            W1[:, 1], W2[1] = W1[:, 0], W2[0]
            net.set_weights([W1, b1, W2, b2, W3, b3])
            net.compile(optimizer, "sparse_categorical_crossentropy")
            net.fit(X, y, epochs=3, batch_size=8, verbose=0)
            W1, b1, W2, *_ = net.get_weights()
            assert np.allclose(W1[:, 1], W1[:, 0], atol=1e-10)
            assert np.allclose(W2[1], W2[0], atol=1e-10)
            assert np.isclose(b1[1], b1[0], atol=1e-10)
            assert not np.allclose(W1[:, 2], W1[:, 0], atol=1e-3)
    return "three activations, three optimizers, 15 steps each"


def _steps_trials() -> str:
    rng = np.random.default_rng(0)
    for kappa in (2.0, 10.0, 100.0):
        bound = np.log(1e-6) / (2 * np.log1p(-1 / kappa))
        lam, worst = np.geomspace(1, kappa, 6), 0
        for _ in range(20):
            e, n = rng.standard_normal(6), 0
            start = e @ (lam * e)
            while e @ (lam * e) > 1e-6 * start:
                e, n = e - lam / kappa * e, n + 1
            worst = max(worst, n)
        assert worst <= np.ceil(bound)
        e, n = np.array([1.0, 0, 0, 0, 0, 0]), 0
        while e[0] ** 2 > 1e-6:
            e, n = e - lam / kappa * e, n + 1
        assert n == np.ceil(bound)
    return "60 starts stay below it, the slowest direction meets it"


DERIVATIONS = [
    Derivation("eq-ch07-sum", "One layer multiplies the mean square by n_in Var(w)", trials=_sum_exact),
    Derivation("eq-ch07-lecun", "The linear layer: variance 1/n_in", library=_lecun_library),
    Derivation("eq-ch07-half", "ReLU keeps half of the mean square", symbolic=_half_symbolic),
    Derivation("eq-ch07-he", "He's variance, 2/n_in", library=_he_library),
    Derivation(
        "thm-ch07-size", "The expected size of a signal, exactly", trials=lambda: f"{_size_exact()}; {_size_trials()}"
    ),
    Derivation("eq-ch07-gain", "The scale for any activation", trials=_gain_trials),
    Derivation("eq-ch07-leaky", "The gain of the leaky ReLU", symbolic=_leaky_symbolic, library=_leaky_library),
    Derivation(
        "eq-ch07-uniform",
        "The bound of uniform weights, √(3 Var)",
        symbolic=_uniform_symbolic,
        library=_uniform_library,
    ),
    Derivation(
        "eq-ch07-backward",
        "One layer multiplies the blame's mean square by n_out Var(w) E[f'²]",
        trials=_backward_trials,
    ),
    Derivation("eq-ch07-glorot", "Xavier's variance, 2/(n_in + n_out)", library=_glorot_library),
    Derivation("eq-ch07-compromise", "What the compromise costs", symbolic=_compromise_symbolic),
    Derivation("thm-ch07-symmetry", "Equal units stay equal", trials=_symmetry_trials),
    Derivation("eq-ch07-steps", "Steps needed at a condition number", trials=_steps_trials),
]
