"""How fit calls its callbacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ConfigError
from .base import Callback, History, Logs, Trained
from .reports import Progress

__all__ = ["CallbackList"]


class CallbackList:
    """The callbacks of one ``fit``, called in order; the History and the progress report come last.

    ``wants_batches`` says whether any of them listens to batches at all.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback],
        model: Trained,
        params: dict[str, Any] | None = None,
        verbose: int | str = 0,
    ) -> None:
        if not isinstance(callbacks, list | tuple):
            raise ConfigError(f"fit: callbacks must be a list, got {callbacks!r}")
        if not isinstance(verbose, int | np.integer | str) or verbose not in (0, 1, 2, "auto"):
            raise ConfigError(f"fit: verbose must be 0 (silent), 1 (progress) or 2 (lines), got {verbose!r}")
        verbose = 1 if verbose == "auto" else int(verbose)
        self.callbacks = sorted(callbacks, key=lambda callback: isinstance(callback, History))
        if verbose:
            self.callbacks.append(Progress(verbose))
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                name = callback.__name__ if isinstance(callback, type) else None
                hint = f"write {name}(...), with parentheses" if name else "derive it from mathnn.Callback"
                raise ConfigError(f"fit: callbacks must be Callback objects, got {callback!r}; {hint}")
            callback.set_model(model)
            callback.set_params({**(params or {}), "verbose": verbose})
        self.tolerates_nan = any(callback.tolerates_nan for callback in self.callbacks)
        self._on_batch = [
            callback
            for callback in self.callbacks
            for hook in (callback.on_train_batch_begin, callback.on_train_batch_end)
            if getattr(hook, "__func__", hook) not in (Callback.on_train_batch_begin, Callback.on_train_batch_end)
        ]
        self._on_batch = list(dict.fromkeys(self._on_batch))
        self.wants_batches = bool(self._on_batch)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Call this hook of each callback."""
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Call this hook of each callback."""
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call this hook of each callback."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Call this hook of each callback."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call this hook of each callback that listens to batches."""
        for callback in self._on_batch:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call this hook of each callback that listens to batches."""
        for callback in self._on_batch:
            callback.on_train_batch_end(batch, logs)
