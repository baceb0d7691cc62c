"""What the small parts accept when a reader tries them: anything array-like that holds real numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError, DtypeError, NonFiniteError, ShapeError

__all__ = ["Array", "all_finite", "as_real_dtype", "finite", "floats", "numbers", "samples"]

Array = NDArray[np.floating[Any]]


def numbers(who: str, x: Any) -> NDArray[Any]:
    """Return ``x`` as an array of booleans, integers or floats of up to 64 bits; no copy is made where none is needed.

    Longer floats become float64, and those that it cannot hold infinite. Raises ShapeError for rows of different
    lengths, DtypeError for text, objects, complex numbers and dates.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise ShapeError(
            f"{who} needs a rectangular array, got rows of different lengths; pad them or pass one by one"
        ) from None
    if array.dtype.kind not in "fiub":
        hint = "convert it first, with x.astype(float); one_hot makes numbers of categories"
        if array.dtype.kind == "c":
            hint = "take x.real or abs(x), or give both parts as two columns"
        raise DtypeError(f"{who} needs real numbers, got dtype {array.dtype}; {hint}")
    if array.dtype.itemsize > 8:
        with np.errstate(over="ignore", under="ignore"):
            return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def floats(who: str, x: Any) -> Array:
    """Return ``x`` as an array of floats: float32 stays, every other real dtype becomes float64.

    No copy is made where none is needed, so do not write to it.

    Raises ShapeError for rows of different lengths, DtypeError for text, objects, complex numbers and dates.

    >>> floats("relu", [1, 2]).dtype
    dtype('float64')
    >>> floats("relu", "1.5")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mathnn.errors.DtypeError: relu needs real numbers, got dtype <U3; convert it first, with x.astype(float); ...
    """
    array = numbers(who, x)
    return array if array.dtype == np.float32 or array.dtype == np.float64 else array.astype(np.float64)


def all_finite(x: NDArray[Any]) -> bool:
    """Whether every number is finite.

    x · x is finite only then, and takes one pass of the BLAS. Where it is not, perhaps because a square is too large,
    each number is asked. That is 3 µs less on a small batch, and a third less time on a large one.
    """
    return x.dtype.kind != "f" or math.isfinite(np.vdot(x, x)) or bool(np.isfinite(x).all())


def finite(what: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself; raise NonFiniteError if it holds NaN or infinity."""
    if not all_finite(array):
        good = np.isfinite(array)
        first = tuple(int(i) for i in np.argwhere(~good)[0])
        raise NonFiniteError(
            f"{what} holds {int(good.size - good.sum())} entries that are NaN or infinite, the first at "
            f"index {first}; remove or fill them, or find the division by zero or the overflow they come from"
        )
    return array


def samples(who: str, what: str, x: Any) -> NDArray[Any]:
    """Return ``x`` as :func:`numbers` does; raise ShapeError if it is empty, NonFiniteError for NaN and infinity."""
    array = numbers(f"{who}: {what}", x)
    if array.size == 0:
        raise ShapeError(f"{who}: {what} is empty (shape {array.shape}); it needs at least one sample")
    return finite(f"{who}: {what}", array)


def as_real_dtype(who: str, dtype: Any) -> np.dtype[Any]:
    """Return a dtype of real numbers, or raise ConfigError."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except (TypeError, ValueError):
        found = np.dtype(object)
    if found.kind not in "fiub" or found.itemsize > 8:
        raise ConfigError(f"{who}: dtype must be one of real numbers, such as 'float32', got {dtype!r}")
    return found
