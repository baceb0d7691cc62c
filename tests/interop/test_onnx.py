"""To ONNX: checked by the checker, run by onnxruntime, the same predictions within the rounding of float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.testing import assert_allclose

import mathnn
from mathnn import ConfigError, Sequential, StateError
from mathnn.interop import to_onnx
from mathnn.interop.onnx import OPSET, table
from tests.interop.models import CASES, has_counterpart, model_of
from tests.layer_cases import LayerCase


def is_refused(case: LayerCase) -> bool:
    """Whether a case has a layer with a counterpart, but not for what it is set to."""
    recurrent = case.name.startswith(("simplernn", "lstm", "gru"))
    return "mask_value" in case.name or (recurrent and any(f in case.name for f in ("gelu", "silu", "softmax")))


CONVERTED = [c for c in CASES if has_counterpart(table, c) and not is_refused(c)]


def run(model: onnx.ModelProto, X: np.ndarray) -> np.ndarray:
    """What onnxruntime makes of a batch."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (Y,) = session.run(["Y"], {"X": X})
    return Y


@pytest.mark.parametrize("case", CONVERTED, ids=str)
def test_predictions_agree(case: LayerCase) -> None:
    model = model_of(case, "float32")
    exported = to_onnx(model)
    onnx.checker.check_model(exported, full_check=True)
    X = case.X(np.float32)
    Y = run(exported, X)
    assert Y.dtype == np.float32
    assert_allclose(Y, model.predict(X), rtol=1e-5, atol=1e-6)
    # Another number of samples in the same session.
    assert_allclose(run(exported, X[:1]), model.predict(X[:1]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [c for c in CASES if c not in CONVERTED], ids=str)
def test_what_has_no_counterpart_is_named(case: LayerCase) -> None:
    model = model_of(case)
    with pytest.raises(ConfigError, match=r"no counterpart in ONNX: .*Layers that have one: .*Dense") as caught:
        to_onnx(model)
    assert any(type(layer).__name__ in str(caught.value) for layer in model.walk())


def test_lengths_that_change_from_call_to_call() -> None:
    layers = [
        mathnn.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
        mathnn.MaxPooling2D(3, strides=2, padding="same"),
        mathnn.Conv2D(2, 2, padding=1),
        mathnn.GlobalAveragePooling2D(),
    ]
    images = Sequential(layers, seed=0, input_shape=(None, None, 2), dtype="float32")
    sequences = Sequential([mathnn.LSTM(3)], seed=0, input_shape=(None, 2), dtype="float32")
    rng = np.random.default_rng(0)
    for model, shapes in ((images, [(7, 9, 2), (8, 6, 2)]), (sequences, [(4, 2), (7, 2)])):
        exported = to_onnx(model)
        for shape in shapes:
            X = rng.standard_normal((3, *shape)).astype(np.float32)
            assert_allclose(run(exported, X), model.predict(X), rtol=1e-5, atol=1e-6)


def test_the_graph_says_what_it_is() -> None:
    case = next(c for c in CASES if c.name == "lenet")
    exported = to_onnx(model_of(case, "float32"))
    assert [(o.domain, o.version) for o in exported.opset_import] == [("", OPSET)]
    assert exported.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "m"
    assert [d.dim_value for d in exported.graph.output[0].type.tensor_type.shape.dim][1:] == [3]
    # Between the first convolution and Flatten the channels stay where ONNX has them.
    assert sum(node.op_type == "Transpose" for node in exported.graph.node) == 2


def test_dtypes() -> None:
    model = model_of(next(c for c in CASES if c.name == "mlp"))
    X = np.random.default_rng(0).standard_normal((4, 5))
    assert_allclose(run(to_onnx(model), X), model.predict(X), rtol=1e-12)
    Y = run(to_onnx(model, dtype="float32"), X.astype(np.float32))
    assert Y.dtype == np.float32
    assert_allclose(Y, model.predict(X), rtol=1e-5)
    with pytest.raises(ConfigError, match="dtype must be"):
        to_onnx(model, dtype="int8")


def test_symbols_behind_other_layers_are_cast() -> None:
    model = Sequential(
        [mathnn.Branches([mathnn.Slice(0, 1)], [mathnn.Slice(1)]), mathnn.Embedding(5, 2), mathnn.LSTM(2)]
    )
    model.build((3,), dtype="float32")
    X = np.random.default_rng(0).integers(0, 5, (4, 3)).astype(np.float32)
    assert_allclose(run(to_onnx(model), X), model.predict(X), rtol=1e-5, atol=1e-7)


def test_the_step_function() -> None:
    model = Sequential([mathnn.Dense(4, "step")], seed=0, input_shape=(3,), dtype="float32")
    X = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    Y = run(to_onnx(model), X)
    np.testing.assert_array_equal(Y, model.predict(X), strict=True)
    assert set(Y.ravel()) == {0, 1}


def test_stochastic_pooling_of_nothing_positive() -> None:
    model = Sequential([mathnn.StochasticPooling2D(2)], input_shape=(2, 2, 1), dtype="float32")
    X = np.full((1, 2, 2, 1), -1, np.float32)
    assert run(to_onnx(model), X).tolist() == model.predict(X).tolist() == [[[[0]]]]


def test_files_are_written_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.onnx"
    made = to_onnx(model_of(CASES[0]), path)
    written = path.read_bytes()
    assert written == made.SerializeToString()
    assert onnx.load(path) == made

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        to_onnx(model_of(CASES[1]), path)
    assert path.read_bytes() == written
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]


def test_an_unbuilt_model_and_an_activation_of_ones_own_are_refused() -> None:
    class Cube(mathnn.activations.ActivationFunction):
        """z³."""

        def apply(self, Z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
            return np.power(Z, 3, out=out)

    class Twice(mathnn.Dense):
        """A Dense that does something else."""

    with pytest.raises(StateError, match="is not built"):
        to_onnx(Sequential([mathnn.Dense(2)]))
    with pytest.raises(ConfigError, match="no operator for the activation cube"):
        to_onnx(Sequential([mathnn.Dense(2, Cube())], input_shape=(3,)))
    with pytest.raises(ConfigError, match="a class of your own"):
        to_onnx(Sequential([Twice(2)], input_shape=(3,)))
