"""What stands around the book and the library: commands, licences, workflows, the lock."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from book.tools.build import ROOT

LOCK = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYTHONS = ["3.11", "3.12", "3.13"]
TARGETS = ["book", "serve", "lab", "test", "interop", "notebooks", "kernels", "bench", "lint", "lock", "clean"]

#: The extras that are tested in an environment of their own.
NOT_LOCKED = ("torch", "keras", "onnx")


def files_of_the_repository() -> list[Path]:
    """Text files under version control, or all that would be in a checkout without one."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    found = [ROOT / name for name in names] or [p for p in (ROOT / "book").rglob("*") if p.is_file()]
    return [p for p in found if p.is_file() and p.suffix not in (".npz", ".png", ".gz", ".woff", ".woff2")]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_make_alone_explains_every_command() -> None:
    said = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    described = dict(re.findall(r"^  make (\w+) +(\S.*)$", said, flags=re.MULTILINE))
    assert set(TARGETS) <= set(described)
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert declared
    assert set(described) == set(declared[1].split())


@pytest.mark.parametrize("target", ["book", "test", "notebooks", "serve", "lab", "kernels", "lint"])
def test_commands_use_the_environment_of_the_lock(target: str) -> None:
    said = subprocess.run(
        ["make", "-n", "-C", str(ROOT), target, "VENV=no-such-environment"], capture_output=True, text=True, check=True
    ).stdout
    assert "--require-hashes -r binder/requirements.txt" in said
    assert said.index("-m venv no-such-environment") < said.index("--no-deps --no-build-isolation --editable .")


def test_every_pin_of_the_lock_has_hashes_and_no_index() -> None:
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==\S+.*?\\$\n    --hash=sha256:[0-9a-f]{64}", LOCK, flags=re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[A-Za-z0-9]", LOCK, flags=re.MULTILINE)) > 100
    assert "://" not in LOCK
    assert not re.search(r"^\s*--?(index|extra-index|find-links|trusted|i |f )", LOCK, flags=re.MULTILINE)


def test_the_lock_has_what_the_project_asks_for() -> None:
    pinned = {
        normal(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, flags=re.MULTILINE)
    }
    extras = PYPROJECT["project"]["optional-dependencies"]
    locked = [r for name, group in extras.items() if name not in NOT_LOCKED for r in group]
    wanted = PYPROJECT["project"]["dependencies"] + locked
    for requirement in wanted:
        name, exact = re.match(r"([\w.-]+)(?:==([\w.]+))?", requirement).groups()  # type: ignore[union-attr]
        if name == PYPROJECT["project"]["name"]:
            continue  # an extra that takes in others
        assert normal(name) in pinned, requirement
        assert exact is None or pinned[normal(name)] == exact, requirement


def test_one_numpy_for_every_python() -> None:
    for name in ("numpy", "scipy", "matplotlib", "sympy"):
        assert len(re.findall(rf"^{name}==", LOCK, flags=re.MULTILINE)) == 1, f"{name}: outputs are compared"


def test_the_repository_names_no_index_and_no_machine() -> None:
    private = re.compile(r"--(?:extra-)?index-url[= ]\S|(?<![\w.])/(?:root|work)/|# (?:TODO|FIXME|XXX)\b")
    found = []
    for path in files_of_the_repository():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if private.search(line) and path != Path(__file__):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


def test_both_licences_are_stated() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    content = (ROOT / "LICENSE-CONTENT.md").read_text()
    assert "CC BY 4.0" in content
    assert "book/" in content
    for name in ("README.md", "_config.yml"):
        text = (ROOT / name).read_text()
        assert "CC BY 4.0" in text, name
        assert "MIT" in text, name
    assert PYPROJECT["project"]["license"] == "MIT"


def test_the_citation_is_complete() -> None:
    citation: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "version", "date-released", "license"} <= set(citation)
    assert all(set(author) & {"name", "family-names"} for author in citation["authors"])
    assert isinstance(citation["date-released"], datetime.date)
    assert citation["title"] == yaml.safe_load((ROOT / "_config.yml").read_text())["title"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=[p.stem for p in WORKFLOWS])
def test_workflows_are_complete_and_bounded(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["name"] == path.stem
    assert True in workflow, "the key `on` reads as true in YAML 1.1"
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        assert all("uses" in step or "run" in step for step in job["steps"])
        assert all("@" in step["uses"] for step in job["steps"] if "uses" in step)


def test_every_supported_python_is_tested() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"] == PYTHONS
    classifiers = PYPROJECT["project"]["classifiers"]
    assert [c.rpartition(" ")[2] for c in classifiers if re.search(r"Python :: 3\.", c)] == PYTHONS


def test_the_deploy_workflow_lays_its_own_address_over_the_book() -> None:
    text = (ROOT / ".github" / "workflows" / "book.yml").read_text()
    assert "book.tools.overlay" in text
    assert "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" in text
    assert "github.com/" not in re.sub(r"uses: \S+", "", text)


def test_continuous_integration_runs_everything_and_requires_the_browser() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash")
    assert "set -euo pipefail" in text
    for command in ("make lint", "make book", "REQUIRE_BROWSER=1 make test", "make interop PYTHON="):
        assert command in text


def test_what_make_test_leaves_out_has_a_run_of_its_own() -> None:
    left_out = {o.partition("=")[2] for o in PYPROJECT["tool"]["pytest"]["ini_options"]["addopts"] if "--ignore=" in o}
    # The scripts in tests/golden hold no tests; tests/interop runs them and compares.
    assert left_out == {"tests/golden", "tests/interop", "mathnn/interop/torch_modules.py"}
    assert not list((ROOT / "tests" / "golden").glob("test_*.py"))
    assert (ROOT / "tests" / "interop" / "test_golden_is_current.py").exists()
    said = subprocess.run(
        ["make", "-n", "-C", str(ROOT), "interop", "INTEROP=no-such-environment"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "pip install -r tests/interop/requirements.txt" in said
    assert "-m pytest -c tests/interop/pytest.ini --rootdir . tests/interop" in said
    assert "ignore=" not in (ROOT / "tests" / "interop" / "pytest.ini").read_text()


def test_the_environment_of_the_bridges_is_pinned() -> None:
    text = (ROOT / "tests" / "interop" / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pins = dict(line.split("==") for line in lines)
    assert "://" not in text
    assert {*NOT_LOCKED, "onnxruntime", "numpy", "pytest", "hypothesis", "setuptools"} <= set(pins)
    for name in ("numpy", "pytest", "hypothesis", "setuptools"):
        assert f"\n{name}=={pins[name]} " in LOCK, f"{name} is not of the lock's version"
    for script in sorted((ROOT / "tests" / "golden").glob("[a-z]*.py")):
        assert f"needs torch=={pins['torch']};" in script.read_text(), script.name


def test_every_reference_has_its_parts() -> None:
    from pybtex.database import parse_file

    needed = {
        "article": {"author", "title", "journal", "year"},
        "book": {"title", "publisher", "year"},
        "inproceedings": {"author", "title", "booktitle", "year"},
        "incollection": {"author", "title", "booktitle", "publisher", "year"},
    }
    entries = parse_file(ROOT / "book" / "references.bib").entries
    assert len(entries) > 20
    for key, entry in entries.items():
        parts = set(entry.fields) | set(entry.persons)
        assert needed.get(entry.type, {"title", "year"}) <= parts, key
        assert re.fullmatch(r"[a-z-]+\d{4}[a-z]?", key), key
        assert key.rstrip("abcdefghij").endswith(entry.fields["year"]), key


def test_every_silenced_type_error_has_its_reason() -> None:
    bare = re.compile(r"# type: ignore(?!\[[\w, -]+\]  # \w)")
    modules = [
        path for path in files_of_the_repository() if path.is_relative_to(ROOT / "mathnn") and path.suffix == ".py"
    ]
    assert len(modules) > 50
    silenced = [f"{path.name}: {line.strip()}" for path in modules for line in path.read_text("utf-8").splitlines()]
    assert not [line for line in silenced if bare.search(line)]
