"""The holes that nbval leaves: cells never run, pictures, and prose."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest

from book.tools import notebooks, prose
from mathnn import plots

PATHS = notebooks.notebooks()
MACHINE = re.compile(
    r"(?<![\w.])/(?:home|root|tmp|Users|work|var|opt|mnt)/\w|[A-Z]:\\\\?Users"
    r"|site-packages|ipykernel_\d+|\bat 0x[0-9a-f]{6,}"
)
PLAYER = 'class="mathnn-player"'
COMPARED_BY_NBVAL = {"image/svg+xml", "text/html"}
ALLOWED_METADATA = {"kernelspec", "language_info", prose.EXEMPT}
ALLOWED_CELL_METADATA = {"tags", "mystnb", "reason"}

every_notebook = pytest.mark.parametrize("path", PATHS, ids=[p.stem for p in PATHS])


def load(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[Any]:
    return [c for c in load(path).cells if c.cell_type == "code"]


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def output_text(output: Any) -> str:
    """What an output shows, without its pictures."""
    if output.output_type == "stream":
        return str(output.text)
    data = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")}
    return json.dumps(data, ensure_ascii=False) + " ".join(output.get("traceback", []))


def pictures(cell: Any) -> list[str]:
    """The kinds of the figures that a cell shows; a player is one, although its output is HTML."""
    data = [item for o in cell.outputs for item in o.get("data", {}).items()]
    return [mime for mime, text in data if mime.startswith("image/") or (mime == "text/html" and PLAYER in text)]


def test_there_are_notebooks() -> None:
    assert len(PATHS) >= 3


@every_notebook
def test_valid_and_written_the_one_way(path: Path) -> None:
    nb = load(path)
    nbformat.validate(nb)
    assert nb.nbformat_minor >= 5, "cells need ids: run `make notebooks`"
    assert notebooks.dumps(notebooks.normalise(nb)) == path.read_text(encoding="utf-8"), "run `make notebooks`"
    assert set(nb.metadata) <= ALLOWED_METADATA
    assert nb.metadata.kernelspec.name == "python3"


@every_notebook
def test_cell_ids_are_unique(path: Path) -> None:
    repeated = [i for i, n in Counter(c.id for c in load(path).cells).items() if n > 1]
    assert not repeated


@every_notebook
def test_every_code_cell_was_run_in_order(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    for cell in code_cells(path):
        results = [o.execution_count for o in cell.outputs if o.output_type == "execute_result"]
        assert results in ([], [cell.execution_count]), cell.id


@every_notebook
def test_no_output_reports_trouble(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.get("name") != "stderr", f"{cell.id} writes to stderr: {output.text[:200]}"
            if output.output_type == "error":
                assert "raises-exception" in tags(cell), f"{cell.id}: {output.ename}: {output.evalue}"


@every_notebook
def test_outputs_do_not_depend_on_the_machine(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            found = MACHINE.search(output_text(output))
            assert not found, f"{cell.id}: {found and found.group()!r}"


@every_notebook
def test_only_timings_are_not_compared(path: Path) -> None:
    for cell in load(path).cells:
        assert set(cell.metadata) <= ALLOWED_CELL_METADATA, f"{cell.id}: {set(cell.metadata)}"
        skipped = {"nbval-skip", "nbval-check-output"} & set(tags(cell))
        assert not skipped, f"{cell.id}: strict comparison is for every cell, not {skipped}"
        if notebooks.TIMED in tags(cell):
            assert re.search(r"perf_counter|timeit|%time", cell.source), f"{cell.id} times nothing"
            assert len(cell.metadata.get("reason", "")) > 20, f"{cell.id}: say why its output is not compared"


@every_notebook
def test_every_figure_is_described_captioned_and_named(path: Path) -> None:
    for cell in code_cells(path):
        if not pictures(cell) or {"remove-cell", "remove-output"} & set(tags(cell)):
            continue
        mystnb = cell.metadata.get("mystnb", {})
        alt, figure = mystnb.get("image", {}).get("alt", ""), mystnb.get("figure", {})
        assert len(alt) >= 25, f"{cell.id}: alt text says what a reader who cannot see the figure would miss"
        assert figure.get("caption"), f"{cell.id}: no caption"
        assert alt.strip() != figure["caption"].strip(), f"{cell.id}: the alt text repeats the caption"
        assert re.fullmatch(r"fig-[a-z0-9-]+", figure.get("name", "")), f"{cell.id}: name is fig-..."


@every_notebook
def test_what_a_figure_shows_is_compared(path: Path) -> None:
    """nbval compares SVG but no PNG or JPEG: those need an assertion or a text output in their cell."""
    for cell in code_cells(path):
        if set(pictures(cell)) - COMPARED_BY_NBVAL:
            says = any(o.output_type == "stream" for o in cell.outputs) or "assert" in cell.source
            assert says, f"{cell.id}: a raster picture whose data nothing checks"


def test_names_of_figures_are_unique_in_the_book() -> None:
    names = [c.metadata.get("mystnb", {}).get("figure", {}).get("name") for p in PATHS for c in code_cells(p)]
    assert not [n for n, k in Counter(n for n in names if n).items() if k > 1]


@every_notebook
def test_first_cell_installs_the_library_in_colab(path: Path) -> None:
    first = load(path).cells[0]
    assert "remove-cell" in tags(first)
    assert 'find_spec("mathnn") is None' in first.source
    assert "%pip install --quiet mathnn" in first.source


@every_notebook
def test_every_number_in_prose_is_computed(path: Path) -> None:
    untied = prose.untied(load(path))
    assert not untied, "no output or assertion of this notebook has these numbers: " + "; ".join(untied)


@every_notebook
def test_exempted_numbers_are_used_and_have_a_reason(path: Path) -> None:
    nb = load(path)
    stated = {text for cell in nb.cells if cell.cell_type == "markdown" for text, _ in prose.stated(cell.source)}
    for number, reason in nb.metadata.get(prose.EXEMPT, {}).items():
        assert number in stated, f"{number} is exempted and stands nowhere"
        assert len(reason) > 15, f"{number}: say where it comes from"


def a_notebook(markdown: str, source: str = "", output: str = "") -> Any:
    """A notebook of one page of prose and one cell that has run."""
    nb = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    if output:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]
    nb.cells = [nbformat.v4.new_markdown_cell(markdown), cell]
    return nb


@pytest.mark.parametrize(
    ("markdown", "source", "output"),
    [
        ("It reaches 54.7 % here.", "", "accuracy 0.547\n"),
        ("It reaches 54.7% here.", "", "accuracy: 54.7 %\n"),
        ("All 1,085 colours.", "assert len(X) == 1085", ""),
        ("All 1,085 colours.", "", "1085\n"),
        ("About 2e-29.", "", "2.0e-29\n"),
        ("After 200 epochs.", "model.fit(X, y, epochs=200)", ""),
        ("In 1958, on page 12, in Python 3.11, $x = 0.123$ and `0.456`.", "", ""),
        ("See [the 400 pages](https://example.org/1234) of {cite}`a999`.", "", "400\n"),
        ("```{math}\n:label: eq-100.5\nx = 3.14159\n```", "", ""),
        ("```python\nx = 3.14159\n```\n\n$$\ny = 2.718\n$$ (eq-271)", "", ""),
        ("````{admonition} Title\n:class: tip-100\n```text\n1.25\n```\nWords\n````", "", ""),
        ("np.testing of 0.25 counts.", "np.testing.assert_allclose(x, 0.25)", ""),
    ],
)
def test_a_number_that_is_computed_passes(markdown: str, source: str, output: str) -> None:
    assert prose.untied(a_notebook(markdown, source, output)) == []


@pytest.mark.parametrize(
    ("markdown", "source", "output", "number"),
    [
        ("It reaches 54.8 % here.", "", "accuracy 0.547\n", "54.8 %"),
        ("It is 0.125.", "rate = 0.125", "", "0.125"),
        ("All 1,085 colours.", "", "1084\n", "1,085"),
        ("````{admonition} Of 99.5 %\nWords\n````", "", "", "99.5 %"),
        ("```{quiz}\nQ?\n- [x] About 0.75\n  > Yes\n```", "", "", "0.75"),
        ("- 3.5\n- (0.25)", "", "3.5", "0.25"),
        ("between 0.5–0.9", "", "0.5", "0.9"),
        ("It has 250 units.", "", "", "250"),
        ("It has **4.5** units.", "", "", "4.5"),
        ("The line {math}`1.5`, 62 %.", "", "", "62 %"),
    ],
)
def test_a_number_that_is_not_computed_is_found(markdown: str, source: str, output: str, number: str) -> None:
    found = prose.untied(a_notebook(markdown, source, output))
    assert [f.split(": ", 1)[1] for f in found] == [number]


def test_a_player_is_a_figure_and_its_coordinates_prove_no_number() -> None:
    from matplotlib.figure import Figure

    fig = Figure()
    ax = fig.add_subplot(xlim=(0, 2))
    shown = plots.player(fig, 2, lambda k: ax.plot([0, k], [0, 1]), says=["cost 0.75", "cost 0.25"])._repr_html_()
    nb = a_notebook("It falls to 0.25.")
    nb.cells[1].outputs = [nbformat.v4.new_output("display_data", data={"text/html": shown, "text/plain": "Figure"})]
    assert pictures(nb.cells[1]) == ["text/html"]
    assert prose.untied(nb) == []  # the line below the slider is read
    coordinate = re.findall(r"M(\d+\.\d+) ", shown)[0]
    nb.cells[0].source = f"It is {coordinate}."
    assert len(prose.untied(nb)) == 1


def test_a_timed_cell_keeps_its_stored_output_when_only_numbers_differ() -> None:
    def timed(source: str, text: str) -> Any:
        nb = a_notebook("", source, text)
        nb.cells[1].metadata["tags"] = [notebooks.TIMED]
        nb.cells[1].id = "timed"
        return nb

    stored = timed("clock()", "12.5 ms a step\n")
    same = timed("clock()", "9 ms a step\n")
    notebooks.keep_timings(same, stored)
    assert same.cells[1].outputs[0].text == "12.5 ms a step\n"
    other = timed("clock()", "9 ms an epoch\n")
    notebooks.keep_timings(other, stored)
    assert other.cells[1].outputs[0].text == "9 ms an epoch\n"


def test_normalising_takes_out_what_the_machine_left() -> None:
    nb = a_notebook("", "1", "a\n")
    cell = nb.cells[1]
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text="b\n"))
    cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    nb.metadata["language_info"] = {"name": "python", "version": "3.12.4"}
    once = notebooks.dumps(notebooks.normalise(nb))
    assert "3.12.4" not in once
    assert "iopub" not in once
    assert cell.outputs[0].text == "a\nb\n"
    assert notebooks.dumps(notebooks.normalise(nb)) == once
