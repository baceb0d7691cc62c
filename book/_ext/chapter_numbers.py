"""Chapters numbered from `first_chapter` on, not from 1.

Sphinx and sphinx-external-toc count from 1. When they have, each section's number is moved here, and what is numbered
within a chapter (figures, equations, theorems, exercises) is counted again from there. So the sidebar, the headings
and every reference agree.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector


def move(number: Any, by: int) -> Any:
    """The number of a section with its chapter moved; that of a section without one stays None."""
    return number and (number[0] + by, *number[1:])


def renumber(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Move the numbers of all sections and number the figures anew; the pages whose numbers changed."""
    by = app.config.first_chapter - 1
    for name, numbers in env.toc_secnumbers.items():
        env.toc_secnumbers[name] = {anchor: move(number, by) for anchor, number in numbers.items()}
        for node in [env.titles[name], *env.tocs[name].findall(nodes.reference)]:
            if "secnumber" in node:
                node["secnumber"] = move(node["secnumber"], by)
    return [*env.toc_secnumbers, *TocTreeCollector().assign_figure_numbers(env)] if by else []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the setting `first_chapter`."""
    app.add_config_value("first_chapter", 1, "env", [int])
    app.connect("env-get-updated", renumber, priority=900)  # after the collectors, which have 500
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
