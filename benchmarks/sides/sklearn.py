"""The whole fit with scikit-learn's MLPClassifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.case import Case
from benchmarks.works import LEARNING_RATE, Work, arrays, weights

__all__ = ["make", "versions"]


def versions() -> dict[str, str]:
    """Return what the figures depend on."""
    return {"scikit-learn": sklearn.__version__, "NumPy": np.__version__}


class Fit(Case):
    """One epoch: ``partial_fit`` on all samples, which goes through them once in batches."""

    def __init__(self, work: Work) -> None:
        self.work, (self.X, self.y) = work, arrays(work)
        self.reset()

    def reset(self) -> None:
        self.model: Any = MLPClassifier(
            [units for _, units, _ in self.work.net[:-1]],
            batch_size=self.work.batch,
            learning_rate_init=LEARNING_RATE,
            alpha=0.0,
            random_state=0,
        )
        # A first call makes the arrays; then they get the common weights, and the optimizer starts afresh.
        self.model.partial_fit(self.X[: self.work.batch], self.y[: self.work.batch], classes=np.arange(10))
        given = weights(self.work)
        for i in range(len(self.work.net)):
            self.model.coefs_[i][...] = given[2 * i]
            self.model.intercepts_[i][...] = given[2 * i + 1]
        del self.model._optimizer

    def run(self) -> Any:
        return self.model.partial_fit(self.X, self.y)

    def numbers(self) -> Sequence[float]:
        self.reset()
        self.model.set_params(shuffle=False)
        self.run()
        return [float(self.model.loss_)]


def make(work: Work) -> Case:
    """Return the work, ready to run."""
    return Fit(work)
