"""The estimators: scikit-learn's own checks, its tools around them, and the numbers against a network by hand."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import mathnn
from mathnn import (
    Adam,
    BatchNormalization,
    ConfigError,
    Dense,
    Dropout,
    EarlyStopping,
    LabelError,
    Sequential,
    ShapeError,
)
from mathnn.interop import MathnnClassifier, MathnnRegressor

X, y = make_classification(90, 5, n_informative=4, n_classes=3, n_redundant=0, random_state=0)
X2, y2 = X[y < 2], y[y < 2]
XM, YM = make_multilabel_classification(60, 5, n_classes=3, random_state=0)
XR, yR = make_regression(60, 4, noise=1.0, random_state=0)
yR = (yR - yR.mean()) / yR.std()
XM = XM / XM.max()


def classifier(**arguments: Any) -> MathnnClassifier:
    return MathnnClassifier(**{"layers": (6,), "epochs": 5, "tol": None, "random_state": 0, **arguments})


def regressor(**arguments: Any) -> MathnnRegressor:
    return MathnnRegressor(**{"layers": (6,), "epochs": 5, "tol": None, "random_state": 0, **arguments})


TASKS = {
    "classes": (classifier, X, y),
    "two classes": (classifier, X2, y2),
    "labels": (classifier, XM, YM),
    "numbers": (regressor, XR, yR),
    "vectors": (regressor, XR, np.stack([yR, -yR], axis=1)),
}
each_task = pytest.mark.parametrize(("make", "X", "y"), TASKS.values(), ids=TASKS)


# Everything that scikit-learn asks of an estimator, and no failure is declared as expected. Two checks have nothing to
# look at: array libraries other than NumPy, and decision_function, which its own MLPClassifier does not have either.
ESTIMATORS = [
    MathnnClassifier(),
    MathnnRegressor(),
    classifier(layers=(), epochs=50, learning_rate=0.1),
    regressor(loss="huber", epochs=100, learning_rate=0.03),
]
NOTHING_TO_CHECK = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}
CHECKS = [pair for estimator in ESTIMATORS for pair in estimator_checks_generator(estimator, mark="xfail")]


@pytest.mark.parametrize(
    ("estimator", "check"),
    [(estimator, check) for estimator, check in CHECKS if check.func.__name__ not in NOTHING_TO_CHECK],
    ids=lambda part: getattr(getattr(part, "func", None), "__name__", type(part).__name__),
)
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


# --- the network inside -----------------------------------------------------------------------------------------------


def test_many_classes_are_a_softmax_network() -> None:
    names = np.array(["blue", "red", "green"])
    estimator = classifier(batch_size=16).fit(X, names[y])
    twin = Sequential([Dense(6, "relu"), Dense(3, "softmax")], seed=0, input_shape=(5,))
    twin.compile("adam", "sparse_categorical_crossentropy")
    order = np.array([0, 2, 1])  # of the classes, by name
    history = twin.fit(X, order[y], epochs=5, batch_size=16, verbose=0).history
    assert_array_equal(estimator.model_.theta, twin.theta)
    assert estimator.loss_curve_ == history["loss"] == estimator.history_["loss"]
    assert (estimator.n_iter_, estimator.loss_) == (5, history["loss"][-1])
    assert estimator.classes_.tolist() == ["blue", "green", "red"]
    assert_array_equal(estimator.predict_proba(X), twin.predict(X))
    assert_array_equal(estimator.predict(X), estimator.classes_[twin.predict(X).argmax(axis=1)])
    assert_allclose(estimator.predict_log_proba(X), np.log(twin.predict(X)))
    assert estimator.score(X, names[y]) == accuracy_score(names[y], estimator.predict(X))


def test_two_classes_are_one_sigmoid() -> None:
    estimator = classifier(batch_size=16).fit(X2, y2 * 2 - 1)
    twin = Sequential([Dense(6, "relu"), Dense(1, "sigmoid")], seed=0, input_shape=(5,))
    twin.compile("adam", "binary_crossentropy")
    twin.fit(X2, y2, epochs=5, batch_size=16, verbose=0)
    assert_array_equal(estimator.model_.theta, twin.theta)
    P = estimator.predict_proba(X2)
    assert_allclose(P[:, 1], twin.predict(X2)[:, 0])
    assert_allclose(P.sum(axis=1), 1)
    assert_array_equal(estimator.predict(X2), np.where(P[:, 1] > 0.5, 1, -1))


def test_labels_that_hold_at_once_are_sigmoids() -> None:
    estimator = classifier(epochs=300, learning_rate=0.05).fit(XM, YM)
    assert estimator.model_.output_shape == (3,)
    assert estimator.classes_.tolist() == [0, 1, 2]
    P = estimator.predict_proba(XM)
    assert P.shape == YM.shape
    assert_array_equal(estimator.predict(XM), (P > 0.5).astype(int))
    assert (estimator.predict(XM) == YM).mean() > 0.85
    for wrong in (YM[:, :2], YM[:, 0]):
        with pytest.raises(LabelError, match=r"a table \(m, 3\)"):
            estimator.partial_fit(XM, wrong)


def test_regression_with_one_number_and_with_two() -> None:
    one = regressor(epochs=300, learning_rate=0.02).fit(XR, yR)
    assert one.predict(XR).shape == (60,)
    assert one.score(XR, yR) > 0.95
    Y = np.stack([yR, 1 - yR], axis=1)
    two = regressor(epochs=300, learning_rate=0.02).fit(XR, Y)
    assert two.predict(XR).shape == (60, 2)
    assert two.score(XR, Y) > 0.95
    with pytest.raises(ShapeError, match="2 columns at first"):
        two.partial_fit(XR, yR)
    with pytest.warns(DataConversionWarning):
        assert regressor().fit(XR, yR[:, None]).predict(XR).shape == (60,)


@pytest.mark.parametrize("loss", ["mse", "mae", mathnn.Huber(delta=0.5), "log_cosh"], ids=str)
def test_the_loss_can_be_chosen(loss: object) -> None:
    estimator = regressor(loss=loss).fit(XR, yR)
    twin = Sequential([Dense(6, "relu"), Dense(1)], seed=0, input_shape=(4,))
    twin.compile("adam", loss)
    twin.fit(XR, yR, epochs=5, batch_size=60, verbose=0)
    assert_array_equal(estimator.model_.theta, twin.theta)


def test_label_smoothing_keeps_probabilities_from_0() -> None:
    smooth, sharp = (mathnn.BinaryCrossentropy(label_smoothing=share) for share in (0.4, 0.0))
    low = [
        classifier(loss=loss, epochs=400, learning_rate=0.05).fit(X2, y2).predict_proba(X2).min()
        for loss in (smooth, sharp)
    ]
    assert low[0] > 0.02
    assert low[1] < 1e-6


def a_stack() -> list[object]:
    return [8, Dropout(0.5), BatchNormalization(), Dense(4, "tanh")]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((), ["Dense"]),
        (7, ["Dense"] * 2),
        (np.array([5, 4]), ["Dense"] * 3),
        ([8, Dropout(0.2), 4], ["Dense", "Dropout", "Dense", "Dense"]),
        (Dense(3, "tanh"), ["Dense"] * 2),
        (a_stack, ["Dense", "Dropout", "BatchNormalization", "Dense", "Dense"]),
        (
            [mathnn.Reshape((5, 1, 1)), mathnn.Conv2D(2, (3, 1)), mathnn.Flatten()],
            ["Reshape", "Conv2D", "Flatten", "Dense"],
        ),
    ],
)
def test_layers_are_sizes_or_layers_or_a_function(layers: object, expected: list[str]) -> None:
    estimator = classifier(layers=layers, activation="tanh").fit(X, y)
    assert [type(layer).__name__ for layer in estimator.model_.layers] == expected
    assert clone(estimator).fit(X, y).score(X, y) == estimator.score(X, y)
    pickle.loads(pickle.dumps(estimator)).predict(X)
    if isinstance(layers, list):
        assert not any(isinstance(layer, mathnn.Layer) and layer.built for layer in layers)


def test_alpha_is_an_l2_penalty_where_there_is_none() -> None:
    own = mathnn.L1(0.3)
    estimator = classifier(layers=[6, Dense(4, kernel_regularizer=own)], alpha=0.1).fit(X, y)
    first, second, third = (layer.kernel_regularizer for layer in estimator.model_.layers)
    assert repr(first) == repr(third) == repr(mathnn.L2(0.1))
    assert repr(second) == repr(own)
    assert all(layer.kernel_regularizer is None for layer in classifier().fit(X, y).model_.layers)
    large, small = (
        np.abs(classifier(alpha=a, epochs=200, learning_rate=0.05).fit(X, y).model_.theta).sum() for a in (0.0, 1.0)
    )
    assert small < 0.2 * large


def test_the_optimizer_by_name_or_object() -> None:
    schedule = mathnn.ExponentialDecay(0.1, 10, 0.9)
    optimizer = Adam(0.5, beta_1=0.8)
    fitted = classifier(optimizer=optimizer, learning_rate=schedule).fit(X, y)
    assert repr(fitted.model_.optimizer) == repr(Adam(schedule, beta_1=0.8))
    assert (optimizer.learning_rate, optimizer.iterations) == (0.5, 0)
    assert repr(classifier(optimizer="sgd", learning_rate=0.2).fit(X, y).model_.optimizer) == "SGD(learning_rate=0.2)"
    assert repr(classifier(optimizer=optimizer).fit(X, y).model_.optimizer) == repr(optimizer)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_the_dtype_is_that_of_the_data(dtype: type) -> None:
    data = (10 * X).astype(dtype)
    estimator = classifier().fit(data, y)
    expected = np.float32 if dtype is np.float32 else np.float64
    assert estimator.model_.dtype == estimator.predict_proba(data).dtype == expected


# --- training ---------------------------------------------------------------------------------------------------------


@each_task
def test_partial_fit_goes_on(make, X, y) -> None:
    whole = make(epochs=4, batch_size=16).fit(X, y)
    first = {"classes": np.unique(y)} if make is classifier and y.ndim == 1 else {}
    parts = make(batch_size=16).partial_fit(X, y, **first)
    for _ in range(3):
        parts.partial_fit(X, y)
    assert_array_equal(parts.model_.theta, whole.model_.theta)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 4
    before = whole.model_.theta.copy()
    assert whole.partial_fit(X, y) is whole
    assert whole.n_iter_ == 5
    assert not np.array_equal(whole.model_.theta, before)
    assert whole.fit(X, y).n_iter_ == 4
    assert_array_equal(whole.model_.theta, before)  # fit starts anew


def test_classes_that_partial_fit_learns_of() -> None:
    estimator = classifier()
    with pytest.raises(LabelError, match="classes must be passed on the first call to partial_fit"):
        estimator.partial_fit(X2, y2)
    estimator.partial_fit(X2, y2, classes=[2, 1, 0]).partial_fit(X, y)
    assert estimator.predict_proba(X).shape == (90, 3)
    estimator.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(LabelError, match="is not what it was"):
        estimator.partial_fit(X, y, classes=[0, 1])
    for unknown in (3, -1, 0.5, "red"):
        with pytest.raises(LabelError, match=r"y has the class"):
            estimator.partial_fit(X[:2], [0, unknown])


@each_task
def test_a_weight_is_so_many_copies(make, X, y) -> None:
    w = np.random.default_rng(0).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), w)
    weighted = make(epochs=20).fit(X, y, sample_weight=w)
    copied = make(epochs=20).fit(X[rows], y[rows])
    assert_allclose(weighted.model_.theta, copied.model_.theta, rtol=1e-7, atol=1e-9)
    assert_allclose(make().fit(X, y, 5 * w).model_.theta, make().fit(X, y, w).model_.theta, rtol=1e-9, atol=1e-12)
    unweighted = make().fit(X, y)
    assert_array_equal(make().fit(X, y, np.full(len(X), 3.0)).model_.theta, unweighted.model_.theta)


@pytest.mark.parametrize("weight", [np.zeros(90), -np.ones(90), np.ones(89), ["a"] * 90, np.full(90, np.nan)], ids=str)
def test_weights_that_are_none(weight: object) -> None:
    with pytest.raises(ValueError, match=r"sample_weight|weight|convert|NaN"):
        classifier().fit(X, y, weight)


def test_training_stops_where_the_cost_does() -> None:
    estimator = classifier(epochs=500, tol=0.5, n_iter_no_change=3).fit(X, y)
    assert estimator.n_iter_ < 10
    assert classifier(epochs=30, tol=None).fit(X, y).n_iter_ == 30


def test_callbacks_watch_what_is_held_out() -> None:
    stop = EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    arguments = {"layers": (64,), "epochs": 300, "learning_rate": 0.05, "validation_fraction": 0.3, "callbacks": [stop]}
    estimator = classifier(**arguments).fit(X, y)
    (used,) = estimator.callbacks_
    assert used is not stop
    assert not hasattr(stop, "best_epoch"), "the one that was passed in is not touched"
    assert 0 < used.best_epoch == used.stopped_epoch - 3 < 296
    assert len(estimator.history_["val_loss"]) == estimator.n_iter_ == used.stopped_epoch + 1
    assert min(estimator.history_["val_loss"]) == estimator.history_["val_loss"][used.best_epoch]
    again = classifier(**arguments).fit(X, y)
    assert_array_equal(again.model_.theta, estimator.model_.theta)
    weighted = classifier(**arguments).fit(X, y, sample_weight=np.linspace(0.5, 1, 90))
    assert len(weighted.history_["val_loss"]) == weighted.n_iter_
    assert regressor(validation_fraction=0.5).fit(XR, yR).history_["val_loss"]
    assert classifier(validation_fraction=0.5, epochs=1).fit(XM, YM).history_["val_loss"]
    with pytest.raises(ConfigError, match="There is no validation"):
        classifier(callbacks=[stop]).fit(X, y)


def test_the_held_out_part_has_every_class_in_its_share() -> None:
    seen = []
    spy = mathnn.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_loss"]))
    rare = np.array([0] * 80 + [1] * 10)
    estimator = classifier(validation_fraction=0.2, epochs=1 + 1, callbacks=[spy])
    estimator.fit(X, rare)
    assert len(estimator.history_["val_loss"]) == 2
    with pytest.raises(ValueError, match="least populated class"):
        estimator.fit(X, np.array([0] * 89 + [1]))


def test_the_random_state_decides() -> None:
    same = [classifier(random_state=3).fit(X, y).model_.theta for _ in range(2)]
    assert_array_equal(*same)
    drawn = [classifier(random_state=np.random.RandomState(3)).fit(X, y).model_.theta for _ in range(2)]
    assert_array_equal(*drawn)
    fresh = [classifier(random_state=None).fit(X, y).model_.theta for _ in range(2)]
    assert not np.array_equal(*fresh)
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002  it is looked at, not used
    classifier(random_state=None, validation_fraction=0.3).fit(X, y)
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002


@each_task
def test_nothing_that_was_passed_in_is_changed(make, X, y) -> None:
    layers: list[Any] = [4, Dropout(0.1), Dense(3)]
    optimizer, callback = mathnn.SGD(0.1, momentum=0.9), EarlyStopping("loss")
    weight = np.linspace(0.1, 1, len(X))
    given = {"layers": layers, "optimizer": optimizer, "callbacks": [callback]}
    before = pickle.dumps((layers, optimizer, callback, X, y, weight))
    data = [np.array(a) for a in (X, y, weight)]
    for array in data:
        array.setflags(write=False)
    estimator = make(**given).fit(*data)
    estimator.partial_fit(*data).predict(data[0])
    assert pickle.dumps((layers, optimizer, callback, *data)) == before
    for name, value in given.items():
        assert getattr(estimator, name) is value
    assert estimator.layers == layers


# --- among scikit-learn's tools ---------------------------------------------------------------------------------------


def test_a_grid_search_over_layer_sizes() -> None:
    grid = {"layers": [(), (2,), (16, 8)], "learning_rate": [1e-4, 0.03]}
    search = GridSearchCV(classifier(epochs=60), grid, cv=3)
    search.fit(X, y)
    assert search.best_params_["learning_rate"] == 0.03
    assert search.best_score_ > 0.7
    assert [layer.units for layer in search.best_estimator_.model_.layers[:-1]] == list(search.best_params_["layers"])


def test_a_pipeline_and_its_parameters() -> None:
    pipe = make_pipeline(StandardScaler(), classifier(epochs=60, learning_rate=0.03))
    far = 1000 + 100 * X
    assert pipe.fit(far, y).score(far, y) > 0.8
    pipe.set_params(mathnnclassifier__layers=(3,), mathnnclassifier__epochs=2)
    assert pipe.fit(far, y)[-1].model_.layers[0].units == 3
    assert cross_val_score(pipe, far, y, cv=3).shape == (3,)


def fitted_theta(estimator: MathnnClassifier, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return estimator.fit(X, y).model_.theta


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_two_workers_do_what_one_does(backend: str) -> None:
    seeds = [classifier(random_state=s) for s in range(4)]
    at_once = Parallel(n_jobs=2, backend=backend)(delayed(fitted_theta)(e, X, y) for e in copy.deepcopy(seeds))
    for theta, estimator in zip(at_once, seeds, strict=True):
        assert_array_equal(theta, fitted_theta(estimator, X, y))
    assert threading.active_count() < 50


@each_task
def test_pickled_copied_and_cloned(make, X, y) -> None:
    estimator = make(layers=[5, Dropout(0.2)]).fit(X, y)
    twins = [pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)]
    expected = estimator.predict(X)
    for twin in twins:
        assert_array_equal(twin.predict(X), expected)
        twin.partial_fit(X, y)
    assert_array_equal(estimator.predict(X), expected)
    estimator.partial_fit(X, y)
    for twin in twins:
        assert_array_equal(twin.model_.theta, estimator.model_.theta)
    fresh = clone(estimator)
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    assert_array_equal(fresh.fit(X, y).predict(X), expected)


def test_the_trained_network_is_an_ordinary_model(tmp_path) -> None:
    estimator = classifier().fit(X, y)
    estimator.model_.save(tmp_path / "net.npz")
    assert_array_equal(mathnn.load(tmp_path / "net.npz").predict(X), estimator.predict_proba(X))
    assert log_loss(y, estimator.predict_proba(X)) == pytest.approx(estimator.model_.evaluate(X, y)["loss"])


def test_data_frames_keep_the_names_of_their_columns() -> None:
    frame = pd.DataFrame(X, columns=list("abcde"))
    estimator = classifier().fit(frame, pd.Series(y), pd.Series(np.ones(90)))
    assert estimator.feature_names_in_.tolist() == list("abcde")
    assert_array_equal(estimator.predict_proba(frame), classifier().fit(X, y, np.ones(90)).predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[list("edcba")])


def test_nothing_is_printed_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    classifier().fit(X, y)
    assert capsys.readouterr().out == ""
    classifier(verbose=2, epochs=2).fit(X, y)
    assert capsys.readouterr().out.count("Epoch") == 2


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"layers": "relu"}, ConfigError, "layers must be a list"),
        ({"layers": None}, ConfigError, "layers must be a list"),
        ({"layers": (0,)}, ConfigError, "layers must be an integer of 1"),
        ({"layers": (2.5,)}, ConfigError, "layers must be an integer of 1"),
        ({"layers": [Dense]}, ConfigError, "layers must be an integer of 1"),
        ({"activation": "rellu"}, ConfigError, "Did you mean 'relu'"),
        ({"optimizer": "adma"}, ConfigError, "unknown optimizer 'adma'"),
        ({"learning_rate": -1}, ConfigError, "learning_rate"),
        ({"loss": "crossentropy"}, ConfigError, "unknown loss"),
        ({"loss": "hinge"}, ShapeError, "Hinge"),
        ({"alpha": -1}, ConfigError, "alpha must be a number"),
        ({"epochs": 0}, ConfigError, "epochs must be an integer"),
        ({"batch_size": 0}, ConfigError, "batch_size must be an integer"),
        ({"batch_size": "all"}, ConfigError, "batch_size must be an integer"),
        ({"tol": -1}, ConfigError, "tol must be a number"),
        ({"tol": 0.1, "n_iter_no_change": 0}, ConfigError, "n_iter_no_change"),
        ({"validation_fraction": 1}, ConfigError, r"validation_fraction must be a number in \[0, 1\)"),
        ({"callbacks": EarlyStopping("loss")}, ConfigError, "callbacks must be a list"),
        ({"callbacks": [3]}, ConfigError, "callbacks must be Callback objects"),
        ({"random_state": -1}, ConfigError, "seed"),
        ({"random_state": "zero"}, ValueError, "seed"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict, error: type[Exception], words: str) -> None:
    estimator = classifier(**arguments)  # scikit-learn's rule: a constructor stores, and fit checks
    with pytest.raises(error, match=words):
        estimator.fit(X, y)


def test_targets_that_make_no_sense() -> None:
    with pytest.raises(LabelError, match="one class"):
        classifier().fit(X, np.zeros(90))
    with pytest.raises(LabelError, match="a table of zeros and ones"):
        classifier().fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier().fit(X, X[:, 0])


def test_without_scikit_learn_the_error_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import mathnn.interop\n"
        "try: mathnn.interop.MathnnClassifier\n"
        "except mathnn.StateError as error: sys.exit('mathnn[sklearn]' not in str(error))\n"
        "sys.exit(2)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_checks_can_fail() -> None:
    """An estimator that changes its arguments is caught, so the checks above are alive."""

    class Vain(MathnnRegressor):
        def fit(self, X, y, sample_weight=None):
            self.epochs = 3
            return super().fit(X, y, sample_weight)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        failed = [r["check_name"] for r in check_estimator(Vain(), on_fail=None) if r["status"] == "failed"]
    assert "check_dont_overwrite_parameters" in failed
