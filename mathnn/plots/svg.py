"""Figures as SVG: the same bytes on every machine, small, and at home on a light and on a dark page.

An ``<img>`` with an SVG answers the media query ``prefers-color-scheme`` with the ``color-scheme`` of the page that
holds it, so one file follows the theme's switch.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import re
import struct
import zlib
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..errors import ConfigError
from .palette import DARK, INK

__all__ = ["AS_IS", "INK_IMAGE", "describe", "to_svg"]

AS_IS = "as-is"
"""Group id (``artist.set_gid``) of what keeps its colours on a dark page because the colour is the data."""
INK_IMAGE = "ink-image"
"""Group id of an image that is ink on paper: it is inverted on a dark page."""

_RENDER = {"svg.hashsalt": "mathnn", "svg.fonttype": "path", "svg.image_inline": True, "savefig.bbox": None}
_MACHINE_ID = re.compile(r".*_\d+$|(m|p|h|C\w*_|image)[0-9a-f]{10}$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_INHERITED = {"fill", "fill-opacity"} | {
    f"stroke{part}" for part in ("", "-width", "-opacity", "-linejoin", "-linecap", "-dasharray", "-dashoffset")
}
_PIXELATED = "image-rendering:crisp-edges;image-rendering:pixelated"


def to_svg(fig: Figure) -> str:
    """Return the figure as one self-contained SVG that follows the page's light or dark scheme.

    Coordinates are rounded to hundredths of a point, so that a difference in the last bits of a float changes nothing;
    ids are unique to the figure's content; there is no date, no version and no address inside.

    Raises
    ------
    ConfigError
        When ``fig`` is not a Matplotlib Figure.

    >>> import matplotlib.figure
    >>> fig = matplotlib.figure.Figure(figsize=(1, 1))
    >>> to_svg(fig) == to_svg(fig)
    True
    """
    if not isinstance(fig, Figure):
        raise ConfigError(
            f"plots.to_svg: needs a Matplotlib Figure, got {type(fig).__name__}; pass ax.figure of an axes"
        )
    raw = io.BytesIO()
    with matplotlib.rc_context(_RENDER):  # type: ignore[arg-type]  # the stub lists each key as a literal
        _settle(fig)
        fig.savefig(raw, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(re.sub(rb"<!DOCTYPE[^>]*>", b"", raw.getvalue()))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    _drop(root, "style", "metadata")
    _clean(root, keep=False)
    _flatten(root)
    _rename_ids(root)
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "mathnn",
        **{key: root.get(key, "") for key in ("width", "height", "viewBox")},
        "stroke-linejoin": "round",
    }
    used = {value for element in root.iter() for value in (element.get("fill"), element.get("stroke")) if value}
    style = ElementTree.Element("style")
    style.text = _dark_rules(used)
    root.insert(0, style)
    ElementTree.indent(root, space="")
    text = ElementTree.tostring(root, encoding="unicode") + "\n"
    return text.replace("\ue000", "m" + hashlib.sha256(text.encode()).hexdigest()[:8] + "-")


def describe(fig: Figure) -> str:
    """Return what the figure shows in words: titles, axis labels, legend entries and texts, in the order of drawing.

    >>> import matplotlib.figure
    >>> fig = matplotlib.figure.Figure()
    >>> ax = fig.add_subplot(title="A parabola", xlabel="x", ylabel="x²")
    >>> print(describe(fig))
    Figure: "A parabola"; x axis "x"; y axis "x²"
    """
    panels = []
    for ax in fig.axes:
        title = next((t for t in (ax.get_title(loc) for loc in ("left", "center", "right")) if t), "")
        parts = [f'"{title}"'] if title else []
        for name, label in (("x", ax.get_xlabel()), ("y", ax.get_ylabel())):
            parts += [f'{name} axis "{label}"'] if label else []
        entries = ax.get_legend_handles_labels()[1] if ax.get_legend() else []
        parts += ["legend " + ", ".join(f'"{entry}"' for entry in entries)] if entries else []
        texts = [text.get_text() for text in ax.texts if text.get_text()]
        parts += ["text " + ", ".join(f'"{text}"' for text in texts)] if texts else []
        panels.append("; ".join(parts) or "no labels")
    heading = f'Figure "{fig.get_suptitle()}": ' if fig.get_suptitle() else "Figure: "
    return heading + ("\n  " if len(panels) > 1 else "") + "\n  ".join(panels or ["empty"])


def _settle(fig: Figure) -> None:
    """Repeat the layout until it rests: each drawing moves it nearer to the fixed point, from wherever it stood."""
    engine = fig.get_layout_engine()
    if engine is None:
        return
    fig.draw_without_rendering()
    for _ in range(12):
        before = [ax.get_position(original=True).bounds for ax in fig.axes]
        engine.execute(fig)
        if np.allclose([ax.get_position(original=True).bounds for ax in fig.axes], before, rtol=0, atol=1e-8):
            return


def _dark_rules(used: set[str]) -> str:
    """Write the media query. What has no fill is black in SVG, so the root's fill is that of black."""
    rules = [f".mathnn{{fill:{DARK[INK]}}}", ".mathnn .ink{filter:invert(.93)}"]
    for light in (colour for colour in DARK if colour in used):
        rules += [f'.mathnn [{way}="{light}"]{{{way}:{DARK[light]}}}' for way in ("fill", "stroke")]
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"


def _drop(root: Any, *tags: str) -> None:
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _clean(element: Any, keep: bool) -> None:
    """Turn style text into attributes, which the dark rules override, and round every number."""
    gid = element.get("id", "")
    if gid == AS_IS:
        # In capitals the dark rules, which compare attributes as text, pass these colours by.
        keep = True
        element.set("fill", "#000")
    href = element.attrib.pop("{http://www.w3.org/1999/xlink}href", None)
    style = element.attrib.pop("style", "")
    if element.tag == "image":
        href = _png(href)
        element.set("style", _PIXELATED)
        if gid == INK_IMAGE:
            element.set("class", "ink")
    elif style:
        declarations = [declaration.split(":", 1) for declaration in style.split(";") if declaration.strip()]
        element.attrib.update({name.strip(): value.strip() for name, value in declarations})
    if href is not None:
        element.set("href", href)
    if element.tag == "defs":
        # Selectors do not reach into what <use> copies, so its colours come from the <use>, which has them all.
        for shape in element.iterfind("path"):
            shape.attrib = {name: value for name, value in shape.attrib.items() if name in ("id", "d", "transform")}
    for name in ("fill", "stroke"):
        if keep and element.get(name, "").startswith("#"):
            element.set(name, element.get(name).upper())
    for name in ("d", "x", "y", "width", "height", "x1", "x2", "y1", "y2"):
        if name in element.attrib:
            element.set(name, _NUMBER.sub(lambda match: _round(match[0]), " ".join(element.get(name).split())))
    if "transform" in element.attrib:
        element.set("transform", _round_transform(element.get("transform")))
    for child in element:
        _clean(child, keep)


def _round(number: str) -> str:
    """Round to hundredths, away from the ties: many coordinates are simple fractions, and noise would tip those."""
    hundredths = math.floor(float(number) * 100 + 0.5317)
    text = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _round_transform(transform: str) -> str:
    def part(match: re.Match[str]) -> str:
        name, arguments = match[1], match[2]
        numbers = _NUMBER.findall(arguments)
        if name in ("scale", "matrix"):
            rounded = [f"{float(n):.6g}" for n in numbers[:4]] + [_round(n) for n in numbers[4:]]
        else:
            rounded = [_round(n) for n in numbers]
        return f"{name}({' '.join(rounded)})"

    return re.sub(r"(\w+)\s*\(([^)]*)\)", part, transform).strip()


def _flatten(element: Any) -> None:
    """Dissolve the groups and ids that say nothing; a group id given by the author stays as ``data-name``."""
    children = []
    for child in element:
        _flatten(child)
        gid = child.get("id", "")
        if child.tag in ("g", "image"):
            child.attrib.pop("id", None)
        if child.tag == "g":
            if gid and not _MACHINE_ID.match(gid):
                child.set("data-name", gid)
            _share(child)
        if child.tag in ("g", "defs") and not child.attrib and (child.tag == "g" or len(child) == 0):
            children += list(child)
        else:
            children.append(child)
    element[:] = children
    element.text = None
    for child in children:
        child.tail = None


def _share(group: Any) -> None:
    """Write once, on the group, what all of three or more children say."""
    if len(group) > 2:
        for name, value in list(group[0].attrib.items()):
            if name in _INHERITED and all(child.get(name) == value for child in group):
                group.set(name, value)
                for child in group:
                    del child.attrib[name]


def _rename_ids(root: Any) -> None:
    """Number the ids, behind a mark that the hash of the content replaces."""
    new = {element.get("id"): f"\ue000{k}" for k, element in enumerate(root.iterfind(".//*[@id]"))}
    for element in root.iter():
        if element.get("id") in new:
            element.set("id", new[element.get("id")])
        for name in ("href", "clip-path", "fill"):
            value = element.get(name, "")
            if (target := value.removeprefix("url(").removesuffix(")").removeprefix("#")) in new and "#" in value:
                element.set(name, value.replace(f"#{target}", f"#{new[target]}"))


def _png(uri: str) -> str:
    """Write an embedded PNG again without compression, whose bytes depend on the machine's zlib; grey as one byte."""
    from matplotlib import image

    pixels = image.imread(io.BytesIO(base64.b64decode(uri.partition(",")[2])), format="png")
    levels: NDArray[np.uint8] = np.rint(pixels * 255).astype(np.uint8)
    rgb, opaque = levels[..., :3], levels.shape[-1] == 3 or bool((levels[..., 3] == 255).all())
    grey = opaque and bool((rgb == rgb[..., :1]).all())
    body = rgb[..., :1] if grey else rgb if opaque else levels
    rows = np.concatenate([np.zeros((len(body), 1), np.uint8), body.reshape(len(body), -1)], axis=1)
    header = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 8, 0 if grey else 2 if opaque else 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 0)), (b"IEND", b"")
    data = b"".join(
        struct.pack(">I", len(chunk)) + kind + chunk + struct.pack(">I", zlib.crc32(kind + chunk))
        for kind, chunk in chunks
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + data).decode()
