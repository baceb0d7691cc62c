"""Estimators for scikit-learn: a mathnn network in pipelines, cross-validation and grid searches.

>>> from mathnn.datasets import moons
>>> from sklearn.model_selection import GridSearchCV
>>> X, y = moons(100)
>>> search = GridSearchCV(MathnnClassifier(learning_rate=0.05, random_state=0), {"layers": [(), (8, 8)]}, cv=3)
>>> search.fit(X, y).best_params_
{'layers': (8, 8)}
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import losses, optimizers
from ..callbacks import Callback, EarlyStopping
from ..checks import count, number
from ..errors import ConfigError, LabelError, ShapeError, StateError
from ..layers import Dense, Layer
from ..models import Sequential
from ..regularizers import L2
from ..schedules import Schedule

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    raise StateError(
        f'mathnn.interop.sklearn needs the package scikit-learn: pip install "mathnn[sklearn]" ({error})'
    ) from error

__all__ = ["MathnnClassifier", "MathnnRegressor"]

Array = NDArray[Any]
Layers = Sequence[int | Layer] | Callable[[], Sequence[int | Layer]]


class _Estimator(BaseEstimator):
    """What the two share: how the network is built from the arguments, trained, and asked."""

    def __init__(
        self,
        layers: Layers = (100,),
        activation: Any = "relu",
        *,
        optimizer: Any = "adam",
        learning_rate: float | Schedule | None = None,
        loss: Any = "auto",
        alpha: float = 0.0,
        epochs: int = 200,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        tol: float | None = 1e-4,
        n_iter_no_change: int = 10,
        validation_fraction: float = 0.0,
        callbacks: Sequence[Callback] | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.layers = layers
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.alpha = alpha
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.validation_fraction = validation_fraction
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    # --- what the classifier and the regressor say for themselves -------------------------------------------------

    def _learn_targets(self, y: Array, classes: Any = None) -> None:
        """Take from the first targets what the output layer depends on."""
        raise NotImplementedError

    def _encode(self, y: Array) -> Array:
        """Return the targets as the loss wants them."""
        raise NotImplementedError

    def _output(self) -> tuple[str, Any]:
        """Return the activation of the output layer and the loss that goes with it."""
        raise NotImplementedError

    # --- the network ----------------------------------------------------------------------------------------------

    def _build(self, dtype: Any) -> None:
        """Make and compile the network. What was passed in is copied, so it can be used again."""
        who = type(self).__name__
        given: Any = self.layers() if callable(self.layers) else self.layers
        if isinstance(given, Integral | Layer):
            given = (given,)
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
            raise ConfigError(f"{who}: layers must be a list of sizes and layers, such as [32, 16], got {given!r}")
        number(who, "alpha", self.alpha, 0)
        penalty = L2(self.alpha) if self.alpha else None
        stack = [
            part.copy() if isinstance(part, Layer) else Dense(int(count(who, "layers", part, 1)), self.activation)
            for part in given
        ]
        activation, loss = self._output()
        stack.append(Dense(self.n_outputs_, activation))
        for part in stack:
            if isinstance(part, Dense) and part.kernel_regularizer is None:
                part.kernel_regularizer = penalty
        optimizer = copy.deepcopy(optimizers.get(self.optimizer))
        if self.learning_rate is not None:
            optimizer.learning_rate = self.learning_rate
        seed = self.random_state
        if seed is None:  # scikit-learn would take NumPy's global generator
            seed = np.random.default_rng().integers(2**31 - 1)
        elif not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        self._seed = int(seed)
        self.model_ = Sequential(stack, seed=self._seed, input_shape=(self.n_features_in_,), dtype=dtype)
        self.model_.compile(optimizer, loss)
        self.loss_curve_: list[float] = []
        self.history_: dict[str, list[float]] = {}
        self.n_iter_ = 0

    def _check(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, reset=reset, dtype=(np.float64, np.float32), multi_output=True)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _train(
        self, X: Array, y: Array, sample_weight: Any, epochs: int, callbacks: list[Callback], fraction: float
    ) -> None:
        """Train on checked data, of which a fraction is held out, and note how the cost went."""
        who, weight, held_out = type(self).__name__, None, None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True, dtype=np.float64)
            if not weight.sum() > 0:
                raise ConfigError(f"{who}.fit: sample_weight is 0 for every sample, so there is nothing to learn from")
            # Σ w = m: a weight is worth as much as so many copies of its sample.
            weight = weight * (len(X) / weight.sum())
        if fraction:
            parts = [X, y] if weight is None else [X, y, weight]
            split = train_test_split(
                *parts, test_size=fraction, random_state=self._seed, stratify=self._strata(y), shuffle=True
            )
            X, y, weight = split[0], split[2], None if weight is None else split[4]
            held_out = tuple(split[1::2])
        size = min(200, len(X)) if self.batch_size == "auto" else count(who, "batch_size", self.batch_size, 1)
        history = self.model_.fit(
            X,
            y,
            epochs=epochs,
            batch_size=size,
            shuffle=self.shuffle,
            sample_weight=weight,
            validation_data=held_out,
            callbacks=callbacks,
            verbose=int(self.verbose),
        ).history
        self.n_iter_ += len(history["loss"])
        self.loss_curve_ += history["loss"]
        self.loss_ = self.loss_curve_[-1]
        for name, values in history.items():
            self.history_.setdefault(name, []).extend(values)

    def _strata(self, y: Array) -> Array | None:
        return None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network on X (m, d) and y; what an earlier ``fit`` had learnt is forgotten.

        ``sample_weight`` (m,) says how much each sample counts: 2 is as much as having it twice, 0 as leaving it out.
        """
        who = type(self).__name__
        epochs = count(who, "epochs", self.epochs, 1)
        X, y = self._check(X, y, reset=True)
        self._learn_targets(y)
        self._build(X.dtype)
        if self.callbacks is not None and not isinstance(self.callbacks, Sequence):
            raise ConfigError(f"{who}: callbacks must be a list: write callbacks=[{self.callbacks!r}]")
        self.callbacks_ = copy.deepcopy(list(self.callbacks or ()))
        watch = list(self.callbacks_)
        if self.tol is not None:
            patience = count(who, "n_iter_no_change", self.n_iter_no_change, 1)
            watch.append(EarlyStopping("loss", min_delta=number(who, "tol", self.tol, 0), patience=patience))
        fraction = number(who, "validation_fraction", self.validation_fraction, 0, 1)
        self._train(X, self._encode(y), sample_weight, epochs, watch, fraction)
        return self

    def _go_on(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Train for one epoch more, after ``fit`` or from the start."""
        first = not hasattr(self, "model_")
        X, y = self._check(X, y, reset=first)
        if first:
            self._learn_targets(y, classes)
            self._build(X.dtype)
        self._train(X, self._encode(y), sample_weight, 1, [], 0.0)
        return self

    def _outputs(self, X: Any) -> Array:
        """Return what the network says to checked data."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        return self.model_.predict(X)


_PARAMETERS = """
    Parameters
    ----------
    layers:
        The hidden layers: a list whose integers stand for ``Dense(n, activation)``, and whose layers stand for
        themselves (they are copied); or a function of no arguments that returns such a list. The output layer comes
        by itself.
    activation:
        That of the hidden layers given as integers.
    optimizer, learning_rate:
        Which, by name or as an object; and its learning rate, a number or a schedule, where it is not to be its own.
    loss:
        {loss}
    alpha:
        The weight of an L2 penalty, α Σ W², on the weights of the Dense layers that have none.
    epochs, batch_size, shuffle:
        As in :meth:`mathnn.Sequential.fit`; "auto" is 200 samples, or all where there are fewer, as in scikit-learn.
    tol, n_iter_no_change:
        Training ends when the cost has not fallen by more than ``tol`` for so many epochs; None: never before its end.
    validation_fraction:
        The share of the samples that is held out{strata}, so that callbacks can watch "val_loss".
    callbacks:
        What to do on the way, for example ``[EarlyStopping(patience=5, restore_best_weights=True)]``. Copies of them
        are used; ``callbacks_`` holds those.
    random_state:
        An integer or a RandomState: with it the same data give the same network.
    verbose:
        As in :meth:`mathnn.Sequential.fit`.

    Attributes
    ----------
    model_:
        The trained :class:`mathnn.Sequential`: ``model_.summary()``, ``model_.save(path)``.
    {attributes}n_features_in_, n_outputs_:
        How many numbers go in and come out.
    loss_, loss_curve_, history_, n_iter_:
        The last cost, that of every epoch, all that ``fit`` reports, and how many epochs there were.
"""


class MathnnClassifier(ClassifierMixin, _Estimator):
    """A network that tells classes apart, as an estimator of scikit-learn.

    Two classes are told by one sigmoid output, more by a softmax. Where y (m, k) is a table of zeros and ones, each
    column is a label of its own that holds or not, with a sigmoid output of its own. The cost is the cross-entropy.
    """

    __doc__ = (__doc__ or "") + _PARAMETERS.format(
        loss='"auto", the cross-entropy, or one that takes the same targets, such as '
        "``BinaryCrossentropy(label_smoothing=0.1)``.",
        strata=", by classes",
        attributes="classes_:\n        The classes, in the order of the outputs.\n    ",
    )

    def _learn_targets(self, y: Array, classes: Any = None) -> None:
        check_classification_targets(y)
        kind, who = type_of_target(y), type(self).__name__
        if kind == "multiclass-multioutput":
            raise LabelError(f"{who}: y must be one class for each sample, or a table of zeros and ones; got {y.shape}")
        self._several = kind == "multilabel-indicator"
        self.classes_ = np.arange(y.shape[1]) if self._several else np.unique(y if classes is None else classes)
        if len(self.classes_) < 2 and not self._several:
            raise LabelError(
                f"{who} needs at least two classes to tell apart, and y has one class, {self.classes_[0]!r}"
            )
        self.n_outputs_ = 1 if len(self.classes_) == 2 and not self._several else len(self.classes_)

    def _encode(self, y: Array) -> Array:
        who = type(self).__name__
        if self._several:
            if type_of_target(y) != "multilabel-indicator" or y.shape[1] != self.n_outputs_:
                raise LabelError(f"{who}: y must be a table (m, {self.n_outputs_}) of zeros and ones, got {y.shape}")
            return np.asarray(y, np.float64)
        index = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = self.classes_[index] != y
        if unknown.any():
            raise LabelError(
                f"{who}: y has the class {y[unknown][0]!r}, and those known from the first call are {self.classes_}: "
                "give partial_fit all of them at its first call, classes=[...]"
            )
        return index.astype(np.int64 if self.n_outputs_ > 1 else np.float64)

    def _output(self) -> tuple[str, Any]:
        if self._several or self.n_outputs_ == 1:
            activation, loss = "sigmoid", "binary_crossentropy"
        else:
            activation, loss = "softmax", "sparse_categorical_crossentropy"
        return activation, loss if isinstance(self.loss, str) and self.loss == "auto" else losses.get(self.loss)

    def _strata(self, y: Array) -> Array | None:
        return None if self._several else y

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch more, going on from where the last call, or ``fit``, stopped.

        The first call needs ``classes``, all that there will be, unless y is a table of labels.
        """
        if hasattr(self, "model_"):
            if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise LabelError(
                    f"{type(self).__name__}.partial_fit: classes={classes!r} is not what it was at the first call, "
                    f"{self.classes_}"
                )
        elif classes is None and not type_of_target(y).startswith("multilabel"):
            raise LabelError(f"{type(self).__name__}: classes must be passed on the first call to partial_fit")
        return self._go_on(X, y, sample_weight, classes)

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (m, d) -> (m, k), or of each label that it holds."""
        P = self._outputs(X)
        return np.hstack([1 - P, P]) if self.n_outputs_ == 1 and not self._several else P

    def predict_log_proba(self, X: Any) -> Array:
        """Return log ``predict_proba(X)``; −∞ where a probability is 0."""
        with np.errstate(divide="ignore"):
            log: Array = np.log(self.predict_proba(X))
        return log

    def predict(self, X: Any) -> Array:
        """Return the class of the largest probability, (m, d) -> (m,), or the table (m, k) of the labels above ½."""
        P = self.predict_proba(X)
        if self._several:
            return (P > 0.5).astype(np.int64)
        classes: Array = self.classes_[P.argmax(axis=1)]
        return classes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MathnnRegressor(RegressorMixin, _Estimator):
    """A network that predicts one number for each sample, or several, as an estimator of scikit-learn.

    y is (m,) or (m, k), and so is what ``predict`` returns. The cost is the mean squared error.
    """

    __doc__ = (__doc__ or "") + _PARAMETERS.format(
        loss='"auto", the mean squared error, or another one: "mae", ``Huber(delta=2.0)``.', strata="", attributes=""
    )

    def _check(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, reset=reset, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y: Array, classes: Any = None) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _encode(self, y: Array) -> Array:
        if math.prod(y.shape[1:]) != self.n_outputs_:
            raise ShapeError(f"{type(self).__name__}: y had {self.n_outputs_} columns at first, and has {y.shape} now")
        return y

    def _output(self) -> tuple[str, Any]:
        auto = isinstance(self.loss, str) and self.loss == "auto"
        return "linear", losses.get("mean_squared_error" if auto else self.loss)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch more, going on from where the last call, or ``fit``, stopped."""
        return self._go_on(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Return the predictions, (m, d) -> (m,) or (m, k)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
