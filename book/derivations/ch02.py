"""The derivations of chapter 2, activation functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import erf

import mathnn
from mathnn import activations, symbolic
from mathnn.activations import log_softmax, sigmoid, softmax, tanh

from . import Check, Derivation
from ._common import derivative, jacobian, network

_z = sp.Symbol("z", real=True)
_sigma = 1 / (1 + sp.exp(-_z))

#: A piece of a function: f, f' as the chapter has it, and where it holds.
Piece = tuple[Any, Any, float, float]


def _same(left: Any, right: Any) -> bool:
    return sp.simplify(sp.expand(left - right)) == 0


def _numbers(expression: Any, z: np.ndarray) -> np.ndarray:
    f = sp.lambdify(_z, expression, [{"erf": erf}, "numpy"])
    return np.broadcast_to(np.asarray(f(z), dtype=float), z.shape)


def _function(f: Any, *pieces: Piece) -> dict[str, Check]:
    """The three checks of an activation function: each piece of it has the slope that the chapter gives."""

    def by_sympy() -> str:
        assert all(_same(sp.diff(value, _z), slope) for value, slope, _, _ in pieces)
        return "f′" if len(pieces) == 1 else f"f′ on each of {len(pieces)} pieces"

    def by_moving() -> str:
        for value, slope, low, high in pieces:
            z = np.linspace(low + 0.01, high - 0.01, 101)
            assert np.allclose(derivative(lambda at, v=value: _numbers(v, at), z), _numbers(slope, z), atol=1e-8)
        return "f′ to 1e-8"

    def by_library() -> str:
        for value, slope, low, high in pieces:
            z = np.linspace(low + 0.01, high - 0.01, 101)
            assert np.allclose(f(z), _numbers(value, z), rtol=1e-12, atol=1e-13)
            assert np.allclose(f.derivative(z), _numbers(slope, z), rtol=1e-12, atol=1e-13)
        return f"{f.name}, f and f′ to 1e-12"

    return {"symbolic": by_sympy, "numeric": by_moving, "library": by_library}


def _collapse_scalar() -> str:
    w1, w2, b1, b2, x = sp.symbols("w1 w2 b1 b2 x")
    assert _same(w2 * (w1 * x + b1) + b2, (w2 * w1) * x + (w2 * b1 + b2))
    return "two layers of one number"


def _letters(*widths: int) -> list[tuple[Any, Any]]:
    return [
        (sp.Matrix(d, k, sp.symbols(f"w{l}_:{d * k}")), sp.Matrix(1, k, sp.symbols(f"b{l}_:{k}")))
        for l, (d, k) in enumerate(pairwise(widths))
    ]


def _collapse_row() -> str:
    x = sp.Matrix([sp.symbols("x1:4")])
    (W1, b1), (W2, b2) = _letters(3, 2, 2)
    assert ((x * W1 + b1) * W2 + b2 - (x * (W1 * W2) + (b1 * W2 + b2))).expand().is_zero_matrix
    return "3-2-2, letters for all weights"


def _linear_symbolic() -> str:
    x = sp.Matrix([sp.symbols("x1:3")])
    (W1, b1), (W2, b2), (W3, b3) = _letters(2, 2, 2, 1)
    stack = ((x * W1 + b1) * W2 + b2) * W3 + b3
    assert (stack - x * W1 * W2 * W3 - (b1 * W2 * W3 + b2 * W3 + b3)).expand().is_zero_matrix
    return "2-2-2-1, letters for all weights"


def _linear_library() -> str:
    rng = np.random.default_rng(0)
    for L in range(1, 8):
        widths = rng.integers(1, 6, L + 1)
        theta = [(rng.standard_normal((d, k)), rng.standard_normal(k)) for d, k in pairwise(widths)]
        W, b = np.eye(widths[0]), np.zeros(widths[0])
        for Wl, bl in theta:
            W, b = W @ Wl, b @ Wl + bl
        X = rng.standard_normal((5, widths[0]))
        assert np.allclose(network(*((*layer, None) for layer in theta)).predict(X), X @ W + b, atol=1e-10)
    return "stacks of 1 to 7 Dense layers"


def _toll_scalar() -> str:
    J, f = sp.Function("J"), sp.Function("f")
    a = sp.Symbol("a")
    assert _same(sp.diff(J(f(_z)), _z), sp.diff(J(a), a).subs(a, f(_z)).doit() * sp.diff(f(_z), _z))
    return "any J and f"


def _toll_row() -> str:
    z = np.random.default_rng(0).standard_normal(5)
    assert np.allclose(jacobian(tanh, z), np.diag(tanh.derivative(z)), atol=1e-9)
    return "the Jacobian of tanh on a row of 5 is diagonal"


def _elementwise() -> list[Any]:
    return [f for f in activations.registry.items() if not isinstance(f, activations.RowActivation)]


def _toll_numeric() -> str:
    rng = np.random.default_rng(0)
    Z, dA = rng.standard_normal((2, 4, 3))
    for f in _elementwise():
        assert np.allclose(f.backward(dA, Z, f(Z)), dA * derivative(f, Z), atol=1e-8), f.name
    return f"backward of {len(_elementwise())} functions"


def _toll_library() -> str:
    rng = np.random.default_rng(0)
    Z, dA = rng.standard_normal((2, 4, 3))
    for f in _elementwise():
        assert np.allclose(f.backward(dA, Z, f(Z)), dA * f.derivative(Z), rtol=1e-12, atol=1e-14), f.name
    return "backward is dA ⊙ derivative(Z)"


def _logit() -> str:
    p = sp.Symbol("p", positive=True)
    solutions = sp.solve(sp.exp(_z) * (1 - p) - p, p)
    assert len(solutions) == 1
    assert _same(solutions[0], _sigma)
    return "solved for p"


def _logit_library() -> str:
    p = np.linspace(0.001, 0.999, 101)
    assert np.allclose(sigmoid(np.log(p / (1 - p))), p, rtol=1e-12)
    return "sigmoid undoes the log-odds"


def _sigmoid_library() -> str:
    z = np.linspace(-30, 30, 301)
    assert np.allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-14)
    return "sigmoid to 1e-14"


def _symmetry() -> str:
    assert _same(_sigma.subs(_z, -_z), 1 - _sigma)
    return "σ(−z) + σ(z) = 1"


def _symmetry_library() -> str:
    z = np.linspace(-40, 40, 401)
    assert np.allclose(sigmoid(-z) + sigmoid(z), 1, atol=1e-15)
    return "401 points"


def _sigmoid_lines() -> str:
    e = sp.exp(-_z)
    lines = [
        -((1 + e) ** -2) * sp.diff(1 + e, _z),
        -((1 + e) ** -2) * (-e),
        1 / (1 + e) * e / (1 + e),
        _sigma * ((1 + e) - 1) / (1 + e),
        _sigma * (1 - _sigma),
    ]
    assert all(_same(sp.diff(_sigma, _z), line) for line in lines)
    return "each of the five lines"


def _square() -> str:
    s = sp.Symbol("s")
    assert _same(s * (1 - s), sp.Rational(1, 4) - (s - sp.Rational(1, 2)) ** 2)
    assert _same(symbolic.derivative("sigmoid", _z), _sigma * (1 - _sigma))
    return "the square is completed"


def _quarter() -> str:
    slope = sigmoid.derivative(np.linspace(-50, 50, 10_001))
    assert slope.max() == 0.25
    assert slope.argmax() == 5000
    return "10,001 slopes: ¼ at 0, less elsewhere"


def _saturation() -> str:
    c = sp.Symbol("c", positive=True)
    s = (1 + sp.sqrt(1 - 4 * c)) / 2
    assert _same(s * (1 - s), c)
    return "s(1 − s) = c"


def _saturation_library() -> str:
    c = np.array([0.2, 0.1, 0.01, 0.001])
    s = (1 + np.sqrt(1 - 4 * c)) / 2
    assert np.allclose(sigmoid.derivative(np.log(s / (1 - s))), c, rtol=1e-10)
    return "four slopes from 0.2 to 0.001"


def _chain_slope(w: np.ndarray, b: np.ndarray, a: float) -> float:
    slope = 1.0
    for wl, bl in zip(w, b, strict=True):
        z = float(wl * a + bl)
        slope *= float(wl * sigmoid.derivative(z))
        a = float(sigmoid(z))
    return slope


def _chain_trials() -> str:
    rng = np.random.default_rng(0)
    for _ in range(300):
        L = int(rng.integers(1, 12))
        w, a = 3 * rng.standard_normal(L), float(rng.standard_normal())
        bound = np.prod(np.abs(w)) / 4**L
        assert abs(_chain_slope(w, rng.standard_normal(L), a)) <= bound * (1 + 1e-12)
        centred = -w * np.r_[a, np.full(L - 1, 0.5)]
        assert math.isclose(abs(_chain_slope(w, centred, a)), bound, rel_tol=1e-10)
    return "300 chains; equality with centred biases"


def _chain_numeric() -> str:
    w, b = np.array([2.0, -3.0, 1.5]), np.array([0.1, 0.5, -0.2])

    def last(a: np.ndarray) -> np.ndarray:
        for wl, bl in zip(w, b, strict=True):
            a = sigmoid(wl * a + bl)
        return a

    assert np.allclose(derivative(last, np.array([0.3])), _chain_slope(w, b, 0.3), rtol=1e-7)
    return "the product of the slopes, L = 3"


def _tanh_is_sigmoid() -> str:
    e = sp.exp(_z)
    assert _same(((e - 1 / e) / (e + 1 / e)).rewrite(sp.exp), 2 * _sigma.subs(_z, 2 * _z) - 1)
    return "tanh z = 2σ(2z) − 1"


def _tanh_is_sigmoid_library() -> str:
    z = np.linspace(-20, 20, 401)
    assert np.allclose(tanh(z), 2 * sigmoid(2 * z) - 1, atol=1e-15)
    return "401 points"


def _tanh_library() -> str:
    z = np.linspace(-15, 15, 301)
    assert np.allclose(tanh(z), (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), rtol=1e-13)
    return "tanh to 1e-13"


def _tanh_networks() -> str:
    rng = np.random.default_rng(0)
    W, b, V, c = (rng.standard_normal(shape) for shape in ((3, 5), (5,), (5, 2), (2,)))
    X = rng.standard_normal((20, 3))
    one = network((W, b, "tanh"), (V, c, None))
    other = network((2 * W, 2 * b, "sigmoid"), (2 * V, c - V.sum(axis=0), None))
    assert np.allclose(one.predict(X), other.predict(X), atol=1e-13)
    return "3-5-2, weights translated"


def _subgradient() -> str:
    z = np.linspace(-5, 5, 101)
    for g in np.linspace(-1, 2, 61):
        below = bool(np.all(activations.relu(z) >= g * z - 1e-12))
        assert below == (-1e-12 <= g <= 1 + 1e-12), g
    return "61 slopes from −1 to 2"


def _dead() -> str:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 3)), rng.integers(0, 2, 30).astype(float)
    W, b = rng.standard_normal((3, 4)), np.array([0.1, -50.0, 0.2, 0.3])
    for rate in (0.1, 1.0, 10.0):
        net = network((W, b, "relu"), (rng.standard_normal((4, 1)), np.zeros(1), "sigmoid"))
        net.compile(mathnn.SGD(rate), "binary_crossentropy")
        net.loss_and_gradient(X, y)
        hidden = net.layers[0]
        assert not hidden.W.gradient[:, 1].any()
        assert hidden.b.gradient[1] == 0
        assert hidden.W.gradient[:, 0].any()
        net.fit(X, y, epochs=5, batch_size=7, verbose=0)
        assert np.array_equal(hidden.W.value[:, 1], W[:, 1])
        assert hidden.b.value[1] == b[1]
    return "gradient exactly 0, unmoved at three learning rates"


def _selu() -> str:
    a, scale = activations.SELU.alpha, activations.SELU.scale
    z, weights = np.polynomial.legendre.leggauss(200)
    moments = np.zeros(2)
    for low, high in ((-12.0, 0.0), (0.0, 12.0)):
        at = (high - low) / 2 * z + (high + low) / 2
        density = (high - low) / 2 * weights * np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi)
        f = scale * np.where(at > 0, at, a * np.expm1(at))
        assert np.allclose(activations.selu(at), f, rtol=1e-12)
        moments += density @ f, density @ f**2
    assert np.allclose(moments, [0, 1], atol=1e-12), moments
    return "SELU's constants: mean 0, mean square 1, to 1e-12"


def _gelu_gap() -> str:
    z = np.linspace(-8, 8, 4001)
    u = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
    formula = z * (1 + np.tanh(u)) / 2
    assert np.allclose(activations.gelu(z, approximate=True), formula, atol=1e-14)
    gap = np.abs(formula - z * (1 + erf(z / math.sqrt(2))) / 2).max()
    assert 4e-4 < gap < 5e-4, gap
    return f"gelu(approximate=True); largest gap {gap:.1e}"


_row = sp.Matrix(sp.symbols("z1:4", real=True))
_exp = _row.applyfunc(sp.exp)
_p = _exp / sum(_exp)


def _zero(matrix: Any) -> bool:
    return all(sp.simplify(entry) == 0 for entry in matrix)


def _softmax_library() -> str:
    Z = 5 * np.random.default_rng(0).standard_normal((20, 6))
    P = softmax(Z)
    assert np.allclose(P, np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True), rtol=1e-13)
    assert np.all(P > 0)
    assert np.allclose(P.sum(axis=1), 1, atol=1e-14)
    return "20 rows: positive, sum 1"


def _softmax_cases() -> str:
    assert sp.simplify(sp.diff(_p[0], _row[0]) - (_p[0] - _p[0] ** 2)) == 0
    assert sp.simplify(sp.diff(_p[0], _row[1]) + _p[0] * _p[1]) == 0
    return "both cases"


def _softmax_jacobian() -> str:
    assert _zero(_p.jacobian(_row) - (sp.diag(*_p) - _p * _p.T))
    return "three classes"


def _logits() -> np.ndarray:
    return 2 * np.random.default_rng(0).standard_normal(5)


def _softmax_jacobian_numeric() -> str:
    z = _logits()
    p = softmax(z)
    assert np.allclose(jacobian(softmax, z), np.diag(p) - np.outer(p, p), atol=1e-9)
    return "five classes, to 1e-9"


def _softmax_jacobian_library() -> str:
    z = _logits()
    p = softmax(z)
    assert np.allclose(softmax.jacobian(z), np.diag(p) - np.outer(p, p), atol=1e-15)
    return "softmax.jacobian"


def _softmax_backward() -> str:
    p, g = sp.Matrix(sp.symbols("p1:5")), sp.Matrix(sp.symbols("g1:5"))
    inner = (g.T * p)[0]
    right = p.multiply_elementwise(g - inner * sp.ones(4, 1))
    assert ((sp.diag(*p) - p * p.T) * g - right).expand().is_zero_matrix
    return "four classes, any p and g"


def _softmax_backward_numeric() -> str:
    z, g = _logits(), np.random.default_rng(1).standard_normal(5)
    p = softmax(z)
    assert np.allclose(jacobian(softmax, z).T @ g, p * (g - g @ p), atol=1e-9)
    return "Jᵀg, to 1e-9"


def _softmax_backward_library() -> str:
    z, g = _logits(), np.random.default_rng(1).standard_normal(5)
    p = softmax(z)
    assert np.allclose(softmax.backward(g[None], z[None], p[None])[0], p * (g - g @ p), atol=1e-15)
    return "softmax.backward"


def _shift() -> str:
    c = sp.Symbol("c", real=True)
    shifted = _p.subs({zi: zi + c for zi in _row}, simultaneous=True)
    assert _zero(shifted - _p)
    assert _zero(_p.jacobian(_row) * sp.ones(3, 1))
    return "softmax(z + c) = softmax(z), rows of J sum to 0"


def _shift_library() -> str:
    z = _logits()
    for c in (-1000.0, -1.0, 3.0, 1000.0):
        assert np.allclose(softmax(z + c), softmax(z), rtol=1e-11)
    assert np.allclose(softmax.jacobian(z).sum(axis=1), 0, atol=1e-15)
    return "shifts from −1000 to 1000"


def _logsumexp() -> str:
    M = sp.Symbol("M", real=True)
    shifted = sum(sp.exp(zi - M) for zi in _row)
    assert sp.simplify(sp.expand(sp.exp(M) * shifted) - sum(_exp)) == 0
    return "e^M Σ e^(z − M) = Σ e^z, any M"


def _logsumexp_library() -> str:
    z = _logits()
    for offset in (0.0, 800.0):
        at = z + offset
        M = at.max()
        assert np.allclose(at - log_softmax(at), M + np.log(np.exp(at - M).sum()), rtol=1e-13)
    assert np.isclose((z - log_softmax(z))[0], np.log(np.exp(z).sum()), rtol=1e-13)
    return "log_softmax, also where e^z overflows"


def _checked(label: str, title: str, f: Any, *pieces: Piece, **more: Callable[[], str]) -> Derivation:
    return Derivation(label, title, **{**_function(f, *pieces), **more})


_e = sp.exp(_z)
_tanh = (_e - 1 / _e) / (_e + 1 / _e)
_Phi = (1 + sp.erf(_z / sp.sqrt(2))) / 2
_phi = sp.exp(-(_z**2) / 2) / sp.sqrt(2 * sp.pi)
_a, _alpha = sp.Float("0.2"), sp.Float("1.5")
_nought, _one, _sixth = sp.Integer(0), sp.Integer(1), sp.Rational(1, 6)

DERIVATIONS = [
    Derivation("eq-ch02-collapse-scalar", "Two linear layers are one", symbolic=_collapse_scalar),
    Derivation("eq-ch02-collapse-row", "Two linear layers of vectors are one", symbolic=_collapse_row),
    Derivation("thm-ch02-linear", "A linear stack is one layer", symbolic=_linear_symbolic, library=_linear_library),
    Derivation("eq-ch02-toll-scalar", "What a bend lets through", symbolic=_toll_scalar),
    Derivation("eq-ch02-toll-row", "The Jacobian of a function of each entry", numeric=_toll_row),
    Derivation("eq-ch02-toll", "The error signal behind an activation", numeric=_toll_numeric, library=_toll_library),
    Derivation("eq-ch02-logit", "The sigmoid from the log-odds", symbolic=_logit, library=_logit_library),
    Derivation("eq-ch02-sigmoid", "The sigmoid", library=_sigmoid_library),
    Derivation("eq-ch02-sigmoid-symmetry", "Its symmetry", symbolic=_symmetry, library=_symmetry_library),
    _checked(
        "eq-ch02-sigmoid-derivation",
        "The slope of the sigmoid",
        sigmoid,
        (_sigma, _sigma * (1 - _sigma), -8, 8),
        symbolic=_sigmoid_lines,
    ),
    Derivation("eq-ch02-sigmoid-slope", "At best a quarter", symbolic=_square, trials=_quarter),
    Derivation("eq-ch02-saturation", "Where the sigmoid saturates", symbolic=_saturation, library=_saturation_library),
    Derivation("thm-ch02-chain", "The bound for a chain of sigmoids", numeric=_chain_numeric, trials=_chain_trials),
    Derivation("eq-ch02-tanh", "The hyperbolic tangent", library=_tanh_library),
    _checked("eq-ch02-tanh-slope", "The slope of tanh", tanh, (_tanh, 1 - _tanh**2, -6, 6)),
    Derivation(
        "eq-ch02-tanh-is-sigmoid",
        "Tanh is a stretched sigmoid",
        symbolic=_tanh_is_sigmoid,
        library=_tanh_is_sigmoid_library,
    ),
    Derivation("thm-ch02-tanh", "Tanh networks are sigmoid networks", library=_tanh_networks),
    _checked("eq-ch02-relu", "ReLU", activations.relu, (_nought, _nought, -5, 0), (_z, _one, 0, 5)),
    Derivation("eq-ch02-subgradient", "The subgradients of ReLU at 0", trials=_subgradient),
    Derivation("thm-ch02-dead", "Dead units get no message", library=_dead),
    _checked("eq-ch02-leaky", "Leaky ReLU", activations.LeakyReLU(float(_a)), (_a * _z, _a, -5, 0), (_z, _one, 0, 5)),
    _checked(
        "eq-ch02-elu",
        "ELU",
        activations.ELU(float(_alpha)),
        (_alpha * (_e - 1), _alpha * _e, -5, 0),
        (_z, _one, 0, 5),
    ),
    Derivation("eq-ch02-selu", "The two equations of SELU", numeric=_selu),
    _checked("eq-ch02-softplus", "Softplus", activations.softplus, (sp.log(1 + _e), _sigma, -8, 8)),
    _checked(
        "eq-ch02-silu", "SiLU, or swish", activations.silu, (_z * _sigma, _sigma * (1 + _z * (1 - _sigma)), -8, 8)
    ),
    _checked("eq-ch02-gelu", "GELU", activations.gelu, (_z * _Phi, _Phi + _z * _phi, -5, 5)),
    Derivation("eq-ch02-gelu-tanh", "GELU by tanh", library=_gelu_gap),
    _checked(
        "eq-ch02-hard",
        "Hard sigmoid",
        activations.hard_sigmoid,
        (_nought, _nought, -5, -3),
        (_z / 6 + sp.Rational(1, 2), _sixth, -3, 3),
        (_one, _nought, 3, 5),
    ),
    Derivation("eq-ch02-softmax", "Softmax", library=_softmax_library),
    Derivation("eq-ch02-softmax-cases", "Its derivatives, in two cases", symbolic=_softmax_cases),
    Derivation(
        "eq-ch02-softmax-jacobian",
        "The Jacobian of softmax",
        symbolic=_softmax_jacobian,
        numeric=_softmax_jacobian_numeric,
        library=_softmax_jacobian_library,
    ),
    Derivation(
        "eq-ch02-softmax-backward",
        "Softmax backwards",
        symbolic=_softmax_backward,
        numeric=_softmax_backward_numeric,
        library=_softmax_backward_library,
    ),
    Derivation("thm-ch02-shift", "A shift changes nothing", symbolic=_shift, library=_shift_library),
    Derivation("eq-ch02-logsumexp", "The log-sum-exp trick", symbolic=_logsumexp, library=_logsumexp_library),
]
