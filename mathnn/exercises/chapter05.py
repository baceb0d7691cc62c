"""The exercises of chapter 5, backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine import Exercise, Mistake

__all__ = ["EXERCISES"]


def sigmoid(Z: Any) -> Any:
    """Return 1 / (1 + e⁻ᶻ)."""
    return 1.0 / (1.0 + np.exp(-Z))


def neuron_gradient(w: Any, b: Any, x: Any, d: Any) -> Any:
    """Return (∂E/∂w, ∂E/∂b) of E = ½(d − o)², o = σ(w·x + b)."""
    return _neuron()(w, b, x, d)


def _neuron(slope: bool = True, factor: float = 1.0, speaks: bool = True) -> Any:
    """Return the gradient of one neuron with one part of it changed."""

    def gradient(w: Any, b: Any, x: Any, d: Any) -> Any:
        o = sigmoid(w @ x + b)
        delta = factor * (o - d) * (o * (1 - o) if slope else 1.0)
        return delta * (x if speaks else np.ones_like(x)), delta

    return gradient


def hidden_delta(Delta: Any, W: Any, A: Any) -> Any:
    """Return (Δ Wᵀ) ⊙ A ⊙ (1 − A)."""
    return (Delta @ W.T) * A * (1 - A)


def _mixed(Delta: Any, W: Any, A: Any) -> Any:
    return hidden_delta(Delta, W, A).sum(axis=1, keepdims=True) * np.ones_like(A)


def backward_pass(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """Return (dW1, db1, dW2, db2) of the mean cross-entropy of a tanh-sigmoid network."""
    return _backward()(X, Y, W1, b1, W2, b2)


def _backward(
    delta: Any = lambda A, Y: (A - Y) / len(Y),
    slope: Any = lambda A: 1 - A**2,
    bias: Any = lambda Delta: Delta.sum(axis=0),
    mixed: bool = False,
) -> Any:
    """Return the backward pass with one part of it changed; ``mixed`` has row times column in the place of ⊙."""

    def gradients(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        A1 = np.tanh(X @ W1 + b1)
        Delta2 = delta(sigmoid(A1 @ W2 + b2), Y)
        Delta1 = (Delta2 @ W2.T) * slope(A1)
        if mixed:
            Delta1 = Delta1.sum(axis=1, keepdims=True) * np.ones_like(A1)
        return X.T @ Delta1, bias(Delta1), A1.T @ Delta2, bias(Delta2)

    return gradients


def descent_step(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, eta: Any) -> Any:
    """Return (W1, b1, W2, b2) after one step against the gradient."""
    return _step(eta, (W1, b1, W2, b2), backward_pass(X, Y, W1, b1, W2, b2))


def _step(eta: Any, theta: Any, gradient: Any) -> Any:
    return tuple(p - eta * g for p, g in zip(theta, gradient, strict=True))


def _through_the_new_weights(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, eta: Any) -> Any:
    _, _, dW2, db2 = backward_pass(X, Y, W1, b1, W2, b2)
    A1 = np.tanh(X @ W1 + b1)
    Delta2 = (sigmoid(A1 @ W2 + b2) - Y) / len(Y)
    Delta1 = (Delta2 @ (W2 - eta * dW2).T) * (1 - A1**2)
    return W1 - eta * X.T @ Delta1, b1 - eta * Delta1.sum(axis=0), W2 - eta * dW2, b2 - eta * db2


def _layer_after_layer(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, eta: Any) -> Any:
    """The last layer steps first, and the first layer's gradient is taken after a new forward pass."""
    _, _, W2, b2 = _step(eta, (W1, b1, W2, b2), backward_pass(X, Y, W1, b1, W2, b2))
    dW1, db1, _, _ = backward_pass(X, Y, W1, b1, W2, b2)
    return W1 - eta * dW1, b1 - eta * db1, W2, b2


def _network(seed: int, m: int, d: int, h: int, k: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    X, W1, b1, W2, b2 = (rng.standard_normal(shape).round(1) for shape in ((m, d), (d, h), h, (h, k), k))
    return X, rng.integers(0, 2, (m, k)).astype(np.float64), W1, b1, W2, b2


def _layer(seed: int, m: int, h: int, k: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((m, k)).round(1),
        rng.standard_normal((h, k)).round(1),
        rng.uniform(0.1, 0.9, (m, h)).round(2),
    )


BY_HAND: dict[str, Any] = {"o": 3, "delta2": 2, "dW2": [4, 2, 0], "delta1": [4, -2, 0]}
NETWORKS = (_network(1, 5, 3, 4, 1), _network(2, 7, 2, 3, 2))

EXERCISES = (
    Exercise(
        name="backward_by_hand",
        chapter=5,
        statement=(
            "A 2-3-1 network has ReLU in the hidden layer, a linear output and E = ½(d − o)². With x = (1, 2), "
            "W1 = [[1, -1, -1], [1, 1, 0]], b1 = (-1, 0, 0), W2 = (2, -1, 5), b2 = 0 and d = 1, "
            "give o, delta2, dW2 and delta1 as a dictionary."
        ),
        solution=BY_HAND,
        form='{"o": ..., "delta2": ..., "dW2": [..., ..., ...], "delta1": [..., ..., ...]}',
        mistakes=(
            Mistake(
                BY_HAND | {"delta1": [4, -2, 10]},
                "The third hidden neuron is off: the slope of its ReLU is 0, so it is not to blame.",
            ),
            Mistake(
                {"o": 3, "delta2": -2, "dW2": [-4, -2, 0], "delta1": [-4, 2, 0]},
                "The signs are turned: the slope of ½(d − o)² along o is o − d. The minus of descent comes later.",
            ),
            Mistake(
                {"o": 3, "delta2": 4, "dW2": [8, 4, 0], "delta1": [8, -4, 0]},
                "All slopes are twice too large: the ½ in E cancels the 2 of the derivative.",
            ),
            Mistake(
                BY_HAND | {"delta1": [8, -2, 0]},
                "delta1 has the activation in it. The blame is delta2 times the weight; "
                "the ReLU passes it on with the slope 1, whatever its output.",
            ),
            Mistake(
                BY_HAND | {"dW2": [4, -2, 10]},
                "dW2 is delta2 times what came in, the activations (2, 1, 0), not times the weights.",
            ),
        ),
        hints=(
            "z1 = (2, 1, -1), so a1 = (2, 1, 0), and the output is linear: its slope is 1.",
            "dW2 is a1 times delta2. delta1 is W2 times delta2, where the ReLU is on.",
        ),
    ),
    Exercise(
        name="neuron_gradient",
        chapter=5,
        statement=(
            "Write `f(w, b, x, d)` for one sigmoid neuron and the cost E = ½(d − o)² of one sample. "
            "Return its slopes, the vector along w and the number along b."
        ),
        solution=neuron_gradient,
        cases=(
            (np.array([2.0, 1.0, 3.0]), 0.5, np.array([0.4, 0.2, 0.6]), 0.0),
            (np.array([1.0, -2.0]), 0.3, np.array([2.0, 0.5]), 1.0),
        ),
        mistakes=(
            Mistake(_neuron(slope=False), "You left out o(1 − o), the slope of the sigmoid."),
            Mistake(_neuron(factor=-1.0), "The sign is turned: the slope of ½(d − o)² along o is o − d."),
            Mistake(_neuron(factor=2.0), "You have a factor 2: the ½ in E cancels it."),
            Mistake(
                _neuron(speaks=False),
                "Every weight got the error signal itself. Multiply by the input that the weight belongs to.",
            ),
        ),
        hints=(
            "Three factors: how wrong, how movable, who spoke.",
            "The bias is the weight of an input that is always 1.",
        ),
    ),
    Exercise(
        name="hidden_delta",
        chapter=5,
        statement=(
            "Write `f(Delta, W, A)`, the error signals of a hidden layer of sigmoids. Delta and W belong to the next "
            "layer, A is the output of this one."
        ),
        solution=hidden_delta,
        cases=(_layer(1, 5, 4, 2), _layer(2, 3, 2, 5), _layer(3, 1, 3, 1)),
        mistakes=(
            Mistake(lambda Delta, W, A: Delta @ W.T, "You left out the slope: multiply by A (1 − A), entry by entry."),
            Mistake(
                lambda Delta, W, A: (Delta @ W.T) * sigmoid(A) * (1 - sigmoid(A)),
                "A is the sigmoid's output already. You put it through the sigmoid once more.",
            ),
            Mistake(
                lambda Delta, W, A: (Delta @ W.T) * (1 - A**2),
                "1 − A² is the slope of tanh. The sigmoid's is A (1 − A).",
            ),
            Mistake(
                lambda Delta, W, A: (Delta @ W.T) * A,
                "You multiplied by the activation. The factor is the slope of the sigmoid, A (1 − A).",
            ),
            Mistake(
                _mixed,
                "Every hidden neuron got the same number: a matrix product stands where the elementwise one belongs.",
            ),
        ),
        hints=(
            "The blame that arrives is `Delta @ W.T`: neuron j collects over row j of W.",
            "The slope of the sigmoid is A (1 − A); multiply with `*`.",
        ),
    ),
    Exercise(
        name="backward_pass",
        chapter=5,
        statement=(
            "Write `f(X, Y, W1, b1, W2, b2)` for a network with tanh in the hidden layer, a sigmoid at the output and "
            "the cross-entropy, summed over the outputs and averaged over the batch. Return dW1, db1, dW2, db2."
        ),
        solution=backward_pass,
        cases=NETWORKS,
        mistakes=(
            Mistake(
                _backward(delta=lambda A, Y: A - Y),
                "You summed over the batch but did not divide by m.",
            ),
            Mistake(
                _backward(bias=lambda Delta: Delta.mean(axis=0)),
                "The bias gradients are divided by m twice: the 1/m is in Delta already, so sum, do not average.",
            ),
            Mistake(
                _backward(delta=lambda A, Y: (A - Y) * A * (1 - A) / len(Y)),
                "You multiplied the output's error by the sigmoid's slope. With the cross-entropy the two cancel.",
            ),
            Mistake(
                _backward(slope=np.ones_like), "You left out the slope of tanh, 1 − A1², in the hidden error signal."
            ),
            Mistake(_backward(slope=lambda A: A * (1 - A)), "A (1 − A) is the slope of the sigmoid; tanh has 1 − A²."),
            Mistake(
                _backward(mixed=True),
                "All hidden neurons got the same gradient: the slopes belong in an elementwise product.",
            ),
            Mistake(_backward(delta=lambda A, Y: (Y - A) / len(Y)), "The sign is turned: it is A2 − Y."),
        ),
        hints=(
            "Run forward first and keep A1. Then Delta2 = (A2 - Y) / m.",
            "Delta1 = (Delta2 @ W2.T) * (1 - A1**2); a weight's gradient is its input, transposed, times Delta.",
        ),
    ),
    Exercise(
        name="descent_step",
        chapter=5,
        statement=(
            "Write `f(X, Y, W1, b1, W2, b2, eta)`, one step of gradient descent for the network of `backward_pass`. "
            "Return the new W1, b1, W2, b2."
        ),
        solution=descent_step,
        cases=tuple((*network, 0.5) for network in NETWORKS),
        mistakes=(
            Mistake(
                _through_the_new_weights,
                "The blame for the first layer travels back over the new W2. Take all gradients first, then the step.",
            ),
            Mistake(
                _layer_after_layer,
                "The last layer stepped before the first layer's gradient was taken. All belong to the same point.",
            ),
            Mistake(
                lambda X, Y, W1, b1, W2, b2, eta: descent_step(X, Y, W1, b1, W2, b2, -eta),
                "The step leads uphill: subtract eta times the gradient.",
            ),
            Mistake(
                lambda X, Y, W1, b1, W2, b2, eta: descent_step(X, Y, W1, b1, W2, b2, eta * len(X)),
                "The steps are m times too large: the gradient of the mean has a factor 1/m.",
            ),
        ),
        hints=(
            "The gradient belongs to one point. Does any line use a weight that has changed already?",
            "Compute all four gradients into variables of their own before you change anything.",
        ),
    ),
)
