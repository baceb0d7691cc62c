"""Every layer against what PyTorch computes (tests/golden/layers.py)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import mathnn
from mathnn.layers import Layer
from tests.golden.layers import DENSE_ACTIVATIONS, PATH

GOLDEN = dict(np.load(PATH))

CASES: dict[str, Layer] = {f"dense {name}": mathnn.Dense(5, activation=name) for name in DENSE_ACTIVATIONS} | {
    "dense on sequences": mathnn.Dense(5, activation="tanh"),
    "flatten": mathnn.Flatten(),
}


def test_every_golden_case_is_compared() -> None:
    assert {key.split("/")[0] for key in GOLDEN} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_layer_agrees_with_pytorch(case: str) -> None:
    golden = {key.split("/")[1]: value for key, value in GOLDEN.items() if key.split("/")[0] == case}
    layer = CASES[case].copy()
    layer.build(golden["X"].shape[1:], np.random.default_rng(0), np.float64)
    for p in layer.parameters:
        p.value = golden[p.name]
    assert_allclose(layer.forward(golden["X"], cache=True), golden["Y"], rtol=1e-10, atol=1e-12)
    assert_allclose(layer.backward(golden["C"]), golden["dX"], rtol=1e-10, atol=1e-12)
    for p in layer.parameters:
        assert_allclose(p.gradient, golden[f"d{p.name}"], rtol=1e-10, atol=1e-12, err_msg=p.name)
