"""Pooling of images, and its derivatives: pure functions.

A window of size (ph, pw) slides over each channel, and of what lies under it one number remains::

    max       Y = max_i x_i                    dx_i = dY where x_i is the winner, else 0
    average   Y = Σ_i x_i / n                  dx_i = dY / n
    stochastic (Zeiler and Fergus, 2013), with a_i = max(0, x_i) and probabilities p_i = a_i / Σ_j a_j:
      in training, Y = a_l with l drawn from p           da_l = dY
      at inference, Y = Σ_i p_i a_i = Σ a² / Σ a         da_i = (2 a_i − Y) dY / Σ a

Images are (m, H, W, C). Padding is never counted: it is −∞ to a maximum, the average is taken over the n cells that are
there, and a zero has no chance to be drawn.

The maximum and the sum over a window are those over its columns of those over its rows, so each is two passes of whole
arrays, along one axis at a time: ``np.maximum(X[:, 0::2], X[:, 1::2])`` and the same again along the other. For 2 × 2
windows that takes a quarter of the time of looking at each window, and half of what goes with the winner's index.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from .convolution import check_images, image_axes
from .windows import Array, Axis, Padding, Scratch, fresh, pad, work

__all__ = [
    "average_pool2d",
    "average_pool2d_gradient",
    "expected_pool2d",
    "expected_pool2d_gradient",
    "max_pool2d",
    "max_pool2d_gradient",
    "max_pool2d_with_winners",
    "stochastic_pool2d",
    "stochastic_pool2d_gradient",
]

Pair = tuple[int, int]
#: For rows and for columns, one array of truth values a match: whether the later cell won.
Winners = list[list[Array]]


def pooling_axes(
    who: str, image_size: tuple[int, ...], size: Pair, strides: Pair | None, padding: Padding
) -> tuple[Axis, Axis]:
    """Return the axes of rows and columns; ``strides`` are the window's size where they are None."""
    return image_axes(who, image_size, size, strides or size, padding, (1, 1))


def _cells(X: Array, along: int, a: Axis) -> list[Array]:
    """Return cell i of every window along one axis of (padded) X, for each i, as views."""
    before = (slice(None),) * along
    return [X[(*before, a.cell(i))] for i in range(a.k)]


def _exact(a: Axis) -> bool:
    """Whether the windows lie side by side and leave nothing over."""
    return a.s == a.k and a.outputs * a.k == a.span


def _into_cells(parts: Sequence[Array], dX: Array, along: int, a: Axis) -> Array:
    """Add part i to cell i of every window."""
    dX.fill(0)
    for share, part in zip(_cells(dX, along, a), parts, strict=True):
        share += part
    return dX


# --- the largest ----------------------------------------------------------------------------------------------------


def max_pool2d(X: Array, size: Pair, strides: Pair | None = None, padding: Padding = "valid") -> Array:
    """Return the maximum of each window: (m, H, W, C) gives (m, H', W', C).

    Raises ShapeError if no window fits.

    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4, 1), (2, 2))[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    check_images("max_pool2d", X)
    rows, columns = pooling_axes("max_pool2d", X.shape[1:3], size, strides, padding)
    Y = pad(X, rows, columns, -np.inf)
    for along, a in ((1, rows), (2, columns)):
        Y, *others = _cells(Y, along, a)
        for cell in others:
            Y = np.maximum(Y, cell)
    return Y if Y.base is None else Y.copy()


def max_pool2d_with_winners(
    X: Array, size: Pair, strides: Pair | None = None, padding: Padding = "valid", scratch: Scratch | None = None
) -> tuple[Array, Winners]:
    """Return the maximum of each window, and what the gradient needs: who won each match.

    The window's cells meet one after the other: the first of them meets the second, and the winner of that the third.
    Of equals the earlier one wins.
    """
    check_images("max_pool2d", X)
    rows, columns = pooling_axes("max_pool2d", X.shape[1:3], size, strides, padding)
    scratch = scratch or fresh(X.dtype)
    Y = pad(X, rows, columns, -np.inf)
    winners: Winners = []
    for along, a in ((1, rows), (2, columns)):
        cells = _cells(Y, along, a)
        if along == 2:
            # Each is read twice, and runs of one pixel's channels are slow to read.
            cells = [_copied(cell, work(scratch, f"cell{i}", cell.shape)) for i, cell in enumerate(cells)]
        Y, won = cells[0], []
        for cell in cells[1:]:
            won.append(cell > Y)
            Y = np.maximum(Y, cell, out=work(scratch, f"best{along}", cell.shape))
        winners.append(won)
    return Y, winners


def max_pool2d_gradient(
    dY: Array,
    winners: Winners,
    image_size: Pair,
    size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    scratch: Scratch | None = None,
) -> Array:
    """Return dX (m, H, W, C) for dY = ∂J/∂Y, where ``image_size`` is (H, W): dY goes to the winner of each window.

    >>> X = np.array([[1.0, 5.0], [2.0, 3.0]]).reshape(1, 2, 2, 1)
    >>> Y, winners = max_pool2d_with_winners(X, (2, 2))
    >>> max_pool2d_gradient(np.full((1, 1, 1, 1), 7.0), winners, (2, 2), (2, 2))[0, :, :, 0].tolist()
    [[0.0, 7.0], [0.0, 0.0]]
    """
    rows, columns = pooling_axes("max_pool2d_gradient", image_size, size, strides, padding)
    scratch = scratch or fresh(dY.dtype)
    d = dY
    for along, a, won in ((2, columns, winners[1]), (1, rows, winners[0])):
        dX = work(scratch, f"d{along}", (*d.shape[:along], a.span, *d.shape[along + 1 :]))
        if not _exact(a):
            dX.fill(0)
        shares = _cells(dX, along, a)
        parts = shares if a.s >= a.k else [np.empty_like(d) for _ in shares]
        # From the last match to the first, the winner takes d: cell i, or the best of those before it.
        for i in range(a.k - 1, 0, -1):
            np.multiply(d, won[i - 1], out=parts[i])
            d = np.multiply(d, ~won[i - 1], out=parts[0])
        if a.k == 1:
            parts[0][...] = d
        if a.s < a.k:
            for share, part in zip(shares, parts, strict=True):
                share += part
        d = dX
    return d[:, rows.inside, columns.inside]


def _copied(X: Array, out: Array) -> Array:
    out[...] = X
    return out


# --- the mean -------------------------------------------------------------------------------------------------------


def average_pool2d(X: Array, size: Pair, strides: Pair | None = None, padding: Padding = "valid") -> Array:
    """Return the mean of each window over the cells that are not padding: (m, H, W, C) gives (m, H', W', C).

    Raises ShapeError if no window fits.

    >>> average_pool2d(np.arange(16.0).reshape(1, 4, 4, 1), (2, 2))[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    check_images("average_pool2d", X)
    rows, columns = pooling_axes("average_pool2d", X.shape[1:3], size, strides, padding)
    Y = _sum(pad(X, rows, columns, 0), rows, columns)
    Y /= _counts(rows, columns, X.dtype)
    return Y


def average_pool2d_gradient(
    dY: Array,
    image_size: Pair,
    size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    scratch: Scratch | None = None,
) -> Array:
    """Return dX (m, H, W, C) for dY = ∂J/∂Y, where ``image_size`` is (H, W).

    >>> average_pool2d_gradient(np.full((1, 1, 1, 1), 8.0), (2, 2), (2, 2))[0, :, :, 0].tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    rows, columns = pooling_axes("average_pool2d_gradient", image_size, size, strides, padding)
    dP = _spread(dY / _counts(rows, columns, dY.dtype), rows, columns, scratch)
    return dP[:, rows.inside, columns.inside]


def _counts(rows: Axis, columns: Axis, dtype: Any) -> Array:
    """How many true inputs each window sees, (H', W', 1)."""
    return np.multiply.outer(rows.counts, columns.counts)[:, :, np.newaxis].astype(dtype)


def _sum(X: Array, rows: Axis, columns: Axis) -> Array:
    """Σ_i x_i over each window of padded X."""
    for along, a in ((1, rows), (2, columns)):
        first, *others = _cells(X, along, a)
        X = first.copy()
        for cell in others:
            X += cell
    return X


def _spread(d: Array, rows: Axis, columns: Axis, scratch: Scratch | None = None) -> Array:
    """Give each cell of a window that window's d, the sum of them where windows overlap: the adjoint of the sum."""
    scratch = scratch or fresh(d.dtype)
    for along, a in ((2, columns), (1, rows)):
        shape = (*d.shape[:along], a.span, *d.shape[along + 1 :])
        d = _into_cells([d] * a.k, work(scratch, f"d{along}", shape), along, a)
    return d


# --- one drawn at random, or expected -------------------------------------------------------------------------------


def stochastic_pool2d(
    X: Array, rng: np.random.Generator, size: Pair, strides: Pair | None = None, padding: Padding = "valid"
) -> tuple[Array, Array]:
    """Draw one cell of each window, with probability a / Σ a; return what is there, and the number of the cell.

    A window without a positive number gives 0. Raises ShapeError if no window fits.

    >>> X = np.array([[0.0, 3.0], [0.0, -1.0]]).reshape(1, 2, 2, 1)
    >>> Y, chosen = stochastic_pool2d(X, np.random.default_rng(0), (2, 2))
    >>> float(Y.item()), int(chosen.item())
    (3.0, 1)
    """
    check_images("stochastic_pool2d", X)
    rows, columns = pooling_axes("stochastic_pool2d", X.shape[1:3], size, strides, padding)
    cells = _window_cells(_rectified(X, rows, columns), rows, columns)
    sums = list(accumulate(cells))
    # u lies in (0, 1], so that u Σa is above 0 and at most Σa: the first partial sum to reach it is that of a cell with
    # a > 0, and the last one always does.
    u = 1 - rng.random(sums[-1].shape, X.dtype)
    u *= sums[-1]
    chosen = np.zeros(u.shape, np.int16)
    for partial in sums[:-1]:
        chosen += partial < u
    Y = np.zeros_like(u)
    for n, cell in enumerate(cells):
        Y += cell * (chosen == n)
    return Y, chosen


def stochastic_pool2d_gradient(
    dY: Array, X: Array, chosen: Array, size: Pair, strides: Pair | None = None, padding: Padding = "valid"
) -> Array:
    """Return dX: each window's dY goes to the cell that was drawn, if that holds a positive number."""
    rows, columns = pooling_axes("stochastic_pool2d_gradient", X.shape[1:3], size, strides, padding)
    dP = np.zeros((len(X), rows.span, columns.span, X.shape[3]), X.dtype)
    for n, share in enumerate(_window_cells(dP, rows, columns)):
        share += dY * (chosen == n)
    dX: Array = dP[:, rows.inside, columns.inside] * (X > 0)
    return dX


def expected_pool2d(X: Array, size: Pair, strides: Pair | None = None, padding: Padding = "valid") -> Array:
    """Return the expectation of what ``stochastic_pool2d`` draws, Σ a² / Σ a, and 0 where no number is positive.

    Raises ShapeError if no window fits.

    >>> expected_pool2d(np.array([[1.0, 3.0], [0.0, -1.0]]).reshape(1, 2, 2, 1), (2, 2)).item()
    2.5
    """
    check_images("expected_pool2d", X)
    rows, columns = pooling_axes("expected_pool2d", X.shape[1:3], size, strides, padding)
    A = _rectified(X, rows, columns)
    total = _sum(A, rows, columns)
    Y: Array = _sum(A * A, rows, columns) / (total + (total == 0))
    return Y


def expected_pool2d_gradient(
    dY: Array, X: Array, Y: Array, size: Pair, strides: Pair | None = None, padding: Padding = "valid"
) -> Array:
    """Return dX: da_i = (2 a_i − Y) dY / Σ a, summed over the windows that see a_i, and 0 where x_i ≤ 0."""
    rows, columns = pooling_axes("expected_pool2d_gradient", X.shape[1:3], size, strides, padding)
    A = _rectified(X, rows, columns)
    total = _sum(A, rows, columns)
    g = dY / (total + (total == 0))
    dA = 2 * A * _spread(g, rows, columns) - _spread(g * Y, rows, columns)
    dX: Array = dA[:, rows.inside, columns.inside] * (X > 0)
    return dX


def _rectified(X: Array, rows: Axis, columns: Axis) -> Array:
    """a = max(0, x), padded with zeros."""
    return np.maximum(pad(X, rows, columns, 0), 0)


def _window_cells(X: Array, rows: Axis, columns: Axis) -> list[Array]:
    """Return every cell of every window of padded X, row by row, as views."""
    return [X[:, rows.cell(i), columns.cell(j)] for i in range(rows.k) for j in range(columns.k)]
