"""Repairs of what other extensions write: a false warning, repeated ids, and a name that hides the words."""

from __future__ import annotations

import logging
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# sphinx-proof and sphinx-exercise give every box of a kind the same inner id, which nothing refers to.
REPEATED_ID = re.compile(r'(<section(?: class="[^"]*")?) id="(?:proof|exercise|solution)-content"')
# A screen reader is to hear what stands there ("Show code cell source").
SUMMARY_NAME = re.compile(r'<summary aria-label="Toggle hidden content">')
PROOF_ID = re.compile(r'(<div class="proof admonition") id="proof"')


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
        context["body"] = SUMMARY_NAME.sub("<summary>", body)


def setup(app: Sphinx) -> dict[str, bool]:
    for handler in logging.getLogger("sphinx").handlers:
        handler.filters.insert(0, FootciteIsDefined())
    app.connect("html-page-context", repair, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
