"""Learning rates that change: η as a function of the number of steps taken.

A schedule stands wherever a learning rate may, as in ``Adam(ExponentialDecay(0.01, 1000, 0.9))``.
Names, arguments and formulas are those of Keras 3; OneCycle, which Keras lacks, is PyTorch's ``OneCycleLR``.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np

from .checks import count, flag, number
from .configurable import Configurable, Registry
from .errors import ConfigError, NonFiniteError

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Schedule",
]


class Schedule(Configurable):
    """Base of the schedules: a subclass gives :meth:`rate`, η as a function of t = 0, 1, 2, ..."""

    def __call__(self, step: float) -> float:
        """Return the learning rate of the step that comes after ``step`` others.

        Raises ConfigError for a negative step, NonFiniteError where the rate outgrows the floats.
        """
        t = number(self, "step", step, 0)
        try:
            eta = float(self.rate(t))
        except (ArithmeticError, ValueError):  # Python's float raises where NumPy's becomes infinite
            eta = math.nan
        if not math.isfinite(eta):
            raise NonFiniteError(
                f"{type(self).__name__}: the rate after {t:g} steps is not finite; bring the arguments nearer to 1"
            )
        return eta

    def rate(self, t: float) -> float:
        """Return η(t) for a t that has been checked."""
        raise NotImplementedError(f"{type(self).__name__} must define rate(t)")


class ExponentialDecay(Schedule):
    """η(t) = η₀ · γ^(t/T), with γ = ``decay_rate`` and T = ``decay_steps``; ``staircase`` takes ⌊t/T⌋.

    >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
    0.025
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
    ) -> None:
        self.initial_learning_rate = number(self, "initial_learning_rate", initial_learning_rate, 0, ends="()")
        self.decay_steps = number(self, "decay_steps", decay_steps, 0, ends="()")
        self.decay_rate = number(self, "decay_rate", decay_rate, 0, ends="()")
        self.staircase = flag(self, "staircase", staircase)

    def rate(self, t: float) -> float:
        p = t / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (math.floor(p) if self.staircase else p)


class InverseTimeDecay(Schedule):
    """η(t) = η₀ / (1 + γ t/T), with γ = ``decay_rate`` and T = ``decay_steps``; ``staircase`` takes ⌊t/T⌋.

    For T = 1 these are the 1/t rates of Robbins and Monro (1951), under which stochastic descent converges.

    >>> InverseTimeDecay(0.1, decay_steps=100, decay_rate=1)(300)
    0.025
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
    ) -> None:
        self.initial_learning_rate = number(self, "initial_learning_rate", initial_learning_rate, 0, ends="()")
        self.decay_steps = number(self, "decay_steps", decay_steps, 0, ends="()")
        self.decay_rate = number(self, "decay_rate", decay_rate, 0)
        self.staircase = flag(self, "staircase", staircase)

    def rate(self, t: float) -> float:
        p = t / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (math.floor(p) if self.staircase else p))


class PiecewiseConstantDecay(Schedule):
    """η(t) = ``values[i]`` for ``boundaries[i-1]`` < t ≤ ``boundaries[i]``: one value more than boundaries.

    >>> schedule = PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> schedule(100), schedule(101), schedule(1000)
    (0.1, 0.01, 0.001)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float]) -> None:
        self.boundaries = [number(self, "each of boundaries", b, 0) for b in _listed(self, "boundaries", boundaries)]
        self.values = [number(self, "each of values", v, 0) for v in _listed(self, "values", values)]
        if len(self.values) != len(self.boundaries) + 1:
            raise ConfigError(
                "PiecewiseConstantDecay: values must have one entry more than boundaries, got "
                f"{len(self.values)} for {len(self.boundaries)} boundaries"
            )
        if any(a >= b for a, b in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ConfigError(f"PiecewiseConstantDecay: boundaries must increase, got {self.boundaries}")

    def rate(self, t: float) -> float:
        return self.values[bisect_left(self.boundaries, t)]


class PolynomialDecay(Schedule):
    """η(t) = (η₀ - η₁) (1 - t/T)^p + η₁, from ``initial_learning_rate`` to ``end_learning_rate``, p = ``power``.

    After T = ``decay_steps`` steps η stays at η₁. With ``cycle`` it starts again, T growing to the next multiple
    of ``decay_steps`` that t has not passed.

    >>> PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.02)(50)
    0.06
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
    ) -> None:
        self.initial_learning_rate = number(self, "initial_learning_rate", initial_learning_rate, 0, ends="()")
        self.decay_steps = number(self, "decay_steps", decay_steps, 0, ends="()")
        self.end_learning_rate = number(self, "end_learning_rate", end_learning_rate, 0)
        self.power = number(self, "power", power, 0, ends="()")
        self.cycle = flag(self, "cycle", cycle)

    def rate(self, t: float) -> float:
        T = self.decay_steps
        if self.cycle:
            T *= max(1, math.ceil(t / T))
        start, end = self.initial_learning_rate, self.end_learning_rate
        return (start - end) * math.pow(max(0.0, 1 - t / T), self.power) + end


class CosineDecay(Schedule):
    """η(t) = η₀ ((1 - α) ½ (1 + cos(π t/T)) + α), α = ``alpha``, T = ``decay_steps``; later it stays at α η₀.

    With ``warmup_target`` η first rises in a straight line from ``initial_learning_rate`` to that target, over
    ``warmup_steps`` steps, and decays from there (Loshchilov & Hutter 2017, "SGDR", without its restarts).

    >>> CosineDecay(0.1, decay_steps=100)(50), CosineDecay(0.0, 100, warmup_target=0.1, warmup_steps=10)(5)
    (0.05, 0.05)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        warm = warmup_target is not None
        self.initial_learning_rate = number(
            self, "initial_learning_rate", initial_learning_rate, 0, ends="[)" if warm else "()"
        )
        self.decay_steps = number(self, "decay_steps", decay_steps, 0, ends="()")
        self.alpha = number(self, "alpha", alpha, 0, 1, "[]")
        self.warmup_target = (
            None if warmup_target is None else number(self, "warmup_target", warmup_target, 0, ends="()")
        )
        self.warmup_steps = number(self, "warmup_steps", warmup_steps, 0)
        if self.warmup_steps and not warm:
            raise ConfigError("CosineDecay: warmup_steps needs a warmup_target, the rate that the warm-up rises to")

    def rate(self, t: float) -> float:
        peak, T = self.initial_learning_rate, self.decay_steps
        if self.warmup_target is not None:
            if t < self.warmup_steps:
                return peak + (self.warmup_target - peak) * t / self.warmup_steps
            peak, t = self.warmup_target, t - self.warmup_steps
        return peak * ((1 - self.alpha) * _cosine(min(t / T, 1.0)) + self.alpha)


class CosineDecayRestarts(Schedule):
    """The cosine decay, started again each time it has come down: η₀ ((1 - α) mⁱ ½ (1 + cos(π t/T)) + α).

    Period i = 0, 1, ... takes T = ``first_decay_steps`` · ``t_mul``ⁱ steps, t being counted from its start, and
    its height is multiplied by m = ``m_mul`` each time (Loshchilov & Hutter 2017, "SGDR", equation 5).

    >>> schedule = CosineDecayRestarts(0.1, first_decay_steps=100)
    >>> schedule(50), schedule(100), schedule(200), schedule(300)
    (0.05, 0.1, 0.05, 0.1)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
    ) -> None:
        self.initial_learning_rate = number(self, "initial_learning_rate", initial_learning_rate, 0, ends="()")
        self.first_decay_steps = number(self, "first_decay_steps", first_decay_steps, 0, ends="()")
        self.t_mul = number(self, "t_mul", t_mul, 1)
        self.m_mul = number(self, "m_mul", m_mul, 0, ends="()")
        self.alpha = number(self, "alpha", alpha, 0, 1, "[]")

    def rate(self, t: float) -> float:
        # Subtracting whole periods is exact; the closed form's logarithm can miss a restart by one step.
        period, restarts = self.first_decay_steps, 0
        if self.t_mul == 1:
            restarts, t = int(t // period), t % period
        while t >= period:
            t, period, restarts = t - period, period * self.t_mul, restarts + 1
        height = self.m_mul**restarts * _cosine(t / period)
        return self.initial_learning_rate * ((1 - self.alpha) * height + self.alpha)


class OneCycle(Schedule):
    """Up once and down once, both along half a cosine, in ``total_steps``; then η stays at its lowest.

    From η_max/``div_factor`` to η_max in the fraction ``pct_start`` of the steps, then down to
    η_max/(``div_factor`` · ``final_div_factor``) (Smith & Topin 2018, "Super-convergence"; arguments and steps as
    in PyTorch's OneCycleLR).

    >>> schedule = OneCycle(0.1, total_steps=101, pct_start=0.5)
    >>> round(schedule(0), 6), round(schedule(49.5), 6), round(schedule(100), 12)
    (0.004, 0.1, 4e-07)
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        self.max_learning_rate = number(self, "max_learning_rate", max_learning_rate, 0, ends="()")
        self.total_steps = count(self, "total_steps", total_steps, 2)
        self.pct_start = number(self, "pct_start", pct_start, 0, 1)
        self.div_factor = number(self, "div_factor", div_factor, 1)
        self.final_div_factor = number(self, "final_div_factor", final_div_factor, 1)

    def rate(self, t: float) -> float:
        top, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        high = self.max_learning_rate
        start = high / self.div_factor
        if t < top:
            return high + (start - high) * _cosine(t / top)
        end = start / self.final_div_factor
        return end + (high - end) * _cosine(min((t - top) / (last - top), 1.0))


def _cosine(p: float) -> float:
    """Return ½ (1 + cos πp): from 1 at p = 0 down to 0 at p = 1."""
    return 0.5 * (1 + math.cos(math.pi * p))


def _listed(owner: object, name: str, values: Any) -> list[Any]:
    if not isinstance(values, list | tuple) and not (isinstance(values, np.ndarray) and values.ndim == 1):
        raise ConfigError(f"{type(owner).__name__}: {name} must be a list of numbers, got {values!r}")
    return list(values)


registry: Registry[Schedule] = Registry("schedule", Schedule)
for _schedule in (
    ExponentialDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    CosineDecay,
    CosineDecayRestarts,
    InverseTimeDecay,
    OneCycle,
):
    registry.add(_schedule)
get = registry.get
