"""What is measured: the works, their targets, and the data and initial weights that all implementations share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TABLE", "Array", "Work", "arrays", "find", "growth", "weights"]

Array = NDArray[Any]
Target = tuple[float, float]  # with an AVX2 kernel of the BLAS, with an AVX-512 kernel

STEPS = 8  # training steps cycle through as many batches
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Work:
    """One thing to do.

    ``kind`` says what is repeated (step, predict, fit, conv, pool, lstm, adam, memory, import). ``net`` lists the
    layers: ("dense", units), ("conv", filters, k), ("pool", k), each after its activation's name, if any.
    ``shape`` is that of one sample, or, for an operation alone, of the whole input.
    """

    name: str
    title: str
    kind: str
    shape: tuple[int, ...] = ()
    net: tuple[tuple[Any, ...], ...] = ()
    batch: int = 32
    samples: int = 0
    optimizer: str = "adam"
    against: dict[str, Target | None] = field(default_factory=dict)


def dense(*widths: int, hidden: str = "relu", last: str = "softmax") -> tuple[tuple[Any, ...], ...]:
    """Return dense layers of these widths."""
    return (*(("dense", k, hidden) for k in widths[:-1]), ("dense", widths[-1], last))


def same(target: float) -> Target:
    """Return a target that holds under every kernel."""
    return target, target


def torch_and_naive(avx2: float, avx512: float | None = None) -> dict[str, Target | None]:
    """Return the target against PyTorch; against naive NumPy the ratio is only shown."""
    return {"torch": (avx2, avx2 if avx512 is None else avx512), "naive": None}


MNIST = dense(256, 128, 10)
SMALL_CNN = (("conv", 16, 3, "relu"), ("conv", 32, 3, "relu"), *dense(10))
POOLED_CNN = (("conv", 16, 3, "relu"), ("pool", 2), ("conv", 32, 3, "relu"), ("pool", 2), *dense(10))
LENET = (("conv", 6, 5, "relu"), ("pool", 2), ("conv", 16, 5, "relu"), ("pool", 2), *dense(120, 84, 10))
GREY = (28, 28, 1)

TABLE = [
    Work(
        "mlp-tiny",
        "MLP 3-3-1, batch 32, SGD",
        "step",
        (3,),
        dense(3, 1, hidden="sigmoid", last="sigmoid"),
        optimizer="sgd",
        against=torch_and_naive(0.25),
    ),
    Work("mlp-32", "MLP 64-64-10, batch 32, Adam", "step", (64,), dense(64, 10), against=torch_and_naive(0.20)),
    Work("mlp-128", "MLP 64-64-10, batch 128, Adam", "step", (64,), dense(64, 10), 128, against=torch_and_naive(0.25)),
    Work("mlp-784", "MLP 784-256-128-10, batch 128", "step", (784,), MNIST, 128, against=torch_and_naive(0.75, 0.50)),
    Work("cnn-8", "CNN 16, 32 on 8×8, batch 32", "step", (8, 8, 1), SMALL_CNN, against={"torch": same(0.30)}),
    Work("cnn-28", "CNN 16, 32, pooled, 28×28, batch 64", "step", GREY, POOLED_CNN, 64, against={"torch": same(0.90)}),
    Work("lenet", "LeNet on 28×28, batch 64", "step", GREY, LENET, 64, against={"torch": same(1.0)}),
    Work("conv", "Conv2D 16×32×32×64 → 64", "conv", (16, 32, 32, 64), against={"torch": (1.75, 1.2)}),
    Work("pool", "max-pooling 64×24×24×6", "pool", (64, 24, 24, 6), against=torch_and_naive(0.40)),
    Work("lstm", "LSTM 32 steps, 64 units, batch 32", "lstm", (32, 32, 64), against={"torch": (2.3, 1.7)}),
    Work("adam", "Adam step, 250,000 parameters", "adam", (250_000,), against=torch_and_naive(0.75)),
    Work("predict-1", "784-MLP, inference, 1 sample", "predict", (784,), MNIST, 1, 1, against=torch_and_naive(0.45)),
    Work(
        "predict-10000",
        "784-MLP, inference, 10,000 samples",
        "predict",
        (784,),
        MNIST,
        10_000,
        10_000,
        against=torch_and_naive(0.95),
    ),
    Work(
        "fit",
        "784-MLP, epoch of 10,000 samples",
        "fit",
        (784,),
        MNIST,
        128,
        10_000,
        against={**torch_and_naive(0.75), "sklearn": same(0.5)},
    ),
    Work("memory", "LeNet training, peak memory", "memory", GREY, LENET, 64, against={"torch": same(1 / 6)}),
    Work("import", "time of the import", "import", against={"torch": same(1 / 10)}),
]


def growth() -> dict[str, list[tuple[int, Work]]]:
    """Return the works of the study of growth: for each quantity, its values and the training steps."""

    def step(what: str, n: int, width: int, depth: int, batch: int) -> tuple[int, Work]:
        net = dense(*[width] * depth, 10)
        size = sum(w.size for w in weights_like(net, (width,)))
        work = Work(f"{what}-{n}", f"{what} {n}", "step", (width,), net, batch)
        return (size if what == "parameters" else n), work

    return {
        "batch": [step("batch", n, 256, 2, n) for n in (32, 128, 512, 2048)],
        "parameters": [step("parameters", n, n, 2, 128) for n in (128, 256, 512, 1024)],
        "depth": [step("depth", n, 256, n, 128) for n in (2, 4, 6, 8)],
    }


def find(name: str) -> Work:
    """Return the work of this name."""
    works = {work.name: work for work in [*TABLE, *(work for row in growth().values() for _, work in row)]}
    if name not in works:
        raise KeyError(f"no work is called {name!r}; there are {', '.join(work.name for work in TABLE)}")
    return works[name]


def weights_like(net: tuple[tuple[Any, ...], ...], shape: tuple[int, ...]) -> list[Array]:
    """Return empty weights and biases, layer by layer, kernels as (k, k, channels, filters), W as (d, k)."""
    result = []
    for kind, size, *rest in net:
        if kind == "pool":
            shape = (shape[0] // size, shape[1] // size, shape[2])
            continue
        if kind == "conv":
            k = rest[0]
            kernel: tuple[int, ...] = (k, k, shape[2], size)
            shape = (shape[0] - k + 1, shape[1] - k + 1, size)
        else:
            kernel, shape = (math.prod(shape), size), (size,)
        result += [np.empty(kernel, np.float32), np.empty(size, np.float32)]
    return result


def weights(work: Work) -> list[Array]:
    """Return the initial weights and biases: He's normal distribution, and small biases."""
    rng = np.random.default_rng(1)
    if work.kind == "conv":
        like = [np.empty((3, 3, work.shape[3], 64)), np.empty(64)]
    elif work.kind == "lstm":
        like = [np.empty((work.shape[2], 256)), np.empty((64, 256)), np.empty(256)]
    else:
        like = weights_like(work.net, work.shape)
    scales = [math.sqrt(2 / math.prod(w.shape[:-1])) if w.ndim > 1 else 0.1 for w in like]
    return [(s * rng.standard_normal(w.shape)).astype(np.float32) for s, w in zip(scales, like, strict=True)]


def arrays(work: Work) -> tuple[Array, Array]:
    """Return X and y; for an operation alone, its input and the ∂J/∂Y handed back (for Adam: θ and the gradient)."""
    rng = np.random.default_rng(2)
    if work.kind in ("conv", "pool", "lstm", "adam"):
        m, *rest = work.shape
        if work.kind == "pool":
            out: tuple[int, ...] = (m, rest[0] // 2, rest[1] // 2, rest[2])
        else:
            out = work.shape
        first, second = rng.standard_normal(work.shape), rng.standard_normal(out)
        return first.astype(np.float32), second.astype(np.float32)
    samples = work.samples or STEPS * work.batch
    X = rng.standard_normal((samples, *work.shape)).astype(np.float32)
    if work.net and work.net[-1][2] == "sigmoid":
        return X, rng.integers(0, 2, (samples, 1)).astype(np.float32)
    return X, rng.integers(0, 10, samples)
