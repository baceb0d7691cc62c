"""Networks put together at random go through all bridges: what a layer leaves behind is what the next one expects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import mathnn
from mathnn import Sequential
from mathnn.interop import from_keras, from_torch, to_keras, to_onnx, to_torch
from mathnn.layers import Layer
from tests.interop.models import assert_same_model
from tests.interop.test_keras import predicted
from tests.interop.test_onnx import run
from tests.interop.test_torch import array, tensor

ACTIVATIONS = st.sampled_from(["linear", "relu", "tanh", "leaky_relu", "softmax", "gelu"])
SMALL = st.integers(1, 3)
PADDING = st.sampled_from(["same", "valid"])

convolutions = st.builds(
    lambda filters, k, s, p, f, bias: mathnn.Conv2D(
        filters, k, s, p, activation=f, use_bias=bias, bias_initializer="random_normal"
    ),
    SMALL,
    SMALL,
    SMALL,
    st.sampled_from(["same", "valid", 0]),
    ACTIVATIONS,
    st.booleans(),
)
transposed = st.builds(
    lambda filters, k, s, p, f: mathnn.Conv2DTranspose(filters, k, s, p, activation=f),
    SMALL,
    SMALL,
    SMALL,
    PADDING,
    ACTIVATIONS,
)
poolings = st.builds(
    lambda cls, k, s, p: cls(k, s, p),
    st.sampled_from([mathnn.MaxPooling2D, mathnn.AveragePooling2D]),
    st.integers(1, 2),
    SMALL,
    PADDING,
)
anywhere = st.one_of(
    st.builds(lambda k, f: mathnn.Dense(k, f), SMALL, ACTIVATIONS),
    st.builds(mathnn.Activation, ACTIVATIONS),
    st.builds(lambda: mathnn.BatchNormalization(moving_mean_initializer="random_normal")),
    st.builds(lambda: mathnn.LayerNormalization(gamma_initializer="random_normal")),
    st.builds(lambda: mathnn.Dropout(0.5)),
    st.builds(lambda f: mathnn.Residual(mathnn.Activation(f)), ACTIVATIONS),
    st.builds(lambda k: mathnn.Branches(mathnn.Dense(k), []), SMALL),
)
images = st.one_of(convolutions, convolutions, transposed, poolings, anywhere, st.builds(mathnn.UpSampling2D))
sequences = st.one_of(
    st.builds(lambda u, b: mathnn.LSTM(u, return_sequences=True, go_backwards=b), SMALL, st.booleans()),
    st.builds(lambda u: mathnn.GRU(u, return_sequences=True, bias_initializer="random_normal"), SMALL),
    st.builds(lambda u, f: mathnn.SimpleRNN(u, f, return_sequences=True), SMALL, st.sampled_from(["tanh", "relu"])),
    anywhere,
)
SHAPES = st.sampled_from([(9, 7, 2), (9, 7, 2), (5, 3)])
MANY = settings(max_examples=150)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Sequential, np.ndarray]:
    """A network and a batch for it: layers for images or sequences, perhaps flattened, perhaps with more on top."""
    shape = draw(SHAPES)
    layers: list[Layer] = draw(st.lists(images if len(shape) == 3 else sequences, min_size=1, max_size=4))
    if draw(st.booleans()):
        layers += [mathnn.Flatten(), *draw(st.lists(anywhere, max_size=3))]
    model = Sequential([layer.copy() for layer in layers], seed=draw(st.integers(0, 9)))
    try:
        model.build(shape, dtype="float64")
    except mathnn.ShapeError:  # a window larger than what is left of the image
        model = Sequential([mathnn.Dense(2)], seed=0, input_shape=shape, dtype="float64")
    return model, np.random.default_rng(0).standard_normal((3, *shape))


@MANY
@given(networks())
def test_pytorch(network: tuple[Sequential, np.ndarray]) -> None:
    model, X = network
    module = to_torch(model)
    assert_allclose(array(module(tensor(X))), model.predict(X), rtol=1e-9, atol=1e-12)
    if module.state_dict():
        assert_same_model(from_torch(module, model.input_shape), model, X)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@MANY
@given(networks())
def test_keras(network: tuple[Sequential, np.ndarray]) -> None:
    model, X = network
    theirs = to_keras(model)
    assert_allclose(predicted(theirs, X), model.predict(X), rtol=1e-4, atol=1e-5)
    assert_same_model(from_keras(theirs), model, X)


@MANY
@given(networks())
def test_onnx(network: tuple[Sequential, np.ndarray]) -> None:
    model, X = network
    assert_allclose(run(to_onnx(model, dtype="float32"), X.astype(np.float32)), model.predict(X), rtol=1e-4, atol=1e-5)
