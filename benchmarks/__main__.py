"""``python -m benchmarks [suite]``: run by hand, never asserted."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.compiled.names import PEERS, WORKLOADS
from benchmarks.timing import ROUNDS, limit_threads

SPARSE = ("bundle", "brusselator", "rosenbrock", "cluster", "coloring")
"""The rows of the sparse suite."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time Wengert against NumPy, SciPy, autograd, JAX, PyTorch, CasADi.",
    )
    suites = ["eager", "scaling", "all", "compiled", "sparse", "profile"]
    made.add_argument(
        "suite",
        nargs="?",
        default="all",
        choices=suites,
        help="all is eager and scaling; the others are run apart (default: %(default)s)",
    )
    made.add_argument("--rounds", type=int, default=ROUNDS, help="interleaved rounds (%(default)s)")
    made.add_argument(
        "--output",
        type=Path,
        default=Path("benchmarks/results"),
        help="where JSON and plots go (%(default)s)",
    )
    made.add_argument(
        "--program", default="poisson log-density", help="what to profile (%(default)s)"
    )
    made.add_argument("--size", type=int, default=10, help="its size (%(default)s)")
    made.add_argument("--library", default="wengert", help="whose gradient (%(default)s)")
    compiled = made.add_argument_group("compiled")
    compiled.add_argument(
        "--workload",
        nargs="+",
        default=list(WORKLOADS),
        choices=WORKLOADS,
        metavar="NAME",
        help=f"which of {', '.join(WORKLOADS)} (all)",
    )
    compiled.add_argument("--sizes", default="small", choices=["small", "all"])
    compiled.add_argument(
        "--threads", nargs="+", type=int, default=[1, 2], help="a run for each number (1 2)"
    )
    compiled.add_argument(
        "--peers",
        nargs="*",
        choices=PEERS,
        metavar="NAME",
        help=f"which of {', '.join(PEERS)} (all, but torch.compile only at --sizes all)",
    )
    sparse = made.add_argument_group("sparse (which has --sizes, too)")
    sparse.add_argument(
        "--problem",
        nargs="+",
        default=list(SPARSE),
        choices=SPARSE,
        metavar="NAME",
        help=f"which of {', '.join(SPARSE)} (all)",
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the suites asked for; 0 on success, 2 on bad arguments."""
    made = parser()
    options = made.parse_args(arguments)
    if options.rounds < 1:
        made.error(f"--rounds is {options.rounds}: at least one round is needed")
    if any(count < 1 for count in options.threads):
        made.error(f"--threads: at least one, not {min(options.threads)}")
    if not limit_threads():
        print("NumPy was imported before threads could be limited: BLAS may use several.")
    from benchmarks import eager, profiling, scaling  # after the limit: these import NumPy

    if options.suite == "compiled":
        from benchmarks.compiled import suite

        suite.run(
            options.workload,
            options.sizes,
            options.threads,
            options.rounds,
            options.peers,
            options.output,
        )
        return 0
    if options.suite == "sparse":
        from benchmarks import sparse

        sparse.run(options.rounds, options.output, options.problem, options.sizes)
        return 0
    if options.suite == "profile":
        if options.program not in profiling.names():
            made.error(f"--program: one of {', '.join(profiling.names())}")
        profiling.run(options.program, options.size, options.library)
        return 0
    if options.suite in ("eager", "all"):
        eager.run(options.rounds, options.output)
    if options.suite in ("scaling", "all"):
        scaling.run(options.rounds, options.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
