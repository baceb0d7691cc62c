"""Reading the modules of ``torch.nn``, one after the other: what each of them is here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .. import activations, layers
from ..errors import ConfigError
from ..layers import Activation, Chain, Dense, Flatten, Layer
from ..layers.base import Array, Shape
from . import shared
from .torch import RECURRENT

__all__ = ["Reader"]

READERS: dict[str, Callable[[Reader, Any], None]] = {}


def reads(*names: str) -> Callable[[Callable[[Reader, Any], None]], Callable[[Reader, Any], None]]:
    """Register the function below as the one that reads modules of these names."""

    def register(read: Callable[[Reader, Any], None]) -> Callable[[Reader, Any], None]:
        READERS.update(dict.fromkeys(names, read))
        return read

    return register


def numbers(t: Any) -> Array:
    """Return a copy of a tensor as an array."""
    array: Array = t.detach().cpu().numpy().copy()
    return array


class Reader:
    """Makes layers of modules, keeping track of what passes from one to the next.

    ``shape`` is that of a sample as mathnn has it, ``first`` says whether the channels come first in PyTorch at that
    point; ``padding`` (left, right, top, bottom) with its value waits for the window it belongs to, and ``order``, in
    which PyTorch has flattened an image, for the weights that undo it.
    """

    def __init__(self, shape: Shape, first: bool, dtype: str) -> None:
        self.shape, self.first, self.dtype = shape, first, dtype
        self.layers: list[Layer] = []
        self.padding: tuple[tuple[int, ...], float] | None = None
        self.order: Array | None = None
        self.rest: deque[Any] = deque()

    def read(self, module: Any) -> None:
        """Read a module and what is inside it."""
        self.rest.append(module)
        while self.rest:
            module = self.rest.popleft()
            name = type(module).__name__
            if name == "Sequential":
                self.rest.extendleft(reversed(list(module)))
                continue
            if name not in READERS or not type(module).__module__.startswith(("torch.nn.", f"{__package__}.")):
                self.refuse(module, f"mathnn has no layer for it. It has one for {', '.join(sorted(READERS))}")
            READERS[name](self, module)

    def inside(self, module: Any, paths: Any) -> tuple[list[list[Layer]], bool]:
        """Read modules that stand side by side, from here on; return their layers and where the channels end up."""
        self.check_order(type(module).__name__)
        readers = [Reader(self.shape, self.first, self.dtype) for _ in paths]
        for reader, path in zip(readers, paths, strict=True):
            reader.read(path)
        if len({reader.first for reader in readers}) > 1:
            self.refuse(module, "one path moves the channels and another does not")
        return [reader.finish() for reader in readers], readers[0].first

    def finish(self) -> list[Layer]:
        """Return the layers, nothing being left to do."""
        if self.padding is not None:
            raise ConfigError("from_torch: padding must be followed by the convolution or pooling that it belongs to")
        self.check_order("the end of the model")
        return self.layers

    def refuse(self, module: Any, why: str) -> NoReturn:
        """Raise ConfigError: this module has no counterpart."""
        raise ConfigError(f"from_torch: {module}: {why}")

    def check_order(self, what: str) -> None:
        """Refuse what would meet a flattened image's numbers in PyTorch's order."""
        if self.order is not None:
            raise ConfigError(
                f"from_torch: Flatten lays an image out channel by channel, and mathnn pixel by pixel; only a Linear "
                f"can be rearranged for that, and {what} comes before one"
            )

    def add(self, layer: Layer, weights: list[Array] | None = None) -> None:
        """Build a layer for what comes in here, and give it its weights."""
        layer.build(self.shape, np.random.default_rng(0), self.dtype)
        if weights is not None:
            layer.set_weights(weights)
        self.append(layer)

    def append(self, layer: Layer) -> None:
        """Append a built layer."""
        if self.padding is not None:
            raise ConfigError(f"from_torch: the padding before {layer.label} has no counterpart")
        if not isinstance(layer, Activation | layers.Dropout | Dense):
            self.check_order(layer.label)
        self.layers.append(layer)
        self.shape = layer.output_shape or ()
        self.first = self.first and len(self.shape) > 1

    def check_layout(self, module: Any, rank: int, first: bool) -> None:
        """Refuse a module whose input has not the axes it needs here."""
        if len(self.shape) != rank or self.first != first:
            place = "first" if self.first else "last"
            self.refuse(module, f"it gets samples of shape {self.shape} (channels last), channels {place} in PyTorch")

    def last(self, module: Any) -> None:
        """Refuse a module that works along the last axis where that does not hold the features."""
        if self.first and len(self.shape) > 1:
            self.refuse(module, "it works along the last axis, and in images of shape (C, H, W) that is W")

    def along(self, module: Any) -> None:
        """Refuse a module whose ``dim`` is not that of the features."""
        rank = len(self.shape) + 1
        if module.dim is None or module.dim % rank != (1 if self.first else rank - 1):
            self.refuse(module, f"dim={module.dim} is not the axis of the features")

    def window(
        self, module: Any, k: tuple[int, int], s: tuple[int, int], d: tuple[int, int], p: Any, fill: float
    ) -> Any:
        """Return the padding argument of a layer, for the padding of the module and that which stood before it."""
        self.check_layout(module, 3, True)
        if p == "same" and self.padding is None:
            return p
        p = (0, 0) if p == "valid" else shared.twice(p)
        (left, right, top, bottom), value = self.padding or ((0, 0, 0, 0), fill)
        self.padding = None
        if value != fill or p == ("same", "same"):
            self.refuse(module, f"it is padded twice, or with {value}, which is {fill} in mathnn")
        pairs = [(p[0] + top, p[0] + bottom), (p[1] + left, p[1] + right)]
        if all(before == behind for before, behind in pairs):
            return pairs[0][0], pairs[1][0]
        lengths = [n or 0 for n in self.shape[:2]]
        wanted = [shared.same_padding(n, *window) for n, *window in zip(lengths, k, s, d, strict=True)]
        if pairs != wanted or None in self.shape:
            self.refuse(module, f"it is padded by {pairs}, and mathnn pads alike on both sides or as 'same' does")
        return "same"


def trainable(module: Any) -> bool:
    """Whether any parameter of a module asks for a gradient; True if it has none."""
    asked = [p.requires_grad for p in module.parameters()]
    return any(asked) or not asked


def present(*tensors: Any) -> list[Array]:
    """Return those tensors that there are, as arrays."""
    return [numbers(t) for t in tensors if t is not None]


# --- activations and what rearranges ----------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Callable[[Any], activations.ActivationFunction]] = {
    "Sigmoid": lambda m: activations.sigmoid,
    "Tanh": lambda m: activations.tanh,
    "ReLU": lambda m: activations.relu,
    "LeakyReLU": lambda m: activations.LeakyReLU(m.negative_slope),
    "ELU": lambda m: activations.ELU(m.alpha),
    "SELU": lambda m: activations.selu,
    "GELU": lambda m: activations.GELU(m.approximate == "tanh"),
    "SiLU": lambda m: activations.silu,
    "Softplus": lambda m: activations.softplus,
    "Hardsigmoid": lambda m: activations.hard_sigmoid,
    "Softmax": lambda m: activations.softmax,
    "LogSoftmax": lambda m: activations.log_softmax,
}


@reads(*ACTIVATIONS)
def read_activation(reader: Reader, module: Any) -> None:
    """Read an activation."""
    function = ACTIVATIONS[type(module).__name__](module)
    if isinstance(function, activations.RowActivation):
        reader.along(module)
    if getattr(module, "beta", 1) != 1:
        reader.refuse(module, "mathnn's softplus has beta=1")
    reader.add(Activation(function))


@reads("Identity")
def read_identity(reader: Reader, module: Any) -> None:
    """Read what does nothing."""


@reads("ChannelsFirst", "ChannelsLast")
def read_layout(reader: Reader, module: Any) -> None:
    """Read what moves the channels."""
    reader.first = type(module).__name__ == "ChannelsFirst"


@reads("Flatten")
def read_flatten(reader: Reader, module: Any) -> None:
    """Read a Flatten."""
    if module.start_dim != 1 or module.end_dim not in (-1, len(reader.shape)):
        reader.refuse(module, "mathnn's Flatten takes all axes of a sample")
    shape, first = reader.shape, reader.first
    reader.add(Flatten())
    if first and len(shape) == 3 and shape[2] != 1 and shape[:2] != (1, 1):
        reader.order = shared.pixels_by_channel(shape)
    elif first and len(shape) != 3:
        reader.refuse(module, "put ChannelsLast before it")


@reads("Unflatten")
def read_unflatten(reader: Reader, module: Any) -> None:
    """Read what gives a row another shape; the channels are taken to come last."""
    if module.dim not in (1, -1) or len(reader.shape) != 1:
        reader.refuse(module, "only a whole row is given another shape: Unflatten(1, (height, width, channels))")
    reader.add(layers.Reshape(tuple(module.unflattened_size)))


@reads("ConstantPad2d", "ZeroPad2d")
def read_padding(reader: Reader, module: Any) -> None:
    """Keep padding for the window it belongs to."""
    if reader.padding is not None or min(module.padding) < 0:
        reader.refuse(module, "mathnn's windows have one padding, of 0 or more")
    reader.check_layout(module, 3, True)
    reader.padding = tuple(module.padding), module.value


@reads("Dropout")
def read_dropout(reader: Reader, module: Any) -> None:
    """Read a dropout."""
    reader.add(layers.Dropout(module.p))


@reads("Slice")
def read_slice(reader: Reader, module: Any) -> None:
    """Read a slice."""
    reader.along(module)
    reader.add(layers.Slice(module.start, module.stop))


@reads("Residual")
def read_residual(reader: Reader, module: Any) -> None:
    """Read a shortcut around layers."""
    (inner, projection), first = reader.inside(module, [module.layers, module.projection])
    residual = layers.Residual(*inner, projection=Chain(projection) if projection else None)
    reader.append(shared.assemble(residual, reader.shape, reader.dtype))
    reader.first = first


@reads("Branches")
def read_branches(reader: Reader, module: Any) -> None:
    """Read paths side by side."""
    paths, first = reader.inside(module, module.paths)
    branches = layers.Branches(*paths, merge=module.merge)
    reader.append(shared.assemble(branches, reader.shape, reader.dtype))
    reader.first = first
    if module.merge == "concat":
        reader.along(module)


@reads("Frozen")
def read_frozen(reader: Reader, module: Any) -> None:
    """Read what is not trained."""
    made = len(reader.layers)
    rest, reader.rest = reader.rest, deque()
    for one in module:
        reader.read(one)
    reader.rest = rest
    for layer in reader.layers[made:]:
        layer.trainable = False


# --- layers that compute ----------------------------------------------------------------------------------------------


@reads("Linear")
def read_linear(reader: Reader, module: Any) -> None:
    """Read a Linear; its columns are put into our order if they come from a flattened image."""
    reader.last(module)
    kernel = numbers(module.weight).T
    if reader.order is not None:
        rearranged = np.empty_like(kernel)
        rearranged[reader.order] = kernel
        kernel, reader.order = rearranged, None
    dense = Dense(module.out_features, use_bias=module.bias is not None, trainable=trainable(module))
    reader.add(dense, [kernel, *present(module.bias)])


@reads("Conv2d")
def read_conv(reader: Reader, module: Any) -> None:
    """Read a convolution."""
    if module.padding_mode != "zeros":
        reader.refuse(module, "mathnn pads with zeros")
    k, s, d = module.kernel_size, module.stride, module.dilation
    padding = reader.window(module, k, s, d, module.padding, 0.0)
    how: Any = {"use_bias": module.bias is not None, "trainable": trainable(module)}
    conv = layers.Conv2D(module.out_channels, k, s, padding, d, module.groups, **how)
    reader.add(conv, [numbers(module.weight).transpose(2, 3, 1, 0), *present(module.bias)])


@reads("ConvTranspose2d")
def read_transposed(reader: Reader, module: Any) -> None:
    """Read a transposed convolution, and the crop behind it."""
    reader.check_layout(module, 3, True)
    right = bottom = 0
    if reader.rest and type(reader.rest[0]).__name__ == "ZeroPad2d" and max(reader.rest[0].padding) <= 0:
        left, right, top, bottom = reader.rest.popleft().padding
        if left or top:
            reader.refuse(module, "what is cut off before the first row or column belongs into its padding")
    wanted = [(p, p - q - r) for p, q, r in zip(module.padding, module.output_padding, (bottom, right), strict=True)]
    for padding in ("same", "valid", tuple(module.padding)):
        conv = layers.Conv2DTranspose(
            module.out_channels,
            module.kernel_size,
            module.stride,
            padding,
            module.dilation,
            module.groups,
            use_bias=module.bias is not None,
            trainable=trainable(module),
        )
        if shared.transposed_crops(conv) == wanted:
            reader.add(conv, [numbers(module.weight).transpose(2, 3, 1, 0), *present(module.bias)])
            return
    reader.refuse(module, "mathnn has output_padding only as padding='valid' or 'same' need it")


@reads("MaxPool2d", "AvgPool2d", "AveragePool2d")
def read_pooling(reader: Reader, module: Any) -> None:
    """Read a pooling."""
    largest = type(module).__name__ == "MaxPool2d"
    plain = {"ceil_mode": False, "return_indices": False, "dilation": 1, "divisor_override": None}
    for name, value in plain.items():
        if getattr(module, name, value) not in (value, (value, value)):
            reader.refuse(module, f"mathnn's pooling has {name}={value}")
    k, s, p = shared.twice(module.kernel_size), shared.twice(module.stride), module.padding
    if type(module).__name__ == "AveragePool2d":
        reader.padding, p = (module.padding, 0.0), 0
    elif not largest and reader.padding is None and module.count_include_pad and p not in (0, (0, 0)):
        reader.refuse(module, "mathnn's means leave the padding out: count_include_pad=False")
    elif not largest and reader.padding is not None:
        reader.refuse(module, "it would count the zeros before it")
    padding = reader.window(module, k, s, (1, 1), p, -np.inf if largest else 0.0)
    reader.add((layers.MaxPooling2D if largest else layers.AveragePooling2D)(k, s, padding))


@reads("AdaptiveAvgPool2d")
def read_global_pooling(reader: Reader, module: Any) -> None:
    """Read the mean of each channel."""
    reader.check_layout(module, 3, True)
    if module.output_size not in (1, (1, 1)):
        reader.refuse(module, "mathnn averages whole channels: AdaptiveAvgPool2d(1)")
    reader.add(layers.GlobalAveragePooling2D(keepdims=True))


@reads("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d")
def read_upsampling(reader: Reader, module: Any) -> None:
    """Read an enlargement."""
    reader.check_layout(module, 3, True)
    size = shared.twice(module.scale_factor)
    if module.scale_factor is None or any(n != int(n) for n in size) or module.align_corners:
        reader.refuse(module, "mathnn enlarges by whole numbers, the pixels being squares (align_corners=False)")
    reader.add(layers.UpSampling2D(tuple(int(n) for n in size), module.mode))


@reads("Embedding")
def read_embedding(reader: Reader, module: Any) -> None:
    """Read a table."""
    reader.last(module)
    if module.padding_idx not in (None, 0) or module.max_norm is not None:
        reader.refuse(module, "mathnn's symbol for padding is 0, and it has no max_norm while it looks up")
    how: Any = {"mask_zero": module.padding_idx == 0, "trainable": trainable(module)}
    reader.add(layers.Embedding(*module.weight.shape, **how), present(module.weight))


@reads("Recurrent", "RNN", "LSTM", "GRU")
def read_recurrent(reader: Reader, module: Any) -> None:
    """Read a recurrent layer; an ``nn.LSTM`` alone stands for its outputs at all steps."""
    reader.check_layout(module, 2, False)
    how: dict[str, Any] = {"return_sequences": True, "go_backwards": False}
    if type(module).__name__ == "Recurrent":
        how = {name: getattr(module, name) for name in how}
        module = module.rnn
    name = type(module).__name__
    if module.num_layers > 1 or module.bidirectional or not module.batch_first or module.proj_size:
        reader.refuse(module, "mathnn's are one layer in one direction, samples first: batch_first=True")
    cls, order = next((cls, order) for cls, (known, order) in RECURRENT.items() if known == name)
    f = module.nonlinearity if name == "RNN" else "tanh"
    made: Any = cls
    layer = made(module.hidden_size, activation=f, use_bias=module.bias, trainable=trainable(module), **how)
    weights = [shared.blocks(numbers(w).T, order) for w in (module.weight_ih_l0, module.weight_hh_l0)]
    if module.bias:
        b = np.stack([shared.blocks(numbers(b), order) for b in (module.bias_ih_l0, module.bias_hh_l0)])
        weights.append(b if name == "GRU" else b.sum(axis=0))
    reader.add(layer, weights)


@reads("BatchNorm1d", "BatchNorm2d")
def read_batch_norm(reader: Reader, module: Any) -> None:
    """Read a batch normalization."""
    if module.running_mean is None or module.momentum is None:
        reader.refuse(module, "mathnn's has running statistics, that follow with a fixed momentum")
    if len(reader.shape) > 1:
        reader.check_layout(module, 3 if type(module).__name__ == "BatchNorm2d" else 2, True)
    how: Any = {"scale": module.weight is not None, "center": module.bias is not None, "trainable": trainable(module)}
    norm = layers.BatchNormalization(1 - module.momentum, module.eps, **how)
    reader.add(norm, present(module.weight, module.bias, module.running_mean, module.running_var))


@reads("LayerNorm")
def read_layer_norm(reader: Reader, module: Any) -> None:
    """Read a layer normalization."""
    reader.last(module)
    if len(module.normalized_shape) != 1:
        reader.refuse(module, "mathnn's goes over the last axis alone")
    how: Any = {"scale": module.weight is not None, "center": module.bias is not None, "trainable": trainable(module)}
    reader.add(layers.LayerNormalization(module.eps, **how), present(module.weight, module.bias))
