"""Values of all kinds, drawn with a ``random.Random``: what a reader may hand to any function by mistake.

``anything`` makes a value out of nothing; ``twisted`` takes a valid value and changes one thing about it, which reaches
the checks behind the first. Sizes are small or so large that nothing could allocate them: nothing in between, which
would only fill the machine's memory.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np

__all__ = ["anything", "array", "twisted"]

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", "c8", "c16"]
ODD_DTYPES = ["M8[D]", "m8[s]", "O", "U3", "S3", "V4", [("a", "f8"), ("b", "i4")]]
SHAPES = [(), (0,), (1,), (3,), (5,), (1, 1), (0, 3), (5, 0), (3, 1), (5, 4), (4, 5), (5, 3, 2), (2, 0, 3), (1,) * 12]
EXTREMES = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308, 3e38, 1e-300, 5e-324, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0]


# fmt: off
SCALARS = [
    0, 1, 2, 3, -1, 7, 10**400, 2**31, 2**63, -(10**400), 0.5, 0.0, -0.0, 1.0, -0.5, 1e-320, 1e300, -1e300, 2.5,
    float("nan"), float("inf"), -float("inf"), True, False, 1j, "1", "0.5", b"1", None,
    np.int8(3), np.uint64(2**64 - 1), np.float16(0.5), np.float32(0.25), np.float64(np.nan), np.longdouble("1e4000"),
    np.bool_(True), np.complex64(1), np.array(1.0), np.array([1.0]), np.array([1, 2]), np.datetime64("2000-01-01"),
    np.timedelta64(3), fractions.Fraction(1, 3), fractions.Fraction(10**400), decimal.Decimal("0.5"),
    datetime.date(2000, 1, 1),
]
# fmt: on


class ArrayLike:
    """What is no array and turns into one, like a data frame."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"ArrayLike({self.values!r})"


class Nothing:
    """An object with nothing to offer."""


def generated(values: Any) -> Iterator[Any]:
    """A generator, which can be read once and has no length."""
    yield from values


def array(r: Random) -> np.ndarray:
    """An array of any shape, dtype, content and layout."""
    shape = r.choice(SHAPES)
    rng = np.random.default_rng(r.randrange(1000))
    if r.random() < 0.15:
        dtype = np.dtype(r.choice(ODD_DTYPES))
        return np.zeros(shape, dtype) if dtype.kind != "O" else np.full(shape, r.choice([None, 1, "a"]), object)
    content = r.choice(["normal", "counts", "zero", "one", "large"])
    X = {
        "normal": lambda: rng.standard_normal(shape),
        "counts": lambda: rng.integers(0, 4, shape).astype(float),
        "zero": lambda: np.zeros(shape),
        "one": lambda: np.ones(shape),
        "large": lambda: rng.integers(-(10**6), 10**6, shape).astype(float),
    }[content]()
    return laid_out(r, spoiled(r, cast(X, r.choice(DTYPES))))


def cast(X: np.ndarray, dtype: Any) -> np.ndarray:
    """X in another dtype, whatever becomes of the numbers."""
    with np.errstate(all="ignore"):
        return np.asarray(X).astype(dtype)


def spoiled(r: Random, X: np.ndarray) -> np.ndarray:
    """Half of the time, X with an extreme number in one place or in all."""
    if r.random() < 0.5 or X.size == 0 or X.dtype.kind not in "fiu":
        return X
    X = X.copy()
    with np.errstate(all="ignore"):
        if X.dtype.kind == "f":
            value = X.dtype.type(r.choice(EXTREMES))
        else:
            value = X.dtype.type(r.choice([np.iinfo(X.dtype).min, np.iinfo(X.dtype).max, 0, 1]))
    if r.random() < 0.5:
        X.reshape(-1)[r.randrange(X.size)] = value
    else:
        X[...] = value
    return X


def laid_out(r: Random, X: np.ndarray) -> np.ndarray:
    """The same numbers, otherwise in memory."""
    way = r.randrange(7)
    if way == 1:
        return np.asfortranarray(X)
    if way == 2 and X.ndim:
        twice = np.repeat(X, 2, axis=-1)
        return twice[..., ::2]
    if way == 3 and X.ndim:
        return np.ascontiguousarray(X[::-1])[::-1]
    if way == 4:
        X = X.copy()
        X.setflags(write=False)
    if way == 5 and X.ndim and X.shape[0]:
        return np.broadcast_to(X[:1], X.shape)
    if way == 6 and X.dtype.kind in "fiu" and X.dtype.itemsize > 1:
        return X.astype(X.dtype.newbyteorder())
    return X


def scalar(r: Random) -> Any:
    """A number of any kind, or what looks like one."""
    return r.choice(SCALARS)


def oddity(r: Random) -> Any:
    """What is no number at all."""
    make: list[Callable[[], Any]] = [
        lambda: None,
        Nothing,
        lambda: Nothing,
        lambda: "",
        lambda: "relu",
        lambda: "Mean",
        lambda: "\ud800",
        lambda: b"bytes",
        list,
        tuple,
        dict,
        set,
        lambda: [1, 2, 3],
        lambda: (1, 2),
        lambda: (2, 2),
        lambda: (None,),
        lambda: [0.5, 0.5],
        lambda: [[1.0, 2.0], [3.0]],
        lambda: [[], [1.0]],
        lambda: [1, "a", None],
        lambda: ["a", "b"],
        lambda: [None, None],
        lambda: [[[[[1.0]]]]],
        lambda: [10**400, 1],
        lambda: {"a": 1},
        lambda: {0: 1.0},
        lambda: {1, 2},
        lambda: range(3),
        lambda: slice(1, 2),
        lambda: generated([1.0, 2.0]),
        lambda: ArrayLike([[1.0, 2.0], [3.0, 4.0]]),
        lambda: ArrayLike([1.0, float("nan")]),
        lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
        lambda: memoryview(b"abc"),
        lambda: lambda *args: args,
        lambda: int,
        lambda: np.dtype("f4"),
        lambda: np.float32,
        lambda: np.random.default_rng(0),
        lambda: Ellipsis,
        lambda: NotImplemented,
    ]
    return r.choice(make)()


def anything(r: Random) -> Any:
    """Any value."""
    return r.choice([array, scalar, oddity])(r)


def twisted(r: Random, value: Any) -> Any:
    """A valid value with one thing about it changed; what has no such thing becomes anything."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return twisted_array(r, value)
    if isinstance(value, bool) or value is None:
        return anything(r)
    if isinstance(value, int | float):
        return r.choice([lambda: -value, lambda: value * 10**6 + 0.5, lambda: type(value)(0), lambda: scalar(r)])()
    if isinstance(value, str):
        return r.choice([value.upper(), value + "x", value[:-1], value.encode(), [value], 1])
    if isinstance(value, list | tuple) and value:
        place = r.randrange(len(value))
        changed = [*value[:place], twisted(r, value[place]), *value[place + 1 :]]
        return r.choice([type(value)(changed), list(changed), tuple(changed), value[:place], [*value, *value]])
    return anything(r)


def twisted_array(r: Random, X: np.ndarray) -> Any:
    """An array that is not quite the one asked for, or the same one in another form."""
    ways: list[Callable[[], Any]] = [
        lambda: cast(X, r.choice(DTYPES)),
        lambda: cast(X, r.choice(["O", "U5", "M8[D]"])) if X.dtype.kind != "f" else X.astype(r.choice(["O", "U5"])),
        lambda: spoiled(r, X),
        lambda: spoiled(r, X),
        lambda: laid_out(r, X),
        lambda: laid_out(r, spoiled(r, cast(X, r.choice(["f4", "f8", "g", "i8"])))),
        lambda: X[:0],
        lambda: X[1:],
        lambda: X[:1],
        lambda: X[..., :0],
        lambda: X[..., None],
        lambda: X[None],
        lambda: X.reshape(-1),
        lambda: X.T,
        lambda: X[0] if X.ndim else X,
        lambda: X.tolist(),
        lambda: tuple(map(tuple, X.tolist())) if X.ndim > 1 else tuple(X.tolist()),
        lambda: [X.reshape(-1).tolist(), [1.0]],
        lambda: ArrayLike(X),
        lambda: generated(X),
        lambda: X * (0 if X.dtype.kind == "b" else -1),
        lambda: X + X.dtype.type(1),
        lambda: X * 0 + (1 if X.dtype.kind == "b" else 3),
    ]
    with np.errstate(all="ignore"):
        try:
            return r.choice(ways)()
        except (TypeError, IndexError, ValueError):  # this array has no such thing to change
            return anything(r)
