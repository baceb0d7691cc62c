"""Convolution, pooling and upsampling against their definitions, and their laws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import ConfigError, MathnnError, ShapeError, convolution, pooling
from mathnn.convolution import conv2d, conv2d_input_gradient, conv2d_kernel_gradient, conv2d_transpose
from mathnn.layers import Layer
from tests import naive_images as naive
from tests.layer_cases import LAYER_CASES, LayerCase

IMAGE_LAYERS = (
    mathnn.Conv2D,
    mathnn.Conv2DTranspose,
    mathnn.MaxPooling2D,
    mathnn.AveragePooling2D,
    mathnn.StochasticPooling2D,
    mathnn.GlobalAveragePooling2D,
    mathnn.UpSampling2D,
)
IMAGE_CASES = [case for case in LAYER_CASES if isinstance(case.make(), IMAGE_LAYERS)]
CLOSE = {"rtol": 1e-11, "atol": 1e-12}


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.one_of(st.sampled_from(["valid", "same"]), st.tuples(st.integers(0, 2), st.integers(0, 2)))


@st.composite
def convolutions(draw: st.DrawFn, largest_kernel: int = 3) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    """Images, a kernel and a way to slide that fit together."""
    kernel_size = draw(st.tuples(st.integers(1, largest_kernel), st.integers(1, largest_kernel)))
    how = {
        "strides": draw(pairs),
        "padding": draw(paddings),
        "dilation": draw(pairs),
        "groups": draw(st.integers(1, 3)),
    }
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    c, f = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    X = numbers(draw(st.integers(1, 3)), *size, c * how["groups"], seed=draw(st.integers(0, 9)))
    W = numbers(*kernel_size, c, f * how["groups"], seed=draw(st.integers(0, 9)))
    try:
        convolution.image_axes("", size, kernel_size, how["strides"], how["padding"], how["dilation"])
    except MathnnError:
        assume(False)
    return X, W, how


# --- convolution against its definition -----------------------------------------------------------------------------


def check_against_loops(X: np.ndarray, W: np.ndarray, how: dict[str, object]) -> None:
    Y = conv2d(X, W, **how)
    assert_allclose(Y, naive.conv2d(X, W, **how), **CLOSE)
    dY = numbers(*Y.shape, seed=5)
    size, kernel_size = X.shape[1:3], W.shape[:2]
    dX = conv2d_input_gradient(dY, W, size, **how)
    assert_allclose(dX, naive.conv2d_input_gradient(dY, W, size, **how), **CLOSE)
    dW = conv2d_kernel_gradient(X, dY, kernel_size, **how)
    assert_allclose(dW, naive.conv2d_kernel_gradient(X, dY, kernel_size, **how), **CLOSE)


@given(convolutions())
def test_convolution_and_its_gradients_are_their_definitions(case: tuple) -> None:
    check_against_loops(*case)


@pytest.mark.parametrize("block", [1, 300, 3000])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("kernel_size", "channels", "filters"), [((3, 2), 2, 3), ((2, 5), 1, 3), ((3, 5), 5, 10)])
def test_the_size_of_the_blocks_changes_nothing(
    block: int, padding: str, kernel_size: tuple[int, int], channels: int, filters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, W = numbers(5, 6, 8, channels), numbers(*kernel_size, channels, filters)
    monkeypatch.setattr(convolution, "BLOCK", block)
    check_against_loops(X, W, {"padding": padding})
    check_against_loops(X, W, {"padding": padding, "strides": (2, 1)})


@pytest.mark.parametrize(
    ("filters", "width", "together"), [(3, 12, 4), (8, 12, 4), (9, 12, 2), (16, 6, 2), (17, 12, 1)]
)
@pytest.mark.parametrize("padding", ["valid", "same", (1, 2)])
def test_windows_taken_side_by_side_change_nothing(filters: int, width: int, together: int, padding: object) -> None:
    outputs = {"valid": width + 4, "same": width, (1, 2): width}[padding]
    X, W = numbers(2, 5, outputs, 1), numbers(2, 5, 1, filters)
    columns = convolution.image_axes("", X.shape[1:3], W.shape[:2], (1, 1), padding, (1, 1))[1]
    assert columns.outputs == width
    assert convolution._strip(W.shape, columns) == together
    check_against_loops(X, W, {"padding": padding})
    assert convolution._strip((2, 5, 1, filters), columns._replace(s=2)) == 1


@given(convolutions())
def test_convolution_is_linear_in_image_and_kernel(case: tuple) -> None:
    X, W, how = case
    X2, W2 = numbers(*X.shape, seed=11), numbers(*W.shape, seed=12)
    assert_allclose(conv2d(2 * X - 3 * X2, W, **how), 2 * conv2d(X, W, **how) - 3 * conv2d(X2, W, **how), **CLOSE)
    assert_allclose(conv2d(X, 2 * W - 3 * W2, **how), 2 * conv2d(X, W, **how) - 3 * conv2d(X, W2, **how), **CLOSE)


@given(convolutions())
def test_the_gradients_are_the_adjoints(case: tuple) -> None:
    X, W, how = case
    Y = conv2d(X, W, **how)
    C = numbers(*Y.shape, seed=13)
    inner = np.sum(Y * C)
    assert_allclose(np.sum(X * conv2d_input_gradient(C, W, X.shape[1:3], **how)), inner, **CLOSE)
    assert_allclose(np.sum(W * conv2d_kernel_gradient(X, C, W.shape[:2], **how)), inner, **CLOSE)


@given(convolutions())
def test_the_transpose_leads_back_to_the_images_it_is_the_adjoint_on(case: tuple) -> None:
    X, W, how = case
    W = np.ascontiguousarray(W.swapaxes(2, 3)) if how["groups"] == 1 else W
    channels_in, channels_out = W.shape[3], W.shape[2] * how["groups"]
    small = numbers(*X.shape[:3], channels_in, seed=14)
    try:
        large = conv2d_transpose(small, W, **how)
    except MathnnError:
        assume(False)
    assert large.shape[3] == channels_out
    Z = numbers(*large.shape, seed=15)
    back = conv2d(Z, W, **how)
    assert back.shape == small.shape
    assert_allclose(np.sum(back * small), np.sum(Z * large), **CLOSE)


@given(convolutions(), st.integers(1, 3), st.integers(1, 3))
def test_a_shifted_image_gives_a_shifted_map(case: tuple, down: int, right: int) -> None:
    X, W, how = case
    how = {**how, "padding": "valid"}
    try:
        Y = conv2d(X, W, **how)
    except ShapeError:
        assume(False)
    s, t = how["strides"]
    wide = np.pad(X, ((0, 0), (down * s, 0), (right * t, 0), (0, 0)))
    assert_allclose(conv2d(wide, W, **how)[:, down:, right:], Y, **CLOSE)


@given(
    n=st.integers(1, 30),
    k=st.integers(1, 6),
    s=st.integers(1, 4),
    d=st.integers(1, 3),
    padding=st.one_of(st.sampled_from(["valid", "same"]), st.integers(0, 5)),
)
def test_the_length_of_the_output_counts_the_windows(n: int, k: int, s: int, d: int, padding: str | int) -> None:
    p, outputs = naive.padding_before(n, k, s, d, padding)
    extent = d * (k - 1) + 1
    if outputs == 0 or (isinstance(padding, int) and padding >= extent):
        with pytest.raises((ShapeError, ConfigError)):
            mathnn.windows.axis("", n, k, s, d, padding)
        return
    a = mathnn.windows.axis("", n, k, s, d, padding)
    assert (a.p, a.outputs) == (p, outputs)
    for i in range(k):
        there = [(o, x) for o in range(outputs) if 0 <= (x := o * s + i * d - p) < n]
        o, x = a.meet(i)
        assert list(zip(np.arange(outputs)[o], np.arange(n)[x], strict=True)) == there
    if d == 1:
        assert_array_equal(a.counts, [sum(0 <= o * s + i - p < n for i in range(k)) for o in range(outputs)])


@pytest.mark.parametrize("n", range(1, 8))
def test_the_length_of_the_transpose_is_that_of_keras_and_pytorch(n: int) -> None:
    for k, s, d in itertools.product(range(1, 5), range(1, 4), range(1, 3)):
        extent = d * (k - 1) + 1
        assert convolution.transposed_length("", n, k, s, d, "same") == n * s
        assert convolution.transposed_length("", n, k, s, d, "valid") == n * s + max(extent - s, 0)
        assert convolution.transposed_length("", n, k, s, d, 0) == (n - 1) * s + extent
        for padding in ("same", "valid", 0):
            length = convolution.transposed_length("", n, k, s, d, padding)
            assert mathnn.windows.axis("", length, k, s, d, padding).outputs == n


def test_same_padding_puts_the_odd_cell_last() -> None:
    X = np.arange(1.0, 5.0).reshape(1, 1, 4, 1)
    assert conv2d(X, np.array([1.0, 10.0]).reshape(1, 2, 1, 1), padding="same").ravel().tolist() == [21, 32, 43, 4]


def test_a_known_edge() -> None:
    """The Sobel kernel on a step gives the step's place and nothing else."""
    X = np.zeros((1, 5, 6, 1))
    X[:, :, 3:] = 1
    sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])[:, :, np.newaxis, np.newaxis]
    assert_array_equal(conv2d(X, sobel)[0, :, :, 0], [[0, 4, 4, 0]] * 3)


def test_integers_and_mixed_dtypes() -> None:
    X, W = np.arange(16).reshape(1, 4, 4, 1), np.ones((2, 2, 1, 1), np.float32)
    assert conv2d(X, W).dtype == np.float64
    assert conv2d(X.astype(np.float32), W).dtype == np.float32
    assert_array_equal(conv2d(X, np.ones((2, 2, 1, 1), int)), conv2d(X, W))


@pytest.mark.parametrize("shape", [(0, 4, 4, 2), (0, 1, 1, 2)])
def test_no_images_at_all(shape: tuple[int, ...]) -> None:
    W = np.ones((1, 1, 2, 3))
    assert conv2d(np.zeros(shape), W).shape == (*shape[:3], 3)
    assert conv2d_input_gradient(np.zeros((*shape[:3], 3)), W, shape[1:3]).shape == shape
    assert not conv2d_kernel_gradient(np.zeros(shape), np.zeros((*shape[:3], 3)), (1, 1)).any()


# --- pooling --------------------------------------------------------------------------------------------------------


@st.composite
def pools(draw: st.DrawFn) -> tuple[np.ndarray, tuple]:
    """Images and a window."""
    size, strides = draw(pairs), draw(st.one_of(st.none(), pairs))
    X = numbers(2, draw(st.integers(1, 7)), draw(st.integers(1, 7)), 2, seed=draw(st.integers(0, 9)))
    padding = draw(paddings)
    try:
        pooling.pooling_axes("", X.shape[1:3], size, strides, padding)
    except MathnnError:
        assume(False)
    return X, (size, strides, padding)


@given(pools())
def test_pooling_is_its_definition(case: tuple) -> None:
    X, window = case
    assert_array_equal(pooling.max_pool2d(X, *window), naive.pool(X, *window, max))
    assert_array_equal(pooling.max_pool2d_with_winners(X, *window)[0], naive.pool(X, *window, max))
    mean = naive.pool(X, *window, lambda w: sum(w) / len(w))
    assert_allclose(pooling.average_pool2d(X, *window), mean, **CLOSE)
    assert_allclose(pooling.expected_pool2d(X, *window), naive.pool(X, *window, naive.expectation), **CLOSE)


@given(pools())
def test_the_gradient_of_the_maximum_is_the_sum_of_what_each_input_won(case: tuple) -> None:
    X, window = case
    Y, winners = pooling.max_pool2d_with_winners(X, *window)
    dY = numbers(*Y.shape, seed=7)
    expected = np.zeros_like(X)
    size, strides, padding = window
    for o, q, _, _, h, w in naive.taps(X.shape, size, strides or size, padding, (1, 1)):
        expected[:, h, w] += dY[:, o, q] * (X[:, h, w] == Y[:, o, q])
    assert_allclose(pooling.max_pool2d_gradient(dY, winners, X.shape[1:3], *window), expected, **CLOSE)


@given(pools())
def test_the_gradient_of_the_mean_is_its_adjoint(case: tuple) -> None:
    X, window = case
    Y = pooling.average_pool2d(X, *window)
    C = numbers(*Y.shape, seed=8)
    dX = pooling.average_pool2d_gradient(C, X.shape[1:3], *window)
    assert_allclose(np.sum(Y * C), np.sum(X * dX), **CLOSE)


def test_of_equal_numbers_one_takes_the_whole_gradient() -> None:
    X = np.zeros((1, 4, 6, 2))
    for size, strides in (((2, 2), None), ((3, 3), (1, 2)), ((2, 3), (2, 3))):
        Y, winners = pooling.max_pool2d_with_winners(X, size, strides)
        dX = pooling.max_pool2d_gradient(np.ones_like(Y), winners, (4, 6), size, strides)
        assert dX.sum() == Y.size
        assert dX[0, 0, 0, 0] == 1


def test_padding_is_not_a_number_to_pool() -> None:
    X = -1 - np.abs(numbers(2, 3, 5, 2))
    for padding in ("same", (1, 1)):
        assert pooling.max_pool2d(X, (2, 2), (2, 2), padding).max() <= -1
        assert pooling.max_pool2d_with_winners(X, (2, 2), (2, 2), padding)[0].max() <= -1
        assert pooling.average_pool2d(X, (2, 2), (2, 2), padding).max() <= -1
        assert pooling.expected_pool2d(-X, (2, 2), (2, 2), padding).min() >= 1
        assert pooling.stochastic_pool2d(-X, np.random.default_rng(0), (2, 2), (2, 2), padding)[0].min() >= 1


@pytest.mark.parametrize("size", [(1, 1), (2, 2)])
def test_max_pooling_returns_an_array_of_its_own(size: tuple[int, int]) -> None:
    X = numbers(1, 4, 4, 1)
    assert not np.shares_memory(X, pooling.max_pool2d(X, size))


def test_stochastic_pooling_draws_in_proportion_and_is_right_in_the_mean() -> None:
    window = np.array([[1.0, 3.0], [-2.0, 6.0]])
    m = 40_000
    X = np.broadcast_to(window[np.newaxis, :, :, np.newaxis], (m, 2, 2, 1))
    Y, chosen = pooling.stochastic_pool2d(X, np.random.default_rng(0), (2, 2))
    for n, p in enumerate([0.1, 0.3, 0.0, 0.6]):
        # Within five standard deviations of a binomial share.
        assert abs(np.mean(chosen == n) - p) <= 5 * np.sqrt(p * (1 - p) / m)
        assert_array_equal(Y[chosen == n], max(0.0, window.ravel()[n]))
    spread = np.sqrt((0.1 + 0.3 * 9 + 0.6 * 36 - 4.6**2) / m)
    assert abs(Y.mean() - 4.6) <= 5 * spread
    assert pooling.expected_pool2d(X[:1], (2, 2)).item() == pytest.approx(4.6)


@given(pools(), st.integers(0, 5))
def test_a_drawn_number_is_one_of_its_window(case: tuple, seed: int) -> None:
    X, (size, strides, padding) = case
    Y, chosen = pooling.stochastic_pool2d(X, np.random.default_rng(seed), size, strides, padding)
    found = np.zeros(Y.shape, bool)
    for o, q, i, j, h, w in naive.taps(X.shape, size, strides or size, padding, (1, 1)):
        hit = chosen[:, o, q] == i * size[1] + j
        found[:, o, q] |= hit & (np.maximum(X[:, h, w], 0) == Y[:, o, q])
    # Where the drawn cell is padding nothing in the window was positive.
    nothing = pooling.max_pool2d(X, size, strides, padding) <= 0
    assert_array_equal(found | nothing, True)
    assert_array_equal(Y[nothing], 0)
    assert (Y[~nothing] > 0).all()


def test_float32_draws_never_fall_beyond_the_window() -> None:
    class AlwaysZero:
        """The smallest draw: u = 1 after the complement, so u Σa is all of Σa."""

        def random(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
            return np.zeros(shape, dtype)

    X = np.array([0.1, 0.2, 0.3, 0.0], np.float32).reshape(1, 2, 2, 1)
    Y, chosen = pooling.stochastic_pool2d(X, AlwaysZero(), (2, 2))
    assert (Y.dtype, Y.item(), chosen.item()) == (np.float32, X[0, 1, 0, 0], 2)


def test_stochastic_pooling_takes_its_own_stream() -> None:
    def net(*layers: Layer) -> mathnn.Sequential:
        return mathnn.Sequential(
            [mathnn.Conv2D(2, 2), *layers, mathnn.Flatten(), mathnn.Dense(2)], seed=1, input_shape=(5, 5, 1)
        )

    X = numbers(3, 4, 4, 2)
    a, b = (mathnn.StochasticPooling2D() for _ in "ab")
    first, second = net(a), net(b)
    assert_array_equal(first.theta, net(mathnn.MaxPooling2D()).theta)
    assert_array_equal(first.theta, second.theta)
    draw = a.forward(X, training=True)
    assert_array_equal(draw, b.forward(X, training=True))
    assert not np.array_equal(draw, a.forward(X, training=True))
    assert_array_equal(a.forward(X), a.forward(X))


# --- upsampling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2), (1, 4)])
def test_upsampling_is_its_definition(interpolation: str, size: tuple[int, int]) -> None:
    layer = mathnn.UpSampling2D(size, interpolation)
    for shape in ((3, 4, 2), (1, 2, 1)):
        layer.build(shape, np.random.default_rng(0))
        X = numbers(2, *shape)
        assert_allclose(layer.forward(X), naive.upsample(X, size, interpolation), **CLOSE)
        assert_allclose(layer.forward(np.ones_like(X)), 1, rtol=1e-12)


# --- layers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", IMAGE_CASES, ids=str)
def test_unknown_height_and_width(case: LayerCase) -> None:
    known, unknown = case.built(), case.make()
    height, width, channels = case.shape
    for shape, kept in (((None, None, channels), (False, False)), ((height, None, channels), (True, False))):
        unknown.build(shape, np.random.default_rng(0))
        if len(known.output_shape) == 3 and not isinstance(known, mathnn.GlobalAveragePooling2D):
            expected = tuple(n if k else None for n, k in zip(known.output_shape[:2], kept, strict=True))
            assert unknown.output_shape == (*expected, known.output_shape[2])
        assert_array_equal(unknown.forward(case.X()), known.forward(case.X()))
    larger = case.X()[:, :, np.r_[0:width, 0:width]]
    assert unknown.forward(larger).shape[0] == case.m


@pytest.mark.parametrize("case", IMAGE_CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_an_uncached_forward_in_between_disturbs_nothing(case: LayerCase, training: bool) -> None:
    layer, twin, X = case.built(), case.built(), case.X()
    dY = numbers(*layer.forward(X, training, cache=True).shape, seed=3)
    twin.forward(X, training, cache=True)
    layer.forward(-X[:2])
    assert_array_equal(layer.backward(dY), twin.backward(dY))
    for p, q in zip(layer.parameters, twin.parameters, strict=True):
        assert_array_equal(p.gradient, q.gradient)


@pytest.mark.parametrize("case", IMAGE_CASES, ids=str)
def test_backward_takes_any_layout_of_its_cotangent(case: LayerCase) -> None:
    layer = case.built()
    Y = layer.forward(case.X(), cache=True)
    dY = numbers(*Y.shape, seed=4)
    expected = np.array(layer.backward(dY))
    assert_allclose(layer.backward(np.asfortranarray(dY)), expected, rtol=1e-10, atol=1e-12)


def test_a_small_network_learns_where_the_bar_lies() -> None:
    rng = np.random.default_rng(0)
    X = 0.1 * rng.standard_normal((80, 8, 8, 1))
    y = np.arange(80) % 2
    for n, place in enumerate(rng.integers(1, 7, 80)):
        X[n, place, :, 0] += 1 - y[n]
        X[n, :, place, 0] += y[n]
    model = mathnn.Sequential(
        [
            mathnn.Conv2D(4, 3, activation="relu", padding="same"),
            mathnn.MaxPooling2D(),
            mathnn.Conv2D(4, 3, activation="relu"),
            mathnn.GlobalAveragePooling2D(),
            mathnn.Dense(1, activation="sigmoid"),
        ],
        seed=0,
    )
    model.compile(mathnn.Adam(0.02), "binary_crossentropy", ["accuracy"])
    history = model.fit(X[:60], y[:60], epochs=40, verbose=0)
    assert history.history["loss"][-1] < 0.2 * history.history["loss"][0]
    assert model.evaluate(X[60:], y[60:])["accuracy"] >= 0.95


# --- errors ---------------------------------------------------------------------------------------------------------


def build(layer: Layer, *shape: int | None) -> None:
    layer.build(shape, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mathnn.Conv2D(0, 3), "filters must be an integer of 1 or more, got 0"),
        (lambda: mathnn.Conv2D(4, 0), "kernel_size must be an integer of 1 or more, got 0"),
        (lambda: mathnn.Conv2D(4, (3, 3, 3)), r"kernel_size must be one integer or a pair \(rows, columns\)"),
        (lambda: mathnn.Conv2D(4, "3"), "kernel_size must be an integer"),
        (lambda: mathnn.Conv2D(4, 3, strides=0), "strides must be an integer of 1 or more, got 0"),
        (lambda: mathnn.Conv2D(4, 3, strides=1.5), "strides must be an integer"),
        (lambda: mathnn.Conv2D(4, 3, dilation_rate=(1, 0)), "dilation_rate must be an integer of 1 or more, got 0"),
        (
            lambda: mathnn.Conv2D(4, 3, padding="sam"),
            "padding must be 'valid', 'same' or an integer. Did you mean 'same'",
        ),
        (lambda: mathnn.Conv2D(4, 3, padding=-1), "padding must be an integer of 0 or more, got -1"),
        (lambda: mathnn.Conv2D(4, 3, padding=None), "padding must be an integer"),
        (lambda: mathnn.Conv2D(4, 3, groups=3), "4 filters cannot be cut into 3 groups"),
        (lambda: mathnn.Conv2D(4, 3, activation="rellu"), "Did you mean 'relu'"),
        (lambda: mathnn.Conv2DTranspose(4, 3, groups=3), "4 filters cannot be cut into 3 groups"),
        (lambda: mathnn.MaxPooling2D(0), "pool_size must be an integer of 1 or more, got 0"),
        (lambda: mathnn.AveragePooling2D(2, strides=(1, 2, 3)), "strides must be one integer or a pair"),
        (lambda: mathnn.UpSampling2D(0), "size must be an integer of 1 or more, got 0"),
        (lambda: mathnn.UpSampling2D(2, "biliner"), "'nearest' or 'bilinear'"),
        (lambda: build(mathnn.Conv2D(4, 3, padding=3), 8, 8, 1), r"padding 3 is as wide as the window \(3\)"),
        (lambda: build(mathnn.MaxPooling2D(2, padding=2), 8, 8, 1), r"padding 2 is as wide as the window \(2\)"),
        (lambda: build(mathnn.Conv2DTranspose(1, 2, strides=3, padding=2), 8, 8, 1), "padding 2 is as wide as"),
    ],
)
def test_arguments_without_a_meaning(make: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize("cls", [mathnn.Conv2D, mathnn.Conv2DTranspose, *IMAGE_LAYERS[2:]])
@pytest.mark.parametrize("shape", [(8,), (8, 8), (2, 8, 8, 1), (8, 8, None)])
def test_what_is_not_an_image(cls: type, shape: tuple) -> None:
    if cls is mathnn.UpSampling2D and len(shape) == 3:
        return
    layer = cls(4, 3) if issubclass(cls, mathnn.layers.conv.ConvolutionBase) else cls()
    with pytest.raises(ShapeError, match=r"needs images of shape \(height, width, channels\)"):
        build(layer, *shape)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lambda: mathnn.Conv2D(4, 5), (8, 4, 1), "a window of 5 does not fit into 4 inputs; use a larger image"),
        (lambda: mathnn.Conv2D(4, 3, dilation_rate=2), (4, 8, 1), r"a window of 5 \(3 cells, 2 apart\) does not fit"),
        (lambda: mathnn.Conv2D(4, 3, groups=2), (8, 8, 3), "3 channels cannot be cut into 2 groups"),
        (lambda: mathnn.Conv2DTranspose(4, 3, groups=2), (8, 8, 3), "3 channels cannot be cut into 2 groups"),
        (lambda: mathnn.Conv2DTranspose(4, 3, padding=2), (2, 8, 1), "padding 2 leaves nothing of 4 outputs"),
        (lambda: mathnn.MaxPooling2D(3), (2, 8, 1), "a window of 3 does not fit into 2 inputs"),
        (lambda: mathnn.StochasticPooling2D(3), (8, 2, 1), "a window of 3 does not fit into 2 inputs"),
    ],
)
def test_images_that_do_not_fit(layer: object, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        build(layer(), *shape)
    named = layer()
    named.name = "third"
    with pytest.raises(ShapeError, match="'third'"):
        build(named, *shape)


def test_an_image_of_unknown_size_that_turns_out_too_small() -> None:
    layer = mathnn.Conv2D(2, 3)
    build(layer, None, None, 1)
    with pytest.raises(ShapeError, match="a window of 3 does not fit into 2 inputs"):
        layer.forward(np.zeros((1, 2, 5, 1)))


X4, W4 = np.zeros((2, 5, 5, 2)), np.zeros((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conv2d(X4[0], W4), r"images have the shape \(m, height, width, channels\), got \(5, 5, 2\)"),
        (lambda: conv2d(X4, W4[0]), r"need a kernel of shape \(kh, kw, 2, a multiple of 1\), got \(3, 2, 4\)"),
        (lambda: conv2d(X4, W4, groups=2), r"need a kernel of shape \(kh, kw, 1, a multiple of 2\)"),
        (lambda: conv2d(X4, W4[:, :, :1, :3], groups=2), "a multiple of 2"),
        (lambda: conv2d_input_gradient(X4, W4, (5, 5)), r"dY must have the shape of the output, \(m, 3, 3, 4\)"),
        (lambda: conv2d_input_gradient(X4[0], W4, (5, 5)), "images have the shape"),
        (lambda: conv2d_input_gradient(X4, W4[0], (5, 5)), "need a kernel of shape"),
        (lambda: conv2d_kernel_gradient(X4, X4, (3, 3)), r"dY must have the shape of the output, \(m, 3, 3, 2\)"),
        (lambda: conv2d_kernel_gradient(X4[0], X4, (3, 3)), "images have the shape"),
        (lambda: conv2d_kernel_gradient(X4, X4[0], (3, 3)), "images have the shape"),
        (lambda: conv2d_transpose(X4[0], W4), "images have the shape"),
        (lambda: conv2d_transpose(X4, W4), r"dY must have the shape of the output, \(m, 5, 5, 4\)"),
        (lambda: pooling.max_pool2d(X4[0], (2, 2)), "images have the shape"),
        (lambda: pooling.average_pool2d(X4, (6, 2)), "a window of 6 does not fit into 5 inputs"),
    ],
)
def test_kernels_say_what_does_not_fit(call: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        call()
