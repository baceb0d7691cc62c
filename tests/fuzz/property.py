"""The property that everything public has: a documented result or a MathnnError, and nothing else happens."""

from __future__ import annotations

import inspect
import math
import os
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from mathnn import MathnnError
from mathnn.perceptron import ConvergenceWarning
from tests.fuzz.values import anything, twisted

__all__ = ["EXAMPLES", "LONG", "Target", "attempt"]

#: How many inputs each target is tried with. A long search: FUZZ_EXAMPLES=500 make test ARGS="tests/fuzz"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
LONG = "FUZZ_EXAMPLES" in os.environ
#: Seconds after which a call counts as hanging; each takes milliseconds.
PATIENCE = 60


@dataclass(frozen=True)
class Target:
    """One thing to call, with arguments that are right."""

    name: str
    call: Callable[..., Any]
    arguments: Callable[[], dict[str, Any]]
    #: Arguments that are written to, as documented.
    writes: frozenset[str] = frozenset()
    #: Arguments that stay as they are, because any change to them is another target's.
    fixed: frozenset[str] = frozenset()
    #: Whether the documentation allows NaN or infinity in the result.
    infinite: bool = False
    #: Whether it reads or writes files, so that the system may refuse.
    files: bool = False
    #: Whether the result is the caller's own numbers, in whatever dtype, rearranged.
    keeps: bool = False
    #: Whether the documentation leaves it to the caller that the numbers are finite and of moderate size.
    moderate: bool = False
    #: What else must hold of a result: takes the result and the arguments.
    check: Callable[[Any, dict[str, Any]], bool] = field(default=lambda result, arguments: True)

    def __str__(self) -> str:
        return self.name


class Hang(BaseException):
    """A call did not come back."""


def _alarm(*_: Any) -> None:
    raise Hang(f"no result after {PATIENCE} s")


def attempt(target: Target, r: Random) -> str:
    """Call the target with one or two of its arguments changed; return what is wrong with what happened, or ''."""
    arguments = target.arguments()
    names = [name for name in arguments if name not in target.fixed]
    for name in r.sample(names, min(len(names), r.choice([0, 1, 1, 1, 1, 1, 1, 2]))):
        arguments[name] = twisted(r, arguments[name]) if r.random() < 0.7 else anything(r)
    before = {name: fingerprint(value) for name, value in arguments.items() if name not in target.writes}
    shown = ", ".join(f"{name}={describe(value)}" for name, value in arguments.items())
    call = f"{target.name}({shown})"
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "Sequential.*: validation_split", UserWarning)
            result = target.call(**arguments)
            found = list(leaves(result))
        problem = wrong_result(target, result, found, arguments)
    except MathnnError as error:
        problem = "" if len(str(error)) > 20 else f"an error that says nothing: {error!r}"
    except OSError as error:
        problem = "" if target.files else f"{type(error).__name__}: {error}"
    except (Exception, Hang) as error:
        if target.moderate and isinstance(error, RuntimeWarning) and any(map(immoderate, arguments.values())):
            return ""
        frames = traceback.extract_tb(error.__traceback__)
        inside = [f"{f.filename.rpartition('/mathnn/')[2]}:{f.lineno}" for f in frames if "/mathnn/" in f.filename]
        problem = f"{type(error).__name__}: {error} [{' < '.join(reversed(inside[-3:]))}]"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if not problem:
        changed = [name for name, old in before.items() if fingerprint(arguments[name]) != old]
        problem = f"changed its argument {changed[0]}" if changed else ""
    return f"{call}: {problem}" if problem else ""


def wrong_result(target: Target, result: Any, found: list[Any], arguments: dict[str, Any]) -> str:
    """What is wrong with a result, or ''."""
    for leaf in () if target.keeps else found:
        dtype = np.asarray(leaf).dtype
        if dtype.kind not in "fiubUS" or dtype.char in "eg":
            return f"gave numbers of dtype {dtype}"
        allowed = target.infinite or (target.moderate and any(map(immoderate, arguments.values())))
        if dtype.kind == "f" and not allowed and not np.isfinite(leaf).all():
            return f"gave {leaf!r}, which is not finite"
    return "" if target.check(result, arguments) else f"gave {result!r}"


def immoderate(value: Any) -> bool:
    """Whether there are numbers in an array whose squares the dtype may not hold."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.size:
        return False
    return not bool((np.abs(value) < float(np.finfo(value.dtype).max) ** 0.25).all())


def leaves(result: Any) -> Iterator[Any]:
    """Every number and array of a result."""
    if isinstance(result, np.ndarray | np.generic | float | complex):
        yield result
    elif isinstance(result, dict):
        for value in result.values():
            yield from leaves(value)
    elif isinstance(result, list | tuple) or inspect.isgenerator(result):
        for value in result:
            yield from leaves(value)


def fingerprint(value: Any) -> Any:
    """What must be the same after the call."""
    if isinstance(value, np.ndarray):
        content = str(value.tolist()) if value.dtype.hasobject else value.tobytes()
        return value.shape, value.dtype.str, value.strides, value.flags.writeable, content
    if isinstance(value, list | tuple):
        return type(value), [fingerprint(item) for item in value]
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    return repr(value) if isinstance(value, int | float | str | set) else id(value)


def describe(value: Any) -> str:
    """A short text that says enough to call again by hand."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value.reshape(-1)[:6], threshold=6).replace("\n", "")
        return f"<{value.dtype}{value.shape} {text}{'' if value.flags.c_contiguous else ' strided'}>"
    text = repr(value)
    return text if len(text) < 120 else f"{text[:100]}... ({type(value).__name__})"
