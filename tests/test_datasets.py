"""The data sets: what they promise in shape and meaning, their sources, their seeds, and their refusals."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import CSS4_COLORS, XKCD_COLORS, to_rgb

from mathnn import datasets
from mathnn.datasets import packaged
from mathnn.errors import ConfigError, FormatError, MathnnError

DRAWN = {
    "moons": datasets.moons,
    "circles": datasets.circles,
    "spirals": datasets.spirals,
    "blobs": datasets.blobs,
    "adding_problem": datasets.adding_problem,
    "bars_and_stripes": lambda **kw: datasets.bars_and_stripes(n_samples=50, **kw),
}
FIXED = {
    "gates": lambda: datasets.gates("and"),
    "xor": datasets.xor,
    "font_colours": datasets.font_colours,
    "digits": datasets.digits,
    "characters": datasets.characters,
    "bars_and_stripes": datasets.bars_and_stripes,
}
CLASSES = ["moons", "circles", "spirals", "blobs"]


def test_every_generator_is_covered_here() -> None:
    elsewhere = {"mnist", "fashion_mnist"}  # tests/test_downloads.py has a server for them
    made = set(datasets.__all__) - {"Dataset", "sonnets"} - elsewhere
    assert made == set(DRAWN) | set(FIXED)


@pytest.mark.parametrize("make", [*DRAWN.values(), *FIXED.values()])
def test_every_set_has_the_same_form(make) -> None:
    data = make()
    X, y = data
    assert X is data.X
    assert y is data.y
    assert len(X) == len(y) > 0
    assert X.flags.writeable
    assert y.flags.writeable
    assert X.dtype in (np.float64, np.int64)
    assert np.isfinite(X).all()
    assert data.description.endswith(".")
    if data.target_names:
        assert y.dtype == np.int64
        assert set(np.unique(y)) == set(range(len(data.target_names)))
    if data.feature_names and X.ndim == 2:
        assert len(data.feature_names) == X.shape[1]
    assert repr(data).startswith(f"Dataset(X {X.shape}")
    for twin in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        assert np.array_equal(twin.X, X)
        assert twin.target_names == data.target_names


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_the_seed_decides_and_the_global_generator_is_left_alone(make) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - what is asserted is that nothing touches it
    first, again, other = make(seed=3), make(seed=3), make(seed=4)
    assert np.array_equal(first.X, again.X)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.X, other.X)
    first.X[...] = 7
    assert np.array_equal(make(seed=3).X, again.X), "a call must not hand out what an earlier caller changed"
    rng = np.random.default_rng(3)
    assert np.array_equal(make(seed=rng).X, again.X)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_a_bad_seed_is_refused(make) -> None:
    with pytest.raises(ConfigError, match="seed must be"):
        make(seed=-1)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("n", [7, 30])
def test_classes_are_shared_out_evenly_and_shuffled(name, n) -> None:
    X, y = DRAWN[name](n_samples=n)
    counts = np.bincount(y)
    assert counts.sum() == n == len(X)
    assert counts.max() - counts.min() <= 1
    assert (np.diff(y) < 0).any()


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("bad", [0, 1, -3, 2.5, True, "ten"])
def test_a_bad_number_of_samples_is_refused(name, bad) -> None:
    with pytest.raises(ConfigError, match=f"{name}: n_samples must be an integer of"):
        DRAWN[name](n_samples=bad)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, "much", None, 1j])
def test_a_bad_spread_is_refused(name, bad) -> None:
    argument = "cluster_std" if name == "blobs" else "noise"
    with pytest.raises(ConfigError, match=f"{name}: {argument} must be a number in"):
        DRAWN[name](**{argument: bad})


@pytest.mark.parametrize(
    ("name", "truth"),
    {
        "and": lambda a, b: a and b,
        "or": lambda a, b: a or b,
        "nand": lambda a, b: not (a and b),
        "nor": lambda a, b: not (a or b),
        "xor": lambda a, b: a != b,
        "xnor": lambda a, b: a == b,
    }.items(),
)
def test_gates_are_their_truth_tables(name, truth) -> None:
    X, y = datasets.gates(name.upper())
    assert [int(truth(bool(a), bool(b))) for a, b in X] == y.tolist()
    assert len(np.unique(X, axis=0)) == 4


def test_a_misspelt_gate_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'nand'"):
        datasets.gates("nnad")


def test_moons_without_noise_lie_on_their_half_circles() -> None:
    X, y = datasets.moons(101, noise=0.0)
    upper, lower = X[y == 0], X[y == 1]
    assert np.allclose(np.hypot(*upper.T), 1.0)
    assert np.allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0)
    assert upper[:, 1].min() > -1e-12
    assert lower[:, 1].max() < 0.5 + 1e-12


@pytest.mark.parametrize("factor", [0.3, 0.8])
def test_circles_have_their_radii(factor) -> None:
    X, y = datasets.circles(101, noise=0.0, factor=factor)
    assert np.allclose(np.hypot(*X.T), np.where(y == 0, 1.0, factor))
    assert len(np.unique(X.round(9), axis=0)) == 101


@pytest.mark.parametrize("bad", [0.0, 1.0, 1.5, -0.5])
def test_circles_refuse_a_factor_outside_their_range(bad) -> None:
    with pytest.raises(ConfigError, match="factor"):
        datasets.circles(factor=bad)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_a_spiral_arm_is_the_first_one_turned(classes) -> None:
    X, y = datasets.spirals(20 * classes, noise=0.0, classes=classes, turns=1.5)
    arms = [X[y == k] for k in range(classes)]
    arms = [arm[np.argsort(np.hypot(*arm.T))] for arm in arms]
    for k, arm in enumerate(arms):
        angle = 2 * np.pi * k / classes
        turned = arms[0] @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        assert np.allclose(arm, turned)
    with pytest.raises(ConfigError, match="classes"):
        datasets.spirals(classes=1)


def test_blobs_lie_where_they_are_told_and_spread_as_told() -> None:
    centers = np.array([[0.0, 0.0, 5.0], [3.0, -3.0, 0.0]])
    kept = centers.copy()
    X, y = datasets.blobs(4000, centers=centers, cluster_std=0.5)
    assert np.array_equal(centers, kept)
    for k, centre in enumerate(centers):
        assert np.allclose(X[y == k].mean(axis=0), centre, atol=0.05)
        assert np.allclose(X[y == k].std(axis=0), 0.5, atol=0.03)
    assert datasets.blobs(centers=5, n_features=4).X.shape == (200, 4)


@pytest.mark.parametrize("bad", [[1.0, 2.0], [], "three", None, [[np.nan, 0.0]], [[1.0], [1.0, 2.0]]])
def test_blobs_refuse_centers_that_are_none(bad) -> None:
    with pytest.raises(MathnnError, match="blobs: centers"):
        datasets.blobs(centers=bad)


def test_noise_is_gaussian_of_the_stated_size() -> None:
    clean, noisy = datasets.moons(4000, noise=0.0), datasets.moons(4000, noise=0.2)
    assert np.allclose((noisy.X - clean.X).std(axis=0), 0.2, atol=0.01)


def test_the_packaged_colours_are_matplotlibs_tables() -> None:
    first: dict[tuple[int, ...], str] = {}
    for name in [*CSS4_COLORS, *XKCD_COLORS]:
        first.setdefault(tuple(round(255 * part) for part in to_rgb(name)), name)
    colours = datasets.font_colours(scale=False)
    assert dict(zip(map(tuple, colours.X.tolist()), colours.names, strict=True)) == first
    assert colours.names == tuple(first.values())


def test_the_font_that_reads_better_and_the_share_of_the_majority() -> None:
    colours, scaled = datasets.font_colours(scale=False), datasets.font_colours()
    assert colours.X.shape == (1085, 3)
    assert len(np.unique(colours.X, axis=0)) == 1085
    assert (colours.X.min(), colours.X.max()) == (0, 255)
    assert np.allclose(scaled.X, colours.X / 255.0)
    luma = colours.X @ [0.299, 0.587, 0.114]
    assert colours.y.tolist() == (luma > 127.5).tolist()
    assert abs(luma - 127.5).min() > 0.1, "no colour is so near the border that rounding could decide"
    assert round(100 * colours.y.mean(), 1) == 54.7
    label = dict(zip(colours.names, colours.y, strict=True))
    assert (label["white"], label["yellow"], label["black"], label["navy"]) == (1, 1, 0, 0)


def test_digits_are_the_ones_of_the_source() -> None:
    flat, images, raw = datasets.digits(), datasets.digits(images=True), datasets.digits(scale=False)
    assert flat.X.shape == (1797, 64)
    assert images.X.shape == (1797, 8, 8, 1)
    assert np.array_equal(images.X.reshape(1797, 64), flat.X)
    assert np.array_equal(flat.X * 16, raw.X)
    assert (raw.X.min(), raw.X.max(), raw.X.dtype) == (0, 16, np.int64)
    # The class counts that the UCI repository states for the test part, and the sum over the source file.
    assert np.bincount(raw.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert int(raw.X.sum()) == 569788 - int(raw.y.sum())


def test_a_class_mean_tells_most_digits_apart() -> None:
    X, y = datasets.digits()
    means = np.stack([X[y == k].mean(axis=0) for k in range(10)])
    nearest = ((X[:, None, :] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == y).mean() > 0.9


@pytest.mark.parametrize("name", packaged.SHA256)
def test_an_altered_file_is_refused(name, monkeypatch) -> None:
    packaged._read(name)
    monkeypatch.setitem(packaged.SHA256, name, "0" * 64)
    with pytest.raises(FormatError, match=name):
        packaged._read(name)


def test_sonnets_are_eleven_poems_of_fourteen_lines() -> None:
    text = datasets.sonnets()
    assert len(text) == 6744
    poems = text.rstrip("\n").split("\n\n")
    assert [len(poem.split("\n")) for poem in poems] == [14] * 11


@pytest.mark.parametrize(("length", "step"), [(1, None), (40, None), (25, 3), (6743, 1)])
def test_characters_are_the_text_and_the_text_one_later(length, step) -> None:
    data, text = datasets.characters(length, step), datasets.sonnets()
    step = step or length
    assert data.X.shape == data.y.shape == ((len(text) - length - 1) // step + 1, length)
    decode = np.array(list(data.target_names))
    for row in (0, len(data.X) // 2, -1):
        start = range(0, len(text) - length, step)[row]
        assert "".join(decode[data.X[row]]) == text[start : start + length]
        assert "".join(decode[data.y[row]]) == text[start + 1 : start + length + 1]
    data.X[0, 0] = 0
    assert data.y.base is None
    assert np.array_equal(data.y, datasets.characters(length, step).y)


@pytest.mark.parametrize(("length", "step"), [(0, None), (6744, None), (10, 0)])
def test_characters_refuse_windows_that_cannot_be(length, step) -> None:
    with pytest.raises(ConfigError, match="characters"):
        datasets.characters(length, step)


@pytest.mark.parametrize("length", [2, 9, 50])
def test_the_adding_problem_adds_what_is_marked(length) -> None:
    X, y = datasets.adding_problem(2000, length)
    marks = X[..., 1]
    assert set(np.unique(marks)) <= {0.0, 1.0}
    assert (marks[:, : length // 2].sum(axis=1) == 1).all()
    assert (marks[:, length // 2 :].sum(axis=1) == 1).all()
    assert np.allclose((X[..., 0] * marks).sum(axis=1), y)
    assert ((X[..., 0] >= 0) & (X[..., 0] < 1)).all()
    assert abs(((y - 1.0) ** 2).mean() - 1 / 6) < 0.02
    with pytest.raises(ConfigError, match="length"):
        datasets.adding_problem(length=1)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_bars_and_stripes_are_all_there_once(size) -> None:
    X, y = datasets.bars_and_stripes(size)
    images = X.reshape(-1, size, size)
    every = ((np.arange(2 ** (size * size))[:, None] >> np.arange(size * size)) & 1).reshape(-1, size, size)
    bars = (every == every[:, :1, :]).all(axis=(1, 2))
    stripes = (every == every[:, :, :1]).all(axis=(1, 2))
    assert {tuple(image.ravel()) for image in every[bars | stripes]} == set(map(tuple, X))
    assert len(X) == 2 ** (size + 1) - 2 == (bars | stripes).sum()
    for image, label in zip(images, y, strict=True):
        upright, flat = (image == image[:1]).all(), (image == image[:, :1]).all()
        assert label == (2 if upright and flat else 0 if upright else 1)


def test_images_too_many_to_list_can_still_be_drawn() -> None:
    with pytest.raises(ConfigError, match="give n_samples"):
        datasets.bars_and_stripes(40)
    assert datasets.bars_and_stripes(40, n_samples=3).X.shape == (3, 1600)


def test_drawn_bars_and_stripes_follow_mackays_distribution() -> None:
    X, y = datasets.bars_and_stripes(2, n_samples=8000)
    assert set(map(tuple, X)) == set(map(tuple, datasets.bars_and_stripes(2).X))
    assert np.allclose(np.bincount(y) / 8000, [0.25, 0.25, 0.5], atol=0.02)


def test_importing_the_data_sets_imports_no_matplotlib() -> None:
    code = "import sys, mathnn.datasets as d; d.font_colours(); sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
