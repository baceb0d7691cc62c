"""The gradient checker catches every small mistake in every ``backward`` of the layers and activations."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

import mathnn
from mathnn import StateError, convolution, gradcheck, pooling, recurrence
from mathnn.activations import ELU, GELU, ActivationFunction
from mathnn.layers import Layer
from tests.layer_cases import LAYER_CASES, LayerCase
from tests.mutation import Mutant, lines_of, mutants

ZERO = "0.1 % of zero is zero"
EMPTY = "the array is about to be filled"
BLOCKS = "the size of a block changes the time and nothing else"

#: Mutants that no gradient can tell apart, and why.
EQUIVALENT: dict[str, str] = {
    "Step.slope: return np.zeros_like(A): returned 0.1 % too much": ZERO,
    "Slice.backward: dX: Array = np.zeros(shape, dY.dtype): assigned 0.1 % too much": ZERO,
    "ActivityRegularization.backward: 1: one more": "a batch without samples has no gradient",
    "Branches.backward: dX: Array | None = None: assigned 0.1 % too much": "nothing stays nothing",
    "Branches.backward: True: inverted": "the two lists are of one length",
    "Embedding.backward: dE[...] = 0: assigned 0.1 % too much": ZERO,
    "Embedding.backward: dE[0] = 0: assigned 0.1 % too much": ZERO,
    "Embedding.backward: return np.zeros_like(indices, self.dtype) if need_dX else None: returned 0.1 % too much": ZERO,
    "RecurrentLayer.backward: states = self.scratch('dH', trace[0].shape): assigned 0.1 % too much": EMPTY,
    "RecurrentLayer.backward: states[...] = 0: assigned 0.1 % too much": ZERO,
    "RecurrentLayer.backward: True: inverted": "the two lists are of one length",
    "mathnn.convolution._collect: total: Any = 0: assigned 0.1 % too much": ZERO,
    "mathnn.convolution._scatter: part = work(scratch, 'part', (*outputs, n, c)): assigned 0.1 % too much": EMPTY,
    "mathnn.convolution._scatter: 1: one more": BLOCKS,
    "mathnn.convolution._scatter: 2: one more": BLOCKS,
    "mathnn.convolution._scatter: BLOCK // (2 * rows.outputs * columns.outputs * c * dX.itemsize): "
    "FloorDiv became Mult": BLOCKS,
    "mathnn.pooling.expected_pool2d_gradient: total + (total == 0): Add became Sub": "divides zeros",
    "mathnn.pooling.expected_pool2d_gradient: 3: one more": "only two lengths are read",
    "mathnn.pooling.stochastic_pool2d_gradient: 3: one more": "only two lengths are read",
    "mathnn.pooling.stochastic_pool2d_gradient: dP = np.zeros((len(X), rows.span, columns.span, X.shape[3]), X.dtype): "
    "assigned 0.1 % too much": ZERO,
    "mathnn.pooling.max_pool2d_gradient: dX = work(scratch, f'd{along}', (*d.shape[:along], a.span, "
    "*d.shape[along + 1:])): assigned 0.1 % too much": EMPTY,
    "mathnn.pooling.max_pool2d_gradient: True: inverted": "the two lists are of one length",
    "mathnn.recurrence._through: dX = new('dX', (*D.shape[:2], len(W)), D.dtype): assigned 0.1 % too much": EMPTY,
    "mathnn.recurrence.elman_backward: dZ = new('dZ', Z.shape, Z.dtype): assigned 0.1 % too much": EMPTY,
    "mathnn.recurrence.elman_backward: dh: Any = 0: assigned 0.1 % too much": ZERO,
    "mathnn.recurrence.gru_backward: dh: Any = 0: assigned 0.1 % too much": ZERO,
    "mathnn.recurrence.gru_reset_before_backward: dh: Any = 0: assigned 0.1 % too much": ZERO,
    "mathnn.recurrence.jordan_backward: dy: Any = 0: assigned 0.1 % too much": ZERO,
    "mathnn.recurrence.lstm_backward: dh: Any = 0: assigned 0.1 % too much": ZERO,
    "mathnn.recurrence.lstm_backward: dc: Any = 0: assigned 0.1 % too much": ZERO,
}


#: The functions under the layers' backward, by module, and the layers that use them.
KERNELS: dict[tuple[ModuleType, str], type[Layer]] = {
    (convolution, "_collect"): mathnn.Conv2D,
    (convolution, "_correlate_turned"): mathnn.Conv2D,
    (convolution, "_mirror"): mathnn.Conv2D,
    (convolution, "_scatter"): mathnn.Conv2D,
    (pooling, "_spread"): mathnn.AveragePooling2D,
    (pooling, "average_pool2d_gradient"): mathnn.AveragePooling2D,
    (pooling, "expected_pool2d_gradient"): mathnn.StochasticPooling2D,
    (pooling, "max_pool2d_gradient"): mathnn.MaxPooling2D,
    (pooling, "stochastic_pool2d_gradient"): mathnn.StochasticPooling2D,
    (recurrence, "_product"): mathnn.layers.RecurrentLayer,
    (recurrence, "_through"): mathnn.layers.RecurrentLayer,
    (recurrence, "_total"): mathnn.layers.RecurrentLayer,
    (recurrence, "elman_backward"): mathnn.SimpleRNN,
    (recurrence, "gru_backward"): mathnn.GRU,
    (recurrence, "gru_reset_before_backward"): mathnn.GRU,
    (recurrence, "jordan_backward"): mathnn.JordanRNN,
    (recurrence, "lstm_backward"): mathnn.LSTM,
}


def methods() -> list[tuple[type | ModuleType, str]]:
    """Every backward that is defined anywhere in the layers, their kernels and the activations, each once."""
    bases = {base for cls in mathnn.layers.registry.items() for base in cls.__mro__ if issubclass(base, Layer)}
    found = [(base, name) for base in bases - {Layer} for name in vars(base) if name.lstrip("_").startswith("backward")]
    functions = {type(f) for f in mathnn.activations.registry.items()}
    parts = {base for cls in functions for base in cls.__mro__ if issubclass(base, ActivationFunction)}
    found += [(base, name) for base in parts for name in ("backward", "slope") if name in vars(base)]
    found.sort(key=lambda pair: (pair[0].__module__, pair[0].__name__, pair[1]))
    return [*found, *KERNELS]


class Bare(Layer):
    """An activation with nothing of a layer around it."""

    def __init__(self, function: ActivationFunction) -> None:
        super().__init__()
        self.function = function

    def forward(self, X, training=False, cache=False):
        A = self.function.apply(X, None)
        if cache:
            self.keep(X, A)
        return A

    def backward(self, dA, need_dX=True):
        return self.function.backward(dA, *self.kept())


class UpToPreactivation(Layer):
    """The half of an activated layer that a fused loss uses."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer

    def build(self, shape, rng, dtype=np.float64):
        super().build(shape, rng, dtype)
        self.layer.build(shape, rng, dtype)
        self.parameters = self.layer.parameters
        return shape

    @property
    def generators(self):
        return self.layer.generators

    def forward(self, X, training=False, cache=False):
        return self.layer.preactivate(X, training, cache)

    def backward(self, dZ, need_dX=True):
        return self.layer.backward_from_preactivation(dZ, need_dX)


def concerned(owner: type | ModuleType, method: str) -> list[LayerCase]:
    """The cases in which this class or function has a part."""
    if isinstance(owner, ModuleType):
        owner = KERNELS[owner, method]
    if issubclass(owner, ActivationFunction):
        known = [*mathnn.activations.registry.items(), ELU(alpha=1.5), GELU(approximate=True)]
        return [LayerCase(f.name, lambda f=f: Bare(f), (2, 4), scale=2.5) for f in known if isinstance(f, owner)]
    cases = [case for case in LAYER_CASES if any(isinstance(layer, owner) for layer in case.make().walk())]
    halves = [
        LayerCase(f"{case} up to Z", lambda case=case: UpToPreactivation(case.make()), case.shape, case.m)
        for case in cases
        if hasattr(case.make(), "preactivate") and getattr(case.make(), "output_activation", "") is not None
    ]
    return cases + halves


def holds(case: LayerCase) -> bool:
    """Whether backward is right on this case, refuses to go first, and needs no dX for the parameters' gradients."""
    layer, X = case.built(), case.X()
    report = gradcheck(layer, X, max_entries=40)
    # What differs at inference is differentiated there too.
    if (layer.generators or layer.buffers) and not gradcheck(layer, X, training=False, max_entries=40).passed:
        return False
    if not report.passed or ("X" not in [row.name for row in report.rows] and case.symbols is None):
        return False
    dY = np.random.default_rng(2).standard_normal(layer.forward(X, cache=True).shape)
    dX = layer.backward(dY)
    if dX.shape != X.shape or (case.symbols is not None and dX.any()):
        return False
    gradients = [p.gradient.copy() for p in layer.parameters]
    layer.backward(dY, need_dX=False)
    if not all(np.array_equal(p.gradient, g) for p, g in zip(layer.parameters, gradients, strict=True)):
        return False
    try:
        case.built().backward(dY)
    except StateError:
        return True
    return False


def survives(mutant: Mutant, cases: list[LayerCase], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether every case holds with the mutant in place."""
    with monkeypatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(mutant.owner, mutant.method, mutant.function)
        try:
            return all(holds(case) for case in cases)
        except Exception:
            return False


@pytest.mark.parametrize(("owner", "method"), methods(), ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_every_mutant_is_killed(owner: type | ModuleType, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = concerned(owner, method)
    assert cases, f"no case tries {owner.__name__}"
    tried = list(mutants(owner, method))
    alive = [str(m) for m in tried if survives(m, cases, monkeypatch)]
    unexplained = [text for text in alive if text not in EQUIVALENT]
    assert not unexplained, "\n".join(unexplained)
    untouched = lines_of(owner, method) - {m.line for m in tried}
    assert not untouched, f"no mutant on the lines {sorted(untouched)} of {owner.__name__}.{method}"


def test_the_original_passes_where_its_mutants_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    owner: type = mathnn.Dense
    method = "backward_from_preactivation"
    original: Callable[..., object] = vars(owner)[method]
    assert survives(Mutant(owner, method, 0, "none", original), concerned(owner, method), monkeypatch)
