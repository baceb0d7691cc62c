"""Logic gates: four samples that a perceptron learns, or (XOR, XNOR) never can."""

from __future__ import annotations

import numpy as np

from ..errors import ConfigError, nearest
from .dataset import Dataset

__all__ = ["gates", "xor"]

#: What each gate answers to (0, 0), (0, 1), (1, 0), (1, 1).
TRUTH = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
    "xor": (0, 1, 1, 0),
    "xnor": (1, 0, 0, 1),
}


def gates(name: str) -> Dataset:
    """Return the truth table of a logic gate: X (4, 2) of zeros and ones, y (4,) of integers.

    ``name`` is one of "and", "or", "nand", "nor", "xor", "xnor"; ConfigError otherwise.

    >>> X, y = gates("nand")
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1, 1, 1, 0])
    """
    key = str(name).lower()
    if key not in TRUTH:
        raise ConfigError(f"gates: unknown gate {name!r}. {nearest(key, TRUTH)}")
    return Dataset(
        X=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        y=np.array(TRUTH[key], dtype=np.int64),
        feature_names=("a", "b"),
        target_names=("0", "1"),
        description=f"The truth table of the {key.upper()} gate.",
    )


def xor() -> Dataset:
    """Return the exclusive or: no straight line separates its two classes (Minsky and Papert, 1969).

    >>> xor().y.tolist()
    [0, 1, 1, 0]
    """
    return gates("xor")
