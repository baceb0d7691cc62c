"""A network as nodes and edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from ..errors import ConfigError, ShapeError, StateError
from .checks import as_names, as_numbers
from .palette import DASHES, LOSS, MUTED, NEGATIVE, PAPER, POSITIVE, VALUE
from .style import bare_axes, figure_of, style

__all__ = ["network_diagram"]

Array = NDArray[Any]

_RADIUS, _STEP = 0.3, 1.9


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

    With weights, a line is the thicker the larger the weight, warm and solid where it is positive, cool and dashed where it is negative.

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
    matrices = found if weights is True else [] if weights is False else list(weights)
    if weights is not False:
        if len(matrices) != len(sizes) - 1:
            raise ShapeError(
                f"plots.network_diagram: {len(sizes)} layers have {len(sizes) - 1} weight matrices, got {len(matrices)}; "
                "weights=True needs a model"
            )
        matrices = [as_numbers(W, f"network_diagram: weights[{i}]", 2) for i, W in enumerate(matrices)]
        for i, W in enumerate(matrices):
            if W.shape != (sizes[i], sizes[i + 1]):
                raise ShapeError(
                    f"plots.network_diagram: weights[{i}] has shape {W.shape}, expected {(sizes[i], sizes[i + 1])}"
                )
    if max_nodes < 2:
        raise ConfigError(f"plots.network_diagram: max_nodes must be at least 2, got {max_nodes}")
    numbers = _values(values, sizes)
    hidden = len(sizes) - 2
    default = ["input", *([f"hidden {i + 1}" for i in range(hidden)] if hidden > 1 else ["hidden"] * hidden), "output"]
    headings = as_names(layer_names, len(sizes), "network_diagram: layer_names", default)
    left = as_names(inputs, sizes[0], "network_diagram: inputs", [""] * sizes[0])
    right = as_names(outputs, sizes[-1], "network_diagram: outputs", [""] * sizes[-1])
    columns = [_nodes(n, max_nodes) for n in sizes]
    tallest = max(len(c) + (biases and i < len(sizes) - 1) for i, c in enumerate(columns))
    places = [
        {node: (_STEP * i, (len(column) - 1) / 2 - row) for row, node in enumerate(column)}
        for i, column in enumerate(columns)
    ]
    top = (tallest - 1) / 2
    if biases:
        top = max(top, max(len(column) for column in columns) / 2)
    bottom = -top
    # In squares of 0.62 inch a letter is about 0.15 wide.
    room = [0.75 + 0.15 * max(len(name.replace("$", "")) for name in side) for side in (left, right)]
    frame = (
        -max(room[0], 0.9),
        _STEP * (len(sizes) - 1) + max(room[1], 0.9),
        bottom - 0.95,
        top + (1.55 if title else 1.05),
    )

    with style():
        ax = bare_axes(ax, "network_diagram", 0.62, frame)
        strongest = max((float(np.abs(W).max()) for W in matrices), default=1.0) or 1.0
        for i in range(len(sizes) - 1):
            for a, start in places[i].items():
                for b, end in places[i + 1].items():
                    if a is not None and b is not None:
                        w = matrices[i][a, b] / strongest if matrices else None
                        _edge(ax, start, end, w)
            if biases:
                corner = (_STEP * i + 0.55, bottom)
                for b, end in places[i + 1].items():
                    if b is not None:
                        ax.plot(
                            *zip(corner, end, strict=True), color=MUTED, linewidth=0.9, linestyle=DASHES[2], zorder=1
                        )
                ax.add_patch(
                    Rectangle((corner[0] - 0.2, bottom - 0.2), 0.4, 0.4, facecolor=PAPER, edgecolor=MUTED, zorder=3)
                )
                ax.text(*corner, "1", ha="center", va="center", zorder=4, fontsize=10)
        for i, (column, heading) in enumerate(zip(places, headings, strict=True)):
            colour = MUTED if i == 0 else LOSS if i == len(sizes) - 1 else VALUE
            for node, (x, y) in column.items():
                if node is None:
                    ax.text(x, y, "⋮", ha="center", va="center", fontsize=15)
                    continue
                ax.add_patch(Circle((x, y), _RADIUS, facecolor=PAPER, edgecolor="none", zorder=2.5))
                ax.add_patch(Circle((x, y), _RADIUS, facecolor=colour, alpha=0.14, edgecolor="none", zorder=3))
                ax.add_patch(Circle((x, y), _RADIUS, facecolor="none", edgecolor=colour, linewidth=1.6, zorder=3))
                text = numbers[i][node] if numbers else _symbol(i, node, len(sizes))
                ax.text(x, y, text, ha="center", va="center", zorder=4, fontsize=10.5)
                if i == 0 and left[node]:
                    ax.text(x - _RADIUS - 0.12, y, left[node], ha="right", va="center")
                if i == len(sizes) - 1 and right[node]:
                    ax.text(x + _RADIUS + 0.12, y, right[node], ha="left", va="center")
            ax.text(_STEP * i, top + 0.5, heading, ha="center", va="bottom", fontsize=10.5, fontweight="bold")
            count = f"{sizes[i]} node{'s' * (sizes[i] != 1)}"
            ax.text(_STEP * i, bottom - 0.45, count, ha="center", va="top", fontsize=9.5, color=MUTED)
        if title:
            ax.text(frame[0] + 0.1, top + 1.45, title, ha="left", va="top", fontsize=11.5, fontweight="bold")
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


def _nodes(n: int, most: int) -> list[int | None]:
    """Return the nodes to draw from top to bottom; None stands for dots."""
    return list(range(n)) if n <= most else [*range(most - 2), None, n - 1]


def _symbol(layer: int, node: int, layers: int) -> str:
    if layer == 0:
        return f"$x_{{{node + 1}}}$"
    if layer == layers - 1:
        return rf"$\hat{{y}}_{{{node + 1}}}$"
    return f"$a_{{{node + 1}}}$" if layers == 3 else f"$a_{{{node + 1}}}^{{[{layer}]}}$"


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], w: float | None) -> None:
    if w is None:
        look: dict[str, Any] = {"color": MUTED, "linewidth": 0.9, "linestyle": "-", "alpha": 0.75}
    else:
        look = {"color": POSITIVE if w >= 0 else NEGATIVE, "linewidth": 0.5 + 3.5 * abs(w)}
        look["linestyle"] = "-" if w >= 0 else DASHES[1]
    ax.plot(*zip(start, end, strict=True), zorder=1, solid_capstyle="butt", **look)
