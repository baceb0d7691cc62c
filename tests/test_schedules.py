"""The schedules: plain formulas written independently, PyTorch's values, properties, and errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathnn import optimizers, schedules
from mathnn.errors import ConfigError
from tests.golden.schedules import CASES, PATH

GOLDEN = np.load(PATH)

# One of each class, with the formula of its documentation in Keras written for one t.
FORMULAS = {
    "ExponentialDecay": (
        {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.9},
        lambda t: 0.1 * math.exp(t / 20 * math.log(0.9)),
    ),
    "ExponentialDecay staircase": (
        {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.9, "staircase": True},
        lambda t: 0.1 * 0.9 ** (t // 20),
    ),
    "InverseTimeDecay": (
        {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.5},
        lambda t: 0.1 / (1 + 0.5 * t / 20),
    ),
    "InverseTimeDecay staircase": (
        {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.5, "staircase": True},
        lambda t: 0.1 / (1 + 0.5 * (t // 20)),
    ),
    "PiecewiseConstantDecay": (
        {"boundaries": [10, 50], "values": [1.0, 0.5, 0.0]},
        lambda t: 1.0 if t <= 10 else 0.5 if t <= 50 else 0.0,
    ),
    "PolynomialDecay": (
        {"initial_learning_rate": 0.1, "decay_steps": 60, "end_learning_rate": 0.01, "power": 0.5},
        lambda t: 0.09 * math.sqrt(1 - min(t, 60) / 60) + 0.01,
    ),
    "PolynomialDecay cycle": (
        {"initial_learning_rate": 0.1, "decay_steps": 30, "cycle": True},
        lambda t: (0.1 - 1e-4) * (1 - t / (30 * max(1, -(-t // 30)))) + 1e-4,
    ),
    "CosineDecay": (
        {"initial_learning_rate": 0.1, "decay_steps": 60, "alpha": 0.2},
        lambda t: 0.1 * (0.8 * math.cos(math.pi * min(t, 60) / 120) ** 2 + 0.2),
    ),
    "CosineDecay warm-up": (
        {"initial_learning_rate": 0.0, "decay_steps": 60, "warmup_target": 0.3, "warmup_steps": 15},
        lambda t: 0.3 * t / 15 if t < 15 else 0.3 * math.cos(math.pi * min(t - 15, 60) / 120) ** 2,
    ),
    "CosineDecayRestarts": (
        {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 3.0, "m_mul": 0.5, "alpha": 0.1},
        lambda t: (
            0.1
            * (
                0.1
                + 0.9
                * (
                    math.cos(math.pi * t / 20) ** 2
                    if t < 10
                    else 0.5 * math.cos(math.pi * (t - 10) / 60) ** 2
                    if t < 40
                    else 0.25 * math.cos(math.pi * (t - 40) / 180) ** 2
                )
            )
        ),
    ),
    "CosineDecayRestarts equal": (
        {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5},
        lambda t: 0.1 * 0.5 ** (t // 10) * math.cos(math.pi * (t % 10) / 20) ** 2,
    ),
    "OneCycle": (
        {"max_learning_rate": 1.0, "total_steps": 101, "pct_start": 41 / 101, "div_factor": 10, "final_div_factor": 5},
        lambda t: (
            0.1 + 0.9 * math.sin(math.pi * t / 80) ** 2
            if t <= 40
            else 0.02 + 0.98 * math.cos(math.pi * (min(t, 100) - 40) / 120) ** 2
        ),
    ),
}
EVERY = schedules.registry.items()


def make(case):
    return getattr(schedules, case.split()[0])(**FORMULAS[case][0])


@pytest.mark.parametrize("case", FORMULAS)
def test_follows_its_formula(case):
    schedule, formula = make(case), FORMULAS[case][1]
    steps = range(130)
    np.testing.assert_allclose([schedule(t) for t in steps], [formula(t) for t in steps], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pytorch(case):
    name, arguments, _, _, steps = CASES[case]
    initial = "max_learning_rate" if name == "OneCycle" else "initial_learning_rate"
    schedule = getattr(schedules, name)(**{initial: 0.1, **arguments})
    np.testing.assert_allclose([schedule(t) for t in range(steps)], GOLDEN[case], rtol=1e-10, atol=1e-12)


def test_every_schedule_has_a_formula():
    assert {cls.__name__ for cls in EVERY} == {case.split()[0] for case in FORMULAS}


@pytest.mark.parametrize("case", FORMULAS)
def test_gives_plain_nonnegative_floats_and_is_rebuilt_from_its_config(case):
    schedule = make(case)
    again = type(schedule).from_config(schedule.config)
    for t in (0, 1, 17, 10_000, np.int64(3), 2.5):
        rate = schedule(t)
        assert type(rate) is float
        assert 0 <= rate <= 1
        assert again(t) == rate
    assert repr(again) == repr(schedule)


@pytest.mark.parametrize("case", FORMULAS)
@pytest.mark.parametrize("step", [-1, math.nan, "1", None])
def test_step_must_be_a_count(case, step):
    with pytest.raises(ConfigError, match=r"step must be a number in \[0, inf\)"):
        make(case)(step)


@pytest.mark.parametrize("case", FORMULAS)
def test_is_accepted_by_optimizers(case):
    schedule = make(case)
    optimizer, theta = optimizers.SGD(schedule), np.zeros(1)
    for _ in range(25):
        optimizer.step(theta, np.ones(1))
    assert -theta[0] == pytest.approx(math.fsum(schedule(t) for t in range(25)))


@given(st.integers(1, 12), st.sampled_from([2, 3, 5, 10]), st.integers(0, 4))
def test_a_restart_is_at_the_top(first, factor, periods):
    # At the very step of a restart the closed form floor(log(...)) can be one period late.
    start = first * sum(factor**i for i in range(periods))
    schedule = schedules.CosineDecayRestarts(0.1, first, t_mul=factor)
    assert schedule(start) == 0.1
    assert periods == 0 or schedule(start - 1) < 0.1 or first == 1


@given(st.sampled_from(["ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay"]), st.floats(0, 200))
def test_decays_never_rise(case, t):
    schedule = make(case)
    assert schedule(t + 1) <= schedule(t) * (1 + 1e-15)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ExponentialDecay", {"initial_learning_rate": 0, "decay_steps": 1, "decay_rate": 1}, "initial_learning_rate"),
        ("ExponentialDecay", {"initial_learning_rate": 1, "decay_steps": 0, "decay_rate": 1}, "decay_steps"),
        ("ExponentialDecay", {"initial_learning_rate": 1, "decay_steps": 1, "decay_rate": "a"}, "decay_rate"),
        ("InverseTimeDecay", {"initial_learning_rate": 1, "decay_steps": 1, "decay_rate": -1}, "decay_rate"),
        ("PiecewiseConstantDecay", {"boundaries": [1], "values": [1.0]}, "one entry more than boundaries, got 1 for 1"),
        ("PiecewiseConstantDecay", {"boundaries": [2, 2], "values": [3, 2, 1]}, "boundaries must increase"),
        ("PiecewiseConstantDecay", {"boundaries": 2, "values": [3, 2]}, "boundaries must be a list of numbers"),
        ("PiecewiseConstantDecay", {"boundaries": [2], "values": [3, None]}, "each of values must be a number"),
        ("PolynomialDecay", {"initial_learning_rate": 1, "decay_steps": 1, "power": 0}, "power"),
        ("PolynomialDecay", {"initial_learning_rate": 1, "decay_steps": math.nan}, "decay_steps"),
        ("CosineDecay", {"initial_learning_rate": 1, "decay_steps": 1, "alpha": 1.5}, r"alpha must be .* in \[0, 1\]"),
        ("CosineDecay", {"initial_learning_rate": 0, "decay_steps": 1}, "initial_learning_rate"),
        ("CosineDecay", {"initial_learning_rate": 1, "decay_steps": 1, "warmup_steps": 5}, "needs a warmup_target"),
        ("CosineDecayRestarts", {"initial_learning_rate": 1, "first_decay_steps": 1, "t_mul": 0.5}, "t_mul"),
        ("OneCycle", {"max_learning_rate": 1, "total_steps": 1}, "total_steps must be an integer of 2 or more"),
        ("OneCycle", {"max_learning_rate": 1, "total_steps": 10.0}, "total_steps must be an integer"),
        ("OneCycle", {"max_learning_rate": 1, "total_steps": 10, "pct_start": 1}, "pct_start"),
        ("OneCycle", {"max_learning_rate": 1, "total_steps": 10, "div_factor": 0.5}, "div_factor"),
    ],
)
def test_arguments_are_checked(name, arguments, message):
    with pytest.raises(ConfigError, match=f"^{name}: .*{message}"):
        getattr(schedules, name)(**arguments)


def test_a_schedule_by_name_needs_arguments():
    with pytest.raises(ConfigError, match=r"needs arguments: write CosineDecay\(...\)"):
        schedules.get("cosine_decay")
    with pytest.raises(NotImplementedError, match="must define rate"):
        schedules.Schedule()(0)
