"""What recurrent layers share, and the plain one of Elman."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import recurrence
from ..activations import get as get_activation
from ..checks import count, flag, number
from ..constraints import get as get_constraint
from ..errors import ConfigError, ShapeError
from ..initializers import get as get_initializer
from ..regularizers import get as get_regularizer
from .base import Array, Layer, Parameter, Shape, registry

__all__ = ["RecurrentLayer", "SimpleRNN"]


class RecurrentLayer(Layer):
    """Base of the layers that go through a sequence step by step, X (m, T, d).

    It turns X so that time comes first, lets the subclass run over all steps, and returns the last output (m, k) or,
    with ``return_sequences``, all of them (m, T, k). T may differ from call to call.

    A subclass names the ``gates`` whose weights lie side by side, and defines ``run`` and ``backward_through_time``
    with the functions of :mod:`mathnn.recurrence`.

    Parameters
    ----------
    units:
        u, the number of hidden units.
    activation:
        f, a name or an activation; None is the identity.
    use_bias:
        Whether there is a b.
    kernel_initializer, recurrent_initializer, bias_initializer:
        How W, U and b are drawn. U is orthogonal by default, so that it neither stretches nor shrinks the state.
    kernel_regularizer, recurrent_regularizer, bias_regularizer:
        What is added to the cost.
    kernel_constraint, recurrent_constraint, bias_constraint:
        Where the values are sent back to after a step.
    return_sequences:
        Whether every output is returned, or only the last.
    go_backwards:
        Whether the last step comes first; outputs are returned in the order in which they are computed, as in Keras.
    mask_value:
        Steps at the end of a sequence whose features all have this value are padding: the outputs after the last true
        step repeat the one there, and nothing flows back into the padding. None: no step is padding.

    Raises
    ------
    ConfigError
        If ``units`` is not a positive integer, or padding is to be gone through backwards.
    ShapeError
        If a sample is not of shape (T, d) with a known d.
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        mask_value: float | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.units = count(self, "units", units, 1)
        self.activation = get_activation("linear" if activation is None else activation)
        self.use_bias = flag(self, "use_bias", use_bias)
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.recurrent_initializer = get_initializer(recurrent_initializer)
        self.bias_initializer = get_initializer(bias_initializer)
        self.kernel_regularizer = get_regularizer(kernel_regularizer)
        self.recurrent_regularizer = get_regularizer(recurrent_regularizer)
        self.bias_regularizer = get_regularizer(bias_regularizer)
        self.kernel_constraint = get_constraint(kernel_constraint)
        self.recurrent_constraint = get_constraint(recurrent_constraint)
        self.bias_constraint = get_constraint(bias_constraint)
        self.return_sequences = flag(self, "return_sequences", return_sequences)
        self.go_backwards = flag(self, "go_backwards", go_backwards)
        self.mask_value = None if mask_value is None else number(self, "mask_value", mask_value)
        if go_backwards and mask_value is not None:
            raise ConfigError(
                f"{type(self).__name__}: with go_backwards the padding at the end would come first; reverse the "
                "sequences before padding them, and leave go_backwards out"
            )

    @property
    def features(self) -> int:
        """The length of one output."""
        return self.units

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """The shape of b."""
        return (self.gates * self.units,)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create W (d, gates · units), U (length of an output, gates · units) and b."""
        if len(shape) != 2 or shape[1] is None:
            raise ShapeError(
                f"{self.label} needs sequences of shape (T, d) with a known number of features d, got {shape} for one "
                "sample; a sequence of single numbers has d = 1: X[..., None]"
            )
        super().build(shape, rng, dtype)
        columns = self.gates * self.units
        self.W = self.add_parameter(
            "kernel",
            (shape[1], columns),
            self.kernel_initializer,
            rng,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self.U = self.add_parameter(
            "recurrent_kernel",
            (self.features, columns),
            self.recurrent_initializer,
            rng,
            self.recurrent_regularizer,
            self.recurrent_constraint,
        )
        self.b: Parameter | None = None
        if self.use_bias:
            self.b = self.add_parameter(
                "bias", self.bias_shape, self.bias_initializer, rng, self.bias_regularizer, self.bias_constraint
            )
        self.output_shape = (shape[0], self.features) if self.return_sequences else (self.features,)
        return self.output_shape

    @property
    def weights(self) -> list[Parameter | None]:
        """The parameters in the order of :mod:`mathnn.recurrence`, None for a bias that there is not."""
        return [self.W, self.U, self.b]

    @property
    def values(self) -> Any:
        """The values of ``weights``."""
        return [None if p is None else p.value for p in self.weights]

    def run(self, X: Array, new: recurrence.Workspace) -> tuple[Array, ...]:
        """Return the outputs (T + 1, m, k), beginning with the initial 0, and whatever backward needs besides."""
        raise NotImplementedError(f"{type(self).__name__} does not define run(X, new)")

    def backward_through_time(self, dH: Array, X: Array, trace: Any, need_dX: bool) -> tuple[Any, ...]:
        """Return dX (T, m, d) or None, and the gradients of ``weights``."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward_through_time(dH, X, trace, need_dX)")

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Go through all steps."""
        self.check_input(X)
        by_time = X.swapaxes(0, 1)
        by_time = np.ascontiguousarray(by_time[::-1] if self.go_backwards else by_time)
        H, *trace = self.run(by_time, self.scratch if cache else recurrence.fresh)
        shown = self._shown(X)
        if cache:
            self.keep(by_time, (H, *trace), shown)
        if shown is not None:
            H = H[shown, np.arange(len(X))]
        else:
            H = H[1:] if self.return_sequences else H[-1]
        return H.swapaxes(0, 1) if self.return_sequences else H

    def _shown(self, X: Array) -> Array | None:
        """Which of the states 0, 1, ..., T each output shows, (T, m) or (m,); None without padding."""
        if self.mask_value is None:
            return None
        steps = np.arange(1, X.shape[1] + 1)
        present = np.not_equal(X, self.mask_value).any(axis=2)
        lengths: Array = np.max(present * steps, axis=1, initial=0)
        return np.minimum(steps[:, None], lengths) if self.return_sequences else lengths

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Go back through all steps."""
        X, trace, shown = self.kept()
        if self.return_sequences:
            dY = dY.swapaxes(0, 1)
        if self.return_sequences and shown is None:
            dH = dY
        else:
            states = self.scratch("dH", trace[0].shape)
            states[...] = 0
            if shown is None:
                states[-1] = dY
            else:
                np.add.at(states, (shown, np.arange(dY.shape[-2])), dY)
            dH = states[1:]
        dX, *gradients = self.backward_through_time(dH, X, trace, need_dX)
        for p, gradient in zip(self.weights, gradients, strict=True):
            if p is not None:
                p.gradient = gradient
        if dX is None:
            return None
        dX = dX[::-1] if self.go_backwards else dX
        by_sample: Array = dX.swapaxes(0, 1)
        return by_sample


@registry.add
class SimpleRNN(RecurrentLayer):
    """A layer whose hidden units also see their own values of the step before: Elman's network.

    Forward, for x_t (m, d) and h_0 = 0::

        z_t = x_t W + h_{t-1} U + b          W (d, u), U (u, u), b (u,), z_t and h_t (m, u)
        h_t = f(z_t)

    Backward, from dh_t = ∂J/∂h_t, for t = T, ..., 1 (nothing comes from beyond T)::

        dz_t = (dh_t + dz_{t+1} Uᵀ) ⊙ f'(z_t)
        dW = Σ_t x_tᵀ dz_t     dU = Σ_t h_{t-1}ᵀ dz_t     db = Σ_t Σ_rows dz_t     dx_t = dz_t Wᵀ

    Parameters and errors: those of :class:`RecurrentLayer`.

    Source: Elman (1990), *Finding structure in time*; Werbos (1990), *Backpropagation through time: what it does and
    how to do it*.
    """

    def run(self, X: Array, new: recurrence.Workspace) -> tuple[Array, ...]:
        """h_t = f(x_t W + h_{t-1} U + b)."""
        W, U, b = self.values
        return recurrence.elman(X, W, U, b, self.activation, new)

    def backward_through_time(self, dH: Array, X: Array, trace: Any, need_dX: bool) -> tuple[Any, ...]:
        """dz_t = (dh_t + dz_{t+1} Uᵀ) ⊙ f'(z_t)."""
        W, U, _ = self.values
        H, Z = trace
        return recurrence.elman_backward(dH, X, W, U, H, Z, self.activation, self.scratch, need_dX)
