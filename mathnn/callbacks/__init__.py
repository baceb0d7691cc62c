"""Callbacks: what ``fit`` does on the way besides training. Names, arguments and hooks are those of Keras 3.

``logs`` holds the figures of the epoch ("loss", "accuracy", "val_loss", ...) or of the batch ("loss"). What a
callback adds to the epoch's logs is seen by the callbacks after it and by the History, which comes last.
"""

from __future__ import annotations

from .base import Callback, History, LambdaCallback
from .calling import CallbackList
from .monitors import EarlyStopping, ModelCheckpoint, Monitor, ReduceLROnPlateau
from .rates import LearningRateScheduler
from .reports import CSVLogger, Progress, TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "Progress",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
