"""Activations as layers: ``Activation("relu")``, or each by its name, ``ReLU()``."""

from __future__ import annotations

from typing import Any

from .. import activations
from .activated import ActivatedLayer
from .base import Array, registry

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "HardSigmoid",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Swish",
    "Tanh",
]


@registry.add
class Activation(ActivatedLayer):
    """An activation as a layer of its own.

    Forward: ``A = f(X)``. Backward: ``dX = dA ⊙ f'(X)``; for softmax, whose outputs depend on all inputs of the row,
    ``dx = J(x)ᵀ da``. Any shape; softmax works along the last axis.

    Parameters
    ----------
    activation:
        A name or an activation.
    """

    def __init__(self, activation: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(activation=activation, name=name, trainable=trainable)

    def preactivate(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Z = X."""
        self.check_input(X)
        if cache:
            self.keep()
        return X

    def backward_from_preactivation(self, dZ: Array, need_dX: bool = True) -> Array | None:
        """dX = dZ."""
        self.kept()
        return dZ if need_dX else None


class _NoArguments(Activation):
    """An activation layer that takes no arguments of its own."""

    function: activations.ActivationFunction

    def __init__(self, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(self.function, name=name, trainable=trainable)


@registry.add
class Sigmoid(_NoArguments):
    """σ(z) = 1 / (1 + e⁻ᶻ) as a layer."""

    function = activations.sigmoid


@registry.add
class Tanh(_NoArguments):
    """tanh(z) as a layer."""

    function = activations.tanh


@registry.add
class ReLU(_NoArguments):
    """max(0, z) as a layer."""

    function = activations.relu


@registry.add
class SELU(_NoArguments):
    """The self-normalising exponential linear unit as a layer."""

    function = activations.selu


@registry.add
class SiLU(_NoArguments):
    """z σ(z), also called swish, as a layer."""

    function = activations.silu


Swish = SiLU


@registry.add
class Softplus(_NoArguments):
    """log(1 + eᶻ) as a layer."""

    function = activations.softplus


@registry.add
class HardSigmoid(_NoArguments):
    """The piecewise linear stand-in for the sigmoid, as a layer."""

    function = activations.hard_sigmoid


@registry.add
class Softmax(_NoArguments):
    """Softmax along the last axis, as a layer."""

    function = activations.softmax


@registry.add
class LogSoftmax(_NoArguments):
    """The logarithm of softmax along the last axis, as a layer."""

    function = activations.log_softmax


@registry.add
class LeakyReLU(Activation):
    """z for z > 0, ``negative_slope`` · z below, as a layer."""

    def __init__(self, negative_slope: float = 0.01, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(activations.LeakyReLU(negative_slope), name=name, trainable=trainable)
        self.negative_slope = negative_slope


@registry.add
class ELU(Activation):
    """z for z > 0, ``alpha`` (eᶻ − 1) below, as a layer."""

    def __init__(self, alpha: float = 1.0, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(activations.ELU(alpha), name=name, trainable=trainable)
        self.alpha = alpha


@registry.add
class GELU(Activation):
    """z Φ(z), Φ being the normal distribution function, as a layer."""

    def __init__(self, approximate: bool = False, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(activations.GELU(approximate), name=name, trainable=trainable)
        self.approximate = approximate
