"""To ONNX, the exchange format that runtimes read in any language.

The graph computes what ``predict`` computes: what acts in training alone (dropout, noise, penalties, auxiliary heads)
is left out. Images go in and come out as in mathnn, (m, H, W, C); from one convolution or pooling to the next they stay
as ONNX has them, the channels first. The batch axis is symbolic.
"""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import activations, layers
from ..data import as_dtype
from ..files import replacing
from ..layers import Activation, Layer
from ..layers.base import Array, Shape
from ..models import Sequential
from . import shared
from .shared import Counterparts

__all__ = ["OPSET", "table", "to_onnx"]

table = Counterparts("ONNX")

#: The version of ONNX's operators that is written; 20 is the first with Gelu.
OPSET = 20


def to_onnx(model: Layer, path: str | PathLike[str] | None = None, *, dtype: DTypeLike | None = None) -> Any:
    """Return a built model, or one layer, as an ONNX model, checked; write it to ``path`` unless that is None.

    Parameters
    ----------
    model:
        What is written. Inputs are called "X", outputs "Y"; a model that begins with an Embedding takes int64.
    path:
        The file, which appears once all of it is written, or replaces an older one then.
    dtype:
        "float32" or "float64"; None is the model's own. onnxruntime convolves in float32 only.

    Raises
    ------
    ConfigError
        If a layer, or what it is set to, has no operator.
    StateError
        If the model is not built, or the package onnx is not installed.
    """
    shared.check_built(model, "to_onnx")
    onnx = shared.require("onnx", "to_onnx")
    graph = Graph(onnx, model.dtype if dtype is None else as_dtype(dtype, "to_onnx"))
    symbols = shared.takes_symbols(model)
    X = Value("X", len(model.input_shape or ()) + 1, "int64" if symbols else graph.dtype.name)
    Y = table.write(model, graph, X)
    graph.nodes.append(onnx.helper.make_node("Identity", [graph.last(Y)], ["Y"]))
    ends = [
        onnx.helper.make_tensor_value_info(
            name,
            onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind)),
            ["m", *(f"{name}{i}" if n is None else n for i, n in enumerate(shape or ()))],
        )
        for name, kind, shape in (("X", X.dtype, model.input_shape), ("Y", graph.dtype, model.output_shape))
    ]
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, str(model.name or "mathnn"), ends[:1], ends[1:], graph.constants),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        producer_name="mathnn",
        ir_version=9,
    )
    onnx.checker.check_model(made, full_check=True)
    if path is not None:
        with replacing(path) as file:
            file.write(made.SerializeToString())
    return made


class Value:
    """A batch in the graph: under one name with the channels last, under another with the channels first."""

    def __init__(self, last: str | None, rank: int, dtype: str = "", first: str | None = None) -> None:
        self.names, self.rank, self.dtype = {"last": last, "first": first}, rank, dtype


class Graph:
    """The nodes and constants written so far."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Append a node; return the name of its output, or the names."""
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, array: Any, dtype: Any = None) -> str:
        """Store an array, of the graph's dtype unless another is given; return its name."""
        name = f"constant_{len(self.constants)}"
        array = np.ascontiguousarray(np.asarray(array, self.dtype if dtype is None else dtype))
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def integers(self, *numbers: int) -> str:
        """Store integers, as shapes and bounds are given; return their name."""
        return self.constant(numbers, np.int64)

    def last(self, value: Value) -> str:
        """Return the name of a value with the channels last."""
        return self._as(value, "last", [0, *range(2, value.rank), 1])

    def first(self, value: Value) -> str:
        """Return the name of a value with the channels first, which is ONNX's layout."""
        return self._as(value, "first", [0, value.rank - 1, *range(1, value.rank - 1)])

    def _as(self, value: Value, layout: str, permutation: list[int]) -> str:
        if value.names[layout] is None:
            (there,) = (name for name in value.names.values() if name is not None)
            value.names[layout] = there if value.rank < 3 else self.add("Transpose", there, perm=permutation)
        name = value.names[layout]
        assert name is not None
        return name

    def each(self, value: Value, *kinds: str, **attributes: Any) -> Value:
        """Apply operators number by number, in whichever layout the value is."""
        layout = "first" if value.names["first"] is not None else "last"
        name = value.names[layout]
        for kind in kinds:
            name = self.add(kind, name or "", **attributes)
        return Value(name if layout == "last" else None, value.rank, first=name if layout == "first" else None)


# --- activations ------------------------------------------------------------------------------------------------------

#: The operator of each activation that is one, and its attributes.
OPERATORS: dict[type, tuple[str, dict[str, Any]]] = {
    activations.Sigmoid: ("Sigmoid", {}),
    activations.Tanh: ("Tanh", {}),
    activations.ReLU: ("Relu", {}),
    activations.Softplus: ("Softplus", {}),
    activations.SELU: ("Selu", {"alpha": activations.SELU.alpha, "gamma": activations.SELU.scale}),
    activations.HardSigmoid: ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
}


@table.add(*(cls for cls in layers.registry.items() if issubclass(cls, Activation)))
def write_activation(g: Graph, x: Value, layer: Any) -> Value:
    """Apply the activation of a layer."""
    f = layer.activation
    if isinstance(f, activations.Linear):
        return x
    if type(f) in OPERATORS:
        kind, attributes = OPERATORS[type(f)]
        return g.each(x, kind, **attributes)
    if isinstance(f, activations.LeakyReLU):
        return g.each(x, "LeakyRelu", alpha=f.negative_slope)
    if isinstance(f, activations.ELU):
        return g.each(x, "Elu", alpha=f.alpha)
    if isinstance(f, activations.GELU):
        return g.each(x, "Gelu", approximate="tanh" if f.approximate else "none")
    if isinstance(f, activations.Softmax | activations.LogSoftmax):
        return Value(g.add(type(f).__name__, g.last(x), axis=-1), x.rank)
    z = g.last(x)
    if isinstance(f, activations.SiLU):
        return Value(g.add("Mul", z, g.add("Sigmoid", z)), x.rank)
    if not isinstance(f, activations.Step):
        table.refuse(layer, f"there is no operator for the activation {f.name}")
    above = g.add("GreaterOrEqual", z, g.constant(0))
    return Value(g.add("Cast", above, to=g.onnx.helper.np_dtype_to_tensor_dtype(g.dtype)), x.rank)


# --- layers that compute ----------------------------------------------------------------------------------------------


@table.add(layers.Dense)
def write_dense(g: Graph, x: Value, layer: layers.Dense) -> Value:
    """Z = X W + b."""
    Z = g.add("MatMul", g.last(x), g.constant(layer.W.value))
    if layer.b is not None:
        Z = g.add("Add", Z, g.constant(layer.b.value))
    return write_activation(g, Value(Z, x.rank), layer)


def pads(layer: Any, d: tuple[int, int] = (1, 1)) -> dict[str, Any]:
    """Return the padding as attributes."""
    unknown = None in layer.input_shape[:2]
    if layer.padding == "same" and unknown:
        return {"auto_pad": "SAME_UPPER"}
    return {"pads": [p for side in zip(*shared.window_padding(layer, table.refuse, d), strict=True) for p in side]}


def weights(g: Graph, layer: Any) -> list[str]:
    """Store the kernel of a convolution, with ONNX's order of axes, and the bias."""
    arrays = [layer.W.value.transpose(3, 2, 0, 1), *([] if layer.b is None else [layer.b.value])]
    return [g.constant(array) for array in arrays]


@table.add(layers.Conv2D)
def write_conv(g: Graph, x: Value, layer: layers.Conv2D) -> Value:
    """Convolve."""
    how: dict[str, Any] = {"strides": layer.strides, "dilations": layer.dilation_rate, "group": layer.groups}
    Z = g.add("Conv", g.first(x), *weights(g, layer), **how, **pads(layer, layer.dilation_rate))
    return write_activation(g, Value(None, 4, first=Z), layer)


@table.add(layers.Conv2DTranspose)
def write_transposed(g: Graph, x: Value, layer: layers.Conv2DTranspose) -> Value:
    """Convolve backwards."""
    (top, bottom), (left, right) = shared.transposed_crops(layer)
    how: dict[str, Any] = {"strides": layer.strides, "dilations": layer.dilation_rate, "group": layer.groups}
    cut: dict[str, Any] = {
        "pads": [top, left, max(bottom, 0), max(right, 0)],
        "output_padding": [max(-bottom, 0), max(-right, 0)],
    }
    Z = g.add("ConvTranspose", g.first(x), *weights(g, layer), **how, **cut)
    return write_activation(g, Value(None, 4, first=Z), layer)


@table.add(layers.MaxPooling2D, layers.AveragePooling2D)
def write_pooling(g: Graph, x: Value, layer: Any) -> Value:
    """Pool; ONNX pads maxima with −∞ and leaves padding out of means."""
    kind = "MaxPool" if isinstance(layer, layers.MaxPooling2D) else "AveragePool"
    return Value(None, 4, first=pooled(g, kind, g.first(x), layer))


def pooled(g: Graph, kind: str, name: str, layer: Any) -> Any:
    """Apply a pooling operator with the window of a layer."""
    how: dict[str, Any] = {"kernel_shape": layer.pool_size, "strides": layer.strides or layer.pool_size}
    return g.add(kind, name, **how, **pads(layer))


@table.add(layers.StochasticPooling2D)
def write_stochastic_pooling(g: Graph, x: Value, layer: layers.StochasticPooling2D) -> Value:
    """Y = Σ a² / Σ a, as a quotient of two means; where all a are 0 so is Y."""
    a = g.add("Relu", g.first(x))
    above, below = (pooled(g, "AveragePool", name, layer) for name in (g.add("Mul", a, a), a))
    # The quotient of the smallest numbers would underflow above and not below.
    positive = g.add("Max", below, g.constant(np.finfo(g.dtype).tiny))
    return Value(None, 4, first=g.add("Div", above, positive))


@table.add(layers.GlobalAveragePooling2D)
def write_global_pooling(g: Graph, x: Value, layer: layers.GlobalAveragePooling2D) -> Value:
    """Take the mean of each channel."""
    mean = g.add("GlobalAveragePool", g.first(x))
    return Value(None, 4, first=mean) if layer.keepdims else Value(g.add("Flatten", mean, axis=1), 2)


@table.add(layers.UpSampling2D)
def write_upsampling(g: Graph, x: Value, layer: layers.UpSampling2D) -> Value:
    """Enlarge."""
    nearest: dict[str, Any] = {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    linear: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    scales = g.constant([1, 1, *layer.size], np.float32)
    how = nearest if layer.interpolation == "nearest" else linear
    return Value(None, 4, first=g.add("Resize", g.first(x), "", scales, **how))


@table.add(layers.Embedding)
def write_embedding(g: Graph, x: Value, layer: layers.Embedding) -> Value:
    """Look up."""
    E = layer.E.value.copy()
    if layer.mask_zero:
        E[0] = 0
    symbols = g.last(x)
    if x.dtype != "int64":
        symbols = g.add("Cast", symbols, to=g.onnx.TensorProto.INT64)
    return Value(g.add("Gather", g.constant(E), symbols, axis=0), x.rank + 1)


# --- recurrent layers -------------------------------------------------------------------------------------------------

#: For each recurrent layer its operator and ONNX's order of our gates.
RECURRENT: dict[type[Layer], tuple[str, list[int]]] = {
    layers.SimpleRNN: ("RNN", [0]),
    layers.LSTM: ("LSTM", [0, 3, 1, 2]),
    layers.GRU: ("GRU", [0, 1, 2]),
}
#: The activations that the recurrent operators know, under ONNX's names.
GATES = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


@table.add(*RECURRENT)
def write_recurrent(g: Graph, x: Value, layer: Any) -> Value:
    """Go through all steps; the operators take time first, and the biases of both products side by side."""
    kind, order = RECURRENT[type(layer)]
    if layer.mask_value is not None:
        table.refuse(layer, "the operators give 0 behind the end of a sequence, and mask_value the last output again")
    gates = [layer.activation.name]
    if kind != "RNN":
        gates = [layer.recurrent_activation.name, *gates, *(gates if kind == "LSTM" else [])]
    for name in gates:
        if name not in GATES:
            table.refuse(layer, f"the operator {kind} has the activations {', '.join(GATES)}, not {name}")
    W, U = (shared.blocks(p.value, order).T[np.newaxis] for p in (layer.W, layer.U))
    b = np.zeros((2, U.shape[1]))
    if layer.b is not None:
        b[: np.ndim(layer.b.value)] = shared.blocks(layer.b.value, order)
    options = {"linear_before_reset": int(layer.reset_after)} if kind == "GRU" else {}
    by_time = g.add("Transpose", g.last(x), perm=[1, 0, 2])
    if layer.go_backwards:
        by_time = backwards(g, by_time)
    inputs = by_time, g.constant(W), g.constant(U), g.constant(b.reshape(1, -1))
    names = [GATES[name] for name in gates]
    Y, last = g.add(kind, *inputs, outputs=2, hidden_size=layer.units, activations=names, **options)
    if not layer.return_sequences:
        return Value(g.add("Squeeze", last, g.integers(0)), 2)
    return Value(g.add("Transpose", g.add("Squeeze", Y, g.integers(1)), perm=[1, 0, 2]), 3)


def backwards(g: Graph, name: str) -> Any:
    """Reverse the first axis."""
    start, stop, axis, step = -1, np.iinfo(np.int64).min, 0, -1
    return g.add("Slice", name, *(g.integers(int(n)) for n in (start, stop, axis, step)))


# --- normalization, and what rearranges -------------------------------------------------------------------------------


@table.add(layers.BatchNormalization)
def write_batch_norm(g: Graph, x: Value, layer: layers.BatchNormalization) -> Value:
    """Normalize by the running statistics."""
    gamma, beta = affine(layer)
    arrays = gamma, beta, layer.moving_mean, layer.moving_variance
    Y = g.add("BatchNormalization", g.first(x), *(g.constant(array) for array in arrays), epsilon=layer.epsilon)
    return Value(None, x.rank, first=Y)


@table.add(layers.LayerNormalization)
def write_layer_norm(g: Graph, x: Value, layer: layers.LayerNormalization) -> Value:
    """Normalize along the last axis."""
    arrays = [g.constant(array) for array in affine(layer)]
    return Value(g.add("LayerNormalization", g.last(x), *arrays, axis=-1, epsilon=layer.epsilon), x.rank)


def affine(layer: Any) -> tuple[Array, Array]:
    """Return γ and β, 1 and 0 where there are none."""
    d = layer.input_shape[-1]
    return (
        np.ones(d) if layer.gamma is None else layer.gamma.value,
        np.zeros(d) if layer.beta is None else layer.beta.value,
    )


@table.add(
    layers.Dropout,
    layers.GaussianNoise,
    layers.ActivityRegularization,
    layers.AuxiliaryHead,
)
def write_nothing(g: Graph, x: Value, layer: Layer) -> Value:
    """Leave out what acts in training alone."""
    return x


@table.add(layers.Flatten, layers.Reshape)
def write_reshape(g: Graph, x: Value, layer: Layer) -> Value:
    """Lay out the numbers of each sample in another shape; 0 stands for the batch axis as it is."""
    shape: Shape = layer.output_shape or ()
    return Value(g.add("Reshape", g.last(x), g.integers(0, *(n or 0 for n in shape))), len(shape) + 1, x.dtype)


@table.add(layers.Slice)
def write_slice(g: Graph, x: Value, layer: layers.Slice) -> Value:
    """Take some of the features."""
    assert layer.input_shape is not None
    start, stop, _ = slice(layer.start, layer.stop).indices(layer.input_shape[-1] or 0)
    return Value(g.add("Slice", g.last(x), *(g.integers(n) for n in (start, stop, -1))), x.rank)


@table.add(layers.Chain, Sequential)
def write_chain(g: Graph, x: Value, chain: layers.Chain) -> Value:
    """Apply layers one after the other."""
    for layer in chain.layers:
        x = table.write(layer, g, x)
    return x


@table.add(layers.Residual)
def write_residual(g: Graph, x: Value, layer: layers.Residual) -> Value:
    """Add a shortcut."""
    shortcut = x if layer.projection is None else table.write(layer.projection, g, x)
    return joined(g, "Sum", [write_chain(g, x, layer), shortcut])


@table.add(layers.Branches)
def write_branches(g: Graph, x: Value, layer: layers.Branches) -> Value:
    """Join paths."""
    values = [table.write(path, g, x) for path in layer.paths]
    return joined(g, "Sum" if layer.merge == "add" else "Concat", values)


def joined(g: Graph, kind: str, values: list[Value]) -> Value:
    """Add values or lay them side by side, with the channels first if they all are."""
    rank = values[0].rank
    axis = {} if kind == "Sum" else {"axis": 1}
    if rank > 2 and all(value.names["first"] is not None for value in values):
        return Value(None, rank, first=g.add(kind, *(g.first(value) for value in values), **axis))
    return Value(g.add(kind, *(g.last(value) for value in values), **(axis and {"axis": -1})), rank)


table.lacks(layers.JordanRNN, "no operator feeds its output back through a second layer")
