"""`Builder`: LLVM IR as text, one pure instruction at a time. Read `Value`, `Scope`, `Builder`.

Every instruction goes to the outermost open loop in which its operands are known, and an
instruction written before is not written again. So loop-invariant code ends up in front of its
loop and common subexpressions are shared, without a pass of LLVM's.

Kinds are NumPy's letters and sizes: f8 f4 for floats, i8 … i1 and u8 … u1 for integers, b1 for
booleans (one bit in registers, a byte in memory), c16 c8 for complex numbers, which are pairs of
floats here (`Complex`). A Value has `lanes` numbers; 0 lanes is a scalar, the same for all lanes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

LLVM_TYPES = {
    "f8": "double",
    "f4": "float",
    "i8": "i64",
    "i4": "i32",
    "i2": "i16",
    "i1": "i8",
    "u8": "i64",
    "u4": "i32",
    "u2": "i16",
    "u1": "i8",
    "b1": "i1",
    "ptr": "ptr",
}
SIZES = {"f8": 8, "f4": 4, "b1": 1, "c16": 16, "c8": 8, "ptr": 8} | {
    f"{letter}{n}": n for letter in "iu" for n in (1, 2, 4, 8)
}
REAL_OF = {"c16": "f8", "c8": "f4"}
COMPLEX_OF = {"f8": "c16", "f4": "c8"}


class Value:
    """A number, or `lanes` of them, in a register: known from loop depth `depth` on.

    `const` is the Python number where it is known now; `is_zero` marks a structural zero, whose
    product with anything is zero.
    """

    __slots__ = ("const", "depth", "is_zero", "kind", "lanes", "text")

    def __init__(
        self,
        text: str,
        kind: str,
        lanes: int = 0,
        depth: int = 0,
        const: Any = None,
        is_zero: bool = False,
    ) -> None:
        self.text = text
        self.kind = kind
        self.lanes = lanes
        self.depth = depth
        self.const = const
        self.is_zero = is_zero

    @property
    def type(self) -> str:
        """The LLVM type."""
        t = LLVM_TYPES[self.kind]
        return f"<{self.lanes} x {t}>" if self.lanes else t

    @property
    def operand(self) -> str:
        return f"{self.type} {self.text}"

    def __repr__(self) -> str:
        return f"Value({self.text}: {self.kind}x{self.lanes} at {self.depth})"


class Complex(NamedTuple):
    """A complex number: two Values of one real kind."""

    re: Value
    im: Value

    @property
    def kind(self) -> str:
        return COMPLEX_OF[self.re.kind]

    @property
    def depth(self) -> int:
        return max(self.re.depth, self.im.depth)

    @property
    def lanes(self) -> int:
        return max(self.re.lanes, self.im.lanes)

    @property
    def const(self) -> Any:
        if self.re.const is None or self.im.const is None:
            return None
        return complex(self.re.const, self.im.const)

    @property
    def is_zero(self) -> bool:
        return self.re.is_zero and self.im.is_zero


Number = Value | Complex


def parts(x: Number) -> tuple[Value, ...]:
    """The Values that a number consists of."""
    return (x.re, x.im) if isinstance(x, Complex) else (x,)


def rebuilt(like: Number, values: Iterator[Value]) -> Any:
    """A number of the same form from the next Values."""
    if isinstance(like, Complex):
        return Complex(next(values), next(values))
    return next(values)


def kind_of_dtype(dtype: Any) -> str | None:
    """The kind of a dtype, or None where there is no native one (half, long double, objects)."""
    code = np.dtype(dtype).str[1:]
    return code if code in SIZES and code != "ptr" else None


def float_text(x: float, kind: str) -> str:
    """A float literal of LLVM's, exact: the bits as a double."""
    if kind == "f4":
        with np.errstate(over="ignore"):
            x = float(np.float32(x))
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


class Scope:
    """An open block at one depth: a loop's body, a branch, or the function's top."""

    __slots__ = ("depth", "floor", "label", "lines", "memo", "table", "variables")

    def __init__(self, depth: int, label: str, floor: int) -> None:
        self.depth = depth
        self.label = label  # of the block that lines go to now
        self.floor = floor  # nothing written in here is moved further out than this
        self.lines: list[str] = []
        self.table: dict[Any, Value] = {}  # instructions written here
        self.memo: dict[Any, Any] = {}  # for users: what lives as long as this scope
        self.variables: dict[str, str] = {}  # of a loop, which is written at its end: their types


class Loop:
    """An open loop; `index` counts from `start` in steps, `carried` are its loop variables."""

    __slots__ = ("carried", "header", "index", "inits", "preheader", "start", "step", "stop")

    index: Value
    carried: list[Value]
    header: str
    preheader: str
    inits: list[Value]
    start: Value
    stop: Value
    step: int


_COMMUTATIVE = frozenset({"fadd", "fmul", "add", "mul", "and", "or", "xor"})


class Builder:
    """The text of one LLVM function under construction.

    Parameters
    ----------
    name : str
        Symbol of the function.
    parameters : sequence of (str, str)
        Kind and name of each parameter.
    declarations : dict, optional
        Shared with the module's other functions: symbol to declaration.
    contracts : bool
        Whether a product and a sum may be one rounding (fused multiply-add).
    """

    def __init__(
        self,
        name: str,
        parameters: Sequence[tuple[str, str]],
        declarations: dict[str, str] | None = None,
        contracts: bool = True,
    ) -> None:
        self.name = name
        self.parameters = [Value(f"%{n}", k) for k, n in parameters]
        self.declarations = {} if declarations is None else declarations
        self.flags = "contract " if contracts else ""
        self._count = 0
        self.entry_lines: list[str] = []  # allocas
        self.scopes = [Scope(0, "start", 0)]
        self.n_instructions = 0
        self.outlined: list[str] = []  # functions that this one calls, finished
        self.called: dict[str, str] = {}  # elementary functions among them: kinds of the results
        self.n_inlined = 0  # instructions of inlined elementary functions of single numbers

    # -- names, scopes, text ---------------------------------------------------------------------

    def fresh(self, prefix: str = "") -> str:
        self._count += 1
        return f"%{prefix}{self._count}" if prefix else f"%v{self._count}"

    def label(self) -> str:
        self._count += 1
        return f"b{self._count}"

    @property
    def scope(self) -> Scope:
        """The innermost open scope."""
        return self.scopes[-1]

    @property
    def depth(self) -> int:
        return len(self.scopes) - 1

    def text(self, result: str = "i64", linkage: str = "") -> str:
        """The finished function. The last line written must be a terminator."""
        assert len(self.scopes) == 1, "a loop was left open"
        parameters = ", ".join([v.operand for v in self.parameters])
        body = [f"define {linkage}{result} @{self.name}({parameters}) #0 {{", "entry:"]
        body += [line if line.endswith(":") else "  " + line for line in self.entry_lines]
        body += ["  br label %start", "start:"]
        body += [line if line.endswith(":") else "  " + line for line in self.scopes[0].lines]
        return "\n".join([*body, "}", "", *self.outlined])

    def line(self, text: str) -> None:
        """An instruction that stays where it is written: a store, a call, a terminator."""
        self.scope.lines.append(text)
        self.n_instructions += 1

    def pure(
        self, key: Any, rhs: str, kind: str, lanes: int, depth: int, at_scope: bool = False
    ) -> Value:
        """The result of an instruction without effects, written once, as far out as may be.

        `at_scope` keeps it in the scope of `depth` exactly (a load of what changes there).
        """
        scope = self.scope
        if depth < scope.floor and not at_scope:
            known = self.scopes[depth].table.get(key)
            if known is not None:
                return known
            depth = scope.floor
        where = self.scopes[depth]
        known = where.table.get(key)
        if known is None:
            name = self.fresh()
            where.lines.append(f"{name} = {rhs}")
            self.n_instructions += 1
            known = where.table[key] = Value(name, kind, lanes, depth)
        return known

    def declare(self, symbol: str, result: str, arguments: Sequence[str], tail: str = "") -> None:
        if symbol not in self.declarations:
            self.declarations[symbol] = f"declare {result} @{symbol}({', '.join(arguments)}){tail}"

    # -- constants -------------------------------------------------------------------------------

    def constant(self, x: Any, kind: str, is_zero: bool = False) -> Any:
        """A number known now, as a scalar Value."""
        if kind in REAL_OF:
            real = REAL_OF[kind]
            z = complex(x)
            return Complex(self.constant(z.real, real), self.constant(z.imag, real))
        if kind in ("f8", "f4"):
            if kind == "f4":
                with np.errstate(over="ignore"):
                    x = np.float32(x)
            x = float(x)
            return Value(float_text(x, kind), kind, const=x, is_zero=is_zero)
        if kind == "b1":
            return Value("true" if x else "false", kind, const=bool(x))
        bits = 8 * SIZES[kind]
        x = int(x) & ((1 << bits) - 1)
        if kind[0] == "i" and x >> (bits - 1):
            x -= 1 << bits
        return Value(str(x), kind, const=x)

    def index(self, n: int) -> Value:
        return Value(str(n), "i8", const=n)

    def zero(self, kind: str) -> Any:
        """A structural zero."""
        if kind in REAL_OF:
            return Complex(self.zero(REAL_OF[kind]), self.zero(REAL_OF[kind]))
        return self.constant(0, kind, is_zero=kind[0] == "f")

    def bits(self, pattern: int, kind: str) -> Value:
        """A float constant given by its bit pattern."""
        x = struct.unpack("<d", struct.pack("<Q", pattern))[0] if kind == "f8" else None
        if x is None:
            x = struct.unpack("<f", struct.pack("<I", pattern))[0]
        return self.constant(x, kind)

    # -- lanes -----------------------------------------------------------------------------------

    def splat(self, x: Value, lanes: int) -> Value:
        """`x` in every lane."""
        if x.lanes == lanes or lanes == 0:
            return x
        if x.const is not None:
            t = LLVM_TYPES[x.kind]
            return Value(f"splat ({t} {x.text})", x.kind, lanes, 0, x.const, x.is_zero)
        t = f"<{lanes} x {LLVM_TYPES[x.kind]}>"
        one = self.pure(
            ("splat1", x.text, lanes),
            f"insertelement {t} poison, {x.operand}, i64 0",
            x.kind,
            lanes,
            x.depth,
        )
        return self.pure(
            ("splat", x.text, lanes),
            f"shufflevector {t} {one.text}, {t} poison, <{lanes} x i32> zeroinitializer",
            x.kind,
            lanes,
            one.depth,
        )

    def together_constants(self, x: Value, y: Value) -> tuple[tuple[Value, Value], int]:
        """Two Values that meet in a phi: a constant may be given lanes, a register not."""
        lanes = max(x.lanes, y.lanes)
        if x.const is not None:
            x = self.splat(x, lanes)
        if y.const is not None:
            y = self.splat(y, lanes)
        assert x.lanes == y.lanes
        return (x, y), lanes

    def together(self, *xs: Value) -> tuple[list[Value], int]:
        """Operands with the same number of lanes, and that number."""
        lanes = max([x.lanes for x in xs])
        return [self.splat(x, lanes) if x.lanes != lanes else x for x in xs], lanes

    def extract(self, x: Value, lane: int) -> Value:
        """One lane, as a scalar."""
        if not x.lanes:
            return x
        return self.pure(
            ("extract", x.text, lane),
            f"extractelement {x.operand}, i64 {lane}",
            x.kind,
            0,
            x.depth,
        )

    def gather_lanes(self, xs: Sequence[Value]) -> Value:
        """Scalars side by side in one Value."""
        lanes = len(xs)
        kind = xs[0].kind
        t = f"<{lanes} x {LLVM_TYPES[kind]}>"
        result = Value("poison", kind, lanes)
        for i, x in enumerate(xs):
            result = self.pure(
                ("insert", lanes, result.text, x.text, i),
                f"insertelement {t} {result.text}, {x.operand}, i64 {i}",
                kind,
                lanes,
                max(result.depth, x.depth),
            )
        return result

    def shuffle(self, x: Value, mask: Sequence[int], y: Value | None = None) -> Value:
        """Lanes of `x` (and `y`, counted on) in another order."""
        other = "poison" if y is None else y.text
        indices = ", ".join([f"i32 {m}" for m in mask])
        return self.pure(
            ("shuffle", x.text, other, tuple(mask)),
            f"shufflevector {x.operand}, {x.type} {other}, <{len(mask)} x i32> <{indices}>",
            x.kind,
            len(mask),
            max(x.depth, 0 if y is None else y.depth),
        )

    # -- one instruction -------------------------------------------------------------------------

    def op(self, name: str, *xs: Value, kind: str | None = None) -> Value:
        """An instruction on operands of one kind; the result has it too, or `kind`."""
        ys, lanes = self.together(*xs)
        texts = [y.text for y in ys]
        key_texts = sorted(texts) if name in _COMMUTATIVE else texts
        head = name.split(" ")[0]
        flags = self.flags if head in ("fadd", "fsub", "fmul", "fneg") else ""
        return self.pure(
            (name, flags, ys[0].kind, lanes, *key_texts),
            f"{head} {flags}{name[len(head) + 1 :]}{' ' if ' ' in name else ''}"
            f"{ys[0].type} {', '.join(texts)}",
            kind or ys[0].kind,
            lanes,
            max([y.depth for y in ys]),
        )

    def intrinsic(self, name: str, *xs: Value, kind: str | None = None) -> Value:
        """`llvm.<name>` on operands of one kind; pure."""
        ys, lanes = self.together(*xs)
        t = LLVM_TYPES[ys[0].kind]
        suffix = ("f" if ys[0].kind[0] == "f" else "i") + str(8 * SIZES[ys[0].kind])
        if ys[0].kind == "b1":
            suffix = "i1"
        suffix = f"v{lanes}{suffix}" if lanes else suffix
        t = f"<{lanes} x {t}>" if lanes else t
        symbol = f"llvm.{name}.{suffix}"
        self.declare(symbol, t, [t] * len(ys))
        arguments = ", ".join([y.operand for y in ys])
        return self.pure(
            (symbol, *[y.text for y in ys]),
            f"call {t} @{symbol}({arguments})",
            kind or ys[0].kind,
            lanes,
            max([y.depth for y in ys]),
        )

    def call(self, symbol: str, result: str, *xs: Value) -> Value:
        """A pure C function of scalars, called once for each lane."""
        ys, lanes = self.together(*xs)
        self.declare(symbol, LLVM_TYPES[result], [LLVM_TYPES[y.kind] for y in ys])
        if lanes:
            return self.gather_lanes(
                [self.call(symbol, result, *[self.extract(y, i) for y in ys]) for i in range(lanes)]
            )
        return self.pure(
            (symbol, *[y.text for y in ys]),
            f"call {LLVM_TYPES[result]} @{symbol}({', '.join([y.operand for y in ys])})",
            result,
            0,
            max([y.depth for y in ys], default=0),
        )

    # -- loops and branches ----------------------------------------------------------------------

    def open_loop(
        self,
        stop: Value,
        inits: Sequence[Value] = (),
        start: Value | None = None,
        step: int = 1,
    ) -> Loop:
        """A loop `for index in range(start, stop, step)`; it runs at least once."""
        loop = Loop()
        loop.start = self.index(0) if start is None else start
        loop.stop, loop.step, loop.inits = stop, step, list(inits)
        loop.preheader = self.scope.label
        loop.header = self.label()
        depth = self.depth + 1
        loop.index = Value(self.fresh("i"), "i8", 0, depth)
        loop.carried = [Value(self.fresh("c"), x.kind, x.lanes, depth) for x in inits]
        self.scopes.append(Scope(depth, loop.header, self.scope.floor))
        self.scope.variables = {v.text: v.type for v in (loop.index, *loop.carried)}
        return loop

    def close_loop(self, loop: Loop, nexts: Sequence[Value] = ()) -> list[Value]:
        """End the loop; the values that `nexts` had in the last turn, known outside."""
        body = self.scopes.pop()
        outer = self.scope
        latch, leave = body.label, self.label()
        following, more = self.fresh("n"), self.fresh("m")
        outer.lines += [f"br label %{loop.header}", f"{loop.header}:"]
        outer.lines.append(
            f"{loop.index.text} = phi i64 [ {loop.start.text}, %{loop.preheader} ], "
            f"[ {following}, %{latch} ]"
        )
        for var, init, new in zip(loop.carried, loop.inits, nexts, strict=True):
            new = self.splat(new, var.lanes) if new.const is not None else new
            init = self.splat(init, var.lanes) if init.const is not None else init
            outer.lines.append(
                f"{var.text} = phi {var.type} [ {init.text}, %{loop.preheader} ], "
                f"[ {new.text}, %{latch} ]"
            )
        outer.lines += body.lines
        outer.lines += [
            f"{following} = add nuw nsw i64 {loop.index.text}, {loop.step}",
            f"{more} = icmp slt i64 {following}, {loop.stop.text}",
            f"br i1 {more}, label %{loop.header}, label %{leave}",
            f"{leave}:",
        ]
        outer.label = leave
        results = []
        for x in nexts:
            if x.const is not None or x.depth <= outer.depth:
                results.append(x)
                continue
            results.append(Value(x.text, x.kind, x.lanes, outer.depth))
        return results

    def open_while(self, inits: Sequence[Value]) -> Loop:
        """A loop tested in the middle by `break_unless`; `index` counts its turns."""
        return self.open_loop(self.index(0), inits)

    def break_unless(self, loop: Loop, condition: Value) -> None:
        """Leave an `open_while` loop where the condition does not hold. Once a loop."""
        go, leave = self.label(), self.label()
        self.line(f"br i1 {condition.text}, label %{go}, label %{leave}")
        self.scope.lines.append(f"{go}:")
        self.scope.label = go
        loop.stop = Value(leave, "ptr")

    def close_while(self, loop: Loop, nexts: Sequence[Value]) -> tuple[Value, list[Value]]:
        """End the loop: the number of turns, and the carried values when it was left."""
        body = self.scopes.pop()
        outer = self.scope
        following = self.fresh("n")
        outer.lines += [f"br label %{loop.header}", f"{loop.header}:"]
        outer.lines.append(
            f"{loop.index.text} = phi i64 [ 0, %{loop.preheader} ], [ {following}, %{body.label} ]"
        )
        for var, init, new in zip(loop.carried, loop.inits, nexts, strict=True):
            new = self.splat(new, var.lanes) if new.const is not None else new
            init = self.splat(init, var.lanes) if init.const is not None else init
            outer.lines.append(
                f"{var.text} = phi {var.type} [ {init.text}, %{loop.preheader} ], "
                f"[ {new.text}, %{body.label} ]"
            )
        outer.lines += body.lines
        leave = loop.stop.text
        outer.lines += [
            f"{following} = add nuw nsw i64 {loop.index.text}, 1",
            f"br label %{loop.header}",
            f"{leave}:",
        ]
        outer.label = leave
        depth = outer.depth
        return Value(loop.index.text, "i8", 0, depth), [
            Value(v.text, v.kind, v.lanes, depth) for v in loop.carried
        ]

    def open_block(self) -> None:
        """A scope without a loop: what is remembered in it ends with it."""
        self.scopes.append(Scope(self.depth + 1, self.scope.label, self.scope.floor))

    def close_block(self, results: Sequence[Value] = ()) -> list[Value]:
        """End the scope; values made in it, known outside."""
        body = self.scopes.pop()
        outer = self.scope
        outer.lines += body.lines
        outer.label = body.label
        depth = outer.depth
        return [
            x if x.depth <= depth else Value(x.text, x.kind, x.lanes, depth, x.const, x.is_zero)
            for x in results
        ]

    def branch(self, condition: Value) -> Branch:
        """Open the first arm of a branch on a scalar condition."""
        return Branch(self, condition)


class Branch:
    """Two arms; `otherwise` ends the first, `join` the second and gives the chosen values."""

    def __init__(self, b: Builder, condition: Value) -> None:
        self.b = b
        self.condition = condition
        self.labels = (b.label(), b.label(), b.label())
        self.first: Scope | None = None
        self._open(self.labels[0])

    def _open(self, label: str) -> None:
        depth = self.b.depth + 1
        self.b.scopes.append(Scope(depth, label, depth))

    def otherwise(self) -> None:
        self.first = self.b.scopes.pop()
        self._open(self.labels[1])

    def join(self, ones: Sequence[Value] = (), others: Sequence[Value] = ()) -> list[Value]:
        """End the branch: `ones` where the condition held, else `others`."""
        b = self.b
        second = b.scopes.pop()
        first = self.first
        assert first is not None
        outer = b.scope
        yes, no, end = self.labels
        outer.lines.append(f"br i1 {self.condition.text}, label %{yes}, label %{no}")
        for label, scope in ((yes, first), (no, second)):
            outer.lines += [f"{label}:", *scope.lines, f"br label %{end}"]
        outer.lines.append(f"{end}:")
        outer.label = end
        results = []
        for x, y in zip(ones, others, strict=True):
            (x, y), lanes = b.together_constants(x, y)
            name = b.fresh()
            outer.lines.append(
                f"{name} = phi {x.type} [ {x.text}, %{first.label} ], [ {y.text}, %{second.label} ]"
            )
            results.append(Value(name, x.kind, lanes, outer.depth))
        return results


__all__ = ["Branch", "Builder", "Complex", "Loop", "Number", "Scope", "Value", "kind_of_dtype"]
