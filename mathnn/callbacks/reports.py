"""What a fit prints and writes: progress, a CSV file, and the end of a run that has diverged."""

from __future__ import annotations

import csv
import math
import sys
from os import PathLike
from typing import Any

from ..checks import flag, path
from ..errors import ConfigError
from .base import Callback, Logs, verbosity

__all__ = ["CSVLogger", "Progress", "TerminateOnNaN"]


class Progress(Callback):
    """What ``fit`` prints: a bar on a terminal; elsewhere, or with ``verbose=2``, one line an epoch without times."""

    def __init__(self, verbose: int = 1) -> None:
        self.verbose = verbosity(self, verbose)
        self._bar: Any = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Open the bar at the first epoch."""
        if self._bar is None and self.verbose == 1 and sys.stdout.isatty():
            from tqdm import tqdm  # type: ignore[import-untyped]  # it ships no stubs

            steps = self.params["steps"]
            self._bar = tqdm(total=self.params["epochs"] * steps, initial=epoch * steps, unit="batch", file=sys.stdout)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Report the epoch."""
        title = f"Epoch {epoch + 1}/{self.params['epochs']}"
        figures = " - ".join(f"{name}: {_figure(value)}" for name, value in (logs or {}).items())
        if self._bar is None:
            print(f"{title} - {figures}")
        else:
            self._bar.set_description(title, refresh=False)
            self._bar.set_postfix_str(figures)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _figure(value: float) -> str:
    return f"{value:.4f}" if value == 0 or not abs(value) < 1e-3 else f"{value:.4e}"


class CSVLogger(Callback):
    """Write the figures of each epoch as a line of a CSV file; ``append`` goes on with the file of an earlier fit."""

    def __init__(self, filename: str | PathLike[str], separator: str = ",", append: bool = False) -> None:
        if not isinstance(separator, str) or len(separator) != 1:
            raise ConfigError(f"CSVLogger: separator must be one character, got {separator!r}")
        self.filename = path(self, filename)
        self.separator = separator
        self.append = flag(self, "append", append)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Read the columns of the file that is to be continued, or empty it."""
        self._columns: list[str] = []
        if self.append and self.filename.exists():
            with self.filename.open(newline="", encoding="utf-8") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator), [])
        else:
            self.filename.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        row: dict[str, float] = {"epoch": epoch, **(logs or {})}
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=self.separator, lineterminator="\n")
            if not self._columns:
                self._columns = list(row)
                writer.writerow(self._columns)
            if set(self._columns) != set(row):
                raise ConfigError(
                    f"CSVLogger: {self.filename} has the columns {self._columns}, this fit has {list(row)}; write to "
                    "another file, or without append"
                )
            writer.writerow([row[name] for name in self._columns])


class TerminateOnNaN(Callback):
    """End the training, without an error, when the cost of a batch is NaN or infinite. That batch changes nothing."""

    tolerates_nan = True

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the cost."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            print(f"Batch {batch + 1}: the cost is {loss}, training ends")
            self.model.stop_training = True
