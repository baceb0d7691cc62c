"""What the small parts accept when a reader tries them: anything array-like that holds real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DtypeError, ShapeError

__all__ = ["Array", "floats"]

Array = NDArray[np.floating[Any]]


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
    try:
        array = np.asarray(x)
    except ValueError:
        raise ShapeError(
            f"{who} needs a rectangular array, got rows of different lengths; pad them or pass one by one"
        ) from None
    if array.dtype.kind not in "fiub":
        hint = "take x.real or abs(x)" if array.dtype.kind == "c" else "convert it first, with x.astype(float)"
        raise DtypeError(f"{who} needs real numbers, got dtype {array.dtype}; {hint}")
    return array if array.dtype == np.float32 or array.dtype == np.float64 else array.astype(np.float64)
