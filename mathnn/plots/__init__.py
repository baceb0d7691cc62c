"""Figures of the book: one style, one set of colours with one meaning each, one SVG for light and dark pages.

Every function returns the Matplotlib figure and draws into ``ax=`` where it is given. Importing this module changes
none of Matplotlib's settings; :func:`use_book_style` does, on request.
"""

from __future__ import annotations

from .curves import activation, activations, histograms, spread, training_curves
from .diagrams import network_diagram
from .grids import colour_swatches, confusion, images, matrix
from .palette import (
    CLASS_0,
    CLASS_1,
    CLASSES,
    DARK,
    DASHES,
    DERIVATIVE,
    GRID,
    HIGHLIGHT,
    INK,
    LOSS,
    MARKERS,
    MUTED,
    NEGATIVE,
    PAPER,
    POSITIVE,
    TRAIN,
    VALIDATION,
    VALUE,
)
from .player import Player, player
from .style import STYLE, WIDTH, style, use_book_style
from .surfaces import decision_boundary, loss_surface
from .svg import AS_IS, INK_IMAGE, describe, to_svg

__all__ = [
    "AS_IS",
    "CLASSES",
    "CLASS_0",
    "CLASS_1",
    "DARK",
    "DASHES",
    "DERIVATIVE",
    "GRID",
    "HIGHLIGHT",
    "INK",
    "INK_IMAGE",
    "LOSS",
    "MARKERS",
    "MUTED",
    "NEGATIVE",
    "PAPER",
    "POSITIVE",
    "STYLE",
    "TRAIN",
    "VALIDATION",
    "VALUE",
    "WIDTH",
    "Player",
    "activation",
    "activations",
    "colour_swatches",
    "confusion",
    "decision_boundary",
    "describe",
    "histograms",
    "images",
    "loss_surface",
    "matrix",
    "network_diagram",
    "player",
    "spread",
    "style",
    "to_svg",
    "training_curves",
    "use_book_style",
]
