"""What a reader does with the book: search, answer a quiz, open a solution, switch the theme.

As in `checks`, each takes a `Visit` of an open page and returns its findings. The quiz and solution checks look only
at the text that can be seen before and after a click, so they hold with and without JavaScript.
"""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from .visit import DESKTOP, Visit

__all__ = [
    "QUIZ",
    "SOLUTION",
    "figures_follow_theme",
    "quiz_explains_every_choice",
    "search_finds",
    "solutions_open",
    "theme_switch_cycles",
]

QUIZ = "main .quiz"
CHOICE = "summary, label:has(input), input + label"
SOLUTION = "main .solution"
FIGURE = "main :is(figure, .cell_output) :is(img, svg:not(button *))"

# Each choice is tried from the quiz as it was found: nothing checked, nothing open.
_CHOICES = """(quiz, choices) => [...quiz.querySelectorAll(choices)].flatMap(choice => {
    const length = () => quiz.innerText.replace(/\\s+/g, " ").trim().length;
    for (const input of quiz.querySelectorAll("input")) input.checked = false;
    for (const details of quiz.querySelectorAll("details")) details.open = false;
    const before = length(), name = choice.innerText.trim().slice(0, 60);
    choice.click();
    return length() > before ? [] : [`nothing is explained for: ${name}`];
})"""


def quiz_explains_every_choice(visit: Visit) -> list[str]:
    """A real click on the first choice of each quiz shows more text; then each other choice does."""
    quizzes = visit.page.locator(QUIZ).all()
    found = [] if quizzes else ["no quiz on the page"]
    for quiz in quizzes:
        choices = quiz.locator(CHOICE)
        if choices.count() < 2:
            found.append(f"fewer than two choices: {_seen(quiz)[:60]}")
            continue
        before = len(_seen(quiz))
        choices.first.click()
        if len(_seen(quiz)) <= before:
            found.append(f"a click explains nothing: {choices.first.inner_text()[:60]}")
        found += quiz.evaluate(_CHOICES, CHOICE)
    return found


def solutions_open(visit: Visit, javascript: bool = True) -> list[str]:
    """A solution is closed until it is clicked, and then shows itself; without JavaScript it can be read at least."""
    solutions = visit.page.locator(SOLUTION).all()
    found = [] if solutions else ["no solution on the page"]
    for solution in solutions:
        title = solution.locator("summary, .admonition-title").first
        name = title.inner_text().strip()[:60]
        before, opener = _seen(solution), solution.locator("summary, button.toggle-button")
        if javascript and len(before) > len(_seen(title)) + len("Click to show"):
            found.append(f"is open before it is asked for: {name}")
        if opener.count():
            opener.first.click()
            # The theme fades solutions in.
            solution.evaluate("node => node.getAnimations({subtree: true}).forEach(move => move.finish())")
        elif javascript:
            found.append(f"has nothing to click: {name}")
        if len(_seen(solution)) <= len(_seen(title)) + len("Click to hide"):
            found.append(f"does not open: {name}")
    return found


def search_finds(visit: Visit, word: str) -> list[str]:
    """Typing ``word`` into the search page lists pages of the book; the first of them opens."""
    visit.page.locator("main input[name=q], #search-input, input[name=q]").locator("visible=true").first.fill(word)
    visit.page.keyboard.press("Enter")
    try:
        result = visit.page.locator("#search-results li a").first
        result.click()
        visit.page.wait_for_url(lambda url: "search.html" not in url, wait_until="load")
    except PlaywrightTimeout:
        return [f"the search for {word!r} finds nothing"]
    if word.lower() not in visit.page.locator("main").inner_text().lower():
        return [f"the first page found does not contain {word!r}"]
    # Leaving the search page cuts its last requests for excerpts short.
    return [line for line in visit.failed if not line.endswith("net::ERR_ABORTED")]


def theme_switch_cycles(visit: Visit) -> list[str]:
    """Clicks on the theme button go through light and dark and come back; the choice outlives a reload."""
    state = "() => [document.documentElement.dataset.mode, document.documentElement.dataset.theme].join('/')"
    button = visit.page.locator("button.theme-switch-button").locator("visible=true").first
    if not button.count():
        return ["no theme switch"]
    seen, grounds = [visit.evaluate(state)], set()
    for _ in range(3):
        button.click()
        visit.show()
        seen.append(visit.evaluate(state))
        grounds.add(visit.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        if seen[-1].endswith("/dark"):
            visit.page.reload()
            if visit.evaluate(state) != seen[-1]:
                return [f"{seen[-1]} is forgotten by a reload"]
    found = [] if seen[-1] == seen[0] else [f"three clicks do not come back: {' '.join(seen)}"]
    if {mode.split("/")[-1] for mode in seen} != {"light", "dark"}:
        found.append(f"the switch does not reach both themes: {' '.join(seen)}")
    return found if len(grounds) == 2 else [*found, "the page's ground stays the same"]


def figures_follow_theme(visit: Visit) -> list[str]:
    """Every figure is drawn on the page's own ground, bright in the light theme and dark in the dark one."""
    light, dark = _figures(visit, "light"), _figures(visit, "dark")
    found = [] if light else ["no figure on the page"]
    for number, pair in enumerate(zip(light, dark, strict=True), start=1):
        grounds = [_ground(pixels) for pixels in pair]
        if grounds[0] - grounds[1] < 0.5:
            found.append(
                f"figure {number}: its ground is {grounds[0]:.2f} in the light theme, {grounds[1]:.2f} in the dark"
            )
        # Something must stand out from the ground, in both themes alike.
        for theme, pixels in zip(("light", "dark"), pair, strict=True):
            if np.ptp(pixels) < 0.25:
                found.append(f"figure {number}: nothing to see in the {theme} theme")
    return found


# All figures side by side, small, each in a copy of the box that it stands in: one screenshot instead of twenty.
_GALLERY = """async figures => {
    const gallery = document.createElement("div");
    gallery.id = "gallery";
    gallery.style.cssText = "position: fixed; inset: 0; z-index: 99999; display: flex; flex-flow: wrap; gap: 4px";
    gallery.style.alignContent = "flex-start";
    gallery.style.background = getComputedStyle(document.body).backgroundColor;
    for (const figure of document.querySelectorAll(figures)) {
        const box = figure.closest("figure, .cell_output").cloneNode(false), copy = figure.cloneNode(true);
        box.style.cssText = "margin: 0; padding: 0; border: 0; width: auto";
        copy.style.cssText = "width: auto; height: auto; max-width: 180px; max-height: 120px; margin: 0";
        box.append(copy);
        gallery.append(box);
    }
    document.querySelector("main article").append(gallery);
    await Promise.all([...gallery.querySelectorAll("img")].map(image => image.decode()));
    return [...gallery.children].map(box => {
        const {left, top, right, bottom} = box.firstChild.getBoundingClientRect();
        return [left, top, right, bottom].map(Math.round);
    });
}"""


def _figures(visit: Visit, theme: Literal["light", "dark"]) -> list[np.ndarray]:
    """The luminance of each figure's pixels."""
    visit.show(DESKTOP, theme)
    boxes = visit.evaluate(_GALLERY, FIGURE)
    image = Image.open(io.BytesIO(visit.page.screenshot())).convert("L")
    visit.evaluate("() => document.getElementById('gallery').remove()")
    return [np.asarray(image.crop(box), dtype=float) / 255 for box in boxes]


def _ground(pixels: np.ndarray) -> float:
    """The luminance that prevails along the edge of a picture."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return float(np.median(edge))


def _seen(node: Locator) -> str:
    return " ".join(node.inner_text().split())
