"""`check`: the executable specification of a Program. It runs after every transform under test."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import ProgramError, WengertError
from wengert.ir.primitive import Primitive, registry
from wengert.ir.program import Equation, Literal, Program, Var, atom_type, sub_programs
from wengert.types import StackType, Type


def check(program: Program) -> Program:
    """Raise `ProgramError` unless `program` is well formed; return it.

    Checked, here and in every Program among the parameters:

    - each Var is an input or the output of one equation, and is written before it is read;
    - literals are Python scalars;
    - primitives are registered, and parameters are hashable, static and free of floats;
    - each equation has as many outputs as its primitive's type rule says, of those types;
    - captured values, if any, belong to the last inputs and have their types.
    """
    defined: set[Var] = set()
    for v in program.inputs:
        _define(v, defined, "an input")
    for number, eq in enumerate(program.equations):
        place = f"equation {number} ({eq.primitive.name})"
        for a in eq.inputs:
            _check_atom(a, defined, place)
        _check_params(eq, place)
        _check_types(eq, place)
        for v in eq.outputs:
            _define(v, defined, place)
        for _, inner in sub_programs(eq.params):
            check(inner)
    for a in program.outputs:
        _check_atom(a, defined, "the outputs")
    _check_captured(program)
    return program


def _fail(what: str, **rows: Any) -> ProgramError:
    return ProgramError(f"malformed Program: {what}", **rows)


def _define(v: Any, defined: set[Var], place: str) -> None:
    if type(v) is not Var or type(v.type) not in (Type, StackType):
        raise _fail(f"{place} defines something that is no Var.", got=repr(v))
    if v in defined:
        raise _fail(f"{place} defines a Var that exists already.", expected="one definition a Var")
    defined.add(v)


def _check_atom(a: Any, defined: set[Var], place: str) -> None:
    if type(a) is Var:
        if a not in defined:
            raise _fail(
                f"{place} reads a Var before it is written.", expected="definition before use"
            )
    elif type(a) is not Literal or type(a.value) not in (bool, int, float, complex):
        raise _fail(f"{place} reads something that is neither a Var nor a literal.", got=repr(a))


def _check_params(eq: Equation, place: str) -> None:
    if type(eq.primitive) is not Primitive or registry.get(eq.primitive.name) is not eq.primitive:
        raise _fail(f"{place} is not a registered primitive.", got=repr(eq.primitive))
    for name, value in eq.params.items():
        try:
            hash(value)
        except TypeError:
            raise _fail(f"parameter {name} of {place} cannot be hashed.", got=repr(value)) from None
        if isinstance(value, (float, complex, np.generic, np.ndarray)):
            raise _fail(
                f"parameter {name} of {place} is a number that belongs among the inputs.",
                got=repr(value),
                expected="integers, booleans, strings, dtypes, types, Programs, tuples of them",
            )


def _check_types(eq: Equation, place: str) -> None:
    try:
        types = eq.primitive.type_rule(*[atom_type(a) for a in eq.inputs], **eq.params)
    except WengertError as error:
        raise _fail(f"{place} does not fit its type rule.", got=str(error)) from error
    types = tuple(types) if eq.primitive.is_multiple else (types,)
    written = tuple([v.type for v in eq.outputs])
    if types != written:
        raise _fail(
            f"{place} has outputs of other types than its type rule says.",
            got=", ".join(map(repr, written)),
            expected=", ".join(map(repr, types)),
        )


def _check_captured(program: Program) -> None:
    n = len(program.captured)
    if n > len(program.inputs):
        raise _fail("more captured values than inputs.", got=f"{n}")
    for v, value in zip(program.inputs[len(program.inputs) - n :], program.captured, strict=True):
        type_ = getattr(value, "type", None) or Type(value.shape, value.dtype)
        if type_ != v.type:
            raise _fail(
                "a captured value does not have the type of its input.",
                got=repr(type_),
                expected=repr(v.type),
            )
