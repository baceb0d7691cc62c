"""Where a sliding window stands: the geometry that convolution and pooling share.

Along one axis, windows of k cells that lie d apart move over n inputs in steps of s, with p cells of padding before the
first input. Output o sees the inputs::

    o·s + i·d − p          i = 0, ..., k − 1

so there are ⌊(n + p + q − d(k−1) − 1) / s⌋ + 1 outputs, q being the padding behind the last input. An image has two
axes, rows and columns, each with its own :class:`Axis`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike, NDArray

from .checks import count
from .errors import ConfigError, ShapeError, nearest

__all__ = ["Axis", "Padding", "Scratch", "axis", "both", "fresh", "pad", "padding_of", "pair", "windows", "work"]

Array = NDArray[Any]
Padding = str | tuple[int, int]
#: Gives a work array of one axis: by name, so that it can be used again, and length.
Scratch = Callable[[str, tuple[int, ...]], Array]


class Axis(NamedTuple):
    """One axis of a sliding window; the letters are those of the formula above."""

    n: int
    k: int
    s: int
    d: int
    p: int
    outputs: int

    @property
    def reach(self) -> int:
        """How many cells lie between the first one of the first window and the last one of the last, both included."""
        return (self.outputs - 1) * self.s + (self.k - 1) * self.d + 1

    @property
    def span(self) -> int:
        """The length of the padded input."""
        return max(self.reach, self.p + self.n)

    @property
    def padded(self) -> bool:
        """Whether there is padding on either side."""
        return self.p > 0 or self.reach > self.p + self.n

    @property
    def inside(self) -> slice:
        """Where the input lies in the padded input."""
        return slice(self.p, self.p + self.n)

    @property
    def counts(self) -> Array:
        """How many true inputs each window sees, padding left out (for d = 1)."""
        start = np.arange(self.outputs) * self.s - self.p
        return np.minimum(start + self.k, self.n) - np.maximum(start, 0)

    def meet(self, i: int) -> tuple[slice, slice]:
        """Return the outputs whose cell i is a true input, and those inputs, in the same order."""
        shift = i * self.d - self.p
        first = max(0, -(shift // self.s))
        stop = max(first, min(self.outputs, (self.n - 1 - shift) // self.s + 1))
        start = first * self.s + shift
        return slice(first, stop), slice(start, start + (stop - first) * self.s, self.s)

    def cell(self, i: int) -> slice:
        """Return where cell i of each window lies in the padded input."""
        start = i * self.d
        return slice(start, start + (self.outputs - 1) * self.s + 1, self.s)


def pair(owner: object, name: str, value: Any, low: int = 1) -> tuple[int, int]:
    """Return (rows, columns) from one integer for both or a pair; ConfigError if it is neither.

    >>> pair("Conv2D", "strides", 2), pair("Conv2D", "strides", (2, 1))
    ((2, 2), (2, 1))
    """
    if isinstance(value, tuple | list) and len(value) == 2:
        return count(owner, name, value[0], low), count(owner, name, value[1], low)
    if isinstance(value, tuple | list):
        who = owner if isinstance(owner, str) else type(owner).__name__
        raise ConfigError(f"{who}: {name} must be one integer or a pair (rows, columns), got {value!r}")
    return (count(owner, name, value, low),) * 2


def padding_of(owner: object, value: Any) -> Padding:
    """Return "valid", "same" or a pair of integers; ConfigError for anything else."""
    if isinstance(value, str):
        if value.lower() in ("valid", "same"):
            return value.lower()
        who = owner if isinstance(owner, str) else type(owner).__name__
        raise ConfigError(f"{who}: padding must be 'valid', 'same' or an integer. {nearest(value, ('valid', 'same'))}")
    return pair(owner, "padding", value, 0)


def both(padding: Padding) -> tuple[str | int, str | int]:
    """Return the padding of rows and that of columns."""
    return (padding, padding) if isinstance(padding, str) else padding


@lru_cache(maxsize=256)
def axis(who: str, n: int, k: int, s: int, d: int, padding: str | int) -> Axis:
    """Return the axis of n inputs under windows of k cells, with step s, dilation d and "valid", "same" or p padding.

    "same" pads as Keras and TensorFlow do: to ⌈n / s⌉ outputs, and if the padding is odd, the odd cell comes last.

    Raises ShapeError if no window fits, ConfigError if a window could lie wholly in the padding.

    >>> axis("Conv2D", 8, 3, 2, 1, "same")
    Axis(n=8, k=3, s=2, d=1, p=0, outputs=4)
    >>> axis("Conv2D", 8, 3, 2, 1, "valid").outputs
    3
    """
    extent = d * (k - 1) + 1
    if padding == "same":
        outputs = -(-n // s)
        return Axis(n, k, s, d, max(0, (outputs - 1) * s + extent - n) // 2, outputs)
    p = 0 if isinstance(padding, str) else padding
    if p >= extent:
        raise ConfigError(
            f"{who}: padding {p} is as wide as the window ({extent}), which would see nothing but padding"
        )
    if n + 2 * p < extent:
        dilated = f" ({k} cells, {d} apart)" if d > 1 else ""
        raise ShapeError(
            f"{who}: a window of {extent}{dilated} does not fit into {n + 2 * p} inputs; use a larger image, a smaller "
            "window, or padding='same'"
        )
    return Axis(n, k, s, d, p, (n + 2 * p - extent) // s + 1)


def fresh(dtype: DTypeLike) -> Scratch:
    """Return a source of work arrays that makes a new one each time."""
    return lambda key, shape: np.empty(shape, dtype)


def work(scratch: Scratch, key: str, shape: tuple[int, ...]) -> Array:
    """Return a work array of any shape."""
    return scratch(key, (math.prod(shape),)).reshape(shape)


def pad(X: Array, rows: Axis, columns: Axis, value: float) -> Array:
    """Return X (m, H, W, C) with ``value`` around each image; X itself where there is no padding."""
    if not rows.padded and not columns.padded:
        return X
    P = np.full((len(X), rows.span, columns.span, X.shape[3]), value, X.dtype)
    P[:, rows.inside, columns.inside] = X
    return P


def windows(X: Array, rows: Axis, columns: Axis) -> Array:
    """Return every window of (padded) images X, as a view of shape (m, outputs, outputs, k, k, C): nothing is copied.

    >>> X = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> two = axis("example", 3, 2, 1, 1, "valid")
    >>> windows(X, two, two)[0, 1, 0, :, :, 0].tolist()
    [[3.0, 4.0], [6.0, 7.0]]
    """
    sample, row, column, channel = X.strides
    return as_strided(
        X,
        (len(X), rows.outputs, columns.outputs, rows.k, columns.k, X.shape[3]),
        (sample, row * rows.s, column * columns.s, row * rows.d, column * columns.d, channel),
        writeable=False,
    )
