"""The exercises of chapter 8, optimisers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def adam_step(
    theta: Any, m: Any, v: Any, g: Any, t: Any, eta: Any, beta_1: Any, beta_2: Any, epsilon: Any
) -> tuple[Any, Any, Any]:
    """Return θ, m and v after one step of Adam."""
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return theta - eta * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def _adam_by_one_minus_beta(
    theta: Any, m: Any, v: Any, g: Any, t: Any, eta: Any, beta_1: Any, beta_2: Any, epsilon: Any
) -> tuple[Any, Any, Any]:
    return adam_step(theta, m, v, g, 1, eta, beta_1, beta_2, epsilon)


def _adam_uncorrected(
    theta: Any, m: Any, v: Any, g: Any, t: Any, eta: Any, beta_1: Any, beta_2: Any, epsilon: Any
) -> tuple[Any, Any, Any]:
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    return theta - eta * m / (np.sqrt(v) + epsilon), m, v


def _adam_epsilon_inside(
    theta: Any, m: Any, v: Any, g: Any, t: Any, eta: Any, beta_1: Any, beta_2: Any, epsilon: Any
) -> tuple[Any, Any, Any]:
    _, m, v = adam_step(theta, m, v, g, t, eta, beta_1, beta_2, epsilon)
    return theta - eta * m / (1 - beta_1**t) / np.sqrt(v / (1 - beta_2**t) + epsilon), m, v


def _adam_keeps_the_corrected(
    theta: Any, m: Any, v: Any, g: Any, t: Any, eta: Any, beta_1: Any, beta_2: Any, epsilon: Any
) -> tuple[Any, Any, Any]:
    theta, m, v = adam_step(theta, m, v, g, t, eta, beta_1, beta_2, epsilon)
    return theta, m / (1 - beta_1**t), v / (1 - beta_2**t)


def _adam_correcting_one(which: str) -> Any:
    def step(
        theta: Any, m: Any, v: Any, g: Any, t: Any, eta: Any, beta_1: Any, beta_2: Any, epsilon: Any
    ) -> tuple[Any, Any, Any]:
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**t) if which == "m" else m
        v_hat = v / (1 - beta_2**t) if which == "v" else v
        return theta - eta * m_hat / (np.sqrt(v_hat) + epsilon), m, v

    return step


def tune(smallest: float, largest: float) -> tuple[float, float]:
    """Return the η and the μ with which the heavy ball is fastest."""
    low, high = np.sqrt(smallest), np.sqrt(largest)
    return (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2


def _arrays(*rows: list[float]) -> tuple[Any, ...]:
    return tuple(np.array(row) for row in rows)


EXERCISES = (
    Exercise(
        name="momentum_by_hand",
        chapter=8,
        statement=(
            "The learning rate is 0.1, μ = 0.9, and the gradients are 5, 3 and 1. "
            "Give the lengths of the three steps with momentum."
        ),
        solution=[0.5, 0.75, 0.775],
        form="[first, second, third], three lengths",
        mistakes=(
            Mistake([0.5, 0.3, 0.1], "Those are the steps without momentum, η g. Add 0.9 times the step before."),
            Mistake(
                [0.5, 0.75, 0.37],
                "For the third you took 0.9 · 0.3, the plain step. The velocity before was 0.75.",
            ),
            Mistake(
                [0.5, 0.8, 0.9],
                "You kept the whole velocity. Only nine tenths of it survive a step.",
            ),
            Mistake(
                [0.05, 0.075, 0.0775],
                "That is the running mean, with 1 - μ before the gradient. Here the gradient is taken whole.",
            ),
        ),
        hints=("Each length is 0.9 times the one before, plus 0.1 times the gradient.", "0.9 · 0.75 = 0.675."),
    ),
    Exercise(
        name="momentum_step",
        chapter=8,
        statement="Write `f(theta, v, g, eta, mu)`, one step of momentum. It returns the new (theta, v).",
        solution=lambda theta, v, g, eta, mu: (theta + mu * v - eta * g, mu * v - eta * g),
        cases=(
            (*_arrays([1.0, -2.0], [0.0, 0.0], [3.0, 0.5]), 0.1, 0.9),
            (*_arrays([1.0, -2.0], [0.4, -0.2], [3.0, 0.5]), 0.1, 0.9),
            (*_arrays([0.3], [-1.5], [2.0]), 0.01, 0.5),
        ),
        mistakes=(
            Mistake(
                lambda theta, v, g, eta, mu: (theta - eta * g, -eta * g),
                "That is plain descent: the velocity of before is lost. Add μ v.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (theta + v, mu * v - eta * g),
                "You moved with the old velocity. θ moves by the new one.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (theta - (mu * v - eta * g), mu * v - eta * g),
                "The minus stands in v already: θ ← θ + v.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (theta + mu * v + eta * g, mu * v + eta * g),
                "You climb: the gradient points uphill, so it enters with a minus.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (
                    theta + mu * (mu * v - eta * g) - eta * g,
                    mu * v - eta * g,
                ),
                "That is Nesterov's step. The heavy ball moves by v itself.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (theta + v - eta * g, v - eta * g),
                "You kept the whole velocity. Only the part μ of it survives a step: μ v.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (
                    theta + mu * v - (1 - mu) * eta * g,
                    mu * v - (1 - mu) * eta * g,
                ),
                "That is the running mean, with 1 - μ before the gradient. Here the gradient is taken whole.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (mu * v - eta * g, theta + mu * v - eta * g),
                "Both are right, but in the wrong order: return θ first, then v.",
            ),
            Mistake(
                lambda theta, v, g, eta, mu: (theta - eta * (mu * v + g), mu * v + g),
                "That is the other notation, in which the velocity does not hold the learning rate.",
            ),
        ),
        hints=("First the new velocity, μ v - η g, then θ.", "`v_new = mu * v - eta * g`, and θ moves by v_new."),
    ),
    Exercise(
        name="heavy_ball_tuning",
        chapter=8,
        statement=(
            "Write `f(smallest, largest)`: the best (eta, mu) of the heavy ball for curvatures between the two."
        ),
        solution=tune,
        cases=((1.0, 16.0), (0.5, 50.0), (2.0, 200.0)),
        mistakes=(
            Mistake(
                lambda smallest, largest: (tune(smallest, largest)[0], np.sqrt(tune(smallest, largest)[1])),
                "Your second number is √μ, the factor of a step. Square it.",
            ),
            Mistake(
                lambda smallest, largest: (2 / (smallest + largest), tune(smallest, largest)[1]),
                "That η is the best for plain descent. With momentum the roots of the curvatures enter.",
            ),
            Mistake(
                lambda smallest, largest: (
                    tune(smallest, largest)[0],
                    ((largest - smallest) / (largest + smallest)) ** 2,
                ),
                "In μ stands √κ, not κ: take the roots of the curvatures.",
            ),
            Mistake(
                lambda smallest, largest: (np.sqrt(tune(smallest, largest)[0]), tune(smallest, largest)[1]),
                "Your first number is √η. Square it.",
            ),
            Mistake(
                lambda smallest, largest: tuple(np.sqrt(tune(smallest, largest))),
                "These are √η and √μ. Square both.",
            ),
            Mistake(
                lambda smallest, largest: tune(smallest, largest)[::-1],
                "Both are right, but in the wrong order: return η first, then μ.",
            ),
        ),
        hints=(
            "√(η λ) runs from 1 - √μ at the smallest curvature to 1 + √μ at the largest.",
            "Add the two equations for η, divide them for √μ.",
        ),
    ),
    Exercise(
        name="half_step",
        chapter=8,
        statement=(
            "Write `f(epsilon)`: the |g| at which |g|/(√h + ε) is one half, and the |g| at which |g|/√(h + ε) is, "
            "where √h = |g|."
        ),
        solution=lambda epsilon: (epsilon, np.sqrt(epsilon / 3)),
        cases=((1e-3,), (0.12,), (1e-7,)),
        mistakes=(
            Mistake(
                lambda epsilon: (epsilon, np.sqrt(epsilon)),
                "At |g| = √ε the second step is 1/√2. One half wants 4g² = g² + ε.",
            ),
            Mistake(
                lambda epsilon: (epsilon, epsilon / 3),
                "That is g², not |g|: take the root of the second.",
            ),
            Mistake(
                lambda epsilon: (epsilon, epsilon),
                "Inside the root ε is added to g², not to |g|.",
            ),
            Mistake(
                lambda epsilon: (np.sqrt(epsilon / 3), epsilon),
                "Both are right, but in the wrong order: outside the root first, then inside.",
            ),
        ),
        hints=(
            "Put √h = |g| and set each step to one half.",
            "Outside: |g| = (|g| + ε)/2. Inside, squared: g² = (g² + ε)/4.",
        ),
    ),
    Exercise(
        name="adadelta_units",
        chapter=8,
        statement=(
            "θ is measured in a unit of which `a` make the old one, J in one of which `b` make the old one. "
            "Write `f(eps_u, eps_h, a, b)`: the two ε with which AdaDelta runs as before."
        ),
        solution=lambda eps_u, eps_h, a, b: (eps_u * a**2, eps_h * (b / a) ** 2),
        cases=((2.0, 3.0, 10.0, 1.0), (2.0, 3.0, 1.0, 100.0), (0.5, 0.1, 1000.0, 10.0)),
        mistakes=(
            Mistake(
                lambda eps_u, eps_h, a, b: (eps_u, eps_h),
                "These are the old ones. ε is added to u and to h, so it has their units.",
            ),
            Mistake(
                lambda eps_u, eps_h, a, b: (eps_u * a, eps_h * b / a),
                "u and h hold squares: square both factors.",
            ),
            Mistake(
                lambda eps_u, eps_h, a, b: (eps_u * a**2, eps_h * b**2),
                "The gradient is J over θ: its factor is b/a.",
            ),
            Mistake(
                lambda eps_u, eps_h, a, b: (eps_u * a**2, eps_h * (a * b) ** 2),
                "The gradient is J over θ: in a smaller unit of θ it is smaller, so divide by a.",
            ),
            Mistake(
                lambda eps_u, eps_h, a, b: (eps_u / a**2, eps_h * (a / b) ** 2),
                "The other way round: in a smaller unit the same length is a larger number.",
            ),
        ),
        hints=(
            "A step of 1 m is 1000 mm, and u is made of its square.",
            "The gradient is multiplied by b and divided by a.",
        ),
    ),
    Exercise(
        name="adam_step",
        chapter=8,
        statement=(
            "Write `f(theta, m, v, g, t, eta, beta_1, beta_2, epsilon)`, step number t of Adam. "
            "It returns the new (theta, m, v)."
        ),
        solution=adam_step,
        cases=(
            (*_arrays([1.0, -2.0], [0.0, 0.0], [0.0, 0.0], [3.0, -0.5]), 1, 0.1, 0.9, 0.999, 1e-3),
            (*_arrays([1.0, -2.0], [0.3, 0.2], [0.01, 0.04], [1.0, 0.5]), 3, 0.1, 0.9, 0.999, 1e-3),
            (*_arrays([0.5], [-0.1], [0.3], [2.0]), 20, 0.01, 0.5, 0.9, 1e-3),
        ),
        mistakes=(
            Mistake(
                _adam_by_one_minus_beta,
                "You divide by 1 - β. That agrees at t = 1 only: the correction is 1 - βᵗ.",
            ),
            Mistake(
                _adam_uncorrected,
                "The bias correction is missing: divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ.",
            ),
            Mistake(_adam_correcting_one("m"), "You corrected m only: divide v by 1 - β₂ᵗ too."),
            Mistake(_adam_correcting_one("v"), "You corrected v only: divide m by 1 - β₁ᵗ too."),
            Mistake(_adam_epsilon_inside, "ε stands outside the root: √v̂ + ε."),
            Mistake(
                _adam_keeps_the_corrected,
                "You return the corrected means. What is kept from step to step are m and v themselves.",
            ),
        ),
        hints=(
            "Test more than the first step.",
            "The sum 1 + β + ... + βᵗ⁻¹ is (1 - βᵗ)/(1 - β).",
        ),
    ),
)
