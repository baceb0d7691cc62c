"""Layers side by side: a shortcut around some, branches that meet again, and a slice of the features."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..checks import choice
from ..errors import ConfigError, ShapeError
from .base import Array, Layer, Shape, registry
from .containers import Chain, Container

__all__ = ["Branches", "Residual", "Slice"]


@registry.add
class Residual(Chain):
    """A shortcut around layers: Y = f(X) + X, or f(X) + p(X) with a projection.

    Backward: ``dX = J_fᵀ dY + dY``, so the Jacobian is I + J_f and the gradient has a way back that no weight can
    close; with a projection ``dX = J_fᵀ dY + J_pᵀ dY``.

    Parameters
    ----------
    layers:
        f, one layer after the other.
    projection:
        p, needed where f changes the shape: ``Dense(k)``, or ``Conv2D(k, 1, strides=2)``.

    Raises
    ------
    ShapeError
        If f(X) and the shortcut have different shapes.

    Source: He, Zhang, Ren and Sun (2016), *Deep residual learning for image recognition*, equations 1 and 2.
    """

    def __init__(
        self, *layers: Layer, projection: Layer | None = None, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(layers, name=name, trainable=trainable)
        self.projection = None if projection is None else self.adopt(projection)
        self.name_layers()

    @property
    def sublayers(self) -> list[Layer]:
        """The layers of f, then the projection."""
        projection = self.__dict__.get("projection")
        return [*self.layers, *([] if projection is None else [projection])]

    @property
    def output_activation(self) -> None:
        """None: after the sum there is no activation."""

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Build f and the shortcut for the same input."""
        output = super().build(shape, rng, dtype)
        shortcut = shape if self.projection is None else self.projection.build(shape, rng, dtype)
        if output != shortcut:
            raise ShapeError(
                f"{self.label}: the layers turn one sample of shape {shape} into {output}, and the shortcut gives "
                f"{shortcut}; they are added, so pass projection=Dense(...) or Conv2D(..., 1) with the right output"
            )
        return output

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = f(X) + p(X)."""
        F = super().forward(X, training, cache)
        S = X if self.projection is None else self.projection.forward(X, training, cache)
        return np.add(F, S, self.scratch("Y", F.shape) if cache else None)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = J_fᵀ dY + J_pᵀ dY."""
        dF = super().backward(dY, need_dX)
        dS = dY if self.projection is None else self.projection.backward(dY, need_dX)
        if not need_dX:
            return None
        assert dF is not None
        assert dS is not None
        return np.add(dF, dS, self.scratch("dX", dF.shape))


@registry.add
class Branches(Container):
    """Several paths from the same input, joined: Y = [f_1(X), ..., f_k(X)] or Y = f_1(X) + ... + f_k(X).

    Backward: each path gets its own part of dY (concat) or all of it (add), and ``dX = Σ_i J_iᵀ dY_i``, since every
    path has used X.

    Parameters
    ----------
    paths:
        Each a layer, or a list of layers one after the other; the empty list passes X on as it is.
    merge:
        "concat" lays the outputs side by side along the last axis, "add" sums them.

    Raises
    ------
    ConfigError, ShapeError
        If there is no path, ``merge`` is neither of the two, or the outputs do not fit together.

    Source: Szegedy et al. (2015), *Going deeper with convolutions*, section 4, and Huang et al. (2017), *Densely
    connected convolutional networks*, equation 2.
    """

    def __init__(
        self,
        *paths: Layer | list[Layer],
        merge: str = "concat",
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        if not paths:
            raise ConfigError(f"{self.label} needs at least one path: a layer, or a list of layers")
        self.merge = choice(self, "merge", merge, ("concat", "add"))
        self.layers = [self.adopt(Chain(path) if isinstance(path, list | tuple) else path) for path in paths]
        self.name_layers()

    @property
    def paths(self) -> list[Layer]:
        """The paths, each one layer by now."""
        return self.layers

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Build each path for the same input."""
        super().build(shape, rng, dtype)
        shapes = [path.build(shape, rng, dtype) for path in self.paths]
        widths = [s[-1] or 0 for s in shapes]
        if self.merge == "add" and len(set(shapes)) > 1:
            raise ShapeError(f"{self.label} adds its paths, so their outputs must have one shape, got {shapes}")
        if self.merge == "concat" and (len({s[:-1] for s in shapes}) > 1 or 0 in widths):
            raise ShapeError(f"{self.label} joins along the last axis, so all other lengths must agree, got {shapes}")
        self.ends = np.cumsum(widths).tolist()
        self.output_shape = shapes[0] if self.merge == "add" else (*shapes[0][:-1], self.ends[-1])
        return self.output_shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Join the outputs of all paths."""
        self.check_input(X)
        outputs = [path.forward(X, training, cache) for path in self.paths]
        if cache:
            self.keep()
        if self.merge == "concat":
            return np.concatenate(outputs, axis=-1)
        Y = outputs[0] + outputs[1] if len(outputs) > 1 else outputs[0].copy()
        for output in outputs[2:]:
            Y += output
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = Σ_i J_iᵀ dY_i."""
        self.kept()
        if self.merge == "concat":
            parts = [np.ascontiguousarray(part) for part in np.split(dY, self.ends[:-1], axis=-1)]
        else:
            parts = [dY] * len(self.paths)
        dX: Array | None = None
        for path, part in zip(self.paths, parts, strict=True):
            d = path.backward(part, need_dX)
            if need_dX and d is not None:
                dX = d.copy() if dX is None else np.add(dX, d, dX)
        return dX


@registry.add
class Slice(Layer):
    """Some of the features: Y = X[..., start:stop].

    Backward: dX is zero except ``dX[..., start:stop] = dY``.

    Parameters
    ----------
    start, stop:
        As in a Python slice, along the last axis; None means from the beginning, to the end.

    Raises
    ------
    ConfigError, ShapeError
        If a bound is not an integer, or nothing is left.
    """

    def __init__(
        self, start: int | None = None, stop: int | None = None, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        for bound in (start, stop):
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | np.integer)):
                raise ConfigError(f"{self.label}: start and stop must be integers or None, got {start!r} and {stop!r}")
        self.start, self.stop = start, stop

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> Shape:
        """Return the input shape with fewer features."""
        if not shape or shape[-1] is None:
            raise ShapeError(f"{self.label} needs inputs with a known number of features, got {shape} for one sample")
        super().build(shape, rng, dtype)
        width = len(range(*slice(self.start, self.stop).indices(shape[-1])))
        if width < 1:
            raise ShapeError(f"{self.label}: [{self.start}:{self.stop}] leaves none of the {shape[-1]} features")
        self.output_shape = (*shape[:-1], width)
        return self.output_shape

    def forward(self, X: Array, training: bool = False, cache: bool = False) -> Array:
        """Y = X[..., start:stop]."""
        self.check_input(X)
        if cache:
            self.keep(X.shape)
        return np.ascontiguousarray(X[..., self.start : self.stop])

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX[..., start:stop] = dY, zero elsewhere."""
        (shape,) = self.kept()
        if not need_dX:
            return None
        dX: Array = np.zeros(shape, dY.dtype)
        dX[..., self.start : self.stop] = dY
        return dX
