"""The directive `derivation-index`: every entry of the registry `book.derivations`, run while the page is built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class DerivationIndex(SphinxDirective):
    """A table for each chapter: the derivation, and for each kind of check what it found."""

    def run(self) -> list[nodes.Node]:
        """Run all checks; a failed one is a warning, which stops the strict build."""
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
        from book.derivations import KINDS, derivations, run

        self.env.note_reread()
        lines: list[str] = []
        chapter = ""
        for one in derivations():
            if (its := one.label.split("-")[1]) != chapter:
                chapter = its
                lines += ["", f"## Chapter {int(chapter[2:])}", "", "| Derivation | Checks |", "|---|---|"]
            found = []
            for kind, check in one.checks().items():
                result = run(check)
                if not result.passed:
                    logger.warning("%s: %s: %s", one.label, kind, result.detail, location=self.get_location())
                mark = "✓" if result.passed else "✗"
                found.append(f"{mark} **{KINDS[kind]}**: {result.detail}")
            place = f"{{eq}}`{one.label}`" if one.label.startswith("eq-") else f"({{prf:ref}}`{one.label}`)"
            lines.append(f"| {one.title} {place} | {'<br>'.join(found)} |")
        container = nodes.section()
        container.document = self.state.document
        self.state.nested_parse(nodes_lines(lines, self), self.content_offset, container, match_titles=True)
        return container.children


def nodes_lines(lines: list[str], directive: SphinxDirective) -> Any:
    """Lines as docutils wants them, each with where it comes from."""
    from docutils.statemachine import StringList

    source = directive.get_source_info()[0]
    return StringList(lines, items=[(source, directive.lineno)] * len(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("derivation-index", DerivationIndex)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
