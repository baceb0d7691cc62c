"""Reverse-mode automatic differentiation over NumPy arrays: every operation with its derivative beside it (chapter 6).

A :class:`Variable` is an array that remembers how it was computed. For an operation c = f(a, b) it keeps, for each
input, the vector-Jacobian product (VJP) that carries ḡ = ∂J/∂c back: ā = ḡ ∂c/∂a. ``backward`` goes through the
operations in reverse order and adds up what arrives at each array, which is the chain rule.

    >>> X, W = Variable([[1.0, 2.0]]), Variable([[3.0], [4.0]])
    >>> J = ((X @ W - 10) ** 2).mean()
    >>> J.backward()
    >>> J, W.gradient.tolist()
    (Variable(1.0), [[2.0], [4.0]])

Nothing in the layers uses this module. They write their derivatives down, and the tests hold the two against each
other. Source: Linnainmaa (1970); Griewank and Walther, *Evaluating Derivatives*, 2008, ch. 3; the form with VJPs beside
the values is that of HIPS autograd.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from .arrays import Array, floats
from .checks import count, number
from .errors import ConfigError, MathnnError, NonFiniteError, ShapeError

__all__ = ["Variable", "exp", "grad", "log", "maximum", "relu", "sigmoid", "tanh"]

P = ParamSpec("P")
VJP = Callable[[Any], Any]

_order = itertools.count()


def operation(f: Callable[P, Variable]) -> Callable[P, Variable]:
    """Make an operation refuse shapes that do not fit and results that are not finite, under its own name."""
    name = f.__name__.strip("_")

    @wraps(f)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Variable:
        try:
            with np.errstate(all="ignore"):
                result = f(*args, **kwargs)
        except MathnnError:
            raise
        except (ValueError, IndexError, TypeError, OverflowError) as error:
            given = ", ".join(str(a.shape) if isinstance(a, Variable | np.ndarray) else repr(a) for a in args)
            raise ShapeError(f"autodiff: {name} cannot take {given}: {error}") from None
        if not np.isfinite(result.value).all():
            raise NonFiniteError(f"autodiff: {name} gives NaN or infinity; look at the numbers that go into it")
        return result

    return checked


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum g over the axes along which an array of that shape was repeated: the adjoint of broadcasting."""
    g = np.sum(g, axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.asarray(np.sum(g, axis=stretched, keepdims=True))


class Variable:
    """An array, and after ``backward`` the derivative of the result by it in ``gradient``.

    ``Variable(value)`` is an input; every operation makes another. The operators ``+ - * / ** @`` broadcast as NumPy's
    do; there are indexing, ``sum``, ``mean``, ``reshape``, ``transpose`` and ``T``, and the functions of this module.

    Raises ShapeError for shapes that do not fit, DtypeError for what is not real numbers, and NonFiniteError where an
    operation leaves the finite numbers. Integers become float64, float32 stays.
    """

    __slots__ = ("gradient", "order", "parents", "value")
    __array_ufunc__ = None  # so that `array * variable` is left to Variable

    def __init__(self, value: Any, *parents: tuple[Variable, VJP]) -> None:
        self.value = floats("Variable", value)
        self.gradient = np.zeros_like(self.value)
        self.parents = parents
        self.order = next(_order)

    def backward(self, cotangent: Any = None) -> None:
        """Set ``gradient`` of every variable that this one was computed from.

        ``cotangent`` is ∂J/∂(this variable), of its shape. A single number may do without: J is then the number itself.
        Gradients are assigned, so calling it again does not add to them.
        """
        if cotangent is None and self.value.size != 1:
            raise ShapeError(f"backward starts from one number, and this has shape {self.shape}: take its sum or mean")
        seed = floats("backward", np.ones(self.shape) if cotangent is None else cotangent)
        if seed.shape != self.shape:
            raise ShapeError(f"backward needs a cotangent of shape {self.shape}, got {seed.shape}")
        tape = self._tape()
        for v in tape:
            v.gradient = np.zeros_like(v.value)
        self.gradient += seed
        for v in tape:
            for parent, vjp in v.parents:
                with np.errstate(all="ignore"):
                    parent.gradient += unbroadcast(np.asarray(vjp(v.gradient)), parent.shape)
                if not np.isfinite(parent.gradient).all():
                    raise NonFiniteError(f"backward: a gradient of shape {parent.shape} is not finite, like √x's at 0")

    def _tape(self) -> list[Variable]:
        """Return all that this variable was computed from, itself included, the latest first."""
        found, waiting = {self}, [self]
        while waiting:
            parents = {parent for parent, _ in waiting.pop().parents} - found
            found |= parents
            waiting += parents
        return sorted(found, key=lambda v: -v.order)

    # --- arithmetic: the value, and for each input the VJP. Operands are called a and b, as in the formulas -----------

    @operation
    def __add__(a, b: Any) -> Variable:
        b = _lift(b, a)
        return Variable(a.value + b.value, (a, lambda g: g), (b, lambda g: g))

    @operation
    def __sub__(a, b: Any) -> Variable:
        b = _lift(b, a)
        return Variable(a.value - b.value, (a, lambda g: g), (b, lambda g: -g))

    @operation
    def __mul__(a, b: Any) -> Variable:
        b = _lift(b, a)
        return Variable(a.value * b.value, (a, lambda g: g * b.value), (b, lambda g: g * a.value))

    @operation
    def __truediv__(a, b: Any) -> Variable:
        b = _lift(b, a)
        c = a.value / b.value
        return Variable(c, (a, lambda g: g / b.value), (b, lambda g: -g * c / b.value))

    @operation
    def __pow__(a, n: float) -> Variable:
        n = number("autodiff", "the exponent", n)
        return Variable(a.value**n, (a, lambda g: g * n * a.value ** (n - 1 if n else 0)))

    @operation
    def __matmul__(a, b: Any) -> Variable:
        b = _lift(b, a)
        if b.value.ndim == 1:
            column: Variable = a @ b[:, None]
            return column[..., 0]
        if a.value.ndim == 1:
            row: Variable = a[None, :] @ b
            return row[..., 0, :]
        return Variable(a.value @ b.value, (a, lambda g: g @ b.value.mT), (b, lambda g: a.value.mT @ g))

    def __neg__(a) -> Variable:
        return Variable(-a.value, (a, lambda g: -g))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(a, b: Any) -> Variable:
        return _lift(b, a) - a

    def __rtruediv__(a, b: Any) -> Variable:
        return _lift(b, a) / a

    def __rmatmul__(a, b: Any) -> Variable:
        return _lift(b, a) @ a

    # --- sums and shapes --------------------------------------------------------------------------------------------

    @operation
    def sum(a, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Variable:
        """Σ over the axes given, or over all; its adjoint repeats g along them."""
        kept = np.sum(a.value, axis, keepdims=True).shape
        total = np.sum(a.value, axis, keepdims=keepdims)
        return Variable(total, (a, lambda g: np.broadcast_to(g.reshape(kept), a.shape)))

    def mean(a, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Variable:
        """The sum, divided by how many were added."""
        total = a.sum(axis, keepdims)
        return total / (a.value.size / max(total.value.size, 1))

    @operation
    def reshape(a, *shape: int) -> Variable:
        """The same numbers in another shape."""
        return Variable(a.value.reshape(*shape), (a, lambda g: g.reshape(a.shape)))

    @operation
    def transpose(a, *axes: int) -> Variable:
        """The axes in another order, by default reversed; backward undoes it."""
        order = axes or tuple(reversed(range(a.value.ndim)))
        return Variable(a.value.transpose(order), (a, lambda g: g.transpose(np.argsort(order))))

    @operation
    def __getitem__(a, index: Any) -> Variable:
        def scatter(g: Array) -> Array:
            whole = np.zeros_like(a.value)
            np.add.at(whole, index, g)  # what was taken twice gets both
            return whole

        return Variable(a.value[index], (a, scatter))

    @property
    def T(a) -> Variable:
        """The transpose."""
        return a.transpose()

    @property
    def shape(a) -> tuple[int, ...]:
        """The shape of the value."""
        return a.value.shape

    def __iter__(a) -> Iterator[Variable]:
        return (a[i] for i in range(len(a.value)))

    def __repr__(a) -> str:
        return f"Variable({a.value.tolist()})"


def _lift(x: Any, like: Variable | None = None) -> Variable:
    """Return x as a Variable; a plain number takes the dtype of its partner, as in NumPy."""
    if isinstance(x, Variable):
        return x
    try:
        return Variable(like.value.dtype.type(x) if like is not None and isinstance(x, int | float) else x)
    except OverflowError:
        raise NonFiniteError("autodiff: an integer is too large for floats; divide it before") from None


@operation
def exp(a: Any) -> Variable:
    """eᵃ entry by entry; the derivative is the value."""
    a = _lift(a)
    c = np.exp(a.value)
    return Variable(c, (a, lambda g: g * c))


@operation
def log(a: Any) -> Variable:
    """The natural logarithm entry by entry; derivative 1/a."""
    a = _lift(a)
    return Variable(np.log(a.value), (a, lambda g: g / a.value))


@operation
def tanh(a: Any) -> Variable:
    """tanh entry by entry; derivative 1 − tanh²."""
    a = _lift(a)
    c = np.tanh(a.value)
    return Variable(c, (a, lambda g: g * (1 - c * c)))


@operation
def maximum(a: Any, b: Any) -> Variable:
    """The larger of the two, entry by entry. It alone gets the gradient; where both are equal, b does."""
    a = _lift(a)
    b = _lift(b, a)
    return Variable(
        np.maximum(a.value, b.value), (a, lambda g: g * (a.value > b.value)), (b, lambda g: g * (a.value <= b.value))
    )


def relu(a: Any) -> Variable:
    """max(a, 0), with relu'(0) = 0."""
    return maximum(a, 0)


def sigmoid(a: Any) -> Variable:
    """σ(a) = ½ (1 + tanh(a/2)), which cannot overflow."""
    return (tanh(_lift(a) * 0.5) + 1) * 0.5


def grad(f: Callable[..., Any], argument: int = 0) -> Callable[..., Any]:
    """Return the function that computes the gradient of f by one of its arguments, the first unless told otherwise.

    f returns one number. It is called with a Variable in the place of that argument.

    >>> grad(lambda w, x: (w * x).sum() ** 2)([1.0, 2.0], np.array([3.0, 1.0])).tolist()
    [30.0, 10.0]
    """
    argument = count("grad", "argument", argument, 0)
    if not callable(f):
        raise ConfigError(f"grad: needs a function that returns one number, got {f!r}")

    def gradient(*args: Any) -> Array:
        if argument >= len(args):
            raise ConfigError(f"grad: there is no argument {argument}, the function was called with {len(args)}")
        x = Variable(args[argument])
        J = f(*args[:argument], x, *args[argument + 1 :])
        if not isinstance(J, Variable):
            raise ConfigError(
                f"grad: the function returned {type(J).__name__}, not a Variable; compute with the operators and "
                "functions of mathnn.autodiff (autodiff.exp, not np.exp)"
            )
        J.backward()
        return x.gradient

    return gradient
