"""Golden values of the layers, from PyTorch in float64.

    python -m tests.golden.layers        needs torch==2.13.0; writes data/layers.npz

Each case gives X, the parameters, a cotangent C, and PyTorch's output and gradients of Σ C ⊙ output. The parameters are
drawn here and laid out as mathnn has them; what PyTorch keeps in another order is turned for it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

PATH = Path(__file__).parent / "data" / "layers.npz"

DENSE_ACTIVATIONS = [
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softmax",
    "log_softmax",
]


def main() -> None:
    """Write all cases."""
    import torch
    import torch.nn.functional as F

    functions = {
        "linear": lambda z: z,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": F.relu,
        "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
        "elu": F.elu,
        "selu": F.selu,
        "gelu": F.gelu,
        "silu": F.silu,
        "softplus": F.softplus,
        "softmax": lambda z: F.softmax(z, -1),
        "log_softmax": lambda z: F.log_softmax(z, -1),
    }
    rng = np.random.default_rng(0)
    values: dict[str, np.ndarray] = {}

    def record(case: str, f, X: np.ndarray, **parameters: np.ndarray) -> None:
        tensors = {name: torch.tensor(value, requires_grad=True) for name, value in {"X": X, **parameters}.items()}
        Y = f(**tensors)
        C = rng.standard_normal(tuple(Y.shape))
        (Y * torch.tensor(C)).sum().backward()
        values[f"{case}/C"], values[f"{case}/Y"] = C, Y.detach().numpy()
        for name, tensor in tensors.items():
            values[f"{case}/{name}"] = tensor.detach().numpy()
            values[f"{case}/d{name}"] = tensor.grad.numpy()

    for name in DENSE_ACTIVATIONS:
        record(
            f"dense {name}",
            lambda X, kernel, bias, name=name: functions[name](X @ kernel + bias),
            X=rng.standard_normal((6, 4)),
            kernel=rng.standard_normal((4, 5)),
            bias=rng.standard_normal(5),
        )
    record(
        "dense on sequences",
        lambda X, kernel, bias: torch.tanh(X @ kernel + bias),
        X=rng.standard_normal((3, 2, 4)),
        kernel=rng.standard_normal((4, 5)),
        bias=rng.standard_normal(5),
    )
    record("flatten", lambda X: X.reshape(len(X), -1), X=rng.standard_normal((3, 2, 4)))
    np.savez(PATH, **values)


if __name__ == "__main__":
    main()
