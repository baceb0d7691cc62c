"""Reading a Keras model: its graph as paths that fork and meet, and each of its operations as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .. import activations, constraints, layers, regularizers
from ..activations import ActivationFunction
from ..errors import ConfigError
from ..layers import Activation, Layer
from ..models import Sequential
from . import shared
from .keras import ARGUMENTS, EDGE, NAMED, repeats_edge

__all__ = ["read"]

#: What these arguments of Keras's layers must be; mathnn has nothing else.
FIXED: dict[str, tuple[Any, ...]] = {
    "data_format": ("channels_last",),
    "activity_regularizer": (None,),
    "stateful": (False,),
    "return_state": (False,),
    "dropout": (0, 0.0),
    "recurrent_dropout": (0, 0.0),
    "noise_shape": (None,),
    "output_padding": (None,),
    "mask_zero": (False,),
    "rms_scaling": (False,),
    "renorm": (False,),
}
LIKE = {cls.__name__: cls for cls in ARGUMENTS}


class Step:
    """One operation on one tensor."""

    def __init__(self, operation: Any, node: Any) -> None:
        self.operation, self.arguments = operation, node.arguments
        self.kind, self.shape = type(operation).__name__, node.input_tensors[0].shape[1:]

    def refuse(self, why: str) -> NoReturn:
        """Raise ConfigError: this operation has no counterpart."""
        raise ConfigError(f"from_keras: {self.kind} {self.operation.name!r}: {why}")


class Join:
    """Paths from one tensor that meet again in an operation."""

    kind = "join"

    def __init__(self, step: Step, paths: list[list[Any]]) -> None:
        self.step, self.paths = step, paths


def read(model: Any) -> Sequential:
    """Return the model built, with its weights."""
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise ConfigError(
            f"from_keras takes a Sequential or functional keras.Model that is built, got {type(model).__name__}"
        )
    dtypes = {str(v.dtype) for v in model.weights if "float" in str(v.dtype)}
    if len(dtypes) > 1:
        raise ConfigError(f"from_keras: the weights are of several dtypes ({', '.join(sorted(dtypes))}); choose one")
    reader = Reader()
    made = reader.convert(Graph(model).steps) or [Activation("linear")]
    ours = Sequential(made)
    ours.build(tuple(model.inputs[0].shape[1:]), dtype=dtypes.pop() if dtypes else model.outputs[0].dtype)
    for layer, weights in reader.weights:
        layer.set_weights(weights)
    return ours


class Graph:
    """The operations of a functional model as a path, on which there may be joins of paths."""

    def __init__(self, model: Any) -> None:
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise ConfigError(
                f"from_keras: the model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; mathnn's "
                "models have one of each"
            )
        self.start, self.passed = model.inputs[0], {id(model.inputs[0]): [model.inputs[0]]}
        self.used: set[int] = set()
        self.steps = self.path(model.outputs[0], self.start)

    def origin(self, tensor: Any) -> tuple[Step, list[Any]]:
        """Return the operation that a tensor comes from, and the tensors that it takes."""
        operation, index = tensor._keras_history[:2]
        node = operation._inbound_nodes[index]
        return Step(operation, node), node.input_tensors

    def through(self, tensor: Any) -> list[Any]:
        """Return the tensors that every way from the input to this one passes, in order; the last is itself."""
        if id(tensor) not in self.passed:
            self.passed[id(tensor)] = [*self.fork(self.origin(tensor)[1]), tensor]
        return self.passed[id(tensor)]

    def fork(self, tensors: list[Any]) -> list[Any]:
        """Return the tensors that every way to each of these passes; at the last of them the paths fork."""
        common = self.through(tensors[0])
        for other in tensors[1:]:
            ids = {id(t) for t in self.through(other)}
            common = [t for t in common if id(t) in ids]
        return common

    def path(self, tensor: Any, stop: Any) -> list[Any]:
        """Return what leads from one tensor to another, in order."""
        steps: list[Any] = []
        while tensor is not stop:
            step, parents = self.origin(tensor)
            if getattr(step.operation, "weights", None):
                if id(step.operation) in self.used:
                    step.refuse("its weights are used twice; a layer of mathnn stands in one place")
                self.used.add(id(step.operation))
            if step.kind in ("Add", "Concatenate"):
                fork = self.fork(parents)[-1]
                steps.append(Join(step, [self.path(parent, fork) for parent in parents]))
                tensor = fork
            elif len(parents) == 1:
                tensor = parents[0]
                inner = hasattr(step.operation, "inputs") and hasattr(step.operation, "layers")
                steps += reversed(Graph(step.operation).steps) if inner else [step]
            else:
                step.refuse(f"it takes {len(parents)} tensors; mathnn joins paths by Add and by Concatenate")
        return steps[::-1]


class Reader:
    """Makes layers of operations, and keeps the weights for when they are built."""

    def __init__(self) -> None:
        self.weights: list[tuple[Layer, list[Any]]] = []

    def convert(self, steps: list[Any]) -> list[Layer]:
        """Return the layers for the operations of a path."""
        made: list[Layer] = []
        rest = list(steps)
        while rest:
            step = rest.pop(0)
            if isinstance(step, Join):
                made.append(self.join(step))
            elif step.kind == "ZeroPadding2D":
                if not rest or rest[0].kind != "Conv2D" or rest[0].operation.padding != "valid":
                    step.refuse('only before a Conv2D with padding="valid" has it a counterpart')
                conv = rest.pop(0)
                made.append(self.like(conv, padding=padding_of(step, conv)))
            elif step.kind == "Conv2DTranspose" and rest and rest[0].kind == "Cropping2D":
                made.append(self.cropped(step, rest.pop(0)))
            elif step.kind in LIKE:
                made.append(self.like(step))
            elif step.kind in OTHERS:
                made.append(OTHERS[step.kind](step))
            else:
                known = ", ".join(sorted([*LIKE, *OTHERS, "Add", "Concatenate", "ZeroPadding2D", "Cropping2D"]))
                step.refuse(f"mathnn has no layer for it. It has one for {known}")
        return made

    def join(self, join: Join) -> Layer:
        """Return paths that are added or laid side by side."""
        add = join.step.kind == "Add"
        if not add and join.step.operation.axis not in (-1, len(join.step.shape)):
            join.step.refuse("mathnn's Branches join along the last axis")
        paths = [self.convert(path) for path in join.paths]
        if add and len(paths) == 2 and paths[0] and not paths[1]:
            return layers.Residual(*paths[0])
        if add and len(paths) == 2 and paths[1] and not paths[0]:
            return layers.Residual(*paths[1])
        return layers.Branches(*paths, merge="add" if add else "concat")

    def like(self, step: Step, **other: Any) -> Layer:
        """Return the layer of the same name; ``other`` are arguments that differ."""
        theirs, cls = step.operation, LIKE[step.kind]
        for name, allowed in FIXED.items():
            if getattr(theirs, name, allowed[0]) not in allowed and cls is not layers.ActivityRegularization:
                step.refuse(f"mathnn has nothing like {name}={getattr(theirs, name)!r}")
        axis = getattr(theirs, "axis", -1)
        if axis not in (-1, len(step.shape), [-1], [len(step.shape)], (-1,)):
            step.refuse(f"mathnn's works along the last axis, not axis={axis}")
        if step.kind == "AveragePooling2D" and theirs.padding == "same":
            keras = shared.require("keras", "from_keras")
            if repeats_edge(keras, step.shape[:2], theirs.pool_size, theirs.strides):
                step.refuse(EDGE)
        how = {name: argument(step, getattr(theirs, name)) for name in ARGUMENTS[cls].split()}
        made: Any = cls
        layer: Layer = made(**{**how, **other}, trainable=theirs.trainable)
        self.weights.append((layer, theirs.get_weights()))
        return layer

    def cropped(self, step: Step, crop: Step) -> Layer:
        """Return a transposed convolution of which the same is cut off on both sides."""
        if step.operation.padding != "valid" or activation(step, step.operation.activation).name != "linear":
            crop.refuse('behind a Conv2DTranspose it needs padding="valid" and no activation in between')
        padding = tuple(begin for begin, _ in crop.operation.cropping)
        valid, wanted = self.like(step), self.like(step, padding=padding)
        self.weights.pop(-2)
        crops = zip(shared.transposed_crops(valid), crop.operation.cropping, strict=True)
        if [(begin + b, end + e) for (begin, end), (b, e) in crops] != shared.transposed_crops(wanted):
            crop.refuse("mathnn cuts off alike on both sides")
        return wanted


def argument(step: Step, value: Any) -> Any:
    """Return the value of an argument as mathnn takes it."""
    for module, base in ((regularizers, regularizers.Regularizer), (constraints, constraints.Constraint)):
        cls = getattr(module, type(value).__name__, None)
        if isinstance(cls, type) and issubclass(cls, base):
            return cls(**{name: float(v) if name in ("l1", "l2") else v for name, v in value.get_config().items()})
        if hasattr(value, "get_config") and base.__name__.lower() in type(value).__module__:
            step.refuse(f"mathnn has no {base.__name__.lower()} {type(value).__name__}")
    return activation(step, value) if callable(value) else value


def activation(step: Step, function: Any) -> ActivationFunction:
    """Return an activation of Keras's by its name."""
    name = getattr(function, "__name__", str(function))
    if name == "leaky_relu":
        return activations.LeakyReLU(0.2)
    if name not in NAMED:
        step.refuse(f"mathnn has no activation {name}. It has {', '.join(sorted(NAMED))}")
    return activations.get(name)


def padding_of(step: Step, conv: Step) -> Any:
    """Return the padding of a convolution behind a layer that pads."""
    pairs, window = list(step.operation.padding), conv.operation
    if all(before == behind for before, behind in pairs):
        return pairs[0][0], pairs[1][0]
    lengths, windows = step.shape[:2], (window.kernel_size, window.strides, window.dilation_rate)
    if None in lengths or pairs != [shared.same_padding(*one) for one in zip(lengths, *windows, strict=True)]:
        step.refuse(f"it pads by {pairs}, and mathnn alike on both sides or as 'same' does")
    return "same"


def rectifier(step: Step) -> Layer:
    """Return a ReLU, which Keras can bend in three ways."""
    theirs = step.operation
    if theirs.max_value is not None or theirs.threshold or theirs.negative_slope:
        step.refuse("mathnn's ReLU is max(0, z); for a slope below there is LeakyReLU")
    return layers.ReLU()


def softmax(step: Step) -> Layer:
    """Return a Softmax."""
    if step.operation.axis not in (-1, len(step.shape)):
        step.refuse("mathnn's softmax works along the last axis")
    return layers.Softmax()


def part(step: Step) -> Layer:
    """Return a slice of the features."""
    key = step.arguments.args[1] if len(step.arguments.args) > 1 else step.arguments.kwargs["key"]
    whole, last = (tuple(key[:-1]), key[-1]) if isinstance(key, tuple | list) else ((), None)
    rank = len(step.shape) + 1
    if not isinstance(last, slice) or last.step not in (None, 1) or not _everything(whole, rank):
        step.refuse(f"only features are taken: x[..., start:stop], not x[{key}]")
    return layers.Slice(last.start, last.stop)


def _everything(keys: Any, rank: int) -> bool:
    """Whether the keys before the last take all of the other axes."""
    return keys == (Ellipsis,) or (len(keys) == rank - 1 and all(k == slice(None) for k in keys))


OTHERS: dict[str, Callable[[Step], Layer]] = {
    "Activation": lambda step: Activation(activation(step, step.operation.activation)),
    "ReLU": rectifier,
    "LeakyReLU": lambda step: layers.LeakyReLU(float(step.operation.negative_slope)),
    "ELU": lambda step: layers.ELU(float(step.operation.alpha)),
    "Gelu": lambda step: layers.GELU(step.operation.approximate),
    "Softmax": softmax,
    "GetItem": part,
    "Identity": lambda step: Activation("linear"),
}
