"""Every layer with the arguments and input shapes that the suites try.

A new layer is covered by all suites once it has a case here; `test_every_layer_has_a_case` sees to it that it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import mathnn
from mathnn.configurable import snake_case
from mathnn.layers import Layer


@dataclass(frozen=True)
class LayerCase:
    """One layer to try."""

    name: str
    make: Callable[[], Layer]
    shape: tuple[int, ...]
    m: int = 5
    scale: float = 1.0
    symbols: int | None = None

    def X(self, dtype: type = np.float64, seed: int = 1) -> np.ndarray:
        """A batch of normal numbers, away from the kinks at 0; of integers below ``symbols`` for layers that count."""
        if self.symbols is not None:
            return np.random.default_rng(seed).integers(0, self.symbols, (self.m, *self.shape))
        X = self.scale * np.random.default_rng(seed).standard_normal((self.m, *self.shape))
        X += 0.05 * np.sign(X)
        return X.astype(dtype)

    def built(self, dtype: type = np.float64, seed: int = 0) -> Layer:
        """The layer, built."""
        layer = self.make()
        layer.build(self.shape, np.random.default_rng(seed), dtype)
        return layer

    def __str__(self) -> str:
        return self.name


class Energy:
    """A loss of the prediction alone, which fits a batch of any size."""

    def value_and_gradient(self, y: object, P: np.ndarray, weight: object = None) -> tuple[float, np.ndarray]:
        """The mean square of P."""
        return float((P**2).mean(dtype=np.float64)), 2 * P / P.size


def with_targets(head: mathnn.AuxiliaryHead) -> mathnn.AuxiliaryHead:
    """A head that has been handed a loss and targets, as the model does for each batch."""
    head.targets = Energy(), None, None
    return head


LAYER_CASES = [
    LayerCase("dense", lambda: mathnn.Dense(3), (4,)),
    LayerCase("dense without bias", lambda: mathnn.Dense(3, use_bias=False), (4,)),
    LayerCase("dense sigmoid", lambda: mathnn.Dense(3, activation="sigmoid"), (4,)),
    LayerCase("dense tanh", lambda: mathnn.Dense(3, activation="tanh"), (4,)),
    LayerCase("dense relu", lambda: mathnn.Dense(6, activation="relu"), (4,)),
    LayerCase("dense gelu", lambda: mathnn.Dense(3, activation="gelu"), (4,)),
    LayerCase("dense softmax", lambda: mathnn.Dense(3, activation="softmax"), (4,)),
    LayerCase("dense on sequences", lambda: mathnn.Dense(3, activation="silu"), (2, 4)),
    LayerCase("dense random bias", lambda: mathnn.Dense(3, bias_initializer="random_normal"), (4,)),
    LayerCase("activation", lambda: mathnn.Activation("softplus"), (2, 3)),
    LayerCase("sigmoid", mathnn.Sigmoid, (4,)),
    LayerCase("tanh", mathnn.Tanh, (4,)),
    LayerCase("relu", mathnn.ReLU, (4,)),
    LayerCase("leaky relu", lambda: mathnn.LeakyReLU(0.2), (4,)),
    LayerCase("elu", lambda: mathnn.ELU(1.5), (4,)),
    LayerCase("selu", mathnn.SELU, (4,)),
    LayerCase("gelu", mathnn.GELU, (4,)),
    LayerCase("gelu approximate", lambda: mathnn.GELU(approximate=True), (4,)),
    LayerCase("silu", mathnn.SiLU, (4,)),
    LayerCase("softplus", mathnn.Softplus, (4,)),
    LayerCase("hard sigmoid", mathnn.HardSigmoid, (4,)),
    LayerCase("softmax", mathnn.Softmax, (4,)),
    LayerCase("softmax on sequences", mathnn.Softmax, (3, 4)),
    LayerCase("log softmax", mathnn.LogSoftmax, (4,)),
    LayerCase("dropout", lambda: mathnn.Dropout(0.4), (6,)),
    LayerCase("dropout off", lambda: mathnn.Dropout(0), (6,)),
    LayerCase("flatten", mathnn.Flatten, (2, 3)),
    LayerCase(
        "chain",
        lambda: mathnn.Chain([mathnn.Dense(3, "tanh"), mathnn.Dropout(0.3), mathnn.Dense(2, "sigmoid")]),
        (4,),
    ),
    LayerCase(
        "sequential in a chain",
        lambda: mathnn.Chain([mathnn.Sequential([mathnn.Dense(3, "tanh")]), mathnn.Dense(2)]),
        (4,),
    ),
]


def cases_of(cls: type, shape: tuple[int, ...], *arguments: dict[str, object]) -> list[LayerCase]:
    """One case for each set of arguments, on three samples; "shape" in a set replaces theirs."""
    return [
        LayerCase(
            " ".join([snake_case(cls.__name__), *(f"{k}={v}" for k, v in one.items())]).replace("'", ""),
            lambda one=one: cls(**{k: v for k, v in one.items() if k != "shape"}),
            one.get("shape", shape),
            m=3,
        )
        for one in arguments
    ]


LAYER_CASES += cases_of(
    mathnn.Conv2D,
    (6, 5, 2),
    {"filters": 3, "kernel_size": 3},
    {"filters": 2, "kernel_size": 2, "use_bias": False, "padding": "same"},
    {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "tanh", "bias_initializer": "random_normal"},
    {"filters": 2, "kernel_size": (3, 2), "strides": 2, "padding": "same", "shape": (6, 5, 1)},
    {"filters": 2, "kernel_size": (2, 3), "strides": (1, 3), "padding": 1, "shape": (4, 7, 2)},
    {"filters": 2, "kernel_size": 2, "strides": 3, "shape": (7, 6, 2)},
    {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": (2, 0), "shape": (5, 6, 2)},
    {"filters": 2, "kernel_size": 2, "strides": 2, "dilation_rate": (2, 3), "padding": "same", "shape": (5, 6, 1)},
    {"filters": 4, "kernel_size": 2, "groups": 2, "padding": "same", "shape": (3, 4, 6)},
    {"filters": 6, "kernel_size": 3, "groups": 3, "strides": 2, "activation": "relu", "shape": (5, 5, 3)},
    {"filters": 3, "kernel_size": 1, "activation": "softmax", "shape": (3, 2, 4)},
    {"filters": 2, "kernel_size": 4, "shape": (4, 4, 4)},
    {"filters": 2, "kernel_size": (2, 5), "shape": (3, 8, 1)},
    {"filters": 9, "kernel_size": (1, 5), "padding": "same", "shape": (2, 6, 1)},
)
LAYER_CASES += cases_of(
    mathnn.Conv2DTranspose,
    (3, 4, 2),
    {"filters": 3, "kernel_size": 3},
    {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "sigmoid"},
    {"filters": 1, "kernel_size": 2, "strides": 3, "use_bias": False},
    {"filters": 2, "kernel_size": (4, 3), "strides": (2, 1), "padding": 1, "bias_initializer": "random_normal"},
    {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "padding": "same"},
    {"filters": 4, "kernel_size": 3, "groups": 2, "padding": "same", "shape": (3, 3, 6)},
)
POOLING = (
    {},
    {"pool_size": 2, "shape": (5, 7, 3)},
    {"pool_size": 3, "strides": 2},
    {"pool_size": (2, 3), "strides": (1, 2), "padding": "same"},
    {"pool_size": 3, "strides": 2, "padding": 1},
    {"pool_size": (1, 2), "strides": 3},
    {"pool_size": (2, 3), "strides": 2},
)
for pooling_class in (mathnn.MaxPooling2D, mathnn.AveragePooling2D, mathnn.StochasticPooling2D):
    LAYER_CASES += cases_of(pooling_class, (4, 6, 2), *POOLING)
LAYER_CASES += cases_of(mathnn.GlobalAveragePooling2D, (3, 4, 2), {}, {"keepdims": True})
LAYER_CASES += cases_of(
    mathnn.UpSampling2D, (2, 3, 2), {}, {"size": (1, 3)}, {"size": (3, 2), "interpolation": "bilinear"}
)

RANDOM_BIAS = {"bias_initializer": "random_normal"}
LAYER_CASES += cases_of(
    mathnn.SimpleRNN,
    (4, 2),
    {"units": 3},
    {"units": 2, "return_sequences": True, "activation": "sigmoid", **RANDOM_BIAS},
    {"units": 3, "use_bias": False, "activation": "gelu", "go_backwards": True},
    {"units": 2, "return_sequences": True, "go_backwards": True, "activation": "softmax", "shape": (3, 1)},
    {"units": 2, "mask_value": 0},
    {"units": 2, "mask_value": 0, "return_sequences": True, "shape": (3, 1)},
)
LAYER_CASES += cases_of(
    mathnn.JordanRNN,
    (4, 2),
    {"units": 3},
    {"units": 3, "output_units": 2, "output_activation": "sigmoid", "return_sequences": True, **RANDOM_BIAS},
    {"units": 2, "output_units": 3, "activation": "silu", "output_activation": "softmax", "use_bias": False},
    {"units": 2, "output_units": 1, "mask_value": 0, "return_sequences": True, "shape": (3, 2)},
)
LAYER_CASES += cases_of(
    mathnn.LSTM,
    (4, 2),
    {"units": 3},
    {"units": 2, "return_sequences": True, **RANDOM_BIAS},
    {"units": 2, "activation": "silu", "recurrent_activation": "softmax", "use_bias": False, "shape": (3, 2)},
    {"units": 2, "recurrent_activation": "gelu", "shape": (3, 2)},
    {"units": 2, "return_sequences": True, "go_backwards": True, "unit_forget_bias": False, "shape": (3, 2)},
    {"units": 2, "mask_value": 0, "shape": (2, 1)},
)
LAYER_CASES += cases_of(
    mathnn.GRU,
    (4, 2),
    {"units": 3},
    {"units": 2, "return_sequences": True, **RANDOM_BIAS},
    {"units": 2, "activation": "silu", "recurrent_activation": "softmax", "use_bias": False, "shape": (3, 2)},
    {"units": 2, "recurrent_activation": "gelu", "shape": (3, 2)},
    {"units": 2, "return_sequences": True, "go_backwards": True, "shape": (3, 2)},
    {"units": 3, "reset_after": False, **RANDOM_BIAS},
    {"units": 2, "reset_after": False, "activation": "silu", "recurrent_activation": "softmax"},
    {"units": 2, "reset_after": False, "recurrent_activation": "gelu", "return_sequences": True, "shape": (3, 2)},
    {"units": 2, "reset_after": False, "use_bias": False, "mask_value": 0, "shape": (2, 2)},
)
SPREAD = mathnn.RandomUniform(0.5, 1.5)
AFFINE = {"gamma_initializer": SPREAD, "beta_initializer": "random_normal"}
LAYER_CASES += cases_of(
    mathnn.BatchNormalization,
    (2, 3, 4),
    {},
    {**AFFINE, "moving_mean_initializer": "random_normal", "moving_variance_initializer": SPREAD, "shape": (3, 4)},
    {"center": False, "epsilon": 0.1, "gamma_initializer": SPREAD},
    {"scale": False, "momentum": 0.5},
    {"center": False, "scale": False, "moving_variance_initializer": SPREAD},
    {"trainable": False, "moving_variance_initializer": SPREAD, **AFFINE},
)
LAYER_CASES.append(LayerCase("batch_normalization dense", lambda: mathnn.BatchNormalization(**AFFINE), (4,)))
LAYER_CASES += cases_of(
    mathnn.LayerNormalization,
    (5,),
    {},
    AFFINE,
    {"center": False, "epsilon": 0.1, "gamma_initializer": SPREAD, "shape": (2, 4)},
    {"scale": False, "shape": (2, 2, 3)},
    {"center": False, "scale": False},
)
LAYER_CASES += cases_of(mathnn.GaussianNoise, (3, 2), {"stddev": 0.4}, {"stddev": 0})
LAYER_CASES += cases_of(
    mathnn.Reshape, (2, 6), {"target_shape": (3, -1)}, {"target_shape": (2, 2, 3)}, {"target_shape": 12}
)
LAYER_CASES += [
    LayerCase("embedding", lambda: mathnn.Embedding(7, 3), (4,), symbols=5),
    LayerCase("embedding of single symbols", lambda: mathnn.Embedding(3, 2, "ones"), (1,), m=6, symbols=3),
    LayerCase("embedding mask_zero", lambda: mathnn.Embedding(4, 2, mask_zero=True), (3, 2), symbols=4),
    LayerCase(
        "embedding and lstm", lambda: mathnn.Chain([mathnn.Embedding(6, 3), mathnn.LSTM(2)]), (5,), m=3, symbols=6
    ),
    LayerCase("residual", lambda: mathnn.Residual(mathnn.Dense(4, "tanh"), mathnn.Dense(4)), (4,)),
    LayerCase("residual of one layer", lambda: mathnn.Residual(mathnn.Dense(4, "sigmoid")), (4,)),
    LayerCase(
        "residual with projection",
        lambda: mathnn.Residual(mathnn.Dense(3, "tanh"), projection=mathnn.Dense(3, use_bias=False)),
        (4,),
    ),
    LayerCase(
        "branches concat",
        lambda: mathnn.Branches(mathnn.Dense(3, "tanh"), [], [mathnn.Dense(2), mathnn.Sigmoid()]),
        (4,),
    ),
    LayerCase(
        "branches add",
        lambda: mathnn.Branches(mathnn.Dense(4, "tanh"), mathnn.Dense(4), [], merge="add"),
        (4,),
    ),
    LayerCase("branches on sequences", lambda: mathnn.Branches(mathnn.Dense(3, "tanh"), []), (2, 4)),
    LayerCase("branches that change nothing", lambda: mathnn.Branches([], [], merge="add"), (4,)),
    LayerCase("branches of one path", lambda: mathnn.Branches(mathnn.Dense(3, "tanh"), merge="add"), (4,)),
    LayerCase("slice", lambda: mathnn.Slice(1, 3), (4,)),
    LayerCase("slice from the end", lambda: mathnn.Slice(-2), (2, 3)),
    LayerCase("activity regularization", lambda: mathnn.ActivityRegularization(0.3, 0.2), (4,)),
    LayerCase("auxiliary head", lambda: with_targets(mathnn.AuxiliaryHead([mathnn.Dense(2, "tanh")])), (4,)),
]
