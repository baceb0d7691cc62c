"""Penalties on weights: ``regularizer(w)`` is added to the cost, ``regularizer.gradient(w)`` to its gradient.

As in Keras the squared penalty carries no factor ½, so its gradient is 2 λ w.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import Array, finite, floats
from .checks import number
from .configurable import Configurable, Registry
from .errors import NonFiniteError

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get", "registry"]


class Regularizer(Configurable):
    """Base of the regularizers: ``regularizer(w)``, summed in float64, and ``.gradient(w)``.

    Raises DtypeError where w does not hold real numbers, NonFiniteError where the penalty or its gradient
    is not finite.
    """

    def __call__(self, w: Any) -> float:
        """Return the penalty of the weights w."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(w)")

    def gradient(self, w: Any) -> Array:
        """Return ∂ penalty / ∂w, of w's shape and dtype."""
        raise NotImplementedError(f"{type(self).__name__} does not define gradient(w)")


class L1L2(Regularizer):
    """R(w) = λ₁ Σ|w| + λ₂ Σw², ∂R/∂w = λ₁ sign(w) + 2 λ₂ w, with sign(0) = 0 (Zou and Hastie, 2005).

    >>> L1L2(l1=0.1, l2=0.5)([1.0, -2.0])
    2.8
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = number(self, "l1", l1, 0)
        self.l2 = number(self, "l2", l2, 0)

    def __call__(self, w: Any) -> float:
        who = type(self).__name__
        W = floats(who, w)
        penalty = 0.0
        with np.errstate(over="ignore"):
            if self.l1:
                penalty += self.l1 * float(np.abs(W).sum(dtype=np.float64))
            if self.l2:
                penalty += self.l2 * float(np.square(W, dtype=np.float64).sum())
        if not math.isfinite(penalty):
            raise NonFiniteError(f"{who}: the penalty is {penalty}: the weights have diverged; lower the learning rate")
        return penalty

    def gradient(self, w: Any) -> Array:
        who = type(self).__name__
        W = floats(who, w)
        with np.errstate(over="ignore", invalid="ignore"):
            slope: Array = 2 * self.l2 * W
            if self.l1:
                slope += self.l1 * np.sign(W)
        return finite(f"{who}: the gradient of the penalty", slope)


class L1(L1L2):
    """R(w) = λ Σ|w|, ∂R/∂w = λ sign(w): drives weights to exactly 0 (Tibshirani, 1996)."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """R(w) = λ Σw², ∂R/∂w = 2 λ w (Krogh and Hertz, 1992).

    For plain gradient descent this is weight decay: each step multiplies w by 1 − 2 η λ.

    >>> L2(0.5).gradient([1.0, -2.0]).tolist()
    [1.0, -2.0]
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


registry: Registry[Regularizer] = Registry("regularizer", Regularizer)
registry.add(L1)
registry.add(L2)
registry.add(L1L2, "l1_l2")


def get(which: Any) -> Regularizer | None:
    """Return the regularizer of that name, the instance handed in, or None for None."""
    return None if which is None else registry.get(which)
