"""The exercises of the book, which answer back: ``check("name", your_answer)`` says right, or which mistake it is.

>>> from mathnn.exercises import check
>>> check("sigmoid_derivative", lambda a: a * (1 + a))
Not yet: sigmoid_derivative (0 of 3 cases right)
  The sign inside the bracket is wrong: 1 - a, not 1 + a.
  For `a` = 0.2315 it returned 0.2851; expected 0.1779.
>>> bool(check("sigmoid_derivative", lambda a: a * (1 - a)))
True

``check.hint("name")`` helps on, and ``catalogue()`` lists them all. Each chapter has a module with a list
of :class:`Exercise`; to add one, add it to the list. Its solution and its known mistakes are then tested
with the others.
"""

from __future__ import annotations

from . import chapter00, chapter01, chapter02, chapter03, chapter04, chapter05, chapter06, chapter07, chapter08
from .engine import Catalogue, Checker, Exercise, Mistake
from .report import Hint, Verdict

__all__ = ["Exercise", "Hint", "Mistake", "Verdict", "catalogue", "check"]

EXERCISES = (
    *chapter00.EXERCISES,
    *chapter01.EXERCISES,
    *chapter02.EXERCISES,
    *chapter03.EXERCISES,
    *chapter04.EXERCISES,
    *chapter05.EXERCISES,
    *chapter06.EXERCISES,
    *chapter07.EXERCISES,
    *chapter08.EXERCISES,
)

check = Checker(EXERCISES)


def catalogue(chapter: int | None = None) -> Catalogue:
    """Return the exercises, of one chapter or of all: a tuple that shows itself as a table."""
    return Catalogue(e for e in EXERCISES if chapter in (None, e.chapter))
