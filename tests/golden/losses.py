"""Golden values of the losses, from PyTorch in float64.

    python -m tests.golden.losses        needs torch==2.13.0; writes data/losses.npz and data/losses.json

Each case gives the class, its arguments, y_true, y_pred, the weights (or ones), J and ∂J/∂ŷ from PyTorch's backward.
Where PyTorch's reduction is another than Keras's, only its unreduced loss is used and J = 1/m Σ w ℓ is formed here: its
weighted mean divides by the sum of the weights. It has no label smoothing for two classes, so the smoothed targets are
handed to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

ARRAYS = Path(__file__).parent / "data" / "losses.npz"
CASES = ARRAYS.with_suffix(".json")
ALPHA = 0.1


def main() -> None:
    """Write all cases."""
    import torch
    import torch.nn.functional as F

    rng = np.random.default_rng(20)
    cases: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}

    def case(name: str, config: dict[str, Any], y: Any, p: np.ndarray, terms: Any) -> None:
        """Record one loss with and without weights; ``terms`` is the loss before any averaging."""
        for weighted in (False, True):
            w = rng.uniform(0.2, 3.0, len(p)) if weighted else np.ones(len(p))
            t = torch.tensor(p, requires_grad=True)
            each = terms(torch.tensor(y), t)
            J = (torch.tensor(w) * each.reshape(len(p), -1).mean(dim=1)).sum() / len(p)
            J.backward()
            key = f"{len(cases):02d}"
            cases.append({"key": key, "loss": name, "config": config, "weighted": weighted, "value": J.item()})
            arrays[f"{key}.y"], arrays[f"{key}.p"], arrays[f"{key}.w"] = np.asarray(y), p, w
            arrays[f"{key}.gradient"] = t.grad.numpy()

    y, p = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)) * 2
    for shape in ((15, 1), (5, 3)):
        a, b = y.reshape(shape), p.reshape(shape)
        case("MeanSquaredError", {}, a, b, lambda y, p: F.mse_loss(p, y, reduction="none"))
        case("MeanAbsoluteError", {}, a, b, lambda y, p: F.l1_loss(p, y, reduction="none"))
        case("Huber", {}, a, b, lambda y, p: F.huber_loss(p, y, reduction="none"))
        case("Huber", {"delta": 0.4}, a, b, lambda y, p: F.huber_loss(p, y, reduction="none", delta=0.4))
        case("LogCosh", {}, a, b, lambda y, p: torch.log(torch.cosh(p - y)))
        sign = np.where(a > 0, 1.0, -1.0)
        case("Hinge", {}, sign, b, lambda y, p: F.relu(1 - y * p))

    for shape in ((6, 1), (4, 3), (3, 2, 2)):
        hard = (rng.random(shape) > 0.5).astype(float)
        soft = rng.uniform(size=shape)
        z, p = rng.normal(size=shape) * 4, rng.uniform(0.02, 0.98, size=shape)
        for y in (hard, soft):
            bce = F.binary_cross_entropy
            logits = F.binary_cross_entropy_with_logits
            case("BinaryCrossentropy", {}, y, p, lambda y, p, f=bce: f(p, y, reduction="none"))
            case("BinaryCrossentropy", {"from_logits": True}, y, z, lambda y, z, f=logits: f(z, y, reduction="none"))
            smooth = {"from_logits": True, "label_smoothing": ALPHA}
            moved = lambda y: (1 - ALPHA) * y + ALPHA / 2  # noqa: E731
            case("BinaryCrossentropy", smooth, y, z, lambda y, z, f=logits, s=moved: f(z, s(y), reduction="none"))

    for shape in ((6, 4), (3, 5, 4)):
        K = shape[-1]
        rows = lambda array: array.transpose(1, -1) if array.ndim > 2 else array  # noqa: E731  classes are axis 1 there
        labels = rng.integers(0, K, shape[:-1])
        hard = np.eye(K)[labels]
        soft = rng.dirichlet(np.ones(K), shape[:-1])
        z, p = rng.normal(size=shape) * 3, rng.dirichlet(np.ones(K), shape[:-1])

        def crossentropy(y: Any, z: Any, alpha: float = 0.0, rows: Any = rows) -> Any:
            target = rows(y) if y.is_floating_point() else y
            return F.cross_entropy(rows(z), target, reduction="none", label_smoothing=alpha)

        for y in (hard, soft):
            case("CategoricalCrossentropy", {"from_logits": True}, y, z, crossentropy)
            smooth = {"from_logits": True, "label_smoothing": ALPHA}
            case("CategoricalCrossentropy", smooth, y, z, lambda y, z, f=crossentropy: f(y, z, ALPHA))
            case("CategoricalCrossentropy", {}, y, p, lambda y, p: -(y * torch.log(p)).sum(-1))
            case("KLDivergence", {}, y, p, lambda y, p: F.kl_div(torch.log(p), y, reduction="none").sum(-1))
        case("SparseCategoricalCrossentropy", {"from_logits": True}, labels, z, crossentropy)
        nll = lambda y, p, rows=rows: F.nll_loss(rows(torch.log(p)), y, reduction="none")  # noqa: E731
        case("SparseCategoricalCrossentropy", {}, labels, p, nll)

    np.savez_compressed(ARRAYS, **arrays)
    CASES.write_text(json.dumps({"torch": "2.13.0", "cases": cases}, indent=1) + "\n")
    print(f"{len(cases)} cases -> {ARRAYS.name}, {CASES.name}")


if __name__ == "__main__":
    main()
