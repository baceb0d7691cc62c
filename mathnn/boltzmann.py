"""Restricted Boltzmann machines, and deep belief networks stacked from them (chapter 14).

Rows are samples: V (m, d) visible units, H (m, n) hidden ones, all 0 or 1, with weights W (d, n) and biases b (d,) of
the visible and c (n,) of the hidden units. A state has an energy, and low energy means high probability::

    E(v, h) = −b·v − c·h − v W h          p(v, h) = exp(−E(v, h)) / Z
    F(v) = −log Σ_h exp(−E(v, h)) = −b·v − Σ_j log(1 + exp(c_j + (v W)_j))
    log p(v) = −F(v) − log Z              Z = Σ_v exp(−F(v))
    p(h_j = 1 | v) = σ(c_j + (v W)_j)     p(v_i = 1 | h) = σ(b_i + (W h)_i)

The gradient of log p(v) is ⟨s⟩ given v, minus ⟨s⟩ under the model, for the statistics s = (vᵀh, v, h) that belong to
(W, b, c). The second mean runs over all states; contrastive divergence replaces it by a few steps of Gibbs sampling.

Sources: Smolensky, "Information processing in dynamical systems", 1986 (the machine); Hinton, "Training products of
experts by minimizing contrastive divergence", Neural Computation 14, 2002; Tieleman, "Training restricted Boltzmann
machines using approximations to the likelihood gradient", 2008 (persistent chains); Hinton, Osindero and Teh, "A fast
learning algorithm for deep belief nets", Neural Computation 18, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import sigmoid, softplus
from .arrays import numbers
from .callbacks import History
from .checks import count, flag, number
from .configurable import Configurable
from .data import as_dtype, as_features
from .errors import ConfigError, ShapeError, StateError
from .initializers import RandomNormal
from .initializers import get as get_initializer
from .layers import Dense, Layer
from .models import Sequential
from .optimizers import SGD
from .savable import Savable
from .schedules import Schedule

__all__ = ["DBN", "RBM"]

Array = NDArray[Any]

#: The smaller side may have so many units for what needs every state: 2²⁰ of them.
LARGEST = 20
SMALL = RandomNormal(stddev=0.01)
_CHUNK = 1 << 14


class RBM(Configurable, Savable):
    """A restricted Boltzmann machine of binary units, trained by contrastive divergence.

    Each batch moves θ = (W, b, c) up the estimate of the gradient of the mean log-likelihood,

        ∂/∂W ≈ VᵀP/m − V_kᵀP_k/m        ∂/∂b ≈ mean(V − V_k)        ∂/∂c ≈ mean(P − P_k)

    where P = p(h = 1 | V), and V_k is where k Gibbs steps lead from V (CD-k), or from where the chains of the last
    update stopped (``persistent``, PCD-k). ``weight_decay`` λ takes λ W off the first.

    All parameters lie in the vector ``theta``; ``W``, ``b`` and ``c`` are views into it: write ``rbm.W[...] = ...``.
    W starts from N(0, 0.01²), the biases from 0 (Hinton, "A practical guide to training RBMs", 2012).

    Parameters
    ----------
    units:
        n, the number of hidden units.
    k, persistent:
        Gibbs steps to each update, and whether the chains go on from update to update.
    learning_rate, momentum:
        Those of :class:`~mathnn.optimizers.SGD`; a schedule may stand for the rate.
    weight_decay:
        λ, on W alone.
    kernel_initializer:
        How W is drawn.
    seed:
        Starts the generators for initial weights, shuffling and sampling.

    Raises
    ------
    ConfigError, ShapeError, DtypeError, NonFiniteError, StateError
        For arguments out of range, data of the wrong shape or not in [0, 1], and questions before ``fit`` or ``build``.

    >>> from mathnn.datasets import bars_and_stripes
    >>> V, _ = bars_and_stripes(3)
    >>> rbm = RBM(units=8, learning_rate=0.2, seed=0)
    >>> history = rbm.fit(V, epochs=200, batch_size=2)
    >>> bool(rbm.log_likelihood(V).mean() > -9 * np.log(2))  # better than nine fair coins
    True
    """

    def __init__(
        self,
        units: int,
        k: int = 1,
        persistent: bool = False,
        learning_rate: float | Schedule = 0.1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        kernel_initializer: Any = SMALL,
        seed: int | None = None,
    ) -> None:
        self.units = count(self, "units", units, 1)
        self.k = count(self, "k", k, 1)
        self.persistent = flag(self, "persistent", persistent)
        self._optimizer = SGD(learning_rate, momentum)
        self.weight_decay = number(self, "weight_decay", weight_decay, 0)
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.seed = None if seed is None else count(self, "seed", seed, 0, math.inf)
        self._initial, self._shuffle, self._noise = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
        self.theta: Array = np.empty(0)
        self.visible = 0
        self._chains: Array | None = None
        self.history: History | None = None

    @property
    def learning_rate(self) -> float | Schedule:
        """η of the next update; a new one may be set between calls of ``fit``."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, new: float | Schedule) -> None:
        self._optimizer.learning_rate = new

    @property
    def momentum(self) -> float:
        """μ of the updates."""
        return self._optimizer.momentum

    @property
    def _generators(self) -> dict[str, np.random.Generator]:
        return {"initial": self._initial, "shuffle": self._shuffle, "noise": self._noise}

    # --- parameters -------------------------------------------------------------------------------------------------

    def build(self, visible: int, dtype: DTypeLike = np.float64) -> None:
        """Create the parameters for d = ``visible`` visible units; ``fit`` does it otherwise."""
        d, n = count("RBM.build", "visible", visible, 1), self.units
        dtype = as_dtype(dtype, "RBM.build")
        self.visible, self.theta, self._chains = d, np.zeros(d * n + d + n, dtype), None
        self._optimizer.reset()
        self.W[...] = self.kernel_initializer((d, n), self._initial, dtype)

    def parts(self, theta: Array | None = None) -> tuple[Array, Array, Array]:
        """Return the views (W, b, c) into θ, or those into another vector of its size, such as a gradient."""
        if not self.visible:
            raise StateError("RBM: it has no parameters yet; call fit(V), or build(visible)")
        theta = self.theta if theta is None else numbers("RBM.parts", theta)
        if theta.shape != self.theta.shape:
            raise ShapeError(f"RBM.parts needs a vector of shape {self.theta.shape}, got {theta.shape}")
        d, n = self.visible, self.units
        return theta[: d * n].reshape(d, n), theta[d * n : d * n + d], theta[d * n + d :]

    @property
    def W(self) -> Array:
        """The weights, (d, n)."""
        return self.parts()[0]

    @property
    def b(self) -> Array:
        """The biases of the visible units, (d,)."""
        return self.parts()[1]

    @property
    def c(self) -> Array:
        """The biases of the hidden units, (n,)."""
        return self.parts()[2]

    def _states(self, what: str, given: Any, size: int, binary: bool = False) -> Array:
        """Return X as rows of that many numbers in [0, 1], or of zeros and ones."""
        X: Array = as_features(given, f"RBM.{what}").astype(self.theta.dtype, copy=False)
        if X.shape[1:] != (size,):
            raise ShapeError(f"RBM.{what} expects rows of {size} units, shape (m, {size}), and got {X.shape}")
        if binary and not ((X == 0) | (X == 1)).all():
            raise ConfigError(f"RBM.{what} is defined for zeros and ones only: threshold the data, for example X > 0.5")
        if X.min() < 0 or X.max() > 1:
            raise ConfigError(
                f"RBM.{what} expects numbers in [0, 1], got {X.min():g} to {X.max():g}: normalize(X) brings them there"
            )
        return X

    def _visible(self, what: str, V: Any, binary: bool = False) -> Array:
        self.parts()
        return self._states(what, V, self.visible, binary)

    # --- energies and conditional probabilities ---------------------------------------------------------------------

    def energy(self, V: Any, H: Any) -> Array:
        """E(v, h) of each row: (m, d), (m, n) -> (m,)."""
        V, H = self._visible("energy", V), self._states("energy", H, self.units)
        if len(V) != len(H):
            raise ShapeError(f"RBM.energy: V has {len(V)} rows and H {len(H)}; each state is a row of both")
        E: Array = -V @ self.b - H @ self.c - np.sum(V @ self.W * H, axis=1)
        return E

    def free_energy(self, V: Any) -> Array:
        """F(v) of each row: (m, d) -> (m,)."""
        return _free_energy(self._visible("free_energy", V), *self.parts())

    def hidden_probabilities(self, V: Any) -> Array:
        """p(h = 1 | v) of each row: (m, d) -> (m, n). These are the features that the machine has learnt."""
        return self._up(self._visible("hidden_probabilities", V))

    def visible_probabilities(self, H: Any) -> Array:
        """p(v = 1 | h) of each row: (m, n) -> (m, d)."""
        self.parts()
        return self._down(self._states("visible_probabilities", H, self.units))

    def reconstruct(self, V: Any) -> Array:
        """p(v = 1 | h) for h = p(h = 1 | v): once up and down without noise, (m, d) -> (m, d)."""
        return self._down(self._up(self._visible("reconstruct", V)))

    def _up(self, V: Array) -> Array:
        return sigmoid.apply(V @ self.W + self.c)

    def _down(self, H: Array) -> Array:
        return sigmoid.apply(H @ self.W.T + self.b)

    # --- sampling ---------------------------------------------------------------------------------------------------

    def _draw(self, P: Array) -> Array:
        return (self._noise.random(P.shape, P.dtype) < P).astype(P.dtype)

    def _gibbs(self, V: Array, steps: int) -> Array:
        for _ in range(steps):
            V = self._draw(self._down(self._draw(self._up(V))))
        return V

    def gibbs(self, V: Any, steps: int = 1) -> Array:
        """Return where so many Gibbs steps, v → h → v, lead from each row of V: (m, d) -> (m, d)."""
        return self._gibbs(self._visible("gibbs", V), count("RBM.gibbs", "steps", steps, 0))

    def sample(self, n_samples: int = 1, steps: int = 1000) -> Array:
        """Return samples of the model, (n_samples, d), each from a Gibbs chain that starts at random bits."""
        start = np.full((count("RBM.sample", "n_samples", n_samples, 1), self.b.size), 0.5, self.theta.dtype)
        return self._gibbs(self._draw(start), count("RBM.sample", "steps", steps, 1))

    # --- what needs every state -------------------------------------------------------------------------------------

    def _every_state(self) -> Iterator[tuple[Array, Array, Array]]:
        """Yield all states S of the smaller side, in pieces, with −F(S) and the other side's probabilities."""
        W, b, c = (part.astype(np.float64) for part in self.parts())
        if self.units < self.visible:
            W, b, c = W.T, c, b
        if len(b) > LARGEST:
            raise ConfigError(
                f"RBM: exact sums run over 2^{len(b)} states here; they are possible where the visible or the hidden "
                f"side has at most {LARGEST} units"
            )
        for start in range(0, 2 ** len(b), _CHUNK):
            indices = np.arange(start, min(start + _CHUNK, 2 ** len(b)))
            S = ((indices[:, None] >> np.arange(len(b))) & 1).astype(np.float64)
            yield S, -_free_energy(S, W, b, c), sigmoid.apply(S @ W + c)

    def log_partition(self) -> float:
        """log Z, summed over all states of the smaller side; ConfigError if that has more than 20 units."""
        logs = np.concatenate([log for _, log, _ in self._every_state()])
        return float(logs.max() + np.log(np.exp(logs - logs.max()).sum()))

    def log_likelihood(self, V: Any) -> Array:
        """log p(v) of each row, exactly: (m, d) -> (m,). Its mean over a data set is what training raises."""
        F = self.free_energy(self._visible("log_likelihood", V, binary=True))
        return -F - self.log_partition()

    def exact_gradient(self, V: Any) -> Array:
        """The gradient of the mean of log p(v) by θ, exactly, as a vector; ``parts`` takes it apart."""
        V = self._visible("exact_gradient", V)
        log_Z = self.log_partition()
        model: Array = np.zeros(self.theta.size)
        dW, db, dc = self.parts(model)
        if self.units < self.visible:
            dW, db, dc = dW.T, dc, db
        for S, log, P in self._every_state():
            p = np.exp(log - log_Z)
            dW += S.T @ (p[:, None] * P)
            db += p @ S
            dc += p @ P
        gradient: Array = self._statistics(V) - model.astype(self.theta.dtype)
        return gradient

    # --- training ---------------------------------------------------------------------------------------------------

    def _statistics(self, V: Array) -> Array:
        """Return the mean of (vᵀp, v, p) over the rows, p = p(h = 1 | v), as one vector."""
        P, m = self._up(V), len(V)
        return np.concatenate([(V.T @ P / m).ravel(), V.mean(axis=0), P.mean(axis=0)])

    def cd_gradient(self, V: Any, k: int | None = None) -> Array:
        """The CD-k estimate of ``exact_gradient``, with new noise at every call; k None is the constructor's."""
        V = self._visible("cd_gradient", V)
        k = self.k if k is None else count("RBM.cd_gradient", "k", k, 1)
        return self._statistics(V) - self._statistics(self._gibbs(V, k))

    def _pcd_gradient(self, V: Array) -> Array:
        if self._chains is None:
            self._chains = self._draw(np.full(V.shape, 0.5, V.dtype))
        self._chains = self._gibbs(self._chains, self.k)
        return self._statistics(V) - self._statistics(self._chains)

    def fit(self, V: Any, *, epochs: int = 10, batch_size: int = 10, likelihood: bool = False) -> History:
        """Train on the rows of V, and go on from where the last ``fit`` stopped.

        Numbers between 0 and 1, such as grey pixels, count as probabilities. With ``persistent`` there are as many
        chains as the first batch has rows.

        Returns
        -------
        History
            ``reconstruction_error``, the mean of (V − reconstruct(V))² after each epoch, and with ``likelihood`` the
            mean ``log_likelihood`` of the data, exact, hence for small machines only.
        """
        count("RBM.fit", "epochs", epochs, 1), count("RBM.fit", "batch_size", batch_size, 1)
        likelihood = flag("RBM.fit", "likelihood", likelihood)
        X = as_features(V, "RBM.fit")
        if not self.visible:
            self._states("fit", X, X.shape[-1])
            self.build(X.shape[-1], X.dtype)
        V = self._visible("fit", X, binary=likelihood)
        if likelihood:
            next(self._every_state())  # refuses what is too large before anything has been learnt
        estimate = self._pcd_gradient if self.persistent else self.cd_gradient
        self.history = History()
        for epoch in range(epochs):
            order = self._shuffle.permutation(len(V))
            for start in range(0, len(V), batch_size):
                ascent = estimate(V[order[start : start + batch_size]])
                self.parts(ascent)[0][...] -= self.weight_decay * self.W
                self._optimizer.step(self.theta, -ascent)
            logs = {"reconstruction_error": float(np.mean((V - self.reconstruct(V)) ** 2, dtype=np.float64))}
            if likelihood:
                logs["log_likelihood"] = float(self.log_likelihood(V).mean())
            self.history.on_epoch_end(epoch, logs)
        return self.history


class DBN(Configurable, Savable):
    """A deep belief network: RBMs stacked, each trained on what the one below makes of the data.

    Greedy training: the first RBM learns V, the second p(h = 1 | V) of the first, and so on. ``to_sequential`` carries
    the weights over into a network of sigmoid layers, to be fine-tuned by backpropagation.

    Parameters
    ----------
    units:
        The number of hidden units of each RBM, from the data upwards.
    k, persistent, learning_rate, momentum, weight_decay, kernel_initializer, seed:
        Those of every :class:`RBM`; the seed gives each its own.

    >>> from mathnn.datasets import bars_and_stripes
    >>> V, _ = bars_and_stripes(2)
    >>> dbn = DBN([6, 3], seed=0)
    >>> histories = dbn.fit(V, epochs=5)
    >>> model = dbn.to_sequential([Dense(1, "sigmoid")])
    >>> [layer.units for layer in model.layers], dbn.transform(V).shape
    ([6, 3, 1], (6, 3))
    """

    def __init__(
        self,
        units: Sequence[int],
        k: int = 1,
        persistent: bool = False,
        learning_rate: float | Schedule = 0.1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        kernel_initializer: Any = SMALL,
        seed: int | None = None,
    ) -> None:
        if isinstance(units, str) or not isinstance(units, Sequence) or not units:
            raise ConfigError(f"DBN: units must be a list of layer sizes, such as [64, 32], got {units!r}")
        self.units, self.k, self.persistent = units, k, persistent
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.seed = None if seed is None else count(self, "seed", seed, 0, math.inf)
        seeds = np.random.SeedSequence(seed).generate_state(len(units)).tolist()
        self.rbms = [
            RBM(n, k, persistent, learning_rate, momentum, weight_decay, kernel_initializer, s)
            for n, s in zip(units, seeds, strict=True)
        ]

    def fit(self, V: Any, *, epochs: int = 10, batch_size: int = 10) -> list[History]:
        """Train the RBMs one after the other; return the history of each."""
        histories = []
        for rbm in self.rbms:
            histories.append(rbm.fit(V, epochs=epochs, batch_size=batch_size))
            V = rbm.hidden_probabilities(V)
        return histories

    def transform(self, V: Any) -> Array:
        """The probabilities of the top hidden units: (m, d) -> (m, units[-1])."""
        for rbm in self.rbms:
            V = rbm.hidden_probabilities(V)
        features: Array = V
        return features

    def _downwards(self, H: Array, rbms: list[RBM]) -> Array:
        for rbm in reversed(rbms):
            H = rbm.visible_probabilities(H)
        return H

    def reconstruct(self, V: Any) -> Array:
        """All the way up and down again, without noise: (m, d) -> (m, d)."""
        return self._downwards(self.transform(V), self.rbms)

    def sample(self, n_samples: int = 1, steps: int = 1000) -> Array:
        """Draw from the top RBM by Gibbs sampling and go down by probabilities: (n_samples, d)."""
        *below, top = self.rbms
        return self._downwards(top.sample(n_samples, steps), below)

    def to_sequential(self, head: Sequence[Layer] = (), seed: int | None = None) -> Sequential:
        """Return a built network of one ``Dense(n, "sigmoid")`` for each RBM, with its W and c, and then the head."""
        bottom = self.rbms[0]
        bottom.parts()
        if not isinstance(head, list | tuple):
            raise ConfigError(f"DBN.to_sequential: head must be a list of layers, got {head!r}")
        layers: list[Layer] = [Dense(rbm.units, "sigmoid") for rbm in self.rbms]
        model = Sequential([*layers, *head], seed=seed, input_shape=(bottom.visible,), dtype=bottom.theta.dtype)
        for layer, rbm in zip(model.layers, self.rbms, strict=False):
            layer.set_weights([rbm.W, rbm.c])
        return model


def _free_energy(V: Array, W: Array, b: Array, c: Array) -> Array:
    F: Array = -V @ b - softplus.apply(V @ W + c).sum(axis=1)
    return F
