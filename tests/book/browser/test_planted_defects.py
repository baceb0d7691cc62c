"""The checks themselves, checked: a good page passes them all, and each is seen to find what it is there for."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from . import checks, journeys
from .checks import PAGE_CHECKS
from .launch import serve
from .links import asset_findings, link_findings
from .planted import DEFECTS, GOOD, Defect, finds_gates
from .visit import Visit

JOURNEYS = [
    journeys.quiz_explains_every_choice,
    journeys.solutions_open,
    journeys.theme_switch_cycles,
    journeys.figures_follow_theme,
    finds_gates,
]
FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">
<rect width="300" height="200" fill="#fff"/><path d="M0 200 L300 0" stroke="#000" stroke-width="3"/></svg>"""


def name(check: object) -> str:
    return getattr(check, "__name__", "search_finds")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the good page and what the pages load."""
    root = tmp_path_factory.mktemp("planted")
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    assert spec is not None
    assert spec.origin is not None
    (root / "mathjax").symlink_to(Path(spec.origin).parent / "static" / "mathjax")
    (root / "figure.svg").write_text(FIGURE)
    (root / "broken.png").write_text("not an image")
    (root / "heavy.js").write_bytes(b"/" * 5_100_000)
    (root / "good.html").write_text(GOOD)
    (root / "found.html").write_text("<!DOCTYPE html><link rel=icon href=data:,><main>All about gates.</main>")
    (root / "other.html").write_text("<!DOCTYPE html><link rel=icon href=data:,><main>Something else.</main>")
    return root


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serve(site) as origin:
        yield origin


@pytest.fixture(scope="module")
def good(context: BrowserContext, address: str) -> Iterator[Visit]:
    with Visit(context, address, "good.html") as visit:
        yield visit


@pytest.mark.parametrize("check", [*PAGE_CHECKS, *JOURNEYS], ids=name)
def test_good_page_passes(good: Visit, check: object) -> None:
    assert check(good) == []


def test_good_page_passes_without_javascript(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context, Visit(context, address, "good.html") as visit:
        assert journeys.quiz_explains_every_choice(visit) == []
        assert journeys.solutions_open(visit, javascript=False) == []


def test_what_needs_javascript_is_caught_without_it(browser: Browser, site: Path, address: str) -> None:
    scripted = (
        GOOD.replace("input:checked ~ .answer", ".open .answer")
        .replace('type="radio"', 'type="radio" onclick="this.parentElement.classList.add(`open`)"')
        .replace("<details", "<div")
        .replace("</details>", "</div>")
        .replace("<summary>", "<button class='toggle-button' onclick='this.nextSibling.hidden = false'>")
        .replace("</summary><p>", "</button><p class='admonition-title' hidden>")
    )
    (site / "scripted.html").write_text(scripted)
    with browser.new_context() as context, Visit(context, address, "scripted.html") as visit:
        assert not [line for line in journeys.quiz_explains_every_choice(visit) if "a click" in line]
    with browser.new_context(java_script_enabled=False) as context, Visit(context, address, "scripted.html") as visit:
        assert journeys.quiz_explains_every_choice(visit)
        assert journeys.solutions_open(visit, javascript=False)


@pytest.mark.parametrize("number", range(len(DEFECTS)), ids=lambda n: f"{name(DEFECTS[n].check)}-{n}")
def test_checks_catch_planted_defects(context: BrowserContext, site: Path, address: str, number: int) -> None:
    defect: Defect = DEFECTS[number]
    # Typesetting takes longest and only its own check looks at it.
    good = GOOD if defect.check is checks.math_is_typeset else GOOD.replace('src="mathjax/tex-chtml.js"', "")
    page = good.replace(defect.old, defect.new)
    assert page != good
    (site / f"defect-{number}.html").write_text(page)
    with Visit(context, address, f"defect-{number}.html") as visit:
        findings = defect.check(visit)
        visit.evaluate("() => localStorage.clear()")
    assert any(defect.report in finding for finding in findings), findings


def test_every_check_has_a_planted_defect() -> None:
    assert {name(defect.check) for defect in DEFECTS} == {name(check) for check in [*PAGE_CHECKS, *JOURNEYS]}


@pytest.mark.parametrize(
    ("markup", "report"),
    [
        ('<a href="absent.html">a</a>', "absent.html: no such file"),
        ('<a href="good.html#absent">a</a>', "good.html#absent: no such anchor"),
        ('<a href="#absent">a</a>', "#absent: no such anchor"),
        ('<a href="../../etc/hosts">a</a>', "no such file"),
        ('<a href="file:///etc/hosts">a</a>', "no address for readers"),
        ('<img src="absent.png">', "absent.png: no such file"),
        ('<meta http-equiv="refresh" content="0; url=absent.html">', "absent.html: no such file"),
    ],
)
def test_dead_links_are_caught(tmp_path: Path, markup: str, report: str) -> None:
    (tmp_path / "good.html").write_text(
        '<a href="good.html#more" id="more">a</a> <a href="https://pages.invalid/">b</a>'
    )
    assert link_findings(tmp_path, tmp_path / "good.html") == []
    (tmp_path / "defect.html").write_text(markup)
    findings = link_findings(tmp_path, tmp_path / "defect.html")
    assert len(findings) == 1
    assert report in findings[0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.html", '<script src="https://cdn.invalid/a.js"></script>'),
        ("b.html", '<link rel="preconnect" href="//fonts.invalid">'),
        ("c.html", '<script>load("https://cdn.invalid/lib/thebe.js")</script>'),
        ("d.html", '<p style="background: url(https://cdn.invalid/a)">a</p>'),
        ("e.html", '<img srcset="https://cdn.invalid/a.png 2x">'),
        ("f.css", "@import 'https://fonts.invalid/css';"),
        ("g.css", "p { background: url(//cdn.invalid/a.png) }"),
    ],
)
def test_outside_assets_are_caught(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / "good.html").write_text(
        '<link rel="canonical" href="https://pages.invalid/"><script src="a.js"></script>'
    )
    assert asset_findings(tmp_path / "good.html") == []
    (tmp_path / file).write_text(text)
    assert len(asset_findings(tmp_path / file)) == 1
