"""The files that ship with the package: real colours, handwritten digits, and a text."""

from __future__ import annotations

import io

import numpy as np

from ..checks import count, flag
from ..errors import ConfigError, FormatError
from .dataset import Array, Dataset

__all__ = ["characters", "digits", "font_colours", "sonnets"]

SHA256 = {
    "colours.csv": "b7bcd996bfd4bb6efc8dff0b09837ed59351e984dce04e27e79aa258e86118a2",
    "digits.npz": "dff739c317c3d7a561cd1d11ae22ab4ac7f0557489c9e3935e97bec510d05737",
    "sonnets.txt": "d977e61e023b88aa398a76ca341767fc6d1f8bc2c2dce42f75b2cf4831fc2235",
}


def font_colours(scale: bool = True) -> Dataset:
    """Return 1,085 named colours and which font reads better on each: 1 for a dark font, 0 for a light one.

    X (1085, 3) is red, green and blue, in [0, 1], or with ``scale=False`` the integers 0 to 255. y (1085,)
    is 1 where the luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) lies above half of the range. ``names``
    can be handed to Matplotlib. The colours are those of CSS Color Module Level 4 and of the xkcd survey
    (public domain, CC0); of several names for one colour the first is kept. Sources and licences:
    ``datasets/data/README.md``. Raises FormatError where the packaged file was altered.

    >>> colours = font_colours(scale=False)
    >>> colours.names[:2], colours.X[:2].tolist(), colours.y[:2].tolist()
    (('aliceblue', 'antiquewhite'), [[240, 248, 255], [250, 235, 215]], [1, 1])
    """
    scale = flag("font_colours", "scale", scale)
    rows = [line.split(",") for line in _read("colours.csv").decode("ascii").splitlines()[1:]]
    X = np.array([row[1:] for row in rows], dtype=np.int64)
    return Dataset(
        X=X / 255.0 if scale else X,
        y=dark_font_reads_better(X),
        names=tuple(row[0] for row in rows),
        feature_names=("red", "green", "blue"),
        target_names=("light font", "dark font"),
        description="Named colours of CSS 4 and the xkcd survey; 1 where a dark font reads better.",
    )


def dark_font_reads_better(rgb: Array) -> Array:
    """Return 1 where the luma of integer colours (m, 3) lies above half of the range; nothing is rounded."""
    above: Array = 2 * rgb @ np.array([299, 587, 114]) > 255 * 1000
    return above.astype(np.int64)


def digits(scale: bool = True, images: bool = False) -> Dataset:
    """Return 1,797 handwritten digits of 8 × 8 pixels and which digit each is, 0 to 9.

    X is (1797, 64), or with ``images=True`` (1797, 8, 8, 1), in [0, 1], or with ``scale=False`` the
    integers 0 to 16. y (1797,). They are in the order of the source.

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits" (test part), UCI Machine
    Learning Repository, 1998, https://doi.org/10.24432/C50P49, as shipped by scikit-learn. Licence: CC BY
    4.0. Details in ``datasets/data/README.md``. Raises FormatError where the packaged file was altered.

    >>> X, y = digits(images=True)
    >>> X.shape, y[:10].tolist(), float(X.max())
    ((1797, 8, 8, 1), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 1.0)
    """
    scale, images = flag("digits", "scale", scale), flag("digits", "images", images)
    with np.load(io.BytesIO(_read("digits.npz")), allow_pickle=False) as stored:
        X, y = stored["X"].astype(np.int64), stored["y"].astype(np.int64)
    X = X / 16.0 if scale else X
    return Dataset(
        X=X.reshape(-1, 8, 8, 1) if images else X,
        y=y,
        feature_names=tuple(f"pixel {row},{column}" for row in range(8) for column in range(8)),
        target_names=tuple("0123456789"),
        description="Handwritten digits, 8 x 8 pixels (UCI, Alpaydin and Kaynak, CC BY 4.0).",
    )


def sonnets() -> str:
    """Return eleven sonnets of William Shakespeare (1609, public domain): 6,744 characters of English.

    >>> print(sonnets()[:39])
    Shall I compare thee to a summer's day?
    """
    return _read("sonnets.txt").decode("ascii")


def characters(length: int = 40, step: int | None = None) -> Dataset:
    """Return the sonnets cut into windows, for a model that guesses the next character.

    X (m, length) holds the codes of the characters of a window, y (m, length) those of the characters that
    follow each. A window starts every ``step`` characters (``length`` of them where not given).
    ``target_names`` is the alphabet: code k stands for its k-th character.

    >>> text = characters(length=5)
    >>> decode = lambda codes: "".join(text.target_names[k] for k in codes)
    >>> decode(text.X[0]), decode(text.y[0])
    ('Shall', 'hall ')
    """
    text = sonnets()
    count("characters", "length", length, 1)
    step = length if step is None else count("characters", "step", step, 1)
    alphabet = sorted(set(text))
    code = {character: k for k, character in enumerate(alphabet)}
    codes = np.array([code[character] for character in text], dtype=np.int64)
    if length >= len(text):
        raise ConfigError(f"characters: length must be less than the {len(text)} characters of the text, got {length}")
    windows = np.lib.stride_tricks.sliding_window_view(codes, length + 1)[::step]
    return Dataset(
        X=windows[:, :-1].copy(),
        y=windows[:, 1:].copy(),
        target_names=tuple(alphabet),
        description="Shakespeare's sonnets as character codes, and the same one character later.",
    )


def _read(name: str) -> bytes:
    """Return the content of a packaged file once its checksum is found right."""
    from hashlib import sha256  # here, not above: `import mathnn` stays quick
    from importlib.resources import files

    content = files(__package__).joinpath("data", name).read_bytes()
    if sha256(content).hexdigest() != SHA256[name]:
        raise FormatError(
            f"datasets: the packaged file {name} was altered: its SHA-256 is not the one on record. "
            "Install mathnn again."
        )
    return content
