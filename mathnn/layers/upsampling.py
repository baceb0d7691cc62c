"""Upsampling: larger images without anything learned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks import choice
from ..errors import ShapeError
from ..windows import pair
from .base import Array, Layer, Shape, registry

__all__ = ["UpSampling2D", "bilinear"]


@registry.add
class UpSampling2D(Layer):
    """Images whose height and width are multiplied by integers.

    Forward, with U of shape (size·H, H) for the rows and V likewise for the columns::

        Y[n, :, :, c] = U X[n, :, :, c] Vᵀ           (m, H, W, C) to (m, H·rows, W·columns, C)

    "nearest" repeats each row and column, so that each row of U holds a single 1. "bilinear" weights the two nearest
    inputs, the pixels being squares whose centres lie at ½, 1½ and so on; beyond the outer centres the outer value is
    held. Backward: ``dX[n, :, :, c] = Uᵀ dY[n, :, :, c] V``.

    Parameters
    ----------
    size:
        One integer or (rows, columns).
    interpolation:
        "nearest" or "bilinear".

    Raises
    ------
    ConfigError
        If ``size`` is not of positive integers, or the interpolation is not one of these.
    ShapeError
        If the input is not an image.

    Source: Odena, Dumoulin and Olah (2016), *Deconvolution and checkerboard artifacts*, on why to upsample and then
    convolve.
    """

    def __init__(
        self, size: Any = (2, 2), interpolation: str = "nearest", name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.size = pair(self, "size", size)
        self.interpolation = choice(self, "interpolation", interpolation, ("nearest", "bilinear"))

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Return (H·rows, W·columns, C). Height and width of the images may be unknown (None)."""
        if len(shape) != 3:
            raise ShapeError(
                f"{self.label} needs images of shape (height, width, channels), got {shape} for one sample"
            )
        super().build(shape, rng, dtype)
        size = [None if n is None else n * times for n, times in zip(shape[:2], self.size, strict=True)]
        self.output_shape = (*size, shape[2])
        return self.output_shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = U X Vᵀ."""
        self.check_input(X)
        if cache:
            self.keep(X.shape)
        if self.interpolation == "nearest":
            return X.repeat(self.size[0], axis=1).repeat(self.size[1], axis=2)
        U, V = self._matrices(X.shape)
        return _transform(U, X, V)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = Uᵀ dY V, which for "nearest" is the sum of each block."""
        (shape,) = self.kept()
        if not need_dX:
            return None
        if self.interpolation == "nearest":
            m, H, W, C = shape
            dX: Array = dY.reshape(m, H, self.size[0], W, self.size[1], C).sum(axis=(2, 4))
            return dX
        U, V = self._matrices(shape)
        return _transform(U.T, dY, V.T)

    def _matrices(self, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Return U and V for images of that shape."""
        return bilinear(shape[1], self.size[0], self.dtype), bilinear(shape[2], self.size[1], self.dtype)


def bilinear(n: int, times: int, dtype: DTypeLike = np.float64) -> Array:
    """Return the matrix (n·times, n) that interpolates n numbers linearly.

    >>> bilinear(2, 2).tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    centres = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
    matrix: Array = np.maximum(0, 1 - np.abs(centres[:, np.newaxis] - np.arange(n))).astype(dtype)
    return matrix


def _transform(U: Array, X: Array, V: Array) -> Array:
    """U X Vᵀ for each image and channel."""
    m, _, W, C = X.shape
    Y: Array = V @ (U @ X.reshape(m, -1, W * C)).reshape(m, -1, W, C)
    return Y
