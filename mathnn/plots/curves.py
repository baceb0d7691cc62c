"""Plots along a line: a function with its derivative, the course of a training, what the layers of a network hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator, NullLocator
from numpy.typing import NDArray

from .. import activations as activation_functions
from ..checks import count
from ..errors import ConfigError, ShapeError
from .checks import as_names, as_numbers
from .palette import DASHES, DERIVATIVE, GRID, HIGHLIGHT, INK, LOSS, MARKERS, MUTED, PAPER, VALIDATION, VALUE
from .style import WIDTH, figure_of, legend_above, new_axes, new_figure, style

__all__ = ["activation", "activations", "histograms", "spread", "training_curves"]

Array = NDArray[Any]


def activation(
    f: Any,
    derivative: bool | Callable[[Array], Any] = True,
    *,
    limits: tuple[float, float] = (-4.0, 4.0),
    ax: Axes | None = None,
    title: str | None = None,
    labels: tuple[str, str] = ("$f(z)$", "$f'(z)$"),
) -> Figure:
    """Draw an activation function (solid) and its derivative (dashed); at a jump the line is broken.

    Parameters
    ----------
    f:
        A name such as ``"relu"``, an activation function, or any function of an array.
    derivative:
        Whether to draw it, or the function to draw; left out where ``f`` is a function without ``derivative``.
    limits:
        The first and the last z.

    Raises
    ------
    ConfigError
        For an unknown name, and for softmax, whose outputs each depend on every input.
    ShapeError, NonFiniteError, DtypeError
        When ``f`` does not return one finite number for each z.
    """
    function, slope = _function(f, derivative)
    z = _line(limits)
    with style():
        ax = new_axes(ax, "activation", height=3.1)
        _draw_function(ax, z, function, slope, labels)
        ax.set(xlabel="$z$", xlim=limits)
        if slope is None:
            ax.set_ylabel(labels[0])
        legend_above(ax, title)
    return figure_of(ax)


def activations(
    names: Sequence[Any] | None = None,
    *,
    columns: int = 3,
    limits: tuple[float, float] = (-4.0, 4.0),
    ylim: tuple[float, float] = (-1.5, 2.5),
    derivative: bool = True,
) -> Figure:
    """Draw activation functions (solid) and derivatives (dashed) side by side on the same axes; without names, all.

    Raises
    ------
    ConfigError
        As :func:`activation`, and when there is nothing to draw.
    """
    if names is None:
        names = [f for f in activation_functions.registry.items() if not hasattr(f, "jacobian")]
    count("plots.activations", "columns", columns, 1)
    if isinstance(names, str) or len(names) == 0:
        raise ConfigError(f"plots.activations: needs a list of names or functions, got {names!r}")
    pairs = [(_name(f), *_function(f, derivative)) for f in names]
    rows = -(-len(pairs) // columns)
    z = _line(limits)
    with style():
        height = 1.45 * rows + 0.75
        fig = new_figure(WIDTH, height, layout="none")
        grid = fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        fig.subplots_adjust(0.42 / WIDTH, 0.5 / height, 1 - 0.1 / WIDTH, 1 - 0.6 / height, wspace=0.12, hspace=0.32)
        for ax, (name, function, slope) in zip(grid.flat, pairs, strict=False):
            _draw_function(ax, z, function, slope, ("$f(z)$", "$f'(z)$"))
            ax.set_title(name, fontsize=10.5, pad=4)
        for ax in grid.flat[len(pairs) :]:
            ax.set_axis_off()
        for column in range(columns):
            below = [ax for row, ax in enumerate(grid[:, column]) if row * columns + column < len(pairs)]
            if below:
                below[-1].set_xlabel("$z$")
                below[-1].xaxis.set_tick_params(labelbottom=True)
        grid[0, 0].set(xlim=limits, ylim=ylim)
        grid[0, 0].xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 3, 5, 10], integer=True))
        grid[0, 0].yaxis.set_major_locator(MultipleLocator(1))
        if derivative:
            handles, labels = grid[0, 0].get_legend_handles_labels()
            fig.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.3 / WIDTH, 1 - 0.05 / height), ncols=2)
    return fig


def _name(f: Any) -> str:
    return str(f if isinstance(f, str) else getattr(f, "name", getattr(f, "__name__", "f")))


def _function(f: Any, derivative: bool | Callable[[Array], Any]) -> tuple[Callable[[Array], Any], Any]:
    """Return the function and its derivative, or None where there is none to draw."""
    found = activation_functions.get(f) if isinstance(f, str) else f
    if hasattr(found, "jacobian") or not callable(found):
        why = "is not elementwise: each output depends on every input" if callable(found) else "is not a function"
        raise ConfigError(f"plots.activation: {_name(f)!r} {why}; draw matrix(f.jacobian(z)), or pass a function of z")
    if callable(derivative):
        return found, derivative
    return found, getattr(found, "derivative", None) if derivative else None


def _line(limits: tuple[float, float]) -> Array:
    """Return an odd number of points, so that 0 is one of them where the limits are symmetric."""
    low, high = limits
    if not low < high:
        raise ConfigError(f"plots.activation: limits must be (low, high) with low < high, got {limits!r}")
    return np.linspace(low, high, 401)


def _draw_function(ax: Axes, z: Array, f: Callable[[Array], Any], slope: Any, labels: tuple[str, str]) -> None:
    for spine in (ax.axhline, ax.axvline):
        spine(0, color=MUTED, linewidth=0.8, zorder=1)
    for function, label, colour, dashes in ((f, labels[0], VALUE, "-"), (slope, labels[1], DERIVATIVE, DASHES[1])):
        if function is None:
            continue
        values = as_numbers(function(z.copy()), f"activation: {label}", 1)
        if values.shape != z.shape:
            raise ShapeError(f"plots.activation: {label} returned shape {values.shape} for {z.shape}; work elementwise")
        line = np.column_stack([z, values])
        jumps = _jumps(function, z, values)
        for k, x, left, right in reversed(jumps):
            line = np.insert(line, k, [[x, left], [x, np.nan], [x, right]], axis=0)
        ax.plot(*line.T, color=colour, linestyle=dashes, label=label)
        for _, x, *ends in jumps:
            taken = np.isclose(ends, function(np.array([x])), atol=1e-6)
            for y, filled in zip(ends, taken, strict=True):
                ax.plot(x, y, marker="o", markersize=5, color=colour if filled else PAPER, markeredgecolor=colour)


def _jumps(f: Callable[[Array], Any], z: Array, values: Array) -> list[tuple[int, float, float, float]]:
    """Return where f jumps: the index of the first point after it, the place, and the values just left and right of it.

    A jump is a step between two points that climbs a tenth of the range while a neighbouring step does not, and that
    halving the interval does not make smaller.
    """
    steps = np.abs(np.diff(values))
    calm = np.minimum(np.append(steps[1:], 0), np.insert(steps[:-1], 0, 0))
    found = []
    for k in np.flatnonzero((steps > 0.1 * np.ptp(values)) & (steps > 5 * calm)):
        low, high, left, right = z[k], z[k + 1], values[k], values[k + 1]
        while high - low > 1e-9:
            middle = (low + high) / 2
            value = float(f(np.array([middle]))[0])
            if abs(value - left) < abs(value - right):
                low, left = middle, value
            else:
                high, right = middle, value
        if abs(right - left) > 0.5 * steps[k]:
            found.append((int(k) + 1, round(float(low + high) / 2, 6) + 0.0, float(left), float(right)))
    return found


def training_curves(
    history: Any, keys: Sequence[str] | None = None, *, ax: Axes | None = None, title: str | None = None
) -> Figure:
    """Draw each quantity over the epochs, training solid and validation dashed, and mark the best epoch.

    The best epoch is the one of the smallest validation loss (of the smallest loss where nothing was held back).

    Parameters
    ----------
    history:
        A History, or its dictionary: ``{"loss": [...], "val_loss": [...], ...}``.
    keys:
        The quantities, without ``val_``; all of them by default, the loss first. With ``ax`` it must be one.

    Raises
    ------
    ConfigError
        When a key is missing, or ``history`` is something else.
    ShapeError
        When the lists are empty or of different lengths.
    """
    logs = getattr(history, "history", history)
    if not isinstance(logs, Mapping) or not logs:
        raise ConfigError(f"plots.training_curves: needs a History or its non-empty dictionary, got {history!r}")
    shown = (
        [key for key in logs if not key.startswith("val_") and key != "learning_rate"] if keys is None else list(keys)
    )
    for key in shown:
        if key not in logs:
            raise ConfigError(f"plots.training_curves: no {key!r} in the history; it has {', '.join(map(repr, logs))}")
    if not shown or (ax is not None and len(shown) > 1):
        raise ConfigError(f"plots.training_curves: one axes shows one quantity; pass keys=[one of {shown}], or no ax")
    series = {key: as_numbers(logs[key], f"training_curves: {key!r}", 1, finite=False) for key in logs}
    drawn = [name for key in shown for name in (key, f"val_{key}") if name in series]
    if len({len(series[name]) for name in drawn}) > 1:
        raise ShapeError(f"plots.training_curves: lengths differ: { {name: len(series[name]) for name in drawn} }")
    judge = next(
        (name for name in ("val_loss", "loss") if name in series and len(series[name]) == len(series[shown[0]])), None
    )
    best = None if judge is None or np.isnan(series[judge]).all() else int(np.nanargmin(series[judge])) + 1

    with style():
        if ax is None:
            fig = new_figure(WIDTH, 0.7 + 2.1 * len(shown))
            panels = list(fig.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0])
        else:
            panels = [new_axes(ax, "training_curves")]
        for panel, key in zip(panels, shown, strict=True):
            epochs = np.arange(1, len(series[key]) + 1)
            few: dict[str, Any] = {"marker": "o", "markersize": 4} if len(epochs) <= 12 else {}
            panel.plot(epochs, series[key], color=LOSS, linestyle="-", label="training", **few)
            top = series[key]
            if (val := series.get(f"val_{key}")) is not None:
                panel.plot(epochs, val, color=VALIDATION, linestyle=DASHES[1], label="validation", **few)
                top = val
            if best is not None:
                panel.axvline(best, color=HIGHLIGHT, linestyle=DASHES[2], linewidth=1.2, zorder=1.5)
                panel.plot(
                    best, top[best - 1], marker="D", markersize=7, color=HIGHLIGHT, markeredgecolor=PAPER,
                    linestyle="none", label=f"best epoch: {best}",
                )  # fmt: skip
            panel.set_ylabel(key.replace("_", " "))
            panel.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
        panels[-1].set_xlabel("epoch")
        legend_above(panels[0], title)
    return figure_of(panels[0])


def histograms(
    arrays: Sequence[Any],
    names: Sequence[str] | None = None,
    *,
    bins: int = 41,
    limits: tuple[float, float] | None = None,
    xlabel: str = "value",
    ax: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw one histogram above the other, one for each layer, each to its own height, with its standard deviation.

    Raises
    ------
    ShapeError, NonFiniteError, DtypeError
        When there are no arrays, or one is empty or not finite.
    """
    values = [as_numbers(a, f"histograms: array {i}").ravel() for i, a in enumerate(arrays)]
    if not values:
        raise ShapeError("plots.histograms: got no arrays; pass a list with the values of each layer")
    titles = as_names(names, len(values), "histograms: names", [f"layer {i + 1}" for i in range(len(values))])
    count("plots.histograms", "bins", bins, 1)
    low, high = limits or (min(v.min() for v in values), max(v.max() for v in values))
    if limits is None and low == high:
        low, high = low - 1, high + 1
    edges = np.linspace(low, high, bins + 1)
    with style():
        ax = new_axes(ax, "histograms", height=0.8 + 0.55 * len(values))
        ax.grid(axis="y", visible=False)
        for row, v in enumerate(values):
            floor = len(values) - 1 - row
            counts = np.histogram(np.clip(v, low, high), edges)[0]
            heights = floor + 0.82 * counts / max(counts.max(), 1)
            ax.stairs(heights, edges, baseline=floor, fill=True, color=VALUE, alpha=0.3, linewidth=0)
            ax.stairs(heights, edges, baseline=None, color=VALUE, linewidth=1.2)
            ax.axhline(floor, color=GRID, linewidth=0.7, zorder=0.5)
            ax.annotate(
                f"std {v.std():.2g}", (1, floor + 0.4), xycoords=("axes fraction", "data"), xytext=(6, 0),
                textcoords="offset points", va="center", color=INK, fontsize=9.5,
            )  # fmt: skip
        ax.set(xlabel=xlabel, xlim=(low, high), ylim=(-0.05, len(values)))
        ax.set_yticks([len(values) - 1 - row + 0.4 for row in range(len(values))], titles)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        legend_above(ax, title)
    return figure_of(ax)


def spread(
    series: Mapping[str, Any],
    *,
    log: bool = True,
    xlabel: str = "layer",
    ylabel: str = "standard deviation",
    reference: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw one number for each layer, as a line for each way of initialising (or whatever the series are called).

    ``reference`` draws the level that would be ideal. On a logarithmic scale, zeros are left out.

    Raises
    ------
    ConfigError
        When ``series`` is not a non-empty dictionary.
    ShapeError, NonFiniteError, DtypeError
        When a series is not a list of finite numbers.
    """
    if not isinstance(series, Mapping) or not series:
        raise ConfigError(f"plots.spread: needs a dictionary of name to numbers, got {series!r}")
    lines = {str(name): as_numbers(v, f"spread: {name!r}", 1) for name, v in series.items()}
    with style():
        ax = new_axes(ax, "spread")
        if reference is not None:
            ax.axhline(reference, color=MUTED, linewidth=1, zorder=1)
        for i, (name, values) in enumerate(lines.items()):
            seen = np.where((values > 0) | (not log), values, np.nan)
            marker: dict[str, Any] = {"marker": MARKERS[i % len(MARKERS)], "markersize": 5} if len(values) <= 40 else {}
            ax.plot(np.arange(1, len(values) + 1), seen, label=name, **marker)
        if log:
            ax.set_yscale("log")
            ax.yaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(xlabel=xlabel, ylabel=ylabel)
        legend_above(ax, title)
    return figure_of(ax)
