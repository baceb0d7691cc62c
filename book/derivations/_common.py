"""What the checks of several chapters need: finite differences, and small networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import mathnn

__all__ = ["derivative", "jacobian", "network", "slopes"]

Function = Callable[[np.ndarray], np.ndarray]


def derivative(f: Function, z: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of a function that works on each entry."""
    return (f(z + h) - f(z - h)) / (2 * h)


def jacobian(f: Function, z: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of a function of a row, ∂f_i/∂z_j in row i and column j."""
    return np.stack([(f(z + h * e) - f(z - h * e)) / (2 * h) for e in np.eye(len(z))], axis=1)


def slopes(cost: Callable[[np.ndarray], float], at: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of a cost by every entry of an array."""
    return jacobian(lambda flat: np.array([cost(flat.reshape(at.shape))]), at.ravel(), h).reshape(at.shape)


def network(*layers: tuple[np.ndarray, np.ndarray, str | None]) -> mathnn.Sequential:
    """A network of Dense layers with these weights, biases and activations."""
    dense = [mathnn.Dense(W.shape[1], activation) for W, _, activation in layers]
    net = mathnn.Sequential(dense, input_shape=(layers[0][0].shape[0],))
    net.set_weights([array for W, b, _ in layers for array in (W, b)])
    return net
