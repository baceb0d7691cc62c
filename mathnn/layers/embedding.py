"""Vectors for the symbols of an alphabet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks import count, flag
from ..constraints import get as get_constraint
from ..errors import ConfigError, DtypeError, LabelError
from ..initializers import get as get_initializer
from ..regularizers import get as get_regularizer
from .base import Array, Layer, Shape, registry

__all__ = ["Embedding"]


@registry.add
class Embedding(Layer):
    """A table with one vector, to be learnt, for each of n symbols (words, characters): a look-up.

    Forward, for whole numbers X of 0 to n - 1 of any shape (m, ...)::

        Y[...] = E[X[...]]           E (n, k), Y (m, ..., k)

    which is the product of one-hot rows with E. Backward: a row of E collects what reached it from everywhere::

        dE[i] = Σ dY[...] over all places where X is i

    X is constant in its neighbourhood as far as the output goes, so dX = 0.

    X may hold integers, or floats that are whole numbers: a model turns the integers it is given into floats.

    Parameters
    ----------
    input_dim, output_dim:
        n and k.
    embeddings_initializer, embeddings_regularizer, embeddings_constraint:
        How E is drawn, what is added to the cost for it, and where it is sent back to after a step.
    mask_zero:
        Whether symbol 0 is padding: its vector is 0 and is not trained, so that a recurrent layer with
        ``mask_value=0`` skips it.

    Raises
    ------
    ConfigError
        If a size is not a positive integer, or n is more than the dtype counts exactly (2²⁴ for float32).
    DtypeError
        If X holds fractions.
    LabelError
        If X holds a number outside 0 to n - 1.

    Source: Bengio, Ducharme, Vincent and Jauvin (2003), *A neural probabilistic language model*, the table C.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.input_dim = count(self, "input_dim", input_dim, 1)
        self.output_dim = count(self, "output_dim", output_dim, 1)
        self.embeddings_initializer = get_initializer(embeddings_initializer)
        self.embeddings_regularizer = get_regularizer(embeddings_regularizer)
        self.embeddings_constraint = get_constraint(embeddings_constraint)
        self.mask_zero = flag(self, "mask_zero", mask_zero)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create E (input_dim, output_dim)."""
        super().build(shape, rng, dtype)
        exact = 2 ** (np.finfo(self.dtype).nmant + 1)
        if self.input_dim > exact:
            raise ConfigError(
                f"{self.label}: {self.dtype} counts exactly up to {exact}, and input_dim is {self.input_dim}: "
                "build the model with dtype='float64'"
            )
        self.E = self.add_parameter(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            rng,
            self.embeddings_regularizer,
            self.embeddings_constraint,
        )
        self.output_shape = (*shape, self.output_dim)
        return self.output_shape

    def symbols(self, X: Array) -> Array:
        """Return X as indices into E, or raise."""
        if not isinstance(X, np.ndarray) or X.dtype.kind not in "iu":
            self.check_input(X)
        elif X.shape[1:] != self.input_shape:
            self._check_shape(X)
        if X.size and not (X.min() >= 0 and self.input_dim > X.max()):
            raise LabelError(
                f"{self.label} knows the symbols 0 to {self.input_dim - 1} and got numbers from {X.min():g} to "
                f"{X.max():g}: raise input_dim to the largest plus one, or number the symbols from 0"
            )
        indices: Array = X.astype(np.intp)
        if X.dtype.kind == "f" and (indices != X).any():
            raise DtypeError(
                f"{self.label} looks up whole numbers and got {X[indices != X][0]:g}: pass the numbers of the symbols, "
                "not features"
            )
        return indices

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = E[X]."""
        indices = self.symbols(X)
        if cache:
            self.keep(indices)
        Y: Array = self.E.value[indices]
        if self.mask_zero:
            Y[indices == 0] = 0
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dE[i] = Σ dY over all places where X is i."""
        (indices,) = self.kept()
        dE = self.E.gradient
        dE[...] = 0
        if indices.size:
            # Rows of one symbol are brought together and summed in runs: many times as fast as np.add.at.
            order = np.argsort(indices, axis=None, kind="stable")
            symbols, starts = np.unique(indices.reshape(-1)[order], return_index=True)
            dE[symbols] = np.add.reduceat(dY.reshape(-1, self.output_dim)[order], starts)
        if self.mask_zero:
            dE[0] = 0
        return np.zeros_like(indices, self.dtype) if need_dX else None
