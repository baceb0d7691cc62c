"""Losses: values by plain Python and by PyTorch, gradients by finite differences, and every way to be told off."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathnn import losses
from mathnn.errors import ConfigError, DtypeError, LabelError, MathnnError, NonFiniteError, ShapeError
from mathnn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from tests.golden.losses import ARRAYS, CASES
from tests.mutation import Mutant, lines_of, mutants

# --- the definitions, one sample position at a time, as they stand in a book --------------------------------


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def softmax(z: list[float]) -> list[float]:
    return [math.exp(v) / math.fsum(map(math.exp, z)) for v in z]


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def binary(loss: Loss, y: list[float], p: list[float]) -> float:
    p = [sigmoid(v) for v in p] if loss.from_logits else p
    y = [v * (1 - loss.label_smoothing) + loss.label_smoothing / 2 for v in y]
    return mean([-t * math.log(q) - (1 - t) * math.log(1 - q) for t, q in zip(y, p, strict=True)])


def categorical(loss: Loss, y: list[float], p: list[float]) -> float:
    p = softmax(p) if loss.from_logits else p
    y = [v * (1 - loss.label_smoothing) + loss.label_smoothing / len(y) for v in y]
    return -math.fsum(t * math.log(q) for t, q in zip(y, p, strict=True))


def huber(loss: Loss, y: list[float], p: list[float]) -> float:
    e = [abs(a - b) for a, b in zip(y, p, strict=True)]
    return mean([v * v / 2 if v <= loss.delta else loss.delta * v - loss.delta**2 / 2 for v in e])


DEFINITIONS = {
    "MeanSquaredError": lambda loss, y, p: mean([(a - b) ** 2 for a, b in zip(y, p, strict=True)]),
    "MeanAbsoluteError": lambda loss, y, p: mean([abs(a - b) for a, b in zip(y, p, strict=True)]),
    "Huber": huber,
    "LogCosh": lambda loss, y, p: mean([math.log(math.cosh(a - b)) for a, b in zip(y, p, strict=True)]),
    "BinaryCrossentropy": binary,
    "CategoricalCrossentropy": categorical,
    "SparseCategoricalCrossentropy": lambda loss, y, p: -math.log((softmax(p) if loss.from_logits else p)[int(y)]),
    "Hinge": lambda loss, y, p: mean([max(0.0, 1 - a * b) for a, b in zip(y, p, strict=True)]),
    "KLDivergence": lambda loss, y, p: math.fsum(a * math.log(a / b) for a, b in zip(y, p, strict=True) if a > 0),
}


def definition(loss: Loss, y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> float:
    """J by the definition: the mean over positions, weighted and averaged over samples."""
    one = DEFINITIONS[type(loss).__name__]
    each = []
    for target, prediction in zip(y, p, strict=True):
        rows = prediction.reshape(-1, p.shape[-1])
        targets = target.reshape(len(rows), *y.shape[p.ndim - 1 :])
        each.append(mean([one(loss, t.tolist(), q.tolist()) for t, q in zip(targets, rows, strict=True)]))
    weights = [1.0] * len(p) if w is None else w.tolist()
    return math.fsum(a * b for a, b in zip(weights, each, strict=True)) / len(p)


# --- the cases: every registered loss is tried in all its forms ---------------------------------------------


@dataclass(frozen=True)
class Case:
    """A loss, and what kind of targets and predictions it takes."""

    loss: Loss
    targets: str
    predictions: str = "scores"
    shapes: tuple[tuple[int, ...], ...] = field(default=((5, 1), (4, 3), (3, 2, 4)))

    def __str__(self) -> str:
        return f"{self.loss!r} of {self.targets}"

    def draw(self, shape: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Targets, predictions and weights, away from kinks and from 0 and 1."""
        rng = np.random.default_rng(seed)
        K = shape[-1]
        p = {
            "scores": lambda: rng.normal(size=shape) * 2,
            "probabilities": lambda: rng.uniform(0.05, 0.95, shape),
            "distributions": lambda: rng.dirichlet(np.full(K, 3.0), shape[:-1]),
        }[self.predictions]()
        y = {
            "numbers": lambda: rng.normal(size=shape),
            "bits": lambda: np.where(rng.random(shape) > 0.5, 1.0, 0.0),
            "fractions": lambda: rng.uniform(size=shape),
            "signs": lambda: np.where(rng.random(shape) > 0.5, 1.0, -1.0),
            "one-hot": lambda: np.eye(K)[rng.integers(0, K, shape[:-1])],
            "distributions": lambda: rng.dirichlet(np.ones(K), shape[:-1]),
            "classes": lambda: rng.integers(0, K, shape[:-1]),
        }[self.targets]()
        return y, p, rng.uniform(0.2, 3.0, len(p))


ROWS = ((5, 2), (4, 3), (3, 2, 4))
MANY = (*ROWS, (6, 70))  # more classes than are laid out column by column
LOSS_CASES = [
    Case(MeanSquaredError(), "numbers"),
    Case(MeanAbsoluteError(), "numbers"),
    Case(Huber(), "numbers"),
    Case(Huber(delta=0.3), "numbers"),
    Case(LogCosh(), "numbers"),
    Case(Hinge(), "signs"),
    *(
        Case(BinaryCrossentropy(logits, alpha), kind, "scores" if logits else "probabilities")
        for logits in (True, False)
        for alpha in (0.0, 0.2)
        for kind in ("bits", "fractions")
    ),
    *(
        Case(
            CategoricalCrossentropy(logits, alpha),
            kind,
            "scores" if logits else "distributions",
            MANY if logits else ROWS,
        )
        for logits in (True, False)
        for alpha in (0.0, 0.2)
        for kind in ("one-hot", "distributions")
    ),
    Case(SparseCategoricalCrossentropy(from_logits=True), "classes", "scores", MANY),
    Case(SparseCategoricalCrossentropy(), "classes", "distributions", ROWS),
    Case(KLDivergence(), "one-hot", "distributions", ROWS),
    Case(KLDivergence(), "distributions", "distributions", ROWS),
]
ALL = [pytest.param(case, shape, id=f"{case} {shape}") for case in LOSS_CASES for shape in case.shapes]
CLASSES = losses.registry.items()


def test_every_registered_loss_is_tried_and_defined() -> None:
    assert {type(case.loss) for case in LOSS_CASES} == set(CLASSES)
    assert set(DEFINITIONS) == {cls.__name__ for cls in CLASSES}


# --- the checker, which is itself checked at the end --------------------------------------------------------


def central_differences(loss: Loss, y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> np.ndarray:
    """∂J/∂ŷ, one entry at a time."""
    found = np.empty_like(p)
    for index in np.ndindex(p.shape):
        h = 3e-5 if loss.from_logits or (np.abs(p) > 1).any() else 2e-5 * p[index]  # probabilities stay so
        up, down = p.copy(), p.copy()
        up[index] += h
        down[index] -= h
        step = up[index] - down[index]
        found[index] = (loss.value_and_gradient(y, up, w)[0] - loss.value_and_gradient(y, down, w)[0]) / step
    return found


def complaints(loss: Loss, y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> list[str]:
    """What is wrong with this loss on these arrays: nothing, it is to be hoped."""
    J, gradient = loss.value_and_gradient(y, p, w)
    found = []
    if not math.isclose(J, definition(loss, y, p, w), rel_tol=1e-12, abs_tol=1e-14):
        found.append("value")
    if not np.allclose(gradient, central_differences(loss, y, p, w), rtol=1e-6, atol=1e-9):
        found.append("gradient")
    each = loss.per_sample(y, p)
    if not math.isclose(float(each @ (np.ones(len(p)) if w is None else w)) / len(p), J, rel_tol=1e-12, abs_tol=1e-14):
        found.append("per_sample")
    if gradient.shape != p.shape or each.shape != (len(p),) or not gradient.flags.c_contiguous:
        found.append("shape")
    return found


@pytest.mark.parametrize(("case", "shape"), ALL)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_by_definition_gradient_by_differences(case: Case, shape: tuple[int, ...], weighted: bool) -> None:
    y, p, w = case.draw(shape)
    assert complaints(case.loss, y, p, w if weighted else None) == []


@pytest.mark.parametrize(("case", "shape"), ALL)
def test_the_call_and_the_models_entry_agree(case: Case, shape: tuple[int, ...]) -> None:
    y, p, w = case.draw(shape, seed=1)
    J, gradient = case.loss.value_and_gradient(y, p, w)
    assert case.loss(y, p, w) == J
    np.testing.assert_array_equal(case.loss.gradient(y, p, w), gradient)
    assert case.loss(y.tolist(), p.tolist(), w.tolist()) == pytest.approx(J, rel=1e-14)


@pytest.mark.parametrize("entry", json.loads(CASES.read_text())["cases"], ids=lambda e: f"{e['key']} {e['loss']}")
def test_golden_values_of_pytorch(entry: dict[str, Any]) -> None:
    golden = np.load(ARRAYS)
    y, p, w, gradient = (golden[f"{entry['key']}.{name}"] for name in ("y", "p", "w", "gradient"))
    loss = getattr(losses, entry["loss"])(**entry["config"])
    w = w if entry["weighted"] else None
    assert loss(y, p, w) == pytest.approx(entry["value"], rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(loss.gradient(y, p, w), gradient, rtol=1e-10, atol=1e-12)


def test_golden_values_cover_every_loss() -> None:
    assert {entry["loss"] for entry in json.loads(CASES.read_text())["cases"]} == {cls.__name__ for cls in CLASSES}


# --- what holds for all -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "shape"), ALL)
def test_float32_stays_and_nothing_passed_in_changes(case: Case, shape: tuple[int, ...]) -> None:
    y, p, w = case.draw(shape)
    exact = case.loss.gradient(y, p, w)
    p = p.astype(np.float32)
    before = y.copy(), p.copy(), w.copy()
    for array in (y, p, w):
        array.setflags(write=False)
    gradient = case.loss.gradient(y, p, w)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, exact, rtol=2e-4, atol=1e-6)
    assert isinstance(case.loss(y, p, w), float)
    assert case.loss.per_sample(case.loss.check_targets(y, p.shape[1:], np.float32), p).dtype == np.float64
    for array, was in zip((y, p, w), before, strict=True):
        np.testing.assert_array_equal(array, was)


@pytest.mark.parametrize(("case", "shape"), ALL)
def test_order_of_samples_does_not_matter_and_batches_add_up(case: Case, shape: tuple[int, ...]) -> None:
    y, p, w = case.draw(shape)
    turned = np.random.default_rng(3).permutation(len(p))
    assert case.loss(y[turned], p[turned], w[turned]) == pytest.approx(case.loss(y, p, w), rel=1e-13)
    np.testing.assert_allclose(case.loss.gradient(y[turned], p[turned]), case.loss.gradient(y, p)[turned], rtol=1e-13)
    first, rest = case.loss(y[:1], p[:1]), case.loss(y[1:], p[1:])
    assert (first + (len(p) - 1) * rest) / len(p) == pytest.approx(case.loss(y, p), rel=1e-12)


@pytest.mark.parametrize(("case", "shape"), ALL)
def test_a_weight_counts_as_so_many_copies(case: Case, shape: tuple[int, ...]) -> None:
    y, p, _ = case.draw(shape)
    copies = np.arange(len(p))  # the first sample is left out
    repeated = case.loss(np.repeat(y, copies, axis=0), np.repeat(p, copies, axis=0)) * copies.sum() / len(p)
    assert case.loss(y, p, copies) == pytest.approx(repeated, rel=1e-12)
    assert not case.loss.gradient(y, p, copies)[0].any()


@given(arrays(float, (4, 3), elements=st.floats(-30, 30)), st.floats(-50, 50), st.integers(0, 2))
def test_softmax_crossentropies_agree_and_ignore_a_common_shift(z: np.ndarray, shift: float, k: int) -> None:
    labels = (np.arange(4) + k) % 3
    sparse, categorical = SparseCategoricalCrossentropy(from_logits=True), CategoricalCrossentropy(from_logits=True)
    J = sparse(labels, z)
    assert J >= 0
    assert categorical(np.eye(3)[labels], z) == pytest.approx(J, rel=1e-12, abs=1e-13)
    assert sparse(labels, z + shift) == pytest.approx(J, rel=1e-12, abs=1e-12)
    gradient = sparse.gradient(labels, z)
    np.testing.assert_allclose(gradient, categorical.gradient(np.eye(3)[labels], z), atol=1e-15)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)


@given(arrays(float, (5, 1), elements=st.floats(-12, 12)), arrays(float, (5, 1), elements=st.floats(0, 1)))
def test_binary_crossentropy_is_the_same_from_logits_and_from_probabilities(z: np.ndarray, y: np.ndarray) -> None:
    p = np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
    assert BinaryCrossentropy(from_logits=True)(y, z) == pytest.approx(BinaryCrossentropy()(y, p), rel=1e-6, abs=1e-12)
    delta = BinaryCrossentropy(from_logits=True).gradient(y, z)
    np.testing.assert_allclose(delta, (p - y) / 5, rtol=1e-12, atol=1e-15)


@given(arrays(float, (3, 4), elements=st.floats(0.01, 1)), arrays(float, (3, 4), elements=st.floats(0.01, 1)))
def test_divergence_is_positive_and_is_crossentropy_minus_entropy(y: np.ndarray, p: np.ndarray) -> None:
    y, p = y / y.sum(axis=1, keepdims=True), p / p.sum(axis=1, keepdims=True)
    entropy = CategoricalCrossentropy()(y, y)
    assert KLDivergence()(y, p) == pytest.approx(CategoricalCrossentropy()(y, p) - entropy, rel=1e-9, abs=1e-12)
    assert KLDivergence()(y, p) >= -1e-15
    assert KLDivergence()(y, y) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("z", [-1e4, -100.0, -0.0, 0.0, 100.0, 1e4])
def test_extreme_logits_are_finite_and_exact(z: float, dtype: type) -> None:
    for y in (0.0, 1.0):
        loss = BinaryCrossentropy(from_logits=True)
        wrong = -z if y else z
        Z = np.array([[z]], dtype)
        assert loss([[y]], Z) == pytest.approx(max(wrong, 0) + math.log1p(math.exp(-abs(z))), rel=1e-6)
        p = 0.0 if z < -700 else 1 / (1 + math.exp(-z))
        np.testing.assert_allclose(loss.gradient([[y]], Z), p - y, rtol=1e-6, atol=1e-38)
    Z = np.array([[z, 0.0, -z]], dtype)
    for label in range(3):
        expected = max(z, -z, 0) - (z, 0.0, -z)[label]
        value = SparseCategoricalCrossentropy(from_logits=True)([label], Z)
        assert value == pytest.approx(expected + (math.log(3) if z == 0 else 0), rel=1e-6, abs=1e-6)
        assert np.isfinite(CategoricalCrossentropy(from_logits=True).gradient(np.eye(3)[[label]], Z)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_probability_of_zero_costs_much_but_not_infinity(dtype: type) -> None:
    most = -math.log(1e-30)
    zero = np.array([[0.0, 1.0]], dtype)
    assert CategoricalCrossentropy()([[1, 0]], zero) == pytest.approx(most, rel=1e-6)
    assert SparseCategoricalCrossentropy()([0], zero) == pytest.approx(most, rel=1e-6)
    assert KLDivergence()([[1, 0]], zero) == pytest.approx(most, rel=1e-6)
    assert BinaryCrossentropy()([[1, 0]], zero) == pytest.approx(most, rel=1e-6)
    for loss in (CategoricalCrossentropy(), KLDivergence(), BinaryCrossentropy()):
        assert loss([[0, 1]], zero) == 0
        assert not loss.gradient([[1, 0]], zero)[0, 0]  # the clipped value does not change there
    small = np.array([[2e-30, 1.0]], dtype)
    steepest = CategoricalCrossentropy().gradient([[1, 0]], small, [100.0])
    assert steepest[0, 0] == pytest.approx(-100 / 2e-30, rel=1e-6)


def test_log_cosh_neither_overflows_nor_cancels() -> None:
    loss = LogCosh()
    assert loss([0.0], [1e4]) == pytest.approx(1e4 - math.log(2), rel=1e-15)
    assert loss([0.0], [1e-6]) == pytest.approx(5e-13, rel=1e-4)


def test_subgradients_at_kinks_are_those_documented() -> None:
    assert MeanAbsoluteError().gradient([1.0], [1.0]).tolist() == [0.0]
    assert Hinge().gradient([1], [1.0]).tolist() == [0.0]
    assert Huber(delta=2.0).gradient([0.0, 0.0], [2.0, -3.0]).tolist() == [1.0, -1.0]


def test_plain_numbers_vectors_and_single_distributions() -> None:
    assert MeanSquaredError()(3, 1) == 4.0
    assert MeanSquaredError().gradient(3, 1).shape == ()
    assert MeanSquaredError()([1, 2], [0, 0], sample_weight=[1, 3]) == pytest.approx((1 + 12) / 2)
    assert CategoricalCrossentropy()([0, 1, 0], [0.2, 0.5, 0.3]) == pytest.approx(math.log(2))
    assert SparseCategoricalCrossentropy()(1, [0.2, 0.5, 0.3]) == pytest.approx(math.log(2))
    assert CategoricalCrossentropy().gradient([0, 1, 0], [0.2, 0.5, 0.3]).tolist() == [-0.0, -2.0, -0.0]


def test_integers_become_float64() -> None:
    assert MeanSquaredError().gradient([[1]], [[3]]).dtype == np.float64
    assert MeanSquaredError().gradient([[True]], np.array([[3]], np.int8)).tolist() == [[4.0]]


# --- targets for the training loop --------------------------------------------------------------------------


def test_check_targets_takes_what_a_model_is_given() -> None:
    column = BinaryCrossentropy().check_targets([0, 1, 1], (1,), np.float32)
    assert column.shape == (3, 1)
    assert column.dtype == np.float32
    assert Hinge().check_targets([0, 1], (1,), np.float64).tolist() == [[-1.0], [1.0]]
    assert Hinge().check_targets([-1, 1], (1,), np.float64).tolist() == [[-1.0], [1.0]]
    sparse = SparseCategoricalCrossentropy()
    for y in ([0, 2], [[0], [2]], [0.0, 2.0]):
        labels = sparse.check_targets(y, (3,), np.float32)
        assert labels.dtype == np.intp
        assert labels.tolist() == [0, 2]
    assert sparse.check_targets([[0, 1], [2, 0]], (2, 3), np.float32).shape == (2, 2)


@pytest.mark.parametrize("case", LOSS_CASES, ids=str)
def test_check_targets_is_idempotent(case: Case) -> None:
    y, p, _ = case.draw(case.shapes[-1])
    once = case.loss.check_targets(y, p.shape[1:], np.float64)
    np.testing.assert_array_equal(case.loss.check_targets(once, p.shape[1:], np.float64), once)


BCE, CCE, SCCE = BinaryCrossentropy(), CategoricalCrossentropy(), SparseCategoricalCrossentropy()
HALF = [[0.5, 0.5]] * 3
WRONG = [
    # shapes
    (MeanSquaredError(), [1, 2, 3], [[1.0], [2.0], [3.0]], ShapeError, "every pair of samples; write y_true.reshape"),
    (BCE, [[1], [0]], [0.5, 0.5], ShapeError, "every pair of samples"),
    (MeanSquaredError(), [1, 2], [1.0, 2.0, 3.0], ShapeError, r"shape \(2,\) for y_pred of shape \(3,\)"),
    (MeanSquaredError(), [[1.0]] * 2, [[1.0]] * 3, ShapeError, "each sample needs its own target"),
    (MeanSquaredError(), [1, 0, 1], HALF, ShapeError, r"one_hot\(y, 2\)"),
    (MeanSquaredError(), [[1.0, 2.0]], [[1.0, 2.0, 3.0]], ShapeError, "give both the same shape"),
    (MeanSquaredError(), [[1.0, 2.0], [1.0]], [[1.0], [1.0]], ShapeError, "rows of different lengths"),
    (MeanSquaredError(), [], [], ShapeError, "empty"),
    (CCE, [[1], [1]], [[1.0], [1.0]], ShapeError, "sigmoid and the binary loss"),
    (SCCE, [0, 0], [[1.0], [1.0]], ShapeError, "at least two classes"),
    (SCCE, [0, 1], HALF, ShapeError, r"expected \(3,\)"),
    # labels of the wrong kind
    (CCE, [0, 1, 1], HALF, LabelError, r"labels are integers: use SparseCategoricalCrossentropy or one_hot\(y, 2\)"),
    (CCE, [[0], [1], [1]], HALF, LabelError, "use SparseCategoricalCrossentropy"),
    (CCE, [0.1, 0.2, 0.3], HALF, LabelError, "labels are single numbers"),
    (KLDivergence(), [0, 1, 1], HALF, LabelError, "labels are integers"),
    (SCCE, [[1, 0], [0, 1], [0, 1]], HALF, LabelError, "use the categorical loss or metric"),
    (SCCE, [0.5, 1, 1], HALF, LabelError, "the target 0.5, expected the number of a class"),
    # labels out of range
    (
        SCCE,
        [0, 1, 2],
        HALF,
        LabelError,
        "labels from 0 to 2, expected 0 to 1 for 2 outputs: give the last layer 3 units",
    ),
    (SCCE, [1, 2, 2], HALF, LabelError, "subtract 1 from them"),
    (SCCE, [-1, 1, 1], HALF, LabelError, "number the classes from 0"),
    (BCE, [-1, 1, 1], [0.5] * 3, LabelError, "use Hinge"),
    (BCE, [0, 3, 1], [0.5] * 3, LabelError, "SparseCategoricalCrossentropy"),
    (BCE, [0.5, 3.5, 1], [0.5] * 3, LabelError, "divide the targets by their maximum"),
    (Hinge(), [0, 2, 1], [0.5] * 3, LabelError, "targets such as 0, expected labels -1 and 1"),
    (CCE, [[1, 1], [1, 0], [0, 1]], HALF, LabelError, "sums to 2.*sigmoid outputs and BinaryCrossentropy"),
    (CCE, [[-1, 2], [1, 0], [0, 1]], HALF, LabelError, "least entry of -1"),
    (KLDivergence(), [[0.5, 0.4]], [[0.5, 0.5]], LabelError, "sums to 0.9"),
    # predictions that are no probabilities
    (BCE, [0, 1], [-0.1, 1.0], ConfigError, "from -0.1 to 1.*end the network in sigmoid, or give the loss from_logits"),
    (BCE, [0, 1], [0.1, 1.5], ConfigError, "from 0.1 to 1.5"),
    (CCE, [[1, 0]], [[2.0, -1.0]], ConfigError, "end the network in softmax"),
    (CCE, [[1, 0]], [[0.5, 0.6]], ConfigError, "sums to 1.1"),
    (SCCE, [0], [[0.5, 0.6]], ConfigError, "sums to 1.1"),
    (KLDivergence(), [[1, 0]], [[0.5, 0.6]], ConfigError, "end the network in softmax$"),
    # no numbers
    (MeanSquaredError(), [math.nan, 0], [0, 0], NonFiniteError, r"y_true holds 1 .* index \(0,\)"),
    (MeanSquaredError(), [0, 0], [0, math.inf], NonFiniteError, r"y_pred holds 1 .* index \(1,\)"),
    (CategoricalCrossentropy(from_logits=True), [[1, 0]], [[math.nan, 0]], NonFiniteError, "y_pred"),
    (MeanSquaredError(), [0.0], [1e200], NonFiniteError, "standardize the targets"),
    (MeanSquaredError(), np.array([1e60]), np.array([0], np.float32), NonFiniteError, "float32"),
    (MeanSquaredError(), ["a"], [0.0], DtypeError, "real numbers"),
    (MeanSquaredError(), [0.0], [1j], DtypeError, "real"),
    (MeanSquaredError(), [None], [0.0], DtypeError, "object"),
]


@pytest.mark.parametrize(("loss", "y", "p", "error", "message"), WRONG)
def test_what_is_wrong_is_said(loss: Loss, y: Any, p: Any, error: type[MathnnError], message: str) -> None:
    for call in (loss, loss.gradient):
        with pytest.raises(error, match=f"(?s){message}"):
            call(y, p)


@pytest.mark.parametrize("case", LOSS_CASES, ids=str)
def test_every_loss_refuses_what_none_can_take(case: Case) -> None:
    y, p, _ = case.draw(case.shapes[1])
    for bad_y, bad_p in ((y[:-1], p), (y, p[:-1]), (y[None], p), (y, p[..., None]), (y[:0], p[:0])):
        with pytest.raises((ShapeError, LabelError)):
            case.loss(bad_y, bad_p)
    with pytest.raises(NonFiniteError):
        case.loss(y, np.where(np.arange(p.size).reshape(p.shape) == 1, np.nan, p))
    with pytest.raises(DtypeError):
        case.loss(y.astype(str), p)
    for weight, error in (([1.0], ShapeError), (np.full(len(p), np.nan), NonFiniteError), ("ab", MathnnError)):
        with pytest.raises(error):
            case.loss(y, p, weight)
    if case.targets != "classes":
        with pytest.raises(NonFiniteError):
            case.loss.check_targets(np.full(y.shape, np.nan), p.shape[1:], np.float32)


def test_check_targets_speaks_of_one_hot_where_the_model_has_classes() -> None:
    with pytest.raises(LabelError, match=r"one_hot\(y, 10\)"):
        CCE.check_targets([3, 9, 0], (10,), np.float32)
    with pytest.raises(ShapeError, match="one target for each sample"):
        BCE.check_targets([0, 1, 0], (4,), np.float32)
    with pytest.raises(ShapeError, match="single number"):
        MeanSquaredError().check_targets(1.0, (1,), np.float32)


@pytest.mark.parametrize("make", [lambda: Huber(delta=0), lambda: Huber(delta=-1), lambda: Huber(delta=math.nan)])
def test_huber_needs_a_positive_delta(make: Any) -> None:
    with pytest.raises(ConfigError, match="delta"):
        make()


@pytest.mark.parametrize("cls", [BinaryCrossentropy, CategoricalCrossentropy])
@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan, "much"])
def test_label_smoothing_lies_between_0_and_1(cls: Any, alpha: Any) -> None:
    with pytest.raises(ConfigError, match="label_smoothing"):
        cls(label_smoothing=alpha)


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", LOSS_CASES, ids=str)
def test_found_by_name_and_rebuilt_from_its_configuration(case: Case) -> None:
    twin = type(case.loss).from_config(case.loss.config)
    assert repr(twin) == repr(case.loss)
    assert type(losses.get(case.loss.name)) is type(case.loss)
    assert type(losses.get(type(case.loss).__name__)) is type(case.loss)
    assert losses.get(case.loss) is case.loss
    assert type(losses.get(type(case.loss))) is type(case.loss)


def test_aliases_and_misspellings() -> None:
    for name, cls in {"mse": MeanSquaredError, "MAE": MeanAbsoluteError, "kl_divergence": KLDivergence}.items():
        assert isinstance(losses.get(name), cls)
    with pytest.raises(ConfigError, match="Did you mean 'binary_crossentropy'"):
        losses.get("binary_cross_entropy")


def test_a_loss_of_your_own_needs_only_its_terms() -> None:
    class Quartic(Loss):
        def terms(self, y, y_pred, from_logits):  # type: ignore[no-untyped-def]
            e = y_pred - y
            return e**4, 4 * e**3

    assert Quartic.name == "quartic"
    assert Quartic()([0.0, 0.0], [1.0, 2.0]) == 8.5
    np.testing.assert_allclose(Quartic().gradient([0.0, 0.0], [1.0, 2.0]), [2.0, 16.0])
    with pytest.raises(NotImplementedError, match="terms"):
        Loss()([0.0], [0.0])


# --- the checker is checked ---------------------------------------------------------------------------------

#: Mutants that no value and no gradient can tell apart, and why.
EQUIVALENT: dict[str, str] = {
    "SparseCategoricalCrossentropy.terms: dY = np.zeros_like(p): assigned 0.1 % too much": "0.1 % of zero is zero",
}


def concerned(owner: type) -> Iterator[tuple[Loss, np.ndarray, np.ndarray, np.ndarray]]:
    for case in LOSS_CASES:
        if isinstance(case.loss, owner):
            for shape in case.shapes[:3]:
                y, p, w = case.draw(shape, seed=2)
                yield case.loss, y, p, w


def survives(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> bool:
    with monkeypatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(mutant.owner, mutant.method, mutant.function)
        try:
            return not any(complaints(*arrays) for arrays in concerned(mutant.owner))
        except Exception:
            return False


OWN_TERMS = [(cls, "terms") for cls in CLASSES] + [(Loss, "value_and_gradient"), (Loss, "per_sample")]


@pytest.mark.parametrize(("owner", "method"), OWN_TERMS, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_every_mutant_is_killed(owner: type, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list(mutants(owner, method))
    alive = [str(m) for m in tried if survives(m, monkeypatch)]
    assert set(alive) == {text for text in EQUIVALENT if text.startswith(f"{owner.__name__}.{method}")}
    assert not lines_of(owner, method) - {m.line for m in tried}


@pytest.mark.parametrize("case", LOSS_CASES, ids=str)
def test_wrong_gradients_are_noticed(case: Case) -> None:
    right = type(case.loss).value_and_gradient

    def wrong(change):  # type: ignore[no-untyped-def]
        class Wrong(type(case.loss)):  # type: ignore[misc]
            def value_and_gradient(self, y, y_pred, sample_weight=None, from_logits=None):  # type: ignore[no-untyped-def]
                J, gradient = right(self, y, y_pred, sample_weight, from_logits)
                return J, change(gradient)

        Wrong.__name__ = type(case.loss).__name__
        return Wrong.from_config(case.loss.config)

    y, p, w = case.draw(case.shapes[1])
    assert complaints(case.loss, y, p, w) == []
    m = len(p)
    for change in (lambda g: g * 1.001, lambda g: -g, lambda g: g * m, lambda g: g[::-1].copy(), lambda g: g + 1e-4):
        assert complaints(wrong(change), y, p, w) == ["gradient"]
