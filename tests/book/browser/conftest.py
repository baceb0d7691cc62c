"""One Chromium for all browser checks; every page of the table of contents, each opened once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext

from .launch import CHROMIUM_NAMES, chromium, find_chromium, serve
from .visit import Visit

ROOT = Path(__file__).resolve().parents[3]
# Made by Sphinx, not in the table of contents.
GENERATED = ["genindex.html", "search.html"]
NO_CHROMIUM = f"no Chromium on this machine (looked for {', '.join(CHROMIUM_NAMES)})"


def toc_pages() -> list[str]:
    """Addresses of the book's pages in reading order, from ``_toc.yml``, and of the generated ones."""

    def files(entry: object) -> Iterator[str]:
        if isinstance(entry, list):
            for item in entry:
                yield from files(item)
        elif isinstance(entry, dict):
            yield from (entry[key] for key in ("root", "file") if key in entry)
            for value in entry.values():
                yield from files(value)

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [f"{name}.html" for name in files(toc)] + GENERATED


# Package scope, not session: while Playwright runs, asyncio believes that this thread's loop is running, and
# nbval's kernels could not start in the same pytest process.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"{NO_CHROMIUM}, and REQUIRE_BROWSER=1 asks for one", pytrace=False)
        pytest.skip(f"BROWSER CHECKS NOT RUN: {NO_CHROMIUM}")
    with chromium(executable) as running:
        yield running


@pytest.fixture(scope="package")
def origin(built_book: Path) -> Iterator[str]:
    """Address of the served book."""
    with serve(built_book) as address:
        yield address


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile, so that what the pages share is loaded once."""
    profile = browser.new_context()
    yield profile
    profile.close()


@pytest.fixture(scope="module", params=toc_pages(), ids=lambda page: page.removesuffix(".html"))
def visit(request: pytest.FixtureRequest, context: BrowserContext, origin: str) -> Iterator[Visit]:
    """Each page of the book, opened once for all its checks."""
    with Visit(context, origin, request.param) as opened:
        yield opened


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped browser is said so loudly that nobody takes the run for a full one."""
    if any("BROWSER CHECKS NOT RUN" in str(report.longrepr) for report in terminalreporter.getreports("skipped")):
        terminalreporter.write_sep("!", "BROWSER CHECKS NOT RUN", yellow=True, bold=True)
        terminalreporter.write_line(
            f"{NO_CHROMIUM}: the pages were not opened. REQUIRE_BROWSER=1 makes this a failure."
        )
