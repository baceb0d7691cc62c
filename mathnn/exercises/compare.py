"""Two results side by side: are they the same, and if not, in what way do they differ?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["diagnose", "same", "show"]

Array = np.ndarray[Any, Any]
#: One array of numbers within a result: where it stands, what was given, what was wanted, and the batch size.
Leaf = tuple[str, Array, Array, int]

RTOL, ATOL = 1e-6, 1e-9


def same(got: Any, want: Any, exact: bool = False) -> bool:
    """Return whether two results agree: shapes exactly, numbers to six digits or ``exact``, text but for its case."""
    if isinstance(want, dict):
        return isinstance(got, dict) and got.keys() == want.keys() and all(same(got[k], want[k], exact) for k in want)
    got, want = (list(x) if isinstance(x, np.ndarray) and x.ndim and _numbers(x) is None else x for x in (got, want))
    if isinstance(want, tuple) or (isinstance(want, list) and _numbers(want) is None):
        alike = isinstance(got, tuple | list) and len(got) == len(want)
        return alike and all(same(g, w, exact) for g, w in zip(got, want, strict=True))
    if isinstance(want, str):
        return isinstance(got, str) and _plain(got) == _plain(want)
    a, b = _numbers(got), _numbers(want)
    if a is None or b is None:
        return a is None and b is None and bool(got == want)
    return a.shape == b.shape and (np.array_equal(a, b, equal_nan=True) if exact else _close(a, b))


def diagnose(cases: list[tuple[Any, Any, int]], reveal: bool) -> str:
    """Return how the results differ, from the coarse to the fine: kind, shape, NaN, sign, factor, offset, entry.

    Each case is what was given, what was wanted, and its batch size. Without ``reveal`` what was wanted stays hidden.
    """
    for got, want, _ in cases:
        if note := _structure(got, want, reveal):
            return note
    return _relation([leaf for case in cases for leaf in _leaves(*case)], reveal)


def show(value: Any, most: int = 12) -> str:
    """Return a short text for a value, with the digits that are the same on every machine.

    Of an array of more than ``most`` numbers it gives the shape.

    >>> show((np.array([[1 / 3, 2.0]]), 1e-20, "relu", np.zeros((9, 9))))
    "([[0.3333, 2]], 0, 'relu', an array of shape (9, 9))"
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {show(v, most)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(show(v, most) for v in value)}{',' * (len(value) == 1)})"
    numbers = _numbers(value)
    if numbers is None:
        return repr(value) if value is None or isinstance(value, str) else f"an object of type {type(value).__name__}"
    return f"an array of shape {numbers.shape}" if numbers.size > most else _digits(numbers.tolist())


def _digits(x: Any) -> str:
    """Return numbers, nested in lists, with four digits; whole numbers with all."""
    if isinstance(x, list):
        return f"[{', '.join(map(_digits, x))}]"
    whole = abs(x) < 1e15 and abs(x - round(x)) < 1e-12
    return str(round(x)) if whole else f"{x:.4g}"


def _numbers(x: Any) -> Array | None:
    """Return real numbers, nested in any way, as floats; None for everything else."""
    try:
        array = np.asarray(x)
    except (TypeError, ValueError):
        return None
    return array.astype(np.float64) if array.dtype.kind in "biuf" else None


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character not in " -_")


def _close(a: Array, b: Array) -> bool:
    return bool(np.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True))


def _structure(got: Any, want: Any, reveal: bool, what: str = "the result") -> str | None:
    """Return what is wrong before any two numbers can be compared, or None."""
    top = what == "the result"
    if got is None:
        return (
            "Your function returned None: is a `return` missing?" if top else f"Something is missing: {what} is None."
        )
    if isinstance(want, dict | tuple):
        kind = "dictionary" if isinstance(want, dict) else "tuple"
        if not isinstance(got, dict if kind == "dictionary" else tuple | list) or len(got) != len(want):
            size = f" and has {len(got)}" if isinstance(got, dict | tuple | list) else ""
            return f"Here a {kind} of {len(want)} is expected: {what} is of type {type(got).__name__}{size}."
        keys = list(want) if isinstance(want, dict) else range(len(want))
        if isinstance(want, dict) and (missing := [k for k in keys if k not in got]):
            return f"The key {missing[0]!r} is missing."
        notes = (_structure(got[k], want[k], reveal, _place("" if top else what, k)) for k in keys)
        return next((note for note in notes if note), None)
    a, b = _numbers(got), _numbers(want)
    if b is None:
        shown = f": expected {show(want)}" if reveal else ""
        return None if same(got, want) else f"Not right: {what} is {show(got)}{shown}."
    if a is None:
        return f"Real numbers are expected, but {what} is {show(got)}."
    if a.shape == b.shape:
        return None
    if a.T.shape == b.shape and a.ndim > 1 and _close(a.T, b):
        return f"Transpose {what}: its shape is {a.shape}, but {b.shape} is expected."
    if a.size == b.size and _close(a.ravel(), b.ravel()):
        return f"The numbers of {what} are right, but its shape is {a.shape} and {b.shape} is expected."
    return f"The shape of {what} is {a.shape}, but {b.shape} is expected."


def _place(what: str, key: Any) -> str:
    return f"{what}[{key!r}]" if what else f"`{key}`" if isinstance(key, str) else f"item {key + 1} of the result"


def _leaves(got: Any, want: Any, m: int, what: str = "") -> Iterator[Leaf]:
    """Yield every pair of number arrays of two results of the same structure."""
    if isinstance(want, dict | tuple):
        for key in want if isinstance(want, dict) else range(len(want)):
            yield from _leaves(got[key], want[key], m, _place(what, key))
    elif (b := _numbers(want)) is not None and (a := _numbers(got)) is not None:
        yield what or "the result", a, b, m


def _relation(leaves: list[Leaf], reveal: bool) -> str:
    """Return how numbers of the right shapes differ."""
    g = np.concatenate([given.ravel() for _, given, _, _ in leaves])
    w = np.concatenate([want.ravel() for _, _, want, _ in leaves])
    m = np.concatenate([np.full(want.size, size) for _, _, want, size in leaves])
    lost = ~np.isfinite(g) & np.isfinite(w)
    if lost.any():
        return (
            f"NaN or infinity stands in {lost.sum()} of {g.size} places: "
            "look for a division by zero, a logarithm of zero, or an overflow of exp."
        )
    matrices = [(given, want) for _, given, want, _ in leaves if want.ndim == 2]
    if matrices and all(a.T.shape == b.shape and _close(a.T, b) for a, b in matrices) and not _close(g, w):
        return "The result is transposed."
    if _close(g, -w):
        return "Every number has the wrong sign."
    if m.max() > 1 and _close(g, m * w):
        return "Every number is m times too large: you summed over the batch but did not divide by its size m."
    if m.max() > 1 and _close(m * g, w):
        return "Every number is m times too small: you divided by the size m of the batch once too often."
    if len(np.unique(w[w != 0])) > 1 and _close(g, (factor := (g @ w) / (w @ w)) * w):
        return f"Every number is {factor:.4g} times what it should be."
    if len(np.unique(w)) > 1 and _close(g, w + (offset := float(np.mean(g - w)))):
        return f"Every number is off by the same {offset:.4g}."
    wrong = ~np.isclose(g, w, rtol=RTOL, atol=ATOL, equal_nan=True)
    what, given, want = next(leaf[:3] for leaf in leaves if not _close(leaf[1], leaf[2]))
    index = tuple(map(int, np.argwhere(~np.isclose(given, want, rtol=RTOL, atol=ATOL, equal_nan=True))[0]))
    place = f"{what}{list(index) if index else ''}"
    here, right = show(given[index]), show(want[index])
    if here == right:  # four digits hide the difference
        here, right = f"{given[index]:.10g}", f"{want[index]:.10g}"
    expected = f", expected {right}" if reveal else ""
    count = f"Wrong in {wrong.sum()} of {g.size} numbers, first here: " if g.size > 1 else "Not right: "
    return f"{count}{place} is {here}{expected}."
