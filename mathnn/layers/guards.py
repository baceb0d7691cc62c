"""What is checked around ``build``, ``forward`` and ``backward`` of every layer, a reader's own ones included.

A layer's code reads like its formula because the checks stand here: once for a class, when it is defined.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from ..checks import flag
from ..data import as_dtype
from ..errors import ConfigError, DtypeError, ShapeError

__all__ = ["guard", "input_shape"]


def guard(cls: type) -> None:
    """Put the checks around the methods that a class of layers defines itself."""
    for name, around in (("build", _build), ("forward", _forward), ("backward", _backward)):
        if name in vars(cls):
            setattr(cls, name, around(vars(cls)[name], cls))


def input_shape(who: str, shape: Any) -> tuple[int | None, ...]:
    """Return the shape of one sample as a tuple of positive integers, or None for a length that may change."""
    lengths = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    for n in lengths:
        if n is not None and (isinstance(n, bool | np.timedelta64) or not isinstance(n, int | np.integer) or n < 1):
            raise ShapeError(f"{who}: an input shape is a tuple of positive integers, got {shape!r}")
    return tuple(n if n is None else int(n) for n in lengths)


def _build(f: Any, cls: type) -> Any:
    @wraps(f)
    def build(self: Any, shape: Any, rng: Any = None, dtype: Any = None) -> Any:
        return f(self, *self.check_build(shape, rng, dtype))

    return build


def check_build(who: str, shape: Any, rng: Any, dtype: Any) -> tuple[Any, ...]:
    """Return the arguments of ``build``, or raise ShapeError or ConfigError."""
    if not isinstance(rng, np.random.Generator):
        raise ConfigError(f"{who}.build draws from a generator: pass np.random.default_rng(seed), got {rng!r}")
    return input_shape(who, shape), rng, as_dtype(np.float64 if dtype is None else dtype, who)


def _forward(f: Any, cls: type) -> Any:
    @wraps(f)
    def forward(self: Any, X: Any, training: bool = False, cache: bool = False) -> Any:
        if not (training is True or training is False):
            training = flag(f"{self.label}.forward", "training", training)
        if not (cache is True or cache is False):
            cache = flag(f"{self.label}.forward", "cache", cache)
        Y = f(self, X, training, cache)
        if cache:
            self._given[cls] = Y.shape
        return Y

    return forward


def _backward(f: Any, cls: type) -> Any:
    @wraps(f)
    def backward(self: Any, dY: Any, need_dX: bool = True) -> Any:
        shape = self._given.get(cls)
        if shape is not None and (getattr(dY, "shape", None) != shape or dY.dtype != self.dtype):
            _refuse(self, dY, shape)
        if not (need_dX is True or need_dX is False):
            need_dX = flag(f"{self.label}.backward", "need_dX", need_dX)
        return f(self, dY, need_dX)

    return backward


def _refuse(layer: Any, dY: Any, shape: tuple[int, ...]) -> None:
    """Raise what is wrong with ∂J/∂Y."""
    if getattr(dY, "shape", None) != shape:
        got = f"shape {dY.shape}" if hasattr(dY, "shape") else repr(dY)
        raise ShapeError(
            f"{layer.label}.backward needs ∂J/∂Y of the shape {shape} that the last cached forward gave, got {got}"
        )
    raise DtypeError(
        f"{layer.label}.backward: the layer computes in {layer.dtype} and ∂J/∂Y is {dY.dtype}: pass "
        f"dY.astype({layer.dtype.name!r})"
    )
