"""The colours of the book: each has one meaning, a light and a dark variant, and a partner that is not a colour.

A figure is drawn in the light variants; :func:`mathnn.plots.to_svg` adds the rules that exchange them for the dark
ones where the page is dark. Tints are these colours with an opacity, so that they follow too.

Every colour has a contrast of at least 3:1 (text colours 4.5:1) with its paper, and the pairs that meet in one figure
stay apart for readers who lack red, green or blue cones (Machado, Oliveira and Fernandes, 2009); tests compute both.
Marker, line style or position always says the same as the colour.
"""

from __future__ import annotations

__all__ = [
    "CLASSES",
    "CLASS_0",
    "CLASS_1",
    "DARK",
    "DASHES",
    "DERIVATIVE",
    "GRID",
    "HIGHLIGHT",
    "INK",
    "LOSS",
    "MARKERS",
    "MUTED",
    "NEGATIVE",
    "PAPER",
    "POSITIVE",
    "TRAIN",
    "VALIDATION",
    "VALUE",
]

PAPER = "#ffffff"
INK = "#1b2430"
MUTED = "#5a6675"
GRID = "#d9dee4"

CLASS_0 = "#0067b3"
CLASS_1 = "#cc4a00"
CLASSES = (
    CLASS_0,
    CLASS_1,
    "#007f5a",
    "#8a45b5",
    "#966a00",
    "#1287b5",
    "#c42f70",
    "#75462a",
    "#66707d",
    "#5b7c00",
)
"""Ten classes, as many as there are digits; the marker of class k is ``MARKERS[k]``."""

VALUE = "#4a3db8"
DERIVATIVE = "#bf245f"
TRAIN = LOSS = "#00796a"
VALIDATION = "#a86500"
HIGHLIGHT = "#a3189e"
POSITIVE, NEGATIVE = CLASS_1, CLASS_0  # a positive weight speaks for class 1

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", ">")
DASHES = ("-", (0, (4, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)), (0, (2.5, 1.2)))

DARK = {
    PAPER: "#12161c",  # the book's dark page
    "#000000": "#d7dee7",  # what an author draws in plain black is ink
    INK: "#d7dee7",
    MUTED: "#a4b0be",
    GRID: "#303844",
    CLASS_0: "#5fb4f2",
    CLASS_1: "#ff9650",
    "#007f5a": "#4bd0a0",
    "#8a45b5": "#cb9df0",
    "#966a00": "#e6bb4a",
    "#1287b5": "#9adcf7",
    "#c42f70": "#ff8fb8",
    "#75462a": "#d0a482",
    "#66707d": "#aab3bf",
    "#5b7c00": "#b4d553",
    VALUE: "#a99cff",
    DERIVATIVE: "#ff86ad",
    TRAIN: "#3fcbb0",
    VALIDATION: "#f0b645",
    HIGHLIGHT: "#f58af0",
}
"""The dark variant of each colour."""
