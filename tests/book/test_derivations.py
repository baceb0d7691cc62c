"""Every entry of the derivation index holds, and points at an equation or theorem of its chapter."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from book.derivations import CHAPTERS, Derivation, derivations, run

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = derivations()


def labels() -> set[str]:
    """Every label of an equation or theorem in the chapters."""
    found: set[str] = set()
    for path in (ROOT / "book" / "chapters").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                found |= set(re.findall(r"^:label: ((?:eq|thm)-\S+)", "".join(cell["source"]), re.MULTILINE))
    return found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.label)
def test_every_check_passes(entry: Derivation) -> None:
    assert entry.checks(), f"{entry.label} has no check"
    for kind, check in entry.checks().items():
        result = run(check)
        assert result.passed, f"{kind}: {result.detail}"
        assert result.detail


def test_every_entry_has_its_place_and_stands_once() -> None:
    names = [entry.label for entry in ENTRIES]
    assert len(names) == len(set(names))
    assert set(names) <= labels()


def test_every_chapter_has_entries() -> None:
    assert {entry.label.split("-")[1] for entry in ENTRIES} == set(CHAPTERS)


def test_a_check_that_fails_is_seen() -> None:
    def wrong() -> str:
        raise AssertionError("off by two")

    result = run(wrong)
    assert not result.passed
    assert result.detail == "off by two"
