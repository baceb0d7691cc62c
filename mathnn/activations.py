"""Activation functions: what a unit makes of its pre-activation, A = f(Z).

Every function here is called on an array, ``relu(z)``, and differentiated at an array,
``relu.derivative(z)``. Softmax and its logarithm mix the entries of a row, so they have a Jacobian instead:
``softmax.jacobian(z)``.

Inside the library a layer uses ``apply`` and ``backward``, which check nothing and may work in place. Each
class states f and, one line below, its slope f'; ``from_output`` says that the slope can be read off A = f(Z)
alone, so that a layer need not keep Z. Where f has a kink, the value that ``derivative`` returns is stated;
any subgradient would do.

The functions never overflow or warn, and ±inf gives the limit where there is one. f(NaN) is NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, floats
from .checks import flag, number
from .configurable import Configurable, Registry, snake_case
from .errors import ConfigError, ShapeError
from .normal import END, normal_cdf, normal_pdf

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "ActivationFunction",
    "HardSigmoid",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "ReLU",
    "RowActivation",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
    "elu",
    "gelu",
    "get",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "registry",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "step",
    "swish",
    "tanh",
]


class ActivationFunction(Configurable):
    """Base of the activations that work entry by entry: a subclass defines ``apply`` and ``slope``.

    Calling it validates (DtypeError, ShapeError) and returns a new array of z's shape. Arguments of the
    constructor may be given with the call: ``leaky_relu(z, negative_slope=0.2)`` is ``LeakyReLU(0.2)(z)``.
    """

    from_output: bool = False

    @property
    def name(self) -> str:
        """The string that finds this function: ``"leaky_relu"``."""
        return snake_case(type(self).__name__)

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        """A = f(Z), in ``out`` if given, which may be Z itself; unchecked."""
        raise NotImplementedError(f"{type(self).__name__} does not define apply(Z, out)")

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        """f'(Z), from Z or, with ``from_output``, from A alone; unchecked."""
        raise NotImplementedError(f"{type(self).__name__} does not define slope(Z, A)")

    def backward(self, dA: Array, Z: Array | None, A: Array, out: Array | None = None) -> Array:
        """∂J/∂Z = ∂J/∂A ⊙ f'(Z), in ``out`` if given, which may be dA itself; unchecked."""
        dZ: Array = np.multiply(dA, self.slope(Z, A), out=out)
        return dZ

    def __call__(self, z: Any, **parameters: Any) -> Array:
        """f(z)."""
        if parameters:
            return self.with_parameters(parameters)(z)
        Z = self.check(z)
        return self.apply(np.atleast_1d(Z)).reshape(Z.shape)[()]

    def derivative(self, z: Any, **parameters: Any) -> Array:
        """f'(z), entry by entry."""
        if parameters:
            return self.with_parameters(parameters).derivative(z)
        Z = self.check(z)
        rows = np.atleast_1d(Z)
        return self.backward(np.ones_like(rows), rows, self.apply(rows)).reshape(Z.shape)[()]

    def with_parameters(self, parameters: dict[str, Any]) -> ActivationFunction:
        """Return the same function with other constructor arguments; ConfigError if it has none such."""
        if not self.argument_names():
            raise ConfigError(f"{self.name} takes no arguments besides z, got {', '.join(parameters)}")
        return self.from_config({**self.config, **parameters})

    def check(self, z: Any) -> Array:
        """Return z as an array of floats."""
        return floats(self.name, z)


class Linear(ActivationFunction):
    """f(z) = z, f'(z) = 1. The output of regression; stacked, linear layers stay one linear layer."""

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        return np.positive(Z, out=out)

    def backward(self, dA: Array, Z: Array | None, A: Array, out: Array | None = None) -> Array:
        return np.positive(dA, out=out)


class Step(ActivationFunction):
    """f(z) = 1 for z ≥ 0, else 0; f'(z) = 0, also at the jump, so no gradient passes.

    The unit of McCulloch and Pitts (1943) and of Rosenblatt's perceptron (1958).
    """

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        return np.heaviside(Z, 1.0, out=out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        return np.zeros_like(A)


def _sigmoid(Z: Array, out: Array | None = None) -> Array:
    """1 / (1 + e⁻ᶻ), to 2 units in the last place: where e⁻ᶻ overflows to inf, the quotient is rightly 0."""
    E = np.negative(Z, out=out)
    with np.errstate(over="ignore"):
        np.exp(E, out=E)
    E += 1
    return np.reciprocal(E, out=E)


class Sigmoid(ActivationFunction):
    """σ(z) = 1 / (1 + e⁻ᶻ), σ' = σ (1 − σ) ≤ ¼.

    >>> float(sigmoid(0.0)), float(sigmoid.derivative(0.0))
    (0.5, 0.25)
    """

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        return _sigmoid(Z, out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        return A * (1 - A)


class Tanh(ActivationFunction):
    """f(z) = tanh(z) = 2σ(2z) − 1, f' = 1 − f²."""

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        return np.tanh(Z, out=out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        return 1 - A * A


class ReLU(ActivationFunction):
    """f(z) = max(0, z), f'(z) = 1 for z > 0, else 0; in particular relu'(0) = 0 (Nair and Hinton, 2010).

    >>> relu([-1.0, 0.0, 2.0]).tolist(), relu.derivative([-1.0, 0.0, 2.0]).tolist()
    ([0.0, 0.0, 2.0], [0.0, 0.0, 1.0])
    """

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        return np.maximum(Z, 0, out=out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        # Multiplying by this mask takes an eighth of the time of np.where(A > 0, dA, 0).
        return A > 0


class LeakyReLU(ActivationFunction):
    """f(z) = max(z, a z), f'(z) = 1 for z > 0, else a, with 0 < a ≤ 1 (Maas, Hannun and Ng, 2013).

    >>> leaky_relu([-1.0, 2.0]).tolist(), leaky_relu(-1.0, negative_slope=0.5).tolist()
    ([-0.01, 2.0], -0.5)
    """

    from_output = True

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = number(self, "negative_slope", negative_slope, 0, 1, ends="(]")

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        A: Array = np.maximum(Z, self.negative_slope * Z, out=out)
        return A

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        return np.maximum(A > 0, A.dtype.type(self.negative_slope))


class ELU(ActivationFunction):
    """f(z) = z for z > 0, else α (eᶻ − 1); f' = 1 for z > 0, else f + α (Clevert et al., 2016)."""

    from_output = True

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number(self, "alpha", alpha, 0)

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        below = np.minimum(Z, 0)
        np.expm1(below, out=below)
        below *= self.alpha
        A = np.maximum(Z, 0, out=out)
        A += below
        return A

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        above = A.dtype.type(1 - self.alpha) * (A > 0)
        return np.minimum(A, 0) + self.alpha + above


class SELU(ActivationFunction):
    """f(z) = λ elu(z, α), f'(z) = λ for z > 0, else f + λα (Klambauer et al., 2017, eqs. 2 and 14).

    α and λ make mean 0 and variance 1 a stable fixed point from layer to layer.
    """

    from_output = True
    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        A = ELU(self.alpha).apply(Z, out)
        with np.errstate(over="ignore"):
            A *= self.scale
        return A

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        above = A.dtype.type(self.scale - self.scale * self.alpha) * (A > 0)
        return np.minimum(A, 0) + self.scale * self.alpha + above


# Past these, Φ(z) and σ(z) are 0 or 1 in float64: clipping z there keeps z Φ(z) from becoming inf · 0.
_SIGMA_END = 1000


def _clip(Z: Array, end: float) -> Array:
    """Return Z limited to [−end, end] (np.clip has three times the overhead)."""
    z: Array = np.maximum(Z, -end)
    return np.minimum(z, end, out=z)


def _tanh_cdf(z: Array) -> tuple[Array, Array]:
    """Return Φ(z) ≈ ½ (1 + tanh u) = σ(2u) with u = √(2/π) (z + 0.044715 z³), and its derivative."""
    a, b = 2 * math.sqrt(2 / math.pi), 0.044715
    Phi = _sigmoid(a * (z + b * z * z * z))
    return Phi, Phi * (1 - Phi) * (a * (1 + 3 * b * z * z))


class GELU(ActivationFunction):
    """f(z) = z Φ(z), f'(z) = Φ(z) + z φ(z), Φ being the normal distribution function (Hendrycks and Gimpel, 2016).

    ``approximate=True`` takes ½ (1 + tanh(√(2/π) (z + 0.044715 z³))) for Φ; f is then off by at most 5e-4.

    >>> round(float(gelu(1.0)), 6), round(float(gelu(1.0, approximate=True)), 6)
    (0.841345, 0.841192)
    """

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = flag(self, "approximate", approximate)

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        z = _clip(Z, END)
        Phi = _tanh_cdf(z)[0] if self.approximate else normal_cdf(z)
        return np.multiply(np.maximum(Z, -END), Phi, out=out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        assert Z is not None
        z = _clip(Z, END)
        Phi, phi = _tanh_cdf(z) if self.approximate else (normal_cdf(z), normal_pdf(z))
        return Phi + z * phi


class SiLU(ActivationFunction):
    """f(z) = z σ(z), f' = σ (1 + z (1 − σ)) (Elfwing et al., 2018; "swish": Ramachandran et al., 2017)."""

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        return np.multiply(np.maximum(Z, -_SIGMA_END), _sigmoid(Z), out=out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        assert Z is not None
        s = _sigmoid(Z)
        return s * (1 + _clip(Z, _SIGMA_END) * (1 - s))


class Softplus(ActivationFunction):
    """f(z) = log(1 + eᶻ) = max(z, 0) + log(1 + e^(−|z|)), f' = σ(z) = 1 − e^(−f) (Dugas et al., 2001)."""

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        # In these four steps rather than by np.logaddexp(0, Z), which takes four to twelve times as long.
        tail = np.abs(Z)
        np.exp(np.negative(tail, out=tail), out=tail)
        return np.add(np.maximum(Z, 0), np.log1p(tail, out=tail), out=out)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        return -np.expm1(-A)


class HardSigmoid(ActivationFunction):
    """f(z) = z/6 + ½, cut off at 0 and 1; f'(z) = 1/6 for −3 < z < 3, else 0.

    After Courbariaux et al. (2015), with the slope of Keras 3 and PyTorch (Keras 2 had 1/5).
    """

    from_output = True

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        A: Array = np.divide(Z, 6, out=out)
        A += 0.5
        np.maximum(A, 0, out=A)
        return np.minimum(A, 1, out=A)

    def slope(self, Z: Array | None, A: Array) -> NDArray[Any]:
        return ((A > 0) & (A < 1)) * A.dtype.type(1 / 6)


class RowActivation(ActivationFunction):
    """Base of the activations in which each output depends on every entry of its row, the last axis."""

    from_output = True

    def check(self, z: Any) -> Array:
        """Return z as an array of floats with at least one entry in each row."""
        Z = super().check(z)
        if Z.ndim == 0 or Z.shape[-1] == 0:
            raise ShapeError(
                f"{self.name} needs at least one number along the last axis, got an array of shape {Z.shape}"
            )
        return Z

    def derivative(self, z: Any, **parameters: Any) -> Array:
        """There is none: raises ConfigError, which points to :meth:`jacobian`."""
        raise ConfigError(
            f"{self.name} has no derivative entry by entry: every output depends on the whole row. "
            f"Call {self.name}.jacobian(z)"
        )

    def jacobian(self, z: Any) -> Array:
        """J[..., i, j] = ∂f_i/∂z_j, of shape (..., k, k) for rows of k entries."""
        A = self(z)
        I = np.eye(A.shape[-1], dtype=A.dtype)
        # backward computes Jᵀ da; with the unit vectors as da that is the rows of J.
        rows = np.broadcast_to(A[..., None, :], (*A.shape, A.shape[-1]))
        return self.backward(np.broadcast_to(I, rows.shape), None, rows)


def _columns(Z: Array) -> tuple[Array, int]:
    """Return a copy of Z with its rows as columns, and 0; or, where rows are long, with rows as rows, and 1.

    Reducing (classes, samples) over axis 0 takes half to a quarter of the time for 10 classes and saves
    nothing from 64 on. The copy has +inf at the largest finite number, so that softmax reaches its limit
    there.
    """
    rows = Z.reshape(-1, Z.shape[-1])
    top = np.finfo(Z.dtype).max
    if Z.shape[-1] < 64:
        return np.minimum(rows.T, top, order="C"), 0
    return np.minimum(rows, top), 1


def _rows(T: Array, axis: int, like: Array, out: Array | None) -> Array:
    """Undo :func:`_columns`, into ``out`` if given."""
    A = np.empty_like(like, order="C") if out is None else out
    A[...] = (T.T if axis == 0 else T).reshape(like.shape)
    return A


class Softmax(RowActivation):
    """p_i = e^(z_i) / Σ_j e^(z_j) along the last axis; J = diag(p) − p pᵀ (Bridle, 1990).

    Computed from z − max z, which changes nothing and cannot overflow. Backward: dz = p ⊙ (da − ⟨da, p⟩).

    >>> softmax([1000.0, 1000.0]).tolist()
    [0.5, 0.5]
    """

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        T, axis = _columns(Z)
        with np.errstate(over="ignore", invalid="ignore"):
            T -= np.maximum.reduce(T, axis=axis, keepdims=True)
        np.exp(T, out=T)
        T /= np.add.reduce(T, axis=axis, keepdims=True)
        return _rows(T, axis, Z, out)

    def backward(self, dA: Array, Z: Array | None, A: Array, out: Array | None = None) -> Array:
        dZ: Array = np.subtract(dA, np.vecdot(dA, A)[..., None], out=out)
        dZ *= A
        return dZ


class LogSoftmax(RowActivation):
    """f_i(z) = log p_i = z_i − log Σ_j e^(z_j) along the last axis, p = softmax(z); J = I − 1 pᵀ.

    Backward: dz = da − p Σ_i da_i.
    """

    def apply(self, Z: Array, out: Array | None = None) -> Array:
        T, axis = _columns(Z)
        with np.errstate(over="ignore", invalid="ignore"):
            T -= T.max(axis, keepdims=True)
        T -= np.log(np.exp(T).sum(axis, keepdims=True))
        return _rows(T, axis, Z, out)

    def backward(self, dA: Array, Z: Array | None, A: Array, out: Array | None = None) -> Array:
        dZ: Array = np.subtract(dA, np.exp(A) * dA.sum(-1, keepdims=True), out=out)
        return dZ


linear = Linear()
step = Step()
sigmoid = Sigmoid()
tanh = Tanh()
relu = ReLU()
leaky_relu = LeakyReLU()
elu = ELU()
selu = SELU()
gelu = GELU()
silu = swish = SiLU()
softplus = Softplus()
hard_sigmoid = HardSigmoid()
softmax = Softmax()
log_softmax = LogSoftmax()

registry: Registry[ActivationFunction] = Registry("activation", ActivationFunction)
for _f in (
    linear,
    step,
    sigmoid,
    tanh,
    relu,
    leaky_relu,
    elu,
    selu,
    gelu,
    silu,
    softplus,
    hard_sigmoid,
    softmax,
    log_softmax,
):
    registry.add(_f, type(_f).__name__, *(["swish"] if _f is silu else []))

get = registry.get
