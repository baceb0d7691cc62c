"""What the bridges to other frameworks share: the table of counterparts, the order of gates and pixels, padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError, StateError
from ..layers import Embedding, Flatten, Layer, Reshape
from ..layers.base import Array, Shape
from ..models import Sequential
from ..windows import axis, both

__all__ = [
    "Counterparts",
    "assemble",
    "blocks",
    "check_built",
    "pixels_by_channel",
    "require",
    "same_padding",
    "takes_symbols",
    "transposed_crops",
    "twice",
    "window_padding",
]

F = TypeVar("F", bound=Callable[..., Any])
L = TypeVar("L", bound=Layer)


class Counterparts:
    """What a framework has in place of each layer: a function that writes it, or the reason why there is none.

    A new layer gets its counterpart by ``@table.add(TheLayer)`` over that function, or ``table.lacks(TheLayer, why)``.
    """

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self.writers: dict[type[Layer], Callable[..., Any]] = {}
        self.reasons: dict[type[Layer], str] = {}

    def add(self, *classes: type[Layer]) -> Callable[[F], F]:
        """Register the function below as the one that writes layers of these classes."""

        def register(write: F) -> F:
            self.writers.update(dict.fromkeys(classes, write))
            return write

        return register

    def lacks(self, cls: type[Layer], reason: str) -> None:
        """Register that layers of a class have no counterpart, and why."""
        self.reasons[cls] = reason

    def write(self, layer: Layer, *arguments: Any) -> Any:
        """Return the counterpart of a layer; ConfigError if it has none.

        The class counts, not its bases: a class of one's own computes something else than the one it derives from.
        """
        writer = self.writers.get(Sequential if isinstance(layer, Sequential) else type(layer))
        if writer is None:
            self.refuse(layer, self.reasons.get(type(layer), "it is a class of your own"))
        return writer(*arguments, layer)

    def refuse(self, layer: Layer, why: str) -> NoReturn:
        """Raise ConfigError: this layer, or what it is set to, has no counterpart."""
        known = ", ".join(sorted(cls.__name__ for cls in self.writers))
        raise ConfigError(f"{layer.label} has no counterpart in {self.framework}: {why}. Layers that have one: {known}")


def require(package: str, who: str) -> Any:
    """Import a framework and return it; StateError if it is not installed."""
    try:
        return import_module(package)
    except ImportError as error:
        raise StateError(f'{who} needs the package {package}: pip install "mathnn[{package}]" ({error})') from error


def check_built(model: Layer, who: str) -> None:
    """Raise StateError unless the model has its weights."""
    if not isinstance(model, Layer):
        raise ConfigError(f"{who} takes a model or a layer of mathnn, got {type(model).__name__}")
    if not model.built:
        raise StateError(f"{who}: {model.label} is not built, so it has no weights yet: call build(input_shape) or fit")


def assemble(model: L, shape: Shape, dtype: DTypeLike) -> L:
    """Build a model whose layers were built one by one, and leave them the weights that they have."""
    leaves = [leaf for leaf in model.walk() if not leaf.sublayers]
    weights = [leaf.get_weights() for leaf in leaves]
    if isinstance(model, Sequential):
        model.build(shape, dtype=dtype)
    else:
        model.build(shape, np.random.default_rng(0), dtype)
    for leaf, arrays in zip(leaves, weights, strict=True):
        leaf.set_weights(arrays)
    return model


def takes_symbols(model: Layer) -> bool:
    """Whether the model looks its input up in a table: nothing but rearranging stands before its first Embedding."""
    leaves = (leaf for leaf in model.walk() if not leaf.sublayers)
    first = next((leaf for leaf in leaves if not isinstance(leaf, Flatten | Reshape)), None)
    return isinstance(first, Embedding)


def blocks(array: Array, order: Sequence[int], along: int = -1) -> Array:
    """Return the gates' blocks of an array, which lie side by side along an axis, in another order.

    >>> blocks(np.array([1, 2, 3, 4, 5, 6]), [1, 0, 2]).tolist()
    [3, 4, 1, 2, 5, 6]
    """
    parts = np.split(array, len(order), axis=along)
    return np.concatenate([parts[i] for i in order], axis=along)


def pixels_by_channel(shape: Any) -> Array:
    """Return where, in an image (H, W, C) laid out as one row, the numbers of an image (C, H, W) laid out so stand.

    >>> pixels_by_channel((1, 2, 3)).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    places = np.arange(int(np.prod(shape))).reshape(shape)
    return places.transpose(2, 0, 1).reshape(-1)


def same_padding(n: int, k: int, s: int, d: int = 1) -> tuple[int, int]:
    """Return what "same" pads before and behind n inputs under a window of k cells, d apart, with step s.

    >>> same_padding(5, 2, 2), same_padding(5, 3, 1)
    ((0, 1), (1, 1))
    """
    a = axis("padding", n, k, s, d, "same")
    return a.p, max(0, a.reach - a.n - a.p)


def twice(value: Any) -> tuple[Any, Any]:
    """Return one value for rows and columns, or the pair that it is."""
    return (value[0], value[1]) if isinstance(value, tuple | list) else (value, value)


def window_padding(layer: Any, refuse: Callable[..., NoReturn], d: tuple[int, int] = (1, 1)) -> list[tuple[int, int]]:
    """Return what a convolution or pooling layer pads before and behind the rows, and the columns."""
    k = layer.kernel_size if hasattr(layer, "kernel_size") else layer.pool_size
    s = layer.strides or k
    padding = both("valid" if layer.padding == "valid" else layer.padding)
    pairs = []
    for a, n in enumerate(layer.input_shape[:2]):
        if padding[a] != "same":
            p = 0 if isinstance(padding[a], str) else int(padding[a])
            pairs.append((p, p))
        elif n is not None or s[a] == 1:
            # With step 1 the padding is the same for all lengths.
            pairs.append(same_padding(n or k[a] * d[a], k[a], s[a], d[a]))
        else:
            refuse(layer, 'padding="same" with strides needs a known height and width')
    return pairs


def transposed_crops(layer: Any) -> list[tuple[int, int]]:
    """Return what a transposed convolution cuts off before and behind its rows, and its columns.

    What the windows reach is (n − 1)·s + k long. A negative number stands for zeros that are added behind it, where the
    step is longer than the window.
    """
    crops = []
    for a in (0, 1):
        k, s, d, padding = layer.along(a)
        total = d * (k - 1) + 1 - s
        if not isinstance(padding, str):
            crops.append((padding, padding))
        elif padding == "valid" or total < 0:
            crops.append((0, min(total, 0)))
        else:
            crops.append((total // 2, total - total // 2))
    return crops
