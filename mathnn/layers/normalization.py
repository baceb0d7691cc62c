"""Layers that give their input mean 0 and variance 1, then a scale and a shift of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks import flag, number
from ..constraints import get as get_constraint
from ..errors import ShapeError
from ..initializers import get as get_initializer
from ..regularizers import get as get_regularizer
from .base import Array, Layer, Parameter, Shape, registry

__all__ = ["BatchNormalization", "LayerNormalization", "NormalizationLayer"]


class NormalizationLayer(Layer):
    """Base of the two: Y = γ ⊙ X̂ + β, where a subclass says what X̂ is. The last axis holds the d features.

    ``center`` says whether there is a β (d,), ``scale`` whether there is a γ (d,).
    """

    def __init__(
        self,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.epsilon = number(self, "epsilon", epsilon, 0, ends="()")
        self.center = flag(self, "center", center)
        self.scale = flag(self, "scale", scale)
        self.beta_initializer = get_initializer(beta_initializer)
        self.gamma_initializer = get_initializer(gamma_initializer)
        self.beta_regularizer = get_regularizer(beta_regularizer)
        self.gamma_regularizer = get_regularizer(gamma_regularizer)
        self.beta_constraint = get_constraint(beta_constraint)
        self.gamma_constraint = get_constraint(gamma_constraint)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create γ and β (d,)."""
        if not shape or shape[-1] is None:
            raise ShapeError(f"{self.label} needs inputs of shape (..., d) with a known d, got {shape} for one sample")
        super().build(shape, rng, dtype)
        d = (shape[-1],)
        self.gamma: Parameter | None = None
        self.beta: Parameter | None = None
        if self.scale:
            self.gamma = self.add_parameter(
                "gamma", d, self.gamma_initializer, rng, self.gamma_regularizer, self.gamma_constraint
            )
        if self.center:
            self.beta = self.add_parameter(
                "beta", d, self.beta_initializer, rng, self.beta_regularizer, self.beta_constraint
            )
        return shape

    def scale_and_shift(self, normal: Array, out: Array | None) -> Array:
        """Y = γ ⊙ X̂ + β."""
        Y: Array = (
            np.positive(normal, out=out) if self.gamma is None else np.multiply(normal, self.gamma.value, out=out)
        )
        if self.beta is not None:
            Y += self.beta.value
        return Y

    def backward_scale_and_shift(self, dY: Array, normal: Array) -> tuple[Array, Array]:
        """dγ = Σ dY ⊙ X̂ and dβ = Σ dY over the rows; assign them where they belong, and return them."""
        ones = self.ones(len(dY))
        dgamma, dbeta = ones @ np.multiply(dY, normal, out=self.scratch("dX", dY.shape)), ones @ dY
        if self.gamma is not None:
            self.gamma.gradient = dgamma
        if self.beta is not None:
            self.beta.gradient = dbeta
        return dgamma, dbeta


@registry.add
class BatchNormalization(NormalizationLayer):
    """Give each feature mean 0 and variance 1 over the batch, then scale and shift it.

    Forward in training, for X of n rows (m samples, or all their pixels or steps) and d features::

        μ = (1/n) Σ_rows X       σ² = (1/n) Σ_rows (X - μ)²       μ, σ² (d,)
        X̂ = (X - μ) / √(σ² + ε)
        Y = γ ⊙ X̂ + β                                             γ, β (d,)

    and the running statistics follow: moving_mean ← a · moving_mean + (1 - a) μ, and moving_variance likewise with σ²,
    which is the biased variance, as in Keras. At inference, and when the layer is not trainable, they stand for μ and
    σ², so samples do not see each other.

    Backward in training, where μ and σ² depend on X too (all sums over rows)::

        dγ = Σ dY ⊙ X̂       dβ = Σ dY
        dX = γ / √(σ² + ε) ⊙ (dY - dβ / n - X̂ ⊙ dγ / n)

    and at inference ``dX = γ / √(σ² + ε) ⊙ dY``.

    Parameters
    ----------
    momentum:
        a, in [0, 1]: how much of the running statistics stays at each step.
    epsilon:
        ε, more than 0.
    center, scale:
        Whether there are a β and a γ.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer:
        What they begin with.
    beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
        What is added to the cost, and where the values are sent back to after a step.

    Raises
    ------
    ConfigError
        If ``momentum`` or ``epsilon`` is out of range.
    ShapeError
        If the last length of the input is not known, or a training batch has one value for each feature, whose variance
        is 0 whatever it is.

    Source: Ioffe and Szegedy (2015), *Batch normalization: accelerating deep network training by reducing internal
    covariate shift*, algorithms 1 and 2 (whose inference takes the unbiased variance).
    """

    def __init__(
        self,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            name=name,
            trainable=trainable,
        )
        self.momentum = number(self, "momentum", momentum, 0, 1, ends="[]")
        self.moving_mean_initializer = get_initializer(moving_mean_initializer)
        self.moving_variance_initializer = get_initializer(moving_variance_initializer)

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Create γ and β, and the running statistics."""
        super().build(shape, rng, dtype)
        d = shape[-1] or 0
        self.moving_mean: Array = self.moving_mean_initializer(d, rng, self.dtype)
        self.moving_variance: Array = self.moving_variance_initializer(d, rng, self.dtype)
        return shape

    @property
    def buffers(self) -> dict[str, Array]:
        """The running statistics."""
        if not self.built:
            return {}
        return {"moving_mean": self.moving_mean, "moving_variance": self.moving_variance}

    @property
    def smallest_batch(self) -> int:
        """2 where the variance is that of the batch and a sample is one row of it, else 1."""
        alone = self.input_shape is not None and all(n == 1 for n in self.input_shape[:-1])
        return 2 if alone and self.trainable else 1

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = γ ⊙ (X - μ) / √(σ² + ε) + β."""
        self.check_input(X)
        rows = X.reshape(-1, X.shape[-1])
        n, of_batch = len(rows), training and self.trainable
        work, out = (self.scratch("normal", rows.shape), self.scratch("Y", rows.shape)) if cache else (None, None)
        if of_batch:
            if n < 2:
                raise ShapeError(
                    f"{self.label} got a batch with one value for each feature (shape {X.shape}), whose variance is 0: "
                    "training needs two samples or more in every batch, the last of an epoch too. Choose a batch_size "
                    "that does not leave one sample over, or leave that sample out"
                )
            # The mean as a product with ones, many times as fast as mean(axis=0); and the variance from centred values,
            # since E[x²] - μ² loses digits where μ is large.
            mean = self.ones(n) @ rows / n
            normal = np.subtract(rows, mean, out=work)
            variance: Array = self.ones(n) @ np.square(normal, out=out) / n
            for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving *= self.momentum
                moving += (1 - self.momentum) * now
        else:
            variance = self.moving_variance
            normal = np.subtract(rows, self.moving_mean, out=work)
        inverse = 1 / np.sqrt(variance + self.epsilon)
        normal *= inverse
        if cache:
            self.keep(normal, inverse, of_batch, X.shape)
        Y = self.scale_and_shift(normal, out if cache else normal)
        return Y.reshape(X.shape)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = γ / √(σ² + ε) ⊙ (dY - dβ / n - X̂ ⊙ dγ / n)."""
        normal, inverse, of_batch, shape = self.kept()
        dY, n = dY.reshape(normal.shape), len(normal)
        dgamma, dbeta = self.backward_scale_and_shift(dY, normal)
        if not need_dX:
            return None
        dX: Array = dY
        if of_batch:
            dX = np.multiply(normal, dgamma / -n, out=self.scratch("dX", normal.shape))
            dX += dY
            dX -= dbeta / n
        slope = inverse if self.gamma is None else self.gamma.value * inverse
        dX = np.multiply(dX, slope, out=self.scratch("dX", normal.shape))
        return dX.reshape(shape)


@registry.add
class LayerNormalization(NormalizationLayer):
    """Give each row mean 0 and variance 1 over its features, then scale and shift each feature.

    Forward, for each row x of the last axis (d features), alike in training and at inference::

        μ = (1/d) Σ_j x_j        σ² = (1/d) Σ_j (x_j - μ)²
        x̂ = (x - μ) / √(σ² + ε)
        y = γ ⊙ x̂ + β                                             γ, β (d,)

    Backward (dγ and dβ summed over rows, the two means over the row)::

        dγ = Σ dy ⊙ x̂       dβ = Σ dy       dx̂ = γ ⊙ dy
        dx = (dx̂ - mean(dx̂) - x̂ ⊙ mean(dx̂ ⊙ x̂)) / √(σ² + ε)

    Parameters
    ----------
    epsilon, center, scale:
        ε, more than 0, and whether there are a β and a γ.
    beta_initializer, gamma_initializer:
        What they begin with.
    beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
        What is added to the cost, and where the values are sent back to after a step.

    Raises
    ------
    ConfigError
        If ``epsilon`` is not more than 0.
    ShapeError
        If the last length of the input is not known.

    Source: Ba, Kiros and Hinton (2016), *Layer normalization*, equation 4.
    """

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = γ ⊙ (X - μ) / √(σ² + ε) + β."""
        self.check_input(X)
        rows = X.reshape(-1, X.shape[-1])
        d = rows.shape[1]
        mean = rows @ self.ones(d) / d
        normal = np.subtract(rows, mean[:, None], out=self.scratch("normal", rows.shape) if cache else None)
        inverse = 1 / np.sqrt(np.vecdot(normal, normal) / d + self.epsilon)
        normal *= inverse[:, None]
        if cache:
            self.keep(normal, inverse, X.shape)
        Y = self.scale_and_shift(normal, self.scratch("Y", rows.shape) if cache else normal)
        return Y.reshape(X.shape)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dx = (dx̂ - mean(dx̂) - x̂ ⊙ mean(dx̂ ⊙ x̂)) / √(σ² + ε)."""
        normal, inverse, shape = self.kept()
        dY, d = dY.reshape(normal.shape), normal.shape[1]
        self.backward_scale_and_shift(dY, normal)
        if not need_dX:
            return None
        dN = dY if self.gamma is None else dY * self.gamma.value
        dX: Array = np.multiply(normal, np.vecdot(dN, normal)[:, None] / -d, out=self.scratch("dX", normal.shape))
        dX += dN
        dX -= (dN @ self.ones(d))[:, None] / d
        dX *= inverse[:, None]
        return dX.reshape(shape)
