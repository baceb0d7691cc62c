"""Noise on the input."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..checks import number
from .base import Array, Layer, Shape, registry

__all__ = ["GaussianNoise"]


@registry.add
class GaussianNoise(Layer):
    """Add normal noise while training.

    Forward in training, for N of X's shape with independent entries from N(0, σ²)::

        Y = X + N

    and at inference ``Y = X``. Backward, either way: ``dX = dY``.

    Parameters
    ----------
    stddev:
        σ, 0 or more.

    Raises
    ------
    ConfigError
        If ``stddev`` is not a number of 0 or more.

    Source: Bishop (1995), *Training with noise is equivalent to Tikhonov regularization*.
    """

    def __init__(self, stddev: float, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.stddev = number(self, "stddev", stddev, 0)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Take a stream of noise of its own, so that adding this layer changes no other layer's draw."""
        self.generator = rng.spawn(1)[0]
        return super().build(shape, rng, dtype)

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """The stream the noise is drawn from."""
        return {"generator": self.generator} if self.built else {}

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = X + N in training, Y = X otherwise."""
        self.check_input(X)
        if cache:
            self.keep()
        if not training or self.stddev == 0:
            return X
        N = self.generator.standard_normal(X.shape, np.float32 if X.dtype == np.float32 else np.float64)
        N *= self.stddev
        N += X
        return N

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY."""
        self.kept()
        return dY if need_dX else None
