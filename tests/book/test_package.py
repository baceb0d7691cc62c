"""What `pip install mathnn` gives: the library, typed, with its data, and light to import."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from book.tools.build import ROOT

NOT_AT_IMPORT = ("matplotlib", "sympy", "scipy", "tqdm", "torch", "pooch", "IPython")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from what a source distribution would hold."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for name in ("mathnn", "book", "tests", "benchmarks"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(source / "dist"),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (source / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_library_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0].partition("-")[0] for name in wheel.namelist()} == {"mathnn"}
    assert not [name for name in wheel.namelist() if "/tests/" in name or name.endswith((".ipynb", ".pyc"))]


def test_the_wheel_holds_every_file_of_the_library(wheel: zipfile.ZipFile) -> None:
    here = [
        p for p in (ROOT / "mathnn").rglob("*") if p.is_file() and not p.name.startswith(".") and p.suffix != ".pyc"
    ]
    assert {str(p.relative_to(ROOT)) for p in here} <= set(wheel.namelist())
    assert "mathnn/py.typed" in wheel.namelist()
    assert [name for name in wheel.namelist() if name.startswith("mathnn/datasets/data/")]


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    (name,) = [n for n in wheel.namelist() if n.endswith("/METADATA")]
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["Name"] == "mathnn"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    required = {r.split(">")[0] for r in metadata.get_all("Requires-Dist", []) if "extra" not in r}
    assert required == {"numpy", "matplotlib", "sympy", "tqdm"}
    assert "The Mathematics of Neural Networks" in str(metadata.get_payload())


def test_the_library_works_from_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = "import mathnn; print(mathnn.__file__); X, y = mathnn.datasets.digits(); print(len(X) > 100)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    where, enough = done.stdout.split("\n")[:2]
    assert Path(where).is_relative_to(tmp_path)
    assert enough == "True"


def test_importing_the_library_imports_nothing_heavy() -> None:
    code = f"import sys, mathnn; print([m for m in {NOT_AT_IMPORT!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_versions_agree() -> None:
    import tomllib

    import yaml

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
