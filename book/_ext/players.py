"""The alt text of a cell that shows a player (`mathnn.plots.player`) becomes the name of the SVG in it.

MyST-NB hands the alt text of a cell to the images among its outputs. A player is HTML, so its alt text is put there.
"""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

NAME = re.compile(r'(<svg\b[^>]*?\brole="img" aria-label=")[^"]*"')


def describe(app: Sphinx, doctree: nodes.document) -> None:
    """Name each player by the alt text of its cell; a player without one stops a strict build."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        alt = cell.get("cell_metadata", {}).get("mystnb", {}).get("image", {}).get("alt", "")
        for raw in cell.findall(nodes.raw):
            text = raw.astext()
            if '<div class="mathnn-player"' not in text:
                continue
            if not alt:
                logger.warning("a player needs the alt text of its cell (mystnb: image: alt)", location=cell)
            named = NAME.sub(lambda match, alt=alt: f'{match[1]}{html.escape(alt)}"', text, count=1)
            raw.children[:] = [nodes.Text(named)]
            raw.rawsource = named


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
