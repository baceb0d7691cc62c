"""What can be written to a file and read again."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Self

from .errors import ConfigError

__all__ = ["Savable"]


class Savable:
    """Base of :class:`~mathnn.Sequential`, :class:`~mathnn.boltzmann.RBM` and :class:`~mathnn.boltzmann.DBN`."""

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything (parameters, configuration, optimizer state, generators) to one file, for ``load``."""
        from .serialization import save

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str], custom_objects: Mapping[str, type] | None = None) -> Self:
        """Read what ``save`` wrote: :func:`mathnn.load`, and ConfigError where the file holds something else."""
        from .serialization import load

        model = load(path, custom_objects)
        if not isinstance(model, cls):
            raise ConfigError(f"{path} holds a {type(model).__name__}, not a {cls.__name__}")
        return model
