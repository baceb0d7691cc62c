"""Rosenblatt's perceptron, its margin, and Novikoff's bound on its mistakes (chapter 1).

The bias is a weight like the others, on an input that is always 1: x̃ = (x, 1) and w̃ = (w, b), so that
w̃·x̃ = w·x + b. The theorem speaks of x̃ and w̃, and so do ``novikoff_bound`` and ``max_margin``. The
labels are y = ±1 in every formula; the data may also carry 0 and 1.

Sources: F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in
the brain", Psychological Review 65, 1958. A. Novikoff, "On convergence proofs for perceptrons", 1962.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple, Self

import numpy as np

from .arrays import finite, floats, numbers
from .checks import count, flag, number
from .configurable import Configurable
from .errors import LabelError, NonFiniteError, ShapeError, StateError

__all__ = [
    "ConvergenceWarning",
    "Perceptron",
    "Separator",
    "Update",
    "max_margin",
    "novikoff_bound",
    "separable",
]

Array = np.ndarray[Any, Any]

#: A distance that counts as zero, for data whose longest sample has length 1.
TOUCHING = 1e-10
TINY = float(np.finfo(np.float64).tiny)


class ConvergenceWarning(UserWarning):
    """A perceptron stopped at its last epoch and still makes mistakes."""


class Update(NamedTuple):
    """One mistake, and what the perceptron learnt from it."""

    epoch: int
    sample: int
    weights: Array
    bias: float


class Separator(NamedTuple):
    """The line w·x + b = 0 with the widest margin, as :func:`max_margin` found it."""

    weights: Array
    bias: float
    #: γ, the least y (w·x + b) over the samples, for ‖(w, b)‖ = 1; negative where no line separates the data.
    margin: float
    #: True: this line separates the data. False: none does, to within rounding. None: not settled in time.
    separable: bool | None


class Perceptron(Configurable):
    """A neuron with a step: it answers 1 where w·x + b ≥ 0, and learns from its mistakes only.

    Each sample (x, y) in turn, y = ±1: where y (w·x + b) ≤ 0, that is a mistake, and

        w ← w + η y x        b ← b + η y

    until an epoch passes without a mistake (``converged``) or ``max_epochs`` are over, which is announced
    by a :class:`ConvergenceWarning` unless ``warn=False``. It starts from zero and takes the samples in the
    order in which they come, so the result is always the same. A score of 0 counts as a mistake whatever
    the label. Any η > 0 makes the same mistakes: it only scales w and b.

    After ``fit``: ``weights`` (d,), ``bias``, ``mistakes`` (how many in all), ``mistakes_per_epoch``,
    ``history`` (an :class:`Update` for every mistake) and ``converged``.

    Raises ConfigError for arguments out of range, ShapeError, DtypeError, NonFiniteError and LabelError for
    data that cannot be learnt, and StateError where an answer is asked for before ``fit``.

    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    >>> model = Perceptron().fit(X, y)
    >>> model.predict(X).tolist(), model.converged, model.mistakes
    ([0, 0, 0, 1], True, 18)
    """

    def __init__(self, learning_rate: float = 1.0, max_epochs: int = 1000, warn: bool = True) -> None:
        self.learning_rate = number(self, "learning_rate", learning_rate, 0, ends="()")
        self.max_epochs = count(self, "max_epochs", max_epochs, 1)
        self.warn = flag(self, "warn", warn)
        self._labels: Array | None = None
        self.history: list[Update] = []
        self.mistakes_per_epoch: list[int] = []
        self.converged = False

    def fit(self, X: Any, y: Any) -> Self:
        """Learn X (m, d) with labels y (m,), all 0 or 1, or all -1 or 1; return the perceptron itself."""
        X, sign, self._labels = _data("Perceptron.fit", X, y)
        reach = float(np.finfo(X.dtype).max) ** 0.25  # within it no product overflows
        eta = X.dtype.type(number(self, f"learning_rate, for {X.dtype},", self.learning_rate, 1 / reach, reach, "[]"))
        w, b = np.zeros_like(X[0]), X.dtype.type(0)
        self.history, self.mistakes_per_epoch, self.converged = [], [], False
        while not self.converged and len(self.mistakes_per_epoch) < self.max_epochs:
            before, i = self.mistakes, 0
            # Until the next mistake nothing changes, so all samples up to it are tried with one product.
            while (wrong := np.flatnonzero(sign[i:] * (X[i:] @ w + b) <= 0)).size:
                i += int(wrong[0])
                w = w + eta * sign[i] * X[i]
                b = b + eta * sign[i]
                self.history.append(Update(len(self.mistakes_per_epoch), i, w, float(b)))
                i += 1
            self.mistakes_per_epoch.append(self.mistakes - before)
            self.converged = self.mistakes == before
        self.weights, self.bias = w, float(b)
        if not self.converged and self.warn:
            message = (
                f"Perceptron: not converged, {self.mistakes_per_epoch[-1]} mistakes in the last of "
                f"{self.max_epochs} epochs. Either no line separates these data, which perceptron.separable(X, y) "
                "tells, or max_epochs is too small"
            )
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        return self

    @property
    def mistakes(self) -> int:
        """How many mistakes were made in all, each of which moved the weights once."""
        return len(self.history)

    def decision_function(self, X: Any) -> Array:
        """Return w·x + b for each row of X: (m, d) -> (m,)."""
        if self._labels is None:
            raise StateError("Perceptron: it has learnt nothing yet; call fit(X, y) first")
        X = _matrix("Perceptron", X)
        if X.shape[1] != len(self.weights):
            raise ShapeError(
                f"Perceptron: X has {X.shape[1]} columns, but fit saw {len(self.weights)}: "
                "each sample is a row with the same features"
            )
        scores: Array = X @ self.weights + X.dtype.type(self.bias)
        return scores

    def predict(self, X: Any) -> Array:
        """Return the label of each row of X, of the kind that ``fit`` was given: (m, d) -> (m,)."""
        scores = self.decision_function(X)
        assert self._labels is not None
        answers: Array = self._labels[(scores >= 0).astype(np.intp)]
        return answers

    def score(self, X: Any, y: Any) -> float:
        """Return the share of right answers."""
        X, sign, _ = _data("Perceptron.score", X, y, both=False)
        return float(np.mean(np.where(self.decision_function(X) >= 0, 1, -1) == sign))

    def margin(self, X: Any, y: Any) -> float:
        """Return min y (w·x + b) / ‖w‖, the distance of the nearest sample from the line.

        It is negative if a sample lies on the wrong side. StateError where w is zero: then there is no line.
        """
        X, sign, _ = _data("Perceptron.margin", X, y, both=False)
        scores = self.decision_function(X)
        if not (norm := float(np.linalg.norm(self.weights))):
            raise StateError("Perceptron.margin: all weights are zero, so there is no line to measure from")
        return float(np.min(sign * scores)) / norm


def max_margin(X: Any, y: Any, tolerance: float = 1e-6, max_iterations: int = 10_000) -> Separator:
    """Return the line through x̃ = (x, 1) with the widest margin γ = max min y w̃·x̃ over ‖w̃‖ = 1.

    The best w̃ points to that point p of the convex hull of the z = y x̃ which is nearest to the origin, and
    γ = ‖p‖. Where the origin lies in the hull, no line separates the data (Gordan's theorem). P. Wolfe's
    algorithm ("Finding the nearest point in a polytope", Mathematical Programming 11, 1976) finds p. Whatever
    p it has reached, min p·z / ‖p‖ ≤ γ ≤ ‖p‖, so the result carries its own proof: it stops when the two
    agree to ``tolerance``, or when ‖p‖ is zero next to the longest z (1e-10 of it).

    >>> line = max_margin([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> line.separable, line.weights.round(3).tolist(), round(line.bias, 3), round(line.margin, 3)
    (True, [0.485, 0.485], -0.728, 0.243)
    """
    number("max_margin", "tolerance", tolerance, 0, 1, "()")
    count("max_margin", "max_iterations", max_iterations, 1)
    X, sign, _ = _data("max_margin", X, y)
    Z = _extended(X) * sign[:, None].astype(np.float64)
    size = float(np.linalg.norm(Z, axis=1).max())
    p = _nearest_to_origin(Z / size, tolerance, max_iterations) * size
    norm = float(np.linalg.norm(p))
    direction = p / norm if norm else p
    margin = float((Z @ direction).min())
    found = True if margin > 0 else False if norm <= TOUCHING * size else None
    return Separator(direction[:-1], float(direction[-1]), margin, found)


def _nearest_to_origin(Z: Array, tolerance: float, max_iterations: int) -> Array:
    """Return the point p = αᵀZ (α ≥ 0, Σα = 1) of least length. ``chosen`` are the rows with α > 0."""
    chosen = [int(np.argmin(np.sum(Z * Z, axis=1)))]
    alpha = np.ones(1)
    p: Array = Z[chosen[0]]
    for _ in range(max_iterations):
        scores = Z @ p
        j = int(scores.argmin())
        settled = p @ p - scores[j] <= tolerance * (p @ p) or p @ p <= TOUCHING**2
        if settled or j in chosen:
            break
        chosen, alpha = [*chosen, j], np.append(alpha, 0.0)
        while (target := _nearest_in_span(Z[chosen])).min() <= 0:
            # That point lies outside the hull: go towards it up to the wall, and drop what is left behind.
            leaving = target <= 0
            ratio = np.where(leaving, alpha / np.maximum(alpha - target, np.finfo(np.float64).tiny), np.inf)
            wall = int(ratio.argmin())
            alpha = alpha + ratio[wall] * (target - alpha)
            alpha[wall] = 0.0
            chosen, alpha = [c for c, a in zip(chosen, alpha, strict=True) if a > 0], alpha[alpha > 0]
        alpha = target
        p = alpha @ Z[chosen]
    return p


def _nearest_in_span(S: Array) -> Array:
    """Return the coefficients α, Σα = 1, of the point of least length in the plane through the rows of S."""
    k = len(S)
    system = np.ones((k + 1, k + 1))
    system[:k, :k] = S @ S.T
    system[k, k] = 0.0
    solution: Array = np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0]
    return solution[:k]


def separable(X: Any, y: Any) -> bool:
    """Return whether some line w·x + b = 0 has each class on its own side.

    StateError where the classes come so near each other that the search does not settle it.

    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> separable(X, [0, 1, 1, 1]), separable(X, [0, 1, 1, 0])
    (True, False)
    """
    found = max_margin(X, y).separable
    if found is None:
        raise StateError(
            "separable: not settled, because the classes nearly touch; try max_margin with more "
            "max_iterations, or measure the features in larger units"
        )
    return found


def novikoff_bound(X: Any, y: Any, weights: Any = None, bias: float = 0.0) -> float:
    """Return (R/γ)², which the number of mistakes never exceeds: R = max ‖x̃‖, γ = min y w̃·x̃ / ‖w̃‖.

    Any separating line gives a bound; without ``weights`` it is the one with the widest margin, so the
    least such bound. Infinity where the data cannot be separated: then the theorem promises nothing. Raises
    LabelError where the line that was given does not separate the data.

    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    >>> round(novikoff_bound(X, y), 3), novikoff_bound(X, y, weights=[2, 2], bias=-3)
    (51.0, 51.0)
    """
    given = weights is not None
    if not given:
        line = max_margin(X, y)
        if not line.separable:
            return math.inf
        weights, bias = line.weights, line.bias
    X, sign, _ = _data("novikoff_bound", X, y)
    w = np.append(floats("novikoff_bound: weights", weights), number("novikoff_bound", "bias", bias)).astype(np.float64)
    exponent = np.frexp(np.abs(finite("novikoff_bound: weights", w)).max())[1]
    w = np.ldexp(w, -exponent)  # the bound is that of the line, however long w
    if w.shape != (X.shape[1] + 1,):
        raise ShapeError(f"novikoff_bound: weights must be ({X.shape[1]},), one for each column of X, got {w.size - 1}")
    Z = _extended(X)
    gamma = float(np.min(sign * (Z @ w))) / max(float(np.linalg.norm(w)), TINY)
    if not gamma > 0:
        raise LabelError(
            f"novikoff_bound: this line does not separate the classes (its margin is {gamma:.3g}); "
            "leave weights out for the widest margin"
        )
    return float(np.max(np.sum(Z * Z, axis=1))) / gamma**2 if gamma**2 else math.inf


def _extended(X: Array) -> Array:
    """Return the rows x̃ = (x, 1) in float64."""
    return np.hstack([X.astype(np.float64), np.ones((len(X), 1))])


def _matrix(who: str, X: Any) -> Array:
    """Return X as a floating (m, d) matrix of finite numbers, or raise."""
    matrix = floats(who, X)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ShapeError(f"{who}: X must be a matrix (samples, features), got shape {matrix.shape}")
    if not (np.abs(matrix) <= float(np.finfo(matrix.dtype).max) ** 0.25).all():
        raise NonFiniteError(
            f"{who}: X holds NaN, infinity or numbers whose products overflow; drop or fill those samples, or scale X"
        )
    return matrix


def _data(who: str, X: Any, y: Any, both: bool = True) -> tuple[Array, Array, Array]:
    """Return X, the labels as -1 and +1 in X's dtype, and the two labels that the caller uses."""
    X = _matrix(who, X)
    try:
        y = np.asarray(y)
    except ValueError:
        raise ShapeError(f"{who}: y must be a vector with one label for each row of X") from None
    if y.dtype.kind in "biuf":
        y = numbers(f"{who}: y", y)
    if y.shape != X.shape[:1]:
        raise ShapeError(f"{who}: y must have one label for each row of X, ({len(X)},), got {y.shape}; see y.ravel()")
    found = set(np.unique(y).tolist()) if y.dtype.kind in "biuf" else set(map(str, y.tolist()))
    low = -1 if -1 in found else 0
    if not found <= {low, 1} or (both and len(found) < 2):
        shown = ", ".join(map(str, sorted(found)[:5]))
        raise LabelError(f"{who}: y must hold two labels, 0 and 1 or -1 and 1; it holds {shown}")
    labels = np.array([low, 1], dtype=np.int64 if y.dtype.kind == "b" else y.dtype)
    return X, np.where(y == 1, 1, -1).astype(X.dtype), labels
