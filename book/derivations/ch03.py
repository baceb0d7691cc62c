"""The derivations of chapter 3, feed-forward networks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import sympy as sp

import mathnn
from mathnn import preprocessing
from mathnn.activations import relu, sigmoid
from mathnn.datasets import font_colours
from mathnn.perceptron import separable

from . import Derivation
from ._common import network, slopes

_LUMA = np.array([0.299, 0.587, 0.114])
_W1 = np.array([[5, 1, 9], [3, 8, 2], [7, 4, 6]]) / 10
_B1 = np.array([1, 6, 2]) / 10
_W2 = np.array([[9], [3], [5]]) / 10
_B2 = np.array([4]) / 10


def _layer() -> str:
    x, b = sp.Matrix([sp.symbols("x1:4")]), sp.Matrix([sp.symbols("b1:4")])
    W = sp.Matrix(3, 3, sp.symbols("w1:4(1:4)"))
    z = x * W + b
    for k in range(3):
        assert sp.expand(z[k] - sum(x[j] * W[j, k] for j in range(3)) - b[k]) == 0
    return "three inputs, three neurons"


def _layer_library() -> str:
    rng = np.random.default_rng(0)
    X, W, b = rng.standard_normal((6, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    by_sums = [[np.tanh(sum(x[j] * W[j, k] for j in range(3)) + b[k]) for k in range(4)] for x in X]
    assert np.allclose(network((W, b, "tanh")).predict(X), by_sums, atol=1e-14)
    return "Dense, every entry as a sum"


def _two_layers() -> str:
    rng = np.random.default_rng(0)
    X, W1, b1 = rng.standard_normal((6, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    W2, b2 = rng.standard_normal((4, 2)), rng.standard_normal(2)
    rows = [sigmoid(relu(x @ W1 + b1) @ W2 + b2) for x in X]
    assert np.allclose(network((W1, b1, "relu"), (W2, b2, "sigmoid")).predict(X), rows, atol=1e-14)
    return "Sequential, row by row, to 1e-14"


def _one_sample() -> str:
    tenth = sp.Rational(1, 10)
    W1, W2 = (sp.Matrix((10 * W).round().astype(int).tolist()) * tenth for W in (_W1, _W2))
    z1 = sp.Matrix([[4, 2, 6]]) * tenth * W1 + sp.Matrix([[1, 6, 2]]) * tenth
    assert list(z1) == [sp.Rational(78, 100), sp.Rational(104, 100), sp.Rational(96, 100)]
    z2 = (z1 * W2)[0] + 4 * tenth
    assert z2 == sp.Rational(1894, 1000)
    assert round(float(1 / (1 + sp.exp(-z2))), 4) == 0.8692
    return "exact fractions: z = 947/500"


def _batch() -> str:
    X = np.array([[0.4, 0.2, 0.6], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    Z1 = [[0.78, 1.04, 0.96], [0.1, 0.6, 0.2], [1.6, 1.9, 1.9], [0.4, 1.4, 0.4]]
    hidden, logits = network((_W1, _B1, "relu")), network((_W1, _B1, "relu"), (_W2, _B2, None))
    assert np.allclose(hidden.predict(X), Z1, atol=1e-14)
    assert np.allclose(logits.predict(X)[:, 0], [1.894, 0.77, 3.36, 1.38], atol=1e-14)
    answers = network((_W1, _B1, "relu"), (_W2, _B2, "sigmoid")).predict(X)[:, 0]
    assert np.allclose(answers, [0.8692, 0.6835, 0.9664, 0.7990], atol=5e-5)
    return "every printed number"


def _count() -> str:
    rng = np.random.default_rng(0)
    for _ in range(20):
        widths = [int(n) for n in rng.integers(1, 20, rng.integers(2, 6))]
        net = mathnn.Sequential([mathnn.Dense(k) for k in widths[1:]], input_shape=(widths[0],))
        assert net.theta.size == sum((d + 1) * k for d, k in pairwise(widths))
    return "20 networks of random widths"


def _columns() -> str:
    X, W = sp.Matrix(2, 3, sp.symbols("x:6")), sp.Matrix(3, 2, sp.symbols("w:6"))
    b, one = sp.Matrix(1, 2, sp.symbols("b:2")), sp.ones(2, 1)
    assert ((X * W + one * b).T - (W.T * X.T + b.T * one.T)).expand().is_zero_matrix
    return "two samples, 3-2"


def _positive() -> str:
    rng = np.random.default_rng(0)
    for _ in range(200):
        X = rng.exponential(size=(10, 3)) * rng.integers(0, 2, (10, 3))
        W1, b1 = rng.random((3, 4)), rng.random(4) * rng.integers(0, 2, 4)
        W2, b2 = rng.random((4, 1)), rng.random(1) + 0.01
        linear, with_relu = (network((W1, b1, f), (W2, b2, "sigmoid")).predict(X) for f in (None, "relu"))
        assert np.array_equal(linear, with_relu)
        assert np.all(with_relu > 0.5)
    return "200 networks: linear, and always 1"


def _luma() -> str:
    X, y = font_colours()
    assert np.array_equal(y, (X @ _LUMA > 0.5).astype(int))
    return f"all {len(y):,} labels of font_colours"


def _band() -> str:
    shades = np.array([[0.0] * 3, [0.5] * 3, [1.0] * 3])
    assert not separable(shades, np.array([0, 1, 0]))
    return "perceptron.separable says no"


def _band_symbolic() -> str:
    w, b = sp.Matrix(sp.symbols("w1:4")), sp.Symbol("b")
    black, white = sp.zeros(1, 3), sp.ones(1, 3)

    def score(x: sp.Matrix) -> sp.Expr:
        return (x * w)[0] + b

    assert sp.expand(score((black + white) / 2) - (score(black) + score(white)) / 2) == 0
    return "z(grey) is the mean of z(black) and z(white)"


def _band_trials() -> str:
    rng = np.random.default_rng(0)
    scores = np.outer(rng.standard_normal((10_000, 3)).sum(axis=1), [0, 0.5, 1]) + rng.standard_normal((10_000, 1))
    assert not np.any((scores[:, 0] < 0) & (scores[:, 1] >= 0) & (scores[:, 2] < 0))
    return "none of 10,000 random neurons"


def _steps(w: np.ndarray, low: float, high: float) -> mathnn.Sequential:
    return network(
        (np.column_stack([w, w]), np.array([-low, -high]), "step"),
        (np.array([[1.0], [-1.0]]), np.array([-0.5]), "step"),
    )


def _two_steps() -> str:
    X = font_colours().X
    luma = X @ _LUMA
    middle = (luma > 0.35) & (luma < 0.65)
    assert 0 < middle.sum() < len(X)
    assert np.array_equal(_steps(_LUMA, 0.35, 0.65).predict(X)[:, 0], middle)
    return f"all {len(X):,} colours right"


def _xor() -> str:
    X, y = mathnn.datasets.xor()
    assert np.array_equal(_steps(np.ones(2), 0.5, 1.5).predict(X)[:, 0], y)
    return "all four rows right"


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-z))


def _bump() -> str:
    s, left, right = 200.0, 0.25, 0.75
    bump = network(
        (np.full((1, 2), s), -s * np.array([left, right]), "sigmoid"), (np.array([[1.0], [-1.0]]), np.zeros(1), None)
    )
    x = np.linspace(-1, 2, 301)
    beta = bump.predict(x[:, None])[:, 0]
    assert np.allclose(beta, 1 / (1 + np.exp(-s * (x - left))) - 1 / (1 + np.exp(-s * (x - right))), atol=1e-14)
    clear = np.minimum(np.abs(x - left), np.abs(x - right)) > 0.1
    assert np.allclose(beta[clear], ((x > left) & (x < right))[clear], atol=1e-8)
    return "two neurons: 1 inside, 0 outside"


def _sum_of_bumps() -> str:
    N = 5
    h = sp.symbols(f"h:{N}")
    # The value of the sigmoid at each edge; the outermost edges lie at infinity.
    edge = [sp.S.One, *sp.symbols(f"e1:{N}"), sp.S.Zero]
    bumps = sum(h[j] * (edge[j] - edge[j + 1]) for j in range(N))
    by_edges = h[0] + sum((h[j] - h[j - 1]) * edge[j] for j in range(1, N))
    assert sp.expand(bumps - by_edges) == 0
    return "sorted by edges, N = 5"


def _bump_network(h: np.ndarray, s: float) -> mathnn.Sequential:
    N = len(h)
    t = np.arange(1, N) / N
    return network((np.full((1, N - 1), s), -s * t, "sigmoid"), (np.diff(h)[:, None], h[:1], None))


def _sum_of_bumps_library() -> str:
    N, s = 10, 80.0
    h, x = np.random.default_rng(0).standard_normal(N), np.linspace(0, 1, 101)[:, None]
    edges = np.hstack([np.ones_like(x), sigmoid(s * (x - np.arange(1, N) / N)), np.zeros_like(x)])
    assert np.allclose(_bump_network(h, s).predict(x)[:, 0], (edges[:, :-1] - edges[:, 1:]) @ h, atol=1e-12)
    return "ten bumps as a network"


def _bumps_symbolic() -> str:
    v = sp.Symbol("v", positive=True)
    antiderivative = -2 * sp.log(1 + sp.exp(-v))
    assert sp.simplify(sp.diff(antiderivative, v) - 2 * (1 - _sigmoid(v))) == 0
    assert sp.limit(antiderivative, v, sp.oo) - antiderivative.subs(v, 0) == 2 * sp.log(2)
    return "the integral in the proof is 2 log 2"


def _bumps_trials() -> str:
    rng = np.random.default_rng(0)
    x, closest, tried = np.linspace(0, 1, 1001)[:, None], 0.0, 0
    for _ in range(20):
        c, phase, frequency = rng.standard_normal(3), 6 * rng.random(3), rng.uniform(1, 20, 3)
        K = np.sum(np.abs(c) * frequency)

        def curve(
            at: np.ndarray, c: np.ndarray = c, f: np.ndarray = frequency, phase: np.ndarray = phase
        ) -> np.ndarray:
            return np.sin(at[..., None] * f + phase) @ c

        for N in (2, 7, 40):
            for s in (N, 8 * N, 50 * N):
                h = curve((np.arange(N) + 0.5) / N)
                error = np.abs(_bump_network(h, float(s)).predict(x) - curve(x[:, 0])[:, None]).max()
                bound = K * (1 / (2 * N) + 2 * np.log(2) / s)
                assert error <= bound, (error, bound)
                closest, tried = max(closest, error / bound), tried + 1
    return f"{tried} networks; at most {closest:.0%} of the bound was used"


def _tent(layers: int) -> mathnn.Sequential:
    """T applied ``layers`` times: two ReLUs a layer, the factors 2 and −4 in the weights that follow."""
    first = (np.ones((1, 2)), np.array([0, -0.5]), "relu")
    middle = (np.array([[2.0, 2.0], [-4.0, -4.0]]), np.array([0, -0.5]), "relu")
    return network(first, *[middle] * (layers - 1), (np.array([[2.0], [-4.0]]), np.zeros(1), None))


def _tent_library() -> str:
    x = np.linspace(0, 1, 101)
    assert np.allclose(_tent(1).predict(x[:, None])[:, 0], 1 - np.abs(2 * x - 1), atol=1e-15)
    return "1 − |2x − 1| on [0, 1]"


def _pieces(net: mathnn.Sequential, x: np.ndarray) -> int:
    """How many straight pieces the network has on a grid that is fine enough to see them all."""
    rise = np.diff(net.predict(x[:, None])[:, 0]) / np.diff(x)
    bends = np.abs(np.diff(rise)) > 1e-6 * (1 + np.abs(rise).max())
    # A bend between two grid points shows as two changes of slope in a row: they count once.
    return 1 + int(np.sum(bends & ~np.r_[False, bends[:-1]]))


def _depth() -> str:
    rng = np.random.default_rng(0)
    dyadic = np.linspace(0, 1, 2**12 + 1)
    for L in range(1, 9):
        assert _pieces(_tent(L), dyadic) == 2**L, L
    x = np.linspace(-8, 8, 20_001)
    for _ in range(40):
        h = int(rng.integers(1, 9))
        one = network(
            (rng.standard_normal((1, h)), rng.standard_normal(h), "relu"),
            (rng.standard_normal((h, 1)), rng.standard_normal(1), None),
        )
        assert _pieces(one, x) <= h + 1
    return "2ᴸ pieces for L = 1 to 8; 40 wide networks keep to h + 1"


def _rescale() -> str:
    x, w, mu, s = (sp.symbols(f"{name}1:4") for name in ("x", "w", "mu", "s"))
    b = sp.Symbol("b")
    before = sum(xj * wj for xj, wj in zip(x, w, strict=True)) + b
    after = sum((xj - mj) / sj * sj * wj for xj, wj, mj, sj in zip(x, w, mu, s, strict=True))
    after += b + sum(mj * wj for mj, wj in zip(mu, w, strict=True))
    assert sp.expand(before - after) == 0
    return "three inputs"


def _rescale_library() -> str:
    rng = np.random.default_rng(0)
    X, w, b = 5 + 100 * rng.random((30, 3)), rng.standard_normal((3, 1)) / 50, rng.standard_normal(1)
    mu, s = X.mean(axis=0), X.std(axis=0)
    scaled = network((s[:, None] * w, b + mu @ w, "sigmoid")).predict((X - mu) / s)
    assert np.allclose(network((w, b, "sigmoid")).predict(X), scaled, atol=1e-13)
    return "the same answers from scaled inputs"


def _standardise() -> str:
    X = 5 + 100 * np.random.default_rng(0).random((30, 3))
    m = len(X)
    mu = X.sum(axis=0) / m
    s = np.sqrt(((X - mu) ** 2).sum(axis=0) / m)
    scaled = preprocessing.Standardizer().fit(X).transform(X)
    assert np.allclose(scaled, (X - mu) / s, atol=1e-13)
    assert np.allclose([scaled.mean(axis=0), scaled.std(axis=0)], [[0] * 3, [1] * 3], atol=1e-13)
    return "Standardizer; mean 0, deviation 1"


def _data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 2)) * [1, 3], rng.integers(0, 2, 20).astype(float)
    extended = np.column_stack([X, np.ones(20)])
    return X, y, extended.T @ extended / 80


def _hessian() -> str:
    theta, z, y = sp.symbols("t1:4"), sp.Symbol("z"), sp.Symbol("y")
    X = sp.Matrix([[1, -2, 1], [3, 1, 1]])
    loss = -y * sp.log(_sigmoid(z)) - (1 - y) * sp.log(1 - _sigmoid(z))
    scores = X * sp.Matrix(theta)
    J = sum(loss.subs({z: score, y: label}) for score, label in zip(scores, (0, 1), strict=True)) / 2
    H = sp.hessian(J, theta).subs(dict.fromkeys(theta, 0))
    assert sp.simplify(H - X.T * X / 8).is_zero_matrix
    return "two samples, three parameters"


def _hessian_numeric() -> str:
    X, y, H = _data()
    one = network((np.zeros((2, 1)), np.zeros(1), "sigmoid"))
    one.compile("sgd", "binary_crossentropy")

    def slope(theta: np.ndarray, k: int) -> float:
        one.theta = theta
        return float(one.loss_and_gradient(X, y)[1][k])

    rows = [slopes(lambda theta, k=k: slope(theta, k), np.zeros(3)) for k in range(3)]
    assert np.allclose(rows, H, atol=1e-8)
    return "change of the library's gradient, to 1e-8"


def _descent() -> str:
    e, eta = sp.Matrix(sp.symbols("e1:3")), sp.Symbol("eta")
    a, b, c = sp.symbols("a b c")
    H = sp.Matrix([[a, b], [b, c]])
    bowl = (e.T * H * e)[0] / 2
    gradient = sp.Matrix([sp.diff(bowl, ei) for ei in e])
    assert (e - eta * gradient - (sp.eye(2) - eta * H) * e).expand().is_zero_matrix
    return "two parameters, any symmetric H"


def _descent_library() -> str:
    """A linear neuron without bias has the cost of a bowl: half of its mean squared error has H = XᵀX/m."""
    X, _, _ = _data()
    best, w, eta = np.array([1.0, -2.0]), np.array([3.0, 0.5]), 0.02
    net = mathnn.Sequential([mathnn.Dense(1, use_bias=False)], input_shape=(2,))
    net.compile(mathnn.SGD(eta), "mse")
    net.set_weights([w[:, None]])
    net.fit(X, X @ best, epochs=1, batch_size=len(X), verbose=0)
    H = 2 * X.T @ X / len(X)
    assert np.allclose(net.theta - best, (np.eye(2) - eta * H) @ (w - best), atol=1e-13)
    return "one step of SGD"


def _kappa() -> str:
    rng = np.random.default_rng(0)
    for _ in range(100):
        A = rng.standard_normal((8, 4))
        H = A.T @ A
        eigenvalues, vectors = np.linalg.eigh(H)
        kappa = eigenvalues[-1] / eigenvalues[0]
        step = np.eye(4) - H / eigenvalues[-1]
        assert np.isclose(np.linalg.norm(step, 2), 1 - 1 / kappa, rtol=1e-9)
        assert np.allclose(step @ vectors[:, 0], (1 - 1 / kappa) * vectors[:, 0], atol=1e-12)
        too_far = np.eye(4) - 2.01 / eigenvalues[-1] * H
        assert np.linalg.norm(too_far @ vectors[:, -1]) > 1
    return "100 bowls: 1 − 1/κ a step; beyond 2/λ the error grows"


DERIVATIONS = [
    Derivation("eq-ch03-layer", "A layer is a matrix product", symbolic=_layer, library=_layer_library),
    Derivation("eq-ch03-two-layers", "Two layers", library=_two_layers),
    Derivation("eq-ch03-one-sample", "One colour by hand", symbolic=_one_sample),
    Derivation("eq-ch03-batch", "Four colours by hand", library=_batch),
    Derivation("eq-ch03-count", "How many parameters", library=_count),
    Derivation("eq-ch03-columns", "The other convention", symbolic=_columns),
    Derivation("thm-ch03-positive", "Weights without a minus sign", trials=_positive),
    Derivation("eq-ch03-luma", "The rule behind the labels", library=_luma),
    Derivation(
        "thm-ch03-band", "No neuron finds the mid-tones", symbolic=_band_symbolic, library=_band, trials=_band_trials
    ),
    Derivation("eq-ch03-two-steps", "Two neurons find them", library=_two_steps),
    Derivation("eq-ch03-xor", "A network for XOR", library=_xor),
    Derivation("eq-ch03-bump", "A bump", library=_bump),
    Derivation(
        "eq-ch03-sum-of-bumps", "A sum of bumps is a network", symbolic=_sum_of_bumps, library=_sum_of_bumps_library
    ),
    Derivation("thm-ch03-bumps", "Bumps approximate", symbolic=_bumps_symbolic, trials=_bumps_trials),
    Derivation("eq-ch03-tent", "The tent", library=_tent_library),
    Derivation("thm-ch03-depth", "Depth against width", trials=_depth),
    Derivation("eq-ch03-rescale", "Scaling moves into the weights", symbolic=_rescale, library=_rescale_library),
    Derivation("eq-ch03-standardise", "Standardisation", library=_standardise),
    Derivation("eq-ch03-hessian", "The second derivatives at 0", symbolic=_hessian, numeric=_hessian_numeric),
    Derivation("eq-ch03-descent", "One step in a bowl", symbolic=_descent, library=_descent_library),
    Derivation("eq-ch03-kappa", "The condition number sets the pace", trials=_kappa),
]
