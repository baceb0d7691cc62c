"""Pictures of the built pages for people to look at: 1280 and 390 px, light and dark.

    python book/tools/screenshots.py OUT               # every page
    python book/tools/screenshots.py OUT index 03      # those whose address contains one of these words

Each page gives `<page>-<width>-<theme>-first.png`, the first screen, and the whole page from the top in pieces of at
most 6,000 px, `<page>-<width>-<theme>-1.png` and so on: a browser draws no picture of any length.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.book.browser.launch import chromium, find_chromium, serve  # noqa: E402
from tests.book.browser.links import html_pages  # noqa: E402
from tests.book.browser.visit import DESKTOP, PHONE, Visit  # noqa: E402

PIECE = 6_000


def shoot(visit: Visit, stem: Path) -> list[Path]:
    """The first screen and the whole page, as it is shown now, into files that start with ``stem``."""
    paths = [Path(f"{stem}-first.png")]
    visit.evaluate("() => scrollTo(0, 0)")
    visit.page.screenshot(path=paths[0])
    width, height = visit.evaluate("() => [innerWidth, document.documentElement.scrollHeight]")
    for number, top in enumerate(range(0, height, PIECE), start=1):
        paths.append(Path(f"{stem}-{number}.png"))
        clip = {"x": 0, "y": top, "width": width, "height": min(PIECE, height - top)}
        visit.page.screenshot(path=paths[-1], full_page=True, clip=clip, timeout=60_000)
    return paths


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("pages", nargs="*", help="words of which a page's address must contain one")
    parser.add_argument("--built", type=Path, default=ROOT / "_build" / "html", help="the built book")
    parser.add_argument("--open", action="store_true", help="with every solution and every hidden cell opened")
    options = parser.parse_intermixed_args(argv)
    executable = find_chromium()
    if executable is None:
        print("No Chromium or Chrome was found.", file=sys.stderr)
        return 1
    pages = [path.relative_to(options.built).as_posix() for path in html_pages(options.built)]
    pages = [page for page in pages if page != "index.html" and not page.startswith("_")]
    pages = [page for page in pages if not options.pages or any(word in page for word in options.pages)]
    if not pages:
        print(f"No such page under {options.built}: build the book first (make book).", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    with serve(options.built) as origin, chromium(executable) as browser:
        context = browser.new_context()
        for page in pages:
            with Visit(context, origin, page) as visit:
                if options.open:
                    visit.evaluate("() => document.querySelectorAll('main details').forEach(d => d.open = true)")
                for width in (DESKTOP, PHONE):
                    for theme in ("light", "dark"):
                        visit.show(width, theme)
                        stem = options.out / f"{Path(page).stem}-{width}-{theme}"
                        print(*shoot(visit, stem), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
