"""Every page of the built book, each check of `checks.PAGE_CHECKS`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .checks import PAGE_CHECKS, Check
from .conftest import toc_pages
from .links import asset_findings, html_pages, link_findings
from .visit import Visit


@pytest.mark.parametrize("check", PAGE_CHECKS, ids=lambda check: check.__name__)
def test_page(visit: Visit, check: Check) -> None:
    findings = check(visit)
    assert not findings, "\n".join(["", *findings])


def test_every_built_page_is_opened(built_book: Path) -> None:
    built = {path.relative_to(built_book).as_posix() for path in html_pages(built_book)}
    # Jupyter Book's index.html only leads on to the first page. Sphinx's listings of the library's source are all
    # made alike; only their links are checked.
    assert {page for page in built if not page.startswith("_modules/")} - {"index.html"} == set(toc_pages())


def test_links_and_anchors_resolve(built_book: Path) -> None:
    pages = html_pages(built_book)
    found = {page.relative_to(built_book).as_posix(): link_findings(built_book, page) for page in pages}
    assert not any(found.values()), "\n".join(f"{page}: {line}" for page in found for line in found[page])


def test_nothing_is_loaded_from_elsewhere(built_book: Path) -> None:
    paths = [*html_pages(built_book), *sorted((built_book / "_static").rglob("*.css"))]
    found = {path.relative_to(built_book).as_posix(): asset_findings(path) for path in paths}
    assert not any(found.values()), "\n".join(f"{path}: {line}" for path in found for line in found[path])
