"""The learning rate of each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ..checks import number
from ..errors import ConfigError
from ..schedules import Schedule
from .base import Callback, Logs, verbosity

__all__ = ["LearningRateScheduler", "plain_rate"]


class LearningRateScheduler(Callback):
    """Set the learning rate of each epoch: ``schedule(epoch, lr)``, ``schedule(epoch)``, or a Schedule of epochs.

    The rate is in the logs as "learning_rate". To change it with each step in place of each epoch, hand the Schedule
    to the optimizer.
    """

    def __init__(self, schedule: Callable[..., float] | Schedule, verbose: int = 0) -> None:
        if not callable(schedule):
            raise ConfigError(f"LearningRateScheduler: schedule must be a function of the epoch, got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbosity(self, verbose)
        try:
            inspect.signature(schedule).bind(0, 0.0)
            self._takes_rate = True
        except (TypeError, ValueError):  # a function of one argument, or a built-in one that does not say
            self._takes_rate = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        rate = plain_rate(self)
        schedule: Callable[..., float] = self.schedule
        new = schedule(epoch, rate) if self._takes_rate else schedule(epoch)
        self.model.optimizer.learning_rate = number(self, f"the rate of epoch {epoch + 1}", new, 0, ends="()")
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {new:.6g}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Report the rate."""
        if logs is not None:
            logs["learning_rate"] = plain_rate(self)


def plain_rate(callback: Callback) -> float:
    """Return the optimizer's learning rate, or raise ConfigError where a schedule already changes it."""
    rate = callback.model.optimizer.learning_rate
    if isinstance(rate, Schedule):
        raise ConfigError(
            f"{type(callback).__name__}: the optimizer's learning rate is already scheduled, by {rate!r}; give the "
            "optimizer a number, or leave this callback out"
        )
    return float(rate)
