"""Is this gradient right? The answer by finite differences.

One parameter at a time is moved a little to either side, and the slope of the cost is compared with what ``backward``
says::

    ∂J/∂θᵢ ≈ (J(θ + h eᵢ) − J(θ − h eᵢ)) / 2h          error O(h²)

A layer has no cost of its own. It is given one: J = Σ C ⊙ layer(X) with a random C. A fixed C, such as all ones, would
miss mistakes: the sum of a softmax's outputs is 1 whatever its input, so its gradient is zero and says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import samples
from .checks import count, flag, number
from .errors import ConfigError, DtypeError, ShapeError
from .layers import Layer, Parameter
from .models import Sequential

__all__ = ["GradientReport", "GradientRow", "gradcheck"]

Array = NDArray[Any]


@dataclass(frozen=True)
class GradientRow:
    """What was found for one array.

    Attributes
    ----------
    name:
        "X", or the layer and parameter.
    checked:
        How many entries were compared.
    max_relative_error:
        The largest difference of the two, divided by the larger of them, or by a thousandth of the array's largest
        entry where both are smaller than that.
    worst:
        The index of that entry.
    analytic, numeric:
        The two values there.
    kinks:
        How many entries sit at a kink: the slopes to the left and to the right differ, and the analytic value equals
        one of them or lies between the two. These are not counted as wrong.
    vacuous:
        Every gradient of this array is zero, both ways, so the check could not have failed.
    """

    name: str
    checked: int
    max_relative_error: float
    worst: tuple[int, ...]
    analytic: float
    numeric: float
    kinks: int
    vacuous: bool


@dataclass(frozen=True)
class GradientReport:
    """The result of a gradient check; true when it passed, and a table when printed."""

    rows: tuple[GradientRow, ...]
    tolerance: float

    @property
    def max_relative_error(self) -> float:
        """The largest of all rows."""
        return max((row.max_relative_error for row in self.rows), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether every row is within the tolerance."""
        return self.max_relative_error <= self.tolerance

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        width = max([len(row.name) for row in self.rows] + [9])
        lines = [f"{'gradient':<{width}}  checked  max relative error"]
        for row in self.rows:
            verdict = "ok" if row.max_relative_error <= self.tolerance else "WRONG"
            if row.vacuous:
                verdict = "all zero: this says nothing"
            elif verdict == "WRONG":
                verdict += f" at {row.worst}: backward {row.analytic:.6g}, differences {row.numeric:.6g}"
            if row.kinks:
                verdict += f" ({row.kinks} at a kink, left out)"
            lines.append(f"{row.name:<{width}}  {row.checked:>7}  {row.max_relative_error:>18.1e}  {verdict}")
        lines.append("passed" if self.passed else f"FAILED (tolerance {self.tolerance:.0e})")
        return "\n".join(lines)

    __repr__ = __str__


def gradcheck(
    layer_or_model: Layer,
    X: Any,
    y: Any = None,
    *,
    training: bool = True,
    step: float = 6e-6,
    tolerance: float = 1e-6,
    max_entries: int | None = 200,
    seed: int = 0,
) -> GradientReport:
    """Compare every gradient of a layer or a compiled model with central finite differences.

    Parameters
    ----------
    layer_or_model:
        A layer, built or not, whose cost is Σ C ⊙ forward(X) with random C; or, when ``y`` is given, a compiled model
        with its own loss and penalties.
    X, y:
        A small batch, and its targets.
    training:
        Whether dropout, noise and batch statistics are on. Generators and buffers are put back before each forward,
        so that each sees the same noise, and at the end.
    step:
        h, times the size of θᵢ where that is above 1. The cube root of the machine's ε, 6e-6, balances truncation
        against rounding.
    tolerance:
        The largest relative error that passes.
    max_entries:
        How many entries of each array are tried, drawn at random; None tries all.
    seed:
        For C, for the entries, and for the weights of a layer that is not built yet.

    Raises
    ------
    DtypeError
        If the layer computes in float32, where differences have too few digits to decide anything.
    ConfigError, ShapeError, NonFiniteError
        If ``y`` is given for something that is not a model, or another argument has no meaning.
    """
    if not isinstance(layer_or_model, Layer):
        raise ConfigError(f"gradcheck: checks a layer or a model, got {layer_or_model!r}")
    rng = np.random.default_rng(count("gradcheck", "seed", seed, 0, math.inf))
    step, tolerance = (number("gradcheck", *one, 0, ends="()") for one in (("step", step), ("tolerance", tolerance)))
    training = flag("gradcheck", "training", training)
    max_entries = None if max_entries is None else count("gradcheck", "max_entries", max_entries, 1)
    given = samples("gradcheck", "X", X)
    is_integer = given.dtype.kind in "iu"
    X = np.array(given, np.float64, order="C")
    if X.ndim == 0:
        raise ShapeError("gradcheck: X is a single number; rows are samples, so write X.reshape(1, -1)")
    if y is not None and not isinstance(layer_or_model, Sequential):
        raise ConfigError(
            f"gradcheck: y goes with a compiled model, and {layer_or_model.label} is a layer: leave y out"
        )
    layer = layer_or_model
    if not layer.built:
        if isinstance(layer, Sequential):
            layer.build(X.shape[1:], dtype=np.float64)
        else:
            layer.build(X.shape[1:], rng, np.float64)
    if layer.dtype != np.float64:
        raise DtypeError(
            f"gradcheck: {layer.label} computes in {layer.dtype}, whose 7 digits are too few for finite differences; "
            "build it with dtype='float64'"
        )
    buffers, generators = layer.buffers, layer.generators
    kept_buffers = {name: b.copy() for name, b in buffers.items()}
    kept_generators = {name: g.bit_generator.state for name, g in generators.items()}

    def rewind() -> None:
        for name, b in buffers.items():
            b[...] = kept_buffers[name]
        for name, g in generators.items():
            g.bit_generator.state = kept_generators[name]

    rewind()
    checked: list[tuple[str, Array, Array]] = []
    if y is not None:
        model: Any = layer

        def cost() -> float:
            rewind()
            return float(model.loss_and_gradient(X, y, training)[0])

        rewind()
        model.loss_and_gradient(X, y, training)
    else:
        C = rng.standard_normal(np.shape(layer.forward(X, training)))
        costly = [one for one in layer.walk() if one.adds_to_cost]

        def cost() -> float:
            rewind()
            return float(np.sum(C * layer.forward(X, training))) + sum(one.extra_cost for one in costly)

        rewind()
        layer.forward(X, training, cache=True)
        dX = layer.backward(C)
        if not is_integer and dX is not None:
            checked.append(("X", X, np.array(dX)))
    checked += [(name, p.value, p.gradient.copy()) for name, p in _named_parameters(layer)]
    rows = tuple(
        _check_array(name, array, analytic, cost, step, tolerance, max_entries, rng)
        for name, array, analytic in checked
        if array.size
    )
    rewind()
    return GradientReport(rows, tolerance)


def _named_parameters(layer: Layer, path: str = "") -> list[tuple[str, Parameter]]:
    if not layer.sublayers:
        return [(f"{path}{p.name}", p) for p in layer.parameters]
    return [pair for inner in layer.sublayers for pair in _named_parameters(inner, f"{path}{inner.name}/")]


def _check_array(
    name: str,
    array: Array,
    analytic: Array,
    cost: Callable[[], float],
    step: float,
    tolerance: float,
    max_entries: int | None,
    rng: np.random.Generator,
) -> GradientRow:
    """Compare the entries of one array."""
    flat, slopes = array.reshape(-1), analytic.reshape(-1)
    entries = np.arange(flat.size)
    if max_entries is not None and flat.size > max_entries:
        entries = np.sort(rng.choice(flat.size, max_entries, replace=False))
    numeric, left, right = np.empty((3, len(entries)))
    here = cost()
    for k, i in enumerate(entries):
        value = flat[i]
        h = step * max(1.0, abs(value))
        flat[i] = value + h
        above = cost()
        flat[i] = value - h
        below = cost()
        flat[i] = value
        numeric[k] = (above - below) / (2 * h)
        left[k], right[k] = (here - below) / h, (above - here) / h
    given = slopes[entries]
    scale = max(np.abs(given).max(), np.abs(numeric).max())
    # Differences carry rounding noise of about ε|J|/h, so entries far below the largest are measured against a floor.
    noise = 4e-16 * max(abs(here), 1.0) / step
    floor = max(1e-3 * scale, noise / tolerance)
    error = np.abs(given - numeric) / np.maximum(np.maximum(np.abs(given), np.abs(numeric)), floor)
    # At a kink the one-sided slopes differ by far more than curvature over so short a step can explain.
    low, high = np.minimum(left, right), np.maximum(left, right)
    slack = tolerance * np.maximum(np.abs(low), np.abs(high)) + noise
    kink = (error > tolerance) & (high - low > 1e-3 * np.maximum(scale, floor))
    kink &= (given >= low - 1e3 * slack) & (given <= high + 1e3 * slack)
    counted = np.where(kink, 0.0, error)
    worst = int(counted.argmax())
    return GradientRow(
        name=name,
        checked=len(entries),
        max_relative_error=float(counted[worst]),
        worst=tuple(int(i) for i in np.unravel_index(entries[worst], array.shape)),
        analytic=float(given[worst]),
        numeric=float(numeric[worst]),
        kinks=int(kink.sum()),
        vacuous=bool(scale <= noise),
    )
