"""The works as a user of PyTorch would write them, in its own layout (images as NCHW)."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.case import Case, fingerprint
from benchmarks.works import LEARNING_RATE, Work, arrays, weights

__all__ = ["make", "versions"]

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def versions() -> dict[str, str]:
    """Return what the figures depend on."""
    capability = torch.backends.cpu.get_cpu_capability()
    return {"PyTorch": torch.__version__, "capability": capability, "torch threads": str(torch.get_num_threads())}


def tensor(array: Any) -> torch.Tensor:
    """Return a tensor of its own, images with the channels first."""
    array = np.asarray(array)
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, 1) if array.ndim == 4 else array).copy())


def back(values: torch.Tensor) -> Any:
    """Return the array, images with the channels last."""
    array = values.detach().numpy()
    return np.moveaxis(array, 1, -1) if array.ndim == 4 else array


def kernel(array: Any) -> torch.Tensor:
    """Return a convolution's weights: (k, k, channels, filters) becomes (filters, channels, k, k)."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(3, 2, 0, 1)))


class Network(Case):
    """A ``nn.Sequential`` at the initial weights."""

    def __init__(self, work: Work) -> None:
        self.work = work
        X, y = arrays(work)
        self.X, self.y = tensor(X), torch.from_numpy(y)
        self.reset()

    def reset(self) -> None:
        work, shape = self.work, self.work.shape
        given = iter(weights(work))
        layers: list[nn.Module] = []
        for kind, size, *rest in work.net:
            if kind == "pool":
                layers.append(nn.MaxPool2d(size))
                shape = (shape[0] // size, shape[1] // size, shape[2])
                continue
            W, b = next(given), next(given)
            if kind == "conv":
                layer: Any = nn.Conv2d(shape[2], size, rest[0])
                shape = (shape[0] - rest[0] + 1, shape[1] - rest[0] + 1, size)
                weight, activation = kernel(W), rest[1]
            else:
                if len(shape) == 3:
                    layers.append(nn.Flatten())
                    W = W.reshape(*shape, size).transpose(2, 0, 1, 3).reshape(-1, size)
                layer, shape = nn.Linear(len(W), size), (size,)
                weight, activation = torch.from_numpy(np.ascontiguousarray(W.T)), rest[0]
            with torch.no_grad():
                layer.weight.copy_(weight)
                layer.bias.copy_(torch.from_numpy(b))
            layers.append(layer)
            if activation == "relu":
                layers.append(nn.ReLU())
            elif activation == "sigmoid" and size != 1:
                layers.append(nn.Sigmoid())
        self.model = nn.Sequential(*layers)
        self.loss: Any = nn.BCEWithLogitsLoss() if work.net[-1][2] == "sigmoid" else nn.CrossEntropyLoss()
        rule: Any = torch.optim.SGD if work.optimizer == "sgd" else torch.optim.Adam
        self.optimizer = rule(self.model.parameters(), lr=LEARNING_RATE)
        self.batches = itertools.cycle(list(zip(self.X.split(work.batch), self.y.split(work.batch), strict=True)))

    def step(self, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """One training step."""
        self.optimizer.zero_grad()
        loss: torch.Tensor = self.loss(self.model(X), y)
        loss.backward()
        self.optimizer.step()
        return loss


class Step(Network):
    """One training step."""

    def run(self) -> torch.Tensor:
        return self.step(*next(self.batches))

    def numbers(self) -> Sequence[float]:
        self.reset()
        return [self.run().item() for _ in range(4)]


class Predict(Network):
    """The outputs for all samples."""

    def run(self) -> torch.Tensor:
        with torch.inference_mode():
            return torch.softmax(self.model(self.X), 1)

    def numbers(self) -> Sequence[float]:
        return fingerprint(back(self.run()))


class Fit(Network):
    """The usual loop over one epoch, with the mean loss that ``fit`` reports."""

    def run(self, shuffle: bool = True) -> float:
        m, total = len(self.X), 0.0
        order = torch.randperm(m) if shuffle else torch.arange(m)
        for rows in order.split(self.work.batch):
            total += self.step(self.X[rows], self.y[rows]).item() * len(rows)
        return total / m

    def numbers(self) -> Sequence[float]:
        self.reset()
        return [self.run(shuffle=False)]


class Operation(Case):
    """One module alone, forward and backward."""

    def __init__(self, work: Work) -> None:
        X, dY = arrays(work)
        self.work, self.X, self.dY = work, tensor(X).requires_grad_(), tensor(dY)
        given = [] if work.kind == "pool" else weights(work)
        if work.kind == "conv":
            self.module: Any = nn.Conv2d(work.shape[3], 64, 3, padding=1)
            values = [kernel(given[0]), torch.from_numpy(given[1])]
        elif work.kind == "pool":
            self.module, values = nn.MaxPool2d(2), []
        else:
            self.module = nn.LSTM(work.shape[2], 64, batch_first=True)
            values = [torch.from_numpy(w.T.copy()) for w in given] + [torch.zeros(256)]
        with torch.no_grad():
            for parameter, value in zip(self.module.parameters(), values, strict=True):
                parameter.copy_(value)

    def run(self) -> torch.Tensor:
        self.X.grad = None
        self.module.zero_grad()
        Y: Any = self.module(self.X)
        Y = Y[0] if self.work.kind == "lstm" else Y
        Y.backward(self.dY)
        return Y

    def numbers(self) -> Sequence[float]:
        Y = self.run()
        gradients = [p.grad.numpy() for p in self.module.parameters()]
        if self.work.kind == "conv":
            gradients[0] = gradients[0].transpose(2, 3, 1, 0)
        elif self.work.kind == "lstm":
            gradients = [g.T for g in gradients[:3]]
        assert self.X.grad is not None
        return fingerprint(back(Y), back(self.X.grad), *gradients)


class AdamStep(Case):
    """One step of Adam on a given gradient."""

    def __init__(self, work: Work) -> None:
        self.start, self.gradient = (tensor(a) for a in arrays(work))
        self.reset()

    def reset(self) -> None:
        self.theta = nn.Parameter(self.start.clone())
        self.theta.grad = self.gradient
        self.optimizer = torch.optim.Adam([self.theta], lr=LEARNING_RATE)

    def run(self) -> None:
        self.optimizer.step()

    def numbers(self) -> Sequence[float]:
        self.reset()
        for _ in range(3):
            self.run()
        return fingerprint(back(self.theta), back(self.theta) - self.start.numpy())


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
