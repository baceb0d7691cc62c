"""Sequential: one vector, the training loop, and what it refuses."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import (
    SGD,
    Adam,
    ConfigError,
    Dense,
    Dropout,
    DtypeError,
    EarlyStopping,
    LabelError,
    NonFiniteError,
    Sequential,
    ShapeError,
    StateError,
    TerminateOnNaN,
    gradcheck,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
y = (X @ [1.0, -2.0, 0.5] > 0).astype(float)


def network(**compiled: object) -> Sequential:
    model = Sequential([Dense(5, activation="tanh"), Dense(1, activation="sigmoid")], seed=0)
    model.compile(**{"optimizer": Adam(0.01), "loss": "binary_crossentropy", "metrics": ["accuracy"], **compiled})
    return model


def test_what_a_keras_user_would_type(capsys: pytest.CaptureFixture[str]) -> None:
    train_x, train_y = X, y
    es = EarlyStopping(monitor="val_loss", min_delta=0, patience=5, verbose=1, restore_best_weights=True)
    model = Sequential([Dense(16, activation="relu"), Dense(1, activation="sigmoid")])
    model.compile(optimizer=Adam(learning_rate=0.01), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(train_x, train_y, validation_split=0.2, callbacks=[es], verbose=1, epochs=50)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert "Epoch 1/50" in capsys.readouterr().out
    best = min(history.history["val_loss"])
    assert_allclose(model.evaluate(train_x[48:], train_y[48:])["loss"], best, rtol=1e-12)


# --- one vector -----------------------------------------------------------------------------------------------------


def test_every_parameter_is_a_view_into_theta_and_gradient() -> None:
    model = network()
    model.build((3,))
    assert model.theta.shape == model.gradient.shape == (3 * 5 + 5 + 5 + 1,)
    for p in model.parameters:
        assert np.shares_memory(p.value, model.theta)
        assert np.shares_memory(p.gradient, model.gradient)
    model.theta = np.arange(26.0)
    assert_array_equal(model.layers[0].W.value, np.arange(15.0).reshape(3, 5))
    assert_array_equal(model.layers[1].b.value, [25.0])
    with pytest.raises(ShapeError):
        model.theta = np.zeros(3)


def test_gradient_of_the_model_agrees_with_finite_differences() -> None:
    for loss, activation in (
        ("binary_crossentropy", "sigmoid"),
        ("mse", "sigmoid"),
        ("mse", "linear"),
        ("hinge", "tanh"),
    ):
        model = Sequential(
            [Dense(4, "tanh", kernel_regularizer="l2"), Dropout(0.2), Dense(1, activation)],
            seed=1,
            input_shape=(3,),
        )
        model.compile(loss=loss)
        report = gradcheck(model, X[:7], y[:7])
        assert report.passed, f"{loss}\n{report}"


def test_softmax_and_its_crossentropies_from_the_preactivation() -> None:
    labels = RNG.integers(0, 4, 9)
    model = Sequential([Dense(4, activation="softmax")], seed=1, input_shape=(3,))
    model.compile(loss="sparse_categorical_crossentropy")
    assert gradcheck(model, X[:9], labels).passed
    J, gradient = model.loss_and_gradient(X[:9], labels)
    P = model.predict(X[:9])
    assert_allclose(J, -np.log(P[np.arange(9), labels]).mean(), rtol=1e-12)
    delta = (P - np.eye(4)[labels]) / 9
    assert_allclose(gradient[:12].reshape(3, 4), X[:9].T @ delta, rtol=1e-10, atol=1e-14)
    # Scores a thousand apart overflow a probability, and leave the cost from the pre-activation exact.
    model.layers[0].W.value = model.layers[0].W.value * 1000
    far, _ = model.loss_and_gradient(X[:9], labels)
    assert np.isfinite(far)
    assert far > 100


def test_loss_and_gradient_is_a_copy_and_changes_nothing() -> None:
    model = network()
    model.build((3,))
    theta = model.theta.copy()
    J1, g1 = model.loss_and_gradient(X, y)
    J2, g2 = model.loss_and_gradient(X, y)
    assert J1 == J2
    assert_array_equal(g1, g2)
    assert not np.shares_memory(g1, model.gradient)
    assert_array_equal(model.theta, theta)


def test_scipy_can_train_it() -> None:
    from scipy.optimize import minimize

    model = network()
    model.build((3,))

    def f(theta: np.ndarray) -> tuple[float, np.ndarray]:
        model.theta = theta
        return model.loss_and_gradient(X, y)

    result = minimize(f, model.theta.copy(), jac=True, method="L-BFGS-B")
    assert result.fun < 0.01


def test_a_step_of_sgd_is_the_formula() -> None:
    model = network(optimizer=SGD(0.5))
    model.build((3,))
    theta = model.theta.copy()
    _, g = model.loss_and_gradient(X, y)
    logs = model.train_step(X, y)
    assert_allclose(model.theta, theta - 0.5 * g, rtol=1e-14)
    assert set(logs) == {"loss", "accuracy"}


def test_frozen_layers_come_last_and_do_not_move() -> None:
    model = network(optimizer=mathnn.AdamW(0.05, weight_decay=0.1))
    model.build((3,))
    model.layers[0].trainable = False
    model.compile(optimizer=mathnn.AdamW(0.05, weight_decay=0.1), loss="binary_crossentropy")
    kept = [w.copy() for w in model.layers[0].get_weights()]
    moved = model.layers[1].W.value.copy()
    model.fit(X, y, epochs=2, verbose=0)
    for before, after in zip(kept, model.layers[0].get_weights(), strict=True):
        assert_array_equal(before, after)
    assert (model.layers[1].W.value != moved).all()
    assert_array_equal(model.theta[:5], model.layers[1].W.value.ravel())
    assert gradcheck(model, X[:5], y[:5]).passed


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_train_and_leave_the_original_alone(how: object) -> None:
    model = network()
    model.fit(X, y, epochs=2, verbose=0)
    twin = how(model)
    theta = model.theta.copy()
    twin.fit(X, y, epochs=3, verbose=0)
    assert_array_equal(model.theta, theta)
    assert (twin.theta != theta).any()
    assert all(np.shares_memory(p.value, twin.theta) for p in twin.parameters)
    # The optimizer's state and the order of the samples were copied as well.
    model.fit(X, y, epochs=3, verbose=0)
    assert_array_equal(model.theta, twin.theta)


def test_nested_models_share_the_outer_vector() -> None:
    inner = Sequential([Dense(4, "tanh"), Dense(3)])
    model = Sequential([inner, Dense(1, "sigmoid")], seed=0, input_shape=(3,))
    assert all(np.shares_memory(p.value, model.theta) for p in inner.parameters)
    model.compile(loss="binary_crossentropy")
    assert gradcheck(model, X[:4], y[:4]).passed


# --- training -------------------------------------------------------------------------------------------------------


def test_same_seed_same_bits_and_another_seed_not() -> None:
    def trained(seed: int) -> np.ndarray:
        model = Sequential([Dense(6, "relu"), Dropout(0.2), Dense(1, "sigmoid")], seed=seed)
        model.compile("adam", "binary_crossentropy")
        model.fit(X, y, epochs=3, verbose=0)
        return model.theta

    assert_array_equal(trained(4), trained(4))
    assert (trained(4) != trained(5)).any()


def test_numpys_global_generator_is_neither_read_nor_disturbed() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    model = Sequential([Dense(6, "relu"), Dropout(0.2), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    model.fit(X, y, epochs=1, verbose=0)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_fit_goes_on_where_it_stood() -> None:
    once, twice = network(), network()
    once.fit(X, y, epochs=6, verbose=0)
    twice.fit(X, y, epochs=2, verbose=0)
    twice.fit(X, y, epochs=4, verbose=0)
    assert_array_equal(once.theta, twice.theta)


def test_epoch_figures_are_means_over_samples_with_a_ragged_last_batch() -> None:
    model = network(optimizer=SGD(1e-300))
    history = model.fit(X, y, epochs=1, batch_size=32, verbose=0)
    whole = model.evaluate(X, y, batch_size=7)
    assert_allclose(history.history["loss"], whole["loss"], rtol=1e-12)
    assert_allclose(history.history["accuracy"], whole["accuracy"], rtol=1e-12)
    assert_allclose(whole["loss"], model.loss_and_gradient(X, y)[0], rtol=1e-12)


def test_penalties_are_part_of_the_cost() -> None:
    model = Sequential([Dense(1, kernel_regularizer=mathnn.L2(0.3))], seed=0, input_shape=(3,))
    model.compile(loss="mse")
    plain = ((model.predict(X)[:, 0] - y) ** 2).mean()
    expected = plain + 0.3 * (model.layers[0].W.value ** 2).sum()
    assert_allclose(model.evaluate(X, y)["loss"], expected, rtol=1e-12)
    assert_allclose(model.loss_and_gradient(X, y)[0], expected, rtol=1e-12)


def test_constraints_hold_after_every_step() -> None:
    model = Sequential([Dense(4, kernel_constraint=mathnn.MaxNorm(0.5)), Dense(1, "sigmoid")], seed=0)
    model.compile(SGD(1.0), "binary_crossentropy")
    model.fit(X, y, epochs=2, verbose=0)
    assert (np.linalg.norm(model.layers[0].W.value, axis=0) <= 0.5 + 1e-12).all()


def test_sample_weight_zero_is_a_sample_left_out_of_the_sum() -> None:
    model = network()
    model.build((3,))
    weight = np.r_[np.ones(40), np.zeros(20)]
    J, g = model.loss_and_gradient(X, y, sample_weight=weight)
    J40, g40 = model.loss_and_gradient(X[:40], y[:40])
    assert_allclose(J, J40 * 40 / 60, rtol=1e-12)
    assert_allclose(g, g40 * 40 / 60, rtol=1e-10, atol=1e-15)


def test_class_weight_is_the_sample_weight_of_the_class() -> None:
    by_class, by_sample = network(), network()
    by_class.fit(X, y, epochs=2, class_weight={0: 1.0, 1: 3.0}, verbose=0)
    by_sample.fit(X, y, epochs=2, sample_weight=np.where(y == 1, 3.0, 1.0), verbose=0)
    assert_array_equal(by_class.theta, by_sample.theta)


def test_validation_data_and_split_agree() -> None:
    split, given = network(), network()
    a = split.fit(X, y, epochs=3, validation_split=0.25, verbose=0)
    b = given.fit(X[:45], y[:45], epochs=3, validation_data=(X[45:], y[45:]), verbose=0)
    assert a.history == b.history


def test_vectors_of_targets_are_taken_as_the_column() -> None:
    a, b = network(), network()
    assert (
        a.fit(X, y, epochs=1, verbose=0).history == b.fit(X, y.reshape(-1, 1).astype(int), epochs=1, verbose=0).history
    )


def test_float32_in_means_float32_throughout() -> None:
    model = network()
    model.fit(X.astype(np.float32), y, epochs=1, verbose=0)
    assert model.theta.dtype == model.predict(X).dtype == np.float32
    assert {v.dtype for v in model.optimizer.state.values() if v.ndim} == {np.dtype(np.float32)}


def test_integers_become_float64() -> None:
    model = network()
    model.fit((X > 0).astype(int), y, epochs=1, verbose=0)
    assert model.theta.dtype == np.float64


def test_predict_in_batches_and_without_caching() -> None:
    model = network()
    model.build((3,))
    assert_allclose(model.predict(X, batch_size=7), model.predict(X), rtol=1e-12)
    with pytest.raises(StateError, match="cache"):
        model.backward(np.ones((60, 1)))


def test_predictions_are_the_callers_own() -> None:
    for layers in ([mathnn.Flatten()], [mathnn.Activation("linear")], [Dense(2)]):
        model = Sequential(layers, input_shape=(3,), seed=0)
        first = model.predict(X)
        assert not np.shares_memory(first, X)
        kept = first.copy()
        model.predict(X + 1)
        assert_array_equal(first, kept)


def test_data_are_not_changed() -> None:
    data, targets = X.copy(), y.copy()
    data.setflags(write=False)
    targets.setflags(write=False)
    model = network()
    model.fit(data, targets, epochs=1, validation_split=0.2, verbose=0)
    model.evaluate(data, targets)
    model.predict(data)


def test_summary_counts(capsys: pytest.CaptureFixture[str]) -> None:
    model = network()
    with pytest.raises(StateError, match="summary needs a built model"):
        model.summary()
    model.build((3,))
    model.summary()
    out = capsys.readouterr().out
    assert "26 parameters" in out
    assert "dense_1 (Dense)" in out


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epochs": 0}, ConfigError, "epochs must be an integer of 1 or more, got 0"),
        ({"batch_size": 0}, ConfigError, "batch_size must be an integer of 1 or more, got 0"),
        ({"batch_size": 2.5}, ConfigError, "batch_size"),
        ({"validation_split": 1.0}, ConfigError, "validation_split must be a number in"),
        ({"validation_split": 0.999}, ConfigError, "both parts need at least one"),
        ({"validation_data": X}, ConfigError, "validation_data must be"),
        ({"sample_weight": [1.0]}, ShapeError, "one number for each sample"),
        ({"sample_weight": -np.ones(60)}, NonFiniteError, "not negative"),
        ({"callbacks": TerminateOnNaN()}, ConfigError, "callbacks must be a list"),
        ({"class_weight": {7: 1.0}}, LabelError, "names class 7"),
        ({"class_weight": {0: -1.0}}, ConfigError, "class_weight"),
    ],
)
def test_fit_refuses_arguments(change: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        network().fit(X, y, verbose=0, **change)


@pytest.mark.parametrize(
    ("data", "targets", "error", "message"),
    [
        (X, y[:-1], ShapeError, "60 samples and y has 59"),
        (X[:0], y[:0], ShapeError, "empty"),
        (X[:, 0], y, ShapeError, r"reshape\(-1, 1\)"),
        (np.full((3, 3), "a"), y[:3], DtypeError, "needs real numbers"),
        (np.array([[object()]]), y[:1], DtypeError, "needs real numbers"),
        (X.astype(complex), y, DtypeError, "two columns"),
        ([[1.0], [1.0, 2.0]], y[:2], ShapeError, "rectangular"),
        (np.where(np.arange(180).reshape(60, 3) == 7, np.nan, X), y, NonFiniteError, r"\(2, 1\)"),
        (X, np.where(np.arange(60) == 3, np.inf, y), NonFiniteError, "inf"),
        (X, y + 1, LabelError, "2"),
        (X, np.stack([y, y], 1), ShapeError, r"\(60, 2\)"),
    ],
)
def test_fit_refuses_data(data: object, targets: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        network().fit(data, targets, verbose=0)


def test_a_changed_number_of_features() -> None:
    model = network()
    model.fit(X, y, verbose=0)
    with pytest.raises(ShapeError, match=r"\(m, 3\)"):
        model.predict(X[:, :2])


def test_calls_out_of_order() -> None:
    with pytest.raises(StateError, match="compile"):
        Sequential([Dense(1)]).fit(X, y)
    with pytest.raises(StateError, match="predict needs a built model"):
        Sequential([Dense(1)]).predict(X)
    with pytest.raises(StateError, match="no layers"):
        Sequential([]).build((3,))
    model = network()
    model.build((3,))
    with pytest.raises(StateError, match="nothing can be added"):
        model.add(Dense(1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": None}, "needs a loss"),
        ({"loss": "binary_crosentropy"}, "Did you mean 'binary_crossentropy'"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"metrics": ["acuracy"]}, "accuracy"),
        ({"metrics": "accuracy"}, "must be a list"),
        ({"loss": mathnn.BinaryCrossentropy(from_logits=True)}, "applied twice"),
    ],
)
def test_compile_refuses(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        network(**arguments)


def test_a_linear_output_under_a_loss_of_probabilities() -> None:
    model = Sequential([Dense(1)], seed=0)
    model.compile("sgd", "binary_crossentropy")
    for call in (model.fit, model.evaluate, model.train_step, model.loss_and_gradient):
        with pytest.raises(ConfigError, match="end the network in"):
            call(10 * X, np.ones(60))


def test_a_split_that_takes_a_class_away_warns() -> None:
    order = np.argsort(y)
    with pytest.warns(UserWarning, match="every sample of class 1"):
        network().fit(X[order], y[order], validation_split=0.6, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().fit(X, y, validation_split=0.2, verbose=0)


def test_divergence_names_epoch_batch_and_layer() -> None:
    model = Sequential([Dense(4, name="first"), Dense(1)], seed=0)
    model.compile(SGD(1e200), "mse")
    with (
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match=r"epoch \d+, batch \d+: .*Lower the learning rate"),
    ):
        model.fit(X, y, epochs=20, verbose=0)


def test_terminate_on_nan_stops_instead() -> None:
    model = Sequential([Dense(4), Dense(1)], seed=0)
    model.compile(SGD(1e200), "mse")
    with np.errstate(all="ignore"):
        history = model.fit(X, y, epochs=20, verbose=0, callbacks=[TerminateOnNaN()])
    assert len(history.epoch) < 20


@pytest.mark.parametrize("dtype", ["float16", "int32", "nonsense", object])
def test_dtype_of_the_model(dtype: object) -> None:
    with pytest.raises(ConfigError, match="'float32' or 'float64'"):
        Sequential([Dense(1)], dtype=dtype)


@pytest.mark.parametrize("shape", [(0,), (-1,), (2.5,), ("3",)])
def test_input_shape(shape: object) -> None:
    with pytest.raises(ShapeError, match="tuple of positive integers"):
        Sequential([Dense(1)], input_shape=shape)
