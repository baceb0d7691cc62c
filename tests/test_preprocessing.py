"""Preprocessing: splits that lose nothing, scalers fitted on the training part, components, batches, moved images."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathnn.errors import ConfigError, DtypeError, LabelError, MathnnError, NonFiniteError, ShapeError, StateError
from mathnn.preprocessing import (
    PCA,
    Normalizer,
    Standardizer,
    flip_images,
    minibatches,
    normalize,
    one_hot,
    random_flips,
    random_shifts,
    shift_images,
    standardize,
    train_test_split,
)

# --- splitting --------------------------------------------------------------------------------------------------------


@given(st.integers(2, 60), st.integers(0, 5), st.floats(0.05, 0.95))
def test_a_split_loses_nothing_and_keeps_rows_together(m: int, seed: int, share: float) -> None:
    X, y = np.arange(2 * m).reshape(m, 2), np.arange(m)
    n = math.ceil(round(share * m, 9))
    if n >= m:
        with pytest.raises(ConfigError, match="leaves 0 for training"):
            train_test_split(X, y, test_size=share, seed=seed)
        return
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=share, seed=seed)
    assert len(X_test) == len(y_test) == n
    assert sorted([*y_train, *y_test]) == list(range(m))
    np.testing.assert_array_equal(np.r_[X_train, X_test][:, 0], 2 * np.r_[y_train, y_test])


@given(st.lists(st.integers(2, 20), min_size=2, max_size=5), st.integers(0, 5), st.floats(0.2, 0.8))
def test_stratified_parts_have_the_shares_of_the_whole(sizes: list[int], seed: int, share: float) -> None:
    labels = np.repeat([f"class {k}" for k in range(len(sizes))], sizes)
    m, n = len(labels), math.ceil(round(share * len(labels), 9))
    if min(n, m - n) < len(sizes):
        with pytest.raises(ConfigError, match="cannot hold each"):
            train_test_split(labels, test_size=share, stratify=labels, seed=seed)
        return
    index = np.arange(m)
    train, test, y_train, y_test = train_test_split(index, labels, test_size=share, stratify=labels, seed=seed)
    assert len(test) == n
    assert sorted([*train, *test]) == list(range(m))
    np.testing.assert_array_equal(labels[train], y_train)
    for name, size in Counter(labels.tolist()).items():
        assert abs(np.sum(y_test == name) - size * n / m) < 1
        assert abs(np.sum(y_train == name) - size * (m - n) / m) < 1


def test_stratified_parts_are_shuffled() -> None:
    y = np.repeat([0, 1], 50)
    train, test = train_test_split(y, stratify=y, seed=0)
    assert np.count_nonzero(np.diff(train)) > 10
    assert np.count_nonzero(np.diff(test)) > 5


def test_same_seed_same_split_and_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002  it is what must not change
    X = np.arange(50)
    first, second = train_test_split(X, seed=3)[1], train_test_split(X, seed=3)[1]
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, train_test_split(X, seed=4)[1])
    np.testing.assert_array_equal(first, train_test_split(X, seed=np.random.default_rng(3))[1])
    train_test_split(X)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_without_shuffling_the_last_samples_are_the_test_part() -> None:
    X = [[1.0], [2.0], [3.0], [4.0]]
    train, test = train_test_split(X, shuffle=False)
    assert train.tolist() == X[:3]
    assert test.tolist() == X[3:]
    test[:] = 0
    assert X[3] == [4.0]


def test_a_share_is_not_rounded_up_by_rounding_errors() -> None:
    assert [len(part) for part in train_test_split(np.arange(100), test_size=0.07, seed=0)] == [93, 7]


WRONG_SPLITS = [
    (lambda: train_test_split(), ConfigError, "no array"),
    (lambda: train_test_split([1, 2, 3], [1, 2]), ShapeError, r"\(3,\), \(2,\)"),
    (lambda: train_test_split([]), ShapeError, "same number of samples"),
    (lambda: train_test_split(3), ShapeError, "same number of samples"),
    (lambda: train_test_split([[1, 2], [3]]), ShapeError, "differ in length"),
    (lambda: train_test_split([1, 2], test_size=0), ConfigError, "both need at least one"),
    (lambda: train_test_split([1, 2], test_size=2), ConfigError, "leaves 0 for training"),
    (lambda: train_test_split([1, 2], test_size=1.0), ConfigError, "test_size"),
    (lambda: train_test_split([1, 2], test_size=True), ConfigError, "test_size"),
    (lambda: train_test_split([1, 2], seed="x"), ConfigError, "seed"),
    (lambda: train_test_split([1, 2], seed=-1), ConfigError, "seed"),
    (lambda: train_test_split([1, 2, 3, 4], stratify=[0, 0, 1, 2]), LabelError, "class .* has one sample"),
    (lambda: train_test_split([1, 2, 3, 4], stratify=np.eye(4)), ShapeError, "argmax"),
    (lambda: train_test_split([1, 2], stratify=[0, 0], shuffle=False), ConfigError, "stratify needs shuffle"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG_SPLITS)
def test_impossible_splits_are_refused(call: Callable[[], Any], error: type[MathnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


# --- batches and one-hot ----------------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 45), st.booleans())
def test_batches_visit_every_sample_once(m: int, size: int, shuffle: bool) -> None:
    X, y = np.arange(m) * 10, np.arange(m)
    batches = list(minibatches(X, y, batch_size=size, shuffle=shuffle, seed=0))
    assert [len(b) for _, b in batches] == [size] * (m // size) + [m % size] * (m % size > 0)
    assert all(np.array_equal(a, b * 10) for a, b in batches)
    seen = np.concatenate([b for _, b in batches])
    assert sorted(seen) == list(range(m))
    assert shuffle or seen.tolist() == list(range(m))
    if size <= m:
        kept = list(minibatches(X, batch_size=size, drop_last=True, seed=0))
        assert [len(b) for b in kept] == [size] * (m // size)


def test_wrong_batches_are_refused_at_once() -> None:
    for call, message in (
        (lambda: minibatches([1, 2], batch_size=0), "batch_size"),
        (lambda: minibatches([1, 2], batch_size=3, drop_last=True), "leaves no batch"),
        (lambda: minibatches([1, 2], seed=1.5), "seed"),
    ):
        with pytest.raises(ConfigError, match=message):
            call()
    with pytest.raises(ShapeError):
        minibatches([1, 2], [1])


def test_one_hot_by_definition() -> None:
    assert one_hot([2, 0], 4).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert one_hot([[1], [0]]).tolist() == [[0, 1], [1, 0]]
    assert one_hot([[0, 1], [1, 1]]).shape == (2, 2, 2)
    assert one_hot(1).tolist() == [0, 1]
    assert one_hot([1.0, 0.0], dtype=np.float32).dtype == np.float32
    labels = np.random.default_rng(0).integers(0, 7, 50)
    np.testing.assert_array_equal(one_hot(labels, 7).argmax(axis=1), labels)


@pytest.mark.parametrize(
    ("y", "classes", "error", "message"),
    [
        ([0, 3], 3, LabelError, "from 0 to 3, expected 0 to 2"),
        ([-1, 0], None, LabelError, "number the classes from 0"),
        ([0.5], None, LabelError, "fractions"),
        ([0, 1], 0, ConfigError, "num_classes"),
        ([], None, ShapeError, "empty"),
        ([math.nan], None, NonFiniteError, "NaN"),
        (["red"], None, DtypeError, "real numbers"),
    ],
)
def test_one_hot_refuses(y: Any, classes: Any, error: type[MathnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        one_hot(y, classes)


# --- scaling ----------------------------------------------------------------------------------------------------------

SCALERS = [Standardizer(), Standardizer(per_feature=False), Normalizer(), Normalizer(per_feature=False)]
FITTED = [*SCALERS, PCA(), PCA(2), PCA(0.9), PCA(2, whiten=True)]


def data(seed: int = 0, m: int = 12, d: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, d)) * [1.0, 5.0, 0.1, 2.0] + [0.0, 100.0, -3.0, 7.0]


def test_standardize_by_definition_from_the_training_part_only() -> None:
    X, X_test = data(0), data(1)
    Z, Z_test = standardize(X, X_test)
    for j in range(4):
        column = X[:, j].tolist()
        mean = math.fsum(column) / len(column)
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in column) / len(column))
        np.testing.assert_allclose(Z[:, j], [(v - mean) / deviation for v in column], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(Z_test[:, j], [(v - mean) / deviation for v in X_test[:, j]], rtol=1e-12)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(Z.var(axis=0), 1, rtol=1e-12)
    assert abs(Z_test.mean()) > 1e-3
    np.testing.assert_array_equal(standardize(X), Z)


def test_normalize_by_definition_from_the_training_part_only() -> None:
    X, X_test = data(0), data(1) * 3
    Z, Z_test, again = normalize(X, X_test, X)
    np.testing.assert_allclose(Z.min(axis=0), 0)
    np.testing.assert_allclose(Z.max(axis=0), 1)
    np.testing.assert_allclose(Z_test, (X_test - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0)))
    assert Z_test.max() > 1  # not clipped
    np.testing.assert_array_equal(Z, again)
    np.testing.assert_array_equal(normalize(X), Z)


def test_one_scale_for_all_numbers_of_images() -> None:
    images = np.random.default_rng(0).integers(0, 17, (5, 8, 8, 1))
    Z = normalize(images, per_feature=False)
    np.testing.assert_array_equal(Z, images / 16)
    S = standardize(images, per_feature=False)
    assert S.mean() == pytest.approx(0, abs=1e-14)
    assert S.std() == pytest.approx(1)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9, -7.3])
@pytest.mark.parametrize("make", [Standardizer, Normalizer])
def test_a_constant_feature_becomes_zero(make: Any, constant: float) -> None:
    X = np.column_stack([np.full(7, constant), np.arange(7.0)])
    scaler = make().fit(X)
    assert np.abs(scaler.transform(X)[:, 0]).max() < 1e-6
    assert scaler.scale[0] == 1.0
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X)


@pytest.mark.parametrize("fitted", FITTED, ids=repr)
def test_there_and_back_dtype_and_untouched_input(fitted: Any) -> None:
    X = data()
    before = X.copy()
    X.setflags(write=False)
    Z = fitted.fit(X).transform(X)
    np.testing.assert_array_equal(fitted.fit_transform(X), Z)
    np.testing.assert_array_equal(X, before)
    if not isinstance(fitted, PCA) or fitted.n_components is None:
        np.testing.assert_allclose(fitted.inverse_transform(Z), X, rtol=1e-12)
    assert Z.dtype == np.float64
    assert fitted.transform(X.astype(np.float32)).dtype == np.float32
    assert fitted.transform(X.astype(int)).dtype == np.float64
    assert repr(type(fitted).from_config(fitted.config)) == repr(fitted)


@pytest.mark.parametrize("make", [Standardizer, Normalizer, PCA])
def test_fitted_objects_refuse(make: Any) -> None:
    with pytest.raises(StateError, match="call fit"):
        make().transform(data())
    with pytest.raises(StateError, match="call fit"):
        make().inverse_transform(data())
    fitted = make().fit(data())
    for X, error in (
        (data()[:, :3], ShapeError),
        (data()[0], ShapeError),
        (data()[:0], ShapeError),
        (np.full((2, 4), np.nan), NonFiniteError),
        (np.full((2, 4), "a"), DtypeError),
    ):
        with pytest.raises(error):
            fitted.transform(X)
        if error is not ShapeError or X.shape[1:] != (3,):
            with pytest.raises(error):
                make().fit(X)


# --- principal components ---------------------------------------------------------------------------------------------


def test_components_are_the_eigenvectors_of_the_covariance() -> None:
    X = data(m=30)
    pca = PCA().fit(X)
    values, vectors = np.linalg.eigh(np.cov(X.T))
    np.testing.assert_allclose(pca.explained_variance, values[::-1], rtol=1e-10)
    np.testing.assert_allclose(np.abs(pca.components @ vectors[:, ::-1]), np.eye(4), atol=1e-8)
    np.testing.assert_allclose(pca.components @ pca.components.T, np.eye(4), atol=1e-12)
    assert pca.explained_variance_ratio.sum() == pytest.approx(1)
    assert (np.take_along_axis(pca.components, np.abs(pca.components).argmax(axis=1)[:, None], axis=1) > 0).all()
    np.testing.assert_allclose(np.cov(pca.transform(X).T), np.diag(values[::-1]), atol=1e-10)


def test_reconstruction_is_the_best_of_its_rank() -> None:
    X = data(m=30)
    for k in (1, 2, 3):
        pca = PCA(k).fit(X)
        error = np.sum((pca.inverse_transform(pca.transform(X)) - X) ** 2)
        S = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
        assert error == pytest.approx(np.sum(S[k:] ** 2))


def test_whitened_components_have_variance_one_and_a_share_picks_their_number() -> None:
    X = data(m=30)
    Z = PCA(2, whiten=True).fit_transform(X)
    np.testing.assert_allclose(np.cov(Z.T), np.eye(2), atol=1e-12)
    ratio = PCA().fit(X).explained_variance_ratio
    assert len(PCA(float(ratio[0]) - 1e-3).fit(X).components) == 1
    assert len(PCA(float(ratio[0]) + 1e-3).fit(X).components) == 2
    flat = PCA(whiten=True).fit_transform(np.ones((4, 3)))
    np.testing.assert_allclose(flat, 0)


@pytest.mark.parametrize("k", [0, -1, 1.5, 0.0, "two", True])
def test_numbers_of_components_that_mean_nothing(k: Any) -> None:
    with pytest.raises(ConfigError, match="n_components"):
        PCA(k)


def test_pca_refuses_more_components_than_there_are_and_images() -> None:
    with pytest.raises(ConfigError, match="at most 3"):
        PCA(4).fit(data(m=3))
    with pytest.raises(ShapeError, match="one sample"):
        PCA().fit(data(m=1))
    with pytest.raises(ShapeError, match=r"reshape\(len\(X\), -1\)"):
        PCA().fit(np.zeros((3, 2, 2)))


# --- images -----------------------------------------------------------------------------------------------------------


@given(st.integers(-4, 4), st.integers(-4, 4), st.sampled_from([(2, 3, 4), (2, 3, 4, 2)]))
def test_shift_by_definition(down: int, right: int, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).normal(size=shape)
    before = images.copy()
    moved = shift_images(images, down, right, fill=9.0)
    for r in range(3):
        for c in range(4):
            inside = 0 <= r - down < 3 and 0 <= c - right < 4
            np.testing.assert_array_equal(moved[:, r, c], images[:, r - down, c - right] if inside else 9.0)
    np.testing.assert_array_equal(images, before)
    assert moved.dtype == images.dtype


def test_each_image_its_own_shift_and_flip() -> None:
    images = np.arange(12.0, dtype=np.float32).reshape(2, 2, 3)
    moved = shift_images(images, down=[1, 0], right=[0, -1])
    np.testing.assert_array_equal(moved[0], shift_images(images[:1], down=1)[0])
    np.testing.assert_array_equal(moved[1], shift_images(images[1:], right=-1)[0])
    flipped = flip_images(images, horizontal=[True, False], vertical=[False, True])
    np.testing.assert_array_equal(flipped, [images[0, :, ::-1], images[1, ::-1]])
    assert flipped.dtype == np.float32
    np.testing.assert_array_equal(flip_images(flip_images(images, vertical=True), vertical=True), images)


def test_random_shifts_and_flips_are_what_the_seed_says_and_within_bounds() -> None:
    images = np.zeros((400, 7, 7, 1))
    images[:, 3, 3] = 1.0
    moved = random_shifts(images, 2, seed=1)
    np.testing.assert_array_equal(moved, random_shifts(images, 2, seed=1))
    places = Counter((int(i) // 7 - 3, int(i) % 7 - 3) for i in moved.reshape(400, -1).argmax(axis=1))
    assert set(places) == {(r, c) for r in range(-2, 3) for c in range(-2, 3)}
    np.testing.assert_array_equal(random_shifts(images, 0), images)

    images = np.tile(np.arange(2.0), (1000, 1, 1))
    turned = (random_flips(images, horizontal=0.3, seed=1)[:, 0, 0] == 1).mean()
    assert 0.25 < turned < 0.35
    np.testing.assert_array_equal(random_flips(images, horizontal=0.0), images)
    np.testing.assert_array_equal(random_flips(images, horizontal=1.0), images[:, :, ::-1])


IMAGES = np.zeros((2, 3, 3))
WRONG_IMAGES = [
    (lambda: shift_images(IMAGES[0]), ShapeError, r"image\[None\]"),
    (lambda: shift_images(IMAGES, down=[1, 2, 3]), ShapeError, "one for each of 2"),
    (lambda: shift_images(IMAGES, right=0.5), ConfigError, "integers"),
    (lambda: shift_images(IMAGES.astype(np.uint8), 1, fill=0.5), ConfigError, "make them floats"),
    (lambda: flip_images(IMAGES, horizontal=[True]), ShapeError, "one for each of 2"),
    (lambda: random_shifts(IMAGES, -1), ConfigError, "pixels"),
    (lambda: random_shifts(IMAGES, 1, seed="x"), ConfigError, "seed"),
    (lambda: random_flips(IMAGES, 1.5), ConfigError, "horizontal"),
    (lambda: random_flips(np.full((1, 2, 2), np.nan)), NonFiniteError, "NaN"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG_IMAGES)
def test_images_and_moves_that_mean_nothing(call: Callable[[], Any], error: type[MathnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
