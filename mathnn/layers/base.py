"""The contract of a layer, and the parameter that it trains.

A layer is four things: ``build`` makes its parameters, ``forward`` computes, ``backward`` applies the chain rule, and
``config`` says how to make it again. No tape stands behind them: each layer writes its own derivative down.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..arrays import finite, floats, numbers
from ..checks import flag
from ..configurable import Configurable, Registry
from ..constraints import Constraint
from ..errors import ConfigError, DtypeError, ShapeError, StateError
from ..initializers import Initializer
from ..regularizers import Regularizer
from .guards import check_build, guard

__all__ = ["Array", "Layer", "Parameter", "Shape", "get", "registry"]

Array = NDArray[Any]
Shape = tuple[int | None, ...]


class Parameter:
    """A named array that is trained, and the derivative of the cost by it.

    Once its model is built, ``value`` is a view into ``model.theta`` and ``gradient`` a view into ``model.gradient``.
    Assigning to either copies into the view, so plain assignment never breaks it.
    """

    __slots__ = ("_gradient", "_value", "constraint", "name", "regularizer")

    def __init__(
        self,
        name: str,
        value: Array,
        regularizer: Regularizer | None = None,
        constraint: Constraint | None = None,
    ) -> None:
        self.name = name
        self._value = floats(f"parameter {name!r}", value).copy(order="C")
        self._gradient = np.zeros_like(self._value)
        self.regularizer = regularizer
        self.constraint = constraint

    @property
    def value(self) -> Array:
        """The array itself."""
        return self._value

    @value.setter
    def value(self, new: Any) -> None:
        self._value[...] = self._like(new)

    @property
    def gradient(self) -> Array:
        """∂J/∂value, as the last ``backward`` assigned it."""
        return self._gradient

    @gradient.setter
    def gradient(self, new: Array) -> None:
        if type(new) is np.ndarray and new.shape == self._value.shape and new.dtype == self._value.dtype:
            self._gradient[...] = new
        else:
            self._gradient[...] = self._like(new)

    def _like(self, new: Any) -> Array:
        """Return numbers in the shape and dtype of this parameter, or raise."""
        array = numbers(f"parameter {self.name!r}", new)
        if array.shape != self._value.shape and array.ndim:
            raise ShapeError(
                f"parameter {self.name!r} has shape {self._value.shape}, got an array of shape {array.shape}: "
                "reshape it, or set the weights of the layer that it comes from"
            )
        return as_weights(f"parameter {self.name!r}", array, self._value.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of value and gradient."""
        return self._value.shape

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self._value.size

    def bind(self, value: Array, gradient: Array) -> None:
        """Move into the given views, taking the numbers along."""
        value[...] = self._value
        gradient[...] = self._gradient
        self._value, self._gradient = value, gradient

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, shape={self.shape}, dtype={self._value.dtype})"


def as_weights(who: str, array: Array, dtype: DTypeLike) -> Array:
    """Return an array of numbers in that dtype, or raise NonFiniteError."""
    with np.errstate(over="ignore"):  # what the dtype cannot hold becomes infinite, and is refused
        return finite(who, array.astype(dtype, copy=False))


class Layer(Configurable):
    """Base of all layers.

    A layer of your own overrides ``build`` (when it has parameters or changes the shape), ``forward`` and
    ``backward``; ``add_parameter`` makes a parameter, ``keep`` and ``kept`` carry what ``backward`` needs. Every
    argument of its constructor is stored under the argument's own name.

    Shapes carry no batch axis; ``None`` stands for an axis whose length may change from call to call.
    """

    #: Whether ``forward`` adds something to the model's cost; a class that calls ``add_loss`` sets it.
    adds_to_cost = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        guard(cls)

    def __init__(self, name: str | None = None, trainable: bool = True) -> None:
        if name is not None and (not isinstance(name, str) or not name):
            raise ConfigError(f"{type(self).__name__}: name must be a non-empty string or None, got {name!r}")
        self.name = name
        self.trainable = flag(self, "trainable", trainable)
        self.parameters: list[Parameter] = []
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None
        self.dtype: np.dtype[Any] = np.dtype(np.float64)
        self.extra_cost, self.loss_weight = 0.0, 1.0
        self._owned = False
        self._cache: tuple[Any, ...] | None = None
        self._workspace: dict[str, Array] = {}
        self._given: dict[type, tuple[int, ...]] = {}  # the shape that the last cached forward of each class gave

    # --- the contract -------------------------------------------------------------------------------------------

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Take the shape of one input sample, create the parameters, return the shape of one output sample."""
        self.input_shape = self.output_shape = shape
        self.dtype = np.dtype(dtype)
        self.parameters = []
        self._cache, self._workspace, self._given = None, {}, {}
        return shape

    def check_build(self, shape: Any, rng: Any, dtype: Any) -> tuple[Any, ...]:
        """Return the arguments of ``build`` in order, or raise what is wrong with them."""
        return check_build(self.label, shape, rng, dtype)

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Return the output for a batch X of m samples.

        ``training`` switches on what only training does (dropout, noise, batch statistics). ``cache`` keeps what
        ``backward`` needs; the array returned then belongs to the layer and holds until its next cached forward.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define forward(X, training, cache)")

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Take ∂J/∂Y, assign ∂J/∂(each parameter), return ∂J/∂X, or None when it is not needed."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward(dY, need_dX)")

    @property
    def buffers(self) -> dict[str, Array]:
        """Arrays that are kept but not trained, such as running statistics. They are saved and restored in place."""
        return {}

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """The layer's own sources of noise."""
        return {}

    @property
    def smallest_batch(self) -> int:
        """How many samples a batch must have in training: ``fit`` asks before it starts."""
        return 1

    @property
    def sublayers(self) -> list[Layer]:
        """The layers inside this one: none, unless it is a container."""
        return []

    # --- help for those who write layers --------------------------------------------------------------------------

    def add_parameter(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Initializer,
        rng: np.random.Generator,
        regularizer: Regularizer | None = None,
        constraint: Constraint | None = None,
    ) -> Parameter:
        """Create a parameter, drawn by the initializer, and list it."""
        parameter = Parameter(name, initializer(shape, rng, self.dtype), regularizer, constraint)
        self.parameters.append(parameter)
        return parameter

    def add_loss(self, value: float) -> None:
        """Let the last forward add w · value to the cost, w being ``loss_weight``; each call replaces the one before.

        The class sets ``adds_to_cost``, and its ``backward`` adds w times the derivative of the value.
        """
        if not self.adds_to_cost:
            raise StateError(f"{self.label} calls add_loss, so its class must say adds_to_cost = True")
        self.extra_cost = self.loss_weight * float(value)

    def check_input(self, X: Array) -> None:
        """Refuse an input that this layer was not built for. Its numbers are not looked at: the model does that."""
        if type(X) is not np.ndarray or X.shape[1:] != self.input_shape or not X.shape:
            self._check_shape(X)
        if X.dtype != self.dtype:
            raise DtypeError(
                f"{self.label} was built for {self.dtype} and got {X.dtype}: pass X.astype({self.dtype.name!r}), "
                f"or build the model with dtype={X.dtype.name!r}"
            )

    def _check_shape(self, X: Array) -> None:
        if self.input_shape is None:
            raise StateError(f"{self.label} is not built: call build(input_shape, rng) first, or fit its model")
        expected = self.input_shape
        if not isinstance(X, np.ndarray):
            raise DtypeError(
                f"{self.label} computes with arrays and got {type(X).__name__}: pass np.asarray(X, {self.dtype.name!r})"
            )
        if X.ndim != len(expected) + 1 or any(e not in (None, n) for e, n in zip(expected, X.shape[1:], strict=True)):
            wanted = ", ".join(["m", *("any" if n is None else str(n) for n in expected)])
            raise ShapeError(
                f"{self.label} expects X of shape ({wanted}{',' if not expected else ''}), m being the number of "
                f"samples, and got {X.shape}"
            )

    def keep(self, *values: Any) -> None:
        """Remember what ``backward`` will need."""
        self._cache = values

    def kept(self) -> tuple[Any, ...]:
        """Return what ``keep`` remembered, or raise StateError."""
        if self._cache is None:
            raise StateError(
                f"{self.label}: backward needs a cached forward. Call forward(X, cache=True) first; predict and "
                "evaluate do not cache"
            )
        return self._cache

    def scratch(self, key: str, shape: tuple[int, ...], dtype: DTypeLike | None = None) -> Array:
        """Return an uninitialised array that is reused from call to call (a smaller batch gets its first rows)."""
        array = self._workspace.get(key)
        if array is None or array.shape[1:] != shape[1:] or len(array) < shape[0]:
            array = self._workspace[key] = np.empty(shape, self.dtype if dtype is None else dtype)
        return array if len(array) == shape[0] else array[: shape[0]]

    def ones(self, m: int) -> Array:
        """Return m ones, kept from call to call: ``ones @ d`` sums rows, several times as fast as ``d.sum(axis=0)``."""
        ones = self._workspace.get("ones")
        if ones is None or len(ones) < m:
            ones = self._workspace["ones"] = np.ones(m, self.dtype)
        return ones[:m]

    # --- what every layer can do ------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """Class and name, for messages."""
        return f"{type(self).__name__} {self.name!r}" if self.name else type(self).__name__

    @property
    def built(self) -> bool:
        """Whether ``build`` has run."""
        return self.input_shape is not None

    def walk(self) -> Iterator[Layer]:
        """Yield this layer and all layers inside it, in the order of the forward pass."""
        yield self
        for layer in self.sublayers:
            yield from layer.walk()

    def adopt(self, layer: Layer) -> Layer:
        """Take a layer into this container; a layer belongs to one model."""
        if not isinstance(layer, Layer):
            raise ConfigError(
                f"{self.label} is made of layers, got {layer!r} of type {type(layer).__name__}"
                + (f": write {layer.__name__}(...)" if isinstance(layer, type) else "")
            )
        if layer._owned:
            raise StateError(
                f"{layer.label} already belongs to a model, and a layer belongs to one model. "
                "Use layer.copy() to carry its weights over"
            )
        layer._owned = True
        return layer

    def copy(self) -> Self:
        """Return an independent layer with the same configuration, weights and buffers, free for another model."""
        twin = copy.deepcopy(self)
        twin._owned = False
        return twin

    def get_weights(self) -> list[Array]:
        """Return copies of all parameters and then all buffers, in a fixed order."""
        return [p.value.copy() for p in self.parameters] + [b.copy() for b in self.buffers.values()]

    def set_weights(self, weights: list[Any]) -> None:
        """Set all parameters and buffers from a list like that of ``get_weights``; all or nothing."""
        if not self.built:
            raise StateError(f"{self.label} is not built, so it has no weights yet: call build first")
        who = f"{self.label}.set_weights"
        if not isinstance(weights, list | tuple):
            raise ConfigError(f"{who} takes a list of arrays, as get_weights returns it, got {type(weights).__name__}")
        targets = [p.value for p in self.parameters] + list(self.buffers.values())
        arrays = [numbers(who, w) for w in weights]
        if [a.shape for a in arrays] != [t.shape for t in targets]:
            raise ShapeError(
                f"{who} expects {len(targets)} arrays of shapes {[t.shape for t in targets]}, "
                f"got {len(arrays)} of shapes {[a.shape for a in arrays]}"
            )
        arrays = [as_weights(who, array, target.dtype) for target, array in zip(targets, arrays, strict=True)]
        for target, array in zip(targets, arrays, strict=True):
            target[...] = array

    def __getstate__(self) -> dict[str, Any]:
        # Copies and pickles carry the layer, not the traces of its last batch.
        return {**self.__dict__, "_cache": None, "_workspace": {}, "_given": {}}


guard(Layer)
registry: Registry[Layer] = Registry("layer", Layer)
get = registry.get
