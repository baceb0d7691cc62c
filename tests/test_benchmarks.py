"""The harness of the benchmarks compares like with like; how fast anything is, is not tested."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from benchmarks import report
from benchmarks.measure import Comparison, Different, Missing, Side, compare, exponent, import_time, same_numbers
from benchmarks.sides import mathnn as ours
from benchmarks.sides import naive
from benchmarks.works import TABLE, find

TWINS = [work.name for work in TABLE if "naive" in work.against and work.samples < 10_000]


def test_two_processes_are_driven_in_turn() -> None:
    work = find("mlp-tiny")
    with Side("mathnn", sys.executable) as a, Side("naive", sys.executable) as b:
        found = compare(work, [a, b], rounds=2)
        versions = a.ask("versions")
    assert [*found] == ["naive"]
    assert len(found["naive"].ratios) == 2
    assert min(found["naive"].ratios) > 0
    assert "mathnn" in versions
    assert len(report.lines(work, found, avx512=False)) == 1


@pytest.mark.parametrize("name", TWINS)
def test_the_naive_twin_computes_the_same(name: str) -> None:
    work = find(name)
    same_numbers(name, {"mathnn": ours.make(work).numbers(), "naive": naive.make(work).numbers()})


def test_a_wrong_twin_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    work = find("mlp-32")
    right, adam = ours.make(work).numbers(), naive.adam
    # One factor of the rule is wrong: a bias correction that is not made.
    monkeypatch.setattr(naive, "adam", lambda theta, g, m, v, t: adam(theta, g, m, v, 1000))
    with pytest.raises(Different, match="mlp-32: naive computes"):
        same_numbers(work.name, {"mathnn": right, "naive": naive.make(work).numbers()})
    with pytest.raises(Different):
        same_numbers(work.name, {"mathnn": right, "naive": right[:-1]})


def test_what_is_missing_is_said() -> None:
    with pytest.raises(Missing, match="cannot be run"):
        Side("torch", "no-such-interpreter")
    with pytest.raises(Missing, match="no_such_module"):
        import_time(sys.executable, "no_such_module")


def test_figures() -> None:
    c = Comparison(1.0, 2.0, (0.5, 0.1, 0.2, 0.3, 0.4, 0.6))
    assert c.median == pytest.approx(0.35)
    assert c.best == pytest.approx(0.2)
    n = np.array([1.0, 2.0, 4.0, 8.0])
    assert exponent(n, 3 * n**1.5) == pytest.approx(1.5)
    assert report.is_avx512("openblas SkylakeX ×1")
    assert not report.is_avx512("openblas Haswell ×1")
    (row,) = report.lines(find("mlp-tiny"), {"torch": c}, avx512=True)
    assert "≤ 0.25  reached" in row
