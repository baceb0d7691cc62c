"""To and from Keras 3, with any of its backends.

Layouts, names and the order of weights are the same in both; most layers differ in nothing but the module they come
from, and one table of argument names serves both directions. Regularizers and constraints come along.
"""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, layers, regularizers
from ..activations import ActivationFunction
from ..layers import Activation, Layer
from ..models import Sequential
from . import shared
from .shared import Counterparts

__all__ = ["ARGUMENTS", "NAMED", "from_keras", "table", "to_keras"]

table = Counterparts("Keras")

_PARTS = "kernel_regularizer bias_regularizer kernel_constraint bias_constraint"
_AFFINE = "center scale beta_regularizer gamma_regularizer beta_constraint gamma_constraint"
_RECURRENT = (
    f"units activation use_bias return_sequences go_backwards recurrent_regularizer recurrent_constraint {_PARTS}"
)
_WINDOW = "filters kernel_size strides padding dilation_rate"

#: For each layer that Keras has under the same name, the arguments that mean the same.
ARGUMENTS: dict[type[Layer], str] = {
    layers.Dense: f"units activation use_bias {_PARTS}",
    layers.Conv2D: f"{_WINDOW} groups activation use_bias {_PARTS}",
    layers.Conv2DTranspose: f"{_WINDOW} activation use_bias {_PARTS}",
    layers.MaxPooling2D: "pool_size strides padding",
    layers.AveragePooling2D: "pool_size strides padding",
    layers.GlobalAveragePooling2D: "keepdims",
    layers.UpSampling2D: "size interpolation",
    layers.Embedding: "input_dim output_dim embeddings_regularizer embeddings_constraint",
    layers.SimpleRNN: _RECURRENT,
    layers.LSTM: f"{_RECURRENT} recurrent_activation unit_forget_bias",
    layers.GRU: f"{_RECURRENT} recurrent_activation reset_after",
    layers.BatchNormalization: f"momentum epsilon {_AFFINE}",
    layers.LayerNormalization: f"epsilon {_AFFINE}",
    layers.Dropout: "rate",
    layers.GaussianNoise: "stddev",
    layers.ActivityRegularization: "l1 l2",
    layers.Flatten: "",
    layers.Reshape: "target_shape",
}

#: The activations that Keras has under the same name with the same defaults. leaky_relu has another slope there.
NAMED = {
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "hard_sigmoid",
    "softmax",
    "log_softmax",
}

EDGE = "on the backend of PyTorch, Keras's means count the outermost pixels again where padding='same' has an odd cell"


def to_keras(model: Layer) -> Any:
    """Return a functional ``keras.Model`` that computes what a built model, or one layer, computes.

    The weights and running statistics are copies of the same numbers, of the same dtype; ``trainable``, regularizers
    and constraints come along. Compile it to go on training.

    Raises
    ------
    ConfigError
        If a layer, or what it is set to, has no counterpart.
    StateError
        If the model is not built, or Keras is not installed.
    """
    shared.check_built(model, "to_keras")
    keras = shared.require("keras", "to_keras")
    dtype = "int32" if shared.takes_symbols(model) else model.dtype.name
    x = keras.Input(model.input_shape, dtype=dtype)
    return keras.Model(x, table.write(model, keras, x))


def from_keras(model: Any) -> Sequential:
    """Return a model that computes what a Keras model computes, built, with the same weights and dtype.

    The model is a ``Sequential`` or functional one, with one input and one output. Where paths fork and meet again in a
    sum or side by side, they become :class:`~mathnn.layers.Residual` and :class:`~mathnn.layers.Branches`.

    Raises
    ------
    ConfigError
        If a layer, or what it is set to, has no counterpart here, or paths cross.
    StateError
        If Keras is not installed.
    """
    shared.require("keras", "from_keras")
    from .keras_reader import read

    return read(model)


def named(f: ActivationFunction) -> bool:
    """Whether Keras has this activation, set as it is, under its name."""
    return f.name in NAMED and f.config == type(f)().config


def argument(keras: Any, value: Any) -> Any:
    """Return the value of an argument as Keras takes it."""
    if isinstance(value, regularizers.Regularizer):
        return getattr(keras.regularizers, type(value).__name__)(**value.config)
    if isinstance(value, constraints.Constraint):
        return getattr(keras.constraints, type(value).__name__)(**value.config)
    return value.name if isinstance(value, ActivationFunction) else value


@table.add(*(cls for cls in layers.registry.items() if issubclass(cls, Activation)))
def write_activation(keras: Any, x: Any, layer: Any) -> Any:
    """Apply the activation of a layer."""
    f = layer.activation
    if named(f):
        return keras.layers.Activation(f.name, dtype=layer.dtype.name)(x)
    if isinstance(f, activations.LeakyReLU):
        return keras.layers.LeakyReLU(f.negative_slope, dtype=layer.dtype.name)(x)
    if isinstance(f, activations.ELU):
        return keras.layers.ELU(f.alpha, dtype=layer.dtype.name)(x)
    if not isinstance(f, activations.GELU):
        table.refuse(layer, f"it has no activation {f.name}")
    return keras.ops.gelu(x, approximate=f.approximate)


@table.add(*ARGUMENTS)
def write_same(keras: Any, x: Any, layer: Any, **other: Any) -> Any:
    """Apply the layer of the same name; ``other`` are arguments that differ."""
    check(layer)
    how = {name: argument(keras, getattr(layer, name)) for name in ARGUMENTS[type(layer)].split()}
    how |= other
    own = "activation" in how and how["activation"] is not None and not named(layer.activation)
    if own:
        how["activation"] = None
    made = getattr(keras.layers, type(layer).__name__)(**how, dtype=layer.dtype.name, trainable=layer.trainable)
    y = made(x)
    made.set_weights(layer.get_weights())
    return write_activation(keras, y, layer) if own else y


def check(layer: Any) -> None:
    """Refuse what Keras's layer cannot be set to."""
    if getattr(layer, "mask_value", None) is not None:
        table.refuse(layer, "Keras's mask leaves out steps in the middle of a sequence too, and not only at its end")
    if getattr(layer, "mask_zero", False):
        table.refuse(layer, "Keras's mask_zero gives the symbol 0 its vector and a mask, and mathnn's gives it 0")
    if isinstance(layer, layers.RecurrentLayer):
        gates = [layer.activation, getattr(layer, "recurrent_activation", activations.sigmoid)]
        for f in gates:
            if not named(f):
                table.refuse(layer, f"Keras has no activation {f!r} by name")
    if isinstance(layer, layers.GaussianNoise) and layer.stddev > 1:
        table.refuse(layer, f"Keras's stddev is 1 at most, and this is {layer.stddev}")
    if isinstance(layer, layers.Conv2D | layers.Conv2DTranspose) and max(layer.strides) > 1 < max(layer.dilation_rate):
        table.refuse(layer, "strides and dilation_rate cannot both be above 1 there")
    if isinstance(layer, layers.Conv2DTranspose) and layer.groups > 1:
        table.refuse(layer, "its Conv2DTranspose has no groups")
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D) and not isinstance(layer.padding, str):
        table.refuse(layer, f"its pooling has no padding={layer.padding}, only 'valid' and 'same'")


def repeats_edge(keras: Any, lengths: Any, pool_size: Any, strides: Any) -> bool:
    """Whether Keras's means differ: PyTorch's backend repeats the outermost pixels if any padding is not alike."""
    if keras.backend.backend() != "torch":
        return False
    axes = list(zip(lengths, pool_size, strides, strict=True))
    pads = [shared.same_padding(n, k, s) if n else (0, 1) for n, k, s in axes]
    # The mean of a pixel and the same pixel is that pixel.
    return any(p != q for p, q in pads) and any(q and k > 2 for (_, q), (_, k, _) in zip(pads, axes, strict=True))


@table.add(layers.AveragePooling2D)
def write_average_pooling(keras: Any, x: Any, layer: layers.AveragePooling2D) -> Any:
    """Apply a pooling by means."""
    k, lengths = layer.pool_size, (layer.input_shape or ())[:2]
    if layer.padding == "same" and repeats_edge(keras, lengths, k, layer.strides or k):
        table.refuse(layer, EDGE)
    return write_same(keras, x, layer)


@table.add(layers.Conv2D)
def write_conv(keras: Any, x: Any, layer: layers.Conv2D) -> Any:
    """Apply a convolution; padding by numbers is a layer of its own there."""
    if isinstance(layer.padding, str):
        return write_same(keras, x, layer)
    x = keras.layers.ZeroPadding2D(layer.padding, dtype=layer.dtype.name)(x)
    return write_same(keras, x, layer, padding="valid")


@table.add(layers.Conv2DTranspose)
def write_transposed(keras: Any, x: Any, layer: layers.Conv2DTranspose) -> Any:
    """Apply a transposed convolution; padding by numbers cuts off that much of a "valid" one, before the activation."""
    if isinstance(layer.padding, str):
        return write_same(keras, x, layer)
    y = write_same(keras, x, layer, padding="valid", activation=None)
    more = [-end for _, end in valid_crops(layer)]
    crops = [(p, p + q) for p, q in zip(layer.padding, more, strict=True)]
    y = keras.layers.Cropping2D(crops, dtype=layer.dtype.name)(y)
    return y if layer.activation.name == "linear" else write_activation(keras, y, layer)


def valid_crops(layer: layers.Conv2DTranspose) -> list[tuple[int, int]]:
    """Return what the same layer with padding="valid" cuts off: nothing, or less than that where the step is longer."""
    return shared.transposed_crops(layers.Conv2DTranspose(**{**layer.config, "padding": "valid", "name": None}))


@table.add(layers.Reshape)
def write_reshape(keras: Any, x: Any, layer: layers.Reshape) -> Any:
    """Apply a Reshape."""
    return write_same(keras, x, layer, target_shape=layer.output_shape)


@table.add(layers.Slice)
def write_slice(keras: Any, x: Any, layer: layers.Slice) -> Any:
    """Take a slice of the features."""
    return x[..., layer.start : layer.stop]


@table.add(layers.Chain, Sequential)
def write_chain(keras: Any, x: Any, chain: layers.Chain) -> Any:
    """Apply layers one after the other."""
    for layer in chain.layers:
        x = table.write(layer, keras, x)
    return x


@table.add(layers.Residual)
def write_residual(keras: Any, x: Any, layer: layers.Residual) -> Any:
    """Apply layers and a shortcut around them."""
    shortcut = x if layer.projection is None else table.write(layer.projection, keras, x)
    return keras.layers.Add(dtype=layer.dtype.name)([write_chain(keras, x, layer), shortcut])


@table.add(layers.Branches)
def write_branches(keras: Any, x: Any, layer: layers.Branches) -> Any:
    """Apply paths side by side."""
    outputs = [table.write(path, keras, x) for path in layer.paths]
    if len(outputs) == 1:
        return outputs[0]
    merge = keras.layers.Add if layer.merge == "add" else keras.layers.Concatenate
    return merge(dtype=layer.dtype.name)(outputs)


table.lacks(layers.StochasticPooling2D, "it does not pool by drawing")
table.lacks(layers.JordanRNN, "no layer of Keras feeds its output back through a second layer")
table.lacks(layers.AuxiliaryHead, "a second output with its own loss is a second output of the model there")
