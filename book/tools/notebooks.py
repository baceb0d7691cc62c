"""Execute the book's notebooks in place, so that running twice changes no byte.

    python -m book.tools.notebooks                 # every notebook in the table of contents
    python -m book.tools.notebooks book/chapters/01-perceptron.ipynb
    python -m book.tools.notebooks --check         # write nothing, say what would differ

Outputs and execution counts are kept: they are what nbval compares and what the book shows. What depends on
the machine and not on the mathematics is taken out: timestamps, the Python version, trust marks, widget state.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 300
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3",
}
TIMED = "nbval-ignore-output"

Notebook = nbformat.NotebookNode
Cell = nbformat.NotebookNode


def notebooks() -> list[Path]:
    """Every notebook of the book, in the order of their file names."""
    return sorted(p for p in (ROOT / "book").rglob("*.ipynb") if not _hidden(p.relative_to(ROOT)))


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def read(path: Path) -> Notebook:
    return nbformat.read(path, as_version=4)


def dumps(nb: Notebook) -> str:
    """The one way a notebook of this book is written: Jupyter's own layout, keys sorted, a line a line."""
    text: str = nbformat.writes(nb, version=nbformat.NO_CONVERT)
    return text.rstrip("\n") + "\n"


def normalise(nb: Notebook) -> Notebook:
    """Take out of `nb`, in place, what depends on the machine it ran on."""
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata["kernelspec"] = KERNELSPEC
    nb.metadata["language_info"] = LANGUAGE_INFO
    for key in ("widgets", "signature", "orig_nbformat", "toc", "varInspector"):
        nb.metadata.pop(key, None)
    for cell in nb.cells:
        cell.source = cell.source.strip("\n")
        for key in ("execution", "trusted", "collapsed", "scrolled", "jp-MarkdownHeadingCollapsed"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [_normal_output(o) for o in _joined(cell.outputs)]
    return nb


def _joined(outputs: list[Any]) -> list[Any]:
    """Consecutive pieces of one stream as one output: how a stream is cut up depends on timing."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _normal_output(output: Any) -> Any:
    if output.output_type == "error":
        # The traceback holds file paths and terminal colours; name and message are what the reader needs.
        output.traceback = [f"{output.ename}: {output.evalue}"]
    elif output.output_type in ("display_data", "execute_result"):
        output.metadata = {k: v for k, v in output.metadata.items() if v}
        svg = output.data.get("image/svg+xml")
        if svg is not None:
            output.data["image/svg+xml"] = svg.strip() + "\n"
    return output


def run(nb: Notebook, folder: Path, env: dict[str, str] | None = None) -> Notebook:
    """`nb` executed from top to bottom in a fresh kernel that starts in `folder`."""
    from nbclient import NotebookClient

    fresh = nbformat.from_dict(json.loads(json.dumps(nb)))
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        fresh,
        kernel_name="python3",
        timeout=TIMEOUT,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env={**os.environ, **(env or {})})
    return normalise(fresh)


def _text_of(cell: Cell) -> str:
    """What a timed cell shows, with every number masked and every picture left out."""
    text: list[str] = []
    for output in cell.outputs:
        data = {"text/plain": output.text} if output.output_type == "stream" else output.get("data", {})
        text += [str(data[k]) if k.startswith("text/") else k for k in sorted(data)]
    return re.sub(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", "#", " ".join("\n".join(text).split()))


def keep_timings(new: Notebook, stored: Notebook) -> None:
    """A timed cell keeps its stored output where the new one differs from it only in its numbers."""
    before = {cell.id: cell for cell in stored.cells}
    for cell in new.cells:
        old = before.get(cell.id)
        if TIMED not in cell.metadata.get("tags", []) or old is None or not old.get("outputs"):
            continue
        if old.source == cell.source and _text_of(old) == _text_of(cell):
            cell.outputs = old.outputs


def execute(path: Path, *, check: bool = False, fresh: bool = False, env: dict[str, str] | None = None) -> str:
    """Execute the notebook at `path` in place; the difference it made, as a diff ("" for none)."""
    before = path.read_text(encoding="utf-8")
    stored = read(path)
    new = run(stored, path.parent, env)
    if not fresh:
        keep_timings(new, normalise(stored))
    after = dumps(new)
    if before == after:
        return ""
    if not check:
        path.write_text(after, encoding="utf-8")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "stored", "now", lineterm="", n=1)
    return "\n".join(line[:240] for line in lines)


def _timed_execute(path: Path, check: bool, fresh: bool) -> tuple[str, str, float]:
    start = time.perf_counter()
    try:
        difference = execute(path, check=check, fresh=fresh)
    except Exception as error:  # every failure is reported beside the notebook it belongs to
        return "failed", re.sub(r"\x1b\[[0-9;]*m", "", str(error)), time.perf_counter() - start
    state = "unchanged" if not difference else "differs" if check else "rewritten"
    return state, difference if check else "", time.perf_counter() - start


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; default: all")
    parser.add_argument("--check", action="store_true", help="write nothing, show what would differ")
    parser.add_argument("--fresh", action="store_true", help="take new outputs for timed cells too")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args(argv)

    paths = [p.resolve() for p in options.paths] or notebooks()
    bad = 0
    with ProcessPoolExecutor(max_workers=max(1, min(options.jobs, len(paths)))) as pool:
        running = {pool.submit(_timed_execute, p, options.check, options.fresh): p for p in paths}
        for done, future in enumerate(as_completed(running), start=1):
            path = running[future]
            state, detail, seconds = future.result()
            name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(f"[{done}/{len(paths)}] {state:9} {seconds:5.1f} s  {name}", flush=True)
            if detail:
                print(detail, flush=True)
            bad += state in ("failed", "differs")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
