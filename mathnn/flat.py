"""A chain of layers whose parameters are one vector θ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .arrays import numbers
from .checks import count
from .data import as_dtype
from .errors import ConfigError, ShapeError, StateError
from .layers import Chain, Layer
from .layers.base import Shape, as_weights
from .layers.guards import input_shape as as_input_shape

__all__ = ["FlatChain"]

Array = NDArray[Any]


class FlatChain(Chain):
    """Layers one after the other, all of whose parameters lie in one contiguous vector.

    ``theta`` holds every parameter and ``gradient`` every derivative of the cost, in the same order, the trainable ones
    first; the layers' own arrays are views into the two. It is the part of :class:`mathnn.Sequential` that has nothing
    to do with training.
    """

    def __init__(
        self,
        layers: Sequence[Layer] = (),
        seed: int | None = None,
        input_shape: Sequence[int | None] | None = None,
        dtype: DTypeLike | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(layers, name=name, trainable=trainable)
        self.seed = None if seed is None else count(self, "seed", seed, 0, math.inf)
        self._requested_dtype = None if dtype is None else as_dtype(dtype, type(self).__name__)
        initial, shuffle = np.random.SeedSequence(seed).spawn(2)
        self._initial_rng = np.random.default_rng(initial)
        self._shuffle_rng = np.random.default_rng(shuffle)
        self._theta = self._gradient = np.empty(0)
        self._trainable_size = 0
        if input_shape is not None:
            self.build(as_input_shape(self.label, input_shape))

    @property
    def config(self) -> dict[str, Any]:
        """What the constructor took, the input shape and dtype as they are now."""
        dtype = self.dtype.name if self.built else self._requested_dtype and self._requested_dtype.name
        return {**super().config, "dtype": dtype}

    def add(self, layer: Layer) -> None:
        """Append a layer; only before ``build``."""
        if self.built:
            raise StateError(f"{self.label} is built, so nothing can be added; make a new Sequential from layer copies")
        self.layers.append(self.adopt(layer))
        self.name_layers()

    def build(self, shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike | None = None) -> Shape:
        """Create all parameters for inputs whose samples have this shape (no batch axis).

        Called by a container, with that container's generator, the parameters become part of the container's θ.
        """
        if not self.layers:
            raise StateError(f"{self.label} has no layers: pass a list of layers, or add() them, before building")
        shape = as_input_shape(self.label, shape)
        nested = rng is not None
        dtype = as_dtype(dtype if dtype is not None else self._requested_dtype or np.float64, self.label)
        output = super().build(shape, self._initial_rng if rng is None else rng, dtype)
        if not nested:
            self._lay_out()
        return output

    def _lay_out(self) -> None:
        """Put all parameters into one vector, the trainable ones first, and make the layers' arrays views into it."""
        leaves = [layer for layer in self.walk() if not layer.sublayers]
        trainable = [p for layer in leaves if layer.trainable for p in layer.parameters]
        frozen = [p for layer in leaves if not layer.trainable for p in layer.parameters]
        size = sum(p.size for p in trainable + frozen)
        theta, gradient = np.empty(size, self.dtype), np.empty(size, self.dtype)
        start = 0
        for p in trainable + frozen:
            end = start + p.size
            p.bind(theta[start:end].reshape(p.shape), gradient[start:end].reshape(p.shape))
            start = end
        self._theta, self._gradient = theta, gradient
        self._trainable_size = sum(p.size for p in trainable)
        self._trained = theta[: self._trainable_size], gradient[: self._trainable_size]
        self._regularized = [(p, p.regularizer) for p in trainable + frozen if p.regularizer is not None]
        self._costly = [layer for layer in self.walk() if layer.adds_to_cost]
        self._constrained = [(p, p.constraint) for p in trainable if p.constraint is not None]

    @property
    def theta(self) -> Array:
        """All parameters as one vector; assigning copies into it."""
        self._require_built("theta")
        return self._theta

    @theta.setter
    def theta(self, new: Any) -> None:
        self._require_built("theta")
        new = numbers(f"{self.label}: theta", new)
        if new.shape != self._theta.shape:
            raise ShapeError(f"{self.label}: theta has shape {self._theta.shape}, got {new.shape}")
        self._theta[...] = as_weights(f"{self.label}: theta", new, self._theta.dtype)

    @property
    def gradient(self) -> Array:
        """∂J/∂theta as the last backward pass left it, in the order of theta."""
        self._require_built("gradient")
        return self._gradient

    def _require_built(self, what: str) -> None:
        if not self.built:
            raise StateError(
                f"{self.label}: {what} needs a built model. Call build(input_shape), pass input_shape to Sequential, "
                "or fit it first"
            )

    def snapshot(self) -> list[Array]:
        """Return copies of theta and of every buffer."""
        return [self.theta.copy(), *(b.copy() for b in self.buffers.values())]

    def restore(self, snapshot: list[Array]) -> None:
        """Return to what ``snapshot`` gave."""
        buffers = list(self.buffers.values())
        shapes = [self.theta.shape, *(b.shape for b in buffers)]
        if not isinstance(snapshot, list | tuple) or [getattr(s, "shape", None) for s in snapshot] != shapes:
            raise ConfigError(f"{self.label}.restore takes what snapshot returned, got {type(snapshot).__name__}")
        self.theta = snapshot[0]
        for buffer, kept in zip(buffers, snapshot[1:], strict=True):
            buffer[...] = kept

    def check_build(self, shape: Any, rng: Any, dtype: Any) -> tuple[Any, ...]:
        """Return the arguments as they are: this chain's own ``build`` may do without the last two."""
        return shape, rng, dtype

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A copied or unpickled array owns its numbers; the views into theta have to be made again.
        self.__dict__.update(state)
        if self.built and self._theta.size:
            self._lay_out()

    def __getstate__(self) -> dict[str, Any]:
        derived = ("_trained", "_regularized", "_constrained", "_costly")
        return {key: value for key, value in super().__getstate__().items() if key not in derived}
