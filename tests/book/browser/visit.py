"""One page of the book, open in the browser, and what it asked for and said on the way."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

__all__ = ["DESKTOP", "PHONE", "Visit"]

DESKTOP, PHONE = 1280, 390

# Fonts, typesetting and running transitions are over: what is measured next is what a reader sees.
_SETTLE = """async () => {
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    for (const animation of document.getAnimations())
        if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
}"""

# axe looks at every element: a chapter has 6,000 coloured tokens of code and 10,000 pieces of formulas, the API page
# 500 signatures with their docstrings. Of what is made alike it is shown some, and the page is put back as it was.
_AXE = """async ([tags, contrast]) => {
    const undo = [], seen = new Map();
    const oftenSeen = (kind, often = 5) => {
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        return seen.get(kind) > often;
    };
    const emptied = [...document.querySelectorAll("mjx-container, dt.sig, dl.py > dd")].filter(box => box.tabIndex < 0
        && oftenSeen(`${box.tagName} in ${box.parentElement.className}`, box.tagName === "DD" ? 20 : 5));
    for (const [box, {width, height}] of emptied.map(box => [box, box.getBoundingClientRect()])) {
        const [style, children] = [box.getAttribute("style") ?? "", [...box.childNodes]];
        const display = getComputedStyle(box).display === "inline" ? "inline-block" : "";
        box.style.cssText += `; display: ${display}; box-sizing: border-box; width: ${width}px; height: ${height}px`;
        box.replaceChildren();
        undo.push(() => { box.setAttribute("style", style); box.replaceChildren(...children); });
    }
    for (const token of document.querySelectorAll("pre span[class]:not(:has(*))"))
        if (oftenSeen(`${token.className} in ${token.closest("pre").parentElement.className}`)) {
            const text = document.createTextNode(token.textContent);
            token.replaceWith(text);
            undo.push(() => text.replaceWith(token));
        }
    try {
        const result = await axe.run(document, {
            runOnly: {type: "tag", values: tags}, rules: {"color-contrast": {enabled: contrast}},
            // Preloading would fetch @import'ed style sheets from the wrong folder; no rule of these tags needs them.
            resultTypes: ["violations"], preload: false,
        });
        return result.violations;
    } finally {
        undo.forEach(put => put());
    }
}"""


class Visit:
    """A page opened at ``path`` below ``origin``.

    Attributes:
        page: the Playwright page.
        requested: every address the page asked for, in order.
        failed: requests that came to nothing or to a status of 400 and more, with the reason.
        said: console errors and warnings, and uncaught exceptions.
    """

    def __init__(self, context: BrowserContext, origin: str, path: str = "") -> None:
        self.origin = origin
        self.requested: list[str] = []
        self.failed: list[str] = []
        self.said: list[str] = []
        self.page = context.new_page()
        # Two cores may be busy with notebooks at the same time.
        self.page.set_default_timeout(10_000)
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("websocket", lambda socket: self.requested.append(socket.url))
        self.page.on("requestfailed", self._request_failed)
        self.page.on("response", self._response)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        if path:
            self.open(path)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *exception: object) -> None:
        self.page.close()

    def open(self, path: str, width: int = DESKTOP, theme: Literal["light", "dark"] = "light") -> None:
        """Go to ``path`` and wait until it is fully drawn."""
        self._set(width, theme)
        self.page.goto(f"{self.origin}/{path}", wait_until="load", timeout=30_000)
        self._settle()

    def show(self, width: int = DESKTOP, theme: Literal["light", "dark"] = "light") -> None:
        """Resize the window and switch the system's colour scheme, without loading the page again."""
        self._set(width, theme)
        self._settle()

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Run JavaScript in the page."""
        return self.page.evaluate(script, argument)

    def axe(self, tags: list[str], contrast: bool = True) -> list[str]:
        """Violations that axe-core finds under these tags, one line for each element."""
        if not self.evaluate("() => 'axe' in window"):
            self.evaluate(_axe_source())
        violations = self.evaluate(_AXE, [tags, contrast])
        return [
            f"{violation['id']}: {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
            for violation in violations
            for node in violation["nodes"]
        ]

    def _set(self, width: int, theme: Literal["light", "dark"]) -> None:
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")

    def _settle(self) -> None:
        # Without JavaScript a promise never settles; and nothing moves either.
        if self.evaluate("() => matchMedia('(scripting: enabled)').matches"):
            self.evaluate(_SETTLE)

    def _request_failed(self, request: Request) -> None:
        self.failed.append(f"{request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.url}: {response.status}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text} ({message.location['url']})")


@cache
def _axe_source() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
