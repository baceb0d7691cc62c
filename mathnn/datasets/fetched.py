"""MNIST and Fashion-MNIST: 70,000 images of 28 × 28 pixels each, downloaded at first use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ConfigError, FormatError, nearest
from .dataset import Array, Dataset
from .download import Folder, cache_folder, fetch
from .idx import read_idx

__all__ = ["fashion_mnist", "mnist"]

SIDE = 28
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


@dataclass(frozen=True)
class Source:
    """Where the four files of a data set are, what they must be, and what their labels mean."""

    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    target_names: tuple[str, ...]
    description: str


# The checksums are those of TensorFlow Datasets (tensorflow_datasets/url_checksums/mnist.txt and fashion_mnist.txt);
# those of Fashion-MNIST stand in Keras as well (keras/src/datasets/fashion_mnist.py).
SOURCES = {
    "mnist": Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256={
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
        target_names=tuple("0123456789"),
        description="Handwritten digits, 28 x 28 pixels (LeCun, Cortes and Burges, CC BY-SA 3.0).",
    ),
    "fashion_mnist": Source(
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        sha256={
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
        target_names=(
            "T-shirt/top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        description="Pictures of clothes, 28 x 28 pixels (Zalando Research, MIT).",
    ),
}


def mnist(
    split: str = "train",
    scale: bool = True,
    images: bool = False,
    folder: Folder = None,
    progress: bool | None = None,
) -> Dataset:
    """Return handwritten digits and which digit each is, 0 to 9, split as published: 60,000 and 10,000.

    X is (m, 784), or with ``images=True`` (m, 28, 28, 1), in [0, 1] as float32, white (1) on black (0), or with
    ``scale=False`` the bytes 0 to 255. y (m,) is int64. They are in the order of the source::

        X, y = mnist()
        X_test, y_test = mnist("test")

    The files (12 MB) are downloaded at first use, with their checksums, and kept in the folder ``mnist`` of ``folder``,
    or of what the environment variable MATHNN_DATA names, or of the user's cache folder; then no network is needed.
    Downloading takes ``pip install "mathnn[datasets]"``.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998, made from NIST's Special
    Databases 1 and 3. Licence: CC BY-SA 3.0.

    Parameters
    ----------
    split:
        "train" or "test".
    scale, images:
        Whether to bring the values into [0, 1], and whether to keep rows, columns and a channel.
    folder:
        Where downloads are kept.
    progress:
        Whether to show a bar on standard error; None does so on a terminal.

    Raises
    ------
    DownloadError
        If a file is not in the folder and cannot be fetched: it says which, where it looked and what to do.
    ConfigError, FormatError
        For another split; for a file that is not what its checksum says.
    """
    return _load("mnist", split, scale, images, folder, progress)


def fashion_mnist(
    split: str = "train",
    scale: bool = True,
    images: bool = False,
    folder: Folder = None,
    progress: bool | None = None,
) -> Dataset:
    """Return pictures of clothes in ten classes, split as published: 60,000 and 10,000.

    A harder stand-in for MNIST with the same shapes; arguments, values, cache (folder ``fashion_mnist``, 31 MB) and
    errors are those of :func:`mnist`, and ``target_names`` says what the labels mean.

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms", 2017, arXiv:1708.07747. Licence: MIT, Zalando SE.
    """
    return _load("fashion_mnist", split, scale, images, folder, progress)


def _load(who: str, split: str, scale: bool, images: bool, folder: Folder, progress: bool | None) -> Dataset:
    if split not in FILES:
        raise ConfigError(f"{who}: unknown split {split!r}. {nearest(str(split), FILES)}")
    source, there = SOURCES[who], cache_folder(who, folder) / who
    paths = [fetch(who, name, source.sha256[name], source.mirrors, there, progress) for name in FILES[split]]
    X, y = (read_idx(path.read_bytes(), str(path)) for path in paths)
    _check(who, X, y, len(source.target_names))
    values: Array = X.astype(np.float32) / np.float32(255) if scale else X
    return Dataset(
        X=values.reshape(-1, SIDE, SIDE, 1) if images else values.reshape(-1, SIDE * SIDE),
        y=y.astype(np.int64),
        feature_names=tuple(f"pixel {row},{column}" for row in range(SIDE) for column in range(SIDE)),
        target_names=source.target_names,
        description=source.description,
    )


def _check(who: str, X: Array, y: Array, classes: int) -> None:
    alike = X.dtype == y.dtype == np.uint8 and X.shape[1:] == (SIDE, SIDE) and y.shape == X.shape[:1]
    if not alike or y.max(initial=0) >= classes:
        raise FormatError(
            f"{who}: expected images (m, {SIDE}, {SIDE}) and labels (m,) below {classes}, all unsigned bytes, got "
            f"{X.shape} {X.dtype} and {y.shape} {y.dtype}, largest {y.max(initial=0)}"
        )
