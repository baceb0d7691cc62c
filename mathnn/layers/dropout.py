"""Dropout."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..checks import number
from .base import Array, Layer, Shape, registry

__all__ = ["Dropout"]


@registry.add
class Dropout(Layer):
    """Set each input to zero with probability ``rate`` while training, and scale the others up.

    Forward in training, for a mask R whose entries are 1 with probability 1 − p and 0 with probability p::

        Y = X ⊙ R / (1 − p)          so that E[Y] = X

    and at inference ``Y = X``. Backward through the same mask::

        dX = dY ⊙ R / (1 − p)

    Parameters
    ----------
    rate:
        p, in the range [0, 1).

    Raises
    ------
    ConfigError
        If ``rate`` is not a number in [0, 1).

    Source: Srivastava et al. (2014), *Dropout: a simple way to prevent neural networks from overfitting*, in the
    inverted form that needs no scaling at inference.
    """

    def __init__(self, rate: float, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.rate = number(self, "rate", rate, 0, 1)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Take a stream of noise of its own, so that adding dropout changes no other layer's draw."""
        self.generator = rng.spawn(1)[0]
        return super().build(shape, rng, dtype)

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """The stream the masks are drawn from."""
        return {"generator": self.generator} if self.built else {}

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = X ⊙ R / (1 − p) in training, Y = X otherwise."""
        self.check_input(X)
        if not training or self.rate == 0:
            if cache:
                self.keep(None)
            return X
        draw = self.generator.random(X.shape, np.float32 if X.dtype == np.float32 else np.float64)
        mask = (draw >= self.rate).astype(X.dtype)
        mask /= 1 - self.rate
        if cache:
            self.keep(mask)
        Y: Array = X * mask
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY ⊙ R / (1 − p)."""
        (mask,) = self.kept()
        if not need_dX:
            return None
        return dY if mask is None else dY * mask
