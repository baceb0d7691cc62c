"""Adam and its family: a running mean of the gradient over a running measure of its size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import flag, number
from ..schedules import Schedule
from .base import Optimizer

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]


class Adam(Optimizer):
    """Momentum, and RMSprop's scale, both rid of their bias towards 0 (Kingma & Ba 2015, Algorithm 1).

    Rule::

        m ← β₁ m + (1-β₁) g,    m̂ = m / (1-β₁ᵗ)
        v ← β₂ v + (1-β₂) g²,   v̂ = v / (1-β₂ᵗ)
        θ ← θ - η m̂ / (√v̂ + ε)                        amsgrad: the largest v so far for v (Reddi et al. 2018)

    >>> theta = np.array([1.0, 1.0])
    >>> Adam(0.1).step(theta, np.array([1000.0, -0.001]))
    >>> theta.round(3).tolist()
    [0.9, 1.1]
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.beta_1 = number(self, "beta_1", beta_1, 0, 1)
        self.beta_2 = number(self, "beta_2", beta_2, 0, 1)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        self.amsgrad = flag(self, "amsgrad", amsgrad)
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0} | ({"v_max": 0.0} if self.amsgrad else {})

    def update(
        self,
        theta: Array,
        g: Array,
        eta: float,
        s: Array,
        r: Array,
        m: Array,
        v: Array,
        v_max: Array | None = None,
    ) -> None:
        t = self.iterations
        mean = (1 - self.beta_1) / (1 - self.beta_1**t)
        root = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        m *= self.beta_1
        m += g
        v *= self.beta_2
        np.square(g, out=s)
        v += s
        if v_max is not None:
            v = np.maximum(v_max, v, out=v_max)
        np.sqrt(v, out=s)
        s += self.epsilon / root
        np.divide(m, s, out=s)
        s *= eta * mean / root
        theta -= s


class AdamW(Adam):
    """Adam whose weight decay λ does not pass through the moments (Loshchilov & Hutter 2019, Algorithm 2).

    Rule, the second line being Adam's::

        θ ← θ - η λ θ
        θ ← θ - η m̂ / (√v̂ + ε)
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.weight_decay = number(self, "weight_decay", weight_decay, 0)
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            global_clipnorm=global_clipnorm,
            clipvalue=clipvalue,
        )

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, *args: Any, **slots: Any) -> None:
        theta *= 1 - eta * self.weight_decay
        super().update(theta, g, eta, s, r, *args, **slots)


class Nadam(Optimizer):
    """Adam that looks ahead, as Nesterov does (Dozat 2016, Algorithm 2; the factors μₜ are those of Keras).

    Rule::

        m ← β₁ m + (1-β₁) g,    v ← β₂ v + (1-β₂) g²,    μₜ = β₁ (1 - ½ 0.96ᵗ)
        m̂ = μₜ₊₁ m / (1 - μ₁ ⋯ μₜ₊₁) + (1-μₜ) g / (1 - μ₁ ⋯ μₜ),    v̂ = v / (1-β₂ᵗ)
        θ ← θ - η m̂ / (√v̂ + ε)
    """

    _product = (0, 1.0)

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.beta_1 = number(self, "beta_1", beta_1, 0, 1)
        self.beta_2 = number(self, "beta_2", beta_2, 0, 1)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0}

    def _mu(self, t: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def _mu_product(self, t: int) -> float:
        """Return μ₁ ⋯ μₜ, going on from the product of the last call where that is possible."""
        known, product = self._product if self._product[0] <= t else (0, 1.0)
        for i in range(known + 1, t + 1):
            product *= self._mu(i)
        self._product = t, product
        return product

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, m: Array, v: Array) -> None:
        t = self.iterations
        now, ahead, product = self._mu(t), self._mu(t + 1), self._mu_product(t)
        root = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        m *= self.beta_1
        m += g
        v *= self.beta_2
        np.square(g, out=s)
        v += s
        np.multiply(m, (1 - self.beta_1) * ahead / (1 - product * ahead), out=r)
        np.multiply(g, (1 - now) / (1 - product), out=s)
        r += s
        np.sqrt(v, out=s)
        s += self.epsilon / root
        r /= s
        r *= eta / root
        theta -= r


class Adamax(Optimizer):
    """Adam with the largest recent gradient for its scale (Kingma & Ba 2015, Algorithm 2; ε as in Keras).

    Rule::

        m ← β₁ m + (1-β₁) g
        u ← max(β₂ u, |g|)
        θ ← θ - η / (1-β₁ᵗ) · m / (u + ε)
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.beta_1 = number(self, "beta_1", beta_1, 0, 1)
        self.beta_2 = number(self, "beta_2", beta_2, 0, 1)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "u": 0.0}

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, m: Array, u: Array) -> None:
        m *= self.beta_1
        m += g
        u *= self.beta_2
        np.abs(g, out=s)
        np.maximum(u, s, out=u)
        np.add(u, self.epsilon, out=s)
        np.divide(m, s, out=s)
        s *= eta * (1 - self.beta_1) / (1 - self.beta_1**self.iterations)
        theta -= s
