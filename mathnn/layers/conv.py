"""The convolutional layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import convolution
from ..checks import count, flag
from ..constraints import get as get_constraint
from ..errors import ConfigError, ShapeError
from ..initializers import get as get_initializer
from ..regularizers import get as get_regularizer
from ..windows import axis, both, padding_of, pair
from .activated import ActivatedLayer
from .base import Array, Parameter, Shape, registry

__all__ = ["Conv2D", "Conv2DTranspose", "ConvolutionBase"]


class ConvolutionBase(ActivatedLayer):
    """What :class:`Conv2D` and :class:`Conv2DTranspose` share: their arguments, the kernel and the bias."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        dilation_rate: Any = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(activation=activation, name=name, trainable=trainable)
        self.filters = count(self, "filters", filters, 1)
        self.kernel_size = pair(self, "kernel_size", kernel_size)
        self.strides = pair(self, "strides", strides)
        self.padding = padding_of(self, padding)
        self.dilation_rate = pair(self, "dilation_rate", dilation_rate)
        self.groups = count(self, "groups", groups, 1)
        if self.filters % self.groups:
            raise ConfigError(
                f"{type(self).__name__}: {filters} filters cannot be cut into {groups} groups; filters must be a "
                "multiple of groups"
            )
        self.use_bias = flag(self, "use_bias", use_bias)
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.bias_initializer = get_initializer(bias_initializer)
        self.kernel_regularizer = get_regularizer(kernel_regularizer)
        self.bias_regularizer = get_regularizer(bias_regularizer)
        self.kernel_constraint = get_constraint(kernel_constraint)
        self.bias_constraint = get_constraint(bias_constraint)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Return the shape of W for images with that many channels."""
        raise NotImplementedError(f"{type(self).__name__} does not define kernel_shape(channels)")

    def output_length(self, n: int, along: int) -> int:
        """Return how many outputs n inputs give along the rows' axis (0) or the columns' (1)."""
        raise NotImplementedError(f"{type(self).__name__} does not define output_length(n, along)")

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create W and b (filters,). Height and width of the images may be unknown (None)."""
        if len(shape) != 3 or shape[2] is None:
            raise ShapeError(
                f"{self.label} needs images of shape (height, width, channels) with known channels, got {shape} for "
                "one sample; a grey image has one channel: X[..., None]"
            )
        if shape[2] % self.groups:
            raise ShapeError(
                f"{self.label}: {shape[2]} channels cannot be cut into {self.groups} groups; choose groups that divide "
                "both channels and filters"
            )
        size = [None if n is None else self.output_length(n, along) for along, n in enumerate(shape[:2])]
        kernel_shape = self.kernel_shape(shape[2])
        super().build(shape, rng, dtype)
        self.W = self.add_parameter(
            "kernel", kernel_shape, self.kernel_initializer, rng, self.kernel_regularizer, self.kernel_constraint
        )
        self.b: Parameter | None = None
        if self.use_bias:
            self.b = self.add_parameter(
                "bias", (self.filters,), self.bias_initializer, rng, self.bias_regularizer, self.bias_constraint
            )
        self.output_shape = (*size, self.filters)
        return self.output_shape

    @property
    def geometry(self) -> dict[str, Any]:
        """How the kernel slides, in the words of :mod:`mathnn.convolution`."""
        return {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate, "groups": self.groups}

    def along(self, which: int) -> tuple[int, int, int, str | int]:
        """Return size, step, dilation and padding of the kernel along the rows' axis (0) or the columns' (1)."""
        return self.kernel_size[which], self.strides[which], self.dilation_rate[which], both(self.padding)[which]

    def add_bias(self, Z: Array) -> Array:
        """Z += b, in place."""
        if self.b is not None:
            # One run of numbers for each row of the image, not one for each pixel.
            row = self.scratch("bias", (Z.shape[2], self.filters))
            row[...] = self.b.value
            rows = Z.reshape(-1, row.size)
            rows += row.reshape(-1)
        return Z

    def take_bias_gradient(self, dZ: Array) -> None:
        """db = Σ dZ over samples, rows and columns."""
        if self.b is not None:
            width = dZ.shape[2]
            rows = dZ.reshape(-1, width * self.filters)
            sums = np.dot(self.ones(len(rows)), rows)
            np.dot(self.ones(width), sums.reshape(width, self.filters), self.b.gradient)


@registry.add
class Conv2D(ConvolutionBase):
    """A convolution: each output sees a small window of the image, and all windows share one kernel.

    Forward, for a batch X of m images, with strides s, dilation d and padding p (zeros)::

        Z[n, o, q, f] = Σ_i Σ_j Σ_c X[n, o·s + i·d − p, q·s + j·d − p, c] W[i, j, c, f] + b[f]
        A = f(Z)

        X (m, H, W, channels)    W (kh, kw, channels / groups, filters)    b (filters,)    Z (m, H', W', filters)
        H' = ⌊(H + 2p − d(kh − 1) − 1) / s⌋ + 1, or ⌈H / s⌉ for "same"

    Backward, from dA = ∂J/∂A::

        dZ = dA ⊙ f'(Z)
        dW[i, j, c, f] = Σ_n Σ_o Σ_q X[n, o·s + i·d − p, q·s + j·d − p, c] dZ[n, o, q, f]
        db[f] = Σ_n Σ_o Σ_q dZ[n, o, q, f]
        dX[n, o·s + i·d − p, q·s + j·d − p, c] += Σ_f W[i, j, c, f] dZ[n, o, q, f]    over all o, q, i, j

    Parameters
    ----------
    filters:
        The number of output channels.
    kernel_size, strides, dilation_rate:
        One integer or (rows, columns): the window, its step, and how far apart its cells lie. Strides and dilation may
        both be above 1 (in Keras one of them has to be 1).
    padding:
        "valid" (none), "same" (⌈H / s⌉ outputs; an odd cell of padding comes last, as in Keras), or an integer or
        (rows, columns): that many zeros on either side, as in PyTorch.
    groups:
        Into how many groups the channels are cut; each group of filters sees its own group of channels.
    activation, use_bias, and the initializers, regularizers and constraints of kernel and bias:
        As in :class:`~mathnn.layers.Dense`.

    Raises
    ------
    ConfigError
        If an argument is not such an integer, ``filters`` is not a multiple of ``groups``, or the padding is as wide as
        the window.
    ShapeError
        If the input is not an image, its channels are not a multiple of ``groups``, or the window does not fit into it.

    Source: LeCun, Bottou, Bengio and Haffner (1998), *Gradient-based learning applied to document recognition*, II.A;
    groups: Krizhevsky, Sutskever and Hinton (2012); dilation: Yu and Koltun (2016).
    """

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Return (kh, kw, channels / groups, filters)."""
        return (*self.kernel_size, channels // self.groups, self.filters)

    def output_length(self, n: int, along: int) -> int:
        """Return ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1, or ⌈n / s⌉ for "same"."""
        return axis(self.label, n, *self.along(along)).outputs

    def preactivate(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Z = X ∗ W + b."""
        self.check_input(X)
        if not cache:
            return self.add_bias(convolution.conv2d(X, self.W.value, **self.geometry))
        seen: list[Array] = []
        self.keep(X, seen)
        return self.add_bias(convolution.conv2d(X, self.W.value, **self.geometry, scratch=self.scratch, seen=seen))

    def backward_from_preactivation(self, dZ: Array, need_dX: bool = True) -> Array | None:
        """dW = Xᵀ ∗ dZ, db = Σ dZ, dX = dZ ∗ Wᵀ, each the adjoint of the forward pass in one of its arguments."""
        X, seen = self.kept()
        how: Any = {**self.geometry, "scratch": self.scratch}
        self.W.gradient = convolution.conv2d_kernel_gradient(X, dZ, self.kernel_size, **how, seen=seen)
        self.take_bias_gradient(dZ)
        return convolution.conv2d_input_gradient(dZ, self.W.value, X.shape[1:3], **how) if need_dX else None


@registry.add
class Conv2DTranspose(ConvolutionBase):
    """A transposed convolution: each input puts the kernel, times its value, into a larger image.

    It is the adjoint of :class:`Conv2D`, so forward is that layer's dX, and backward its forward pass. For a batch X of
    m images, with strides s, dilation d and padding p, Z starts at b[f] and takes::

        Z[n, o·s + i·d − p, q·s + j·d − p, f] += Σ_c W[i, j, f, c] X[n, o, q, c]      over all o, q, i, j
        A = g(Z)

        X (m, H, W, channels)    W (kh, kw, filters / groups, channels)    b (filters,)    Z (m, H', W', filters)
        H' = H·s + max(k − s, 0) for "valid", H·s for "same", (H − 1)·s + k − 2p for an integer p; k = d(kh − 1) + 1

    Backward, from dA = ∂J/∂A::

        dZ = dA ⊙ g'(Z)
        dW[i, j, f, c] = Σ_n Σ_o Σ_q dZ[n, o·s + i·d − p, q·s + j·d − p, f] X[n, o, q, c]
        db[f] = Σ dZ[..., f]
        dX[n, o, q, c] = Σ_i Σ_j Σ_f dZ[n, o·s + i·d − p, q·s + j·d − p, f] W[i, j, f, c]

    Parameters and errors are those of :class:`Conv2D`. The kernel has Keras's order of axes; ``groups``, which Keras
    lacks here, cuts filters and channels as in PyTorch.

    Source: Zeiler, Krishnan, Taylor and Fergus (2010), *Deconvolutional networks*; Dumoulin and Visin (2016), *A guide
    to convolution arithmetic for deep learning*, chapter 4.
    """

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Return (kh, kw, filters / groups, channels)."""
        return (*self.kernel_size, self.filters // self.groups, channels)

    def output_length(self, n: int, along: int) -> int:
        """Return n·s + max(k − s, 0), n·s for "same", or (n − 1)·s + k − 2p."""
        return convolution.transposed_length(self.label, n, *self.along(along))

    def preactivate(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Z = X ∗ᵀ W + b."""
        self.check_input(X)
        if not cache:
            return self.add_bias(convolution.conv2d_transpose(X, self.W.value, **self.geometry))
        self.keep(X)
        return self.add_bias(convolution.conv2d_transpose(X, self.W.value, **self.geometry, scratch=self.scratch))

    def backward_from_preactivation(self, dZ: Array, need_dX: bool = True) -> Array | None:
        """dW = dZᵀ ∗ X, db = Σ dZ, dX = dZ ∗ W."""
        (X,) = self.kept()
        seen: list[Array] = []
        how: Any = {**self.geometry, "scratch": self.scratch, "seen": seen}
        self.W.gradient = convolution.conv2d_kernel_gradient(dZ, X, self.kernel_size, **how)
        self.take_bias_gradient(dZ)
        return convolution.conv2d(dZ, self.W.value, **how) if need_dX else None
