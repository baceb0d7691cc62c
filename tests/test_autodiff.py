"""The tape: each operation against finite differences, and then the tape as an oracle for the layers and losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import activations, autodiff, losses
from mathnn.autodiff import Variable, exp, grad, log, maximum, relu, sigmoid, tanh, unbroadcast
from mathnn.errors import ConfigError, DtypeError, NonFiniteError, ShapeError


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers away from 0, so that no quotient is large and no kink is near."""
    rng = np.random.default_rng([seed, *shape])
    return np.asarray(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 2.0, shape))


def differences(f: Callable[..., np.ndarray], inputs: list[np.ndarray], C: np.ndarray, h: float = 1e-5) -> list:
    """∂ Σ C ⊙ f(inputs) by each input, by central differences."""
    slopes = []
    for array in inputs:
        slope = np.empty_like(array)
        for i in np.ndindex(array.shape):
            kept = array[i]
            array[i] = kept + h
            above = np.sum(C * f(*inputs))
            array[i] = kept - h
            below = np.sum(C * f(*inputs))
            array[i] = kept
            slope[i] = (above - below) / (2 * h)
        slopes.append(slope)
    return slopes


# Each operation with the shapes of its inputs, written once: the same expression runs on arrays and on Variables.
OPERATIONS: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "add": (lambda a, b: a + b, [(3, 4), (3, 4)]),
    "add a row": (lambda a, b: a + b, [(3, 4), (4,)]),
    "add a column to a row": (lambda a, b: a + b, [(3, 1), (1, 4)]),
    "add numbers": (lambda a: 2 + a + 3.5, [(2, 3)]),
    "add a scalar": (lambda a, b: a + b, [(2, 3), ()]),
    "subtract": (lambda a, b: a - b, [(3, 1, 2), (4, 1)]),
    "subtract from a number": (lambda a: 1 - a - 2, [(3,)]),
    "negate": (lambda a: -a, [(3, 2)]),
    "multiply": (lambda a, b: a * b, [(2, 3, 4), (3, 1)]),
    "multiply by a number": (lambda a: 3 * a * 0.5, [(3,)]),
    "divide": (lambda a, b: a / b, [(3, 4), (4,)]),
    "divide a number": (lambda a: 2 / a / 3, [(2, 2)]),
    "square": (lambda a: a**2, [(3, 2)]),
    "cube root of a square": (lambda a: (a * a) ** (1 / 3), [(4,)]),
    "power -2": (lambda a: a**-2, [(4,)]),
    "power 0": (lambda a: a**0 + a, [(4,)]),
    "matrix times matrix": (lambda a, b: a @ b, [(3, 4), (4, 2)]),
    "matrix times vector": (lambda a, b: a @ b, [(3, 4), (4,)]),
    "vector times matrix": (lambda a, b: a @ b, [(3,), (3, 4)]),
    "vector times vector": (lambda a, b: a @ b, [(5,), (5,)]),
    "stacks of matrices": (lambda a, b: a @ b, [(2, 1, 3, 4), (5, 4, 2)]),
    "stack times vector": (lambda a, b: a @ b, [(2, 3, 4), (4,)]),
    "array times variable": (lambda b: np.arange(6.0).reshape(2, 3) @ b, [(3, 2)]),
    "array plus variable": (lambda b: np.arange(3.0) + b * np.ones((2, 3)), [(3,)]),
    "sum": (lambda a: a.sum(), [(3, 4)]),
    "sum of rows": (lambda a: a.sum(axis=0) * 2, [(3, 4)]),
    "sum kept": (lambda a: a / a.sum(axis=1, keepdims=True), [(3, 4)]),
    "sum over two axes": (lambda a: a.sum(axis=(0, -1)), [(2, 3, 4)]),
    "mean": (lambda a: a.mean(), [(3, 4)]),
    "mean of columns": (lambda a: a - a.mean(axis=-1, keepdims=True), [(3, 4)]),
    "reshape": (lambda a: a.reshape(2, -1) * np.arange(6.0), [(3, 4)]),
    "reshape by a tuple": (lambda a: a.reshape((4, 3)) ** 2, [(3, 4)]),
    "transpose": (lambda a, b: a.T @ b, [(4, 3), (4, 2)]),
    "transpose axes": (lambda a: a.transpose(2, 0, 1) ** 2, [(2, 3, 4)]),
    "take a row": (lambda a: a[1] ** 2, [(3, 4)]),
    "take a slice": (lambda a: a[:, ::2] * a[:, 1::2], [(3, 4)]),
    "take some twice": (lambda a: a[[0, 2, 0]] ** 2, [(3, 4)]),
    "take entries": (lambda a: a[np.arange(3), [1, 0, 1]], [(3, 2)]),
    "use twice": (lambda a: a * a + a, [(3,)]),
    "diamond": (lambda a, b: (a * b) @ (a + b).T, [(2, 3), (2, 3)]),
}
FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "exp": (exp, np.exp),
    "log": (lambda a: log(a * a), lambda a: np.log(a * a)),
    "tanh": (tanh, np.tanh),
    "relu": (relu, lambda a: np.maximum(a, 0)),
    "maximum": (lambda a: maximum(a, a * a), lambda a: np.maximum(a, a * a)),
    "maximum of number and variable": (lambda a: maximum(0.5, a), lambda a: np.maximum(0.5, a)),
    "sigmoid": (sigmoid, lambda a: 1 / (1 + np.exp(-a))),
}
ALL = {name: (f, f, shapes) for name, (f, shapes) in OPERATIONS.items()}
ALL |= {name: (f, twin, [(3, 4)]) for name, (f, twin) in FUNCTIONS.items()}


@pytest.mark.parametrize("name", ALL)
def test_value_and_gradients_of_every_operation(name: str) -> None:
    f, twin, shapes = ALL[name]
    inputs = [draw(*shape, seed=i) for i, shape in enumerate(shapes)]
    variables = [Variable(a) for a in inputs]
    result = f(*variables)
    assert_allclose(result.value, twin(*inputs), rtol=1e-14)
    C = np.random.default_rng(9).standard_normal(result.shape)
    result.backward(C)
    for v, numeric in zip(variables, differences(twin, inputs, C), strict=True):
        assert v.gradient.shape == v.shape
        assert_allclose(v.gradient, numeric, rtol=1e-7, atol=1e-8)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_the_adjoint_of_broadcasting_is_a_sum(shapes: hnp.BroadcastableShapes) -> None:
    rng = np.random.default_rng(0)
    small, big = shapes.input_shapes[0], shapes.result_shape
    x, g = rng.standard_normal(small), rng.standard_normal(big)
    # <spread(x), g> = <x, sum(g)>
    assert unbroadcast(g, small).shape == small
    assert_allclose(np.sum(np.broadcast_to(x, big) * g), np.sum(x * unbroadcast(g, small)), atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_backward_is_linear_in_the_cotangent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, C, D = rng.standard_normal((3, 2, 3))
    x = Variable(X)
    y = tanh(x) * exp(x) @ X.T @ X
    pulled = []
    for cotangent in (C, D, 2 * C - D):
        y.backward(cotangent)
        pulled.append(x.gradient)
    assert_allclose(pulled[2], 2 * pulled[0] - pulled[1], atol=1e-12)


# --- the tape as an oracle ------------------------------------------------------------------------------------------


def softmax(Z: Variable) -> Variable:
    E = exp(Z - Z.value.max(axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)


def piecewise(Z: Variable, above: Any, below: Callable[[Variable], Any]) -> Variable:
    """The one where z > 0, the other elsewhere, by masks."""
    mask = (Z.value > 0).astype(float)
    return mask * above(Z) + (1 - mask) * below(-relu(-Z))


def gelu(Z: Variable) -> Variable:
    return Z * sigmoid(2 * np.sqrt(2 / np.pi) * (Z + 0.044715 * Z**3))


SELU = activations.SELU
ACTIVATIONS: dict[str, tuple[activations.ActivationFunction, Callable[[Variable], Variable]]] = {
    "linear": (activations.linear, lambda Z: Z + 0),
    "sigmoid": (activations.sigmoid, lambda Z: 1 / (1 + exp(-Z))),
    "tanh": (activations.tanh, tanh),
    "relu": (activations.relu, relu),
    "leaky_relu": (activations.leaky_relu, lambda Z: maximum(Z, 0.01 * Z)),
    "elu": (activations.ELU(0.7), lambda Z: piecewise(Z, lambda z: z, lambda z: 0.7 * (exp(z) - 1))),
    "selu": (
        activations.selu,
        lambda Z: SELU.scale * piecewise(Z, lambda z: z, lambda z: SELU.alpha * (exp(z) - 1)),
    ),
    "gelu": (activations.GELU(approximate=True), gelu),
    "silu": (activations.silu, lambda Z: Z * sigmoid(Z)),
    "softplus": (activations.softplus, lambda Z: log(1 + exp(Z))),
    "hard_sigmoid": (activations.hard_sigmoid, lambda Z: 1 - relu(1 - relu(Z / 6 + 0.5))),
    "softmax": (activations.softmax, softmax),
    "log_softmax": (activations.log_softmax, lambda Z: Z - log(exp(Z).sum(axis=-1, keepdims=True))),
}


def test_every_activation_with_a_gradient_has_a_twin() -> None:
    assert set(ACTIVATIONS) == set(activations.registry.names()) - {"step"}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense_layers_agree_with_the_tape(name: str) -> None:
    function, twin = ACTIVATIONS[name]
    layer = mathnn.Dense(4, activation=function, bias_initializer="random_normal")
    layer.build((3,), np.random.default_rng(0))
    X, dA = draw(5, 3), draw(5, 4, seed=1)
    A = layer.forward(X, cache=True).copy()
    dX = layer.backward(dA)
    x, W, b = Variable(X), Variable(layer.W.value), Variable(layer.b.value)
    a = twin(x @ W + b)
    a.backward(dA)
    assert_allclose(A, a.value, rtol=1e-12, atol=1e-15)
    for ours, theirs in [(dX, x), (layer.W.gradient, W), (layer.b.gradient, b)]:
        assert_allclose(ours, theirs.gradient, rtol=1e-11, atol=1e-13)


def binary(y: np.ndarray, p: Variable) -> Variable:
    return -(y * log(p) + (1 - y) * log(1 - p)).mean()


def categorical(y: np.ndarray, p: Variable) -> Variable:
    return -(y * log(p)).sum(axis=-1).mean()


def huber(y: np.ndarray, p: Variable) -> Variable:
    a = maximum(p - y, y - p)
    c = -maximum(-a, -1.0)
    return (c * (a - c / 2)).mean()


BITS = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])
SCORES = draw(4, 3, seed=2)
P = np.random.default_rng(4).dirichlet([2.0, 3, 2], 4)
LOSSES: dict[str, tuple[losses.Loss, np.ndarray, np.ndarray, Callable[..., Variable]]] = {
    "mean_squared_error": (losses.MeanSquaredError(), BITS, SCORES, lambda y, p: ((p - y) ** 2).mean()),
    "mean_absolute_error": (losses.MeanAbsoluteError(), BITS, SCORES, lambda y, p: maximum(p - y, y - p).mean()),
    "huber": (losses.Huber(), BITS, SCORES, huber),
    "log_cosh": (losses.LogCosh(), BITS, SCORES, lambda y, p: log((exp(p - y) + exp(y - p)) / 2).mean()),
    "binary_crossentropy": (losses.BinaryCrossentropy(), BITS, P, binary),
    "categorical_crossentropy": (losses.CategoricalCrossentropy(), BITS, P, categorical),
    "sparse_categorical_crossentropy": (
        losses.SparseCategoricalCrossentropy(),
        BITS.argmax(axis=1),
        P,
        lambda y, p: -log(p[np.arange(4), y]).mean(),
    ),
    "hinge": (losses.Hinge(), 2 * BITS - 1, SCORES, lambda y, p: relu(1 - y * p).mean()),
    "kl_divergence": (
        losses.KLDivergence(),
        P[::-1].copy(),
        P,
        lambda y, p: (y * (np.log(y) - log(p))).sum(axis=-1).mean(),
    ),
}
LOGITS = {
    "binary": (losses.BinaryCrossentropy(from_logits=True), BITS, lambda y, z: binary(y, sigmoid(z))),
    "categorical": (losses.CategoricalCrossentropy(from_logits=True), BITS, lambda y, z: categorical(y, softmax(z))),
    "sparse": (
        losses.SparseCategoricalCrossentropy(from_logits=True),
        BITS.argmax(axis=1),
        lambda y, z: -log(softmax(z)[np.arange(4), y]).mean(),
    ),
}


def test_every_loss_has_a_twin() -> None:
    assert set(LOSSES) == {cls.name for cls in losses.registry.items()}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree_with_the_tape(name: str) -> None:
    loss, y, p, twin = LOSSES[name]
    assert_allclose(loss(y, p), twin(y, Variable(p)).value, rtol=1e-13)
    assert_allclose(loss.gradient(y, p), grad(twin, argument=1)(y, p), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", LOGITS)
def test_losses_from_logits_agree_with_the_tape(name: str) -> None:
    loss, y, twin = LOGITS[name]
    assert_allclose(loss(y, SCORES), twin(y, Variable(SCORES)).value, rtol=1e-13)
    assert_allclose(loss.gradient(y, SCORES), grad(twin, argument=1)(y, SCORES), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse"])
def test_a_whole_network_agrees_with_the_tape(loss: str) -> None:
    model = mathnn.Sequential(
        [mathnn.Dense(5, "tanh", kernel_regularizer=mathnn.L2(0.1)), mathnn.Dense(3, "softmax")],
        seed=0,
        input_shape=(3,),
    )
    model.compile("sgd", loss)
    X = draw(4, 3, seed=5)
    J, g = model.loss_and_gradient(X, BITS)
    theta = [Variable(p.value) for p in model.parameters]
    W1, b1, W2, b2 = theta
    P = softmax(tanh(X @ W1 + b1) @ W2 + b2)
    data = categorical(BITS, P) if loss.startswith("c") else ((P - BITS) ** 2).mean()
    cost = data + 0.1 * (W1**2).sum()
    cost.backward()
    assert_allclose(J, cost.value, rtol=1e-13)
    assert_allclose(g, np.concatenate([v.gradient.ravel() for v in theta]), rtol=1e-11, atol=1e-14)


def test_a_recurrent_network_in_a_thousand_steps() -> None:
    # The derivative of h_T = w^T h_0 by w is T w^(T-1) h_0: a tape must survive a long chain.
    w, h = Variable(0.999), Variable(1.0)
    state = h
    for _ in range(1000):
        state = state * w
    state.backward()
    assert_allclose(w.gradient, 1000 * 0.999**999, rtol=1e-11)
    assert_allclose(h.gradient, 0.999**1000, rtol=1e-11)


def test_lstm_step_by_hand_agrees_with_the_tape() -> None:
    X, H, C = draw(2, 3), draw(2, 4), draw(2, 4, seed=1)
    W, U, b = draw(3, 16), draw(4, 16), draw(16)
    dH, dC = draw(2, 4, seed=3), draw(2, 4, seed=4)
    # By hand: the formulas of Hochreiter and Schmidhuber with a forget gate, and their chain rule.
    gates = np.split(X @ W + H @ U + b, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-gates[k])) for k in (0, 1, 3))
    c = np.tanh(gates[2])
    new_C = f * C + i * c
    t = np.tanh(new_C)
    total = dC + dH * o * (1 - t * t)
    dZ = np.hstack([total * c * i * (1 - i), total * C * f * (1 - f), total * i * (1 - c * c), dH * t * o * (1 - o)])
    by_hand = {"X": dZ @ W.T, "H": dZ @ U.T, "C": total * f, "W": X.T @ dZ, "U": H.T @ dZ, "b": dZ.sum(axis=0)}
    # By the tape.
    x, h, cell, w, u, bias = (Variable(a) for a in (X, H, C, W, U, b))
    Z = x @ w + h @ u + bias
    i, f, c, o = sigmoid(Z[:, :4]), sigmoid(Z[:, 4:8]), tanh(Z[:, 8:12]), sigmoid(Z[:, 12:])
    c_next = f * cell + i * c
    h_next = o * tanh(c_next)
    ((h_next * dH).sum() + (c_next * dC).sum()).backward()
    for name, v in zip("XHCWUb", (x, h, cell, w, u, bias), strict=True):
        assert_allclose(v.gradient, by_hand[name], rtol=1e-11, atol=1e-13, err_msg=name)


# --- how it behaves -------------------------------------------------------------------------------------------------


def test_gradients_are_assigned_and_arrays_left_alone() -> None:
    array = np.array([1.0, 2.0])
    array.setflags(write=False)
    x = Variable(array)
    J = (x * x).sum()
    J.backward()
    first = x.gradient.copy()
    J.backward()
    assert_array_equal(x.gradient, first)
    assert_array_equal(x.gradient, [2.0, 4.0])
    (2 * x).sum().backward()
    assert_array_equal(x.gradient, [2.0, 2.0])


def test_dtypes() -> None:
    x = Variable(np.ones(3, np.float32))
    J = (1 - tanh(2 * x + 0.5) ** 2 / 3).mean()
    J.backward()
    assert J.value.dtype == x.gradient.dtype == np.float32
    assert Variable([1, 2]).value.dtype == np.float64


def test_relu_has_no_slope_at_zero() -> None:
    x = Variable([0.0, -1.0, 1.0])
    relu(x).sum().backward()
    assert_array_equal(x.gradient, [0, 0, 1])


def test_iteration_and_repr() -> None:
    x = Variable([[1.0, 2.0], [3.0, 4.0]])
    first, second = x
    (first * second).sum().backward()
    assert_array_equal(x.gradient, [[3, 4], [1, 2]])
    assert repr(second) == "Variable([3.0, 4.0])"


def test_grad_takes_other_arguments_as_they_are() -> None:
    labels = np.array([0, 1])
    g = grad(lambda names, z: z[np.arange(2), names].sum(), argument=1)(labels, np.zeros((2, 2)))
    assert_array_equal(g, np.eye(2))
    assert_array_equal(grad(lambda x: Variable(3.0) * 2)([1.0, 2.0]), [0, 0])


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: Variable("a"), DtypeError, "real numbers"),
        (lambda: Variable([1.0]) + "a", DtypeError, "real numbers"),
        (lambda: Variable([1.0]) * [1j], DtypeError, "real numbers"),
        (lambda: Variable([[1.0], [1.0, 2.0]]), ShapeError, "rectangular"),
        (lambda: Variable([1.0, 2.0]) * [1.0, 2.0, 3.0], ShapeError, r"mul cannot take \(2,\), \[1.0, 2.0, 3.0\]"),
        (lambda: Variable(np.ones((2, 3))) @ np.ones((2, 3)), ShapeError, r"matmul cannot take \(2, 3\), \(2, 3\)"),
        (lambda: Variable(2.0) @ np.ones(2), ShapeError, "matmul cannot take"),
        (lambda: Variable(np.ones((2, 3))).reshape(4), ShapeError, "reshape cannot take"),
        (lambda: Variable(np.ones((2, 3))).transpose(0, 0), ShapeError, "transpose cannot take"),
        (lambda: Variable(np.ones((2, 3))).sum(axis=2), ShapeError, "sum cannot take"),
        (lambda: Variable(np.ones(2))[5], ShapeError, "getitem cannot take"),
        (lambda: Variable(np.ones(2))["a"], ShapeError, "getitem cannot take"),
        (lambda: Variable(2.0) ** Variable(2.0), ConfigError, "the exponent"),
        (lambda: exp(Variable(1000.0)), NonFiniteError, "exp gives"),
        (lambda: log(Variable([0.0])), NonFiniteError, "log gives"),
        (lambda: Variable(1.0) / 0, NonFiniteError, "truediv gives"),
        (lambda: Variable(-1.0) ** 0.5, NonFiniteError, "pow gives"),
        (lambda: (Variable([0.0]) ** 0.5).backward(), NonFiniteError, "gradient"),
        (lambda: Variable([1.0, 2.0]).backward(), ShapeError, "starts from one number"),
        (lambda: Variable([1.0, 2.0]).backward([[1.0, 2.0]]), ShapeError, r"cotangent of shape \(2,\)"),
        (lambda: Variable(np.ones((0, 2))).mean(), NonFiniteError, "truediv gives"),
        (lambda: grad(lambda x: x, argument=1)([1.0]), ConfigError, "no argument 1"),
        (lambda: grad(lambda x: 2.0)([1.0]), ConfigError, "returned float"),
        (lambda: grad(lambda x: x * 2)([1.0, 2.0]), ShapeError, "starts from one number"),
    ],
)
def test_what_is_refused(wrong: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        wrong()


def test_numpy_functions_do_not_take_a_variable_apart() -> None:
    with pytest.raises(TypeError):
        np.exp(Variable([1.0]))


def test_the_public_names() -> None:
    assert all(hasattr(autodiff, name) for name in autodiff.__all__)
