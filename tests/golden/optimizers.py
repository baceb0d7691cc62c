"""Golden values of the optimizers: θ after each of 50 steps, in float64.

    python -m tests.golden.optimizers        needs torch==2.13.0; writes data/optimizers.npz

The gradients are drawn here: components of very different size, one that is always zero, one that is zero at first.
They are fed to PyTorch's optimizer of the same rule. Where PyTorch has none, or defines it otherwise, an independent
twin in plain Python floats stands in, which writes the published rule down for one number at a time:

- Lion is not in PyTorch; a rate that changes does not reach PyTorch's momentum buffer, but Keras's (and ours);
  PyTorch's clipping by norm adds 1e-6 to the norm.
- PyTorch's Adamax adds ε to |g| before the maximum. With ε = 1e-30 the rules agree; a larger ε is checked by the twin.
- PyTorch's NAdam has Keras's momentum factors with ``momentum_decay=1``; their product is kept in the default dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).parent / "data" / "optimizers.npz"
STEPS, SIZE = 50, 12

# name: (class and arguments in mathnn, class and arguments in PyTorch, or the name of a twin below)
CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "sgd": ("SGD", {"learning_rate": 0.1}, "SGD", {"lr": 0.1}),
    "sgd_momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}, "SGD", {"lr": 0.1, "momentum": 0.9}),
    "sgd_nesterov": (
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True},
        "SGD",
        {"lr": 0.1, "momentum": 0.8, "nesterov": True},
    ),
    "adagrad": (
        "Adagrad",
        {"learning_rate": 0.05},
        "Adagrad",
        {"lr": 0.05, "initial_accumulator_value": 0.1, "eps": 1e-7},
    ),
    "adagrad_epsilon": (
        "Adagrad",
        {"learning_rate": 0.05, "initial_accumulator_value": 0.0, "epsilon": 0.01},
        "Adagrad",
        {"lr": 0.05, "eps": 0.01},
    ),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}, "Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-7}),
    "adadelta_epsilon": (
        "Adadelta",
        {"learning_rate": 0.5, "rho": 0.8, "epsilon": 0.01},
        "Adadelta",
        {"lr": 0.5, "rho": 0.8, "eps": 0.01},
    ),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01}, "RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-7}),
    "rmsprop_epsilon": (
        "RMSprop",
        {"learning_rate": 0.01, "rho": 0.7, "epsilon": 0.01},
        "RMSprop",
        {"lr": 0.01, "alpha": 0.7, "eps": 0.01},
    ),
    "rmsprop_momentum": (
        "RMSprop",
        {"learning_rate": 0.01, "momentum": 0.9},
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "eps": 1e-7, "momentum": 0.9},
    ),
    "rmsprop_centered": (
        "RMSprop",
        {"learning_rate": 0.01, "centered": True},
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "eps": 1e-7, "centered": True},
    ),
    "rmsprop_centered_momentum": (
        "RMSprop",
        {"learning_rate": 0.01, "centered": True, "momentum": 0.5, "epsilon": 0.01},
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "eps": 0.01, "centered": True, "momentum": 0.5},
    ),
    "adam": ("Adam", {"learning_rate": 0.01}, "Adam", {"lr": 0.01, "eps": 1e-7}),
    "adam_epsilon": (
        "Adam",
        {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.01},
        "Adam",
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 0.01},
    ),
    "adam_amsgrad": (
        "Adam",
        {"learning_rate": 0.01, "beta_2": 0.9, "amsgrad": True},
        "Adam",
        {"lr": 0.01, "betas": (0.9, 0.9), "eps": 1e-7, "amsgrad": True},
    ),
    "adamw": (
        "AdamW",
        {"learning_rate": 0.01, "weight_decay": 0.1},
        "AdamW",
        {"lr": 0.01, "eps": 1e-7, "weight_decay": 0.1},
    ),
    "adamw_amsgrad": (
        "AdamW",
        {"learning_rate": 0.01, "beta_2": 0.9, "amsgrad": True},
        "AdamW",
        {"lr": 0.01, "betas": (0.9, 0.9), "eps": 1e-7, "weight_decay": 0.004, "amsgrad": True},
    ),
    "nadam": ("Nadam", {"learning_rate": 0.01}, "NAdam", {"lr": 0.01, "eps": 1e-7, "momentum_decay": 1.0}),
    "nadam_epsilon": (
        "Nadam",
        {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 0.01},
        "NAdam",
        {"lr": 0.01, "betas": (0.7, 0.9), "eps": 0.01, "momentum_decay": 1.0},
    ),
    "adamax": ("Adamax", {"learning_rate": 0.01, "epsilon": 1e-30}, "Adamax", {"lr": 0.01, "eps": 1e-30}),
    "adamax_epsilon": ("Adamax", {"learning_rate": 0.01, "epsilon": 0.01}, "twin_adamax", {"eta": 0.01, "eps": 0.01}),
    "lion": ("Lion", {"learning_rate": 0.01}, "twin_lion", {"eta": 0.01, "decay": 0.0}),
    "lion_decay": ("Lion", {"learning_rate": 0.01, "weight_decay": 0.1}, "twin_lion", {"eta": 0.01, "decay": 0.1}),
    "sgd_scheduled": (
        "SGD",
        {"learning_rate": {"decay_rate": 0.5, "decay_steps": 10, "initial_learning_rate": 0.1}, "momentum": 0.9},
        "twin_momentum",
        {"eta": lambda t: 0.1 * 0.5 ** (t / 10)},
    ),
    "adam_scheduled": (
        "Adam",
        {"learning_rate": {"decay_rate": 0.5, "decay_steps": 10, "initial_learning_rate": 0.1}},
        "Adam",
        {"lr": lambda t: 0.1 * 0.5 ** (t / 10), "eps": 1e-7},
    ),
    "sgd_clipvalue": ("SGD", {"learning_rate": 0.1, "clipvalue": 0.05}, "SGD", {"lr": 0.1, "clipvalue": 0.05}),
    "sgd_clipnorm": ("SGD", {"learning_rate": 0.1, "global_clipnorm": 20.0}, "twin_clipnorm", {"eta": 0.1, "c": 20.0}),
}


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return θ at the start, and the gradients of all steps."""
    rng = np.random.default_rng(20)
    gradients = rng.standard_normal((STEPS, SIZE)) * 10.0 ** rng.uniform(-4, 1, SIZE) + rng.normal(0, 0.1, SIZE)
    gradients[:, 0] = 0
    gradients[:10, 1] = 0
    return rng.standard_normal(SIZE), gradients


def twin_adamax(theta: float, gradients: list[float], eta: float, eps: float) -> Iterator[float]:
    """Kingma & Ba 2015, Algorithm 2, ε beside u."""
    m = u = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + (1 - 0.9) * g
        u = max(0.999 * u, abs(g))
        theta -= eta / (1 - 0.9**t) * m / (u + eps)
        yield theta


def twin_lion(theta: float, gradients: list[float], eta: float, decay: float) -> Iterator[float]:
    """Chen et al. 2023, Algorithm 2."""
    m = 0.0
    for g in gradients:
        c = 0.9 * m + (1 - 0.9) * g
        sign = 0.0 if c == 0 else math.copysign(1.0, c)
        theta = theta - eta * (sign + decay * theta)
        m = 0.99 * m + (1 - 0.99) * g
        yield theta


def twin_momentum(theta: float, gradients: list[float], eta: Callable[[int], float]) -> Iterator[float]:
    """Sutskever et al. 2013, equations 1 and 2, with a rate for each step."""
    v = 0.0
    for t, g in enumerate(gradients):
        v = 0.9 * v - eta(t) * g
        theta = theta + v
        yield theta


def by_torch(theta: np.ndarray, gradients: np.ndarray, name: str, arguments: dict[str, Any]) -> np.ndarray:
    """Return θ after each step of PyTorch's optimizer."""
    import torch

    torch.set_default_dtype(torch.float64)
    arguments = dict(arguments)
    bound = arguments.pop("clipvalue", None)
    rate = arguments.pop("lr")
    parameter = torch.nn.Parameter(torch.tensor(theta, dtype=torch.float64))
    optimizer = getattr(torch.optim, name)([parameter], lr=rate(0) if callable(rate) else rate, **arguments)
    path = []
    for t, g in enumerate(gradients):
        parameter.grad = torch.tensor(g, dtype=torch.float64)
        if bound is not None:
            torch.nn.utils.clip_grad_value_([parameter], bound)
        if callable(rate):
            optimizer.param_groups[0]["lr"] = rate(t)
        optimizer.step()
        path.append(parameter.detach().numpy().copy())
    return np.array(path)


def by_twin(theta: np.ndarray, gradients: np.ndarray, name: str, arguments: dict[str, Any]) -> np.ndarray:
    """Return θ after each step of a twin, component by component."""
    if name == "twin_clipnorm":
        path = []
        for g in gradients:
            norm = math.sqrt(math.fsum(float(x) ** 2 for x in g))
            theta = theta - arguments["eta"] * g * min(1.0, arguments["c"] / norm)
            path.append(theta)
        return np.array(path)
    twin = globals()[name]
    columns = [list(twin(float(x), gradients[:, i].tolist(), **arguments)) for i, x in enumerate(theta)]
    return np.array(columns).T


def main() -> None:
    """Write all cases."""
    theta, gradients = draw()
    paths = {
        case: (by_twin if name.startswith("twin_") else by_torch)(theta, gradients, name, arguments)
        for case, (_, _, name, arguments) in CASES.items()
    }
    np.savez_compressed(PATH, theta=theta, gradients=gradients, **paths)
    print(f"{PATH.name}: {len(paths)} optimizers, {STEPS} steps each")


if __name__ == "__main__":
    main()
