"""What every part of a model shares: it can be named by a string, described by its configuration, and rebuilt.

The rule is scikit-learn's: a constructor stores each argument under the argument's own name and does nothing else to
it. Then the configuration of an object can be read off its signature, and no class has to write it down twice.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any, Generic, Self, TypeVar

import numpy as np

from .errors import ConfigError, nearest

__all__ = ["Configurable", "Registry", "snake_case"]


@cache
def snake_case(name: str) -> str:
    """Return Keras's string name of a class name.

    >>> snake_case("MeanSquaredError"), snake_case("RMSprop"), snake_case("HeNormal"), snake_case("Conv2D")
    ('mean_squared_error', 'rmsprop', 'he_normal', 'conv2d')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()


class Configurable:
    """Base of everything that is built from a few arguments: layers, losses, optimizers, initializers and so on."""

    @classmethod
    def argument_names(cls) -> list[str]:
        """Return the names of the constructor's arguments; those of ``*args`` come as that one name."""
        if cls.__init__ is object.__init__:
            return []
        return list(inspect.signature(cls).parameters)

    @property
    def config(self) -> dict[str, Any]:
        """What the constructor took, by argument name."""
        return {name: getattr(self, name) for name in self.argument_names()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Build an object from what :attr:`config` returned."""
        parameters = inspect.signature(cls).parameters
        unknown = sorted(set(config) - set(parameters))
        if unknown:
            raise ConfigError(f"{cls.__name__} has no argument {unknown[0]!r}. {nearest(unknown[0], parameters)}")
        star = [name for name, p in parameters.items() if p.kind is inspect.Parameter.VAR_POSITIONAL]
        for name in star:
            if not isinstance(config[name], list | tuple):
                raise ConfigError(f"{cls.__name__}: {name} must be a list, got {config[name]!r}")
        rest = {name: value for name, value in config.items() if name not in star}
        return cls(*(value for name in star for value in config[name]), **rest)

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self)).parameters
        shown = []
        for name, value in self.config.items():
            default = parameters[name].default
            if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                shown += [repr(item) for item in value]
            elif default is inspect.Parameter.empty or not _same(value, default):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _same(a: Any, b: Any) -> bool:
    """Whether two arguments are equal, arrays included, and parts of one class by what they were built from."""
    if isinstance(a, Configurable) and type(a) is type(b):
        return all(_same(value, b.config[name]) for name, value in a.config.items())
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return bool(a is b or a == b)


T = TypeVar("T")


class Registry(Generic[T]):
    """The known things of one kind, found by class name, by Keras's string name or by an alias.

    Parameters
    ----------
    kind:
        What they are, in the singular, for messages: ``"optimizer"``.
    base:
        The class that an object of this kind has.
    """

    def __init__(self, kind: str, base: type[T]) -> None:
        self.kind = kind
        self.base = base
        self._by_name: dict[str, Any] = {}
        self._canonical: dict[str, Any] = {}

    def add(self, item: Any, *aliases: str) -> Any:
        """Make an item (a class, or a ready instance such as an activation) known; return it unchanged."""
        name = snake_case(item.__name__) if isinstance(item, type) else item.name
        self._canonical[name] = item
        for key in (name, *aliases):
            self._by_name[key.lower()] = item
        if isinstance(item, type):
            self._by_name[item.__name__.lower()] = item
        return item

    def names(self) -> list[str]:
        """Return the canonical string names, in the order in which they were added."""
        return list(self._canonical)

    def items(self) -> list[Any]:
        """Return every item once, in the order in which they were added."""
        return list(self._canonical.values())

    def find(self, name: str) -> Any:
        """Return the item of that name, or raise ConfigError with the nearest known name."""
        try:
            return self._by_name[name.lower()]
        except KeyError:
            raise ConfigError(f"unknown {self.kind} {name!r}. {nearest(name, self._canonical)}") from None

    def get(self, which: str | T | type[T]) -> T:
        """Return an instance: of a name, of a class, or the instance that was handed in."""
        found: Any = self.find(which) if isinstance(which, str) else which
        if isinstance(found, type) and issubclass(found, self.base):
            try:
                found = found()
            except TypeError as error:
                raise ConfigError(
                    f"{self.kind} {which!r} needs arguments: write {found.__name__}(...) instead ({error})"
                ) from None
        if not isinstance(found, self.base):
            raise ConfigError(
                f"{self.kind} must be a name or a {self.base.__name__}, got {which!r} of type {type(which).__name__}. "
                f"Known names: {', '.join(map(repr, self._canonical))}."
            )
        return found
