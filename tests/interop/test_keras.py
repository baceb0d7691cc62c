"""To and from Keras, on the backend of PyTorch: the same predictions and costs, and the same bits on the way back."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

import mathnn
from mathnn import ConfigError, Sequential, StateError
from mathnn.interop import from_keras, to_keras
from mathnn.interop.keras import table
from tests.interop.models import CASES, assert_same_model, has_counterpart, model_of
from tests.layer_cases import LayerCase


def is_refused(case: LayerCase) -> bool:
    """Whether a case has a layer with a counterpart, but not for what it is set to."""
    pooling = case.name.startswith(("max_pooling2d", "average_pooling2d"))
    return (
        "mask_" in case.name
        or ("groups" in case.name and "transpose" in case.name)
        or case.name == "conv2d filters=2 kernel_size=2 strides=2 dilation_rate=(2, 3) padding=same shape=(5, 6, 1)"
        or (pooling and "padding=1" in case.name)
        # With PyTorch below it, Keras repeats the outermost pixels where the padding is not alike on both sides.
        or case.name == "average_pooling2d pool_size=(2, 3) strides=(1, 2) padding=same"
    )


CONVERTED = [c for c in CASES if has_counterpart(table, c) and not is_refused(c)]
by_name = pytest.mark.parametrize("case", CONVERTED, ids=str)


def predicted(model: keras.Model, X: np.ndarray) -> np.ndarray:
    """What a Keras model predicts."""
    return keras.ops.convert_to_numpy(model(X, training=False))


@by_name
def test_predictions_agree(case: LayerCase) -> None:
    # Keras computes in float32 in places, whatever the dtype, on every backend but TensorFlow's.
    for dtype in ("float32", "float64"):
        model, X = model_of(case, dtype), case.X(np.dtype(dtype).type)
        assert_allclose(predicted(to_keras(model), X), model.predict(X), rtol=1e-5, atol=1e-6)


@by_name
def test_the_way_back_changes_no_bit(case: LayerCase) -> None:
    for dtype in ("float32", "float64"):
        model, X = model_of(case, dtype), case.X(np.dtype(dtype).type)
        theirs = to_keras(model)
        assert_same_model(from_keras(theirs), model, X)


@pytest.mark.parametrize("case", [c for c in CASES if c not in CONVERTED], ids=str)
def test_what_has_no_counterpart_is_named(case: LayerCase) -> None:
    model = model_of(case)
    with pytest.raises(ConfigError, match=r"no counterpart in Keras: .*Layers that have one: .*Dense") as caught:
        to_keras(model)
    assert any(type(layer).__name__ in str(caught.value) for layer in model.walk())


def residual_network() -> keras.Model:
    """A network as its user writes it: named layers, a nested model, additions and a concatenation."""
    x = keras.Input((9, 9, 2))
    y = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    y = keras.layers.Conv2D(4, 2, strides=1, activation="relu", kernel_regularizer="l2")(y)
    z = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, padding="same")(y))
    y = keras.layers.ReLU()(keras.layers.add([y, z]))
    z = keras.Sequential([keras.Input((9, 9, 4)), keras.layers.Conv2D(3, 1), keras.layers.LeakyReLU()])(y)
    w = keras.layers.MaxPooling2D(3, 1, padding="same")(y)
    y = keras.layers.Concatenate()([z, w, y[..., 1:3]])
    y = keras.layers.Conv2D(2, 3, activation="leaky_relu", kernel_constraint="max_norm")(y)
    y = keras.layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, keras.layers.Dense(3, activation="softmax", name="answer")(y))


def test_layers_named_by_their_activation() -> None:
    theirs = stacked(L.Dense(4), L.Softmax(), L.Dense(3), L.Identity(), L.ELU(0.3), shape=(5,))
    X = np.random.default_rng(0).standard_normal((5, 5)).astype(np.float32)
    assert_allclose(from_keras(theirs).predict(X), predicted(theirs, X), rtol=1e-5, atol=1e-6)


def test_a_network_of_plain_layers() -> None:
    theirs = residual_network()
    X = np.random.default_rng(0).standard_normal((5, 9, 9, 2)).astype(np.float32)
    theirs(X, training=True)
    model = from_keras(theirs)
    assert_allclose(model.predict(X), predicted(theirs, X), rtol=1e-5, atol=1e-6)
    assert [type(layer).__name__ for layer in model.layers] == [
        *("Conv2D", "Residual", "ReLU", "Branches", "Conv2D", "GlobalAveragePooling2D", "Dense")
    ]
    assert model.layers[0].padding == "same"
    assert model.layers[0].kernel_regularizer.l2 == 0.01
    assert isinstance(model.layers[4].kernel_constraint, mathnn.MaxNorm)


def test_cost_and_training_agree() -> None:
    layers = [
        mathnn.Dense(4, "tanh", kernel_regularizer=mathnn.L2(0.1), bias_regularizer=mathnn.L1(0.05)),
        mathnn.ActivityRegularization(0.01, 0.02),
        mathnn.Residual(mathnn.Dense(4, "sigmoid", trainable=False)),
        mathnn.Dense(2, kernel_constraint=mathnn.UnitNorm()),
    ]
    model = Sequential(layers, seed=0, input_shape=(3,), dtype="float32")
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((2, 8, 3)).astype(np.float32)
    y = y[:, :2]
    model.compile(mathnn.SGD(0.1), "mse")
    theirs = to_keras(model)
    theirs.compile(keras.optimizers.SGD(0.1), "mse")
    for _ in range(3):
        ours = model.train_step(X, y)["loss"]
        assert_allclose(theirs.train_on_batch(X, y), ours, rtol=1e-5)
    assert_allclose(from_keras(theirs).theta, model.theta, rtol=1e-4, atol=1e-6)


def test_a_converted_model_is_saved_like_any_other(tmp_path: Path) -> None:
    for name in ("inception block", "gelu approximate", "characters"):
        case = next(c for c in CASES if c.name == name)
        model, X = to_keras(model_of(case, "float32")), case.X(np.float32)
        model.save(tmp_path / "net.keras")
        again = keras.models.load_model(tmp_path / "net.keras")
        assert_allclose(predicted(again, X), predicted(model, X), rtol=1e-6)
        assert_same_model(from_keras(again), model_of(case, "float32"), X)


def stacked(*made: keras.layers.Layer, shape: tuple[int, ...] = (4, 6, 2)) -> keras.Model:
    """Layers on an input."""
    return keras.Sequential([keras.Input(shape), *made])


def shared_layer() -> keras.Model:
    """One layer in two places."""
    x, dense = keras.Input((3,)), keras.layers.Dense(3)
    return keras.Model(x, dense(dense(x)))


def two_inputs() -> keras.Model:
    """A sum of two inputs."""
    x, y = keras.Input((3,)), keras.Input((3,))
    return keras.Model([x, y], keras.layers.add([x, y]))


def product() -> keras.Model:
    """A product of two paths."""
    x = keras.Input((3,))
    return keras.Model(x, keras.layers.multiply([x, keras.layers.Dense(3)(x)]))


def rows() -> keras.Model:
    """A slice that is not one of features."""
    x = keras.Input((3, 2))
    return keras.Model(x, x[:, 1:])


def rows_below() -> keras.Model:
    """Two copies, one below the other."""
    x = keras.Input((3, 2))
    return keras.Model(x, keras.layers.Concatenate(axis=1)([x, keras.layers.ReLU()(x)]))


L = keras.layers
WRONG = {
    "no layer for it": lambda: stacked(L.SpatialDropout2D(0.1)),
    "channels_first": lambda: stacked(L.Conv2D(2, 1, data_format="channels_first")),
    "used twice": shared_layer,
    "2 inputs": two_inputs,
    "joins paths by Add": product,
    "only features": rows,
    "no activation mish": lambda: stacked(L.Dense(2, activation="mish")),
    "no regularizer Orthogonal": lambda: stacked(
        L.Dense(2, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())
    ),
    "no constraint NonNeg": lambda: stacked(L.Dense(2, kernel_constraint="non_neg")),
    "recurrent_dropout": lambda: stacked(L.LSTM(2, recurrent_dropout=0.1), shape=(4, 2)),
    "mask_zero": lambda: stacked(L.Embedding(3, 2, mask_zero=True), shape=(4,)),
    "not axis=1": lambda: stacked(L.BatchNormalization(axis=1)),
    "join along the last axis": rows_below,
    "Softmax .* last axis": lambda: stacked(L.Softmax(axis=1)),
    "max\\(0, z\\)": lambda: stacked(L.ReLU(max_value=6)),
    "only before a Conv2D": lambda: stacked(L.ZeroPadding2D(1), L.MaxPooling2D()),
    "alike on both sides or": lambda: stacked(L.ZeroPadding2D(((2, 0), (0, 0))), L.Conv2D(1, 2)),
    "cuts off alike": lambda: stacked(L.Conv2DTranspose(1, 3), L.Cropping2D(((1, 0), (0, 0)))),
    "no activation in between": lambda: stacked(L.Conv2DTranspose(1, 3, activation="relu"), L.Cropping2D(1)),
    "outermost pixels": lambda: stacked(L.AveragePooling2D(4, 1, padding="same")),
    "several dtypes": lambda: stacked(L.Dense(2, dtype="float64"), L.Dense(2)),
    "that is built": lambda: keras.Sequential([L.Dense(2)]),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_mathnn_lacks_is_refused(message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_keras(WRONG[message]())


def test_an_unbuilt_model_and_what_is_none_are_refused() -> None:
    with pytest.raises(StateError, match="is not built"):
        to_keras(Sequential([mathnn.Dense(2)]))
    with pytest.raises(ConfigError, match="takes a model or a layer"):
        to_keras(stacked(L.Dense(2)))
    noisy = Sequential([mathnn.GaussianNoise(1.5)], input_shape=(3,))
    with pytest.raises(ConfigError, match="stddev is 1 at most"):
        to_keras(noisy)
    with pytest.raises(ConfigError, match="no activation step"):
        to_keras(Sequential([mathnn.Dense(2, "step")], input_shape=(3,)))
    with pytest.raises(ConfigError, match=r"no activation LeakyReLU\(\) by name"):
        to_keras(Sequential([mathnn.LSTM(2, "leaky_relu")], input_shape=(3, 1)))


def test_on_another_backend_means_are_carried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Sequential([mathnn.AveragePooling2D(4, 1, padding="same")], input_shape=(5, 5, 1), dtype="float32")
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    theirs = to_keras(model)
    assert isinstance(from_keras(theirs).layers[0], mathnn.AveragePooling2D)
