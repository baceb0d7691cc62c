"""A page that passes every check, and for each check pages with a defect that it must find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import checks, journeys

__all__ = ["DEFECTS", "GOOD", "Defect", "finds_gates"]

finds_gates = partial(journeys.search_finds, word="gates")

GOOD = r"""<!DOCTYPE html>
<html lang="en" data-mode="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A good page</title>
<link rel="icon" href="data:,">
<style>
  body { margin: 0; font: 16px/1.6 sans-serif; --ground: #fff; --ink: #222; --link: #0b57d0; }
  html[data-theme=dark] body { --ground: #121212; --ink: #eee; --link: #8ab4f8; }
  body { background: var(--ground); color: var(--ink); }
  main { padding: 1rem; }
  a { color: var(--link); }
  .skip { position: absolute; left: -999px; }
  .skip:focus { left: 1rem; top: 1rem; }
  pre, .math.block { overflow-x: auto; }
  pre { outline-offset: -2px; }
  img { max-width: 100%; }
  html[data-theme=dark] figure img { filter: invert(1); }
  button, summary, label { min-height: 2rem; display: inline-block; }
  .quiz { border: 0; padding: 0; }
  .answer { display: none; }
  input:checked ~ .answer { display: block; }
</style>
<script>
  const system = matchMedia("(prefers-color-scheme: dark)"), root = document.documentElement;
  const paint = () => {
    root.dataset.mode = localStorage.mode ?? "auto";
    root.dataset.theme = root.dataset.mode === "auto" ? (system.matches ? "dark" : "light") : root.dataset.mode;
  };
  const cycle = () => {
    localStorage.mode = {auto: "light", light: "dark", dark: "auto"}[root.dataset.mode];
    paint();
  };
  system.addEventListener("change", paint);
  paint();
</script>
<script defer src="mathjax/tex-chtml.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to main content</a>
<header><button class="theme-switch-button" onclick="cycle()">Colour theme</button></header>
<main id="main"><article>
  <h1>Gates</h1>
  <p>A neuron computes <span class="math">\(z = \mathbf{w} \cdot \mathbf{x}\)</span>. See <a href="#more">more</a>.</p>
  <div class="math block" tabindex="0">\[ J = \frac{1}{m} \sum_{i} L_i \]</div>
  <h2 id="more">More of it</h2>
  <figure><img src="figure.svg" width="300" alt="A line that parts the plane into two halves"></figure>
  <pre tabindex="0">a line of code that is too long for the screen of a telephone, and so it scrolls in its box</pre>
  <fieldset class="quiz"><legend>Which gate is it?</legend>
    <div><input type="radio" name="choice" id="a"> <label for="a">the first</label>
      <p class="answer">No: that one is never on.</p></div>
    <div><input type="radio" name="choice" id="b"> <label for="b">the second</label>
      <p class="answer">Yes, because it is on for both.</p></div>
  </fieldset>
  <details class="solution"><summary>Solution</summary><p>The weights are one and one.</p></details>
  <form onsubmit="find(this.q.value); return false"><label>Search <input name="q"></label></form>
  <ul id="search-results"></ul>
  <script>
    const find = word => {
      const pages = ["gates"].includes(word) ? ["found.html"] : [];
      document.getElementById("search-results").innerHTML =
        pages.map(page => `<li><a href="${page}">${page}</a></li>`).join("");
    };
  </script>
</article></main>
</body>
</html>
"""


@dataclass(frozen=True)
class Defect:
    """``old`` of the good page is replaced by ``new``; ``check`` must then report something with ``report`` in it."""

    check: Callable[..., Any]
    old: str
    new: str
    report: str


FIGURE_ALT = 'alt="A line that parts the plane into two halves"'
END = "</article>"

DEFECTS = [
    Defect(checks.asks_nobody_outside, END, '<img src="http://192.0.2.1/a.png" alt="A gate">', "192.0.2.1"),
    Defect(checks.asks_nobody_outside, END, "<script>new WebSocket('ws://192.0.2.1/a')</script>", "192.0.2.1"),
    Defect(checks.every_request_succeeds, END, "<script>fetch('absent.json')</script>", "absent.json: 404"),
    Defect(checks.every_request_succeeds, END, '<img src="http://192.0.2.1/a.png" alt="A gate">', "net::ERR"),
    Defect(checks.console_is_silent, END, "<script>console.warn('deprecated')</script>", "deprecated"),
    Defect(checks.console_is_silent, END, "<script>console.error('broken')</script>", "broken"),
    Defect(checks.console_is_silent, END, "<script>absent()</script>", "uncaught"),
    Defect(checks.is_light_enough, END, '<script src="heavy.js"></script>', "weighs "),
    Defect(checks.names_language_and_title, ' lang="en"', "", "no language"),
    Defect(checks.names_language_and_title, "A good page", "", "no title"),
    Defect(checks.names_language_and_title, "width=device-width, ", "", "no viewport"),
    Defect(checks.headings_in_order, "<h2", "<h1>Again</h1><h2", "2 h1"),
    Defect(checks.headings_in_order, "<h1>Gates</h1>", "", "0 h1"),
    Defect(checks.headings_in_order, END, "<h4>Deep</h4>", "h4 after h2: Deep"),
    Defect(checks.headings_in_order, END, "<h2> </h2>", "empty h2"),
    Defect(checks.math_is_typeset, r"\mathbf{w}", r"\undefinedmacro", r"undefined macro \undefinedmacro"),
    Defect(checks.math_is_typeset, "J =", "J^1^2 =", "TeX error: Double exponent"),
    Defect(checks.math_is_typeset, r"\frac{1}{m}", r"\frac{1", "not typeset once"),
    Defect(checks.math_is_typeset, "= \\mathbf", "= \\ref{absent} \\mathbf", "unresolved reference"),
    Defect(checks.math_is_typeset, ' src="mathjax/tex-chtml.js"', "", "0 formulas are typeset, the page has 2"),
    Defect(checks.markup_is_rendered, "A neuron", r"\begin{align} A", "markup left"),
    Defect(checks.markup_is_rendered, "A neuron", "{ref}`neuron` A", "markup left"),
    Defect(checks.images_load, "figure.svg", "absent.svg", "absent.svg"),
    Defect(checks.images_load, "figure.svg", "broken.png", "broken.png"),
    Defect(checks.images_are_described, FIGURE_ALT, "", "no description"),
    Defect(checks.images_are_described, FIGURE_ALT, 'alt=""', "empty description"),
    Defect(checks.images_are_described, FIGURE_ALT, 'alt="../_images/gate.png"', "file name"),
    Defect(checks.images_are_described, FIGURE_ALT, 'alt="A line"', "fewer than 4 words"),
    Defect(checks.images_are_described, END, '<svg width="9" height="9"></svg>', "no description: <svg"),
    Defect(checks.accessible_light, "--link: #0b57d0", "--link: #9ec5ff", "color-contrast"),
    Defect(checks.accessible_light, "Colour theme", "", "button-name"),
    Defect(checks.accessible_dark, "--link: #8ab4f8", "--link: #0b3d80", "color-contrast"),
    Defect(
        checks.accessible_light,
        END,
        "<pre><span class=k>if</span> <span class=k>if</span> <span class=c style='color: #bbb'>why</span></pre>",
        "color-contrast: .c",
    ),
    Defect(checks.accessible_dark, "html[data-theme=dark] body", "html[data-theme=night] body", "the page is not"),
    Defect(
        checks.accessible_on_a_phone,
        "Colour theme</button>",
        "C</button><button>D</button>"
        "<style>@media (width < 400px) { header { display: flex } button { all: unset; width: 9px } }</style>",
        "target-size",
    ),
    Defect(checks.fits_a_phone, END, '<div style="width: 500px">Wide</div>', "window of 390 px"),
    Defect(checks.fits_a_phone, END, '<div style="margin-left: -60px">Left</div>', "reaches from -"),
    Defect(checks.fits_a_phone, "overflow-x: auto", "overflow-x: hidden", "cut off"),
    Defect(checks.fits_a_phone, "main { padding", "main { overflow-x: hidden; width: 450px; padding", "reaches from"),
    Defect(
        checks.text_has_room,
        END,
        f'<p style="width: 3rem">{"A note that has no room. " * 4}</p>',
        "squeezed into 48 px: A note",
    ),
    Defect(
        checks.text_has_room,
        END,
        "<style>p .math { display: inline-block; width: 3rem; margin-right: 5rem }</style>"
        r'<p style="width: 8rem"><span class="math">\(x\)</span>.</p>',
        "a line starts with '.'",
    ),
    Defect(checks.targets_are_large_enough, "min-height: 2rem", "line-height: 1", "LABEL"),
    Defect(checks.scrollers_take_focus, '<pre tabindex="0"', "<pre", "PRE"),
    Defect(checks.skip_link_reaches_content, ' href="#main"', "", "no skip link"),
    Defect(checks.skip_link_reaches_content, ".skip:focus {", ".skip:hover {", "invisible"),
    Defect(checks.skip_link_reaches_content, ' id="main"', "", "not on the page"),
    Defect(
        journeys.quiz_explains_every_choice, "input:checked ~ .answer", "input:active ~ .answer", "explains nothing"
    ),
    Defect(journeys.quiz_explains_every_choice, "Yes, because it is on for both.", "", "nothing is explained for"),
    Defect(journeys.quiz_explains_every_choice, "No: that one is never on.", "", "explains nothing"),
    Defect(journeys.quiz_explains_every_choice, 'class="quiz"', "", "no quiz"),
    Defect(journeys.solutions_open, 'class="solution"', 'class="solution" open', "is open before"),
    Defect(journeys.solutions_open, "</style>", ".solution p { display: none } </style>", "does not open"),
    Defect(journeys.solutions_open, 'class="solution"', "", "no solution"),
    Defect(journeys.theme_switch_cycles, 'onclick="cycle()"', "", "does not reach both"),
    Defect(journeys.theme_switch_cycles, "html[data-theme=dark] body", "html[data-theme=night] body", "ground stays"),
    Defect(journeys.theme_switch_cycles, 'dark: "auto"', 'dark: "light"', "do not come back"),
    Defect(journeys.theme_switch_cycles, 'localStorage.mode ?? "auto"', 'root.dataset.next ?? "auto"', "not"),
    Defect(journeys.theme_switch_cycles, "theme-switch-button", "other-button", "no theme switch"),
    Defect(journeys.figures_follow_theme, "filter: invert(1)", "", "its ground is"),
    Defect(journeys.figures_follow_theme, "filter: invert(1)", "filter: brightness(0)", "nothing to see in the dark"),
    Defect(journeys.figures_follow_theme, "<figure>", "<p>", "no figure"),
    Defect(finds_gates, 'includes(word) ? ["found.html"]', "includes(word) ? []", "finds nothing"),
    Defect(finds_gates, '["found.html"]', '["other.html"]', "does not contain"),
]
