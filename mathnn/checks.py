"""Checks of the arguments that are no arrays, worded alike wherever a constructor or function takes one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from os import PathLike, fsencode
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ConfigError, ShapeError

__all__ = ["axes", "choice", "count", "flag", "name_of", "number", "path"]

#: The largest count: what is longer than this fits into no memory, and what is done more often never ends.
MOST = 2**31 - 1


def name_of(owner: object) -> str:
    """Return who raises: an object's class, or the name itself."""
    return owner if isinstance(owner, str) else type(owner).__name__


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
    try:
        x = float(value) if isinstance(value, Real) and not isinstance(value, bool | np.timedelta64) else math.nan
    except OverflowError:  # an integer or a fraction of more than 308 digits
        x = math.inf
    above = low <= x if ends[0] == "[" else low < x
    below = x <= high if ends[1] == "]" else x < high
    if above and below and math.isfinite(x):
        return x + 0.0  # for which -0.0 is 0.0
    opening = "(" if low == -math.inf else ends[0]
    raise ConfigError(
        f"{name_of(owner)}: {name} must be a number in {opening}{low:g}, {high:g}{ends[1]}, got {_shown(value)}"
    )


def count(owner: object, name: str, value: Any, low: int, high: float = MOST) -> int:
    """Return ``value`` as an int, or raise ConfigError unless it is an integer from ``low`` to ``high``."""
    if not isinstance(value, Integral) or isinstance(value, bool | np.timedelta64) or int(value) < low:
        raise ConfigError(f"{name_of(owner)}: {name} must be an integer of {low} or more, got {_shown(value)}")
    if int(value) > high:
        raise ConfigError(f"{name_of(owner)}: {name} must be an integer of at most {high:,}, got {_shown(value)}")
    return int(value)


def flag(owner: object, name: str, value: Any) -> bool:
    """Return ``value`` as a bool, or raise ConfigError unless it is True or False.

    >>> flag("Dense", "use_bias", "no")
    Traceback (most recent call last):
    mathnn.errors.ConfigError: Dense: use_bias must be True or False, got 'no'
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise ConfigError(f"{name_of(owner)}: {name} must be True or False, got {_shown(value)}")


def choice(owner: object, name: str, value: Any, known: Iterable[str]) -> str:
    """Return ``value``, or raise ConfigError unless it is one of the known names.

    >>> choice("Branches", "merge", "sum", ("concat", "add"))
    Traceback (most recent call last):
    mathnn.errors.ConfigError: Branches: merge must be 'concat' or 'add', got 'sum'
    """
    known = list(known)
    if isinstance(value, str) and value in known:
        return value
    names = " or ".join(map(repr, known)) if len(known) == 2 else f"one of {', '.join(map(repr, known))}"
    raise ConfigError(f"{name_of(owner)}: {name} must be {names}, got {_shown(value)}")


def axes(owner: object, shape: Any) -> tuple[int, ...]:
    """Return a shape, given as one integer or several, as a tuple; ShapeError unless all are integers of 0 or more."""
    lengths = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not all(isinstance(n, Integral) and not isinstance(n, bool | np.timedelta64) and int(n) >= 0 for n in lengths):
        raise ShapeError(
            f"{name_of(owner)}: shape must be integers of 0 or more, such as (64, 10), got {_shown(shape)}"
        )
    if math.prod(map(int, lengths)) > MOST or len(lengths) > 64:
        raise ShapeError(f"{name_of(owner)}: an array of shape {_shown(shape)} is too large for any memory")
    return tuple(map(int, lengths))


def path(owner: object, value: Any) -> Path:
    """Return ``value`` as a path, or raise ConfigError unless it is the name of a file."""
    try:
        if isinstance(value, str | PathLike) and fsencode(value).strip(b"\0"):
            return Path(value)
    except (TypeError, ValueError):  # bytes, or text that no file system can hold
        pass
    raise ConfigError(f"{name_of(owner)}: the name of the file must be text or a pathlib.Path, got {_shown(value)}")


def _shown(value: Any) -> str:
    """Return a value as an error message shows it: on one line, and not all of it where it is long."""
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 100 else f"{text[:90]}... ({type(value).__name__})"
