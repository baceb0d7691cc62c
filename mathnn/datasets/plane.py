"""Points in the plane whose classes interlock: moons, circles, spirals and blobs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import finite, numbers
from ..checks import count, number
from ..errors import ShapeError
from .dataset import Array, Dataset, Seed, generator

__all__ = ["blobs", "circles", "moons", "spirals"]


def moons(n_samples: int = 200, noise: float = 0.1, seed: Seed = 0) -> Dataset:
    """Return two half circles that reach into each other.

    Class 0 is (cos t, sin t), class 1 is (1 - cos t, ½ - sin t), both for t from 0 to π, plus Gaussian
    noise of that standard deviation. X (n_samples, 2), y (n_samples,), in random order. Source:
    scikit-learn's ``make_moons``.

    >>> X, y = moons(100, noise=0.0)
    >>> X.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    t0, t1 = (np.linspace(0.0, np.pi, n) for n in _shares("moons", n_samples, 2))
    parts = [
        np.stack([np.cos(t0), np.sin(t0)], axis=1),
        np.stack([1.0 - np.cos(t1), 0.5 - np.sin(t1)], axis=1),
    ]
    return _scatter("moons", parts, noise, seed, "Two interlocking half circles.")


def circles(n_samples: int = 200, noise: float = 0.05, factor: float = 0.5, seed: Seed = 0) -> Dataset:
    """Return a circle of radius 1 (class 0) around one of radius ``factor`` (class 1), plus Gaussian noise.

    X (n_samples, 2), y (n_samples,), in random order. Source: scikit-learn's ``make_circles``.

    >>> X, y = circles(100, noise=0.0)
    >>> np.unique(np.hypot(*X[y == 1].T).round(6)).tolist()
    [0.5]
    """
    factor = number("circles", "factor", factor, 0, 1, "()")
    turns = [np.arange(n) * (2.0 * np.pi / n) for n in _shares("circles", n_samples, 2)]
    parts = [r * np.stack([np.cos(t), np.sin(t)], axis=1) for r, t in zip((1.0, factor), turns, strict=True)]
    return _scatter("circles", parts, noise, seed, "A circle within a circle.")


def spirals(n_samples: int = 300, noise: float = 0.02, classes: int = 2, turns: float = 1.0, seed: Seed = 0) -> Dataset:
    """Return arms that wind ``turns`` times around the origin, one for each class.

    Arm k is r (cos φ, sin φ) with r from 0.05 to 1 and φ = 2π (turns · r + k / classes), plus Gaussian
    noise. X (n_samples, 2), y (n_samples,), in random order. Source: Lang and Witbrock, "Learning to tell
    two spirals apart", 1988.

    >>> X, y = spirals(300, classes=3)
    >>> np.bincount(y).tolist()
    [100, 100, 100]
    """
    turns = number("spirals", "turns", turns, 0)
    parts = []
    for k, n in enumerate(_shares("spirals", n_samples, count("spirals", "classes", classes, 2))):
        r = np.linspace(0.05, 1.0, n)
        phi = 2.0 * np.pi * (turns * r + k / classes)
        parts.append(np.stack([r * np.cos(phi), r * np.sin(phi)], axis=1))
    return _scatter("spirals", parts, noise, seed, f"{classes} spiral arms.")


def blobs(
    n_samples: int = 200, centers: Any = 3, cluster_std: float = 1.0, n_features: int = 2, seed: Seed = 0
) -> Dataset:
    """Return Gaussian clouds, one for each class.

    ``centers`` is how many (they are then drawn uniformly from [-10, 10]) or where: an array (classes,
    n_features). X (n_samples, n_features), y (n_samples,), in random order. Source: scikit-learn's
    ``make_blobs``.

    >>> X, y = blobs(300, centers=[[-2, 0], [2, 0]], cluster_std=0.1)
    >>> (X[y == 1].mean(axis=0).round() + 0.0).tolist()
    [2.0, 0.0]
    """
    rng = generator("blobs", seed)
    if isinstance(centers, int | np.integer):
        size = (count("blobs", "centers", int(centers), 1), count("blobs", "n_features", n_features, 1))
        middle = rng.uniform(-10.0, 10.0, size)
    else:
        middle = numbers("blobs: centers", centers).astype(np.float64)
        if middle.ndim != 2 or middle.size == 0 or not np.isfinite(middle).all():
            raise ShapeError(f"blobs: centers must be a number or an array (classes, features), got {centers!r}.")
    shares = _shares("blobs", n_samples, len(middle))
    parts = [np.repeat(centre[None], n, axis=0) for centre, n in zip(middle, shares, strict=True)]
    return _scatter("blobs", parts, cluster_std, rng, f"{len(middle)} Gaussian clouds.", "cluster_std")


def _shares(who: str, n_samples: int, classes: int) -> list[int]:
    """Deal the samples out to the classes as evenly as can be."""
    each, rest = divmod(count(who, "n_samples", n_samples, classes), classes)
    return [each + (k < rest) for k in range(classes)]


def _scatter(who: str, parts: list[Array], noise: float, seed: Seed, text: str, name: str = "noise") -> Dataset:
    """Join the classes, add the noise and shuffle."""
    rng = generator(who, seed)
    X = np.concatenate(parts)
    y = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    with np.errstate(over="ignore"):
        X += number(who, name, noise, 0) * rng.standard_normal(X.shape)
    finite(f"{who}: X, with so much {name},", X)
    order = rng.permutation(len(X))
    return Dataset(
        X=X[order],
        y=y[order].astype(np.int64),
        feature_names=tuple(f"x{j + 1}" for j in range(X.shape[1])),
        target_names=tuple(map(str, range(len(parts)))),
        description=text,
    )
