"""Golden values of the activations, from PyTorch in float64.

    python -m tests.golden.activations        needs torch==2.13.0; writes data/activations.json

Each case gives the name, the parameters, f(z), and f'(z) from PyTorch's backward; for softmax and its logarithm the
Jacobian.
"""

from __future__ import annotations

import json
from pathlib import Path

PATH = Path(__file__).parent / "data" / "activations.json"

# Fine around 0, then out to where each function has long saturated. hard_sigmoid's kinks at ±3 are left out.
Z = [k / 8 for k in range(-63, 64) if abs(k) != 24] + [
    s * z for z in (10.1, 20.2, 37.5, 50.3, 120.7, 800.9) for s in (-1, 1)
]
ROWS = [[0.3, -1.2, 2.5, 0.0], [100.0, 101.5, 99.0, -50.0], [-1000.0, -1000.5, -1001.0, -999.0], [0.7, 0.7, 0.7, 0.7]]


def main() -> None:
    """Write all cases."""
    import torch
    import torch.nn.functional as F

    cases = [
        ("linear", {}, lambda z: z * 1.0),
        ("sigmoid", {}, torch.sigmoid),
        ("tanh", {}, torch.tanh),
        ("relu", {}, F.relu),
        ("leaky_relu", {}, F.leaky_relu),
        ("leaky_relu", {"negative_slope": 0.3}, lambda z: F.leaky_relu(z, 0.3)),
        ("elu", {}, F.elu),
        ("elu", {"alpha": 0.7}, lambda z: F.elu(z, 0.7)),
        ("selu", {}, F.selu),
        ("gelu", {}, F.gelu),
        ("gelu", {"approximate": True}, lambda z: F.gelu(z, approximate="tanh")),
        ("silu", {}, F.silu),
        ("softplus", {}, lambda z: F.softplus(z, threshold=50)),
        # F.hardsigmoid itself multiplies by a sixth in float32 when it goes backward, also for float64.
        ("hard_sigmoid", {}, lambda z: F.relu6(z + 3) / 6),
    ]
    written = []
    for name, parameters, function in cases:
        z = torch.tensor(Z, dtype=torch.float64, requires_grad=True)
        value = function(z)
        value.sum().backward()
        written.append({"name": name, "parameters": parameters, "value": value.tolist(), "derivative": z.grad.tolist()})
    rows = []
    for name, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
        z = torch.tensor(ROWS, dtype=torch.float64)
        jacobians = [torch.autograd.functional.jacobian(lambda row, f=function: f(row, -1), row).tolist() for row in z]
        rows.append({"name": name, "value": function(z, -1).tolist(), "jacobian": jacobians})
    golden = {"torch": torch.__version__.split("+")[0], "z": Z, "functions": written, "z_rows": ROWS, "of_rows": rows}
    PATH.write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
