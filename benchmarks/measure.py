"""Starts the processes, drives them in turn, and compares."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from .works import Work

__all__ = ["Comparison", "Different", "Failed", "Missing", "Side", "compare", "exponent", "import_time", "same_numbers"]

ROOT = Path(__file__).resolve().parent.parent
SECONDS_A_ROUND = 0.05


class Missing(RuntimeError):
    """The implementation is not installed."""


class Failed(RuntimeError):
    """A process could not do what it was asked."""


class Different(RuntimeError):
    """Two implementations do not compute the same, so their times say nothing."""


def environment(threads: int, kernel: str | None) -> dict[str, str]:
    """Return the variables of a process with so many threads and this kernel of OpenBLAS."""
    limits = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    forced = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # packages come compiled
    return {**inherited, **dict.fromkeys(limits, str(threads)), "PYTHONPATH": path, **forced}


class Side:
    """One implementation in its own process, kept alive and asked over a pipe."""

    def __init__(self, name: str, python: str, threads: int = 1, kernel: str | None = None) -> None:
        self.name = name
        try:
            self.process = subprocess.Popen(
                [python, "-m", "benchmarks.worker", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=environment(threads, kernel),
            )
        except OSError as error:
            raise Missing(f"{python} cannot be run: {error}") from None
        try:
            self._read()
        except (Missing, Failed):
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the process of {self.name} ended with code {self.process.wait()}")
        reply = json.loads(line)
        if "missing" in reply:
            raise Missing(reply["missing"])
        if "error" in reply:
            raise Failed(f"{self.name}: {reply['error']}")
        return reply["result"]

    def ask(self, what: str, **arguments: Any) -> Any:
        """Send one request and wait for its answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"the process of {self.name} ended with code {self.process.wait()}") from None
        return self._read()

    def close(self) -> None:
        """Let the process end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@dataclass(frozen=True)
class Comparison:
    """One figure of the library beside another's, and the ratios of the rounds: below 1 the library needs less."""

    ours: float
    theirs: float
    ratios: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the ratios."""
        return statistics.median(self.ratios)

    @property
    def best(self) -> float:
        """The 20th percentile of the ratios."""
        return float(np.percentile(self.ratios, 20))


def same_numbers(work: str, numbers: Mapping[str, Sequence[float]]) -> None:
    """Raise Different unless all implementations computed the same from the same weights.

    Sums of many float32 values in another order differ in the sixth digit; a wrong formula differs in the third.
    """
    (first, expected), *others = numbers.items()
    for name, found in others:
        if len(found) != len(expected) or not np.allclose(found, expected, rtol=1e-3, atol=1e-4):
            raise Different(f"{work}: {name} computes {[*found]}, {first} {[*expected]}")


def compare(work: Work, sides: Sequence[Side], rounds: int) -> dict[str, Comparison]:
    """Time the first side against each of the others in turn, A B A B, after all have shown to compute the same."""
    ours, *others = sides
    same_numbers(work.name, {side.name: side.ask("numbers", work=work.name) for side in sides})
    times = {}
    for side in sides:
        once = side.ask("time", work=work.name, times=1)  # "numbers" has warmed it up
        times[side] = max(1, min(2000, round(SECONDS_A_ROUND / once)))
    seconds: dict[Side, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            seconds[side].append(side.ask("time", work=work.name, times=times[side]))
    for side in sides:
        side.ask("forget", work=work.name)
    return {
        other.name: Comparison(
            statistics.median(seconds[ours]),
            statistics.median(seconds[other]),
            tuple(a / b for a, b in zip(seconds[ours], seconds[other], strict=True)),
        )
        for other in others
    }


def import_time(python: str, module: str) -> float:
    """Return how long a fresh interpreter takes for the import, in seconds."""
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment(1, None), check=False
    )
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1])
    return float(done.stdout)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope p of log t over log n, fitted by least squares: t grows as n^p."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
