"""How an answer is checked: it is run beside the solution and beside every mistake that is known."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import ConfigError, nearest
from .compare import diagnose, same, show
from .report import Hint, Verdict, table

__all__ = ["Catalogue", "Checker", "Exercise", "Mistake"]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what to tell them."""

    answer: Any
    message: str


class Run(NamedTuple):
    """What came out of one case: a value, or the error that was raised, and the argument that was altered."""

    value: Any
    error: str = ""
    altered: str = ""


@dataclass(frozen=True)
class Exercise:
    """A question, its solution, and the mistakes that are recognised.

    The answer is a function where there are ``cases``, each a tuple of arguments to call it with, and
    otherwise a value. ``observe`` turns a value into what counts about it, where several values are right:
    the truth table of the weights, say. ``form`` shows what a value looks like.
    """

    name: str
    chapter: int
    statement: str
    solution: Any
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    cases: tuple[tuple[Any, ...], ...] = ()
    observe: Callable[[Any], Any] | None = None
    form: str = ""

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments that the answer is called with; none for a value."""
        return list(inspect.signature(self.solution).parameters) if self.cases else []

    def run(self, answer: Any) -> list[Run]:
        """Return what the answer gives on copies of every case. NumPy's warnings are held back: NaN says enough."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [self._run(answer, case) for case in self.cases or ((),)]

    def _run(self, answer: Any, case: tuple[Any, ...]) -> Run:
        arguments = copy.deepcopy(case)
        try:
            if self.cases:
                value = answer(*arguments)
            else:
                value = self.observe(copy.deepcopy(answer)) if self.observe else answer
        except Exception as error:  # whatever a reader's code raises is shown, not raised
            return Run(None, error=f"{type(error).__name__}: {error}")
        kept = zip(self.parameters, arguments, case, strict=True)
        return Run(value, altered=next((name for name, now, was in kept if not same(now, was, exact=True)), ""))


class Checker:
    """Check answers by the exercise's name; see :mod:`mathnn.exercises`."""

    def __init__(self, exercises: Iterable[Exercise]) -> None:
        self._exercises = {exercise.name: exercise for exercise in exercises}

    def __call__(self, name: str, answer: Any) -> Verdict:
        """Return the verdict on a function or a value: it is true when right, and shows itself.

        ConfigError for a name that no exercise has.
        """
        exercise = self.find(name)
        if refusal := _unsuitable(exercise, answer):
            return Verdict(name, False, 0, len(exercise.cases), (refusal,))
        wanted, got = exercise.run(exercise.solution), exercise.run(answer)
        with np.errstate(all="ignore"):
            return self._judge(exercise, wanted, got)

    def _judge(self, exercise: Exercise, wanted: list[Run], got: list[Run]) -> Verdict:
        right = [not g.error and same(g.value, w.value) for g, w in zip(got, wanted, strict=True)]
        altered = next((g.altered for g in got if g.altered), "")
        notes: tuple[str, ...] = ()
        if not all(right):
            notes = _explain(exercise, got, wanted, right.index(False))
        elif altered:
            notes = (f"The result is right, but your function changes its argument `{altered}`. Work on a copy.",)
        return Verdict(exercise.name, not notes, sum(right), len(exercise.cases), notes)

    def find(self, name: str) -> Exercise:
        """Return the exercise of that name, or raise ConfigError with the nearest."""
        if not isinstance(name, str) or name not in self._exercises:
            raise ConfigError(f"check: there is no exercise {name!r}. {nearest(str(name), self._exercises)}")
        return self._exercises[name]

    def hint(self, name: str, number: int = 1) -> Hint:
        """Return a hint, the first one unless another number is asked for; ConfigError where there is none such."""
        hints = self.find(name).hints
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            raise ConfigError(f"check.hint: {name!r} has hints 1 to {len(hints)}, got number {number!r}")
        return Hint(name, number, len(hints), hints[number - 1])


def _unsuitable(exercise: Exercise, answer: Any) -> str:
    """Return why the answer cannot even be tried, or nothing."""
    call = f"f({', '.join(exercise.parameters)})"
    if not exercise.cases:
        return f"The answer is a value, not a function: {exercise.form}." if callable(answer) else ""
    if not callable(answer):
        return f"Give the function itself, `{call}`, not its result: no brackets after its name."
    try:
        inspect.signature(answer).bind(*exercise.cases[0])
    except TypeError:
        return f"Your function is called as `{call}`: it must take these arguments in this order."
    except ValueError:  # some built-in functions have no signature to look at
        return ""
    return ""


def _explain(exercise: Exercise, got: list[Run], wanted: list[Run], first: int) -> tuple[str, ...]:
    """Return the name of the mistake, and the first case that fails."""
    run = got[first]
    case = exercise.cases[first] if exercise.cases else ()
    where = ", ".join(f"`{name}` = {show(value, 6)}" for name, value in zip(exercise.parameters, case, strict=True))
    if run.error and not exercise.cases:
        return (f"This answer could not be read ({run.error}). It looks like this: {exercise.form}.",)
    if run.error:
        return f"Your function raised {run.error}.", f"It was called with {where}."
    reveal = bool(exercise.cases or exercise.observe)
    sizes = [len(case[0]) if case and isinstance(case[0], np.ndarray) else 1 for case in exercise.cases or ((),)]
    ran = [(g.value, w.value, m) for g, w, m in zip(got, wanted, sizes, strict=True) if not g.error]
    message = _recognise(exercise, got) or diagnose(ran, reveal)
    if not reveal:
        return (message,)
    lead = f"For {where} it returned" if exercise.cases else "Your answer gives"
    return message, f"{lead} {show(run.value)}; expected {show(wanted[first].value)}."


def _recognise(exercise: Exercise, got: list[Run]) -> str:
    """Return the message of the known mistake that gives just these results."""
    for mistake in exercise.mistakes:
        known = exercise.run(mistake.answer)
        if all(not g.error and not k.error and same(g.value, k.value) for g, k in zip(got, known, strict=True)):
            return mistake.message
    return ""


class Catalogue(tuple[Exercise, ...]):
    """Exercises that show themselves as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        width = max((len(e.name) for e in self), default=0)
        return "\n".join(f"{e.chapter:>2}  {e.name:<{width}}  {e.statement.split('. ')[0].rstrip('.')}" for e in self)

    def _repr_html_(self) -> str:
        rows = [(str(e.chapter), f"`{e.name}`", e.statement) for e in self]
        return table(("chapter", "name", "what to do"), rows)
