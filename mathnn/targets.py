"""What targets and predictions must be before a loss or a metric compares them, and what to do when they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError, LabelError, ShapeError

__all__ = [
    "are_integers",
    "check_distributions",
    "check_not_classes",
    "check_probabilities",
    "check_shape",
    "classes_of",
    "require_classes",
    "rows_of",
    "says_yes",
]

Array = NDArray[Any]
Shape = tuple[int, ...]

TARGET_SUM_TOLERANCE = 1e-5  # p − y is the gradient of the cross-entropy where Σ y = 1, so targets must mean it
PREDICTION_SUM_TOLERANCE = 1e-3  # probabilities that were typed in with three digits still pass


def are_integers(y: Array) -> bool:
    """Whether every number is a whole one, whatever the dtype."""
    return y.dtype.kind in "iub" or bool((y == np.floor(y)).all())


def check_shape(who: str, y: Array, shape: Shape) -> Array:
    """Return y if it has the shape of the predictions; raise ShapeError, and never broadcast, if not."""
    if y.shape == shape:
        return y
    hint = "give both the same shape"
    if (*y.shape, 1) == shape or y.shape == (*shape, 1):
        hint = f"broadcasting would compare every pair of samples; write y_true.reshape({shape})"
    elif y.shape[1:] == shape[1:]:
        hint = "each sample needs its own target"
    elif y.ndim == 1 and len(shape) == 2:
        hint = (
            f"there are {shape[1]} outputs and one target for each sample: give the network one output or, if the "
            f"targets are classes, use SparseCategoricalCrossentropy or one_hot(y, {shape[1]})"
        )
    raise ShapeError(f"{who} got y_true of shape {y.shape} for y_pred of shape {shape}: {hint}")


def require_classes(who: str, shape: Shape) -> None:
    """Raise ShapeError where there are fewer than two classes: the probability of an only class is always 1."""
    if not shape or shape[-1] < 2:
        raise ShapeError(
            f"{who} got y_pred of shape {shape}, expected one output for each of at least two classes on the last "
            "axis; for a single output use sigmoid and the binary loss or metric"
        )


def classes_of(who: str, y: Array, shape: Shape) -> Array:
    """Return targets that are class numbers, of the shape of the predictions without their last axis, as integers.

    A last axis of length 1 is taken off. Raises LabelError for one-hot rows, fractions and classes out of range.
    """
    require_classes(who, shape)
    classes = shape[-1]
    if y.shape == shape:
        raise LabelError(
            f"{who} got y_true of shape {y.shape}, a number for each class, expected the number of the right class: "
            "use the categorical loss or metric (CategoricalCrossentropy), or y.argmax(axis=-1)"
        )
    if y.shape == (*shape[:-1], 1):
        y = y[..., 0]
    if y.shape != shape[:-1]:
        raise ShapeError(
            f"{who} got y_true of shape {y.shape} for y_pred of shape {shape}, expected {shape[:-1]}: the number of "
            f"the right class for each row of {classes} outputs"
        )
    if not are_integers(y):
        raise LabelError(
            f"{who} got the target {float(y[y != np.floor(y)][0]):g}, expected the number of a class; for "
            "probabilities of the classes use CategoricalCrossentropy, for quantities MeanSquaredError"
        )
    low, high = int(np.minimum.reduce(y, axis=None)), int(np.maximum.reduce(y, axis=None))
    if low < 0 or high >= classes:
        fix = f"give the last layer {high + 1} units"
        if (low, high) == (1, classes):
            fix = "subtract 1 from them"
        elif low < 0:
            fix = "number the classes from 0, for instance with np.unique(y, return_inverse=True)[1]"
        raise LabelError(
            f"{who} got labels from {low} to {high}, expected 0 to {classes - 1} for {classes} outputs: {fix}"
        )
    return y.astype(np.intp, copy=False)


def check_not_classes(who: str, y: Array, shape: Shape) -> None:
    """Raise LabelError if y holds one class number where a distribution over the classes is needed."""
    require_classes(who, shape)
    if y.shape in (shape[:-1], (*shape[:-1], 1)):
        kind = "integers" if are_integers(y) else "single numbers"
        raise LabelError(
            f"{who} got y_true of shape {y.shape} for y_pred of shape {shape}, expected one number for each of the "
            f"{shape[-1]} classes: labels are {kind}: use SparseCategoricalCrossentropy or one_hot(y, {shape[-1]})"
        )


def check_distributions(who: str, y: Array) -> Array:
    """Return y, or raise LabelError where a row is not a distribution over the classes."""
    with np.errstate(over="ignore"):
        total = y.sum(axis=-1, dtype=np.float64).reshape(-1)
    worst = total[np.abs(total - 1).argmax()]
    if y.min() < 0 or abs(worst - 1) > TARGET_SUM_TOLERANCE:
        raise LabelError(
            f"{who} got targets with a row that sums to {worst:.6g} and a least entry of {float(y.min()):g}, expected "
            f"rows of numbers from 0 to 1 that sum to 1: one_hot(labels, {y.shape[-1]}) makes them; where several "
            "labels hold at once, use sigmoid outputs and BinaryCrossentropy"
        )
    return y


def check_probabilities(who: str, p: Array, activation: str, has_logits: bool) -> None:
    """Raise ConfigError unless all are within [0, 1] and, as outputs of softmax, sum to 1 in each row."""
    fix = f"end the network in {activation}" + (", or give the loss from_logits=True" if has_logits else "")
    low, high = float(p.min()), float(p.max())
    if low < 0 or high > 1:
        raise ConfigError(f"{who} got y_pred from {low:g} to {high:g}, expected probabilities from 0 to 1: {fix}")
    if activation == "softmax":
        total = p.sum(axis=-1, dtype=np.float64).reshape(-1)
        worst = total[np.abs(total - 1).argmax()]
        if abs(worst - 1) > PREDICTION_SUM_TOLERANCE:
            raise ConfigError(
                f"{who} got a row of y_pred that sums to {worst:.6g}, expected probabilities of the classes, which sum "
                f"to 1: {fix}"
            )


def says_yes(who: str, y: Array) -> Array:
    """Return where labels 0 and 1, or −1 and 1, say yes; raise LabelError for others."""
    if y.min() < -1 or y.max() > 1:
        raise LabelError(
            f"{who} got targets from {float(y.min()):g} to {float(y.max()):g}, expected labels 0 and 1 (or -1 and 1); "
            "for more classes give it one output for each, for quantities use 'r2_score' or 'mae'"
        )
    yes: Array = y > 0.5
    return yes


def rows_of(who: str, y: Array, p: Array) -> Array:
    """Return y, which must be rows over the classes as p is."""
    if p.ndim < 2:
        require_classes(who, p.shape[:0])
    check_not_classes(who, y, p.shape)
    return check_shape(who, y, p.shape)
