"""The model, and the loop that trains it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import callbacks as callbacks_module
from . import losses, metrics, optimizers
from .arrays import all_finite, numbers
from .checks import count, flag, number
from .data import as_features, as_sample_weight, class_weight_to_sample_weight, split_off_validation
from .errors import ConfigError, NonFiniteError, ShapeError, StateError, nearest
from .flat import FlatChain
from .layers import AuxiliaryHead, Chain, Layer
from .savable import Savable

__all__ = ["Sequential"]

Array = NDArray[Any]

BATCH = 2**20  # numbers between two layers that predict takes at once


class Sequential(FlatChain, Savable):
    """Layers one after the other, with all their parameters in one vector.

    After ``build``, ``theta`` holds every parameter and ``gradient`` every derivative of the cost, in the same order:
    the trainable ones first, and each layer's arrays are views into the two. So the update rule is the formula::

        theta -= learning_rate * gradient

    Parameters
    ----------
    layers:
        The layers, or nothing, to ``add`` them one by one.
    seed:
        Starts the independent generators for initial weights, shuffling and noise. The same seed gives the same
        result to the bit on the same machine; None draws a fresh one.
    input_shape:
        The shape of one sample, to build at once; otherwise ``build`` or the first ``fit`` does.
    dtype:
        "float32" or "float64"; None takes that of the first data, and float64 for integers.

    Raises
    ------
    ConfigError, StateError
        If something in the list is not a layer, or already belongs to a model.
    """

    def __init__(
        self,
        layers: Sequence[Layer] = (),
        seed: int | None = None,
        input_shape: Sequence[int | None] | None = None,
        dtype: DTypeLike | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self.loss: losses.Loss | None = None
        self.optimizer: optimizers.Optimizer | None = None
        self.metrics: dict[str, metrics.Metric] = {}
        self.history: callbacks_module.History | None = None
        self.stop_training = False
        super().__init__(layers, seed, input_shape, dtype, name, trainable)

    # --- compile ------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Sequence[Any] = (),
        loss_weights: Mapping[str, float] | None = None,
    ) -> None:
        """Say how to train: the optimizer, the loss, and what else to report.

        Each may be given by name or as an object. ``loss_weights`` says how much the layers of these names, which add
        to the cost on their own, count. A change of ``trainable`` on a layer takes effect here, and the optimizer
        starts afresh.
        """
        if loss is None:
            raise ConfigError(f'{self.label}.compile needs a loss, for example loss="binary_crossentropy"')
        if isinstance(metrics, str) or not isinstance(metrics, Sequence):
            raise ConfigError(
                f'{self.label}.compile: metrics must be a list, for example ["accuracy"], got {metrics!r}'
            )
        self.loss = losses.get(loss)
        self.optimizer = optimizers.get(optimizer)
        self.optimizer.reset()
        self.metrics = {}
        for which in metrics:
            metric = resolve_metric(which, self.loss)
            self.metrics[which if isinstance(which, str) else metric.name] = metric
        ends_in, starts_from = self.output_activation, self.loss.logits_of
        if starts_from is not None and ends_in == starts_from and self.loss.config.get("from_logits"):
            raise ConfigError(
                f"{self.label}.compile: the last activation is {ends_in} and the loss has from_logits=True, so it "
                "would be applied twice. Drop one: the loss without from_logits is as exact, being computed from the "
                "pre-activation here"
            )
        self._from_preactivation = starts_from is not None and ends_in == starts_from
        costly = {str(layer.name): layer for layer in self.walk() if layer.adds_to_cost}
        if loss_weights is not None and not isinstance(loss_weights, Mapping):
            raise ConfigError(
                f"{self.label}.compile: loss_weights must be a dictionary by layer name, got {loss_weights!r}"
            )
        for name, weight in (loss_weights or {}).items():
            if name not in costly:
                known = nearest(name, costly) if costly else "No layer of this model adds to the cost."
                raise ConfigError(f"{self.label}.compile: loss_weights names {name!r}. {known}")
            costly[name].loss_weight = number(f"{self.label}.compile", f"loss_weights[{name!r}]", weight, 0)
        if self.built:
            self._lay_out()

    def _require_compiled(self, what: str) -> tuple[losses.Loss, optimizers.Optimizer]:
        if self.loss is None or self.optimizer is None:
            raise StateError(
                f'{self.label}.{what} needs a compiled model: call compile(optimizer="adam", loss="mse") first'
            )
        return self.loss, self.optimizer

    # --- one batch ----------------------------------------------------------------------------------------------

    @np.errstate(over="ignore", invalid="ignore")  # callers look at the result
    def _cost(self, X: Array, y: Array, weight: Array | None, training: bool) -> tuple[float, Array]:
        """Forward and backward on one checked batch: return J and the output, leave ∂J/∂θ in ``gradient``.

        The output is the pre-activation where the loss starts from it.
        """
        loss = self.loss
        assert loss is not None
        for layer in self._costly:
            if isinstance(layer, AuxiliaryHead):
                layer.targets = loss, y, weight
        if self._from_preactivation:
            Z = self.preactivate(X, training, cache=True)
            J, dZ = loss.value_and_gradient(y, Z, weight, from_logits=True)
            self.backward_from_preactivation(dZ, need_dX=False)
            output = Z
        else:
            output = self.forward(X, training, cache=True)
            J, dA = loss.value_and_gradient(y, output, weight)
            self.backward(dA, need_dX=False)
        for layer in self._costly:
            J += layer.extra_cost
            if isinstance(layer, AuxiliaryHead):
                layer.targets = None
        for parameter, regularizer in self._regularized:
            J += regularizer(parameter.value)
            parameter.gradient += regularizer.gradient(parameter.value)
        return J, output

    def _predictions(self, output: Array) -> Array:
        """Turn what ``_cost`` returned into predictions."""
        if not self._from_preactivation:
            return output
        last: Any = self.layers[-1]
        while isinstance(last, Chain):
            last = last.layers[-1]
        predictions: Array = last.activation.apply(output)
        return predictions

    def _step(self, X: Array, y: Array, weight: Array | None) -> tuple[float, Array]:
        """One step of training on one checked batch."""
        J, output = self._cost(X, y, weight, training=True)
        theta, gradient = self._trained
        if not math.isfinite(J):
            raise NonFiniteError(self._blame("the cost", J))
        try:
            self.optimizer.step(theta, gradient)  # type: ignore[union-attr]  # callers have asked _require_compiled
        except NonFiniteError:
            raise NonFiniteError(self._blame("the gradient", math.nan)) from None
        for parameter, constraint in self._constrained:
            parameter.value = constraint(parameter.value)
        return J, output

    def _blame(self, what: str, value: float) -> str:
        """Say where a value that is not finite comes from."""
        for layer in self.walk():
            for p in () if layer.sublayers else layer.parameters:
                for kind, array in (("value", p.value), ("gradient", p.gradient)):
                    if not np.isfinite(array).all():
                        return (
                            f"{self.label}: {what} is not finite; the first parameter hit is the {kind} of {p.name!r} "
                            f"in {layer.label}. Lower the learning rate, clip the gradient (global_clipnorm=1.0), or "
                            "scale the data"
                        )
        return f"{self.label}: {what} is {value}; lower the learning rate, or scale the data and the targets"

    def train_step(self, X: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """Take one step of the optimizer on one batch; return its cost and metrics before the step."""
        self._require_compiled("train_step")
        X, y, weight = self._check(X, y, sample_weight, None, "train_step")
        J, output = self._step(X, y, weight)
        logs = {"loss": J}
        for name, metric in self.metrics.items():
            metric.reset()
            metric.update(y, self._predictions(output), weight)
            logs[name] = metric.result()
        return logs

    def loss_and_gradient(
        self, X: Any, y: Any, training: bool = False, sample_weight: Any = None
    ) -> tuple[float, Array]:
        """Return the cost J and ∇J(θ), a copy, for the whole of X and y as one batch.

        Deterministic as long as ``training`` is off: for SciPy, for plots, for curiosity. θ is not changed.
        """
        self._require_compiled("loss_and_gradient")
        X, y, weight = self._check(X, y, sample_weight, None, "loss_and_gradient")
        J, _ = self._cost(X, y, weight, flag(f"{self.label}.loss_and_gradient", "training", training))
        if not (math.isfinite(J) and all_finite(self._gradient)):
            raise NonFiniteError(self._blame("the cost or its gradient", J))
        return J, self._gradient.copy()

    # --- whole data sets ----------------------------------------------------------------------------------------

    def _check_features(self, X: Any, who: str) -> Array:
        dtype = self.dtype if self.built else self._requested_dtype
        features = as_features(X, who, single_numbers=self.input_shape == (), dtype=dtype)
        if not self.built:
            self.build(features.shape[1:], dtype=features.dtype)
        return features

    def _check(
        self, X: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None, what: str
    ) -> tuple[Array, Array, Array | None]:
        """Check the data once and for all; build the model when that has not been done."""
        loss, _ = self._require_compiled(what)
        who = f"{self.label}.{what}"
        X = self._check_features(X, who)
        y = numbers(f"{who}: y", y)
        if y.ndim == 0 or len(y) != len(X):
            raise ShapeError(
                f"{who}: X has {len(X)} samples and y has {len(y) if y.ndim else 'no axis at all'}; each sample needs "
                "its own target"
            )
        assert self.output_shape is not None
        if self.output_shape and None in self.output_shape:
            output_shape = tuple(self.forward(X[:1]).shape[1:])
        else:
            output_shape = self.output_shape
        y = loss.check_targets(y, output_shape, self.dtype)
        if not self._from_preactivation and loss.takes_probabilities:
            # A linear output under a loss of probabilities gives nonsense quietly; a few samples show it.
            loss.check_predictions(self.forward(X[:32]))
        weight = None if sample_weight is None else as_sample_weight(sample_weight, len(X), who)
        if class_weight is not None:
            by_class = class_weight_to_sample_weight(y, class_weight, who)
            weight = by_class if weight is None else weight * by_class
        return X, y, weight

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation_split: float = 0.0,
        validation_data: Sequence[Any] | None = None,
        shuffle: bool = True,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        callbacks: Sequence[callbacks_module.Callback] | None = None,
        verbose: int = 1,
        initial_epoch: int = 0,
    ) -> callbacks_module.History:
        """Train for some epochs, and go on from where the last ``fit`` stopped.

        Parameters
        ----------
        X, y:
            m samples and their targets. A target for each sample, shape (m,), is taken as (m, 1) for a model with one
            output.
        epochs, batch_size:
            How often to go through all samples, and how many to take for one step.
        validation_split, validation_data:
            A fraction of the samples, taken from the end before any shuffling; or (X, y) or (X, y, sample_weight).
        shuffle:
            Whether each epoch takes the samples in a new order.
        sample_weight, class_weight:
            What the loss of each sample, or each sample of a class, counts: the cost is Σ w·ℓ / m.
        callbacks:
            What to do on the way.
        verbose:
            1 shows progress (a bar on a terminal, one line an epoch elsewhere), 2 one line an epoch, 0 nothing.

        Returns
        -------
        History
            ``history.history["loss"]`` and so on: means over the samples of each epoch.

        Raises
        ------
        StateError, ConfigError, ShapeError, DtypeError, LabelError, NonFiniteError
            Each says what is wrong with the model, the arguments or the data.
        """
        self._require_compiled("fit")
        if callbacks is not None and not isinstance(callbacks, Sequence):
            raise ConfigError(f"{self.label}.fit: callbacks must be a list: write callbacks=[{callbacks!r}]")
        for name, value, least in (
            ("epochs", epochs, 1),
            ("batch_size", batch_size, 1),
            ("initial_epoch", initial_epoch, 0),
        ):
            count(f"{self.label}.fit", name, value, least)
        shuffle = flag(f"{self.label}.fit", "shuffle", shuffle)
        X, y, weight = self._check(X, y, sample_weight, class_weight, "fit")
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
                raise ConfigError(
                    f"{self.label}.fit: validation_data must be (X, y) or (X, y, sample_weight), got "
                    f"{type(validation_data).__name__}"
                )
            Xv, yv, *wv = validation_data
            validation = self._check(Xv, yv, wv[0] if wv else None, None, "fit")
        else:
            stay = split_off_validation(y, validation_split, f"{self.label}.fit")
            if stay < len(X):
                validation = X[stay:], y[stay:], None if weight is None else weight[stay:]
                X, y, weight = X[:stay], y[:stay], None if weight is None else weight[:stay]
        last = len(X) % batch_size or batch_size
        for layer in self.walk():
            if layer.smallest_batch > last:
                raise ShapeError(
                    f"{self.label}.fit: {len(X)} samples in batches of {batch_size} end with a batch of {last}, and "
                    f"{layer.label} needs {layer.smallest_batch} samples or more in every training batch, the last of "
                    "an epoch too. Choose a batch_size that does not leave one sample over, or leave that sample out"
                )
        return self._run(X, y, weight, validation, epochs, batch_size, shuffle, callbacks, verbose, initial_epoch)

    def _run(
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        validation: tuple[Array, Array, Array | None] | None,
        epochs: int,
        batch_size: int,
        shuffle: bool,
        callbacks: Sequence[callbacks_module.Callback] | None,
        verbose: int,
        initial_epoch: int,
    ) -> callbacks_module.History:
        """The training loop on checked data."""
        m = len(X)
        history = callbacks_module.History()
        hooks = callbacks_module.CallbackList(
            [history, *(callbacks or ())],
            model=self,
            params={"epochs": epochs, "steps": -(-m // batch_size), "batch_size": batch_size},
            verbose=verbose,
        )
        tolerant = hooks.tolerates_nan
        self.history, self.stop_training = history, False
        hooks.on_train_begin()
        logs: dict[str, float] = {}
        for epoch in range(initial_epoch, epochs):
            hooks.on_epoch_begin(epoch)
            order = self._shuffle_rng.permutation(m) if shuffle else None
            total = 0.0
            for metric in self.metrics.values():
                metric.reset()
            for batch, start in enumerate(range(0, m, batch_size)):
                rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
                X_batch, y_batch = X[rows], y[rows]
                w_batch = None if weight is None else weight[rows]
                hooks.on_train_batch_begin(batch)
                try:
                    J, output = self._step(X_batch, y_batch, w_batch)
                except NonFiniteError as error:
                    if not tolerant:
                        raise NonFiniteError(f"epoch {epoch + 1}, batch {batch + 1}: {error}") from None
                    J, output = math.nan, None
                total += J * len(X_batch)
                if self.metrics and output is not None:
                    predictions = self._predictions(output)
                    for metric in self.metrics.values():
                        metric.update(y_batch, predictions, w_batch)
                if hooks.wants_batches:
                    hooks.on_train_batch_end(batch, {"loss": J})
                if self.stop_training:
                    break
            logs = {"loss": total / m} | {name: metric.result() for name, metric in self.metrics.items()}
            if validation is not None:
                logs |= {f"val_{name}": value for name, value in self._evaluate(*validation, batch_size).items()}
            hooks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        hooks.on_train_end(logs)
        return history

    @np.errstate(over="ignore", invalid="ignore")
    def _evaluate(self, X: Array, y: Array, weight: Array | None, batch_size: int) -> dict[str, float]:
        """Cost and metrics of checked data, in batches, without training anything."""
        loss = self.loss
        assert loss is not None
        total = 0.0
        for metric in self.metrics.values():
            metric.reset()
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            w = None if weight is None else weight[rows]
            output = self.preactivate(X[rows]) if self._from_preactivation else self.forward(X[rows])
            L = loss.per_sample(y[rows], output, from_logits=True if self._from_preactivation else None)
            total += float(L.sum() if w is None else L @ w) + len(L) * sum(layer.extra_cost for layer in self._costly)
            if self.metrics:
                predictions = self._predictions(output)
                for metric in self.metrics.values():
                    metric.update(y[rows], predictions, w)
        penalty = sum(regularizer(p.value) for p, regularizer in self._regularized)
        J = total / len(X) + penalty
        if not math.isfinite(J):
            raise NonFiniteError(self._blame("the cost", J))
        return {"loss": J} | {name: metric.result() for name, metric in self.metrics.items()}

    def evaluate(self, X: Any, y: Any, *, batch_size: int = 256, sample_weight: Any = None) -> dict[str, float]:
        """Return the cost and the metrics on X and y, by name; nothing is trained, dropout and noise are off."""
        count(f"{self.label}.evaluate", "batch_size", batch_size, 1)
        X, y, weight = self._check(X, y, sample_weight, None, "evaluate")
        return self._evaluate(X, y, weight, batch_size)

    def predict(self, X: Any, *, batch_size: int | None = None) -> Array:
        """Return the output for every sample of X, computed in batches.

        Without a ``batch_size``, a batch is as large as the widest layer allows: about a million numbers.
        """
        self._require_built("predict")
        if batch_size is not None:
            count(f"{self.label}.predict", "batch_size", batch_size, 1)
        X = self._check_features(X, f"{self.label}.predict")
        if batch_size is None:
            widths = [math.prod(n or 1 for n in layer.output_shape or ()) for layer in self.layers]
            batch_size = max(1, BATCH // max(*widths, X[0].size, 1))
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = [self.forward(X[i : i + batch_size]) for i in range(0, len(X), batch_size)]
        # A model that only rearranges hands its input on; the caller gets an array of its own all the same.
        alone = len(outputs) == 1 and not np.may_share_memory(outputs[0], X)
        result: Array = outputs[0] if alone else np.concatenate(outputs)
        if not all_finite(result):
            raise NonFiniteError(self._blame("a prediction", math.nan))
        return result

    # --- looking and keeping --------------------------------------------------------------------------------------

    def summary(self) -> None:
        """Print each layer with its output shape and its number of parameters."""
        self._require_built("summary")
        rows = [("layer", "output shape", "parameters")]
        for layer in self.layers:
            shape = ", ".join(["m", *("any" if n is None else str(n) for n in layer.output_shape or ())])
            size = sum(p.size for p in layer.parameters)
            frozen = "" if layer.trainable else " (frozen)"
            rows.append((f"{layer.name} ({type(layer).__name__})", f"({shape})", f"{size:,}{frozen}"))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        print(f"{self.name or 'Sequential'}: {self._theta.size:,} parameters, {self._trainable_size:,} trainable")
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def resolve_metric(which: Any, loss: losses.Loss) -> metrics.Metric:
    """Return the metric meant by a name or an object; "accuracy" depends on the loss."""
    return metrics.resolve(which, loss)
