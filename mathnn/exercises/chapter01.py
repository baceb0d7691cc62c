"""The exercises of chapter 1, the perceptron."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..datasets import gates
from ..perceptron import separable
from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def perceptron_update(w: Any, b: Any, x: Any, y: Any, eta: Any) -> Any:
    """Return (w, b) after one sample, y = ±1."""
    if y * (w @ x + b) <= 0:
        return w + eta * y * x, b + eta * y
    return w, b


def _update(
    wrong: Any = lambda score: score <= 0, eta: bool = True, y: bool = True, bias: bool = True, sign: int = 1
) -> Any:
    """Return the update with one part of it changed."""

    def mistaken(w: Any, b: Any, x: Any, label: Any, rate: Any) -> Any:
        step = sign * (rate if eta else 1.0) * (label if y else 1.0)
        return (w + step * x, b + step * bias) if wrong(label * (w @ x + b)) else (w, b)

    return mistaken


def one_epoch(X: Any, y: Any) -> Any:
    """Return (w, b) after one epoch from zero, y being 0 or 1."""
    return _epoch()(X, y)


def _epoch(
    label: Any = lambda y: 2 * y - 1, wrong: Any = lambda score: score <= 0, bias: int = 1, frozen: bool = False
) -> Any:
    """Return an epoch with one part of it changed; ``frozen`` keeps the old weights for every test."""

    def epoch(X: Any, y: Any) -> Any:
        w, b = np.zeros(X.shape[1]), 0.0
        for x, sign in zip(X, label(y), strict=True):
            if wrong(sign * (0.0 if frozen else w @ x + b)):
                w, b = w + sign * x, b + bias * sign
        return w, b

    return epoch


def _epoch_by_answers(X: Any, y: Any) -> Any:
    w, b = np.zeros(X.shape[1]), 0.0
    for x, target in zip(X, y, strict=True):
        error = target - float(w @ x + b >= 0)
        w, b = w + error * x, b + error
    return w, b


def mistake_bound(X: Any, y: Any, u: Any) -> Any:
    """Return (R/γ)² for a separating direction u."""
    R = np.linalg.norm(X, axis=1).max()
    gamma = (y * (X @ u)).min() / np.linalg.norm(u)
    return (R / gamma) ** 2


def _radius(X: Any) -> Any:
    return np.linalg.norm(X, axis=1)


def truth_table(answer: Any) -> list[int]:
    """Return what a neuron with a step answers to the inputs (0, 0), (0, 1), (1, 0), (1, 1)."""
    (w1, w2), b = answer
    return [int(w1 * x1 + w2 * x2 + b >= 0) for x1, x2 in gates("nand").X.tolist()]


def what_one_more_sample_does(answer: Any) -> str:
    """Return what a fifth labelled point does to the separability of the AND gate."""
    point, label = np.array(answer[0], dtype=np.float64), answer[1]
    if point.shape != (2,) or not np.isfinite(point).all() or label not in (0, 1):
        raise ValueError("two finite coordinates and a label 0 or 1 are needed")
    X, y = gates("and")
    twin = (point == X).all(axis=1)
    if twin.any():
        return "a point that was there, with " + ("its own label" if (y[twin] == label).all() else "the other label")
    if not separable(np.vstack([X, point]), np.append(y, label)):
        return "no line separates the classes"
    return "the old line still separates" if label == (point.sum() > 1.5) else "another line separates"


EXERCISES = (
    Exercise(
        name="predict_by_hand",
        chapter=1,
        statement=(
            "A perceptron has w = (1, -2) and b = -2. "
            "What does it answer, 0 or 1, to (1, 0), (4, 1), (5, 1), (0, 1) and (0, -2)?"
        ),
        solution=[0, 1, 1, 0, 1],
        form="[0, 0, 0, 0, 0], five answers of 0 or 1",
        mistakes=(
            Mistake([1, 1, 1, 0, 1], "You left the bias out: the score is w·x + b, and b = -2 moves the border."),
            Mistake([0, 0, 1, 0, 1], "A score of exactly 0 answers 1: the step is 1 for z ≥ 0. Look at (4, 1)."),
            Mistake([-1, 1, 1, -1, 1], "These are the labels -1 and 1 of the learning rule; the step answers 0 or 1."),
            Mistake(
                [1, 0, 0, 1, 0], "All five are the other way round: the answer is 1 where the score is not negative."
            ),
            Mistake([-1, 0, 1, -4, 2], "These are the scores w·x + b. Put each through the step."),
        ),
        hints=(
            "Compute the score w·x + b first: for (1, 0) it is 1·1 + (-2)·0 - 2 = -1.",
            "The step answers 1 for a score of 0 or more, and 0 below.",
        ),
    ),
    Exercise(
        name="perceptron_update",
        chapter=1,
        statement=(
            "Write `f(w, b, x, y, eta)`, one step of Rosenblatt's rule. It returns the new (w, b). "
            "The label y is -1 or 1, and a score of 0 counts as a mistake."
        ),
        solution=perceptron_update,
        cases=(
            (np.array([1.0, -2.0]), 0.5, np.array([1.0, 2.0]), 1, 1.0),
            (np.array([1.0, 1.0]), 0.5, np.array([3.0, 1.0]), -1, 0.1),
            (np.array([2.0, 1.0]), -1.0, np.array([1.0, 1.0]), 1, 0.5),
            (np.array([0.0, 0.0, 0.0]), 0.0, np.array([1.0, 0.0, 2.0]), -1, 0.25),
        ),
        mistakes=(
            Mistake(
                _update(lambda score: True), "You learn from every sample. The rule moves w and b only after a mistake."
            ),
            Mistake(
                _update(lambda score: score < 0),
                "You test for < 0. From w = 0 every score is 0, so it would never begin: test y (w·x + b) ≤ 0.",
            ),
            Mistake(_update(lambda score: score > 0), "You move after the right answers. Move where y (w·x + b) ≤ 0."),
            Mistake(_update(bias=False), "You forgot the bias: b moves by η y, as if its input were always 1."),
            Mistake(_update(y=False), "You forgot the label: for y = -1 the step goes the other way, w + η y x."),
            Mistake(_update(eta=False), "You forgot the learning rate η."),
            Mistake(_update(sign=-1), "Your step goes away from the sample: w + η y x, with a plus."),
        ),
        hints=(
            "Is it a mistake? The score w·x + b and the label y then differ in sign: y (w·x + b) ≤ 0.",
            "After a mistake w becomes w + η y x and b becomes b + η y. Otherwise both stay.",
        ),
    ),
    Exercise(
        name="one_epoch",
        chapter=1,
        statement=(
            "Write `f(X, y)`, one epoch of Rosenblatt's rule from w = 0 and b = 0 with learning rate 1. "
            "The labels y are 0 and 1, as in the data sets. It returns (w, b)."
        ),
        solution=one_epoch,
        cases=(
            (gates("and").X, gates("and").y),
            (gates("nand").X, gates("nand").y),
            (
                np.array([[2.0, 1.0], [1.0, -1.0], [0.5, 2.0], [-1.0, 1.0], [3.0, 0.5]]),
                np.array([1, 0, 1, 0, 1]),
            ),
        ),
        mistakes=(
            Mistake(
                _epoch(label=lambda y: y),
                "You use the labels 0 and 1 in a rule for -1 and 1: a sample of label 0 counts as a mistake at every "
                "visit, and its update adds 0. Turn them round with 2 y - 1.",
            ),
            Mistake(
                _epoch(label=lambda y: 1 - 2 * y),
                "Your labels are the wrong way round: 2 y - 1 makes -1 of 0 and 1 of 1.",
            ),
            Mistake(_epoch(bias=0), "You forgot the bias: b moves by y, as if its input were always 1."),
            Mistake(
                _epoch(frozen=True),
                "You test every sample against the old weights. Each update must be in force for the next sample.",
            ),
            Mistake(
                _epoch(wrong=lambda score: score < 0),
                "You test for < 0. From w = 0 every score is 0, so it never begins: test y (w·x + b) ≤ 0.",
            ),
            Mistake(
                _epoch_by_answers,
                "You compare the answers 0 and 1, so a score of 0 passes for label 1. In this book a score of 0 is a "
                "mistake whatever the label: test y (w·x + b) ≤ 0 with y = ±1.",
            ),
        ),
        hints=(
            "Print y_i * (w @ x_i + b) for a sample of label 0. Which values can it take?",
            "The rule speaks of labels -1 and 1. `2 * y - 1` makes them from 0 and 1.",
        ),
    ),
    Exercise(
        name="mistake_bound",
        chapter=1,
        statement=(
            "Write `f(X, y, u)`, Novikoff's bound (R/γ)². "
            "X is m × d (a column of ones in it, if there is a bias), y holds -1 and 1, and u is any separating "
            "direction, not of length 1."
        ),
        solution=mistake_bound,
        cases=(
            (np.array([[1.0, 2.0], [3.0, 1.0], [-1.0, -1.0]]), np.array([1, 1, -1]), np.array([1.0, 1.0])),
            (np.array([[0.5, 4.0], [-2.0, 1.0], [1.0, -3.0]]), np.array([1, 1, -1]), np.array([-0.5, 2.0])),
            (np.array([[1.0, 1, 1], [0, 0, 1], [0, 1, 1]]), np.array([1, -1, -1]), np.array([2.0, 2.0, -3.0])),
        ),
        mistakes=(
            Mistake(
                lambda X, y, u: _radius(X).max() / ((y * (X @ u)).min() / np.linalg.norm(u)),
                "You forgot the square: the bound is (R/γ)².",
            ),
            Mistake(
                lambda X, y, u: (_radius(X).max() / (y * (X @ u)).min()) ** 2,
                "You forgot to divide by ‖u‖: γ belongs to the direction of u, not to its length.",
            ),
            Mistake(
                lambda X, y, u: (_radius(X).max() * np.linalg.norm(u) / (y * (X @ u)).max()) ** 2,
                "γ is the least of the y (u·x) / ‖u‖, that of the nearest sample; you took the greatest.",
            ),
            Mistake(
                lambda X, y, u: (_radius(X).max() * np.linalg.norm(u) / (X @ u).min()) ** 2,
                "You forgot the labels: γ is the least of y (u·x) / ‖u‖.",
            ),
            Mistake(
                lambda X, y, u: (_radius(X).mean() * np.linalg.norm(u) / (y * (X @ u)).min()) ** 2,
                "R is the length of the longest sample; you took the mean length.",
            ),
            Mistake(
                lambda X, y, u: ((y * (X @ u)).min() / np.linalg.norm(u) / _radius(X).max()) ** 2,
                "The fraction is upside down: a wide margin γ means few mistakes.",
            ),
            Mistake(
                lambda X, y, u: (np.linalg.norm(X) * np.linalg.norm(u) / (y * (X @ u)).min()) ** 2,
                "R is the length of the longest row; `np.linalg.norm(X)` without `axis=1` makes one vector of X.",
            ),
        ),
        hints=(
            "R is the largest norm of a row of X: `np.linalg.norm(X, axis=1).max()`.",
            "γ is the smallest y (u·x), divided by the norm of u.",
        ),
    ),
    Exercise(
        name="nand_weights",
        chapter=1,
        statement="Find weights and a bias with which one perceptron computes NAND. Give them as `([w1, w2], b)`.",
        solution=([-2.0, -2.0], 3.0),
        observe=truth_table,
        form="([w1, w2], b)",
        mistakes=(
            Mistake(([2.0, 2.0], -3.0), "This is AND. Turn the sign of both weights and of the bias."),
            Mistake(([2.0, 2.0], -1.0), "This is OR."),
            Mistake(([-2.0, -2.0], 1.0), "This is NOR: one input alone already switches it off. Raise the bias."),
            Mistake(([-2.0, -2.0], 5.0), "It always answers 1: the bias outweighs both inputs together."),
            Mistake(
                ([-2.0, -2.0], -3.0), "It always answers 0: without input the score is b, so b must not be negative."
            ),
        ),
        hints=(
            "Without input the score is b, and the answer must be 1: b ≥ 0.",
            "One input alone must not bring the score below 0, both together must: b + w1 ≥ 0 > b + w1 + w2.",
        ),
    ),
    Exercise(
        name="break_separability",
        chapter=1,
        statement=(
            "A line separates the four samples of AND. Add a fifth sample, at a new place, so that none does. "
            "Give it as `((x1, x2), label)`, label 0 or 1."
        ),
        solution=((0.25, 0.25), 1),
        observe=what_one_more_sample_does,
        form="((x1, x2), label)",
        mistakes=(
            Mistake(((2.0, 2.0), 1), "The line x1 + x2 = 1.5 still separates them: your sample lies on its own side."),
            Mistake(
                ((0.9, 0.9), 0),
                "The line x1 + x2 = 1.5 fails now, but another one separates them. Go where no line can reach.",
            ),
            Mistake(
                ((0.0, 0.0), 1),
                "Two labels at one place: that no line can separate, but it is a contradiction. Choose a new place.",
            ),
            Mistake(((1.0, 1.0), 1), "That sample was there already."),
        ),
        hints=(
            "Every point between two samples of one class lies on their side of any separating line.",
            "Put a 1 among the zeros, or put the 1 that is there between zeros.",
        ),
    ),
)
