"""The derivations of chapter 1, the perceptron."""

from __future__ import annotations

import numpy as np
import sympy as sp

import mathnn
from mathnn.activations import sigmoid, step
from mathnn.losses import BinaryCrossentropy
from mathnn.perceptron import Perceptron, max_margin, novikoff_bound, separable

from . import Derivation
from ._common import network, slopes


def _separable_data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Forty samples with labels ±1, on both sides of a plane."""
    X = np.random.default_rng(seed).standard_normal((40, 3))
    return X, np.where(X @ [1.0, -2.0, 0.5] > 0.3, 1, -1)


def _batch() -> str:
    X, y = _separable_data()
    model = Perceptron().fit(X, y)
    by_hand = [sum(wj * xj for wj, xj in zip(model.weights, x, strict=True)) + model.bias for x in X]
    assert np.allclose(model.decision_function(X), by_hand, atol=1e-12)
    return "Perceptron.decision_function, sample by sample"


def _step() -> str:
    assert step([-2.0, -1e-300, 0.0, 1e-300, 2.0]).tolist() == [0, 0, 1, 1, 1]
    return "step, also at 0"


def _distance() -> str:
    w, x = sp.Matrix(sp.symbols("w1:4", real=True)), sp.Matrix(sp.symbols("x1:4", real=True))
    b, length = sp.Symbol("b", real=True), sp.sqrt(sum(wi**2 for wi in sp.symbols("w1:4", real=True)))
    t = (w.dot(x) + b) / length
    assert sp.simplify(w.dot(x - t * w / length) + b) == 0
    return "after walking t the score is 0"


def _distance_library() -> str:
    X, y = _separable_data()
    model = Perceptron().fit(X, y)
    t = np.abs(X @ model.weights + model.bias) / np.linalg.norm(model.weights)
    assert np.isclose(model.margin(X, y), t.min(), rtol=1e-12)
    return "Perceptron.margin is the least distance"


def _mistake() -> str:
    rng = np.random.default_rng(0)
    y, z = rng.choice([-1, 1], 1000), rng.standard_normal(1000)
    assert np.array_equal(y * z > 0, np.where(step(z) == 1, 1, -1) == y)
    return "1000 scores: right where y z > 0"


def _update_library() -> str:
    X, y = _separable_data()
    for eta in (1.0, 0.25):
        w, b = np.zeros(3), 0.0
        for update in Perceptron(learning_rate=eta).fit(X, y).history:
            x, label = X[update.sample], y[update.sample]
            assert label * (w @ x + b) <= 0
            w, b = w + eta * label * x, b + eta * label
            assert np.allclose(update.weights, w, atol=1e-12)
            assert np.isclose(update.bias, b, atol=1e-12)
    return "every update in Perceptron.history, two learning rates"


def _tilde() -> str:
    w, x = sp.Matrix(sp.symbols("w1:4")), sp.Matrix(sp.symbols("x1:4"))
    b = sp.Symbol("b")
    one = sp.Matrix([1])
    assert sp.expand(w.col_join(sp.Matrix([b])).dot(x.col_join(one)) - w.dot(x) - b) == 0
    return "the bias is the weight of a 1"


def _margin() -> str:
    X, y = _separable_data()
    line = max_margin(X, y)
    u = np.append(line.weights, line.bias)
    gamma = (y * (np.column_stack([X, np.ones(len(X))]) @ u)).min() / np.linalg.norm(u)
    assert gamma > 0
    return "max_margin finds such a u"


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


def _luma() -> str:
    X, y = mathnn.datasets.font_colours()
    assert np.array_equal(y, (X @ [0.299, 0.587, 0.114] - 0.5 > 0).astype(int))
    return f"all {len(y):,} labels of font_colours"


def _squared_gradient() -> str:
    w, x = sp.symbols("w1:4"), sp.symbols("x1:4")
    b, y = sp.symbols("b y")
    p = sum(wi * xi for wi, xi in zip(w, x, strict=True)) + b
    L = (p - y) ** 2 / 2
    assert all(sp.expand(sp.diff(L, wj) - (p - y) * xj) == 0 for wj, xj in zip(w, x, strict=True))
    assert sp.expand(sp.diff(L, b) - (p - y)) == 0
    return "three weights and the bias"


def _regression() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((20, 3)), rng.standard_normal(20), rng.standard_normal(3), rng.standard_normal(1)


def _sum_gradient_numeric() -> str:
    X, y, w, b = _regression()
    by_sums = [sum((X[i] @ w + b[0] - y[i]) * X[i, j] for i in range(20)) / 20 for j in range(3)]
    assert np.allclose(slopes(lambda v: float(np.mean((X @ v + b - y) ** 2) / 2), w), by_sums, atol=1e-9)
    return "three slopes, to 1e-9"


def _gradient_numeric() -> str:
    X, y, w, b = _regression()
    error = X @ w + b - y
    theta = slopes(lambda v: float(np.mean((X @ v[:3] + v[3] - y) ** 2) / 2), np.r_[w, b])
    assert np.allclose(theta, np.r_[X.T @ error, error.sum()] / 20, atol=1e-9)
    return "weights and bias, to 1e-9"


def _gradient_library() -> str:
    X, y, w, b = _regression()
    net = network((w[:, None], b, None))
    net.compile("sgd", "mse")
    error = X @ w + b - y
    assert np.allclose(net.loss_and_gradient(X, y)[1] / 2, np.r_[X.T @ error, error.sum()] / 20, atol=1e-13)
    return "half of the gradient of MeanSquaredError"


def _descent() -> str:
    X, y, w, b = _regression()
    net, eta = network((w[:, None], b, None)), 0.1
    # The library's cost has no ½, so half the learning rate takes the same step.
    net.compile(mathnn.SGD(eta / 2), "mse")
    net.fit(X, y, epochs=1, batch_size=20, verbose=0)
    error = X @ w + b - y
    assert np.allclose(net.theta, np.r_[w, b] - eta * np.r_[X.T @ error, error.sum()] / 20, atol=1e-13)
    return "one step of SGD"


def _sigmoid() -> str:
    z = np.linspace(-30, 30, 301)
    assert np.allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-14)
    return "sigmoid to 1e-14"


def _logistic() -> str:
    p, y = sp.symbols("p y")
    L = -y * sp.log(p) - (1 - y) * sp.log(1 - p)
    for label in (0, 1):
        assert (-sp.log(p**label * (1 - p) ** (1 - label)) - L.subs(y, label)).equals(0)
    return "both labels"


def _logistic_library() -> str:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 50).astype(float), rng.uniform(0.01, 0.99, 50)
    assert np.isclose(BinaryCrossentropy()(y, p), -np.mean(np.log(p**y * (1 - p) ** (1 - y))), rtol=1e-12)
    return "BinaryCrossentropy"


def _two_slopes() -> str:
    p, y, z = sp.symbols("p y z")
    L = -y * sp.log(p) - (1 - y) * sp.log(1 - p)
    assert sp.simplify(sp.diff(L, p) - (p - y) / (p * (1 - p))) == 0
    s = 1 / (1 + sp.exp(-z))
    assert sp.simplify(sp.diff(s, z) - s * (1 - s)) == 0
    return "∂L/∂p and ∂p/∂z"


def _two_slopes_numeric() -> str:
    p = np.linspace(0.1, 0.9, 9)
    for y in (0.0, 1.0):
        found = slopes(lambda q, y=y: float(np.sum(-y * np.log(q) - (1 - y) * np.log(1 - q))), p)
        assert np.allclose(found, (p - y) / (p * (1 - p)), atol=1e-6)
    z = np.linspace(-4, 4, 9)
    assert np.allclose(slopes(lambda v: float(np.sum(sigmoid(v))), z), sigmoid(z) * (1 - sigmoid(z)), atol=1e-8)
    return "nine places each"


def _delta_rule() -> str:
    """One sample and one step: answer − target drives the linear and the logistic neuron of the library alike."""
    X, _, w, b = _regression()
    x, target, eta = X[:1], np.array([1.0]), 0.2
    for activation, loss, rate in ((None, "mse", eta / 2), ("sigmoid", "binary_crossentropy", eta)):
        net = network((w[:, None], b, activation))
        net.compile(mathnn.SGD(rate), loss)
        answer = net.predict(x).item()
        net.fit(x, target, epochs=1, batch_size=1, verbose=0)
        assert np.allclose(net.layers[0].W.value[:, 0], w - eta * (answer - 1) * x[0], atol=1e-13)
    return "a linear and a logistic neuron, one step of SGD"


def _delta_rule_perceptron() -> str:
    X, y = _separable_data()
    target, w, b, tried = (y + 1) // 2, np.zeros(3), 0.0, 0
    for update in Perceptron().fit(X, y).history:
        x, score = X[update.sample], X[update.sample] @ w + b
        # A score of 0 counts as a mistake whatever the label: there the rule has no say.
        if score != 0:
            answer = float(step(score))
            assert np.allclose(update.weights, w - (answer - target[update.sample]) * x, atol=1e-12)
            tried += 1
        w, b = update.weights, update.bias
    assert tried > 5
    return f"{tried} updates of a perceptron"


def _three_losses() -> str:
    z = sp.Symbol("z", real=True)
    p = 1 / (1 + sp.exp(-z))
    for sign in (-1, 1):
        s = sign * z
        assert sp.expand((1 - s) ** 2 - (z - sign) ** 2) == 0
        cross_entropy = sp.log(p) if sign == 1 else sp.log(1 - p)
        assert sp.simplify(sp.exp(-cross_entropy) - (1 + sp.exp(-s))) == 0
    return "squared and logistic, both labels"


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
    Derivation("eq-ch01-batch", "All scores at once", library=_batch),
    Derivation("eq-ch01-step", "The step", library=_step),
    Derivation("eq-ch01-distance", "The score is a distance", symbolic=_distance, library=_distance_library),
    Derivation("eq-ch01-mistake", "A mistake, by one product", trials=_mistake),
    Derivation("eq-ch01-update", "The perceptron's rule", library=_update_library),
    Derivation("eq-ch01-gain", "The perceptron's update helps", symbolic=_update_gains),
    Derivation("eq-ch01-tilde", "The bias as a weight", symbolic=_tilde),
    Derivation("eq-ch01-margin", "The margin", library=_margin),
    Derivation("thm-ch01-novikoff", "Novikoff's bound", trials=_novikoff),
    Derivation("thm-ch01-xor", "XOR is not separable", library=_xor),
    Derivation("eq-ch01-luma", "The rule in the envelope", library=_luma),
    Derivation("eq-ch01-scalar-gradient", "The gradient of one squared error", symbolic=_squared_gradient),
    Derivation("eq-ch01-sum-gradient", "The gradient of the cost, as a sum", numeric=_sum_gradient_numeric),
    Derivation(
        "eq-ch01-gradient", "The gradient of linear regression", numeric=_gradient_numeric, library=_gradient_library
    ),
    Derivation("eq-ch01-descent", "One step of gradient descent", library=_descent),
    Derivation("eq-ch01-sigmoid", "The sigmoid", library=_sigmoid),
    Derivation("eq-ch01-logistic", "The logistic loss", symbolic=_logistic, library=_logistic_library),
    Derivation(
        "eq-ch01-two-slopes", "The two slopes of the logistic loss", symbolic=_two_slopes, numeric=_two_slopes_numeric
    ),
    Derivation(
        "eq-ch01-delta",
        "The gradient of logistic regression",
        symbolic=_logistic_gradient_symbolic,
        numeric=_logistic_gradient_numeric,
        library=_logistic_gradient_library,
    ),
    Derivation("eq-ch01-delta-rule", "One rule for three neurons", library=_delta_rule, trials=_delta_rule_perceptron),
    Derivation("eq-ch01-three-losses", "Three losses of one score", symbolic=_three_losses),
]
