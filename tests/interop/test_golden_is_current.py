"""The committed golden values are those that PyTorch gives today: each script is run again and compared."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import tests.golden

FOLDER = Path(tests.golden.__file__).parent
SCRIPTS = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
DATA = sorted((FOLDER / "data").iterdir())


@pytest.fixture(autouse=True)
def _default_dtype() -> Iterator[None]:
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def files_of(script: str) -> dict[str, Path]:
    """The names under which a script keeps the paths of its files."""
    module = importlib.import_module(f"tests.golden.{script}")
    return {name: value for name, value in vars(module).items() if isinstance(value, Path)}


def assert_same(new: Any, old: Any, where: str) -> None:
    """Compare what JSON holds, numbers up to rounding."""
    if isinstance(old, dict):
        assert set(new) == set(old), where
        for key in old:
            assert_same(new[key], old[key], f"{where}.{key}")
    elif isinstance(old, list) and not all(isinstance(x, int | float) for x in old):
        assert len(new) == len(old), where
        for i, (a, b) in enumerate(zip(new, old, strict=True)):
            assert_same(a, b, f"{where}[{i}]")
    elif isinstance(old, int | float | list) and not isinstance(old, bool):
        assert_allclose(new, old, rtol=1e-12, atol=1e-15, err_msg=where)
    else:
        assert new == old, where


def test_every_file_of_golden_values_has_its_script() -> None:
    assert sorted(path for script in SCRIPTS for path in files_of(script).values()) == DATA
    assert len(SCRIPTS) > 5


@pytest.mark.parametrize("script", SCRIPTS)
def test_golden_values_are_what_pytorch_gives(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"tests.golden.{script}")
    committed = files_of(script)
    for name, path in committed.items():
        monkeypatch.setattr(module, name, tmp_path / path.name)
    module.main()
    for path in committed.values():
        if path.suffix == ".json":
            assert_same(json.loads((tmp_path / path.name).read_text()), json.loads(path.read_text()), path.name)
            continue
        new, old = (dict(np.load(folder / path.name)) for folder in (tmp_path, path.parent))
        assert set(new) == set(old)
        for key in old:
            assert new[key].dtype == old[key].dtype
            assert_allclose(new[key], old[key], rtol=1e-12, atol=1e-15, err_msg=f"{path.name}: {key}")
