"""Layers that only rearrange: Flatten and Reshape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError, ShapeError
from .base import Array, Layer, Shape, registry

__all__ = ["Flatten", "Reshape"]


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
        return X.reshape(len(X), *(self.output_shape or ()))

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = reshape(dY, shape of X)."""
        (shape,) = self.kept()
        return dY.reshape(shape) if need_dX else None


@registry.add
class Reshape(Layer):
    """Give each sample another shape, its entries in the same order, the last axis running fastest.

    Nothing is computed, so backward gives dY its old shape: ``dX = reshape(dY, shape of X)``.

    Parameters
    ----------
    target_shape:
        The shape of one output sample, without the batch axis; one length may be -1, for what remains.

    Raises
    ------
    ConfigError
        If ``target_shape`` is no tuple of positive integers with at most one -1.
    ShapeError
        If a length of the input shape is not known, or the numbers of entries differ.
    """

    def __init__(self, target_shape: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        axes = tuple(target_shape) if isinstance(target_shape, list | tuple) else (target_shape,)
        whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and (n > 0 or n == -1) for n in axes)
        if not whole or axes.count(-1) > 1:
            raise ConfigError(
                f"Reshape: target_shape must be positive integers, of which one may be -1, got {target_shape!r}; the "
                "batch axis is left out"
            )
        self.target_shape = tuple(int(n) for n in axes)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Return ``target_shape``, -1 worked out."""
        if None in shape:
            raise ShapeError(f"{self.label} needs every length of the input shape, got {shape}")
        super().build(shape, rng, dtype)
        entries = math.prod(n for n in shape if n is not None)
        given = math.prod(n for n in self.target_shape if n != -1)
        target = tuple(entries // given if n == -1 else n for n in self.target_shape)
        if math.prod(target) != entries:
            raise ShapeError(
                f"{self.label} cannot lay out {entries} entries, of shape {shape}, as {self.target_shape}: the product "
                f"of the lengths must be {entries}; one of them may be -1"
            )
        self.output_shape = target
        return target

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = reshape(X, (m,) + target_shape)."""
        self.check_input(X)
        if cache:
            self.keep(X.shape)
        return X.reshape(len(X), *(self.output_shape or ()))

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = reshape(dY, shape of X)."""
        (shape,) = self.kept()
        return dY.reshape(shape) if need_dX else None
