"""Limits on weights: ``constraint(w)`` returns the nearest weights that are allowed, after each update.

``axis`` is the axis, or the axes, along which a norm is taken. For a dense kernel (d, k) axis 0 collects the
weights that enter a unit; for a convolution kernel (kh, kw, c_in, c_out) those are (0, 1, 2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array, finite, floats
from .checks import number
from .configurable import Configurable, Registry
from .errors import ConfigError, ShapeError

__all__ = ["Constraint", "MaxNorm", "UnitNorm", "get", "registry"]

Axis = int | tuple[int, ...]


class Constraint(Configurable):
    """Base of the constraints: ``constraint(w)`` returns a new array of w's shape and dtype.

    Raises DtypeError where w does not hold real numbers, ShapeError where it lacks the axis, NonFiniteError where a
    norm is not finite.
    """

    def __call__(self, w: Any) -> Array:
        """Return the nearest allowed weights."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(w)")


def _axis(owner: Constraint, axis: Any) -> Axis:
    """Return axis as an int or a tuple of ints, or raise ConfigError."""
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    if not axes or not all(isinstance(a, int | np.integer) and not isinstance(a, bool | np.timedelta64) for a in axes):
        raise ConfigError(f"{type(owner).__name__}: axis must be an integer or a tuple of integers, got {axis!r}")
    return tuple(int(a) for a in axes) if isinstance(axis, tuple | list) else int(axis)


def _norms(owner: Constraint, W: Array, axis: Axis) -> Array:
    """Return ‖W‖₂ along axis, which stays as an axis of length 1."""
    try:
        with np.errstate(over="ignore"):
            squares = np.square(W, dtype=np.float64).sum(axis=axis, keepdims=True)
    except (np.exceptions.AxisError, ValueError, OverflowError):
        raise ShapeError(
            f"{type(owner).__name__}(axis={axis}) needs that axis, once, and got weights of shape {W.shape}"
        ) from None
    norms: Array = np.sqrt(finite(f"{type(owner).__name__}: the squared norms of the weights", squares))
    return norms


class MaxNorm(Constraint):
    """w · min(1, c / ‖w‖), with c = ``max_value``: no longer than c (Srebro and Shraibman, 2005).

    Keras divides by ‖w‖ + 1e-7; here weights within the limit stay as they are, to the bit.

    >>> MaxNorm(max_value=1.0)([[3.0, 0.1], [4.0, 0.0]]).round(12).tolist()
    [[0.6, 0.1], [0.8, 0.0]]
    """

    def __init__(self, max_value: float = 2.0, axis: Axis = 0) -> None:
        self.max_value = number(self, "max_value", max_value, 0, ends="()")
        self.axis = _axis(self, axis)

    def __call__(self, w: Any) -> Array:
        W = floats("MaxNorm", w)
        norms = _norms(self, W, self.axis)
        return W * (self.max_value / np.maximum(norms, self.max_value)).astype(W.dtype)


class UnitNorm(Constraint):
    """w / ‖w‖: of length 1. Weights that are all zero have no direction and stay zero.

    Keras divides by ‖w‖ + 1e-7.

    >>> UnitNorm()([[3.0, 0.0], [4.0, 0.0]]).round(12).tolist()
    [[0.6, 0.0], [0.8, 0.0]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = _axis(self, axis)

    def __call__(self, w: Any) -> Array:
        W = floats("UnitNorm", w)
        norms = _norms(self, W, self.axis)
        return (W / np.where(norms > 0, norms, 1)).astype(W.dtype)


registry: Registry[Constraint] = Registry("constraint", Constraint)
registry.add(MaxNorm)
registry.add(UnitNorm)


def get(which: Any) -> Constraint | None:
    """Return the constraint of that name, the instance handed in, or None for None."""
    return None if which is None else registry.get(which)
