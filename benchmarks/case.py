"""What every implementation makes of a work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Case", "fingerprint"]


def fingerprint(*values: Any) -> list[float]:
    """Return, for each array, its mean square and its product with a fixed wave: enough to tell arrays apart."""
    numbers = []
    for value in values:
        flat = np.asarray(value, dtype=np.float64).ravel()
        numbers += [float(flat @ flat) / flat.size, float(flat @ np.cos(np.arange(flat.size))) / flat.size**0.5]
    return numbers


class Case:
    """A work, ready to run: ``reset`` returns to the initial weights, ``run`` does it once."""

    def reset(self) -> None:
        """Return to the state the work starts from."""

    def run(self) -> Any:
        """Do the work once; this is what is timed."""
        raise NotImplementedError(f"{type(self).__name__} does not define run()")

    def numbers(self) -> Sequence[float]:
        """Return what must agree between the implementations, from a fresh start."""
        raise NotImplementedError(f"{type(self).__name__} does not define numbers()")

    def seconds(self, times: int) -> float:
        """Return how long one run takes, the mean of some, from a fresh start; several are preceded by one untimed."""
        self.reset()
        if times > 1:
            self.run()
        start = time.perf_counter()
        for _ in range(times):
            self.run()
        return (time.perf_counter() - start) / times
