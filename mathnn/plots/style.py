"""The look of every figure, and how a notebook shows it: once, as SVG, with a description in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..errors import ConfigError
from .palette import CLASS_0, CLASS_1, DASHES, DERIVATIVE, GRID, HIGHLIGHT, INK, MUTED, PAPER, TRAIN, VALUE
from .svg import describe, to_svg

__all__ = ["STYLE", "WIDTH", "new_axes", "style", "use_book_style"]

WIDTH = 5.5
"""Inches: 528 px on the page, and on a telephone the text is still above 9 px high."""

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelpad": 5,
    "axes.labelsize": 11,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=[VALUE, CLASS_1, TRAIN, DERIVATIVE, CLASS_0, HIGHLIGHT]) + cycler(linestyle=DASHES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.constrained_layout.use": True,
    "figure.dpi": 96,
    "figure.edgecolor": PAPER,
    "figure.facecolor": PAPER,
    "figure.figsize": (WIDTH, 3.4),
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "hatch.color": INK,
    "image.composite_image": False,
    "image.interpolation": "none",
    "legend.borderaxespad": 0,
    "legend.columnspacing": 1.6,
    "legend.fontsize": 10,
    "legend.edgecolor": "none",
    "legend.facecolor": PAPER,
    "legend.framealpha": 0.85,
    "legend.handlelength": 2.2,
    "legend.handletextpad": 0.6,
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    "mathtext.fontset": "dejavusans",
    "patch.linewidth": 0.8,
    "savefig.facecolor": "auto",
    "svg.fonttype": "path",
    "svg.hashsalt": "mathnn",
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 10,
    "xtick.major.size": 3,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 10,
    "ytick.major.size": 3,
}


@cache
def _load_backend() -> None:
    """Let pyplot load its backend, which in a notebook sets formatters and interactive mode, before we touch either."""
    from matplotlib import pyplot as plt

    plt.switch_backend(plt.get_backend())


@contextmanager
def style() -> Iterator[None]:
    """Draw in the book's style inside a ``with`` block; Matplotlib's own settings come back after it."""
    _load_backend()
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]  # the stub lists each key as a literal
        yield


def use_book_style() -> None:
    """Draw every figure from here on in the book's style; in a notebook, show it as SVG, once, described in words.

    Call it in the first cell. It may be called again, and before or after ``%matplotlib inline``.
    """
    _load_backend()
    matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]  # the stub lists each key as a literal
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        return
    formatters = shell.display_formatter.formatters
    for formatter in formatters.values():
        formatter.pop(Figure, None)
    formatters["image/svg+xml"].for_type(Figure, _shown)
    formatters["text/plain"].for_type(Figure, lambda fig, printer, cycle: printer.text(describe(fig)))


def _shown(fig: Figure) -> str:
    """Return the SVG and hand the figure back to its author: shown at once, it is not shown again after the cell."""
    from matplotlib import pyplot as plt

    plt.close(fig)
    return to_svg(fig)


class BookFigure(Figure):
    """A figure in the book's style that a notebook shows as SVG, once, also without ``use_book_style``."""

    def draw(self, renderer: RendererBase) -> None:
        # Matplotlib makes ticks when it draws, and then looks up their style.
        with style():
            super().draw(renderer)

    def _repr_svg_(self) -> str:
        return _shown(self)


def new_axes(ax: Axes | None, who: str, height: float = 3.4, width: float = WIDTH) -> Axes:
    """Return the axes to draw into: the caller's, or those of a new figure of the book's width."""
    if ax is not None and not isinstance(ax, Axes):
        raise ConfigError(f"plots.{who}: ax must be Matplotlib Axes, got {type(ax).__name__}; plt.subplots() makes one")
    if ax is None:
        return new_figure(width, height).add_subplot()
    return ax


def new_figure(width: float, height: float, layout: Literal["constrained", "none"] = "constrained") -> Figure:
    """Return a new figure that pyplot knows, so that ``plt.show()`` shows it."""
    from matplotlib import pyplot as plt

    return plt.figure(figsize=(width, height), layout=layout, FigureClass=BookFigure)


def bare_axes(ax: Axes | None, who: str, unit: float, room: tuple[float, float, float, float]) -> Axes:
    """Return axes for a drawing: no frame, ``room`` (x from, x to, y from, y to) in squares of ``unit`` inches."""
    left, right, low, high = room
    if ax is None:
        ax = new_figure((right - left) * unit, (high - low) * unit, layout="none").add_axes((0, 0, 1, 1))
    else:
        ax = new_axes(ax, who)
    ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    ax.set_axis_off()
    return ax


def figure_of(ax: Axes) -> Figure:
    """Return the figure that holds the axes."""
    fig = ax.get_figure(root=True)
    assert isinstance(fig, Figure)
    return fig


def legend_above(ax: Axes, title: str | None = None) -> None:
    """Set the title, and the legend in rows between title and axes, where it hides no data."""
    handles, labels = ax.get_legend_handles_labels()
    rows = 0
    if handles:
        # A row holds about 62 letters; each entry takes its own and the width of 6 for its sample.
        letters = [len(label.replace("$", "")) + 6 for label in labels]
        rows = 1 if sum(letters) <= 62 else -(-len(labels) // max(1, 62 // max(letters)))
        columns = -(-len(labels) // rows)
        by_rows = [k for first in range(columns) for k in range(first, len(labels), columns)]
        lines = any(
            handle.get_linestyle() not in ("None", "none", "") for handle in handles if isinstance(handle, Line2D)
        )
        ax.legend(
            [handles[k] for k in by_rows],
            [labels[k] for k in by_rows],
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.02),
            ncols=columns,
            frameon=False,
            handlelength=2.2 if lines else 1.2,
        )
    if title:
        ax.set_title(title, pad=9 + 17 * rows)
