"""The normal distribution's density and distribution function, which NumPy lacks, for the activation gelu."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from .arrays import Array

__all__ = ["END", "normal_cdf", "normal_pdf"]

# Φ(−39) is 0 and Φ(39) is 1 in float64.
END = 39
_STEPS = 512


@cache
def _table(dtype: np.dtype[Any]) -> Array:
    """Φ at k/512 for all integers k with |k/512| ≤ 39, from the C library's erfc."""
    tail = [math.erfc(k / _STEPS / math.sqrt(2)) / 2 for k in range(END * _STEPS, -1, -1)]
    return np.array(tail + [1 - p for p in tail[-2::-1]], dtype)


def normal_pdf(z: Array) -> Array:
    """φ(z) = e^(−z²/2) / √(2π), for |z| ≤ 39 or so."""
    phi = z * z
    phi *= -0.5
    np.exp(phi, out=phi)
    phi *= 1 / math.sqrt(2 * math.pi)
    return phi


def normal_cdf(z: Array) -> Array:
    """Φ(z) = ½ (1 + erf(z/√2)), for float32 or float64 arrays with |z| ≤ 39.

    Φ is tabulated at x = k/512 for the integers k. The step d from the nearest such x to z is integrated by
    the midpoint rule with its first correction, c = x + d/2 being the middle:

        Φ(x + d) = Φ(x) + d φ(c) [1 + (c² − 1) d²/24] + O(d⁵),   |d| ≤ 1/1024

    Measured against 50 digits, the absolute error is at most 1.7e-16 in float64 and 6e-8 in float32; down to
    z = −5 the relative error is below 20 units in the last place.

    >>> round(float(normal_cdf(np.array([1.96]))[0]), 6)
    0.975002
    """
    k = np.rint(z * _STEPS)
    with np.errstate(invalid="ignore"):
        Phi = _table(z.dtype).take((k + END * _STEPS).astype(np.intp), mode="clip")
    # The formula, term by term in place: half the time of a line that makes a new array for each term.
    k *= -1 / _STEPS
    d = np.add(k, z, out=k)
    c = -0.5 * d
    c += z
    step = normal_pdf(c)
    step *= d
    d *= d
    c *= c
    c -= 1
    c *= d
    c *= 1 / 24
    c += 1
    step *= c
    Phi += step
    return Phi
