"""The fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks import count, flag
from ..constraints import get as get_constraint
from ..errors import ShapeError
from ..initializers import get as get_initializer
from ..regularizers import get as get_regularizer
from .activated import ActivatedLayer
from .base import Array, Parameter, Shape, registry

__all__ = ["Dense"]


@registry.add
class Dense(ActivatedLayer):
    """A fully connected layer: every output sees every input.

    Forward, for a batch X of m rows::

        Z = X W + b          X (m, d), W (d, k), b (k,), Z (m, k)
        A = f(Z)

    Backward, from dA = ∂J/∂A::

        dZ = dA ⊙ f'(Z)      (m, k)
        dW = Xᵀ dZ           (d, k)
        db = Σ_rows dZ       (k,)
        dX = dZ Wᵀ           (m, d)

    An input with more axes, (m, ..., d), is treated as that many more rows, as in Keras.

    Parameters
    ----------
    units:
        k, the number of outputs.
    activation:
        f, a name or an activation; None is the identity.
    use_bias:
        Whether there is a b.
    kernel_initializer, bias_initializer:
        How W and b are drawn.
    kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
        What is added to the cost, and where the values are sent back to after a step.

    Raises
    ------
    ConfigError
        If ``units`` is not a positive integer.
    ShapeError
        If the input has no last axis of known length d.

    Source: the four equations of backpropagation, Rumelhart, Hinton and Williams (1986), *Learning representations by
    back-propagating errors*, equations 4 to 7.
    """

    def __init__(
        self,
        units: int,
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
        self.units = count(self, "units", units, 1)
        self.use_bias = flag(self, "use_bias", use_bias)
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.bias_initializer = get_initializer(bias_initializer)
        self.kernel_regularizer = get_regularizer(kernel_regularizer)
        self.bias_regularizer = get_regularizer(bias_regularizer)
        self.kernel_constraint = get_constraint(kernel_constraint)
        self.bias_constraint = get_constraint(bias_constraint)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create W (d, units) and b (units,)."""
        if not shape or shape[-1] is None:
            raise ShapeError(f"{self.label} needs inputs of shape (..., d) with a known d, got {shape} for one sample")
        super().build(shape, rng, dtype)
        self.W = self.add_parameter(
            "kernel",
            (shape[-1], self.units),
            self.kernel_initializer,
            rng,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self.b: Parameter | None = None
        if self.use_bias:
            self.b = self.add_parameter(
                "bias", (self.units,), self.bias_initializer, rng, self.bias_regularizer, self.bias_constraint
            )
        self.output_shape = (*shape[:-1], self.units)
        return self.output_shape

    def preactivate(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Z = X W + b."""
        self.check_input(X)
        rows = X if X.ndim == 2 else X.reshape(-1, X.shape[-1])
        if cache:
            self.keep(rows, X.shape)
            Z = np.dot(rows, self.W.value, self.scratch("Z", (len(rows), self.units)))
        else:
            Z = np.dot(rows, self.W.value)
        if self.b is not None:
            Z += self.b.value
        return Z if X.ndim == 2 else Z.reshape(*X.shape[:-1], self.units)

    def backward_from_preactivation(self, dZ: Array, need_dX: bool = True) -> Array | None:
        """dW = Xᵀ dZ, db = Σ dZ, dX = dZ Wᵀ."""
        X, shape = self.kept()
        dZ = dZ.reshape(-1, self.units)
        np.dot(X.T, dZ, self.W.gradient)
        if self.b is not None:
            # A row of ones times dZ is the sum of its rows, several times as fast as sum(axis=0) on few columns.
            np.dot(self.ones(len(X)), dZ, self.b.gradient)
        if not need_dX:
            return None
        dX = np.dot(dZ, self.W.value.T, self.scratch("dX", X.shape))
        return dX.reshape(shape)
