"""The adding problem: two marked numbers, far apart in a long sequence, are to be added."""

from __future__ import annotations

import numpy as np

from ..checks import count
from .dataset import Dataset, Seed, generator

__all__ = ["adding_problem"]


def adding_problem(n_samples: int = 1000, length: int = 50, seed: Seed = 0) -> Dataset:
    """Return sequences of numbers of which two are marked; the target is the sum of those two.

    X (n_samples, length, 2): a number drawn uniformly from [0, 1), and a mark, 1 at one place of the first
    half and at one of the second, otherwise 0. y (n_samples,): the sum. Answering 1 always has the mean
    squared error 1/6. Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997, in the form of
    Le, Jaitly and Hinton, 2015.

    >>> X, y = adding_problem(n_samples=3, length=10)
    >>> X.shape, bool(np.allclose((X[..., 0] * X[..., 1]).sum(axis=1), y))
    ((3, 10, 2), True)
    """
    m, T = (
        count("adding_problem", "n_samples", n_samples, 1),
        count("adding_problem", "length", length, 2),
    )
    rng = generator("adding_problem", seed)
    X = np.zeros((m, T, 2))
    X[..., 0] = rng.random((m, T))
    rows = np.arange(m)
    first, second = rng.integers(0, T // 2, m), rng.integers(T // 2, T, m)
    X[rows, first, 1] = X[rows, second, 1] = 1.0
    return Dataset(
        X=X,
        y=X[rows, first, 0] + X[rows, second, 0],
        feature_names=("value", "mark"),
        description="The adding problem: the sum of the two marked values of each sequence.",
    )
