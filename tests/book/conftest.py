"""What the tests of the book share: the built book, and its notebooks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from book.tools import build


@pytest.fixture(scope="session")
def built_book() -> Path:
    """The folder of the built HTML. Built strictly, once in a run, and not at all while it is up to date."""
    return build.ensure(run=os.environ.get("PYTEST_XDIST_TESTRUNUID", ""))
