"""One check of a numeric argument, worded alike wherever a constructor takes one."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from .errors import ConfigError

__all__ = ["count", "number"]


def number(
    owner: object,
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    ends: str = "[)",
) -> float:
    """Return ``value`` as a float; ConfigError unless it is a finite number between ``low`` and ``high``.

    ``ends`` says which end belongs to the range: "[)" is the half-open one.

    >>> number("Adam", "beta_1", 0.9, 0, 1)
    0.9
    >>> number("Adam", "beta_1", 1.0, 0, 1)
    Traceback (most recent call last):
    mathnn.errors.ConfigError: Adam: beta_1 must be a number in [0, 1), got 1.0
    """
    who = owner if isinstance(owner, str) else type(owner).__name__
    x = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    above = low <= x if ends[0] == "[" else low < x
    below = x <= high if ends[1] == "]" else x < high
    if above and below and math.isfinite(x):
        return x
    opening = "(" if low == -math.inf else ends[0]
    raise ConfigError(f"{who}: {name} must be a number in {opening}{low:g}, {high:g}{ends[1]}, got {value!r}")


def count(owner: object, name: str, value: Any, low: int) -> int:
    """Return ``value`` as an int, or raise ConfigError unless it is an integer of ``low`` or more."""
    who = owner if isinstance(owner, str) else type(owner).__name__
    if isinstance(value, bool) or not isinstance(value, Integral) or value < low:
        raise ConfigError(f"{who}: {name} must be an integer of {low} or more, got {value!r}")
    return int(value)
