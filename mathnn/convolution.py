"""Convolution of images, and its two derivatives: pure functions.

What neural networks call a convolution is a correlation: the kernel W slides over the image X, and each place gives the
sum of what lies under it, weighted::

    Y[n, o, q, f] = Σ_i Σ_j Σ_c X[n, o·s + i·d − p, q·s + j·d − p, c] W[i, j, c, f]

    X (m, H, W, c_in)    images            W (kh, kw, c_in / groups, c_out)    kernels
    Y (m, H', W', c_out) feature maps      s strides, d dilation, p padding (zeros); H' and W' as in mathnn.windows

With groups, the channels of input and output are cut into that many parts, and part g of Y sees part g of X alone. Y is
linear in X and in W, so each derivative is again such a sum (Dumoulin and Visin, 2016, *A guide to convolution
arithmetic for deep learning*, chapter 4)::

    dX[n, o·s + i·d − p, q·s + j·d − p, c] += Σ_f W[i, j, c, f] dY[n, o, q, f]             the adjoint in X
    dW[i, j, c, f] = Σ_n Σ_o Σ_q X[n, o·s + i·d − p, q·s + j·d − p, c] dY[n, o, q, f]      the adjoint in W

All three become matrix products. The windows that the kernel sees are copied out, one window a row (im2col), and then
``Y = windows @ W`` and ``dW = windowsᵀ @ dY``. That is done in blocks of windows that stay in the processor's
second-level cache, which makes it 3 to 4 times as fast as one product of all windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from .errors import ShapeError
from .windows import Array, Axis, Padding, Scratch, axis, both, fresh, windows, work

__all__ = ["conv2d", "conv2d_input_gradient", "conv2d_kernel_gradient", "conv2d_transpose"]

#: Bytes of windows that are copied out at a time: a quarter of the second-level cache of common processors.
BLOCK = 512 * 1024

Pair = tuple[int, int]
ONE = (1, 1)


def conv2d(
    X: Array,
    W: Array,
    strides: Pair = ONE,
    padding: Padding = "valid",
    dilation: Pair = ONE,
    groups: int = 1,
    scratch: Scratch | None = None,
    seen: list[Array] | None = None,
) -> Array:
    """Return Y = X ∗ W: (m, H, W, c_in) and (kh, kw, c_in / groups, c_out) give (m, H', W', c_out).

    ``padding`` is "valid", "same" or (rows, columns). ``scratch(key, shape)`` gives the arrays to work in, the one
    for Y included, new ones if it is None. An empty list ``seen`` takes the windows if they are few enough to be one
    block, and spares ``conv2d_kernel_gradient`` the work of copying them out again.

    Raises ShapeError if the channels do not match or no window fits.

    >>> X, W = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((3, 3, 1, 1))
    >>> conv2d(X, W)[0, :, :, 0].tolist()
    [[45.0, 54.0], [81.0, 90.0]]
    """
    check_images("conv2d", X)
    _check_channels("conv2d", X.shape[3], W.shape, groups)
    rows, columns = image_axes("conv2d", X.shape[1:3], W.shape[:2], strides, padding, dilation)
    scratch = scratch or fresh(np.result_type(X, W))
    Y = scratch("Y", (len(X), rows.outputs, columns.outputs, W.shape[3]))
    if groups > 1:
        for X_g, W_g, Y_g in _groups(groups, X, W, Y):
            _correlate(X_g, W_g, Y_g, rows, columns, scratch)
    else:
        r = _strip(W.shape, columns)
        _correlate(X, _widened(W, r), Y, rows, _stripped(columns, r), scratch, seen)
    return Y


def conv2d_input_gradient(
    dY: Array,
    W: Array,
    size: Pair,
    strides: Pair = ONE,
    padding: Padding = "valid",
    dilation: Pair = ONE,
    groups: int = 1,
    scratch: Scratch | None = None,
) -> Array:
    """Return dX (m, H, W, c_in) for dY = ∂J/∂Y (m, H', W', c_out), where ``size`` is (H, W).

    Raises ShapeError if dY is not what ``conv2d`` makes of such images.

    >>> dY, W = np.ones((1, 1, 2, 1)), np.arange(4.0).reshape(2, 2, 1, 1)
    >>> conv2d_input_gradient(dY, W, (2, 3))[0, :, :, 0].tolist()
    [[0.0, 1.0, 1.0], [2.0, 5.0, 3.0]]
    """
    who = "conv2d_input_gradient"
    check_images(who, dY)
    channels = W.shape[2] * groups if W.ndim == 4 else 0
    _check_channels(who, channels, W.shape, groups)
    rows, columns = image_axes(who, size, W.shape[:2], strides, padding, dilation)
    _check_output(who, dY, rows, columns, W.shape[3])
    scratch = scratch or fresh(np.result_type(dY, W))
    dX = scratch("dX", (len(dY), *size, channels))
    # Where the step is 1, the adjoint is a correlation too, of the padded dY with the kernel turned by 180°. Its
    # products are longer, and on wide layers it takes 2/3 of the time; but it also multiplies the zeros around dY.
    dense = rows.s == columns.s == 1 and rows.n * columns.n < 1.3 * rows.outputs * columns.outputs
    for dX_g, W_g, dY_g in _groups(groups, dX, W, dY):
        (_correlate_turned if dense else _scatter)(dY_g, W_g, dX_g, rows, columns, scratch)
    return dX


def conv2d_kernel_gradient(
    X: Array,
    dY: Array,
    kernel_size: Pair,
    strides: Pair = ONE,
    padding: Padding = "valid",
    dilation: Pair = ONE,
    groups: int = 1,
    scratch: Scratch | None = None,
    seen: list[Array] | None = None,
) -> Array:
    """Return dW (kh, kw, c_in / groups, c_out) for dY = ∂J/∂Y; ``seen`` as in ``conv2d``.

    Raises ShapeError if dY is not what ``conv2d`` makes of X.

    >>> X, dY = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((1, 2, 2, 1))
    >>> conv2d_kernel_gradient(X, dY, (2, 2))[:, :, 0, 0].tolist()
    [[8.0, 12.0], [20.0, 24.0]]
    """
    who = "conv2d_kernel_gradient"
    check_images(who, X)
    check_images(who, dY)
    shape = (*kernel_size, X.shape[3] // groups, dY.shape[3])
    _check_channels(who, X.shape[3], shape, groups)
    rows, columns = image_axes(who, X.shape[1:3], kernel_size, strides, padding, dilation)
    _check_output(who, dY, rows, columns, shape[3])
    scratch = scratch or fresh(np.result_type(X, dY))
    dW = scratch("dW", shape)
    if groups > 1:
        for X_g, dW_g, dY_g in _groups(groups, X, dW, dY):
            _collect(X_g, dY_g, dW_g, rows, columns, 1, scratch)
    else:
        _collect(X, dY, dW, rows, columns, _strip(shape, columns), scratch, seen)
    return dW


def conv2d_transpose(
    X: Array,
    W: Array,
    strides: Pair = ONE,
    padding: Padding = "valid",
    dilation: Pair = ONE,
    groups: int = 1,
    scratch: Scratch | None = None,
) -> Array:
    """Return the adjoint of ``conv2d`` as a layer uses it: images (m, H, W, c_in) become larger, (m, H', W', c_out).

    W has the shape (kh, kw, c_out / groups, c_in), that of the convolution which leads back from Y to X; H' and W' are
    given by :func:`transposed_length`. ⟨conv2d(Y, W), X⟩ = ⟨Y, conv2d_transpose(X, W)⟩ for all X and Y.

    >>> conv2d_transpose(np.ones((1, 1, 2, 1)), np.ones((2, 2, 1, 1)), (2, 2))[0, :, :, 0].tolist()
    [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
    """
    check_images("conv2d_transpose", X)
    _check_channels("conv2d_transpose", W.shape[2] * groups if W.ndim == 4 else 0, W.shape, groups)
    size = transposed_size("conv2d_transpose", X.shape[1:3], W.shape[:2], strides, padding, dilation)
    return conv2d_input_gradient(X, W, size, strides, padding, dilation, groups, scratch)


# --- geometry -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def image_axes(
    who: str, size: tuple[int, ...], kernel: tuple[int, ...], strides: Pair, padding: Padding, dilation: Pair
) -> tuple[Axis, Axis]:
    """Return the axes of rows and columns; ShapeError if no window fits, ConfigError for too much padding."""
    p, q = both(padding)
    return (
        axis(who, size[0], kernel[0], strides[0], dilation[0], p),
        axis(who, size[1], kernel[1], strides[1], dilation[1], q),
    )


def transposed_size(
    who: str, size: tuple[int, ...], kernel: tuple[int, ...], strides: Pair, padding: Padding, dilation: Pair
) -> Pair:
    """Return the size that a transposed convolution gives to images of that size; ShapeError if nothing is left."""
    p, q = both(padding)
    return (
        transposed_length(who, size[0], kernel[0], strides[0], dilation[0], p),
        transposed_length(who, size[1], kernel[1], strides[1], dilation[1], q),
    )


def transposed_length(who: str, n: int, k: int, s: int, d: int, padding: str | int) -> int:
    """Return how long n inputs become: as in Keras n·s for "same", n·s + max(k − s, 0) for "valid"; as in PyTorch
    (n − 1)s + k − 2p for an integer p, where a dilated window counts with its whole extent d(k − 1) + 1 as k.

    >>> [transposed_length("example", 4, 3, 2, 1, padding) for padding in ("same", "valid", 1)]
    [8, 9, 7]
    """
    extent = d * (k - 1) + 1
    if isinstance(padding, str):
        length = n * s + (max(extent - s, 0) if padding == "valid" else 0)
    else:
        length = (n - 1) * s + extent - 2 * padding
        if length < 1:
            raise ShapeError(
                f"{who}: padding {padding} leaves nothing of {length + 2 * padding} outputs; use less of it"
            )
    return axis(who, length, k, s, d, padding).n


def _mirror(a: Axis) -> Axis:
    """Return the axis along which dY is correlated to give dX, for s = 1."""
    return Axis(a.outputs, a.k, 1, a.d, a.d * (a.k - 1) - a.p, a.n)


def check_images(who: str, X: Array) -> None:
    """Raise ShapeError unless X is a batch of images."""
    if X.ndim != 4:
        raise ShapeError(f"{who}: images have the shape (m, height, width, channels), got {X.shape}")


def _check_channels(who: str, channels: int, kernel: tuple[int, ...], groups: int) -> None:
    if len(kernel) != 4 or kernel[2] * groups != channels or kernel[3] % groups:
        raise ShapeError(
            f"{who}: {channels} input channels in {groups} group(s) need a kernel of shape (kh, kw, "
            f"{channels / groups:g}, a multiple of {groups}), got {kernel}"
        )


def _check_output(who: str, dY: Array, rows: Axis, columns: Axis, filters: int) -> None:
    expected = (rows.outputs, columns.outputs, filters)
    if dY.shape[1:] != expected:
        raise ShapeError(
            f"{who}: dY must have the shape of the output, (m, {', '.join(map(str, expected))}), got {dY.shape}"
        )


# --- the work, on one group of channels -----------------------------------------------------------------------------


def _groups(groups: int, X: Array, W: Array, Y: Array) -> list[tuple[Array, Array, Array]]:
    """Cut input channels, kernels and output channels into groups, as views."""
    if groups == 1:
        return [(X, W, Y)]
    return list(zip(*(np.split(A, groups, axis=3) for A in (X, W, Y)), strict=True))


# Neighbouring windows see nearly the same. Where a wide kernel has few filters, r windows are taken as one that is
# r − 1 cells wider, with r filters for each; their outputs lie side by side as they should. That takes up to a quarter
# less time: less is copied, and the products are not so narrow.


def _strip(kernel: tuple[int, ...], a: Axis) -> int:
    """Return r, the number of windows along the columns that are best taken together."""
    r = 4 if kernel[3] <= 8 else 2
    wide = a.k >= 5 and kernel[3] <= 16 and a.s == a.d == 1
    return r if wide and a.outputs % r == 0 else 1


def _stripped(a: Axis, r: int) -> Axis:
    """Return the axis of these wider windows, which move on by r."""
    return a if r == 1 else Axis(a.n, a.k + r - 1, r, 1, a.p, a.outputs // r)


def _widened(W: Array, r: int) -> Array:
    """Return their kernel: W for each of the r windows, shifted by one cell from window to window."""
    if r == 1:
        return W
    kh, kw, c, f = W.shape
    V = np.zeros((kh, kw + r - 1, c, r, f), W.dtype)
    for t in range(r):
        V[:, t : t + kw, :, t] = W
    return V.reshape(kh, kw + r - 1, c, r * f)


def _correlate(
    X: Array, W: Array, Y: Array, rows: Axis, columns: Axis, scratch: Scratch, seen: list[Array] | None = None
) -> None:
    """Y = windows(X) @ W, block by block."""
    W_matrix, Y_rows = W.reshape(-1, W.shape[3]), Y.reshape(-1, W.shape[3])
    for block, X_rows in _blocks(X, rows, columns, scratch, seen):
        np.matmul(X_rows, W_matrix, out=Y_rows[block])


def _collect(
    X: Array, dY: Array, dW: Array, rows: Axis, columns: Axis, r: int, scratch: Scratch, seen: list[Array] | None = None
) -> None:
    """dW = windows(X)ᵀ @ dY, summed over the blocks, and over the places in which each of r windows holds W."""
    kh, kw, c, f = dW.shape
    dY_rows = dY.reshape(-1, r * f)
    total: Any = 0
    for block, X_rows in _blocks(X, rows, _stripped(columns, r), scratch, seen):
        total = total + np.dot(X_rows.T, dY_rows[block])
    total = total.reshape(kh, kw + r - 1, c, r, f)
    dW[...] = total[:, :kw, :, 0]
    for t in range(1, r):
        dW += total[:, t : t + kw, :, t]


def _correlate_turned(dY: Array, W: Array, dX: Array, rows: Axis, columns: Axis, scratch: Scratch) -> None:
    """dX = windows(dY) @ Wᵀ, with W turned by 180°, for steps of 1."""
    turned = W[::-1, ::-1].swapaxes(2, 3)
    _correlate(dY, turned, dX, _mirror(rows), _mirror(columns), lambda key, shape: scratch(f"turned {key}", shape))


def _scatter(dY: Array, W: Array, dX: Array, rows: Axis, columns: Axis, scratch: Scratch) -> None:
    """dX[:, o·s + i·d − p, q·s + j·d − p] += dY[:, o, q] @ W[i, j]ᵀ for each cell (i, j) of the kernel."""
    (c, f), outputs = W.shape[2:], (rows.outputs, columns.outputs)
    W_T = np.ascontiguousarray(W.swapaxes(2, 3))
    samples = max(1, BLOCK // (2 * rows.outputs * columns.outputs * c * dX.itemsize))
    for start in range(0, len(dY), samples):
        # With the samples inside the pixels, what a cell of the kernel adds lies in a few long runs, not many short
        # ones: that halves the time of the sums, more than the two changes of order cost.
        block = slice(start, start + samples)
        n = len(dY[block])
        dY_inside, dX_inside = work(scratch, "dY", (*outputs, n, f)), work(scratch, "image", (rows.n, columns.n, n, c))
        part = work(scratch, "part", (*outputs, n, c))
        dY_rows, part_rows = dY_inside.reshape(-1, f), part.reshape(-1, c)
        dY_inside[...] = dY[block].transpose(1, 2, 0, 3)
        dX_inside.fill(0)
        for (i, j), o, q, x, y in _meetings(rows, columns):
            np.dot(dY_rows, W_T[i, j], part_rows)
            target = dX_inside[x, y]
            target += part[o, q]
        dX[block] = dX_inside.transpose(2, 0, 1, 3)


@lru_cache(maxsize=256)
def _meetings(rows: Axis, columns: Axis) -> list[tuple[Pair, slice, slice, slice, slice]]:
    """Return, for each cell of the kernel, the outputs (rows, columns) in which it meets an input, and those inputs."""
    down, across = [rows.meet(i) for i in range(rows.k)], [columns.meet(j) for j in range(columns.k)]
    return [((i, j), o, q, x, y) for i, (o, x) in enumerate(down) for j, (q, y) in enumerate(across)]


def _blocks(
    X: Array, rows: Axis, columns: Axis, scratch: Scratch, seen: list[Array] | None = None
) -> Iterator[tuple[slice, Array]]:
    """Yield the windows, one a row, block by block, each with the rows of the output that it belongs to."""
    if seen:
        yield slice(None), seen[0]
        return
    m, c, line = len(X), X.shape[3], columns.outputs * rows.k * columns.k * X.shape[3]
    fitting = max(1, BLOCK // (line * X.itemsize))
    samples, lines = max(1, min(m, fitting // rows.outputs)), min(fitting, rows.outputs)
    if padded := rows.padded or columns.padded:
        image = work(scratch, "padded", (samples, rows.span, columns.span, c))
        image.fill(0)
    view = windows(image if padded else X, rows, columns)
    if view.flags.c_contiguous and not padded:
        yield slice(None), view.reshape(m * rows.outputs * columns.outputs, rows.k * columns.k * c)
        return
    buffer = scratch("windows", (samples * lines * line,))
    for start in range(0, m, samples):
        if padded:
            here = min(samples, m - start)
            image[:here, rows.inside, columns.inside] = X[start : start + samples]
            images = view[:here]
        else:
            images = view[start : start + samples]
        for top in range(0, rows.outputs, lines):
            block = images[:, top : top + lines]
            first = (start * rows.outputs + top) * columns.outputs
            count = len(block) * block.shape[1] * columns.outputs
            # Copying takes its time per run of numbers. A run within a window is kw·c long; where there are but one to
            # three channels, one along the windows is longer.
            narrow = c < 4
            if narrow:
                block = block.transpose(3, 4, 5, 0, 1, 2)
            copy = buffer[: block.size]
            copy.reshape(block.shape)[...] = block
            X_rows = copy.reshape(-1, count).T if narrow else copy.reshape(count, -1)
            if seen is not None and samples == m and lines == rows.outputs:
                seen.append(X_rows)
            yield slice(first, first + count), X_rows
