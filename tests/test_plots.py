"""The figures: what they show, that their bytes are the same everywhere, and that both papers can be read."""

from __future__ import annotations

import base64
import functools
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from mathnn import plots
from mathnn.errors import ConfigError, DtypeError, LabelError, MathnnError, NonFiniteError, ShapeError, StateError
from mathnn.plots import svg

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


# --- what is drawn in the tests -----------------------------------------------------------------------------------

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))
Y = (X[:, 0] > 0.3).astype(int)
HISTORY = {
    "loss": [0.9, 0.5, 0.3, 0.2, 0.1],
    "accuracy": [0.5, 0.7, 0.8, 0.9, 0.95],
    "val_loss": [1.0, 0.7, 0.6, 0.65, 0.8],
    "val_accuracy": [0.4, 0.6, 0.7, 0.7, 0.7],
}
DIGITS = RNG.integers(0, 17, size=(5, 64)).astype(float)
WEIGHTS = [RNG.normal(size=(3, 3)), RNG.normal(size=(3, 1))]


def logistic(points: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-4 * (points[:, 0] - 0.3)))


def three_classes(points: np.ndarray) -> np.ndarray:
    exponents = np.exp(-((points[:, None] - np.array([[0, 0], [2, 0], [0, 2]])) ** 2).sum(-1))
    return exponents / exponents.sum(axis=1, keepdims=True)


def bowl(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a * a + 5 * b * b


PATH = np.array([[-1.5, 1.0], [-0.5, 0.2], [0.1, 0.05]])

FIGURES = {
    "boundary": lambda **ax: plots.decision_boundary(logistic, X, Y, title="Logistic", **ax),
    "three classes": lambda **ax: plots.decision_boundary(three_classes, X, class_names=["a", "b", "c"], **ax),
    "curves": lambda: plots.training_curves(HISTORY, title="Training"),
    "one curve": lambda **ax: plots.training_curves(HISTORY, ["accuracy"], **ax),
    "activation": lambda **ax: plots.activation("relu", **ax),
    "function": lambda **ax: plots.activation(np.sin, np.cos, title="Sine", **ax),
    "activations": lambda: plots.activations(["relu", "tanh", "selu", "hard_sigmoid"]),
    "network": lambda **ax: plots.network_diagram([3, 3, 1], inputs=["red", "green", "blue"], **ax),
    "weights": lambda **ax: plots.network_diagram([3, 3, 1], weights=WEIGHTS, biases=True, title="W", **ax),
    "wide": lambda **ax: plots.network_diagram([64, 16, 8, 10], **ax),
    "values": lambda **ax: plots.network_diagram([2, 1], values=[[0.5, -0.25], [1.0]], **ax),
    "images": lambda: plots.images(DIGITS, [3, 1, 4, 1, 5], predictions=[3, 7, 4, 1, 5], columns=3, title="Digits"),
    "matrix": lambda **ax: plots.matrix([[1.0, -2.0], [0.0, 0.5]], row_names=["u", "v"], title="A", **ax),
    "confusion": lambda **ax: plots.confusion([[5, 1], [0, 9]], ["light", "dark"], **ax),
    "surface": lambda **ax: plots.loss_surface(bowl, paths={"descent": PATH}, minimum=(0, 0), **ax),
    "log surface": lambda **ax: plots.loss_surface(bowl, paths=PATH, log=True, levels=5, **ax),
    "histograms": lambda **ax: plots.histograms([X[:, 0], 0.1 * X[:, 1]], xlabel="activation", **ax),
    "spread": lambda **ax: plots.spread({"He": [1, 1.1, 0.9], "small": [0.1, 1e-3, 0]}, reference=1, **ax),
    "swatches": lambda: plots.colour_swatches(["black", "white", "tomato"], [[0, 0, 0], [255, 255, 255], [255, 99, 71]],
                                              [0, 1, 0], [0, 1, 1], title="Fonts"),
}  # fmt: skip

# --- every figure ---------------------------------------------------------------------------------------------------

every_figure = pytest.mark.parametrize("name", FIGURES)


@functools.cache
def rendered(name: str) -> tuple[str, str]:
    """The file and the words of a figure, drawn once for all tests."""
    fig = FIGURES[name]()
    before = dict(matplotlib.rcParams)
    return plots.to_svg(fig), plots.describe(fig) if before == matplotlib.rcParams else "settings of Matplotlib changed"


@every_figure
def test_figure_has_the_same_bytes_each_time_it_is_drawn_and_rendered(name):
    first, _ = rendered(name)
    before = dict(matplotlib.rcParams)
    fig = FIGURES[name]()
    assert isinstance(fig, Figure)
    fig.savefig(io.BytesIO(), format="png", dpi=150)
    assert plots.to_svg(fig) == first
    assert plots.to_svg(fig) == first
    assert dict(matplotlib.rcParams) == before
    assert len(first) < 160_000


@every_figure
def test_svg_is_self_contained_and_its_references_resolve(name):
    text, _ = rendered(name)
    root = ElementTree.fromstring(text)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    targets = re.findall(r'(?:url\(#|href="#)([^)"]+)', text)
    assert len(ids) == len(set(ids))
    assert targets
    assert set(targets) <= set(ids)
    assert len({found.partition("-")[0] for found in ids}) == 1
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    for forbidden in ("matplotlib", "Matplotlib", "date", "<metadata", "nan", "<script"):
        assert forbidden not in text


@every_figure
def test_every_colour_has_a_dark_variant_or_is_kept_on_purpose(name):
    style, _, body = rendered(name)[0].partition("</style>")
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', body))
    assert plots.PAPER in used
    assert used <= set(plots.DARK)
    assert all(f'"{colour}"]{{fill:{plots.DARK[colour]}}}' in style for colour in used)
    assert 'style="' not in body.replace(f'style="{svg._PIXELATED}"', "")


@every_figure
def test_description_is_of_words_that_a_reader_sees(name):
    assert re.match(r'Figure.*: .*"[^"]+"', rendered(name)[1], flags=re.DOTALL)


@pytest.mark.parametrize("name", [name for name, draw in FIGURES.items() if draw.__code__.co_flags & 0x08])
def test_ax_draws_into_the_axes_that_is_given(name):
    fig, (left, right) = plt.subplots(1, 2)
    assert FIGURES[name](ax=left) is fig
    assert len(left.lines) + len(left.collections) + len(left.patches) > 0
    assert not right.lines
    assert len(fig.axes) == 2


def test_different_figures_share_no_id_and_a_changed_label_changes_the_file():
    texts = [rendered(name)[0] for name in FIGURES]
    marks = [re.search(r'id="(m[0-9a-f]{8})-', text)[1] for text in texts]
    assert len(set(marks)) == len(texts)
    fig = FIGURES["curves"]()
    before = rendered("curves")
    fig.axes[-1].set_xlabel("epochs")
    assert plots.to_svg(fig) != before[0]
    assert plots.describe(fig) != before[1]


def test_nothing_that_was_passed_in_is_modified():
    arrays = [X.copy(), DIGITS.copy(), WEIGHTS[0].copy(), PATH.copy()]
    history = {key: list(values) for key, values in HISTORY.items()}
    for draw in FIGURES.values():
        plt.close(draw())
    for before, after in zip(arrays, [X, DIGITS, WEIGHTS[0], PATH], strict=True):
        np.testing.assert_array_equal(before, after)
    assert history == HISTORY


# --- the same bytes on other machines -------------------------------------------------------------------------------


def test_noise_in_the_last_bits_changes_no_byte():
    noise = np.random.default_rng(0)

    def shaky(values):
        return values * (1 + 1e-13 * noise.normal(size=np.shape(values)))

    clean = plots.to_svg(plots.decision_boundary(three_classes, X))
    assert plots.to_svg(plots.decision_boundary(lambda P: np.clip(shaky(three_classes(P)), 0, 1), X)) == clean
    clean = plots.to_svg(plots.loss_surface(bowl, paths=PATH))
    assert plots.to_svg(plots.loss_surface(lambda a, b: shaky(bowl(a, b)), paths=shaky(PATH))) == clean


def test_a_tie_along_a_line_of_symmetry_is_drawn_alike_whatever_its_last_bit_says():
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    drawn = {
        plots.to_svg(plots.decision_boundary(lambda P, e=e: 0.5 + (P[:, 0] - 0.5) * (P[:, 1] - 0.5) + e, corners))
        for e in (-1e-15, 0.0, 1e-15)
    }
    assert len(drawn) == 1


TRAIN = """
import numpy as np
from mathnn import plots
rng = np.random.default_rng(1)
X = rng.uniform(-1, 1, (200, 2)); y = (X[:, :1] * X[:, 1:] > 0) * 1.0
W, V, b, c = rng.normal(size=(2, 24)), rng.normal(size=(24, 1)) / 5, np.zeros(24), 0.0
def net(P):
    return 1 / (1 + np.exp(-(np.tanh(P @ W + b) @ V + c)))
for _ in range(400):
    A = np.tanh(X @ W + b); d = (1 / (1 + np.exp(-(A @ V + c))) - y) / len(X); dZ = d @ V.T * (1 - A * A)
    V -= A.T @ d; c -= d.sum(); W -= X.T @ dZ; b -= dZ.sum(axis=0)
assert ((net(X) > 0.5) == y).mean() > 0.9
import hashlib
for fig in plots.decision_boundary(net, X, y), plots.activations(columns=4):
    print(hashlib.sha256(plots.to_svg(fig).encode()).hexdigest())
"""


def test_boundary_of_a_trained_network_is_the_same_under_other_kernels_of_blas_and_numpy():
    umath = np._core._multiarray_umath
    plain = " ".join(feature for feature in umath.__cpu_dispatch__ if umath.__cpu_features__[feature])
    answers = set()
    for core, without in (("Nehalem", ""), ("Haswell", plain), ("SkylakeX", "")):
        environment = {**os.environ, "OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        environment["NPY_DISABLE_CPU_FEATURES"] = without
        run = subprocess.run([sys.executable, "-c", TRAIN], env=environment, capture_output=True, text=True, check=True)
        answers.add(run.stdout)
    assert len(answers) == 1


@given(st.floats(-5000, 5000), st.integers(-3, 3))
def test_rounding_is_near_and_deaf_to_noise_at_simple_fractions(value, ulps):
    assert abs(float(svg._round(repr(value))) - value) < 0.0054
    tie = round(value * 200) / 200
    assert svg._round(repr(tie + ulps * 1e-12)) == svg._round(repr(tie))


# --- images, and what keeps its colour ------------------------------------------------------------------------------


def test_digits_are_embedded_pixel_by_pixel_and_inverted_on_dark_paper():
    text = plots.to_svg(plots.images(DIGITS, limits=(0, 16)))
    root = ElementTree.fromstring(text)
    found = [element for element in root.iter() if element.tag.endswith("image")]
    assert len(found) == len(DIGITS)
    for element, digit in zip(found, DIGITS, strict=True):
        assert element.get("class") == "ink"
        data = base64.b64decode(element.get("href").partition(",")[2])
        pixels = matplotlib.image.imread(io.BytesIO(data), format="png")
        assert pixels.shape == (8, 8)
        np.testing.assert_allclose(pixels, 1 - digit.reshape(8, 8) / 16, atol=0.5 / 255 + 1e-6)
        assert len(data) < 160


@pytest.mark.parametrize("channels", [3, 4])
def test_png_is_written_without_compression_and_without_loss(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, channels), dtype=np.uint8)
    stored = io.BytesIO()
    matplotlib.image.imsave(stored, pixels, format="png")
    again = base64.b64decode(svg._png("data:image/png;base64,\n" + base64.b64encode(stored.getvalue()).decode())[22:])
    read = np.rint(matplotlib.image.imread(io.BytesIO(again), format="png") * 255).astype(int)
    np.testing.assert_array_equal(read[..., :channels], pixels)
    assert len(again) < 7 * (5 * 4 + 1) + 80


def test_colours_that_are_data_are_written_so_that_no_dark_rule_finds_them():
    text, _ = rendered("swatches")
    kept = re.findall(r'<g fill="#000" data-name="as-is">(.*?)</g>', text, flags=re.DOTALL)
    assert len(kept) >= 3
    assert not any(re.search(r'"#[0-9a-f]*[a-f][0-9a-f]*"', part) for part in kept)
    assert 'fill="#FFFFFF"' in text
    assert 'fill="#FF6347"' in text


# --- palette --------------------------------------------------------------------------------------------------------


def linear(colour: str) -> np.ndarray:
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (a, b))
    return high / low


# Machado, Oliveira and Fernandes (2009), severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    t = to_xyz @ rgb / [0.95047, 1, 1.08883]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(a: str, b: str, kind: str) -> float:
    seen = [lab(np.clip(np.array(BLINDNESS[kind]) @ linear(c), 0, 1)) for c in (a, b)]
    return float(np.linalg.norm(seen[0] - seen[1]))


DRAWN = sorted(set(plots.DARK) - {plots.PAPER, plots.GRID})


@pytest.mark.parametrize("colour", DRAWN)
def test_every_colour_stands_out_from_both_papers(colour):
    least = 4.5 if colour in (plots.INK, plots.MUTED, plots.HIGHLIGHT) else 3
    assert contrast(colour, plots.PAPER) >= least
    assert contrast(plots.DARK[colour], plots.DARK[plots.PAPER]) >= least


@pytest.mark.parametrize("colour", [plots.POSITIVE, plots.NEGATIVE, plots.HIGHLIGHT, plots.MUTED])
def test_ink_can_be_read_on_the_strongest_cell_of_a_matrix(colour):
    for variant in (lambda c: c, plots.DARK.get):
        mixed = 0.45 * np.array(to_rgb(variant(colour))) + 0.55 * np.array(to_rgb(variant(plots.PAPER)))
        assert contrast(variant(plots.INK), to_hex(mixed)) >= 4.5


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize(
    "pair",
    [
        (plots.CLASS_0, plots.CLASS_1),
        (plots.VALUE, plots.DERIVATIVE),
        (plots.TRAIN, plots.VALIDATION),
        (plots.POSITIVE, plots.NEGATIVE),
    ],
    ids=["classes", "function and derivative", "training and validation", "signs"],
)
def test_colours_of_one_figure_differ_for_every_eye(pair, kind):
    a, b = pair
    assert difference(a, b, kind) > 35
    assert difference(plots.DARK[a], plots.DARK[b], kind) > 35


def test_classes_differ_in_colour_and_in_marker():
    assert len(set(plots.CLASSES)) == len(plots.CLASSES) == len(set(plots.MARKERS)) == 10
    assert min(difference(a, b, "none") for a, b in itertools.combinations(plots.CLASSES, 2)) > 20


# --- what each figure shows -----------------------------------------------------------------------------------------


def test_boundary_line_lies_where_the_probability_is_one_half():
    ax = plots.decision_boundary(logistic, X, Y).axes[0]
    (line,) = ax.patches
    np.testing.assert_allclose(line.get_path().vertices[:, 0], 0.3, atol=1e-4)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), X[Y == 0])
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), X[Y == 1])
    assert ax.lines[0].get_marker() != ax.lines[1].get_marker()


@pytest.mark.parametrize("shape", [lambda p: p, lambda p: p[:, None], lambda p: np.column_stack([1 - p, p])])
def test_boundary_takes_a_vector_a_column_or_one_column_for_each_class(shape):
    one_hot = np.eye(2)[Y]

    class Model:
        def predict(self, points):
            return shape(logistic(points))

    assert plots.to_svg(plots.decision_boundary(Model(), X, one_hot)) == plots.to_svg(
        plots.decision_boundary(logistic, X, Y)
    )


def test_curves_mark_the_epoch_of_the_smallest_validation_loss():
    fig = plots.training_curves(HISTORY)
    assert [ax.get_ylabel() for ax in fig.axes] == ["loss", "accuracy"]
    for ax, key in zip(fig.axes, ("loss", "accuracy"), strict=True):
        training, validation, _, best = ax.lines
        np.testing.assert_array_equal(training.get_xydata(), np.column_stack([range(1, 6), HISTORY[key]]))
        np.testing.assert_array_equal(validation.get_ydata(), HISTORY[f"val_{key}"])
        assert training.get_linestyle() != validation.get_linestyle()
        assert tuple(best.get_xydata()[0]) == (3, HISTORY[f"val_{key}"][2])
    assert "best epoch: 3" in plots.describe(fig)


def test_curves_without_validation_and_with_a_diverged_epoch():
    class History:
        history = {"loss": [1.0, 0.5, float("nan")]}

    assert "best epoch: 2" in plots.describe(plots.training_curves(History()))


def test_activation_draws_function_and_derivative_and_breaks_at_the_jump():
    ax = plots.activation("relu").axes[0]
    function, derivative = (line for line in ax.lines if line.get_label().startswith("$f"))
    z, y = function.get_xydata().T
    np.testing.assert_allclose(y, np.maximum(z, 0))
    z, y = derivative.get_xydata().T
    assert np.isnan(y).sum() == 1
    np.testing.assert_array_equal(y[z < 0], 0)
    np.testing.assert_array_equal(y[z > 0], 1)
    dots = {float(line.get_ydata()[0]): line for line in ax.lines if line.get_marker() == "o"}
    assert to_hex(dots[0.0].get_markerfacecolor()) == plots.DERIVATIVE
    assert to_hex(dots[1.0].get_markerfacecolor()) == plots.PAPER


@pytest.mark.parametrize(("name", "jumps"), [("sigmoid", 0), ("step", 1), ("hard_sigmoid", 2), ("tanh", 0)])
def test_only_jumps_are_broken(name, jumps):
    ax = plots.activation(name).axes[0]
    assert sum(np.isnan(line.get_ydata()).sum() for line in ax.lines if line.get_label().startswith("$f")) == jumps


def test_activations_draws_every_elementwise_one():
    from mathnn import activations

    titles = [ax.get_title("left") for ax in plots.activations().axes if ax.axison]
    assert titles == [name for name in activations.registry.names() if "softmax" not in name]


def test_network_has_a_line_for_each_weight_by_sign_and_size():
    fig = plots.network_diagram([3, 3, 1], weights=WEIGHTS)
    lines = fig.axes[0].lines
    assert len(lines) == 12
    flat = np.concatenate([W.T.ravel() for W in WEIGHTS])
    assert [to_hex(line.get_color()) for line in lines] == [plots.POSITIVE if w >= 0 else plots.NEGATIVE for w in flat]
    np.testing.assert_array_equal(np.argsort([line.get_linewidth() for line in lines]), np.argsort(np.abs(flat)))
    assert {line.get_linestyle() for line in lines} == {"-", "--"}
    assert len(plots.network_diagram([3, 3, 1], biases=True).axes[0].lines) == 12 + 4


def test_network_of_a_model_and_of_wide_layers():
    from mathnn.layers import Dense
    from mathnn.models import Sequential

    model = Sequential([Dense(3, activation="relu"), Dense(1)], seed=0)
    with pytest.raises(StateError, match="build"):
        plots.network_diagram(model)
    model.build((2,))
    assert len(plots.network_diagram(model, weights=True).axes[0].lines) == 2 * 3 + 3
    words = plots.describe(plots.network_diagram([64, 10]))
    assert '"⋮"' in words
    assert '"64 nodes"' in words
    assert "x_{64}" in words


def test_matrix_and_confusion_write_every_number():
    assert 'text "1.00", "−2.00", "0.00", "0.50"' in rendered("matrix")[1]
    fig = FIGURES["confusion"]()
    assert 'text "5", "1", "·", "9"' in plots.describe(fig)
    colours = [to_hex(square.get_facecolor()) for square in fig.axes[0].patches]
    assert colours == [plots.MUTED, plots.HIGHLIGHT, plots.HIGHLIGHT, plots.MUTED]


def test_surface_draws_paths_from_start_to_end():
    ax = FIGURES["surface"]().axes[0]
    star, path, start, end = ax.lines
    np.testing.assert_array_equal(path.get_xydata(), PATH)
    np.testing.assert_array_equal(start.get_xydata()[0], PATH[0])
    np.testing.assert_array_equal(end.get_xydata()[0], PATH[-1])
    assert star.get_marker() == "*"


def test_histograms_state_the_spread_and_spread_leaves_out_zeros_of_a_logarithm():
    fig = plots.histograms([[1.0, -1.0], [0.5, -0.5]])
    assert 'text "std 1", "std 0.5"' in plots.describe(fig)
    ax = FIGURES["spread"]().axes[0]
    assert ax.get_yscale() == "log"
    np.testing.assert_array_equal(np.isnan(ax.lines[2].get_ydata()), [False, False, True])


def test_swatches_write_each_name_in_the_font_colour_and_mark_mistakes():
    ax = FIGURES["swatches"]().axes[0]
    assert [(t.get_text(), to_hex(t.get_color())) for t in ax.texts[:3]] == [
        ("black", "#ffffff"),
        ("white", "#000000"),
        ("tomato", "#000000"),
    ]
    assert len(ax.lines) == 1
    assert ax.lines[0].get_marker() == "X"


def test_images_tell_what_was_answered_and_what_it_is():
    assert '"3", "7, is 1", "4", "1", "5"' in rendered("images")[1]


# --- errors ---------------------------------------------------------------------------------------------------------

NAN = np.array([[0.0, np.nan], [1, 2]])
BAD = {
    "one feature": (ShapeError, lambda: plots.decision_boundary(logistic, X[:, :1], Y)),
    "three features": (ShapeError, lambda: plots.decision_boundary(logistic, np.ones((4, 3)), [0, 1, 0, 1])),
    "text": (DtypeError, lambda: plots.decision_boundary(logistic, np.array([["a", "b"]]), [0])),
    "nan": (NonFiniteError, lambda: plots.decision_boundary(logistic, NAN, [0, 1])),
    "labels too short": (ShapeError, lambda: plots.decision_boundary(logistic, X, Y[:-1])),
    "labels not whole": (LabelError, lambda: plots.decision_boundary(logistic, X, Y + 0.5)),
    "label unknown": (LabelError, lambda: plots.decision_boundary(logistic, X, Y + 1)),
    "not one-hot": (LabelError, lambda: plots.decision_boundary(logistic, X, np.ones((40, 2)))),
    "no model": (ConfigError, lambda: plots.decision_boundary(3, X, Y)),
    "logits": (LabelError, lambda: plots.decision_boundary(lambda P: 9 * P[:, 0], X, Y)),
    "nan answer": (NonFiniteError, lambda: plots.decision_boundary(lambda P: P[:, 0] * np.nan, X, Y)),
    "answer of wrong length": (ShapeError, lambda: plots.decision_boundary(lambda P: P[:5, 0] * 0, X, Y)),
    "too many classes": (ConfigError, lambda: plots.decision_boundary(lambda P: np.full((len(P), 11), 1 / 11), X)),
    "resolution": (ConfigError, lambda: plots.decision_boundary(logistic, X, Y, resolution=1)),
    "margin": (ConfigError, lambda: plots.decision_boundary(logistic, X, Y, margin=-1)),
    "names": (ShapeError, lambda: plots.decision_boundary(logistic, X, Y, class_names=["one"])),
    "not axes": (ConfigError, lambda: plots.activation("relu", ax=plt)),
    "misspelt activation": (ConfigError, lambda: plots.activation("rellu")),
    "softmax": (ConfigError, lambda: plots.activation("softmax")),
    "no function": (ConfigError, lambda: plots.activation(3)),
    "limits": (ConfigError, lambda: plots.activation("relu", limits=(1, 1))),
    "not elementwise": (ShapeError, lambda: plots.activation(lambda z: z[:3])),
    "infinite": (NonFiniteError, lambda: plots.activation(lambda z: np.full_like(z, np.inf))),
    "nothing to draw": (ConfigError, lambda: plots.activations([])),
    "no history": (ConfigError, lambda: plots.training_curves([1, 2])),
    "empty history": (ConfigError, lambda: plots.training_curves({})),
    "misspelt key": (ConfigError, lambda: plots.training_curves(HISTORY, ["acuracy"])),
    "empty list": (ShapeError, lambda: plots.training_curves({"loss": []})),
    "different lengths": (ShapeError, lambda: plots.training_curves({"loss": [1.0], "val_loss": [1.0, 2.0]})),
    "two in one axes": (ConfigError, lambda: plots.training_curves(HISTORY, ax=plt.figure().add_subplot())),
    "one layer": (ConfigError, lambda: plots.network_diagram([3])),
    "no network": (ConfigError, lambda: plots.network_diagram("3-3-1")),
    "empty layer": (ConfigError, lambda: plots.network_diagram([3, 0])),
    "weights of a list": (ShapeError, lambda: plots.network_diagram([3, 3, 1], weights=True)),
    "weights transposed": (ShapeError, lambda: plots.network_diagram([2, 1], weights=[np.ones((1, 2))])),
    "inputs": (ShapeError, lambda: plots.network_diagram([3, 1], inputs=["red"])),
    "values": (ShapeError, lambda: plots.network_diagram([2, 1], values=[[1, 2], [1, 2]])),
    "max_nodes": (ConfigError, lambda: plots.network_diagram([9, 1], max_nodes=1)),
    "no images": (ShapeError, lambda: plots.images(np.ones((3, 7)))),
    "columns": (ConfigError, lambda: plots.images(DIGITS, columns=0)),
    "labels of images": (ShapeError, lambda: plots.images(DIGITS, [1, 2])),
    "ragged": (ShapeError, lambda: plots.matrix([[1, 2], [3]])),
    "cube": (ShapeError, lambda: plots.matrix(np.ones((2, 2, 2)))),
    "large": (ShapeError, lambda: plots.matrix(np.ones((100, 100)))),
    "not square": (ShapeError, lambda: plots.confusion(np.ones((2, 3)))),
    "negative count": (LabelError, lambda: plots.confusion([[1, -1], [0, 1]])),
    "no surface": (ConfigError, lambda: plots.loss_surface(3)),
    "constant surface": (ShapeError, lambda: plots.loss_surface(lambda a, b: 1.0)),
    "path": (ShapeError, lambda: plots.loss_surface(bowl, paths=[[1, 2, 3]])),
    "logarithm": (ConfigError, lambda: plots.loss_surface(lambda a, b: a, log=True)),
    "levels": (ConfigError, lambda: plots.loss_surface(bowl, levels=0)),
    "no arrays": (ShapeError, lambda: plots.histograms([])),
    "no series": (ConfigError, lambda: plots.spread([1, 2])),
    "colours": (ShapeError, lambda: plots.colour_swatches(["a"], [[1, 2]], [0])),
    "colour range": (LabelError, lambda: plots.colour_swatches(["a"], [[-1, 0, 0]], [0])),
    "colour label": (LabelError, lambda: plots.colour_swatches(["a"], [[1, 0, 0]], [2])),
    "colour names": (ShapeError, lambda: plots.colour_swatches("a", [[1, 0, 0]], [1])),
    "not a figure": (ConfigError, lambda: plots.to_svg(plt.figure().add_subplot())),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error_that_says_who_and_what(name):
    error, call = BAD[name]
    with pytest.raises(MathnnError) as raised:
        call()
    assert type(raised.value) is error
    assert len(str(raised.value)) > 30


# --- in a process, in a notebook, in a browser ----------------------------------------------------------------------


def test_import_changes_no_setting_and_loads_no_pyplot():
    code = (
        "import sys, matplotlib; before = dict(matplotlib.rcParams); import mathnn.plots; "
        "assert dict(matplotlib.rcParams) == before; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "MPLBACKEND": "agg"})


def test_use_book_style_outside_a_notebook_sets_the_style():
    with matplotlib.rc_context():
        plots.use_book_style()
        fig, ax = plt.subplots()
        ax.plot([0, 1], [0, 1])
        assert to_hex(fig.get_facecolor()) == plots.PAPER
        assert to_hex(ax.lines[0].get_color()) == plots.VALUE
        assert set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', plots.to_svg(fig))) <= set(plots.DARK)


SETUP = "import matplotlib.pyplot as plt\nfrom mathnn import plots\n"
CELLS = {
    "last expression": "plots.activation('tanh')",
    "not the last": "plots.activation('tanh')\nNone",
    "assigned": "fig = plots.activation('tanh')",
    "assigned and named": "fig = plots.activation('tanh')\nfig",
    "shown": "plots.activation('tanh')\nplt.show()",
    "own axes": "fig, ax = plt.subplots()\nplots.activation('tanh', ax=ax)",
    "pyplot": "fig, ax = plt.subplots()\nax.plot([1, 2])\nax.set_xlabel('x')\nNone",
    "pyplot, named": "fig, ax = plt.subplots()\nax.plot([1, 2])\nfig",
    "pyplot, shown": "plt.plot([1, 2])\nplt.show()",
    "named again": "fig",
}


@pytest.mark.parametrize("setup", ["plots.use_book_style()", "plots.use_book_style()\n%matplotlib inline"])
def test_a_notebook_shows_each_figure_once_as_svg_with_words(setup, tmp_path):
    from nbclient import NotebookClient
    from nbformat import v4

    cells = [v4.new_code_cell(source) for source in (SETUP + setup, *CELLS.values())]
    NotebookClient(v4.new_notebook(cells=cells), timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for name, cell in zip(CELLS, cells[1:], strict=True):
        assert len(cell.outputs) == 1, name
        data = cell.outputs[0]["data"]
        assert set(data) == {"image/svg+xml", "text/plain"}, name
        assert data["image/svg+xml"].startswith("<svg"), name
        assert data["text/plain"].startswith("Figure"), name


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

if CHROMIUM:

    def test_an_image_follows_the_scheme_of_its_page(tmp_path: Path) -> None:
        from playwright.sync_api import sync_playwright

        for name in ("swatches", "boundary"):
            (tmp_path / f"{name}.svg").write_text(rendered(name)[0], encoding="utf-8")
        page_text = '<html><body style="margin:0"><img src="swatches.svg"><br><img src="boundary.svg">'
        (tmp_path / "page.html").write_text(page_text, encoding="utf-8")
        seen = {}
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            page = browser.new_page(color_scheme="light")
            page.goto((tmp_path / "page.html").as_uri())
            for scheme in ("light", "dark"):
                page.evaluate(f"document.documentElement.style.colorScheme = '{scheme}'")
                shot = io.BytesIO(page.screenshot(full_page=True, animations="disabled"))
                seen[scheme] = np.rint(matplotlib.image.imread(shot, format="png")[..., :3] * 255).astype(int)
            browser.close()
        colours = {s: {to_hex(c / 255) for c in np.unique(p.reshape(-1, 3), axis=0)} for s, p in seen.items()}
        for colour in (plots.PAPER, plots.CLASS_0, plots.CLASS_1, plots.INK):
            assert colour in colours["light"]
            assert plots.DARK[colour] in colours["dark"]
        assert {"#ff6347", "#ffffff", "#000000"} <= colours["dark"]
