"""The callbacks, against a model that does nothing but hold a number, and then with the true one."""

from __future__ import annotations

import io
import math
import sys

import numpy as np
import pytest

from mathnn import optimizers
from mathnn.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from mathnn.errors import ConfigError, NonFiniteError
from mathnn.layers import Dense
from mathnn.models import Sequential
from mathnn.schedules import ExponentialDecay


class Model:
    """What callbacks use of a model; its parameters are the number of epochs trained."""

    def __init__(self, learning_rate=0.1):
        self.stop_training = False
        self.optimizer = optimizers.SGD(learning_rate)
        self.theta = 0
        self.saved = []

    def snapshot(self):
        return self.theta

    def restore(self, snapshot):
        self.theta = snapshot

    def save(self, path):
        self.saved.append((path.name, self.theta))


def fit(model, values, *chosen, verbose=0, batches=1, epochs=None, **more):
    """Run epochs whose logs are given: a list of dictionaries, or of numbers for val_loss."""
    history = History()
    hooks = CallbackList(
        [history, *chosen], model, {"epochs": epochs or len(values), "steps": batches, **more}, verbose=verbose
    )
    model.stop_training = False
    hooks.on_train_begin()
    for epoch, value in enumerate(values):
        hooks.on_epoch_begin(epoch)
        for batch in range(batches):
            hooks.on_train_batch_begin(batch)
            hooks.on_train_batch_end(batch, {"loss": 0.5})
        model.theta = epoch + 1
        logs = dict(value) if isinstance(value, dict) else {"loss": 1.0, "val_loss": value}
        hooks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    hooks.on_train_end(logs)
    return history


# --- the list and the base


def test_hooks_are_called_in_order_with_model_and_params():
    said = []

    class Talker(Callback):
        def __init__(self, name):
            self.name = name

        def on_train_begin(self, logs=None):
            said.append((self.name, "train_begin", self.params["epochs"], self.model.theta))

        def on_train_end(self, logs=None):
            said.append((self.name, "train_end", logs["loss"]))

        def on_epoch_begin(self, epoch, logs=None):
            said.append((self.name, "epoch_begin", epoch))

        def on_epoch_end(self, epoch, logs=None):
            said.append((self.name, "epoch_end", epoch, logs["val_loss"]))

    class Batches(Talker):
        def on_train_batch_begin(self, batch, logs=None):
            said.append((self.name, "batch_begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            said.append((self.name, "batch_end", batch, logs["loss"]))

    fit(Model(), [7.0], Batches("a"), Talker("b"), batches=2)
    assert said == [
        ("a", "train_begin", 1, 0),
        ("b", "train_begin", 1, 0),
        ("a", "epoch_begin", 0),
        ("b", "epoch_begin", 0),
        ("a", "batch_begin", 0),
        ("a", "batch_end", 0, 0.5),
        ("a", "batch_begin", 1),
        ("a", "batch_end", 1, 0.5),
        ("a", "epoch_end", 0, 7.0),
        ("b", "epoch_end", 0, 7.0),
        ("a", "train_end", 1.0),
        ("b", "train_end", 1.0),
    ]


def test_list_knows_who_listens_to_batches_and_who_tolerates_nan():
    def of(*chosen):
        made = CallbackList(chosen, Model(), {})
        return made.wants_batches, made.tolerates_nan

    assert of(History(), EarlyStopping()) == (False, False)
    assert of(TerminateOnNaN()) == (True, True)
    assert of(LambdaCallback(on_train_batch_begin=print)) == (True, False)
    assert of(LambdaCallback(on_epoch_end=print)) == (False, False)


@pytest.mark.parametrize(
    ("wrong", "hint"), [(EarlyStopping, r"write EarlyStopping\(...\)"), ("x", "derive it"), (print, "derive it")]
)
def test_what_is_no_callback_is_refused(wrong, hint):
    with pytest.raises(ConfigError, match=f"callbacks must be Callback objects.*{hint}"):
        CallbackList([wrong], Model(), {})


@pytest.mark.parametrize("verbose", [3, -1, "loud", None])
def test_verbose_must_be_known(verbose):
    with pytest.raises(ConfigError, match="verbose must be"):
        CallbackList([], Model(), {}, verbose=verbose)


def test_lambda_callback():
    said = []
    fit(
        Model(),
        [1.0, 2.0],
        LambdaCallback(on_epoch_end=lambda epoch, logs: said.append((epoch, logs["val_loss"]))),
    )
    assert said == [(0, 1.0), (1, 2.0)]
    with pytest.raises(ConfigError, match=r"no hook 'on_epoch_ends'\. Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(ConfigError, match="on_epoch_end must be a function"):
        LambdaCallback(on_epoch_end=3)


def test_history_records_what_the_others_add():
    history = fit(Model(), [3.0, 2.0], LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1)))
    assert history.epoch == [0, 1]
    assert history.history == {"loss": [1.0, 1.0], "val_loss": [3.0, 2.0], "learning_rate": [0.5, 0.25]}


# --- progress


def test_one_line_an_epoch_off_a_terminal(capsys):
    values = [
        {"loss": 0.43124, "accuracy": 0.8125, "val_loss": 0.0},
        {"loss": 4.2e-05, "accuracy": 1, "val_loss": -3.0},
    ]
    for verbose in (1, 2, "auto", True):
        fit(Model(), values, verbose=verbose)
        assert capsys.readouterr().out == (
            "Epoch 1/2 - loss: 0.4312 - accuracy: 0.8125 - val_loss: 0.0000\n"
            "Epoch 2/2 - loss: 4.2000e-05 - accuracy: 1.0000 - val_loss: -3.0000\n"
        )
    fit(Model(), values, verbose=0)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    fit(Model(), [0.5, 0.25], verbose=1, batches=3)
    shown = sys.stdout.getvalue()
    assert "Epoch 2/2" in shown
    assert "6/6" in shown
    assert "val_loss: 0.2500" in shown
    monkeypatch.setattr(sys, "stdout", Terminal())
    fit(Model(), [0.5], verbose=2)
    assert sys.stdout.getvalue() == "Epoch 1/1 - loss: 1.0000 - val_loss: 0.5000\n"


def test_nan_is_shown(capsys):
    fit(Model(), [math.nan], verbose=2)
    assert "val_loss: nan" in capsys.readouterr().out


# --- early stopping


def test_stops_after_patience_and_restores(capsys):
    model = Model()
    stopping = EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    history = fit(model, [5, 3, 4, 3, 2, 1], stopping)
    assert history.epoch == [0, 1, 2, 3]
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (3, 1, 3)
    assert model.theta == 2
    assert capsys.readouterr().out == (
        "Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 2.\n"
    )


def test_restores_when_training_ran_to_its_end():
    model = Model()
    stopping = EarlyStopping(patience=50, restore_best_weights=True)
    fit(model, [5, 1, 4], stopping)
    assert model.theta == 2
    assert stopping.stopped_epoch is None


def test_keeps_the_last_weights_unless_asked_to_restore():
    model = Model()
    fit(model, [5, 1, 4, 4, 4], EarlyStopping(patience=2))
    assert model.theta == 4


def test_says_nothing_when_the_last_epoch_was_the_best(capsys):
    model = Model()
    fit(model, [5, 4, 3], EarlyStopping(restore_best_weights=True, verbose=1))
    assert model.theta == 3
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "values", "epochs"),
    [
        ({}, [5, 4, 4, 3], 3),  # patience 0 stops at the first epoch without improvement
        ({"patience": 1}, [5, 4, 4, 3], 3),
        ({"patience": 2}, [5, 4, 4, 3], 4),
        ({"min_delta": 0.5}, [5, 4, 3.6, 3.4], 3),
        ({"min_delta": -0.5}, [5, 4, 3.6, 3.4], 3),
        ({"min_delta": 0.3, "patience": 2}, [5, 4.9, 4.8, 4.6, 4.5, 4.4], 3),
        ({"mode": "max"}, [1, 2, 3, 2], 4),
        ({"mode": "max"}, [3, 2, 1], 2),
        ({"baseline": 2.0, "patience": 3}, [5, 4, 3, 2.5, 1], 3),
        ({"baseline": 3.5, "patience": 3}, [5, 4, 3, 2.5, 1], 5),
        ({"start_from_epoch": 3}, [1, 2, 3, 9, 8, 9], 6),
        ({"patience": 2}, [math.nan, math.nan, math.nan], 2),
        ({"patience": 2}, [5, math.nan, 4, math.nan, math.nan, 1], 5),
    ],
)
def test_when_it_stops(arguments, values, epochs):
    assert len(fit(Model(), values, EarlyStopping(**arguments)).epoch) == epochs


@pytest.mark.parametrize(
    ("monitor", "grows"),
    [
        ("val_loss", False),
        ("loss", False),
        ("mse", False),
        ("val_accuracy", True),
        ("acc", True),
        ("val_sparse_categorical_accuracy", True),
        ("auc", True),
        ("f1", True),
        ("r2", True),
        ("val_recall", True),
        ("top_k_categorical_accuracy", True),
        ("classification_error", False),
        ("kl_divergence", False),
    ],
)
def test_direction_by_name(monitor, grows):
    watch = EarlyStopping(monitor)
    assert watch.improves(2.0, 1.0) == grows
    assert watch.improves(1.0, 2.0) != grows


def test_start_over_for_another_fit():
    model, stopping = Model(), EarlyStopping(patience=2, restore_best_weights=True)
    fit(model, [1, 2, 3], stopping)
    fit(model, [9, 8, 7, 6], stopping)
    assert stopping.best == 6
    assert model.theta == 4


@pytest.mark.parametrize("watcher", [EarlyStopping, ReduceLROnPlateau])
def test_misspelt_monitor(watcher):
    with pytest.raises(ConfigError, match=f"{watcher.__name__}: no 'val_los' to monitor. Did you mean 'val_loss'"):
        fit(Model(), [1.0], watcher(monitor="val_los"))
    with pytest.raises(ConfigError, match="There is no validation: pass validation_split or validation_data to fit"):
        fit(Model(), [{"loss": 1.0}], watcher())


def test_misspelt_monitor_is_found_before_it_is_needed():
    with pytest.raises(ConfigError, match="no 'vall_loss'"):
        fit(Model(), [1.0], EarlyStopping("vall_loss", start_from_epoch=100))


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (EarlyStopping, {"mode": "up"}, "mode must be one of 'auto', 'min', 'max', got 'up'"),
        (EarlyStopping, {"patience": -1}, "patience must be an integer of 0 or more"),
        (EarlyStopping, {"patience": 1.5}, "patience"),
        (EarlyStopping, {"monitor": 3}, "monitor must be a name"),
        (EarlyStopping, {"min_delta": "0"}, "min_delta"),
        (EarlyStopping, {"baseline": math.nan}, "baseline"),
        (EarlyStopping, {"start_from_epoch": -1}, "start_from_epoch"),
        (ReduceLROnPlateau, {"factor": 1.0}, r"factor must be a number in \(0, 1\)"),
        (ReduceLROnPlateau, {"cooldown": -1}, "cooldown"),
        (ReduceLROnPlateau, {"min_lr": -1}, "min_lr"),
        (CSVLogger, {"filename": "x", "separator": ", "}, "separator must be one character"),
        (LearningRateScheduler, {"schedule": 0.1}, "schedule must be a function"),
    ],
)
def test_arguments_are_checked(cls, arguments, message):
    with pytest.raises(ConfigError, match=f"{cls.__name__}: {message}"):
        cls(**arguments)


# --- learning rates


def rates(values, *chosen, start=1.0):
    model = Model(start)
    history = fit(model, values, *chosen)
    return [*history.history["learning_rate"], model.optimizer.learning_rate]


def test_plateau_lowers_the_rate(capsys):
    plateau = ReduceLROnPlateau(factor=0.5, patience=2, verbose=1)
    assert rates([5, 4, 4, 4, 4, 4, 3], plateau) == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]
    assert capsys.readouterr().out.splitlines()[0] == "Epoch 4: ReduceLROnPlateau reducing learning rate to 0.5."


def test_plateau_waits_and_has_a_floor():
    flat = [1.0] * 7
    assert rates(flat, ReduceLROnPlateau(factor=0.1, patience=1, cooldown=2)) == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    )
    assert rates(flat, ReduceLROnPlateau(factor=0.1, patience=1, min_lr=0.05)) == pytest.approx(
        [1, 1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05]
    )


def test_plateau_counts_small_gains_as_none():
    assert rates([1.0, 0.99995, 0.9999], ReduceLROnPlateau(factor=0.5, patience=2))[-1] == 0.5
    assert rates([1.0, 0.99995, 0.9999], ReduceLROnPlateau(factor=0.5, patience=2, min_delta=0))[-1] == 1


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda epoch, lr: lr / 2, [0.5, 0.25, 0.125]),
        (lambda epoch: 1 / (epoch + 1), [1, 1 / 2, 1 / 3]),
        (ExponentialDecay(1.0, 1, 0.5), [1, 0.5, 0.25]),
        (lambda epoch, lr=None: 0.5 if lr else 3, [0.5, 0.5, 0.5]),
    ],
)
def test_scheduler_sets_the_rate_of_each_epoch(schedule, expected):
    assert rates([1, 1, 1], LearningRateScheduler(schedule)) == [*expected, expected[-1]]


def test_scheduler_speaks_and_checks(capsys):
    fit(Model(), [1], LearningRateScheduler(lambda epoch: 0.125, verbose=1))
    assert capsys.readouterr().out == "Epoch 1: LearningRateScheduler setting learning rate to 0.125.\n"


@pytest.mark.parametrize("wrong", [None, 0, -1, math.nan, "0.1"])
def test_scheduler_checks_what_the_function_gives(wrong):
    with pytest.raises(ConfigError, match="LearningRateScheduler: the rate of epoch 1 must be"):
        fit(Model(), [1], LearningRateScheduler(lambda epoch: wrong))


def test_an_error_inside_the_function_is_not_taken_for_a_missing_argument():
    def broken(epoch, lr):
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        fit(Model(), [1], LearningRateScheduler(broken))


@pytest.mark.parametrize("callback", [ReduceLROnPlateau(), LearningRateScheduler(lambda epoch: 0.1)])
def test_two_schedules_at_once_are_refused(callback):
    with pytest.raises(ConfigError, match="already scheduled, by ExponentialDecay"):
        fit(Model(ExponentialDecay(0.1, 10, 0.5)), [1], callback)


# --- files


def test_checkpoint_every_epoch(tmp_path, capsys):
    model = Model()
    path = tmp_path / "new" / "net-{epoch:02d}-{val_loss:.2f}.npz"
    fit(model, [0.5, 0.25], ModelCheckpoint(path, verbose=1))
    assert model.saved == [("net-01-0.50.npz", 1), ("net-02-0.25.npz", 2)]
    assert (tmp_path / "new").is_dir()
    assert capsys.readouterr().out.splitlines()[1] == (
        f"Epoch 2: saving model to {tmp_path / 'new' / 'net-02-0.25.npz'}"
    )


def test_checkpoint_of_the_best_only(tmp_path):
    model = Model()
    keep = ModelCheckpoint(tmp_path / "best.npz", save_best_only=True)
    fit(model, [3, 4, 2, math.nan, 2], keep)
    fit(model, [5, 1], keep)  # goes on: the best of both fits
    assert [theta for _, theta in model.saved] == [1, 3, 2]
    model.saved.clear()
    fit(model, [3, 1.5], ModelCheckpoint(tmp_path / "best.npz", save_best_only=True, initial_value_threshold=2.0))
    assert [theta for _, theta in model.saved] == [2]


def test_checkpoint_errors(tmp_path):
    with pytest.raises(ConfigError, match="no 'val_acc' to monitor"):
        fit(Model(), [1], ModelCheckpoint(tmp_path / "a.npz", monitor="val_acc", save_best_only=True))
    with pytest.raises(ConfigError, match=r"cannot be filled in.*Known: 'epoch', 'loss', 'val_loss'"):
        fit(Model(), [1], ModelCheckpoint(tmp_path / "{val_los}.npz"))


def test_csv(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("what stood there before")
    fit(Model(), [0.5, 0.25], CSVLogger(path))
    assert path.read_text() == "epoch,loss,val_loss\n0,1.0,0.5\n1,1.0,0.25\n"
    fit(Model(), [{"val_loss": 2.0, "loss": 1.0}], CSVLogger(path, append=True))
    assert path.read_text().splitlines()[3:] == ["0,1.0,2.0"]
    fit(Model(), [0.5], CSVLogger(path, separator=";"))
    assert path.read_text() == "epoch;loss;val_loss\n0;1.0;0.5\n"
    with pytest.raises(ConfigError, match="has the columns"):
        fit(Model(), [{"loss": 1.0}], CSVLogger(path, separator=";", append=True))
    fit(Model(), [0.5], CSVLogger(tmp_path / "fresh.csv", append=True))
    assert (tmp_path / "fresh.csv").read_text().startswith("epoch,loss,val_loss\n")


# --- with the true model


def problem():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 2))
    return X, (X[:, 0] > X[:, 1]).astype(float)


def network(optimizer=None):
    model = Sequential([Dense(4, activation="tanh"), Dense(1, activation="sigmoid")], seed=0)
    model.compile(optimizer=optimizer or optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def test_model_returns_to_its_best_epoch():
    X, y = problem()
    best = []
    model = network(optimizers.SGD(30.0, momentum=0.9))
    stopping = EarlyStopping(patience=100, restore_best_weights=True)
    spy = LambdaCallback(on_epoch_end=lambda epoch, logs: best.append((logs["val_loss"], epoch, model.theta.copy())))
    history = model.fit(X, y, validation_split=0.25, epochs=12, callbacks=[stopping, spy], verbose=0)
    values = history.history["val_loss"]
    assert len(values) == 12
    winner = int(np.argmin(values))
    assert winner != 11
    assert stopping.best_epoch == winner
    assert np.array_equal(model.theta, best[winner][2])
    assert model.evaluate(X[30:], y[30:])["loss"] == pytest.approx(min(values), rel=1e-12)


def test_model_stops_early_and_prints_lines(capsys):
    X, y = problem()
    es = EarlyStopping(monitor="val_loss", min_delta=10, patience=2, verbose=1)
    history = network().fit(X, y, validation_split=0.25, epochs=50, callbacks=[es], verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(history.epoch) == 3
    assert len(lines) == 4
    assert lines[0].startswith("Epoch 1/50 - loss: 0.")
    assert " - val_loss: 0." in lines[0]
    assert lines[3] == "Epoch 3: early stopping"


def test_model_is_checkpointed_and_logged(tmp_path):
    from mathnn.serialization import load

    X, y = problem()
    model = network()
    log = CSVLogger(tmp_path / "log.csv")
    history = model.fit(X, y, epochs=3, callbacks=[ModelCheckpoint(tmp_path / "{epoch}.npz"), log], verbose=0)
    np.testing.assert_array_equal(load(tmp_path / "3.npz").predict(X), model.predict(X))
    assert not np.array_equal(load(tmp_path / "2.npz").predict(X), model.predict(X))
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,accuracy"
    assert float(lines[3].split(",")[1]) == history.history["loss"][2]


def test_rate_of_the_model_is_scheduled():
    X, y = problem()
    model = network()
    history = model.fit(X, y, epochs=3, callbacks=[LearningRateScheduler(lambda e, lr: lr / 2)], verbose=0)
    assert history.history["learning_rate"] == [0.025, 0.0125, 0.00625]
    assert model.optimizer.learning_rate == 0.00625


def test_diverged_model_ends_with_or_without_an_error(capsys):
    X, y = problem()

    def diverging():
        model = Sequential([Dense(1)], seed=0)
        model.compile(optimizer=optimizers.SGD(1e6), loss="mse")
        return model

    with pytest.raises(NonFiniteError, match="epoch"):
        diverging().fit(X, y, epochs=200, verbose=0)
    model = diverging()
    history = model.fit(X, y, epochs=200, callbacks=[TerminateOnNaN()], verbose=0)
    assert 0 < len(history.epoch) < 200
    assert np.isfinite(model.theta).all()
    assert "training ends" in capsys.readouterr().out


def test_misspelt_monitor_in_a_fit():
    X, y = problem()
    with pytest.raises(ConfigError, match=r"no 'val_acuracy' to monitor\. Did you mean 'val_accuracy'"):
        network().fit(X, y, validation_split=0.25, epochs=5, callbacks=[EarlyStopping("val_acuracy")], verbose=0)


def test_plot_draws_the_history():
    X, y = problem()
    history = network().fit(X, y, epochs=3, validation_split=0.25, verbose=0)
    drawn = [list(line.get_ydata()) for axes in history.plot(keys=["loss"]).axes for line in axes.lines]
    assert history.history["loss"] in drawn
    assert history.history["val_loss"] in drawn
