"""The player: one piece of HTML, the same bytes each time, still where nothing moves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from mathnn import plots
from mathnn.errors import ConfigError
from mathnn.plots.player import _shorter

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def spiral(turns: float = 1.0, noise: float = 0.0, **options: Any) -> plots.Player:
    """A dot that runs along a spiral and leaves a trail, five frames."""
    t = np.linspace(0, turns, 5) * (1 + noise)
    x, y = t * np.cos(6 * t), t * np.sin(6 * t)
    fig, ax = plt.subplots()
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xlabel="x")
    ax.plot(0, 0, "+", color=plots.INK)

    def draw(k: int) -> list[Any]:
        ax.plot(x[k], y[k], "o", color=plots.CLASS_0)
        return ax.plot(x[max(k - 1, 0) : k + 1], y[max(k - 1, 0) : k + 1], color=plots.CLASS_1)

    return plots.player(fig, 5, draw, **options)


def page(player: plots.Player) -> str:
    shown = player._repr_html_()
    assert shown is not None
    return shown


def drawing(player: plots.Player) -> ElementTree.Element:
    """The SVG of the player; ElementTree raises where it is not well-formed."""
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", page(player), flags=re.DOTALL)[0])  # type: ignore[index]


def moving(player: plots.Player, kind: str) -> dict[int, list[ElementTree.Element]]:
    found: dict[int, list[ElementTree.Element]] = {}
    for element in drawing(player).iter():
        if f"data-{kind}" in element.attrib:
            found.setdefault(int(element.attrib[f"data-{kind}"]), []).append(element)
    return found


def test_what_draw_returns_stays_and_the_rest_is_seen_in_its_frame_only():
    heads, trails = moving(spiral(), "at"), moving(spiral(), "since")
    assert sorted(heads) == sorted(trails) == [0, 1, 2, 3, 4]
    assert all(len(found) == 1 for found in (*heads.values(), *trails.values()))
    colours = {element.get("stroke") for group in trails.values() for part in group for element in part.iter()}
    assert plots.CLASS_1 in colours
    assert plots.CLASS_0 not in colours


def test_without_a_script_the_last_frame_stands_and_no_control_is_seen():
    heads, trails = moving(spiral(), "at"), moving(spiral(), "since")
    assert [k for k, (head,) in sorted(heads.items()) if head.get("display") != "none"] == [4]
    assert not any(part.get("display") for group in trails.values() for part in group)
    assert re.search(r"<form [^>]*\bhidden\b", page(spiral()))


def test_it_has_the_same_bytes_each_time_and_noise_in_the_last_bits_changes_none():
    assert page(spiral()) == page(spiral(noise=1e-13))
    assert page(spiral()) != page(spiral(1.1))
    assert repr(spiral()) == repr(spiral(noise=1e-13))


def test_it_asks_for_nothing_and_its_references_resolve():
    text = page(spiral())
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.findall(r"<(?:link|img|image|iframe)\b|@import|url\((?!#)", text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text)) <= set(ids)
    assert len(text) < 30_000


def test_two_players_share_no_id():
    first, second = (set(re.findall(r'\bid="([^"]+)"', page(spiral(turns)))) for turns in (1.0, 1.1))
    assert first
    assert not first & second


def test_every_colour_asks_the_page_for_its_variant():
    text = page(spiral())
    style, body = re.search(r"<style>(.*?)</style>(.*)</svg>", text, flags=re.DOTALL).groups()  # type: ignore[union-attr]
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', body))
    assert {plots.PAPER, plots.CLASS_0, plots.CLASS_1} <= used <= set(plots.DARK)
    for light in used:
        assert f'.mathnn-frames [fill="{light}"]{{fill:light-dark({light},{plots.DARK[light]})}}' in style
    assert "prefers-color-scheme" not in text


class Controls(HTMLParser):
    """The tags of the page, in order, and the text within each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag = self.found[-1][0]
            self.words[tag] = self.words.get(tag, "") + data


def test_what_it_says_and_its_labels_are_text_whatever_is_in_them():
    lines = [f'<b>"{k}" & more</b>' for k in range(5)]
    controls = Controls(page(spiral(says=lines, label="Step <1>", rate=4)))
    box = next(given for tag, given in controls.found if tag == "div")
    assert json.loads(box["data-says"] or "") == lines
    assert box["data-rate"] == "4"
    assert "b" not in [tag for tag, _ in controls.found]
    assert controls.words["output"].startswith(lines[-1])
    assert controls.words["label"].strip() == "Step <1>"
    slider = next(given for tag, given in controls.found if tag == "input")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "4", "4")
    assert all(given["type"] == "button" for tag, given in controls.found if tag == "button")


def test_it_counts_by_itself_and_describes_the_figure():
    player = spiral()
    assert player.frames == 5
    assert player.says == ("0 of 4", "1 of 4", "2 of 4", "3 of 4", "4 of 4")
    assert repr(player) == "Figure: x axis \"x\"; 5 frames, the last is '4 of 4'"
    assert drawing(player).get("aria-label") == 'Figure: x axis "x"'
    assert drawing(player).get("role") == "img"


def test_the_figure_is_closed_so_that_a_notebook_shows_it_once():
    spiral()
    assert plt.get_fignums() == []


def nothing(k: int) -> None:
    """A frame that adds nothing."""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, 3, nothing), "needs a Matplotlib Figure"),
        ((Figure(), 1, nothing), "frames must be an integer of 2 or more"),
        ((Figure(), 3, 5), "draw must be a function"),
        ((Figure(), 3, nothing), "draw added nothing"),
    ],
)
def test_what_it_cannot_play_it_refuses(arguments, message):
    with pytest.raises(ConfigError, match=message):
        plots.player(*arguments)


def test_lines_that_do_not_match_the_frames_are_refused():
    with pytest.raises(ConfigError, match="5 frames, but says has 2 lines"):
        spiral(says=["a", "b"])
    with pytest.raises(ConfigError, match="rate must be a number in"):
        spiral(rate=0)


def test_artists_of_earlier_frames_and_pictures_are_refused():
    fig, ax = plt.subplots()
    old = ax.plot([0, 1])
    with pytest.raises(ConfigError, match="which it did not add"):
        plots.player(fig, 2, lambda k: old)
    with pytest.raises(ConfigError, match="made of pixels"):
        plots.player(fig, 2, lambda k: [ax.imshow(np.eye(2) * k)])


@pytest.mark.parametrize(
    ("written", "shorter"),
    [
        ("M 1.04 2.06 L 3 2.06 L 5 2.06 L 5 7.99 z", "M1 2.1 5 2.1 5 8z"),
        ("M 0 0 L 5 0 L 3 0", "M0 0 5 0 3 0"),  # there and back again
        ("M 0 0 L -.52 .25 M 10 20 L 30 40 z", "M0 0 -0.5 0.2M10 20 30 40z"),
    ],
)
def test_paths_are_written_short_and_run_where_they_ran(written, shorter):
    assert _shorter(written) == shorter
