"""What the plots accept, checked at the door, so that a figure is either right or an error that says what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, floats
from ..errors import ConfigError, LabelError, NonFiniteError, ShapeError

__all__ = ["as_classes", "as_numbers", "as_predict"]


def as_numbers(values: Any, what: str, ndim: int | None = None, finite: bool = True) -> Array:
    """Return a new float64 array of ``ndim`` axes that is not empty."""
    array = floats(f"plots.{what}", values)
    if array.size == 0 or (ndim is not None and array.ndim != ndim):
        axes = "a non-empty array" if ndim is None else f"a non-empty array of {ndim} axes"
        raise ShapeError(f"plots.{what} has shape {array.shape}; {axes} is needed, so reshape it")
    if finite and not np.isfinite(array).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NonFiniteError(f"plots.{what} contains NaN or infinity, first at index {first}; remove or fill it")
    return array.astype(np.float64)


def as_classes(y: Any, m: int, what: str) -> NDArray[np.int64]:
    """Return one class number for each of m samples, from integers, a 0/1 column or one-hot rows."""
    array = as_numbers(y, what)
    if array.ndim == 2 and array.shape[1] > 1:
        if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
            raise LabelError(f"plots.{what} has {array.shape[1]} columns that are not one-hot; pass class numbers")
        array = array.argmax(axis=1)
    array = array.reshape(len(array), -1)
    if array.shape != (m, 1):
        raise ShapeError(f"plots.{what} has shape {np.shape(y)}, but there are {m} samples; pass one label for each")
    labels = array[:, 0].astype(np.int64)
    if (labels != array[:, 0]).any() or (labels < 0).any():
        raise LabelError(f"plots.{what} must be class numbers 0, 1, 2, ..., got {np.unique(array)[:5].tolist()}")
    return labels


def as_predict(model: Any, what: str) -> Callable[[Array], Any]:
    """Return the function from inputs to outputs: a model's ``predict``, or the function itself."""
    predict = getattr(model, "predict", model)
    if not callable(predict):
        raise ConfigError(
            f"plots.{what} must be a model with predict(X) or a function of X, got {type(model).__name__}"
        )
    return predict  # type: ignore[no-any-return]  # getattr knows no types


def as_names(names: Sequence[str] | None, n: int, what: str, default: Sequence[str]) -> list[str]:
    """Return n names: those given, or the default ones."""
    found = list(default if names is None else names)
    if isinstance(names, str) or len(found) != n:
        raise ShapeError(f"plots.{what} must be {n} names, got {names!r}")
    return [str(name) for name in found]
