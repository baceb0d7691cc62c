"""The directive `claims`: every admonition of the class `claim` in the book, each leading back to its page.

The page that holds the directive is written from the chapters, so no claim can be on it that no chapter has checked.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class claims_here(nodes.General, nodes.Element):
    """Where the list goes."""


class Claims(SphinxDirective):
    """The list of all claims of the book, by chapter."""

    def run(self) -> list[nodes.Node]:
        """Leave a mark for `fill`, when all chapters have been read."""
        return [claims_here("")]


def verdict(admonition: nodes.Element) -> str:
    """The words in bold that a claim's text begins with: "False.", "Half true."."""
    paragraph = next(iter(admonition.findall(nodes.paragraph)), None)
    inline = [child for child in paragraph.children if child.astext()] if paragraph is not None else []
    return inline[0].astext().rstrip(".: ") if inline and isinstance(inline[0], nodes.strong) else ""


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Give each claim an address and remember it."""
    env = app.env
    found = []
    for number, admonition in enumerate(doctree.findall(nodes.admonition), start=1):
        if "claim" not in admonition["classes"]:
            continue
        title = next(iter(admonition.findall(nodes.title))).astext()
        if not admonition["ids"]:
            slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50].rstrip("-")
            admonition["ids"] = [f"claim-{slug or number}"]
        if not (says := verdict(admonition)):
            logger.warning("a claim must begin with its verdict in bold, such as **False.**", location=admonition)
        found.append((admonition["ids"][0], title, says))
    _store(env)[env.docname] = found


def _store(env: BuildEnvironment) -> dict[str, list[tuple[str, str, str]]]:
    if not hasattr(env, "book_claims"):
        env.book_claims = {}  # type: ignore[attr-defined]
    store: dict[str, list[tuple[str, str, str]]] = env.book_claims  # type: ignore[attr-defined]
    return store


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is read again."""
    _store(env).pop(docname, None)


def merge(app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment) -> None:
    """Take over what a parallel reader found."""
    _store(env).update({name: found for name, found in _store(other).items() if name in docnames})


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the list where the directive stands."""
    for here in list(doctree.findall(claims_here)):
        claims = _store(app.env)
        parts: list[nodes.Node] = []
        for name in [d for d in _reading_order(app) if claims.get(d)]:
            section = nodes.section(ids=[f"claims-{name.rsplit('/', 1)[-1]}"])
            section += nodes.title("", app.env.titles[name].astext())
            listing = nodes.definition_list(classes=["claims"])
            for target, title, says in claims[name]:
                uri = f"{app.builder.get_relative_uri(docname, name)}#{target}"
                link = nodes.reference("", title, internal=True, refuri=uri)
                item = nodes.definition_list_item("", nodes.term("", "", link))
                item += nodes.definition("", nodes.paragraph("", "", nodes.strong("", f"{says}.")))
                listing += item
            section += listing
            parts.append(section)
        here.replace_self(parts)


def _reading_order(app: Sphinx) -> list[str]:
    """All pages in the order of the table of contents."""
    root = app.config.root_doc
    order = [root]
    for name in order:
        order += [inner for inner in app.env.toctree_includes.get(name, []) if inner not in order]
    return order


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_node(claims_here)
    app.add_directive("claims", Claims)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
