"""What a reader does with the built book, done in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from . import journeys
from .conftest import toc_pages
from .visit import PHONE, Visit

CHAPTERS = [page for page in toc_pages() if "/chapters/" in page]


@pytest.fixture(scope="module")
def context_without_javascript(browser: Browser) -> Iterator[BrowserContext]:
    profile = browser.new_context(java_script_enabled=False)
    yield profile
    profile.close()


def holds(findings: list[str]) -> None:
    assert not findings, "\n".join(["", *findings])


@pytest.mark.parametrize("width", [1280, PHONE])
def test_search_finds_the_perceptron(browser: Browser, origin: str, width: int) -> None:
    with browser.new_context() as profile, Visit(profile, origin) as visit:
        visit.open("search.html", width)
        holds(journeys.search_finds(visit, "perceptron"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_quiz_explains(context: BrowserContext, origin: str, chapter: str) -> None:
    with Visit(context, origin) as visit:
        visit.open(chapter, PHONE)
        holds(journeys.quiz_explains_every_choice(visit) + visit.said)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_quiz_explains_without_javascript(
    context_without_javascript: BrowserContext, origin: str, chapter: str
) -> None:
    with Visit(context_without_javascript, origin, chapter) as visit:
        holds(journeys.quiz_explains_every_choice(visit))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_solutions_open(context: BrowserContext, origin: str, chapter: str) -> None:
    with Visit(context, origin, chapter) as visit:
        holds(journeys.solutions_open(visit) + visit.said)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_solutions_can_be_read_without_javascript(
    context_without_javascript: BrowserContext, origin: str, chapter: str
) -> None:
    with Visit(context_without_javascript, origin, chapter) as visit:
        holds(journeys.solutions_open(visit, javascript=False))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_figures_follow_the_theme(context: BrowserContext, origin: str, chapter: str) -> None:
    with Visit(context, origin, chapter) as visit:
        holds(journeys.figures_follow_theme(visit))


def test_theme_switch_cycles(browser: Browser, origin: str, built_book: Path) -> None:
    with browser.new_context() as profile, Visit(profile, origin, toc_pages()[0]) as visit:
        holds(journeys.theme_switch_cycles(visit) + visit.said)
