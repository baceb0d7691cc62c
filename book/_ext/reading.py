"""Repairs of what other extensions write.

Solutions open without a script, a false warning is kept quiet, no id stands twice on a page, no name hides the
words a control shows, and a formula keeps its punctuation.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_exercise.nodes import depart_solution_node, solution_node, visit_solution_node

# sphinx-proof and sphinx-exercise give every box of a kind the same inner id, which nothing refers to.
REPEATED_ID = re.compile(r'(<section(?: class="[^"]*")?) id="(?:proof|exercise|solution)-content"')
# A screen reader is to hear what stands there ("Show code cell source").
SUMMARY_NAME = re.compile(r'<summary aria-label="Toggle hidden content">')
PROOF_ID = re.compile(r'(<div class="proof admonition") id="proof"')


# The title of a solution without its link: a control inside a control is no use to a keyboard.
SOLUTION_TITLE = re.compile(
    r'(<details class="[^"]*solution[^"]*"[^>]*>\s*)<p class="admonition-title">(.*?)</p>', re.DOTALL
)
# A browser breaks lines on either side of a formula, even before a full stop.
MATH_AND_MARKS = re.compile(
    r'([(\[“‘]?)(<span class="math notranslate nohighlight">[^<]*</span>)((?:[.,;:!?)\]”’…]|[-–]\w+)*)'
)


class FootciteIsDefined(logging.Filter):
    """MyST looks for the definition of a footcite among its own footnotes, before the directive places it.

    A key that the bibliography does not have, or a page without a `footbibliography`, is still reported: by
    sphinxcontrib-bibtex and by docutils.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return "No footnote definitions found for label: 'footcite-" not in record.getMessage()


def repair(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take repeated ids and hiding names out of the page that is about to be written."""
    if "body" in context:
        body = PROOF_ID.sub(r"\1", REPEATED_ID.sub(r"\1", context["body"]))
        body = SUMMARY_NAME.sub("<summary>", body)
        # ARIA has given up the role that docutils writes; the entries stand in a list.
        body = body.replace('role="doc-biblioentry"', 'role="listitem"')
        body = MATH_AND_MARKS.sub(_on_one_line, body)
        context["body"] = SOLUTION_TITLE.sub(_as_summary, body)


def _on_one_line(match: re.Match[str]) -> str:
    return f'<span class="keep">{match[0]}</span>' if match[1] or match[3] else match[0]


def _as_summary(match: re.Match[str]) -> str:
    words = re.sub(r"</?a\b[^>]*>", "", match[2])
    return f'{match[1]}<summary class="admonition-title">{words}</summary>'


def visit_solution(self: Any, node: solution_node) -> None:
    """A solution with the class `dropdown` is a `details` element; the title becomes its summary in `repair`."""
    if "dropdown" in node["classes"]:
        node["classes"].remove("dropdown")
        node["opens"] = True
        self.body.append(self.starttag(node, "details", CLASS="admonition"))
    else:
        visit_solution_node(self, node)


def depart_solution(self: Any, node: solution_node) -> None:
    if node.get("opens"):
        self.body.append("</details>\n")
    else:
        depart_solution_node(self, node)


def setup(app: Sphinx) -> dict[str, bool]:
    for handler in logging.getLogger("sphinx").handlers:
        handler.filters.insert(0, FootciteIsDefined())
    app.setup_extension("sphinx_exercise")
    app.add_node(solution_node, override=True, html=(visit_solution, depart_solution))
    app.connect("html-page-context", repair, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
