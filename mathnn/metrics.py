"""Metrics: what is reported while the cost is minimised. No gradient, so they may count.

``metric(y_true, y_pred)`` is one number. For data that come in batches, ``reset()``, then ``update(y_true, y_pred,
sample_weight=None)`` for each, then ``result()``: the value over all samples seen, not the mean of the batches' values,
which for a last batch that is smaller, and for F1 or R² always, is another number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import losses
from .arrays import floats, samples
from .checks import choice, count, number
from .configurable import Configurable, Registry, snake_case
from .data import as_sample_weight
from .errors import ConfigError, LabelError, NonFiniteError, ShapeError, StateError, nearest
from .targets import are_integers, check_shape, classes_of, rows_of, says_yes

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "ClassificationError",
    "F1Score",
    "LossMetric",
    "Metric",
    "Precision",
    "R2Score",
    "Recall",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "confusion_matrix",
    "get",
    "registry",
    "resolve",
]

Array = NDArray[Any]

#: A confusion matrix has no more rows: these take 800 MB.
MOST_CLASSES = 10_000


class Metric(Configurable):
    """Base of the metrics. One of your own defines ``reset``, :meth:`add` and :meth:`result`."""

    name: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__dict__.get("name", snake_case(cls.__name__))

    def __init__(self) -> None:
        self.reset()

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        fresh = type(self).from_config(self.config)
        fresh.update(y_true, y_pred, sample_weight)
        return fresh.result()

    def reset(self) -> None:
        """Forget all samples."""
        raise NotImplementedError(f"{type(self).__name__} must define reset()")

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch; raise ShapeError, LabelError, DtypeError or NonFiniteError for what cannot be compared."""
        who = type(self).__name__
        y, p = samples(who, "y_true", y_true), samples(who, "y_pred", y_pred)
        if y.ndim == 0 or p.ndim == 0 or len(y) != len(p):
            raise ShapeError(
                f"{who} got y_true of shape {y.shape} for y_pred of shape {p.shape}: each sample needs its own target"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # result() looks at what has come of it
            self.add(y, p, None if sample_weight is None else as_sample_weight(sample_weight, len(p), who))

    def add(self, y: Array, p: Array, w: Array | None) -> None:
        """Take in arrays of finite numbers with as many samples each."""
        raise NotImplementedError(f"{type(self).__name__} must define add(y, p, w)")

    def result(self) -> float:
        """Return the value over all samples since ``reset``."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def _seen(self, weight: float) -> float:
        """Return the weight of the samples seen, or raise StateError if there were none."""
        if not weight > 0:
            raise StateError(f"{type(self).__name__}.result has seen no sample of weight above 0; call update first")
        return weight

    def _finite(self, value: float) -> float:
        """Return the value, or raise NonFiniteError."""
        if not math.isfinite(value):
            raise NonFiniteError(f"{type(self).__name__} is {value}: the errors are too large; scale the targets")
        return value


class _Mean(Metric):
    """Σ w v / Σ w of one value v for each sample, which :meth:`values` gives."""

    def reset(self) -> None:
        self.total = self.weight = 0.0

    def values(self, y: Array, p: Array) -> Array:
        """Return the value of each sample, averaged over its outputs and positions."""
        raise NotImplementedError(f"{type(self).__name__} must define values(y, p)")

    def add(self, y: Array, p: Array, w: Array | None) -> None:
        v = self.values(y, p)
        v = v.reshape(len(v), -1).mean(axis=1, dtype=np.float64)
        self.total += float(v.sum() if w is None else v @ w)
        self.weight += len(v) if w is None else float(w.sum())

    def result(self) -> float:
        return self._finite(self.total / self._seen(self.weight))


# --- accuracy ---------------------------------------------------------------------------------------------------------


class BinaryAccuracy(_Mean):
    """The share of outputs on the right side: y_pred > threshold where y is 1, and not above where y is 0 (or −1).

    For logits, and for the scores of a hinge loss, the threshold is 0. Shapes must be equal.

    >>> BinaryAccuracy()([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.5])
    0.75
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = number(self, "threshold", threshold)
        self.reset()

    def values(self, y: Array, p: Array) -> Array:
        who = type(self).__name__
        right: Array = (p > self.threshold) == says_yes(who, check_shape(who, y, p.shape))
        return right


class CategoricalAccuracy(_Mean):
    """The share of samples whose largest output stands where the one-hot (or soft) target has its largest entry.

    >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    def values(self, y: Array, p: Array) -> Array:
        right: Array = p.argmax(axis=-1) == rows_of(type(self).__name__, y, p).argmax(axis=-1)
        return right


class SparseCategoricalAccuracy(_Mean):
    """The share of samples whose largest output is that of the class whose number is the target.

    >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    def values(self, y: Array, p: Array) -> Array:
        right: Array = p.argmax(axis=-1) == classes_of(type(self).__name__, y, p.shape)
        return right


class Accuracy(BinaryAccuracy):
    """The accuracy that goes with the shapes: binary for one output, else sparse or categorical as the targets are.

    As Keras reads "accuracy"; ``compile(metrics=["accuracy"])`` knows the loss and goes by that (:func:`resolve`).
    """

    def values(self, y: Array, p: Array) -> Array:
        if p.ndim == 1 or p.shape[-1] == 1:
            return super().values(y, p)
        kind: _Mean = CategoricalAccuracy() if y.shape == p.shape else SparseCategoricalAccuracy()
        return kind.values(y, p)


class ClassificationError(_Mean):
    """The share of samples that are classified wrongly: 1 − accuracy, whichever accuracy that is.

    >>> ClassificationError()([1, 0, 1], [[0.2, 0.8], [0.4, 0.6], [0.3, 0.7]]) == 1 / 3
    True
    """

    def __init__(self, accuracy: str | Metric = "accuracy") -> None:
        self.accuracy = accuracy
        self._accuracy = get(accuracy)
        if not isinstance(self._accuracy, _Mean):
            raise ConfigError(f"ClassificationError: accuracy must be one of the accuracies, got {accuracy!r}")
        self.reset()

    def values(self, y: Array, p: Array) -> Array:
        assert isinstance(self._accuracy, _Mean)
        wrong: Array = 1.0 - self._accuracy.values(y, p)
        return wrong


class SparseTopKCategoricalAccuracy(_Mean):
    """The share of samples whose class is among the k largest outputs; outputs as large as its own do not displace it.

    >>> SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.5, 0.2, 0.3], [0.1, 0.3, 0.6]])
    0.5
    """

    def __init__(self, k: int = 5) -> None:
        self.k = count(self, "k", k, 1)
        self.reset()

    def values(self, y: Array, p: Array) -> Array:
        return self._among(classes_of(type(self).__name__, y, p.shape), p)

    def _among(self, classes: Array, p: Array) -> Array:
        own = np.take_along_axis(p, classes[..., None], axis=-1)
        found: Array = (p > own).sum(axis=-1) < self.k
        return found


class TopKCategoricalAccuracy(SparseTopKCategoricalAccuracy):
    """:class:`SparseTopKCategoricalAccuracy` for one-hot targets."""

    def values(self, y: Array, p: Array) -> Array:
        return self._among(rows_of(type(self).__name__, y, p).argmax(axis=-1), p)


# --- counted from the confusion matrix --------------------------------------------------------------------------------


class _Counted(Metric):
    """Metrics of hits, predictions and cases per class; ``matrix[i, j]`` counts samples of class i predicted as j."""

    matrix: Array

    def __init__(self, average: str = "binary", threshold: float = 0.5) -> None:
        self.average = choice(self, "average", average, ("binary", "macro", "micro", "weighted"))
        self.threshold = number(self, "threshold", threshold)
        self.reset()

    def reset(self) -> None:
        self.matrix = np.zeros((2, 2))

    def add(self, y: Array, p: Array, w: Array | None) -> None:
        batch = _confusion(type(self).__name__, y, p, w, self.threshold, len(self.matrix))
        if self.average == "binary" and len(batch) > 2:
            raise ConfigError(
                f"{type(self).__name__} got {len(batch)} classes, but average='binary' is for two; "
                "choose average='macro' (mean over classes), 'micro' or 'weighted'"
            )
        more = len(batch) - len(self.matrix)
        self.matrix = np.pad(self.matrix, (0, more)) + batch

    def result(self) -> float:
        C = self.matrix
        self._seen(float(C.sum()))
        hits, predicted, actual = C.diagonal(), C.sum(axis=0), C.sum(axis=1)
        if self.average == "micro":
            return float(self.ratio(hits.sum(), predicted.sum(), actual.sum()))
        each = self.ratio(hits, predicted, actual)
        if self.average == "binary":
            return float(each[1])
        occurs = predicted + actual > 0
        return float(np.average(each[occurs], weights=actual[occurs] if self.average == "weighted" else None))

    def ratio(self, hits: Array, predicted: Array, actual: Array) -> Array:
        """Return the metric of each class."""
        raise NotImplementedError(f"{type(self).__name__} must define ratio(hits, predicted, actual)")


class Precision(_Counted):
    """Of those predicted to be of a class, the share that is: TP / (TP + FP); 0 where none is predicted.

    A row of outputs predicts one class. Targets where no label or several hold raise LabelError, and say what to do.
    ``average``: "binary" (class 1 of two), "macro" (mean over the classes that occur), "weighted" (by their number of
    samples) or "micro" (all counts together).

    >>> Precision()([1, 0, 1, 1], [0.9, 0.8, 0.2, 0.7]) == 2 / 3
    True
    """

    def ratio(self, hits: Array, predicted: Array, actual: Array) -> Array:
        return _divide(hits, predicted)


class Recall(_Counted):
    """Of those that are of a class, the share found: TP / (TP + FN); 0 where there are none. See :class:`Precision`.

    >>> Recall()([1, 0, 1, 1], [0.9, 0.8, 0.2, 0.7]) == 2 / 3
    True
    """

    def ratio(self, hits: Array, predicted: Array, actual: Array) -> Array:
        return _divide(hits, actual)


class F1Score(_Counted):
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN) (van Rijsbergen 1979). See :class:`Precision`.

    >>> F1Score()([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    0.8
    """

    def ratio(self, hits: Array, predicted: Array, actual: Array) -> Array:
        return _divide(2 * hits, predicted + actual)


def confusion_matrix(
    y_true: Any, y_pred: Any, num_classes: int | None = None, *, sample_weight: Any = None, threshold: float = 0.5
) -> Array:
    """Return C with C[i, j] the number (or weight) of samples of class i that are predicted as class j.

    ``y_pred`` may be integers (classes), a vector or column of floats (scores of class 1, yes above ``threshold``) or
    rows of outputs; ``y_true`` integers or one-hot rows. Raises LabelError for classes of ``num_classes`` or more.

    >>> confusion_matrix([0, 1, 2, 2], [0, 2, 2, 2]).tolist()
    [[1, 0, 0], [0, 0, 1], [0, 0, 2]]
    """
    who = "confusion_matrix"
    y, p = samples(who, "y_true", y_true), samples(who, "y_pred", y_pred)
    if y.ndim == 0 or p.ndim == 0 or len(y) != len(p):
        raise ShapeError(f"{who} got y_true of shape {y.shape} and y_pred of shape {p.shape}; lengths must be equal")
    w = None if sample_weight is None else as_sample_weight(sample_weight, len(y), who)
    threshold = number(who, "threshold", threshold)
    C = _confusion(who, y, p, w, threshold, 1 if num_classes is None else count(who, "num_classes", num_classes, 1))
    if num_classes is not None and len(C) > num_classes:
        raise LabelError(f"{who} got the class {len(C) - 1}, but num_classes={num_classes}; give it {len(C)} or none")
    return C if w is not None else C.astype(np.int64)


def _confusion(who: str, y: Array, p: Array, w: Array | None, threshold: float, classes: int) -> Array:
    """Return the confusion matrix of one batch, with at least so many classes."""
    if p.dtype.kind in "iub" and (p.ndim == 1 or p.shape[1:] == (1,)):  # classes, decided already
        guess, truth = p.reshape(-1), check_shape(who, y, p.shape).reshape(-1)
        if not are_integers(truth) or truth.min() < 0 or guess.min() < 0:
            raise LabelError(f"{who} got classes that are not the numbers 0, 1, 2, ...; np.unique can number them")
        classes = max(classes, int(guess.max()) + 1, int(truth.max()) + 1)
        guess, truth = guess.astype(np.intp), truth.astype(np.intp)
    elif p.ndim == 1 or p.shape[1:] == (1,):
        guess = (p > threshold).reshape(-1).astype(np.intp)
        truth = says_yes(who, check_shape(who, y, p.shape)).reshape(-1).astype(np.intp)
        classes = max(classes, 2)
    else:
        truth = rows_of(who, y, p).argmax(axis=-1) if y.shape == p.shape else classes_of(who, y, p.shape)
        if y.shape == p.shape and (np.abs(y.sum(axis=-1) - 1) > 0.5).any():
            raise LabelError(
                f"{who} got rows of y_true where no class or several hold; for labels that hold at once compare column "
                "by column, y_true[:, j] with y_pred[:, j], or all in one, y_true.ravel() with y_pred.ravel()"
            )
        guess, classes = p.argmax(axis=-1), max(classes, p.shape[-1])
        if w is not None and truth.ndim > 1:
            w = np.repeat(w, truth[0].size)
        guess, truth = guess.reshape(-1), truth.reshape(-1)
    if classes > MOST_CLASSES:
        raise LabelError(
            f"{who} would have {classes} rows, one for each class up to the largest number, and takes at most "
            f"{MOST_CLASSES}: number the classes that occur with np.unique(y, return_inverse=True)[1]"
        )
    C: Array = np.bincount(truth * classes + guess, w, minlength=classes * classes).reshape(classes, classes)
    return C.astype(np.float64)


# --- regression -------------------------------------------------------------------------------------------------------


class R2Score(Metric):
    """R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²: 1 is perfect, 0 is no better than the mean. Averaged over outputs.

    An output whose targets never vary counts 1 if it is predicted exactly and 0 if not, as in scikit-learn. The spread
    is merged batch by batch around a running mean (Chan, Golub & LeVeque 1983), so that nothing cancels.

    >>> R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """

    def reset(self) -> None:
        self.weight = 0.0
        self.mean = self.spread = self.residual = np.zeros(1)

    def add(self, y: Array, p: Array, w: Array | None) -> None:
        y = floats("R2Score", check_shape("R2Score", y, p.shape)).reshape(len(y), -1).astype(np.float64)
        p = p.reshape(y.shape)
        w = np.ones(len(y)) if w is None else w
        weight = float(w.sum())
        if weight == 0:
            return
        mean = w @ y / weight
        total = self.weight + weight
        between = (mean - self.mean) ** 2 * (self.weight * weight / total)
        self.spread = self.spread + w @ (y - mean) ** 2 + between
        self.residual = self.residual + w @ (y - p) ** 2
        self.mean = self.mean + (mean - self.mean) * (weight / total)
        self.weight = total

    def result(self) -> float:
        self._seen(self.weight)
        self._finite(float(self.spread.sum() + self.residual.sum()))
        varies = self.spread > 0
        ratio = np.where(self.residual > 0, 1.0, 0.0)
        with np.errstate(over="ignore"):
            np.divide(self.residual, self.spread, out=ratio, where=varies)
        return self._finite(float(np.mean(1.0 - ratio)))


class LossMetric(_Mean):
    """A loss, reported: the mean over all samples seen. Where a metric is expected, "mse" or a loss stands for this."""

    def __init__(self, loss: str | losses.Loss = "mean_squared_error") -> None:
        self.loss = loss
        self._loss = losses.get(loss)
        self.name = self._loss.name
        self.reset()

    def values(self, y: Array, p: Array) -> Array:
        y, p, _ = self._loss.check(y, p)
        return self._loss.per_sample(y, p)


# --- what they share --------------------------------------------------------------------------------------------------


def _divide(a: Array, b: Array) -> Array:
    """Return a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros(np.shape(b)), where=np.asarray(b) > 0)


registry: Registry[Metric] = Registry("metric", Metric)
registry.add(Accuracy, "acc")
registry.add(BinaryAccuracy)
registry.add(CategoricalAccuracy)
registry.add(SparseCategoricalAccuracy)
registry.add(ClassificationError, "error")
registry.add(Precision)
registry.add(Recall)
registry.add(F1Score, "f1")
registry.add(TopKCategoricalAccuracy, "top_k_categorical_accuracy")
registry.add(SparseTopKCategoricalAccuracy, "sparse_top_k_categorical_accuracy")
registry.add(R2Score, "r2")
registry.add(LossMetric)


def _is_known(name: str, where: Registry[Any]) -> bool:
    try:
        where.find(name)
    except ConfigError:
        return False
    return True


def get(which: str | Metric | type[Metric] | losses.Loss) -> Metric:
    """Return a metric: by name ("f1"), by class, or the metric itself; losses are metrics too.

    Raises ConfigError with the nearest name.

    >>> get("mae").name
    'mean_absolute_error'
    """
    if isinstance(which, losses.Loss):
        return LossMetric(which)
    if isinstance(which, str) and not _is_known(which, registry):
        if _is_known(which, losses.registry):
            return LossMetric(losses.get(which))
        known = registry.names() + losses.registry.names()
        raise ConfigError(f"unknown metric {which!r}. {nearest(which, known)}")
    return registry.get(which)


def resolve(which: str | Metric | type[Metric] | losses.Loss, loss: losses.Loss) -> Metric:
    """Return the metric that a name means beside that loss.

    "accuracy" is the one for the loss's kind of targets; a metric asked for by name cuts at 0, not at ½, where the
    outputs are logits or hinge scores. Whatever is not a name is taken as it is.

    >>> resolve("accuracy", losses.BinaryCrossentropy(from_logits=True))
    BinaryAccuracy(threshold=0.0)
    """
    metric = get(which)
    if not isinstance(which, str):
        return metric
    if isinstance(metric, LossMetric) and type(metric._loss) is type(loss):
        return LossMetric(loss)
    threshold = 0.0 if loss.from_logits or isinstance(loss, losses.Hinge) else 0.5
    if isinstance(metric, ClassificationError):
        return ClassificationError(resolve("accuracy", loss))
    if isinstance(metric, Accuracy):
        if isinstance(loss, losses.BinaryCrossentropy | losses.Hinge):
            return BinaryAccuracy(threshold)
        if isinstance(loss, losses.SparseCategoricalCrossentropy):
            return SparseCategoricalAccuracy()
        if isinstance(loss, losses.CategoricalCrossentropy | losses.KLDivergence):
            return CategoricalAccuracy()
    if isinstance(metric, BinaryAccuracy | _Counted):
        metric.threshold = threshold
    return metric
