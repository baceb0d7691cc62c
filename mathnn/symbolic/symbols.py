"""The symbols that the formulas share, and how a formula gets its numbers."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Rational, Symbol

__all__ = ["alpha", "beta_1", "beta_2", "delta", "epsilon", "eta", "exact", "g", "lam", "positive", "rho", "t", "theta"]
__all__ += ["vector", "z"]


def positive(name: str) -> Symbol:
    """Return the symbol of a positive number."""
    return Symbol(name, positive=True)


def vector(name: str, size: int) -> tuple[Symbol, ...]:
    """Return the symbols of a vector's entries, name_1 to name_size; for size 1 the plain name.

    >>> vector("p", 3), vector("p", 1)
    ((p_1, p_2, p_3), (p,))
    """
    names = [name] if size == 1 else [f"{name}_{i}" for i in range(1, size + 1)]
    return tuple(Symbol(n, real=True) for n in names)


def exact(value: Any) -> Any:
    """Turn numbers into SymPy's, floats into the fraction that they are written as.

    >>> exact(0.1), exact([1, 2.5])
    (1/10, [1, 5/2])
    """
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return Rational(repr(float(value))) if isinstance(value, float) else sp.sympify(value)


z, g, theta = sp.symbols("z g theta", real=True)
t = Symbol("t", nonnegative=True)
alpha, delta, epsilon, eta, lam, rho = map(positive, ("alpha", "delta", "epsilon", "eta", "lambda", "rho"))
beta_1, beta_2 = map(positive, ("beta_1", "beta_2"))
