"""Bars and stripes: the small binary images on which generative models can be judged exactly."""

from __future__ import annotations

import numpy as np

from ..checks import count
from ..errors import ConfigError
from .dataset import Dataset, Seed, generator

__all__ = ["bars_and_stripes"]

LARGEST = 12


def bars_and_stripes(size: int = 3, n_samples: int | None = None, seed: Seed = 0) -> Dataset:
    """Return size × size images whose columns (bars) or rows (stripes) are each wholly on or wholly off.

    X (m, size²) of zeros and ones. Without ``n_samples`` every one of the 2^(size+1) - 2 different images
    comes once. With it they are drawn as MacKay does: bars or stripes with probability ½, then each line on
    or off with probability ½, so that the two plain images, which are both, come twice as often. y (m,) is
    0 for bars, 1 for stripes, 2 for a plain image. Source: MacKay, "Information Theory, Inference, and
    Learning Algorithms", 2003, ch. 43.

    >>> images = bars_and_stripes(size=2)
    >>> images.X.astype(int).tolist(), images.y.tolist()
    ([[0, 0, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], [2, 0, 0, 2, 1, 1])
    """
    count("bars_and_stripes", "size", size, 1)
    if n_samples is None and size > LARGEST:
        raise ConfigError(f"bars_and_stripes: there are 2^{size + 1} - 2 images; give n_samples to draw some of them")
    if n_samples is None:
        lines = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
        lines = np.concatenate([lines, lines[1:-1]])
        upright = np.arange(len(lines)) < 2**size
    else:
        rng = generator("bars_and_stripes", seed)
        m = count("bars_and_stripes", "n_samples", n_samples, 1)
        upright = rng.random(m) < 0.5
        lines = rng.integers(0, 2, (m, size))
    plain = (lines == lines[:, :1]).all(axis=1)
    images = np.where(upright[:, None, None], lines[:, None, :], lines[:, :, None])
    images = np.broadcast_to(images, (len(lines), size, size))
    return Dataset(
        X=images.reshape(len(lines), -1).astype(np.float64),
        y=np.where(plain, 2, np.where(upright, 0, 1)).astype(np.int64),
        feature_names=tuple(f"pixel {row},{column}" for row in range(size) for column in range(size)),
        target_names=("bars", "stripes", "plain"),
        description=f"Bars and stripes, {size} x {size}.",
    )
