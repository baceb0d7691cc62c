"""Lion: the sign of a momentum."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..checks import number
from ..schedules import Schedule
from .base import Optimizer

__all__ = ["Lion"]


class Lion(Optimizer):
    """Steps of one length, η, along the sign of a momentum (Chen et al. 2023, Algorithm 2).

    Rule::

        c = β₁ m + (1-β₁) g
        θ ← θ - η (sign(c) + λ θ)                     λ = weight_decay
        m ← β₂ m + (1-β₂) g
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float = 0.0,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.beta_1 = number(self, "beta_1", beta_1, 0, 1)
        self.beta_2 = number(self, "beta_2", beta_2, 0, 1)
        self.weight_decay = number(self, "weight_decay", weight_decay, 0)
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"m": 0.0}

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, m: Array) -> None:
        np.multiply(m, self.beta_1 * (1 - self.beta_2) / (1 - self.beta_1), out=s)
        s += g
        # Into another vector: in place, NumPy's sign takes ten times as long.
        np.sign(s, out=r)
        r *= eta
        theta *= 1 - eta * self.weight_decay
        theta -= r
        m *= self.beta_2
        m += g
