"""The recurrent layers with gates: LSTM and GRU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import recurrence
from ..activations import get as get_activation
from ..checks import flag
from .base import Array, Shape, registry
from .recurrent import RecurrentLayer

__all__ = ["GRU", "LSTM"]


@registry.add
class LSTM(RecurrentLayer):
    """Long short-term memory: what a cell holds passes from step to step through a gate, not through weights.

    Forward, for x_t (m, d), h_0 = c_0 = 0, with the columns of z_t in the blocks i, f, c, o::

        z_t = x_t W + h_{t-1} U + b          W (d, 4u), U (u, 4u), b (4u,), z_t (m, 4u)
        i = σ(z_i)     f = σ(z_f)     g = φ(z_c)     o = σ(z_o)
        c_t = f ⊙ c_{t-1} + i ⊙ g
        h_t = o ⊙ φ(c_t)

    Backward, from dh_t, for t = T, ..., 1 (nothing comes from beyond T)::

        dh = dh_t + dz_{t+1} Uᵀ
        dc = dc_{t+1} ⊙ f_{t+1} + dh ⊙ o ⊙ φ'(c_t)                          called dc_t from here on
        dz_i = dc ⊙ g ⊙ σ'     dz_f = dc ⊙ c_{t-1} ⊙ σ'     dz_c = dc ⊙ i ⊙ φ'     dz_o = dh ⊙ φ(c_t) ⊙ σ'
        dW = Σ_t x_tᵀ dz_t     dU = Σ_t h_{t-1}ᵀ dz_t       db = Σ_t Σ_rows dz_t   dx_t = dz_t Wᵀ

    Parameters
    ----------
    activation, recurrent_activation:
        φ and σ.
    unit_forget_bias:
        Whether b begins with 1 for the forget gate, so that the cell remembers before it has learnt to.

    The other parameters and the errors are those of :class:`RecurrentLayer`.

    Source: Hochreiter and Schmidhuber (1997), *Long short-term memory*; the forget gate: Gers, Schmidhuber and Cummins
    (2000), *Learning to forget*; its bias of 1: Jozefowicz, Zaremba and Sutskever (2015).
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        self.recurrent_activation = get_activation("linear" if recurrent_activation is None else recurrent_activation)
        self.unit_forget_bias = flag(self, "unit_forget_bias", unit_forget_bias)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create W (d, 4u), U (u, 4u) and b (4u,)."""
        output_shape = super().build(shape, rng, dtype)
        if self.b is not None and self.unit_forget_bias:
            self.b.value[self.units : 2 * self.units] = 1
        return output_shape

    def run(self, X: Array, new: recurrence.Workspace) -> tuple[Array, ...]:
        """c_t = f ⊙ c_{t-1} + i ⊙ g, h_t = o ⊙ φ(c_t)."""
        W, U, b = self.values
        return recurrence.lstm(X, W, U, b, self.activation, self.recurrent_activation, new)

    def backward_through_time(self, dH: Array, X: Array, trace: Any, need_dX: bool) -> tuple[Any, ...]:
        """dc_t = dc_{t+1} ⊙ f_{t+1} + dh_t ⊙ o ⊙ φ'(c_t), and from there to every gate."""
        W, U, _ = self.values
        H, C, Z, A, S = trace
        return recurrence.lstm_backward(
            dH, X, W, U, H, C, Z, A, S, self.activation, self.recurrent_activation, self.scratch, need_dX
        )


@registry.add
class GRU(RecurrentLayer):
    """Gated recurrent unit: the state is a mean of what it was and of what it might become, weighed by a gate.

    Forward, for x_t (m, d) and h_0 = 0, with the columns of p_t and q_t in the blocks z, r, h::

        p_t = x_t W + b_0                    W (d, 3u), b (2, 3u), p_t (m, 3u)
        q_t = h_{t-1} U + b_1                U (u, 3u), q_t (m, 3u)
        z = σ(p_z + q_z)     r = σ(p_r + q_r)     h̃ = φ(p_h + r ⊙ q_h)
        h_t = z ⊙ h_{t-1} + (1 - z) ⊙ h̃

    Backward, from dh_t, for t = T, ..., 1, where dh is ∂J/∂h_t with what comes from step t + 1::

        dh = dh_t + z_{t+1} ⊙ dh_{t+1} + dq_{t+1} Uᵀ
        dp_h = dh ⊙ (1 - z) ⊙ φ'                 dq_h = dp_h ⊙ r
        dp_z = dh ⊙ (h_{t-1} - h̃) ⊙ σ' = dq_z    dp_r = dp_h ⊙ q_h ⊙ σ' = dq_r
        dW = Σ_t x_tᵀ dp_t     dU = Σ_t h_{t-1}ᵀ dq_t     db = (Σ dp_t, Σ dq_t)     dx_t = dp_t Wᵀ

    With ``reset_after=False`` the reset gate stands before the product, as published: h̃ = φ(p_h + (r ⊙ h_{t-1}) U_h),
    and b (3u,) is b_0 alone; see :func:`mathnn.recurrence.gru_reset_before`.

    Parameters
    ----------
    activation, recurrent_activation:
        φ and σ.
    reset_after:
        Whether the reset gate acts after the product with U (as in cuDNN, PyTorch and Keras 3) or before it.

    The other parameters and the errors are those of :class:`RecurrentLayer`.

    Source: Cho et al. (2014), *Learning phrase representations using RNN encoder-decoder for statistical machine
    translation*, with z and 1 - z as Keras and PyTorch have them.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
        self.recurrent_activation = get_activation("linear" if recurrent_activation is None else recurrent_activation)
        self.reset_after = flag(self, "reset_after", reset_after)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """The shape of b: (2, 3u), one row for each product, or (3u,)."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def run(self, X: Array, new: recurrence.Workspace) -> tuple[Array, ...]:
        """h_t = z ⊙ h_{t-1} + (1 - z) ⊙ h̃."""
        kernel = recurrence.gru if self.reset_after else recurrence.gru_reset_before
        W, U, b = self.values
        return kernel(X, W, U, b, self.activation, self.recurrent_activation, new)

    def backward_through_time(self, dH: Array, X: Array, trace: Any, need_dX: bool) -> tuple[Any, ...]:
        """dh = dh_t + z_{t+1} ⊙ dh_{t+1} + dq_{t+1} Uᵀ, and from there to every gate."""
        W, U, _ = self.values
        H, P, A, Q = trace
        kernel = recurrence.gru_backward if self.reset_after else recurrence.gru_reset_before_backward
        return kernel(dH, X, W, U, H, P, A, Q, self.activation, self.recurrent_activation, self.scratch, need_dX)
