"""Boltzmann machines against sums over every state, written as the definitions are."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import mathnn
from mathnn import ConfigError, DtypeError, NonFiniteError, ShapeError, StateError, boltzmann
from mathnn.boltzmann import DBN, RBM
from mathnn.datasets import bars_and_stripes

SIZES = [(3, 2), (2, 3), (3, 3), (1, 4)]
sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def machine(d: int, n: int, seed: int = 0, scale: float = 1.0, **arguments) -> RBM:
    """A machine with large random parameters."""
    rbm = RBM(n, seed=seed, **arguments)
    rbm.build(d)
    rbm.theta[:] = scale * np.random.default_rng([seed, d, n]).standard_normal(rbm.theta.size)
    return rbm


def states(n: int) -> list[tuple[int, ...]]:
    return list(itertools.product([0, 1], repeat=n))


def energy(rbm: RBM, v, h) -> float:
    """−Σ b_i v_i − Σ c_j h_j − Σ v_i W_ij h_j, term by term."""
    E = -sum(b * x for b, x in zip(rbm.b, v, strict=True)) - sum(c * x for c, x in zip(rbm.c, h, strict=True))
    return E - sum(v[i] * rbm.W[i, j] * h[j] for i in range(len(v)) for j in range(len(h)))


def joint(rbm: RBM) -> dict:
    """p(v, h) of every state."""
    d, n = rbm.W.shape
    weights = {(v, h): math.exp(-energy(rbm, v, h)) for v in states(d) for h in states(n)}
    Z = math.fsum(weights.values())
    return {state: w / Z for state, w in weights.items()}


def marginal(rbm: RBM) -> dict:
    """p(v) of every v."""
    p: dict = {}
    for (v, _), share in joint(rbm).items():
        p[v] = p.get(v, 0.0) + share
    return p


def transition(rbm: RBM) -> np.ndarray:
    """The probability of going from one visible state to another in a Gibbs step, for all pairs."""
    d, n = rbm.W.shape

    def bits(p, x):
        return np.prod(np.where(np.array(x) == 1, p, 1 - p))

    def sigma(z):
        return 1 / (1 + np.exp(-z))

    T = np.zeros((2**d, 2**d))
    for i, v in enumerate(states(d)):
        for h in states(n):
            to_h = bits(sigma(rbm.c + np.array(v) @ rbm.W), h)
            for j, w in enumerate(states(d)):
                T[i, j] += to_h * bits(sigma(rbm.b + rbm.W @ np.array(h)), w)
    return T


# --- exact quantities -----------------------------------------------------------------------------------------------


@sizes
def test_energy_and_free_energy_are_their_definitions(size) -> None:
    rbm = machine(*size)
    pairs = [(v, h) for v in states(size[0]) for h in states(size[1])]
    V, H = (np.array(side) for side in zip(*pairs, strict=True))
    assert_allclose(rbm.energy(V, H), [energy(rbm, v, h) for v, h in pairs], rtol=1e-13, atol=1e-13)
    V = np.array(states(size[0]))
    # exp(−F(v)) = Σ_h exp(−E(v, h))
    summed = [math.fsum(math.exp(-energy(rbm, v, h)) for h in states(size[1])) for v in states(size[0])]
    assert_allclose(np.exp(-rbm.free_energy(V)), summed, rtol=1e-12)


@sizes
def test_log_likelihood_against_the_sum_over_all_states(size, monkeypatch) -> None:
    rbm = machine(*size)
    expected = marginal(rbm)
    V = np.array(states(size[0]))
    assert_allclose(rbm.log_likelihood(V), [math.log(expected[v]) for v in states(size[0])], rtol=1e-12)
    assert_allclose(np.exp(rbm.log_likelihood(V)).sum(), 1, rtol=1e-12)
    whole = rbm.log_partition(), rbm.exact_gradient(V)
    monkeypatch.setattr(boltzmann, "_CHUNK", 3)
    assert_allclose(rbm.log_partition(), whole[0], rtol=1e-14)
    assert_allclose(rbm.exact_gradient(V), whole[1], rtol=1e-12, atol=1e-15)


def test_log_partition_of_large_energies() -> None:
    rbm = machine(4, 3, scale=300.0)
    lowest = min(energy(rbm, v, h) for v in states(4) for h in states(3))
    assert -lowest <= rbm.log_partition() <= -lowest + 7 * math.log(2)


@sizes
def test_conditional_probabilities_are_ratios_of_the_joint(size) -> None:
    rbm = machine(*size)
    p = joint(rbm)
    for v in states(size[0]):
        total = math.fsum(p[v, h] for h in states(size[1]))
        on = [math.fsum(p[v, h] for h in states(size[1]) if h[j]) / total for j in range(size[1])]
        assert_allclose(rbm.hidden_probabilities([v])[0], on, rtol=1e-12)
    for h in states(size[1]):
        total = math.fsum(p[v, h] for v in states(size[0]))
        on = [math.fsum(p[v, h] for v in states(size[0]) if v[i]) / total for i in range(size[0])]
        assert_allclose(rbm.visible_probabilities([h])[0], on, rtol=1e-12)


@sizes
def test_exact_gradient_against_finite_differences(size) -> None:
    rbm = machine(*size)
    V = np.array(states(size[0]))[:3]
    analytic = rbm.exact_gradient(V)
    step = 1e-5
    for i in range(rbm.theta.size):
        kept = rbm.theta[i]
        rbm.theta[i] = kept + step
        above = rbm.log_likelihood(V).mean()
        rbm.theta[i] = kept - step
        below = rbm.log_likelihood(V).mean()
        rbm.theta[i] = kept
        assert_allclose(analytic[i], (above - below) / (2 * step), rtol=1e-6, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 5))
def test_the_score_has_mean_zero(seed: int, d: int, n: int) -> None:
    # Σ_v p(v) ∇ log p(v) = ∇ Σ_v p(v) = 0
    rbm = machine(d, n, seed=seed)
    V = np.array(states(d))
    p = np.exp(rbm.log_likelihood(V))
    assert_allclose(sum(share * rbm.exact_gradient(v[None]) for share, v in zip(p, V, strict=True)), 0, atol=1e-12)


# --- sampling -------------------------------------------------------------------------------------------------------


def within_five_errors(samples: np.ndarray, expected: np.ndarray) -> None:
    """The means of the columns lie within five standard errors: with this seed for ever, or never."""
    error = samples.std(axis=0) / math.sqrt(len(samples))
    assert (np.abs(samples.mean(axis=0) - expected) <= 5 * error + 1e-12).all()


def frequencies(V: np.ndarray, d: int) -> np.ndarray:
    """One column of zeros and ones for each visible state: the indicator that V is there."""
    return (V[:, None, :] == np.array(states(d))[None]).all(axis=2).astype(float)


def test_one_gibbs_step_has_the_right_probabilities() -> None:
    rbm = machine(2, 3)
    T = transition(rbm)
    for i, v in enumerate(states(2)):
        V = rbm.gibbs(np.repeat([v], 20_000, axis=0))
        within_five_errors(frequencies(V, 2), T[i])
    assert_array_equal(rbm.gibbs(np.eye(2), steps=0), np.eye(2))


def test_samples_follow_the_model() -> None:
    rbm = machine(3, 2)
    V = rbm.sample(20_000, steps=60)
    p = np.array(list(marginal(rbm).values()))
    assert_allclose(p @ transition(rbm), p, atol=1e-12)  # the chain keeps the distribution of the model
    within_five_errors(frequencies(V, 3), p)


def expected_cd(rbm: RBM, v: np.ndarray, k: int) -> np.ndarray:
    """The expectation of the CD-k gradient from v, by the transition matrix."""
    d = len(rbm.b)
    there = np.linalg.matrix_power(transition(rbm), k)[states(d).index(tuple(int(x) for x in v))]
    P = rbm.hidden_probabilities(states(d))
    S = np.array(states(d), dtype=float)
    model = np.concatenate([np.einsum("s,si,sj->ij", there, S, P).ravel(), there @ S, there @ P])
    p = rbm.hidden_probabilities([v])[0]
    return np.concatenate([np.outer(v, p).ravel(), v, p]) - model


@pytest.mark.parametrize("k", [1, 3])
def test_cd_is_unbiased_for_its_own_expectation(k: int) -> None:
    rbm = machine(3, 2, k=k)
    v = np.array([1.0, 0.0, 1.0])
    samples = np.array([rbm.cd_gradient(v[None]) for _ in range(2000)])
    within_five_errors(samples, expected_cd(rbm, v, k))


def test_cd_k_approaches_the_exact_gradient_as_k_grows() -> None:
    rbm = machine(3, 2, seed=2, scale=2.5)  # one whose chain mixes slowly
    v = np.array([1.0, 1.0, 0.0])
    exact = rbm.exact_gradient(v[None])
    bias = [float(np.linalg.norm(expected_cd(rbm, v, k) - exact)) for k in range(1, 30)]
    assert all(later < earlier for earlier, later in itertools.pairwise(bias))
    # In the limit by the second eigenvalue of the chain, 0.73, at each step.
    second = sorted(np.abs(np.linalg.eigvals(transition(rbm))))[-2]
    assert_allclose(bias[-1] / bias[-2], second, rtol=1e-3)
    # The library's own samples are as far off, to within the noise of 20,000 chains.
    V = np.repeat(v[None], 20_000, axis=0)
    for k in (1, 2, 5, 10, 25):
        off = float(np.linalg.norm(rbm.cd_gradient(V, k) - exact))
        assert abs(off - bias[k - 1]) < 5 * math.sqrt(rbm.theta.size) / math.sqrt(20_000) / 2


# --- training -------------------------------------------------------------------------------------------------------


def test_an_update_is_the_rule() -> None:
    V, _ = bars_and_stripes(2)
    rbm, twin = (machine(4, 3, learning_rate=0.5, momentum=0.9, weight_decay=0.01) for _ in range(2))
    rbm.fit(V, epochs=2, batch_size=len(V))
    velocity = np.zeros_like(twin.theta)
    for _ in range(2):
        order = twin._shuffle.permutation(len(V))
        decay = np.concatenate([0.01 * twin.W.ravel(), np.zeros(7)])
        velocity = 0.9 * velocity + 0.5 * (twin.cd_gradient(V[order]) - decay)
        twin.theta += velocity
    assert_allclose(rbm.theta, twin.theta, rtol=1e-12)


def test_persistent_chains_go_on_where_they_stood() -> None:
    V, _ = bars_and_stripes(2)
    rbm, twin = (machine(4, 3, persistent=True, k=2) for _ in range(2))
    rbm.fit(V, epochs=3, batch_size=4)
    chains = twin._draw(np.full((4, 4), 0.5))
    for _ in range(3):
        order = twin._shuffle.permutation(len(V))
        for batch in (V[order[:4]], V[order[4:]]):
            chains = twin.gibbs(chains, 2)
            twin.theta += 0.1 * (twin._statistics(batch) - twin._statistics(chains))
    assert_allclose(rbm.theta, twin.theta, rtol=1e-12)


@pytest.mark.parametrize(
    "arguments", [{"k": 1}, {"k": 3}, {"persistent": True}, {"momentum": 0.5, "learning_rate": 0.1}], ids=str
)
def test_the_likelihood_of_bars_and_stripes_rises_above_uniform(arguments: dict) -> None:
    V, _ = bars_and_stripes(3)
    rbm = RBM(8, seed=0, **{"learning_rate": 0.2, **arguments})
    history = rbm.fit(V, epochs=200, batch_size=2, likelihood=True).history
    uniform, best = -9 * math.log(2), -math.log(len(V))
    assert uniform + 0.15 < history["log_likelihood"][-1] < best
    assert history["log_likelihood"][0] < uniform + 0.01
    assert_allclose(history["log_likelihood"][-1], rbm.log_likelihood(V).mean())
    assert_allclose(history["reconstruction_error"][-1], ((V - rbm.reconstruct(V)) ** 2).mean())


def test_ascent_by_the_exact_gradient_never_falls() -> None:
    V, _ = bars_and_stripes(2)
    rbm = RBM(4, kernel_initializer="glorot_normal", seed=1)
    rbm.build(4)
    before = -math.inf
    for _ in range(300):
        now = rbm.log_likelihood(V).mean()
        assert now > before
        before = now
        rbm.theta += rbm.exact_gradient(V)
    assert before > -2.25  # fair coins have -2.77, and nothing beats -log 6 = -1.79


def test_same_seed_same_bits_and_fit_goes_on() -> None:
    V, _ = bars_and_stripes(2)
    first, second, third = (RBM(3, persistent=True, momentum=0.5, seed=s) for s in (5, 5, 6))
    first.fit(V, epochs=4, batch_size=4)
    second.fit(V, epochs=2, batch_size=4)
    second.fit(V, epochs=2, batch_size=4)
    third.fit(V, epochs=4, batch_size=4)
    assert_array_equal(first.theta, second.theta)
    assert not np.array_equal(first.theta, third.theta)
    assert_array_equal(first.sample(3, steps=5), second.sample(3, steps=5))


def test_the_global_generator_and_the_data_are_left_alone() -> None:
    V, _ = bars_and_stripes(2)
    V.setflags(write=False)
    kept = V.copy()
    before = np.random.get_state()[1].copy()  # noqa: NPY002  it is looked at, not used
    RBM(3).fit(V, epochs=2)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert_array_equal(V, kept)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda rbm: pickle.loads(pickle.dumps(rbm))])
def test_copies_are_equal_and_independent(how: Callable[[RBM], RBM]) -> None:
    V, _ = bars_and_stripes(2)
    rbm = RBM(3, persistent=True, momentum=0.5, seed=0)
    rbm.fit(V, epochs=2)
    twin, before = how(rbm), rbm.theta.copy()
    twin.fit(V, epochs=3)
    assert_array_equal(rbm.theta, before)
    rbm.fit(V, epochs=3)
    assert_array_equal(rbm.theta, twin.theta)
    twin.W[...] = 0
    assert not twin.theta[:12].any()


def test_float32_stays_float32() -> None:
    V = bars_and_stripes(2).X.astype(np.float32)
    rbm = RBM(3, weight_decay=0.1, seed=0)
    rbm.fit(V, epochs=2)
    arrays = [rbm.theta, rbm.sample(2, 3), rbm.exact_gradient(V), rbm.cd_gradient(V), rbm.reconstruct(V)]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    twin = machine(4, 3)
    twin.theta[:] = rbm.theta
    assert_allclose(rbm.log_likelihood(V), twin.log_likelihood(V), rtol=1e-5)
    assert RBM(2).fit(np.eye(3, dtype=int), epochs=1).history["reconstruction_error"]


def test_grey_values_are_probabilities() -> None:
    V = np.random.default_rng(0).uniform(size=(8, 5))
    rbm = RBM(3, seed=0)
    rbm.fit(V, epochs=2)
    P = rbm.hidden_probabilities(V)
    dW, db, dc = rbm.parts(rbm._statistics(V))
    assert_allclose(dW, sum(np.outer(v, p) for v, p in zip(V, P, strict=True)) / 8, rtol=1e-12)
    assert_allclose(db, V.mean(axis=0))
    assert_allclose(dc, P.mean(axis=0))


def test_config_makes_the_same_machine() -> None:
    rbm = RBM(3, k=2, weight_decay=0.1, kernel_initializer="zeros", seed=1)
    assert repr(rbm) == "RBM(units=3, k=2, weight_decay=0.1, kernel_initializer=Zeros(), seed=1)"
    assert RBM.from_config(rbm.config).config == rbm.config
    assert repr(DBN([3, 2], seed=1)) == "DBN(units=[3, 2], seed=1)"


# --- deep belief networks -------------------------------------------------------------------------------------------


def test_greedy_training_is_one_machine_after_the_other() -> None:
    V, _ = bars_and_stripes(3)
    dbn = DBN([6, 4], k=2, learning_rate=0.2, seed=3)
    histories = dbn.fit(V, epochs=3, batch_size=5)
    assert [len(h.epoch) for h in histories] == [3, 3]
    bottom, top = (RBM(n, k=2, learning_rate=0.2, seed=rbm.seed) for n, rbm in zip((6, 4), dbn.rbms, strict=True))
    bottom.fit(V, epochs=3, batch_size=5)
    top.fit(bottom.hidden_probabilities(V), epochs=3, batch_size=5)
    assert_array_equal(dbn.rbms[0].theta, bottom.theta)
    assert_array_equal(dbn.rbms[1].theta, top.theta)
    assert_array_equal(dbn.transform(V), top.hidden_probabilities(bottom.hidden_probabilities(V)))
    up_and_down = bottom.visible_probabilities(top.visible_probabilities(dbn.transform(V)))
    assert_array_equal(dbn.reconstruct(V), up_and_down)
    assert_array_equal(dbn.sample(4, steps=3), bottom.visible_probabilities(top.sample(4, steps=3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_its_weights_go_into_a_sequential_to_be_fine_tuned(dtype: type) -> None:
    data = bars_and_stripes(3)
    V = data.X.astype(dtype)
    dbn = DBN([6, 4], seed=0)
    dbn.fit(V, epochs=2)
    body = dbn.to_sequential()
    assert body.dtype == dtype
    assert_array_equal(body.predict(V), dbn.transform(V))
    model = dbn.to_sequential([mathnn.Dense(3, "softmax")], seed=1)
    before = dbn.rbms[0].theta.copy()
    model.compile(mathnn.Adam(0.2), "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(V, data.y, epochs=100, batch_size=7, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert_array_equal(dbn.rbms[0].theta, before)


# --- what is refused ------------------------------------------------------------------------------------------------

BITS = np.eye(3)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: RBM(0), ConfigError, "units"),
        (lambda: RBM(2.5), ConfigError, "units"),
        (lambda: RBM(2, k=0), ConfigError, "k must be"),
        (lambda: RBM(2, learning_rate=-1), ConfigError, "learning_rate"),
        (lambda: RBM(2, momentum=1.0), ConfigError, "momentum"),
        (lambda: RBM(2, weight_decay=-0.1), ConfigError, "weight_decay"),
        (lambda: RBM(2, seed=-1), ConfigError, "seed"),
        (lambda: RBM(2, kernel_initializer="he_norm"), ConfigError, "Did you mean"),
        (lambda: RBM(2).build(0), ConfigError, "visible"),
        (lambda: RBM(2).build(3, "int32"), ConfigError, "dtype"),
        (lambda: RBM(2).W, StateError, r"call fit\(V\)"),
        (lambda: RBM(2).sample(), StateError, r"call fit\(V\)"),
        (lambda: RBM(2).visible_probabilities([[1, 0]]), StateError, r"call fit\(V\)"),
        (lambda: RBM(2).log_partition(), StateError, r"call fit\(V\)"),
        (lambda: RBM(2).fit(BITS, epochs=0), ConfigError, "epochs"),
        (lambda: RBM(2).fit(BITS, batch_size=0), ConfigError, "batch_size"),
        (lambda: RBM(2).fit(BITS - 0.5), ConfigError, r"-0.5 to 0.5: normalize"),
        (lambda: RBM(2).fit(2 * BITS), ConfigError, "normalize"),
        (lambda: RBM(2).fit([0, 1, 1]), ShapeError, "rows are samples"),
        (lambda: RBM(2).fit(np.zeros((2, 3, 3))), ShapeError, "expects rows of 3 units"),
        (lambda: RBM(2).fit(np.zeros((0, 3))), ShapeError, "empty"),
        (lambda: RBM(2).fit([["a", "b"]]), DtypeError, "numbers"),
        (lambda: RBM(2).fit([[np.nan, 1.0]]), NonFiniteError, "NaN"),
        (lambda: RBM(2).fit(BITS / 2, likelihood=True), ConfigError, "zeros and ones only"),
        (lambda: machine(3, 2).fit(np.eye(4)), ShapeError, "expects rows of 3 units"),
        (lambda: machine(3, 2).log_likelihood(BITS / 2), ConfigError, "threshold"),
        (lambda: machine(3, 2).energy(BITS, np.eye(2)), ShapeError, "each state is a row of both"),
        (lambda: machine(3, 2).energy(BITS, BITS), ShapeError, "expects rows of 2 units"),
        (lambda: machine(3, 2).gibbs(BITS, steps=-1), ConfigError, "steps"),
        (lambda: machine(3, 2).sample(0), ConfigError, "n_samples"),
        (lambda: machine(3, 2).cd_gradient(BITS, k=0), ConfigError, "k must be"),
        (lambda: machine(3, 2).parts(np.zeros(3)), ShapeError, "parts needs a vector"),
        (lambda: machine(3, 2).parts("abc"), DtypeError, "parts"),
        (lambda: machine(30, 21).fit(np.zeros((1, 30)), likelihood=True), ConfigError, r"2\^21 states"),
        (lambda: machine(30, 21).log_partition(), ConfigError, r"2\^21 states"),
        (lambda: machine(21, 30).exact_gradient(np.zeros((1, 21))), ConfigError, "at most 20 units"),
        (lambda: DBN([]), ConfigError, "list of layer sizes"),
        (lambda: DBN(3), ConfigError, "list of layer sizes"),
        (lambda: DBN([3, 0]), ConfigError, "units"),
        (lambda: DBN([3], seed=-1), ConfigError, "seed"),
        (lambda: DBN([3]).to_sequential(), StateError, "call fit"),
        (lambda: DBN([3]).transform(BITS), StateError, "call fit"),
    ],
)
def test_what_is_refused(wrong: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        wrong()


def test_a_refused_fit_leaves_an_unbuilt_machine() -> None:
    rbm = RBM(2)
    with pytest.raises(ConfigError):
        rbm.fit(2 * BITS)
    rbm.fit(np.eye(5), epochs=1)
    assert rbm.W.shape == (5, 2)
