"""Docstrings in the API reference: |x| in a formula is an absolute value, not the name of a substitution."""

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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook."""
    app.connect("autodoc-process-docstring", escape_bars)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
