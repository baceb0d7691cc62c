"""Every layer with the arguments and input shapes that the suites try.

A new layer is covered by all suites once it has a case here; `test_every_layer_has_a_case` sees to it that it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import mathnn
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
