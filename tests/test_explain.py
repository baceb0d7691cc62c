"""What is written down about a network is what the network computes."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import SGD, Adam, Dense, Sequential, activations, explain, losses
from mathnn.errors import ConfigError, DtypeError, LabelError, NonFiniteError, ShapeError, StateError
from mathnn.typeset import Equation, Explanation, figure, plain

X = np.array([[1.0, -2.0, 0.5], [0.25, 1.5, -1.0]])
BITS = np.array([[1.0, 0.0], [0.0, 1.0]])
NUMBERS = np.array([[0.3, -1.2], [2.0, 0.7]])


def network(hidden: object, output: object, loss: object, optimizer: object = None, **dense: object) -> Sequential:
    model = Sequential(
        [Dense(2, hidden, bias_initializer="random_normal", **dense), Dense(2, output, **dense)],
        seed=3,
        input_shape=(3,),
    )
    model.compile(SGD(0.5) if optimizer is None else optimizer, loss)
    return model


# Every loss with an output that fits it, and targets.
LOSSES = [
    ("linear", losses.MeanSquaredError(), NUMBERS),
    ("sigmoid", losses.MeanSquaredError(), BITS),
    ("softmax", losses.MeanSquaredError(), BITS),
    ("log_softmax", losses.MeanSquaredError(), NUMBERS),
    ("tanh", losses.MeanAbsoluteError(), NUMBERS),
    ("linear", losses.Huber(0.5), NUMBERS),
    ("linear", losses.LogCosh(), NUMBERS),
    ("sigmoid", losses.BinaryCrossentropy(), BITS),
    ("sigmoid", losses.BinaryCrossentropy(label_smoothing=0.2), BITS),
    ("linear", losses.BinaryCrossentropy(from_logits=True), BITS),
    ("softmax", losses.BinaryCrossentropy(), BITS),
    ("softmax", losses.CategoricalCrossentropy(), BITS),
    ("softmax", losses.CategoricalCrossentropy(label_smoothing=0.1), BITS),
    ("linear", losses.CategoricalCrossentropy(from_logits=True), BITS),
    ("softmax", losses.SparseCategoricalCrossentropy(), BITS.argmax(axis=1)),
    ("tanh", losses.SparseCategoricalCrossentropy(from_logits=True), BITS.argmax(axis=1)),
    ("tanh", losses.Hinge(), BITS),
    ("softmax", losses.KLDivergence(), np.array([[0.3, 0.7], [0.9, 0.1]])),
]
HIDDEN = [
    *(f for f in activations.registry.items()),
    activations.LeakyReLU(0.2),
    activations.ELU(0.7),
    activations.GELU(approximate=True),
]
CASES = [("tanh", *case) for case in LOSSES] + [(f, "sigmoid", losses.MeanSquaredError(), BITS) for f in HIDDEN]
every_case = pytest.mark.parametrize(
    ("hidden", "output", "loss", "y"), CASES, ids=lambda value: None if isinstance(value, np.ndarray) else repr(value)
)


def test_every_loss_and_activation_is_tried() -> None:
    assert {type(loss) for _, loss, _ in LOSSES} == set(losses.registry.items())
    assert set(explain.COSTS) == {cls.name for cls in losses.registry.items()}
    assert set(explain.FUNCTIONS) <= set(activations.registry.names())


# --- numbers --------------------------------------------------------------------------------------------------------


@every_case
def test_the_numbers_are_those_of_the_model(hidden, output, loss, y) -> None:
    model = network(hidden, output, loss)
    values = explain.backward(model, X, y).values
    J, _ = model.loss_and_gradient(X, y)
    assert_allclose(values["J"], J, rtol=1e-13)
    assert_allclose(values["A[2]"], model.predict(X), rtol=1e-13)
    after = model.copy()
    after.train_step(X, y)
    for l, (layer, new) in enumerate(zip(model.layers, after.layers, strict=True), start=1):
        for symbol in "Wb":
            p, q = getattr(layer, symbol), getattr(new, symbol)
            assert_allclose(values[f"∂J/∂{symbol}[{l}]"], p.gradient, rtol=1e-12, atol=1e-15)
            assert_allclose(values[f"{symbol}[{l}]"], q.value, rtol=1e-15)
            assert_allclose(q.value, p.value - 0.5 * p.gradient, rtol=1e-12, atol=1e-15)


@every_case
def test_each_written_equation_holds(hidden, output, loss, y) -> None:
    """The sides made of numbers, worked out by what stands between them, come to the value."""
    explanation = explain.backward(network(hidden, output, loss, kernel_regularizer="l2"), X, y)
    checked = 0
    for step in explanation.steps:
        for equation in step.equations:
            for side in equation.sides:
                if len(side) > 1:
                    # b stands for a row of sums, (2,) against (1, 2)
                    assert_allclose(np.ravel(worked_out(side)), np.ravel(equation.value), rtol=1e-11, atol=1e-14)
                    checked += 1
    assert checked >= 13


def worked_out(side: list) -> np.ndarray:
    """Compute a side: products of neighbours, then ⊙, then + and −, and a factor 1/n before a bracket."""
    first = side[0] if isinstance(side[0], str) else ""
    if match := re.fullmatch(r"\\frac\{1\}\{(\d+)\} \\left\(", first):
        return worked_out(side[1:-1]) / int(match[1])
    for sign, operation in ((("-", "+"), None), ((r"\odot",), np.multiply)):
        for i, part in enumerate(side):
            if isinstance(part, str) and part in sign:
                left, right = worked_out(side[:i]), worked_out(side[i + 1 :])
                return operation(left, right) if operation else left + right if part == "+" else left - right
    result = side[0]
    for part in side[1:]:
        result = result @ part if np.ndim(result) and np.ndim(part) else result * part
    return result


def test_a_single_sample_comes_without_its_batch_axis() -> None:
    model = network("tanh", "softmax", "sparse_categorical_crossentropy")
    assert str(explain.forward(model, X[0])) == str(explain.forward(model, X[:1]))
    assert str(explain.backward(model, X[0], 1)) == str(explain.backward(model, X[:1], [1]))


def test_activations_as_layers_and_nested_models_are_the_same_network() -> None:
    plain_model = network("tanh", "softmax", "categorical_crossentropy")
    nested = Sequential(
        [Sequential([Dense(2), mathnn.Tanh()]), mathnn.Chain([Dense(2), mathnn.Activation("softmax")])],
        input_shape=(3,),
    )
    nested.compile(SGD(0.5), "categorical_crossentropy")
    nested.theta = plain_model.theta
    assert str(explain.backward(nested, X, BITS)) == str(explain.backward(plain_model, X, BITS))


@pytest.mark.parametrize(
    "optimizer", [SGD(0.1, momentum=0.9), SGD(0.1, clipvalue=0.01), SGD(0.1, global_clipnorm=0.01), Adam()], ids=repr
)
def test_the_step_of_other_optimizers_is_shown(optimizer) -> None:
    model = network("tanh", "softmax", "mse", optimizer)
    model.fit(X, BITS, epochs=2, verbose=0)  # the state counts
    explanation = explain.backward(model, X, BITS)
    name = type(optimizer).__name__
    assert f"W[1] ← {name}(W[1], ∂J/∂W[1])" in str(explanation)
    model.train_step(X, BITS)
    assert_array_equal(explanation.values["W[1]"], model.layers[0].W.value)


def test_frozen_layers_constraints_and_missing_biases() -> None:
    model = Sequential(
        [Dense(2, "relu", use_bias=False, trainable=False), Dense(1, kernel_constraint=mathnn.MaxNorm(0.1))],
        seed=0,
        input_shape=(3,),
    )
    model.compile(SGD(0.1), "mse")
    explanation = explain.backward(model, X, [1.0, 2.0])
    assert "W[1]" not in explanation.values
    assert "∂J/∂W[1]" in explanation.values
    assert "∂J/∂b[1]" not in explanation.values
    model.train_step(X, [1.0, 2.0])
    assert_array_equal(explanation.values["W[2]"], model.layers[1].W.value)
    model.layers[1].trainable = False
    model.compile("sgd", "mse")
    assert explain.backward(model, X, [1.0, 2.0]).steps[-1].title.startswith("Layer 1")


def test_a_loss_of_ones_own_is_shown_by_its_name() -> None:
    class FourthPower(losses.Loss):
        def terms(self, y, y_pred, from_logits):
            e = y_pred - y
            return e**4, 4 * e**3

    model = network("tanh", "linear", FourthPower())
    explanation = explain.backward(model, X, NUMBERS)
    assert "J = fourth power(Y, Ŷ)" in str(explanation)
    J, _ = model.loss_and_gradient(X, NUMBERS)
    assert_allclose(explanation.values["J"], J)
    assert_allclose(explanation.values["∂J/∂W[1]"], model.layers[0].W.gradient, rtol=1e-12)


def test_the_model_and_the_data_are_not_changed() -> None:
    model = network("tanh", "softmax", "categorical_crossentropy", Adam())
    model.loss_and_gradient(X, BITS)
    before = copy.deepcopy((model.theta, model.gradient, model.optimizer.state))
    x, y = X.copy(), BITS.copy()
    for array in (x, y):
        array.setflags(write=False)
    explain.backward(model, 2 * x, y)
    explain.backward(model, x, y[::-1])
    assert_array_equal(model.theta, before[0])
    assert_array_equal(model.gradient, before[1])
    assert model.optimizer.state == before[2]


def test_float32() -> None:
    model = Sequential([Dense(2, "tanh")], seed=0, input_shape=(3,), dtype="float32")
    model.compile("sgd", "mse")
    values = explain.backward(model, X, BITS).values
    assert {np.asarray(v).dtype for name, v in values.items() if name != "J"} == {np.dtype(np.float32)}


# --- formulas -------------------------------------------------------------------------------------------------------


def formula(latex: str, **names: object) -> object:
    """Work out a formula as it is shown in plain text."""
    text = plain(latex)
    for shown, code in [("⊙", "*"), ("²", "**2"), ("m k", "m*k"), ("≥", ">="), ("Ŷ", "P"), ("[", "("), ("]", ")")]:
        text = text.replace(shown, code)
    text = re.sub(r"\|(.*)\|", r"abs(\1)", text)
    text = re.sub(r"^(-?\d/\S+)\s+Σ (.*)$", r"\1 * np.sum(\2)", text)
    text = re.sub(r"^(-?\d/(?:m|\(m\*k\)))\s+(?!\*)(.*)$", r"\1 * (\2)", text)
    known = {"np": np, "log": np.log, "exp": np.exp, "tanh": np.tanh, "cosh": np.cosh, "max": np.maximum}
    known |= {"sign": np.sign, "clip": np.clip, "σ": activations.sigmoid, "abs": np.abs}
    return eval(text, known | names)


@pytest.mark.parametrize("name", explain.COSTS)
def test_the_formula_shown_for_each_cost_is_true(name: str) -> None:
    loss = losses.Huber(0.5) if name == "huber" else next(c for c in losses.registry.items() if c.name == name)()
    rng = np.random.default_rng(0)
    P, Y = rng.dirichlet([2, 3, 4], 5), np.eye(3)[[0, 2, 1, 0, 2]]
    y = {"sparse_categorical_crossentropy": Y.argmax(axis=1), "kl_divergence": P[::-1]}.get(
        name, 2 * Y - 1 if name == "hinge" else Y
    )
    y = y.copy()
    shown = Y if name == "sparse_categorical_crossentropy" else y
    names = {"P": P, "Y": shown, "m": 5, "k": 3, "δ": 0.5}
    names["huber"] = lambda e: np.where(np.abs(e) <= 0.5, e**2 / 2, 0.5 * np.abs(e) - 0.125)
    value, slope = explain.COSTS[name]
    assert_allclose(formula(value, **names), loss(y, P), rtol=1e-12)
    assert_allclose(formula(slope, **names), loss.gradient(y, P), rtol=1e-12)


@pytest.mark.parametrize("name", explain.FUNCTIONS)
def test_the_formula_shown_for_each_activation_is_true(name: str) -> None:
    f, Z = activations.get(name), np.array([-1.5, 0.25, 2.0])
    value, slope = explain.FUNCTIONS[name]
    assert_allclose(formula(value, Z=Z) * np.ones(3), f(Z), rtol=1e-14)
    assert_allclose(formula(slope, Z=Z, A=f(Z)) * np.ones(3), f.derivative(Z), rtol=1e-14)


# --- symbols --------------------------------------------------------------------------------------------------------


@every_case
def test_the_symbolic_cost_and_gradient_agree_with_the_model(hidden, output, loss, y) -> None:
    model = network(hidden, output, loss)
    J, g = explain.symbolic(model).evaluate(X[0], y[0])
    expected_J, expected_g = model.loss_and_gradient(X[:1], y[:1])
    assert_allclose(J, expected_J, rtol=1e-12, atol=1e-12)
    assert_allclose(g, expected_g, rtol=1e-12, atol=1e-12)


def test_the_symbolic_cost_of_a_batch_with_penalties_and_a_frozen_layer() -> None:
    model = Sequential(
        [
            Dense(2, "sigmoid", trainable=False, bias_initializer="ones"),
            Dense(1, kernel_regularizer=mathnn.L1L2(0.1, 0.2)),
        ],
        seed=1,
        input_shape=(3,),
    )
    model.compile("sgd", "mse")
    network = explain.symbolic(model, samples=2)
    assert [str(t) for t in network.theta[:3]] == ["W^{[2]}_{11}", "W^{[2]}_{21}", "b^{[2]}_{1}"]
    J, g = network.evaluate(X, [1.0, -1.0])
    expected = model.loss_and_gradient(X, [1.0, -1.0])
    assert_allclose(J, expected[0], rtol=1e-13)
    assert_allclose(g, expected[1], rtol=1e-12, atol=1e-14)
    model.theta = -model.theta
    assert_allclose(network.evaluate(X, [1.0, -1.0])[0], model.loss_and_gradient(X, [1.0, -1.0])[0], rtol=1e-13)
    with pytest.raises(ShapeError, match="samples=1"):
        network.evaluate(X[:1], [1.0])


def test_relu_has_no_slope_at_its_kink() -> None:
    model = Sequential([Dense(1, "relu", kernel_initializer="zeros")], input_shape=(1,))
    model.compile("sgd", "mse")
    J, g = explain.symbolic(model).evaluate([1.0], [2.0])
    assert (J, g.tolist()) == (4.0, [0.0, 0.0])


def test_symbols_of_wide_layers_have_commas() -> None:
    model = Sequential([Dense(2)], input_shape=(11,))
    model.compile("sgd", "mse")
    assert str(explain.symbolic(model).theta[3]) == "W^{[1]}_{2,2}"


# --- how it looks ---------------------------------------------------------------------------------------------------


def test_the_text_of_a_small_network() -> None:
    model = Sequential([Dense(2, "relu"), Dense(1, "sigmoid")], input_shape=(2,))
    model.theta = [1, -1, 0.5, 2, 0, 0.25, 1, -2, 0.125]
    model.compile(SGD(1.0), "binary_crossentropy")
    steps = explain.backward(model, [[1.0, 2.0], [3.0, 4.0]], [1, 0]).steps
    assert f"{steps[1]}\n\n{steps[4]}\n" == TEXT


TEXT = """\
Layer 1: relu

  Z[1] = A[0] W[1] + b[1]
       = ⎡1  2⎤ ⎡  1  -1⎤ + [0  0.25]
         ⎣3  4⎦ ⎣0.5   2⎦
       = ⎡2  3.25⎤
         ⎣5  5.25⎦

  A[1] = max(0, Z[1])
       = ⎡2  3.25⎤
         ⎣5  5.25⎦

Layer 2: error signal and gradients

  Δ[2] = ∂J/∂Z[2]
       = 1/(m k) (Ŷ - Y)
       = 1/2 ( ⎡0.01243⎤ - ⎡1⎤ )
               ⎣0.00461⎦   ⎣0⎦
       = ⎡ -0.4938⎤
         ⎣0.002305⎦

  ∂J/∂W[2] = A[1]ᵀ Δ[2]
           = ⎡   2     5⎤ ⎡ -0.4938⎤
             ⎣3.25  5.25⎦ ⎣0.002305⎦
           = ⎡-0.976⎤
             ⎣-1.593⎦

  ∂J/∂b[2] = 1ᵀ Δ[2]
           = [1  1] ⎡ -0.4938⎤
                    ⎣0.002305⎦
           = [-0.4915]
"""


def test_the_latex_is_one_balanced_block() -> None:
    model = network("leaky_relu", "softmax", "mse")
    shown = [
        explain.forward(model, X),
        explain.backward(model, X, BITS),
        explain.symbolic(compiled([Dense(1, "relu")])),
    ]
    for one in shown:
        latex = one._repr_latex_()
        assert latex.startswith("$$")
        assert latex.endswith("$$")
        assert "\n\n" not in latex
        assert latex.count("{") == latex.count("}")
        assert latex.replace(r"\leftarrow", "").count(r"\left") == latex.count(r"\right")
        environments = re.findall(r"\\(begin|end)\{(\w+)\}", latex)
        opened: list[str] = []
        for what, name in environments:
            if what == "begin":
                opened.append(name)
            else:
                assert opened.pop() == name
        assert environments
        assert not opened
        assert repr(one) == str(one)
    step = explain.forward(model, X).steps[1]
    assert step._repr_latex_().startswith(r"$$\begin{array}{l} \textbf{Layer 1: leaky relu}")
    assert "Layer 1: leaky relu" in repr(step)


def test_plain_text_has_no_latex_left() -> None:
    for hidden, output, loss, y in CASES:
        text = str(explain.backward(network(hidden, output, loss, kernel_regularizer="l2"), X, y))
        assert not re.search(r"[\\{}^$]", text), re.search(r".*[\\{}^$].*", text)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{2}{m k} (\hat Y - Y)", "2/(m k) (Ŷ - Y)"),
        (r"A^{[0]\top} \Delta^{[1]} + \frac{\partial R}{\partial W^{[1]}}", "A[0]ᵀ Δ[1] + ∂R/∂W[1]"),
        (r"\mathbf 1^\top \Delta^{[2]}", "1ᵀ Δ[2]"),
        (r"\text{leaky relu}'(Z^{[1]})", "leaky relu'(Z[1])"),
        (r"\delta^{[2](1)}", "δ[2](1)"),
    ],
)
def test_plain(latex: str, text: str) -> None:
    assert plain(latex) == text


def test_figures_are_the_same_on_every_processor() -> None:
    assert figure(0.12345) == figure(np.nextafter(0.12345, 0)) == figure(np.nextafter(0.12345, 1))
    assert figure(-0.0) == figure(1e-16) == "0"
    assert figure(1 / 3, digits=2) == "0.33"
    assert figure(-1234567.0) == "-1.235e+06"


def test_large_and_small_numbers_and_rounding_noise() -> None:
    equation = Equation("Z", np.array([[1e-7, 2.5e8], [1e-9, 1e-8]]), np.array([1.0, 1e-13]))
    assert equation.latex(3) == (
        r"Z &= \begin{bmatrix} 0 & 2.5 \cdot 10^{8} \\ 0 & 0 \end{bmatrix} \\[3pt] "
        r"&= \begin{bmatrix} 1 & 0 \end{bmatrix}"
    )
    assert Equation("Z", np.array([2e-7, 1.0])).latex(3) == r"Z &= \begin{bmatrix} 2 \cdot 10^{-7} & 1 \end{bmatrix}"
    assert equation.text(3).splitlines()[-1] == "  = [1  0]"
    assert Explanation([]).values == {}


def test_digits() -> None:
    model = network("tanh", "softmax", "mse")
    assert "0.5378" not in str(explain.forward(model, X, digits=2))
    assert len(str(explain.forward(model, X, digits=8))) > len(str(explain.forward(model, X)))


# --- what is refused ------------------------------------------------------------------------------------------------


def compiled(layers: list, shape: tuple[int, ...] = (3,)) -> Sequential:
    model = Sequential(layers, seed=0, input_shape=shape)
    model.compile("sgd", "mse")
    return model


SMALL = compiled([Dense(2)])


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: explain.forward(Dense(2), X), ConfigError, "explains a Sequential, got Dense"),
        (lambda: explain.forward(Sequential([Dense(2)]), X), StateError, "built model"),
        (lambda: explain.forward(compiled([Dense(20), Dense(20)]), X), ConfigError, "at most 200 parameters.* has 500"),
        (lambda: explain.symbolic(compiled([Dense(30)])), ConfigError, "at most 100 parameters"),
        (lambda: explain.forward(compiled([Dense(2), mathnn.Dropout(0.5)]), X), ConfigError, "Dropout"),
        (lambda: explain.forward(compiled([Dense(2, "tanh"), mathnn.ReLU()]), X), ConfigError, "ReLU.*something else"),
        (lambda: explain.forward(compiled([mathnn.Tanh(), Dense(2)]), X), ConfigError, "Tanh"),
        (lambda: explain.forward(compiled([Dense(2)], (4, 3)), X), ConfigError, "rows of features"),
        (lambda: explain.forward(SMALL, np.zeros((9, 3))), ConfigError, "at most 8 samples, got 9"),
        (lambda: explain.forward(SMALL, np.zeros((2, 4))), ShapeError, r"rows of shape \(3,\)"),
        (lambda: explain.forward(SMALL, [1.0, 2.0]), ShapeError, "rows are samples"),
        (lambda: explain.forward(SMALL, [[1.0], [1.0, 2.0]]), ShapeError, "rectangular"),
        (lambda: explain.forward(SMALL, "abc"), DtypeError, "real numbers"),
        (lambda: explain.backward(SMALL, X, [[1.0], [1.0, 2.0]]), ShapeError, "rectangular"),
        (lambda: explain.backward(SMALL, X, None), DtypeError, "real numbers"),
        (lambda: explain.forward(SMALL, [[1.0, np.nan, 2.0]]), NonFiniteError, "NaN"),
        (lambda: explain.forward(SMALL, X, digits=0), ConfigError, "digits"),
        (lambda: explain.backward(SMALL, X, BITS, digits=2.5), ConfigError, "digits"),
        (lambda: explain.backward(Sequential([Dense(2)], input_shape=(3,)), X, BITS), StateError, "compiled"),
        (lambda: explain.symbolic(Sequential([Dense(2)], input_shape=(3,))), StateError, "compiled"),
        (lambda: explain.symbolic(SMALL, samples=0), ConfigError, "samples"),
        (lambda: explain.backward(SMALL, X, BITS[:1]), ShapeError, "x has 2 samples"),
        (lambda: explain.backward(SMALL, X, 1.0), ShapeError, "x has 2 samples"),
        (lambda: explain.backward(SMALL, X, [[1.0], [2.0]]), ShapeError, "y_true"),
        (
            lambda: explain.backward(network("tanh", "softmax", "sparse_categorical_crossentropy"), X, [0, 5]),
            LabelError,
            "5",
        ),
        (lambda: explain.symbolic(SMALL).evaluate(X, BITS), ShapeError, "samples=2"),
    ],
)
def test_what_is_refused(wrong: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        wrong()


def test_only_symbolic_loads_sympy() -> None:
    code = (
        "import sys, mathnn; from mathnn import Dense, Sequential, explain\n"
        "model = Sequential([Dense(1)], input_shape=(1,)); model.compile('sgd', 'mse')\n"
        "str(explain.backward(model, [1.0], [1.0])); assert 'sympy' not in sys.modules\n"
        "explain.symbolic(model); assert 'sympy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
