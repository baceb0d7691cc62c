"""What every data set comes as, and the generator that it is drawn with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..errors import ConfigError

__all__ = ["Dataset", "Seed"]

Array = np.ndarray[Any, Any]
Seed: TypeAlias = "int | np.random.Generator | None"  # as text: importing mathnn leaves numpy.random unloaded


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Inputs X, targets y and what they mean. It unpacks into the two: ``X, y = moons()``.

    Every call of a generator makes new arrays, so they are yours to change.

    >>> Dataset(np.zeros((4, 2)), np.array([0, 1, 1, 0]), target_names=("off", "on"))
    Dataset(X (4, 2) float64, y (4,) int64, targets: off, on)
    """

    X: Array
    y: Array
    #: One name for each sample (the colours have them), or none.
    names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    #: What the integer labels 0, 1, ... mean; empty for numbers to be predicted.
    target_names: tuple[str, ...] = ()
    description: str = ""

    def __iter__(self) -> Iterator[Array]:
        yield self.X
        yield self.y

    def __repr__(self) -> str:
        shown = [f"X {self.X.shape} {self.X.dtype}", f"y {self.y.shape} {self.y.dtype}"]
        if 0 < len(self.target_names) <= 10:
            shown.append(f"targets: {', '.join(self.target_names)}")
        return f"Dataset({', '.join(shown)})"


def generator(who: str, seed: Seed) -> np.random.Generator:
    """Return the data set's own generator; NumPy's global one is neither read nor disturbed."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{who}: seed must be an integer of at least 0, a Generator or None ({error}).") from None
