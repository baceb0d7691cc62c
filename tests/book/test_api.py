"""The API reference has a place for every public name."""

from __future__ import annotations

import re
from pathlib import Path

import mathnn
from mathnn import interop


def test_every_public_name_is_in_the_reference(built_book: Path) -> None:
    page = (built_book / "book" / "api.html").read_text(encoding="utf-8")
    places = {target.rsplit(".", 1)[-1] for target in re.findall(r'id="(mathnn\.[\w.]+)"', page)}
    modules = {name for name in mathnn.__all__ if hasattr(getattr(mathnn, name), "__path__")}
    modules |= {name for name in mathnn.__all__ if type(getattr(mathnn, name)).__name__ == "module"}
    aliases = {"Swish": "SiLU"}
    missing = {
        name for name in set(mathnn.__all__) - modules | set(interop.__all__) if aliases.get(name, name) not in places
    }
    assert not missing
    assert len(places) > len(mathnn.__all__)
