"""Layers as targets: each that is registered, with the arguments of its case in ``tests/layer_cases.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import mathnn
from mathnn.layers import Container, Layer, registry
from tests.fuzz.property import Target
from tests.layer_cases import LAYER_CASES, LayerCase

__all__ = ["LAYERS"]


def first_cases() -> list[LayerCase]:
    """One case for each class of layer."""
    cases: dict[type, LayerCase] = {}
    for case in LAYER_CASES:
        cases.setdefault(type(case.make()), case)
    cases.pop(mathnn.AuxiliaryHead)  # its case is handed targets by hand; below it is tried in a model
    return list(cases.values())


def fresh(value: Any) -> Any:
    """The same argument for another object: a layer belongs to one."""
    if isinstance(value, Layer):
        return value.copy()
    return [fresh(item) for item in value] if isinstance(value, list) else value


def through(layer: Layer, X: Any) -> Any:
    """Output and gradients of a layer; ones come back."""
    Y = layer.forward(X, training=True, cache=True)
    dX = layer.backward(np.ones_like(Y))
    return layer.forward(X), Y, dX, [p.gradient for p in layer.parameters], layer.get_weights()


def trained_through(case: LayerCase, **arguments: Any) -> Any:
    """Make a layer with these arguments, train it a step inside a model, and look at it."""
    cls = type(case.make())
    layer = cls.from_config(arguments)
    assert repr(layer)
    if isinstance(layer, mathnn.Sequential):
        layer = mathnn.Dense(2)
    model = mathnn.Sequential([layer, mathnn.Flatten(), mathnn.Dense(1)], seed=0)
    X, y = case.X(), np.ones(case.m)
    model.compile("sgd", "mse")
    return model.train_step(X, y), model.predict(X), model.evaluate(X, y), model.theta


def layer_targets() -> Iterator[Target]:
    """Constructor, forward, backward, build and set_weights of each."""
    for case in first_cases():
        layer, name = case.built(), type(case.make()).__name__
        Y = layer.forward(case.X(), training=True)

        def backward(dY: Any, need_dX: Any, layer: Layer = layer, case: LayerCase = case) -> Any:
            layer.forward(case.X(), training=True, cache=True)
            return layer.backward(dY, need_dX), [p.gradient for p in layer.parameters]

        def build(shape: Any, rng: Any, dtype: Any, case: LayerCase = case) -> Any:
            layer = case.make()
            output = layer.build(shape, rng, dtype)
            return output and [p.value for p in layer.parameters]

        def weights(weights: Any, case: LayerCase = case) -> Any:
            layer = case.built()
            layer.set_weights(weights)
            return layer.get_weights()

        config = lambda case=case: {k: fresh(v) for k, v in case.make().config.items()}
        if not isinstance(layer, mathnn.Sequential):
            yield Target(f"{name}.__init__", lambda case=case, **a: trained_through(case, **a), config)
        yield Target(
            f"{name}.forward",
            lambda X, case=case: through(case.built(), X),
            lambda case=case: {"X": case.X()},
            moderate=True,
        )
        single = lambda X, case=case: through(case.built(np.float32), X)
        yield Target(f"{name}.forward in float32", single, lambda case=case: {"X": case.X(np.float32)}, moderate=True)
        gradient = lambda shape=Y.shape: {"dY": np.ones(shape), "need_dX": True}
        yield Target(f"{name}.backward", backward, gradient, moderate=True)
        shape = lambda case=case: {"shape": case.shape, "rng": np.random.default_rng(0), "dtype": np.float64}
        yield Target(f"{name}.build", build, shape)
        yield Target(f"{name}.set_weights", weights, lambda layer=layer: {"weights": layer.get_weights()})
    yield Target("layers.get", lambda which: mathnn.layers.get(which) and 1, lambda: {"which": "flatten"})


def auxiliary(**arguments: Any) -> Any:
    """Train a model with an auxiliary head a step."""
    model = mathnn.Sequential([mathnn.AuxiliaryHead(**arguments), mathnn.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    X = np.random.default_rng(0).standard_normal((4, 3))
    return model.train_step(X, np.ones(4)), model.predict(X), model.evaluate(X, np.ones(4))


def head() -> dict[str, Any]:
    return {"layers": [mathnn.Dense(1)], "loss": "mse", "weight": 0.3, "name": "head", "trainable": True}


def parameter(value: Any, new: Any) -> Any:
    """A parameter that is set."""
    p = mathnn.Parameter("w", value)
    p.value = new
    p.gradient = new
    return p.value, p.gradient, p.size


def more() -> Iterator[Target]:
    yield Target("AuxiliaryHead", auxiliary, head)
    yield Target("Parameter", parameter, lambda: {"value": np.ones(3), "new": np.zeros(3)})


LAYERS = [*layer_targets(), *more()]
Use = Callable[..., Any]
assert all(issubclass(cls, Layer) for cls in registry.items())
assert issubclass(mathnn.Sequential, Container)
