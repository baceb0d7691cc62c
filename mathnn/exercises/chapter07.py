"""The exercises of chapter 7, initialisation and vanishing gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def leaky_std(alpha: Any, n_in: Any) -> Any:
    """Return √(2 / ((1 + α²) n_in))."""
    return np.sqrt(2 / ((1 + alpha**2) * n_in))


def size_after(sigma: Any, widths: Any) -> Any:
    """Return √∏ ½ n_{l−1} σ², over all layers."""
    return np.sqrt(np.prod(sigma**2 * np.array(widths[:-1]) / 2))


def _factors(sigma: Any, widths: Any, half: float = 0.5, power: int = 2) -> Any:
    """Return the factor that each layer puts on the mean square, with one part of it changed."""
    return half * sigma**power * np.array(widths)


def he_bound(n_in: Any, n_out: Any) -> Any:
    """Return √(6 / n_in)."""
    return np.sqrt(6 / n_in)


def glorot_bound(n_in: Any, n_out: Any) -> Any:
    """Return √(6 / (n_in + n_out))."""
    return np.sqrt(6 / (n_in + n_out))


LEAKY: dict[str, Any] = {"share": 0.625, "scale": 1.6, "variance": 0.02}
SHAPES = ((400, 100), (64, 16), (10, 90))

EXERCISES = (
    Exercise(
        name="leaky_by_hand",
        chapter=7,
        statement=(
            "A leaky ReLU has the slope ½ on the left. Give the share E[f(z)²]/E[z²] that it keeps of the mean square, "
            "the scale c that undoes it, and the variance of the weights of a layer with 80 inputs."
        ),
        solution=LEAKY,
        form='{"share": ..., "scale": ..., "variance": ...}',
        mistakes=(
            Mistake(
                {"share": 0.5, "scale": 2, "variance": 0.025},
                "These are the numbers of ReLU. Here the left half counts too, with the slope squared.",
            ),
            Mistake(
                {"share": 0.75, "scale": 4 / 3, "variance": 1 / 60},
                "The left half counts with α², not with α: the values are squared before the mean is taken.",
            ),
            Mistake(
                {"share": 1.25, "scale": 0.8, "variance": 0.01},
                "You added 1 and α² but left out the ½: each of the two is true on one half only.",
            ),
            Mistake(
                LEAKY | {"variance": float(np.sqrt(0.02))},
                "That is the standard deviation of the weights. The variance is c / n_in.",
            ),
            Mistake(LEAKY | {"variance": 1.6}, "The variance is the scale divided by the number of inputs."),
        ),
        hints=(
            "Half of the time z is positive and f(z)² = z²; otherwise f(z)² = α² z².",
            "c is one over the share, and the variance is c / n_in.",
        ),
    ),
    Exercise(
        name="leaky_std",
        chapter=7,
        statement=(
            "Write `f(alpha, n_in)`, the standard deviation of the weights in front of a leaky ReLU with the slope "
            "alpha on the left, for which the mean square of the signal stays the same."
        ),
        solution=leaky_std,
        cases=((0.5, 80), (0.01, 250), (0.0, 50), (1.0, 100)),  # a small slope first would print equal numbers
        mistakes=(
            Mistake(
                lambda alpha, n_in: 2 / ((1 + alpha**2) * n_in),
                "You returned the variance. The standard deviation is its root.",
            ),
            Mistake(lambda alpha, n_in: 2 / n_in, "This is He's variance: without the slope, and without the root."),
            Mistake(lambda alpha, n_in: np.sqrt(2 / n_in), "This is He's rule. The slope on the left is missing."),
            Mistake(
                lambda alpha, n_in: np.sqrt(2 / ((1 + alpha) * n_in)),
                "The slope stands there squared: 1 + α².",
            ),
            Mistake(
                lambda alpha, n_in: np.sqrt((1 + alpha**2) / (2 * n_in)),
                "You multiplied by the share that is kept. The weights have to undo it: divide.",
            ),
            Mistake(
                lambda alpha, n_in: np.sqrt(1 / ((1 + alpha**2) * n_in)),
                "A factor 2 is missing under the root: each half of the values counts ½.",
            ),
            Mistake(
                lambda alpha, n_in: np.sqrt(6 / ((1 + alpha**2) * n_in)),
                "This is the bound of uniform weights. The standard deviation has no factor √3.",
            ),
        ),
        hints=("The share that is kept is (1 + α²) / 2.", "The variance is 1 / (share · n_in). One more step."),
    ),
    Exercise(
        name="size_after",
        chapter=7,
        statement=(
            "Write `f(sigma, widths)` for a ReLU network without biases, all weights from N(0, sigma²), and an input "
            "of size 1. Return the root of the expected mean square of the last layer."
        ),
        solution=size_after,
        cases=((0.1, [50, 20, 30]), (0.01, [250] * 5), (0.3, [8, 4])),
        mistakes=(
            Mistake(
                lambda sigma, widths: np.prod(_factors(sigma, widths[:-1])),
                "You returned the mean square. The size is its root.",
            ),
            Mistake(
                lambda sigma, widths: np.sqrt(np.prod(_factors(sigma, widths[:-1], half=1.0))),
                "ReLU keeps half of the mean square in every layer: a factor ½ is missing.",
            ),
            Mistake(
                lambda sigma, widths: np.sqrt(np.prod(_factors(sigma, widths[1:]))),
                "You took the widths that the weights lead to. A unit adds up as many terms as the layer before has.",
            ),
            Mistake(
                lambda sigma, widths: np.sqrt(np.prod(_factors(sigma, widths[:-1], power=1))),
                "sigma is the standard deviation. The variance, its square, belongs in the product.",
            ),
            Mistake(
                lambda sigma, widths: np.prod(np.sqrt(_factors(sigma, widths[:-1], half=1.0)) / 2),
                "The ½ belongs to the mean square, so it stands under the root: √½ for each layer.",
            ),
            Mistake(
                lambda sigma, widths: np.sqrt(np.prod(_factors(sigma, widths))),
                "One factor too many: there is one for each layer of weights, and the last width leads nowhere.",
            ),
        ),
        hints=(
            "Each layer multiplies the mean square by ½ · n · sigma², where n is the width that it comes from.",
            "Multiply the factors of all layers, then take the root.",
        ),
    ),
    Exercise(
        name="he_bound",
        chapter=7,
        statement=(
            "Write `f(n_in, n_out)`, the bound b of He's uniform weights from U(−b, b) for a matrix (n_in, n_out)."
        ),
        solution=he_bound,
        cases=SHAPES,
        mistakes=(
            Mistake(
                lambda n_in, n_out: np.sqrt(2 / n_in),
                "This is the standard deviation. Uniform weights with that bound have a third of the variance: √3.",
            ),
            Mistake(
                lambda n_in, n_out: np.sqrt(3) * 2 / n_in,
                "You multiplied √3 by the variance. It belongs to the standard deviation, the root of 2 / n_in.",
            ),
            Mistake(lambda n_in, n_out: 6 / n_in, "The root is missing: b² / 3 is the variance."),
            Mistake(
                lambda n_in, n_out: np.sqrt(6 / n_out),
                "You divided by the fan-out. The sum of a unit runs over its n_in inputs.",
            ),
            Mistake(glorot_bound, "This is Xavier's bound. He's rule divides by n_in alone."),
        ),
        hints=("The variance of U(−b, b) is b² / 3.", "Set b² / 3 equal to 2 / n_in."),
    ),
    Exercise(
        name="glorot_bound",
        chapter=7,
        statement=(
            "Write `f(n_in, n_out)`, the bound b of Xavier's (Glorot's) uniform weights from U(−b, b) for a matrix "
            "(n_in, n_out)."
        ),
        solution=glorot_bound,
        cases=SHAPES,
        mistakes=(
            Mistake(
                lambda n_in, n_out: np.sqrt(2 / (n_in + n_out)),
                "This is the standard deviation. The bound is √3 times as large.",
            ),
            Mistake(
                lambda n_in, n_out: np.sqrt(3 / (n_in + n_out)),
                "The variance is one over the mean of the two fans, 2 / (n_in + n_out). The 2 is missing.",
            ),
            Mistake(he_bound, "This is He's bound. Xavier's looks at both fans."),
            Mistake(lambda n_in, n_out: 6 / (n_in + n_out), "The root is missing: b² / 3 is the variance."),
        ),
        hints=("The variance is 2 / (n_in + n_out).", "The variance of U(−b, b) is b² / 3."),
    ),
)
