"""Data sets, all offline: generated from a seed, or shipped with the package.

Each function returns a :class:`Dataset`, which unpacks into inputs and targets: ``X, y = moons()``. Where
something is drawn at random, ``seed`` says which; the same seed gives the same data.
"""

from __future__ import annotations

from .dataset import Dataset
from .gates import gates, xor
from .packaged import characters, digits, font_colours, sonnets
from .patterns import bars_and_stripes
from .plane import blobs, circles, moons, spirals
from .sequences import adding_problem

__all__ = [
    "Dataset",
    "adding_problem",
    "bars_and_stripes",
    "blobs",
    "characters",
    "circles",
    "digits",
    "font_colours",
    "gates",
    "moons",
    "sonnets",
    "spirals",
    "xor",
]
