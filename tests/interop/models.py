"""The models that every bridge is tried on: each layer case alone, and some networks of the usual kinds."""

from __future__ import annotations

import numpy as np

import mathnn
from mathnn import Sequential
from mathnn.interop.shared import Counterparts
from tests.layer_cases import LAYER_CASES, LayerCase

NETWORKS = [
    LayerCase(
        "mlp",
        lambda: mathnn.Chain([mathnn.Dense(8, "relu"), mathnn.Dropout(0.2), mathnn.Dense(3, "softmax")]),
        (5,),
    ),
    LayerCase(
        "lenet",
        lambda: mathnn.Chain(
            [
                mathnn.Conv2D(4, 3, padding="same", activation="tanh", bias_initializer="random_normal"),
                mathnn.MaxPooling2D(),
                mathnn.Conv2D(6, 2, activation="relu"),
                mathnn.BatchNormalization(moving_mean_initializer="random_normal"),
                mathnn.AveragePooling2D(2, padding="same"),
                mathnn.Flatten(),
                mathnn.Dropout(0.1),
                mathnn.Dense(7, "relu"),
                mathnn.Dense(3, "softmax"),
            ]
        ),
        (8, 6, 2),
    ),
    LayerCase(
        "flatten before a normalization",
        lambda: mathnn.Chain([mathnn.Flatten(), mathnn.BatchNormalization(), mathnn.Dense(2)]),
        (3, 2, 4),
    ),
    LayerCase(
        "dense and layer normalization on images",
        lambda: mathnn.Chain([mathnn.Dense(3, "softmax"), mathnn.LayerNormalization(), mathnn.Slice(0, 2)]),
        (4, 2, 2),
    ),
    LayerCase(
        "resnet block",
        lambda: mathnn.Chain(
            [
                mathnn.Residual(
                    mathnn.Conv2D(4, 3, padding="same", use_bias=False),
                    mathnn.BatchNormalization(),
                    mathnn.ReLU(),
                    mathnn.Conv2D(4, 3, padding="same", use_bias=False),
                    projection=mathnn.Conv2D(4, 1),
                ),
                mathnn.Residual(mathnn.Conv2D(4, 3, padding="same")),
                mathnn.GlobalAveragePooling2D(),
                mathnn.Dense(2),
            ]
        ),
        (4, 5, 3),
    ),
    LayerCase(
        "inception block",
        lambda: mathnn.Chain(
            [
                mathnn.Branches(
                    mathnn.Conv2D(2, 1),
                    [mathnn.Conv2D(2, 1), mathnn.Conv2D(3, 3, padding="same")],
                    [mathnn.MaxPooling2D(3, strides=1, padding="same"), mathnn.Conv2D(2, 1)],
                    [
                        mathnn.Branches(
                            [mathnn.Slice(0, 1)], [mathnn.Slice(1, 2), mathnn.Residual(mathnn.Tanh())], merge="add"
                        )
                    ],
                    [],
                ),
                mathnn.Conv2D(2, 2),
            ]
        ),
        (4, 4, 2),
    ),
    LayerCase(
        "generator",
        lambda: mathnn.Chain(
            [
                mathnn.Dense(2 * 3 * 4),
                mathnn.Reshape((2, 3, 4)),
                mathnn.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu"),
                mathnn.UpSampling2D(),
                mathnn.Conv2D(1, 3, padding="same", activation="sigmoid"),
            ]
        ),
        (5,),
    ),
    LayerCase(
        "characters",
        lambda: mathnn.Chain(
            [mathnn.Embedding(6, 3), mathnn.GRU(4, return_sequences=True), mathnn.LSTM(3), mathnn.Dense(6, "softmax")]
        ),
        (5,),
        symbols=6,
    ),
    LayerCase(
        "activations with arguments",
        lambda: mathnn.Chain(
            [
                mathnn.Dense(4, "leaky_relu"),
                mathnn.Dense(4, mathnn.activations.ELU(0.5)),
                mathnn.Dense(4, mathnn.activations.GELU(approximate=True)),
                mathnn.Dense(3, "selu"),
                mathnn.Dense(3, "log_softmax"),
            ]
        ),
        (4,),
    ),
    LayerCase(
        "recurrent without bias",
        lambda: mathnn.Chain(
            [
                mathnn.SimpleRNN(3, "relu", use_bias=False, return_sequences=True),
                mathnn.LSTM(3, use_bias=False, return_sequences=True, go_backwards=True),
                mathnn.GRU(2, use_bias=False),
            ]
        ),
        (4, 2),
    ),
    LayerCase(
        "transposed and cut off",
        lambda: mathnn.Chain(
            [
                mathnn.Conv2DTranspose(2, 4, strides=2, padding=1, activation="tanh"),
                mathnn.Conv2DTranspose(2, 2, strides=(3, 1), padding=(1, 0), activation="leaky_relu"),
                mathnn.Conv2DTranspose(1, 2, strides=3, padding="same"),
            ]
        ),
        (3, 2, 2),
    ),
    LayerCase(
        "frozen",
        lambda: mathnn.Chain(
            [mathnn.Dense(3, trainable=False), mathnn.BatchNormalization(trainable=False), mathnn.Dense(2)]
        ),
        (4,),
    ),
]
CASES = LAYER_CASES + NETWORKS


def model_of(case: LayerCase, dtype: str = "float64") -> Sequential:
    """The case as a model, built, with statistics that are not 0 and 1."""
    model = Sequential([case.make()], seed=0)
    model.build(case.shape, dtype=dtype)
    return model


def has_counterpart(table: Counterparts, case: LayerCase) -> bool:
    """Whether every layer of a case is of a class that has one."""
    return all(type(layer) in table.writers for layer in case.make().walk())


def noisy(case: LayerCase) -> bool:
    """Whether training draws numbers, which no other framework draws alike."""
    return any(layer.generators and not layer.sublayers for layer in case.built().walk())


def assert_same_model(a: Sequential, b: Sequential, X: np.ndarray) -> None:
    """Predictions, dtype and weights are the same to the bit."""
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a.predict(X), b.predict(X), strict=True)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    assert a._trainable_size == b._trainable_size
