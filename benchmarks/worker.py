"""The process in which one implementation lives: ``python -m benchmarks.worker mathnn`` answers requests on a pipe.

A request and its answer are each a line of JSON. The parent asks one process at a time, so none disturbs another.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

from benchmarks.case import Case
from benchmarks.works import find

__all__ = ["answer", "blas", "peak_memory"]


def blas() -> str:
    """Return the BLAS kernel and its threads, as threadpoolctl sees them."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return ""
    found = [p for p in threadpool_info() if p["user_api"] == "blas"]
    return ", ".join(f"{p['internal_api']} {p.get('architecture', '')} ×{p['num_threads']}" for p in found)


def peak_memory() -> float:
    """Return the most memory this process has held at once, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux hands the parent's peak on to getrusage; this one is the process's own.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def answer(side: Any, cases: dict[str, Case], request: dict[str, Any]) -> Any:
    """Do what one request asks for."""
    what = request["do"]
    if what == "versions":
        return {**side.versions(), "BLAS": blas()}
    if what == "memory":
        return peak_memory()
    name = request["work"]
    if what == "forget":
        return cases.pop(name, None) is not None
    if name not in cases:
        cases[name] = side.make(find(name))
    if what == "numbers":
        return [float(x) for x in cases[name].numbers()]
    return cases[name].seconds(request["times"])


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints must not get between the answers
    try:
        side = importlib.import_module(f"benchmarks.sides.{sys.argv[1]}")
        reply: dict[str, Any] = {"result": "ready"}
    except ImportError as error:
        side, reply = None, {"missing": str(error)}
    print(json.dumps(reply), file=out, flush=True)
    if side is None:
        return
    cases: dict[str, Case] = {}
    for line in sys.stdin:
        try:
            reply = {"result": answer(side, cases, json.loads(line))}
        except Exception as error:  # told to the parent, which knows what to do without this figure
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=out, flush=True)


if __name__ == "__main__":
    main()
