"""The exercises of chapter 4, cost functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .chapter02 import stable_softmax
from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def cross_entropy(Y: Any, P: Any) -> Any:
    """Return the mean over the rows of −Σ y log p."""
    return -(Y * np.log(P)).sum(axis=1).mean()


def stable_binary(y: Any, z: Any) -> Any:
    """Return the mean of max(z, 0) − y z + log(1 + e^−|z|)."""
    return np.mean(np.maximum(z, 0.0) - y * z + np.log1p(np.exp(-np.abs(z))))


def naive_binary(y: Any, z: Any) -> Any:
    """Return the binary cross-entropy through p, as the formula is written."""
    p = 1.0 / (1.0 + np.exp(-z))
    return np.mean(-y * np.log(p) - (1.0 - y) * np.log(1.0 - p))


def clipped_binary(y: Any, z: Any) -> Any:
    """Return the binary cross-entropy of a clipped p."""
    p = np.clip(1.0 / (1.0 + np.exp(-z)), 1e-7, 1.0 - 1e-7)
    return np.mean(-y * np.log(p) - (1.0 - y) * np.log(1.0 - p))


def softmax_delta(Y: Any, Z: Any) -> Any:
    """Return (P − Y)/m."""
    return (stable_softmax(Z) - Y) / len(Z)


ONE_HOT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
SHARES = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.6, 0.15, 0.25], [0.1, 0.1, 0.8]])
LOGITS = np.array([[0.5, 2.0, -1.0], [1.0, 0.0, 0.3], [2.0, -0.5, 0.1], [-1.0, 0.2, 3.0]])

EXERCISES = (
    Exercise(
        name="losses_by_hand",
        chapter=4,
        statement=(
            "A network answers p = (½, ¼, ¼), and the right class is the second: y = (0, 1, 0). "
            "Give the cross-entropy, the mean squared error, and δ for the three logits."
        ),
        solution=[np.log(4.0), 7 / 24, 0.5, -0.75, 0.25],
        form="[cross-entropy, mean squared error, delta_1, delta_2, delta_3], five numbers",
        mistakes=(
            Mistake(
                [2.0, 7 / 24, 0.5, -0.75, 0.25],
                "You took the logarithm to base 2. The losses use the natural one: log 4 = 1.386.",
            ),
            Mistake(
                [np.log(4.0), 7 / 8, 0.5, -0.75, 0.25],
                "You summed the three squares and did not divide by 3. The mean squared error is their mean.",
            ),
            Mistake(
                [np.log(4.0), 7 / 24, -0.5, 0.75, -0.25],
                "The sign of δ is the other way round: p - y, so that a step against it raises the right logit.",
            ),
            Mistake(
                [np.log(4.0), 7 / 24, 0.0, -4.0, 0.0],
                "That is -y/p, the derivative by the probabilities. δ is the derivative by the logits.",
            ),
            Mistake(
                [np.log(2.0), 7 / 24, 0.5, -0.75, 0.25],
                "You took the largest probability. The loss asks for the probability of the right class, the second.",
            ),
        ),
        hints=(
            "One-hot cross-entropy reads one probability: that of the right class.",
            "The three errors are ½, -¾ and ¼, and these are also the three entries of δ.",
        ),
    ),
    Exercise(
        name="cross_entropy",
        chapter=4,
        statement="Write `f(Y, P)`, the cost of one-hot targets Y and probabilities P, both m × k.",
        solution=cross_entropy,
        cases=((ONE_HOT, SHARES), (ONE_HOT[:1], SHARES[:1]), (ONE_HOT[:, :2] * 0 + [1.0, 0.0], SHARES[:, :2])),
        mistakes=(
            Mistake(
                lambda Y, P: -(Y * np.log(P)).sum(),
                "You summed over the samples. The cost is their mean: divide by m.",
            ),
            Mistake(
                lambda Y, P: -(Y * np.log(P)).mean(),
                "You divided by m · k. Sum over the k classes, and take the mean over the m samples.",
            ),
            Mistake(lambda Y, P: (Y * np.log(P)).sum(axis=1).mean(), "The minus sign is missing: log p is negative."),
            Mistake(
                lambda Y, P: -(Y * np.log2(P)).sum(axis=1).mean(),
                "That is in bits. The loss uses the natural logarithm, `np.log`.",
            ),
            Mistake(
                lambda Y, P: -(Y * np.log(P) + (1 - Y) * np.log(1 - P)).sum(axis=1).mean(),
                "That is k binary cross-entropies. With one right class among k, only the right class has a term.",
            ),
            Mistake(
                lambda Y, P: -(P * np.log(P)).sum(axis=1).mean(),
                "That is the entropy of P, which never looks at the target. Y stands before the logarithm.",
            ),
            Mistake(
                lambda Y, P: -(Y * np.log(P)).sum(axis=1),
                "These are the losses of the samples. The cost is one number, their mean.",
            ),
        ),
        hints=(
            "The loss of one sample is -Σ y log p over its row.",
            "Sum with `axis=1`, then take the mean.",
        ),
    ),
    Exercise(
        name="stable_binary_crossentropy",
        chapter=4,
        statement="Write `f(y, z)`, the mean binary cross-entropy from logits z, which survives z = ±1000.",
        solution=stable_binary,
        cases=(
            (np.array([1.0, 0.0, 1.0]), np.array([0.5, -1.0, -2.0])),
            (np.array([0.0, 1.0]), np.array([40.0, -40.0])),
            (np.array([1.0, 0.0, 1.0, 0.0]), np.array([1000.0, -1000.0, -1000.0, 1000.0])),
        ),
        mistakes=(
            Mistake(
                naive_binary,
                "Right for small logits. For large ones p rounds to 0 or 1 and the logarithm is infinite. "
                "Never compute p: start from z.",
            ),
            Mistake(
                clipped_binary,
                "Clipping hides the infinity and changes the loss: a logit of 40 on the wrong side costs 40, not 16.",
            ),
            Mistake(
                lambda y, z: np.mean(np.log1p(np.exp(z)) - y * z),
                "The right formula, but exp(1000) overflows. Take max(z, 0) out of the logarithm.",
            ),
            Mistake(
                lambda y, z: np.mean(np.log1p(np.exp(-np.abs(z))) - y * z),
                "max(z, 0) is missing. For positive z, log(1 + e^z) = z + log(1 + e^-z).",
            ),
            Mistake(
                lambda y, z: np.sum(np.maximum(z, 0.0) - y * z + np.log1p(np.exp(-np.abs(z)))),
                "You summed over the samples. Take the mean.",
            ),
        ),
        hints=(
            "With p = σ(z) the loss is log(1 + e^z) - y z. Check that by hand first.",
            "log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), and no exponent is positive any more.",
        ),
    ),
    Exercise(
        name="softmax_delta",
        chapter=4,
        statement=(
            "Write `f(Y, Z)`, the gradient ∂J/∂Z of softmax and cross-entropy, "
            "for one-hot targets Y and logits Z (m × k)."
        ),
        solution=softmax_delta,
        cases=((ONE_HOT, LOGITS), (ONE_HOT[1:3], LOGITS[1:3]), (ONE_HOT[:3], 600.0 + LOGITS[:3])),
        mistakes=(
            Mistake(
                lambda Y, Z: stable_softmax(Z) - Y,
                "You did not divide by m. That is the gradient of the sum; the cost is the mean.",
            ),
            Mistake(
                lambda Y, Z: (Y - stable_softmax(Z)) / len(Z),
                "The sign is the other way round: P - Y.",
            ),
            Mistake(
                lambda Y, Z: (stable_softmax(Z) - Y) / Z.size,
                "You divided by m · k. The cost is a mean over the m samples only.",
            ),
            Mistake(
                lambda Y, Z: (lambda P: (P - Y) * P * (1 - P) / len(Z))(stable_softmax(Z)),
                "You multiplied by p (1 - p). The slope of the output is in P - Y already: it has cancelled.",
            ),
            Mistake(
                lambda Y, Z: -Y / stable_softmax(Z) / len(Z),
                "That is ∂J/∂P. Send it through the Jacobian of softmax, or use the theorem.",
            ),
            Mistake(
                lambda Y, Z: (np.exp(Z) / np.exp(Z).sum(axis=0) - Y) / len(Z),
                "Your columns sum to 1. The classes lie along a row: `axis=1`.",
            ),
            Mistake(lambda Y, Z: (Z - Y) / len(Z), "You left softmax out: P - Y, with P = softmax(Z) row by row."),
        ),
        hints=(
            "By the theorem, δ = p - y for one sample.",
            "For a batch, Δ = (P - Y)/m, with softmax taken in each row after its maximum is taken off.",
        ),
    ),
    Exercise(
        name="decide_labels",
        chapter=4,
        statement=(
            "Write `f(Z)`, the labels that a multi-label network asserts, as 0 and 1, from its logits Z (m × k): "
            "those whose probability is more than ½."
        ),
        solution=lambda Z: (Z > 0).astype(int),
        cases=(
            (np.array([[2.0, 1.5, -3.0], [-1.0, -2.0, -0.5], [0.3, 4.0, 2.0]]),),
            (np.array([[0.2, -0.2, 0.1], [1.0, 1.2, 0.9]]),),
        ),
        mistakes=(
            Mistake(
                lambda Z: np.eye(Z.shape[1], dtype=int)[Z.argmax(axis=1)],
                "You chose one label in each row. Here several may hold at once, or none.",
            ),
            Mistake(
                lambda Z: (stable_softmax(Z) > 0.5).astype(int),
                "Softmax makes the labels compete: at most one share exceeds ½. Each label has its own sigmoid.",
            ),
            Mistake(
                lambda Z: (Z > 0.5).astype(int),
                "You compared the logit with ½. The probability is ½ where the logit is 0.",
            ),
            Mistake(
                lambda Z: (stable_softmax(Z) > 1 / Z.shape[1]).astype(int),
                "You compared shares with 1/k. A row in which no label holds still gets one that way.",
            ),
            Mistake(lambda Z: 1 / (1 + np.exp(-Z)), "These are the probabilities. Compare them with ½."),
        ),
        hints=(
            "Each column is a question of its own, with a sigmoid of its own.",
            "σ(z) > ½ exactly where z > 0.",
        ),
    ),
)
