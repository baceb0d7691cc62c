"""The works as a user of mathnn would write them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

import mathnn
from benchmarks.case import Case, fingerprint
from benchmarks.works import LEARNING_RATE, Work, arrays, weights

__all__ = ["make", "versions"]


def versions() -> dict[str, str]:
    """Return what the figures depend on."""
    return {"mathnn": getattr(mathnn, "__version__", "0"), "NumPy": np.__version__}


def optimizer(work: Work) -> Any:
    """Return the optimizer, with the ε that PyTorch has."""
    if work.optimizer == "sgd":
        return mathnn.SGD(LEARNING_RATE)
    return mathnn.Adam(LEARNING_RATE, epsilon=1e-8)


class Network(Case):
    """A model at the initial weights."""

    def __init__(self, work: Work) -> None:
        self.work, (self.X, self.y) = work, arrays(work)
        layers: list[Any] = []
        for kind, size, *rest in work.net:
            if kind == "conv":
                layers.append(mathnn.Conv2D(size, rest[0], activation=rest[1]))
            elif kind == "pool":
                layers.append(mathnn.MaxPooling2D(size))
            else:
                if len(work.shape) == 3 and not any(isinstance(layer, mathnn.Flatten) for layer in layers):
                    layers.append(mathnn.Flatten())
                layers.append(mathnn.Dense(size, activation=rest[0]))
        self.model = mathnn.Sequential(layers, seed=0, input_shape=work.shape, dtype="float32")
        self.reset()

    def reset(self) -> None:
        loss = "binary_crossentropy" if self.work.net[-1][2] == "sigmoid" else "sparse_categorical_crossentropy"
        self.model.compile(optimizer(self.work), loss)
        self.model.set_weights(weights(self.work))
        size = self.work.batch
        self.batches = itertools.cycle(
            [(self.X[i : i + size], self.y[i : i + size]) for i in range(0, len(self.X), size)]
        )


class Step(Network):
    """One training step."""

    def run(self) -> float:
        return self.model.train_step(*next(self.batches))["loss"]

    def numbers(self) -> Sequence[float]:
        self.reset()
        return [self.run() for _ in range(4)]


class Predict(Network):
    """The outputs for all samples."""

    def run(self) -> Any:
        return self.model.predict(self.X)

    def numbers(self) -> Sequence[float]:
        return fingerprint(self.run())


class Fit(Network):
    """One epoch of ``fit``."""

    def run(self, shuffle: bool = True) -> Any:
        return self.model.fit(self.X, self.y, batch_size=self.work.batch, shuffle=shuffle, verbose=0)

    def numbers(self) -> Sequence[float]:
        self.reset()
        return [self.run(shuffle=False).history["loss"][-1]]


class Operation(Case):
    """One layer alone, forward and backward."""

    def __init__(self, work: Work) -> None:
        self.X, self.dY = arrays(work)
        if work.kind == "conv":
            self.layer: Any = mathnn.Conv2D(64, 3, padding="same")
        elif work.kind == "pool":
            self.layer = mathnn.MaxPooling2D(2)
        else:
            self.layer = mathnn.LSTM(64, return_sequences=True)
        self.layer.build(work.shape[1:], np.random.default_rng(0), np.float32)
        if work.kind != "pool":
            self.layer.set_weights(weights(work))

    def run(self) -> Any:
        Y = self.layer.forward(self.X, training=True, cache=True)
        return Y, self.layer.backward(self.dY)

    def numbers(self) -> Sequence[float]:
        Y, dX = self.run()
        return fingerprint(Y, dX, *(p.gradient for p in self.layer.parameters))


class AdamStep(Case):
    """One step of Adam on a given gradient."""

    def __init__(self, work: Work) -> None:
        self.work, (self.start, self.gradient) = work, arrays(work)
        self.reset()

    def reset(self) -> None:
        self.theta, self.optimizer = self.start.copy(), optimizer(self.work)

    def run(self) -> None:
        self.optimizer.step(self.theta, self.gradient)

    def numbers(self) -> Sequence[float]:
        self.reset()
        for _ in range(3):
            self.run()
        return fingerprint(self.theta, self.theta - self.start)


KINDS: dict[str, type[Any]] = {
    "step": Step,
    "memory": Step,
    "predict": Predict,
    "fit": Fit,
    "conv": Operation,
    "pool": Operation,
    "lstm": Operation,
    "adam": AdamStep,
}


def make(work: Work) -> Case:
    """Return the work, ready to run."""
    case: Case = KINDS[work.kind](work)
    return case
