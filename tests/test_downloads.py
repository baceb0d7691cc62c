"""MNIST and Fashion-MNIST from a server on this machine: fetched once, checked, kept, and told about when not."""

from __future__ import annotations

import builtins
import dataclasses
import gzip
import hashlib
import io
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from mathnn import ConfigError, DownloadError, FormatError, MathnnError, datasets
from mathnn.datasets import fetched
from mathnn.datasets.download import cache_folder
from mathnn.datasets.idx import KINDS, read_idx

NAMES = [name for pair in fetched.FILES.values() for name in pair]
SETS = {"mnist": datasets.mnist, "fashion_mnist": datasets.fashion_mnist}
every_set = pytest.mark.parametrize("who", SETS)


def idx(array: np.ndarray) -> bytes:
    """An IDX file, written as its description has it."""
    code = {np.dtype(kind): code for code, kind in KINDS.items()}[array.dtype]
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def images(m: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, (m, 28, 28), np.uint8)
    X[0, 0, :2] = 0, 255
    return {"images": X, "labels": np.arange(m, dtype=np.uint8) % 10}


ARRAYS = {"train": images(30, 0), "t10k": images(20, 1)}
CONTENT = {name: gzip.compress(idx(ARRAYS[name.split("-")[0]][name.split("-")[1]])) for name in NAMES}


class Server(ThreadingHTTPServer):
    """Answers with what ``files`` has for a path, and counts what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.promised: dict[str, int] = {}
        self.asked: Counter[str] = Counter()

    def mirror(self, folder: str = "") -> str:
        return f"http://127.0.0.1:{self.server_port}/{folder}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(self.server.promised.get(self.path, len(content or b""))))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A running server with both data sets, which mathnn takes for their source; no proxy, and no folder but ours."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for who in SETS:
        use(monkeypatch, who, mirrors=(server.mirror(f"{who}/"),))
        server.files |= {f"/{who}/{name}": content for name, content in CONTENT.items()}
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("MATHNN_DATA", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def use(monkeypatch: pytest.MonkeyPatch, who: str, mirrors: tuple[str, ...], content: dict | None = None) -> None:
    sums = {name: hashlib.sha256(c).hexdigest() for name, c in (CONTENT | (content or {})).items()}
    monkeypatch.setitem(fetched.SOURCES, who, dataclasses.replace(fetched.SOURCES[who], mirrors=mirrors, sha256=sums))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@every_set
@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_the_arrays_are_those_of_the_files(who: str, split: str, prefix: str, server: Server) -> None:
    expected = ARRAYS[prefix]
    data = SETS[who](split)
    m = len(expected["labels"])
    assert (data.X.shape, data.X.dtype, data.y.dtype) == ((m, 784), np.float32, np.int64)
    assert (data.X.min(), data.X.max()) == (0, 1)
    assert_array_equal(data.X, expected["images"].reshape(m, 784) / np.float32(255))
    assert_array_equal(data.y, expected["labels"])
    raw = SETS[who](split, scale=False, images=True)
    assert (raw.X.shape, raw.X.dtype) == ((m, 28, 28, 1), np.uint8)
    assert_array_equal(raw.X[..., 0], expected["images"])
    assert raw.X.flags.writeable
    assert len(data.target_names) == 10
    assert len(data.feature_names) == 784
    assert data.description.endswith(".")


@every_set
def test_what_is_on_record_is_whole(who: str) -> None:
    source = fetched.SOURCES[who]
    assert list(source.sha256) == NAMES
    assert all(len(digest) == 64 and int(digest, 16) for digest in source.sha256.values())
    assert len(set(source.mirrors)) > 1
    assert all(mirror.endswith("/") for mirror in source.mirrors)
    assert len(set(source.target_names)) == 10


@every_set
def test_a_file_is_asked_for_once_and_then_taken_from_the_folder(who: str, server: Server, tmp_path: Path) -> None:
    first = SETS[who]()
    wanted = fetched.FILES["train"]
    assert server.asked == {f"/{who}/{name}": 1 for name in wanted}
    assert files(tmp_path) == {f"cache/{who}/{name}" for name in wanted}, "nothing is written anywhere else"
    server.files.clear()
    again = SETS[who]()
    assert_array_equal(again.X, first.X)
    assert server.asked.total() == 2
    again.X[...] = 7
    assert_array_equal(SETS[who]().X, first.X)


def test_the_argument_goes_before_the_variable_and_that_before_the_users_cache(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.mnist(folder=tmp_path / "mine")
    assert {path.split("/")[0] for path in files(tmp_path)} == {"mine"}
    assert cache_folder("mnist") == tmp_path / "cache"
    monkeypatch.setenv("MATHNN_DATA", "~/data")
    assert cache_folder("mnist") == Path.home() / "data"
    monkeypatch.setenv("MATHNN_DATA", "")
    assert cache_folder("mnist") == Path(pooch.os_cache("mathnn"))
    monkeypatch.delenv("MATHNN_DATA")
    assert cache_folder("mnist") == Path(pooch.os_cache("mathnn"))


def test_a_wrong_checksum_is_refused_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    name = fetched.FILES["test"][1]
    server.files[f"/mnist/{name}"] = CONTENT[name][:-1] + b"?"
    with pytest.raises(DownloadError, match=f"{name}: its checksum is not the one on record"):
        datasets.mnist("test")
    assert files(tmp_path) == {f"cache/mnist/{fetched.FILES['test'][0]}"}


def test_a_connection_that_breaks_off_leaves_nothing(server: Server, tmp_path: Path) -> None:
    name = fetched.FILES["test"][0]
    server.files[f"/mnist/{name}"] = CONTENT[name][:100]
    server.promised[f"/mnist/{name}"] = len(CONTENT[name])
    with pytest.raises(DownloadError, match=name):
        datasets.mnist("test")
    assert files(tmp_path) == set()


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: b"", lambda c: c[:-1] + b"?"])
def test_a_file_cut_short_or_altered_is_fetched_again(damage, server: Server, tmp_path: Path) -> None:
    first = datasets.mnist()
    path = tmp_path / "cache" / "mnist" / NAMES[0]
    path.write_bytes(damage(CONTENT[NAMES[0]]))
    assert_array_equal(datasets.mnist().X, first.X)
    assert path.read_bytes() == CONTENT[NAMES[0]]
    assert server.asked[f"/mnist/{NAMES[0]}"] == 2


@every_set
def test_offline_the_error_says_which_file_where_and_what_to_do(who: str, server: Server, tmp_path: Path) -> None:
    server.files.clear()
    with pytest.raises(DownloadError) as caught:
        SETS[who]()
    assert isinstance(caught.value, MathnnError)
    message = str(caught.value)
    for part in (who, NAMES[0], str(tmp_path / "cache" / who), server.mirror(f"{who}/{NAMES[0]}"), "is not there"):
        assert part in message
    assert hashlib.sha256(CONTENT[NAMES[0]]).hexdigest() in message
    # What the message asks for helps.
    for name in fetched.FILES["train"]:
        (tmp_path / "cache" / who / name).write_bytes(CONTENT[name])
    assert len(SETS[who]().X) == 30


def test_no_server_at_all(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Server()
    gone = other.mirror()
    other.server_close()
    use(monkeypatch, "mnist", mirrors=(gone,))
    with pytest.raises(DownloadError, match="ConnectionError"):
        datasets.mnist()
    assert files(tmp_path) == set()
    use(monkeypatch, "mnist", mirrors=(gone, server.mirror("nothing/"), server.mirror("mnist/")))
    assert len(datasets.mnist().X) == 30, "the next mirror is tried"
    assert server.asked[f"/nothing/{NAMES[0]}"] == server.asked[f"/mnist/{NAMES[0]}"] == 1


def test_a_mirror_with_other_files_is_passed_over(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files |= {f"/forged/{name}": b"not this" for name in NAMES}
    use(monkeypatch, "mnist", mirrors=(server.mirror("forged/"), server.mirror("mnist/")))
    assert_array_equal(datasets.mnist("test", scale=False).y, ARRAYS["t10k"]["labels"])
    assert server.asked[f"/forged/{NAMES[2]}"] == 1


def test_an_altered_file_offline_is_called_altered(server: Server, tmp_path: Path) -> None:
    datasets.mnist()
    (tmp_path / "cache" / "mnist" / NAMES[1]).write_bytes(b"half")
    server.files.clear()
    with pytest.raises(DownloadError, match="is altered or cut short"):
        datasets.mnist()


def test_a_folder_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with pytest.raises(DownloadError, match=r"cannot be written into the folder .*a file"):
        datasets.mnist(folder=blocked)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "progress", "shown"),
    [(False, None, False), (True, None, True), (False, True, True), (True, False, False)],
)
def test_progress_on_a_terminal_or_when_asked(
    terminal: bool, progress: bool | None, shown: bool, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    # pooch writes a word on every download to the stream that was there when it was imported.
    spoken = io.StringIO()
    for handler in pooch.get_logger().handlers:
        monkeypatch.setattr(handler, "stream", spoken)
    level = pooch.get_logger().level
    datasets.mnist(progress=progress)
    assert (NAMES[0] in stream.getvalue()) == ("100%" in stream.getvalue()) == shown
    assert shown or stream.getvalue() == ""
    assert spoken.getvalue() == ""
    assert pooch.get_logger().level == level
    before = stream.getvalue()
    datasets.mnist(progress=progress)
    assert stream.getvalue() == before, "nothing is downloaded, so there is nothing to show"


def test_without_pooch_the_error_says_how_to_get_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object):
        if name == "pooch":
            raise ImportError("No module named 'pooch'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DownloadError, match=r"pip install \"mathnn\[datasets\]\""):
        datasets.mnist()
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "cache" / "mnist" / name).write_bytes(CONTENT[name])
    assert len(datasets.mnist().X) == 30, "files that are there need no pooch"
    monkeypatch.delenv("MATHNN_DATA")
    with pytest.raises(DownloadError, match=r"pip install .*MATHNN_DATA"):
        datasets.mnist()
    assert server.asked.total() == 0


def test_another_split_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'train'"):
        datasets.mnist("trian")
    with pytest.raises(ConfigError, match="unknown split None"):
        datasets.fashion_mnist(None)


WRONG = {
    "images of another size": {"images": np.zeros((30, 27, 28), np.uint8)},
    "fewer labels": {"labels": np.zeros(29, np.uint8)},
    "a label too many": {"labels": np.full(30, 10, np.uint8)},
    "numbers of another kind": {"labels": np.zeros(30, np.int8)},
    "no axis": {"labels": np.array(0, np.uint8)},
}


@pytest.mark.parametrize("parts", WRONG.values(), ids=WRONG)
def test_files_that_are_no_images_and_labels_are_refused(parts, server, monkeypatch) -> None:
    content = {
        f"train-{part}-idx{n}-ubyte.gz": gzip.compress(idx(parts[part]))
        for part, n in (("images", 3), ("labels", 1))
        if part in parts
    }
    use(monkeypatch, "mnist", (server.mirror("mnist/"),), content)
    server.files |= {f"/mnist/{name}": c for name, c in content.items()}
    with pytest.raises(FormatError, match="expected images"):
        datasets.mnist()


# --- the format -------------------------------------------------------------------------------------------------------


@given(
    kind=st.sampled_from(sorted(KINDS.values())),
    shape=st.lists(st.integers(0, 4), max_size=4).map(tuple),
    zipped=st.booleans(),
    seed=st.integers(0, 99),
)
def test_idx_there_and_back(kind: str, shape: tuple[int, ...], zipped: bool, seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 100, shape).astype(kind)
    content = idx(array)
    got = read_idx(gzip.compress(content) if zipped else content)
    assert_array_equal(got, array)
    assert got.shape == shape
    assert got.dtype == np.dtype(kind).newbyteorder("=")
    assert got.flags.writeable


def test_a_truncated_idx_file_is_refused_wherever_it_ends() -> None:
    content = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    for end in range(len(content)):
        with pytest.raises(FormatError, match=r"digits is (truncated|not an IDX file)"):
            read_idx(content[:end], "digits")
    with pytest.raises(FormatError, match="asks for 40"):
        read_idx(content + b"\0")
    zipped = gzip.compress(content)
    for end in range(2, len(zipped)):
        with pytest.raises(FormatError):
            read_idx(zipped[:end])


@pytest.mark.parametrize("start", [b"", b"\x89PNG", b"\0\1\x08\1", b"\0\0\x0a\1", b"\0\0\0\0", b"\0\0\x08"])
def test_other_files_are_not_taken_for_idx(start: bytes) -> None:
    with pytest.raises(FormatError, match="not an IDX file"):
        read_idx(start)


def test_pooch_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, mathnn; sys.exit(bool({'pooch', 'requests', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
