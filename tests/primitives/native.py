"""Programs compiled and run beside the interpreter, in memory that shows what goes wrong.

Every array lies between margins of bytes that are all ones: NaNs, -1, or true. A read beyond an
array brings one of them into the result, a write beyond it leaves a mark. Outputs and the memory of
intermediate values begin as such bytes too, so that nothing is read before it is written.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.ir.program import Program, Var
from wengert.native.executable import Executable, raise_status
from wengert.trace.evaluate import evaluate

MARGIN = 256  # bytes, a multiple of every alignment


def padded(shape: Sequence[int], dtype: Any) -> tuple[Any, Any]:
    """An array of unset elements between margins, and all the bytes."""
    dtype = np.dtype(dtype)
    n = int(np.prod(shape, dtype=int)) * dtype.itemsize
    memory = np.full(n + 2 * MARGIN, 0xFF, np.uint8)
    return memory[MARGIN : MARGIN + n].view(dtype).reshape(shape), memory


def margins_are_whole(array: Any, memory: Any) -> bool:
    n = array.nbytes
    return bool(np.all(memory[:MARGIN] == 0xFF) and np.all(memory[MARGIN + n :] == 0xFF))


def run_guarded(executable: Executable, values: Sequence[Any]) -> list[Any]:
    """The outputs of native code; asserts that it wrote its outputs and nothing else."""
    program = executable.program
    ins = []
    for value, v in zip(values, program.inputs, strict=True):
        array, memory = padded(v.type.shape, v.type.dtype)
        array[...] = value
        ins.append((array, memory, memory.copy()))
    outs = [padded(a.type.shape, a.type.dtype) for a in program.outputs if type(a) is Var]
    table = lambda arrays: (ctypes.c_void_p * max(len(arrays), 1))(*[a.ctypes.data for a in arrays])
    status = executable._function(
        ctypes.addressof(given := table([a for a, _, _ in ins])),
        ctypes.addressof(made := table([a for a, _ in outs])),
        executable.env,
    )
    del given, made
    if status:
        raise_status(status, executable.sites)
    assert all(np.array_equal(memory, before) for _, memory, before in ins), "an input was written"
    assert all(margins_are_whole(a, memory) for a, memory in outs), "written beyond an output"
    found = iter([a for a, _ in outs])
    return [next(found) if type(a) is Var else a.value for a in program.outputs]


def same(found: Any, expected: Any, rtol: float, size: float = 0.0) -> None:
    """Equality of numbers to `rtol` of the largest one; NaNs and infinities where they belong."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(float(np.max(finite, initial=0.0)), size)
    single = expected.dtype.itemsize // (2 if expected.dtype.kind == "c" else 1) < 8
    rtol = max(rtol, 2e-5) if single else rtol
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * scale)


def check_compiled(
    program: Program,
    values: Sequence[Any],
    rtol: float = 1e-12,
    size: float = 0.0,
    effort: int | None = None,
) -> Executable:
    """Compiled and interpreted results agree."""
    executable = Executable(program, is_poisoned=True, effort=effort)
    with np.errstate(all="ignore"):
        expected = evaluate(program, values)
        found = run_guarded(executable, values)
    for x, y in zip(found, expected, strict=True):
        same(x, y, rtol, size)
    return executable
