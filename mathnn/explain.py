"""A small network with its own numbers: forward, backward and the step, every matrix written out (chapter 5).

    >>> import mathnn
    >>> model = mathnn.Sequential([mathnn.Dense(1, kernel_initializer="ones")], input_shape=(2,))
    >>> print(forward(model, [1.0, 2.0]))
    The input
    <BLANKLINE>
      A[0] = X
           = [1  2]
    <BLANKLINE>
    Layer 1: linear
    <BLANKLINE>
      Z[1] = A[0] W[1] + b[1]
           = [1  2] ⎡1⎤ + [0]
                    ⎣1⎦
           = [3]
    <BLANKLINE>
      A[1] = Z[1]
           = [3]

In a notebook the same object renders as mathematics. The model handed in is not changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .activations import ActivationFunction, RowActivation
from .activations import get as get_activation
from .arrays import numbers
from .checks import count
from .data import as_features
from .errors import ConfigError, ShapeError, StateError
from .layers import Activation, Chain, Dense, Layer, Parameter
from .losses import Loss
from .models import Sequential
from .optimizers import SGD
from .preprocessing import one_hot
from .typeset import Equation, Explanation, Step, figure, plain

__all__ = ["SymbolicNetwork", "backward", "forward", "symbolic"]

Array = NDArray[Any]

#: The largest network and batch that are written out, and the largest that is put into symbols.
PARAMETERS, SAMPLES, SYMBOLS = 200, 8, 100

DELTA, TOP = r"\Delta", r"\top"

# f(Z), and f'(Z) for those whose derivative has a short formula.
FUNCTIONS = {
    "linear": ("Z", "1"),
    "sigmoid": (r"\sigma(Z)", r"A \odot (1 - A)"),
    "tanh": (r"\tanh(Z)", r"(1 - A \odot A)"),
    "relu": (r"\max(0, Z)", "[Z > 0]"),
    "step": (r"[Z \ge 0]", "0"),
    "softplus": (r"\log(1 + \exp(Z))", r"\sigma(Z)"),
}
# J, and ∂J/∂Ŷ.
_DISTRIBUTION = r"-\frac{1}{m} \sum Y \odot \log(\hat Y)", r"-\frac{1}{m} \, Y / \hat Y"
COSTS = {
    "mean_squared_error": (r"\frac{1}{m k} \sum (\hat Y - Y)^2", r"\frac{2}{m k} (\hat Y - Y)"),
    "mean_absolute_error": (r"\frac{1}{m k} \sum |\hat Y - Y|", r"\frac{1}{m k} \operatorname{sign}(\hat Y - Y)"),
    "huber": (
        r"\frac{1}{m k} \sum \operatorname{huber}(\hat Y - Y)",
        r"\frac{1}{m k} \operatorname{clip}(\hat Y - Y, -\delta, \delta)",
    ),
    "log_cosh": (r"\frac{1}{m k} \sum \log(\cosh(\hat Y - Y))", r"\frac{1}{m k} \tanh(\hat Y - Y)"),
    "binary_crossentropy": (
        r"-\frac{1}{m k} \sum (Y \odot \log(\hat Y) + (1 - Y) \odot \log(1 - \hat Y))",
        r"\frac{1}{m k} (\hat Y - Y) / (\hat Y \odot (1 - \hat Y))",
    ),
    "categorical_crossentropy": _DISTRIBUTION,
    "sparse_categorical_crossentropy": _DISTRIBUTION,
    "hinge": (r"\frac{1}{m k} \sum \max(0, 1 - Y \odot \hat Y)", r"-\frac{1}{m k} \, Y \odot [Y \odot \hat Y < 1]"),
    "kl_divergence": (r"\frac{1}{m} \sum Y \odot \log(Y / \hat Y)", r"-\frac{1}{m} \, Y / \hat Y"),
}


@dataclass(frozen=True)
class _Stage:
    """Layer number l in the sense of the formulas: A_l = f(A_(l-1) W + b)."""

    l: int
    dense: Dense
    f: ActivationFunction

    def __call__(self, symbol: str, suffix: str = "") -> str:
        """Return a symbol of this layer, such as ``Z^{[1]}``."""
        return f"{symbol}^{{[{self.l}]{suffix}}}"

    @property
    def input(self) -> str:
        """The symbol of what comes in."""
        return f"A^{{[{self.l - 1}]}}"

    @property
    def parameters(self) -> list[tuple[str, Parameter]]:
        """W and, where there is one, b, each under its symbol."""
        found = [(self("W"), self.dense.W), (self("b"), self.dense.b)]
        return [(symbol, p) for symbol, p in found if p is not None]

    def formula(self, derivative: bool = False) -> str:
        """Return f(Z) or f'(Z) in this layer's symbols."""
        name = _words(self.f)
        formula = FUNCTIONS.get(self.f.name, (rf"\text{{{name}}}(Z)", rf"\text{{{name}}}'(Z)"))[derivative]
        return formula.replace("Z", self("Z")).replace("A", self("A"))


def _words(named: Any) -> str:
    return str(named.name).replace("_", " ")


def _by(symbol: str, of: str = "J") -> str:
    return rf"\frac{{\partial {of}}}{{\partial {symbol}}}"


def _leaves(layer: Layer) -> list[Layer]:
    inside = layer.layers if isinstance(layer, Chain) else []
    return [leaf for inner in inside for leaf in _leaves(inner)] if inside else [layer]


def _stages(model: Any, who: str, parameters: int) -> list[_Stage]:
    """Return the layers of the formulas, or raise what stands in the way of writing the network down."""
    if not isinstance(model, Sequential):
        raise ConfigError(f"explain.{who} explains a Sequential, got {type(model).__name__}")
    if not model.built:
        raise StateError(f"explain.{who} needs a built model: call build(input_shape), or pass input_shape")
    stages: list[_Stage] = []
    for layer in _leaves(model):
        if isinstance(layer, Dense) and len(layer.input_shape or ()) == 1:
            stages.append(_Stage(len(stages) + 1, layer, layer.activation))
        elif isinstance(layer, Activation) and stages and stages[-1].f.name == "linear":
            stages[-1] = _Stage(len(stages), stages[-1].dense, layer.activation)
        else:
            raise ConfigError(
                f"explain.{who} writes down Dense layers on rows of features, each with one activation at most, and "
                f"{layer.label} is something else: explain a model without it"
            )
    if model.theta.size > parameters:
        raise ConfigError(
            f"explain.{who} writes every number down, so it takes at most {parameters} parameters, and this model has "
            f"{model.theta.size}: explain a smaller one of the same kind"
        )
    return stages


def _batch(model: Sequential, x: Any, who: str) -> Array:
    """Return x as rows in the model's dtype; a single sample may come without its batch axis."""
    x = numbers(f"explain.{who}: x", x)
    X = as_features(x[None] if x.shape == model.input_shape else x, f"explain.{who}")
    if len(X) > SAMPLES:
        raise ConfigError(f"explain.{who} takes at most {SAMPLES} samples, got {len(X)}: pass x[:{SAMPLES}]")
    if X.shape[1:] != model.input_shape:
        raise ShapeError(f"explain.{who}: the model takes rows of shape {model.input_shape}, got {X.shape}")
    return X.astype(model.dtype)


def _targets(model: Sequential, x: Any, y: Any, m: int, who: str) -> tuple[Loss, Array]:
    """Return the loss, and y as the loss wants it."""
    if model.loss is None:
        raise StateError(f'explain.{who} needs a compiled model: call compile("sgd", loss="mse") first')
    y = numbers(f"explain.{who}: y", y)
    y = y[None] if np.shape(x) == model.input_shape else y
    if y.ndim == 0 or len(y) != m:
        raise ShapeError(f"explain.{who}: x has {m} samples and y shape {y.shape}; each sample needs its own target")
    outputs: Any = model.output_shape  # whole numbers, the last layer being dense
    return model.loss, model.loss.check_targets(y, outputs, model.dtype)


# --- forward --------------------------------------------------------------------------------------------------------


def _forward(stages: list[_Stage], X: Array, digits: int) -> tuple[list[Step], list[Array], list[Array]]:
    """Return the steps, and the arrays A_0 to A_L and Z_1 to Z_L."""
    steps, A, Z = [Step("The input", [Equation("A^{[0]}", "X", X)], digits)], [X], []
    for stage in stages:
        formula, numbers = f"{stage.input} {stage('W')}", list[Any]([A[-1], stage.dense.W.value])
        if stage.dense.b is not None:
            formula, numbers = f"{formula} + {stage('b')}", [*numbers, "+", stage.dense.b.value]
        Z.append(stage.dense.preactivate(A[-1]))
        A.append(stage.f.apply(Z[-1]))
        equations = [Equation(stage("Z"), formula, numbers, Z[-1]), Equation(stage("A"), stage.formula(), A[-1])]
        steps.append(Step(f"Layer {stage.l}: {_words(stage.f)}", equations, digits))
    return steps, A, Z


def forward(model: Any, x: Any, digits: int = 4) -> Explanation:
    """Write down the forward pass of a small network, Z = A W + b and A = f(Z) with the matrices filled in.

    Parameters
    ----------
    model:
        A built :class:`~mathnn.Sequential` of Dense and activation layers, with at most 200 parameters.
    x:
        One sample, or a batch of at most 8.
    digits:
        Significant digits shown. ``values`` has all of them.

    Raises
    ------
    ConfigError, StateError, ShapeError, DtypeError, NonFiniteError
        For a model or batch that is too large to be written down, another layer, an unbuilt model, or bad data.
    """
    count("explain.forward", "digits", digits, 1)
    stages = _stages(model, "forward", PARAMETERS)
    return Explanation(_forward(stages, _batch(model, x, "forward"), digits)[0])


# --- backward -------------------------------------------------------------------------------------------------------


def _cost(model: Sequential, loss: Loss, last: _Stage, y: Array, A: Array, Z: Array) -> list[Equation]:
    """Return the equations of the cost; the last is that of Δ_L where the loss starts from Z_L, else of ∂J/∂A_L."""
    k, binary = A.shape[1], loss.logits_of == "sigmoid"
    fused = loss.logits_of is not None and loss.logits_of == last.f.name
    P, prediction = A, last("A")
    if loss.from_logits:
        P, prediction = get_activation(str(loss.logits_of)).apply(A), rf"\text{{{loss.logits_of}}}({prediction})"
    Y = one_hot(y.reshape(-1), k) if loss.name == "sparse_categorical_crossentropy" else y
    equations = [Equation(r"\hat Y", prediction, P), Equation("Y", Y)]
    if alpha := getattr(loss, "label_smoothing", 0.0):
        K = 2 if binary else k
        Y = (1 - alpha) * Y + alpha / K
        equations.append(Equation("Y", f"(1 - {alpha}) Y + {alpha}/{K}", Y, relation=r"\leftarrow"))
    J, dY = loss.value_and_gradient(y, Z if fused else A, from_logits=True if fused else None)
    name = rf"\text{{{_words(loss)}}}(Y, \hat Y)"
    value, slope = COSTS.get(loss.name, (name, _by(r"\hat Y", name)))
    R = sum(p.regularizer(p.value) for p in model.parameters if p.regularizer is not None)
    penalized: list[Any] = [rf"{value} + R(\theta)", [J, "+", R], J + R] if R else [value, J]
    equations.append(Equation("J", *penalized))
    numbers: list[Any] = []
    if fused or loss.from_logits:
        slope = rf"\frac{{1}}{{{'m k' if binary else 'm'}}} (\hat Y - Y)"
        numbers = [[rf"\frac{{1}}{{{P.size if binary else len(P)}}} \left(", P, "-", Y, r"\right)"]]
    left = (last(DELTA), _by(last("Z"))) if fused else (_by(last("A")),)
    return [*equations, Equation(*left, slope, *numbers, dY)]


def _through(stage: _Stage, dA: Array, Z: Array, A: Array) -> list[Equation]:
    """Return the equations that lead from ∂J/∂A to Δ; the last is that of Δ."""
    f, Delta, by = stage.f, stage(DELTA), _by(stage("A"))
    dZ = f.backward(dA, Z, A)
    if f.name == "linear":
        return [Equation(Delta, by, dZ)]
    if not isinstance(f, RowActivation):
        return [Equation(Delta, rf"{by} \odot {stage.formula(True)}", [dA, r"\odot", f.derivative(Z)], dZ)]
    rows = []
    for i, jacobian in enumerate(f.jacobian(Z)):
        delta, a, z = (stage(symbol, f"({i + 1})") for symbol in (r"\delta", "a", "z"))
        rows.append(Equation(delta, f"{_by(a)} {_by(z, a)}", [dA[i], jacobian], dZ[i]))
    return [*rows, Equation(Delta, dZ)]


def _gradients(stage: _Stage, A: Array, Delta: Array) -> list[Equation]:
    """Return the equations of ∂J/∂W and, where there is a b, ∂J/∂b."""
    factors = (f"{stage.input[:-1]}{TOP}}}", A.T), (rf"\mathbf 1^{TOP}", np.ones((1, len(A)), A.dtype))
    equations = []
    for (symbol, p), (factor, rows) in zip(stage.parameters, factors, strict=False):
        gradient = (rows @ Delta).reshape(p.shape)
        formula, numbers = f"{factor} {stage(DELTA)}", list[Any]([rows, Delta])
        if p.regularizer is not None:
            slope = p.regularizer.gradient(p.value)
            formula, numbers, gradient = f"{formula} + {_by(symbol, 'R')}", [*numbers, "+", slope], gradient + slope
        equations.append(Equation(_by(symbol), formula, numbers, gradient))
    return equations


def _update(optimizer: Any, symbol: str, p: Parameter, gradient: Array, new: Array) -> Equation:
    """Return the equation of a parameter's step: in full for plain SGD, of others what they come to."""
    more = optimizer.global_clipnorm, optimizer.clipvalue, p.constraint, getattr(optimizer, "momentum", None) or None
    if type(optimizer) is SGD and more == (None,) * 4:
        eta = optimizer.current_rate()
        formula = rf"{symbol} - \eta {_by(symbol)}"
        return Equation(symbol, formula, [p.value, "-", eta, gradient], new, relation=r"\leftarrow")
    rule = rf"\text{{{type(optimizer).__name__}}}({symbol}, {_by(symbol)})"
    return Equation(symbol, rule, new, relation=r"\leftarrow")


def backward(model: Any, x: Any, y: Any, digits: int = 4) -> Explanation:
    """Write down one training step: forward, the cost, the error signal of every layer, all gradients, the update.

    The rate is that of the compiled optimizer. Plain SGD is written out; of any other the result is shown. Arguments
    and errors are those of :func:`forward`; the model must be compiled, and y fit its loss.

    >>> import mathnn
    >>> model = mathnn.Sequential([mathnn.Dense(1, use_bias=False, kernel_initializer="ones")], input_shape=(2,))
    >>> model.compile(mathnn.SGD(0.1), "mse")
    >>> backward(model, [1.0, 2.0], [1.0]).steps[-1]
    The step, with learning rate 0.1
    <BLANKLINE>
      W[1] ← W[1] - η ∂J/∂W[1]
           = ⎡1⎤ - 0.1 ⎡4⎤
             ⎣1⎦       ⎣8⎦
           = ⎡0.6⎤
             ⎣0.2⎦
    """
    count("explain.backward", "digits", digits, 1)
    stages = _stages(model, "backward", PARAMETERS)
    X = _batch(model, x, "backward")
    loss, y = _targets(model, x, y, len(X), "backward")
    after = model.copy()
    after.train_step(X, y)

    steps, A, Z = _forward(stages, X, digits)
    *cost, error = _cost(model, loss, stages[-1], y, A[-1], Z[-1])
    steps.append(Step(f"The cost: {_words(loss)}", cost, digits))
    equations = (
        [error] if error.left == stages[-1](DELTA) else [error, *_through(stages[-1], error.value, Z[-1], A[-1])]
    )
    updates: list[Equation] = []
    for stage, moved in zip(reversed(stages), reversed(_stages(after, "backward", PARAMETERS)), strict=True):
        l, Delta, W = stage.l, equations[-1].value, stage.dense.W.value
        gradients = _gradients(stage, A[l - 1], Delta)
        steps.append(Step(f"Layer {l}: error signal and gradients", [*equations, *gradients], digits))
        if stage.dense.trainable:
            updates[:0] = [
                _update(model.optimizer, symbol, p, gradient.value, q.value)
                for (symbol, p), (_, q), gradient in zip(stage.parameters, moved.parameters, gradients, strict=True)
            ]
        if l > 1:
            dA = Delta @ W.T
            back = Equation(_by(stage.input), f"{stage(DELTA)} {stage('W', TOP)}", [Delta, W.T], dA)
            equations = [back, *_through(stages[l - 2], dA, Z[l - 2], A[l - 1])]
    if updates:
        assert model.optimizer is not None
        steps.append(Step(f"The step, with learning rate {figure(model.optimizer.current_rate())}", updates, digits))
    return Explanation(steps)


# --- symbols --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class SymbolicNetwork:
    """The cost of a network and its gradient as SymPy expressions.

    Attributes
    ----------
    cost:
        J in terms of θ, x and y.
    gradient:
        ∂J/∂θ as a column, in the order of ``model.theta``.
    theta, x, y:
        The symbols, in the order of ``model.theta`` and, row after row, of the inputs and targets.
    """

    cost: Any
    gradient: Any
    theta: tuple[Any, ...]
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    model: Sequential

    def evaluate(self, x: Any, y: Any) -> tuple[float, Array]:
        """Put in the model's parameters and these data; return J and ∇J(θ), computed with 30 digits."""
        import sympy as sp

        X = _batch(self.model, x, "symbolic")
        _, Y = _targets(self.model, x, y, len(X), "symbolic")
        if X.size != len(self.x):
            raise ShapeError(f"explain.symbolic was made for {len(self.x)} inputs, got {X.size}: give samples={len(X)}")
        entries = np.concatenate([self.model.theta, X.ravel(), Y.ravel()]).tolist()
        values = {s: sp.Float(v, 30) for s, v in zip(self.theta + self.x + self.y, entries, strict=True)}
        J, *g = (float(e.xreplace(values).evalf(30)) for e in (self.cost, *self.gradient))
        return J, np.array(g)

    def _repr_latex_(self) -> str:
        import sympy as sp

        lines = [rf"{_by(str(t))} &= {sp.latex(g)}" for t, g in zip(self.theta, self.gradient, strict=True)]
        return r"$$\begin{aligned} " + r" \\ ".join([f"J &= {sp.latex(self.cost)}", *lines]) + r" \end{aligned}$$"

    def __str__(self) -> str:
        lines = [f"{plain(_by(str(t)))} = {plain(str(g))}" for t, g in zip(self.theta, self.gradient, strict=True)]
        return "\n".join([f"J = {plain(str(self.cost))}", *lines])

    __repr__ = __str__


def symbolic(model: Any, samples: int = 1) -> SymbolicNetwork:
    """Return the cost of a small network in symbols, and its exact gradient as SymPy derives it. Imports SymPy.

    Parameters
    ----------
    model:
        A compiled and built :class:`~mathnn.Sequential` of Dense and activation layers, of at most 100 parameters.
    samples:
        m, over how many samples the cost is the mean.

    Raises
    ------
    ConfigError, StateError
        As :func:`forward`, and for a model that is not compiled.

    >>> import mathnn
    >>> model = mathnn.Sequential([mathnn.Dense(1, "tanh", use_bias=False)], input_shape=(2,))
    >>> model.compile("sgd", "mse")
    >>> symbolic(model)
    J = (-y + tanh(W[1]_11*x_1 + W[1]_21*x_2))**2
    ∂J/∂W[1]_11 = 2*x_1*(1 - tanh(W[1]_11*x_1 + W[1]_21*x_2)**2)*(-y + tanh(W[1]_11*x_1 + W[1]_21*x_2))
    ∂J/∂W[1]_21 = 2*x_2*(1 - tanh(W[1]_11*x_1 + W[1]_21*x_2)**2)*(-y + tanh(W[1]_11*x_1 + W[1]_21*x_2))
    """
    stages = _stages(model, "symbolic", SYMBOLS)
    if (loss := model.loss) is None:
        raise StateError('explain.symbolic needs a compiled model: call compile("sgd", loss="mse") first')
    m = count("explain.symbolic", "samples", samples, 1)
    import sympy as sp

    from . import symbolic as twins
    from .symbolic.symbols import exact

    def symbols(name: str, *shape: int) -> Array:
        between = "," if max(shape) > 9 else ""
        labels = [between.join(str(i + 1) for i in index) for index in np.ndindex(shape)]
        return np.array([sp.Symbol(f"{name}_{{{i}}}", real=True) for i in labels], dtype=object).reshape(shape)

    d, k = stages[0].dense.W.shape[0], stages[-1].dense.units
    targets = 1 if loss.name == "sparse_categorical_crossentropy" else k
    X, Y = symbols("x", m, d), symbols("y", m, targets)
    if m == 1:
        X, Y = (np.array([twins.vector(name, n)]) for name, n in (("x", d), ("y", targets)))
    # The parameters lie in model.theta in the order of their addresses, whichever of them are frozen.
    parameters = sorted((pair for stage in stages for pair in stage.parameters), key=lambda p: p[1].value.ctypes.data)
    theta = {symbol: symbols(symbol, *p.shape) for symbol, p in parameters}
    L = twins.loss(loss, size=k)
    slots = twins.vector("z" if loss.from_logits else "p", k) + twins.vector("y", targets)
    J: Any = 0
    for a, y in zip(X, Y, strict=True):
        for stage in stages:
            z = a @ theta[stage("W")] + theta.get(stage("b"), 0)
            by_row = isinstance(stage.f, RowActivation)
            a = np.array(
                twins.activation(stage.f, z) if by_row else [twins.activation(stage.f, zj) for zj in z]
            ).ravel()
        J += L.xreplace(dict(zip(slots, [*a, *y], strict=True))) / m
    for symbol, p in parameters:
        if p.regularizer is not None:
            l1, l2 = (exact(getattr(p.regularizer, name)) for name in ("l1", "l2"))
            J += sum(l1 * sp.Abs(t) + l2 * t**2 for t in theta[symbol].flat)
    # SymPy gives Max the slope ½ at its kink; pieces have the slope that the library takes.
    J = sp.sympify(J).rewrite(sp.Max, sp.Piecewise)
    flat = tuple(t for array in theta.values() for t in array.flat)
    return SymbolicNetwork(J, sp.Matrix([sp.diff(J, t) for t in flat]), flat, tuple(X.flat), tuple(Y.flat), model)
