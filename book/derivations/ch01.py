"""The derivations of chapter 1, the perceptron."""

from __future__ import annotations

import numpy as np
import sympy as sp

import mathnn
from mathnn.perceptron import Perceptron, novikoff_bound, separable

from . import Derivation


def _update_gains() -> str:
    x, w = sp.symbols("x1:4", real=True), sp.symbols("w1:4", real=True)
    b, y = sp.symbols("b y", real=True)

    def score(ws: list[sp.Expr], bias: sp.Expr) -> sp.Expr:
        return y * (sum(wi * xi for wi, xi in zip(ws, x, strict=True)) + bias)

    after = score([wi + y * xi for wi, xi in zip(w, x, strict=True)], b + y)
    gain = sp.expand(after - score(list(w), b))
    assert sp.simplify(gain.subs(y, 1) - (sum(xi**2 for xi in x) + 1)) == 0
    assert sp.simplify(gain.subs(y, -1) - (sum(xi**2 for xi in x) + 1)) == 0
    return "the signed score rises by ‖x‖² + 1"


def _novikoff() -> str:
    rng = np.random.default_rng(0)
    closest = 0.0
    for _ in range(200):
        d, m = rng.integers(2, 6), rng.integers(5, 40)
        X, u = rng.standard_normal((m, d)), rng.standard_normal(d)
        y = np.where(X @ u > 0, 1, -1)
        if abs(y.sum()) == m:
            continue
        model = Perceptron(max_epochs=100_000).fit(X, y)
        bound = novikoff_bound(X, y)
        assert model.mistakes <= bound, f"{model.mistakes} mistakes, bound {bound}"
        closest = max(closest, model.mistakes / bound)
    return f"200 random sets; at most {closest:.0%} of the bound was used"


def _xor() -> str:
    X, y = mathnn.datasets.xor()
    assert not separable(X, y)
    return "no line separates the four points"


def _logistic_gradient_symbolic() -> str:
    z, y = sp.symbols("z y")
    p = 1 / (1 + sp.exp(-z))
    loss = -y * sp.log(p) - (1 - y) * sp.log(1 - p)
    assert sp.simplify(sp.diff(loss, z) - (p - y)) == 0
    return "∂L/∂z = p − y"


def _logistic_gradient_library() -> str:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 3)), rng.integers(0, 2, 20).astype(float)
    model = mathnn.Sequential([mathnn.Dense(1, activation="sigmoid")], seed=0, input_shape=(3,))
    model.compile("sgd", "binary_crossentropy")
    _, gradient = model.loss_and_gradient(X, y)
    p = model.predict(X)[:, 0]
    error = np.abs(gradient - np.r_[X.T @ (p - y), (p - y).sum()] / len(X)).max()
    assert error < 1e-12, error
    return "Xᵀ(p − y)/m, difference below 1e-12"


def _logistic_gradient_numeric() -> str:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 3)), rng.integers(0, 2, 20).astype(float)
    model = mathnn.Sequential([mathnn.Dense(1, activation="sigmoid")], seed=0, input_shape=(3,))
    model.compile("sgd", "binary_crossentropy")
    report = mathnn.gradcheck(model, X, y)
    assert report.passed, str(report)
    return "relative error below 1e-6"


DERIVATIONS = [
    Derivation("eq-ch01-update", "The perceptron's update helps", symbolic=_update_gains),
    Derivation("thm-ch01-novikoff", "Novikoff's bound", trials=_novikoff),
    Derivation("thm-ch01-xor", "XOR is not separable", library=_xor),
    Derivation(
        "eq-ch01-delta",
        "The gradient of logistic regression",
        symbolic=_logistic_gradient_symbolic,
        numeric=_logistic_gradient_numeric,
        library=_logistic_gradient_library,
    ),
]
