"""Figures that move: played, stepped, taken by keyboard, calm where calm is asked for, still where nothing can move."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from mathnn import plots

from . import journeys
from .checks import AXE_TAGS
from .conftest import ROOT, toc_pages
from .launch import serve
from .visit import PHONE, Visit

LAST = 6


def a_player(turn: float) -> str:
    """A dot on its way, with a trail; at frame k the line below the slider says "place k"."""
    fig = Figure(facecolor=plots.PAPER)
    ax = fig.add_subplot(xlim=(-1, LAST + 1), ylim=(-2, 2), facecolor="none")

    def draw(k: int) -> list[object]:
        ax.plot(k, np.sin(turn * k), "o", color=plots.CLASS_0)
        return ax.plot([k - 1, k], np.sin([turn * (k - 1), turn * k]), color=plots.CLASS_1)

    shown = plots.player(fig, LAST + 1, draw, says=[f"place {k}" for k in range(LAST + 1)], rate=10)._repr_html_()
    return f"<figure>{shown}</figure>"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with three players, two of them alike, that follows the system's colour scheme."""
    root = tmp_path_factory.mktemp("players")
    players = a_player(1.0) + a_player(2.0) + a_player(1.0)
    (root / "page.html").write_text(
        '<!DOCTYPE html><html lang="en"><head><title>Players</title><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width"><style>:root { color-scheme: light dark }</style></head>'
        f"<body><main><article><h1>Players</h1>{players}</article></main></body></html>"
    )
    with serve(root) as origin:
        yield origin


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page as somebody sees it who does not mind motion, with a clock that the test turns."""
    with browser.new_context(reduced_motion="no-preference") as profile, Visit(profile, address) as visit:
        visit.page.clock.install()
        visit.page.goto(f"{address}/page.html")
        visit.page.clock.pause_at(visit.evaluate("() => Date.now()") / 1000 + 60)
        yield visit.page
        assert visit.said == []


def box(page: Page, number: int = 0) -> Locator:
    return page.locator(".mathnn-player").nth(number)


def seen(player: Locator) -> tuple[list[int], int, str]:
    """The frames whose dots are seen, how long the trail is, and what the line says."""
    dots, trail = player.evaluate(
        """box => {
            const visible = kind => [...box.querySelectorAll(`[data-${kind}]`)]
                .filter(part => getComputedStyle(part).display !== "none").map(part => Number(part.dataset[kind]));
            return [visible("at"), visible("since").length];
        }"""
    )
    return dots, trail, player.locator("output").inner_text()


def stands_at(player: Locator, k: int) -> bool:
    return seen(player) == ([k], k + 1, f"place {k}")


def test_it_begins_still_at_the_end(page: Page) -> None:
    page.clock.run_for(3000)
    assert all(stands_at(box(page, number), LAST) for number in range(3))


def test_play_runs_from_the_start_to_the_end_and_stops(page: Page) -> None:
    play = box(page).locator("[name=play]")
    play.click()
    assert stands_at(box(page), 0)
    assert play.inner_text() == "Pause"
    page.clock.run_for(250)
    assert stands_at(box(page), 2)
    page.clock.run_for(5000)
    assert stands_at(box(page), LAST)
    assert play.inner_text() == "Play"


def test_pause_holds_the_frame_and_play_goes_on_from_it(page: Page) -> None:
    play = box(page).locator("[name=play]")
    play.click()
    page.clock.run_for(250)
    play.click()
    page.clock.run_for(5000)
    assert stands_at(box(page), 2)
    assert play.inner_text() == "Play"
    play.click()
    page.clock.run_for(150)
    assert stands_at(box(page), 3)


def test_players_on_one_page_do_not_touch_each_other(page: Page) -> None:
    box(page, 2).locator("[name=play]").click()
    page.clock.run_for(350)
    assert stands_at(box(page, 2), 3)
    assert stands_at(box(page, 0), LAST)
    assert stands_at(box(page, 1), LAST)


def test_steps_stop_at_both_ends_and_pause_what_plays(page: Page) -> None:
    player = box(page)
    player.locator("[name=back]").click()
    assert stands_at(player, LAST - 1)
    for _ in range(3):
        player.locator("[name=next]").click()
    assert stands_at(player, LAST)
    player.locator("[name=play]").click()
    player.locator("[name=back]").click()
    page.clock.run_for(3000)
    assert stands_at(player, 0)


def test_everything_is_reached_and_moved_by_keyboard(page: Page) -> None:
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.name"))
    assert reached == ["play", "back", "next", "frame"]
    slider = box(page).locator("[name=frame]")
    for key, frame in (("Home", 0), ("ArrowRight", 1), ("ArrowUp", 2), ("ArrowLeft", 1), ("End", LAST)):
        page.keyboard.press(key)
        assert stands_at(box(page), frame), key
        assert slider.get_attribute("aria-valuetext") == f"place {frame}"
    page.keyboard.press("Enter")
    assert page.url.endswith("page.html")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert stands_at(box(page), 0)


def test_controls_have_the_names_that_are_seen(page: Page) -> None:
    for name in ("Play", "Back", "Next"):
        assert box(page).get_by_role("button", name=name, exact=True).is_visible()
    assert box(page).get_by_role("slider", name="Step", exact=True).is_visible()


def test_on_paper_the_last_frame_stands_alone_wherever_the_slider_is(page: Page) -> None:
    box(page).locator("[name=frame]").fill("2")
    page.emulate_media(media="print")
    dots, trail, _ = seen(box(page))
    assert (dots, trail) == ([LAST], LAST + 1)
    assert not box(page).locator("form").is_visible()
    page.emulate_media(media="screen")
    assert stands_at(box(page), 2)


def test_reduced_motion_has_steps_and_slider_but_no_play(page: Page) -> None:
    play = box(page).locator("[name=play]")
    play.click()
    page.clock.run_for(250)
    page.emulate_media(reduced_motion="reduce")
    page.clock.run_for(3000)
    assert stands_at(box(page), 2)
    assert not play.is_visible()
    box(page).locator("[name=next]").click()
    assert stands_at(box(page), 3)


def test_without_javascript_the_last_frame_stands_and_no_control_is_seen(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as profile, Visit(profile, address, "page.html") as visit:
        for number in range(3):
            dots, trail, _ = seen(box(visit.page, number))
            assert (dots, trail) == ([LAST], LAST + 1)
        assert not visit.page.locator("form").first.is_visible()
        assert visit.page.locator("svg").first.is_visible()


def test_it_is_accessible_and_fits_a_phone_in_both_themes(context: BrowserContext, address: str) -> None:
    with Visit(context, address, "page.html") as visit:
        for theme in ("light", "dark"):
            visit.show(PHONE, theme)
            assert visit.axe(AXE_TAGS) == []
            assert visit.evaluate("() => document.documentElement.scrollWidth") <= PHONE
        small = visit.evaluate(
            """() => [...document.querySelectorAll("button, input")].map(node => node.getBoundingClientRect())
                .filter(box => box.width && Math.min(box.width, box.height) < 24).length"""
        )
        assert small == 0
        assert journeys.figures_follow_theme(visit) == []


def cells_with_players() -> list[tuple[str, str]]:
    """The page and the alt text of every player in the book."""
    found = []
    for address in toc_pages():
        path = ROOT / address.replace(".html", ".ipynb")
        for cell in nbformat.read(path, as_version=4).cells if path.exists() else ():
            outputs = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
            if any("mathnn-player" in text for text in outputs):
                found.append((address, cell.metadata.mystnb.image.alt))
    return found


def test_every_player_of_the_book_carries_the_alt_text_of_its_cell(built_book: Path) -> None:
    cells = cells_with_players()
    assert cells
    for address, alt in cells:
        assert f'aria-label="{html.escape(alt)}"' in (built_book / address).read_text(encoding="utf-8"), alt


@pytest.mark.parametrize("address", sorted({address for address, _ in cells_with_players()}))
def test_players_of_the_book_move_by_keyboard(context: BrowserContext, origin: str, address: str) -> None:
    with Visit(context, origin, address) as visit:
        for player in visit.page.locator(".mathnn-player").all():
            slider = player.locator("[name=frame]")
            slider.focus()
            for key in ("Home", "ArrowRight"):
                visit.page.keyboard.press(key)
            assert slider.input_value() == "1"
            assert set(seen(player)[0]) == {1}
        assert visit.said == []
