"""The optimizers in SymPy: (g, t) ↦ the new value of θ and of each state symbol, in terms of their old values.

The formulas are the published ones, with the running means themselves. ``start`` says where the state begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy as sp
from sympy import Abs, Expr, Max, Rational, Symbol, sign, sqrt

from .symbols import beta_1, beta_2, epsilon, eta, lam, positive, rho, theta

__all__ = ["OPTIMIZERS", "start"]

m, v, u, a, w = sp.symbols("m v u a w", real=True)
v_max, product = sp.symbols("v_max Pi", real=True)
v_0 = positive("v_0")
State = dict[Symbol, Expr]


def _sgd(g: Expr, t: Expr, learning_rate: Expr = eta, momentum: Expr = sp.S.Zero, nesterov: bool = False) -> State:
    if momentum == 0:
        return {theta: theta - learning_rate * g}
    new = momentum * v - learning_rate * g
    return {v: new, theta: theta + (momentum * new - learning_rate * g if nesterov else new)}


def _adagrad(
    g: Expr, t: Expr, learning_rate: Expr = eta, initial_accumulator_value: Expr = v_0, epsilon: Expr = epsilon
) -> State:
    new = v + g**2
    return {v: new, theta: theta - learning_rate * g / (sqrt(new) + epsilon)}


def _adadelta(g: Expr, t: Expr, learning_rate: Expr = eta, rho: Expr = rho, epsilon: Expr = epsilon) -> State:
    new = rho * v + (1 - rho) * g**2
    step = g * sqrt(u + epsilon) / sqrt(new + epsilon)
    return {v: new, u: rho * u + (1 - rho) * step**2, theta: theta - learning_rate * step}


def _rmsprop(
    g: Expr,
    t: Expr,
    learning_rate: Expr = eta,
    rho: Expr = rho,
    momentum: Expr = sp.S.Zero,
    epsilon: Expr = epsilon,
    centered: bool = False,
) -> State:
    square, mean = rho * v + (1 - rho) * g**2, rho * a + (1 - rho) * g
    step = learning_rate * g / (sqrt(square - mean**2 if centered else square) + epsilon)
    new: State = {v: square} | ({a: mean} if centered else {})
    if momentum == 0:
        return new | {theta: theta - step}
    return new | {w: momentum * w + step, theta: theta - (momentum * w + step)}


def _adam(
    g: Expr,
    t: Expr,
    learning_rate: Expr = eta,
    beta_1: Expr = beta_1,
    beta_2: Expr = beta_2,
    epsilon: Expr = epsilon,
    amsgrad: bool = False,
) -> State:
    first, second = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    largest = Max(v_max, second) if amsgrad else second
    m_hat, v_hat = first / (1 - beta_1**t), largest / (1 - beta_2**t)
    new: State = {m: first, v: second} | ({v_max: largest} if amsgrad else {})
    return new | {theta: theta - learning_rate * m_hat / (sqrt(v_hat) + epsilon)}


def _adamw(g: Expr, t: Expr, learning_rate: Expr = eta, weight_decay: Expr = lam, **adam: Any) -> State:
    new = _adam(g, t, learning_rate, **adam)
    return new | {theta: new[theta] - learning_rate * weight_decay * theta}


def _nadam(
    g: Expr, t: Expr, learning_rate: Expr = eta, beta_1: Expr = beta_1, beta_2: Expr = beta_2, epsilon: Expr = epsilon
) -> State:
    now, ahead = (beta_1 * (1 - Rational(1, 2) * Rational(96, 100) ** i) for i in (t, t + 1))
    first, second = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    so_far = product * now
    m_hat = ahead * first / (1 - so_far * ahead) + (1 - now) * g / (1 - so_far)
    step = learning_rate * m_hat / (sqrt(second / (1 - beta_2**t)) + epsilon)
    return {m: first, v: second, product: so_far, theta: theta - step}


def _adamax(
    g: Expr, t: Expr, learning_rate: Expr = eta, beta_1: Expr = beta_1, beta_2: Expr = beta_2, epsilon: Expr = epsilon
) -> State:
    first, largest = beta_1 * m + (1 - beta_1) * g, Max(beta_2 * u, Abs(g))
    return {m: first, u: largest, theta: theta - learning_rate / (1 - beta_1**t) * first / (largest + epsilon)}


def _lion(
    g: Expr, t: Expr, learning_rate: Expr = eta, beta_1: Expr = beta_1, beta_2: Expr = beta_2, weight_decay: Expr = lam
) -> State:
    step = sign(beta_1 * m + (1 - beta_1) * g) + weight_decay * theta
    return {m: beta_2 * m + (1 - beta_2) * g, theta: theta - learning_rate * step}


OPTIMIZERS: dict[str, Callable[..., State]] = {
    "sgd": _sgd,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adamw,
    "nadam": _nadam,
    "adamax": _adamax,
    "lion": _lion,
}


def start(name: str, state: Iterable[Symbol], initial_accumulator_value: Expr = v_0, **_: Any) -> State:
    """Return what the state symbols are before the first step.

    That is 0, but for Adagrad's v and for Nadam's product, which is empty.
    """
    first = {"adagrad": {v: initial_accumulator_value}, "nadam": {product: sp.S.One}}.get(name, {})
    return {symbol: first.get(symbol, sp.S.Zero) for symbol in state if symbol is not theta}
