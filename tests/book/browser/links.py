"""Links and anchors of the built book, checked from its HTML alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["asset_findings", "html_pages", "link_findings"]

# <link rel=...> that makes a browser connect; canonical, search, next and the like do not.
LOADING_RELS = {"stylesheet", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "icon", "manifest"}
OUTSIDE = re.compile(r"^(https?:)?//")
OUTSIDE_FILE = re.compile(r"(?:https?:)?//[\w.-]+\.\w+/[^\s\"'<>)]*?\.(?:m?js|css|woff2?|ttf|otf|json)\b")
OUTSIDE_CSS = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\s\"')]+)")


@dataclass
class _Document(HTMLParser):
    """Addresses and anchors of one page."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    _tag: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        values = {name: value or "" for name, value in attributes}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "link":
            loading = LOADING_RELS & set(values.get("rel", "").lower().split())
            (self.loads if loading else self.links).append(values.get("href", ""))
        elif "href" in values:
            self.links.append(values["href"])
        self.loads += [values[name] for name in ("src", "poster", "data") if name in values]
        self.loads += [source.split()[0] for source in values.get("srcset", "").split(",") if source.strip()]
        if values.get("http-equiv", "").lower() == "refresh":
            self.links.append(re.sub(r".*url=", "", values["content"], flags=re.IGNORECASE))
        self.scripts.append(values.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in ("script", "style"):
            self.scripts.append(data)


@cache
def _read(path: Path) -> _Document:
    document = _Document()
    document.feed(path.read_text(encoding="utf-8"))
    document.close()
    return document


def html_pages(root: Path) -> list[Path]:
    """Every page of the built book; what is only shipped with it (``_static`` and the like) is none."""
    shipped = {"_static", "_sources", "_images", "_downloads"}
    return [path for path in sorted(root.rglob("*.html")) if path.relative_to(root).parts[0] not in shipped]


def link_findings(root: Path, page: Path) -> list[str]:
    """Addresses on ``page`` that lead to no file of the book, or to an anchor which that file does not have."""
    document, found = _read(page), []
    for address in document.links + document.loads:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "mailto", "data", "javascript") or parts.netloc:
            continue
        if parts.scheme:
            found.append(f"{address}: is no address for readers")
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if target.is_dir():
            target /= "index.html"
        if not target.is_relative_to(root.resolve()) or not target.is_file():
            found.append(f"{address}: no such file")
        elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in _read(target).anchors:
            found.append(f"{address}: no such anchor")
    return found


def asset_findings(path: Path) -> list[str]:
    """Scripts, styles, fonts and images that a page or a style sheet would load from elsewhere."""
    if path.suffix == ".css":
        return [f"loads {url}" for url in OUTSIDE_CSS.findall(path.read_text(encoding="utf-8"))]
    document = _read(path)
    found = [f"loads {address}" for address in document.loads if OUTSIDE.match(address)]
    for text in document.scripts:
        found += [f"names {address}" for address in OUTSIDE_FILE.findall(text) + OUTSIDE_CSS.findall(text)]
    return found
