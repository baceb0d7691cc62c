"""The optimizers: golden values over 50 steps, properties of every one, clipping, errors, and mutants of the rules."""

from __future__ import annotations

import copy
import inspect
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mathnn import optimizers
from mathnn.errors import ConfigError, DtypeError, NonFiniteError, ShapeError
from mathnn.optimizers import base
from mathnn.schedules import ExponentialDecay, Schedule
from tests.golden.optimizers import CASES, PATH, SIZE, STEPS

GOLDEN = np.load(PATH)
EVERY = optimizers.registry.items()
# Each class with its defaults, and each golden case: what has to hold holds for all of their options.
VARIANTS = {cls.__name__: (cls, {}) for cls in EVERY} | {
    case: (getattr(optimizers, name), arguments) for case, (name, arguments, _, _) in CASES.items()
}
each_class = pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.__name__)
each_variant = pytest.mark.parametrize("variant", VARIANTS)


def make(variant, **more):
    cls, arguments = VARIANTS[variant]
    arguments = {**arguments, **more}
    if isinstance(arguments.get("learning_rate"), dict):
        arguments["learning_rate"] = ExponentialDecay(**arguments["learning_rate"])
    return cls(**arguments)


def run(optimizer, theta, gradients):
    """Return θ after each step."""
    theta, path = theta.copy(), []
    for g in gradients:
        optimizer.step(theta, g)
        path.append(theta.copy())
    return np.array(path)


# --- golden values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [base.BLOCK, 5])
@pytest.mark.parametrize("case", CASES)
def test_fifty_steps_are_the_published_ones(case, block, monkeypatch):
    monkeypatch.setattr(base, "BLOCK", block)
    path = run(make(case), GOLDEN["theta"], GOLDEN["gradients"])
    assert path.shape == (STEPS, SIZE)
    np.testing.assert_allclose(path, GOLDEN[case], rtol=1e-10, atol=1e-12)


def test_every_optimizer_has_a_golden_case():
    assert {cls.__name__ for cls in EVERY} == {name for name, _, _, _ in CASES.values()}


def test_cases_tell_options_apart():
    # A case whose option had no effect on its path would prove nothing about it.
    finals = np.array([GOLDEN[case][-1] for case in CASES])
    distance = np.abs(finals[:, None] - finals[None]).max(axis=-1)
    assert distance[~np.eye(len(CASES), dtype=bool)].min() > 1e-6


# One changed line each, in the text of the class; the golden comparison has to notice every one.
MUTANTS = [
    ("Adam", "(1 - self.beta_1) / (1 - self.beta_1**t)", "(1 - self.beta_1)", "adam"),
    ("Adam", "(1 - self.beta_2) / (1 - self.beta_2**t)", "(1 - self.beta_2)", "adam"),
    ("Adam", "t = self.iterations", "t = 1", "adam"),
    ("Adam", "self.epsilon / root", "self.epsilon", "adam_epsilon"),
    ("Adam", "m *= self.beta_1", "m *= self.beta_2", "adam"),
    ("Adam", "v *= self.beta_2", "v *= self.beta_1", "adam"),
    ("Adam", "np.square(g, out=s)", "np.abs(g, out=s)", "adam"),
    ("Adam", "np.maximum(v_max, v, out=v_max)", "v", "adam_amsgrad"),
    ("Adam", "theta -= s", "theta += s", "adam"),
    ("Adam", "np.divide(m, s, out=s)", "np.divide(g, s, out=s)", "adam"),
    ("AdamW", "1 - eta * self.weight_decay", "1 - self.weight_decay", "adamw"),
    ("SGD", "theta += s", "theta += v", "sgd_nesterov"),
    ("Adagrad", "s += self.epsilon", "s += 2 * self.epsilon", "adagrad_epsilon"),
    ("Adagrad", "self.initial_accumulator_value}", "0.0}", "adagrad"),
    ("Adadelta", "epsilon = self.epsilon / (1 - self.rho)", "epsilon = self.epsilon", "adadelta_epsilon"),
    ("Adadelta", "u *= self.rho", "u *= 1.0", "adadelta"),
    ("RMSprop", "self.epsilon / root", "self.epsilon", "rmsprop_epsilon"),
    ("RMSprop", "s *= 1 - self.rho", "s *= self.rho", "rmsprop_centered"),
    ("RMSprop", "w *= self.momentum", "w *= 1.0", "rmsprop_momentum"),
    ("Nadam", "0.96**t", "0.9**t", "nadam"),
    ("Nadam", "(1 - now)", "(1 - ahead)", "nadam"),
    ("Nadam", "(1 - product * ahead)", "(1 - product)", "nadam"),
    ("Adamax", "(1 - self.beta_1**self.iterations)", "1.0", "adamax"),
    ("Adamax", "np.add(u, self.epsilon, out=s)", "np.add(u, 2 * self.epsilon, out=s)", "adamax_epsilon"),
    ("Lion", "m *= self.beta_2", "m *= self.beta_1", "lion"),
    ("Lion", "self.beta_1 * (1 - self.beta_2) / (1 - self.beta_1)", "1.0", "lion"),
]


@pytest.mark.parametrize(("name", "line", "mutated", "case"), MUTANTS)
def test_golden_values_notice_a_wrong_rule(name, line, mutated, case):
    cls = getattr(optimizers, name)
    source = inspect.getsource(cls)
    assert line in source
    namespace = dict(vars(inspect.getmodule(cls)))
    exec(source.replace(line, mutated), namespace)
    path = run(namespace[name](**CASES[case][1]), GOLDEN["theta"], GOLDEN["gradients"])
    assert not np.allclose(path, GOLDEN[case], rtol=1e-10, atol=1e-12)


# --- properties of every optimizer --------------------------------------------------------------------------------


@each_variant
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7,), (), (3, 4), (0,)])
def test_step_is_in_place_keeps_the_dtype_and_leaves_the_gradient(variant, dtype, shape):
    optimizer = make(variant)
    rng = np.random.default_rng(1)
    theta, gradient = (np.array(rng.standard_normal(shape), dtype) for _ in range(2))
    theta_before, gradient_before, view = theta.copy(), gradient.copy(), theta[...]
    optimizer.step(theta, gradient)
    optimizer.step(theta, gradient)
    assert theta.dtype == dtype
    assert all(v.dtype == dtype for name, v in optimizer.state.items() if name != "iterations")
    assert np.array_equal(gradient, gradient_before)
    assert np.array_equal(view, theta)
    assert theta.size == 0 or not np.array_equal(theta, theta_before)
    assert optimizer.iterations == 2


@each_variant
def test_zero_gradient_moves_nothing_but_decay(variant):
    optimizer = make(variant)
    theta = np.array([1.0, -2.0, 0.0])
    before = theta.copy()
    decay = 1 - optimizer.current_rate() * getattr(optimizer, "weight_decay", 0)
    optimizer.step(theta, np.zeros(3))
    np.testing.assert_array_equal(theta, before * decay)


@each_variant
def test_goes_on_from_its_state_with_the_same_bits(variant):
    theta, gradients = GOLDEN["theta"], GOLDEN["gradients"]
    whole = run(make(variant), theta, gradients)
    first = make(variant)
    half = run(first, theta, gradients[:20])
    second = make(variant)
    second.state = {name: array.copy() for name, array in first.state.items()}
    assert second.iterations == 20
    rest = run(second, half[-1], gradients[20:])
    assert np.array_equal(rest, whole[20:])
    for third in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert np.array_equal(run(third, half[-1], gradients[20:]), whole[20:])


@each_variant
def test_state_is_a_copy_and_reset_starts_afresh(variant):
    optimizer = make(variant)
    theta, gradients = GOLDEN["theta"], GOLDEN["gradients"]
    first = run(optimizer, theta, gradients)
    for array in optimizer.state.values():
        array[...] = 77
    assert optimizer.iterations == STEPS
    optimizer.reset()
    assert optimizer.iterations == 0
    assert list(optimizer.state) == ["iterations"]
    assert np.array_equal(run(optimizer, theta, gradients), first)


@each_variant
def test_pieces_of_a_long_vector_are_updated_as_one(variant, monkeypatch):
    rng = np.random.default_rng(2)
    theta, gradients = rng.standard_normal(100), rng.standard_normal((3, 100))
    whole = run(make(variant), theta, gradients)
    monkeypatch.setattr(base, "BLOCK", 33)
    assert np.array_equal(run(make(variant), theta, gradients), whole)


@each_variant
def test_float32_follows_float64(variant):
    path = run(make(variant), GOLDEN["theta"], GOLDEN["gradients"])
    narrow = run(make(variant), GOLDEN["theta"].astype(np.float32), GOLDEN["gradients"].astype(np.float32))
    np.testing.assert_allclose(narrow, path, rtol=2e-3, atol=2e-3)


@each_class
def test_is_found_by_name_and_rebuilt_from_its_config(cls):
    optimizer = optimizers.get(cls.__name__)
    assert type(optimizer) is type(optimizers.get(cls.__name__.lower())) is cls
    assert optimizers.get(optimizer) is optimizer
    again = cls.from_config(optimizer.config)
    assert again.config == optimizer.config
    assert repr(optimizer) == f"{cls.__name__}()"


@each_variant
def test_descends_a_bowl(variant):
    # ½ Σ aᵢ θᵢ², far from the minimum: each rule goes downhill.
    optimizer, curvature = make(variant), np.array([0.5, 1.0, 2.0])
    theta = np.array([3.0, -2.0, 4.0])
    cost = [0.5 * float(curvature @ theta**2)]
    for _ in range(20):
        optimizer.step(theta, curvature * theta)
        cost.append(0.5 * float(curvature @ theta**2))
    assert cost[-1] < cost[0]
    assert math.isfinite(cost[-1])


scales = st.floats(1e-3, 1e3)


@given(
    st.sampled_from(["Adam", "RMSprop", "Adagrad", "Nadam", "Adamax", "Lion"]),
    hnp.arrays(float, 6, elements=st.floats(-10, 10).filter(lambda x: x == 0 or abs(x) > 1e-3)),
    scales,
)
def test_adaptive_steps_do_not_depend_on_the_scale_of_the_gradient(name, gradient, scale):
    # With ε and the start of the accumulator out of the way, the published rules are invariant to g → c g.
    tiny = {} if name == "Lion" else {"epsilon": 1e-30}
    tiny |= {"initial_accumulator_value": 0.0} if name == "Adagrad" else {}
    first, second = np.zeros(6), np.zeros(6)
    one, other = getattr(optimizers, name)(**tiny), getattr(optimizers, name)(**tiny)
    for sign in (1, 1, -1):
        one.step(first, sign * gradient)
        other.step(second, sign * scale * gradient)
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-15)


@given(hnp.arrays(float, 5, elements=st.floats(-100, 100)), st.floats(1e-3, 1e3))
def test_clipnorm_shortens_and_clipvalue_cuts(gradient, bound):
    norm = math.sqrt(math.fsum(x * x for x in gradient.tolist()))
    for arguments, expected in (
        ({"global_clipnorm": bound}, gradient * (bound / norm if norm > bound else 1)),
        ({"clipvalue": bound}, np.array([min(max(x, -bound), bound) for x in gradient.tolist()])),
    ):
        theta = np.zeros(5)
        optimizers.SGD(1.0, **arguments).step(theta, gradient)
        np.testing.assert_allclose(-theta, expected, rtol=1e-12, atol=1e-300)


@each_class
@pytest.mark.parametrize("clip", [{"global_clipnorm": 0.5}, {"clipvalue": 0.5}])
def test_clipping_is_before_the_rule(cls, clip):
    theta, gradients = GOLDEN["theta"], GOLDEN["gradients"]
    if "clipvalue" in clip:
        clipped = np.clip(gradients, -0.5, 0.5)
    else:
        clipped = gradients * np.minimum(1, 0.5 / np.linalg.norm(gradients, axis=1, keepdims=True))
    path = run(cls(**clip), theta, gradients)
    np.testing.assert_allclose(path, run(cls(), theta, clipped), rtol=1e-9, atol=1e-12)


@each_class
def test_gradient_that_is_theta_itself(cls):
    one, two = np.array([1.0, -2.0]), np.array([1.0, -2.0])
    cls().step(one, one)
    cls().step(two, two.copy())
    assert np.array_equal(one, two)


def test_accepts_lists_and_integers_as_gradient():
    theta = np.array([1.0, 2.0])
    optimizers.SGD(0.5).step(theta, [2, 4])
    assert theta.tolist() == [0.0, 0.0]


def test_centered_rmsprop_survives_a_constant_gradient():
    # v - a² is then 0 up to rounding; as a difference it turns negative and its root NaN.
    theta = np.zeros(3, np.float32)
    optimizer = optimizers.RMSprop(1e-6, centered=True)
    for _ in range(500):
        optimizer.step(theta, np.array([0.1, 1.7, 33.3], np.float32))
    assert np.isfinite(theta).all()
    assert (optimizer.state["v"] >= 0).all()


def test_first_step_of_adam_is_the_learning_rate():
    theta = np.zeros(3)
    optimizers.Adam(0.01).step(theta, np.array([1e3, -1e-3, 5.0]))
    np.testing.assert_allclose(theta, [-0.01, 0.01, -0.01], rtol=1e-3)


# --- learning rates -----------------------------------------------------------------------------------------------


def test_schedule_is_asked_for_the_rate_of_each_step():
    class Count(Schedule):
        def rate(self, t):
            return t + 1.0

    theta = np.zeros(1)
    optimizer = optimizers.SGD(Count())
    seen = []
    for _ in range(3):
        seen.append(optimizer.current_rate())
        optimizer.step(theta, np.ones(1))
    assert seen == [1.0, 2.0, 3.0]
    assert theta[0] == -6.0


def test_schedule_may_reach_zero_but_nothing_below():
    class Fall(Schedule):
        def rate(self, t):
            return 1.0 - t

    theta, optimizer = np.zeros(1), optimizers.SGD(Fall())
    optimizer.step(theta, np.ones(1))
    optimizer.step(theta, np.ones(1))
    assert theta[0] == -1
    with pytest.raises(ConfigError, match=r"the schedule's rate must be a number in \[0, inf\), got -1"):
        optimizer.step(theta, np.ones(1))
    assert optimizer.iterations == 2


def test_learning_rate_can_be_changed_on_the_way():
    theta, optimizer = np.zeros(1), optimizers.SGD(1.0)
    optimizer.step(theta, np.ones(1))
    optimizer.learning_rate = np.float32(0.5)
    optimizer.step(theta, np.ones(1))
    assert theta[0] == -1.5
    assert type(optimizer.learning_rate) is float


# --- errors -------------------------------------------------------------------------------------------------------


@each_class
@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, "0.1", None, True, 1j, [0.1]])
def test_learning_rate_must_be_a_positive_number(cls, rate):
    with pytest.raises(ConfigError, match=rf"{cls.__name__}: learning_rate must be a number in \(0, inf\)"):
        cls(learning_rate=rate)
    optimizer = cls()
    with pytest.raises(ConfigError, match="learning_rate"):
        optimizer.learning_rate = rate


@each_class
@pytest.mark.parametrize(
    "name",
    [
        "momentum",
        "rho",
        "beta_1",
        "beta_2",
        "epsilon",
        "weight_decay",
        "initial_accumulator_value",
        "global_clipnorm",
        "clipvalue",
    ],
)
def test_other_arguments_are_checked(cls, name):
    takes = name in cls.argument_names()
    for wrong in (-0.5, math.nan, "0.9", *([1.0] if name in ("momentum", "rho", "beta_1", "beta_2") else [])):
        with pytest.raises(ConfigError if takes else TypeError, match=name):
            cls(**{name: wrong})


@each_class
def test_only_one_kind_of_clipping(cls):
    with pytest.raises(ConfigError, match="either global_clipnorm or clipvalue"):
        cls(global_clipnorm=1.0, clipvalue=1.0)


def test_nesterov_without_momentum():
    with pytest.raises(ConfigError, match="nesterov=True needs a momentum above 0"):
        optimizers.SGD(0.1, nesterov=True)


def test_unknown_names():
    with pytest.raises(ConfigError, match="Did you mean 'adam'"):
        optimizers.get("adamm")
    with pytest.raises(ConfigError, match="optimizer must be a name"):
        optimizers.get(3)


@each_variant
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_in_the_gradient_changes_nothing(variant, bad):
    optimizer = make(variant)
    theta = np.array([1.0, 2.0, 3.0])
    optimizer.step(theta, np.ones(3))
    before, state = theta.copy(), optimizer.state
    with pytest.raises(NonFiniteError, match=r"the gradient holds -?(nan|inf), first at position 1 of 3"):
        optimizer.step(theta, np.array([1.0, bad, bad]))
    assert np.array_equal(theta, before)
    assert all(np.array_equal(state[name], array) for name, array in optimizer.state.items())


@each_class
def test_gradient_too_large_to_be_squared(cls):
    theta = np.ones(2, np.float32)
    with pytest.raises(NonFiniteError, match="too large to be squared in float32"):
        cls().step(theta, np.array([1e30, 1], np.float32))
    assert theta.tolist() == [1, 1]
    for clip in ({"global_clipnorm": 1.0}, {"clipvalue": 1.0}):
        cls(**clip).step(theta, np.array([1e30, 1], np.float32))
    assert np.isfinite(theta).all()


def test_a_gradient_too_large_to_be_squared_is_still_clipped_to_its_norm():
    theta = np.zeros(2)
    optimizers.SGD(1.0, global_clipnorm=5.0).step(theta, np.array([3e200, -4e200]))
    np.testing.assert_allclose(theta, [-3, 4])


@each_class
def test_shapes_must_agree(cls):
    optimizer, theta = cls(), np.ones(3)
    for gradient in (np.ones(2), np.ones((3, 1)), 1.0):
        with pytest.raises(ShapeError, match=r"theta has shape \(3,\) and the gradient \("):
            optimizer.step(theta, gradient)
    optimizer.step(theta, np.ones(3))
    with pytest.raises(ShapeError, match="One optimizer moves one vector"):
        optimizer.step(np.ones(4), np.ones(4))
    with pytest.raises(DtypeError, match="One optimizer moves one vector"):
        optimizer.step(np.ones(3, np.float32), np.ones(3))


@each_class
def test_theta_must_be_a_writeable_float_array(cls):
    frozen = np.ones(3)
    frozen.flags.writeable = False
    for theta in (frozen, [1.0, 1.0, 1.0], np.ones(3, int), np.ones(3, np.float16), np.ones(3, complex), None):
        with pytest.raises(DtypeError, match="theta is changed in place"):
            cls().step(theta, np.ones(3))
    for gradient in (np.ones(3, complex), np.array(["a"] * 3), np.array([None] * 3)):
        with pytest.raises(DtypeError, match="the gradient needs real numbers"):
            cls().step(np.ones(3), gradient)


@each_variant
def test_state_of_another_kind_is_refused(variant):
    optimizer = make(variant)
    with pytest.raises(ConfigError, match="must hold iterations"):
        optimizer.state = {}
    with pytest.raises(ConfigError, match="must hold iterations"):
        optimizer.state = {"iterations": np.array(1), "moments": np.zeros(3)}
    names = list(optimizer.slots())
    if len(names) > 1:
        with pytest.raises(ShapeError, match="one shape and dtype"):
            optimizer.state = {"iterations": np.array(1)} | {name: np.zeros(i) for i, name in enumerate(names)}
    if names:
        optimizer.state = {"iterations": np.array(1)} | {name: np.zeros(4) for name in names}
        with pytest.raises(ShapeError, match="the steps before were on"):
            optimizer.step(np.ones(3), np.ones(3))


@pytest.mark.parametrize("name", ["Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Nadam", "Adamax"])
def test_epsilon_that_vanishes_in_float32(name):
    optimizer = getattr(optimizers, name)(epsilon=1e-60)
    with pytest.raises(ConfigError, match=r"epsilon=1e-60 is 0 in float32"):
        optimizer.step(np.ones(2, np.float32), np.zeros(2, np.float32))
    optimizer.step(np.ones(2), np.zeros(2))


def test_a_rule_of_ones_own():
    class SignDescent(optimizers.Optimizer):
        def update(self, theta, g, eta, s, r):
            np.sign(g, out=s)
            s *= eta
            theta -= s

    theta = np.array([1.0, 2.0])
    optimizer = SignDescent(0.5)
    optimizer.step(theta, np.array([7.0, -0.1]))
    assert theta.tolist() == [0.5, 2.5]
    assert SignDescent.from_config(optimizer.config).learning_rate == 0.5
    with pytest.raises(NotImplementedError, match=r"must define update"):
        optimizers.Optimizer(0.1).step(theta, theta.copy())
