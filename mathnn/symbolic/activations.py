"""The activations in SymPy: z ↦ f(z), for softmax and its logarithm a list ↦ a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy import Expr, Max, Piecewise, Rational, exp, log, pi, sqrt, tanh

from .symbols import alpha, positive

__all__ = ["ACTIVATIONS"]

a = positive("a")


def _gelu(z: Expr, approximate: bool = False) -> Expr:
    if approximate:
        return z / 2 * (1 + tanh(sqrt(2 / pi) * (z + Rational("0.044715") * z**3)))
    return z / 2 * (1 + sp.erf(z / sqrt(2)))


def _elu(z: Expr, alpha: Expr = alpha, scale: Expr = sp.S.One) -> Expr:
    return Piecewise((scale * z, z > 0), (scale * alpha * (exp(z) - 1), True))


def _softmax(z: Sequence[Expr]) -> list[Expr]:
    return [exp(zi) / sum(map(exp, z)) for zi in z]


def _log_softmax(z: Sequence[Expr]) -> list[Expr]:
    return [zi - log(sum(map(exp, z))) for zi in z]


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "linear": lambda z: z,
    "step": lambda z: Piecewise((1, z >= 0), (0, True)),
    "sigmoid": lambda z: 1 / (1 + exp(-z)),
    "tanh": lambda z: tanh(z),
    "relu": lambda z: Max(0, z),
    "leaky_relu": lambda z, negative_slope=a: Piecewise((z, z > 0), (negative_slope * z, True)),
    "elu": _elu,
    "selu": lambda z: _elu(z, Rational("1.6732632423543772848"), Rational("1.0507009873554804934")),
    "gelu": _gelu,
    "silu": lambda z: z / (1 + exp(-z)),
    "softplus": lambda z: log(1 + exp(z)),
    "hard_sigmoid": lambda z: Piecewise((0, z <= -3), (1, z >= 3), (z / 6 + Rational(1, 2), True)),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}
