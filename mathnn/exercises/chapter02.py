"""The exercises of chapter 2, activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + e⁻ᶻ)."""
    return 1.0 / (1.0 + np.exp(-z))


def stable_softmax(Z: Any) -> Any:
    """Return the softmax of each row."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def _softmax(Z: Any, axis: int | None = 1) -> Any:
    return np.exp(Z) / np.exp(Z).sum(axis=axis, keepdims=True)


def _shifted(Z: Any, shift_axis: int | None, sum_axis: int | None) -> Any:
    E = np.exp(Z - Z.max(axis=shift_axis, keepdims=True))
    return E / E.sum(axis=sum_axis, keepdims=True)


POINTS = (np.float64(-1.2), np.array([-3.0, -0.5, 0.0, 1.0, 4.0]), np.array([[0.2, -1.5], [2.5, 0.7]]))

EXERCISES = (
    Exercise(
        name="sigmoid_derivative",
        chapter=2,
        statement="Write `f(a)`, the derivative of the sigmoid from its value a = σ(z). You are not given z.",
        solution=lambda a: a * (1.0 - a),
        cases=tuple((sigmoid(z),) for z in POINTS),
        mistakes=(
            Mistake(
                lambda a: sigmoid(a) * (1.0 - sigmoid(a)),
                "You put a through the sigmoid again: a is the value already.",
            ),
            Mistake(lambda a: 1.0 - a * a, "1 - a² is the derivative of tanh. The sigmoid's is a (1 - a)."),
            Mistake(lambda a: a * (1.0 + a), "The sign inside the bracket is wrong: 1 - a, not 1 + a."),
            Mistake(lambda a: 1.0 - a, "One factor is missing: 1 - a is σ'(z) / σ(z)."),
        ),
        hints=(
            "Write σ(z) = (1 + e⁻ᶻ)⁻¹ and use the chain rule.",
            "σ'(z) = e⁻ᶻ / (1 + e⁻ᶻ)², and e⁻ᶻ / (1 + e⁻ᶻ) = 1 - σ(z).",
        ),
    ),
    Exercise(
        name="swish_derivative",
        chapter=2,
        statement="Write `f(z)`, the derivative of Swish, z · σ(z).",
        solution=lambda z: sigmoid(z) + z * sigmoid(z) * (1.0 - sigmoid(z)),
        cases=tuple((z,) for z in POINTS),
        mistakes=(
            Mistake(sigmoid, "That is half of the product rule: z changes, but so does σ(z). Add z σ'(z)."),
            Mistake(
                lambda z: z * sigmoid(z) * (1.0 - sigmoid(z)),
                "That is half of the product rule: σ(z) changes, but so does z. Add σ(z).",
            ),
            Mistake(
                lambda z: sigmoid(z) * (1.0 - sigmoid(z)),
                "You multiplied the derivatives of the factors, 1 and σ'(z). The product rule adds two terms.",
            ),
            Mistake(
                lambda z: sigmoid(z) - z * sigmoid(z) * (1.0 - sigmoid(z)),
                "The product rule has a plus between its terms.",
            ),
            Mistake(
                lambda z: sigmoid(z) + z * sigmoid(z),
                "In the second term stands σ'(z) = σ(z) (1 - σ(z)), not σ(z).",
            ),
            Mistake(lambda z: z * sigmoid(z), "That is Swish itself, not its derivative."),
        ),
        hints=(
            "It is a product of two functions of z.",
            "(z · σ(z))' = 1 · σ(z) + z · σ'(z), and σ' = σ (1 - σ).",
        ),
    ),
    Exercise(
        name="stable_softmax",
        chapter=2,
        statement="Write `f(Z)`, the softmax of each row of Z (m × k), which survives Z = 1000.",
        solution=stable_softmax,
        cases=(
            (np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]),),
            (np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -2.0], [1.0, 1.0, 4.0]]),),
            (np.array([[1000.0, 1001.0], [-1000.0, -999.0]]),),
        ),
        mistakes=(
            Mistake(
                _softmax,
                "Right for small numbers, but exp(1000) overflows. Take each row's maximum off first: "
                "the softmax does not change.",
            ),
            Mistake(
                lambda Z: _shifted(Z, None, 1),
                "You take off the maximum of the whole matrix. A row far below becomes 0/0: take off each row's own.",
            ),
            Mistake(
                lambda Z: _shifted(Z, 1, None),
                "You divide by the sum of the whole matrix. Each row is a distribution of its own: `axis=1`.",
            ),
            Mistake(lambda Z: _softmax(Z, None), "You divide by the sum of the whole matrix, and exp(1000) overflows."),
            Mistake(
                lambda Z: _shifted(Z, 0, 0),
                "Your columns sum to 1. The classes lie along a row: `axis=1`.",
            ),
            Mistake(
                lambda Z: np.exp(Z - Z.max(axis=1, keepdims=True)),
                "You did not divide: each row must sum to 1.",
            ),
        ),
        hints=(
            "softmax(z) = softmax(z - c) for every number c. Which c keeps exp from overflowing?",
            "Use `Z.max(axis=1, keepdims=True)`, and `keepdims=True` for the sum too.",
        ),
    ),
    Exercise(
        name="name_the_function",
        chapter=2,
        statement=(
            "Name three activation functions from their derivatives. "
            "The first has f' = f (1 - f), the second f' = 1 - f², and the third f'(z) = 1 / (1 + e⁻ᶻ). "
            "Give a tuple of three names."
        ),
        solution=("sigmoid", "tanh", "softplus"),
        form='("...", "...", "..."), three names',
        mistakes=(
            Mistake(
                ("tanh", "sigmoid", "softplus"),
                "The first two are the other way round. At z = 0, σ' = ¼ and tanh' = 1.",
            ),
            Mistake(
                ("sigmoid", "tanh", "sigmoid"),
                "The third derivative *is* the sigmoid. Which function has it as its derivative?",
            ),
            Mistake(
                ("sigmoid", "tanh", "relu"),
                "The third is close: the derivative of ReLU jumps from 0 to 1, this one climbs smoothly.",
            ),
            Mistake(
                ("sigmoid", "tanh", "swish"),
                "The third is not Swish: z σ(z) has z σ'(z) in its derivative as well.",
            ),
        ),
        hints=(
            "Try z = 0, where σ = ½ and tanh = 0.",
            "For the third, integrate: what has the derivative eᶻ / (1 + eᶻ)?",
        ),
    ),
    Exercise(
        name="leaky_relu_backward",
        chapter=2,
        statement=(
            "Write `f(dA, Z, slope)`, the backward pass of leaky ReLU. "
            "It returns dZ = dA ⊙ f'(Z), where f' is 1 for positive z and `slope` for negative z."
        ),
        solution=lambda dA, Z, slope: dA * np.where(Z > 0, 1.0, slope),
        cases=(
            (np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[2.0, -1.0], [-0.5, 4.0]]), 0.01),
            (np.array([[-1.5, 0.25, 2.0]]), np.array([[-3.0, 1.0, -0.1]]), 0.2),
        ),
        mistakes=(
            Mistake(
                lambda dA, Z, slope: np.where(Z > 0, 1.0, slope),
                "That is f'(Z). The chain rule multiplies it by what comes from above, dA.",
            ),
            Mistake(
                lambda dA, Z, slope: dA * (Z > 0),
                "That is ReLU, which lets nothing through for negative z. The leak lets `slope` times dA through.",
            ),
            Mistake(
                lambda dA, Z, slope: dA * np.where(dA > 0, 1.0, slope),
                "You asked for the sign of dA. The slope depends on where the input was: on Z.",
            ),
            Mistake(
                lambda dA, Z, slope: np.where(dA > 0, dA, slope * dA) * np.where(Z > 0, 1.0, slope),
                "You asked for the sign of dA too. The slope depends on Z alone.",
            ),
            Mistake(
                lambda dA, Z, slope: dA * np.where(Z > 0, Z, slope * Z),
                "You multiplied by f(Z). The backward pass needs f'(Z).",
            ),
            Mistake(
                lambda dA, Z, slope: dA * np.where(Z > 0, slope, 1.0),
                "The two slopes are the other way round: 1 for positive z.",
            ),
        ),
        hints=(
            "f'(Z) has the shape of Z; multiply it with dA, element by element.",
            "`np.where(Z > 0, 1.0, slope)` is f'(Z).",
        ),
    ),
)
