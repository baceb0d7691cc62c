"""The schedules in SymPy: t ↦ η(t), t being the number of steps taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp
from sympy import Expr, Max, Min, Piecewise, Rational, cos, floor, log, pi

from .symbols import positive, vector

__all__ = ["SCHEDULES"]

eta_0, eta_1, eta_max, T, gamma = map(positive, ("eta_0", "eta_1", "eta_max", "T", "gamma"))
TWO, WARM_UP, START, END = sp.Integer(2), Rational(3, 10), sp.Integer(25), sp.Integer(10_000)
BOUNDARIES, VALUES = vector("b", 2), vector("eta", 3)


def _wave(p: Expr) -> Expr:
    return (1 + cos(pi * p)) / 2


def _exponential(
    t: Expr,
    initial_learning_rate: Expr = eta_0,
    decay_steps: Expr = T,
    decay_rate: Expr = gamma,
    staircase: bool = False,
) -> Expr:
    return initial_learning_rate * decay_rate ** (floor(t / decay_steps) if staircase else t / decay_steps)


def _inverse_time(
    t: Expr,
    initial_learning_rate: Expr = eta_0,
    decay_steps: Expr = T,
    decay_rate: Expr = gamma,
    staircase: bool = False,
) -> Expr:
    return initial_learning_rate / (1 + decay_rate * (floor(t / decay_steps) if staircase else t / decay_steps))


def _piecewise(t: Expr, boundaries: Sequence[Expr] = BOUNDARIES, values: Sequence[Expr] = VALUES) -> Expr:
    return Piecewise(*((value, t <= b) for b, value in zip(boundaries, values, strict=False)), (values[-1], True))


def _polynomial(
    t: Expr,
    initial_learning_rate: Expr = eta_0,
    decay_steps: Expr = T,
    end_learning_rate: Expr = eta_1,
    power: Expr = sp.S.One,
    cycle: bool = False,
) -> Expr:
    end = decay_steps * Max(1, sp.ceiling(t / decay_steps)) if cycle else decay_steps
    return (initial_learning_rate - end_learning_rate) * (1 - Min(t / end, 1)) ** power + end_learning_rate


def _cosine(
    t: Expr,
    initial_learning_rate: Expr = eta_0,
    decay_steps: Expr = T,
    alpha: Expr = sp.S.Zero,
    warmup_target: Expr | None = None,
    warmup_steps: Expr = sp.S.Zero,
) -> Expr:
    def decay(peak: Expr, t: Expr) -> Expr:
        return peak * ((1 - alpha) * _wave(Min(t / decay_steps, 1)) + alpha)

    if warmup_target is None:
        return decay(initial_learning_rate, t)
    rise = initial_learning_rate + (warmup_target - initial_learning_rate) * t / warmup_steps
    return Piecewise((rise, t < warmup_steps), (decay(warmup_target, t - warmup_steps), True))


def _cosine_restarts(
    t: Expr,
    initial_learning_rate: Expr = eta_0,
    first_decay_steps: Expr = T,
    t_mul: Expr = TWO,
    m_mul: Expr = sp.S.One,
    alpha: Expr = sp.S.Zero,
) -> Expr:
    if t_mul == 1:
        i, p = floor(t / first_decay_steps), t / first_decay_steps - floor(t / first_decay_steps)
    else:
        i = floor(log(1 + t / first_decay_steps * (t_mul - 1)) / log(t_mul))
        start = first_decay_steps * (t_mul**i - 1) / (t_mul - 1)
        p = (t - start) / (first_decay_steps * t_mul**i)
    return initial_learning_rate * ((1 - alpha) * m_mul**i * _wave(p) + alpha)


def _one_cycle(
    t: Expr,
    max_learning_rate: Expr = eta_max,
    total_steps: Expr = T,
    pct_start: Expr = WARM_UP,
    div_factor: Expr = START,
    final_div_factor: Expr = END,
) -> Expr:
    top, last, start = pct_start * total_steps - 1, total_steps - 1, max_learning_rate / div_factor
    up = max_learning_rate + (start - max_learning_rate) * _wave(t / top)
    end = start / final_div_factor
    down = end + (max_learning_rate - end) * _wave(Min((t - top) / (last - top), 1))
    return Piecewise((up, t < top), (down, True))


SCHEDULES: dict[str, Callable[..., Expr]] = {
    "exponential_decay": _exponential,
    "piecewise_constant_decay": _piecewise,
    "polynomial_decay": _polynomial,
    "cosine_decay": _cosine,
    "cosine_decay_restarts": _cosine_restarts,
    "inverse_time_decay": _inverse_time,
    "one_cycle": _one_cycle,
}
