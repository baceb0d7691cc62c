"""Build the book strictly: every warning is an error, and nothing of an earlier build hides one.

    python -m book.tools.build            # into _build/html, and say what to open
    python -m book.tools.build --if-stale # not when nothing it is made of has changed

A build starts from nothing. An incremental one would not repeat the warnings of pages it does not read again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "_build"
CONFIG = ROOT / "_config.yml"
MADE_OF = ("_config.yml", "_toc.yml", "binder/requirements.txt", "book", "mathnn")


class BuildError(RuntimeError):
    """The book does not build without a warning; the message is what Sphinx said."""


def fingerprint() -> str:
    """A digest of every file the book is made of."""
    digest = hashlib.sha256()
    for name in MADE_OF:
        top = ROOT / name
        for path in sorted([top] if top.is_file() else top.rglob("*")):
            inner = path.relative_to(ROOT)
            if path.is_file() and not any(p.startswith((".", "__pycache__")) for p in inner.parts):
                digest.update(f"{inner}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` as a lock between processes: test workers share one build."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            import fcntl
        except ImportError:  # Windows: one process at a time is the user's care there
            yield
            return
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(config: Path = CONFIG, out: Path = OUT, *, show: bool = False) -> Path:
    """Build the book strictly with `config` under `out`; the folder of its HTML. BuildError if anything warns."""
    for folder in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(out / folder, ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(ROOT)]
    command += ["-W", "-n", "--keep-going", "--config", str(config), "--path-output", str(out.parent)]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
    if show:
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        said = "see above"
    else:
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
        said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if _matters(line))
    if done.returncode:
        raise BuildError(f"the book does not build without a warning:\n{said}")
    return out / "html"


def _matters(line: str) -> bool:
    return any(word in line for word in ("WARNING", "ERROR", "Error:", "Exception", "  File "))


def ensure(*, show: bool = False, force: bool = False, run: str = "") -> Path:
    """The folder of the built HTML, built now unless an up-to-date build is there.

    With the name of a `run`, a build that failed is not tried again by another process of the same run.
    """
    stamp, failed = OUT / "fingerprint", OUT / "failed"
    with locked(OUT / "lock"):
        now = fingerprint()
        tried = f"{run} {now}\n"
        if run and failed.is_file() and (said := failed.read_text()).startswith(tried):
            raise BuildError(said.removeprefix(tried))
        if force or not stamp.is_file() or stamp.read_text() != now:
            stamp.unlink(missing_ok=True)
            try:
                build(show=show)
            except BuildError as error:
                failed.write_text(f"{tried}{error}")
                raise
            stamp.write_text(now)
            failed.unlink(missing_ok=True)
    return OUT / "html"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--if-stale", action="store_true", help="keep a build that is up to date")
    options = parser.parse_args(argv)
    start = time.perf_counter()
    try:
        html = ensure(show=True, force=not options.if_stale)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    page = html / "index.html"
    print(f"\nThe book is built ({time.perf_counter() - start:.0f} s). Open\n\n    {page}\n    {page.as_uri()}\n")
    print("or serve it, with search and every page as readers get it: make serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
