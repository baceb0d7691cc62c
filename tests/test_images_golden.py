"""The layers on images against what PyTorch computes (tests/golden/images.py)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import mathnn
from tests.golden.images import CASES, PATH

GOLDEN = dict(np.load(PATH))


def test_every_golden_case_is_compared() -> None:
    assert {key.split("/")[0] for key in GOLDEN} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_layer_agrees_with_pytorch(case: str) -> None:
    golden = {key.split("/")[1]: value for key, value in GOLDEN.items() if key.split("/")[0] == case}
    kind, arguments, shape = CASES[case]
    layer = getattr(mathnn, kind)(**arguments)
    layer.build(shape[1:], np.random.default_rng(0), np.float64)
    for p in layer.parameters:
        p.value = golden[p.name]
    assert_allclose(layer.forward(golden["X"], cache=True), golden["Y"], rtol=1e-10, atol=1e-12)
    assert_allclose(layer.backward(golden["C"]), golden["dX"], rtol=1e-10, atol=1e-12)
    for p in layer.parameters:
        assert_allclose(p.gradient, golden[f"d{p.name}"], rtol=1e-10, atol=1e-12, err_msg=p.name)
