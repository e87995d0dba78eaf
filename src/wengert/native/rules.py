"""The native rule of an equation: which form it takes, and whether it can be written at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from wengert.ir.emission import Elementwise, Expand, NotNative, Pull, Reduce, Whole
from wengert.ir.primitive import Unsupported
from wengert.ir.program import Equation, Literal, Var, exact_params
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import REAL_OF, Complex, Value, kind_of_dtype
from wengert.types import Type

Rule = Elementwise | Pull | Reduce | Expand | Whole

_trials: dict[Any, bool] = {}
_MAX_TRIALS = 20_000


def kind_of(atom: Any) -> str | None:
    """The kind of a Var's elements or of a literal; None where there is no native one."""
    if type(atom) is Var:
        return kind_of_dtype(atom.type.dtype) if type(atom.type) is Type else None
    value = atom.value
    if type(value) is bool:
        return "b1"
    if type(value) is int:
        return "i8"
    if type(value) is float:
        return "f8"
    return kind_of_dtype(np.asarray(value).dtype)


def array_type(v: Any) -> Type:
    """The Type of a Var that is an array: plans and rules of elements see no stacks."""
    assert type(v.type) is Type
    return v.type


def shape_of(atom: Any) -> tuple[int, ...]:
    """The sizes of a value's axes; a literal has none."""
    return atom.type.shape if type(atom) is Var else ()  # type: ignore[union-attr]  # no stack


def native_rule(eq: Equation) -> Rule | None:
    """The form in which an equation is written natively, or None: it becomes a callback."""
    rules = eq.primitive.emit
    if rules is None or isinstance(rules, Unsupported):
        return None
    if not isinstance(rules, tuple):
        rules = (rules,)
    for rule in rules:
        if _applies(rule, eq):
            return rule
    return None


def _applies(rule: Rule, eq: Equation) -> bool:
    if isinstance(rule, (Whole, Expand)) and rule.accepts is not None:
        ins = [a.type if type(a) is Var else a.value for a in eq.inputs]
        if not rule.accepts(ins, [v.type for v in eq.outputs], **eq.params):
            return False
    if isinstance(rule, Expand):
        return all([type(a) is not Var or type(a.type) is Type for a in eq.inputs])
    if any(kind_of(a) is None for a in (*eq.inputs, *eq.outputs)):
        return False
    if isinstance(rule, Elementwise):
        return _trial(rule, eq)
    if isinstance(rule, Pull) and rule.accepts is not None:
        ins = [a.type if type(a) is Var else a.value for a in eq.inputs]
        return rule.accepts(ins, [v.type for v in eq.outputs], **eq.params)
    return True


def _trial(rule: Elementwise, eq: Equation) -> bool:
    """Whether the rule can be written for these kinds: found out once, on a scratch builder."""
    kinds = operand_kinds(rule, eq)
    if kinds is None:
        return False
    key = (eq.primitive, kinds, kind_of(eq.outputs[0]), exact_params(eq.params))
    known = _trials.get(key)
    if known is None:
        b = Arithmetic("scratch", [])
        try:
            result = rule.f(b, *[_dummy(kind) for kind in kinds], **eq.params)
            known = (result.kind in REAL_OF) == (kind_of(eq.outputs[0]) in REAL_OF)
        except (NotNative, KeyError, AttributeError, AssertionError):
            known = False
        if len(_trials) > _MAX_TRIALS:
            _trials.clear()
        _trials[key] = known
    return known


def _dummy(kind: str) -> Any:
    if kind in REAL_OF:
        return Complex(Value("%x", REAL_OF[kind]), Value("%y", REAL_OF[kind]))
    return Value("%x", kind)


def operand_kinds(rule: Elementwise, eq: Equation) -> tuple[str, ...] | None:
    """The kinds in which the operands arrive: those that NumPy converts them to."""
    own = tuple([kind_of(a) for a in eq.inputs])
    if None in own:
        return None
    if rule.operands == "own":
        return own  # type: ignore[return-value]  # none is None
    if rule.operands in ("result", "chosen"):
        kind = kind_of(eq.outputs[0])
        if kind is None:
            return None
        first = own[:1] if rule.operands == "chosen" else ()
        return (*first, *(kind,) * (len(own) - len(first)))  # type: ignore[arg-type]  # none is None
    scalars = tuple(
        [
            a.type.dtype if type(a) is Var else type(a.value)  # type: ignore[union-attr]  # kinds were found, so no stacks
            for a in eq.inputs
        ]
    )
    return _ufunc_kinds(eq.primitive.ufunc, scalars)


@lru_cache(maxsize=20_000)
def _ufunc_kinds(ufunc: Any, scalars: tuple[Any, ...]) -> tuple[str, ...] | None:
    kinds = tuple([np.dtype(bool) if k is bool else k for k in scalars])
    if all(k in (int, float, complex) for k in kinds):
        kinds = tuple([np.dtype(k) for k in kinds])
    if ufunc is None or ufunc.nin != len(kinds):
        dtypes = [np.result_type(*[np.dtype(k) for k in kinds])] * len(kinds)
    else:
        dtypes = list(ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout)))[: ufunc.nin]
    found = [kind_of_dtype(d) for d in dtypes]
    return None if None in found else tuple(found)  # type: ignore[arg-type]  # none is None


# -- reductions ------------------------------------------------------------------------------------

_NEUTRAL: dict[str, Callable[[str], Any]] = {
    "sum": lambda kind: 0,
    "prod": lambda kind: 1,
    "any": lambda kind: False,
    "all": lambda kind: True,
    "max": lambda kind: _extreme(kind, False),
    "min": lambda kind: _extreme(kind, True),
}


def _extreme(kind: str, is_largest: bool) -> Any:
    if kind[0] == "f":
        return np.inf if is_largest else -np.inf
    if kind == "b1":
        return is_largest
    info = np.iinfo(np.dtype(kind))
    return info.max if is_largest else info.min


def neutral(b: Arithmetic, how: str, kind: str) -> Any:
    """What a reduction starts from."""
    if how == "sum" and kind[0] == "f":
        return b.zero(kind)  # nothing is added to it
    return b.constant(_NEUTRAL[how](kind), kind)


def combine(b: Arithmetic, how: str, x: Any, y: Any) -> Any:
    """Two partial results of a reduction in one."""
    if how == "sum":
        return b.add(x, y)
    if how == "prod":
        return b.mul(x, y)
    if how == "any":
        return b.or_(x, y)
    if how == "all":
        return b.and_(x, y)
    better = b.compare("gt" if how == "max" else "lt", y, x)
    if x.kind[0] in "fc":
        better = b.or_(better, b.is_nan(y))  # a NaN wins, and stays: nothing is greater
    return b.select(better, y, x)


def literal(b: Arithmetic, atom: Literal) -> Any:
    """A literal as a constant of its own kind."""
    kind = kind_of(atom)
    assert kind is not None
    return b.constant(atom.value, kind)


_WEIGHTS = {"add": 1, "sub": 1, "mul": 1, "neg": 1, "convert": 1, "copy": 0}


def weight(eq: Any) -> int:
    """What an elementwise equation costs an element, in additions."""
    name = eq.primitive.name
    known = _WEIGHTS.get(name)
    if known is not None:
        return known
    if eq.primitive.cost is None:
        return 4
    ins = [a.type if type(a) is Var else a.value for a in eq.inputs]
    size = eq.outputs[0].type.size
    return max(
        1, round(eq.primitive.cost(ins, [v.type for v in eq.outputs], **eq.params) / max(size, 1))
    )
