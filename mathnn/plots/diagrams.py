"""A network as nodes and edges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from ..checks import count
from ..errors import ConfigError, ShapeError, StateError
from .checks import as_names, as_numbers
from .palette import DASHES, LOSS, MUTED, NEGATIVE, PAPER, POSITIVE, VALUE
from .style import bare_axes, figure_of, style

__all__ = ["network_diagram"]

Array = NDArray[Any]

_RADIUS, _STEP = 0.34, 2.0


def network_diagram(
    network: Any,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    layer_names: Sequence[str] | None = None,
    weights: bool | Sequence[Any] = False,
    biases: bool = False,
    values: Sequence[Any] | None = None,
    max_nodes: int = 6,
    ax: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a feed-forward network: a column for each layer, a line for each weight.

    With weights, a line is the thicker the larger the weight: warm and solid where it is positive, cool and dashed
    where it is negative.

    Parameters
    ----------
    network:
        The widths, input first, as ``[3, 3, 1]``, or a built model of Dense layers.
    inputs, outputs:
        What stands beside the nodes of the first and of the last layer.
    layer_names:
        What stands above each column: "input", "hidden", "output" by default.
    weights:
        The matrices (d, k) of the layers, or True for those of the model.
    biases:
        Draw the bias of each layer as a square node with the constant 1.
    values:
        For each layer the numbers to write into its nodes, in place of their symbols.
    max_nodes:
        Wider layers show this many nodes and dots.

    Raises
    ------
    ShapeError, ConfigError, StateError, NonFiniteError, DtypeError
        When the widths, names, values or weights do not belong together, or the model is not built.
    """
    sizes, found = _sizes(network)
    matrices = _matrices(found if weights is True else weights, sizes) if weights is not False else []
    numbers = _values(values, sizes)
    most = count("plots.network_diagram", "max_nodes", max_nodes, 3)
    hidden = len(sizes) - 2
    default = ["input", *([f"hidden {i + 1}" for i in range(hidden)] if hidden > 1 else ["hidden"] * hidden), "output"]
    headings = as_names(layer_names, len(sizes), "network_diagram: layer_names", default)
    left = as_names(inputs, sizes[0], "network_diagram: inputs", [""] * sizes[0])
    right = as_names(outputs, sizes[-1], "network_diagram: outputs", [""] * sizes[-1])
    columns = [_places(i, n, most) for i, n in enumerate(sizes)]
    top = max(len(column) - 1 for column in columns) / 2
    bottom = -top - biases
    # A letter is about 0.15 of the distance between two nodes wide.
    room = [max(0.9, 0.75 + 0.15 * max(len(name.replace("$", "")) for name in side)) for side in (left, right)]
    frame = (-room[0], _STEP * (len(sizes) - 1) + room[1], bottom - 0.95, top + (1.6 if title else 1.05))

    with style():
        ax = bare_axes(ax, "network_diagram", min(0.62, 7.5 / (frame[1] - frame[0])), frame)
        strongest = max((float(np.abs(W).max()) for W in matrices), default=1.0) or 1.0
        for i, (column, following) in enumerate(pairwise(columns)):
            for b, end in following.items():
                for a, start in column.items():
                    if a is not None and b is not None:
                        _edge(ax, start, end, matrices[i][a, b] / strongest if matrices else None)
                if biases and b is not None:
                    ax.plot(*_line((_STEP * i, bottom), end), color=MUTED, linewidth=1, linestyle=DASHES[2], zorder=1)
            if biases:
                corner = (_STEP * i - 0.24, bottom - 0.24)
                ax.add_patch(Rectangle(corner, 0.48, 0.48, facecolor=PAPER, edgecolor=MUTED, linewidth=1.2, zorder=3))
                ax.text(_STEP * i, bottom, "1", ha="center", va="center", zorder=4)
        for i, column in enumerate(columns):
            colour = MUTED if i == 0 else LOSS if i == len(sizes) - 1 else VALUE
            for node, place in column.items():
                if node is not None:
                    _node(ax, place, colour, numbers[i][node] if numbers else _symbol(i, node, sizes))
                else:
                    ax.text(*place, "⋮", ha="center", va="center", fontsize=15)
            ax.text(_STEP * i, top + 0.52, headings[i], ha="center", va="bottom", fontweight="bold")
            size = f"{sizes[i]} node{'s' * (sizes[i] != 1)}"
            ax.text(_STEP * i, bottom - 0.5, size, ha="center", va="top", fontsize=9.5, color=MUTED)
        for names, column, side, ha in ((left, columns[0], -1, "right"), (right, columns[-1], 1, "left")):
            for node, (x, y) in column.items():
                if node is not None and names[node]:
                    ax.text(x + side * (_RADIUS + 0.12), y, names[node], ha=ha, va="center")
        if title:
            ax.text(frame[0] + 0.1, frame[3] - 0.1, title, ha="left", va="top", fontsize=11.5, fontweight="bold")
    return figure_of(ax)


def _sizes(network: Any) -> tuple[list[int], list[Array]]:
    """Return the widths and, of a model, its matrices."""
    layers = getattr(network, "layers", None)
    if layers is None:
        sizes = list(network) if isinstance(network, list | tuple | np.ndarray) else []
        if len(sizes) < 2 or not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
            raise ConfigError(
                f"plots.network_diagram: needs two or more widths such as [3, 3, 1], or a model, got {network!r}"
            )
        return [int(n) for n in sizes], []
    matrices = [np.asarray(p.value) for layer in layers for p in layer.parameters if np.ndim(p.value) == 2]
    if not matrices:
        raise StateError(
            "plots.network_diagram: the model has no weight matrices yet; call model.build(input_shape) first"
        )
    sizes = [matrices[0].shape[0], *(W.shape[1] for W in matrices)]
    if any(W.shape[0] != n for W, n in zip(matrices, sizes, strict=False)):
        raise ShapeError(
            f"plots.network_diagram: the matrices {[W.shape for W in matrices]} do not follow each other; only a chain "
            "of Dense layers can be drawn"
        )
    return sizes, matrices


def _values(values: Sequence[Any] | None, sizes: list[int]) -> list[list[str]]:
    if values is None:
        return []
    arrays = [as_numbers(v, f"network_diagram: values[{i}]").ravel() for i, v in enumerate(values)]
    if [len(a) for a in arrays] != sizes:
        raise ShapeError(f"plots.network_diagram: values have lengths {[len(a) for a in arrays]}, the layers {sizes}")
    return [[f"{v:.2f}".replace("-", "−") for v in a] for a in arrays]


def _matrices(weights: Sequence[Any], sizes: list[int]) -> list[Array]:
    """Check that there is one matrix between each two layers, and that it fits."""
    matrices = [as_numbers(W, f"network_diagram: weights[{i}]", 2) for i, W in enumerate(weights)]
    expected = list(pairwise(sizes))
    if [W.shape for W in matrices] != expected:
        raise ShapeError(
            f"plots.network_diagram: weights must have the shapes {expected}, got {[W.shape for W in matrices]}; "
            "weights=True takes those of a model"
        )
    return matrices


def _places(layer: int, n: int, most: int) -> dict[int | None, tuple[float, float]]:
    """Return where the nodes of a layer stand, from top to bottom; None stands for dots."""
    nodes = list(range(n)) if n <= most else [*range(most - 2), None, n - 1]
    return {node: (_STEP * layer, (len(nodes) - 1) / 2 - row) for row, node in enumerate(nodes)}


def _symbol(layer: int, node: int, sizes: list[int]) -> str:
    last = len(sizes) - 1
    if layer == last:
        return r"$\hat{y}$" if sizes[-1] == 1 else rf"$\hat{{y}}_{{{node + 1}}}$"
    if layer == 0:
        return f"$x_{{{node + 1}}}$"
    return f"$a_{{{node + 1}}}$" if last == 2 else f"$a_{{{node + 1}}}^{{[{layer}]}}$"


def _node(ax: Axes, place: tuple[float, float], colour: str, text: str) -> None:
    ax.add_patch(Circle(place, _RADIUS, facecolor=PAPER, linewidth=0, zorder=2))
    ax.add_patch(Circle(place, _RADIUS, facecolor=colour, alpha=0.14, linewidth=0, zorder=3))
    ax.add_patch(Circle(place, _RADIUS, fill=False, edgecolor=colour, linewidth=1.6, zorder=3))
    ax.text(
        *place, text, ha="center", va="center", zorder=4, fontsize=8.5 if len(text) > 4 and "$" not in text else 10.5
    )


def _line(start: tuple[float, float], end: tuple[float, float]) -> tuple[list[float], list[float]]:
    return [start[0], end[0]], [start[1], end[1]]


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], w: float | None) -> None:
    """Draw a connection; w is the weight as a share of the largest."""
    if w is None:
        look: dict[str, Any] = {"color": MUTED, "linewidth": 0.9, "linestyle": "-", "alpha": 0.75}
    elif w >= 0:
        look = {"color": POSITIVE, "linewidth": 0.5 + 3.5 * w, "linestyle": "-"}
    else:
        look = {"color": NEGATIVE, "linewidth": 0.5 - 3.5 * w, "linestyle": DASHES[1]}
    ax.plot(*_line(start, end), zorder=1, solid_capstyle="butt", **look)
