"""To and from PyTorch.

Layouts: images are (m, C, H, W) in PyTorch and (m, H, W, C) here, so a converted model takes and gives images as a user
of PyTorch has them; everything else has the same axes in both, sequences being (m, T, d). That holds for every tensor
inside too: a sample with three axes is an image. A Flatten that a Dense follows flattens by channel, as PyTorch does,
and the rows of the Dense are put into that order; before anything else it flattens as it does here.

What is added to the cost (regularizers) and constraints stay behind: a module has neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import activations, layers
from ..errors import ConfigError
from ..layers import Activation, Dense, Flatten, Layer
from ..layers.base import Array, Parameter, Shape
from ..models import Sequential
from . import shared
from .shared import Counterparts

__all__ = ["from_torch", "table", "to_torch"]

table = Counterparts("PyTorch")


def to_torch(model: Layer) -> Any:
    """Return a ``torch.nn.Sequential`` that computes what a built model, or one layer, computes.

    The weights and running statistics are copies of the same numbers, of the same dtype. The module is in evaluation
    mode, as ``predict`` is; call ``.train()`` to go on training. Images go in and come out as (m, C, H, W). What is not
    trainable does not ask for a gradient; nor does the second bias that PyTorch's RNN and LSTM have, which stays 0.
    When trained further, running variances follow PyTorch's rule, which takes the unbiased variance of a batch.

    Raises
    ------
    ConfigError
        If a layer, or what it is set to, has no counterpart.
    StateError
        If the model is not built, or PyTorch is not installed.
    """
    shared.check_built(model, "to_torch")
    torch = shared.require("torch", "to_torch")
    # Modules draw their first weights from the global generator; the caller's draws shall not change.
    with torch.random.fork_rng(devices=[]):
        return torch.nn.Sequential(*table.write(model, torch.nn)).eval()


def tensor(array: Any) -> Any:
    """Return a copy of an array as a tensor."""
    import torch

    return torch.tensor(np.ascontiguousarray(array))


def filled(module: Any, trainable: bool, **arrays: Parameter | Array | None) -> Any:
    """Set the parameters of a module (None: there is none), and return it."""
    import torch

    for name, array in arrays.items():
        value = array.value if isinstance(array, Parameter) else array
        parameter = None if value is None else torch.nn.Parameter(tensor(value), requires_grad=trainable)
        module.register_parameter(name, parameter)
    return module


def image(shape: Shape | None) -> bool:
    """Whether a sample of this shape is an image, whose channels come first in PyTorch."""
    return shape is not None and len(shape) == 3


def channels_last(layer: Layer, modules: list[Any]) -> list[Any]:
    """Put around modules that work along the last axis what brings the channels there and back."""
    from .torch_modules import ChannelsFirst, ChannelsLast

    before = [ChannelsLast()] if image(layer.input_shape) else []
    after = [ChannelsFirst()] if image(layer.output_shape) else []
    return [*before, *modules, *after]


def feature_axis(layer: Layer) -> int:
    """Return the axis of the features of a layer's output, in PyTorch."""
    return 1 if image(layer.output_shape) else -1


# --- activations ------------------------------------------------------------------------------------------------------

#: For each activation, how the module is made.
ACTIVATIONS: dict[type, Callable[[Any, Any, int], Any]] = {
    activations.Linear: lambda nn, f, axis: nn.Identity(),
    activations.Sigmoid: lambda nn, f, axis: nn.Sigmoid(),
    activations.Tanh: lambda nn, f, axis: nn.Tanh(),
    activations.ReLU: lambda nn, f, axis: nn.ReLU(),
    activations.LeakyReLU: lambda nn, f, axis: nn.LeakyReLU(f.negative_slope),
    activations.ELU: lambda nn, f, axis: nn.ELU(f.alpha),
    activations.SELU: lambda nn, f, axis: nn.SELU(),
    activations.GELU: lambda nn, f, axis: nn.GELU("tanh" if f.approximate else "none"),
    activations.SiLU: lambda nn, f, axis: nn.SiLU(),
    # From the threshold on PyTorch takes softplus(z) for z; at 40 that is exact.
    activations.Softplus: lambda nn, f, axis: nn.Softplus(threshold=40),
    activations.HardSigmoid: lambda nn, f, axis: nn.Hardsigmoid(),
    activations.Softmax: lambda nn, f, axis: nn.Softmax(axis),
    activations.LogSoftmax: lambda nn, f, axis: nn.LogSoftmax(axis),
}


@table.add(*(cls for cls in layers.registry.items() if issubclass(cls, Activation)))
def write_activation(nn: Any, layer: Any) -> list[Any]:
    """Write the activation of a layer."""
    make = ACTIVATIONS.get(type(layer.activation))
    if make is None:
        table.refuse(layer, f"torch.nn has no module for the activation {layer.activation.name}")
    return [make(nn, layer.activation, feature_axis(layer))]


def activation_of(nn: Any, layer: Any) -> list[Any]:
    """Write the activation of a layer, unless it is linear."""
    return [] if layer.activation.name == "linear" else write_activation(nn, layer)


# --- layers that compute ----------------------------------------------------------------------------------------------


@table.add(Dense)
def write_dense(nn: Any, layer: Dense, rows: Array | None = None) -> list[Any]:
    """Write a Dense layer; ``rows`` says which row of W belongs to each input, if they come in another order."""
    W = layer.W.value if rows is None else layer.W.value[rows]
    linear = nn.Linear(*layer.W.shape, bias=layer.b is not None)
    filled(linear, layer.trainable, weight=W.T, bias=layer.b)
    return [*channels_last(layer, [linear]), *activation_of(nn, layer)]


def padded(nn: Any, layer: Any, value: float, most: tuple[float, float], d: tuple[int, int] = (1, 1)) -> Any:
    """Return (modules that pad, padding argument): PyTorch pads alike on both sides, pooling ``most`` cells at most."""
    pairs = shared.window_padding(layer, table.refuse, d)
    if all(p == q and p <= limit for (p, q), limit in zip(pairs, most, strict=True)):
        return [], (pairs[0][0], pairs[1][0])
    (top, bottom), (left, right) = pairs
    return [nn.ConstantPad2d((left, right, top, bottom), value)], (0, 0)


@table.add(layers.Conv2D)
def write_conv(nn: Any, layer: layers.Conv2D) -> list[Any]:
    """Write a convolution; the kernel (kh, kw, in, out) becomes (out, in, kh, kw)."""
    before, padding = padded(nn, layer, 0.0, (np.inf, np.inf), layer.dilation_rate)
    assert layer.input_shape is not None
    conv = nn.Conv2d(
        layer.input_shape[2],
        layer.filters,
        layer.kernel_size,
        layer.strides,
        padding,
        layer.dilation_rate,
        layer.groups,
        layer.use_bias,
    )
    filled(conv, layer.trainable, weight=layer.W.value.transpose(3, 2, 0, 1), bias=layer.b)
    return [*before, conv, *activation_of(nn, layer)]


@table.add(layers.Conv2DTranspose)
def write_transposed(nn: Any, layer: layers.Conv2DTranspose) -> list[Any]:
    """Write a transposed convolution; the kernel (kh, kw, out, in) becomes (in, out, kh, kw)."""
    crops = shared.transposed_crops(layer)
    assert layer.input_shape is not None
    conv = nn.ConvTranspose2d(
        layer.input_shape[2],
        layer.filters,
        layer.kernel_size,
        layer.strides,
        tuple(begin for begin, _ in crops),
        tuple(max(begin - end, 0) for begin, end in crops),
        layer.groups,
        layer.use_bias,
        layer.dilation_rate,
    )
    filled(conv, layer.trainable, weight=layer.W.value.transpose(3, 2, 0, 1), bias=layer.b)
    # An odd cell more is cut off behind than before: negative padding.
    bottom, right = (min(begin - end, 0) for begin, end in crops)
    crop = [nn.ZeroPad2d((0, right, 0, bottom))] if bottom or right else []
    return [conv, *crop, *activation_of(nn, layer)]


@table.add(layers.MaxPooling2D)
def write_max_pooling(nn: Any, layer: layers.MaxPooling2D) -> list[Any]:
    """Write a max-pooling."""
    k = layer.pool_size
    before, padding = padded(nn, layer, -np.inf, (k[0] // 2, k[1] // 2))
    return [*before, nn.MaxPool2d(k, layer.strides or k, padding)]


@table.add(layers.AveragePooling2D)
def write_average_pooling(nn: Any, layer: layers.AveragePooling2D) -> list[Any]:
    """Write a pooling by means, the padding not counted."""
    from .torch_modules import AveragePool2d

    k = layer.pool_size
    before, padding = padded(nn, layer, 0.0, (k[0] // 2, k[1] // 2))
    if before:
        return [AveragePool2d(k, layer.strides or k, before[0].padding)]
    return [nn.AvgPool2d(k, layer.strides or k, padding, count_include_pad=False)]


@table.add(layers.GlobalAveragePooling2D)
def write_global_pooling(nn: Any, layer: layers.GlobalAveragePooling2D) -> list[Any]:
    """Write the mean of each channel."""
    return [nn.AdaptiveAvgPool2d(1), *([] if layer.keepdims else [nn.Flatten()])]


@table.add(layers.UpSampling2D)
def write_upsampling(nn: Any, layer: layers.UpSampling2D) -> list[Any]:
    """Write an enlargement."""
    size = tuple(float(n) for n in layer.size)
    return [nn.Upsample(scale_factor=size, mode=layer.interpolation)]


@table.add(layers.Embedding)
def write_embedding(nn: Any, layer: layers.Embedding) -> list[Any]:
    """Write a table; the vector of a symbol 0 that is padding becomes the 0 that it counts as."""
    E = layer.E.value.copy()
    if layer.mask_zero:
        E[0] = 0
    embedding = nn.Embedding(*E.shape, padding_idx=0 if layer.mask_zero else None)
    return channels_last(layer, [filled(embedding, layer.trainable, weight=E)])


# --- recurrent layers -------------------------------------------------------------------------------------------------

#: For each recurrent layer its module and PyTorch's order of our gates. It is its own inverse.
RECURRENT: dict[type[Layer], tuple[str, list[int]]] = {
    layers.SimpleRNN: ("RNN", [0]),
    layers.LSTM: ("LSTM", [0, 1, 2, 3]),
    layers.GRU: ("GRU", [1, 0, 2]),
}


@table.add(*RECURRENT)
def write_recurrent(nn: Any, layer: Any) -> list[Any]:
    """Write a recurrent layer. PyTorch has a bias for each of the two products; where we have one, its second is 0."""
    from .torch_modules import Recurrent

    name, order = RECURRENT[type(layer)]
    check_gates(layer)
    options = {"nonlinearity": layer.activation.name} if name == "RNN" else {}
    d = layer.W.shape[0]
    rnn = getattr(nn, name)(d, layer.units, bias=layer.use_bias, batch_first=True, **options)
    weights = {"weight_ih_l0": layer.W.value, "weight_hh_l0": layer.U.value}
    filled(rnn, layer.trainable, **{key: shared.blocks(W, order).T for key, W in weights.items()})
    if layer.b is not None:
        b = shared.blocks(layer.b.value, order)
        first, second = b if b.ndim == 2 else (b, np.zeros_like(b))
        filled(rnn, layer.trainable, bias_ih_l0=first)
        # Trained as well, two biases in place of one would take twice the step.
        filled(rnn, layer.trainable and b.ndim == 2, bias_hh_l0=second)
    return [Recurrent(rnn, layer.return_sequences, layer.go_backwards)]


def check_gates(layer: Any) -> None:
    """Refuse what PyTorch's recurrent modules cannot be set to."""
    if layer.mask_value is not None:
        table.refuse(layer, "its modules take padded sequences in packed form instead of a mask_value")
    f, gate = layer.activation.name, getattr(layer, "recurrent_activation", activations.sigmoid).name
    possible = ("tanh", "relu") if isinstance(layer, layers.SimpleRNN) else ("tanh",)
    if f not in possible or gate != "sigmoid":
        table.refuse(layer, f"its modules have {' or '.join(possible)}, and sigmoid gates, not {f} and {gate}")
    if not getattr(layer, "reset_after", True):
        table.refuse(layer, "nn.GRU applies the reset gate after the product (reset_after=True)")


# --- normalization, noise, and what rearranges ------------------------------------------------------------------------


def scale_and_shift(module: Any, layer: Any) -> Any:
    """Set γ and β of a normalization."""
    return filled(module, layer.trainable, weight=layer.gamma, bias=layer.beta)


@table.add(layers.BatchNormalization)
def write_batch_norm(nn: Any, layer: layers.BatchNormalization) -> list[Any]:
    """Write a batch normalization with its running statistics."""
    from .torch_modules import ChannelsFirst, ChannelsLast, Frozen

    assert layer.input_shape is not None
    rank = len(layer.input_shape)
    if rank > 3:
        table.refuse(layer, f"samples with {rank} axes, of shape {layer.input_shape}, are not converted")
    make = nn.BatchNorm2d if rank == 3 else nn.BatchNorm1d
    norm = scale_and_shift(make(layer.input_shape[-1], eps=layer.epsilon, momentum=1 - layer.momentum), layer)
    norm.running_mean, norm.running_var = tensor(layer.moving_mean), tensor(layer.moving_variance)
    modules = [norm] if layer.trainable else [Frozen(norm)]
    return [ChannelsFirst(), *modules, ChannelsLast()] if rank == 2 else modules


@table.add(layers.LayerNormalization)
def write_layer_norm(nn: Any, layer: layers.LayerNormalization) -> list[Any]:
    """Write a layer normalization."""
    assert layer.input_shape is not None
    norm = nn.LayerNorm(layer.input_shape[-1], eps=layer.epsilon)
    return channels_last(layer, [scale_and_shift(norm, layer)])


@table.add(layers.Dropout)
def write_dropout(nn: Any, layer: layers.Dropout) -> list[Any]:
    """Write a dropout."""
    return [nn.Dropout(layer.rate)]


@table.add(Flatten, layers.Reshape)
def write_reshape(nn: Any, layer: Layer) -> list[Any]:
    """Write what lays out the numbers of a sample in another shape, the last axis running fastest."""
    before, after = layer.input_shape, layer.output_shape
    assert before is not None
    assert after is not None
    flat = [nn.Flatten()] if len(before) != 1 else []
    shaped = [nn.Unflatten(1, after)] if len(after) != 1 else []
    return channels_last(layer, [*flat, *shaped])


@table.add(layers.Slice)
def write_slice(nn: Any, layer: layers.Slice) -> list[Any]:
    """Write a slice of the features."""
    from .torch_modules import Slice

    return [Slice(layer.start, layer.stop, feature_axis(layer))]


@table.add(layers.Residual)
def write_residual(nn: Any, layer: layers.Residual) -> list[Any]:
    """Write a shortcut around layers."""
    from .torch_modules import Residual

    projection = [] if layer.projection is None else table.write(layer.projection, nn)
    return [Residual(nn.Sequential(*write_chain(nn, layer)), nn.Sequential(*projection))]


@table.add(layers.Branches)
def write_branches(nn: Any, layer: layers.Branches) -> list[Any]:
    """Write paths side by side."""
    from .torch_modules import Branches

    paths = [nn.Sequential(*table.write(path, nn)) for path in layer.paths]
    return [Branches(paths, layer.merge, feature_axis(layer))]


@table.add(layers.Chain, Sequential)
def write_chain(nn: Any, chain: layers.Chain) -> list[Any]:
    """Write layers one after the other; a Dense behind a Flatten takes the order of PyTorch's Flatten."""
    modules: list[Any] = []
    rows = None
    for i, layer in enumerate(chain.layers):
        if image(layer.input_shape) and type(layer) is Flatten and dense_follows(chain.layers[i + 1 :]):
            rows = shared.pixels_by_channel(layer.input_shape or ())
            modules.append(nn.Flatten())
        elif isinstance(layer, Dense) and rows is not None:
            modules += write_dense(nn, layer, rows)
            rows = None
        else:
            modules += table.write(layer, nn)
    return modules


def dense_follows(rest: Sequence[Layer]) -> bool:
    """Whether a Dense comes next, but for layers that do not mind the order of the features."""
    first = next((layer for layer in rest if not isinstance(layer, Activation | layers.Dropout)), None)
    return type(first) is Dense


table.lacks(layers.StochasticPooling2D, "torch.nn does not pool by drawing")
table.lacks(layers.JordanRNN, "no module of torch.nn feeds its output back through a second layer")
table.lacks(layers.GaussianNoise, "torch.nn has no module that adds noise")
table.lacks(layers.ActivityRegularization, "a module cannot add to the cost")
table.lacks(layers.AuxiliaryHead, "a module cannot add to the cost; leave the head out for predictions")


def from_torch(module: Any, input_shape: Sequence[int | None]) -> Sequential:
    """Return a model that computes what a ``torch.nn`` module computes, built, with the same weights and dtype.

    The module is a ``Sequential`` of modules of ``torch.nn`` that have a counterpart here, also nested, or one of them;
    what :func:`to_torch` returned comes back. The two biases of PyTorch's RNN and LSTM become one, their sum.

    Parameters
    ----------
    module:
        A module; it is not changed.
    input_shape:
        The shape of one sample as mathnn has it: (height, width, channels) for an image.

    Raises
    ------
    ConfigError
        If a module, or what it is set to, has no counterpart here.
    StateError
        If PyTorch is not installed.
    """
    torch = shared.require("torch", "from_torch")
    if not isinstance(module, torch.nn.Module):
        raise ConfigError(f"from_torch takes a torch.nn.Module, got {type(module).__name__}")
    from .torch_reader import Reader

    dtypes = {str(t.dtype).removeprefix("torch.") for t in module.state_dict().values() if t.is_floating_point()}
    if len(dtypes) > 1:
        raise ConfigError(f"from_torch: the module is of several dtypes ({', '.join(sorted(dtypes))}); choose one")
    dtype = dtypes.pop() if dtypes else "float32"
    shape = tuple(input_shape)
    reader = Reader(shape, image(shape), dtype)
    reader.read(module)
    return shared.assemble(Sequential(reader.finish() or [Activation("linear")]), shape, dtype)
