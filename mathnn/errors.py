"""The errors of the library: each says who raised it, what it got, what it expected and how to fix it.

All of them are :class:`MathnnError`, which is a ``ValueError``, so one ``except`` catches the lot.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ConfigError",
    "DownloadError",
    "DtypeError",
    "FormatError",
    "LabelError",
    "MathnnError",
    "NonFiniteError",
    "ShapeError",
    "StateError",
]


class MathnnError(ValueError):
    """Base of every error that mathnn raises on purpose."""


class ShapeError(MathnnError):
    """An array has the wrong number of axes, or axes of the wrong length."""


class DtypeError(MathnnError):
    """An array holds something other than the numbers that are needed (text, objects, complex numbers)."""


class LabelError(MathnnError):
    """Targets are of the wrong kind for the loss or metric, or out of its range."""


class ConfigError(MathnnError):
    """An argument of a constructor or of ``compile`` or ``fit`` has no meaning there."""


class StateError(MathnnError):
    """A call came too early or too late: before ``build``, without a cached forward, with a layer in use."""


class NonFiniteError(MathnnError):
    """NaN or infinity stands where a finite number is needed."""


class FormatError(MathnnError):
    """A file is not a saved model, or is truncated, altered, newer than this library, or holds pickled objects."""


class DownloadError(MathnnError):
    """A file of a data set is neither in the cache folder nor to be had from the net."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the nearest known name, then all of them.

    >>> nearest("rellu", ["relu", "tanh"])
    "Did you mean 'relu'? Known: 'relu', 'tanh'."
    """
    known = sorted(known)
    close = get_close_matches(str(name).lower(), known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(map(repr, known))}."
