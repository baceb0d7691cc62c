r"""Losses: how wrong one prediction is, and the gradient that says in which direction.

With ℓᵢ the loss of sample i and wᵢ its weight (1 when none is given), every loss here has the value and gradient

    J = 1/m Σᵢ wᵢ ℓᵢ          ∂J/∂ŷ, the exact derivative of that J, of the shape of ŷ

where m is the number of samples: the first axis. Errors of several outputs are averaged within a sample, and so are
the positions of a sequence or an image, as in Keras.

Cross-entropies of probabilities take −log max(p, ε) with ε = 1e-30, only so that log 0 is finite (69.1). Keras clips
at 1e-7 already, which changes the value of honest probabilities. The derivative is that of the value, hence 0 below ε.
From logits nothing is clipped, and p − y is exact.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import all_finite, floats, samples
from .checks import flag, number
from .configurable import Configurable, Registry, snake_case
from .data import as_sample_weight
from .errors import LabelError, NonFiniteError, ShapeError
from .targets import are_integers, check_distributions, check_not_classes, check_probabilities, check_shape, classes_of

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "get",
    "registry",
]

Array = NDArray[Any]
Shape = tuple[int, ...]

EPSILON = 1e-30  # so small that it touches no honest probability, so large that weight / ε stays finite in float32
FEW_CLASSES = 32


class Loss(Configurable):
    """Base of the losses. A loss of your own defines :meth:`terms`.

    ``loss(y_true, y_pred, sample_weight=None)`` is J, ``loss.gradient(y_true, y_pred, sample_weight=None)`` is ∂J/∂ŷ.
    Both check what they get, and neither lets shapes broadcast: ``(m,)`` against ``(m, 1)`` raises ShapeError. Plain
    numbers and vectors are taken as m samples of one output, or as one distribution by the losses that compare those.
    """

    name: str
    logits_of: str | None = None  #: the activation whose pre-activation the loss can start from
    from_logits: bool = False
    _of_distributions = False  # the last axis of y_pred is one distribution over classes, not so many outputs

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__dict__.get("name", snake_case(cls.__name__))

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        """Return the terms whose mean is the loss, samples first, and the derivative of each by its ``y_pred``.

        Elementwise losses have a term for each number, losses of distributions one for each row of classes.
        """
        raise NotImplementedError(f"{type(self).__name__} must define terms(y, y_pred, from_logits)")

    # --- for users: checked ---------------------------------------------------------------------------------------

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        return self._checked(y_true, y_pred, sample_weight)[0]

    def gradient(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Array:
        """Return ∂J/∂ŷ, of the shape of ``y_pred``."""
        return self._checked(y_true, y_pred, sample_weight)[1].reshape(np.shape(y_pred))

    def _checked(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[float, Array]:
        """Return J and its gradient of what a user passed in."""
        checked = self.check(y_true, y_pred, sample_weight)
        with np.errstate(over="ignore", invalid="ignore"):  # told below, in words
            J, dY = self.value_and_gradient(*checked)
        if not (math.isfinite(J) and all_finite(dY)):
            raise NonFiniteError(
                f"{type(self).__name__} is {J}: the errors are too large for {dY.dtype}; standardize the targets"
            )
        return J, dY

    def check(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Array, Array, Array | None]:
        """Return the three as :meth:`value_and_gradient` wants them, or raise what is wrong with them."""
        who = type(self).__name__
        y, p = samples(who, "y_true", y_true), floats(who, samples(who, "y_pred", y_pred))
        y = self._align(y, p.shape)
        if p.ndim < 2:
            p = p.reshape((1, -1) if self._of_distributions else (-1, 1))
            y = y.reshape(self._target_shape(p.shape))
        self.check_predictions(p)
        y = self.check_targets(y, p.shape[1:], p.dtype)
        return y, p, None if sample_weight is None else as_sample_weight(sample_weight, len(p), who)

    def check_targets(self, y: Any, output_shape: Shape, dtype: Any) -> Array:
        """Return all targets as the training loop wants them, for outputs of that shape (without the batch axis).

        A vector of targets for a one-unit output becomes that column, as in Keras. Raises DtypeError, ShapeError,
        LabelError and NonFiniteError.
        """
        who = type(self).__name__
        y = samples(who, "y_true", y)
        if y.ndim == 1 and output_shape == (1,) and not self._of_distributions:
            y = y[:, None]
        if y.ndim == 0:
            raise ShapeError(f"{who} got the single number {y.item()} as y_true; give it one target for each sample")
        y = self._align(y, (len(y), *output_shape))
        if y.dtype == dtype:
            return self._check_labels(y, y)
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
            t = y.astype(dtype)
        if not all_finite(t):
            samples(who, f"y_true in {np.dtype(dtype)}", t)
        return self._check_labels(y, t)

    @property
    def takes_probabilities(self) -> bool:
        """Whether ``check_predictions`` asks for more than finite numbers."""
        return type(self).check_predictions is not Loss.check_predictions

    def check_predictions(self, y_pred: Array) -> None:
        """Raise NonFiniteError for NaN or infinity, and ConfigError for what should be a probability but is not."""
        samples(type(self).__name__, "y_pred", y_pred)

    # --- for models: unchecked and fast -------------------------------------------------------------------------------

    def value_and_gradient(
        self, y: Array, y_pred: Array, sample_weight: Array | None = None, from_logits: bool | None = None
    ) -> tuple[float, Array]:
        """Return J and ∂J/∂ŷ of checked arrays; from_logits None means what the constructor was told."""
        L, dL = self.terms(y, y_pred, self.from_logits if from_logits is None else from_logits)
        if sample_weight is not None:
            L = L * sample_weight.reshape((-1,) + (1,) * (L.ndim - 1))
            dL *= sample_weight.reshape((-1,) + (1,) * (dL.ndim - 1))
        dL *= 1.0 / L.size
        return float(np.add.reduce(L, axis=None, dtype=np.float64)) / L.size, dL

    def per_sample(self, y: Array, y_pred: Array, from_logits: bool | None = None) -> Array:
        """Return ℓ, one number in float64 for each sample, of checked arrays."""
        L, _ = self.terms(y, y_pred, self.from_logits if from_logits is None else from_logits)
        means: Array = L.reshape(len(L), -1).mean(axis=1, dtype=np.float64)
        return means

    # --- what the checks are made of ----------------------------------------------------------------------------------

    def _target_shape(self, shape: Shape) -> Shape:
        """Return the shape that belongs to predictions of that shape."""
        return shape

    def _align(self, y: Array, shape: Shape) -> Array:
        """Return y in the shape that belongs to predictions of that shape, or raise."""
        return check_shape(type(self).__name__, y, shape)

    def _check_labels(self, y: Array, t: Array) -> Array:
        """Return the targets, of which t is the float form; LabelError for those that mean nothing here."""
        return t


# --- regression ---------------------------------------------------------------------------------------------------


class MeanSquaredError(Loss):
    """ℓ = mean of (ŷ − y)² over the k outputs; ∂J/∂ŷ = 2 (ŷ − y) / (m k).

    The negative log-likelihood of a Gaussian of fixed variance (Legendre 1805; Gauss 1809).

    >>> MeanSquaredError()([[0.0, 1.0]], [[0.5, 0.0]])
    0.625
    """

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        e = y_pred - y
        return e * e, e + e


class MeanAbsoluteError(Loss):
    """ℓ = mean of |ŷ − y|; ∂J/∂ŷ = sign(ŷ − y) / (m k), where sign(0) = 0.

    The negative log-likelihood of a Laplace distribution (Laplace 1774): it estimates the median.
    """

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        e = y_pred - y
        return np.abs(e), np.sign(e)


class Huber(Loss):
    """With e = ŷ − y and c = min(|e|, δ): ℓ = mean of c (|e| − c/2); ∂J/∂ŷ = sign(e) c / (m k).

    That is e²/2 near zero and δ (|e| − δ/2) beyond δ: squared for small errors, absolute for outliers
    (Huber 1964, Robust Estimation of a Location Parameter). Raises ConfigError unless delta > 0.
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(self, "delta", delta, 0, ends="()")

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        e = y_pred - y
        a = np.abs(e)
        c = np.minimum(a, float(self.delta))
        a -= 0.5 * c
        a *= c
        return a, np.copysign(c, e)


class LogCosh(Loss):
    """ℓ = mean of log cosh(ŷ − y); ∂J/∂ŷ = tanh(ŷ − y) / (m k).

    About e²/2 near zero and |e| − log 2 far away (Green 1990, IEEE Trans. Medical Imaging 9). Computed as
    |e| + log(1 + (exp(−2|e|) − 1)/2), which neither overflows nor cancels.
    """

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        e = y_pred - y
        a = np.abs(e)
        return a + np.log1p(0.5 * np.expm1(-2.0 * a)), np.tanh(e)


# --- classification -----------------------------------------------------------------------------------------------


class _Crossentropy(Loss):
    """What the cross-entropies share: they start from logits or from probabilities."""

    label_smoothing: float = 0.0

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits = flag(self, "from_logits", from_logits)
        self.label_smoothing = number(self, "label_smoothing", label_smoothing, 0, 1, ends="[]")

    def check_predictions(self, y_pred: Array) -> None:
        super().check_predictions(y_pred)
        if not self.from_logits:
            check_probabilities(type(self).__name__, y_pred, str(self.logits_of), has_logits=True)

    def _smooth(self, y: Array, classes: int) -> Array:
        """Return (1 − α) y + α/K: the one-hot target, moved towards uniform."""
        alpha = float(self.label_smoothing)
        return (1.0 - alpha) * y + alpha / classes if alpha else y


class BinaryCrossentropy(_Crossentropy):
    """ℓ = mean of −y log p − (1 − y) log(1 − p) over the k outputs, each a yes or no of its own.

    From logits, p = σ(z): ℓ = max(z, 0) − y z + log(1 + exp(−|z|)) and ∂J/∂z = (p − y) / (m k).
    From probabilities, ∂J/∂p = (−y/p + (1 − y)/(1 − p)) / (m k).

    The negative log-likelihood of a Bernoulli variable (Bishop 2006, PRML, eq. 4.90). Targets lie in [0, 1]; label
    smoothing α replaces y by (1 − α) y + α/2. Raises ConfigError for probabilities outside [0, 1].

    >>> round(BinaryCrossentropy()([1.0, 0.0], [0.8, 0.4]), 4)
    0.367
    >>> BinaryCrossentropy(from_logits=True).gradient([1.0, 0.0], [0.0, 0.0]).tolist()
    [-0.25, 0.25]
    """

    logits_of = "sigmoid"

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        y = self._smooth(y, 2)
        if not from_logits:
            yes, d_yes = _minus_log(y, y_pred)
            no, d_no = _minus_log(1.0 - y, 1.0 - y_pred)
            return yes + no, d_yes - d_no
        z = y_pred
        e = np.exp(-np.abs(z))
        positive = np.maximum(z, 0.0)
        L = np.log1p(e)
        p = np.exp(z - positive)  # σ(z) = exp(min(z, 0)) / (1 + exp(−|z|)): no exponent is ever positive
        e += 1.0
        p /= e
        p -= y
        positive -= y * z
        L += positive
        return L, p

    def _check_labels(self, y: Array, t: Array) -> Array:
        low, high = float(np.minimum.reduce(y, axis=None)), float(np.maximum.reduce(y, axis=None))
        if low >= 0 and high <= 1:
            return t
        fix = "divide the targets by their maximum, or use a loss for regression"
        if set(np.unique(y).tolist()) == {-1, 1}:
            fix = "the labels are -1 and 1: use Hinge, or (y + 1) / 2"
        elif are_integers(y):
            fix = "for more than two classes use SparseCategoricalCrossentropy, with one output for each class"
        raise LabelError(
            f"BinaryCrossentropy got targets from {low:g} to {high:g}, expected labels 0 and 1, or probabilities: {fix}"
        )


class CategoricalCrossentropy(_Crossentropy):
    """ℓ = −Σₖ yₖ log pₖ, with y one-hot or any distribution over the K classes of the last axis.

    From logits, p = softmax(z): ℓ = log Σ exp(z) − Σ y z, with max z taken out first, and ∂J/∂z = (p − y) / m.
    From probabilities, ∂J/∂p = −y / (p m). Keras divides p by its sum first; here the sum must be 1 already.

    The negative log-likelihood of a categorical variable (Bishop 2006, PRML, eq. 4.108); label smoothing α replaces y
    by (1 − α) y + α/K (Szegedy et al. 2016, Rethinking the Inception Architecture, section 7). Raises LabelError for
    integer labels and rows that do not sum to 1, ConfigError for predictions that are no probabilities.

    >>> round(CategoricalCrossentropy()([[0, 1, 0]], [[0.1, 0.8, 0.1]]), 4)
    0.2231
    """

    logits_of = "softmax"
    _of_distributions = True

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        y = self._smooth(y, y_pred.shape[-1])
        if not from_logits:
            L, dP = _minus_log(y, y_pred)
            return L.sum(axis=-1, dtype=np.float64), dP
        t, p, log_sum = _softmax(y_pred)
        y = y.reshape(p.T.shape)
        t *= y.T
        L = log_sum - np.add.reduce(t)
        delta = np.subtract(p.T, y, order="C")
        return L.reshape(y_pred.shape[:-1]), delta.reshape(y_pred.shape)

    def _align(self, y: Array, shape: Shape) -> Array:
        check_not_classes(type(self).__name__, y, shape)
        return super()._align(y, shape)

    def _check_labels(self, y: Array, t: Array) -> Array:
        return check_distributions(type(self).__name__, t)


class SparseCategoricalCrossentropy(_Crossentropy):
    """ℓ = −log p_y, where the target y is the number of the right class: 0 to K − 1.

    The same as :class:`CategoricalCrossentropy` of ``one_hot(y, K)``, without the zeros: ∂J/∂z = (p − one_hot(y)) / m.
    Targets have the shape of ``y_pred`` without its last axis, or with 1 there. Raises LabelError for one-hot rows,
    fractions and classes out of range.

    >>> round(SparseCategoricalCrossentropy()([1], [[0.1, 0.8, 0.1]]), 4)
    0.2231
    """

    logits_of = "softmax"
    _of_distributions = True

    def __init__(self, from_logits: bool = False) -> None:
        super().__init__(from_logits)

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        right = y.reshape(-1), np.arange(y.size)
        if from_logits:
            t, dY, log_sum = _softmax(y_pred)
            L = log_sum - t[right]
            dY[right] -= 1.0
        else:
            p = y_pred.reshape(-1, y_pred.shape[-1]).T
            dY = np.zeros_like(p)
            L, dY[right] = _minus_log(1.0, p[right])
        dY = np.ascontiguousarray(dY.T)
        return L.reshape(y_pred.shape[:-1]), dY.reshape(y_pred.shape)

    def _target_shape(self, shape: Shape) -> Shape:
        return shape[:-1]

    def _align(self, y: Array, shape: Shape) -> Array:
        return classes_of(type(self).__name__, y, shape)

    def _check_labels(self, y: Array, t: Array) -> Array:
        return y


class Hinge(Loss):
    """ℓ = mean of max(0, 1 − y ŷ) with labels −1 and 1; ∂J/∂ŷ = −y / (m k) where 1 − y ŷ > 0, else 0.

    The margin loss of support vector machines (Cortes & Vapnik 1995). Labels 0 and 1 are read as −1 and 1, as in Keras;
    others raise LabelError. The output is a score, so the network ends without an activation (or in tanh).

    >>> Hinge()([-1, 1], [0.5, 0.5])
    1.0
    """

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        L = np.maximum(1.0 - y * y_pred, 0.0)
        return L, -y * (L > 0)

    def _check_labels(self, y: Array, t: Array) -> Array:
        if ((y == 0) | (y == 1)).all():
            return 2.0 * t - 1.0
        if not (np.abs(t) == 1).all():
            raise LabelError(
                f"Hinge got targets such as {t[np.abs(t) != 1][0]:g}, expected labels -1 and 1, or 0 and 1: "
                "threshold the targets, or use CategoricalCrossentropy for more than two classes."
            )
        return t


class KLDivergence(Loss):
    """ℓ = Σₖ yₖ log(yₖ / pₖ), how far p is from the distribution y; ∂J/∂p = −y / (p m). 0 log 0 counts as 0.

    The information lost when p stands for y (Kullback & Leibler 1951, On Information and Sufficiency): the
    cross-entropy minus the entropy of y, so its gradient is the cross-entropy's.

    >>> round(KLDivergence()([[0.5, 0.5]], [[0.9, 0.1]]), 4)
    0.5108
    """

    name = "kl_divergence"
    _of_distributions = True

    def terms(self, y: Array, y_pred: Array, from_logits: bool) -> tuple[Array, Array]:
        L, dP = _minus_log(y, y_pred)
        L -= _minus_log(y, y)[0]
        return L.sum(axis=-1, dtype=np.float64), dP

    def check_predictions(self, y_pred: Array) -> None:
        super().check_predictions(y_pred)
        check_probabilities("KLDivergence", y_pred, "softmax", has_logits=False)

    def _align(self, y: Array, shape: Shape) -> Array:
        check_not_classes(type(self).__name__, y, shape)
        return super()._align(y, shape)

    def _check_labels(self, y: Array, t: Array) -> Array:
        return check_distributions(type(self).__name__, t)


# --- what the classification losses share ---------------------------------------------------------------------------


def _minus_log(y: Array | float, p: Array) -> tuple[Array, Array]:
    """Return −y log max(p, ε) and its derivative by p."""
    bounded = np.maximum(p, EPSILON)
    return -y * np.log(bounded), -y / bounded * (p >= EPSILON)


def _softmax(z: Array) -> tuple[Array, Array, Array]:
    """Return z − max z and softmax(z), one column for each distribution, and log Σ exp(z − max z).

    A few classes lie row after row in memory, which makes the sums over them twice as fast; many stay side by side.
    """
    classes = z.shape[-1]
    t = z.reshape(-1, classes).T.copy(order="C" if classes <= FEW_CLASSES else "F")
    t -= np.maximum.reduce(t)
    p = np.exp(t)
    total = np.add.reduce(p)
    p /= total
    return t, p, np.log(total)


registry: Registry[Loss] = Registry("loss", Loss)
registry.add(MeanSquaredError, "mse")
registry.add(MeanAbsoluteError, "mae")
registry.add(Huber)
registry.add(LogCosh, "logcosh")
registry.add(BinaryCrossentropy, "bce")
registry.add(CategoricalCrossentropy, "cce")
registry.add(SparseCategoricalCrossentropy, "scce")
registry.add(Hinge)
registry.add(KLDivergence, "kl_divergence", "kld")


def get(which: str | Loss | type[Loss]) -> Loss:
    """Return a loss: by name ("mse"), by class, or the loss itself."""
    return registry.get(which)
