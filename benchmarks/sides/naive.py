"""The works in plain NumPy, each formula as it stands on paper, temporaries and all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.case import Case, fingerprint
from benchmarks.works import LEARNING_RATE, Array, Work, arrays, weights

__all__ = ["make", "versions"]


def versions() -> dict[str, str]:
    """Return what the figures depend on."""
    return {"NumPy": np.__version__}


def adam(theta: Array, g: Array, m: Array, v: Array, t: int) -> tuple[Array, Array, Array]:
    """Return θ, m and v after step t."""
    m = np.float32(0.9) * m + np.float32(0.1) * g
    v = np.float32(0.999) * v + np.float32(0.001) * g**2
    m_hat, v_hat = m / np.float32(1 - 0.9**t), v / np.float32(1 - 0.999**t)
    return theta - np.float32(LEARNING_RATE) * m_hat / (np.sqrt(v_hat) + np.float32(1e-8)), m, v


class Network(Case):
    """A list of weights, and backpropagation over it."""

    def __init__(self, work: Work) -> None:
        self.work, (self.X, self.y) = work, arrays(work)
        self.reset()

    def reset(self) -> None:
        self.weights, self.t = weights(self.work), 0
        self.m, self.v = ([np.zeros_like(w) for w in self.weights] for _ in range(2))
        size = self.work.batch
        self.batches = itertools.cycle(
            [(self.X[i : i + size], self.y[i : i + size]) for i in range(0, len(self.X), size)]
        )

    def forward(self, X: Array) -> list[Array]:
        """Return the input and the output of every layer."""
        A = [X]
        for (_, _, activation), W, b in zip(self.work.net, self.weights[::2], self.weights[1::2], strict=True):
            Z = A[-1] @ W + b
            if activation == "relu":
                A.append(np.maximum(Z, 0))
            elif activation == "sigmoid":
                A.append(1 / (1 + np.exp(-Z)))
            else:
                E = np.exp(Z - Z.max(axis=1, keepdims=True))
                A.append(E / E.sum(axis=1, keepdims=True))
        return A

    def step(self, X: Array, y: Array) -> float:
        """One training step; return the cost before it."""
        A = self.forward(X)
        P, m = A[-1], len(X)
        if self.work.net[-1][2] == "sigmoid":
            cost = -np.mean(y * np.log(P) + (1 - y) * np.log(1 - P), dtype=np.float64)
            target = y
        else:
            cost = -np.mean(np.log(P[np.arange(m), y]), dtype=np.float64)
            target = np.eye(P.shape[1], dtype=np.float32)[y]
        D = (P - target) / np.float32(m)
        gradients: list[Array] = []
        for i in reversed(range(len(A) - 1)):
            gradients = [A[i].T @ D, D.sum(axis=0), *gradients]
            if i:
                slope = A[i] > 0 if self.work.net[i - 1][2] == "relu" else A[i] * (1 - A[i])
                D = (D @ self.weights[2 * i].T) * slope
        self.t += 1
        for k, g in enumerate(gradients):
            if self.work.optimizer == "sgd":
                self.weights[k] = self.weights[k] - np.float32(LEARNING_RATE) * g
            else:
                self.weights[k], self.m[k], self.v[k] = adam(self.weights[k], g, self.m[k], self.v[k], self.t)
        return float(cost)


class Step(Network):
    """One training step."""

    def run(self) -> float:
        return self.step(*next(self.batches))

    def numbers(self) -> Sequence[float]:
        self.reset()
        return [self.run() for _ in range(4)]


class Predict(Network):
    """The outputs for all samples."""

    def run(self) -> Any:
        return self.forward(self.X)[-1]

    def numbers(self) -> Sequence[float]:
        return fingerprint(self.run())


class Fit(Network):
    """One epoch."""

    def run(self, shuffle: bool = True) -> float:
        m, size, total = len(self.X), self.work.batch, 0.0
        order = np.random.default_rng(0).permutation(m) if shuffle else np.arange(m)
        for i in range(0, m, size):
            rows = order[i : i + size]
            total += self.step(self.X[rows], self.y[rows]) * len(rows)
        return total / m

    def numbers(self) -> Sequence[float]:
        self.reset()
        return [self.run(shuffle=False)]


class Pool(Case):
    """Max-pooling by comparing each window with its maximum."""

    def __init__(self, work: Work) -> None:
        self.X, self.dY = arrays(work)

    def run(self) -> Any:
        m, h, w, c = self.X.shape
        windows = self.X.reshape(m, h // 2, 2, w // 2, 2, c)
        Y = windows.max(axis=(2, 4), keepdims=True)
        dX = (windows == Y) * self.dY[:, :, None, :, None]
        return Y.reshape(self.dY.shape), dX.reshape(self.X.shape)

    def numbers(self) -> Sequence[float]:
        return fingerprint(*self.run())


class AdamStep(Case):
    """One step of Adam on a given gradient."""

    def __init__(self, work: Work) -> None:
        self.start, self.gradient = arrays(work)
        self.reset()

    def reset(self) -> None:
        self.theta, self.t = self.start, 0
        self.m, self.v = np.zeros_like(self.start), np.zeros_like(self.start)

    def run(self) -> None:
        self.t += 1
        self.theta, self.m, self.v = adam(self.theta, self.gradient, self.m, self.v, self.t)

    def numbers(self) -> Sequence[float]:
        self.reset()
        for _ in range(3):
            self.run()
        return fingerprint(self.theta, self.theta - self.start)


KINDS: dict[str, type[Any]] = {"step": Step, "predict": Predict, "fit": Fit, "pool": Pool, "adam": AdamStep}


def make(work: Work) -> Case:
    """Return the work, ready to run."""
    case: Case = KINDS[work.kind](work)
    return case
