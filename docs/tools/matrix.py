"""The matrix of primitives and capabilities, read off the records.

Every cell is one of

    rule            written in the record
    derived         follows from other facts of the record, which the cell names
    by expansion    the record says how to build a Program that is then transformed
    zero            the derivative is zero by nature
    unsupported     refused with the reason that the cell gives
    library         native code calls BLAS or LAPACK
    loop            native code of control flow
    everything      each output depends on every input, for the reason that the cell gives
    callback        native code calls the interpreter back, for the reason that the cell gives

and a blank cell is a fault that the tests report. The capabilities: forward derivative, transpose,
sparsity (how dependence goes through), batch, Taylor series, NumPy source, cost, work in place, and
native code.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from wengert.ir.dependence import ELEMENTWISE, Everything
from wengert.ir.emission import Expand, Whole
from wengert.ir.primitive import Primitive, Unsupported, registry
from wengert.native.control import REGIONS
from wengert.native.elementary import FUNCTIONS
from wengert.native.prepare import _RUN
from wengert.types import Type

CAPABILITIES = (
    "jvp",
    "transpose",
    "sparsity",
    "batch",
    "series",
    "source",
    "cost",
    "in_place",
    "native",
)
HOMES = (
    "wengert.ops",
    "wengert.control",
    "wengert.scipy",
    "wengert.api",
    "wengert.extend",
    "wengert.implicit",
    "wengert.random",
)


@dataclass(frozen=True)
class Cell:
    """One cell: its kind, and where it follows from or why it is refused."""

    kind: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.note}" if self.note else self.kind


RULE = Cell("rule")
BLANK = Cell("")
ZERO = Cell("zero")


def load_everything() -> None:
    """Import every module that defines primitives or handlers."""
    for home in HOMES:
        package = importlib.import_module(home)
        for module in pkgutil.walk_packages(package.__path__, home + "."):
            importlib.import_module(module.name)


def is_of_the_library(primitive: Primitive) -> bool:
    """Whether a primitive belongs to the library: tests and pages may define others beside it."""
    if isinstance(primitive.array, FunctionType):
        home = str(primitive.array.__module__)
        return home.startswith("wengert.") and home != "wengert.extend"  # its example
    rules = (primitive.array, primitive.type_rule, primitive.transpose, primitive.batch)
    homes = [str(getattr(rule, "__module__", "")) for rule in rules if callable(rule)]
    return any(home.startswith("wengert.") for home in homes)


def primitives() -> list[Primitive]:
    """The library's primitives by name."""
    load_everything()
    return sorted(filter(is_of_the_library, registry.values()), key=lambda p: p.name)


def matrix() -> dict[str, dict[str, Cell]]:
    """All cells, by primitive and capability."""
    return {p.name: {c: cell(p, c) for c in CAPABILITIES} for p in primitives()}


def cell(primitive: Primitive, capability: str) -> Cell:
    """One cell of the matrix."""
    return _READERS[capability](primitive)


# -- one reader per capability ---------------------------------------------------------------------


def _jvp(p: Primitive) -> Cell:
    refused = _refusal(p.jvp)
    if refused:
        return refused
    if p.linearize is not None:
        return Cell("by expansion", "of its inner Programs")
    if p.extended is not None:
        return Cell("by expansion", f"as {p.extended.name}")
    if "_jvp_from_partials" in getattr(p.jvp, "__qualname__", ""):
        return Cell("derived", "from its partial derivatives")
    if p.jvp is not None:
        return RULE
    if p.linear_in:
        return Cell("derived", "linear" if len(p.linear_in) == 1 else "product rule")
    return ZERO if has_zero_derivative(p) else BLANK


def has_zero_derivative(p: Primitive) -> bool:
    """Whether a record without any derivative rule says that its derivative is zero.

    Results that are booleans or integers carry no tangent; other records have to say so in words,
    lest a rule that was forgotten be taken for a zero.
    """
    words = " ".join(str(text) for text in p.facts.values())
    if any(phrase in words for phrase in _SAYS_ZERO):
        return True
    if str(p.facts.get("derivative", "")).startswith("zero"):
        return True
    return p.is_elementwise and not any(t.is_differentiable for t in _sample_types(p))


_SAYS_ZERO = ("the derivative is 0 everywhere", "the derivative is 0 there as elsewhere")


def _sample_types(p: Primitive) -> tuple[Any, ...]:
    """Output types of an elementwise primitive for float64, or int64 where it takes no floats."""
    for dtype in ("float64", "int64"):
        for n_inputs in (1, 2, 3):
            try:
                types = p.type_rule(*[Type((), dtype)] * n_inputs)
            except (TypeError, ValueError):
                continue
            return tuple(types) if p.is_multiple else (types,)
    return (Type((), "float64"),)


def _transpose(p: Primitive) -> Cell:
    if not isinstance(p.jvp, Unsupported) and _jvp(p) == ZERO:
        return ZERO
    refused = _refusal(p.transpose)
    if refused:
        return refused
    if p.transpose_all is not None or callable(p.transpose):
        return RULE
    if p.linear_in:
        inputs = frozenset[int]().union(*p.linear_in)
        rules = {*(p.transpose or ()), *(p.accumulate or ())}  # type: ignore[misc]  # a mapping
        return RULE if inputs <= rules else BLANK
    return _refusal(p.jvp) or Cell("derived", "of its linearization")


def _sparsity(p: Primitive) -> Cell:
    rule = p.sparsity
    if isinstance(rule, Everything):
        return Cell("everything", rule.reason)
    if p.is_elementwise and rule in (None, ELEMENTWISE):
        return Cell("derived", "elementwise")
    if rule is not None:
        return RULE
    found = _transpose(p)
    if found == RULE:
        return BLANK
    return found if found in (ZERO, BLANK) else Cell("derived", "of its linearization")


def _batch(p: Primitive) -> Cell:
    refused = _refusal(p.batch)
    if refused:
        return refused
    if "batch_elementwise" in getattr(p.batch, "__qualname__", ""):
        return Cell("derived", "elementwise")
    if p.batch is not None:
        return RULE
    return Cell("derived", "a constant") if _has_no_inputs(p) else BLANK


def _has_no_inputs(p: Primitive) -> bool:
    """Whether the type rule takes parameters only."""
    code = getattr(p.type_rule, "__code__", None)
    return code is not None and code.co_argcount == 0 and not code.co_flags & 0x04


def _series(p: Primitive) -> Cell:
    if p.series is not None:
        return RULE
    if len(p.linear_in) == 1 and p.jvp is None:
        return Cell("derived", "linear")
    if len(p.linear_in) == 2 and p.jvp is None:
        return Cell("derived", "Leibniz")
    found = _jvp(p)
    if found.kind in ("zero", "unsupported", ""):
        return found
    return Cell("derived", "from its linearization")


def _source(p: Primitive) -> Cell:
    if p.render_nested is not None or p.render is not None:
        return RULE
    return Cell("derived", "a call of its implementation")


def _cost(p: Primitive) -> Cell:
    if p.cost is None:
        return BLANK
    return Cell("derived", "elementwise") if p.is_elementwise else RULE


def _in_place(p: Primitive) -> Cell:
    if p.in_place is not None:
        return RULE
    if p.is_view:
        return Cell("unsupported", "it reads through a view and writes nothing")
    return Cell("unsupported", "its result is a new array")


def _native(p: Primitive) -> Cell:
    if p.name in _RUN:
        return Cell("by expansion", "of its inner Program")
    if p in REGIONS:
        return Cell("loop") if p.name in ("scan", "while", "cond") else RULE
    if isinstance(p.emit, Unsupported):
        return Cell("callback", p.emit.reason)
    rules = p.emit if isinstance(p.emit, tuple) else (p.emit,)
    if rules == (None,) or (is_elementary(p) and p.name not in FUNCTIONS):
        return BLANK
    if isinstance(rules[0], Whole):
        return Cell("library") if _calls_library(rules[0].f) else RULE
    return Cell("by expansion") if isinstance(rules[0], Expand) else RULE


def is_elementary(p: Primitive) -> bool:
    """Whether the compiler is to have code of its own for a function of this name."""
    return "_elementary" in getattr(getattr(p.emit, "f", None), "__qualname__", "")


def _calls_library(rule: Any) -> bool:
    """Rules that call BLAS or LAPACK stand in modules of their own, or use those."""
    names = getattr(getattr(rule, "__code__", None), "co_names", ())
    return "native_products" in names or ".native_" in str(getattr(rule, "__module__", ""))


def _refusal(rule: Any) -> Cell | None:
    return Cell("unsupported", rule.reason) if isinstance(rule, Unsupported) else None


_READERS = {
    "jvp": _jvp,
    "transpose": _transpose,
    "sparsity": _sparsity,
    "batch": _batch,
    "series": _series,
    "source": _source,
    "cost": _cost,
    "in_place": _in_place,
    "native": _native,
}
