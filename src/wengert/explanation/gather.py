"""`explain`: runs a function, compiles it once more with everything noted, and measures it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

import numpy as np

from wengert.api.choices import Choice, choices
from wengert.api.jit import Jitted, jit
from wengert.api.specialize import Specialization
from wengert.explanation.facts import Explanation, Path
from wengert.explanation.steps import blocks_of
from wengert.ir.program import Program
from wengert.native import engine
from wengert.native.compiler import can_compile, compile_program
from wengert.passes import Report, optimize
from wengert.sparse.functions import compiled_for
from wengert.trace.evaluate import plan_of

_BUDGET = 0.1  # seconds for timing one way of calling
_MAX_ASSEMBLED = 400_000  # characters of IR up to which assembly is shown too


def explain(f: Callable[..., Any]) -> Callable[..., Explanation]:
    """`explain(f)(*args)` says what becomes of `f` on these arguments when it is compiled.

    Parameters
    ----------
    f : callable
        A jitted function, or any other, which is then jitted for the occasion.

    Returns
    -------
    callable
        Called like `f`, gives an `Explanation`: print it, let a notebook show it, or `save` it as
        an HTML page. It holds the Program as recorded and after the passes, the steps of the
        native function with their loops, what is fused and what is kept in memory, calls of
        libraries and of the interpreter, guards, the times of compilation and of a call, and for
        Jacobians the mode that was chosen and why.

    Notes
    -----
    Runs `f` a few times and compiles it once more: a few times the cost of a first call.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> def energy(x):
    ...     return np.sum(np.sin(x) ** 2)
    >>> report = wg.explain(wg.grad(energy))(np.linspace(0.0, 1.0, 100))
    >>> print(report.verdict)
    One native function: 1 loop nest; no call into Python.
    """
    jitted = f if isinstance(f, Jitted) else jit(f)

    @wraps(f)
    def explained(*args: Any, **kwargs: Any) -> Explanation:
        inside = compiled_for(f, args, kwargs)
        if inside is not None:  # of a sparse derivative: it is compiled already
            found = _explain(inside[0], inside[1], {})
            found.name = _name(jitted)
            return found
        return _explain(jitted, args, kwargs)

    return explained


def _explain(jitted: Jitted, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Explanation:
    key, call = jitted.sorted_out(args, kwargs)
    one = jitted.specialization(key, call)
    heard: list[Choice] = []
    token = choices.set(heard)
    start = perf_counter()
    try:
        recorded = jitted.record_again(call)
    finally:
        choices.reset(token)
    seconds = {"record": perf_counter() - start}
    has_given_up = one is None
    one = one or recorded
    program = recorded.checked
    report = Report()
    start = perf_counter()
    optimized = optimize(program, report)
    seconds["passes"] = perf_counter() - start
    values = [*call.values, *one.captured]
    found = Explanation(
        name=_name(jitted),
        signature=", ".join([repr(v.type) for v in program.inputs[: len(call.values)]]),
        problem=_problem(program),
        recorded=program,
        compiled=optimized,
        report=report,
        seconds=seconds,
        call_seconds={},
        cost=optimized.cost(),
        touched_bytes=_touched(program),
        has_given_up=has_given_up,
        paths=_paths(jitted, one),
        choices=list(dict.fromkeys(heard)),
    )
    if not found.problem and one.executable is None:
        found.problem = f"the compiler failed, {one.owner.fault}"
    if not found.problem:
        _compile(found, optimized)
    if one.executable is not None and not has_given_up:
        found.found_on_disk = one.executable.from_disk
        found.call_seconds["native"] = _seconds(lambda: jitted(*args, **kwargs))
    found.call_seconds["interpreter"] = _seconds(lambda: plan_of(one.checked).run(values))
    found.call_seconds["Python"] = _seconds(lambda: call.on(jitted.__wrapped__, call.values))
    return found


def _compile(found: Explanation, optimized: Program) -> None:
    with engine.exclusive():
        start = perf_counter()
        kernel = compile_program(optimized)
        found.seconds["write"] = perf_counter() - start
        options = engine.Options(use_disk=False)
        linked = engine.link(kernel.ir, "wengert_explained", options, exports=["kernel"])
    done = linked.seconds
    found.seconds |= {"parse": done.parse, "codegen": done.codegen, "link": done.link}
    found.block = blocks_of(kernel)
    found.compiled = kernel.program or optimized
    found.arena_bytes = kernel.arena_bytes
    found.n_instructions = kernel.n_instructions
    found.ir = kernel.ir
    if len(kernel.ir) <= _MAX_ASSEMBLED:
        found.assembly = engine.assembly(kernel.ir)


def _name(jitted: Jitted) -> str:
    f = jitted.__wrapped__
    name = getattr(f, "__qualname__", repr(f)).rpartition("<locals>.")[2]
    return name if name != "<lambda>" else "a lambda"


def _problem(program: Program) -> str:
    if not engine.available():
        return f"there is no native code in this process ({engine.reason()})."
    if not can_compile(program):
        return "an argument or a result is of a type that has no native form."
    return ""


def _paths(jitted: Jitted, this: Specialization) -> list[Path]:
    found = []
    for _, known in jitted.specializations():
        for one in known:
            n = len(one.program.inputs) - len(one.captured)
            types = ", ".join([repr(v.type) for v in one.program.inputs[:n]])
            guards = tuple(
                [
                    f"{answer!r} at {where}"
                    for answer, where in zip(one.answers, one.where, strict=True)
                ]
            )
            found.append(Path(types, guards, one is this))
    return found


def _touched(program: Program) -> int:
    atoms = [*program.inputs, *program.outputs]
    return sum([getattr(getattr(a, "type", None), "nbytes", 0) for a in atoms])


def _seconds(f: Callable[[], Any]) -> float:
    """The shortest time of a call, of as many as fit into the budget."""
    with np.errstate(all="ignore"):
        start = perf_counter()
        f()
        best = perf_counter() - start
        end = start + _BUDGET
        while perf_counter() < end:
            n = max(1, min(1000, int(0.005 / max(best, 1e-9))))
            start = perf_counter()
            for _ in range(n):
                f()
            best = min(best, (perf_counter() - start) / n)
    return best
