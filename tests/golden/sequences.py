"""Golden values of the layers for sequences and of the normalisations, from PyTorch in float64.

    python -m tests.golden.sequences        needs torch==2.13.0; writes data/sequences.npz

Each case gives X, the parameters, a cotangent C, and PyTorch's output and gradients of Σ C ⊙ output. The parameters are
drawn here and laid out as mathnn, and Keras, have them; where PyTorch keeps the gates in another order (r, z, n in its
GRU), or the unbiased running variance, that is turned. What PyTorch has no module for is written out for autograd.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

PATH = Path(__file__).parent / "data" / "sequences.npz"

M, T, D, U = 3, 6, 4, 5


def main() -> None:
    """Write all cases."""
    import torch
    import torch.nn.functional as F
    from torch.func import functional_call

    rng = np.random.default_rng(0)
    values: dict[str, np.ndarray] = {}

    def record(case: str, f, **inputs: np.ndarray) -> None:
        tensors = {name: torch.tensor(value) for name, value in inputs.items()}
        for tensor in tensors.values():
            tensor.requires_grad_(tensor.is_floating_point())
        Y = f(**tensors)
        C = rng.standard_normal(tuple(Y.shape))
        (Y * torch.tensor(C)).sum().backward()
        values[f"{case}/C"], values[f"{case}/Y"] = C, Y.detach().numpy()
        for name, tensor in tensors.items():
            values[f"{case}/{name}"] = tensor.detach().numpy()
            if tensor.grad is not None:
                values[f"{case}/d{name}"] = tensor.grad.numpy()

    def draw(*shape: int) -> np.ndarray:
        return 0.7 * rng.standard_normal(shape)

    def recurrent(gates: int, *bias: int) -> dict[str, np.ndarray]:
        return {
            "X": draw(M, T, D),
            "kernel": draw(D, gates * U),
            "recurrent_kernel": draw(U, gates * U),
            "bias": draw(*(bias or (gates * U,))),
        }

    def rearranged(w, gates: list[int]):
        """The gates' blocks of columns in PyTorch's order, as rows."""
        return torch.cat([w[..., U * g : U * (g + 1)] for g in gates], -1).mT

    def module(name: str, gates: list[int], **arguments: object):
        net = getattr(torch.nn, name)(D, U, batch_first=True, **arguments).double()

        def f(X, kernel, recurrent_kernel, bias):
            b = bias if bias.ndim == 2 else torch.stack([bias, torch.zeros_like(bias)])
            weights = {
                "weight_ih_l0": rearranged(kernel, gates),
                "weight_hh_l0": rearranged(recurrent_kernel, gates),
                "bias_ih_l0": rearranged(b[:1], gates)[:, 0],
                "bias_hh_l0": rearranged(b[1:], gates)[:, 0],
            }
            return functional_call(net, weights, (X,))[0]

        return f

    plain, rectified = module("RNN", [0]), module("RNN", [0], nonlinearity="relu")
    lstm, gru = module("LSTM", [0, 1, 2, 3]), module("GRU", [1, 0, 2])

    def last(f):
        return lambda X, **weights: f(X, **weights)[:, -1]

    def backwards(f):
        return lambda X, **weights: f(X.flip(1), **weights)

    record("rnn", last(plain), **recurrent(1))
    record("rnn sequences", plain, **recurrent(1))
    record("rnn relu", rectified, **recurrent(1))
    record("lstm", last(lstm), **recurrent(4))
    record("lstm sequences", lstm, **recurrent(4))
    record("lstm backwards", backwards(lstm), **recurrent(4))
    record("gru", last(gru), **recurrent(3, 2, 3 * U))
    record("gru sequences", gru, **recurrent(3, 2, 3 * U))

    def gru_reset_before(X, kernel, recurrent_kernel, bias):
        h, outputs = torch.zeros(M, U, dtype=X.dtype), []
        (Uz, Ur, Uh), p = recurrent_kernel.split(U, 1), X @ kernel + bias
        for t in range(T):
            pz, pr, ph = p[:, t].split(U, 1)
            z, r = torch.sigmoid(pz + h @ Uz), torch.sigmoid(pr + h @ Ur)
            h = z * h + (1 - z) * torch.tanh(ph + (r * h) @ Uh)
            outputs.append(h)
        return torch.stack(outputs, 1)

    def jordan(X, kernel, recurrent_kernel, bias, output_kernel, output_bias):
        y, outputs = torch.zeros(M, 2, dtype=X.dtype), []
        for t in range(T):
            h = torch.tanh(X[:, t] @ kernel + y @ recurrent_kernel + bias)
            y = torch.sigmoid(h @ output_kernel + output_bias)
            outputs.append(y)
        return torch.stack(outputs, 1)

    record("gru reset before", gru_reset_before, **recurrent(3))
    jordans = {**recurrent(1), "recurrent_kernel": draw(2, U), "output_kernel": draw(U, 2), "output_bias": draw(2)}
    record("jordan sequences", jordan, **jordans)
    record("jordan", last(jordan), **jordans)

    def layer_norm(X, gamma, beta):
        return F.layer_norm(X, X.shape[-1:], gamma, beta, eps=1e-3)

    record("layer norm", layer_norm, X=draw(M, 7), gamma=draw(7), beta=draw(7))
    record("layer norm on sequences", layer_norm, X=draw(M, T, D), gamma=draw(D), beta=draw(D))

    def batch_norm(case: str, shape: tuple[int, ...], training: bool) -> None:
        d, n = shape[-1], int(np.prod(shape[:-1]))
        mean, variance = draw(d), rng.uniform(0.5, 2, d)
        values[f"{case}/moving_mean before"], values[f"{case}/moving_variance before"] = mean, variance
        moving = torch.tensor(mean), torch.tensor(variance)

        def f(X, gamma, beta):
            Y = F.batch_norm(X.movedim(-1, 1), *moving, gamma, beta, training=training, momentum=0.01, eps=1e-3)
            return Y.movedim(1, -1)

        record(case, f, X=2 + draw(*shape), gamma=draw(d), beta=draw(d))
        after = moving[1].numpy()
        if training:
            # PyTorch lets the unbiased variance in, n / (n - 1) times the biased one.
            after = 0.99 * variance + (after - 0.99 * variance) * (n - 1) / n
        values[f"{case}/moving_mean after"], values[f"{case}/moving_variance after"] = moving[0].numpy(), after

    for training in (True, False):
        kind = "training" if training else "inference"
        batch_norm(f"batch norm {kind}", (6, 4), training)
        batch_norm(f"batch norm {kind} on images", (3, 4, 5, 2), training)

    record("embedding", F.embedding, **{"input": rng.integers(0, 9, (M, T)), "weight": draw(9, D)})
    for old, new in (("input", "X"), ("weight", "embeddings"), ("dweight", "dembeddings")):
        values[f"embedding/{new}"] = values.pop(f"embedding/{old}")
    np.savez(PATH, **values)


if __name__ == "__main__":
    main()
