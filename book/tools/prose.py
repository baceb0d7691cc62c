"""The numbers in a notebook's prose, and what they are tied to.

A number that could be wrong (it has a decimal point, a percent sign, a thousands separator, an exponent or three
digits and more, and is no year) must be printed by a cell of the same notebook or asserted in its code. A setting
("200 epochs") may also stand in the code as a whole number. Values are compared, not spellings: 54.7 % is 0.547.
"""

from __future__ import annotations

import ast
import re
from decimal import Decimal, InvalidOperation
from typing import Any

EXEMPT = "exempt_numbers"

NUMBER = re.compile(
    r"(?<![\w.,\\])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+)(?P<exponent>e[-+]?\d+)?"
    r"(?P<percent>[ \u00a0\u202f]?(?:%|percent\b|per cent\b))?(?![\w]|\.\d)",
    re.IGNORECASE,
)
PRINTED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?")
# In HTML the coordinates of a drawing, scripts and tags are nothing that a reader reads.
DRAWN = re.compile(r"<(svg|script|style)\b.*?</\1>|<[a-z/][^>]*>", re.DOTALL)
FENCE = re.compile(r"^\s*(?P<mark>`{3,}|~{3,}|:{3,})\s*(?P<info>.*)$")
DIRECTIVE = re.compile(r"^\{(?P<name>[^}]+)\}\s*(?P<argument>.*)$")
# Directives whose body or argument is no prose.
NOT_PROSE = {"math", "code", "code-block", "code-cell", "literalinclude", "raw", "bibliography", "footbibliography"}
NO_TITLE = {"figure", "image", "solution", "solution-start", "exercise-start", "include"}


def value(text: str) -> Decimal | None:
    """The number that `text` spells, None if it is none."""
    try:
        return Decimal(text.replace(",", "").lower()).normalize()
    except InvalidOperation:
        return None


def prose(markdown: str) -> str:
    """What a reader reads as words: no code, math, roles, addresses, labels or options of directives."""
    kept: list[str] = []
    stack: list[tuple[str, bool]] = []  # the fences that are open, and whether their text is prose
    options = False
    for line in markdown.splitlines():
        fence = FENCE.match(line)
        if fence and stack and line.strip() == stack[-1][0]:
            stack.pop()
            options = False
            continue
        if fence and not (stack and not stack[-1][1]):
            directive = DIRECTIVE.match(fence["info"])
            is_prose = bool(directive) and directive["name"].split(":")[0] not in NOT_PROSE
            stack.append((fence["mark"], is_prose))
            options = is_prose
            if is_prose and directive["name"] not in NO_TITLE:
                kept.append(directive["argument"])
            continue
        if stack and not stack[-1][1]:
            continue
        if options and re.match(r"^\s*(:[\w-]+:|---)", line):
            continue
        options = options and not line.strip()
        kept.append(line)
    text = "\n".join(line for line in kept if not line.startswith("%"))
    text = re.sub(r"\$\$.*?\$\$(\s*\([\w-]+\))?", " ", text, flags=re.DOTALL)
    text = re.sub(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"(\{[\w:-]+\})?(`+)(?!`).+?(?<!`)\2(?!`)", " ", text, flags=re.DOTALL)
    text = re.sub(r"(?<!\\)\$(?!\s)[^$]+?(?<!\\)\$", " ", text)
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    text = re.sub(r"<[^>\n]*>|https?://\S+|^\(\S+\)=$", " ", text, flags=re.MULTILINE)
    return re.sub(r"\bPython \d+\.\d+", " ", text)


def _needs_proof(match: re.Match[str]) -> bool:
    digits = match["digits"]
    if match["percent"] or match["exponent"] or "." in digits or "," in digits:
        return True
    is_year = len(digits) == 4 and 1700 <= int(digits) <= 2099
    return len(digits) >= 3 and not is_year


def stated(markdown: str) -> list[tuple[str, set[Decimal]]]:
    """The numbers in `markdown` that need a proof: as written, and the values that would prove each."""
    found = []
    for match in NUMBER.finditer(prose(markdown)):
        number = value(match["digits"] + (match["exponent"] or ""))
        if number is not None and _needs_proof(match):
            accepted = {number, (number / 100).normalize()} if match["percent"] else {number}
            found.append((match.group().strip(), accepted))
    return found


def printed(outputs: list[Any]) -> set[Decimal]:
    """Every number that a reader sees in stored outputs."""
    text: list[str] = []
    for output in outputs:
        data = {"text/plain": output["text"]} if output["output_type"] == "stream" else output.get("data", {})
        text += [
            DRAWN.sub(" ", str(v)) if mime == "text/html" else str(v)
            for mime, v in data.items()
            if mime.startswith("text/")
        ]
        text.append(output.get("evalue", ""))
    return {n for t in PRINTED.findall("\n".join(text)) if (n := value(t)) is not None}


def coded(source: str) -> tuple[set[Decimal], set[Decimal]]:
    """The numbers in the assertions of a cell's code, and its whole numbers."""
    asserted: set[Decimal] = set()
    whole: set[Decimal] = set()
    tree = ast.parse(_plain(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and "assert" in ast.unparse(node.func)):
            asserted |= {n for c in ast.walk(node) if (n := _constant(c)) is not None}
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            whole.add(Decimal(node.value).normalize())
    return asserted, whole


def _constant(node: ast.AST) -> Decimal | None:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return value(repr(node.value))
    return None


def untied(notebook: Any) -> list[str]:
    """The numbers in the notebook's prose that neither an output nor an assertion carries, each with its cell."""
    proofs: set[Decimal] = set()
    settings: set[Decimal] = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            asserted, whole = coded(cell["source"])
            proofs |= asserted | printed(cell["outputs"])
            settings |= whole
    exempt = notebook["metadata"].get(EXEMPT, {})
    problems = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        for text, accepted in stated(cell["source"]):
            known = proofs | (settings if re.fullmatch(r"[\d,]+", text) else set())
            if not accepted & known and text not in exempt:
                problems.append(f"{cell['id']}: {text}")
    return problems


def _plain(source: str) -> str:
    """Code with magics as comments, so that it parses; an indented magic keeps its block non-empty."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
