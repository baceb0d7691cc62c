"""The exercises of chapter 0, calculus and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]

BY_HAND: dict[str, Any] = {"f": 14, "gradient": [12, 7], "predicted": 13.8}
SHAPES: dict[str, Any] = {
    "dA": (32, 10),
    "dZ": (32, 10),
    "dW": (64, 10),
    "db": (10,),
    "dX": (32, 64),
    "jacobian": (320, 2048),
}


def centre_backward(dY: Any) -> Any:
    """Return dX for Y = X − its column means."""
    return dY - dY.mean(axis=0)


def linear_backward(dY: Any, X: Any, W: Any) -> Any:
    """Return (dX, dW, db) of Y = XW + b."""
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


def _linear(dX: Any = None, dW: Any = None, db: Any = None) -> Any:
    """Return the backward pass with one of its three lines changed."""

    def backward(dY: Any, X: Any, W: Any) -> Any:
        right = linear_backward(dY, X, W)
        changed = (dX, dW, db)
        return tuple(r if line is None else line(dY, X, W) for r, line in zip(right, changed, strict=True))

    return backward


def jacobian(f: Any, x: Any) -> Any:
    """Return ∂y_i/∂x_j in row i and column j, by central differences."""
    h = 6e-6
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))], axis=1)


def _polar(x: Any) -> Any:
    return np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])])


def _three_of_two(x: Any) -> Any:
    return np.array([x[0] * x[1], x[0] ** 2, 3 * x[1]])


def _two_of_three(x: Any) -> Any:
    return np.array([x[0] * x[2], x[1] ** 2 - x[2]])


def _steep(x: Any) -> Any:
    return np.array([x[1] / x[0], x[0] * x[1]])  # curved enough that a forward difference is seen


def _forward(f: Any, x: Any) -> Any:
    h = 6e-6
    return np.stack([(f(x + h * e) - f(x)) / h for e in np.eye(len(x))], axis=1)


def _random(seed: int, *shapes: tuple[int, ...]) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(shape).round(1) for shape in shapes)


EXERCISES = (
    Exercise(
        name="nudge_by_hand",
        chapter=0,
        statement=(
            "Let f(x1, x2) = x1² x2 - 2 x2. At x = (3, 2), give the value f, the gradient (both partial derivatives) "
            "and what the gradient predicts for f(3.1, 1.8), as a dictionary."
        ),
        solution=BY_HAND,
        form='{"f": ..., "gradient": [..., ...], "predicted": ...}',
        mistakes=(
            Mistake(
                BY_HAND | {"gradient": [12, 9], "predicted": 13.4},
                "∂f/∂x2 has a second part: -2 x2 has the slope -2 by x2.",
            ),
            Mistake(
                BY_HAND | {"gradient": [7, 12], "predicted": 12.3},
                "The two partial derivatives are swapped: the first belongs to x1.",
            ),
            Mistake(
                BY_HAND | {"predicted": -0.2},
                "-0.2 is the predicted change. The prediction for f(3.1, 1.8) is the value plus the change.",
            ),
            Mistake(
                BY_HAND | {"predicted": 16.6},
                "The second nudge is negative: x2 goes from 2 to 1.8, so h = (0.1, -0.2).",
            ),
            Mistake(
                BY_HAND | {"predicted": 13.698},
                "13.698 is the true value of f(3.1, 1.8). Asked for is what the gradient predicts, f + ∇f·h.",
            ),
            Mistake(
                BY_HAND | {"gradient": [10, 7], "predicted": 13.6},
                "In ∂f/∂x1 the term -2 x2 is a constant: it does not move with x1.",
            ),
        ),
        hints=(
            "Hold x2 = 2 still: then f is 2 x1² - 4. What is its slope at x1 = 3?",
            "The prediction is f + ∂f/∂x1 · 0.1 + ∂f/∂x2 · (-0.2).",
        ),
    ),
    Exercise(
        name="predict_shapes",
        chapter=0,
        statement=(
            "X is (32, 64), W is (64, 10), Z = XW + b, A = tanh(Z), and J is one number made of A. Give the shapes of "
            "dA, dZ, dW, db, dX, and of the Jacobian of Z by X when both are unrolled, as a dictionary of tuples."
        ),
        solution=SHAPES,
        form='{"dA": (32, 10), "dZ": (.., ..), "dW": (.., ..), "db": (..,), "dX": (.., ..), "jacobian": (.., ..)}',
        mistakes=(
            Mistake(
                SHAPES | {"db": (32, 10)},
                "db has the shape of b, not of Z: the bias was copied to 32 rows, and what comes back is added up.",
            ),
            Mistake(SHAPES | {"db": (1, 10)}, "b has one axis, (10,), so db has too."),
            Mistake(SHAPES | {"dW": (10, 64)}, "dW has the shape of W, (64, 10), not of its transpose."),
            Mistake(SHAPES | {"dX": (64, 32)}, "dX has the shape of X, (32, 64), not of its transpose."),
            Mistake(
                SHAPES | {"jacobian": (2048, 320)},
                "The Jacobian has a row for each output and a column for each input: yours is the transpose.",
            ),
            Mistake(
                SHAPES | {"jacobian": (10, 64)},
                "(10, 64) is the Jacobian of one row of Z by one row of X. The question is for all 320 by 2048.",
            ),
        ),
        hints=(
            "A gradient has the shape of the thing it belongs to.",
            "Unrolled, Z has 32 · 10 numbers and X has 32 · 64. Outputs are rows.",
        ),
    ),
    Exercise(
        name="centre_backward",
        chapter=0,
        statement=(
            "Y = X - μ, where μ is the row of the column means of X. Write `f(dY)`, which returns dX for the cotangent "
            "dY of Y."
        ),
        solution=centre_backward,
        cases=(
            (np.array([[1.0, 0.0], [2.0, -1.0], [3.0, 4.0]]),),
            *(_random(1, (5, 3)),),
            (np.array([[2.0, 2.0, 2.0], [0.0, 1.0, 5.0]]),),
        ),
        mistakes=(
            Mistake(
                lambda dY: dY, "X is used twice. You followed the direct path and forgot the one through the mean."
            ),
            Mistake(
                lambda dY: dY - dY.sum(axis=0),
                "The mean divides by m on the way forward, so on the way back it divides by m too.",
            ),
            Mistake(
                lambda dY: dY - dY.mean(axis=1, keepdims=True),
                "The mean is that of a column, over the samples: axis 0.",
            ),
            Mistake(
                lambda dY: dY + dY.mean(axis=0), "μ is subtracted: its cotangent is minus the sum of the rows of dY."
            ),
            Mistake(
                lambda dY: dY - dY.mean(),
                "Each column has a mean of its own; you took one mean of all entries.",
            ),
            Mistake(
                lambda dY: np.ones_like(dY) * -dY.mean(axis=0),
                "X is used twice. You followed the path through the mean and forgot the direct one.",
            ),
        ),
        hints=(
            "X reaches Y on two paths, directly and through μ. The cotangents of the two paths are added.",
            "μ was copied to m rows with a minus: dμ = -dY.sum(axis=0). And μ = X.mean(axis=0) sends dμ/m to each row.",
        ),
    ),
    Exercise(
        name="numeric_jacobian",
        chapter=0,
        statement=(
            "Write `f(f, x)`, the Jacobian of the function f at the vector x by central differences. f returns k "
            "numbers and x has n: the result is k × n."
        ),
        solution=jacobian,
        cases=(
            (_polar, np.array([1.5, 0.5])),
            (_three_of_two, np.array([2.0, -1.0])),
            (_two_of_three, np.array([1.0, 0.5, -2.0])),
            (_steep, np.array([0.2, 0.5])),
        ),
        mistakes=(
            Mistake(
                lambda f, x: jacobian(f, x).T,
                "This is the transpose: a row of the Jacobian belongs to an output, a column to an input.",
            ),
            Mistake(
                lambda f, x: 2 * jacobian(f, x),
                "Twice too large: the two places f(x + h) and f(x - h) are 2h apart, so divide by 2h.",
            ),
            Mistake(
                lambda f, x: jacobian(f, x).sum(axis=1),
                "You nudged all inputs at once, x + h. Nudge one after the other: each gives one column.",
            ),
            Mistake(
                lambda f, x: jacobian(f, x).sum(axis=0),
                "You added up the outputs: that is the gradient of their sum. Keep a row for each output.",
            ),
            Mistake(
                lambda f, x: jacobian(f, x) * 6e-6 * 2,
                "You took the difference and forgot to divide by 2h.",
            ),
            Mistake(
                _forward,
                "This is the forward difference, off by something of size h. Nudge to both sides: the error is h².",
            ),
        ),
        hints=(
            "Nudging x[j] alone moves all outputs at once: (f(x + h e) - f(x - h e)) / 2h is column j.",
            "Make a vector e of zeros with a 1 at place j, and join the columns with np.stack(..., axis=1).",
        ),
    ),
    Exercise(
        name="linear_backward",
        chapter=0,
        statement="Y = XW + b. Write `f(dY, X, W)`, which returns (dX, dW, db) for the cotangent dY of Y.",
        solution=linear_backward,
        cases=(
            _random(2, (5, 4), (5, 3), (3, 4)),
            _random(3, (3, 2), (3, 6), (6, 2)),
            _random(4, (4, 4), (4, 4), (4, 4)),
        ),
        mistakes=(
            Mistake(
                _linear(dW=lambda dY, X, W: dY.T @ X),
                "dW is transposed: it must have the shape of W, so it is X.T @ dY.",
            ),
            Mistake(
                _linear(db=lambda dY, X, W: dY.sum(axis=1)),
                "db is summed over the wrong axis: the bias was copied to every row, so add up the rows, axis 0.",
            ),
            Mistake(
                _linear(db=lambda dY, X, W: dY),
                "db is still a matrix: the bias was copied to every row, so add the rows up.",
            ),
            Mistake(
                _linear(db=lambda dY, X, W: dY.mean(axis=0)),
                "The copies of the bias are added up, not averaged. A factor 1/m belongs to the cost, and is in dY.",
            ),
            Mistake(
                _linear(db=lambda dY, X, W: dY.sum(axis=0, keepdims=True)),
                "db has the shape of b, one axis: leave out keepdims.",
            ),
            Mistake(_linear(dX=lambda dY, X, W: W @ dY.T), "dX is transposed: it must have the shape of X, dY @ W.T."),
            Mistake(
                _linear(dW=lambda dY, X, W: X.T @ dY / len(dY)),
                "dW is divided by m. A factor 1/m belongs to the cost, and is in dY already.",
            ),
        ),
        hints=(
            "dX has the shape of X, dW that of W, db that of b. With three different sizes only one product fits.",
            "dX = dY Wᵀ, dW = Xᵀ dY, and the bias was copied, so add up.",
        ),
    ),
)
