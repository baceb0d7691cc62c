"""Pooling layers: of each window of the image, one number remains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import pooling
from ..checks import flag
from ..errors import ShapeError
from ..windows import Padding, axis, both, padding_of, pair
from .base import Array, Layer, Shape, registry

__all__ = ["AveragePooling2D", "GlobalAveragePooling2D", "MaxPooling2D", "PoolingBase", "StochasticPooling2D"]


class PoolingBase(Layer):
    """What the pooling layers share: the window, its step, and the padding."""

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: Any = "valid",
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.pool_size = pair(self, "pool_size", pool_size)
        self.strides = None if strides is None else pair(self, "strides", strides)
        self.padding = padding_of(self, padding)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Return (H', W', C). Height and width of the images may be unknown (None)."""
        _check_images(self, shape)
        size = [None if n is None else self.output_length(n, along) for along, n in enumerate(shape[:2])]
        super().build(shape, rng, dtype)
        self.output_shape = (*size, shape[2])
        return self.output_shape

    def output_length(self, n: int, along: int) -> int:
        """Return how many windows n inputs give along the rows' axis (0) or the columns' (1)."""
        k, s, p = self.pool_size[along], (self.strides or self.pool_size)[along], both(self.padding)[along]
        return axis(self.label, n, k, s, 1, p).outputs

    @property
    def geometry(self) -> tuple[tuple[int, int], tuple[int, int] | None, Padding]:
        """How the window slides, as :mod:`mathnn.pooling` takes it."""
        return self.pool_size, self.strides, self.padding


def _check_images(layer: Layer, shape: Shape) -> None:
    if len(shape) != 3 or shape[2] is None:
        raise ShapeError(
            f"{layer.label} needs images of shape (height, width, channels) with known channels, got {shape} for one "
            "sample; a grey image has one channel: X[..., None]"
        )


@registry.add
class MaxPooling2D(PoolingBase):
    """The largest number of each window, channel by channel.

    Forward, with strides s and padding p, which counts as −∞::

        Y[n, o, q, c] = max over i < ph, j < pw of X[n, o·s + i − p, q·s + j − p, c]

        X (m, H, W, C)    Y (m, H', W', C)    H' = ⌊(H + 2p − ph) / s⌋ + 1, or ⌈H / s⌉ for "same"

    Backward: each dY[n, o, q, c] is added to dX where that window's maximum stood, and to nothing else. Where several
    are equal it goes to one of them, the topmost in the leftmost column.

    Parameters
    ----------
    pool_size, strides:
        One integer or (rows, columns): the window and its step, which is the window's size unless given.
    padding:
        "valid" (none), "same" (⌈H / s⌉ outputs, as in Keras), or an integer or (rows, columns), as in PyTorch.

    Raises
    ------
    ConfigError
        If an argument is not such an integer, or the padding is as wide as the window.
    ShapeError
        If the input is not an image, or the window does not fit into it.

    Source: Ranzato, Huang, Boureau and LeCun (2007), *Unsupervised learning of invariant feature hierarchies*.
    """

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = max of each window."""
        self.check_input(X)
        if not cache:
            return pooling.max_pool2d(X, *self.geometry)
        Y, winners = pooling.max_pool2d_with_winners(X, *self.geometry, scratch=self.scratch)
        self.keep(winners, X.shape[1:3])
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY where the maximum stood, else 0."""
        winners, size = self.kept()
        if not need_dX:
            return None
        return pooling.max_pool2d_gradient(dY, winners, size, *self.geometry, scratch=self.scratch)


@registry.add
class AveragePooling2D(PoolingBase):
    """The mean of each window, channel by channel.

    Forward: ``Y = Σ x / n`` over the n cells of the window that lie in the image; padding is not counted. Backward:
    each of these cells is given ``dY / n``, and where windows overlap the sum. Shapes, parameters and errors are those
    of :class:`MaxPooling2D`.

    Source: LeCun, Bottou, Bengio and Haffner (1998), *Gradient-based learning applied to document recognition*, II.B.
    """

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = mean of each window."""
        self.check_input(X)
        if cache:
            self.keep(X.shape[1:3])
        return pooling.average_pool2d(X, *self.geometry)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY / n."""
        (size,) = self.kept()
        return pooling.average_pool2d_gradient(dY, size, *self.geometry, scratch=self.scratch) if need_dX else None


@registry.add
class StochasticPooling2D(PoolingBase):
    """One number of each window, drawn while training with a chance that grows with its size.

    Forward, of the rectified numbers a_i = max(0, x_i) of a window, with probabilities p_i = a_i / Σ_j a_j::

        Y = a_l, l drawn from p              in training
        Y = Σ_i p_i a_i = Σ a² / Σ a         at inference: the expectation of the former

    Backward, where a_i > 0 (elsewhere dX is 0)::

        da_l = dY                            in training, through the same draw
        da_i = (2 a_i − Y) dY / Σ a          at inference

    A window without a positive number gives 0. The layer rectifies by itself, so a ReLU before it changes nothing.
    Padding has no chance to be drawn. Shapes, parameters and errors are those of :class:`MaxPooling2D`.

    Source: Zeiler and Fergus (2013), *Stochastic pooling for regularization of deep convolutional neural networks*,
    equations 4 to 6.
    """

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Take a stream of noise of its own."""
        self.generator = rng.spawn(1)[0]
        return super().build(shape, rng, dtype)

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """The stream that the cells are drawn from."""
        return {"generator": self.generator} if self.built else {}

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = a_l in training, Y = Σ a² / Σ a otherwise."""
        self.check_input(X)
        if training:
            Y, chosen = pooling.stochastic_pool2d(X, self.generator, *self.geometry)
        else:
            Y, chosen = pooling.expected_pool2d(X, *self.geometry), None
        if cache:
            self.keep(X, Y, chosen)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """da_l = dY in training, da_i = (2 a_i − Y) dY / Σ a otherwise."""
        X, Y, chosen = self.kept()
        if not need_dX:
            return None
        if chosen is not None:
            return pooling.stochastic_pool2d_gradient(dY, X, chosen, *self.geometry)
        return pooling.expected_pool2d_gradient(dY, X, Y, *self.geometry)


@registry.add
class GlobalAveragePooling2D(Layer):
    """The mean of each whole channel: one number per feature map.

    Forward: ``Y[n, c] = Σ_h Σ_w X[n, h, w, c] / (H W)``, (m, H, W, C) to (m, C), or to (m, 1, 1, C) with ``keepdims``.
    Backward: ``dX[n, h, w, c] = dY[n, c] / (H W)``.

    Raises
    ------
    ShapeError
        If the input is not an image.

    Source: Lin, Chen and Yan (2014), *Network in network*, section 3.2.
    """

    def __init__(self, keepdims: bool = False, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.keepdims = flag(self, "keepdims", keepdims)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Return (C,), or (1, 1, C). Height and width of the images may be unknown (None)."""
        _check_images(self, shape)
        super().build(shape, rng, dtype)
        self.output_shape = (1, 1, shape[2]) if self.keepdims else (shape[2],)
        return self.output_shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = mean over rows and columns."""
        self.check_input(X)
        if cache:
            self.keep(X.shape)
        Y: Array = X.mean(axis=(1, 2), keepdims=self.keepdims)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY / (H W) everywhere."""
        (shape,) = self.kept()
        if not need_dX:
            return None
        m, H, W, C = shape
        return np.broadcast_to(dY.reshape(m, 1, 1, C) / (H * W), shape).copy()
