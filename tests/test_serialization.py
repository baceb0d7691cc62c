"""Saved models: the same bits back, and a refusal for everything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import (
    DBN,
    RBM,
    Adam,
    ConfigError,
    Dense,
    Dropout,
    FormatError,
    Residual,
    Sequential,
    StateError,
    serialization,
)
from mathnn.layers import Layer
from mathnn.optimizers import registry as optimizers
from mathnn.serialization import FORMAT_VERSION, _as_bytes, _checksum
from tests.layer_cases import LAYER_CASES, LayerCase
from tests.saved import write

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
y = (X[:, 0] > 0).astype(float)


def trained(optimizer: object = "adam") -> Sequential:
    model = Sequential([Dense(4, "tanh"), Dropout(0.3), Dense(1, "sigmoid")], seed=1)
    model.compile(optimizer, "binary_crossentropy", ["accuracy"])
    model.fit(X, y, epochs=2, batch_size=16, verbose=0)
    return model


@pytest.mark.parametrize("name", optimizers.names())
def test_training_goes_on_with_the_same_bits(name: str, tmp_path: Path) -> None:
    model = trained(name)
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz")
    assert_array_equal(again.theta, model.theta)
    a = model.fit(X, y, epochs=3, batch_size=16, verbose=0)
    b = again.fit(X, y, epochs=3, batch_size=16, verbose=0)
    assert a.history == b.history
    assert_array_equal(again.theta, model.theta)


@pytest.mark.parametrize("case", LAYER_CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_survives(case: LayerCase, dtype: str, tmp_path: Path) -> None:
    model = Sequential([case.make()], input_shape=case.shape, dtype=dtype, seed=0)
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz")
    assert_array_equal(again.predict(case.X(dtype)), model.predict(case.X(dtype)))
    assert repr(again.config) == repr(model.config)


def test_frozen_layers_stay_frozen(tmp_path: Path) -> None:
    model = trained()
    model.layers[0].trainable = False
    model.compile("adam", "binary_crossentropy")
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz")
    assert not again.layers[0].trainable
    again.fit(X, y, verbose=0)
    assert_array_equal(again.layers[0].W.value, model.layers[0].W.value)


def test_schedules_losses_and_initializers_with_arguments_survive(tmp_path: Path) -> None:
    model = Sequential(
        [Dense(1, kernel_initializer=mathnn.Constant(0.2), kernel_regularizer=mathnn.L1L2(0.1, 0.2))], seed=1
    )
    model.compile(Adam(mathnn.ExponentialDecay(0.1, 10, 0.9)), mathnn.Huber(delta=2.0))
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz")
    assert repr(again.optimizer) == repr(model.optimizer)
    assert repr(again.loss) == repr(model.loss)
    assert repr(again.layers[0]) == repr(model.layers[0])


def test_exactly_the_name_that_was_given(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "net.model")
    assert os.listdir(tmp_path) == ["net.model"]
    assert_array_equal(mathnn.load(str(tmp_path / "net.model")).theta, model.theta)


def test_nothing_to_save_before_build(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="nothing to save"):
        Sequential([Dense(1)]).save(tmp_path / "net.npz")
    assert os.listdir(tmp_path) == []


class Scale(Layer):
    """A layer of the reader's own: Y = s X."""

    def __init__(self, start: float = 1.0, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name, trainable)
        self.start = start

    def build(self, shape, rng, dtype=np.float64):
        super().build(shape, rng, dtype)
        self.s = self.add_parameter("s", (1,), mathnn.Constant(self.start), rng)
        return shape

    def forward(self, X, training=False, cache=False):
        if cache:
            self.keep(X)
        return self.s.value * X

    def backward(self, dY, need_dX=True):
        (X,) = self.kept()
        self.s.gradient = np.sum(dY * X)
        return self.s.value * dY


def test_layers_of_ones_own_are_saved_and_loaded(tmp_path: Path) -> None:
    model = Sequential([Scale(2.0), Dense(1)], seed=0, input_shape=(3,))
    assert mathnn.gradcheck(Scale(2.0), X).passed
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz", custom_objects={"Scale": Scale})
    assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(FormatError, match="custom_objects"):
        mathnn.load(tmp_path / "net.npz")


def test_what_cannot_be_written_is_refused_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    trained().save(path)
    before = path.read_bytes()
    model = Sequential([Scale()], input_shape=(3,))
    model.layers[0].start = object()
    with pytest.raises(ConfigError, match="cannot be written"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.npz"]


@pytest.mark.parametrize("inside", [False, True])
def test_a_change_of_trainable_that_awaits_its_compile_is_kept_waiting(inside: bool, tmp_path: Path) -> None:
    first = Dense(3, "tanh")
    model = Sequential([Residual(first) if inside else first, Dense(1, "sigmoid")], seed=1)
    model.compile("adam", "binary_crossentropy")
    model.fit(X, y, verbose=0)
    model.layers[0].trainable = False
    model.save(tmp_path / "net.npz")
    again = mathnn.load(tmp_path / "net.npz")
    for each in (model, again):
        each.fit(X, y, verbose=0)
        each.compile("adam", "binary_crossentropy")
        each.fit(X, y, verbose=0)
    assert_array_equal(again.theta, model.theta)
    assert [layer.trainable for layer in again.walk()] == [layer.trainable for layer in model.walk()]


# --- Boltzmann machines -----------------------------------------------------------------------------------------------

V = (X > 0).astype(float)
MACHINES = {
    "plain": lambda: RBM(3, seed=1),
    "persistent with momentum": lambda: RBM(3, persistent=True, momentum=0.5, seed=1),
    "with a schedule": lambda: RBM(
        3, k=2, learning_rate=mathnn.ExponentialDecay(0.1, 5, 0.5), weight_decay=0.1, seed=1
    ),
    "without a seed": lambda: RBM(3, kernel_initializer="he_normal"),
    "stacked": lambda: DBN([4, 2], persistent=True, momentum=0.5, seed=1),
    "stacked, a tuple": lambda: DBN((3,), learning_rate=mathnn.InverseTimeDecay(0.1, 3, 0.5)),
}


def same_machine(a: RBM | DBN, b: RBM | DBN) -> None:
    for one, other in zip(*([m] if isinstance(m, RBM) else m.rbms for m in (a, b)), strict=True):
        assert one.theta.dtype == other.theta.dtype
        assert_array_equal(one.theta, other.theta)
        assert repr(one) == repr(other)


@pytest.mark.parametrize("make", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_machine_goes_on_with_the_same_bits(make, dtype: str, tmp_path: Path) -> None:
    machine, data = make(), V.astype(dtype)
    machine.fit(data, epochs=2, batch_size=16)
    machine.save(tmp_path / "machine.npz")
    again = mathnn.load(tmp_path / "machine.npz")
    assert type(again) is type(machine)
    assert repr(again) == repr(machine)
    same_machine(again, machine)
    assert_array_equal(again.reconstruct(data), machine.reconstruct(data))
    for each in (machine, again):
        each.fit(data, epochs=2, batch_size=16)
    same_machine(again, machine)
    assert_array_equal(again.sample(3, steps=4), machine.sample(3, steps=4))


def test_what_was_changed_on_a_machine_is_kept(tmp_path: Path) -> None:
    rbm = RBM(3, momentum=0.5, seed=1)
    rbm.fit(V, epochs=1)
    rbm.learning_rate, rbm.k, rbm.weight_decay = 0.01, 2, 0.1
    mathnn.save(rbm, tmp_path / "rbm.npz")
    again = RBM.load(tmp_path / "rbm.npz")
    assert repr(again.config) == repr(rbm.config)
    rbm.fit(V, epochs=1), again.fit(V, epochs=1)
    same_machine(again, rbm)
    slow = RBM(3, momentum=0.5, seed=1)
    slow.fit(V, epochs=1)
    slow.k, slow.weight_decay = 2, 0.1
    slow.fit(V, epochs=1)
    assert not np.array_equal(slow.theta, rbm.theta), "the rate that was set is the rate that is used"
    with pytest.raises(AttributeError):
        rbm.momentum = 0.9
    with pytest.raises(ConfigError, match="learning_rate"):
        rbm.learning_rate = -1


def test_a_machine_built_and_not_trained(tmp_path: Path) -> None:
    rbm = RBM(3, seed=1)
    rbm.build(4, "float32")
    rbm.save(tmp_path / "rbm.npz")
    same_machine(mathnn.load(tmp_path / "rbm.npz"), rbm)


@pytest.mark.parametrize("machine", [RBM(2), DBN([2, 2])])
def test_no_machine_to_save_before_build(machine, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="nothing to save"):
        machine.save(tmp_path / "machine.npz")
    assert os.listdir(tmp_path) == []


class Start(mathnn.Initializer):
    """An initializer of the reader's own."""

    def __call__(self, shape, rng, dtype=np.float64):
        return rng.uniform(-0.1, 0.1, shape).astype(dtype)


def test_a_machine_with_parts_of_ones_own(tmp_path: Path) -> None:
    dbn = DBN([3], kernel_initializer=Start(), seed=0)
    dbn.fit(V, epochs=1)
    dbn.save(tmp_path / "dbn.npz")
    with pytest.raises(FormatError, match="custom_objects"):
        mathnn.load(tmp_path / "dbn.npz")
    same_machine(DBN.load(tmp_path / "dbn.npz", {"Start": Start}), dbn)


def test_each_class_loads_its_own(tmp_path: Path) -> None:
    rbm = RBM(2, seed=0)
    rbm.build(3)
    rbm.save(tmp_path / "rbm.npz")
    for other in (DBN, Sequential):
        with pytest.raises(ConfigError, match=f"holds a RBM, not a {other.__name__}"):
            other.load(tmp_path / "rbm.npz")
    with pytest.raises(ConfigError, match="save takes a Sequential, an RBM or a DBN, got Dense"):
        mathnn.save(Dense(2), tmp_path / "dense.npz")


# --- older versions ---------------------------------------------------------------------------------------------------

SAVED = sorted(write.HERE.glob("*.npz"))


def test_there_is_a_file_of_every_version() -> None:
    assert {int(path.name[len("version")]) for path in SAVED} == set(range(1, FORMAT_VERSION + 1))
    assert {path.stem for path in SAVED} >= {f"version{FORMAT_VERSION}-{name}" for name in write.machines()}


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_a_file_of_an_older_version_predicts_the_same_and_goes_on_the_same(path: Path, tmp_path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    model = mathnn.load(path)
    model.save(tmp_path / "again.npz")
    for each in (model, mathnn.load(tmp_path / "again.npz")):
        got = write.go_on(each)
        assert set(got) == set(expected)
        for key, value in expected.items():
            assert_allclose(got[key], value, rtol=1e-9, atol=1e-12, err_msg=key)


def test_a_file_passes_through_every_migration_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = []

    def migration(version: int):
        def migrate(header, arrays):
            passed.append(version)
            weights = {name: array + version if name.startswith("weight/") else array for name, array in arrays.items()}
            return header | {"trainable": [True] * len(header["trainable"])}, weights

        return migrate

    model = trained()
    model.save(tmp_path / "new.npz")
    monkeypatch.setattr(serialization, "FORMAT_VERSION", FORMAT_VERSION + 2)
    for version in (FORMAT_VERSION, FORMAT_VERSION + 1):
        monkeypatch.setitem(serialization._MIGRATIONS, version, migration(version))
    assert_allclose(mathnn.load(tmp_path / "new.npz").theta, model.theta + 2 * FORMAT_VERSION + 1)
    assert passed == [FORMAT_VERSION, FORMAT_VERSION + 1]
    again = mathnn.load(write.HERE / "version1-sequential.npz")
    assert passed[2:] == [FORMAT_VERSION, FORMAT_VERSION + 1], "after those that there are"
    again.save(tmp_path / "newest.npz")
    mathnn.load(tmp_path / "newest.npz")
    assert len(passed) == 4, "a file of this version needs none"


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    trained().save(path)
    content = path.read_bytes()
    for end in range(0, len(content), 100):
        path.write_bytes(content[:end])
        with pytest.raises(FormatError, match="truncated"):
            mathnn.load(path)


def test_every_flipped_bit_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    model = Sequential([Dense(1)], seed=0, input_shape=(2,))
    model.save(path)
    content = bytearray(path.read_bytes())
    refused = 0
    for position in range(len(content)):
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        try:
            assert_array_equal(mathnn.load(path).theta, model.theta)
        except FormatError:
            refused += 1
        content[position] ^= 1 << position % 8
    assert refused > 0.5 * len(content)


def rewrite(path: Path, change: object) -> None:
    """Change the header of a saved file and put a fitting checksum to it."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(arrays.pop("header").tobytes())
    del arrays["checksum"]
    change(header)
    text = json.dumps(header)
    with path.open("wb") as file:
        np.savez(file, header=_as_bytes(text), checksum=_as_bytes(_checksum(text, arrays)), **arrays)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    trained().save(path)
    rewrite(path, lambda header: header.update(version=FORMAT_VERSION + 1))
    with pytest.raises(FormatError, match="newer"):
        mathnn.load(path)


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5])
def test_a_version_that_never_was_is_refused(version: object, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    trained().save(path)
    rewrite(path, lambda header: header.update(version=version))
    with pytest.raises(FormatError, match="no mathnn has written"):
        mathnn.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("visible"),
        lambda header: header.update(visible=4),
        lambda header: header.update(visible="3"),
        lambda header: header["generators"].pop("noise") and header["generators"].update(nosie={}),
        lambda header: header["model"].update({"class": "RBN"}),
        lambda header: header.update(model={"kind": "activation", "class": "ReLU", "config": {}}),
    ],
)
def test_a_machine_that_makes_no_sense_is_refused(change, tmp_path: Path) -> None:
    path = tmp_path / "rbm.npz"
    rbm = RBM(2, seed=0)
    rbm.build(3)
    rbm.save(path)
    rewrite(path, change)
    with pytest.raises(FormatError):
        mathnn.load(path)


def test_an_unknown_class_or_argument_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    trained().save(path)
    rewrite(path, lambda header: header["model"]["config"]["layers"][0].update({"class": "Dence"}))
    with pytest.raises(FormatError, match="'Dence'"):
        mathnn.load(path)
    trained().save(path)
    rewrite(path, lambda header: header["model"]["config"]["layers"][0]["config"].update(unit=3))
    with pytest.raises(FormatError, match="no argument 'unit'"):
        mathnn.load(path)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    with path.open("wb") as file:
        np.savez(file, header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FormatError, match="pickled"):
        mathnn.load(path)
    with path.open("wb") as file:
        np.savez(file, x=np.zeros(2))
    with pytest.raises(FormatError, match="no header"):
        mathnn.load(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(2))
    with pytest.raises(FormatError, match="bare array"):
        mathnn.load(path)
    with pytest.raises(FileNotFoundError):
        mathnn.load(tmp_path / "nothing.npz")


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    trained().save(path)
    before = path.read_bytes()
    script = (
        "import os, sys, numpy as np, mathnn\n"
        "model = mathnn.load(sys.argv[1])\n"
        "model.theta = model.theta + 1\n"
        "def killed(fd): os._exit(9)\n"
        "os.fsync = killed\n"
        "model.save(sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == 9
    assert path.read_bytes() == before
    mathnn.load(path)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.npz"
    model = trained()
    model.save(path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.npz"]
