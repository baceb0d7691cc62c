"""The losses in SymPy: (y, p) ↦ L, the loss of one sample, from lists of targets and predictions.

With ``from_logits`` the predictions are the logits z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy import Abs, Expr, Max, Piecewise, log

from .activations import ACTIVATIONS
from .symbols import delta

__all__ = ["LOSSES"]


def _each(term: Callable[..., Expr]) -> Callable[..., Expr]:
    """Make the loss of a vector from that of its entries: their mean."""

    def loss(y: Sequence[Expr], p: Sequence[Expr], **parameters: Any) -> Expr:
        return sp.Add(*(term(yi, pi, **parameters) for yi, pi in zip(y, p, strict=True))) / len(p)

    return loss


def _huber(y: Expr, p: Expr, delta: Expr = delta) -> Expr:
    e = p - y
    return Piecewise((e**2 / 2, Abs(e) <= delta), (delta * Abs(e) - delta**2 / 2, True))


def _binary(y: Expr, p: Expr, from_logits: bool = False, label_smoothing: Expr = sp.S.Zero) -> Expr:
    p = ACTIVATIONS["sigmoid"](p) if from_logits else p
    y = y * (1 - label_smoothing) + label_smoothing / 2
    return -y * log(p) - (1 - y) * log(1 - p)


def _categorical(
    y: Sequence[Expr], p: Sequence[Expr], from_logits: bool = False, label_smoothing: Expr = sp.S.Zero
) -> Expr:
    log_p = ACTIVATIONS["log_softmax"](p) if from_logits else [log(pi) for pi in p]
    y = [yi * (1 - label_smoothing) + label_smoothing / len(y) for yi in y]
    return -sp.Add(*(yi * li for yi, li in zip(y, log_p, strict=True)))


def _sparse(y: Sequence[Expr], p: Sequence[Expr], from_logits: bool = False) -> Expr:
    one_hot = [sp.KroneckerDelta(y[0], j) for j in range(len(p))]
    return _categorical(one_hot, p, from_logits)


LOSSES: dict[str, Callable[..., Expr]] = {
    "mean_squared_error": _each(lambda y, p: (p - y) ** 2),
    "mean_absolute_error": _each(lambda y, p: Abs(p - y)),
    "huber": _each(_huber),
    "log_cosh": _each(lambda y, p: log(sp.cosh(p - y))),
    "binary_crossentropy": _each(_binary),
    "categorical_crossentropy": _categorical,
    "sparse_categorical_crossentropy": _sparse,
    "hinge": _each(lambda y, p: Max(0, 1 - y * p)),
    "kl_divergence": lambda y, p: sp.Add(*(yi * log(yi / pi) for yi, pi in zip(y, p, strict=True))),
}
