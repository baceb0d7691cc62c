"""Do the stored outputs hold on other processors? Run every notebook under each, and compare.

    python -m book.tools.kernels            # every variant this processor can stand in for
    python -m book.tools.kernels --list

OpenBLAS picks its kernel by processor, NumPy its loops, and both add numbers up in another order with other vector
widths and thread counts. A printed figure that changes with that is printed too precisely.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import notebooks

# NumPy's names for what goes beyond AVX2, and beyond SSE4.2. Naming one that this NumPy does not dispatch is an
# error, so `dispatched` keeps those that it does.
BEYOND_AVX2 = ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR", "X86_V4")
BEYOND_SSE = (*BEYOND_AVX2, "AVX", "F16C", "FMA3", "AVX2", "X86_V3")


@dataclass(frozen=True)
class Variant:
    """One way to run, and the flag of the processor it needs."""

    name: str
    environment: dict[str, str]
    needs: str = ""


def dispatched(features: tuple[str, ...]) -> str:
    """Those of `features` that the installed NumPy chooses at run time, on this processor."""
    code = (
        "from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f;"
        "print(*[x for x in d if f.get(x)])"
    )
    known = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return " ".join(f for f in features if f in known)


def variants() -> list[Variant]:
    """Everything to try: three OpenBLAS kernels, NumPy with less, one and two threads."""
    found = []
    for kernel, flag in (("Nehalem", "sse4_2"), ("Haswell", "avx2"), ("SkylakeX", "avx512f")):
        for threads in ("1", "2"):
            environment = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": threads}
            found.append(Variant(f"OpenBLAS {kernel}, {threads} thread(s)", environment, flag))
    for name, features in (("AVX-512", BEYOND_AVX2), ("AVX2", BEYOND_SSE)):
        disabled = dispatched(features)
        if disabled:
            environment = {"NPY_DISABLE_CPU_FEATURES": disabled, "OPENBLAS_NUM_THREADS": "1"}
            found.append(Variant(f"NumPy without {name} and later", environment))
    return found


def processor_flags() -> set[str]:
    """What the processor can do, as Linux names it; empty where that cannot be told."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((set(line.split(":")[1].split()) for line in lines if line.startswith("flags")), set())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; default: all")
    parser.add_argument("--list", action="store_true", help="only say which variants would run")
    options = parser.parse_args(argv)
    flags, paths = processor_flags(), [str(p) for p in options.paths]
    failed = []
    for variant in variants():
        if variant.needs and variant.needs not in flags:
            print(f"-- {variant.name}: this processor has no {variant.needs}", flush=True)
            continue
        print(f"== {variant.name}: {variant.environment}", flush=True)
        if options.list:
            continue
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "book.tools.notebooks", "--check", *paths],
            cwd=notebooks.ROOT,
            env={**os.environ, **variant.environment},
            check=False,
        )
        print(f"   {'differs' if done.returncode else 'holds'} ({time.perf_counter() - start:.0f} s)", flush=True)
        if done.returncode:
            failed.append(variant.name)
    if failed:
        print("\nThe stored outputs do not hold under: " + "; ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
