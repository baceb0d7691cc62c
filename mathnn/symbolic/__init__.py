"""Every formula of the library once more, in SymPy: to derive with, to print, and to test the code against.

    >>> from mathnn import symbolic
    >>> symbolic.activation("elu")
    Piecewise((z, z > 0), (alpha*(exp(z) - 1), True))
    >>> symbolic.derivative("tanh")
    1 - tanh(z)**2

What is asked for by name has its parameters as symbols. What is handed in as an object has its own numbers, written as
fractions: ``activation(LeakyReLU(0.2))``. Keywords replace either. Parameters that only add something (momentum, label
smoothing) are 0 and switches (``from_logits``, ``nesterov``) are off unless given.

Each kind is one dictionary, from the name to the function that builds the expression. This package imports SymPy;
``import mathnn`` does not import this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from ..activations import registry as activation_registry
from ..checks import count
from ..configurable import Configurable, Registry, snake_case
from ..errors import ConfigError, nearest
from ..losses import registry as loss_registry
from ..optimizers import registry as optimizer_registry
from ..schedules import Schedule
from ..schedules import registry as schedule_registry
from . import symbols
from .activations import ACTIVATIONS
from .losses import LOSSES
from .optimizers import OPTIMIZERS, start
from .schedules import SCHEDULES
from .symbols import exact, g, t, theta, vector, z

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "activation",
    "derivative",
    "g",
    "loss",
    "loss_gradient",
    "optimizer_start",
    "optimizer_step",
    "schedule",
    "t",
    "theta",
    "vector",
    "z",
]

Formula = Callable[..., Any]

LARGEST = 1000  # vectors and step counts beyond are expressions that nobody reads and SymPy never finishes

# What works on a row as a whole has a vector for its variable, with three entries unless told otherwise.
_OF_ROWS = {"softmax", "log_softmax"}
_OF_DISTRIBUTIONS = {"categorical_crossentropy", "sparse_categorical_crossentropy", "kl_divergence"}


def _find(
    formulas: Mapping[str, Formula], registry: Registry[Any], which: Any, given: Mapping[str, Any]
) -> tuple[str, partial[Any]]:
    """Return the name, and the formula as a function of its variables alone, its parameters being set."""
    kind: Any = registry.find(which) if isinstance(which, str) else which
    kind = kind if isinstance(kind, type) else type(kind)
    own_name = getattr(kind, "name", None)
    name = own_name if isinstance(own_name, str) else snake_case(kind.__name__)
    if name not in formulas:
        raise ConfigError(f"symbolic has no formula for the {registry.kind} {which!r}. {nearest(name, formulas)}")
    known = kind.argument_names()
    for parameter in given:
        if parameter not in known:
            raise ConfigError(f"symbolic: {name} has no parameter {parameter!r}. {nearest(parameter, known)}")
    config = which.config if isinstance(which, Configurable) else {}
    parameters = {key: value for key, value in {**config, **given}.items() if value is not None}
    for parameter in {"clipvalue", "global_clipnorm"} & set(parameters):
        raise ConfigError(f"symbolic: the formula of {name} is for a single number, so it leaves out {parameter}")
    rate = parameters.get("learning_rate")
    if isinstance(rate, Schedule):
        parameters["learning_rate"] = schedule(rate).subs(t, t - 1)
    return name, partial(formulas[name], **{key: exact(value) for key, value in parameters.items()})


def activation(which: Any, z: Any = None, **parameters: Any) -> Any:
    """Return f(z), z being the symbol ``z`` or the expression given.

    For softmax and its logarithm z is a list, by default of the symbols z_1 to z_3, and f(z) a column.

    >>> activation("leaky_relu", negative_slope=0.01)
    Piecewise((z, z > 0), (z/100, True))
    """
    name, f = _find(ACTIVATIONS, activation_registry, which, parameters)
    if name in _OF_ROWS:
        return sp.Matrix(f(vector("z", 3) if z is None else list(z)))
    return sp.sympify(f(symbols.z if z is None else sp.sympify(z)))


def derivative(which: Any, z: Any = None, **parameters: Any) -> Any:
    """Return f'(z) as SymPy derives it, for softmax and its logarithm the Jacobian.

    >>> derivative("silu", 0)
    1/2
    """
    name, f = _find(ACTIVATIONS, activation_registry, which, parameters)
    if name in _OF_ROWS:
        x = vector("z", 3 if z is None else len(z))
        J = sp.Matrix(f(x)).jacobian(x)
        return J if z is None else J.subs(list(zip(x, z, strict=True)), simultaneous=True)
    slope = sp.diff(f(symbols.z), symbols.z)
    return slope if z is None else slope.subs(symbols.z, z)


def _loss(which: Any, size: int | None, parameters: dict[str, Any]) -> tuple[Expr, tuple[Symbol, ...]]:
    """Return the loss of one sample, and the symbols of its predictions."""
    name, f = _find(LOSSES, loss_registry, which, parameters)
    size = None if size is None else count("symbolic", "size", size, 1, LARGEST)
    size = size or (3 if name in _OF_DISTRIBUTIONS else 1)
    p = vector("z" if f.keywords.get("from_logits") else "p", size)
    y = vector("y", 1 if name == "sparse_categorical_crossentropy" else size)
    return sp.sympify(f(y, p)), p


def loss(which: Any, size: int | None = None, **parameters: Any) -> Expr:
    """Return the loss of one sample with ``size`` outputs (1, or 3 for the losses that compare distributions).

    Targets are the symbols y_1, y_2, ..., predictions p_1, p_2, ..., or z_1, z_2, ... with ``from_logits``; for a
    single output y, p and z. The target of sparse_categorical_crossentropy is the class number y, from 0.

    >>> loss("mean_squared_error"), loss("binary_crossentropy")
    ((p - y)**2, -y*log(p) - (1 - y)*log(1 - p))
    """
    return _loss(which, size, parameters)[0]


def loss_gradient(which: Any, size: int | None = None, **parameters: Any) -> Any:
    """Return the column of ∂L/∂p, or of ∂L/∂z with ``from_logits``, of :func:`loss`, as SymPy derives it.

    >>> loss_gradient("categorical_crossentropy", size=2)
    Matrix([
    [-y_1/p_1],
    [-y_2/p_2]])
    """
    L, p = _loss(which, size, parameters)
    return sp.Matrix([sp.diff(L, pi) for pi in p])


def optimizer_step(which: Any, steps: int | None = None, **parameters: Any) -> Any:
    """Return what one step makes of a scalar parameter θ and of the state symbols: a dictionary, symbol to expression.

    With ``steps``, return θ itself after that many steps, in terms of its start θ and the gradients g_1, g_2, ...
    A schedule as the learning rate is put in as a formula.

    >>> optimizer_step("sgd", momentum=0.9)
    {v: -eta*g + 9*v/10, theta: -eta*g + theta + 9*v/10}
    >>> optimizer_step("sgd", steps=2, momentum=0.9)
    -19*eta*g_1/10 - eta*g_2 + theta
    """
    _, rule = _find(OPTIMIZERS, optimizer_registry, which, parameters)
    new: dict[Symbol, Expr] = {symbol: sp.sympify(expression) for symbol, expression in rule(g, t).items()}
    if steps is None:
        return new
    old = {theta: theta, **optimizer_start(which, **parameters)}
    for i in range(1, count("symbolic", "steps", steps, 0, LARGEST) + 1):
        now = {**old, t: sp.Integer(i), g: Symbol(f"g_{i}", real=True)}
        old = {symbol: expression.xreplace(now) for symbol, expression in new.items()}
    return sp.expand(old[theta]) if old[theta].is_polynomial(*old[theta].free_symbols) else old[theta]


def optimizer_start(which: Any, **parameters: Any) -> dict[Symbol, Expr]:
    """Return the values of the state symbols before the first step.

    >>> optimizer_start("adam")
    {m: 0, v: 0}
    """
    name, rule = _find(OPTIMIZERS, optimizer_registry, which, parameters)
    return start(name, rule(g, t), **rule.keywords)


def schedule(which: Any, **parameters: Any) -> Expr:
    """Return the learning rate after t steps.

    >>> schedule("exponential_decay")
    eta_0*gamma**(t/T)
    """
    return sp.sympify(_find(SCHEDULES, schedule_registry, which, parameters)[1](t))
