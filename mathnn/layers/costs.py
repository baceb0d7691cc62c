"""Layers that pass their input on and add something to the cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks import number
from ..errors import ConfigError
from ..losses import Loss
from ..losses import get as get_loss
from ..regularizers import L1L2
from .base import Array, Layer, Shape, registry
from .containers import Chain

__all__ = ["ActivityRegularization", "AuxiliaryHead"]


@registry.add
class ActivityRegularization(Layer):
    """A penalty on what passes through: Y = X, and J grows by c = (l1 Σ|x| + l2 Σx²) / m.

    Backward: ``dX = dY + (l1 sign(X) + 2 l2 X) / m``, times the layer's loss weight, with sign(0) = 0.

    Parameters
    ----------
    l1, l2:
        The factors of the two penalties; l1 makes activations sparse.

    Source: the sparse autoencoder's penalty, Goodfellow, Bengio and Courville (2016), *Deep learning*, section 14.2.1.
    """

    adds_to_cost = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self._penalty = L1L2(l1, l2)
        self.l1, self.l2 = self._penalty.l1, self._penalty.l2

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = X; remember the penalty."""
        self.check_input(X)
        self.add_loss(self._penalty(X) / (len(X) or 1))
        if cache:
            self.keep(X)
        return X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY + ∂c/∂X."""
        (X,) = self.kept()
        if not need_dX:
            return None
        dX: Array = self._penalty.gradient(X)
        dX *= self.loss_weight / (len(X) or 1)
        dX += dY
        return dX


@registry.add
class AuxiliaryHead(Chain):
    """A second output in the middle of a network, with a loss of its own: Y = X, and J grows by w L(y, h(X)).

    The head h helps to train what stands before it and is not used for predictions. The model hands it the targets
    of the batch, so it adds to the cost in ``fit``, ``train_step`` and ``loss_and_gradient`` and not in ``evaluate``.

    Backward: ``dX = dY + w J_hᵀ ∂L/∂h``.

    Parameters
    ----------
    layers:
        h, from the features here to a prediction.
    loss:
        L; None takes the model's own.
    weight:
        w, 0.3 as in GoogLeNet; ``compile(loss_weights={name: w})`` overrides it.

    Source: Szegedy et al. (2015), *Going deeper with convolutions*, section 5.
    """

    adds_to_cost = True

    def __init__(
        self,
        layers: list[Layer],
        loss: Any = None,
        weight: float = 0.3,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(layers, name=name, trainable=trainable)
        if not layers:
            raise ConfigError(f"{self.label} needs at least one layer that ends in a prediction")
        self.loss: Loss | None = None if loss is None else get_loss(loss)
        self.weight = self.loss_weight = number(self, "weight", weight, 0)
        self.targets: tuple[Loss, Array, Array | None] | None = None

    @property
    def output_activation(self) -> None:
        """None: what leaves this layer is what came in."""

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Build the head; the shape does not change."""
        super().build(shape, rng, dtype)
        self.output_shape = shape
        return shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = X; with targets, the head's loss as well."""
        self.check_input(X)
        dP: Array | None = None
        self.add_loss(0.0)
        if self.targets is not None:
            loss, y, weight = self.targets
            L, dP = (self.loss or loss).value_and_gradient(y, super().forward(X, training, cache), weight)
            self.add_loss(L)
        if cache:
            self.keep(dP)
        return X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = dY + w J_hᵀ ∂L/∂h."""
        (dP,) = self.kept()
        if dP is None:
            for parameter in self.parameters:
                parameter.gradient = np.zeros(parameter.shape)
            return dY if need_dX else None
        dX = super().backward(self.loss_weight * dP, need_dX)
        return dY + dX if need_dX else None
