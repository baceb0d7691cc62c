"""Equations with their numbers filled in: as LaTeX in a notebook, as plain text in a terminal.

An equation is written once, in LaTeX with arrays between. The plain form is made from it, so the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Equation", "Explanation", "Step", "figure", "plain"]

Array = NDArray[Any]
Part = str | Array | float

# What LaTeX calls it, and what a terminal shows; the longer names first.
_PLAIN = {
    r"\partial ": "∂", r"\leftarrow": "←", r"\hat Y": "Ŷ", r"\mathbf 1": "1", r"\Delta": "Δ", r"\delta": "δ",
    r"\sigma": "σ", r"\theta": "θ", r"\alpha": "α", r"\eta": "η", r"\odot": "⊙", r"\sum": "Σ", r"\ge": "≥",
    r"\left": "", r"\right": "", r"\,": " ", "^2": "²",
}  # fmt: skip
_RULES = [
    (r"\\(?:text|operatorname)\{([^{}]*)\}", r"\1"),
    (r"\^\{(\[\d+\])?(?:(\(\d+\)))?\\top\}", r"\1\2ᵀ"),
    (r"\^\{((?:\[\d+\])?(?:\(\d+\))?)\}", r"\1"),
    (r"\^\\top", "ᵀ"),
    (r"_\{([^{}]*)\}", r"_\1"),
    (r"\\frac\{([^{} ]*)\}\{([^{} ]*)\}", r"\1/\2"),
    (r"\\frac\{([^{} ]*)\}\{([^{}]*)\}", r"\1/(\2)"),
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)"),
    (r"\\(log|exp|tanh|cosh|max)\b", r"\1"),
]


def plain(latex: str) -> str:
    r"""Return what a terminal can show of the LaTeX that this module is given.

    >>> print(plain(r"\frac{\partial J}{\partial W^{[1]}} = A^{[0]\top} \Delta^{[1]}"))
    ∂J/∂W[1] = A[0]ᵀ Δ[1]
    """
    for name, sign in _PLAIN.items():
        latex = latex.replace(name, sign)
    for pattern, text in _RULES:
        latex = re.sub(pattern, text, latex)
    return latex


def figure(x: float, digits: int = 4, floor: float = 1e-15) -> str:
    """Return x with so many significant digits, the same on every processor.

    It is rounded to 12 digits first, so that the last bit of x cannot decide a tie, and below ``floor`` it is 0.

    >>> figure(0.1 + 0.2), figure(-1e-17), figure(123456.0), figure(2.5e-5)
    ('0.3', '0', '1.235e+05', '2.5e-05')
    """
    return "0" if abs(x) < floor else f"{float(f'{x:.12g}'):.{digits}g}"


def _figures(array: Array, digits: int) -> list[list[str]]:
    """Return the entries as rows of text; what is lost in the rounding of the largest entry is 0."""
    rows = np.atleast_2d(array)
    floor = max(1e-15, 1e-12 * float(np.abs(rows).max(initial=0.0)))
    return [[figure(float(x), digits, floor) for x in row] for row in rows]


def _latex(part: Part, digits: int) -> str:
    if isinstance(part, str):
        return part
    cells = [[re.sub(r"e([+-])0?(\d+)", _power, x) for x in row] for row in _figures(np.asarray(part), digits)]
    if np.ndim(part) == 0:
        return cells[0][0]
    return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in cells) + r" \end{bmatrix}"


def _power(match: re.Match[str]) -> str:
    return rf" \cdot 10^{{{match[1].replace('+', '')}{match[2]}}}"


def _block(part: Part, digits: int) -> list[str]:
    """Return the lines that a part takes in plain text."""
    if isinstance(part, str):
        return [plain(part)]
    rows = _figures(np.asarray(part), digits)
    if np.ndim(part) == 0:
        return [rows[0][0]]
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = ["  ".join(x.rjust(w) for x, w in zip(row, widths, strict=True)) for row in rows]
    if len(lines) == 1:
        return [f"[{lines[0]}]"]
    left = ["⎡", *"⎢" * (len(lines) - 2), "⎣"]
    right = ["⎤", *"⎥" * (len(lines) - 2), "⎦"]
    return [a + line + b for a, line, b in zip(left, lines, right, strict=True)]


def _beside(blocks: list[list[str]]) -> list[str]:
    """Put blocks next to each other, each in the middle of the height."""
    height = max(map(len, blocks))
    columns = []
    for block in blocks:
        above = (height - len(block)) // 2
        lines = [""] * above + block + [""] * (height - len(block) - above)
        columns.append([line.ljust(max(map(len, block))) for line in lines])
    return [" ".join(row).rstrip() for row in zip(*columns, strict=True)]


class Equation:
    """left = side = side = ..., each side a piece or a list of pieces: LaTeX, or numbers. The last is its ``value``."""

    def __init__(self, left: str, *sides: Part | list[Part], relation: str = "=") -> None:
        self.left, self.relation = left, relation
        self.sides: list[list[Part]] = [side if isinstance(side, list) else [side] for side in sides]

    @property
    def value(self) -> Any:
        """What the equation comes to."""
        return self.sides[-1][-1]

    def latex(self, digits: int) -> str:
        """The lines of an aligned environment."""
        first, *rest = (" ".join(_latex(part, digits) for part in side) for side in self.sides)
        return r" \\[3pt] ".join([f"{self.left} &{self.relation} {first}", *(f"&= {side}" for side in rest)])

    def text(self, digits: int) -> str:
        """The same in plain text."""
        left, lines = plain(self.left), list[str]()
        for side in self.sides:
            sign = "=" if lines else plain(self.relation)
            lines += _beside([[" " * len(left) if lines else left], [sign], *(_block(part, digits) for part in side)])
        return "\n".join(lines)


@dataclass(frozen=True)
class Step:
    """Equations under a title."""

    title: str
    equations: Sequence[Equation]
    digits: int = 4

    def latex(self) -> str:
        """Title and equations, one under the other."""
        lines = r" \\[4pt] ".join(equation.latex(self.digits) for equation in self.equations)
        return rf"\textbf{{{self.title}}} \\ \begin{{aligned}} {lines} \end{{aligned}}"

    def _repr_latex_(self) -> str:
        return _page([self])

    def __str__(self) -> str:
        body = "\n\n".join(equation.text(self.digits) for equation in self.equations)
        return f"{self.title}\n\n" + re.sub("(?m)^(?=.)", "  ", body)

    __repr__ = __str__


@dataclass(frozen=True)
class Explanation:
    """A computation step by step. It renders in a notebook and prints in a terminal; ``steps`` can be shown singly.

    ``values`` has the number or array that each equation comes to, under its plain left side: ``values["Z[1]"]``.
    """

    steps: Sequence[Step]
    values: dict[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {plain(e.left): e.value for step in self.steps for e in step.equations}
        object.__setattr__(self, "values", found)

    def _repr_latex_(self) -> str:
        return _page(self.steps)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.steps))

    __repr__ = __str__


def _page(steps: Sequence[Step]) -> str:
    # One block of mathematics, without an empty line: that is what notebooks and the book's builder take.
    return r"$$\begin{array}{l} " + r" \\[12pt] ".join(step.latex() for step in steps) + r" \end{array}$$"
