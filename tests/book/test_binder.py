"""Binder makes the environment of the lock, without Docker being here to try it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from book.tools.build import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # repo2docker's own imports
    from repo2docker.app import Repo2Docker
    from repo2docker.buildpacks import PythonBuildPack

BINDER = ROOT / "binder"


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The build pack that Binder chooses for this repository."""
    monkeypatch.chdir(ROOT)
    application = Repo2Docker()
    found = next(p for p in (kind(application.base_image) for kind in application.buildpacks) if p.detect())
    found.platform = "linux/amd64"
    return found


def test_the_python_build_pack_is_chosen(pack: Any) -> None:
    assert type(pack) is PythonBuildPack
    assert pack.binder_dir == "binder"


def test_python_is_the_one_of_the_runtime_file(pack: Any) -> None:
    assert (BINDER / "runtime.txt").read_text() == "python-3.12\n"
    assert str(pack.python_version).startswith("3.12")


def test_the_dockerfile_installs_the_lock_and_then_the_library(pack: Any) -> None:
    dockerfile = pack.render({})
    lock = dockerfile.index("binder/requirements.txt")
    post = dockerfile.index("./binder/postBuild")
    assert lock < post
    assert re.search(r"pip install .*-r \"?binder/requirements.txt", dockerfile)


def test_the_last_step_installs_the_library_without_dependencies() -> None:
    script = BINDER / "postBuild"
    assert os.access(script, os.X_OK)
    assert re.search(r"pip install .*--no-deps .*\.$", script.read_text(), flags=re.MULTILINE)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_lock_brings_jupyterlab_with_directives() -> None:
    lock = (BINDER / "requirements.txt").read_text()
    for name in ("jupyterlab", "jupyterlab-myst", "ipykernel", "setuptools"):
        assert re.search(rf"^{name}==", lock, flags=re.MULTILINE), name


def test_nothing_else_in_the_repository_misleads_binder() -> None:
    others = ["environment.yml", "Dockerfile", "Pipfile", "setup.py", "requirements.txt", "REQUIRE", "apt.txt"]
    assert not [
        name for name in others if (ROOT / name).exists() or (name != "requirements.txt" and (BINDER / name).exists())
    ]
    assert not (ROOT / ".binder").exists()


def test_the_lock_needs_no_local_path() -> None:
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert not [line for line in lines if line.startswith((".", "-e", "file:")) or " @ " in line]
    assert Path(BINDER / "requirements.txt").stat().st_size > 10_000


def test_jupyterlab_takes_the_myst_extension() -> None:
    """An extension that does not fit is left out with a line in a log, and directives then show as plain code."""
    command = [sys.executable, "-m", "jupyter", "labextension", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = (said.stdout + said.stderr).splitlines()
    assert not [line for line in lines if "not compatible" in line]
    assert [line for line in lines if "jupyterlab-myst" in line and "OK" in line]
