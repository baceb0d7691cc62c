"""Plots over the plane: what a classifier answers at every point, and the height of a cost with paths across it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from contourpy import LineType, contour_generator
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from ..checks import count, number
from ..errors import ConfigError, LabelError, ShapeError
from .checks import as_classes, as_names, as_numbers, as_predict
from .palette import CLASSES, DASHES, HIGHLIGHT, INK, MARKERS, MUTED, PAPER, TRAIN, VALIDATION, VALUE
from .style import figure_of, legend_above, new_axes, style

__all__ = ["decision_boundary", "loss_surface"]

Array = NDArray[Any]


def decision_boundary(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    margin: float = 0.15,
    resolution: int = 150,
) -> Figure:
    """Draw where a classifier of two features says which class, how surely, and the samples on top.

    A region is shaded in steps of its class's colour where the class leads the next best one by 0, 0.2, 0.4, 0.6 and
    0.8 in probability (for two classes: where its probability is above 0.5, 0.6, ..., 0.9). The line is where two
    classes tie.

    Parameters
    ----------
    model:
        A model with ``predict(X)``, or a function, from (m, 2) to probabilities (m,), (m, 1) or (m, k).
    X, y:
        The samples (m, 2) and their classes: numbers, a 0/1 column or one-hot rows; without y, X only sets the view.
    margin:
        How far the view goes beyond the samples, as a share of their range.
    resolution:
        Points of the grid on each side.

    Raises
    ------
    ShapeError, LabelError, NonFiniteError, DtypeError, ConfigError
        When the samples, labels or predictions are not as above.
    """
    count("plots.decision_boundary", "resolution", resolution, 2)
    number("plots.decision_boundary", "margin", margin, 0)
    X = as_numbers(X, "decision_boundary: X", 2)
    if X.shape[1] != 2:
        raise ShapeError(f"plots.decision_boundary: X has {X.shape[1]} features, a plane has 2; pass two columns of X")
    predict = as_predict(model, "decision_boundary: model")
    labels = None if y is None else as_classes(y, len(X), "decision_boundary: y")
    low, high = X.min(axis=0), X.max(axis=0)
    room = margin * np.where(high > low, high - low, 1.0)
    # Off-centre by an irrational share, no grid point sits on the symmetric data's line of symmetry.
    x1, x2 = (np.linspace(a - r, b + r * 1.00314159, resolution) for a, b, r in zip(low, high, room, strict=True))
    grid = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    P = _probabilities(predict(grid), len(grid))
    k = P.shape[1]
    if labels is not None and labels.max() >= k:
        raise LabelError(f"plots.decision_boundary: y holds class {labels.max()}, but the model knows {k} classes")
    classes = as_names(class_names, k, "decision_boundary: class_names", [f"class {c}" for c in range(k)])
    features = as_names(feature_names, 2, "decision_boundary: feature_names", ["$x_1$", "$x_2$"])

    with style():
        ax = new_axes(ax, "decision_boundary", height=4.3)
        ax.grid(False)
        for c in range(k):
            # The last bits of a tie are noise: a millionth to one side makes them the same everywhere.
            lead = np.round(P[:, c] - np.delete(P, c, axis=1).max(axis=1), 9).reshape(resolution, -1) + 1e-6
            for level in (0.0, 0.2, 0.4, 0.6, 0.8):
                if lead.max() > level:
                    # Steps lie on top of each other: side by side, hairlines would show between them.
                    ax.contourf(x1, x2, lead, levels=[level, 3.0], colors=[CLASSES[c]], alpha=0.085, antialiased=True)
            if lead.min() < 0 < lead.max() and (k > 2 or c == 1):
                _contour_lines(ax, x1, x2, lead, [0.0], edgecolor=INK, linewidth=1.6)
        for c in range(k) if labels is not None else ():
            here = labels == c
            ax.plot(
                *X[here].T,
                linestyle="none",
                marker=MARKERS[c],
                markersize=10 if len(X) <= 12 else 6.5 if len(X) <= 300 else 5,
                color=CLASSES[c],
                markeredgecolor=PAPER,
                markeredgewidth=0.9,
                label=classes[c],
            )
        ax.set(xlabel=features[0], ylabel=features[1], xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
        legend_above(ax, title)
    return figure_of(ax)


def _probabilities(output: Any, m: int) -> Array:
    """Return one column of probability for each class; a single output is that of class 1."""
    P = as_numbers(output, "decision_boundary: the model's answer")
    P = P.reshape(m, -1) if len(P) == m else P
    if P.ndim != 2 or len(P) != m:
        raise ShapeError(
            f"plots.decision_boundary: for {m} points the model answered with shape {np.shape(output)}; "
            f"({m},), ({m}, 1) or ({m}, classes) is needed"
        )
    if P.min() < -1e-6 or P.max() > 1 + 1e-6:
        raise LabelError(
            f"plots.decision_boundary: the model's answers reach from {P.min():.3g} to {P.max():.3g}, not from 0 to 1 "
            "as probabilities do; pass a function that applies sigmoid or softmax to them"
        )
    if P.shape[1] == 1:
        P = np.hstack([1 - P, P])
    if P.shape[1] > len(CLASSES):
        raise ConfigError(f"plots.decision_boundary: {P.shape[1]} classes, but there are {len(CLASSES)} colours")
    return P


def _contour_lines(ax: Axes, x: Array, y: Array, Z: Array, levels: Any, **look: Any) -> None:
    """Draw lines of equal height, each as an open line.

    ``ax.contour`` closes and simplifies a ring or not, depending on the last bit of where its ends meet.
    """
    lines = contour_generator(x, y, Z, line_type=LineType.Separate)
    rings = [np.asarray(ring) for level in levels for ring in lines.lines(level)]
    if rings:
        codes = np.concatenate([[Path.MOVETO] + [Path.LINETO] * (len(ring) - 1) for ring in rings])
        path = Path(np.concatenate(rings), codes)
        path.should_simplify = False
        ax.add_patch(PathPatch(path, fill=False, capstyle="round", zorder=1.9, **look))


def loss_surface(
    f: Callable[[Array, Array], Any],
    xlim: tuple[float, float] = (-2, 2),
    ylim: tuple[float, float] = (-2, 2),
    *,
    paths: Mapping[str, Any] | Any = None,
    minimum: Sequence[float] | None = None,
    levels: int | Sequence[float] = 9,
    log: bool = False,
    ax: Axes | None = None,
    title: str | None = None,
    labels: Sequence[str] = (r"$\theta_1$", r"$\theta_2$"),
    resolution: int = 120,
) -> Figure:
    """Draw a function of two parameters as contours, darker where it is higher, and paths of descent across it.

    Parameters
    ----------
    f:
        A function of two arrays of equal shape that returns an array of that shape.
    paths:
        One path (n, 2), or several by name; each starts at its open circle and ends at its filled marker.
    minimum:
        The point of the minimum, marked with a star.
    levels:
        How many contours, or their heights.
    log:
        Space the contours by powers (the function must be positive or zero).

    Raises
    ------
    ShapeError, NonFiniteError, DtypeError, ConfigError
        When the values or the paths are not as above.
    """
    count("plots.loss_surface", "resolution", resolution, 2)
    if not callable(f):
        raise ConfigError(f"plots.loss_surface: f must be a function of two arrays, got {type(f).__name__}")
    x, y = np.linspace(*xlim, resolution), np.linspace(*ylim, resolution)
    Z = as_numbers(f(*np.meshgrid(x, y)), "loss_surface: f's answer", 2)
    if Z.shape != (resolution, resolution):
        raise ShapeError(f"plots.loss_surface: f returned shape {Z.shape}, not one value for each point; vectorise it")
    if log and Z.min() < 0:
        raise ConfigError(
            f"plots.loss_surface: log=True, but f falls to {Z.min():.3g}; use log=False, or f minus its minimum"
        )
    if paths is not None and not isinstance(paths, Mapping):
        paths = {"": paths}
    tracks = {str(name): as_numbers(path, f"loss_surface: path {name!r}", 2) for name, path in (paths or {}).items()}
    for name, track in tracks.items():
        if track.shape[1] != 2:
            raise ShapeError(f"plots.loss_surface: path {name!r} has shape {track.shape}; (steps, 2) is needed")
    # A contour through a grid point has two ways to go: a hair above it, the last bits of Z do not choose.
    scale = max(float(np.abs(Z).max()), 1e-300)
    Z = np.round(Z / scale, 12) * scale
    heights = _heights(Z, levels, log) * (1 + 1.3e-7) + 1.7e-9 * scale

    with style():
        ax = new_axes(ax, "loss_surface", height=4.2)
        ax.grid(False)
        top = max(float(Z.max()), float(heights[-1])) * 2 + 1
        for height in heights:
            if Z.max() > height:
                ax.contourf(x, y, Z, levels=[height, top], colors=[MUTED], alpha=0.04)
        _contour_lines(ax, x, y, Z, heights, edgecolor=MUTED, linewidth=0.6)
        if minimum is not None:
            ax.plot(*minimum, marker="*", markersize=13, color=INK, markeredgecolor=PAPER, linestyle="none", zorder=2.1)
        colours = (VALUE, CLASSES[1], TRAIN, HIGHLIGHT, CLASSES[0], VALIDATION)
        for i, (name, track) in enumerate(tracks.items()):
            colour, marker = colours[i % len(colours)], MARKERS[i % len(MARKERS)]
            dots: dict[str, Any] = {"marker": marker, "markersize": 3.2} if len(track) <= 60 else {}
            ax.plot(
                *track.T, color=colour, linestyle=DASHES[i % len(DASHES)], linewidth=1.6, label=name or None, **dots
            )
            ax.plot(*track[0], marker="o", markersize=7, color=PAPER, markeredgecolor=colour, markeredgewidth=1.6)
            ax.plot(*track[-1], marker=marker, markersize=8, color=colour, markeredgecolor=PAPER)
        ax.set(xlabel=labels[0], ylabel=labels[1], xlim=xlim, ylim=ylim)
        legend_above(ax, title)
    return figure_of(ax)


def _heights(Z: Array, levels: int | Sequence[float], log: bool) -> Array:
    """Return the heights of the contours, closer to each other near the bottom."""
    if not isinstance(levels, int):
        return np.sort(as_numbers(levels, "loss_surface: levels", 1))
    count("plots.loss_surface", "levels", levels, 1)
    if log:
        return np.geomspace(max(Z.min(), Z.max() * 1e-4, 1e-300), Z.max(), levels + 2)[1:-1]
    low, high = float(Z.min()), float(Z.max())
    return low + (high - low) * np.square(np.arange(1, levels + 1) / (levels + 1))
