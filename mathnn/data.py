"""What a model accepts as data: checked once, at the door, so that nothing inside the training loop has to ask."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import numbers
from .checks import number
from .errors import ConfigError, LabelError, NonFiniteError, ShapeError

__all__ = [
    "as_dtype",
    "as_features",
    "as_sample_weight",
    "class_weight_to_sample_weight",
    "split_off_validation",
]

Array = NDArray[Any]

#: Of the sum of the squares of all features, by dtype; beyond it each number is looked at.
LARGEST_SQUARE = {"f": float(np.finfo(np.float32).max) * 1e-6, "d": float(np.finfo(np.float64).max) * 1e-6}
MOST_WEIGHT = 1e30  # so that sums of weights times losses stay finite in float32


def as_dtype(dtype: Any, who: str) -> np.dtype[Any]:
    """Return float32 or float64, or raise ConfigError."""
    known: list[np.dtype[Any]] = [np.dtype(np.float32), np.dtype(np.float64)]
    try:
        return known[known.index(np.dtype(dtype))]
    except (TypeError, ValueError):
        raise ConfigError(f"{who}: dtype must be 'float32' or 'float64', got {dtype!r}") from None


def as_features(X: Any, who: str, single_numbers: bool = False, dtype: np.dtype[Any] | None = None) -> Array:
    """Return X as an array of finite real numbers with at least one sample; floats keep their dtype unless told one.

    Refused is also what is too large to be squared, since nothing could be computed from it.

    A vector is refused, since it may be one sample or many, unless the samples are known to be ``single_numbers``.
    """
    array = numbers(f"{who}: X", X)
    if array.ndim == 0 or array.size == 0:
        raise ShapeError(f"{who}: X is empty or a single number (shape {array.shape}); it needs at least one sample")
    if array.ndim == 1 and not single_numbers:
        raise ShapeError(
            f"{who}: X has shape {array.shape}; rows are samples, so write X.reshape(-1, 1) for {len(array)} samples "
            "of one feature, or X.reshape(1, -1) for one sample"
        )
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    elif array.dtype.itemsize < 4:
        array = array.astype(np.float32)
    if dtype is not None and array.dtype != dtype:
        with np.errstate(over="ignore"):  # what the dtype cannot hold becomes infinite, and is refused
            array = array.astype(dtype)
    limit = LARGEST_SQUARE[array.dtype.char]
    if not np.vdot(array, array) <= limit:
        _refuse_what_is_too_large(array, who, math.sqrt(limit))
    return array


def _refuse_what_is_too_large(array: Array, who: str, limit: float) -> None:
    """Raise NonFiniteError for the first entry that is NaN, infinite or beyond the limit; there may be none."""
    bad = ~(np.abs(array) <= limit)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        value = float(array[first])
        what, fix = "NaN or infinity", "Remove or fill these entries, for example with np.nan_to_num"
        if math.isfinite(value):
            what, fix = f"{value:g}, too large to be squared", "Scale the features, for example with standardize"
        raise NonFiniteError(f"{who}: X contains {what}, first at index {first}. {fix}")


def as_sample_weight(weight: Any, m: int, who: str) -> Array:
    """Return one non-negative finite weight for each of m samples."""
    array = numbers(f"{who}: sample_weight", weight)
    if array.shape != (m,):
        raise ShapeError(f"{who}: sample_weight must have shape ({m},), one number for each sample, got {array.shape}")
    array = array.astype(np.float64)
    if not ((array >= 0) & (array <= MOST_WEIGHT)).all():
        raise NonFiniteError(f"{who}: sample_weight must be finite and not negative, and at most {MOST_WEIGHT:g}")
    return array


def _classes(y: Array) -> Array | None:
    """Return one class number for each sample where y holds classes (integers, 0/1 column, one-hot), else None."""
    if y.ndim == 2 and y.shape[1] > 1:
        one_hot = ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()
        return y.argmax(axis=1) if one_hot else None
    if y.ndim > 2:
        return None
    flat = y.reshape(-1)
    if flat.dtype.kind in "iub":
        return flat.astype(np.int64)
    return flat.astype(np.int64) if ((flat == 0) | (flat == 1)).all() else None


def class_weight_to_sample_weight(y: Array, class_weight: Mapping[int, float], who: str) -> Array:
    """Return the weight of each sample's class; classes that are not named weigh 1."""
    classes = _classes(y)
    if classes is None:
        raise LabelError(f"{who}: class_weight needs targets that are classes: integers, a 0/1 column or one-hot rows")
    if not isinstance(class_weight, Mapping):
        raise ConfigError(f"{who}: class_weight must be a dictionary such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}")
    weight = np.ones(len(y))
    for label, value in class_weight.items():
        if not isinstance(label, Integral) or label not in classes:
            raise LabelError(
                f"{who}: class_weight names class {label!r}, but the targets hold only the classes "
                f"{', '.join(map(str, np.unique(classes).tolist()[:20]))}"
            )
        weight[classes == label] = number(who, f"class_weight[{label!r}]", value, 0)
    return weight


def split_off_validation(y: Array, fraction: float, who: str) -> int:
    """Return how many of the first samples stay in training; the last ones are for validation, as in Keras.

    Warns when a class would be gone from the training part, which happens when the data are sorted by class.
    """
    fraction = number(who, "validation_split", fraction, 0, 1)
    m = len(y)
    stay = int(m * (1 - fraction))
    if fraction and not 0 < stay < m:
        raise ConfigError(
            f"{who}: validation_split={fraction} of {m} samples leaves {stay} to train on and {m - stay} to validate "
            "on; both parts need at least one"
        )
    classes = _classes(y) if stay < m else None
    if classes is not None:
        gone = np.setdiff1d(classes, classes[:stay])
        if gone.size:
            warnings.warn(
                f"{who}: validation_split={fraction} takes the last {m - stay} samples, and with them every sample of "
                f"class {', '.join(map(str, gone.tolist()))}; shuffle first, or use train_test_split(stratify=y)",
                UserWarning,
                stacklevel=4,
            )
    return stay
