"""A rate for each component, from the size of its gradients: Adagrad, Adadelta and RMSprop."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from ..checks import flag, number
from ..schedules import Schedule
from .base import Optimizer

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(Optimizer):
    """Steps that shrink with all the gradients so far (Duchi, Hazan & Singer 2011).

    Rule::

        v ← v + g²,    v₀ = initial_accumulator_value
        θ ← θ - η g / (√v + ε)
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.initial_accumulator_value = number(self, "initial_accumulator_value", initial_accumulator_value, 0)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"v": self.initial_accumulator_value}

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, v: Array) -> None:
        np.square(g, out=s)
        v += s
        np.sqrt(v, out=s)
        s += self.epsilon
        np.divide(g, s, out=s)
        s *= eta
        theta -= s


class Adadelta(Optimizer):
    """Steps in the units of θ: g scaled by the size of recent steps over that of recent g (Zeiler 2012).

    Rule::

        v ← ρ v + (1-ρ) g²
        Δ = g √(u + ε) / √(v + ε)
        u ← ρ u + (1-ρ) Δ²
        θ ← θ - η Δ                                   η = 1 in the paper
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.rho = number(self, "rho", rho, 0, 1)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"v": 0.0, "u": 0.0}

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, v: Array, u: Array) -> None:
        # u and v are both kept divided by 1-ρ; their quotient does not notice, once ε is.
        epsilon = self.epsilon / (1 - self.rho)
        v *= self.rho
        np.square(g, out=s)
        v += s
        np.add(u, epsilon, out=s)
        np.add(v, epsilon, out=r)
        s /= r
        np.sqrt(s, out=s)
        s *= g
        u *= self.rho
        np.square(s, out=r)
        u += r
        s *= eta
        theta -= s


class RMSprop(Optimizer):
    """Steps relative to the recent size of g (Tieleman & Hinton 2012), or its spread: centered (Graves 2013).

    Rule::

        v ← ρ v + (1-ρ) g²                            centered: a ← ρ a + (1-ρ) g, and v - a² for v below
        θ ← θ - η g / (√v + ε)                        momentum = 0
        w ← μ w + η g / (√v + ε),    θ ← θ - w        momentum = μ

    With ``centered``, the code keeps z = v - a² itself, for which the rule reads z ← ρ (z + (1-ρ)(g - a)²) with
    the old a: a difference of two means could turn negative by rounding, a variance cannot.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.rho = number(self, "rho", rho, 0, 1)
        self.momentum = number(self, "momentum", momentum, 0, 1)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        self.centered = flag(self, "centered", centered)
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"v": 0.0} | ({"a": 0.0} if self.centered else {}) | ({"w": 0.0} if self.momentum else {})

    def update(
        self,
        theta: Array,
        g: Array,
        eta: float,
        s: Array,
        r: Array,
        v: Array,
        a: Array | None = None,
        w: Array | None = None,
    ) -> None:
        root = math.sqrt(1 - self.rho)
        if a is None:
            v *= self.rho
            np.square(g, out=s)
            v += s
        else:
            np.subtract(g, a, out=s)
            np.square(s, out=r)
            v += r
            v *= self.rho
            s *= 1 - self.rho
            a += s
        np.sqrt(v, out=s)
        s += self.epsilon / root
        np.divide(g, s, out=s)
        s *= eta / root
        if w is not None:
            w *= self.momentum
            w += s
            s = w
        theta -= s
