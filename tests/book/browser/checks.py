"""What a page of the book must be for its reader.

Each check takes a `Visit` and returns its findings, one line each; no finding means good. ``PAGE_CHECKS`` holds
those that every page must pass, in an order that changes window and theme seldom. The planted-defects test runs each
on a good page and on one with the defect it is there for.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from .visit import DESKTOP, PHONE, Visit

__all__ = [
    "AXE_TAGS",
    "MAX_PAGE_BYTES",
    "PAGE_CHECKS",
    "Check",
    "accessible_dark",
    "accessible_light",
    "accessible_on_a_phone",
    "asks_nobody_outside",
    "console_is_silent",
    "every_request_succeeds",
    "fits_a_phone",
    "headings_in_order",
    "images_are_described",
    "images_load",
    "is_light_enough",
    "markup_is_rendered",
    "math_is_typeset",
    "names_language_and_title",
    "scrollers_take_focus",
    "skip_link_reaches_content",
    "targets_are_large_enough",
    "text_has_room",
]

Check = Callable[[Visit], list[str]]

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MAX_PAGE_BYTES = 5_000_000
MIN_FIGURE_WORDS = 4
MIN_TARGET = 24


def asks_nobody_outside(visit: Visit) -> list[str]:
    """The page works with the network cable pulled: it asks only the server it came from."""
    own = urlsplit(visit.origin).netloc
    return [
        f"asked outside: {url}"
        for url in visit.requested
        if (parts := urlsplit(url)).scheme not in ("data", "blob", "about") and parts.netloc != own
    ]


def every_request_succeeds(visit: Visit) -> list[str]:
    """No request fails or is answered with a status of 400 or more."""
    return list(visit.failed)


def console_is_silent(visit: Visit) -> list[str]:
    """No error, no warning, no uncaught exception."""
    return list(visit.said)


def is_light_enough(visit: Visit) -> list[str]:
    """A page with everything it loads weighs less than ``MAX_PAGE_BYTES``, cached or not."""
    size = visit.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
    )
    return [f"weighs {size / 1e6:.1f} MB, more than {MAX_PAGE_BYTES / 1e6:g}"] if size > MAX_PAGE_BYTES else []


def math_is_typeset(visit: Visit) -> list[str]:
    r"""Every formula is drawn, once, without a TeX error, an undefined macro or an unresolved ``\ref``.

    MathJax draws an undefined macro in red and calls it no error, so its own tree is walked too.
    """
    return visit.evaluate(
        r"""() => {
            const found = [], nodes = [...document.querySelectorAll(".math")];
            const drawn = document.querySelectorAll("mjx-container").length;
            if (drawn !== nodes.length) found.push(`${drawn} formulas are typeset, the page has ${nodes.length}`);
            for (const node of nodes)
                if (node.querySelectorAll("mjx-container").length !== 1)
                    found.push(`not typeset once: ${node.textContent.trim().slice(0, 80)}`);
            for (const error of document.querySelectorAll("mjx-merror"))
                found.push(`TeX error: ${error.dataset.mjxError ?? error.textContent}`);
            for (const item of window.MathJax?.startup?.document?.math ?? [])
                item.root.walkTree(node => {
                    if (!node.isToken) return;
                    const text = node.childNodes.map(child => child.getText?.() ?? "").join("");
                    const red = node.attributes.getExplicit("mathcolor") === "red" && text.startsWith("\\");
                    if (red) found.push(`undefined macro ${text} in ${item.math.trim().slice(0, 80)}`);
                    if (text.includes("???")) found.push(`unresolved reference in ${item.math.trim().slice(0, 80)}`);
                });
            return found;
        }"""
    )


def markup_is_rendered(visit: Visit) -> list[str]:
    """No TeX delimiter, MyST role or directive is left standing in the text."""
    return visit.evaluate(
        r"""() => {
            const found = [], raw = /\\[(\[]|\$\$|\\begin\{|\{[a-z][a-z:-]*\}`|^\s*:::|```|\]\(\S+\)/m;
            const aside = "pre, code, script, style, textarea, .math, mjx-container";
            const walker = document.createTreeWalker(document.querySelector("main") ?? document.body, 4);
            for (let node; (node = walker.nextNode());)
                if (raw.test(node.data) && !node.parentElement.closest(aside))
                    found.push(`markup left in the text: ${node.data.trim().slice(0, 80)}`);
            return found;
        }"""
    )


def images_load(visit: Visit) -> list[str]:
    """Every image can be decoded and has a size."""
    return visit.evaluate(
        """async () => {
            const found = [];
            for (const image of document.images) {
                image.loading = "eager";
                await image.decode().catch(() => {});
                if (!image.naturalWidth) found.push(`does not load: ${image.getAttribute("src")}`);
            }
            return found;
        }"""
    )


def images_are_described(visit: Visit) -> list[str]:
    """Every image says what it shows; a figure of the text in more than a few words.

    Decoration is marked as such (``role="presentation"`` or ``aria-hidden``), an inline SVG carries ``role="img"``
    and a name. A file path, which is myst-nb's default, describes nothing.
    """
    return visit.evaluate(
        r"""words => {
            const found = [];
            const decorative = node => node.closest("[aria-hidden=true], [role=presentation], [role=none]");
            const judge = (node, text, name) => {
                if (text === null) found.push(`no description: ${name}`);
                else if (!text.trim()) found.push(`empty description: ${name}`);
                else if (/^\S*[\\/]\S*$|\.(png|svg|jpe?g|gif|webp)$/i.test(text.trim()))
                    found.push(`described by a file name: ${text}`);
                else if (node.closest("main figure, main .cell_output") && text.trim().split(/\s+/).length < words)
                    found.push(`described in fewer than ${words} words: ${text}`);
            };
            for (const image of document.images)
                if (!decorative(image)) judge(image, image.getAttribute("alt"), image.getAttribute("src"));
            for (const node of document.querySelectorAll("main svg, main canvas, main video")) {
                // A button or link with an icon in it is named as a whole, which axe sees to.
                if (decorative(node) || node.closest("mjx-container, button, a, svg svg")) continue;
                const by = document.getElementById(node.getAttribute("aria-labelledby"));
                const title = node.querySelector(":scope > title");
                const named = node.matches("video") || node.getAttribute("role") === "img";
                const text = node.getAttribute("aria-label") ?? (by ?? title)?.textContent ?? null;
                judge(node, named ? text : null, node.outerHTML.slice(0, 80));
            }
            return found;
        }""",
        MIN_FIGURE_WORDS,
    )


def headings_in_order(visit: Visit) -> list[str]:
    """One h1, which comes first; no level is left out on the way down; no heading is empty."""
    return visit.evaluate(
        """() => {
            const found = [], headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
                .filter(heading => heading.checkVisibility());  // the theme keeps a second title for print
            const tops = headings.filter(heading => heading.tagName === "H1");
            if (tops.length !== 1) found.push(`${tops.length} h1`);
            let last = 0;
            for (const heading of headings) {
                const level = Number(heading.tagName[1]), text = heading.textContent.trim();
                if (!text) found.push(`empty h${level}`);
                if (level > last + 1) found.push(`h${level} after ${last ? `h${last}` : "nothing"}: ${text}`);
                last = level;
            }
            return found;
        }"""
    )


def names_language_and_title(visit: Visit) -> list[str]:
    """Screen readers and tabs know what the page is: a language, a title, a viewport for phones."""
    return visit.evaluate(
        """() => {
            const found = [];
            if (!/^[a-z]{2}(-|$)/.test(document.documentElement.lang)) found.push("no language");
            if (document.title.trim().length < 3) found.push("no title");
            const viewport = document.querySelector("meta[name=viewport]")?.content ?? "";
            if (!viewport.includes("width=device-width")) found.push("no viewport for phones");
            return found;
        }"""
    )


def accessible_light(visit: Visit) -> list[str]:
    """WCAG 2.2 A and AA as far as axe can tell, light theme, desktop."""
    visit.show(DESKTOP, "light")
    return _theme_is(visit, "light") + visit.axe(AXE_TAGS)


def accessible_dark(visit: Visit) -> list[str]:
    """WCAG 2.2 A and AA as far as axe can tell, dark theme, desktop."""
    visit.show(DESKTOP, "dark")
    return _theme_is(visit, "dark") + visit.axe(AXE_TAGS)


def accessible_on_a_phone(visit: Visit) -> list[str]:
    """WCAG 2.2 A and AA as far as axe can tell, on a phone, where other parts of the page are shown.

    Contrast, which takes axe longest, is the same as on the desktop.
    """
    visit.show(PHONE, "light")
    return visit.axe(AXE_TAGS, contrast=False)


def fits_a_phone(visit: Visit) -> list[str]:
    """Nothing reaches beyond 390 px, unless it stands in a box that scrolls; nothing is cut off."""
    visit.show(PHONE)
    return visit.evaluate(
        """() => {
            // MathML for screen readers has a size of its own, but is never seen.
            const bare = document.createElement("style");
            bare.textContent = "html mjx-assistive-mml { display: none !important }";
            document.head.append(bare);
            const found = [], width = document.documentElement.clientWidth;
            const wide = document.documentElement.scrollWidth;
            if (wide > width) found.push(`the page is ${wide} px wide in a window of ${width} px`);
            const name = node => {
                const classes = typeof node.className === "string" && node.className.trim();
                const text = node.textContent.trim().replace(/\\s+/g, " ").slice(0, 50);
                return `${node.tagName} ${classes || ""} '${text}'`;
            };
            const scrolls = node => {
                for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
                    if (["auto", "scroll"].includes(getComputedStyle(up).overflowX)) return true;
                return false;
            };
            const reported = new Set();
            for (const node of document.body.querySelectorAll("*")) {
                if (reported.has(node.parentElement)) { reported.add(node); continue; }
                // Pieces of a drawing or of a formula stay inside it, and the whole is looked at.
                if (node.parentElement.closest("svg, mjx-container")) continue;
                const box = node.getBoundingClientRect();
                // Text for screen readers only is clipped to a pixel; a closed drawer stands left of the page.
                if (box.width <= 1 || box.height <= 1 || box.right <= 0 || !node.checkVisibility({
                    opacityProperty: true, visibilityProperty: true })) continue;
                const style = getComputedStyle(node);
                const out = (box.right > width + 1 || box.left < -1) && !scrolls(node);
                const cut = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis"
                    && node.clientWidth > 1 && node.scrollWidth > node.clientWidth + 1 && node.closest("main");
                if (!out && !cut) continue;
                reported.add(node);
                found.push(out ? `reaches from ${Math.round(box.left)} to ${Math.round(box.right)} px: ${name(node)}`
                    : `cut off at ${node.clientWidth} of ${node.scrollWidth} px: ${name(node)}`);
            }
            bare.remove();
            return found;
        }"""
    )


def text_has_room(visit: Visit) -> list[str]:
    """On a phone no paragraph is squeezed into a column of single words, and no line starts with a full stop."""
    visit.show(PHONE)
    return visit.evaluate(
        """() => {
            const found = [], start = text => text.trim().replace(/\\s+/g, " ").slice(0, 60);
            for (const node of document.querySelectorAll("main :is(p, li, dd)"))
                if (node.innerText.trim().length > 80 && node.clientWidth < 120 && node.checkVisibility())
                    found.push(`squeezed into ${node.clientWidth} px: ${start(node.innerText)}`);
            for (const formula of document.querySelectorAll("main span.math")) {
                const after = formula.nextSibling;
                if (after?.nodeType !== 3 || !/^[.,;:!?)]/.test(after.data)) continue;
                const range = document.createRange();
                range.setStart(after, 0);
                range.setEnd(after, 1);
                const [mark, box] = [range, formula].map(part => part.getBoundingClientRect());
                const room = formula.closest("p, li, td, dd, main").clientWidth;
                if (!box.width || box.width + mark.width > room || mark.top < box.bottom - 4) continue;
                found.push(`a line starts with '${after.data[0]}': ${start(formula.parentElement.innerText)}`);
            }
            return found;
        }"""
    )


def scrollers_take_focus(visit: Visit) -> list[str]:
    """What scrolls on a phone (code, tables, long equations) can be focused and so scrolled by keyboard."""
    visit.show(PHONE)
    script = """() => [...document.querySelectorAll("main *")].filter(node =>
            ["auto", "scroll"].includes(getComputedStyle(node).overflowX)
            && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 1 && node.tabIndex < 0
            && ![...node.querySelectorAll("a[href], button, input, summary, [tabindex]")].some(n => n.tabIndex >= 0))
        .map(node => `scrolls, takes no focus: ${node.tagName} ${node.className} '${
            node.textContent.trim().replace(/\\s+/g, " ").slice(0, 60)}'`)"""
    found = visit.evaluate(script)
    if found:  # The theme sets its tab stops a third of a second after a resize.
        visit.page.wait_for_timeout(600)
        found = visit.evaluate(script)
    return found


def targets_are_large_enough(visit: Visit) -> list[str]:
    """What is tapped in the text (quiz choices, solutions, buttons) is at least 24 px each way on a phone."""
    visit.show(PHONE)
    return visit.evaluate(
        """least => [...document.querySelectorAll("main article :is(button, summary, select, label, input)")]
            .filter(node => !node.labels?.length)
            .filter(node => node.checkVisibility({opacityProperty: true, visibilityProperty: true}))
            .map(node => [node, node.getBoundingClientRect()])
            .filter(([, box]) => box.width > 1 && Math.min(box.width, box.height) < least - 0.01)
            .map(([node, box]) => `${node.tagName} ${node.className} '${node.textContent.trim().slice(0, 40)}' is ${
                Math.round(box.width)} by ${Math.round(box.height)} px`)""",
        MIN_TARGET,
    )


def skip_link_reaches_content(visit: Visit) -> list[str]:
    """The first Tab shows a skip link; Enter on it, and the next Tab is in the content."""
    visit.show(DESKTOP)
    visit.evaluate("() => { document.activeElement?.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); }")
    visit.page.keyboard.press("Tab")
    visit.show(DESKTOP)  # the link has slid in
    first = visit.evaluate(
        """() => {
            const link = document.activeElement, box = link.getBoundingClientRect();
            const seen = box.width > 1 && box.height > 1 && box.top >= 0 && box.left >= 0 && box.right <= innerWidth;
            return {text: link.textContent.trim().slice(0, 60), target: link.getAttribute("href") ?? "", seen};
        }"""
    )
    if not first["target"].startswith("#") or first["target"] == "#":
        return [f"the first Tab stop is no skip link: '{first['text']}'"]
    if not first["seen"]:
        return ["the skip link stays invisible when it has the focus"]
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    return visit.evaluate(
        """target => {
            const main = document.querySelector(target), focused = document.activeElement;
            if (!main) return [`the skip link leads to ${target}, which is not on the page`];
            if (!main.closest("main") && !main.querySelector("main, article")) return [`${target} is not the content`];
            const after = main.contains(focused) || main.compareDocumentPosition(focused) & 4;
            return focused !== document.body && after ? [] : [`Tab after the skip link is not in ${target}`];
        }""",
        first["target"],
    )


def _theme_is(visit: Visit, theme: str) -> list[str]:
    """The page follows the system's colour scheme: the page's ground is on that side of middle grey."""
    luma = visit.evaluate(
        """() => {
            for (const node of [document.querySelector("main"), document.body, document.documentElement]) {
                const [r, g, b, a = 1] = getComputedStyle(node ?? document.body).backgroundColor.match(/[\\d.]+/g);
                if (a > 0) return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
            }
            return 1;
        }"""
    )
    return [] if (luma < 0.5) == (theme == "dark") else [f"the system is {theme}, the page is not (luma {luma:.2f})"]


PAGE_CHECKS: list[Check] = [
    names_language_and_title,
    headings_in_order,
    math_is_typeset,
    markup_is_rendered,
    images_load,
    images_are_described,
    accessible_light,
    accessible_dark,
    fits_a_phone,
    text_has_room,
    targets_are_large_enough,
    scrollers_take_focus,
    accessible_on_a_phone,
    skip_link_reaches_content,
    # Last, so that they also hear what the checks above provoked.
    every_request_succeeds,
    asks_nobody_outside,
    console_is_silent,
    is_light_enough,
]
