"""The hooks, and the record of a fit."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any, Protocol

from ..checks import count
from ..errors import ConfigError, nearest

Logs = dict[str, float]

__all__ = ["Callback", "History", "LambdaCallback", "Logs", "Trained", "verbosity"]


class Trained(Protocol):
    """What callbacks use of the model that is being trained."""

    stop_training: bool
    optimizer: Any

    def snapshot(self) -> Any:
        """Return copies of all parameters and buffers."""

    def restore(self, snapshot: Any) -> None:
        """Go back to them."""

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to a file, atomically."""


def verbosity(owner: object, verbose: Any) -> int:
    """Return 0 (silent), 1 or 2, as which False and True count too, or raise ConfigError."""
    return int(verbose) if isinstance(verbose, bool) else count(owner, "verbose", verbose, 0, 2)


class Callback:
    """Base of the callbacks: hooks that do nothing. ``self.model`` and ``self.params`` are set before the first.

    ``tolerates_nan = True`` asks ``fit`` to hand a cost that is not finite to the batch hook in place of raising
    NonFiniteError.
    """

    model: Trained
    params: dict[str, Any]
    tolerates_nan = False

    def set_model(self, model: Trained) -> None:
        """Take the model that is to be trained."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take "epochs", "steps" (batches in an epoch), "batch_size" and "verbose" of the fit to come."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, also when training was stopped; logs are those of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch, counted from 0 in each epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After the step on a batch."""


class History(Callback):
    """The figures of every epoch: ``history["val_loss"]`` is a list, ``epoch`` the epochs' numbers from 0."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def plot(self, **options: Any) -> Any:
        """Draw the curves: :func:`mathnn.plots.training_curves` with its options. Loads Matplotlib."""
        from ..plots import training_curves

        return training_curves(self, **options)


class LambdaCallback(Callback):
    """A callback made of functions, each given under the name of its hook.

    >>> said = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> said.on_epoch_end(3, {"loss": 0.5})
    3 0.5
    """

    def __init__(self, **hooks: Callable[..., None]) -> None:
        known = [name for name in dir(Callback) if name.startswith("on_")]
        for name, function in hooks.items():
            if name not in known:
                raise ConfigError(f"LambdaCallback has no hook {name!r}. {nearest(name, known)}")
            if not callable(function):
                raise ConfigError(f"LambdaCallback: {name} must be a function, got {function!r}")
            setattr(self, name, function)
