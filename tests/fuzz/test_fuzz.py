"""Whatever is handed to the library, it gives a documented result or a MathnnError, and leaves the caller's data alone.

Each target is tried with a few inputs, the same at every run. ``FUZZ_EXAMPLES=500`` in the environment makes it a long
search, with other inputs each time.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import warnings
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mathnn
from mathnn.arrays import floats
from tests.fuzz.data import DATA
from tests.fuzz.layers import LAYERS
from tests.fuzz.models import MODELS
from tests.fuzz.property import EXAMPLES, LONG, Target, attempt
from tests.fuzz.targets import PARTS

TARGETS = [*PARTS, *LAYERS, *MODELS, *DATA]

some_inputs = settings(
    max_examples=EXAMPLES, derandomize=not LONG, database=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_documented_result_or_an_error_of_ours(target: Target, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)

    @some_inputs
    @given(st.randoms(use_true_random=False))
    def holds(r: Random) -> None:
        problem = attempt(target, r)
        assert not problem, problem

    holds()


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_arguments_that_are_changed_were_right(
    target: Target, capsys: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mathnn.perceptron.ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        target.call(**target.arguments())


def test_no_two_targets_have_one_name() -> None:
    names = [target.name for target in TARGETS]
    assert len(set(names)) > 0.9 * len(names)


# --- nothing is left out ----------------------------------------------------------------------------------------------

#: Modules whose functions are not called from outside, or are tried elsewhere.
LEFT_OUT = {
    "mathnn.interop": "needs other frameworks; tests/interop runs where they are",
    "mathnn.plots": "takes what the checks of the parts have let through; tests/test_plots.py has its refusals",
    "mathnn.arrays": "the checks themselves, reached through everything that takes an array",
    "mathnn.checks": "the checks themselves, reached through every constructor",
    "mathnn.data": "the checks themselves, reached through fit, evaluate and predict",
    "mathnn.targets": "the checks themselves, reached through losses and metrics",
    "mathnn.layers.guards": "the checks themselves, reached through every layer",
    "mathnn.files": "writes for save, which is tried",
    "mathnn.windows": "geometry below the layers, which check what they hand on",
    "mathnn.convolution": "kernels below the layers, which check what they hand on",
    "mathnn.pooling": "kernels below the layers, which check what they hand on",
    "mathnn.recurrence": "kernels below the layers, which check what they hand on",
    "mathnn.normal": "a kernel below gelu, which checks what it hands on",
    "mathnn.typeset": "typesets the numbers that explain has computed",
    "mathnn.symbolic": "takes and gives expressions of SymPy; tests/test_symbolic.py has its refusals",
    "mathnn.exercises.compare": "compares answers for check, which is tried with every exercise",
    "mathnn.exercises.report": "what check returns",
    "mathnn.exercises.engine": "what check is made of",
    "mathnn.datasets.download": "fetches from a server; tests/test_datasets.py has one",
    "mathnn.datasets.fetched": "fetches from a server; tests/test_datasets.py has one",
    "mathnn.datasets.idx": "reads what was fetched; tests/test_datasets.py alters such files",
}
BASES = (
    "ActivationFunction RowActivation Constraint Initializer Layer ActivatedLayer Container ConvolutionBase "
    "NormalizationLayer PoolingBase RecurrentLayer Loss Metric Optimizer Regularizer Schedule Configurable Savable"
)
RESULTS = "Dataset GradientReport GradientRow SymbolicNetwork Separator Update ConvergenceWarning"
NAMES_LEFT_OUT = {
    **dict.fromkeys(BASES.split(), "a base, tried in each class derived from it"),
    **dict.fromkeys(["Exercise", "Hint", "Mistake", "Verdict"], "what check is made of, and what it says"),
    **dict.fromkeys(RESULTS.split(), "a result or a warning, which the library makes"),
    **dict.fromkeys(["Array", "Shape", "Logs", "Trained"], "a type"),
    **dict.fromkeys(["swish", "Swish"], "another name of silu"),
    **dict.fromkeys(["mnist", "fashion_mnist"], "fetched from a server; tests/test_datasets.py has one"),
    "Registry": "reached through get of every module",
    "snake_case": "names classes",
    "catalogue": "takes a chapter number only, and lists",
    "bilinear": "the matrix of UpSampling2D, which is tried",
    "plain_rate": "a part of two callbacks, which are tried",
    "verbosity": "a check of the callbacks, which are tried",
}


def public_names() -> dict[str, Any]:
    """Every public class and function, under "module.name"."""
    found = {f"mathnn.{name}": getattr(mathnn, name) for name in mathnn.__all__}
    for info in pkgutil.walk_packages(mathnn.__path__, "mathnn."):
        if any(f"{info.name}.".startswith(f"{name}.") for name in LEFT_OUT):
            continue
        module = importlib.import_module(info.name)
        found |= {f"{info.name}.{name}": getattr(module, name) for name in getattr(module, "__all__", ())}
    return {name: thing for name, thing in found.items() if callable(thing)}


def test_everything_public_is_tried() -> None:
    tried = {word for target in TARGETS for word in re.findall(r"\w+", target.name)}
    errors = {name for name, thing in vars(mathnn.errors).items() if isinstance(thing, type)}
    known = tried | errors | set(NAMES_LEFT_OUT)
    missed = [where for where in public_names() if where.rpartition(".")[2] not in known]
    assert not missed, f"no target in tests/fuzz has these in its name: {missed}"


def test_nothing_is_left_out_that_does_not_exist() -> None:
    names = {where.rpartition(".")[2] for where in public_names()}
    assert set(NAMES_LEFT_OUT) <= names | {"Hint", "Verdict"}
    for module in set(LEFT_OUT) - {"mathnn.interop"}:
        importlib.import_module(module)


# --- the search finds what is planted ---------------------------------------------------------------------------------


def sure(f: Callable[..., Any]) -> Target:
    return Target("planted", f, lambda: {"x": np.arange(3.0), "many": 2})


def raises(x: Any, many: Any) -> float:
    return float(np.asarray(x, float).sum())


def silent(x: Any, many: Any) -> Any:
    return floats("planted", x) / 1.0


def writes(x: Any, many: Any) -> float:
    array = floats("planted", x)
    if array.flags.writeable and array.size:
        array.reshape(-1)[0] = 7.0
    return 0.0


def warns(x: Any, many: Any) -> float:
    floats("planted", x)
    warnings.warn("planted", RuntimeWarning, stacklevel=2)
    return 0.0


def mute(x: Any, many: Any) -> float:
    raise mathnn.ConfigError("no")


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (raises, "Error: "),
        (silent, "not finite"),
        (writes, "changed its argument x"),
        (warns, "RuntimeWarning: planted"),
        (mute, "an error that says nothing"),
    ],
)
def test_what_is_planted_is_found(f: Callable[..., Any], message: str) -> None:
    problems = [attempt(sure(f), Random(seed)) for seed in range(300)]
    assert any(message in problem for problem in problems)


@pytest.mark.parametrize(
    ("where", "name", "wrong", "tried"),
    [
        (mathnn.activations.Sigmoid, "apply", lambda self, Z, out=None: np.exp(Z), "sigmoid"),
        (mathnn.losses.Huber, "terms", lambda self, y, p, logits: (np.log(p - y), p), "Huber"),
        (mathnn.MaxNorm, "__call__", lambda self, w: np.multiply(w, 0.5, out=w), "MaxNorm"),
        (mathnn.preprocessing.Standardizer, "_fit", lambda self, X: X.no_such_thing, "Standardizer"),
        (mathnn.models, "as_features", lambda X, who, **_: np.asarray(X, float), "binary in float64.predict"),
    ],
)
def test_a_mutant_of_the_library_is_found(
    where: Any, name: str, wrong: Callable[..., Any], tried: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = next(target for target in TARGETS if target.name == tried)
    assert not any(attempt(target, Random(seed)) for seed in range(30))
    monkeypatch.setattr(where, name, wrong)
    assert any(attempt(target, Random(seed)) for seed in range(300))
