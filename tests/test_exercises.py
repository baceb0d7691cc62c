"""The exercises: every solution is right, every known mistake is recognised, and any answer gets a kind reply."""

from __future__ import annotations

import copy
import html
import re
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from mathnn import perceptron
from mathnn.errors import ConfigError
from mathnn.exercises import EXERCISES, Exercise, Mistake, catalogue, check
from mathnn.exercises.compare import same
from mathnn.exercises.engine import Checker

BY_NAME = {exercise.name: exercise for exercise in EXERCISES}
MISTAKES = [pytest.param(e, m, id=f"{e.name}-{k}") for e in EXERCISES for k, m in enumerate(e.mistakes)]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=BY_NAME)


RAGGED = [np.zeros(2), np.ones(3)]


@pytest.mark.parametrize(
    ("got", "want", "expected"),
    [
        (RAGGED, [np.zeros(2), np.ones(3)], True),
        (RAGGED, [np.zeros(2), np.ones(2)], False),
        (RAGGED, [np.zeros(2), np.zeros(3)], False),
        (RAGGED, RAGGED[:1], False),
        (RAGGED, [[0, 0], [1, 1, 1]], True),
        ([[0, 0], [1, 1, 1]], RAGGED, True),
        (tuple(RAGGED), RAGGED, True),
        (np.array(RAGGED, dtype=object), RAGGED, True),
        (RAGGED, np.array([np.zeros(2), np.ones(4)], dtype=object), False),
        (RAGGED, np.zeros((2, 3)), False),
        (np.zeros((2, 3)), RAGGED, False),
        (RAGGED, None, False),
        (None, RAGGED, False),
        (RAGGED, "relu", False),
        ([[1, [2, 3]]], [[1, [2, 3]]], True),
        ([[1, [2, 3]]], [[1, [2, 4]]], False),
        (["a", "B"], ["A", "b"], True),
        ([None, 1.0], [None, 1.0], True),
        ({"a": RAGGED}, {"a": RAGGED[::-1]}, False),
        (np.array(None), None, True),
    ],
    ids=str,
)
def test_results_of_unequal_shapes_are_compared_part_by_part(got, want, expected) -> None:
    assert same(got, want) is expected
    assert same(got, want, exact=True) is expected


@each_exercise
def test_the_solution_is_right(exercise) -> None:
    verdict = check(exercise.name, exercise.solution)
    assert verdict
    assert verdict.right is True
    assert verdict.notes == ()
    assert repr(verdict).startswith(f"Right: {exercise.name}")


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_each_known_mistake_is_recognised_as_itself(exercise, mistake) -> None:
    verdict = check(exercise.name, mistake.answer)
    assert not verdict
    assert verdict.notes[0] == mistake.message


@each_exercise
def test_exercises_are_whole(exercise) -> None:
    assert len(exercise.mistakes) >= 2
    assert len(exercise.hints) >= 2
    assert exercise.cases or exercise.form, "a value needs its form shown"
    for text in (exercise.statement, *(m.message for m in exercise.mistakes), *exercise.hints):
        assert text[-1] in ".?!"
        assert text.count("`") % 2 == 0
    assert len({m.message for m in exercise.mistakes}) == len(exercise.mistakes)
    assert not re.search(r"TODO|<[a-z]+>", exercise.statement)


def test_names_are_unique_and_every_chapter_has_three() -> None:
    assert len(BY_NAME) == len(EXERCISES)
    for chapter in {exercise.chapter for exercise in EXERCISES}:
        assert len(catalogue(chapter)) >= 3
    assert {e.chapter for e in EXERCISES} >= {1, 2, 3}


@each_exercise
def test_an_answer_cannot_spoil_the_cases(exercise) -> None:
    before = copy.deepcopy(exercise.cases)

    def vandal(*arguments):
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = -7
            elif isinstance(argument, list):
                argument.clear()
        return 0.0

    check(exercise.name, vandal)
    assert same(exercise.cases, before, exact=True)
    assert check(exercise.name, exercise.solution)


# The solutions by other roads.


def test_solutions_of_chapter_1_agree_with_the_perceptron() -> None:
    update = BY_NAME["perceptron_update"].solution
    rng = np.random.default_rng(0)
    X = rng.integers(-3, 4, (12, 2)).astype(float)
    y = np.where(X @ [2.0, 1.0] + 0.5 > 0, 1, -1)
    model = perceptron.Perceptron(learning_rate=0.5, max_epochs=1, warn=False).fit(X, y)
    w, b = np.zeros(2), 0.0
    for x, label in zip(X, y, strict=True):
        w, b = update(w, b, x, label, 0.5)
    assert np.array_equal(w, model.weights)
    assert b == model.bias
    X, y, u = BY_NAME["mistake_bound"].cases[-1]
    bound = perceptron.novikoff_bound(X[:, :-1], y, weights=u[:-1], bias=u[-1])
    assert np.isclose(BY_NAME["mistake_bound"].solution(X, y, u), bound)


@pytest.mark.parametrize(
    ("answer", "right"),
    {((0.0, 0.5), 1): True, ((2.0, 2.0), 0): True, ((-1.0, -1.0), 1): True, ((0.6, 0.6), 1): False}.items(),
)
def test_any_point_that_breaks_separability_is_accepted(answer, right) -> None:
    assert bool(check("break_separability", answer)) is right


def test_any_weights_that_compute_the_gate_are_accepted() -> None:
    assert check("nand_weights", ((-1, -1), 1.5))
    assert check("nand_weights", (np.array([-0.3, -0.4]), 0.5))
    columns = (np.array([[1, -1], [-1, 1]]), np.array([-0.5, -0.5]), np.array([[1], [1]]), np.array([-0.5]))
    assert check("xor_weights", columns)


def test_solutions_of_chapter_2_by_differences_and_scipy() -> None:
    z, h = np.linspace(-4, 4, 9), 1e-6
    swish = [s * special.expit(s) for s in (z + h, z - h)]
    assert np.allclose(BY_NAME["swish_derivative"].solution(z), (swish[0] - swish[1]) / (2 * h))
    slope = (special.expit(z + h) - special.expit(z - h)) / (2 * h)
    assert np.allclose(BY_NAME["sigmoid_derivative"].solution(special.expit(z)), slope)
    for (Z,) in BY_NAME["stable_softmax"].cases:
        assert np.allclose(BY_NAME["stable_softmax"].solution(Z), special.softmax(Z, axis=1))


def test_solutions_of_chapter_3_by_loops_and_counting() -> None:
    for X, weights, biases in BY_NAME["forward_pass"].cases:
        out = BY_NAME["forward_pass"].solution(X, weights, biases)
        assert out.shape == (len(X), len(biases[-1]))
        for row, got in zip(X, out, strict=True):
            a = list(row)
            for layer, (W, b) in enumerate(zip(weights, biases, strict=True), start=1):
                z = [sum(a[i] * W[i, j] for i in range(len(a))) + b[j] for j in range(len(b))]
                a = [special.expit(v) if layer == len(weights) else max(0.0, v) for v in z]
            assert np.allclose(got, a)
    assert BY_NAME["parameter_count"].solution([784, 256, 128, 10]) == 235_146
    train, test = BY_NAME["standardise"].solution(*BY_NAME["standardise"].cases[0])
    assert np.allclose(train.mean(axis=0), 0)
    assert np.allclose(train.std(axis=0), 1)
    assert not np.allclose(test.mean(axis=0), 0)


# The general diagnoses, on an exercise without known mistakes.


def mean_over_batch(X, t):
    """Return a vector and a matrix from a batch."""
    return X.mean(axis=0), X.T @ X / len(X) + t * np.arange(4.0).reshape(2, 2)


CASES = (
    (np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]), 1.0),
    (np.array([[1.0, -2.0], [-4.0, 0.5]]), 2.0),
)
toy = Checker(
    [
        Exercise("mean", 0, "Mean.", lambda X: X.mean(axis=0), (), (), cases=((CASES[0][0],), (CASES[1][0],))),
        Exercise("column", 0, "Column.", lambda X: X[:, :1], (), (), cases=((CASES[0][0],), (CASES[1][0],))),
        Exercise("square", 0, "Square.", lambda X: X.T @ X + [[0, 1], [2, 3]], (), (), cases=((CASES[0][0],),)),
        Exercise("pair", 0, "Pair.", mean_over_batch, (), (), cases=CASES),
        Exercise("word", 0, "Word.", lambda X: "relu", (), (), cases=((1,),)),
        Exercise("number", 0, "Number.", 4.0, (), (), form="a number"),
        Exercise("shapes", 0, "Shapes.", {"Z": (3, 4)}, (), (), form="a dictionary"),
    ]
)


def right(name):
    return toy.find(name).solution


def mutate(X):
    X *= 1.0
    X[0] += 1
    return X[:, :1] - [[1], *[[0]] * (len(X) - 1)]


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("mean", lambda X: None, "is a `return` missing"),
        ("mean", lambda X: X.sum(axis=0), "summed over the batch but did not divide"),
        ("mean", lambda X: X.mean(axis=0) / len(X), "divided by the size m of the batch once too often"),
        ("mean", lambda X: -X.mean(axis=0), "wrong sign"),
        ("mean", lambda X: 2.5 * X.mean(axis=0), "Every number is 2.5 times"),
        ("mean", lambda X: X.mean(axis=0) - 0.25, "off by the same -0.25"),
        ("mean", lambda X: X.mean(axis=0) / 0, "NaN or infinity stands in 4 of 4"),
        (
            "mean",
            lambda X: X.mean(axis=0) + np.array([0, 1]),
            r"Wrong in 2 of 4 numbers, first here: the result\[1\] is 3.667",
        ),
        (
            "mean",
            lambda X: X.mean(axis=0) + np.array([0, 1e-5]),  # too small a difference for four digits
            r"first here: the result\[1\] is 2.666676667",
        ),
        ("mean", lambda X: X.mean(axis=0)[:, None], r"numbers of the result are right, but its shape is \(2, 1\)"),
        ("mean", lambda X: X.mean(axis=1), r"shape of the result is \(3,\), but \(2,\) is expected"),
        ("mean", lambda X: "mean", "Real numbers are expected"),
        ("mean", lambda X: X.mean(axis=0) * 1j, "Real numbers are expected"),
        ("mean", lambda X: 1 / 0, "raised ZeroDivisionError: division by zero"),
        ("mean", lambda X: X[7], "raised IndexError"),
        ("mean", lambda X, y: X, r"called as `f\(X\)`"),
        ("mean", lambda: 0, r"called as `f\(X\)`"),
        ("mean", np.zeros(2), r"Give the function itself, `f\(X\)`"),
        ("column", lambda X: X[:, 0], r"its shape is \(3,\) and \(3, 1\) is expected"),
        ("column", lambda X: X[:, :1].T, r"Transpose the result: its shape is \(1, 3\)"),
        ("column", mutate, "changes its argument `X`"),
        ("square", lambda X: right("square")(X).T, "The result is transposed"),
        ("pair", lambda X, t: right("pair")(X, t)[0], "a tuple of 2 is expected: the result is of type ndarray"),
        ("pair", lambda X, t: (*right("pair")(X, t), 1), "of type tuple and has 3"),
        ("pair", lambda X, t: (None, right("pair")(X, t)[1]), "item 1 of the result is None"),
        ("pair", lambda X, t: (right("pair")(X, t)[0], 0.0), r"shape of item 2 of the result is \(\)"),
        ("pair", lambda X, t: (right("pair")(X, t)[0], np.eye(2)), r"first here: item 2 of the result\[0, 0\] is 1"),
        ("pair", lambda X, t: tuple(-part for part in right("pair")(X, t)), "wrong sign"),
        ("word", lambda X: "tanh", "the result is 'tanh': expected 'relu'"),
        ("word", lambda X: 3, "the result is 3: expected 'relu'"),
        ("number", lambda: 4.0, "value, not a function: a number"),
        ("number", 5.0, "Not right: the result is 5.$"),
        ("number", "4", "Real numbers are expected, but the result is '4'"),
        ("shapes", (3, 4), "a dictionary of 1 is expected"),
        ("shapes", {"A": (3, 4)}, "The key 'Z' is missing"),
        ("shapes", {"Z": (3, 4, 1)}, "`Z` is of type tuple and has 3"),
        ("shapes", {"Z": (3, 5)}, r"`Z`\[1\] is 5"),
    ],
)
def test_what_is_wrong_is_said(name, answer, words) -> None:
    verdict = toy(name, answer)
    assert not verdict
    assert re.search(words, verdict.notes[0]), verdict.notes[0]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("mean", lambda X: X.mean(axis=0).tolist()),
        ("mean", lambda X: X.mean(axis=0).astype(np.float32)),
        ("mean", lambda X: X.mean(axis=0) * (1 + 1e-9)),
        ("pair", lambda X, t: list(right("pair")(X, t))),
        ("word", lambda X: " ReLU"),
        ("number", 4),
        ("shapes", {"Z": [3, 4]}),
    ],
)
def test_what_does_not_matter_is_let_pass(name, answer) -> None:
    assert toy(name, answer)


def test_a_value_is_not_given_away() -> None:
    hidden = repr(toy("number", 5.0)) + repr(
        check("layer_shapes", {"Z1": (8, 4), "A1": (8, 4), "Z2": (9, 9), "A2": (9, 9)})
    )
    assert "expected" not in hidden
    assert "(8, 2)" not in hidden
    assert "expected [1, 1, 1, 0]" in repr(check("nand_weights", ([1, 1], -1.5)))


def test_an_error_in_a_later_case_does_not_hide_the_first_failure() -> None:
    seen = count()
    verdict = toy("mean", lambda X: X.mean(axis=0) + np.array([0, 1]) if next(seen) == 0 else X[9])
    assert verdict.notes[0].startswith("Wrong in 1 of 2")
    assert (verdict.passed, verdict.total) == (0, 2)


def test_a_mistake_that_raises_matches_no_answer() -> None:
    exercise = Exercise("x", 0, "X.", lambda X: X, (Mistake(lambda X: 1 / 0, "never said."),), (), cases=((1,),))
    assert "return" in Checker([exercise])("x", lambda X: None).notes[0]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(np.zeros((2, 2))),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(anything, st.sampled_from(EXERCISES))
def test_any_answer_gets_a_verdict(value, exercise) -> None:
    answer = (lambda *arguments: value) if exercise.cases else value
    verdict = check(exercise.name, answer)
    assert verdict.right or verdict.notes
    assert repr(verdict)
    assert verdict._repr_html_()


# What is shown.


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def shown_objects():
    for exercise in EXERCISES:
        yield check(exercise.name, exercise.solution)
        yield check(exercise.name, exercise.mistakes[0].answer)
        yield from (check.hint(exercise.name, k + 1) for k in range(len(exercise.hints)))
    yield toy("mean", lambda X: [][1])
    yield toy("word", lambda X: "<script>alert(1)</script>")


def test_html_says_what_the_text_says_without_scripts() -> None:
    for shown in shown_objects():
        markup = shown._repr_html_()
        assert not re.search(r"<script|<style|onclick|src=|href=|\bid=", markup)
        assert not re.search(r"(?<!-)\bcolor:|background", markup), "text and background are the page's own"
        for tag in ("div", "p", "strong", "code"):
            assert markup.count(f"<{tag}") == markup.count(f"</{tag}>")
        plain = repr(shown).replace("`", "")
        words = re.findall(r"[^\W_]+", text_of(markup.replace("✓", "").replace("✗", "")))
        assert words == re.findall(r"[^\W_]+", plain)


def test_texts_are_the_same_at_every_run_and_print_setting() -> None:
    first = [repr(shown) for shown in shown_objects()]
    with np.printoptions(precision=2, threshold=1, linewidth=20):
        assert [repr(shown) for shown in shown_objects()] == first
    assert not any("np.float64(" in text or "array(" in text for text in first)


def test_catalogue_lists_every_exercise() -> None:
    everything = catalogue()
    assert tuple(everything) == EXERCISES
    assert [line.split()[1] for line in repr(everything).splitlines()] == [e.name for e in EXERCISES]
    assert repr(catalogue(99)) == ""
    markup = everything._repr_html_()
    assert markup.count('scope="col"') == 3
    assert all(f"<code>{e.name}</code>" in markup for e in EXERCISES)


def test_unknown_names_and_hints_are_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'xor_weights'"):
        check("xor_weight", None)
    with pytest.raises(ConfigError, match="Did you mean 'stable_softmax'"):
        check.hint("stable_sofmax")
    for number in (0, 3, 1.5, "first"):
        with pytest.raises(ConfigError, match="has hints 1 to 2"):
            check.hint("xor_weights", number)
    assert repr(check.hint("xor_weights")).startswith("Hint 1 of 2 for xor_weights: ")
