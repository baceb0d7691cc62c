"""Every layer against finite differences, and the properties that all layers share."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import ConfigError, DtypeError, ShapeError, StateError, gradcheck
from mathnn.layers import ActivatedLayer, Container, Layer, registry
from tests.layer_cases import LAYER_CASES, LayerCase

every_layer = pytest.mark.parametrize("case", LAYER_CASES, ids=str)


def test_every_layer_has_a_case() -> None:
    tried = {type(layer) for case in LAYER_CASES for layer in case.make().walk()}
    assert set(registry.items()) <= tried


def test_every_registered_layer_is_public() -> None:
    for cls in registry.items():
        assert getattr(mathnn, cls.__name__) is cls


@every_layer
@pytest.mark.parametrize("training", [True, False])
def test_backward_agrees_with_finite_differences(case: LayerCase, training: bool) -> None:
    report = gradcheck(case.built(), case.X(), training=training, max_entries=None)
    assert report.passed, str(report)
    assert not any(row.kinks for row in report.rows), "the case sits on a kink: move its input"
    assert not any(row.vacuous for row in report.rows), str(report)


@every_layer
def test_output_shape_is_what_build_said(case: LayerCase) -> None:
    layer = case.built()
    assert layer.forward(case.X()).shape == (case.m, *layer.output_shape)
    assert layer.forward(case.X()[:1]).shape == (1, *layer.output_shape)


@every_layer
def test_float32_stays_float32(case: LayerCase) -> None:
    layer = case.built(np.float32)
    Y = layer.forward(case.X(np.float32), training=True, cache=True)
    dX = layer.backward(np.ones_like(Y))
    assert Y.dtype == dX.dtype == np.float32
    assert {p.value.dtype for p in layer.parameters} <= {np.dtype(np.float32)}
    assert {p.gradient.dtype for p in layer.parameters} <= {np.dtype(np.float32)}


@every_layer
def test_float32_agrees_with_float64(case: LayerCase) -> None:
    Y64 = case.built().forward(case.X())
    Y32 = case.built(np.float32).forward(case.X(np.float32))
    assert_allclose(Y32, Y64, rtol=2e-5, atol=2e-5)


@every_layer
def test_nothing_of_the_caller_is_changed(case: LayerCase) -> None:
    layer, X = case.built(), case.X()
    X.setflags(write=False)
    dY = np.ones(layer.forward(X).shape)
    dY.setflags(write=False)
    layer.forward(X, training=True, cache=True)
    layer.backward(dY)


@every_layer
def test_cached_and_uncached_forward_agree(case: LayerCase) -> None:
    layer, X = case.built(), case.X()
    assert_array_equal(layer.forward(X), layer.forward(X, cache=True))


@every_layer
def test_gradients_are_assigned_not_accumulated(case: LayerCase) -> None:
    layer, X = case.built(), case.X()
    dY = np.random.default_rng(2).standard_normal(layer.forward(X, cache=True).shape)
    dX = np.array(layer.backward(dY))
    first = [p.gradient.copy() for p in layer.parameters]
    assert_array_equal(layer.backward(dY), dX)
    for p, gradient in zip(layer.parameters, first, strict=True):
        assert_array_equal(p.gradient, gradient)


@every_layer
def test_no_dX_when_none_is_needed_and_the_same_gradients(case: LayerCase) -> None:
    layer, X = case.built(), case.X()
    dY = np.random.default_rng(2).standard_normal(layer.forward(X, cache=True).shape)
    layer.backward(dY)
    with_dX = [p.gradient.copy() for p in layer.parameters]
    assert layer.backward(dY, need_dX=False) is None
    for p, gradient in zip(layer.parameters, with_dX, strict=True):
        assert_array_equal(p.gradient, gradient)


@every_layer
def test_samples_do_not_see_each_other_at_inference(case: LayerCase) -> None:
    layer, X = case.built(), case.X()
    order = np.random.default_rng(3).permutation(case.m)
    assert_allclose(layer.forward(X[order]), layer.forward(X)[order], rtol=1e-12, atol=1e-14)
    assert_allclose(layer.forward(X[:2]), layer.forward(X)[:2], rtol=1e-12, atol=1e-14)


@every_layer
def test_a_smaller_batch_after_a_larger_one(case: LayerCase) -> None:
    layer, fresh, X = case.built(), case.built(), case.X()
    dY = np.random.default_rng(2).standard_normal((2, *layer.output_shape))
    layer.backward(np.zeros_like(layer.forward(X, cache=True)))
    for one in (layer, fresh):
        one.forward(X[:2], cache=True)
    assert_array_equal(layer.backward(dY), fresh.backward(dY))
    for p, q in zip(layer.parameters, fresh.parameters, strict=True):
        assert_array_equal(p.gradient, q.gradient)


@every_layer
def test_config_makes_the_same_layer(case: LayerCase) -> None:
    layer = case.make()
    layer.build(case.shape, np.random.default_rng(0), np.float64)
    twin = copy.deepcopy(layer)
    assert repr(twin) == repr(layer)
    if isinstance(layer, Container):
        return
    again = type(layer).from_config(layer.config)
    again.build(case.shape, np.random.default_rng(0), np.float64)
    assert_array_equal(again.forward(case.X()), layer.forward(case.X()))


@every_layer
@pytest.mark.parametrize("how", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer)), Layer.copy])
def test_copies_are_equal_and_independent(case: LayerCase, how: object) -> None:
    layer, X = case.built(), case.X()
    layer.forward(X, cache=True)
    twin = how(layer)
    before = layer.forward(X)
    assert_array_equal(twin.forward(X), before)
    with pytest.raises(StateError):
        twin.backward(before)
    for p in twin.parameters:
        p.value = p.value + 1
    assert_array_equal(layer.forward(X), before)


@every_layer
def test_backward_without_a_cached_forward(case: LayerCase) -> None:
    layer = case.built()
    Y = layer.forward(case.X())
    with pytest.raises(StateError, match="cache"):
        layer.backward(Y)


@every_layer
def test_a_wrong_input_is_refused(case: LayerCase) -> None:
    layer, X = case.built(), case.X()
    with pytest.raises(ShapeError, match="expects X of shape"):
        layer.forward(np.zeros((2, *case.shape, 1)))
    with pytest.raises(DtypeError, match="float64"):
        layer.forward(X.astype(np.float32))
    leaf = next(one for one in case.make().walk() if not one.sublayers)
    with pytest.raises(StateError, match="not built"):
        leaf.forward(X)


def test_dense_is_its_formula() -> None:
    layer = mathnn.Dense(2, activation="tanh")
    layer.build((3,), np.random.default_rng(0))
    X = np.random.default_rng(1).standard_normal((4, 3))
    expected = [
        [np.tanh(sum(x[i] * layer.W.value[i, j] for i in range(3)) + layer.b.value[j]) for j in range(2)] for x in X
    ]
    assert_allclose(layer.forward(X), expected, rtol=1e-14)


def test_dropout_keeps_the_expectation_and_uses_one_mask() -> None:
    layer = mathnn.Dropout(0.3)
    layer.build((50,), np.random.default_rng(0))
    X = np.ones((4000, 50))
    Y = layer.forward(X, training=True, cache=True)
    assert_allclose(np.unique(Y), [0, 1 / 0.7])
    # The share of zeros is within five standard deviations of the rate.
    assert abs((Y == 0).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / X.size)
    assert_array_equal(layer.backward(X), Y)
    assert_array_equal(layer.forward(X), X)


def test_adding_dropout_changes_no_other_draw() -> None:
    plain = mathnn.Sequential([mathnn.Dense(4), mathnn.Dense(2)], seed=3, input_shape=(3,))
    noisy = mathnn.Sequential([mathnn.Dense(4), mathnn.Dropout(0.5), mathnn.Dense(2)], seed=3, input_shape=(3,))
    assert_array_equal(plain.theta, noisy.theta)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.0, 2, "0.5", None, True, float("nan")])
def test_dropout_rate_out_of_range(rate: object) -> None:
    with pytest.raises(ConfigError, match=r"rate must be a number in \[0, 1\), got"):
        mathnn.Dropout(rate)


@pytest.mark.parametrize("units", [0, -1, 2.0, "3", None, True])
def test_dense_units(units: object) -> None:
    with pytest.raises(ConfigError, match="units must be an integer of 1 or more"):
        mathnn.Dense(units)


def test_a_misspelt_activation_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'relu'"):
        mathnn.Dense(1, activation="rellu")


def test_one_layer_belongs_to_one_model() -> None:
    layer = mathnn.Dense(2)
    mathnn.Sequential([layer])
    with pytest.raises(StateError, match=r"layer\.copy\(\)"):
        mathnn.Sequential([layer])
    with pytest.raises(StateError, match=r"layer\.copy\(\)"):
        mathnn.Chain([twice := mathnn.Dense(1), twice])
    mathnn.Sequential([layer.copy()])


def test_something_that_is_no_layer() -> None:
    with pytest.raises(ConfigError, match=r"write Dense\(\.\.\.\)"):
        mathnn.Sequential([mathnn.Dense])
    with pytest.raises(ConfigError, match="made of layers"):
        mathnn.Sequential(["relu"])


def test_parameters_are_set_by_copying() -> None:
    model = mathnn.Sequential([mathnn.Dense(2)], input_shape=(3,), seed=0)
    model.layers[0].W.value = np.zeros((3, 2))
    assert not model.theta.any()
    assert np.shares_memory(model.layers[0].W.value, model.theta)
    with pytest.raises(ShapeError):
        model.layers[0].W.value = np.zeros((2, 3))
    with pytest.raises(DtypeError):
        model.layers[0].W.value = np.full((3, 2), "a")


@pytest.mark.parametrize("training", [True, False])
def test_split_activation_agrees_with_the_whole(training: bool) -> None:
    for case in LAYER_CASES:
        layer = case.built()
        if isinstance(layer, ActivatedLayer):
            Z = layer.preactivate(case.X(), training)
            assert_array_equal(layer.activation.apply(Z.copy()), layer.forward(case.X(), training))
