"""The layers for sequences and the normalisations against what PyTorch computes (tests/golden/sequences.py)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import mathnn
from mathnn.layers import Layer
from tests.golden.sequences import PATH

GOLDEN = dict(np.load(PATH))

CASES: dict[str, Layer] = {
    "rnn": mathnn.SimpleRNN(5),
    "rnn sequences": mathnn.SimpleRNN(5, return_sequences=True),
    "rnn relu": mathnn.SimpleRNN(5, "relu", return_sequences=True),
    "lstm": mathnn.LSTM(5),
    "lstm sequences": mathnn.LSTM(5, return_sequences=True),
    "lstm backwards": mathnn.LSTM(5, return_sequences=True, go_backwards=True),
    "gru": mathnn.GRU(5),
    "gru sequences": mathnn.GRU(5, return_sequences=True),
    "gru reset before": mathnn.GRU(5, return_sequences=True, reset_after=False),
    "jordan": mathnn.JordanRNN(5, output_units=2, output_activation="sigmoid"),
    "jordan sequences": mathnn.JordanRNN(5, output_units=2, output_activation="sigmoid", return_sequences=True),
    "layer norm": mathnn.LayerNormalization(),
    "layer norm on sequences": mathnn.LayerNormalization(),
    "batch norm training": mathnn.BatchNormalization(),
    "batch norm training on images": mathnn.BatchNormalization(),
    "batch norm inference": mathnn.BatchNormalization(),
    "batch norm inference on images": mathnn.BatchNormalization(),
    "embedding": mathnn.Embedding(9, 4),
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
    for name, buffer in layer.buffers.items():
        buffer[...] = golden[f"{name} before"]
    Y = layer.forward(golden["X"], training="training" in case, cache=True)
    assert_allclose(Y, golden["Y"], rtol=1e-10, atol=1e-12)
    dX = layer.backward(golden["C"])
    assert_allclose(dX, golden.get("dX", np.zeros(golden["X"].shape)), rtol=1e-10, atol=1e-12)
    for p in layer.parameters:
        assert_allclose(p.gradient, golden[f"d{p.name}"], rtol=1e-10, atol=1e-12, err_msg=p.name)
    for name, buffer in layer.buffers.items():
        assert_allclose(buffer, golden[f"{name} after"], rtol=1e-10, atol=1e-12, err_msg=name)
