"""Prints what was measured."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from .measure import Comparison
from .works import Work

__all__ = ["NAMES", "cpu", "heading", "is_avx512", "lines", "rows_header"]

NAMES = {"mathnn": "mathnn", "torch": "PyTorch eager", "sklearn": "MLPClassifier", "naive": "naive NumPy"}
AVX512_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids", "Zen4")
UNITS = {"memory": (1.0, "MB")}


def cpu() -> str:
    """Return the processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def is_avx512(blas: str) -> bool:
    """Whether the BLAS runs a kernel for AVX-512."""
    return any(kernel in blas for kernel in AVX512_KERNELS)


def heading(threads: int, versions: Mapping[str, Mapping[str, str]]) -> str:
    """Say on what was measured."""
    rows = [f"{threads} thread{'s' * (threads > 1)}, {cpu()}"]
    for side, known in versions.items():
        listed = {**known, "BLAS": known["BLAS"] or "kernel unknown (pip install threadpoolctl)"}
        rows.append(f"  {NAMES[side]:15}" + ", ".join(f"{key} {value}" for key, value in listed.items()))
    return "\n".join(rows)


def rows_header() -> str:
    """Return the head of the table."""
    return (
        f"{'work':36} {'against':14} {'mathnn':>10} {'other':>10}  {'median':>6} {'20th %':>6}  {'target':>6}\n"
        + "-" * 104
    )


def amount(value: float, kind: str) -> str:
    """Return a number with its unit."""
    if kind in UNITS:
        scale, unit = UNITS[kind]
    else:
        scale, unit = next(((s, u) for s, u in ((1.0, "s"), (1e3, "ms")) if value * s >= 1), (1e6, "µs"))
    return f"{value * scale:.3g} {unit}" if value * scale < 1000 else f"{value * scale:.0f} {unit}"


def lines(work: Work, found: Mapping[str, Comparison], avx512: bool, judged: bool = True) -> Sequence[str]:
    """Return the rows of one work: one for each implementation it was compared with."""
    rows = []
    for other, c in found.items():
        wanted = work.against.get(other)
        verdict = ""
        if wanted is not None and judged:
            limit = wanted[avx512]
            verdict = f"≤ {limit:4.2f}  {'reached' if c.best <= limit else 'not reached'}"
        rows.append(
            f"{work.title:36} {NAMES[other]:14} {amount(c.ours, work.kind):>10} {amount(c.theirs, work.kind):>10}"
            f"  {c.median:6.2f} {c.best:6.2f}  {verdict}".rstrip()
        )
    return rows
