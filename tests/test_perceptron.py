"""The perceptron: its rule against the plain loop, its theorem on many cases, and what it refuses."""

from __future__ import annotations

import copy
import math
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from mathnn import datasets, perceptron
from mathnn.errors import (
    ConfigError,
    DtypeError,
    LabelError,
    NonFiniteError,
    ShapeError,
    StateError,
)
from mathnn.perceptron import ConvergenceWarning, Perceptron, max_margin, novikoff_bound, separable

LINEAR = ["and", "or", "nand", "nor"]


def rosenblatt(X, y, eta, epochs):
    """The rule as it is written: one sample at a time."""
    w, b, mistakes = np.zeros(X.shape[1]), 0.0, []
    for epoch in range(epochs):
        wrong = 0
        for i, (x, label) in enumerate(zip(X, y, strict=True)):
            if label * (w @ x + b) <= 0:
                w, b = w + eta * label * x, b + eta * label
                mistakes.append((epoch, i))
                wrong += 1
        if not wrong:
            break
    return w, b, mistakes


def lifted(X, y):
    return np.hstack([X, np.ones((len(X), 1))]) * np.where(np.asarray(y) == 1, 1, -1)[:, None]


def some_line_separates(X, y) -> bool:
    """Ask a linear programme whether y (w·x + b) ≥ 1 has a solution."""
    Z = lifted(X, y)
    return linprog(np.zeros(Z.shape[1]), A_ub=-Z, b_ub=-np.ones(len(Z)), bounds=(None, None)).status == 0


@st.composite
def labelled_grids(draw):
    """Small integer data with both labels, so that every sum is exact."""
    d = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(st.integers(-3, 3), min_size=d, max_size=d), min_size=2, max_size=9))
    y = draw(st.lists(st.integers(0, 1), min_size=len(rows), max_size=len(rows)))
    y[0], y[1] = 0, 1
    return np.array(rows, dtype=float), np.array(y)


@given(labelled_grids(), st.sampled_from([1.0, 0.5, 2.0]))
def test_it_is_rosenblatts_rule(data, eta) -> None:
    X, y = data
    model = Perceptron(learning_rate=eta, max_epochs=30, warn=False).fit(X, y)
    w, b, mistakes = rosenblatt(X, 2 * y - 1, eta, 30)
    assert np.array_equal(model.weights, w)
    assert model.bias == b
    assert [(update.epoch, update.sample) for update in model.history] == mistakes
    assert model.mistakes == len(mistakes) == sum(model.mistakes_per_epoch)
    assert model.converged == (model.mistakes_per_epoch[-1] == 0)
    last = model.history[-1]
    assert np.array_equal(last.weights, w)
    assert last.bias == b


@given(labelled_grids())
def test_novikoffs_theorem_holds(data) -> None:
    X, y = data
    assert separable(X, y) == some_line_separates(X, y)
    bound = novikoff_bound(X, y)
    model = Perceptron(max_epochs=200, warn=False).fit(X, y)
    if math.isinf(bound):
        assert not some_line_separates(X, y)
        assert not model.converged
    else:
        assert model.mistakes <= bound + 1e-6
        if model.converged:
            assert model.predict(X).tolist() == y.tolist()
            # Any other separating line gives a bound too, and none a better one.
            assert novikoff_bound(X, y, model.weights, model.bias) >= bound - 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_max_margin_is_the_widest(seed) -> None:
    rng = np.random.default_rng(seed)
    X, y = datasets.blobs(40, centers=[[-2.0, 0.0], [2.0, 1.0]], cluster_std=0.6, seed=rng)
    line = max_margin(X, y, tolerance=1e-9)
    w = np.append(line.weights, line.bias)
    Z = lifted(X, y)
    assert line.separable is True
    assert math.isclose(np.linalg.norm(w), 1.0)
    assert math.isclose(line.margin, (Z @ w).min())
    # The same line by another road: least ‖w̃‖ with every y w̃·x̃ ≥ 1.
    constraint = {"type": "ineq", "fun": lambda v: Z @ v - 1.0, "jac": lambda v: Z}
    twin = minimize(lambda v: v @ v / 2, w / line.margin * 1.5, jac=lambda v: v, constraints=constraint, tol=1e-12)
    assert math.isclose(line.margin, 1.0 / np.linalg.norm(twin.x), rel_tol=1e-5)


def test_a_hair_between_the_classes_is_found() -> None:
    for scale in (True, False):
        X, y = datasets.font_colours(scale=scale)
        line = max_margin(X, y)
        assert line.separable is True
        assert line.margin > 0
        assert ((X @ line.weights + line.bias > 0) == (y == 1)).all()


@pytest.mark.parametrize("gate", LINEAR)
def test_linear_gates_are_learnt_within_the_bound(gate) -> None:
    X, y = datasets.gates(gate)
    model = Perceptron().fit(X, y)
    assert model.converged
    assert model.predict(X).tolist() == y.tolist()
    assert model.score(X, y) == 1.0
    assert 0 < model.mistakes <= novikoff_bound(X, y) < math.inf
    assert model.margin(X, y) > 0


def test_and_by_hand() -> None:
    X, y = datasets.gates("and")
    # The best line is 2a + 2b - 3 = 0 with ‖(2, 2, -3)‖² = 17; R² = 3 at x = (1, 1).
    assert math.isclose(novikoff_bound(X, y), 51.0)
    assert math.isclose(novikoff_bound(X, y, weights=[2, 2], bias=-3), 51.0)
    assert math.isclose(novikoff_bound(X, y, weights=[3.0, 3.0], bias=-4.0), 3 * 34)
    model = Perceptron().fit(X, y)
    model.weights, model.bias = np.array([3.0, 4.0]), -6.0
    assert math.isclose(model.margin(X, y), 1 / 5)


@pytest.mark.parametrize("gate", ["xor", "xnor"])
def test_xor_is_never_learnt_and_says_so(gate) -> None:
    X, y = datasets.gates(gate)
    with pytest.warns(ConvergenceWarning, match="4 mistakes in the last of 50 epochs"):
        model = Perceptron(max_epochs=50).fit(X, y)
    assert not model.converged
    assert model.score(X, y) < 1.0
    assert not separable(X, y)
    assert max_margin(X, y).separable is False
    assert math.isinf(novikoff_bound(X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not Perceptron(max_epochs=50, warn=False).fit(X, y).converged


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (False, True), (0.0, 1.0), (-1.0, 1.0)])
def test_answers_are_of_the_kind_that_was_taught(labels) -> None:
    X, y = datasets.blobs(50, centers=[[-3, -3], [3, 3]], cluster_std=0.5)
    taught = np.array(labels)[y]
    kept = X.copy(), taught.copy()
    model = Perceptron().fit(X, taught)
    answers = model.predict(X)
    assert answers.tolist() == taught.tolist()
    assert np.array_equal(X, kept[0])
    assert np.array_equal(taught, kept[1])
    assert np.array_equal(model.weights, Perceptron().fit(X, y).weights)
    one_class = taught == labels[0]
    assert model.score(X[one_class], taught[one_class]) == 1.0


def test_float32_stays_and_integers_become_float64() -> None:
    X, y = datasets.gates("or")
    single = Perceptron().fit(X.astype(np.float32), y)
    assert single.weights.dtype == single.decision_function(X.astype(np.float32)).dtype == np.float32
    whole = Perceptron().fit(X.astype(int), y)
    assert whole.weights.dtype == whole.decision_function(X.astype(int)).dtype == np.float64
    assert whole.weights.tolist() == single.weights.tolist()


def test_fitting_again_starts_again() -> None:
    X, y = datasets.gates("and")
    model = Perceptron().fit(*datasets.gates("or")).fit(X, y)
    assert model.mistakes == Perceptron().fit(X, y).mistakes
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.predict(X).tolist() == y.tolist()
    assert repr(Perceptron(max_epochs=5)) == "Perceptron(max_epochs=5)"


def test_a_score_of_zero_answers_one() -> None:
    model = Perceptron().fit([[-1.0], [1.0]], [0, 1])
    model.weights, model.bias = np.array([1.0]), 0.0
    assert model.predict([[0.0], [-1e-9]]).tolist() == [1, 0]


X22, Y2 = [[0.0, 0.0], [1.0, 1.0]], [0, 1]


@pytest.mark.parametrize("learn", [Perceptron().fit, max_margin, separable, novikoff_bound])
@pytest.mark.parametrize(
    ("X", "y", "error", "words"),
    [
        (X22, [0, 1, 1], ShapeError, "one label for each row"),
        (X22, [[0], [1]], ShapeError, r"y.ravel\(\)"),
        (X22, [[0], [1, 2]], ShapeError, "one label"),
        ([0.0, 1.0], Y2, ShapeError, "must be a matrix"),
        ([[0.0], [1.0, 2.0]], Y2, ShapeError, "different lengths"),
        (np.empty((0, 2)), [], ShapeError, "must be a matrix"),
        ([["a", "b"], ["c", "d"]], Y2, DtypeError, "needs real numbers"),
        ([[1j, 0], [0, 1]], Y2, DtypeError, "needs real numbers"),
        ([[np.nan, 0], [0, 1]], Y2, NonFiniteError, "NaN"),
        ([[np.inf, 0], [0, 1]], Y2, NonFiniteError, "NaN"),
        ([[1e200, 0], [0, 1]], Y2, NonFiniteError, "overflow"),
        (X22, [1, 1], LabelError, "two labels"),
        (X22, [0, 2], LabelError, "it holds 0, 2"),
        (X22, [-1, 0], LabelError, "it holds -1, 0"),
        (X22, ["no", "yes"], LabelError, "it holds no, yes"),
        (X22, [np.nan, 1.0], LabelError, "two labels.* nan"),
    ],
)
def test_data_that_cannot_be_learnt_are_refused(learn, X, y, error, words) -> None:
    with pytest.raises(error, match=words):
        learn(X, y)


@pytest.mark.parametrize(
    "arguments", [{"learning_rate": 0}, {"learning_rate": -1.0}, {"max_epochs": 0}, {"max_epochs": 2.5}]
)
def test_bad_arguments_are_refused(arguments) -> None:
    with pytest.raises(ConfigError, match=f"Perceptron: {next(iter(arguments))}"):
        Perceptron(**arguments)


def test_calls_that_come_too_early_or_do_not_fit() -> None:
    with pytest.raises(StateError, match="call fit"):
        Perceptron().predict(X22)
    model = Perceptron().fit(X22, Y2)
    with pytest.raises(ShapeError, match="3 columns"):
        model.predict(np.zeros((2, 3)))
    model.weights = np.zeros(2)
    with pytest.raises(StateError, match="no line"):
        model.margin(X22, Y2)
    with pytest.raises(LabelError, match="does not separate"):
        novikoff_bound(X22, Y2, weights=[-1, 0])
    with pytest.raises(LabelError, match="does not separate"):
        novikoff_bound(X22, Y2, weights=[0, 0])
    with pytest.raises(ShapeError, match="one for each column"):
        novikoff_bound(X22, Y2, weights=[1, 2, 3])


def test_an_unsettled_search_says_so(monkeypatch) -> None:
    X, y = datasets.moons(100)
    assert max_margin(X, y, max_iterations=1).separable is None
    monkeypatch.setattr(perceptron, "TOUCHING", -1.0)
    with pytest.raises(StateError, match="nearly touch"):
        separable(*datasets.xor())
