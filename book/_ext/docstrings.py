"""Docstrings in the API reference.

|x| in a formula is an absolute value, not the name of a substitution. A paragraph after the parameters or the errors,
such as the source, is a note and not one more of them.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def escape_bars(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape every bar outside literal blocks, ``literals`` and doctests."""
    literal_indent: int | None = None
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if literal_indent is not None and line.strip() and indent <= literal_indent:
            literal_indent = None
        if literal_indent is None and not line.lstrip().startswith(">>>"):
            parts = line.split("``")
            parts[::2] = [part.replace("\\|", "|").replace("|", "\\|") for part in parts[::2]]
            lines[i] = "``".join(parts)
            if line.rstrip().endswith("::"):
                literal_indent = indent


def set_off_notes(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Put the heading Notes over the first paragraph that follows a section's entries.

    An entry's line has its text indented under it; a paragraph's has not.
    """
    in_section = False
    for i, line in enumerate(lines):
        below = lines[i + 1] if i + 1 < len(lines) else ""
        if below and set(below) == {"-"} and line and not line[0].isspace():
            in_section = line in ("Parameters", "Raises", "Attributes", "Returns")
        elif in_section and line[:1].strip() and set(line) != {"-"} and lines[i - 1] == "" and below[:1] != " ":
            lines[i:i] = ["Notes", "-----"]
            return


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook."""
    app.connect("autodoc-process-docstring", set_off_notes, priority=300)  # before napoleon reads the sections
    app.connect("autodoc-process-docstring", escape_bars)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
