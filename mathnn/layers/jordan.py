"""The recurrent layer of Jordan, whose output comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import recurrence
from ..activations import get as get_activation
from ..checks import count
from .base import Array, Parameter, Shape, registry
from .recurrent import RecurrentLayer

__all__ = ["JordanRNN"]


@registry.add
class JordanRNN(RecurrentLayer):
    """A hidden layer and an output layer; what comes back to the hidden units is the output of the step before.

    Forward, for x_t (m, d) and y_0 = 0::

        z_t = x_t W + y_{t-1} U + b          W (d, u), U (k, u), b (u,)
        h_t = f(z_t)                         h_t (m, u)
        q_t = h_t V + c                      V (u, k), c (k,)
        y_t = g(q_t)                         y_t (m, k), the output

    Backward, from dy_t = ∂J/∂y_t, for t = T, ..., 1 (nothing comes from beyond T)::

        dq_t = (dy_t + dz_{t+1} Uᵀ) ⊙ g'(q_t)
        dz_t = (dq_t Vᵀ) ⊙ f'(z_t)
        dW = Σ_t x_tᵀ dz_t     dU = Σ_t y_{t-1}ᵀ dz_t     db = Σ_t Σ_rows dz_t     dx_t = dz_t Wᵀ
        dV = Σ_t h_tᵀ dq_t     dc = Σ_t Σ_rows dq_t

    Parameters
    ----------
    units, activation:
        u and f, the hidden layer.
    output_units, output_activation:
        k and g, the output layer; k is u unless given, and g is linear.
    use_bias:
        Whether there are b and c.

    The other parameters and the errors are those of :class:`RecurrentLayer`; V is initialised, regularised and
    constrained as W is, and c as b.

    Source: Jordan (1986), *Serial order: a parallel distributed processing approach*, with a context that holds the
    last output alone (Jordan's context also keeps a fading part of its own past).
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        output_units: int | None = None,
        output_activation: Any = "linear",
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
        super().__init__(
            units=units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            mask_value=mask_value,
            name=name,
            trainable=trainable,
        )
        self.output_units = None if output_units is None else count(self, "output_units", output_units, 1)
        self.output_activation = get_activation("linear" if output_activation is None else output_activation)

    @property
    def features(self) -> int:
        """The length of one output."""
        return self.units if self.output_units is None else self.output_units

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create W (d, u), U (k, u) and b (u,), and V (u, k) and c (k,)."""
        output_shape = super().build(shape, rng, dtype)
        self.V = self.add_parameter(
            "output_kernel",
            (self.units, self.features),
            self.kernel_initializer,
            rng,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self.c: Parameter | None = None
        if self.use_bias:
            self.c = self.add_parameter(
                "output_bias",
                (self.features,),
                self.bias_initializer,
                rng,
                self.bias_regularizer,
                self.bias_constraint,
            )
        return output_shape

    @property
    def weights(self) -> list[Parameter | None]:
        """The parameters in the order of :func:`mathnn.recurrence.jordan`."""
        return [self.W, self.U, self.V, self.b, self.c]

    def run(self, X: Array, new: recurrence.Workspace) -> tuple[Array, ...]:
        """h_t = f(x_t W + y_{t-1} U + b), y_t = g(h_t V + c)."""
        W, U, V, b, c = self.values
        return recurrence.jordan(X, W, U, V, b, c, self.activation, self.output_activation, new)

    def backward_through_time(self, dH: Array, X: Array, trace: Any, need_dX: bool) -> tuple[Any, ...]:
        """dq_t = (dy_t + dz_{t+1} Uᵀ) ⊙ g'(q_t), dz_t = (dq_t Vᵀ) ⊙ f'(z_t)."""
        W, U, V, *_ = self.values
        Y, Z, H, Q = trace
        return recurrence.jordan_backward(
            dH, X, W, U, V, Y, Z, H, Q, self.activation, self.output_activation, self.scratch, need_dX
        )
