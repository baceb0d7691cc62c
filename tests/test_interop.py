"""What can be said of the bridges to PyTorch, Keras and ONNX without them; tests/interop has the rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import mathnn
from mathnn import ConfigError, Sequential, StateError, interop
from mathnn.interop import keras, onnx, torch
from mathnn.interop.shared import Counterparts
from mathnn.layers import Layer, registry

TABLES = {"torch": torch.table, "keras": keras.table, "onnx": onnx.table}
#: How layers without counterpart are made that need arguments.
ARGUMENTS: dict[type, Callable[[], Layer]] = {
    mathnn.GaussianNoise: lambda: mathnn.GaussianNoise(0.1),
    mathnn.JordanRNN: lambda: mathnn.JordanRNN(2),
    mathnn.AuxiliaryHead: lambda: mathnn.AuxiliaryHead([mathnn.Dense(1)]),
}
FRAMEWORKS = ("torch", "keras", "onnx", "onnxruntime", "sklearn", "tensorflow", "jax")


def test_nothing_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, mathnn.interop\n"
        "from mathnn.interop import from_keras, from_torch, to_keras, to_onnx, to_torch\n"
        f"print([name for name in {FRAMEWORKS!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_every_public_name_is_found() -> None:
    assert set(interop.__all__) == set(interop._MODULES) <= set(dir(interop))
    assert interop.to_torch is torch.to_torch
    with pytest.raises(AttributeError, match="no attribute 'to_caffe'"):
        _ = interop.to_caffe


@pytest.mark.parametrize("framework", TABLES)
def test_every_layer_has_a_counterpart_or_a_reason(framework: str) -> None:
    table = TABLES[framework]
    ours = {cls for cls in registry.items() if cls.__module__.startswith("mathnn.")}
    assert set(table.writers) | set(table.reasons) == ours
    assert not set(table.writers) & set(table.reasons)
    assert all(reason.strip() for reason in table.reasons.values())


@pytest.mark.parametrize("framework", TABLES)
def test_a_layer_of_ones_own_and_one_without_counterpart_are_named(framework: str) -> None:
    class Double(mathnn.Dense):
        """A Dense that may compute something else."""

    table: Counterparts = TABLES[framework]
    with pytest.raises(ConfigError, match=r"Double has no counterpart .* a class of your own.* one: .*Conv2D, .*Dense"):
        table.write(Double(2))
    for cls, reason in table.reasons.items():
        with pytest.raises(ConfigError, match=cls.__name__) as caught:
            table.write(ARGUMENTS.get(cls, cls)())
        assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["to_torch", "to_keras", "to_onnx", "from_torch", "from_keras"])
def test_a_missing_framework_is_named_with_what_installs_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = name.split("_")[1]
    monkeypatch.setitem(sys.modules, framework, None)
    model = Sequential([mathnn.Dense(2)], input_shape=(3,))
    arguments = (model, (3,)) if name == "from_torch" else (model,)
    with pytest.raises(StateError, match=rf'{name} needs the package {framework}: pip install "mathnn\[{framework}\]"'):
        getattr(interop, name)(*arguments)


@pytest.mark.parametrize("name", ["to_torch", "to_keras", "to_onnx"])
def test_only_built_models_are_carried_over(name: str) -> None:
    with pytest.raises(StateError, match="not built, so it has no weights yet"):
        getattr(interop, name)(Sequential([mathnn.Dense(2)]))
    with pytest.raises(ConfigError, match="takes a model or a layer of mathnn, got dict"):
        getattr(interop, name)({})
