"""Regularizers and constraints against their definitions and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from mathnn import constraints, regularizers
from mathnn.constraints import Constraint, MaxNorm, UnitNorm
from mathnn.errors import ConfigError, DtypeError, ShapeError
from mathnn.regularizers import L1, L1L2, L2, Regularizer

REGULARIZERS: list[Regularizer] = [
    *(regularizers.registry.get(name) for name in regularizers.registry.names()),
    L1(0.3),
    L2(0.7),
    L1L2(0.3, 0.7),
]
CONSTRAINTS: list[Constraint] = [
    *(constraints.registry.get(name) for name in constraints.registry.names()),
    MaxNorm(0.5, axis=1),
    MaxNorm(1.0, axis=(0, 1)),
    UnitNorm(axis=-1),
]

each_regularizer = pytest.mark.parametrize("regularizer", REGULARIZERS, ids=repr)
each_constraint = pytest.mark.parametrize("constraint", CONSTRAINTS, ids=repr)
WEIGHTS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    elements=st.integers(-8, 8),
)


@each_regularizer
def test_gradient_agrees_with_differences(regularizer: Regularizer) -> None:
    rng = np.random.default_rng(0)
    w = rng.uniform(0.1, 1, (4, 3)) * rng.choice([-1, 1], (4, 3))
    gradient = regularizer.gradient(w)
    h = 1e-3
    for i in np.ndindex(w.shape):
        step = np.zeros_like(w)
        step[i] = h
        # The penalty is a parabola away from 0, so the central difference is exact but for rounding.
        assert_allclose((regularizer(w + step) - regularizer(w - step)) / (2 * h), gradient[i], atol=1e-11)


@each_regularizer
@given(w=WEIGHTS)
def test_penalty_is_the_sum_of_the_definition(regularizer: Regularizer, w: np.ndarray) -> None:
    before = w.copy()
    l1, l2 = getattr(regularizer, "l1", 0), getattr(regularizer, "l2", 0)
    penalty = regularizer(w)
    assert isinstance(penalty, float)
    assert_allclose(penalty, sum(l1 * abs(float(v)) + l2 * float(v) ** 2 for v in w.flat), rtol=1e-14)
    assert_allclose(regularizer(-w), penalty)
    gradient = regularizer.gradient(w)
    assert gradient.dtype == w.dtype
    assert gradient.shape == w.shape
    assert not np.shares_memory(gradient, w)
    assert (gradient[w == 0] == 0).all()
    assert_array_equal(w, before)


def test_defaults_are_those_of_keras() -> None:
    w = [[1.0, -2.0], [3.0, 0.0]]
    assert L1()(w) == pytest.approx(0.06)
    assert L2()(w) == pytest.approx(0.14)
    assert L1L2()(w) == 0
    assert_allclose(L2(0.5).gradient(w), w)
    assert_allclose(L1(0.5).gradient(w), [[0.5, -0.5], [0.5, 0.0]])


def test_penalty_of_float32_weights_is_summed_in_float64() -> None:
    w = np.full(10, 3e19, np.float32)
    assert_allclose(L2(1.0)(w), 10 * float(np.float32(3e19)) ** 2, rtol=1e-12)
    assert_allclose(L1(1.0)(np.full(1_000_001, 0.1, np.float32)), 1_000_001 * float(np.float32(0.1)), rtol=1e-12)


@each_constraint
@given(w=WEIGHTS)
def test_constrained_weights_are_allowed_and_constraining_twice_changes_nothing(
    constraint: Constraint, w: np.ndarray
) -> None:
    before = w.copy()
    once = constraint(w)
    assert once.dtype == w.dtype
    assert once.shape == w.shape
    assert not np.shares_memory(once, w)
    assert_array_equal(w, before)
    norms = np.sqrt((w.astype(np.float64) ** 2).sum(axis=constraint.axis))
    new = np.sqrt((once.astype(np.float64) ** 2).sum(axis=constraint.axis))
    expected = np.minimum(norms, constraint.max_value) if isinstance(constraint, MaxNorm) else (norms > 0).astype(float)
    assert_allclose(new, expected, rtol=3e-7, atol=1e-300)
    assert_allclose(constraint(once), once, rtol=3e-7)
    # The direction stays.
    assert_allclose(np.sign(once), np.sign(w))
    assert_allclose(once * np.expand_dims(norms, constraint.axis), w * np.expand_dims(new, constraint.axis), rtol=1e-6)


def test_weights_within_the_limit_keep_their_bits() -> None:
    w = np.random.default_rng(0).normal(size=(5, 4)) / 10
    assert_array_equal(MaxNorm(2.0)(w), w)


def test_constraints_on_a_convolution_kernel() -> None:
    w = np.random.default_rng(0).normal(size=(3, 3, 4, 6))
    assert_allclose((UnitNorm(axis=(0, 1, 2))(w) ** 2).sum(axis=(0, 1, 2)), np.ones(6))
    assert_allclose(np.sqrt((MaxNorm(1.0, axis=[0, 1, 2])(w) ** 2).sum(axis=(0, 1, 2))), np.ones(6))


def test_constraints_refuse_what_they_cannot_use() -> None:
    with pytest.raises(ShapeError, match=r"MaxNorm\(axis=1\) needs that axis, once, and got weights of shape \(3,\)"):
        MaxNorm(axis=1)([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="needs that axis, once"):
        UnitNorm(axis=(0, -2))(np.ones((2, 2)))
    for axis in (1.5, "0", None, (), (0, "1"), True):
        with pytest.raises(ConfigError, match="axis must be an integer or a tuple of integers"):
            UnitNorm(axis)
    for limit in (0, -1, np.nan, "2"):
        with pytest.raises(ConfigError, match="MaxNorm: max_value"):
            MaxNorm(limit)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, "0.1", None])
def test_strengths_are_checked(bad: object) -> None:
    with pytest.raises(ConfigError, match="L1: l1"):
        L1(bad)
    with pytest.raises(ConfigError, match="L2: l2"):
        L2(bad)


@pytest.mark.parametrize("bad", ["w", [1j], [None]], ids=str)
def test_weights_must_be_numbers(bad: object) -> None:
    for part in (*REGULARIZERS, *CONSTRAINTS):
        with pytest.raises(DtypeError, match=f"^{type(part).__name__}"):
            part(bad)
    for regularizer in REGULARIZERS:
        with pytest.raises(DtypeError):
            regularizer.gradient(bad)


@pytest.mark.parametrize("module", [regularizers, constraints], ids=["regularizers", "constraints"])
def test_found_by_name(module) -> None:
    assert module.get(None) is None
    for name, kind in zip(module.registry.names(), module.registry.items(), strict=True):
        assert type(module.get(name)) is kind
        assert type(module.get(kind.__name__)) is kind
        instance = kind()
        assert module.get(instance) is instance
        assert repr(kind.from_config(instance.config)) == repr(instance)
    with pytest.raises(ConfigError, match="unknown"):
        module.get("l3")


def test_keras_names() -> None:
    assert regularizers.registry.names() == ["l1", "l2", "l1l2"]
    assert type(regularizers.get("l1_l2")) is L1L2
    assert constraints.registry.names() == ["max_norm", "unit_norm"]


def test_base_classes_say_what_is_missing() -> None:
    for call in (Regularizer().__call__, Regularizer().gradient, Constraint().__call__):
        with pytest.raises(NotImplementedError, match="does not define"):
            call([1.0])
