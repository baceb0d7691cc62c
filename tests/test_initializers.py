"""The initializers against the distributions and the matrices that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mathnn import initializers
from mathnn.errors import ConfigError, ShapeError
from mathnn.initializers import Constant, Initializer, Orthogonal, RandomNormal, RandomUniform, VarianceScaling, fans

EVERY: list[Initializer] = [
    *(initializers.get(name) for name in initializers.registry.names()),
    Constant(0.5),
    RandomNormal(1.0, 2.0),
    RandomUniform(-1.0, 3.0),
    VarianceScaling(3.0, "fan_out", "uniform"),
    Orthogonal(gain=1.5),
]

every = pytest.mark.parametrize("initializer", EVERY, ids=repr)


@every
@given(shape=st.lists(st.integers(0, 4), min_size=2, max_size=4), seed=st.integers(0, 2**32))
def test_shape_dtype_and_reproducibility(initializer: Initializer, shape: list[int], seed: int) -> None:
    w = initializer(shape, np.random.default_rng(seed))
    assert w.shape == tuple(shape)
    assert w.dtype == np.float64
    assert_array_equal(w, initializer(tuple(shape), seed))
    w4 = initializer(shape, seed, np.float32)
    assert w4.dtype == np.float32
    assert_array_equal(w4, w.astype(np.float32))


@every
def test_numpys_global_generator_is_left_alone(initializer: Initializer) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (it is the global generator that is looked at)
    initializer((3, 4))
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_generator_moves_on() -> None:
    rng = np.random.default_rng(0)
    draw = initializers.get("he_normal")
    assert (draw((3, 4), rng) != draw((3, 4), rng)).all()
    assert (draw((3, 4)) != draw((3, 4))).all()


def test_fans_are_those_of_keras() -> None:
    assert fans(()) == (1, 1)
    assert fans((7,)) == (7, 7)
    assert fans((784, 256)) == (784, 256)
    assert fans((5, 3, 16, 32)) == (5 * 3 * 16, 5 * 3 * 32)


# Name, the variance that the paper demands for 300 inputs and 500 outputs, and the shape of the distribution.
SPREAD = [
    ("glorot_normal", 2 / (300 + 500), "normal"),
    ("glorot_uniform", 2 / (300 + 500), "uniform"),
    ("he_normal", 2 / 300, "normal"),
    ("he_uniform", 2 / 300, "uniform"),
    ("lecun_normal", 1 / 300, "normal"),
    ("lecun_uniform", 1 / 300, "uniform"),
    ("random_normal", 0.05**2, "normal"),
    ("random_uniform", 0.05**2 / 3, "uniform"),
    (VarianceScaling(3.0, "fan_out", "uniform"), 3 / 500, "uniform"),
    (VarianceScaling(), 1 / 300, "normal"),
]


@pytest.mark.parametrize(("which", "variance", "distribution"), SPREAD, ids=[str(s[0]) for s in SPREAD])
@pytest.mark.parametrize("shape", [(300, 500), (5, 5, 12, 20)], ids=str)
def test_moments(which: str, variance: float, distribution: str, shape: tuple[int, ...]) -> None:
    w = initializers.get(which)(shape, 1)
    # 150,000 (6,000) draws: five standard errors of the mean, of the variance, and of the fourth moment.
    n = w.size
    kurtosis = {"normal": 3.0, "uniform": 1.8}[distribution]
    if shape == (5, 5, 12, 20) and "random" not in str(which):
        assert fans(shape) == (300, 500)
    assert abs(w.mean()) < 5 * np.sqrt(variance / n)
    assert abs(w.var() / variance - 1) < 5 * np.sqrt((kurtosis - 1) / n)
    assert abs((w**4).mean() / variance**2 - kurtosis) < 5 * np.sqrt(96 / n)
    if distribution == "uniform":
        assert np.sqrt(3 * variance) * 0.99 < np.abs(w).max() <= np.sqrt(3 * variance)


def test_constants() -> None:
    assert_array_equal(initializers.get("zeros")((2, 3)), np.zeros((2, 3)))
    assert_array_equal(initializers.get("ones")(3), np.ones(3))
    assert_array_equal(Constant(2.5)(()), 2.5)


@pytest.mark.parametrize("shape", [(6, 6), (8, 3), (3, 8), (3, 3, 2, 5), (2, 2, 1, 9), (1, 4)], ids=str)
def test_orthogonal_is_orthogonal(shape: tuple[int, ...]) -> None:
    W = Orthogonal(gain=2.0)(shape, 0).reshape(-1, shape[-1])
    gram = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-14)


def test_orthogonal_matrices_are_uniform() -> None:
    # Without the sign correction QR gives 2×2 matrices whose first entry is never positive.
    first = np.array([Orthogonal()((2, 2), seed)[0, 0] for seed in range(200)])
    assert 70 < (first > 0).sum() < 130


@pytest.mark.parametrize("shape", [(-1, 2), (2.5, 2), "ab", (2, None), None, -3], ids=str)
@every
def test_shapes_that_are_none_are_refused(initializer: Initializer, shape: object) -> None:
    with pytest.raises(ShapeError, match=rf"{type(initializer).__name__}: shape must be integers"):
        initializer(shape)


def test_orthogonal_needs_a_matrix() -> None:
    with pytest.raises(ShapeError, match="Orthogonal needs a shape of two axes or more"):
        Orthogonal()((5,))


@pytest.mark.parametrize(
    "rng", [np.random, "seed", -1, 1.5, object()], ids=["module", "text", "negative", "fraction", "object"]
)
def test_what_is_not_a_generator_is_refused(rng: object) -> None:
    with pytest.raises(ConfigError, match=r"HeNormal: rng must be a np\.random\.Generator or a seed"):
        initializers.HeNormal()((2, 2), rng)


def test_arguments_are_checked() -> None:
    with pytest.raises(ConfigError, match="mode must be one of 'fan_in', 'fan_out', 'fan_avg', got 'fan'"):
        VarianceScaling(mode="fan")
    with pytest.raises(ConfigError, match="distribution must be"):
        VarianceScaling(distribution="truncated_normal")
    with pytest.raises(ConfigError, match="VarianceScaling: scale"):
        VarianceScaling(scale=0)
    with pytest.raises(ConfigError, match="RandomUniform: maxval"):
        RandomUniform(1.0, -1.0)
    with pytest.raises(ConfigError, match="RandomNormal: stddev"):
        RandomNormal(stddev=-1)
    with pytest.raises(ConfigError, match=r"unknown initializer 'he_norml'\. Did you mean 'he_normal'"):
        initializers.get("he_norml")


def test_keras_names_and_aliases() -> None:
    assert {
        "zeros", "ones", "constant", "random_normal", "random_uniform", "glorot_normal", "glorot_uniform", "he_normal",
        "he_uniform", "lecun_normal", "lecun_uniform", "orthogonal", "variance_scaling",
    } == set(initializers.registry.names())  # fmt: skip
    assert type(initializers.get("xavier_uniform")) is type(initializers.get("GlorotUniform"))


@every
def test_rebuilt_from_its_configuration(initializer: Initializer) -> None:
    twin = type(initializer).from_config(initializer.config)
    assert repr(twin) == repr(initializer)
    assert_array_equal(twin((4, 5), 7), initializer((4, 5), 7))


def test_an_initializer_of_ones_own_is_one_method() -> None:
    class Diagonal(Initializer):
        def draw(self, shape, rng):
            return np.eye(*shape)

    assert_array_equal(Diagonal()((2, 2), dtype=np.float32), np.eye(2))
    with pytest.raises(NotImplementedError, match="does not define draw"):
        Initializer()((2, 2))
