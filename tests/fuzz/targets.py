"""What is tried, made from the registries: a new class is tried once it is registered."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import mathnn
from mathnn import activations, constraints, initializers, losses, metrics, optimizers, regularizers, schedules
from mathnn.configurable import Configurable, Registry
from mathnn.errors import MathnnError
from tests.fuzz.property import Target

__all__ = ["PARTS", "constructor_arguments"]

#: A valid value for every argument that a constructor cannot do without.
REQUIRED: dict[str, Any] = {
    "initial_learning_rate": 0.1,
    "max_learning_rate": 0.1,
    "decay_steps": 10,
    "first_decay_steps": 10,
    "decay_rate": 0.5,
    "boundaries": [1.0, 2.0],
    "values": [0.1, 0.2, 0.3],
    "total_steps": 20,
}


def constructor_arguments(cls: type[Configurable]) -> dict[str, Any]:
    """The arguments that make an object of that class, the optional ones at their defaults."""
    parameters = inspect.signature(cls).parameters.values() if cls.argument_names() else ()
    return {p.name: REQUIRED[p.name] if p.default is inspect.Parameter.empty else p.default for p in parameters}


def numbers(shape: tuple[int, ...] = (4, 3), seed: int = 1, dtype: Any = np.float64) -> np.ndarray:
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def made(cls: type[Configurable], use: Callable[[Any], Any], **more: Any) -> Target:
    """A target that makes an object, describes it, makes it again from its configuration and uses it."""

    def make(**arguments: Any) -> Any:
        first = cls.from_config(arguments)
        assert repr(first)
        return use(cls.from_config(first.config))

    return Target(f"{cls.__name__}.__init__", make, lambda: constructor_arguments(cls), **more)


def classes(registry: Registry[Any]) -> list[Any]:
    """The classes of a registry, of which some hold instances."""
    return [item if isinstance(item, type) else type(item) for item in registry.items()]


def same_shape(name: str) -> Callable[[Any, dict[str, Any]], bool]:
    """A check: the result has the shape of that argument, and its dtype if that is float32."""

    def check(result: Any, arguments: dict[str, Any]) -> bool:
        given = np.asarray(arguments[name])
        kept = given.dtype.kind == "f" and given.dtype.itemsize == 4
        return np.shape(result) == given.shape and result.dtype == (np.float32 if kept else np.float64)

    return check


# --- activations, regularizers, constraints, initializers -------------------------------------------------------------


def activation_targets() -> Iterator[Target]:
    for f in activations.registry.items():
        slope = "jacobian" if hasattr(f, "jacobian") else "derivative"
        shape = same_shape("z") if slope == "derivative" else lambda result, arguments: True
        for dtype in (np.float64, np.float32):
            one = lambda dtype=dtype: {"z": numbers(dtype=dtype)}
            # The limit at ±inf and NaN for NaN are documented.
            yield Target(f.name, f, one, infinite=True, check=same_shape("z"))
            yield Target(f"{f.name}.{slope}", getattr(f, slope), one, infinite=True, check=shape)
        yield made(type(f), lambda f: (f(numbers()), f.name))
    yield Target("activations.get", lambda which: activations.get(which)(numbers()), lambda: {"which": "relu"})


def weight_targets() -> Iterator[Target]:
    for cls in classes(regularizers.registry):
        yield Target(cls.__name__, cls(), lambda: {"w": numbers()})
        yield Target(f"{cls.__name__}.gradient", cls().gradient, lambda: {"w": numbers()}, check=same_shape("w"))
        yield made(cls, lambda f: (f(numbers()), f.gradient(numbers())))
    for cls in classes(constraints.registry):
        yield Target(cls.__name__, cls(), lambda: {"w": numbers()}, check=same_shape("w"))
        yield made(cls, lambda f: f(numbers()))
    for cls in classes(initializers.registry):
        given = lambda: {"shape": (4, 3), "rng": 0, "dtype": np.float32}
        yield Target(cls.__name__, cls(), given)
        yield made(cls, lambda f: f((4, 3), 0))
    yield Target("fans", initializers.fans, lambda: {"shape": (4, 3)})
    for module in (regularizers, constraints):
        get = module.get
        yield Target(f"{module.__name__}.get", lambda which, get=get: get(which) and 1, lambda: {"which": None})
    yield Target("initializers.get", lambda which: initializers.get(which)((2, 2), 0), lambda: {"which": "zeros"})


# --- losses and metrics -----------------------------------------------------------------------------------------------

ROWS = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1], [0.25, 0.5, 0.25]])
#: Targets and predictions of each kind that there is, of which every loss and metric takes one.
PAIRS: list[tuple[Any, Any]] = [
    (np.eye(3)[[1, 2, 0, 1]], ROWS),
    (np.array([1, 2, 0, 1]), ROWS),
    (np.array([[1.0], [0.0], [1.0], [0.0]]), np.array([[0.7], [0.2], [0.6], [0.9]])),
]


def pair_for(compare: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """The first pair that is taken."""
    for y, p in PAIRS:
        with contextlib.suppress(MathnnError):
            compare(y, p)
            return y, p
    raise AssertionError(f"{compare!r} takes none of the pairs: add one for it")


def pairs(compare: Callable[[Any, Any], Any], dtype: Any = np.float64) -> Callable[[], dict[str, Any]]:
    """The arguments of a loss or metric."""
    y, p = pair_for(compare)
    return lambda: {"y_true": y.copy(), "y_pred": p.astype(dtype), "sample_weight": np.array([1.0, 0.5, 2.0, 1.0])}


def comparison_targets() -> Iterator[Target]:
    for cls in classes(losses.registry):
        name, loss = cls.__name__, cls()
        for dtype in (np.float64, np.float32):
            yield Target(name, loss, pairs(loss, dtype))
            yield Target(f"{name}.gradient", loss.gradient, pairs(loss, dtype), check=same_shape("y_pred"))
        y, p = pair_for(loss)
        yield made(cls, lambda loss, y=y, p=p: (loss(y, p), loss.gradient(y, p)))
        yield Target(
            f"{name}.check_targets",
            lambda loss=loss, **arguments: loss.check_targets(**arguments),
            lambda y=y, p=p: {"y": y.copy(), "output_shape": p.shape[1:], "dtype": np.float64},
            fixed=frozenset(["output_shape", "dtype"]),
        )
    for cls in classes(metrics.registry):
        metric = cls()
        yield Target(cls.__name__, metric, pairs(metric))
        yield Target(f"{cls.__name__}.update", lambda cls=cls, **batch: streamed(cls(), batch), pairs(metric))
        y, p = pair_for(metric)
        yield made(cls, lambda metric, y=y, p=p: metric(y, p))
    classified = lambda: {"y_true": np.array([0, 1, 2]), "y_pred": np.array([0, 2, 2]), "num_classes": 3}
    weighed = lambda: classified() | {"sample_weight": np.array([1.0, 2.0, 0.5]), "threshold": 0.5}
    yield Target("confusion_matrix", metrics.confusion_matrix, weighed)
    binary = lambda: {"y_true": np.array([0, 1, 1]), "y_pred": np.array([0.2, 0.7, 0.1]), "threshold": 0.5}
    yield Target("confusion_matrix of scores", metrics.confusion_matrix, binary)
    yield Target("losses.get", lambda which: losses.get(which).name and 1, lambda: {"which": "mse"})
    yield Target("metrics.get", lambda which: metrics.get(which).name and 1, lambda: {"which": "f1"})
    yield Target(
        "metrics.resolve", lambda which: metrics.resolve(which, losses.Hinge()).name and 1, lambda: {"which": "acc"}
    )


def streamed(metric: metrics.Metric, batch: dict[str, Any]) -> float:
    """What a metric says of a batch seen twice."""
    metric.update(**batch)
    metric.update(**batch)
    return metric.result()


# --- optimizers and schedules -----------------------------------------------------------------------------------------


def optimizer_targets() -> Iterator[Target]:
    for cls in classes(optimizers.registry):

        def steps(theta: Any, gradient: Any, cls: Any = cls) -> Any:
            optimizer = cls()
            optimizer.step(theta, gradient)
            optimizer.step(theta, gradient)
            return theta, optimizer.state, optimizer.current_rate()

        def state(saved: Any, cls: Any = cls) -> Any:
            optimizer, theta = cls(), np.ones(3)
            optimizer.state = saved
            optimizer.step(theta, np.ones(3))
            return theta

        def start(cls: Any = cls) -> dict[str, Any]:
            optimizer = cls()
            optimizer.step(np.ones(3), np.ones(3))
            return {"saved": optimizer.state}

        def use(optimizer: Any) -> Any:
            theta = np.ones(3)
            optimizer.step(theta, np.array([1.0, -2.0, 0.0]))
            return theta, optimizer.state

        vectors = lambda: {"theta": numbers((5,)), "gradient": numbers((5,), 2)}
        yield Target(f"{cls.__name__}.step", steps, vectors, writes=frozenset(["theta"]), moderate=True)
        yield Target(f"{cls.__name__}.state", state, start)
        yield made(cls, use)
    yield Target("optimizers.get", lambda which: optimizers.get(which).iterations, lambda: {"which": "adam"})
    for cls in classes(schedules.registry):
        schedule = cls.from_config(constructor_arguments(cls))
        yield Target(cls.__name__, schedule, lambda: {"step": 3})
        yield made(cls, lambda schedule: [schedule(0), schedule(7), schedule(50.5), schedule(10**9)])
    yield Target("schedules.get", lambda which: schedules.get(which)(1), lambda: {"which": mathnn.CosineDecay(0.1, 10)})


PARTS = [*activation_targets(), *weight_targets(), *comparison_targets(), *optimizer_targets()]
