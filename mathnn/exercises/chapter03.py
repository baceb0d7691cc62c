"""The exercises of chapter 3, feed-forward networks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..datasets import xor
from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def relu(Z: Any) -> Any:
    """Return max(0, z)."""
    return np.maximum(Z, 0.0)


def sigmoid(Z: Any) -> Any:
    """Return 1 / (1 + e⁻ᶻ)."""
    return 1.0 / (1.0 + np.exp(-Z))


def linear(Z: Any) -> Any:
    """Return z."""
    return Z


def forward_pass(X: Any, weights: Any, biases: Any) -> Any:
    """Return the output of a network of any depth: ReLU in the hidden layers, sigmoid in the last."""
    return _forward(X, weights, biases)


def _forward(X: Any, weights: Any, biases: Any, hidden: Any = relu, output: Any = sigmoid) -> Any:
    *inner, (W, b) = zip(weights, biases, strict=True)
    for V, c in inner:
        X = hidden(X @ V + c)
    return output(X @ W + b)


def _network(seed: int, m: int, *widths: int) -> tuple[Any, ...]:
    draw = np.random.default_rng(seed).standard_normal
    weights = tuple(draw(pair).round(1) for pair in pairwise(widths))
    return draw((m, widths[0])).round(1), weights, tuple(draw(n).round(1) for n in widths[1:])


def relu_weights(t: Any, y: Any) -> Any:
    """Return by how much the slope of the polygon through (t, y) changes at each of t[0], ..., t[-2]."""
    return np.diff(np.diff(y) / np.diff(t), prepend=0.0)


def parameter_count(sizes: Any) -> Any:
    """Return how many weights and biases a dense network has."""
    return sum((d + 1) * k for d, k in pairwise(sizes))


def xor_table(answer: Any) -> list[int]:
    """Return what a 2-2-1 network of steps answers to (0, 0), (0, 1), (1, 0), (1, 1)."""
    W1, b1, w2, b2 = (np.array(part, dtype=np.float64) for part in answer)
    A1 = (xor().X @ W1.reshape(2, 2) + b1.reshape(2) >= 0).astype(np.float64)
    return [int(a) for a in A1 @ w2.reshape(2) + b2.reshape(()) >= 0]


def standardise(X_train: Any, X_test: Any) -> Any:
    """Return both parts with the mean and standard deviation of the first."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, (X_test - mean) / std


def _scaled(X: Any, mean: Any, std: Any) -> Any:
    return (X - mean) / std


def _own(X_train: Any, X_test: Any) -> Any:
    return tuple(_scaled(X, X.mean(axis=0), X.std(axis=0)) for X in (X_train, X_test))


def _pooled(X_train: Any, X_test: Any) -> Any:
    X = np.vstack([X_train, X_test])
    return tuple(_scaled(part, X.mean(axis=0), X.std(axis=0)) for part in (X_train, X_test))


SPLIT = np.random.default_rng(3).normal([1.0, -2.0, 10.0], [1.0, 3.0, 0.5], (9, 3)).round(1)

EXERCISES = (
    Exercise(
        name="layer_shapes",
        chapter=3,
        statement=(
            "Eight samples of three features go through a 3-4-2 network. "
            "Give the shapes of Z1, A1, Z2 and A2 as a dictionary of tuples. Rows are samples."
        ),
        solution={"Z1": (8, 4), "A1": (8, 4), "Z2": (8, 2), "A2": (8, 2)},
        form='{"Z1": (..., ...), "A1": (..., ...), "Z2": (..., ...), "A2": (..., ...)}',
        mistakes=(
            Mistake(
                {"Z1": (4, 8), "A1": (4, 8), "Z2": (2, 8), "A2": (2, 8)},
                "That is the other convention, with samples as columns. Here a row is a sample: Z1 = X W1 + b1.",
            ),
            Mistake(
                {"Z1": (3, 4), "A1": (3, 4), "Z2": (4, 2), "A2": (4, 2)},
                "These are the shapes of the weights W1 and W2. What they make has a row for each sample.",
            ),
            Mistake(
                {"Z1": (4,), "A1": (4,), "Z2": (2,), "A2": (2,)},
                "That is for one sample. All eight go through together, one row each.",
            ),
            Mistake(
                {"Z1": (8, 3), "A1": (8, 4), "Z2": (8, 4), "A2": (8, 2)},
                "Z is what comes out of X W + b, so it is as wide as its own layer, and so is A = f(Z).",
            ),
        ),
        hints=(
            "(8 × 3) times (3 × 4) gives 8 × 4.",
            "An activation function works element by element, so A has the shape of Z.",
        ),
    ),
    Exercise(
        name="forward_pass",
        chapter=3,
        statement=(
            "Write `f(X, weights, biases)`, the forward pass of a network of any depth. The two lists have an entry "
            "for each layer. Hidden layers have ReLU, the last one the sigmoid. Return its output, m × n_L."
        ),
        solution=forward_pass,
        cases=(_network(1, 5, 3, 4, 1), _network(2, 4, 2, 3, 3, 2), _network(6, 2, 3, 1)),
        mistakes=(
            Mistake(
                lambda X, weights, biases: _forward(X, weights, [0.0 * b for b in biases]),
                "You forgot the biases.",
            ),
            Mistake(
                lambda X, weights, biases: _forward(X, weights, [*biases[:-1], 0.0]),
                "You forgot the bias of the last layer.",
            ),
            Mistake(
                lambda X, weights, biases: _forward(X, weights, biases, hidden=linear),
                "The hidden layers have no activation: without ReLU all layers together are one linear map.",
            ),
            Mistake(
                lambda X, weights, biases: _forward(X, weights, biases, hidden=sigmoid),
                "Every layer has the sigmoid. Only the last one should; the hidden ones have ReLU.",
            ),
            Mistake(
                lambda X, weights, biases: _forward(X, weights, biases, output=linear),
                "This is the pre-activation of the last layer. It still needs its sigmoid.",
            ),
            Mistake(
                lambda X, weights, biases: _forward(X, weights, biases, output=relu),
                "Every layer has ReLU. The last one should have the sigmoid.",
            ),
            Mistake(
                lambda X, weights, biases: _forward(X, weights, biases, output=lambda Z: sigmoid(relu(Z))),
                "The last layer has ReLU and then the sigmoid. It should have the sigmoid alone.",
            ),
        ),
        hints=(
            "Start with A = X and let A become relu(A @ W + b) for each layer but the last.",
            "`weights[:-1]` are the hidden layers, `weights[-1]` is the last one.",
        ),
    ),
    Exercise(
        name="parameter_count",
        chapter=3,
        statement=(
            "Write `f(sizes)`, the number of weights and biases of a dense network. "
            "The sizes are those of its layers, inputs first: [3, 3, 1] has 16."
        ),
        solution=parameter_count,
        cases=(([3, 3, 1],), ([64, 32, 10],), ([784, 256, 128, 10],), ([5, 1],)),
        mistakes=(
            Mistake(
                lambda sizes: sum(d * k for d, k in pairwise(sizes)),
                "You counted the weights but not the biases: every neuron has one.",
            ),
            Mistake(
                lambda sizes: sum(d * k for d, k in pairwise(sizes)) + sum(sizes),
                "You gave the inputs biases. They are numbers, not neurons: only the later layers have biases.",
            ),
            Mistake(
                lambda sizes: sum(d * k for d, k in pairwise(sizes)) + len(sizes) - 1,
                "You counted one bias for each layer. Each neuron has its own.",
            ),
            Mistake(
                lambda sizes: sum(d * k + d for d, k in pairwise(sizes)),
                "You counted as many biases as inputs. A layer of k neurons has k.",
            ),
            Mistake(lambda sizes: sum(sizes), "You counted the neurons, not what they learn."),
            Mistake(
                lambda sizes: (sizes[0] + 1) * sizes[-1],
                "You counted from the inputs straight to the outputs. Go through the layers pair by pair.",
            ),
        ),
        hints=(
            "Between layers of d and k units stand d · k weights, and k biases.",
            "Add (d + 1) k over each pair of neighbours; `zip(sizes, sizes[1:])` gives the pairs.",
        ),
    ),
    Exercise(
        name="xor_weights",
        chapter=3,
        statement=(
            "Find the weights of a 2-2-1 network of steps that computes XOR. Give `(W1, b1, w2, b2)`. "
            "W1 is 2 × 2 with a column for each hidden neuron, b1 has two numbers, w2 two, and b2 is one number. "
            "A step answers 1 for z ≥ 0."
        ),
        solution=([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [1.0, -1.0], -0.5),
        observe=xor_table,
        form="([[w11, w12], [w21, w22]], [b1, b2], [w1, w2], b)",
        mistakes=(
            Mistake(
                ([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [1.0, 1.0], -0.5),
                "This is OR. If your hidden neurons are OR and AND, the second must count against: a negative weight.",
            ),
            Mistake(
                ([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [1.0, 1.0], -1.5),
                "This is AND: both hidden neurons must be on. XOR is on where OR is and AND is not.",
            ),
            Mistake(
                ([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [-1.0, 1.0], 0.5),
                "This is XNOR, the opposite. Turn the signs of w2 and b2.",
            ),
            Mistake(
                ([[-1.0, -1.0], [-1.0, -1.0]], [0.5, 1.5], [1.0, 1.0], -0.5),
                "This is NAND. It is wrong at (0, 0) only: let an OR have its say too.",
            ),
            Mistake(
                ([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [1.0, -1.0], 0.5),
                "It always answers 1: the bias of the output outweighs its inputs.",
            ),
            Mistake(
                ([[1.0, 1.0], [1.0, 1.0]], [-0.5, -1.5], [1.0, -1.0], -1.5),
                "It always answers 0: the bias of the output is never overcome.",
            ),
        ),
        hints=(
            "XOR is on where OR is on and AND is not: let these be the hidden neurons.",
            "With both weights 1, a bias of -0.5 makes OR and one of -1.5 makes AND.",
        ),
    ),
    Exercise(
        name="standardise",
        chapter=3,
        statement=(
            "Write `f(X_train, X_test)` that gives every feature mean 0 and standard deviation 1. "
            "Return both parts as a tuple, scaled by what the training part alone tells."
        ),
        solution=standardise,
        cases=((SPLIT[:6], SPLIT[6:]), (SPLIT[3:], SPLIT[:3])),
        mistakes=(
            Mistake(_own, "You scaled the test part by its own mean and deviation. Then one value means two things."),
            Mistake(
                _pooled,
                "You took the mean and deviation over both parts: the test part has leaked into the training.",
            ),
            Mistake(
                lambda A, B: (A - A.mean(axis=0), B - A.mean(axis=0)),
                "You took the mean off but did not divide by the standard deviation.",
            ),
            Mistake(
                lambda A, B: tuple(_scaled(X, A.mean(axis=0), A.var(axis=0)) for X in (A, B)),
                "You divided by the variance. The standard deviation is its root.",
            ),
            Mistake(
                lambda A, B: tuple(_scaled(X, A.mean(), A.std()) for X in (A, B)),
                "You took one mean over all features. Each column has its own: `axis=0`.",
            ),
            Mistake(
                lambda A, B: tuple(_scaled(X, A.mean(axis=0), A.std(axis=0, ddof=1)) for X in (A, B)),
                "You divided by the deviation with m - 1 (`ddof=1`). Then the training part's is not quite 1: use m.",
            ),
            Mistake(
                lambda A, B: tuple(_scaled(X, A.min(axis=0), np.ptp(A, axis=0)) for X in (A, B)),
                "That is normalising, to the range from 0 to 1. Standardising gives mean 0 and deviation 1.",
            ),
        ),
        hints=(
            "Mean and standard deviation are taken down the columns, `axis=0`, of X_train.",
            "The test part is scaled by the same two vectors. It will not have mean 0, and need not.",
        ),
    ),
    Exercise(
        name="relu_weights",
        chapter=3,
        statement=(
            "Write `f(t, y)`: the edges t₀ < ... < t_N and the values of a curve there. Return the N output weights "
            "v_j for which y₀ + Σ v_j relu(x - t_j), j = 0 ... N - 1, passes through all the points."
        ),
        solution=relu_weights,
        cases=(
            (np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0])),
            (np.array([0.0, 0.25, 0.5, 0.75, 1.0]), np.array([1.0, 0.5, 0.75, 0.0, 0.25])),
            (np.array([-1.0, 0.0, 0.5, 2.0]), np.array([2.0, 1.0, 1.0, -2.0])),
        ),
        mistakes=(
            Mistake(
                lambda t, y: np.diff(y),
                "These are the heights of the stairs. A ReLU adds slope, so divide by the width of the piece first.",
            ),
            Mistake(
                lambda t, y: np.diff(y) / np.diff(t),
                "These are the slopes of the pieces. Neurons to the left go on adding theirs: take the change.",
            ),
            Mistake(
                lambda t, y: np.diff(np.diff(y), prepend=0.0),
                "You took changes of height. The slope is height over width: divide by the width of each piece.",
            ),
            Mistake(
                lambda t, y: np.diff(np.diff(y) / np.diff(t)),
                "The first piece has a slope too. Before it the slope is 0, so v₀ is the first slope itself.",
            ),
            Mistake(
                lambda t, y: -np.diff(np.diff(y) / np.diff(t), prepend=0.0),
                "The sign is turned: new slope minus old slope.",
            ),
        ),
        hints=(
            "On the first piece only neuron 0 is awake. So v₀ is the slope there.",
            "On piece j the slope is v₀ + ... + v_j: each v_j is the slope of piece j minus that of piece j - 1.",
        ),
    ),
)
