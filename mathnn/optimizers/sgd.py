"""Gradient descent, plain and with momentum."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..checks import flag, number
from ..errors import ConfigError
from ..schedules import Schedule
from .base import Optimizer

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with momentum μ (Polyak 1964), or Nesterov's (in the form of Sutskever et al. 2013).

    Rule::

        θ ← θ - η g                                   momentum = 0
        v ← μ v - η g,    θ ← θ + v                   momentum = μ
        v ← μ v - η g,    θ ← θ + μ v - η g           and nesterov

    >>> theta = np.array([1.0, 2.0])
    >>> SGD(0.1).step(theta, np.array([10.0, -10.0]))
    >>> theta.tolist()
    [0.0, 3.0]
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        self.momentum = number(self, "momentum", momentum, 0, 1)
        self.nesterov = flag(self, "nesterov", nesterov)
        if self.nesterov and momentum == 0:
            raise ConfigError("SGD: nesterov=True needs a momentum above 0, for example momentum=0.9")
        super().__init__(learning_rate, global_clipnorm=global_clipnorm, clipvalue=clipvalue)

    def slots(self) -> dict[str, float]:
        return {"v": 0.0} if self.momentum else {}

    def update(self, theta: Array, g: Array, eta: float, s: Array, r: Array, v: Array | None = None) -> None:
        np.multiply(g, eta, out=s)
        if v is None:
            theta -= s
            return
        v *= self.momentum
        v -= s
        if self.nesterov:
            theta -= s
            np.multiply(v, self.momentum, out=s)
            theta += s
        else:
            theta += v
