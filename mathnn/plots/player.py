"""A figure that moves: drawn frame by frame, played and stepped by the reader, still where nothing can move.

The whole is one piece of HTML with one SVG in it: no request, no library, the same bytes on every machine. What moves
are groups of the SVG that are shown and hidden. Without a script, and on paper, the last frame stands still.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Sequence

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ..checks import count, number
from ..errors import ConfigError
from .palette import DARK, INK, VALUE
from .style import style
from .svg import describe, to_svg

__all__ = ["Player", "player"]

# An inline SVG has no color-scheme of its own: light-dark() asks that of the page, whichever way the theme was chosen.
_LOOK = """
.mathnn-player svg{display:block;margin:0 auto;max-width:100%;height:auto}
.mathnn-player form:not([hidden]){display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;justify-content:center;
margin:.5rem auto 0;max-width:33rem;font-size:.9rem}
.mathnn-player button{font:inherit;color:inherit;background:none;border:1px solid;border-radius:.35rem;
min-height:2.4rem;padding:0 .8rem;cursor:pointer}
.mathnn-player [name=play]{min-width:5rem}
.mathnn-player label{flex:1 1 12rem;display:flex;gap:.6rem;align-items:center;margin:0;min-height:2.4rem}
.mathnn-player input{flex:1;min-width:6rem;min-height:1.6rem;margin:0;accent-color:ACCENT}
.mathnn-player output{flex:1 0 100%;text-align:center;font-variant-numeric:tabular-nums;padding:0}
@media (prefers-reduced-motion:reduce){.mathnn-player [name=play]{display:none}}
@media print{.mathnn-player form{display:none!important}.mathnn-player [data-at]{display:none!important}
.mathnn-player [data-last],.mathnn-player [data-since]{display:inline!important}}
""".replace("ACCENT", f"light-dark({VALUE},{DARK[VALUE]})")

_WAYS = ("fill", "stroke")

_SCRIPT = """
for (const box of document.querySelectorAll(".mathnn-player:not([data-ready])")) {
  box.dataset.ready = "";
  const form = box.querySelector("form"), {play, back, next, frame} = form.elements;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const says = JSON.parse(box.dataset.says), last = says.length - 1;
  const parts = [...box.querySelectorAll("[data-at], [data-since]")];
  let timer = 0;
  const show = k => {
    frame.value = k = Math.max(0, Math.min(last, k));
    for (const part of parts)
      part.style.display = +part.dataset.at === k || +part.dataset.since <= k ? "inline" : "none";
    form.querySelector("output").value = says[k];
    frame.setAttribute("aria-valuetext", says[k]);
  };
  const pause = () => { clearInterval(timer); timer = 0; play.textContent = play.dataset.play; };
  const go = k => { pause(); show(k); };
  const tick = () => {
    if (!box.isConnected || calm.matches || +frame.value >= last) return pause();
    show(+frame.value + 1);
  };
  play.onclick = () => {
    if (timer) return pause();
    if (+frame.value >= last) show(0);
    play.textContent = play.dataset.pause;
    timer = setInterval(tick, 1000 / box.dataset.rate);
  };
  back.onclick = () => go(+frame.value - 1);
  next.onclick = () => go(+frame.value + 1);
  frame.oninput = () => go(+frame.value);
  form.onsubmit = () => false;
  calm.addEventListener("change", pause);
  form.hidden = false;
  show(last);
}
"""


class Player:
    """What :func:`player` returns: a notebook shows it as HTML, and in words where there is none.

    Attributes
    ----------
    says:
        What the line below the controls says at each frame.
    """

    def __init__(self, svg: str, says: Sequence[str], words: str, label: str, rate: float) -> None:
        self.says = tuple(says)
        self._svg, self._words, self._label, self._rate = svg, words, label, rate

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.says)

    def __repr__(self) -> str:
        return f"{self._words}; {self.frames} frames, the last is {self.says[-1]!r}"

    def _repr_html_(self) -> str:
        last = self.frames - 1
        says = html.escape(json.dumps(self.says, ensure_ascii=False))
        return (
            f'<div class="mathnn-player" data-rate="{self._rate:g}" data-says="{says}">\n{self._svg}'
            '<form hidden autocomplete="off">\n'
            '<button type="button" name="play" data-play="Play" data-pause="Pause">Play</button>\n'
            '<button type="button" name="back">Back</button>\n<button type="button" name="next">Next</button>\n'
            f'<label>{html.escape(self._label)} <input type="range" name="frame" min="0" max="{last}" '
            f'value="{last}"></label>\n<output aria-live="off">{html.escape(self.says[-1])}</output>\n</form>\n'
            f"<script>{{{_SCRIPT}}}</script>\n</div>\n"
        )


def player(
    fig: Figure,
    frames: int,
    draw: Callable[[int], Iterable[Artist] | None],
    *,
    says: Sequence[str] | None = None,
    label: str = "Step",
    rate: float = 8,
) -> Player:
    """Draw frame after frame on a figure, and return it with a button to play it, two to step and a slider.

    What the figure shows before, it shows in every frame. What ``draw(k)`` adds is seen in frame k alone, except for
    the artists that it returns: those stay to the end, as a trail does. The figure is closed.

    Parameters
    ----------
    fig:
        The figure, with axes, limits, legend and all that does not move.
    frames:
        How many there are, two or more; the last one is what stands still on paper and without JavaScript.
    draw:
        Called with 0, 1, ..., frames - 1, in this order.
    says:
        A line of text for each frame, shown below the slider and read out with it; "3 of 40" where it is not given.
    label:
        What the slider is called.
    rate:
        Frames in a second. The reader who asks for reduced motion gets no play button, only steps and slider.

    Raises
    ------
    ConfigError
        When an argument is not as above, nothing is drawn, or the figure holds pictures made of pixels, whose
        colours cannot follow the page.

    >>> import matplotlib.figure
    >>> fig = matplotlib.figure.Figure()
    >>> ax = fig.add_subplot(xlim=(0, 2), xlabel="x")
    >>> player(fig, 3, lambda k: ax.plot(k, 0, "o") and None)
    Figure: x axis "x"; 3 frames, the last is '2 of 2'
    """
    who = "plots.player"
    if not isinstance(fig, Figure):
        raise ConfigError(f"{who}: needs a Matplotlib Figure, got {type(fig).__name__}; pass ax.figure of an axes")
    if not callable(draw):
        raise ConfigError(f"{who}: draw must be a function of the frame's number, got {type(draw).__name__}")
    count(who, "frames", frames, 2)
    number(who, "rate", rate, 0, ends="()")
    says = [f"{k} of {frames - 1}" for k in range(frames)] if says is None else [str(line) for line in says]
    if len(says) != frames:
        raise ConfigError(f"{who}: {frames} frames, but says has {len(says)} lines; give one for each frame")
    for k in range(frames):
        _draw_frame(fig, k, draw)
    svg = to_svg(fig)
    if "<image" in svg:
        raise ConfigError(f"{who}: the figure holds a picture made of pixels; draw contours or patches instead")
    if not re.search(r'data-name="(at|since)-', svg):
        raise ConfigError(f"{who}: draw added nothing to the figure in any of the {frames} frames")
    from matplotlib import pyplot as plt

    plt.close(fig)
    words = describe(fig)
    return Player(_inline(svg, frames - 1, " ".join(words.split())), says, words, label, rate)


def _draw_frame(fig: Figure, k: int, draw: Callable[[int], Iterable[Artist] | None]) -> None:
    """Mark what draw(k) adds with the frames in which it is seen."""
    before = {id(artist) for ax in fig.axes for artist in ax.get_children()}
    with style():
        staying = list(draw(k) or ())
    added = [artist for ax in fig.axes for artist in ax.get_children() if id(artist) not in before]
    if strangers := [artist for artist in staying if not any(artist is new for new in added)]:
        raise ConfigError(
            f"plots.player: draw({k}) returned {type(strangers[0]).__name__}, which it did not add to the figure's "
            "axes; return the new artists that stay"
        )
    for artist in added:
        artist.set_gid(f"since-{k}" if any(artist is stays for stays in staying) else f"at-{k}")


def _inline(svg: str, last: int, words: str) -> str:
    """Turn the file into a part of the page: what is hidden at the end is hidden, colours ask the page."""
    used = [light for light in DARK if f'"{light}"' in svg]
    rules = [f".mathnn-frames{{fill:light-dark(#000,{DARK[INK]})}}"]
    for light in used:
        rules += [f'.mathnn-frames [{way}="{light}"]{{{way}:light-dark({light},{DARK[light]})}}' for way in _WAYS]
    svg = re.sub(r"<style>.*?</style>", lambda _: f"<style>{_LOOK}{''.join(rules)}</style>", svg, flags=re.DOTALL)
    svg = svg.replace('class="mathnn"', f'class="mathnn-frames" role="img" aria-label="{html.escape(words)}"', 1)
    svg = svg.replace(f'data-name="at-{last}"', f'data-at="{last}" data-last=""')
    svg = re.sub(r'data-name="at-(\d+)"', r'data-at="\1" display="none"', svg)
    svg = re.sub(r'data-name="since-(\d+)"', r'data-since="\1"', svg)
    return re.sub(r' d="([MLz\d. -]*)"', lambda match: f' d="{_shorter(match[1])}"', svg)


def _shorter(path: str) -> str:
    """Write a polygon to tenths of a point, without the points along its straight edges: there may be many frames."""
    parts = []
    for subpath in re.split(r"(?=M)", path)[1:]:
        points: list[tuple[float, float]] = []
        for x, y in re.findall(r"(\S+) (\S+)", re.sub(r"[MLz]", "", subpath)):
            points.append((round(float(x), 1), round(float(y), 1)))
            if len(points) > 2 and _between(*points[-3:]):
                del points[-2]
        numbers = " ".join(f"{x:g} {y:g}" for x, y in points)
        parts.append(f"M{numbers}{'z' * ('z' in subpath)}")
    return "".join(parts)


def _between(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Tell whether b lies on the way from a to c, level or upright."""
    return any(a[i] == b[i] == c[i] and sorted((a[1 - i], b[1 - i], c[1 - i]))[1] == b[1 - i] for i in (0, 1))
