"""The process that measures: ``python -m benchmarks.compiled.worker``, started by `processes`.

Threads and cores are settled before NumPy, JAX and PyTorch are imported, since they read them
once. What starts and what was found goes to standard output, one JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from benchmarks.timing import THREAD_VARIABLES

NO_CACHES = {
    "WENGERT_CACHE": "off",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
}
"""Code kept on disk by an earlier run would make a first call of loading, not of compiling."""


def settle_threads(threads: int) -> None:
    """Give this process so many cores, and every library so many threads."""
    for variable in (*THREAD_VARIABLES, "WENGERT_THREADS"):
        os.environ[variable] = str(threads)
    # XLA takes its pool's size from the cores it may use; a single thread has to be asked for
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = flags if threads == 1 else ""
    os.environ.update(JAX_PLATFORMS="cpu", TORCHINDUCTOR_COMPILE_THREADS="1")
    os.environ.update(NO_CACHES)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-threads:])


def parser() -> argparse.ArgumentParser:
    """What `processes` passes."""
    made = argparse.ArgumentParser()
    made.add_argument("--threads", type=int, required=True)
    made.add_argument("--contestants", nargs="+", required=True)
    made.add_argument("--items", nargs="*", default=[], help="names of cases, or family/size")
    made.add_argument("--kind", choices=["cases", "compile"], default="cases")
    made.add_argument("--without", nargs="*", default=[], help="contestant@item, not to be tried")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--budget", type=float, default=6.0)
    made.add_argument("--first", type=float, default=60.0)
    made.add_argument("--check", type=float, default=20.0, help="for one run without jit")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Measure the items one after another."""
    options = parser().parse_args(arguments)
    settle_threads(options.threads)
    # Standard output carries JSON alone: what libraries print to it goes with the errors.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def report(event: dict[str, Any]) -> None:
        out.write(json.dumps(event) + "\n")

    from benchmarks.compiled.toolkits import load

    if any(name.startswith("torch") for name in options.contestants):
        _limit_torch(options.threads)
    report({"event": "import", "contestant": "all", "limit": 120.0})
    contestants, missing = load(tuple(options.contestants))
    report({"event": "missing", "missing": missing})
    run = _run_cases if options.kind == "cases" else _run_compile
    run(options, contestants, report)
    return 0


def _limit_torch(threads: int) -> None:
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(threads)


def _run_cases(options: argparse.Namespace, contestants: list[Any], report: Any) -> None:
    from benchmarks.compiled.cases import cases
    from benchmarks.compiled.contest import Limits, jit_distance, measure

    limits = Limits(first=options.first, budget=options.budget, rounds=options.rounds)
    known = {case.name: case for case in cases()}
    for item in options.items:
        chosen = [tools for tools in contestants if f"{tools.name}@{item}" not in options.without]
        report({"event": "item", "item": item, "contestant": "all", "limit": 120.0})
        row = measure(known[item], chosen, limits, options.threads, report)
        report({"event": "row", "item": item, "row": row.as_dict()})
        if known[item].is_small and "wengert" in row.seconds:
            report({"event": "check", "item": item, "contestant": "check", "limit": options.check})
            try:
                report({"event": "checked", "distance": jit_distance(known[item])})
            except Exception as error:  # reported as a failure of this row
                report({"event": "unchecked", "error": f"{type(error).__name__}: {error}"[:300]})


def _run_compile(options: argparse.Namespace, contestants: list[Any], report: Any) -> None:
    from benchmarks.compiled.compiling import FAMILIES, measure

    for item in options.items:
        family, _, size = item.partition("/")
        report({"event": "item", "item": item, "contestant": "all", "limit": 120.0})
        for tools in contestants:
            if f"{tools.name}@{item}" not in options.without:
                found = measure(FAMILIES[family], int(size), tools, report)
                report({"event": "row", "item": item, "row": found})


if __name__ == "__main__":
    sys.exit(main())
