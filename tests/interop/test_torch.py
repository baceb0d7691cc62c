"""To and from PyTorch: the same predictions, the same gradients, the same bits on the way back."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

import mathnn
from mathnn import ConfigError, Sequential, StateError
from mathnn.interop import from_torch, to_torch
from mathnn.interop.torch import table
from mathnn.interop.torch_modules import Branches, ChannelsFirst, ChannelsLast
from tests.interop.models import CASES, assert_same_model, has_counterpart, model_of, noisy
from tests.layer_cases import LayerCase

#: Cases whose layer has a counterpart, but not for what it is set to.
REFUSED = {
    *(c.name for c in CASES if "mask_value" in c.name),
    *(c.name for c in CASES if "reset_after=False" in c.name),
    *(c.name for c in CASES if "recurrent_activation" in c.name),
    *(c.name for c in CASES if c.name.startswith("simplernn") and " activation=" in c.name),
}
CONVERTED = [c for c in CASES if has_counterpart(table, c) and c.name not in REFUSED]
by_name = pytest.mark.parametrize("case", CONVERTED, ids=str)


def tensor(X: np.ndarray) -> torch.Tensor:
    """A batch as a user of PyTorch has it: images are (m, C, H, W)."""
    return torch.tensor(X.transpose(0, 3, 1, 2) if X.ndim == 4 else X)


def array(t: torch.Tensor) -> np.ndarray:
    """A batch as mathnn has it."""
    A = t.detach().numpy()
    return A.transpose(0, 2, 3, 1) if A.ndim == 4 else A


@by_name
def test_predictions_agree(case: LayerCase) -> None:
    model, X = model_of(case), case.X()
    assert_allclose(array(to_torch(model)(tensor(X))), model.predict(X), rtol=1e-10, atol=1e-13)


@by_name
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_way_back_changes_no_bit(case: LayerCase, dtype: str) -> None:
    model, X = model_of(case, dtype), case.X(np.dtype(dtype).type)
    module = to_torch(model)
    assert {str(t.dtype) for t in module.parameters()} <= {f"torch.{dtype}"}
    if "mask_zero" in case.name:
        model.layers[0].E.value[0] = 0
    if not module.state_dict():
        model = model_of(case, "float32")  # without a parameter there is nothing to read the dtype off
        X = X.astype(np.float32)
    assert_same_model(from_torch(module, case.shape), model, X)


@by_name
def test_gradients_agree(case: LayerCase) -> None:
    model, X = model_of(case), case.X()
    layer, module = model.layers[0], to_torch(model)
    training = not noisy(case)
    module.train(training)
    Y = layer.forward(X, training=training, cache=True)
    C = np.random.default_rng(3).standard_normal(Y.shape)
    dX = layer.backward(C.copy())
    x = tensor(X).requires_grad_(X.dtype.kind == "f")
    (module(x) * tensor(C)).sum().backward()
    # PyTorch's hard sigmoid multiplies by a sixth in float32 when it goes back, for float64 too.
    rtol = 1e-7 if case.name == "hard sigmoid" else 1e-10
    if x.grad is not None:
        assert_allclose(array(x.grad), dX, rtol=rtol, atol=1e-12)
    # The gradients, put where the weights are, come back in the order of mathnn.
    frozen = [p for leaf in layer.walk() if not leaf.trainable for p in leaf.parameters if not leaf.sublayers]
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.zeros_like(p) if p.grad is None else p.grad)
    back = from_torch(module, case.shape)
    for ours, theirs in zip(model.parameters, back.parameters, strict=True):
        if not any(ours is p for p in frozen):
            assert_allclose(theirs.value, ours.gradient, rtol=rtol, atol=1e-12, err_msg=ours.name)


def test_training_goes_the_same_way() -> None:
    case = next(c for c in CASES if c.name == "resnet block")
    model, X = model_of(case), case.X()
    y = np.random.default_rng(5).standard_normal((len(X), 2))
    model.compile(mathnn.SGD(0.05), "mse")
    module = to_torch(model).train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    for _ in range(5):
        model.train_step(X, y)
        optimizer.zero_grad()
        nn.functional.mse_loss(module(tensor(X)), torch.tensor(y)).backward()
        optimizer.step()
    back = from_torch(module, case.shape)
    assert_allclose(back.theta, model.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if c not in CONVERTED], ids=str)
def test_what_has_no_counterpart_is_named(case: LayerCase) -> None:
    model = model_of(case)
    with pytest.raises(ConfigError, match=r"no counterpart in PyTorch: .*Layers that have one: .*Dense") as caught:
        to_torch(model)
    assert any(type(layer).__name__ in str(caught.value) for layer in model.walk())


def test_a_convolutional_network_of_plain_modules() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 6, 5, padding=2, stride=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Upsample(scale_factor=2),
        nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(6 * 4 * 6, 8), nn.Softplus(), nn.Linear(8, 3)),
        nn.LogSoftmax(1),
    )
    x = torch.randn(5, 2, 8, 12)
    module(x)
    model = from_torch(module.eval(), (8, 12, 2))
    assert model.dtype == np.float32
    assert_allclose(model.predict(array(x)), module(x).detach().numpy(), rtol=1e-5, atol=1e-6)
    # And its plain modules alone are what comes out again, for a state that loads into the original.
    again = to_torch(model)
    flat = [m for m in module.modules() if not isinstance(m, nn.Sequential)]
    assert [type(m) for m in again] == [type(m) for m in flat]
    for ours, theirs in zip(again.parameters(), module.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("rnn", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_recurrent_module_with_two_biases(rnn: type[nn.Module]) -> None:
    torch.manual_seed(1)
    module = rnn(3, 4, batch_first=True).double()
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    model = from_torch(module, (5, 3))
    assert_allclose(model.predict(x.numpy()), module(x)[0].detach().numpy(), rtol=1e-10)


WRONG = {
    "no layer for it": (nn.Bilinear(2, 2, 2), (4,)),
    "channels last": (nn.Conv2d(3, 2, 1), (3,)),
    "along the last axis": (nn.Linear(3, 2), (4, 5, 3)),
    "not the axis of the features": (nn.Softmax(-1), (4, 5, 3)),
    "only a Linear": (nn.Sequential(nn.Flatten(), nn.BatchNorm1d(60)), (4, 5, 3)),
    "end of the model": (nn.Flatten(), (4, 5, 3)),
    "must be followed by": (nn.ZeroPad2d(1), (4, 5, 3)),
    "pads alike": (nn.Sequential(nn.ZeroPad2d((2, 0, 0, 0)), nn.Conv2d(3, 2, 1)), (4, 5, 3)),
    "padded twice": (nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 2, 3, padding="same")), (4, 5, 3)),
    "of 0 or more": (nn.Sequential(nn.ZeroPad2d(-1), nn.Conv2d(3, 2, 1)), (4, 5, 3)),
    "one path moves": (Branches([nn.Sequential(ChannelsLast()), nn.Sequential()], "add", 1), (4, 5, 3)),
    "put ChannelsLast before": (nn.Sequential(ChannelsFirst(), nn.Flatten()), (5, 3)),
    "or with 1.0": (nn.Sequential(nn.ConstantPad2d(1, 1.0), nn.Conv2d(3, 2, 1)), (4, 5, 3)),
    "the padding before": (nn.Sequential(nn.ZeroPad2d(1), nn.ReLU(), nn.Conv2d(3, 2, 1)), (4, 5, 3)),
    "count_include_pad": (nn.AvgPool2d(2, padding=1), (4, 5, 3)),
    "would count the zeros": (nn.Sequential(nn.ZeroPad2d(1), nn.AvgPool2d(2)), (4, 5, 3)),
    "ceil_mode=False": (nn.MaxPool2d(2, ceil_mode=True), (4, 5, 3)),
    "pads with zeros": (nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"), (4, 5, 3)),
    "whole channels": (nn.AdaptiveAvgPool2d(2), (4, 5, 3)),
    "one direction": (nn.LSTM(3, 2, bidirectional=True, batch_first=True), (5, 3)),
    "output_padding": (nn.ConvTranspose2d(3, 2, 4, stride=2, output_padding=1), (4, 5, 3)),
    "cut off before": (nn.Sequential(nn.ConvTranspose2d(3, 2, 4), nn.ZeroPad2d(-1)), (4, 5, 3)),
    "running statistics": (nn.BatchNorm1d(3, track_running_stats=False), (3,)),
    "last axis alone": (nn.LayerNorm((2, 3)), (2, 3)),
    "all axes": (nn.Flatten(2), (2, 3)),
    "whole row": (nn.Unflatten(2, (3, 1)), (2, 3)),
    "beta=1": (nn.Softplus(beta=2), (3,)),
    "several dtypes": (nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3).double()), (3,)),
    "whole numbers": (nn.Upsample(scale_factor=1.5), (4, 4, 1)),
    "symbol for padding": (nn.Embedding(3, 2, padding_idx=1), (4,)),
    "takes a torch.nn.Module": (abs, (3,)),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_mathnn_lacks_is_refused(message: str) -> None:
    module, shape = WRONG[message]
    with pytest.raises(ConfigError, match=message):
        from_torch(module, shape)


def test_padding_by_name() -> None:
    torch.manual_seed(2)
    module = nn.Sequential(nn.Conv2d(2, 3, (3, 5), padding="same"), nn.Conv2d(3, 1, 2, padding="valid"))
    x = torch.randn(2, 2, 5, 6)
    model = from_torch(module, (5, 6, 2))
    assert_allclose(model.predict(array(x)), array(module(x)), rtol=1e-5, atol=1e-6)


SET_OTHERWISE = {
    "no module for the activation step": ([mathnn.Dense(2, "step")], (3,)),
    "samples with 4 axes": ([mathnn.BatchNormalization()], (2, 2, 2, 3)),
    "needs a known height and width": ([mathnn.MaxPooling2D(3, 2, padding="same")], (None, None, 2)),
}


@pytest.mark.parametrize("message", SET_OTHERWISE)
def test_what_a_layer_is_set_to_may_have_no_counterpart(message: str) -> None:
    layers, shape = SET_OTHERWISE[message]
    with pytest.raises(ConfigError, match=message):
        to_torch(Sequential([layer.copy() for layer in layers], input_shape=shape))


def test_the_callers_random_numbers_are_left_alone() -> None:
    model = model_of(CASES[0])
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    to_torch(model)
    assert torch.equal(torch.rand(2), expected)


def test_a_converted_module_is_copied_and_saved_like_any_other() -> None:
    case = next(c for c in CASES if c.name == "inception block")
    module, x = to_torch(model_of(case)), tensor(case.X())
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    for twin in (copy.deepcopy(module), torch.load(file, weights_only=False)):
        assert torch.equal(twin(x), module(x))


def test_what_is_frozen_stays_so() -> None:
    case = next(c for c in CASES if c.name == "frozen")
    model, X = model_of(case), case.X()
    module = to_torch(model).train()
    before = model.predict(X)
    assert_allclose(array(module(tensor(X))), before, rtol=1e-10)
    assert [p.requires_grad for p in module.parameters()] == [False] * 4 + [True] * 2
    with pytest.raises(StateError, match="is not built"):
        to_torch(Sequential([mathnn.Dense(2)]))
    with pytest.raises(ConfigError, match="takes a model or a layer"):
        to_torch(module)
