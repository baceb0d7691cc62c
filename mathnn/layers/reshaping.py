"""Layers that only rearrange: Flatten."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ShapeError
from .base import Array, Layer, Shape, registry

__all__ = ["Flatten"]


@registry.add
class Flatten(Layer):
    """Lay each sample out as one row: (m, a, b, ...) becomes (m, a·b·...), the last axis running fastest.

    Nothing is computed, so backward gives dY its old shape: ``dX = reshape(dY, shape of X)``.

    Raises
    ------
    ShapeError
        If a length of the input shape is not known.
    """

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Return (a·b·...,)."""
        if None in shape:
            raise ShapeError(f"{self.label} needs every length of the input shape, got {shape}")
        super().build(shape, rng, dtype)
        self.output_shape = (math.prod(n for n in shape if n is not None),)
        return self.output_shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = reshape(X, (m, −1))."""
        self.check_input(X)
        if cache:
            self.keep(X.shape)
        return X.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = reshape(dY, shape of X)."""
        (shape,) = self.kept()
        return dY.reshape(shape) if need_dX else None
