"""Plots made of squares: matrices with their numbers, confusions, digits, and colours with their names on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from numpy.typing import NDArray

from ..checks import count
from ..errors import LabelError, ShapeError
from .checks import as_classes, as_names, as_numbers
from .palette import GRID, HIGHLIGHT, INK, MUTED, NEGATIVE, PAPER, POSITIVE
from .style import WIDTH, bare_axes, figure_of, legend_above, new_axes, style
from .svg import AS_IS, INK_IMAGE

__all__ = ["colour_swatches", "confusion", "images", "matrix"]

Array = NDArray[Any]

_STRONGEST = 0.45
"""The opacity of the largest entry: ink stays readable on it, on both papers."""


def matrix(
    values: Any,
    *,
    fmt: str = ".2f",
    row_names: Sequence[str] | None = None,
    column_names: Sequence[str] | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a small matrix as a heat map with its numbers: warm is positive, cool is negative, pale is near zero.

    ``fmt`` formats the numbers (``""`` leaves them out); a vector is drawn as one row.

    Raises
    ------
    ShapeError, NonFiniteError, DtypeError
        When ``values`` is not one or two axes of finite numbers, or has more than 4,096 entries.
    """
    A = np.atleast_2d(as_numbers(values, "matrix: values"))
    if A.ndim != 2 or A.size > 4096:
        raise ShapeError(
            f"plots.matrix: needs one or two axes and up to 4,096 entries, got shape {A.shape}; draw a part of it"
        )
    top = np.abs(A).max() or 1.0
    colours = np.where(A >= 0, POSITIVE, NEGATIVE)
    labels = [[format(v, fmt) if fmt else "" for v in row] for row in A]
    with style():
        ax = _cells("matrix", A.shape, np.abs(A) / top * _STRONGEST, colours, labels, ax)
        _cell_names(ax, A.shape, row_names, column_names, "matrix")
        ax.set(xlabel=xlabel or "", ylabel=ylabel or "")
        legend_above(ax, title)
    return figure_of(ax)


def confusion(
    counts: Any, names: Sequence[str] | None = None, *, ax: Axes | None = None, title: str | None = None
) -> Figure:
    """Draw a confusion matrix, true classes in rows: shaded by share of the row, and only the mistakes are in colour.

    Raises
    ------
    ShapeError, LabelError, NonFiniteError, DtypeError
        When ``counts`` is not a square matrix of counts.
    """
    C = as_numbers(counts, "confusion: counts", 2)
    k = len(C)
    if C.shape != (k, k):
        raise ShapeError(
            f"plots.confusion: counts must be (classes, classes), got {C.shape}; see metrics.confusion_matrix"
        )
    if C.min() < 0:
        raise LabelError(f"plots.confusion: counts cannot be negative, got {C.min():g}")
    share = C / np.maximum(C.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(k, dtype=bool)
    # A root makes the few mistakes visible beside the many right answers.
    opacity = np.where(diagonal, share * 0.35, np.sqrt(share) * _STRONGEST)
    labels = [[f"{v:g}" if v else "·" for v in row] for row in C]
    with style():
        ax = _cells("confusion", C.shape, opacity, np.where(diagonal, MUTED, HIGHLIGHT), labels, ax)
        classes = as_names(names, k, "confusion: names", [str(c) for c in range(k)])
        _cell_names(ax, C.shape, classes, classes, "confusion")
        ax.set(xlabel="predicted class", ylabel="true class")
        legend_above(ax, title)
    return figure_of(ax)


def _cells(
    who: str, shape: tuple[int, ...], opacity: Array, colours: Array, labels: Sequence[Sequence[str]], ax: Axes | None
) -> Axes:
    """Draw one square for each entry, first row at the top."""
    rows, columns = shape
    side = min(0.72, (WIDTH - 1.0) / columns)
    if ax is None:
        ax = new_axes(None, who, height=side * rows + 0.9, width=max(side * columns + 1.2, 2.4))
    else:
        ax = new_axes(ax, who)
    ax.grid(False)
    size = 10.5 if side > 0.6 else max(6.5, 20 * side)
    for i in range(rows):
        for j in range(columns):
            square = Rectangle(
                (j - 0.5, i - 0.5), 1, 1, facecolor=colours[i, j], alpha=round(float(opacity[i, j]), 3), linewidth=0
            )
            ax.add_patch(square)
            if labels[i][j]:
                ax.text(j, i, labels[i][j].replace("-", "−"), ha="center", va="center", fontsize=size, color=INK)
    for edge in np.arange(max(rows, columns) + 1) - 0.5 if rows * columns <= 400 else ():
        if edge <= rows - 0.5:
            ax.plot([-0.5, columns - 0.5], [edge, edge], color=GRID, linewidth=0.8, linestyle="-")
        if edge <= columns - 0.5:
            ax.plot([edge, edge], [-0.5, rows - 0.5], color=GRID, linewidth=0.8, linestyle="-")
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _cell_names(
    ax: Axes, shape: tuple[int, ...], rows: Sequence[str] | None, columns: Sequence[str] | None, who: str
) -> None:
    if rows is not None:
        ax.set_yticks(range(shape[0]), as_names(rows, shape[0], f"{who}: row_names", ()))
    if columns is not None:
        ax.set_xticks(range(shape[1]), as_names(columns, shape[1], f"{who}: column_names", ()))
    ax.tick_params(length=0)


def images(
    X: Any,
    labels: Sequence[Any] | None = None,
    *,
    predictions: Sequence[Any] | None = None,
    columns: int = 8,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw grey images in a grid as ink on paper, with their labels below; wrong predictions are framed
    and captioned "3, is 5".

    Each pixel of the image is one pixel of the file.

    Parameters
    ----------
    X:
        Images (m, height, width), or (m, n) with n a square number, as 64 for 8×8 digits.
    limits:
        The values of paper and of ink; the smallest and the largest in X by default.

    Raises
    ------
    ShapeError, NonFiniteError, DtypeError, ConfigError
        When X is not such an array, or the labels are not as many.
    """
    A = as_numbers(X, "images: X")
    if A.ndim == 4 and A.shape[-1] == 1:
        A = A[..., 0]
    if A.ndim == 2 and (side := round(A.shape[1] ** 0.5)) ** 2 == A.shape[1]:
        A = A.reshape(len(A), side, side)
    if A.ndim != 3:
        raise ShapeError(f"plots.images: X has shape {np.shape(X)}; (m, height, width) or (m, side²) is needed")
    count("plots.images", "columns", columns, 1)
    given = None if labels is None else as_names([str(v) for v in labels], len(A), "images: labels", ())
    answers = (
        None if predictions is None else as_names([str(v) for v in predictions], len(A), "images: predictions", ())
    )
    low, high = limits or (float(A.min()), float(A.max()))
    grey = 255 - np.rint(255 * np.clip((A - low) / ((high - low) or 1), 0, 1)).astype(np.uint8)
    columns = min(columns, len(A))
    rows = -(-len(A) // columns)
    tall = A.shape[1] / A.shape[2]
    unit = min(0.85, WIDTH / (1.12 * columns))
    below = 0.24 / unit if given is not None or answers is not None else 0.12
    step = tall + below
    with style():
        top = 0.36 / unit if title else 0.06
        ax = bare_axes(None, "images", unit, (-0.06, 1.12 * columns - 0.06, -rows * step, top))
        for i, image in enumerate(grey):
            x, y = 1.12 * (i % columns), -step * (i // columns)
            wrong = given is not None and answers is not None and given[i] != answers[i]
            colour, width, weight = (HIGHLIGHT, 2.2, "bold") if wrong else (MUTED, 0.6, "normal")
            ax.imshow(np.dstack([image] * 3), extent=(x, x + 1, y - tall, y), gid=INK_IMAGE)
            ax.add_patch(Rectangle((x, y - tall), 1, tall, fill=False, edgecolor=colour, linewidth=width))
            caption = _caption(given, answers, i)
            ax.text(x + 0.5, y - tall - 0.05 / unit, caption, ha="center", va="top", color=INK, weight=weight, size=10)
        ax.set(xlim=(-0.06, 1.12 * columns - 0.06), ylim=(-rows * step, top))
        if title:
            ax.text(0, top - 0.08 / unit, title, ha="left", va="top", fontsize=11.5, weight="bold")
    return figure_of(ax)


def _caption(labels: list[str] | None, predictions: list[str] | None, i: int) -> str:
    if labels is None or predictions is None:
        return (labels or predictions or [""] * (i + 1))[i]
    return labels[i] if labels[i] == predictions[i] else f"{predictions[i]}, is {labels[i]}"


def colour_swatches(
    names: Sequence[str],
    rgb: Any,
    labels: Any,
    predictions: Any = None,
    *,
    columns: int = 4,
    title: str | None = None,
) -> Figure:
    """Draw each colour as a tile with its own name on it, in the font colour chosen: 1 is dark, 0 is light.

    With predictions, the font is the predicted one, and tiles where it differs from the label are framed and crossed.
    The tiles look the same on a light and on a dark page, as the colours are the data.

    Parameters
    ----------
    rgb:
        One row (red, green, blue) for each name, in [0, 1], or whole numbers up to 255.
    labels, predictions:
        0 or 1 for each name.

    Raises
    ------
    ShapeError, LabelError, NonFiniteError, DtypeError, ConfigError
        When the lengths differ, a label is not 0 or 1, or a colour is out of range.
    """
    colours = as_numbers(rgb, "colour_swatches: rgb", 2)
    m = len(colours)
    count("plots.colour_swatches", "columns", columns, 1)
    if colours.shape[1] != 3:
        raise ShapeError(
            f"plots.colour_swatches: rgb must be (m, 3) and columns 1 or more, got {colours.shape}, {columns}"
        )
    colours = colours / 255 if colours.max() > 1 else colours
    if colours.min() < 0 or colours.max() > 1:
        raise LabelError("plots.colour_swatches: rgb is outside [0, 1] and 0 to 255; undo the standardising first")
    words = as_names(names, m, "colour_swatches: names", ())
    truth = as_classes(labels, m, "colour_swatches: labels")
    shown = truth if predictions is None else as_classes(predictions, m, "colour_swatches: predictions")
    if max(truth.max(), shown.max()) > 1:
        raise LabelError("plots.colour_swatches: labels must be 0 (light font) or 1 (dark font)")
    columns = min(columns, m)
    rows = -(-m // columns)
    with style():
        top = 0.36 if title else 0.0
        ax = bare_axes(None, "colour_swatches", 1.0, (0, 1.375 * columns, -0.5 * rows, top))
        for i, name in enumerate(words):
            x, y, wrong = 1.375 * (i % columns), -0.5 * (i // columns), truth[i] != shown[i]
            corner, size = (x + 0.04, y - 0.46), (1.295, 0.42)
            tile = FancyBboxPatch(corner, *size, boxstyle="round,pad=0,rounding_size=0.06")
            tile.set(facecolor=colours[i].tolist(), linewidth=0, gid=AS_IS)
            ax.add_patch(tile)
            edge = FancyBboxPatch(corner, *size, boxstyle="round,pad=0,rounding_size=0.06")
            edge.set(fill=False, edgecolor=HIGHLIGHT if wrong else MUTED, linewidth=2.4 if wrong else 0.6)
            ax.add_patch(edge)
            text = ax.text(x + 0.69, y - 0.25, _fitted(name), ha="center", va="center", linespacing=1.0, gid=AS_IS)
            text.set(color="#000000" if shown[i] else "#ffffff", fontsize=10 if len(name) <= 13 else 8.5)
            if wrong:
                cross: dict[str, Any] = {"marker": "X", "markersize": 10, "color": HIGHLIGHT, "markeredgecolor": PAPER}
                ax.plot(x + 1.27, y - 0.12, **cross)
        if title:
            ax.text(0.04, top - 0.06, title, ha="left", va="top", fontsize=11.5, weight="bold")
    return figure_of(ax)


def _fitted(name: str, width: int = 15) -> str:
    """Break a long name at the space nearest to its middle."""
    spaces = [i for i, letter in enumerate(name) if letter == " "]
    if len(name) <= width or not spaces:
        return name
    cut = min(spaces, key=lambda i: abs(i - len(name) / 2))
    return name[:cut] + "\n" + name[cut + 1 :]
