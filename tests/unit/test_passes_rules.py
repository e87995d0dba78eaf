"""Every rule of the table by name: an example that it rewrites, compared bit for bit.

Each example is also tried in other dtypes and on empty arrays, wherever it is a Program there and
the rule applies: what a rule's condition forgets shows here.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest

from wengert.errors import WengertError
from wengert.ir import Equation, Literal, Program, Var
from wengert.ir.check import check
from wengert.ir.program import atom_type
from wengert.ir.text import parse_program
from wengert.passes import TABLE, Changes, Rule
from wengert.passes.pattern import index_rules
from wengert.passes.push import Pusher
from wengert.passes.rewriting import Rewriter
from wengert.trace.evaluate import evaluate
from wengert.types import Type

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.5, -3.0, 5e-324]

# One line: `inputs | equations; … | output`. Inputs are a, b, … of the types given.
A = "float64[3]"
S = "float64[]"
M = "float64[2, 3]"
EXAMPLES = {
    "x * 1 = x": f"{A} | b: {A} = mul(a, 1.0)",
    "x / 1 = x": f"{A} | b: {A} = div(a, 1)",
    "x + -0 = x": f"{A} | b: {A} = add(-0.0, a)",
    "x - 0 = x": f"{A} | b: {A} = sub(a, 0.0)",
    "n + 0 = n": "int64[3] | b: int64[3] = add(a, 0)",
    "n * 0 = 0": "int64[3] | b: int64[3] = mul(a, 0)",
    "x + 0 = x where x is never -0": f"{A} | b: {A} = exp(a); c: {A} = add(b, 0.0)",
    "x + 0 = x": f"{A} | b: {A} = add(a, 0.0)",
    "0 - x = -x": f"{A} | b: {A} = sub(0.0, a)",
    "x * -1 = -x": f"{A} | b: {A} = mul(-1, a)",
    "x / -1 = -x": f"{A} | b: {A} = div(a, -1.0)",
    "-(-x) = x": f"{A} | b: {A} = neg(a); c: {A} = neg(b)",
    "x - (-y) = x + y": f"{A}, {A} | c: {A} = neg(b); d: {A} = sub(a, c)",
    "x + (-y) = x - y": f"{A}, {A} | c: {A} = neg(b); d: {A} = add(c, a)",
    "(-x) * (-y) = x * y": f"{A}, {A} | c: {A} = neg(a); d: {A} = neg(b); e: {A} = mul(c, d)",
    "(-x) / (-y) = x / y": f"{A}, {A} | c: {A} = neg(a); d: {A} = neg(b); e: {A} = div(c, d)",
    "-(x * c) = x * -c": f"{A} | b: {A} = mul(a, 3.0); c: {A} = neg(b)",
    "-(x / c) = x / -c": f"{A} | b: {A} = div(a, 3); c: {A} = neg(b)",
    "(-x) * c = x * -c": f"{A} | b: {A} = neg(a); c: {A} = mul(3.0, b)",
    "(-x) / c = x / -c": f"{A} | b: {A} = neg(a); c: {A} = div(b, 3.0)",
    "|-x| = |x|": f"{A} | b: {A} = neg(a); c: {A} = absolute(b)",
    "||x|| = |x|": f"{A} | b: {A} = absolute(a); c: {A} = absolute(b)",
    "x / 2^n = x * 2^-n": f"{A} | b: {A} = div(a, 8)",
    "x ** 1 = x": f"{A} | b: {A} = power(a, 1)",
    "x ** 2 = x * x": f"{A} | b: {A} = power(a, 2)",
    "x ** -1 = 1 / x": f"{A} | b: {A} = power(a, -1)",
    "x ** 0.5 = sqrt x": f"{A} | b: {A} = power(a, 0.5)",
    "s ** 2 = s * s": f"{S} | b: {S} = power(a, 2)",
    "s ** -1 = 1 / s": f"{S} | b: {S} = power(a, -1)",
    "x ** 3 = x * x * x": f"{A} | b: {A} = power(a, 3)",
    "x ** 4 = (x * x) ** 2": f"{A} | b: {A} = power(a, 4.0)",
    "x ** -2 = (1 / x) ** 2": f"{A} | b: {A} = power(a, -2)",
    "square x = x * x": f"{A} | b: {A} = square(a)",
    "reciprocal x = 1 / x": f"{A} | b: {A} = reciprocal(a)",
    "select(c, x, y) of a known c": f"{A}, {A} | c: {A} = select(False, a, b)",
    "select(z, x, x) = x": f"bool[3], {A} | c: {A} = select(a, b, b)",
    "max(x, x) = x": f"{A} | b: {A} = maximum(a, a)",
    "min(x, x) = x": f"{A} | b: {A} = minimum(a, a)",
    "not not x = x": "bool[3] | b: bool[3] = logical_not(a); c: bool[3] = logical_not(b)",
    "positive x = x": f"{A} | b: {A} = positive(a)",
    "copy x = x": f"{A} | b: {A} = copy(a)",
    "stop_gradient x = x": f"{A} | b: {A} = stop_gradient(a)",
    "real x = x": f"{A} | b: {A} = real(a)",
    "conj x = x": f"{A} | b: {A} = conj(a)",
    "conj conj x = x": f"{A} | b: {A} = conj(a); c: {A} = conj(b)",
    "convert to its own dtype": f"{A} | b: {A} = convert[dtype=dtype(float64)](a)",
    "convert of convert": "float32[3] | b: float64[3] = convert[dtype=dtype(float64)](a); "
    "c: float32[3] = convert[dtype=dtype(float32)](b)",
    "reshape to its own shape": f"{A} | b: {A} = reshape[shape=(3,), order='C'](a)",
    "reshape of reshape": f"{M} | b: float64[3, 2] = reshape[shape=(3, 2), order='C'](a); "
    "c: float64[6] = reshape[shape=(6,), order='C'](b)",
    "transpose of transpose": "float64[2, 3, 4] | "
    "b: float64[4, 2, 3] = transpose[axes=(2, 0, 1)](a); "
    "c: float64[2, 4, 3] = transpose[axes=(1, 0, 2)](b)",
    "transpose that moves nothing": f"{M} | b: {M} = transpose[axes=(0, 1)](a)",
    "transpose of unit axes = reshape": "float64[1, 3] | "
    "b: float64[3, 1] = transpose[axes=(1, 0)](a)",
    "broadcast of broadcast": f"{S} | b: {A} = broadcast_to[shape=(3,)](a); "
    f"c: {M} = broadcast_to[shape=(2, 3)](b)",
    "broadcast to its own shape": f"{A} | b: {A} = broadcast_to[shape=(3,)](a)",
    "broadcast of reshape": f"{A} | b: float64[1, 3] = reshape[shape=(1, 3), order='C'](a); "
    f"c: {M} = broadcast_to[shape=(2, 3)](b)",
    "reshape of full = full": f" | a: {M} = full[shape=(2, 3), dtype=dtype(float64)](1.5); "
    "b: float64[6] = reshape[shape=(6,), order='C'](a)",
    "transpose of full = full": f" | a: {M} = full[shape=(2, 3), dtype=dtype(float64)](1.5); "
    "b: float64[3, 2] = transpose[axes=(1, 0)](a)",
    "broadcast of full = full": f" | a: {A} = full[shape=(3,), dtype=dtype(float64)](-0.0); "
    f"b: {M} = broadcast_to[shape=(2, 3)](a)",
    "convert of full = full": f" | a: {A} = full[shape=(3,), dtype=dtype(float64)](0.1); "
    "b: float32[3] = convert[dtype=dtype(float32)](a)",
    "full of a known number = full": f" | a: {S} = full[shape=(), dtype=dtype(float64)](0.1); "
    f"b: {A} = full[shape=(3,), dtype=dtype(float64)](a)",
    "write over everything = the value": f"{M}, {A} | c: {M} = set_all(a, b)",
    "sum over unit axes = x + 0": "float64[3, 1] | "
    "b: float64[3] = sum[axes=(1,), keepdims=False](a)",
    "sum of nothing = 0": "float64[3, 0] | b: float64[3] = sum[axes=(1,), keepdims=False](a)",
    "sum of zeros = 0": f" | a: {M} = full[shape=(2, 3), dtype=dtype(float64)](-0.0); "
    f"b: {A} = sum[axes=(0,), keepdims=False](a)",
    "sum of equal terms": f"{A} | b: {M} = broadcast_to[shape=(2, 3)](a); "
    f"c: {A} = sum[axes=(0,), keepdims=False](b)",
    "sum of sum": "float64[2, 3, 4] | b: float64[2, 4] = sum[axes=(1,), keepdims=False](a); "
    "c: float64[4] = sum[axes=(0,), keepdims=False](b)",
    "sum of transpose": "float64[2, 3, 4] | b: float64[4, 2, 3] = transpose[axes=(2, 0, 1)](a); "
    "c: float64[4, 3] = sum[axes=(1,), keepdims=False](b)",
    "sum of a short stack": f"{A}, {A} | c: float64[3, 2] = stack[axis=1](a, b); "
    f"d: {A} = sum[axes=(1,), keepdims=False](c)",
    "index of stack": f"{A}, {A} | c: {M} = stack[axis=0](a, b); "
    "d: float64[2] = index[index=(1, (0, 2, 1))](c)",
    "index of concatenate": f"{A}, float64[2] | c: float64[5] = concatenate[axis=0](a, b); "
    "d: float64[3] = index[index=((4, None, -2),)](c)",
    "index of full": f"{S} | b: {M} = full[shape=(2, 3), dtype=dtype(float64)](a); "
    f"c: {A} = index[index=(1,)](b)",
    "index of iota": " | a: int64[5] = iota[n=5, dtype=dtype(int64)](); "
    "b: int64[] = index[index=(3,)](a)",
    "index of broadcast_to": f"{A} | b: {M} = broadcast_to[shape=(2, 3)](a); "
    "c: float64[2] = index[index=((0, 2, 1), 1)](b)",
    "index of transpose": "float64[2, 3, 4] | b: float64[4, 2, 3] = transpose[axes=(2, 0, 1)](a); "
    "c: float64[4, 2] = index[index=((0, 4, 1), (0, 2, 1), 2)](b)",
    "index of reshape": "float64[2, 3, 1, 4] | "
    "b: float64[6, 4] = reshape[shape=(6, 4), order='C'](a); "
    "c: float64[2] = index[index=(4, (1, 3, 1))](b)",
    "index of index": f"{M} | b: float64[2, 2] = index[index=((0, 2, 1), (0, 3, 2))](a); "
    "c: float64[2] = index[index=(1,)](b)",
    "index with new axes = reshape": f"{A} | b: float64[2, 1] = index[index=((1, 3, 1), None)](a)",
    "index of everything = x": "float64[1, 3] | b: float64[3] = index[index=(0,)](a)",
    "index_set of everything = the value": f"{M}, {A} | c: {M} = index_set[index=()](a, b)",
    "index_add to everything = x + y": f"{M}, {A} | c: {M} = index_add[index=()](a, b)",
    "item at known places = index": f"{M} | b: {A} = item[axes=(0,)](a, -1)",
    "gather at known places = index": f"{M} | b: float64[2] = gather[axes=(1,)](a, 2)",
    "scatter_set at known places": f"{M}, {S} | c: {M} = scatter_set[axes=(0, 1)](a, b, 1, -2)",
    "scatter_add at known places": f"{M}, {A} | c: {M} = scatter_add[axes=(0,)](a, b, 1)",
    "read through index_set": f"{A}, {S} | c: {A} = index_set[index=(1,)](a, b); "
    f"d: {A} = index_set[index=(2,)](c, 2.0); e: {S} = index[index=(1,)](d)",
    "read through index_add": f"{A}, {S} | c: {A} = index_set[index=(2,)](a, 2.0); "
    f"d: {A} = index_add[index=(1,)](c, b); e: {S} = index[index=(1,)](d)",
    "einsum that sums nothing = x * y": f"{A}, {M} | c: float64[3, 2] = "
    "einsum[subscripts='a,ba->ab'](a, b)",
    "einsum = matrix product": f"{M}, {M} | "
    "c: float64[2, 2] = einsum[subscripts='ab,cb->ca'](a, b)",
    "einsum without unit axes": "float64[1, 2, 3], float64[1, 3, 2] | c: float64[2, 2, 1] = "
    "einsum[subscripts='zab,zbc->acz'](a, b)",
    "dot of one term = x * y": "float64[3, 1], float64[1, 2] | c: float64[3, 2] = dot(a, b)",
    "sum of a large product = einsum": "float64[60, 1, 30], float64[40, 30] | "
    "c: float64[60, 40, 30] = mul(a, b); d: float64[60, 40] = sum[axes=(2,), keepdims=False](c)",
}
RULES = {r.name: (stage, r) for stage, rules in TABLE.items() for r in rules}


def program_of(text: str) -> Program:
    types, lines = text.split(" | ")
    names = "abcdefgh"
    kinds = [t for t in types.replace("], ", "]; ").split("; ") if t.strip()]
    inputs = ", ".join([f"{n}: {t}" for n, t in zip(names, kinds, strict=False)])
    equations = lines.split("; ")
    last = equations[-1].split(":")[0]
    return parse_program("\n".join([f"program({inputs}):", *equations, f"return {last}"]))


def family_example(r: Rule) -> Program:
    """An example of a rule that exists for every elementwise primitive."""
    primitive, kind = r.pattern.primitive, r.name.removeprefix(r.pattern.primitive.name)
    for dtype in (float, bool, int, complex):
        for n in (1, 2, 3):
            try:
                return _family_example(primitive, kind, n, dtype)
            except (WengertError, TypeError, ValueError):
                continue
    raise AssertionError(r.name)


def _family_example(primitive: Any, kind: str, n: int, dtype: Any) -> Program:
    from wengert.ir import registry

    params: dict[str, Any] = {}
    if primitive.name in ("convert", "share"):
        params = {"dtype": np.dtype(float)}
    if primitive.name == "round":
        params = {"decimals": 1}
    if primitive.name in ("bessel_i", "sinc_derivative"):
        params = {"order": 1}
    equations: list[Equation] = []
    inputs = []
    if kind == " of broadcast operands":
        inputs = [Var(Type((3,), dtype)), *[Var(Type((2, 3), dtype)) for _ in range(n - 1)]]
        spread = Var(Type((2, 3), dtype))
        to = {"shape": (2, 3)}
        equations.append(Equation(registry["broadcast_to"], (inputs[0],), to, (spread,)))
        atoms: list[Any] = [spread, *inputs[1:]]
    elif kind == " with a literal":
        inputs = [Var(Type((3,), dtype)) for _ in range(n - 1)]
        known = Var(Type((), dtype))
        full = {"shape": (), "dtype": np.dtype(dtype)}
        equations.append(Equation(registry["full"], (Literal(dtype(2)),), full, (known,)))
        atoms = [*inputs, known]
        if n == 1:
            raise ValueError
    else:
        atoms = [Literal(dtype(2)) for _ in range(n)]
        if primitive.name in ("convert",):
            known = Var(Type((), dtype))
            full = {"shape": (), "dtype": np.dtype(dtype)}
            equations.append(Equation(registry["full"], (Literal(dtype(2)),), full, (known,)))
            atoms = [known]
    out = Var(primitive.type_rule(*[atom_type(a) for a in atoms], **params))
    equations.append(Equation(primitive, tuple(atoms), params, (out,)))
    return check(Program(inputs, equations, [out]))


def rewritten(r: Rule, program: Program) -> Program | None:
    """The Program after this rule alone; None if it does not apply."""
    fired: Counter[str] = Counter()
    walk = Pusher if r.name.startswith("read through") else Rewriter
    result = walk(program, index_rules([r]), fired).run()
    return check(result) if fired[r.name] else None


def draw(type_: Any, rng: np.random.Generator, special: bool) -> Any:
    shape, kind = type_.shape, type_.dtype.kind
    if kind == "b":
        return (rng.random(shape) < 0.5) if shape else np.bool_(rng.random() < 0.5)
    if kind in "iu":
        return rng.integers(0 if kind == "u" else -3, 4, shape).astype(type_.dtype)[()]
    values = rng.choice(SPECIAL, shape) if special else rng.normal(size=shape)
    if kind == "c":
        other = rng.choice(SPECIAL, shape) if special else rng.normal(size=shape)
        both = np.empty(shape, type_.dtype)
        both.real, both.imag = values, other
        return both[()]
    return np.asarray(values, type_.dtype)[()]


def same_bits(a: Any, b: Any) -> bool:
    """Equal values and equal signs of zeros; NaNs are all one."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind == "c":
        return same_bits(a.real, b.real) and same_bits(a.imag, b.imag)
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    finite = ~np.isnan(a)
    return bool(
        np.array_equal(a, b, equal_nan=True)
        and np.array_equal(np.signbit(a[finite]), np.signbit(b[finite]))
    )


def compare(r: Rule, program: Program, other: Program, n_draws: int = 12) -> None:
    rng = np.random.default_rng(0)
    for i in range(n_draws):
        args = [draw(t, rng, special=i % 2 == 1) for t in program.in_types]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = evaluate(program, args)
            except (ArithmeticError, ValueError, TypeError):
                continue
            got = evaluate(other, args)
        for a, b in zip(expected, got, strict=True):
            if r.changes is Changes.NOTHING or np.asarray(a).dtype.kind not in "fc":
                assert same_bits(a, b), (str(program), str(other), args, a, b)
            elif r.changes is Changes.ZERO_SIGN:
                assert same_bits(a + 0.0, b + 0.0), (str(program), str(other), args, a, b)
            else:
                eps = np.finfo(np.asarray(a).dtype).eps
                np.testing.assert_allclose(a, b, rtol=40 * eps, atol=200 * eps)


def test_every_rule_has_an_example():
    missing = [name for name in RULES if name not in EXAMPLES and not _is_family(name)]
    assert not missing
    assert not EXAMPLES.keys() - RULES.keys()


def test_names_are_unique():
    for rules in TABLE.values():
        assert len({r.name for r in rules}) == len(rules)


def _is_family(name: str) -> bool:
    return name.endswith((" of broadcast operands", " of known numbers", " with a literal"))


@pytest.mark.parametrize("name", RULES)
def test_the_rule_keeps_every_bit_that_it_says_it_keeps(name):
    _, r = RULES[name]
    text = EXAMPLES.get(name)
    program = family_example(r) if text is None else check(program_of(text))
    done = rewritten(r, program)
    if done is None and _is_family(name):
        pytest.skip("the rule does not apply to this primitive's example")
    assert done is not None, f"the example does not show the rule:\n{program}"
    compare(r, program, done)
    if text is None:
        return
    for dtype in ("float32", "complex128", "int64", "uint8", "bool"):
        variant(r, text.replace("float64", dtype))
    if "index=" not in text and "at known" not in name:  # these places are there in one shape only
        for old, new in (("3", "0"), ("2, 3", "0, 3")):
            variant(r, text.replace(f"[{old}", f"[{new}").replace(f"({old}", f"({new}"))
        variant(r, text.replace(A, M))
        variant(r, text.replace(A, S))


def variant(r: Rule, text: str) -> None:
    """The same where the changed example is a Program at all and the rule applies."""
    try:
        program = check(program_of(text))
    except (WengertError, TypeError, ValueError, IndexError, OverflowError):
        return
    done = rewritten(r, program)
    if done is not None:
        compare(r, program, done)
