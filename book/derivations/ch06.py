"""The derivations of chapter 6, automatic differentiation and gradient checking."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

import mathnn
from mathnn import autodiff
from mathnn.layers import Layer

from . import Derivation
from ._common import slopes


def _expansion(estimate: Callable[[Any, Any], Any]) -> tuple[int, Any]:
    """Return the lowest power of h in the error of an estimate of g'(w), and its factor."""
    w, h = sp.symbols("w h")
    g = sp.Function("g")

    def taylor(step: Any) -> Any:
        return sum(sp.diff(g(w), w, k) * step**k / sp.factorial(k) for k in range(6))

    error = sp.Poly(sp.expand(estimate(taylor, h) - sp.diff(g(w), w)), h)
    power = min(error.monoms())[0]
    return power, error.coeff_monomial(h**power) / sp.diff(g(w), w, power + 1)


def _truncation() -> str:
    assert _expansion(lambda f, h: (f(h) - f(0)) / h) == (1, sp.Rational(1, 2))
    assert _expansion(lambda f, h: (f(h) - f(-h)) / (2 * h)) == (2, sp.Rational(1, 6))
    return "h f''/2 and h² f'''/6"


def _complex_symbolic() -> str:
    i = sp.I
    assert _expansion(lambda f, h: (f(i * h) - f(-i * h)) / (2 * i * h)) == (2, -sp.Rational(1, 6))
    return "−h² f'''/6"


def _complex_numeric() -> str:
    rng = np.random.default_rng(0)
    W, x = rng.standard_normal((3, 4)), rng.standard_normal((5, 3))
    exact = x.T @ (1 - np.tanh(x @ W) ** 2)
    for i in np.ndindex(W.shape):
        moved = W.astype(complex)
        moved[i] += 1e-20j
        assert abs(np.sum(np.tanh(x @ moved)).imag / 1e-20 - exact[i]) < 1e-13
    return "12 slopes of a tanh layer, to 1e-13"


def _bounds() -> str:
    """f(w) = 1/(1 + w²), whose values have three roundings, at steps that are powers of ½ and so exact."""
    tried = 0
    for numerator in range(-24, 25):
        w = numerator / 8
        for k in range(4, 40):
            h = 0.5**k
            at = [1 / (1 + v * v) for v in (w - h, w, w + h)]
            # r, the error of a value, is itself measured: against the same value in exact fractions.
            places = [Fraction(w) + step * Fraction(h) for step in (-1, 0, 1)]
            r = max(abs(float(Fraction(v) - 1 / (1 + p * p))) for v, p in zip(at, places, strict=True))
            true = float(-2 * Fraction(w) / (1 + Fraction(w) ** 2) ** 2)
            around = np.linspace(w - h, w + h, 9)
            M2 = np.abs((6 * around**2 - 2) / (1 + around**2) ** 3).max() * 1.01 + h
            M3 = np.abs(24 * around * (1 - around**2) / (1 + around**2) ** 4).max() * 1.01 + h
            last = 1e-15 * abs(true) + 2e-16 * max(at) / h  # the subtraction and the division round once each
            assert abs((at[2] - at[1]) / h - true) <= M2 / 2 * h + 2 * r / h + last
            assert abs((at[2] - at[0]) / (2 * h) - true) <= M3 / 6 * h**2 + r / h + last
            tried += 2
    return f"{tried:,} differences of 1/(1 + w²)"


def _best_step() -> str:
    h, r, M2, M3 = sp.symbols("h r M2 M3", positive=True)
    forward, central = M2 / 2 * h + 2 * r / h, M3 / 6 * h**2 + r / h
    assert sp.simplify(sp.diff(forward, h).subs(h, 2 * sp.sqrt(r / M2))) == 0
    h_forward = 2 * sp.sqrt(r / M2)
    assert sp.simplify(forward.subs(h, h_forward) - 4 * r / h_forward) == 0
    best = sp.cbrt(3 * r / M3)
    assert sp.simplify(sp.diff(central, h).subs(h, best)) == 0
    assert sp.simplify(central.subs(h, best) - sp.Rational(3, 2) * r / best) == 0
    return "both slopes are 0 there, and the bounds 4r/h and 3r/2h"


def _relative() -> str:
    """A gradient that is 0.1 % too large has that relative error in the library's report."""

    class Careless(mathnn.Dense):
        def backward(self, dY: Any, need_dX: bool = True) -> Any:
            dX = super().backward(dY, need_dX)
            self.W.gradient *= 1.001
            return dX

    X = np.random.default_rng(0).standard_normal((4, 3))
    report = mathnn.gradcheck(Careless(5, "tanh"), X)
    wrong = {row.name: row.max_relative_error for row in report.rows}
    assert not report.passed
    assert abs(wrong["kernel"] - 1e-3) < 1e-5
    assert max(wrong["X"], wrong["bias"]) < 1e-6
    return "0.1 % planted, 0.1 % reported by gradcheck"


def _kink_trials() -> str:
    rng = np.random.default_rng(0)
    for t, h in zip(rng.uniform(-1, 1, 1000), 10 ** rng.uniform(-6, 0, 1000), strict=True):
        z = t * h
        assert np.isclose((max(z + h, 0) - max(z - h, 0)) / (2 * h), (1 + t) / 2, atol=1e-9)
    return "1,000 differences across the kink"


def _kink_library() -> str:
    layer = mathnn.Dense(5, "relu")
    layer.build((3,), np.random.default_rng(0), np.float64)
    X, w = np.random.default_rng(0).standard_normal((4, 3)), layer.W.value[:, 0]
    X[0] += (2e-6 - X[0] @ w) * w / (w @ w)
    report = mathnn.gradcheck(layer, X)
    assert report.passed
    assert sum(row.kinks for row in report.rows) >= 3
    return "gradcheck leaves the kink out"


def _batch_of_one() -> str:
    rng = np.random.default_rng(0)
    gamma, beta = rng.standard_normal((2, 3))

    def normalise(x: Any) -> Any:
        return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + beta

    for _ in range(100):
        assert np.array_equal(normalise(rng.standard_normal((1, 3)))[0], beta)
    return "100 samples alone: the output is β"


def _batch_norm_library() -> str:
    layer = mathnn.BatchNormalization(epsilon=1e-5)
    x = np.random.default_rng(0).standard_normal((6, 3))
    layer.build((3,), np.random.default_rng(0), np.float64)
    wanted = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    assert np.allclose(layer.forward(x, training=True), wanted, atol=1e-12)
    return "BatchNormalization, to 1e-12"


def _cotangent_trials() -> str:
    rng = np.random.default_rng(0)
    for trial in range(300):
        k, n = rng.integers(1, 8, 2)
        K = rng.standard_normal((k, n))
        wrong = K.copy()
        wrong[rng.integers(k), rng.integers(n)] += 10.0 ** rng.integers(-6, 1)
        c = rng.standard_normal(k)
        assert not np.array_equal(c @ wrong, c @ K), trial
    return "300 Jacobians with one wrong entry"


def _cotangent_library() -> str:
    """A softmax whose inputs are spoiled on the way back: ones miss it, the random cotangent of gradcheck does not."""

    class Spoiled(Layer):
        def forward(self, X: Any, training: bool = False, cache: bool = False) -> Any:
            self.P = mathnn.activations.softmax(np.tanh(X))
            self.H = np.tanh(X)
            return self.P

        def backward(self, dY: Any, need_dX: bool = True) -> Any:
            return self.P * (dY - np.sum(dY * self.P, axis=1, keepdims=True)) * (1 + self.H)

    layer, X = Spoiled(), np.random.default_rng(0).standard_normal((4, 3))
    assert not mathnn.gradcheck(layer, X).passed
    layer.forward(X)
    assert np.abs(layer.backward(np.ones((4, 3)))).max() < 1e-15
    return "gradcheck finds what a sum of outputs cannot see"


def _dual_symbolic() -> str:
    a, da, b, db, e = sp.symbols("a da b db e")
    product = sp.expand((a + da * e) * (b + db * e))
    assert product.coeff(e, 0) == a * b
    assert product.coeff(e, 1) == da * b + a * db
    for phi in (sp.tanh, sp.exp, sp.log, lambda x: 1 / x):
        assert sp.simplify(sp.diff(phi(a + da * e), e).subs(e, 0) - sp.diff(phi(a), a) * da) == 0
    return "products, and four functions to first order"


def _forward_numeric() -> str:
    """A tanh network on pairs, in a random direction, against a difference in that direction."""
    rng = np.random.default_rng(0)
    x, W, V, v = (rng.standard_normal(shape) for shape in (3, (3, 4), (4, 2), 3))
    value, speed = x @ W, v @ W
    value, speed = np.tanh(value), (1 - np.tanh(value) ** 2) * speed
    speed = speed @ V
    h = 6e-6
    numeric = (np.tanh((x + h * v) @ W) @ V - np.tanh((x - h * v) @ W) @ V) / (2 * h)
    assert np.allclose(speed, numeric, atol=1e-8)
    return "J v of a network with two outputs, to 1e-8"


def _forward_library() -> str:
    """u · (J v) by pairs equals (uᵀ J) · v by the tape."""
    rng = np.random.default_rng(1)
    x, W, v, u = (rng.standard_normal(shape) for shape in (3, (3, 4), 3, 4))
    speed = (1 - np.tanh(x @ W) ** 2) * (v @ W)
    leaf = autodiff.Variable(x)
    autodiff.tanh(leaf @ W).backward(u)
    assert np.isclose(u @ speed, leaf.gradient @ v, rtol=1e-12)
    return "autodiff gives the same number from the other side"


def _reuse_symbolic() -> str:
    x, y = sp.symbols("x y")
    f = x * y * (x * y + x)
    at = {x: 2, y: 3}
    assert (f.subs(at), sp.diff(f, x).subs(at), sp.diff(f, y).subs(at)) == (48, 48, 28)
    c = sp.Symbol("c")
    assert sp.diff(c * (c + 2), c).subs(c, 6) == 14
    return "the blames 14, 48 and 28"


def _adjoint_library() -> str:
    x, y = autodiff.Variable(2.0), autodiff.Variable(3.0)
    c = x * y
    (c * (c + x)).backward()
    assert (float(c.gradient), float(x.gradient), float(y.gradient)) == (14.0, 48.0, 28.0)
    return "autodiff, with both reused nodes"


def _adjoint_numeric() -> str:
    rng = np.random.default_rng(0)
    W = rng.standard_normal((3, 3))

    def f(v: Any) -> Any:
        a = autodiff.tanh(v @ W)
        return ((a + autodiff.exp(-a * a)) @ W * a).sum()

    x = rng.standard_normal(3)
    gradient = autodiff.grad(f)(x)
    assert np.allclose(slopes(lambda v: float(f(autodiff.Variable(v)).value), x), gradient, atol=1e-7)
    return "a program that uses one value four times"


def _cheap_trials() -> str:
    """Random programs of products and sums: count what each rule does, and compare the Jacobians."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        n, k, length = (int(rng.integers(low, high)) for low, high in ((1, 6), (1, 5), (5, 25)))
        values, made = list(rng.uniform(0.5, 1.2, n)), []
        for _ in range(length):
            i, j = (int(t) for t in rng.integers(len(values), size=2))
            times = bool(rng.integers(2))
            made.append((i, j, times))
            values.append(values[i] * values[j] if times else values[i] + values[j])
        M = sum(times for *_, times in made)
        outputs = range(len(values) - k, len(values))
        forward, counted = np.zeros((k, n)), M
        for column in range(n):
            speed = [float(column == t) for t in range(n)]
            for i, j, times in made:
                speed.append(speed[i] * values[j] + values[i] * speed[j] if times else speed[i] + speed[j])
                counted += 2 * times
            forward[:, column] = [speed[o] for o in outputs]
        assert counted == (1 + 2 * n) * M
        reverse, counted = np.zeros((k, n)), M
        for row, o in enumerate(outputs):
            blame = [0.0] * len(values)
            blame[o] = 1.0
            for c in range(len(values) - 1, n - 1, -1):
                i, j, times = made[c - n]
                blame[i] += blame[c] * (values[j] if times else 1.0)
                blame[j] += blame[c] * (values[i] if times else 1.0)
                counted += 2 * times
            reverse[row] = blame[:n]
        assert counted == (1 + 2 * k) * M
        assert np.allclose(forward, reverse, rtol=1e-9)
    return "50 random programs, counted both ways, the same Jacobian"


DERIVATIONS = [
    Derivation("eq-ch06-truncation", "What a difference quotient leaves out", symbolic=_truncation),
    Derivation("eq-ch06-bounds", "Truncation against rounding", trials=_bounds),
    Derivation("eq-ch06-best-step", "The best step", symbolic=_best_step),
    Derivation("eq-ch06-complex-step", "The complex step", symbolic=_complex_symbolic, numeric=_complex_numeric),
    Derivation("eq-ch06-relative", "The relative error", library=_relative),
    Derivation("eq-ch06-kink", "A difference across a kink", library=_kink_library, trials=_kink_trials),
    Derivation(
        "eq-ch06-batchnorm", "Batch norm, and a batch of one", library=_batch_norm_library, trials=_batch_of_one
    ),
    Derivation(
        "thm-ch06-cotangent", "A random cotangent misses nothing", library=_cotangent_library, trials=_cotangent_trials
    ),
    Derivation("eq-ch06-dual", "Dual numbers", symbolic=_dual_symbolic),
    Derivation("thm-ch06-forward", "Forward mode is exact", numeric=_forward_numeric, library=_forward_library),
    Derivation(
        "eq-ch06-reuse", "What is used twice is blamed twice", symbolic=_reuse_symbolic, library=_adjoint_library
    ),
    Derivation("eq-ch06-adjoint", "Reverse mode", numeric=_adjoint_numeric, library=_adjoint_library),
    Derivation("thm-ch06-cheap", "The cheap gradient", trials=_cheap_trials),
]
