"""Every formula of the library against its twin in SymPy, value and derivative, over the registries."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from mathnn import activations, losses, optimizers, schedules, symbolic
from mathnn.activations import ELU, GELU, ActivationFunction, LeakyReLU, RowActivation
from mathnn.errors import ConfigError
from mathnn.losses import BinaryCrossentropy, CategoricalCrossentropy, Huber, Loss, SparseCategoricalCrossentropy
from mathnn.optimizers import SGD, Adagrad, Adam, AdamW, Lion, Optimizer, RMSprop
from mathnn.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Schedule,
)

z, t, g, theta = symbolic.z, symbolic.t, symbolic.g, symbolic.theta


def evaluated(expression: sp.Expr, variables: tuple[sp.Symbol, ...], points: np.ndarray) -> np.ndarray:
    """Return the expression at the points, computed with 40 digits."""
    f = sp.lambdify(variables, expression, "mpmath")
    with mpmath.workdps(40):
        return np.array([float(f(*map(mpmath.mpf, map(float, point)))) for point in points])


# --- activations ------------------------------------------------------------------------------------------------------

ACTIVATIONS = [*activations.registry.items(), LeakyReLU(0.3), ELU(0.7), GELU(approximate=True)]
# Between -20 and 20, at a distance from the kinks at 0 and ±3.
POINTS = np.concatenate([np.linspace(-7.9, 7.9, 80), [-20.3, -12.7, 12.7, 20.3]])


@pytest.mark.parametrize("f", [f for f in ACTIVATIONS if not isinstance(f, RowActivation)], ids=repr)
def test_activation_and_derivative(f: ActivationFunction) -> None:
    points = POINTS[:, None]
    assert_allclose(f(POINTS), evaluated(symbolic.activation(f), (z,), points), rtol=1e-13, atol=1e-16)
    # Slopes that are read off A carry the rounding of A, one unit in the last place of 1.
    assert_allclose(f.derivative(POINTS), evaluated(symbolic.derivative(f), (z,), points), rtol=1e-12, atol=5e-16)


@pytest.mark.parametrize("f", [f for f in ACTIVATIONS if isinstance(f, RowActivation)], ids=repr)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_activation_of_rows_and_jacobian(f: RowActivation, size: int) -> None:
    variables = symbolic.vector("z", size)
    rows = np.random.default_rng(0).normal(size=(5, size)) * 3
    value, J = symbolic.activation(f, variables), symbolic.derivative(f, variables)
    assert value.shape == (size, 1)
    assert J.shape == (size, size)
    for i in range(size):
        assert_allclose(f(rows)[:, i], evaluated(value[i], variables, rows), rtol=1e-13, atol=1e-15)
        for j in range(size):
            assert_allclose(f.jacobian(rows)[:, i, j], evaluated(J[i, j], variables, rows), rtol=1e-12, atol=1e-15)


def test_names_give_symbols_and_objects_give_numbers() -> None:
    a = sp.Symbol("a", positive=True)
    assert symbolic.activation("leaky_relu", -2) == -2 * a
    assert symbolic.activation(activations.leaky_relu, -2) == sp.Rational(-1, 50)
    assert symbolic.activation(LeakyReLU(0.3), -2) == symbolic.activation("leaky_relu", -2, negative_slope=0.3)
    assert symbolic.activation(LeakyReLU, -2) == symbolic.activation("LeakyReLU", -2) == -2 * a
    assert symbolic.activation("swish") == symbolic.activation("silu")
    assert symbolic.activation("sigmoid", z**2) == 1 / (1 + sp.exp(-(z**2)))
    assert symbolic.derivative("tanh", 0) == 1
    assert symbolic.derivative("softmax", [0, 0]) == sp.Matrix([[1, -1], [-1, 1]]) / 4
    assert symbolic.activation("softmax").shape == (3, 1)
    assert (
        sp.simplify(
            symbolic.derivative("sigmoid") - symbolic.activation("sigmoid") * (1 - symbolic.activation("sigmoid"))
        )
        == 0
    )


# --- losses -----------------------------------------------------------------------------------------------------------

DISTRIBUTIONS = {"CategoricalCrossentropy", "SparseCategoricalCrossentropy", "KLDivergence"}
LOSSES: list[Loss] = [
    *(losses.registry.get(kind) for kind in losses.registry.items()),
    Huber(0.4),
    BinaryCrossentropy(from_logits=True),
    BinaryCrossentropy(label_smoothing=0.1),
    BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    CategoricalCrossentropy(from_logits=True),
    CategoricalCrossentropy(label_smoothing=0.1),
    CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    SparseCategoricalCrossentropy(from_logits=True),
]


def samples(loss: Loss, size: int, m: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions that the loss accepts, away from its kinks."""
    rng = np.random.default_rng(size)
    kind = type(loss).__name__
    raw = rng.normal(size=(m, size))
    distributions = activations.softmax(raw)
    p = raw if loss.from_logits else distributions if kind in DISTRIBUTIONS else activations.sigmoid(raw)
    if kind == "SparseCategoricalCrossentropy":
        return np.arange(m) % size, p
    if kind in DISTRIBUTIONS:
        return activations.softmax(rng.normal(size=(m, size))), p
    if kind == "BinaryCrossentropy":
        return rng.integers(0, 2, (m, size)).astype(float), p
    if kind == "Hinge":
        return rng.choice([-1.0, 1.0], (m, size)), 2 * raw
    return rng.normal(size=(m, size)), raw


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("size", [1, 3])
def test_loss_and_gradient(loss: Loss, size: int) -> None:
    if type(loss).__name__ in DISTRIBUTIONS:
        size += 1
    y, p = samples(loss, size)
    m = len(y)
    variables = (
        *symbolic.vector("y", 1 if y.ndim == 1 else size),
        *symbolic.vector("z" if loss.from_logits else "p", size),
    )
    points = np.column_stack([y, p])
    L = symbolic.loss(loss, size)
    assert L.free_symbols <= set(variables)
    each = evaluated(L, variables, points)
    assert_allclose(loss(y, p), each.mean(), rtol=1e-13)
    weight = np.linspace(0.5, 2, m)
    assert_allclose(loss(y, p, sample_weight=weight), (weight * each).mean(), rtol=1e-13)
    gradient = loss.gradient(y, p)
    twin = symbolic.loss_gradient(loss, size)
    assert twin.shape == (size, 1)
    for j in range(size):
        assert_allclose(m * gradient[:, j], evaluated(twin[j], variables, points), rtol=1e-12, atol=1e-15)


def test_softmax_and_crossentropy_give_p_minus_y() -> None:
    logits, y = symbolic.vector("z", 3), symbolic.vector("y", 3)
    p = symbolic.activation("softmax", logits)
    gradient = symbolic.loss_gradient("categorical_crossentropy", from_logits=True)
    # Where the targets sum to 1.
    difference = (gradient - (p - sp.Matrix(y))).subs(y[2], 1 - y[0] - y[1])
    assert sp.simplify(difference) == sp.zeros(3, 1)
    assert sp.simplify(
        symbolic.loss_gradient("binary_crossentropy", from_logits=True)[0]
        - (symbolic.activation("sigmoid") - symbolic.vector("y", 1)[0])
    ) == 0  # fmt: skip


# --- optimizers -------------------------------------------------------------------------------------------------------

OPTIMIZERS: list[Optimizer] = [
    *(optimizers.registry.get(kind) for kind in optimizers.registry.items()),
    SGD(0.1, momentum=0.9),
    SGD(0.1, momentum=0.9, nesterov=True),
    Adagrad(0.1, initial_accumulator_value=0.5),
    RMSprop(0.01, rho=0.8, momentum=0.5),
    RMSprop(0.01, centered=True),
    Adam(0.1, beta_1=0.8, beta_2=0.95, amsgrad=True),
    AdamW(0.1, weight_decay=0.1),
    Lion(0.01, weight_decay=0.1),
    Adam(InverseTimeDecay(0.1, decay_steps=5, decay_rate=2.0)),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_optimizer_over_fifty_steps(optimizer: Optimizer) -> None:
    rule = symbolic.optimizer_step(optimizer)
    state = {theta: 0.7, **symbolic.optimizer_start(optimizer)}
    assert set(state) == set(rule)
    names = tuple(state)
    step = sp.lambdify((*names, g, t), [rule[name] for name in names], "math")
    current = [float(state[name]) for name in names]
    vector = np.array([0.7])
    optimizer.reset()
    for i, gradient in enumerate(np.random.default_rng(0).normal(size=50).tolist()):
        current = step(*current, gradient, i + 1)
        optimizer.step(vector, np.array([gradient]))
        assert_allclose(vector[0], current[names.index(theta)], rtol=1e-11, atol=1e-13)


def test_steps_in_terms_of_gradients() -> None:
    g_1, g_2 = sp.symbols("g_1 g_2", real=True)
    eta, epsilon = sp.symbols("eta epsilon", positive=True)
    assert symbolic.optimizer_step("sgd", steps=2) == theta - eta * g_1 - eta * g_2
    # The first step of Adam is η sign(g), but for ε: the bias correction at work.
    first = symbolic.optimizer_step("adam", steps=1)
    assert sp.simplify(first - (theta - eta * g_1 / (sp.Abs(g_1) + epsilon))) == 0
    # Momentum by hand: plain steps of 0.5 and 0.3 become 0.5 and 0.9 · 0.5 + 0.3 = 0.75.
    twice = symbolic.optimizer_step(SGD(1.0, momentum=0.9), steps=2)
    once = symbolic.optimizer_step(SGD(1.0, momentum=0.9), steps=1)
    plain = {g_1: sp.Rational(1, 2), g_2: sp.Rational(3, 10)}
    assert (theta - once).subs(plain) == sp.Rational(1, 2)
    assert (once - twice).subs(plain) == sp.Rational(3, 4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_three_steps_at_once_are_three_steps(optimizer: Optimizer) -> None:
    gradients = [0.3, -1.1, 0.8]
    expression = symbolic.optimizer_step(optimizer, steps=3)
    variables = (theta, *sp.symbols("g_1:4", real=True))
    vector = np.array([0.7])
    optimizer.reset()
    for gradient in gradients:
        optimizer.step(vector, np.array([gradient]))
    assert_allclose(evaluated(expression, variables, [(0.7, *gradients)]), vector, rtol=1e-12)


# --- schedules --------------------------------------------------------------------------------------------------------

SCHEDULES: list[Schedule] = [
    ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5),
    ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5),
    InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    PiecewiseConstantDecay([10, 20], [0.1, 0.01, 0.001]),
    PolynomialDecay(0.1, decay_steps=20, power=2.0),
    PolynomialDecay(0.1, decay_steps=20, end_learning_rate=0.01, cycle=True),
    CosineDecay(0.1, decay_steps=20, alpha=0.1),
    CosineDecay(0.01, decay_steps=20, warmup_target=0.1, warmup_steps=5),
    CosineDecayRestarts(0.1, first_decay_steps=7, m_mul=0.8, alpha=0.1),
    CosineDecayRestarts(0.1, first_decay_steps=7, t_mul=1.0, m_mul=0.5),
    CosineDecayRestarts(0.1, first_decay_steps=7, t_mul=1.5),
    OneCycle(0.1, total_steps=30),
    OneCycle(0.1, total_steps=30, pct_start=0.5, div_factor=10, final_div_factor=100),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_schedule(schedule: Schedule) -> None:
    steps = np.arange(0, 45)
    twin = evaluated(symbolic.schedule(schedule), (t,), steps[:, None])
    assert_allclose([schedule(int(step)) for step in steps], twin, rtol=1e-13, atol=1e-18)


# --- the lists are whole, and mistakes are named ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registry", "formulas", "ask"),
    [
        (activations.registry, symbolic.ACTIVATIONS, symbolic.activation),
        (losses.registry, symbolic.LOSSES, symbolic.loss),
        (optimizers.registry, symbolic.OPTIMIZERS, symbolic.optimizer_step),
        (schedules.registry, symbolic.SCHEDULES, symbolic.schedule),
    ],
    ids=["activations", "losses", "optimizers", "schedules"],
)
def test_everything_registered_has_a_twin(registry, formulas: dict, ask: Callable) -> None:
    assert len(formulas) == len(registry.items())
    for item in registry.items():
        kind = item if isinstance(item, type) else type(item)
        assert ask(kind) == ask(kind.__name__)
    with pytest.raises(ConfigError, match="unknown"):
        ask("sigmoidal")
    with pytest.raises(ConfigError, match=f"no formula for the {registry.kind}"):
        ask(object())


def test_every_schedule_is_in_the_list() -> None:
    assert {type(schedule) for schedule in SCHEDULES} == set(schedules.registry.items())


def test_parameters_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"elu has no parameter 'alpa'\. Did you mean 'alpha'"):
        symbolic.activation("elu", alpa=1)
    with pytest.raises(ConfigError, match=r"adam has no parameter 'beta'"):
        symbolic.optimizer_step("adam", beta=0.5)
    with pytest.raises(ConfigError, match="leaves out global_clipnorm"):
        symbolic.optimizer_step(SGD(0.1, global_clipnorm=1.0))
