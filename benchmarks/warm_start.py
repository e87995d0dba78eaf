"""How long a new process takes from the first call of a jitted function to its result.

    python -m benchmarks.warm_start

A cold process finds an empty cache; warm ones find what it left. The time of loading LLVM, which is
part of the first call, is shown for itself.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SCRIPT = """
import json, time
import numpy as np
import wengert as wg
from wengert.native import engine

def f(x):
    return np.sum(np.sin(x) ** 2 + np.exp(-x) * x)

jitted = wg.jit(f)
x = np.linspace(0.0, 1.0, 100)
clock = time.process_time
start, used = time.perf_counter(), clock()
engine.available()
loaded = clock() - used
jitted(x)
seconds, cpu = time.perf_counter() - start, clock() - used
((_, (one,)),) = jitted.specializations()
print(json.dumps({"wall": seconds, "cpu": cpu, "llvm": loaded, "rest": cpu - loaded,
                  "from disk": one.executable.from_disk}))
"""


def run(folder: str) -> dict[str, Any]:
    """One process."""
    environment = {**os.environ, "WENGERT_CACHE": folder}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    return dict(json.loads(done.stdout))


def main(n: int = 7) -> None:
    """Print a cold start and the median of warm ones, in milliseconds."""
    with tempfile.TemporaryDirectory() as root:
        folder = str(Path(root) / "cache")
        cold = run(folder)
        warm = [run(folder) for _ in range(n)]
    print(f"{'':8}{'wall':>8}{'cpu':>8}{'of it LLVM':>12}{'the rest':>10}   from disk")
    for name, results in (("cold", [cold]), ("warm", warm)):
        row = [1e3 * statistics.median([r[k] for r in results]) for k in ("wall", "cpu", "llvm")]
        rest = 1e3 * statistics.median([r["rest"] for r in results])
        is_found = all(r["from disk"] for r in results)
        print(f"{name:8}{row[0]:8.1f}{row[1]:8.1f}{row[2]:12.1f}{rest:10.1f}   {is_found}")


if __name__ == "__main__":
    main()
