"""The book builds without a warning, asks nobody for anything, and notices what is wrong with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from book.tools import build, overlay

OVERLAID = "https://example.org/owner/book"
TOC = yaml.safe_load((build.ROOT / "_toc.yml").read_text(encoding="utf-8"))

# What a browser fetches by itself when it shows a page; a plain link is followed by the reader, if at all.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
FETCHED |= {"embed": "src", "track": "src", "object": "data", "use": "href", "image": "href"}
NOT_FETCHED_RELS = {"canonical", "license", "author", "next", "prev", "search", "index"}


class Fetches(HTMLParser):
    """The addresses a page makes the browser fetch, and the styles and scripts written into it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.inside = tag if tag in ("style", "script") else ""
        if tag in FETCHED:
            self.addresses += [given.get(FETCHED[tag], ""), given.get("poster", ""), given.get("srcset", "")]
        if tag == "link" and not set(given.get("rel", "").split()) & NOT_FETCHED_RELS:
            self.addresses.append(given.get("href", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.addresses.append(given["content"].partition("url=")[2])
        self.inline += [f"style:{given['style']}"] if "style" in given else []

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.inline.append(f"{self.inside}:{data}")


def is_external(address: str) -> bool:
    parts = urlsplit(address.strip())
    return bool(parts.netloc) or parts.scheme in ("http", "https", "ftp")


def css_addresses(css: str) -> list[str]:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    found = re.findall(r"url\(\s*['\"]?([^'\")]+)", css)
    return found + re.findall(r"@import\s+['\"]([^'\"]+)", css)


def external_fetches(html: Path) -> list[str]:
    """What pages and styles under `html` would fetch from elsewhere, each with its file."""
    found = []
    for path in sorted(html.rglob("*.html")):
        if "_static" in path.relative_to(html).parts:
            continue  # templates of the theme, which no page loads
        page = Fetches()
        page.feed(path.read_text(encoding="utf-8"))
        addresses = page.addresses
        for text in page.inline:
            kind, _, content = text.partition(":")
            # MathJax and the theme are configured in scripts; none may name another host.
            addresses += css_addresses(content) if kind == "style" else re.findall(r"https?://[^\s\"'<>)]+", content)
        found += [f"{path.relative_to(html)}: {a}" for a in addresses if is_external(a)]
    for path in sorted(html.rglob("*.css")):
        css = path.read_text(encoding="utf-8")
        found += [f"{path.relative_to(html)}: {a}" for a in css_addresses(css) if is_external(a)]
    return found


def pages_of_toc() -> list[str]:
    files = [TOC["root"]] + [c["file"] for part in TOC["parts"] for c in part["chapters"]]
    return [f"{name}.html" for name in files]


@pytest.fixture(scope="module")
def overlaid_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book as a fork would deploy it, with an address that no one has."""
    folder = tmp_path_factory.mktemp("overlaid")
    arguments = ["--repository", OVERLAID, "--branch", "trunk", "--baseurl", "https://example.org/read"]
    assert overlay.main([*arguments, str(folder / "deploy.yml")]) == 0
    return build.build(folder / "deploy.yml", folder / "_build")


def test_every_page_of_the_contents_is_built(built_book: Path) -> None:
    for page in pages_of_toc():
        assert (built_book / page).is_file(), page
    assert (built_book / "index.html").is_file()


def test_nothing_outside_the_contents_is_built(built_book: Path) -> None:
    pages = {str(p.relative_to(built_book)) for p in built_book.rglob("*.html") if "_static" not in p.parts}
    made_by_sphinx = {"index.html", "genindex.html", "search.html", "py-modindex.html", "prf-prf.html"}
    assert {p for p in pages if not p.startswith("_modules")} <= {*pages_of_toc(), *made_by_sphinx}


def test_no_page_or_style_fetches_from_elsewhere(built_book: Path) -> None:
    assert external_fetches(built_book) == []


def test_no_page_mentions_the_live_code_loader(built_book: Path) -> None:
    assert not [p for p in built_book.rglob("*.html") if "thebe" in p.read_text(encoding="utf-8").lower()]


def test_mathjax_is_in_the_book_and_is_small(built_book: Path) -> None:
    folder = built_book / "_static" / "mathjax"
    assert (folder / "tex-chtml.js").is_file()
    assert len(list((folder / "output/chtml/fonts/woff-v2").glob("*.woff"))) > 20
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 2_500_000


def test_the_committed_configuration_shows_no_repository(built_book: Path) -> None:
    for page in pages_of_toc():
        text = (built_book / page).read_text(encoding="utf-8")
        for word in ("mybinder", "colab.research", "executablebooks/jupyter-book", "Open issue", "Suggest edit"):
            assert word not in text, f"{page}: {word}"


def test_logo_and_favicon_are_our_own_and_draw_both_themes(built_book: Path) -> None:
    page = (built_book / TOC["root"]).with_suffix(".html").read_text(encoding="utf-8")
    for name in ("favicon.svg", "logo.svg"):
        assert f"_static/{name}" in page
        assert "prefers-color-scheme:dark" in (built_book / "_static" / name).read_text(encoding="utf-8")


def test_an_overlay_brings_the_buttons_with_the_address(overlaid_book: Path) -> None:
    for page in [p for p in pages_of_toc() if "/chapters/" in p]:
        source = page.removesuffix(".html") + ".ipynb"
        parsed = Fetches()
        text = (overlaid_book / page).read_text(encoding="utf-8")
        parsed.feed(text)
        assert OVERLAID in parsed.links
        assert f"{OVERLAID}/edit/trunk/{source}" in parsed.links
        assert f"{OVERLAID}/blob/trunk/{source}?plain=1" in parsed.links
        assert any(link.startswith(f"{OVERLAID}/issues/new") for link in parsed.links)
        colab = f"https://colab.research.google.com/github/owner/book/blob/trunk/{source}"
        assert colab in parsed.links
        binder = [link for link in parsed.links if link.startswith("https://mybinder.org/v2/")]
        assert len(binder) == 1
        assert binder[0].endswith(f"/trunk?urlpath=lab/tree/{source}")
        assert f'<link rel="canonical" href="https://example.org/read/{page}"' in text
        assert f'content="https://example.org/read/{page}"' in text


def test_an_overlaid_book_fetches_nothing_either(overlaid_book: Path) -> None:
    assert external_fetches(overlaid_book) == []


@pytest.mark.parametrize("repository", ["", "owner/book", "https://example.org/book", "git@example.org:owner/book"])
def test_an_overlay_refuses_what_is_no_address(repository: str) -> None:
    with pytest.raises(ValueError, match="must be like"):
        overlay.overlay({"html": {}, "sphinx": {}}, repository, "main")


# Each is planted into a page of a small book with this book's configuration, and must stop the build.
FAULTS = {
    "equation": ("A line, {eq}`eq-there-is-none`.", "eq-there-is-none"),
    "figure": ("See {numref}`fig-there-is-none`.", "fig-there-is-none"),
    "term": ("A {term}`thing that is not defined`.", "thing that is not defined"),
    "theorem": ("By {prf:ref}`thm-there-is-none`.", "thm-there-is-none"),
    "page": ("[Elsewhere](there-is-none.md).", "there-is-none"),
    "work": ("As {footcite:t}`nobody1900` says.\n\n```{footbibliography}\n```", "nobody1900"),
    "no explanation": ("```{quiz}\nQ?\n\n- [x] A\n  > Why\n- [ ] B\n```", "'B' has no explanation"),
    "two right": ("```{quiz}\nQ?\n\n- [x] A\n  > Why\n- [x] B\n  > Why\n```", "exactly one right option"),
    "none right": ("```{quiz}\nQ?\n\n- [ ] A\n  > Why\n- [ ] B\n  > Why\n```", "exactly one right option"),
    "no mark": ("```{quiz}\nQ?\n\n- A\n  > Why\n- [x] B\n  > Why\n```", "starts with neither"),
    "no options": ("```{quiz}\nQ?\n```", "no list of options"),
    "no question": ("```{quiz}\n- [x] A\n  > Why\n- [ ] B\n  > Why\n```", "no question"),
}

QUIZ = """
```{quiz}
What is $1 + 1$?

- [x] $2$, as *always*
  > Count: $1 + 1 = 2$.

  > And again.
- [ ] Three
  > One too many.
```
"""


def small_book(folder: Path, pages: dict[str, str], builder: str) -> tuple[str, Path]:
    """A book of `pages` with this book's configuration: what the strict build said, and where it went."""
    config = yaml.safe_load(build.CONFIG.read_text(encoding="utf-8"))
    local = config["sphinx"]["local_extensions"]
    config["sphinx"]["local_extensions"] = {name: str(build.ROOT / path) for name, path in local.items()}
    shutil.copytree(build.ROOT / "book" / "_static", folder / "book" / "_static")
    shutil.copy(build.ROOT / "book" / "references.bib", folder / "book" / "references.bib")
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    names = list(pages)
    toc = {"format": "jb-book", "root": names[0], "chapters": [{"file": name} for name in names[1:]]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(f"# {name.capitalize()}\n\n{text}\n", encoding="utf-8")
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder)]
    command += ["-W", "-n", "--keep-going", "--builder", "custom", "--custom-builder", builder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert bool(done.returncode) == ("WARNING" in done.stderr + done.stdout), done.stderr
    return done.stdout + done.stderr, folder / "_build" / builder


@pytest.fixture(scope="module")
def faulty_book(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """The warnings of one build with every fault, a page each, and a quiz that has none."""
    pages = {"quiz": QUIZ, **{name.replace(" ", "-"): page for name, (page, _) in FAULTS.items()}}
    said, html = small_book(tmp_path_factory.mktemp("faulty"), pages, "html")
    return [line for line in said.splitlines() if "WARNING" in line], html


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_page_stops_the_build(fault: str, faulty_book: tuple[list[str], Path]) -> None:
    warnings = [line for line in faulty_book[0] if f"{fault.replace(' ', '-')}.md" in line]
    assert any(FAULTS[fault][1] in line for line in warnings), faulty_book[0]


def test_a_quiz_is_radio_buttons_with_an_explanation_each(faulty_book: tuple[list[str], Path]) -> None:
    warnings, html = faulty_book
    assert not [line for line in warnings if "quiz.md" in line]
    page = (html / "quiz.html").read_text(encoding="utf-8")
    quiz = page[page.index("<fieldset") : page.index("</fieldset>")]
    assert len(re.findall(r'<input type="radio" name="quiz-1"', quiz)) == 2
    assert re.findall(r'<label for="([\w-]+)"', quiz) == re.findall(r'name="quiz-1" id="([\w-]+)"', quiz)
    assert len(re.findall(r'class="quiz-why"', quiz)) == 2
    assert "[x]" not in quiz
    assert re.search(r"\\\(2\\\)</span>,(?:</span>)? as <em>always</em>", quiz), "math and emphasis in an option"
    assert "And again." in quiz
    assert "<script" not in quiz


def test_a_quiz_is_a_list_where_there_are_no_radio_buttons(tmp_path: Path) -> None:
    said, folder = small_book(tmp_path, {"front": "Words.", "page": QUIZ}, "text")
    assert "WARNING" not in said
    text = (folder / "page.txt").read_text(encoding="utf-8")
    for words in ("Question 1", "Three", "One too many.", "Right.", "Not this one."):
        assert words in text
