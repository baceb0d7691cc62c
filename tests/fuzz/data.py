"""Preprocessing, data sets, the perceptron and the Boltzmann machines as targets."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from mathnn import DBN, PCA, RBM, Dense, Normalizer, Perceptron, Standardizer, datasets, perceptron
from mathnn import preprocessing as pre
from tests.fuzz.property import Target

__all__ = ["DATA"]


def X(m: int = 6, d: int = 3) -> np.ndarray:
    return np.random.default_rng(4).standard_normal((m, d))


def images() -> np.ndarray:
    return np.random.default_rng(5).random((3, 4, 5))


def classes(m: int = 6) -> np.ndarray:
    return np.arange(m) % 2


def preprocessing_targets() -> Iterator[Target]:
    split = lambda **a: pre.train_test_split(a.pop("X"), a.pop("y"), **a)
    how = {"test_size": 0.5, "shuffle": True, "seed": 0}
    shuffled = lambda: {"X": X(), "y": classes(), "stratify": classes()} | how
    yield Target("train_test_split", split, shuffled, keeps=True)
    batches = lambda **a: [part.shape for both in pre.minibatches(a.pop("X"), a.pop("y"), **a) for part in both]
    size = {"batch_size": 4, "shuffle": True, "drop_last": False, "seed": 0}
    yield Target("minibatches", batches, lambda: {"X": X(), "y": classes()} | size)
    whole = lambda result, arguments: bool((np.sum(result, axis=-1) == 1).all())
    yield Target("one_hot", pre.one_hot, lambda: {"y": classes(), "num_classes": 3, "dtype": np.float32}, check=whole)
    for scale in (pre.standardize, pre.normalize):
        both = lambda X, other, per_feature, scale=scale: scale(X, other, per_feature=per_feature)
        yield Target(scale.__name__, both, lambda: {"X": X(), "other": X(2), "per_feature": True})
    for cls, arguments in (
        (Standardizer, {"per_feature": False}),
        (Normalizer, {"per_feature": True}),
        (PCA, {"n_components": 2, "whiten": True}),
    ):

        def there_and_back(data: Any, new: Any, cls: Any = cls, **arguments: Any) -> Any:
            fitted = cls(**arguments).fit(data)
            Z = fitted.transform(new)
            return Z, fitted.inverse_transform(Z), cls(**arguments).fit_transform(data)

        def back(Z: Any, cls: Any = cls, arguments: Any = arguments) -> Any:
            return cls(**arguments).fit(X()).inverse_transform(Z)

        given = lambda arguments=arguments: {"data": X(), "new": X(2)} | arguments
        yield Target(cls.__name__, there_and_back, given)
        wide = 2 if cls is PCA else 3
        yield Target(f"{cls.__name__}.inverse_transform", back, lambda wide=wide: {"Z": X(2, wide)})
    yield Target(
        "shift_images", pre.shift_images, lambda: {"images": images(), "down": 1, "right": -1, "fill": 0.5}, keeps=True
    )
    each = lambda: {"images": images(), "down": np.array([0, 1, 2]), "right": np.array([1, 0, -1])}
    yield Target("shift_images, each", pre.shift_images, each, keeps=True)
    yield Target(
        "flip_images", pre.flip_images, lambda: {"images": images(), "horizontal": True, "vertical": False}, keeps=True
    )
    some = np.array([True, False, True])
    yield Target(
        "flip_images, each", pre.flip_images, lambda: {"images": images(), "horizontal": some.copy()}, keeps=True
    )
    yield Target(
        "random_shifts",
        pre.random_shifts,
        lambda: {"images": images(), "pixels": 2, "fill": 0.0, "seed": 0},
        keeps=True,
    )
    chances = lambda: {"images": images(), "horizontal": 0.5, "vertical": 0.5, "seed": 0}
    yield Target("random_flips", pre.random_flips, chances, keeps=True)


#: Small arguments for the generators whose defaults are large, and names where one is needed.
DATASETS: dict[str, dict[str, Any]] = {
    "gates": {"name": "and"},
    "characters": {"length": 40, "step": 400},
    "adding_problem": {"n_samples": 5, "length": 6},
    "bars_and_stripes": {"size": 2, "n_samples": 4},
}
#: These fetch files; tests/test_datasets.py has a server for them.
FETCHED = {"mnist", "fashion_mnist"}


def dataset_targets() -> Iterator[Target]:
    for name in datasets.__all__:
        make = getattr(datasets, name)
        if name in FETCHED or isinstance(make, type):
            continue
        defaults = {p.name: p.default for p in inspect.signature(make).parameters.values()}
        if "n_samples" in defaults:
            defaults["n_samples"] = 12

        def drawn(make: Any = make, **arguments: Any) -> Any:
            data = make(**arguments)
            return data if isinstance(data, str) else (data.X, data.y, repr(data))

        yield Target(f"datasets.{name}", drawn, lambda name=name, given=defaults: given | DATASETS.get(name, {}))


def perceptron_targets() -> Iterator[Target]:
    def learnt(X: Any, y: Any, new: Any, learning_rate: Any, max_epochs: Any, warn: Any) -> Any:
        model = Perceptron(learning_rate, max_epochs, warn).fit(X, y)
        assert repr(model)
        return model.predict(new), model.decision_function(new), model.score(X, y), model.margin(X, y), model.weights

    settings = {"learning_rate": 0.5, "max_epochs": 5, "warn": True}
    data = lambda: {"X": X(), "y": (X()[:, 0] > 0).astype(int)}
    yield Target("Perceptron", learnt, lambda: data() | {"new": X(2)} | settings)
    yield Target("max_margin", perceptron.max_margin, lambda: data() | {"tolerance": 1e-6, "max_iterations": 50})
    yield Target("separable", perceptron.separable, data)
    line = lambda: data() | {"weights": np.array([1.0, 0.0, 0.0]), "bias": 0.0}
    yield Target("novikoff_bound", perceptron.novikoff_bound, line, infinite=True)


def boltzmann_targets() -> Iterator[Target]:
    bits = lambda m=4, d=3: np.random.default_rng(1).integers(0, 2, (m, d)).astype(float)
    settings = {
        "units": 2,
        "k": 1,
        "persistent": True,
        "learning_rate": 0.1,
        "momentum": 0.5,
        "weight_decay": 0.01,
        "kernel_initializer": "normal",
        "seed": 0,
    }
    fitting = {"epochs": 2, "batch_size": 2}

    def rbm(V: Any, epochs: Any, batch_size: Any, likelihood: Any, **arguments: Any) -> Any:
        machine = RBM(**arguments)
        history = machine.fit(V, epochs=epochs, batch_size=batch_size, likelihood=likelihood)
        assert repr(machine)
        return history.history, machine.theta, machine.log_partition()

    yield Target("RBM.fit", rbm, lambda: {"V": bits()} | fitting | {"likelihood": True} | settings)

    def dbn(V: Any, epochs: Any, batch_size: Any, **arguments: Any) -> Any:
        machine = DBN(**arguments)
        machine.fit(V, epochs=epochs, batch_size=batch_size)
        assert repr(machine)
        return machine.transform(V), machine.reconstruct(V), machine.sample(2, 1)

    yield Target("DBN.fit", dbn, lambda: {"V": bits()} | fitting | settings | {"units": [3, 2]})

    def small(build: bool = True) -> RBM:
        machine = RBM(2, seed=0)
        machine.build(3)
        return machine

    takes: dict[str, Any] = {
        "energy": lambda: {"V": bits(), "H": bits(4, 2)},
        "free_energy": lambda: {"V": bits()},
        "hidden_probabilities": lambda: {"V": bits()},
        "visible_probabilities": lambda: {"H": bits(4, 2)},
        "reconstruct": lambda: {"V": bits()},
        "gibbs": lambda: {"V": bits(), "steps": 1},
        "sample": lambda: {"n_samples": 2, "steps": 3},
        "log_likelihood": lambda: {"V": bits()},
        "exact_gradient": lambda: {"V": bits()},
        "cd_gradient": lambda: {"V": bits(), "k": 1},
        "parts": lambda: {"theta": np.zeros(11)},
        "build": lambda: {"visible": 3, "dtype": np.float32},
    }
    for name, arguments in takes.items():
        yield Target(
            f"RBM.{name}", lambda name=name, **a: getattr(small(), name)(**a), arguments, keeps=name == "parts"
        )

    def carried(head: Any, seed: Any) -> Any:
        machine = DBN([2], seed=0)
        machine.fit(bits(), epochs=1)
        return machine.to_sequential(head, seed).predict(bits())

    yield Target("DBN.to_sequential", carried, lambda: {"head": [Dense(1)], "seed": 0})
    for name in ("transform", "reconstruct"):

        def asked(V: Any, name: str = name) -> Any:
            machine = DBN([2], seed=0)
            machine.fit(bits(), epochs=1)
            return getattr(machine, name)(V)

        yield Target(f"DBN.{name}", asked, lambda: {"V": bits()})


DATA = [*preprocessing_targets(), *dataset_targets(), *perceptron_targets(), *boltzmann_targets()]
