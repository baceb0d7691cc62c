"""Layers made of layers, so that composition is closed: a container goes wherever a layer goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks import flag
from ..configurable import snake_case
from ..errors import ConfigError
from .activated import ActivatedLayer
from .base import Array, Layer, Parameter, Shape, registry

__all__ = ["Chain", "Container"]


class Container(Layer):
    """Base of the layers that are made of layers, which it lists in ``layers``."""

    layers: list[Layer]

    def __init__(self, name: str | None = None, trainable: bool = True) -> None:
        self._trainable = flag(self, "trainable", trainable)
        super().__init__(name=name, trainable=trainable)

    @property
    def trainable(self) -> bool:
        """Whether this container's layers may be trained; setting it sets all of them."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = flag(self, "trainable", value)
        # At construction there is nothing inside yet, and a layer that was frozen before stays frozen.
        for layer in self.__dict__.get("layers", ()):
            layer.trainable = value

    @property
    def sublayers(self) -> list[Layer]:
        """The layers inside, in order."""
        return self.layers

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters of all layers inside, in order."""
        return [p for layer in self.sublayers for p in layer.parameters]

    @parameters.setter
    def parameters(self, value: list[Parameter]) -> None:
        """Do nothing: a container has no parameters but those of its layers."""

    @property
    def buffers(self) -> dict[str, Array]:
        """The buffers of all layers inside, under layer name and buffer name."""
        return {
            f"{i}.{layer.name}/{key}": b for i, layer in enumerate(self.sublayers) for key, b in layer.buffers.items()
        }

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """The sources of noise of all layers inside, under layer name and generator name."""
        return {
            f"{i}.{layer.name}/{key}": g
            for i, layer in enumerate(self.sublayers)
            for key, g in layer.generators.items()
        }

    def name_layers(self) -> None:
        """Give each layer without a name the next free one of its class, as Keras does; refuse doubles."""
        taken = Counter(layer.name for layer in self.sublayers if layer.name)
        double = [name for name, count in taken.items() if count > 1]
        if double:
            raise ConfigError(f"{self.label}: two layers are called {double[0]!r}; give each its own name")
        for layer in self.sublayers:
            if not layer.name:
                stem, count = snake_case(type(layer).__name__), 0
                while (name := f"{stem}_{count}" if count else stem) in taken:
                    count += 1
                layer.name = name
                taken[name] = 1


@registry.add
class Chain(Container):
    """Layers one after the other: f = f_L ∘ ... ∘ f_2 ∘ f_1.

    Forward passes X up the list; backward passes ∂J/∂Y down it, each layer multiplying in its own Jacobian, which is
    the chain rule. :class:`mathnn.Sequential` is a chain that can be trained.
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        if not isinstance(layers, list | tuple):
            raise ConfigError(f"{type(self).__name__} expects a list of layers, got {layers!r}")
        self.layers = [self.adopt(layer) for layer in layers]
        self.name_layers()

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Build each layer for the output shape of the one before it."""
        super().build(shape, rng, dtype)
        for layer in self.layers:
            shape = layer.build(shape, rng, dtype)
        self.output_shape = shape
        return shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = f_L(... f_2(f_1(X)))."""
        if not self.layers:
            self.check_input(X)
        for layer in self.layers:
            X = layer.forward(X, training, cache)
        return X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """From the last layer to the first."""
        return self._backward_below(len(self.layers), dY, need_dX)

    def _backward_below(self, end: int, dY: Array | None, need_dX: bool) -> Array | None:
        for i in range(end - 1, -1, -1):
            assert dY is not None
            dY = self.layers[i].backward(dY, need_dX or i > 0)
        return dY

    # A chain ends in an activation when its last layer does. The model uses that to start the backward pass of a
    # softmax or sigmoid output from its pre-activation.

    @property
    def output_activation(self) -> str | None:
        """The name of the activation that the chain ends in, or None."""
        last: Any = self.layers[-1] if self.layers else None
        if isinstance(last, Chain):
            return last.output_activation
        return last.activation.name if isinstance(last, ActivatedLayer) else None

    def preactivate(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Return the pre-activation of the last layer."""
        for layer in self.layers[:-1]:
            X = layer.forward(X, training, cache)
        last: Any = self.layers[-1]
        Z: Array = last.preactivate(X, training, cache)
        return Z

    def backward_from_preactivation(self, dZ: Array, need_dX: bool = True) -> Array | None:
        """Go down from ∂J/∂Z of the last layer."""
        last: Any = self.layers[-1]
        dX = last.backward_from_preactivation(dZ, need_dX or len(self.layers) > 1)
        return self._backward_below(len(self.layers) - 1, dX, need_dX)
