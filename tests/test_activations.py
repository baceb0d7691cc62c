"""The activations against differences, each other, PyTorch and 50-digit arithmetic, and at the extremes."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from mathnn import activations
from mathnn.activations import ELU, GELU, ActivationFunction, LeakyReLU, ReLU, RowActivation
from mathnn.errors import ConfigError, DtypeError, ShapeError
from mathnn.normal import normal_cdf
from tests.golden.activations import PATH

GOLDEN = json.loads(PATH.read_text())
EPS = 2.0**-52

REGISTERED: list[ActivationFunction] = activations.registry.items()
EVERY = [*REGISTERED, LeakyReLU(0.3), ELU(0.7), ELU(0.0), GELU(approximate=True)]
ELEMENTWISE = [f for f in EVERY if not isinstance(f, RowActivation)]
OF_ROWS = [f for f in EVERY if isinstance(f, RowActivation)]

# No point is nearer than 0.004 to a kink (0 and ±3).
GRID = np.arange(-1200, 1200) / 128 + 1 / 256


def named(functions: list[ActivationFunction]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("f", functions, ids=repr)


def five_point(f, z: np.ndarray, h: float = 1 / 1024) -> np.ndarray:
    """f'(z) by the five-point difference, whose error is h⁴ f⁗'/30."""
    return (8 * (f(z + h) - f(z - h)) - (f(z + 2 * h) - f(z - 2 * h))) / (12 * h)


# --- the derivative is the derivative -------------------------------------------------------------------------------


@named(ELEMENTWISE)
def test_derivative_agrees_with_differences(f: ActivationFunction) -> None:
    assert_allclose(f.derivative(GRID), five_point(f, GRID), rtol=1e-8, atol=1e-11)


@named(OF_ROWS)
@pytest.mark.parametrize("shape", [(1,), (4,), (3, 5), (2, 3, 4), (2, 70)], ids=str)
def test_jacobian_agrees_with_differences(f: RowActivation, shape: tuple[int, ...]) -> None:
    z = np.random.default_rng(0).normal(size=shape)
    J = f.jacobian(z)
    assert J.shape == (*shape, shape[-1])
    for j in range(shape[-1]):
        moved = np.zeros(shape)
        moved[..., j] = 1.0
        column = five_point(lambda s, e=moved: f(z + s * e), np.array(0.0))
        assert_allclose(J[..., :, j], column, rtol=1e-8, atol=1e-11)


@named(OF_ROWS)
def test_backward_is_the_transposed_jacobian(f: RowActivation) -> None:
    rng = np.random.default_rng(1)
    z, dA = rng.normal(size=(2, 6, 4)), rng.normal(size=(2, 6, 4))
    expected = np.einsum("...ij,...i->...j", f.jacobian(z), dA)
    assert_allclose(f.backward(dA, None, f.apply(z)), expected, rtol=1e-13, atol=1e-15)


@named(ELEMENTWISE)
def test_backward_is_the_cotangent_times_the_derivative(f: ActivationFunction) -> None:
    dA = np.random.default_rng(2).normal(size=GRID.shape)
    assert_allclose(f.backward(dA, GRID, f.apply(GRID)), dA * f.derivative(GRID), rtol=1e-14, atol=0)


def test_at_the_kinks_the_stated_value_is_returned() -> None:
    assert activations.relu.derivative(0.0) == 0
    assert activations.relu.derivative(-0.0) == 0
    assert activations.leaky_relu.derivative(0.0, negative_slope=0.25) == 0.25
    assert_array_equal(activations.step([-1e-300, -0.0, 0.0, 1e-300]), [0, 1, 1, 1])
    assert_array_equal(activations.step.derivative([-1.0, 0.0, 1.0]), [0, 0, 0])
    assert_array_equal(activations.hard_sigmoid([-3.0, 3.0]), [0, 1])
    assert_array_equal(activations.hard_sigmoid.derivative([-3.0, 3.0]), [0, 0])
    assert activations.elu.derivative(0.0, alpha=0.5) == 0.5


# --- the values are the values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN["functions"], ids=lambda c: f"{c['name']}{c['parameters'] or ''}")
def test_agrees_with_pytorch(case: dict) -> None:
    f = activations.get(case["name"])
    assert_allclose(f(GOLDEN["z"], **case["parameters"]), case["value"], rtol=1e-10, atol=1e-12)
    assert_allclose(f.derivative(GOLDEN["z"], **case["parameters"]), case["derivative"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", GOLDEN["of_rows"], ids=lambda c: c["name"])
def test_rows_agree_with_pytorch(case: dict) -> None:
    f = activations.get(case["name"])
    assert_allclose(f(GOLDEN["z_rows"]), case["value"], rtol=1e-10, atol=1e-12)
    assert_allclose(f.jacobian(GOLDEN["z_rows"]), case["jacobian"], rtol=1e-10, atol=1e-12)


def test_every_registered_function_has_golden_values() -> None:
    # PyTorch has no step function.
    golden = {case["name"] for case in GOLDEN["functions"] + GOLDEN["of_rows"]}
    assert set(activations.registry.names()) - golden == {"step"}


def test_normal_distribution_function_is_as_accurate_as_stated() -> None:
    z = np.concatenate([np.linspace(-12, 12, 1201), np.random.default_rng(0).normal(size=800) * 3, [-38.0, 38.9]])
    with mpmath.workdps(50):
        exact = [mpmath.ncdf(mpmath.mpf(float(v))) for v in z]
        error = np.array([float(abs(mpmath.mpf(float(p)) - q)) for p, q in zip(normal_cdf(z), exact, strict=True)])
        relative = error / np.array([float(q) for q in exact])
        z4 = z.astype(np.float32)
        error4 = [
            float(abs(mpmath.mpf(float(p)) - mpmath.ncdf(mpmath.mpf(float(v)))))
            for p, v in zip(normal_cdf(z4), z4, strict=True)
        ]
    assert error.max() <= 1.7e-16
    assert relative[z >= -5].max() <= 20 * EPS
    assert max(error4) <= 6.1e-8


@pytest.mark.parametrize(
    ("f", "exact", "ulps"),
    [
        (activations.sigmoid, lambda z: 1 / (1 + mpmath.exp(-z)), 3),
        (activations.softplus, lambda z: mpmath.log1p(mpmath.exp(z)), 3),
        (activations.silu, lambda z: z / (1 + mpmath.exp(-z)), 4),
        (activations.tanh, mpmath.tanh, 3),
    ],
    ids=["sigmoid", "softplus", "silu", "tanh"],
)
def test_small_values_keep_their_digits(f: ActivationFunction, exact, ulps: float) -> None:
    z = np.linspace(-700, 30, 1501)
    with mpmath.workdps(40):
        errors = [
            float(abs(mpmath.mpf(float(a)) / q - 1)) if q else abs(float(a))
            for a, q in zip(f(z), (exact(mpmath.mpf(float(v))) for v in z), strict=True)
        ]
    assert max(errors) <= ulps * EPS


def test_the_functions_are_related_as_the_formulas_say() -> None:
    sigmoid, tanh, softplus = activations.sigmoid, activations.tanh, activations.softplus
    assert_allclose(tanh(GRID), 2 * sigmoid(2 * GRID) - 1, atol=4 * EPS)
    assert_allclose(softplus.derivative(GRID), sigmoid(GRID), rtol=4 * EPS)
    assert_allclose(softplus(GRID) - softplus(-GRID), GRID, atol=10 * EPS)
    assert_allclose(activations.silu(GRID), GRID * sigmoid(GRID), rtol=4 * EPS)
    assert_allclose(activations.gelu(GRID) - activations.gelu(-GRID), GRID, rtol=1e-14)
    assert_allclose(activations.log_softmax(GRID), np.log(activations.softmax(GRID)), atol=1e-14)
    assert_allclose(activations.softmax([[0.7, 0.0]])[0, 0], sigmoid(0.7), rtol=4 * EPS)
    assert sigmoid.derivative(GRID).max() <= 0.25 == sigmoid.derivative(0.0)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    z = np.linspace(-12, 12, 400_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    a = activations.selu(z)
    assert abs(np.trapezoid(a * density, z)) < 1e-9
    assert abs(np.trapezoid(a**2 * density, z) - 1) < 1e-9


def test_gelu_approximation_is_as_good_as_stated() -> None:
    error = np.abs(activations.gelu(GRID, approximate=True) - activations.gelu(GRID)).max()
    assert 4e-4 < error < 5e-4


# --- what holds for every input ---------------------------------------------------------------------------------------

ANY_FLOATS = st.sampled_from([np.float32, np.float64]).flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
        elements=hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False),
    )
)


@named(EVERY)
@given(z=ANY_FLOATS)
def test_any_finite_input_gives_numbers_of_its_shape_and_dtype(f: ActivationFunction, z: np.ndarray) -> None:
    before = z.copy()
    slopes = f.jacobian(z) if isinstance(f, RowActivation) else f.derivative(z)
    a = f(z)
    assert a.shape == z.shape
    assert a.dtype == slopes.dtype == z.dtype
    assert not np.isnan(a).any()
    assert np.isfinite(slopes).all()
    assert not np.shares_memory(a, z)
    assert_array_equal(z, before)


@given(
    z=hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.sampled_from([1, 3, 80])), elements=st.floats(-50, 50)),
    shift=st.floats(-1000, 1000),
)
def test_softmax_is_a_distribution_that_a_shift_does_not_change(z: np.ndarray, shift: float) -> None:
    p = activations.softmax(z)
    assert (p >= 0).all()
    assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)
    assert_allclose(activations.softmax(z + shift), p, rtol=1e-11, atol=1e-300)
    assert_allclose(np.exp(activations.log_softmax(z + shift)), p, rtol=1e-11, atol=1e-300)


@given(z=hnp.arrays(np.float64, (6,), elements=st.floats(-100, 100)))
@pytest.mark.parametrize("name", ["linear", "step", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus"])
def test_monotone_functions_are_monotone(name: str, z: np.ndarray) -> None:
    z.sort()
    assert (np.diff(activations.get(name)(z)) >= 0).all()


INF = np.inf
LIMITS = {
    "linear": (-INF, INF), "step": (0, 1), "sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, INF),
    "leaky_relu": (-INF, INF), "elu": (-1, INF), "selu": (-1.6732632423543772 * 1.0507009873554805, INF),
    "gelu": (0, INF), "silu": (0, INF), "softplus": (0, INF), "hard_sigmoid": (0, 1),
}  # fmt: skip
SLOPES = {"linear": (1, 1), "leaky_relu": (0.01, 1), "selu": (0, 1.0507009873554805)} | dict.fromkeys(
    ("relu", "elu", "gelu", "silu", "softplus"), (0, 1)
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@named([f for f in REGISTERED if not isinstance(f, RowActivation)])
def test_infinity_gives_the_limit(f: ActivationFunction, dtype: type) -> None:
    ends = np.array([-INF, INF], dtype)
    assert_allclose(f(ends), np.array(LIMITS[f.name], dtype), rtol=1e-7 if dtype == np.float32 else 1e-15)
    assert_allclose(
        f.derivative(ends), np.array(SLOPES.get(f.name, (0, 0)), dtype), atol=1e-7 if dtype == np.float32 else EPS
    )


def test_softmax_at_extremes() -> None:
    softmax, log_softmax = activations.softmax, activations.log_softmax
    assert_array_equal(softmax([1.0, INF, 3.0]), [0, 1, 0])
    assert_array_equal(softmax([INF, INF, -INF]), [0.5, 0.5, 0])
    assert_array_equal(softmax([0.0, -INF]), [1, 0])
    assert_array_equal(softmax([1.7e308, -1.7e308]), [1, 0])
    assert_array_equal(log_softmax([1.7e308, -1.7e308]), [0, -INF])
    assert_array_equal(log_softmax([[0.0, 1000.0]]), [[-1000, 0]])
    assert np.isnan(softmax([np.nan, 1.0])).all()
    assert np.isnan(softmax([-INF, -INF])).all()


@named(EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_stays_nan_and_warns_nobody(f: ActivationFunction, dtype: type) -> None:
    z = np.array([[np.nan, 1.0]], dtype)
    assert np.isnan(f(z)[0, 0])


# --- what a layer relies on -------------------------------------------------------------------------------------------


@named(EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 5), (3, 70), (2, 3, 4)], ids=str)
def test_in_place_gives_the_same_bits(f: ActivationFunction, dtype: type, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    Z, dA = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    A = f.apply(Z)
    known = None if f.from_output else Z
    dZ = f.backward(dA, known, A)
    assert A.dtype == dZ.dtype == dtype
    assert not np.shares_memory(A, Z)
    assert not np.shares_memory(dZ, dA)

    elsewhere, in_place = np.full_like(Z, np.nan), Z.copy()
    assert f.apply(Z, elsewhere) is elsewhere
    assert f.apply(in_place, in_place) is in_place
    assert_array_equal(elsewhere, A)
    assert_array_equal(in_place, A)

    elsewhere, in_place = np.full_like(Z, np.nan), dA.copy()
    assert f.backward(dA, known, A, elsewhere) is elsewhere
    assert f.backward(in_place, known, A, in_place) is in_place
    assert_array_equal(elsewhere, dZ)
    assert_array_equal(in_place, dZ)


@named(EVERY)
def test_float32_agrees_with_float64(f: ActivationFunction) -> None:
    z = GRID.astype(np.float32).reshape(-1, 8)
    assert_allclose(f(z), f(z.astype(np.float64)), rtol=1e-6, atol=5e-7)


@named(EVERY)
def test_memory_layout_does_not_matter(f: ActivationFunction) -> None:
    z = np.random.default_rng(4).normal(size=(6, 8))
    # The last bits may differ: NumPy's vectorised loops treat strided data apart.
    assert_allclose(f(np.asfortranarray(z)[::2, ::-1]), f(z[::2, ::-1].copy()), rtol=4 * EPS, atol=EPS)


# --- calling them -----------------------------------------------------------------------------------------------------


@named(ELEMENTWISE)
def test_numbers_lists_integers_and_booleans_are_taken_as_float64(f: ActivationFunction) -> None:
    for z in (1, True, [1, 2], np.array([1, 2], np.int8), np.array(1.0), [[True, False]], np.float16(1.5), []):
        a, slope = f(z), f.derivative(z)
        assert a.dtype == slope.dtype == np.float64
        assert a.shape == slope.shape == np.shape(z)
        assert_array_equal(a, f(np.array(z, np.float64)))
    assert f(np.float32(1)).dtype == np.float32
    assert isinstance(f(1.0), float)


def test_parameters_can_be_given_with_the_call() -> None:
    assert activations.leaky_relu(-1.0, negative_slope=0.5) == LeakyReLU(0.5)(-1.0) == -0.5
    assert activations.elu.derivative(-1.0, alpha=2.0) == ELU(2.0).derivative(-1.0)
    with pytest.raises(ConfigError, match=r"^relu takes no arguments besides z, got alpha"):
        activations.relu(1.0, alpha=0.5)
    with pytest.raises(ConfigError, match=r"ELU has no argument 'alpa'\. Did you mean 'alpha'"):
        activations.elu(1.0, alpa=0.5)


@named(EVERY)
@pytest.mark.parametrize(
    ("z", "error", "message"),
    [
        ("1.5", DtypeError, "real numbers"),
        (["a", "b"], DtypeError, "real numbers"),
        ([None, 1.0], DtypeError, "real numbers"),
        ([object()], DtypeError, "real numbers"),
        ([1j], DtypeError, "real numbers"),
        (np.array(["2020-01-01"], "M8[D]"), DtypeError, "real numbers"),
        ([[1.0], [1.0, 2.0]], ShapeError, "rows of different lengths"),
    ],
    ids=["text", "texts", "none", "objects", "complex", "dates", "ragged"],
)
def test_what_is_not_numbers_is_refused(f: ActivationFunction, z: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        f(z)
    assert f.name in str(caught.value)
    with pytest.raises(error if not isinstance(f, RowActivation) else (error, ConfigError)):
        f.derivative(z)


@named(OF_ROWS)
def test_functions_of_rows_need_rows_and_have_no_derivative(f: RowActivation) -> None:
    for z in (1.0, [], np.ones((3, 0))):
        with pytest.raises(ShapeError, match=rf"{f.name} needs at least one number along the last axis"):
            f(z)
    assert f(np.ones((0, 3))).shape == (0, 3)
    with pytest.raises(ConfigError, match=rf"{f.name}.jacobian\(z\)"):
        f.derivative([1.0, 2.0])


@pytest.mark.parametrize("bad", [-0.1, 0, 1.5, np.nan, np.inf, "0.1", None, True])
def test_negative_slope_must_be_in_range(bad: object) -> None:
    with pytest.raises(ConfigError, match="LeakyReLU: negative_slope must be a number in"):
        LeakyReLU(bad)


def test_other_parameters_are_checked() -> None:
    with pytest.raises(ConfigError, match="ELU: alpha"):
        ELU(-1)
    with pytest.raises(ConfigError, match="GELU: approximate must be True or False, got 'tanh'"):
        GELU("tanh")


@named(REGISTERED)
def test_found_by_name_by_class_name_and_by_itself(f: ActivationFunction) -> None:
    for which in (f.name, f.name.upper(), type(f).__name__, f):
        assert activations.get(which) is f
    assert type(activations.get(type(f))) is type(f)
    assert getattr(activations, f.name) is f
    assert f.name in activations.__all__
    assert type(f).__name__ in activations.__all__


def test_unknown_names_suggest_the_nearest() -> None:
    assert activations.get("swish") is activations.silu is activations.swish
    with pytest.raises(ConfigError, match=r"unknown activation 'rellu'\. Did you mean 'relu'"):
        activations.get("rellu")
    with pytest.raises(ConfigError, match="Did you mean 'leaky_relu'"):
        activations.get("leaky-relu")
    for nonsense in (None, 3, np.tanh):
        with pytest.raises(ConfigError, match="activation must be a name or a ActivationFunction"):
            activations.get(nonsense)


@named(EVERY)
def test_rebuilt_copied_and_pickled_functions_are_the_same(f: ActivationFunction) -> None:
    z = np.array([[-1.5, 2.0]])
    for twin in (type(f).from_config(f.config), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert repr(twin) == repr(f)
        assert_array_equal(twin(z), f(z))


def test_a_function_of_ones_own_is_a_class_with_two_methods() -> None:
    class Square(ActivationFunction):
        def apply(self, Z, out=None):
            return np.square(Z, out=out)

        def slope(self, Z, A):
            return 2 * Z

    assert_array_equal(Square()([1, 2, 3]), [1, 4, 9])
    assert_array_equal(Square().derivative([1, 2, 3]), [2, 4, 6])
    for call in (ActivationFunction().__call__, ActivationFunction().derivative):
        with pytest.raises(NotImplementedError, match="does not define"):
            call(1.0)
    with pytest.raises(NotImplementedError, match=r"slope\(Z, A\)"):
        ActivationFunction().slope(None, np.ones(1))
    assert repr(ReLU()) == "ReLU()"


def test_nothing_heavier_than_numpy_is_imported() -> None:
    code = "import mathnn.activations, sys; print([m for m in ('scipy', 'sympy', 'matplotlib') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
