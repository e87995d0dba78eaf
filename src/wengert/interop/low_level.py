"""`low_level_callable`: a function as C code that SciPy calls without going through Python.

SciPy's quadrature and image filters take a `scipy.LowLevelCallable`, a C function of a few known
signatures. Here its body is the native function of a Program; a few lines of LLVM IR lead from the
C arguments to the table of addresses that native functions take.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.api.arguments import flatten_outputs, leaf_type
from wengert.errors import ArgumentError
from wengert.ir.program import Literal, Program, Var
from wengert.native import engine
from wengert.native.executable import Executable
from wengert.passes import optimize
from wengert.trace.recording import Recording


@dataclass(frozen=True)
class _Interface:
    """A signature of C, and how the arguments reach the native function.

    `body` is IR that leaves the address of each argument in `%a0`, `%a1`, … and that of the result
    in `%out`; `end` returns, with the status in `%status`.
    """

    signature: str
    header: str
    body: str
    end: str


_NUMBER_END = """
  %value = load double, ptr %out
  %failed = icmp ne i64 %status, 0
  %result = select i1 %failed, double 0x7FF8000000000000, double %value
  ret double %result
"""
_COUNT_END = """
  %worked = icmp eq i64 %status, 0
  %result = zext i1 %worked to i32
  ret i32 %result
"""


def _of_numbers(n: int) -> _Interface:
    """A number from numbers: `f(x)`, or `f(x, a, b)` as quad and nquad call it."""
    if n == 1:
        return _Interface(
            "double (double)",
            "double @entry(double %x)",
            "  %out = alloca double\n  %a0 = alloca double\n  store double %x, ptr %a0\n",
            _NUMBER_END,
        )
    places = [f"  %a{i} = getelementptr double, ptr %x, i64 {i}\n" for i in range(n)]
    return _Interface(
        "double (int, double *)",
        "double @entry(i32 %n, ptr %x)",
        "  %out = alloca double\n" + "".join(places),
        _NUMBER_END,
    )


_FILTER = _Interface(
    "int (double *, npy_intp, double *, void *)",
    "i32 @entry(ptr %a0, i64 %n, ptr %out, ptr %data)",
    "",
    _COUNT_END,
)
_FILTER_1D = _Interface(
    "int (double *, npy_intp, double *, npy_intp, void *)",
    "i32 @entry(ptr %a0, i64 %n, ptr %out, i64 %m, ptr %data)",
    "",
    _COUNT_END,
)
_TRANSFORM = _Interface(
    "int (npy_intp *, double *, int, int, void *)",
    "i32 @entry(ptr %a0, ptr %out, i32 %n, i32 %m, ptr %data)",
    "",
    _COUNT_END,
)
KINDS = ("numbers", "filter", "filter1d", "transform")


def low_level_callable(
    f: Callable[..., Any], kind: str = "numbers", shape: int | tuple[int, ...] | None = None
) -> Any:
    """Compile `f` into a `scipy.LowLevelCallable`.

    Parameters
    ----------
    f : callable
        A NumPy function, jitted or not; a derivative, such as `wg.grad(g)`, as well.
    kind : {"numbers", "filter", "filter1d", "transform"}
        What SciPy will call it with:

        - "numbers": `f(x)`, or `f(x, y, a, …)`, of floats, giving a float. For
          `scipy.integrate.quad`, `dblquad`, `nquad` and their `args`.
        - "filter": `f(values)`, the window's elements in one array, giving a float. For
          `scipy.ndimage.generic_filter`; `shape` is the number of elements in the window.
        - "filter1d": `f(line)`, an extended line, giving the filtered line. For
          `generic_filter1d`; `shape` is the extended line's length.
        - "transform": `f(index)`, an integer array, giving the coordinates in the input. For
          `scipy.ndimage.geometric_transform`; `shape` is the number of axes.
    shape : int or tuple of int, optional
        See `kind`.

    Returns
    -------
    scipy.LowLevelCallable
        It holds what the code needs; arrays that `f` captured are those of this moment.

    Raises
    ------
    ArgumentError
        If `f` decides by values (`if x > 0`), gives something else than the kind asks for, or has
        no native form throughout.

    Notes
    -----
    A call costs a few nanoseconds beyond the arithmetic, where a Python callback costs about a
    microsecond. Should native code run out of memory, the value is NaN, and filters raise.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> from scipy.integrate import quad
    >>> density = wg.interop.low_level_callable(lambda x, s: np.exp(-0.5 * (x / s) ** 2))
    >>> float(quad(density, -np.inf, np.inf, args=(2.0,))[0] / np.sqrt(2 * np.pi))
    2.0000000
    """
    if kind not in KINDS:
        raise ArgumentError(
            "low_level_callable: an unknown kind.", got=repr(kind), expected=" or ".join(KINDS)
        )
    if not engine.available():
        raise ArgumentError(
            "low_level_callable: there is no native code in this process.", got=engine.reason()
        )
    size = 0 if shape is None else int(np.prod(shape))
    if kind != "numbers" and size < 1:
        raise ArgumentError(
            f"low_level_callable: a {kind} needs the size of its array.",
            got=f"shape={shape!r}",
            expected="the number of elements in the window, the line or the index",
        )
    if kind == "numbers":
        n = _n_numbers(f)
        program = _recorded(f, [np.float64(0.0)] * n)
        interface, wanted = _of_numbers(n), ()
    elif kind == "transform":
        program = _recorded(f, [np.zeros(size, np.int64)])
        interface, wanted = _TRANSFORM, None
    else:
        program = _recorded(f, [np.zeros(size)])
        interface, wanted = (_FILTER, ()) if kind == "filter" else (_FILTER_1D, None)
    _check_result(program, wanted, kind)
    return _linked(program, interface)


def _n_numbers(f: Callable[..., Any]) -> int:
    """How many numbers `f` takes: its positional parameters without a default."""
    parameters = inspect.signature(f).parameters.values()
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    n = sum([p.kind in named and p.default is p.empty for p in parameters])
    if n == 0:
        raise ArgumentError(
            "low_level_callable: the function takes no numbers.",
            got=str(inspect.signature(f)),
            expected="positional parameters, one for each number",
            try_="name them: lambda x, a: f(x, a)",
        )
    return n


def _recorded(f: Callable[..., Any], examples: list[Any]) -> Program:
    """The Program of `f` for arguments of these types, without values: one path for all."""
    recording = Recording("low_level_callable", has_values=False, is_body=True)
    recording.may_write_arguments = False
    with recording:
        handles = [
            recording.argument(leaf_type(x), is_array=isinstance(x, np.ndarray)) for x in examples
        ]
        leaves, _ = flatten_outputs("low_level_callable", f(*handles))
        return recording.program([recording.output(leaf) for leaf in leaves])


def _check_result(program: Program, shape: tuple[int, ...] | None, kind: str) -> None:
    types: list[Any] = [
        leaf_type(np.asarray(a.value)) if type(a) is Literal else a.type for a in program.outputs
    ]
    is_real = len(types) == 1 and types[0].dtype == np.float64
    fits = is_real and (len(types[0].shape) == 1 if shape is None else types[0].shape == shape)
    if not fits or type(program.outputs[0]) is not Var:
        raise ArgumentError(
            f"low_level_callable: the result does not fit a function of kind {kind!r}.",
            got=", ".join([repr(t) for t in types]) or "nothing",
            expected="one float64 that depends on the arguments"
            if shape == ()
            else "one float64 array with one axis, that depends on the arguments",
        )


def _linked(program: Program, interface: _Interface) -> Any:
    from scipy import LowLevelCallable

    executable = Executable(program, optimize=optimize)
    if executable.n_callbacks:
        raise ArgumentError(
            "low_level_callable: a part of the function has no native form.",
            got="a call back into Python (wengert.explain(f)(x) names it)",
            expected="operations that docs/supported.md lists as native",
        )
    captured = [np.require(v, leaf_type(v).dtype, ("C", "A")) for v in program.captured]
    code = engine.link(
        _entry(interface, executable.address, executable.env, len(program.inputs), captured),
        "wengert_low_level",
        engine.Options(use_disk=False),  # it holds addresses
        exports=["entry"],
    )
    function: Any = ctypes.CFUNCTYPE(None)(code.address("entry"))
    function.holds = (executable, captured, code)  # LowLevelCallable holds the function
    return LowLevelCallable(function, signature=interface.signature)


def _entry(interface: _Interface, kernel: int, env: int, n_inputs: int, captured: list[Any]) -> str:
    """IR of the C function: the tables of addresses, and the call."""
    n_args = n_inputs - len(captured)
    addresses = [
        *[f"ptr %a{i}" for i in range(n_args)],
        *[f"ptr inttoptr (i64 {a.ctypes.data} to ptr)" for a in captured],
    ]
    stores = [
        f"  %p{i} = getelementptr ptr, ptr %ins, i64 {i}\n  store {address}, ptr %p{i}\n"
        for i, address in enumerate(addresses)
    ]
    return (
        f"define {interface.header} {{\n"
        + interface.body
        + f"  %ins = alloca [{max(len(addresses), 1)} x ptr]\n"
        + "  %outs = alloca ptr\n"
        + "".join(stores)
        + "  store ptr %out, ptr %outs\n"
        + f"  %kernel = inttoptr i64 {kernel} to ptr\n"
        + f"  %status = call i64 %kernel(ptr %ins, ptr %outs, i64 {env})\n"
        + interface.end
        + "}\n"
    )
