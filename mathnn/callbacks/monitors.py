"""Callbacks that watch one figure: stop when it gets no better, lower the rate, keep the best model."""

from __future__ import annotations

import math
import re
from os import PathLike
from pathlib import Path
from typing import Any

from ..checks import choice, count, flag, number, path
from ..errors import ConfigError, nearest
from .base import Callback, Logs, verbosity
from .rates import plain_rate

__all__ = ["EarlyStopping", "ModelCheckpoint", "Monitor", "ReduceLROnPlateau"]


class Monitor(Callback):
    """Base of the callbacks that watch one figure for getting better.

    Parameters
    ----------
    monitor:
        Its name in the logs, such as "val_loss"; ConfigError at the end of the first epoch if there is none such.
    mode:
        "min", "max", or "auto": accuracy, AUC, precision, recall, F1 and R² should grow, all else should fall.
    min_delta:
        Smaller changes do not count.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0) -> None:
        if not isinstance(monitor, str):
            raise ConfigError(f"{type(self).__name__}: monitor must be a name such as 'val_loss', got {monitor!r}")
        self.monitor = monitor
        self.mode = choice(self, "mode", mode, ("auto", "min", "max"))
        self.min_delta = abs(number(self, "min_delta", min_delta))
        grows = re.search(r"(^|_)(acc|auc|precision|recall|f1|r2|top)", monitor)
        self._sign = 1 if mode == "max" or (mode == "auto" and grows) else -1
        self.best: float | None = None

    def watched(self, logs: Logs | None) -> float:
        """Return the figure of this epoch."""
        logs = logs or {}
        if self.monitor not in logs:
            missing = self.monitor.startswith("val_") and not any(name.startswith("val_") for name in logs)
            hint = "There is no validation: pass validation_split or validation_data to fit. " if missing else ""
            raise ConfigError(
                f"{type(self).__name__}: no {self.monitor!r} to monitor. {hint}{nearest(self.monitor, logs)}"
            )
        return logs[self.monitor]

    def improves(self, value: float, best: float | None) -> bool:
        """Whether a value is better than the best by more than min_delta; NaN never is, None always is beaten."""
        return not math.isnan(value) if best is None else self._sign * (value - best) > self.min_delta


class EarlyStopping(Monitor):
    """Stop when a figure has not got better for ``patience`` epochs.

    Parameters
    ----------
    monitor, min_delta, mode:
        See :class:`Monitor`.
    patience:
        How many epochs without improvement end the training.
    verbose:
        1 says when it stops, and to which epoch it goes back.
    baseline:
        A value that has to be beaten within ``patience`` epochs.
    restore_best_weights:
        Go back to the parameters and buffers of the best epoch, also when training ran to its end.
    start_from_epoch:
        How many epochs to let pass unwatched.

    After training ``best``, ``best_epoch`` and ``stopped_epoch`` (counted from 0; None if it never stopped) tell
    what happened.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = count(self, "patience", patience, 0)
        self.verbose = verbosity(self, verbose)
        self.baseline = None if baseline is None else number(self, "baseline", baseline)
        self.restore_best_weights = flag(self, "restore_best_weights", restore_best_weights)
        self.start_from_epoch = count(self, "start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start afresh."""
        self.best, self.wait = None, 0
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._kept: Any = None
        self._last = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, keep, and stop if it is time."""
        value = self.watched(logs)
        self._last = epoch
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        better = self.improves(value, self.best)
        if better or self.best_epoch is None:
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._kept = self.model.snapshot()
        if better:
            self.best = value
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
        if self.wait >= max(1, self.patience):
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Go back to the best epoch."""
        if self.verbose and self.stopped_epoch is not None:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self._kept is not None and self.best_epoch is not None and self.best_epoch != self._last:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.restore(self._kept)
        self._kept = None


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by ``factor`` when a figure has not got better for ``patience`` epochs.

    After that it waits ``cooldown`` epochs before it counts again, and never goes below ``min_lr``. The rate is in
    the logs as "learning_rate".
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = number(self, "factor", factor, 0, 1, "()")
        self.patience = count(self, "patience", patience, 0)
        self.verbose = verbosity(self, verbose)
        self.cooldown = count(self, "cooldown", cooldown, 0)
        self.min_lr = number(self, "min_lr", min_lr, 0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start afresh."""
        plain_rate(self)
        self.best, self.wait, self.cooling = None, 0, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and lower the rate if it is time."""
        value = self.watched(logs)
        rate = plain_rate(self)
        if logs is not None:
            logs["learning_rate"] = rate
        if self.cooling:
            self.cooling -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooling:
            self.wait += 1
            new = max(rate * self.factor, self.min_lr)
            if self.wait >= self.patience and new < rate:
                self.model.optimizer.learning_rate = new
                self.wait, self.cooling = 0, self.cooldown
                if self.verbose:
                    print(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new:.6g}.")


class ModelCheckpoint(Monitor):
    """Save the model after each epoch, or with ``save_best_only`` after each that was the best so far.

    ``filepath`` may hold fields: "net-{epoch:02d}-{val_loss:.2f}.npz", the epoch counted from 1. Folders are made
    where they are missing. A save replaces the file at once or not at all.
    """

    def __init__(
        self,
        filepath: str | PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = str(path(self, filepath))
        self.verbose = verbosity(self, verbose)
        self.save_best_only = flag(self, "save_best_only", save_best_only)
        self.initial_value_threshold = initial_value_threshold
        if initial_value_threshold is not None:
            self.best = number(self, "initial_value_threshold", initial_value_threshold)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if it is worth it."""
        if self.save_best_only:
            value = self.watched(logs)
            if not self.improves(value, self.best):
                return
            self.best = value
        fields = {**(logs or {}), "epoch": epoch + 1}
        try:
            target = Path(self.filepath.format(**fields))
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"ModelCheckpoint: filepath {self.filepath!r} cannot be filled in ({error}). {nearest('', fields)}"
            ) from None
        target.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(target)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saving model to {target}")
