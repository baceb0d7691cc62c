"""The operations on images, written as their definitions: loops over every index, for the tests to compare with.

Along an axis of n inputs, window o of step s sees the inputs o·s + i·d − p for i = 0, ..., k − 1.
"""

from __future__ import annotations

import itertools
import math

import numpy as np


def padding_before(n: int, k: int, s: int, d: int, padding: str | int) -> tuple[int, int]:
    """Return p and the number of outputs."""
    extent = d * (k - 1) + 1
    if padding == "same":
        outputs = math.ceil(n / s)
        total = max((outputs - 1) * s + extent - n, 0)
        return total // 2, outputs
    p = 0 if padding == "valid" else padding
    return p, sum(1 for start in range(-p, n + p - extent + 1) if (start + p) % s == 0)


def taps(X_shape, kernel_size, strides, padding, dilation):
    """Yield (o, q, i, j, h, w): window (o, q) has input (h, w) in its cell (i, j). What lies outside is left out."""
    pads = (padding, padding) if isinstance(padding, str) else padding
    (p, rows), (q_, columns) = (
        padding_before(X_shape[1 + a], kernel_size[a], strides[a], dilation[a], pads[a]) for a in (0, 1)
    )
    for o, q, i, j in itertools.product(range(rows), range(columns), range(kernel_size[0]), range(kernel_size[1])):
        h, w = o * strides[0] + i * dilation[0] - p, q * strides[1] + j * dilation[1] - q_
        if 0 <= h < X_shape[1] and 0 <= w < X_shape[2]:
            yield o, q, i, j, h, w


def output_size(X_shape, kernel_size, strides, padding, dilation) -> tuple[int, int]:
    pads = (padding, padding) if isinstance(padding, str) else padding
    rows, columns = (
        padding_before(X_shape[1 + a], kernel_size[a], strides[a], dilation[a], pads[a])[1] for a in (0, 1)
    )
    return rows, columns


def partners(c_in: int, c_out: int, groups: int):
    """Yield (c, c within its group, f) for each input channel c that filter f sees."""
    for f in range(c_out):
        g = f // (c_out // groups)
        for c in range(c_in // groups):
            yield g * (c_in // groups) + c, c, f


def conv2d(X, W, strides=(1, 1), padding="valid", dilation=(1, 1), groups=1):
    Y = np.zeros((len(X), *output_size(X.shape, W.shape[:2], strides, padding, dilation), W.shape[3]))
    for o, q, i, j, h, w in taps(X.shape, W.shape[:2], strides, padding, dilation):
        for c, c_g, f in partners(X.shape[3], W.shape[3], groups):
            Y[:, o, q, f] += X[:, h, w, c] * W[i, j, c_g, f]
    return Y


def conv2d_input_gradient(dY, W, size, strides=(1, 1), padding="valid", dilation=(1, 1), groups=1):
    dX = np.zeros((len(dY), *size, W.shape[2] * groups))
    for o, q, i, j, h, w in taps(dX.shape, W.shape[:2], strides, padding, dilation):
        for c, c_g, f in partners(dX.shape[3], W.shape[3], groups):
            dX[:, h, w, c] += W[i, j, c_g, f] * dY[:, o, q, f]
    return dX


def conv2d_kernel_gradient(X, dY, kernel_size, strides=(1, 1), padding="valid", dilation=(1, 1), groups=1):
    dW = np.zeros((*kernel_size, X.shape[3] // groups, dY.shape[3]))
    for o, q, i, j, h, w in taps(X.shape, kernel_size, strides, padding, dilation):
        for c, c_g, f in partners(X.shape[3], dY.shape[3], groups):
            dW[i, j, c_g, f] += X[:, h, w, c] @ dY[:, o, q, f]
    return dW


def pool(X, size, strides, padding, of_window):
    """Replace each window, the list of its true inputs, by ``of_window`` of it."""
    strides = strides or size
    inputs: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for o, q, _, _, h, w in taps(X.shape, size, strides, padding, (1, 1)):
        inputs.setdefault((o, q), []).append((h, w))
    Y = np.zeros((len(X), *output_size(X.shape, size, strides, padding, (1, 1)), X.shape[3]))
    for n, c in itertools.product(range(len(X)), range(X.shape[3])):
        for (o, q), places in inputs.items():
            Y[n, o, q, c] = of_window([X[n, h, w, c] for h, w in places])
    return Y


def expectation(window: list[float]) -> float:
    """E[a] where a is drawn with probability a / Σ a from the positive numbers of a window."""
    a = [max(0.0, x) for x in window]
    total = sum(a)
    return sum(x / total * x for x in a) if total else 0.0


def upsample(X, size, interpolation):
    """Nearest: each pixel repeated. Bilinear: pixel centres at ½, 1½, ...; the outer values held beyond them."""

    def weights(n: int, times: int, o: int) -> list[tuple[int, float]]:
        if interpolation == "nearest":
            return [(o // times, 1.0)]
        centre = (o + 0.5) / times - 0.5
        left = math.floor(centre)
        share = centre - left
        return [(min(max(left, 0), n - 1), 1 - share), (min(max(left + 1, 0), n - 1), share)]

    m, H, W, C = X.shape
    Y = np.zeros((m, H * size[0], W * size[1], C))
    for o, q in itertools.product(range(H * size[0]), range(W * size[1])):
        for h, u in weights(H, size[0], o):
            for w, v in weights(W, size[1], q):
                Y[:, o, q] += u * v * X[:, h, w]
    return Y
