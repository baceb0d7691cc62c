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

    def X(self, dtype: type = np.float64, seed: int = 1) -> np.ndarray:
        """A batch of normal numbers, away from the kinks at 0."""
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


def image_cases(cls: type, shape: tuple[int, ...], *arguments: dict[str, object]) -> list[LayerCase]:
    """One case for each set of arguments, on three images; "shape" in a set replaces theirs."""
    return [
        LayerCase(
            " ".join([snake_case(cls.__name__), *(f"{k}={v}" for k, v in one.items())]).replace("'", ""),
            lambda one=one: cls(**{k: v for k, v in one.items() if k != "shape"}),
            one.get("shape", shape),
            m=3,
        )
        for one in arguments
    ]


LAYER_CASES += image_cases(
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
)
LAYER_CASES += image_cases(
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
)
for pooling_class in (mathnn.MaxPooling2D, mathnn.AveragePooling2D, mathnn.StochasticPooling2D):
    LAYER_CASES += image_cases(pooling_class, (4, 6, 2), *POOLING)
LAYER_CASES += image_cases(mathnn.GlobalAveragePooling2D, (3, 4, 2), {}, {"keepdims": True})
LAYER_CASES += image_cases(
    mathnn.UpSampling2D, (2, 3, 2), {}, {"size": (1, 3)}, {"size": (3, 2), "interpolation": "bilinear"}
)
