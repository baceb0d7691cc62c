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

# axe looks at every element, and a chapter has 6,000 coloured tokens of code and 10,000 pieces of formulas. Of what
# is made alike it is shown some: the first formulas and those with colour or a tab stop, the first token of each
# kind in each kind of place. The page is put back as it was.
_AXE = """async ([tags, formulas, off]) => {
    const undo = [], seen = new Set();
    const plain = [...document.querySelectorAll("mjx-container")].slice(formulas).filter(formula =>
        !formula.querySelector("[style*=color]") && formula.tabIndex < 0);
    for (const [formula, {width, height}] of plain.map(formula => [formula, formula.getBoundingClientRect()])) {
        const [style, children] = [formula.style.cssText, [...formula.childNodes]];
        formula.style.cssText += `; display: inline-block; width: ${width}px; height: ${height}px`;
        formula.replaceChildren();
        undo.push(() => { formula.style.cssText = style; formula.replaceChildren(...children); });
    }
    for (const block of document.querySelectorAll("pre")) {
        const places = [];
        for (let up = block; up !== document.body; up = up.parentElement) places.push(up.className);
        for (const token of block.querySelectorAll("span[class]:not(:has(*))")) {
            const kind = [token.className, ...places].join(">");
            if (!seen.has(kind)) { seen.add(kind); continue; }
            const text = document.createTextNode(token.textContent);
            token.replaceWith(text);
            undo.push(() => text.replaceWith(token));
        }
    }
    try {
        // Preloading would fetch @import'ed style sheets from the wrong folder; no rule of these tags needs them.
        const rules = Object.fromEntries(off.map(rule => [rule, {enabled: false}]));
        const options = {runOnly: {type: "tag", values: tags}, rules, resultTypes: ["violations"], preload: false};
        return (await axe.run(document, options)).violations;
    } finally {
        undo.forEach(put => put());
    }
}"""
FORMULAS_FOR_AXE = 12


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

    def axe(self, tags: list[str], off: tuple[str, ...] = ()) -> list[str]:
        """Violations that axe-core finds under these tags but for the rules ``off``, one line for each element."""
        if not self.evaluate("() => 'axe' in window"):
            self.evaluate(_axe_source())
        violations = self.evaluate(_AXE, [tags, FORMULAS_FOR_AXE, off])
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
