"""Models as targets: made, trained, asked, looked into, saved and loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import mathnn
from mathnn import Adam, Dense, Dropout, LambdaCallback, Sequential, autodiff, callbacks, explain, serialization
from mathnn.exercises import catalogue, check
from mathnn.flat import FlatChain
from tests.fuzz.property import Target

__all__ = ["MODELS"]


def features(m: int = 8, d: int = 3, dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(4).standard_normal((m, d)).astype(dtype)


def labels(m: int = 8, k: int = 3) -> np.ndarray:
    return np.arange(m) % k


def regression(dtype: Any = np.float64) -> Sequential:
    model = Sequential([Dense(4, "tanh"), Dropout(0.2), Dense(1)], seed=0, input_shape=(3,), dtype=dtype)
    model.compile(Adam(0.01), "mse", ["mae", "r2_score"])
    return model


def classifier(dtype: Any = np.float64) -> Sequential:
    kernel = {"kernel_regularizer": "l2", "kernel_constraint": "max_norm"}
    model = Sequential([Dense(4, "relu", **kernel), Dense(3, "softmax")], seed=0, input_shape=(3,), dtype=dtype)
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def binary(dtype: Any = np.float64) -> Sequential:
    model = Sequential([Dense(1, "sigmoid")], seed=0, input_shape=(3,), dtype=dtype)
    model.compile("rmsprop", "binary_crossentropy", ["acc", "f1"])
    return model


KINDS: dict[str, tuple[Any, Any]] = {
    "regression": (regression, lambda: np.linspace(-1, 1, 8)),
    "classifier": (classifier, labels),
    "binary": (binary, lambda: labels(8, 2)),
}
FIT = {
    "epochs": 2,
    "batch_size": 3,
    "validation_split": 0.25,
    "validation_data": None,
    "shuffle": True,
    "sample_weight": None,
    "class_weight": None,
    "callbacks": None,
    "verbose": 0,
    "initial_epoch": 0,
}


def training_targets() -> Iterator[Target]:
    for kind, (make, y) in KINDS.items():
        for dtype in ("float64", "float32"):
            data = lambda y=y, dtype=dtype: {"X": features(dtype=dtype), "y": y()}
            weighed = lambda data=data: data() | {"sample_weight": np.linspace(0, 1, 8)}
            name = f"{kind} in {dtype}"

            def fitted(make: Any = make, dtype: Any = dtype, **arguments: Any) -> Any:
                model = make(dtype)
                history = model.fit(**({"verbose": 0, "batch_size": 3} | arguments))
                return history.history, model.theta

            run = lambda what, make=make, dtype=dtype: lambda **a: getattr(make(dtype), what)(**a)
            yield Target(f"{name}.fit", fitted, weighed)
            yield Target(f"{name}.train_step", run("train_step"), weighed)
            yield Target(f"{name}.loss_and_gradient", run("loss_and_gradient"), weighed)
            yield Target(f"{name}.evaluate", run("evaluate"), lambda weighed=weighed: weighed() | {"batch_size": 5})
            yield Target(
                f"{name}.predict", run("predict"), lambda dtype=dtype: {"X": features(dtype=dtype), "batch_size": 5}
            )
            yield Target(f"{name}.fit, its settings", fitted, lambda data=data: data() | FIT, fixed=frozenset("Xy"))
            held = lambda data=data: data() | {"validation_data": tuple(data().values()), "class_weight": {0: 1.0}}
            if kind != "regression":
                yield Target(f"{name}.fit, weighed and validated", fitted, held, fixed=frozenset("Xy"))


def making_targets() -> Iterator[Target]:
    def make(X: Any, **arguments: Any) -> Any:
        model = Sequential(**arguments)
        model.compile("sgd", "mse")
        model.fit(X, np.ones(8), verbose=0)
        model.summary()
        return model.predict(X), model.theta, model.gradient, repr(model)

    model = lambda: {"layers": [Dense(2, "relu"), Dense(1)], "seed": 0, "input_shape": (3,), "dtype": "float32"}
    named = lambda: model() | {"name": "net", "trainable": True, "X": features()}
    yield Target("Sequential.__init__", make, named, fixed=frozenset("X"))
    single = lambda: model() | {"input_shape": None, "dtype": None, "X": features(dtype=np.float32)}
    yield Target("Sequential, unbuilt", make, single, fixed=frozenset(["layers", "seed"]))

    def compiled(**arguments: Any) -> Any:
        head = mathnn.ActivityRegularization(0.1, name="sparse")
        model = Sequential([Dense(2, "relu"), head, Dense(1)], seed=0, input_shape=(3,))
        model.compile(**arguments)
        return model.train_step(features(), np.ones(8)), model.evaluate(features(), np.ones(8))

    how = lambda: {"optimizer": "sgd", "loss": "mse", "metrics": ["mae"], "loss_weights": {"sparse": 0.5}}
    yield Target("Sequential.compile", compiled, how)

    def built(shape: Any, rng: Any, dtype: Any) -> Any:
        model = Sequential([Dense(2), Dense(1)])
        return model.build(shape, rng, dtype) and model.layers[0].get_weights()

    yield Target("Sequential.build", built, lambda: {"shape": (3,), "rng": None, "dtype": None})
    yield Target("FlatChain", lambda **a: FlatChain(**a).theta, lambda: model() | {"layers": [Dense(2)]})

    def added(layer: Any) -> Any:
        model = Sequential()
        model.add(layer)
        return model.build((3,)) and model.theta

    yield Target("Sequential.add", added, lambda: {"layer": Dense(2)})

    def weights(weights: Any) -> Any:
        model = regression()
        model.set_weights(weights)
        return model.predict(features()), model.get_weights()

    def theta(theta: Any) -> Any:
        model = regression("float32")
        model.theta = theta
        return model.theta, model.predict(features())

    def snapshot(snapshot: Any) -> Any:
        model = regression()
        model.restore(snapshot)
        return model.theta

    yield Target("Sequential.set_weights", weights, lambda: {"weights": regression().get_weights()})
    yield Target("Sequential.theta", theta, lambda: {"theta": regression("float32").theta.copy()})
    yield Target("Sequential.restore", snapshot, lambda: {"snapshot": regression().snapshot()})


def saving_targets() -> Iterator[Target]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    good = folder / "good.npz"
    classifier().save(good)

    def saved(path: Any) -> Any:
        classifier().save(path)
        return mathnn.load(path).predict(features())

    def loaded(path: Any, custom_objects: Any) -> Any:
        return mathnn.load(path, custom_objects).predict(features()), Sequential.load(path).theta

    yield Target("Sequential.save", saved, lambda: {"path": str(folder / "fuzz.npz")}, files=True)
    yield Target(
        "serialization.save", lambda model: serialization.save(model, folder / "m.npz"), lambda: {"model": binary()}
    )
    yield Target("load", loaded, lambda: {"path": str(good), "custom_objects": None}, files=True)


def callback_targets() -> Iterator[Target]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def runs(cls: Any) -> Any:
        def run(**arguments: Any) -> Any:
            model = binary()
            history = model.fit(
                features(), labels(8, 2), epochs=3, validation_split=0.25, verbose=0, callbacks=[cls(**arguments)]
            )
            return history.history, model.theta

        return run

    monitor = {"monitor": "val_loss", "min_delta": 0.1, "patience": 1, "verbose": 0, "mode": "auto"}
    stopping = monitor | {"baseline": 0.1, "restore_best_weights": True, "start_from_epoch": 0}
    plateau = monitor | {"factor": 0.5, "cooldown": 0, "min_lr": 0.0}
    checkpoint = {"filepath": str(folder / "{epoch}.npz"), "monitor": "loss", "verbose": 0, "save_best_only": True}
    logger = {"filename": str(folder / "log.csv"), "separator": ";", "append": False}
    given: dict[Any, dict[str, Any]] = {
        callbacks.EarlyStopping: stopping,
        callbacks.ReduceLROnPlateau: plateau,
        callbacks.ModelCheckpoint: checkpoint | {"mode": "min", "initial_value_threshold": 1.0},
        callbacks.CSVLogger: logger,
        callbacks.LearningRateScheduler: {"schedule": mathnn.CosineDecay(0.1, 10), "verbose": 0},
        callbacks.TerminateOnNaN: {},
        callbacks.History: {},
        callbacks.Callback: {},
        callbacks.LambdaCallback: {"on_epoch_end": lambda epoch, logs: None},
        callbacks.Progress: {"verbose": 2},
        callbacks.Monitor: {"monitor": "loss", "mode": "min", "min_delta": 0.0},
    }
    own = frozenset(["on_epoch_end", "schedule"])  # functions of the reader's: what they raise is theirs
    for cls, arguments in given.items():
        yield Target(cls.__name__, runs(cls), lambda arguments=arguments: dict(arguments), files=True, fixed=own)
    hooks = callbacks.CallbackList
    several = lambda: {"callbacks": [LambdaCallback()], "model": binary(), "params": {"epochs": 1}, "verbose": 0}
    yield Target("CallbackList", lambda **a: hooks(**a).on_epoch_end(0), several, fixed=frozenset(["model", "params"]))


def checking_targets() -> Iterator[Target]:
    def layer_checked(
        layer_or_model: Any, X: Any, training: Any, step: Any, tolerance: Any, max_entries: Any, seed: Any
    ) -> Any:
        report = mathnn.gradcheck(
            layer_or_model, X, training=training, step=step, tolerance=tolerance, max_entries=max_entries, seed=seed
        )
        assert str(report)
        return report.max_relative_error, report.passed

    how = lambda: {"training": True, "step": 6e-6, "tolerance": 1e-6, "max_entries": 4, "seed": 0}
    yield Target("gradcheck of a layer", layer_checked, lambda: {"layer_or_model": Dense(2), "X": features(3)} | how())

    def model_checked(X: Any, y: Any) -> Any:
        report = mathnn.gradcheck(classifier(), X, y, max_entries=3)
        return report.max_relative_error, report.passed

    yield Target("gradcheck of a model", model_checked, lambda: {"X": features(3), "y": labels(3)})

    def written(x: Any, y: Any, digits: Any) -> Any:
        model = classifier()
        return str(explain.forward(model, x, digits)), explain.backward(model, x, y, digits)._repr_latex_() and 1

    yield Target("explain.forward and backward", written, lambda: {"x": features(2), "y": labels(2), "digits": 4})
    yield Target(
        "explain.forward", lambda model: explain.forward(model, features(2)) and 1, lambda: {"model": binary()}
    )

    def in_symbols(model: Any, x: Any, y: Any) -> Any:
        network = explain.symbolic(model)
        return network.evaluate(x, y)

    small = lambda: {"model": binary(), "x": features(1), "y": labels(1, 2)}
    yield Target("explain.symbolic", in_symbols, small)
    names = [exercise.name for exercise in catalogue()]
    for name in names:
        answer = lambda name=name: {"name": name, "answer": check.find(name).solution}
        yield Target(f"check {name}", lambda name, answer: bool(check(name, answer)), answer)
    yield Target(
        "check.hint", lambda name, number: check.hint(name, number) and 1, lambda: {"name": names[0], "number": 1}
    )


def variable_targets() -> Iterator[Target]:
    V = autodiff.Variable
    matrices = lambda: {"a": features(3, 3), "b": features(3, 3) ** 2 + 0.5}
    through: dict[str, Any] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: b - a,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "@": lambda a, b: a @ b,
        "maximum": autodiff.maximum,
        "exp": lambda a, b: autodiff.exp(a) + b,
        "log": lambda a, b: a + autodiff.log(b),
        "tanh": lambda a, b: autodiff.tanh(a) - b,
        "relu": lambda a, b: autodiff.relu(a) * b,
        "sigmoid": lambda a, b: autodiff.sigmoid(a) + b,
        "mean": lambda a, b: a.mean(axis=0) * b,
    }
    for sign, f in through.items():

        def derived(a: Any, b: Any, f: Any = f) -> Any:
            x, z = V(a), V(b)
            y = f(x, z)
            y.sum().backward()
            return y.value, x.gradient, z.gradient

        yield Target(f"Variable {sign}", derived, matrices)
        yield Target(f"Variable {sign} value", lambda a, b, f=f: f(V(a), b).value, matrices)
    settings: dict[str, Any] = {
        "sum": {"axis": 0, "keepdims": True},
        "mean": {"axis": 0, "keepdims": True},
        "__pow__": {"n": 2.0},
        "__getitem__": {"index": 1},
    }
    for name, arguments in settings.items():
        take = lambda name=name, **a: getattr(V(features(3, 3)), name)(*a.values()).value
        yield Target(f"Variable.{name}", take, lambda arguments=arguments: dict(arguments))
    yield Target("Variable.reshape", lambda shape: V(features(3, 3)).reshape(shape).value, lambda: {"shape": (9, 1)})
    yield Target("Variable.transpose", lambda a, b: V(features(3, 3)).transpose(a, b).value, lambda: {"a": 1, "b": 0})

    def backwards(cotangent: Any) -> Any:
        x = V(features(3, 3))
        (x * x).backward(cotangent)
        return x.gradient

    yield Target("Variable.backward", backwards, lambda: {"cotangent": features(3, 3)})
    square = lambda x: (x * x).sum()
    yield Target(
        "grad",
        lambda f, argument, x: autodiff.grad(f, argument)(x),
        lambda: {"f": square, "argument": 0, "x": features()},
        fixed=frozenset("f"),
    )


MODELS = [
    *training_targets(),
    *making_targets(),
    *saving_targets(),
    *callback_targets(),
    *checking_targets(),
    *variable_targets(),
]
