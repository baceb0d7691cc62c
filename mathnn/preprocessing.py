"""Before the network: splitting, scaling, encoding, batching, principal components and image augmentation.

Everything is fitted on the training part only, everything random takes a seed (an integer, a
``numpy.random.Generator``, or None for a different result each time), and nothing that was passed in is modified.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .arrays import as_real_dtype, finite, numbers, samples
from .checks import axes, count, flag, number
from .configurable import Configurable
from .data import as_features
from .errors import ConfigError, LabelError, ShapeError, StateError
from .targets import are_integers

__all__ = [
    "PCA",
    "Normalizer",
    "Standardizer",
    "flip_images",
    "minibatches",
    "normalize",
    "one_hot",
    "random_flips",
    "random_shifts",
    "shift_images",
    "standardize",
    "train_test_split",
]

Array = NDArray[Any]
Seed: TypeAlias = "int | np.random.Generator | None"  # as text: importing mathnn leaves numpy.random unloaded


def _generator(who: str, seed: Seed) -> np.random.Generator:
    if isinstance(seed, Integral) and not isinstance(seed, np.timedelta64) and int(seed) >= 0:
        return np.random.default_rng(int(seed))
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    raise ConfigError(f"{who}: seed must be None, an integer of 0 or more, or a numpy.random.Generator, got {seed!r}")


def _same_length(who: str, arrays: tuple[Any, ...]) -> list[Array]:
    """Return the arrays, of any dtype, which must have as many samples each, and at least one."""
    if not arrays:
        raise ConfigError(f"{who} got no array; call it with the data, for example {who}(X, y)")
    try:
        found = [np.asarray(array) for array in arrays]
    except ValueError:
        raise ShapeError(f"{who} got rows that differ in length; give every row the same length") from None
    if any(array.ndim == 0 for array in found) or len({len(array) for array in found}) > 1 or not len(found[0]):
        shapes = ", ".join(str(array.shape) for array in found)
        raise ShapeError(f"{who} got arrays of shape {shapes}, expected the same number of samples, 1 or more, in each")
    return found


# --- splitting and batching -------------------------------------------------------------------------------------------


def train_test_split(
    *arrays: Any, test_size: float | int = 0.25, shuffle: bool = True, stratify: Any = None, seed: Seed = None
) -> list[Array]:
    """Split every array into a training and a test part: ``X_train, X_test, y_train, y_test = train_test_split(X, y)``.

    ``test_size`` is a share (rounded up) or a number of samples. With ``stratify=y`` every class has, as nearly as
    whole samples allow, the same share of both parts. Without ``shuffle`` the last samples are the test part.

    Raises ConfigError, ShapeError, and LabelError where a class has a single sample.

    >>> X_train, X_test = train_test_split(np.arange(8), test_size=2, shuffle=False)
    >>> X_test.tolist()
    [6, 7]
    """
    who = "train_test_split"
    found = _same_length(who, arrays)
    m, shuffle = len(found[0]), flag(who, "shuffle", shuffle)
    if isinstance(test_size, Integral) and not isinstance(test_size, bool | np.timedelta64):
        m_test = int(test_size)
    else:
        m_test = int(np.ceil(round(number(who, "test_size", test_size, 0, 1, ends="()") * m, 9)))
    if not 0 < m_test < m:
        raise ConfigError(
            f"{who}: test_size={test_size} of {m} samples leaves {m - m_test} for training and {m_test} for the test; "
            "both need at least one"
        )
    rng = _generator(who, seed)
    if stratify is None:
        order = rng.permutation(m) if shuffle else np.arange(m)
        train, test = order[: m - m_test], order[m - m_test :]
    elif not shuffle:
        raise ConfigError(f"{who}: stratify needs shuffle=True; leave one of them out")
    else:
        train, test = _stratified(who, stratify, m, m_test, rng)
    return [part for array in found for part in (array[train], array[test])]


def _stratified(who: str, labels: Any, m: int, m_test: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return shuffled indices of both parts, each class shared out by the method of largest remainders."""
    try:
        labels = np.asarray(labels)
        classes, membership, sizes = np.unique(labels.reshape(-1), return_inverse=True, return_counts=True)
    except (ValueError, TypeError) as error:  # rows of different lengths, or objects that cannot be sorted
        raise LabelError(f"{who}: stratify must be the class of each sample, as numbers or text ({error})") from None
    if labels.shape not in ((m,), (m, 1)):
        raise ShapeError(
            f"{who}: stratify must be the class of each of the {m} samples, got shape {labels.shape}; "
            "for one-hot rows give y.argmax(axis=1)"
        )
    if sizes.min() < 2:
        raise LabelError(
            f"{who}: class {classes[sizes.argmin()]!r} of stratify has one sample, which cannot be on both sides; "
            "collect more, or leave stratify out"
        )
    if min(m_test, m - m_test) < len(classes):
        raise ConfigError(
            f"{who}: {m - m_test} samples for training and {m_test} for the test cannot hold each of {len(classes)} "
            "classes; change test_size"
        )
    share = sizes * m_test / m
    take = np.floor(share).astype(np.intp)
    take[np.argsort(take - share, kind="stable")[: m_test - take.sum()]] += 1
    order = rng.permutation(m)
    place = np.argsort(membership[order], kind="stable")  # positions in order, class after class
    rank = np.arange(m) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    in_test = np.empty(m, bool)
    in_test[place] = rank < np.repeat(take, sizes)
    return order[~in_test], order[in_test]


def minibatches(
    *arrays: Any, batch_size: int = 32, shuffle: bool = True, drop_last: bool = False, seed: Seed = None
) -> Iterator[Any]:
    """Return an iterator over one epoch of batches: ``for X_batch, y_batch in minibatches(X, y, batch_size=32)``.

    One array comes in plain batches, several as tuples. The last batch is smaller where ``batch_size`` does not divide
    the number of samples, unless ``drop_last``.

    >>> [len(batch) for batch in minibatches(np.zeros((7, 2)), batch_size=3)]
    [3, 3, 1]
    """
    found = _same_length("minibatches", arrays)
    size = count("minibatches", "batch_size", batch_size, 1)
    shuffle, drop_last = flag("minibatches", "shuffle", shuffle), flag("minibatches", "drop_last", drop_last)
    m = len(found[0])
    if drop_last and size > m:
        raise ConfigError(
            f"minibatches: batch_size={size} of {m} samples with drop_last=True leaves no batch; lower it"
        )
    rng = _generator("minibatches", seed)
    order = rng.permutation(m) if shuffle else np.arange(m)
    stop = m - m % size if drop_last else m
    batches = (tuple(a[order[start : start + size]] for a in found) for start in range(0, stop, size))
    return (batch[0] for batch in batches) if len(found) == 1 else batches


def one_hot(y: Any, num_classes: int | None = None, dtype: DTypeLike = np.float64) -> Array:
    """Return rows with 1 at the class and 0 elsewhere, of shape (..., K) for classes of shape (...).

    K is ``num_classes``, or the largest class and one. A column (m, 1) gives (m, K), as in Keras. Raises LabelError for
    fractions and for classes outside of 0 to K − 1.

    >>> one_hot([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    y = samples("one_hot", "y", y)
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y[..., 0]
    if not are_integers(y):
        raise LabelError("one_hot got fractions, expected numbers of classes: 0, 1, 2, ...; round or bin them first")
    K = int(y.max()) + 1 if num_classes is None else count("one_hot", "num_classes", num_classes, 1)
    if y.min() < 0 or y.max() >= K:
        raise LabelError(
            f"one_hot got classes from {int(y.min())} to {int(y.max())}, expected 0 to {K - 1}; raise num_classes, or "
            "number the classes from 0 with np.unique(y, return_inverse=True)[1]"
        )
    rows: Array = np.zeros(axes("one_hot", (*y.shape, K)), as_real_dtype("one_hot", dtype))
    np.put_along_axis(rows, y.astype(np.intp)[..., None], 1, axis=-1)
    return rows


# --- scaling ----------------------------------------------------------------------------------------------------------


class _Fitted(Configurable):
    """What is fitted on the training part and then applied to any part."""

    features: tuple[int, ...] | None = None  #: shape of a sample, once fitted

    def fit(self, X: Any) -> Self:
        """Learn from X (m, ...); return the object itself."""
        X = self._samples(X)
        with np.errstate(over="ignore", invalid="ignore"):
            self._fit(X.astype(np.float64))
        self.features = X.shape[1:]
        return self

    def fit_transform(self, X: Any) -> Array:
        """Learn from X and return it transformed."""
        return self.fit(X).transform(X)

    def transform(self, X: Any) -> Array:
        """Return X transformed; its dtype stays float32 or else is float64. Raises StateError before ``fit``."""
        X = self._samples(X)
        self._check_features(X.shape[1:], self.features)
        with np.errstate(over="ignore", invalid="ignore"):
            Z: Array = self._transform(X.astype(np.float64)).astype(X.dtype)
        return finite(f"{type(self).__name__}: the result", Z)

    def inverse_transform(self, Z: Any) -> Array:
        """Return what ``transform`` made Z from."""
        Z = self._samples(Z)
        self._check_features(Z.shape[1:], self._transformed_features())
        with np.errstate(over="ignore", invalid="ignore"):
            X: Array = self._inverse(Z.astype(np.float64)).astype(Z.dtype)
        return finite(f"{type(self).__name__}: the result", X)

    def _samples(self, X: Any) -> Array:
        return as_features(X, type(self).__name__)

    def _check_features(self, got: tuple[int, ...], fitted: tuple[int, ...] | None) -> None:
        if fitted is None:
            raise StateError(f"{type(self).__name__} is not fitted; call fit(X_train) first")
        if got != fitted:
            raise ShapeError(
                f"{type(self).__name__} was fitted for samples of shape {fitted}, got {got}; give it the same features"
            )

    def _transformed_features(self) -> tuple[int, ...] | None:
        return self.features

    def _fit(self, X: Array) -> None:
        raise NotImplementedError

    def _transform(self, X: Array) -> Array:
        raise NotImplementedError

    def _inverse(self, Z: Array) -> Array:
        raise NotImplementedError


class _Scaled(_Fitted):
    """(X − shift) / scale, feature by feature, or with one shift and one scale for all of them."""

    shift: Array
    scale: Array

    def __init__(self, per_feature: bool = True) -> None:
        self.per_feature = flag(self, "per_feature", per_feature)

    @property
    def _axis(self) -> int | None:
        return 0 if self.per_feature else None

    def _transform(self, X: Array) -> Array:
        return (X - self.shift) / self.scale

    def _inverse(self, Z: Array) -> Array:
        return Z * self.scale + self.shift


class Standardizer(_Scaled):
    """z = (x − μ) / σ: mean 0 and variance 1 on the data it was fitted on, and only there exactly.

    μ and σ (of the population: Σ (x − μ)² / m) are those of each feature or, with ``per_feature=False``, as befits
    images, of all numbers together. A constant feature is only centred: it becomes 0, σ counting as 1.

    >>> Standardizer().fit([[1.0], [3.0]]).transform([[1.0], [5.0]]).tolist()
    [[-1.0], [3.0]]
    """

    def _fit(self, X: Array) -> None:
        self.shift = X.mean(axis=self._axis)
        constant = X.min(axis=self._axis) == X.max(axis=self._axis)  # rounding would leave σ a little above 0
        self.scale = np.where(constant, 1.0, X.std(axis=self._axis))


class Normalizer(_Scaled):
    """z = (x − min) / (max − min): 0 to 1 on the data it was fitted on; others may fall outside and are not clipped.

    Extremes are those of each feature or, with ``per_feature=False``, as befits images, of all numbers together. A
    constant feature becomes 0. (scikit-learn's MinMaxScaler; its Normalizer is another thing.)

    >>> Normalizer().fit([[1.0], [3.0]]).transform([[2.0], [5.0]]).tolist()
    [[0.5], [2.0]]
    """

    def _fit(self, X: Array) -> None:
        self.shift = X.min(axis=self._axis)
        spread = X.max(axis=self._axis) - self.shift
        self.scale = np.where(spread > 0, spread, 1.0)


def standardize(X_train: Any, *others: Any, per_feature: bool = True) -> Any:
    """Return all of them standardized with the mean and deviation of the first: ``standardize(X_train, X_test)``.

    See :class:`Standardizer`. A single array comes back as one array, several as a tuple.
    """
    return _apply(Standardizer(per_feature), X_train, others)


def normalize(X_train: Any, *others: Any, per_feature: bool = True) -> Any:
    """Return all of them scaled with the extremes of the first, which goes to [0, 1]: ``normalize(X_train, X_test)``.

    See :class:`Normalizer`. A single array comes back as one array, several as a tuple.
    """
    return _apply(Normalizer(per_feature), X_train, others)


def _apply(scaler: _Scaled, X_train: Any, others: tuple[Any, ...]) -> Any:
    scaler.fit(X_train)
    return tuple(map(scaler.transform, (X_train, *others))) if others else scaler.transform(X_train)


class PCA(_Fitted):
    """Principal components: Z = (X − μ) Vᵀ, where the rows of V are the k directions of largest variance.

    From the singular value decomposition X − μ = U S V (Pearson 1901; Hotelling 1933), with the sign of each row of V
    such that its largest entry is positive. ``inverse_transform`` is Z V + μ, the best reconstruction of rank k.

    Parameters
    ----------
    n_components:
        k, or the share of the variance to keep (a float below 1), or None for all.
    whiten:
        Whether to divide each component by its standard deviation.

    Attributes
    ----------
    mean (d,), components (k, d), explained_variance (k,) with m − 1 in the denominator, explained_variance_ratio (k,)
    """

    mean: Array
    components: Array
    explained_variance: Array
    explained_variance_ratio: Array

    def __init__(self, n_components: int | float | None = None, whiten: bool = False) -> None:
        if n_components is not None:
            share = isinstance(n_components, float | np.floating)
            in_range: Any = number(self, "n_components", n_components, 0, 1, "()") if share else None
            n_components = in_range or count(self, "n_components", n_components, 1)
        self.n_components = n_components
        self.whiten = flag(self, "whiten", whiten)

    def _samples(self, X: Any) -> Array:
        found = super()._samples(X)
        if found.ndim != 2:
            raise ShapeError(f"PCA got X of shape {found.shape}, expected (m, d): write X.reshape(len(X), -1)")
        return found

    def _fit(self, X: Array) -> None:
        m, d = X.shape
        if m < 2:
            raise ShapeError("PCA got one sample, expected at least two: a single one has no variance")
        self.mean = X.mean(axis=0)
        _, S, V = np.linalg.svd(X - self.mean, full_matrices=False)
        variance = S**2 / (m - 1)
        ratio = variance / variance.sum() if variance.sum() > 0 else np.zeros_like(variance)
        k = self.n_components
        if isinstance(k, float):
            k = min(int(np.searchsorted(np.cumsum(ratio), k)) + 1, len(S))
        if k is not None and k > len(S):
            raise ConfigError(f"PCA: n_components={k} is more than {m} samples of {d} features have; at most {len(S)}")
        largest = np.take_along_axis(V, np.abs(V).argmax(axis=1)[:, None], axis=1)
        self.components = (V * np.sign(largest))[:k]
        self.explained_variance, self.explained_variance_ratio = variance[:k], ratio[:k]

    def _scale(self) -> Array:
        """Return what each component is divided by; one without variance, by 1."""
        deviation = np.sqrt(self.explained_variance)
        return np.where(deviation > 0, deviation, 1.0) if self.whiten else np.ones_like(deviation)

    def _transform(self, X: Array) -> Array:
        Z: Array = (X - self.mean) @ self.components.T / self._scale()
        return Z

    def _inverse(self, Z: Array) -> Array:
        X: Array = (Z * self._scale()) @ self.components + self.mean
        return X

    def _transformed_features(self) -> tuple[int, ...] | None:
        return None if self.features is None else (len(self.components),)


# --- images -----------------------------------------------------------------------------------------------------------


def _images(who: str, images: Any) -> Array:
    found = samples(who, "images", images)
    if found.ndim not in (3, 4):
        raise ShapeError(
            f"{who} got images of shape {found.shape}, expected (m, height, width) or (m, height, width, channels); "
            "write image[None] for a single one"
        )
    return found


def _one_each(who: str, what: str, values: Any, m: int) -> Array:
    """Return one value for each of m images."""
    values = numbers(f"{who}: {what}", values)
    if values.shape not in ((), (m,)):
        raise ShapeError(f"{who}: {what} must be one value or one for each of {m} images, got shape {values.shape}")
    return np.broadcast_to(values, (m,))


def shift_images(images: Any, down: Any = 0, right: Any = 0, fill: float = 0.0) -> Array:
    """Return images (m, h, w) or (m, h, w, c) moved by whole pixels, one shift for all or one for each.

    Negative numbers move up and left. What comes in from outside is ``fill``.

    >>> shift_images([[[1, 2, 3]]], right=1).tolist()
    [[[0, 1, 2]]]
    """
    who = "shift_images"
    images = _images(who, images)
    m, h, w = images.shape[:3]
    down, right = _one_each(who, "down", down, m), _one_each(who, "right", right, m)
    if down.dtype.kind not in "iu" or right.dtype.kind not in "iu":
        raise ConfigError(f"{who}: shifts must be integers (pixels), got {down.dtype} and {right.dtype}")
    rows, columns = (
        np.arange(n) - shift.astype(np.float64).clip(-n, n)[:, None] for n, shift in ((h, down), (w, right))
    )
    inside = ((rows >= 0) & (rows < h))[:, :, None] & ((columns >= 0) & (columns < w))[:, None, :]
    rows, columns = rows.clip(0, h - 1).astype(np.intp), columns.clip(0, w - 1).astype(np.intp)
    moved: Array = images[np.arange(m)[:, None, None], rows[:, :, None], columns[:, None, :]]
    with np.errstate(over="ignore", invalid="ignore"):
        value = np.array(number(who, "fill", fill)).astype(moved.dtype)
    if not np.isfinite(value) or (moved.dtype.kind != "f" and value != fill):
        raise ConfigError(f"{who}: fill={fill!r} does not fit images of dtype {moved.dtype}; make them floats first")
    moved[~inside] = value
    return moved


def flip_images(images: Any, horizontal: Any = True, vertical: Any = False) -> Array:
    """Return images mirrored left to right and/or top to bottom; one truth value for all or one for each.

    >>> flip_images([[[1, 2, 3]]]).tolist()
    [[[3, 2, 1]]]
    """
    flipped = _images("flip_images", images).copy()
    sideways = _one_each("flip_images", "horizontal", horizontal, len(flipped)).astype(bool)
    upright = _one_each("flip_images", "vertical", vertical, len(flipped)).astype(bool)
    flipped[sideways] = flipped[sideways, :, ::-1]
    flipped[upright] = flipped[upright, ::-1]
    return flipped


def random_shifts(images: Any, pixels: int, fill: float = 0.0, seed: Seed = None) -> Array:
    """Return each image moved by up to ``pixels`` in both directions, every shift as likely as any other."""
    images = _images("random_shifts", images)
    limit = count("random_shifts", "pixels", pixels, 0)
    down, right = _generator("random_shifts", seed).integers(-limit, limit + 1, (2, len(images)))
    return shift_images(images, down, right, fill)


def random_flips(images: Any, horizontal: float = 0.5, vertical: float = 0.0, seed: Seed = None) -> Array:
    """Return each image mirrored with these probabilities."""
    images = _images("random_flips", images)
    p = [
        number("random_flips", name, v, 0, 1, "[]") for name, v in (("horizontal", horizontal), ("vertical", vertical))
    ]
    sideways, upright = _generator("random_flips", seed).random((2, len(images))) < np.array(p)[:, None]
    return flip_images(images, sideways, upright)
