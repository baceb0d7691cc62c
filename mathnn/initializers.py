"""Initial weights: ``initializer(shape, rng, dtype)`` draws an array.

The variance-scaling family keeps the spread of the signal the same from layer to layer. It counts the inputs
and outputs of a unit, ``fan_in`` and ``fan_out``: for a dense kernel (d, k) they are d and k; for a
convolution kernel (kh, kw, c_in, c_out) they are kh·kw·c_in and kh·kw·c_out.

The numbers are drawn in float64 and then rounded, so a seed means the same weights in both dtypes. Normal
distributions are not truncated (Keras's are).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .arrays import Array, finite
from .checks import axes, choice, number
from .configurable import Configurable, Registry
from .data import as_dtype
from .errors import ConfigError, ShapeError

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "VarianceScaling",
    "Zeros",
    "fans",
    "get",
    "registry",
]

Shape = tuple[int, ...]


def fans(shape: Shape) -> tuple[int, int]:
    """Return (fan_in, fan_out) of a kernel.

    >>> fans((784, 256)), fans((3, 3, 16, 32)), fans((5,))
    ((784, 256), (144, 288), (5, 5))
    """
    shape = axes("fans", shape)
    if len(shape) < 2:
        n = shape[0] if shape else 1
        return n, n
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


class Initializer(Configurable):
    """Base of the initializers: a subclass defines ``draw``.

    ``rng`` is a ``np.random.Generator``, a seed, or None for fresh entropy; NumPy's global generator is never
    read. Raises ShapeError for a shape that is none, ConfigError for something that is not a generator or a dtype,
    and NonFiniteError for numbers that the dtype cannot hold.
    """

    def __call__(self, shape: int | Sequence[int], rng: Any = None, dtype: DTypeLike = np.float64) -> Array:
        """Return a new array of that shape and dtype."""
        who = type(self).__name__
        lengths, dtype = axes(self, shape), as_dtype(dtype, who)
        try:
            generator = np.random.default_rng(rng)
        except (TypeError, ValueError):
            raise ConfigError(f"{who}: rng must be a np.random.Generator or a seed, got {rng!r}") from None
        with np.errstate(over="ignore"):  # what the dtype cannot hold becomes infinite, and is refused
            return finite(f"{who}: the array drawn", self.draw(lengths, generator).astype(dtype, copy=False))

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        """Return a new float64 array."""
        raise NotImplementedError(f"{type(self).__name__} does not define draw(shape, rng)")


class Constant(Initializer):
    """Every entry is ``value``."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = number(self, "value", value)

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, self.value)


class Zeros(Constant):
    """Every entry is 0: for biases. A zero kernel gives every unit of a layer the same gradient for ever."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Every entry is 1."""

    def __init__(self) -> None:
        super().__init__(1.0)


class RandomNormal(Initializer):
    """Entries from N(mean, stddev²)."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05) -> None:
        self.mean = number(self, "mean", mean)
        self.stddev = number(self, "stddev", stddev, 0)

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Entries from U[minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05) -> None:
        self.minval = number(self, "minval", minval)
        self.maxval = number(self, "maxval", maxval, self.minval)
        number(self, "maxval - minval", self.maxval - self.minval)

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)


class VarianceScaling(Initializer):
    """Entries of mean 0 and variance ``scale`` / n, where n is fan_in, fan_out or their mean.

    ``mode`` is "fan_in", "fan_out" or "fan_avg"; ``distribution`` is "untruncated_normal" or "uniform", which
    is U(−b, b) with b = √(3 scale / n).
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "untruncated_normal") -> None:
        self.scale = number(self, "scale", scale, 0, ends="()")
        for name, value, known in (
            ("mode", mode, ("fan_in", "fan_out", "fan_avg")),
            ("distribution", distribution, ("untruncated_normal", "uniform")),
        ):
            choice(self, name, value, known)
        self.mode = mode
        self.distribution = distribution

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(n, 1))
        if self.distribution == "uniform":
            return rng.uniform(-math.sqrt(3) * stddev, math.sqrt(3) * stddev, shape)
        return rng.normal(0, stddev, shape)


class GlorotNormal(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), normal; also called Xavier (Glorot and Bengio, 2010, eq. 12)."""

    def __init__(self) -> None:
        super().__init__(1.0, "fan_avg", "untruncated_normal")


class GlorotUniform(VarianceScaling):
    """Variance 2 / (fan_in + fan_out), uniform; also called Xavier (Glorot and Bengio, 2010, eq. 16)."""

    def __init__(self) -> None:
        super().__init__(1.0, "fan_avg", "uniform")


class HeNormal(VarianceScaling):
    """Variance 2 / fan_in, normal: what ReLU layers need (He, Zhang, Ren and Sun, 2015, eq. 10)."""

    def __init__(self) -> None:
        super().__init__(2.0, "fan_in", "untruncated_normal")


class HeUniform(VarianceScaling):
    """Variance 2 / fan_in, uniform (He, Zhang, Ren and Sun, 2015)."""

    def __init__(self) -> None:
        super().__init__(2.0, "fan_in", "uniform")


class LecunNormal(VarianceScaling):
    """Variance 1 / fan_in, normal (LeCun, Bottou, Orr and Müller, 1998, §4.6)."""

    def __init__(self) -> None:
        super().__init__(1.0, "fan_in", "untruncated_normal")


class LecunUniform(VarianceScaling):
    """Variance 1 / fan_in, uniform (LeCun, Bottou, Orr and Müller, 1998, §4.6)."""

    def __init__(self) -> None:
        super().__init__(1.0, "fan_in", "uniform")


class Orthogonal(Initializer):
    """``gain`` times a random matrix with orthonormal columns, or rows if fewer (Saxe et al., 2014).

    Axes before the last are taken together. The matrix is the Q of a normal matrix's QR factorisation, with
    each column's sign set by R's diagonal, which makes it uniform over the orthogonal group (Mezzadri, 2007).
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number(self, "gain", gain)

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal needs a shape of two axes or more, such as (64, 64), got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        Q, R = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        Q *= np.copysign(1.0, np.diag(R))
        return (self.gain * (Q if rows >= columns else Q.T)).reshape(shape)


registry: Registry[Initializer] = Registry("initializer", Initializer)
registry.add(Zeros, "zero")
registry.add(Ones, "one")
registry.add(Constant)
registry.add(RandomNormal, "normal")
registry.add(RandomUniform, "uniform")
registry.add(VarianceScaling)
registry.add(GlorotNormal, "xavier_normal")
registry.add(GlorotUniform, "xavier_uniform")
registry.add(HeNormal, "kaiming_normal")
registry.add(HeUniform, "kaiming_uniform")
registry.add(LecunNormal)
registry.add(LecunUniform)
registry.add(Orthogonal)

get = registry.get
