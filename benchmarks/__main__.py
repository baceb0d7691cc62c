"""``python -m benchmarks``: the library beside PyTorch, scikit-learn and naive NumPy, in one table."""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack

from . import report
from .measure import Comparison, Different, Failed, Missing, Side, compare, exponent, import_time
from .works import TABLE, Work, find, growth

INSTALL = {"torch": "pip install torch==2.13.0 (a CPU build)", "sklearn": "pip install scikit-learn"}
MEMORY_STEPS = 20


def arguments() -> argparse.Namespace:
    """Read the command line."""
    names = ", ".join(work.name for work in TABLE)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--works", nargs="+", metavar="NAME", help=f"only these of: {names}, growth")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="thread counts, one table each")
    parser.add_argument("--rounds", type=int, default=15, help="how often each work is measured in turn")
    parser.add_argument("--kernel", help="OpenBLAS kernel to force upon NumPy, for example Haswell")
    parser.add_argument("--python-torch", default=sys.executable, help="interpreter that has PyTorch")
    parser.add_argument("--python-sklearn", default=sys.executable, help="interpreter that has scikit-learn")
    options = parser.parse_args()
    if options.rounds < 1 or min(options.threads) < 1:
        parser.error("rounds and threads are at least 1")
    unknown = set(options.works or ()) - {work.name for work in TABLE} - {"growth"}
    if unknown:
        parser.error(f"no work is called {', '.join(sorted(unknown))}; there are {names}, growth")
    return options


class Bench:
    """The processes of one thread count, and what is measured with them."""

    def __init__(self, options: argparse.Namespace, threads: int, stack: ExitStack) -> None:
        self.options, self.threads = options, threads
        self.python = {"torch": options.python_torch, "sklearn": options.python_sklearn}
        self.sides: dict[str, Side] = {}
        for name in ("mathnn", "torch", "sklearn", "naive"):
            try:
                self.sides[name] = stack.enter_context(self.start(name))
            except (Missing, Failed) as error:
                if name not in INSTALL:
                    raise
                print(f"Without the column of {report.NAMES[name]}: {error}. To have it: {INSTALL[name]}")

    def start(self, name: str) -> Side:
        """Start a process of this implementation."""
        kernel = self.options.kernel if name in ("mathnn", "naive") else None
        return Side(name, self.python.get(name, sys.executable), self.threads, kernel)

    def peak(self, name: str, work: Work) -> float:
        """Return the peak memory in MB of a fresh process that trains for some steps."""
        with self.start(name) as side:
            side.ask("time", work=work.name, times=MEMORY_STEPS)
            return float(side.ask("memory"))

    def measure(self, work: Work) -> dict[str, Comparison]:
        """Measure one work against all who are here and named for it."""
        others = [name for name in work.against if name in self.sides]
        if work.kind == "import":
            pairs = [
                (import_time(sys.executable, "mathnn"), import_time(self.python["torch"], "torch"))
                for _ in range(min(self.options.rounds, 5) if others else 0)
            ]
        elif work.kind == "memory":
            pairs = [(self.peak("mathnn", work), self.peak("torch", work))] if others else []
        else:
            sides = [self.sides["mathnn"], *(self.sides[name] for name in others)]
            return compare(work, sides, self.options.rounds)
        if not pairs:
            return {}
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        return {"torch": Comparison(ours, theirs, tuple(a / b for a, b in pairs))}

    def growth(self) -> None:
        """Show how the time of a training step grows."""
        ours = self.sides["mathnn"]
        print("\nGrowth of a training step with one quantity n, t ~ n^p (linear: p = 1; what a step costs in any case")
        print("lowers p for small n). Dense layers, Adam; 256 units, depth 2, batch 128 where nothing else is said.")
        for what, row in growth().items():
            seconds = {n: float("inf") for n, _ in row}
            for _ in range(max(3, self.options.rounds // 3)):
                for n, work in row:
                    seconds[n] = min(seconds[n], ours.ask("time", work=work.name, times=3))
            for _, work in row:
                ours.ask("forget", work=work.name)
            p = exponent([*seconds], [*seconds.values()])
            shown = ", ".join(f"{n:,}: {report.amount(t, 'step')}" for n, t in seconds.items())
            print(f"  {what:10} p = {p:4.2f}   {shown}")


def main() -> int:
    """Measure and print; 1 if two implementations did not compute the same."""
    options, wrong = arguments(), 0
    chosen = options.works or [*(work.name for work in TABLE), "growth"]
    for threads in options.threads:
        with ExitStack() as stack:
            bench = Bench(options, threads, stack)
            versions = {name: side.ask("versions") for name, side in bench.sides.items()}
            avx512 = report.is_avx512(versions["mathnn"]["BLAS"])
            print(f"\n{report.heading(threads, versions)}\n\n{report.rows_header()}", flush=True)
            for work in (find(name) for name in chosen if name != "growth"):
                try:
                    rows = report.lines(work, bench.measure(work), avx512, judged=threads == 1)
                except (Different, Failed, Missing) as error:
                    wrong, rows = 1, [f"{work.title}: not measured. {error}"]
                print("\n".join(rows or [f"{work.title:36} nothing here to compare it with"]), flush=True)
            if "growth" in chosen:
                bench.growth()
    return wrong


if __name__ == "__main__":
    sys.exit(main())
