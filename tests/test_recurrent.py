"""The recurrent layers against loops that read like their definitions, and what their definitions imply."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import (
    GRU,
    LSTM,
    ConfigError,
    Embedding,
    JordanRNN,
    Sequential,
    ShapeError,
    SimpleRNN,
    gradcheck,
    recurrence,
)
from mathnn.layers import RecurrentLayer

CLASSES = [SimpleRNN, JordanRNN, LSTM, GRU]
every_class = pytest.mark.parametrize("cls", CLASSES)


def built(layer: RecurrentLayer, T: int | None = 5, d: int = 2, dtype: type = np.float64) -> RecurrentLayer:
    layer.build((T, d), np.random.default_rng(0), dtype)
    # Weights of a size at which the gates are neither open nor shut, and biases that matter.
    rng = np.random.default_rng(1)
    for p in layer.parameters:
        p.value = rng.standard_normal(p.shape)
    return layer


def sequences(m: int = 3, T: int = 5, d: int = 2, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((m, T, d))


# --- twins: one sample, one unit, one step at a time ----------------------------------------------------------------


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def dot(row: list[float], matrix: np.ndarray, column: int) -> float:
    return sum(row[i] * matrix[i, column] for i in range(len(row)))


def elman_twin(xs, W, U, b):
    units = range(len(U))
    h = [0.0 for _ in units]
    for x in xs:
        h = [math.tanh(dot(x, W, j) + dot(h, U, j) + b[j]) for j in units]
        yield h


def jordan_twin(xs, W, U, b, V, c):
    y = [0.0 for _ in range(len(c))]
    for x in xs:
        h = [math.tanh(dot(x, W, j) + dot(y, U, j) + b[j]) for j in range(len(b))]
        y = [sigma(dot(h, V, k) + c[k]) for k in range(len(c))]
        yield y


def lstm_twin(xs, W, U, b):
    u = len(U)
    h, c = [0.0] * u, [0.0] * u
    for x in xs:
        z = [dot(x, W, j) + dot(h, U, j) + b[j] for j in range(4 * u)]
        for j in range(u):
            i, f, g, o = sigma(z[j]), sigma(z[u + j]), math.tanh(z[2 * u + j]), sigma(z[3 * u + j])
            c[j] = f * c[j] + i * g
            h[j] = o * math.tanh(c[j])
        yield list(h)


def gru_twin(xs, W, U, b):
    u = len(U)
    h = [0.0] * u
    for x in xs:
        p = [dot(x, W, j) + b[0][j] for j in range(3 * u)]
        q = [dot(h, U, j) + b[1][j] for j in range(3 * u)]
        new = list(h)
        for j in range(u):
            z, r = sigma(p[j] + q[j]), sigma(p[u + j] + q[u + j])
            new[j] = z * h[j] + (1 - z) * math.tanh(p[2 * u + j] + r * q[2 * u + j])
        h = new
        yield h


def gru_reset_before_twin(xs, W, U, b):
    u = len(U)
    h = [0.0] * u
    for x in xs:
        p = [dot(x, W, j) + b[j] for j in range(3 * u)]
        z = [sigma(p[j] + dot(h, U, j)) for j in range(u)]
        r = [sigma(p[u + j] + dot(h, U, u + j)) for j in range(u)]
        kept = [r[j] * h[j] for j in range(u)]
        h = [z[j] * h[j] + (1 - z[j]) * math.tanh(p[2 * u + j] + dot(kept, U, 2 * u + j)) for j in range(u)]
        yield h


TWINS = {
    "elman": (lambda **how: SimpleRNN(3, **how), elman_twin),
    "jordan": (lambda **how: JordanRNN(3, output_units=2, output_activation="sigmoid", **how), jordan_twin),
    "lstm": (lambda **how: LSTM(3, **how), lstm_twin),
    "gru": (lambda **how: GRU(3, **how), gru_twin),
    "gru_reset_before": (lambda **how: GRU(3, reset_after=False, **how), gru_reset_before_twin),
}
every_twin = pytest.mark.parametrize("which", TWINS)


@every_twin
@given(m=st.integers(1, 3), T=st.integers(1, 5), d=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_layer_is_its_definition(which: str, m: int, T: int, d: int, seed: int) -> None:
    make, twin = TWINS[which]
    layer, X = built(make(return_sequences=True), T, d), sequences(m, T, d, seed)
    weights = [p.value for p in layer.parameters]
    expected = np.array([list(twin(x.tolist(), *weights)) for x in X])
    assert_allclose(layer.forward(X), expected, rtol=1e-12, atol=1e-14)
    only_last = built(make(), T, d)
    assert_allclose(only_last.forward(X), expected[:, -1], rtol=1e-12, atol=1e-14)


@every_twin
def test_one_tanh_for_all_gates_is_as_good_as_float32_is(which: str) -> None:
    make, _ = TWINS[which]
    X = sequences(4, 20)
    exact = built(make(return_sequences=True), 20)
    rounded = built(make(return_sequences=True), 20, dtype=np.float32)
    assert_allclose(rounded.forward(X.astype(np.float32)), exact.forward(X), atol=5e-6)


def test_kernels_stand_alone_and_give_what_the_layer_gives() -> None:
    layer, X = built(LSTM(3, return_sequences=True)), sequences()
    W, U, b = (p.value for p in layer.parameters)
    by_time = np.ascontiguousarray(X.swapaxes(0, 1))
    trace = recurrence.lstm(by_time, W, U, b)
    assert_array_equal(trace[0][1:].swapaxes(0, 1), layer.forward(X, cache=True))
    C = np.random.default_rng(3).standard_normal((3, 5, 3))
    dX, dW, dU, db = recurrence.lstm_backward(C.swapaxes(0, 1), by_time, W, U, *trace)
    assert_array_equal(dX.swapaxes(0, 1), layer.backward(C))
    for p, gradient in zip(layer.parameters, (dW, dU, db), strict=True):
        assert_array_equal(p.gradient, gradient)


def test_no_bias_is_a_bias_of_zero() -> None:
    for cls in CLASSES:
        layer, without = built(cls(3)), built(cls(3, use_bias=False))
        for p in layer.parameters:
            match = [q for q in without.parameters if q.name == p.name]
            p.value = match[0].value if match else np.zeros(p.shape)
        assert_array_equal(layer.forward(sequences()), without.forward(sequences()))


# --- properties ---------------------------------------------------------------------------------------------------


@every_class
def test_the_past_does_not_see_the_future(cls: type) -> None:
    layer, X = built(cls(3, return_sequences=True), None), sequences()
    other = X.copy()
    other[:, 3:] += 1
    assert_array_equal(layer.forward(X)[:, :3], layer.forward(other)[:, :3])
    assert np.abs(layer.forward(X)[:, 3:] - layer.forward(other)[:, 3:]).min() > 0
    assert_allclose(layer.forward(X[:, :3]), layer.forward(X)[:, :3], rtol=1e-12)


@every_class
def test_the_derivative_reaches_back_but_not_forward(cls: type) -> None:
    layer, X = built(cls(3, return_sequences=True)), sequences()
    dY = np.zeros(layer.forward(X, cache=True).shape)
    dY[:, 2] = 1
    dX = layer.backward(dY)
    assert np.abs(dX[:, :3]).min() > 0
    assert not dX[:, 3:].any()


@every_class
def test_without_biases_zeros_before_a_sequence_only_delay_it(cls: type) -> None:
    """A state of 0 stays 0 while nothing comes in, so the layer does the same, later."""
    layer, X = built(cls(3, use_bias=False, return_sequences=True), None), sequences()
    delayed = np.concatenate([np.zeros((3, 4, 2)), X], axis=1)
    Y = layer.forward(delayed)
    assert not Y[:, :4].any()
    assert_allclose(Y[:, 4:], layer.forward(X), rtol=1e-12)


@every_class
def test_the_last_output_is_the_last_of_all_outputs(cls: type) -> None:
    assert_array_equal(
        built(cls(3)).forward(sequences()), built(cls(3, return_sequences=True)).forward(sequences())[:, -1]
    )


@every_class
def test_going_backwards_is_going_forwards_through_the_reversed(cls: type) -> None:
    forwards, backwards = built(cls(3, return_sequences=True)), built(cls(3, return_sequences=True, go_backwards=True))
    X = sequences()
    Y = forwards.forward(X[:, ::-1], cache=True)
    assert_array_equal(backwards.forward(X, cache=True), Y)
    C = np.random.default_rng(3).standard_normal(Y.shape)
    assert_array_equal(backwards.backward(C), forwards.backward(C)[:, ::-1])


@every_class
def test_stacked_layers_pass_the_check(cls: type) -> None:
    stack = mathnn.Chain([cls(2, return_sequences=True), mathnn.Dense(2, "tanh"), cls(2)])
    assert gradcheck(stack, sequences(2, 4))


def test_a_linear_elman_network_is_a_sum_of_powers() -> None:
    """h_T = Σ_t x_t W U^(T−t), so a unit impulse grows or fades with the powers of U."""
    layer = built(SimpleRNN(2, "linear", use_bias=False, return_sequences=True), 30, 2)
    angle = 0.3
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    impulse = np.zeros((1, 30, 2))
    impulse[0, 0, 0] = 1
    layer.W.value = np.eye(2)
    for radius in (0.9, 1.0, 1.1):
        layer.U.value = radius * rotation
        assert_allclose(np.linalg.norm(layer.forward(impulse)[0], axis=1), radius ** np.arange(30), rtol=1e-12)


def test_an_open_forget_gate_carries_the_cell_unchanged() -> None:
    layer = built(LSTM(1, return_sequences=True), 50, 1)
    layer.W.value = [[100.0, 0.0, 1.0, 0.0]]
    layer.U.value = np.zeros((1, 4))
    layer.b.value = [-50.0, 50.0, 0.0, 0.0]
    X = np.zeros((1, 50, 1))
    X[0, 0] = 1
    assert_allclose(layer.forward(X)[0, :, 0], 0.5 * np.tanh(np.tanh(1.0)), rtol=1e-12)


def test_a_gru_whose_update_gate_is_open_keeps_its_state() -> None:
    layer = built(GRU(2, return_sequences=True))
    layer.b.value = np.repeat([[50.0, 0.0, 0.0], [0.0, 0.0, 0.0]], 2, axis=1)
    assert_allclose(layer.forward(sequences()), 0, atol=1e-15)


def test_large_inputs_overflow_nothing() -> None:
    X = 1e4 * sequences()
    for cls in CLASSES:
        for dtype in (np.float32, np.float64):
            layer = built(cls(3), dtype=dtype)
            Y = layer.forward(X.astype(dtype), cache=True)
            assert np.isfinite(Y).all()
            assert np.isfinite(layer.backward(np.ones_like(Y))).all()


@every_class
def test_no_steps_leave_the_initial_state(cls: type) -> None:
    layer = built(cls(3), None)
    Y = layer.forward(np.zeros((2, 0, 2)), cache=True)
    assert_array_equal(Y, np.zeros((2, 3)))
    assert layer.backward(Y + 1).shape == (2, 0, 2)
    assert not any(p.gradient.any() for p in layer.parameters)


# --- padding --------------------------------------------------------------------------------------------------------


def padded(lengths: list[int], T: int = 5, value: float = -1.0) -> np.ndarray:
    X = sequences(len(lengths), T)
    for x, length in zip(X, lengths, strict=True):
        x[length:] = value
    return X


@every_class
@pytest.mark.parametrize("return_sequences", [False, True])
def test_padding_is_as_if_it_were_not_there(cls: type, return_sequences: bool) -> None:
    lengths = [5, 2, 3]
    X = padded(lengths)
    layer = built(cls(3, return_sequences=return_sequences, mask_value=-1), None)
    plain = built(cls(3, return_sequences=return_sequences), None)
    Y = layer.forward(X, cache=True)
    C = np.random.default_rng(3).standard_normal(Y.shape)
    dX = layer.backward(C)
    total = [np.zeros(p.shape) for p in plain.parameters]
    for n, length in enumerate(lengths):
        alone = plain.forward(X[n : n + 1, :length], cache=True)
        c = C[n : n + 1]
        if return_sequences:
            assert_allclose(Y[n, :length], alone[0], rtol=1e-12)
            assert_array_equal(Y[n, length:], np.broadcast_to(Y[n, length - 1], (5 - length, 3)))
            # The outputs in the padding repeat the last one, so what they get goes there.
            c = np.concatenate([c[:, : length - 1], c[:, length - 1 :].sum(axis=1, keepdims=True)], axis=1)
        else:
            assert_allclose(Y[n], alone[0], rtol=1e-12)
        assert_allclose(dX[n, :length], plain.backward(c)[0], rtol=1e-10, atol=1e-14)
        assert not dX[n, length:].any()
        for sum_, p in zip(total, plain.parameters, strict=True):
            sum_ += p.gradient
    for sum_, p in zip(total, layer.parameters, strict=True):
        assert_allclose(p.gradient, sum_, rtol=1e-10, atol=1e-14)


def test_only_the_end_is_padding_and_a_sequence_may_be_nothing_else() -> None:
    X = padded([5, 0])
    X[0, 2] = -1
    layer, plain = built(SimpleRNN(3, mask_value=-1)), built(SimpleRNN(3))
    assert_allclose(layer.forward(X, cache=True)[0], plain.forward(X)[0], rtol=1e-12)
    assert not layer.forward(X)[1].any()
    assert not layer.backward(np.ones((2, 3)))[1].any()


def test_padded_symbols_are_skipped_after_an_embedding() -> None:
    model = Sequential([Embedding(6, 3, mask_zero=True), LSTM(2, mask_value=0)], seed=0, input_shape=(None,))
    assert_allclose(model.predict([[3, 1, 5, 0, 0]]), model.predict([[3, 1, 5]]), rtol=1e-12)


# --- how they begin, and what they refuse ---------------------------------------------------------------------------


def test_initial_weights() -> None:
    layer = LSTM(4)
    layer.build((7, 3), np.random.default_rng(0))
    shapes = {p.name: p.shape for p in layer.parameters}
    assert shapes == {"kernel": (3, 16), "recurrent_kernel": (4, 16), "bias": (16,)}
    assert_allclose(layer.U.value @ layer.U.value.T, np.eye(4), atol=1e-12)
    assert layer.b.value.tolist() == 4 * [0] + 4 * [1] + 8 * [0]
    plain = LSTM(4, unit_forget_bias=False)
    plain.build((7, 3), np.random.default_rng(0))
    assert not plain.b.value.any()
    for reset_after, shape in ((True, (2, 12)), (False, (12,))):
        gru = GRU(4, reset_after=reset_after)
        gru.build((7, 3), np.random.default_rng(0))
        assert gru.b.shape == shape
    jordan = JordanRNN(4, output_units=2)
    jordan.build((7, 3), np.random.default_rng(0))
    assert {p.name: p.shape for p in jordan.parameters} == {
        "kernel": (3, 4),
        "recurrent_kernel": (2, 4),
        "bias": (4,),
        "output_kernel": (4, 2),
        "output_bias": (2,),
    }


def test_regularizers_and_constraints_reach_their_parameters() -> None:
    for cls in CLASSES:
        layer = cls(
            2,
            kernel_regularizer="l1",
            recurrent_regularizer="l2",
            bias_regularizer="l1_l2",
            recurrent_constraint="max_norm",
        )
        layer.build((3, 2), np.random.default_rng(0))
        kinds = {p.name: type(p.regularizer).__name__ for p in layer.parameters}
        assert {"kernel": "L1", "recurrent_kernel": "L2", "bias": "L1L2"}.items() <= kinds.items()
        assert [p.name for p in layer.parameters if p.constraint is not None] == ["recurrent_kernel"]


@every_class
def test_what_is_no_sequence_is_refused(cls: type) -> None:
    for shape in [(4,), (3, 4, 2), (), (5, None)]:
        with pytest.raises(ShapeError, match=r"sequences of shape \(T, d\)"):
            cls(2).build(shape, np.random.default_rng(0))
    with pytest.raises(ShapeError, match="expects X of shape"):
        built(cls(2), None).forward(np.zeros((2, 4, 3)))


@every_class
@pytest.mark.parametrize("units", [0, -1, 2.0, "3", None, True])
def test_units_are_counted(cls: type, units: object) -> None:
    with pytest.raises(ConfigError, match="units must be an integer of 1 or more"):
        cls(units)


def test_other_arguments_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="output_units must be an integer"):
        JordanRNN(2, output_units=0)
    with pytest.raises(ConfigError, match="Did you mean 'sigmoid'"):
        LSTM(2, recurrent_activation="sigmod")
    with pytest.raises(ConfigError, match="mask_value must be a number"):
        GRU(2, mask_value="0")
    with pytest.raises(ConfigError, match="before padding"):
        SimpleRNN(2, mask_value=0, go_backwards=True)


def test_a_network_learns_the_adding_problem() -> None:
    """Better than answering 1 every time, whose mean squared error is 1/6."""
    X, y = mathnn.datasets.adding_problem(n_samples=600, length=8)
    model = Sequential([GRU(12), mathnn.Dense(1)], seed=1)
    model.compile(mathnn.Adam(0.02), "mse")
    model.fit(X[:500], y[:500], epochs=15, verbose=0)
    assert model.evaluate(X[500:], y[500:])["loss"] < 0.02


def test_models_of_sequences_are_saved_and_go_on(tmp_path) -> None:
    X, y = mathnn.datasets.adding_problem(n_samples=40, length=6)
    layers = [
        mathnn.GaussianNoise(0.1),
        LSTM(3, return_sequences=True),
        mathnn.BatchNormalization(),
        JordanRNN(3, output_units=2, return_sequences=True),
        mathnn.LayerNormalization(),
        GRU(3),
        mathnn.Dense(1),
    ]
    model = Sequential(layers, seed=0)
    model.compile("adam", "mse")
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz")
    assert_array_equal(again.predict(X), model.predict(X))
    for one in (model, again):
        one.fit(X, y, verbose=0)
    assert_array_equal(again.theta, model.theta)
    for a, b in zip(again.buffers.values(), model.buffers.values(), strict=True):
        assert_array_equal(a, b)
