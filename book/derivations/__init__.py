"""Every numbered derivation of the book, with the checks that apply to it.

The page *Derivation index* is written from this registry, and the tests run it. To add a derivation, add an entry to
the list of its chapter's module; a new chapter's module goes into ``CHAPTERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

__all__ = ["CHAPTERS", "KINDS", "Check", "Derivation", "Result", "derivations", "run"]

#: What a check compares the formula with, in the order of the page's columns.
KINDS = {
    "symbolic": "SymPy",
    "numeric": "finite differences",
    "library": "mathnn",
    "trials": "many cases",
}

#: A check raises AssertionError where the formula does not hold, and returns in a few words what it compared.
Check = Callable[[], str]

CHAPTERS = ("ch00", "ch01", "ch02", "ch03", "ch04", "ch05", "ch06", "ch07", "ch08")


@dataclass(frozen=True)
class Derivation:
    """One derivation and its checks.

    Attributes
    ----------
    label:
        The label of its equation or theorem in the chapter: ``eq-ch01-update``, ``thm-ch01-novikoff``.
    title:
        What it says, in a few words.
    symbolic, numeric, library:
        Checks against SymPy, against finite differences, against mathnn.
    trials:
        For a theorem or an inequality: the statement tried on many cases.
    """

    label: str
    title: str
    symbolic: Check | None = None
    numeric: Check | None = None
    library: Check | None = None
    trials: Check | None = None

    def checks(self) -> dict[str, Check]:
        """The checks that apply, by kind."""
        return {kind: check for kind in KINDS if (check := getattr(self, kind)) is not None}


@dataclass(frozen=True)
class Result:
    """What one check found."""

    passed: bool
    detail: str


def derivations() -> list[Derivation]:
    """All derivations, in the order of the book."""
    return [one for name in CHAPTERS for one in import_module(f"{__name__}.{name}").DERIVATIONS]


def run(check: Check) -> Result:
    """Run one check; a failed assertion is a result, any other error is not caught."""
    try:
        return Result(True, check())
    except AssertionError as error:
        return Result(False, str(error) or "does not hold")
