"""The exercises of chapter 6, automatic differentiation and gradient checking."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def dual_divide(a: Any, da: Any, b: Any, db: Any) -> Any:
    """Return value and slope of a/b, for a with the slope da and b with the slope db."""
    return a / b, (da * b - a * db) / b**2


def complex_gradient(f: Any, theta: Any) -> Any:
    """Return the gradient of f by the complex step, one entry at a time."""
    return _complex_step()(f, theta)


def _complex_step(denominator: float = 1.0, part: str = "imag", all_at_once: bool = False, h: float = 1e-20) -> Any:
    """Return the complex step with one part of it changed."""

    def gradient(f: Any, theta: Any) -> Any:
        slopes = np.zeros(theta.shape)
        for i in range(len(theta)):
            step = np.full(len(theta), 1j * h) if all_at_once else 1j * h * np.eye(len(theta))[i]
            slopes[i] = getattr(f(theta + step), part) / (denominator * h)
        return slopes

    return gradient


def residual_backward(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
    """Return dW1, db1, dW2, db2, dW3, db3 of a network with A2 = A1 + B, where B = tanh(A1 W2 + b2)."""
    return _residual()(X, Y, W1, b1, W2, b2, W3, b3)


def _residual(
    delta: Any = lambda P, Y: (P - Y) / len(Y),
    slope: Any = lambda B: 1 - B**2,
    back: Any = lambda Delta, W: Delta @ W.T,
    join: Any = lambda around, through: around + through,
    db1: Any = lambda Delta: Delta.sum(axis=0),
    db2: Any = lambda Delta: Delta.sum(axis=0),
) -> Any:
    """Return the backward pass with one part of it changed."""

    def gradients(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
        A1 = np.tanh(X @ W1 + b1)
        B = np.tanh(A1 @ W2 + b2)
        A2 = A1 + B
        P = 1 / (1 + np.exp(-(A2 @ W3 + b3)))
        Delta3 = delta(P, Y)
        dA2 = Delta3 @ W3.T
        Delta2 = dA2 * slope(B)
        Delta1 = join(dA2, back(Delta2, W2)) * (1 - A1**2)
        return X.T @ Delta1, db1(Delta1), A1.T @ Delta2, db2(Delta2), A2.T @ Delta3, Delta3.sum(axis=0)

    return gradients


def _left_behind(f: Any, theta: Any) -> Any:
    moved, slopes = theta.astype(complex), np.zeros(theta.shape)
    for i in range(len(theta)):
        moved[i] += 1e-20j
        slopes[i] = f(moved).imag / 1e-20
    return slopes


def _central(f: Any, theta: Any) -> Any:
    return np.array([(f(theta + step) - f(theta - step)) / 1.2e-5 for step in 6e-6 * np.eye(len(theta))])


def _network(seed: int, m: int, d: int, h: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    shapes = ((m, d), (d, h), h, (h, h), h, (h, 1), 1)
    X, W1, b1, W2, b2, W3, b3 = (rng.standard_normal(shape).round(1) for shape in shapes)
    return X, rng.integers(0, 2, (m, 1)).astype(np.float64), W1, b1, W2, b2, W3, b3


def _bowl(v: Any) -> Any:
    return (v**2).sum()


def _wave(v: Any) -> Any:
    return np.tanh(v[0]) * np.exp(v[1])


def _high(v: Any) -> Any:
    """A steep curve on a high plateau: no difference of two values has six digits of its slope."""
    return 1e8 + np.exp(30 * v[0]) * np.tanh(v[1])


BY_HAND = {"f": 12, "df_dq": 2, "df_dp": 12, "df_dx": 16, "df_dy": -12}
SIX = {"A": "Delta3", "B": "Delta1", "C": "Delta2", "D": "db1", "F": "Delta1", "G": "db2"}

EXERCISES = (
    Exercise(
        name="reverse_by_hand",
        chapter=6,
        statement=(
            "The program is p = x − y, q = p · x, f = q · p, at x = 3 and y = 1. Go through it backward by hand, and "
            "give f and the derivatives of f by q, p, x and y."
        ),
        solution=BY_HAND,
        form='{"f": ..., "df_dq": ..., "df_dp": ..., "df_dx": ..., "df_dy": ...}',
        mistakes=(
            Mistake(
                {"f": 12, "df_dq": 2, "df_dp": 6, "df_dx": 10, "df_dy": -6},
                "p is used twice, in q and in f. Its two contributions add; you kept only the one that f sends.",
            ),
            Mistake(
                {"f": 12, "df_dq": 2, "df_dp": 6, "df_dx": 4, "df_dy": -6},
                "Both p and x are used twice. What arrives second is added, it does not replace what is there.",
            ),
            Mistake(
                BY_HAND | {"df_dx": 12},
                "x is used in p and in q. You counted what comes through p only.",
            ),
            Mistake(
                BY_HAND | {"df_dx": 4},
                "x is used in p and in q. You counted what comes through q only.",
            ),
            Mistake(BY_HAND | {"df_dy": 12}, "In p = x − y the y has a minus: its slope is −1."),
        ),
        hints=(
            "Start with df_df = 1. In f = q · p the slope along q is p, and along p it is q.",
            "p is also an input of q, and x is an input of both p and q: add what arrives.",
        ),
    ),
    Exercise(
        name="dual_divide",
        chapter=6,
        statement=(
            "Write `f(a, da, b, db)`: the quotient of the dual numbers a + da ε and b + db ε, as the pair of its value "
            "and its slope."
        ),
        solution=dual_divide,
        cases=((6.0, 1.0, 2.0, 0.0), (1.0, 0.0, 4.0, 1.0), (3.0, -2.0, -0.5, 1.5)),
        mistakes=(
            Mistake(
                lambda a, da, b, db: (a / b, (da * b + a * db) / b**2),
                "The sign is wrong: a larger b makes the quotient of positive numbers smaller.",
            ),
            Mistake(lambda a, da, b, db: (a / b, da / db if db else 0.0), "A quotient's slope is not da/db."),
            Mistake(lambda a, da, b, db: (a / b, (da * b - a * db) / b), "You divide by b where b squared is needed."),
            Mistake(lambda a, da, b, db: (a / b, da / b), "You treated b as a constant: its slope db is missing."),
            Mistake(
                lambda a, da, b, db: (a / b, (da - a * db) / b),
                "What stands before db is the quotient c = a/b, not a.",
            ),
            Mistake(
                lambda a, da, b, db: (a / b, (a * db - da * b) / b**2),
                "The two terms have changed places: the slope of the numerator comes first.",
            ),
        ),
        hints=(
            "Call the answer c + dc ε. Then (c + dc ε)(b + db ε) = a + da ε.",
            "Multiply out, leave ε² away, and compare what stands at ε: dc b + c db = da.",
        ),
    ),
    Exercise(
        name="complex_gradient",
        chapter=6,
        statement=(
            "Write `f(f, theta)`: the gradient of a function f at the vector theta by the complex step with h = 1e-20, "
            "one entry after the other. Leave theta as it is."
        ),
        solution=complex_gradient,
        cases=((_bowl, np.array([1.0, -2.0, 0.5])), (_wave, np.array([0.3, -1.0])), (_high, np.array([0.1, 0.5]))),
        mistakes=(
            Mistake(
                _complex_step(denominator=1e20),
                "Every slope comes out as 0. Either the division by h is missing, or the imaginary step got lost: "
                "theta is real, so copy it with `theta.astype(complex)`.",
            ),
            Mistake(_complex_step(part="real"), "That is the real part, the function itself. Take the imaginary part."),
            Mistake(_complex_step(denominator=2.0), "There is one run, not two at a distance of 2h: divide by h."),
            Mistake(
                _complex_step(all_at_once=True),
                "Every entry moved at once, so each number is the sum of all slopes. Move one entry at a time.",
            ),
            Mistake(
                _left_behind,
                "The step of the entry before is still there, so the slopes pile up. Take it back, or copy theta anew.",
            ),
            Mistake(
                _central,
                "That is a central difference. Where f is large, its subtraction rounds the slope away. "
                "Step into the complex plane: nothing is subtracted there.",
            ),
        ),
        hints=(
            "`moved = theta.astype(complex)` makes a complex copy; then `moved[i] += 1j * h`.",
            "The slope is the imaginary part of f(moved), divided by h.",
        ),
    ),
    Exercise(
        name="six_patients",
        chapter=6,
        statement=(
            "Six backward passes are wrong in one line each. From the table of the gradient check alone, say for each "
            "which line it must be: Delta3, Delta2, Delta1, db1, db2 or db3."
        ),
        solution=SIX,
        form='{"A": "Delta3", "B": ..., "C": ..., "D": ..., "F": ..., "G": ...}',
        mistakes=(
            Mistake(
                SIX | {"A": "Delta1", "C": "Delta1"},
                "A and C are wrong further out as well. Go backward from the cost: the first wrong array on the way "
                "names the line, all that follow have caught it.",
            ),
            Mistake(
                SIX | {"A": "Delta1"}, "In A even W3 is wrong, and it needs nothing but Delta3 and the forward pass."
            ),
            Mistake(
                SIX | {"C": "Delta1"},
                "In C the arrays W2 and b2 are wrong already, and Delta1 has no part in them.",
            ),
            Mistake(
                SIX | {"D": "Delta1", "G": "Delta2"},
                "In D and G the weights beside the bias are right, so the error signal that they share is right.",
            ),
            Mistake(
                SIX | {"D": "Delta1"}, "In D the array W1 is right, and it is made from Delta1. So Delta1 is right."
            ),
            Mistake(
                SIX | {"G": "Delta2"}, "In G the array W2 is right, and it is made from Delta2. So Delta2 is right."
            ),
            Mistake(
                SIX | {"B": "Delta2", "F": "Delta2"},
                "In B and F the arrays W2 and b2 are right, so Delta2 is right.",
            ),
            Mistake(SIX | {"B": "Delta2"}, "In B the arrays W2 and b2 are right, and both are made from Delta2."),
            Mistake(SIX | {"F": "Delta2"}, "In F the arrays W2 and b2 are right, and both are made from Delta2."),
            Mistake(
                dict.fromkeys("ABCDFG", "Delta1"),
                "They are not all ill in the same place. Begin with the row of A, at its right end: W3 and b3.",
            ),
        ),
        hints=(
            "The backward pass goes Delta3, then Delta2, then Delta1. A mistake spreads to what is computed later.",
            "If a bias is wrong and the weights beside it are right, the error signal that both use is right.",
        ),
    ),
    Exercise(
        name="residual_backward",
        chapter=6,
        statement=(
            "Write `f(X, Y, W1, b1, W2, b2, W3, b3)` for the network of this chapter: A1 = tanh(X W1 + b1), "
            "B = tanh(A1 W2 + b2), A2 = A1 + B, a sigmoid at the output and the mean cross-entropy. "
            "Return its six gradients."
        ),
        solution=residual_backward,
        cases=(_network(1, 5, 3, 4), _network(2, 6, 2, 3)),
        mistakes=(
            Mistake(
                _residual(delta=lambda P, Y: P - Y),
                "All six are m times too large: the cost is a mean, and Delta3 has no 1/m.",
            ),
            Mistake(
                _residual(join=lambda around, through: through),
                "A1 is used twice, and you kept the blame of one use only. The second assignment replaced the first.",
            ),
            Mistake(_residual(slope=lambda B: 1 + B**2), "A sign: the slope of tanh is 1 − B², never above 1."),
            Mistake(
                _residual(db1=lambda Delta: Delta),
                "db1 has one row for each sample. The bias was repeated for every sample, so its gradient is a sum.",
            ),
            Mistake(
                _residual(back=lambda Delta, W: Delta @ W),
                "A transpose is missing: W2 is square, so Delta2 @ W2 runs as well. Blame travels back over W2.T.",
            ),
            Mistake(
                _residual(db2=lambda Delta: Delta.sum()),
                "db2 is one number, which NumPy then gives to every neuron. Sum over the samples only, axis=0.",
            ),
            Mistake(
                _residual(join=lambda around, through: around),
                "A1 is used twice, and the blame that comes through W2 is missing.",
            ),
        ),
        hints=(
            "A2 = A1 + B, so the blame dA2 goes to both: to B, and straight to A1.",
            "Delta1 = (dA2 + Delta2 @ W2.T) * (1 - A1**2).",
        ),
    ),
)
