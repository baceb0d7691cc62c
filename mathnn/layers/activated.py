"""A layer that ends in an activation: A = f(Z), where Z is what the layer computes."""

from __future__ import annotations

from typing import Any

from ..activations import ActivationFunction
from ..activations import get as get_activation
from .base import Array, Layer

__all__ = ["ActivatedLayer"]


class ActivatedLayer(Layer):
    """Base of the layers with an ``activation`` argument.

    A subclass computes the pre-activation Z in ``preactivate`` and applies the chain rule from ∂J/∂Z on in
    ``backward_from_preactivation``. The two halves can be called one by one because a softmax or sigmoid output and
    its cross-entropy are differentiated together: then ∂J/∂Z = (p − y)/m is known without ∂J/∂A.
    """

    def __init__(self, activation: Any = None, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.activation: ActivationFunction = get_activation("linear" if activation is None else activation)
        self._output: tuple[Array | None, Array] | None = None

    def preactivate(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Return Z for a batch X. With ``cache``, Z is an array of the layer's own."""
        raise NotImplementedError(f"{type(self).__name__} does not define preactivate(X, training, cache)")

    def backward_from_preactivation(self, dZ: Array, need_dX: bool = True) -> Array | None:
        """Take ∂J/∂Z, assign the parameters' gradients, return ∂J/∂X."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward_from_preactivation(dZ, need_dX)")

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """A = f(Z)."""
        f = self.activation
        Z = self.preactivate(X, training, cache)
        if f.name == "linear":
            A = Z
        elif cache:
            # A may take Z's place only where the derivative can be read off A, and never in the caller's array.
            A = f.apply(Z, Z if f.from_output and Z is not X else self.scratch("A", Z.shape))
        else:
            A = f.apply(Z, None if Z is X else Z)
        if cache:
            self._output = (None if f.from_output else Z, A)
        return A

    def backward(self, dA: Array, need_dX: bool = True) -> Array | None:
        """∂J/∂Z = ∂J/∂A ⊙ f'(Z), and from there on as the layer does."""
        self.kept()
        f = self.activation
        if f.name == "linear":
            return self.backward_from_preactivation(dA, need_dX)
        assert self._output is not None
        Z, A = self._output
        dZ = f.backward(dA, Z, A, self.scratch("dZ", A.shape))
        return self.backward_from_preactivation(dZ, need_dX)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_output": None}
