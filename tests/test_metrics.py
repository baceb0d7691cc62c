"""Metrics: against plain Python on whole sets, and the same number when the set comes in ragged batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathnn import losses, metrics
from mathnn.errors import ConfigError, DtypeError, LabelError, MathnnError, NonFiniteError, ShapeError, StateError
from mathnn.metrics import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    ClassificationError,
    F1Score,
    LossMetric,
    Metric,
    Precision,
    R2Score,
    Recall,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    confusion_matrix,
)

# --- the definitions, sample by sample ----------------------------------------------------------------------


def largest(row: list[float]) -> int:
    return row.index(max(row))


def classes(y: Any, p: Any) -> tuple[list[int], list[int]]:
    """The classes that targets and outputs stand for."""
    if np.ndim(p) == 1:
        return [int(v > 0.5) for v in y], [int(v > 0.5) for v in p]
    return [largest(v) if isinstance(v, list) else int(v) for v in y], [largest(row) for row in p]


def share(flags: list[bool], w: list[float]) -> float:
    return math.fsum(v for v, yes in zip(w, flags, strict=True) if yes) / math.fsum(w)


def agreement(y: Any, p: Any, w: list[float]) -> float:
    return share([a == b for a, b in zip(*classes(y, p), strict=True)], w)


def among(k: int) -> Callable[..., float]:
    def metric(y: Any, p: Any, w: list[float]) -> float:
        truth, _ = classes(y, p)
        return share([t in sorted(range(len(r)), key=lambda j: -r[j])[:k] for t, r in zip(truth, p, strict=True)], w)

    return metric


def counted(kind: str, average: str) -> Callable[..., float]:
    def of(hits: float, predicted: float, actual: float) -> float:
        precision = hits / predicted if predicted else 0.0
        recall = hits / actual if actual else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {"precision": precision, "recall": recall, "f1": f1}[kind]

    def metric(y: Any, p: Any, w: list[float]) -> float:
        truth, guess = classes(y, p)
        three = {}
        for c in sorted({*truth, *guess}):
            hits = math.fsum(v for t, g, v in zip(truth, guess, w, strict=True) if t == g == c)
            predicted = math.fsum(v for g, v in zip(guess, w, strict=True) if g == c)
            three[c] = hits, predicted, math.fsum(v for t, v in zip(truth, w, strict=True) if t == c)
        if average == "binary":
            return of(*three.get(1, (0.0, 0.0, 0.0)))
        if average == "micro":
            return of(*map(math.fsum, zip(*three.values(), strict=True)))
        weights = [v[2] if average == "weighted" else 1.0 for v in three.values()]
        return math.fsum(a * of(*v) for a, v in zip(weights, three.values(), strict=True)) / math.fsum(weights)

    return metric


def r_squared(y: Any, p: Any, w: list[float]) -> float:
    found = []
    for a, b in zip(zip(*y, strict=True), zip(*p, strict=True), strict=True):
        mean = math.fsum(v * t for v, t in zip(w, a, strict=True)) / math.fsum(w)
        residual = math.fsum(v * (t - q) ** 2 for v, t, q in zip(w, a, b, strict=True))
        found.append(1 - residual / math.fsum(v * (t - mean) ** 2 for v, t in zip(w, a, strict=True)))
    return math.fsum(found) / len(found)


def squared(y: Any, p: Any, w: list[float]) -> float:
    each = [math.fsum((a - b) ** 2 for a, b in zip(t, q, strict=True)) / len(t) for t, q in zip(y, p, strict=True)]
    return math.fsum(v * e for v, e in zip(w, each, strict=True)) / math.fsum(w)


# --- the cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A metric, what it is compared on, and its definition."""

    metric: Metric
    data: str
    definition: Callable[..., float]

    def __str__(self) -> str:
        return f"{self.metric!r} of {self.data}"

    def draw(self, seed: int = 0, m: int = 23) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        K = 4
        labels = rng.integers(0, K, m)
        p = rng.dirichlet(np.ones(K), m)
        p[np.arange(m), labels] += rng.uniform(size=m)
        y, p = {
            "bits": lambda: (rng.integers(0, 2, m), rng.uniform(size=m)),
            "classes": lambda: (labels, p),
            "one-hot": lambda: (np.eye(K)[labels], p),
            "numbers": lambda: (rng.normal(5, 1, (m, 2)), rng.normal(5, 1, (m, 2))),
        }[self.data]()
        return y, p, rng.uniform(0.1, 2.0, m)


AVERAGES = ("macro", "micro", "weighted")
METRIC_CASES = [
    Case(BinaryAccuracy(), "bits", agreement),
    Case(CategoricalAccuracy(), "one-hot", agreement),
    Case(SparseCategoricalAccuracy(), "classes", agreement),
    *(Case(Accuracy(), kind, agreement) for kind in ("bits", "classes", "one-hot")),
    *(Case(ClassificationError(), k, lambda *a: 1 - agreement(*a)) for k in ("bits", "classes", "one-hot")),
    *(Case(TopKCategoricalAccuracy(k), "one-hot", among(k)) for k in (1, 2, 5)),
    *(Case(SparseTopKCategoricalAccuracy(k), "classes", among(k)) for k in (1, 2, 5)),
    *(
        Case(cls(average), data, counted(kind, average))
        for cls, kind in ((Precision, "precision"), (Recall, "recall"), (F1Score, "f1"))
        for average, data in (("binary", "bits"), *((a, d) for a in AVERAGES for d in ("bits", "classes", "one-hot")))
    ),
    Case(R2Score(), "numbers", r_squared),
    Case(LossMetric("mse"), "numbers", squared),
]


def test_every_registered_metric_is_tried() -> None:
    assert {type(case.metric) for case in METRIC_CASES} == set(metrics.registry.items())


@pytest.mark.parametrize("case", METRIC_CASES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_value_by_definition_with_and_without_weights(case: Case, seed: int) -> None:
    y, p, w = case.draw(seed)
    ones = [1.0] * len(p)
    assert case.metric(y, p) == pytest.approx(case.definition(y.tolist(), p.tolist(), ones), rel=1e-12, abs=1e-14)
    assert case.metric(y, p, w) == pytest.approx(case.definition(y.tolist(), p.tolist(), w.tolist()), rel=1e-12)
    assert isinstance(case.metric(y, p), float)


@pytest.mark.parametrize("case", METRIC_CASES, ids=str)
def test_ragged_batches_give_the_value_of_the_whole(case: Case) -> None:
    y, p, w = case.draw()
    whole, weighted = case.metric(y, p), case.metric(y, p, w)
    for size in (1, 4, 10, 23):
        for weights, expected in ((None, whole), (w, weighted)):
            case.metric.reset()
            for start in range(0, len(p), size):
                rows = slice(start, start + size)
                case.metric.update(y[rows], p[rows], None if weights is None else weights[rows])
            assert case.metric.result() == pytest.approx(expected, rel=1e-13, abs=1e-15)
    assert case.metric(y, p) == whole  # the call neither uses nor disturbs what was streamed
    assert case.metric.result() == pytest.approx(weighted, rel=1e-13)


@pytest.mark.parametrize("case", METRIC_CASES, ids=str)
def test_float32_lists_and_read_only_arrays_do_as_well(case: Case) -> None:
    y, p, _ = case.draw()
    before = y.copy(), p.copy()
    y.setflags(write=False)
    p.setflags(write=False)
    assert case.metric(y, p.astype(np.float32)) == pytest.approx(case.metric(y, p), rel=1e-5)
    assert case.metric(y.tolist(), p.tolist()) == case.metric(y, p)
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(p, before[1])


@pytest.mark.parametrize("case", METRIC_CASES, ids=str)
def test_every_metric_refuses_what_cannot_be_compared(case: Case) -> None:
    y, p, w = case.draw()
    with pytest.raises(ShapeError):
        case.metric(y[:-1], p)
    with pytest.raises(ShapeError):
        case.metric(y[:0], p[:0])
    with pytest.raises(MathnnError):
        case.metric(y[:, None, None], p)
    with pytest.raises(NonFiniteError):
        case.metric(y, np.where(p == p.flat[0], np.nan, p))
    with pytest.raises(DtypeError):
        case.metric(y, p.astype(str))
    with pytest.raises(ShapeError):
        case.metric(y, p, w[:-1])
    fresh = type(case.metric).from_config(case.metric.config)
    with pytest.raises(StateError, match="call update first"):
        fresh.result()
    fresh.update(y, p, np.zeros(len(p)))
    with pytest.raises(StateError):
        fresh.result()


@pytest.mark.parametrize("case", METRIC_CASES, ids=str)
def test_found_by_name_and_rebuilt(case: Case) -> None:
    assert repr(type(case.metric).from_config(case.metric.config)) == repr(case.metric)
    if not isinstance(case.metric, LossMetric):
        assert type(metrics.get(case.metric.name)) is type(case.metric)
    assert metrics.get(case.metric) is case.metric


def test_the_mean_of_batch_values_would_be_another_number() -> None:
    y, p = [1, 1, 0, 1, 0], [0.9, 0.2, 0.8, 0.7, 0.1]
    metric = F1Score()
    metric.update(y[:4], p[:4])
    first = metric.result()
    metric.update(y[4:], p[4:])
    assert metric.result() == F1Score()(y, p) == pytest.approx(2 / 3)
    assert (first + F1Score()(y[4:], p[4:])) / 2 == pytest.approx(1 / 3)


# --- one by one ---------------------------------------------------------------------------------------------


def test_binary_accuracy_never_broadcasts() -> None:
    with pytest.raises(ShapeError, match="every pair of samples"):
        BinaryAccuracy()([1, 0, 1], [[0.9], [0.1], [0.8]])
    assert BinaryAccuracy()([[1], [0]], [[0.9], [0.8]]) == 0.5


def test_binary_accuracy_of_several_labels_averages_them() -> None:
    assert BinaryAccuracy()([[1, 0, 1, 1]], [[0.9, 0.8, 0.7, 0.2]]) == 0.5


def test_threshold_and_signs() -> None:
    assert BinaryAccuracy(threshold=0)([-1, 1, 1], [-0.3, 0.2, -0.1]) == pytest.approx(2 / 3)
    assert BinaryAccuracy()([0], [0.5]) == 1.0
    assert Precision(threshold=0.8)([1, 0], [0.9, 0.7]) == 1.0


WRONG = [
    (CategoricalAccuracy(), [0, 1], [[0.5, 0.5]] * 2, LabelError, "labels are integers"),
    (CategoricalAccuracy(), [0, 1], [0.5, 0.5], ShapeError, "at least two classes"),
    (CategoricalAccuracy(), [[1, 0, 0]], [[0.5, 0.5]], ShapeError, "same shape"),
    (SparseCategoricalAccuracy(), [[1, 0]], [[0.5, 0.5]], LabelError, "argmax"),
    (SparseCategoricalAccuracy(), [2], [[0.5, 0.5]], LabelError, "labels from 2 to 2"),
    (SparseTopKCategoricalAccuracy(2), [0.5], [[0.5, 0.5]], LabelError, "number of a class"),
    (BinaryAccuracy(), [0, 7], [0.5, 0.5], LabelError, "from 0 to 7"),
    (Precision(), [0, 1, 2], np.eye(3), ConfigError, "average='macro'"),
    (Precision("macro"), [[1, 1, 0]], [[0.9, 0.8, 0.1]], LabelError, "column by column"),
    (Recall(), [[0, 0, 0], [0, 1, 0]], [[0.1, 0.2, 0.1], [0.1, 0.9, 0.2]], LabelError, "no class or several"),
    (F1Score("micro"), [[0.0, 0.0]], [[0.1, 0.2]], LabelError, r"y_true\.ravel\(\)"),
    (Recall("macro"), [0, -1], np.array([0, 1]), LabelError, "np.unique"),
    (LossMetric("bce"), [0, 1], [0.5, 1.5], ConfigError, "sigmoid"),
    (R2Score(), [1.0, 2.0], [[1.0], [2.0]], ShapeError, "every pair"),
]


@pytest.mark.parametrize(("metric", "y", "p", "error", "message"), WRONG)
def test_what_is_wrong_is_said(metric: Metric, y: Any, p: Any, error: type[MathnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        metric(y, p)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BinaryAccuracy(threshold="high"),
        lambda: SparseTopKCategoricalAccuracy(k=0),
        lambda: TopKCategoricalAccuracy(k=1.5),
        lambda: F1Score(average="makro"),
        lambda: ClassificationError("f1"),
        lambda: metrics.get("acuracy"),
        lambda: metrics.get(3),
    ],
)
def test_arguments_are_checked(make: Callable[[], Metric]) -> None:
    with pytest.raises(ConfigError):
        make()


def test_misspelt_metric_names_the_nearest_of_metrics_and_losses() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ConfigError, match="Did you mean 'mean_squared_error'"):
        metrics.get("mean_squared_eror")


def test_confusion_matrix_by_hand() -> None:
    truth, guess = [0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 1, 2, 0, 2]
    expected = [[1, 1, 0], [0, 2, 0], [1, 0, 2]]
    C = confusion_matrix(truth, guess)
    assert C.tolist() == expected
    assert C.dtype == np.int64
    assert confusion_matrix(np.eye(3)[truth], np.eye(3)[guess]).tolist() == expected
    assert confusion_matrix(truth, np.eye(3)[guess] / 2).tolist() == expected
    assert confusion_matrix(truth, guess, 4).shape == (4, 4)
    assert confusion_matrix([0, 1, 1], [0.2, 0.9, 0.4]).tolist() == [[1, 0], [1, 1]]
    assert confusion_matrix([[0], [1]], [[0.2], [0.9]]).tolist() == [[1, 0], [0, 1]]
    assert confusion_matrix([0, 1], [1, 1], sample_weight=[0.5, 2]).tolist() == [[0, 0.5], [0, 2]]
    with pytest.raises(LabelError, match="num_classes=2"):
        confusion_matrix(truth, guess, 2)
    with pytest.raises(ShapeError, match="lengths must be equal"):
        confusion_matrix(truth, guess[:-1])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_counted_metrics_follow_from_the_confusion_matrix(pairs: list[tuple[int, int]]) -> None:
    truth, guess = map(list, zip(*pairs, strict=True))
    C = confusion_matrix(truth, guess, 4)
    assert C.sum() == len(pairs)
    assert C.sum(axis=1).tolist() == [truth.count(c) for c in range(4)]
    assert C.sum(axis=0).tolist() == [guess.count(c) for c in range(4)]
    accuracy = C.trace() / C.sum()
    assert Precision("micro")(truth, guess) == pytest.approx(accuracy)
    assert Recall("weighted")(truth, guess) == pytest.approx(accuracy)
    assert F1Score("macro")(truth, guess) == pytest.approx(F1Score("macro")(guess, truth))


def test_classes_that_turn_up_late_make_the_matrix_grow() -> None:
    metric = Recall("macro")
    metric.update([0, 1], np.array([0, 0]))
    metric.update([5, 5], np.array([5, 1]))
    assert metric.matrix.shape == (6, 6)
    assert metric.result() == pytest.approx((1 + 0 + 0.5) / 3)


def test_counted_metrics_of_sequences_weigh_every_position() -> None:
    y = np.array([[0, 1], [1, 1]])
    p = np.eye(2)[[[0, 0], [1, 1]]]
    assert Recall()(y, p) == pytest.approx(2 / 3)
    assert Recall()(y, p, [3.0, 1.0]) == pytest.approx(2 / 5)


def test_nothing_predicted_counts_zero() -> None:
    assert Precision()([1, 1], [0.1, 0.2]) == 0.0
    assert Recall()([0, 0], [0.9, 0.2]) == 0.0
    assert F1Score()([0, 0], [0.1, 0.2]) == 0.0


def test_r_squared_at_its_marks() -> None:
    y = np.array([1.0, 2.0, 4.0])
    assert R2Score()(y, y) == 1.0
    assert R2Score()(y, np.full(3, y.mean())) == pytest.approx(0.0, abs=1e-15)
    assert R2Score()([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert R2Score()([2.0, 2.0], [2.0, 3.0]) == 0.0


def test_r_squared_does_not_cancel_far_from_zero() -> None:
    rng = np.random.default_rng(0)
    y = 1e9 + rng.normal(size=100)
    p = y + rng.normal(size=100) * 0.1
    metric = R2Score()
    for rows in (slice(0, 33), slice(33, 66), slice(66, 100)):
        metric.update(y[rows], p[rows])
    expected = 1 - math.fsum((y - p) ** 2) / math.fsum((y - math.fsum(y) / 100) ** 2)
    assert metric.result() == pytest.approx(expected, rel=1e-6)


def test_top_k_ties_do_not_displace() -> None:
    assert SparseTopKCategoricalAccuracy(k=1)([2], [[0.4, 0.2, 0.4]]) == 1.0


# --- what a name means beside a loss ------------------------------------------------------------------------

ACCURACY = {
    losses.BinaryCrossentropy(): BinaryAccuracy(),
    losses.BinaryCrossentropy(from_logits=True): BinaryAccuracy(threshold=0.0),
    losses.Hinge(): BinaryAccuracy(threshold=0.0),
    losses.CategoricalCrossentropy(): CategoricalAccuracy(),
    losses.KLDivergence(): CategoricalAccuracy(),
    losses.SparseCategoricalCrossentropy(): SparseCategoricalAccuracy(),
    losses.MeanSquaredError(): Accuracy(),
}


@pytest.mark.parametrize("loss", ACCURACY, ids=repr)
def test_accuracy_goes_with_the_loss(loss: losses.Loss) -> None:
    for name in ("accuracy", "acc", "Accuracy"):
        assert repr(metrics.resolve(name, loss)) == repr(ACCURACY[loss])
    error = metrics.resolve("classification_error", loss)
    assert isinstance(error, ClassificationError)
    assert repr(error.accuracy) == repr(ACCURACY[loss])
    rebuilt = type(error).from_config(error.config)
    assert repr(rebuilt) == repr(error)


def test_resolve_sets_the_threshold_of_names_only() -> None:
    logits = losses.BinaryCrossentropy(from_logits=True)
    assert metrics.resolve("precision", logits).threshold == 0.0
    assert metrics.resolve("precision", losses.BinaryCrossentropy()).threshold == 0.5
    mine = Precision(threshold=0.3)
    assert metrics.resolve(mine, logits) is mine
    assert metrics.resolve(BinaryAccuracy, logits).threshold == 0.5


def test_losses_are_metrics() -> None:
    mse = metrics.resolve("mse", losses.Huber())
    assert mse.name == "mean_squared_error"
    assert mse([1.0, 2.0], [1.0, 4.0]) == 2.0
    assert metrics.get(losses.Huber(delta=2.0))([0.0], [3.0]) == losses.Huber(delta=2.0)([0.0], [3.0])
    logits = losses.BinaryCrossentropy(from_logits=True)
    assert metrics.resolve("binary_crossentropy", logits)([1.0], [0.0]) == pytest.approx(math.log(2))


def test_two_names_never_share_their_counts() -> None:
    first, second = metrics.get("mse"), metrics.get("mse")
    first.update([0.0], [1.0])
    second.update([0.0], [3.0])
    assert (first.result(), second.result()) == (1.0, 9.0)


def test_a_metric_of_your_own() -> None:
    class Largest(Metric):
        def reset(self) -> None:
            self.most = -1.0

        def add(self, y: Any, p: Any, w: Any) -> None:
            self.most = max(self.most, float(np.abs(y - p).max()))

        def result(self) -> float:
            return self.most

    assert Largest.name == "largest"
    assert Largest()([0.0, 1.0], [0.5, 3.0]) == 2.0
    with pytest.raises(NotImplementedError):
        Metric()


@pytest.mark.parametrize("metric", [Precision(), Recall(), F1Score()], ids=repr)
def test_labels_that_hold_at_once_are_counted_as_the_error_says(metric) -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, (40, 3)), rng.uniform(size=(40, 3))
    with pytest.raises(LabelError, match="no class or several"):
        metric(y, p)

    def by_hand(y, p) -> float:
        hits, false, missed = (int(((p > 0.5) == g)[y == t].sum()) for g, t in ((1, 1), (1, 0), (0, 1)))
        precision, recall = hits / (hits + false), hits / (hits + missed)
        return {"Precision": precision, "Recall": recall}.get(
            type(metric).__name__, 2 * precision * recall / (precision + recall)
        )

    # All labels in one is what Keras counts: every entry against the threshold.
    assert metric(y.ravel(), p.ravel()) == pytest.approx(by_hand(y, p), rel=1e-12)
    for j in range(3):
        assert metric(y[:, j], p[:, j]) == pytest.approx(by_hand(y[:, j], p[:, j]), rel=1e-12)
