"""The derivations of chapter 4, cost functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy as sp

import mathnn
from mathnn import losses, symbolic
from mathnn.activations import sigmoid, softmax

from . import Derivation

Loss = Callable[[np.ndarray], float]


def _slopes(J: Loss, Z: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Central differences of J at Z."""
    slopes = np.zeros_like(Z)
    for place in np.ndindex(Z.shape):
        step = np.zeros_like(Z)
        step[place] = h
        slopes[place] = (J(Z + step) - J(Z - step)) / (2 * h)
    return slopes


def _batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    Z, classes = 3 * rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    return Z, classes, np.eye(4)[classes]


def _gaussian() -> str:
    y, p, s = sp.symbols("y p s", positive=True)
    density = sp.exp(-((y - p) ** 2) / (2 * s**2)) / sp.sqrt(2 * sp.pi * s**2)
    rest = -sp.log(density) - (y - p) ** 2 / (2 * s**2)
    assert sp.simplify(sp.diff(rest, p)) == 0
    return "−log density = (y − p)²/2s² + a constant"


def _gaussian_library() -> str:
    rng = np.random.default_rng(0)
    y, p = rng.standard_normal((2, 50))
    nll = np.mean((y - p) ** 2 / 2 + np.log(2 * np.pi) / 2)
    error = abs(nll - (losses.MeanSquaredError()(y, p) / 2 + np.log(2 * np.pi) / 2))
    assert error < 1e-12, error
    return "MeanSquaredError/2 + ½ log 2π, difference below 1e-12"


def _bernoulli() -> str:
    p, y = sp.symbols("p y", positive=True)
    L = symbolic.loss("binary_crossentropy")
    y_, p_ = sorted(L.free_symbols, key=lambda s: s.name, reverse=True)
    L = L.subs({y_: y, p_: p})
    assert sp.expand_log(-sp.log(p) - L.subs(y, 1)) == 0
    assert sp.simplify(-sp.log(1 - p) - L.subs(y, 0)) == 0
    return "−log p for y = 1, −log(1 − p) for y = 0"


def _bernoulli_library() -> str:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 50).astype(float), rng.uniform(0.05, 0.95, 50)
    error = abs(losses.BinaryCrossentropy()(y, p) + np.log(np.where(y == 1, p, 1 - p)).mean())
    assert error < 1e-12, error
    return "BinaryCrossentropy, difference below 1e-12"


def _categorical_library() -> str:
    Z, classes, Y = _batch()
    P = softmax(Z)
    likelihood = np.prod(np.prod(P**Y, axis=1))
    by_hand = -np.log(likelihood) / len(Y)
    for loss, target in ((losses.CategoricalCrossentropy(), Y), (losses.SparseCategoricalCrossentropy(), classes)):
        assert abs(loss(target, P) - by_hand) < 1e-12
    return "both categorical losses, difference below 1e-12"


def _delta_sigmoid() -> str:
    y, z = sp.symbols("y z", real=True)
    p = 1 / (1 + sp.exp(-z))
    assert sp.simplify(sp.diff(-y * sp.log(p) - (1 - y) * sp.log(1 - p), z) - (p - y)) == 0
    z3, y3 = sp.symbols("z1:4", real=True), sp.symbols("y1:4", real=True)
    S = sum(sp.exp(zi) for zi in z3)
    L = -sum(yi * (zi - sp.log(S)) for yi, zi in zip(y3, z3, strict=True))
    for yi, zi in zip(y3, z3, strict=True):
        assert sp.simplify(sp.diff(L, zi) - (sp.exp(zi) / S * sum(y3) - yi)) == 0
    return "sigmoid: p − y; softmax: p Σy − y"


def _delta_numeric() -> str:
    Z, _, Y = _batch()
    worst = 0.0
    for f, loss in ((sigmoid, losses.BinaryCrossentropy()), (softmax, losses.CategoricalCrossentropy())):
        size = Y.size if f is sigmoid else len(Y)
        slopes = _slopes(lambda Z, f=f, loss=loss: loss(Y, f(Z)), Z)
        worst = max(worst, float(np.abs(slopes - (f(Z) - Y) / size).max()))
    assert worst < 1e-8, worst
    return "sigmoid and softmax, difference below 1e-8"


def _delta_library() -> str:
    Z, classes, Y = _batch()
    error = 0.0
    for loss, target in (
        (losses.CategoricalCrossentropy(from_logits=True), Y),
        (losses.SparseCategoricalCrossentropy(from_logits=True), classes),
    ):
        error = max(error, float(np.abs(loss.gradient(target, Z) - (softmax(Z) - Y) / len(Y)).max()))
    binary = losses.BinaryCrossentropy(from_logits=True).gradient(Y, Z)
    error = max(error, float(np.abs(binary - (sigmoid(Z) - Y) / Y.size).max()))
    assert error < 1e-12, error
    return "three losses from logits, difference below 1e-12"


def _squared_sigmoid() -> str:
    y, z = sp.symbols("y z", real=True)
    p = 1 / (1 + sp.exp(-z))
    assert sp.simplify(sp.diff((p - y) ** 2, z) - 2 * (p - y) * p * (1 - p)) == 0
    return "∂(p − y)²/∂z = 2 (p − y) p (1 − p)"


def _squared_library() -> str:
    model = mathnn.Sequential([mathnn.Dense(1, activation="sigmoid")], seed=0, input_shape=(1,))
    model.compile("sgd", "mean_squared_error")
    X, y = np.ones((1, 1)), np.zeros(1)
    _, gradient = model.loss_and_gradient(X, y)
    p = model.predict(X)[0, 0]
    error = np.abs(gradient - 2 * p * p * (1 - p)).max()
    assert error < 1e-12, error
    return "a sigmoid neuron under MeanSquaredError"


def _binary_stable() -> str:
    y, z = sp.symbols("y z", real=True)
    p = 1 / (1 + sp.exp(-z))
    direct = -y * sp.log(p) - (1 - y) * sp.log(1 - p)
    assert sp.simplify(sp.diff(direct - (sp.log(1 + sp.exp(z)) - y * z), z)) == 0
    assert direct.subs(z, 0).equals(sp.log(2))
    return "equal at z = 0, equal slopes"


def _binary_stable_library() -> str:
    z, y = np.array([-1000.0, -40.0, -1.0, 0.0, 2.0, 40.0, 1000.0]), np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    formula = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    error = abs(losses.BinaryCrossentropy(from_logits=True)(y, z) - formula.mean())
    assert error < 1e-9, error
    return "logits from −1000 to 1000"


def _gibbs() -> str:
    rng = np.random.default_rng(0)
    least = np.inf
    for _ in range(1000):
        k = rng.integers(2, 8)
        pi, q = rng.dirichlet(np.ones(k), size=2)
        least = min(least, float((pi * np.log(pi / q)).sum()))
        assert least >= 0
    return "1,000 pairs of distributions, none below 0"


def _scoring_symbolic() -> str:
    p, q = sp.symbols("p q", positive=True)
    entropy = -p * sp.log(q) - (1 - p) * sp.log(1 - q)
    squared = p * (1 - q) ** 2 + (1 - p) * q**2
    assert sp.solve(sp.diff(entropy, q), q) == [p]
    assert sp.solve(sp.diff(squared, q), q) == [p]
    assert sp.expand(squared - (p - q) ** 2 - p * (1 - p)) == 0
    return "both slopes vanish at q = p only"


DERIVATIONS = [
    Derivation("eq-ch04-gaussian", "Gaussian likelihood gives MSE", symbolic=_gaussian, library=_gaussian_library),
    Derivation(
        "eq-ch04-bernoulli",
        "Bernoulli likelihood gives binary cross-entropy",
        symbolic=_bernoulli,
        library=_bernoulli_library,
    ),
    Derivation(
        "eq-ch04-categorical",
        "Categorical likelihood gives categorical cross-entropy",
        library=_categorical_library,
    ),
    Derivation(
        "thm-ch04-delta",
        "The error signal is p − y",
        symbolic=_delta_sigmoid,
        numeric=_delta_numeric,
        library=_delta_library,
    ),
    Derivation(
        "eq-ch04-squared-slope",
        "Squared error through a sigmoid",
        symbolic=_squared_sigmoid,
        library=_squared_library,
    ),
    Derivation(
        "eq-ch04-binary-stable",
        "Binary cross-entropy from the logit",
        symbolic=_binary_stable,
        library=_binary_stable_library,
    ),
    Derivation("thm-ch04-gibbs", "Cross-entropy is least at the truth", trials=_gibbs),
    Derivation("thm-ch04-proper", "Cross-entropy and squared error are proper", symbolic=_scoring_symbolic),
]
