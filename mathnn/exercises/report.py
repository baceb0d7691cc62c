"""What a reader sees: stable plain text in a terminal, the same in HTML in a notebook, readable in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

__all__ = ["Hint", "Verdict", "table"]

GREEN, AMBER, BLUE = "#2e7d32", "#b45309", "#1976d2"


@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether an answer is right, which makes the object true or false, and if not, what is wrong with it."""

    name: str
    right: bool
    passed: int
    total: int
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.right

    @property
    def _count(self) -> str:
        if not self.total:
            return ""
        return f" ({self.total} cases)" if self.right else f" ({self.passed} of {self.total} cases right)"

    def __repr__(self) -> str:
        title = "Right" if self.right else "Not yet"
        return "\n  ".join([f"{title}: {self.name}{self._count}", *self.notes])

    def _repr_html_(self) -> str:
        title, colour = ("✓ Right", GREEN) if self.right else ("✗ Not yet", AMBER)
        return _box(colour, f"<strong>{title}</strong>: {_html(f'`{self.name}`{self._count}')}", self.notes)


@dataclass(frozen=True, repr=False)
class Hint:
    """One hint for an exercise, and how many there are."""

    name: str
    number: int
    total: int
    text: str

    def __repr__(self) -> str:
        return f"Hint {self.number} of {self.total} for {self.name}: {self.text}"

    def _repr_html_(self) -> str:
        return _box(
            BLUE, f"<strong>Hint {self.number} of {self.total}</strong> for <code>{self.name}</code>", (self.text,)
        )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return an HTML table; text between backticks is code."""
    names = "".join(f'<th scope="col">{_html(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _html(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))


def _box(colour: str, title: str, notes: Iterable[str]) -> str:
    """Return a box whose colour is only its edge: text and background are those of the page, dark or light."""
    style = f"border-left: 0.3em solid {colour}; padding: 0.3em 0.9em; margin: 0.5em 0; overflow-wrap: anywhere"
    lines = "".join(f'<p style="margin: 0.3em 0">{_html(note)}</p>' for note in notes)
    return f'<div class="mathnn-check" style="{style}"><p style="margin: 0.3em 0">{title}</p>{lines}</div>'
