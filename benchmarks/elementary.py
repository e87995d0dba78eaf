"""The native elementary functions: accuracy against mpmath, time, instructions, one at a time.

    python -m benchmarks.elementary              a table: largest error, time, instructions
    python -m benchmarks.elementary 5000 exp     so many points of each kind, these functions only

`Kernel` compiles one function as a loop over arrays, with so many lanes; the tests use it too.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from mpmath import mp

from benchmarks.elementary_cases import CASES, even
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, SIZES, Complex, Value
from wengert.native.elementary import emit

DTYPES = {"f8": np.float64, "f4": np.float32}
KINDS = {"frexp_exponent": "i4", "signbit": "b1"}  # of results that are not floats


@functools.cache
def _machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    host = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=host[0], features=host[1], opt=2, jit=True)


class Kernel:
    """One elementary function over arrays whose length is a multiple of the lanes."""

    def __init__(
        self, name: str, kind: str, lanes: int, n_operands: int = 1, part: str = ""
    ) -> None:
        self.kind, self.lanes, self.n_operands = kind, lanes, n_operands
        self.result_kind = KINDS.get(name, kind)
        b = Arithmetic("kernel", [("i8", "n"), ("ptr", "out"), ("ptr", "x"), ("ptr", "y")])
        count, out, *operands = b.parameters
        loop = b.open_loop(count, step=lanes or 1)
        xs = [self._load(b, p, loop.index) for p in operands[:n_operands]]
        before = b.n_instructions
        # With a part, "re" or "im", the function is complex and its operand has two parts.
        result = getattr(emit(b, name, Complex(*xs)), part) if part else emit(b, name, *xs)
        self.n_instructions = b.n_instructions - before
        if self.result_kind == "b1":
            result = b.convert(result, "u1")
        pointer = self._pointer(b, out, loop.index, result.kind)
        b.line(f"store {result.operand}, ptr {pointer}, align 1")
        b.close_loop(loop)
        b.line("ret i64 0")
        self.ir = "\n".join([*b.declarations.values(), b.text(), "attributes #0 = { nounwind }"])
        start = time.perf_counter()
        module = llvm.parse_assembly(self.ir)
        module.verify()
        self.assembly: Callable[[], str] = lambda: _machine().emit_assembly(module)
        # An engine owns its machine, hence a fresh one each time.
        _machine.cache_clear()
        self._engine = llvm.create_mcjit_compiler(module, _machine())
        self._engine.finalize_object()
        self.compile_seconds = time.perf_counter() - start
        address = self._engine.get_function_address("kernel")
        self._call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, *[ctypes.c_void_p] * 3)(
            address
        )

    def _pointer(self, b: Arithmetic, base: Value, index: Value, kind: str) -> str:
        name = b.fresh("p")
        size = LLVM_TYPES[kind]
        b.line(f"{name} = getelementptr {size}, ptr {base.text}, i64 {index.text}")
        return name

    def _load(self, b: Arithmetic, base: Value, index: Value) -> Value:
        pointer = self._pointer(b, base, index, self.kind)
        x = Value(b.fresh("x"), self.kind, self.lanes, b.depth)
        b.line(f"{x.text} = load {x.type}, ptr {pointer}, align {SIZES[self.kind]}")
        return x

    def __call__(self, *xs: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        n = xs[0].size
        step = max(self.lanes, 1)
        padded = -(-n // step) * step
        arrays = [np.ones(padded, DTYPES[self.kind]) for _ in range(self.n_operands)]
        for array, x in zip(arrays, xs, strict=True):
            array[:n] = x
        code = "u1" if self.result_kind == "b1" else self.result_kind
        result = np.empty(padded, code)
        self.run(result, *arrays)
        return result[:n]

    def run(self, out: np.ndarray, *xs: np.ndarray) -> None:
        pointers = [x.ctypes.data for x in (*xs, xs[0])[:2]]
        self._call(xs[0].size, out.ctypes.data, *pointers)

    def nanoseconds(self, *xs: np.ndarray) -> float:
        """Time an element, the best of many runs over arrays in the first-level cache."""
        arrays = [np.resize(x.astype(DTYPES[self.kind]), 2048).copy() for x in xs]
        out = np.empty(2048, "u1" if self.result_kind == "b1" else self.result_kind)
        pointers = [x.ctypes.data for x in (out, *arrays, arrays[0])[:3]]
        best = float("inf")
        for _ in range(30):
            start = time.perf_counter()
            for _ in range(20):
                self._call(2048, *pointers)
            best = min(best, time.perf_counter() - start)
        return best / 20 / 2048 * 1e9


def errors_in_ulp(kind: str, got: np.ndarray, exact: Callable[..., Any], *xs: np.ndarray) -> Any:
    """The distance of each result from the exact one, in units in the last place of that."""
    dtype = DTYPES[kind]
    info = np.finfo(dtype)
    lowest = int(np.log2(float(info.smallest_normal)) - info.nmant)
    errors = np.zeros(got.size)
    with mp.workdps(40):
        top = mp.mpf(2) ** int(info.maxexp)
        for i, values in enumerate(zip(*xs, strict=True)):
            value = exact(*[mp.mpf(float(v)) for v in values])
            result = float(got[i])
            if not np.isfinite(result):
                # Infinity is right from half a unit above the largest number on.
                limit = top * (1 - mp.mpf(2) ** (-info.nmant - 2))
                right = abs(value) >= limit and (value > 0) == (result > 0)
                errors[i] = 0.0 if right else np.inf
                continue
            if value == 0:
                errors[i] = 0.0 if result == 0 else np.inf
                continue
            exponent = max(int(mp.frexp(value)[1]) - 1 - int(info.nmant), lowest)
            errors[i] = float(abs(mp.mpf(result) - value) / mp.mpf(2) ** exponent)
    return errors


def largest_error(name: str, kind: str, n: int, seed: int = 0) -> tuple[float, Any]:
    """In units in the last place over a case's points, and where."""
    case = CASES[name]
    with np.errstate(all="ignore"):
        xs = case.points(np.random.default_rng(seed), n, kind == "f8")
        xs = tuple([x.astype(DTYPES[kind]) for x in xs])
    is_inside = np.all([np.isfinite(x) & (x != 0) for x in xs], axis=0)
    if name == "log1p":
        is_inside &= xs[0] > -1
    xs = tuple([x[is_inside] for x in xs])
    errors = errors_in_ulp(kind, Kernel(name, kind, 4, len(xs))(*xs), case.exact, *xs)
    worst = int(np.argmax(errors))
    return float(errors[worst]), tuple([float(x[worst]) for x in xs])


def main(arguments: Sequence[str]) -> None:
    counts = [int(a) for a in arguments if a.isdigit()]
    names = [a for a in arguments if not a.isdigit()] or list(CASES)
    print("| function | ulp f8 | ulp f4 | ns f8 | ns f4 | IR f8 | IR f4 | ms to compile |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        errors, times, sizes = [], [], []
        for kind, lanes in (("f8", 4), ("f4", 8)):
            errors.append(largest_error(name, kind, counts[0] if counts else 2000)[0])
            n_operands = 2 if name in ("power", "hypot", "arctan2") else 1
            kernel = Kernel(name, kind, lanes, n_operands)
            rng = np.random.default_rng(1)
            points = [even(rng, *CASES[name].timed, 2048) for _ in range(n_operands)]
            times.append(kernel.nanoseconds(*points))
            sizes.append(kernel.n_instructions)
        print(
            f"| {name} | {errors[0]:.2f} | {errors[1]:.2f} | {times[0]:.2f} | {times[1]:.2f} "
            f"| {sizes[0]} | {sizes[1]} | {kernel.compile_seconds * 1e3:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
