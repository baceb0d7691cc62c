"""Chapter 0 is number 0: every number in a chapter, and every reference to one, begins with the chapter's own."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import yaml

from book.tools import build

TOC = yaml.safe_load((build.ROOT / "_toc.yml").read_text(encoding="utf-8"))
NUMBERED = [c["file"] for part in TOC["parts"] if part.get("numbered") for c in part["chapters"]]
# What carries a number in a chapter: its headings, equations, and captions of figures, theorems and exercises.
PLACES = {
    "headings": r'<h[1-6]><span class="section-number">([\d.]+)\. ',
    "equations": r'<span class="eqno">\(([\d.]+)\)',
    "captions": r'<span class="caption-number">\w+ ([\d.]+) ',
}
LINK = re.compile(
    r'href="(?:[^"#]*/)?(?:(?P<page>[\w-]+)\.html)?#(?P<anchor>[^"]+)"[^>]*>'
    r'(?:<span class="std std-(?:num)?ref">)?(?:(?:Figure|Theorem|Exercise|Table) |\()(?P<number>[\d.]+)\)?<'
)


def text_of(built_book: Path, name: str) -> str:
    return html.unescape((built_book / f"{name}.html").read_text(encoding="utf-8"))


def chapter(name: str) -> int:
    return int(Path(name).name.split("-")[0])


def test_the_files_say_the_numbers_of_the_chapters() -> None:
    assert [chapter(name) for name in NUMBERED] == list(range(len(NUMBERED)))


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("name", NUMBERED)
def test_numbers_begin_with_that_of_the_chapter(name: str, kind: str, built_book: Path) -> None:
    found = re.findall(PLACES[kind], text_of(built_book, name))
    assert found, f"no {kind}"
    assert {int(number.split(".")[0]) for number in found} == {chapter(name)}


@pytest.mark.parametrize("name", NUMBERED)
def test_the_contents_and_the_tab_count_as_the_files_do(name: str, built_book: Path) -> None:
    entries = re.findall(r'toctree-l1[^"]*"><a class="[^"]*" href="[^"]*">(\d+)\. ', text_of(built_book, name))
    assert entries == [str(n) for n in range(len(NUMBERED))]
    assert re.search(rf"<title>{chapter(name)}\. ", text_of(built_book, name))


def test_every_reference_says_the_number_of_its_chapter(built_book: Path) -> None:
    chapters = {Path(name).name: chapter(name) for name in NUMBERED}
    seen = 0
    for name in [*NUMBERED, "book/derivation-index"]:
        for link in LINK.finditer(text_of(built_book, name)):
            page = link["page"] or Path(name).name
            if page in chapters:
                assert int(link["number"].split(".")[0]) == chapters[page], f"{name}: {link[0]}"
                seen += 1
    assert seen > 100
