"""The derivations of chapter 0, calculus and shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy as sp

import mathnn

from . import Derivation
from ._common import jacobian, slopes

Array = np.ndarray


def _pair(f: Array, g: Array) -> float:
    return float(np.sum(f * g))


def _linear() -> str:
    x, h = sp.symbols("x h")
    for f in (x**3 - 2 * x, sp.exp(x), 1 / (1 + x**2)):
        remainder = f.subs(x, x + h) - f - sp.diff(f, x) * h
        assert sp.simplify(sp.limit(remainder / h, h, 0)) == 0
    return "three functions: remainder / h goes to 0"


def _derivative() -> str:
    x, h = sp.symbols("x h")
    for f in (x**3 - 2 * x, 1 / (1 + x**2)):
        assert sp.simplify(sp.limit((f.subs(x, x + h) - f) / h, h, 0) - sp.diff(f, x)) == 0
    return "the limit of two quotients"


def _product() -> str:
    f, fs, g, gs, h = sp.symbols("f f' g g' h")
    moved = sp.expand((f + fs * h) * (g + gs * h))
    assert moved.coeff(h, 0) == f * g
    assert sp.expand(moved.coeff(h, 1) - (fs * g + f * gs)) == 0
    return "the coefficient of h"


def _chain() -> str:
    x = sp.Symbol("x")
    f, g = x**2 + sp.sin(x), sp.exp(x) / (1 + x**2)
    assert sp.simplify(sp.diff(g.subs(x, f), x) - sp.diff(g, x).subs(x, f) * sp.diff(f, x)) == 0
    return "one composition"


def _bowl(x: Array) -> float:
    return float(x[0] ** 2 + x[0] * x[1] + 2 * x[1] ** 2)


def _bowl_gradient(x: Array) -> Array:
    return np.array([2 * x[0] + x[1], x[0] + 4 * x[1]])


def _partials() -> str:
    a, b = sp.symbols("x1 x2")
    f = a**2 + a * b + 2 * b**2
    assert sp.diff(f, a) == 2 * a + b
    assert sp.diff(f, b) == a + 4 * b
    return "both"


def _partials_numeric() -> str:
    x = np.array([1.0, 0.5])
    assert np.allclose(slopes(_bowl, x), _bowl_gradient(x), atol=1e-9)
    return "both, to 1e-9"


def _linear_gradient() -> str:
    x, rng = np.array([1.0, 0.5]), np.random.default_rng(0)
    for _ in range(100):
        h = 1e-4 * rng.standard_normal(2)
        assert abs(_bowl(x + h) - _bowl(x) - _bowl_gradient(x) @ h) <= 3 * (h @ h)
    return "100 nudges: the remainder is of size ‖h‖²"


def _directional() -> str:
    x, t, rng = np.array([1.0, 0.5]), 1e-5, np.random.default_rng(0)
    for u in rng.standard_normal((100, 2)):
        u = u / np.linalg.norm(u)
        assert abs((_bowl(x + t * u) - _bowl(x - t * u)) / (2 * t) - _bowl_gradient(x) @ u) < 1e-9
    return "100 directions"


def _steepest() -> str:
    rng = np.random.default_rng(0)
    for n in (2, 5, 50):
        g = rng.standard_normal(n)
        length = np.linalg.norm(g)
        U = rng.standard_normal((1000, n))
        U /= np.linalg.norm(U, axis=1, keepdims=True)
        assert np.all(np.abs(U @ g) <= length + 1e-12)
        assert np.isclose(g @ (g / length), length)
    return "3000 directions, none steeper"


def _polar_map(x: Array) -> Array:
    return np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])])


def _polar_jacobian(x: Array) -> Array:
    r, p = x
    return np.array([[np.cos(p), -r * np.sin(p)], [np.sin(p), r * np.cos(p)]])


def _polar_symbolic() -> str:
    r, p = sp.symbols("r varphi")
    found = sp.Matrix([r * sp.cos(p), r * sp.sin(p)]).jacobian([r, p])
    assert found == sp.Matrix([[sp.cos(p), -r * sp.sin(p)], [sp.sin(p), r * sp.cos(p)]])
    return "four entries"


def _polar_numeric() -> str:
    x = np.array([1.5, 0.5])
    assert np.allclose(jacobian(_polar_map, x), _polar_jacobian(x), atol=1e-9)
    return "rows are outputs, columns inputs"


def _linear_jacobian() -> str:
    x, rng = np.array([1.5, 0.5]), np.random.default_rng(0)
    for _ in range(100):
        h = 1e-4 * rng.standard_normal(2)
        assert np.linalg.norm(_polar_map(x + h) - _polar_map(x) - _polar_jacobian(x) @ h) <= 3 * (h @ h)
    return "100 nudges: the remainder is of size ‖h‖²"


def _diagonal() -> str:
    x = np.array([-1.0, 0.2, 0.7])
    assert np.allclose(jacobian(np.tanh, x), np.diag(1 - np.tanh(x) ** 2), atol=1e-9)
    return "tanh of three numbers"


def _diagonal_library() -> str:
    x = np.array([-1.0, 0.2, 0.7])
    assert np.allclose(jacobian(mathnn.activations.sigmoid, x), np.diag(mathnn.activations.sigmoid.derivative(x)))
    return "sigmoid.derivative"


def _chain_symbolic() -> str:
    r, p, a, b = sp.symbols("r varphi a b")
    y = sp.Matrix([r * sp.cos(p), r * sp.sin(p)])
    z = sp.Matrix([a**2 + b**2, a * b, a - b])
    put = {a: y[0], b: y[1]}
    difference = z.subs(put).jacobian([r, p]) - z.jacobian([a, b]).subs(put) * y.jacobian([r, p])
    assert sp.simplify(difference) == sp.zeros(3, 2)
    return "two inputs, two between, three outputs"


def _chain_numeric() -> str:
    rng = np.random.default_rng(0)
    for _ in range(20):
        n, k, p = rng.integers(1, 6, 3)
        A, B, x = rng.standard_normal((k, n)), rng.standard_normal((p, k)), rng.standard_normal(n)

        def f(x: Array, A: Array = A) -> Array:
            return np.tanh(A @ x)

        def g(y: Array, B: Array = B) -> Array:
            return np.sin(B @ y)

        whole = jacobian(lambda x, f=f, g=g: g(f(x)), x)
        assert np.allclose(whole, jacobian(g, f(x)) @ jacobian(f, x), atol=1e-8)
    return "20 compositions of random shapes"


def _three() -> str:
    rng = np.random.default_rng(0)
    v, A, B = rng.standard_normal((1, 6)), rng.standard_normal((6, 6)), rng.standard_normal((6, 6))
    assert np.allclose((v @ A) @ B, v @ (A @ B), atol=1e-12)
    return "both ways of setting the brackets"


def _vjp() -> str:
    rng = np.random.default_rng(0)
    x, v = np.array([1.5, 0.5]), rng.standard_normal(2)
    assert np.allclose(slopes(lambda x: float(v @ _polar_map(x)), x), v @ _polar_jacobian(x), atol=1e-9)
    return "the gradient of v · f(x)"


def _elementwise() -> str:
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal(5), rng.standard_normal(5)
    assert np.allclose(v @ np.diag(1 - np.tanh(x) ** 2), v * (1 - np.tanh(x) ** 2), atol=1e-15)
    assert np.allclose(slopes(lambda x: float(v @ np.tanh(x)), x), v * (1 - np.tanh(x) ** 2), atol=1e-9)
    return "tanh of five numbers"


def _elementwise_library() -> str:
    rng = np.random.default_rng(0)
    Z, dA = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    f = mathnn.activations.tanh
    assert np.allclose(f.backward(dA, Z, f.apply(Z)), dA * f.derivative(Z), atol=1e-15)
    return "activation.backward"


def _linear_matrix() -> str:
    rng = np.random.default_rng(0)
    X, W, C = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal((5, 4))
    G = X.T @ (C * (1 - np.tanh(X @ W) ** 2))
    for _ in range(100):
        H = 1e-5 * rng.standard_normal(W.shape)
        moved = _pair(C, np.tanh(X @ (W + H))) - _pair(C, np.tanh(X @ W))
        assert abs(moved - _pair(G, H)) <= 100 * np.sum(H**2)
    return "100 matrices of nudges"


def _across() -> str:
    rng = np.random.default_rng(0)
    for _ in range(100):
        i, r, j = rng.integers(1, 7, 3)
        A, B, C = rng.standard_normal((i, j)), rng.standard_normal((i, r)), rng.standard_normal((r, j))
        assert np.isclose(_pair(A, B @ C), _pair(B.T @ A, C), atol=1e-12)
        assert np.isclose(_pair(A, B @ C), _pair(A @ C.T, B), atol=1e-12)
    return "100 random triples"


def _matrices() -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal(shape) for shape in ((5, 3), (3, 4), (4,), (5, 4)))  # type: ignore[return-value]


def _matrix_product_symbolic() -> str:
    X, W = sp.Matrix(2, 3, sp.symbols("x:2:3")), sp.Matrix(3, 2, sp.symbols("w:3:2"))
    C = sp.Matrix(2, 2, sp.symbols("c:2:2"))
    J = sum(c * y for c, y in zip(C, X * W, strict=True))
    assert X.applyfunc(lambda v: sp.diff(J, v)) == C * W.T
    assert W.applyfunc(lambda v: sp.diff(J, v)) == X.T * C
    return "2 × 3 times 3 × 2"


def _matrix_product_numeric() -> str:
    X, W, _, C = _matrices()

    def J(Y: Array) -> float:
        return _pair(C, np.sin(Y))

    dY = C * np.cos(X @ W)
    assert np.allclose(slopes(lambda X: J(X @ W), X), dY @ W.T, atol=1e-8)
    assert np.allclose(slopes(lambda W: J(X @ W), W), X.T @ dY, atol=1e-8)
    return "dX and dW, sizes 5, 3, 4"


def _dense(activation: str | None) -> tuple[Array, mathnn.Dense, Array, Array]:
    """The layer after a backward pass with a random cotangent: its input's gradient, the layer, output, cotangent."""
    X, W, b, dA = _matrices()
    layer = mathnn.Dense(4, activation=activation)
    layer.build((3,), np.random.default_rng(0))
    layer.W.value, layer.b.value = W, b
    A = layer.forward(X, cache=True).copy()
    return layer.backward(dA.copy()).copy(), layer, A, dA


def _matrix_product_library() -> str:
    X, W, _, dY = _matrices()
    dX, layer, _, _ = _dense(None)
    assert np.allclose(dX, dY @ W.T, atol=1e-13)
    assert np.allclose(layer.W.gradient, X.T @ dY, atol=1e-13)
    return "Dense.backward"


def _broadcast_numeric() -> str:
    X, W, b, C = _matrices()

    def J(Z: Array) -> float:
        return _pair(C, np.sin(Z))

    assert np.allclose(slopes(lambda b: J(X @ W + b), b), (C * np.cos(X @ W + b)).sum(axis=0), atol=1e-8)
    return "four biases, five samples"


def _broadcast_library() -> str:
    _, layer, _, dY = _dense(None)
    assert np.allclose(layer.b.gradient, np.ones(5) @ dY, atol=1e-13)
    return "Dense.backward"


def _adjoint() -> str:
    rng = np.random.default_rng(0)
    D = np.eye(7, 8, k=1) - np.eye(7, 8)

    def put_back(v: Array) -> Array:
        return np.concatenate([np.zeros(2), v, np.zeros(3)])

    pairs: list[tuple[Callable[[Array], Array], Callable[[Array], Array], tuple[int, ...], tuple[int, ...]]] = [
        (lambda b: np.ones((5, 1)) * b, lambda V: V.sum(axis=0), (3,), (5, 3)),
        (lambda X: X.sum(axis=0), lambda v: np.ones((5, 1)) * v, (5, 3), (3,)),
        (lambda X: X.mean(axis=0), lambda v: np.ones((5, 1)) * v / 5, (5, 3), (3,)),
        (lambda X: X.T, lambda V: V.T, (5, 3), (3, 5)),
        (lambda X: X.reshape(15), lambda v: v.reshape(5, 3), (5, 3), (15,)),
        (lambda x: x[2:5], put_back, (8,), (3,)),
        (lambda x: np.concatenate([x, x]), lambda v: v[:4] + v[4:], (4,), (8,)),
        (lambda X: D @ X, lambda V: D.T @ V, (8, 8), (7, 8)),
    ]
    for forward, backward, shape_in, shape_out in pairs:
        x, v = rng.standard_normal(shape_in), rng.standard_normal(shape_out)
        assert np.isclose(_pair(forward(x), v), _pair(x, backward(v)), atol=1e-12)
    return f"{len(pairs)} pairs of operations"


def _layer() -> str:
    X, W, b, dA = _matrices()

    def J(X: Array, W: Array, b: Array) -> float:
        return _pair(dA, np.tanh(X @ W + b))

    dZ = dA * (1 - np.tanh(X @ W + b) ** 2)
    assert np.allclose(slopes(lambda W: J(X, W, b), W), X.T @ dZ, atol=1e-8)
    assert np.allclose(slopes(lambda b: J(X, W, b), b), dZ.sum(axis=0), atol=1e-8)
    assert np.allclose(slopes(lambda X: J(X, W, b), X), dZ @ W.T, atol=1e-8)
    return "dW, db and dX"


def _layer_library() -> str:
    X, W, _, dA = _matrices()
    dX, layer, A, _ = _dense("tanh")
    dZ = dA * (1 - A**2)
    assert np.allclose(dX, dZ @ W.T, atol=1e-13)
    assert np.allclose(layer.W.gradient, X.T @ dZ, atol=1e-13)
    assert np.allclose(layer.b.gradient, dZ.sum(axis=0), atol=1e-13)
    return "Dense with tanh"


def _roughness(X: Array) -> float:
    return float(np.sum((X[1:] - X[:-1]) ** 2) + np.sum((X[:, 1:] - X[:, :-1]) ** 2)) / 2


def _roughness_matrix() -> str:
    D, rng = np.eye(7, 8, k=1) - np.eye(7, 8), np.random.default_rng(0)
    for X in rng.standard_normal((20, 8, 8)):
        assert np.isclose(_roughness(X), (np.sum((D @ X) ** 2) + np.sum((X @ D.T) ** 2)) / 2, rtol=1e-12)
    return "20 pictures"


def _roughness_nudge() -> str:
    D, rng = np.eye(7, 8, k=1) - np.eye(7, 8), np.random.default_rng(0)
    X, H = rng.standard_normal((2, 8, 8))
    parts = _pair(D @ X, D @ X) / 2 + _pair(D.T @ D @ X, H) + _pair(D @ H, D @ H) / 2
    assert np.isclose(_pair(D @ (X + H), D @ (X + H)) / 2, parts, rtol=1e-12)
    return "exact, also for large nudges"


def _roughness_gradient() -> str:
    D, X = np.eye(7, 8, k=1) - np.eye(7, 8), np.random.default_rng(0).standard_normal((8, 8))
    assert np.allclose(slopes(_roughness, X), D.T @ D @ X + X @ D.T @ D, atol=1e-8)
    return "64 slopes, to 1e-8"


def _denoise() -> str:
    D, (X, N) = np.eye(7, 8, k=1) - np.eye(7, 8), np.random.default_rng(0).standard_normal((2, 8, 8))
    found = slopes(lambda X: float(np.sum((X - N) ** 2) / 2 + 0.2 * _roughness(X)), X)
    assert np.allclose(found, X - N + 0.2 * (D.T @ D @ X + X @ D.T @ D), atol=1e-8)
    return "64 slopes, to 1e-8"


def _quotients() -> str:
    x, h = sp.symbols("x h")
    f = sp.Function("f")
    forward, central = (f(x + h) - f(x)) / h, (f(x + h) - f(x - h)) / (2 * h)
    for quotient, order in ((forward, 1), (central, 2)):
        error = sp.series(quotient, h, 0, 4).removeO().doit() - sp.diff(f(x), x)
        assert all(sp.simplify(error.expand().coeff(h, k)) == 0 for k in range(order))
        assert sp.simplify(error.expand().coeff(h, order)) != 0
    return "errors of order h and h²"


def _best_step() -> str:
    M, F, h, epsilon = sp.symbols("M F h varepsilon", positive=True)
    E = M * h**2 / 6 + epsilon * F / h
    best = sp.cbrt(3 * F * epsilon / M)
    assert sp.simplify(sp.diff(E, h).subs(h, best)) == 0
    assert sp.simplify(sp.diff(E, h, 2)).is_positive
    return "E′(h*) = 0, E″ > 0"


def _step_bound() -> str:
    epsilon, tried = float(np.finfo(float).eps), 0
    for x in np.linspace(0.5, 2, 31):
        exact = -2 * x / (1 + x * x) ** 2
        for h in 10.0 ** np.arange(-10, -2):
            found = (1 / (1 + (x + h) ** 2) - 1 / (1 + (x - h) ** 2)) / ((x + h) - (x - h))
            # |f| ≤ 1 and |f'''| ≤ 4.7; each value takes three roundings, so its error is within 2ε.
            assert abs(found - exact) <= 4.7 * h * h / 6 + 2 * epsilon / h + 4 * epsilon
            tried += 1
    return f"{tried} differences of 1/(1 + x²) within the bound"


DERIVATIONS = [
    Derivation("eq-ch00-roughness", "The roughness of a picture", trials=_roughness_matrix),
    Derivation("eq-ch00-derivative", "The derivative", symbolic=_derivative),
    Derivation("eq-ch00-linear", "A curve is straight when you come close", symbolic=_linear),
    Derivation("eq-ch00-product", "The product rule", symbolic=_product),
    Derivation("eq-ch00-chain", "The chain rule for one number", symbolic=_chain),
    Derivation("eq-ch00-partials", "Two partial derivatives", symbolic=_partials, numeric=_partials_numeric),
    Derivation("eq-ch00-gradient", "The gradient", numeric=_partials_numeric),
    Derivation("eq-ch00-linear-gradient", "All numbers move at once", trials=_linear_gradient),
    Derivation("eq-ch00-directional", "The directional derivative", numeric=_directional),
    Derivation("thm-ch00-steepest", "The gradient points uphill", trials=_steepest),
    Derivation("eq-ch00-jacobian", "The Jacobian", numeric=_polar_numeric),
    Derivation("eq-ch00-linear-jacobian", "The Jacobian predicts", trials=_linear_jacobian),
    Derivation("eq-ch00-polar", "The Jacobian of polar coordinates", symbolic=_polar_symbolic, numeric=_polar_numeric),
    Derivation("eq-ch00-diagonal", "An elementwise function", numeric=_diagonal, library=_diagonal_library),
    Derivation("thm-ch00-chain", "The chain rule for vectors", symbolic=_chain_symbolic, numeric=_chain_numeric),
    Derivation("eq-ch00-chain-jacobian", "Jacobians multiply", symbolic=_chain_symbolic, numeric=_chain_numeric),
    Derivation("eq-ch00-three", "The brackets do not change the result", trials=_three),
    Derivation("eq-ch00-vjp", "The vector-Jacobian product", numeric=_vjp),
    Derivation(
        "eq-ch00-elementwise-vjp", "Back through each entry", numeric=_elementwise, library=_elementwise_library
    ),
    Derivation("eq-ch00-linear-matrix", "The gradient of a matrix is a matrix", trials=_linear_matrix),
    Derivation("eq-ch00-across", "Moving a matrix across", trials=_across),
    Derivation(
        "thm-ch00-product",
        "Backwards through a matrix product",
        symbolic=_matrix_product_symbolic,
        numeric=_matrix_product_numeric,
        library=_matrix_product_library,
    ),
    Derivation("thm-ch00-broadcast", "Broadcasting and sum", numeric=_broadcast_numeric, library=_broadcast_library),
    Derivation("eq-ch00-adjoint", "The adjoint", trials=_adjoint),
    Derivation("eq-ch00-layer", "Backwards through a layer", numeric=_layer, library=_layer_library),
    Derivation("eq-ch00-roughness-matrix", "The roughness with matrices", trials=_roughness_matrix),
    Derivation("eq-ch00-roughness-nudge", "The roughness, nudged", trials=_roughness_nudge),
    Derivation("eq-ch00-roughness-gradient", "All pixels at once", numeric=_roughness_gradient),
    Derivation("eq-ch00-denoise", "The gradient that mends", numeric=_denoise),
    Derivation("eq-ch00-differences", "Forward and central difference", symbolic=_quotients),
    Derivation("thm-ch00-step", "The error of a central difference", trials=_step_bound),
    Derivation("eq-ch00-best-step", "The best step", symbolic=_best_step),
]
