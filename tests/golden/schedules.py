"""Golden values of the schedules that PyTorch has too: the rate of each step.

python -m tests.golden.schedules        needs torch==2.13.0; writes data/schedules.npz
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).parent / "data" / "schedules.npz"

# name: (class and arguments in mathnn, class and arguments in PyTorch, how many steps)
CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any], int]] = {
    "exponential": ("ExponentialDecay", {"decay_steps": 1, "decay_rate": 0.95}, "ExponentialLR", {"gamma": 0.95}, 60),
    "staircase": (
        "ExponentialDecay",
        {"decay_steps": 7, "decay_rate": 0.5, "staircase": True},
        "StepLR",
        {"step_size": 7, "gamma": 0.5},
        60,
    ),
    "polynomial": (
        "PolynomialDecay",
        {"decay_steps": 40, "end_learning_rate": 0.0, "power": 2.0},
        "PolynomialLR",
        {"total_iters": 40, "power": 2.0},
        60,
    ),
    "cosine": (
        "CosineDecay",
        {"decay_steps": 40, "alpha": 0.1},
        "CosineAnnealingLR",
        {"T_max": 40, "eta_min": 0.01},
        41,
    ),
    "restarts": (
        "CosineDecayRestarts",
        {"first_decay_steps": 5, "t_mul": 3.0},
        "CosineAnnealingWarmRestarts",
        {"T_0": 5, "T_mult": 3},
        200,
    ),
    "restarts_equal": (
        "CosineDecayRestarts",
        {"first_decay_steps": 10, "t_mul": 1.0},
        "CosineAnnealingWarmRestarts",
        {"T_0": 10, "T_mult": 1},
        60,
    ),
    "one_cycle": ("OneCycle", {"total_steps": 60}, "OneCycleLR", {"total_steps": 60, "max_lr": 0.1}, 60),
    "one_cycle_early": (
        "OneCycle",
        {"total_steps": 60, "pct_start": 0.1, "div_factor": 10.0, "final_div_factor": 50.0},
        "OneCycleLR",
        {"total_steps": 60, "max_lr": 0.1, "pct_start": 0.1, "div_factor": 10.0, "final_div_factor": 50.0},
        60,
    ),
}


def main() -> None:
    """Write all cases."""
    import warnings

    import torch

    warnings.simplefilter("ignore")  # PyTorch wants optimizer.step() called in between; there is nothing to step
    rates = {}
    for case, (_, _, name, arguments, steps) in CASES.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)
        rates[case] = []
        for t in range(steps):
            rates[case].append(optimizer.param_groups[0]["lr"])
            if t < steps - 1:
                scheduler.step()
    np.savez_compressed(PATH, **{case: np.array(rate) for case, rate in rates.items()})
    print(f"{PATH.name}: {len(rates)} schedules")


if __name__ == "__main__":
    main()
