"""Data sets: generated from a seed, shipped with the package, or (``mnist``, ``fashion_mnist``) fetched once.

Each function returns a :class:`Dataset`, which unpacks into inputs and targets: ``X, y = moons()``. Where
something is drawn at random, ``seed`` says which; the same seed gives the same data.
"""

from __future__ import annotations

from .dataset import Dataset
from .fetched import fashion_mnist, mnist
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
    "fashion_mnist",
    "font_colours",
    "gates",
    "mnist",
    "moons",
    "sonnets",
    "spirals",
    "xor",
]
