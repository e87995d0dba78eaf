"""From the syntax tree of a Python function of loops over vectors to LLVM IR.

The language is a small part of Python with the same meaning: names hold 64-bit integers or numbers
of double precision, arguments are those or vectors; there are assignments, `if`, `while`, `for` in
`range`, `break`, `continue`, `return`, arithmetic without division, and calls of other such
functions. Names live in stack slots, which LLVM's `sroa` pass turns into registers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from wengert.errors import InternalError

# A vector's element by the code of its dtype: in memory, in a register, how it gets there and back.
ELEMENTS = {
    "i4": ("i32", "i64", "sext", "trunc"),
    "i8": ("i64", "i64", "", ""),
    "u1": ("i8", "i64", "zext", "trunc"),
    "b1": ("i8", "i64", "zext", "trunc"),
    "f4": ("float", "double", "fpext", "fptrunc"),
    "f8": ("double", "double", "", ""),
}
INTEGER = "int"  # the code of an argument that is a Python integer

_INTEGER_OPERATIONS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "shl",
    ast.RShift: "ashr",
}
_REAL_OPERATIONS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul"}
_COMPARISONS = {
    ast.Eq: ("eq", "oeq"),
    ast.NotEq: ("ne", "une"),
    ast.Lt: ("slt", "olt"),
    ast.LtE: ("sle", "ole"),
    ast.Gt: ("sgt", "ogt"),
    ast.GtE: ("sge", "oge"),
}


class FunctionWriter:
    """Writes one function for arguments with the given codes.

    Parameters
    ----------
    tree : ast.FunctionDef
        The function.
    symbol : str
        Its name in the module.
    codes : sequence of str
        What each argument is: `INTEGER`, or a key of `ELEMENTS` for a vector.
    constants : mapping
        The function's globals: integers, and functions that it calls.
    callee : callable
        Gives the symbol of such a function for arguments of some codes.
    """

    def __init__(
        self,
        tree: ast.FunctionDef,
        symbol: str,
        codes: Sequence[str],
        constants: dict[str, Any],
        callee: Callable[[Any, tuple[str, ...]], str],
    ) -> None:
        self._tree = tree
        self._symbol = symbol
        self._codes = dict(zip([a.arg for a in tree.args.args], codes, strict=True))
        self._constants = constants
        self._callee = callee
        self._lines: list[str] = []
        self._types = {name: "i64" for name, code in self._codes.items() if code == INTEGER}
        self._n_names = 0
        self._loops: list[tuple[str, str]] = []  # where `continue` and `break` lead

    def text(self, *, internal: bool) -> str:
        """The function's definition."""
        self._block(self._tree.body)
        self._line("ret i64 0")
        parameters = [
            f"i64 %arg.{name}" if code == INTEGER else f"ptr %vector.{name}"
            for name, code in self._codes.items()
        ]
        slots = [f"  %name.{name} = alloca {kind}" for name, kind in self._types.items()]
        stores = [
            f"  store i64 %arg.{name}, ptr %name.{name}"
            for name, code in self._codes.items()
            if code == INTEGER
        ]
        head = f"define {'internal ' if internal else ''}i64 @{self._symbol}"
        body = "\n".join([*slots, *stores, *self._lines])
        return f"{head}({', '.join(parameters)}) nounwind {{\nstart:\n{body}\n}}\n"

    # -- statements -----------------------------------------------------------------------------

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, *self._value(value))
            case ast.AugAssign(target=target, op=op, value=value):
                self._assign(target, *self._arithmetic(op, target, value))
            case ast.If(test=test, body=body, orelse=orelse):
                self._if(test, body, orelse)
            case ast.While(test=test, body=body, orelse=[]):
                self._while(test, body)
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=[*low, high]),
                body=body,
                orelse=[],
            ) if len(low) < 2:
                self._for(name, low[0] if low else ast.Constant(0), high, body)
            case ast.Continue() | ast.Break():
                ends = self._loops[-1]
                self._jump(ends[0] if isinstance(node, ast.Continue) else ends[1])
                self._label(self._new("after"))
            case ast.Return(value=value):
                self._line(f"ret i64 {'0' if value is None else self._value(value)[0]}")
                self._label(self._new("after"))
            case ast.Expr(value=ast.Call() as call):
                self._value(call)
            case ast.Expr(value=ast.Constant(value=str())):
                pass  # the docstring
            case _:
                raise self._unknown(node)

    def _assign(self, target: ast.expr, value: str, kind: str) -> None:
        match target:
            case ast.Name(id=name):
                if self._types.setdefault(name, kind) != kind:
                    raise self._unknown(target)
                self._line(f"store {kind} {value}, ptr %name.{name}")
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                stored, _, _, narrow = ELEMENTS[self._codes[name]]
                address = self._address(name, stored, index)
                if narrow:
                    value = self._result(f"{narrow} {kind} {value} to {stored}")
                self._line(f"store {stored} {value}, ptr {address}")
            case _:
                raise self._unknown(target)

    def _if(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        yes, no, end = self._new("then"), self._new("else"), self._new("end")
        self._condition(test, yes, no)
        self._label(yes)
        self._block(body)
        self._jump(end)
        self._label(no)
        self._block(orelse)
        self._jump(end)
        self._label(end)

    def _while(self, test: ast.expr, body: list[ast.stmt]) -> None:
        again, turn, end = self._new("while"), self._new("turn"), self._new("end")
        self._jump(again)
        self._label(again)
        self._condition(test, turn, end)
        self._label(turn)
        self._loop_body(body, again, end)
        self._jump(again)
        self._label(end)

    def _for(self, name: str, low: ast.expr, high: ast.expr, body: list[ast.stmt]) -> None:
        first, last = self._value(low)[0], self._value(high)[0]
        counter = self._new("counter")
        self._types[counter] = self._types[name] = "i64"
        self._line(f"store i64 {first}, ptr %name.{counter}")
        again, turn, step, end = [self._new(word) for word in ("for", "turn", "step", "end")]
        self._jump(again)
        self._label(again)
        now = self._result(f"load i64, ptr %name.{counter}")
        more = self._result(f"icmp slt i64 {now}, {last}")
        self._line(f"br i1 {more}, label %{turn}, label %{end}")
        self._label(turn)
        self._line(f"store i64 {now}, ptr %name.{name}")
        self._loop_body(body, step, end)
        self._jump(step)
        self._label(step)
        following = self._result(f"add i64 {now}, 1")
        self._line(f"store i64 {following}, ptr %name.{counter}")
        self._jump(again)
        self._label(end)

    def _loop_body(self, body: list[ast.stmt], to_continue: str, to_break: str) -> None:
        self._loops.append((to_continue, to_break))
        self._block(body)
        self._loops.pop()

    # -- conditions and values ------------------------------------------------------------------

    def _condition(self, node: ast.expr, yes: str, no: str) -> None:
        """Branch to one of two labels; what need not be known is not evaluated."""
        match node:
            case ast.BoolOp(op=op, values=values):
                for part in values[:-1]:
                    following = self._new("and" if isinstance(op, ast.And) else "or")
                    if isinstance(op, ast.And):
                        self._condition(part, following, no)
                    else:
                        self._condition(part, yes, following)
                    self._label(following)
                self._condition(values[-1], yes, no)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._condition(operand, no, yes)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                x, kind = self._value(left)
                y, _ = self._value(right)
                name = _COMPARISONS[type(op)][kind == "double"]
                compare = "fcmp" if kind == "double" else "icmp"
                answer = self._result(f"{compare} {name} {kind} {x}, {y}")
                self._line(f"br i1 {answer}, label %{yes}, label %{no}")
            case _:
                x, kind = self._value(node)
                answer = self._result(f"icmp ne {kind} {x}, 0")
                self._line(f"br i1 {answer}, label %{yes}, label %{no}")

    def _value(self, node: ast.expr) -> tuple[str, str]:
        """A value and its type."""
        match node:
            case ast.Constant(value=int() as number):
                return str(int(number)), "i64"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                x, kind = self._value(operand)
                negated = f"fneg double {x}" if kind == "double" else f"sub i64 0, {x}"
                return self._result(negated), kind
            case ast.Name(id=name) if name in self._types:
                kind = self._types[name]
                return self._result(f"load {kind}, ptr %name.{name}"), kind
            case ast.Name(id=name) if isinstance(self._constants.get(name), int):
                return str(int(self._constants[name])), "i64"
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, left, right)
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                stored, kind, widen, _ = ELEMENTS[self._codes[name]]
                loaded = self._result(f"load {stored}, ptr {self._address(name, stored, index)}")
                if widen:
                    loaded = self._result(f"{widen} {stored} {loaded} to {kind}")
                return loaded, kind
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, args), "i64"
            case _:
                raise self._unknown(node)

    def _arithmetic(self, op: ast.operator, left: ast.expr, right: ast.expr) -> tuple[str, str]:
        x, kind = self._value(left)
        y, other = self._value(right)
        names: dict[Any, str] = _REAL_OPERATIONS if kind == "double" else _INTEGER_OPERATIONS
        if kind != other or type(op) not in names:
            raise self._unknown(op)
        return self._result(f"{names[type(op)]} {kind} {x}, {y}"), kind

    def _call(self, name: str, args: Sequence[ast.expr]) -> str:
        codes, texts = [], []
        for arg in args:
            if isinstance(arg, ast.Name) and self._codes.get(arg.id, INTEGER) != INTEGER:
                codes.append(self._codes[arg.id])
                texts.append(f"ptr %vector.{arg.id}")
            else:
                codes.append(INTEGER)
                texts.append(f"i64 {self._value(arg)[0]}")
        symbol = self._callee(self._constants[name], tuple(codes))
        return self._result(f"call i64 @{symbol}({', '.join(texts)})")

    def _address(self, name: str, stored: str, index: ast.expr) -> str:
        place, _ = self._value(index)
        return self._result(f"getelementptr inbounds {stored}, ptr %vector.{name}, i64 {place}")

    # -- lines ----------------------------------------------------------------------------------

    def _new(self, word: str) -> str:
        self._n_names += 1
        return f"{word}.{self._n_names}"

    def _result(self, instruction: str) -> str:
        name = "%" + self._new("r")
        self._line(f"{name} = {instruction}")
        return name

    def _line(self, text: str) -> None:
        self._lines.append("  " + text)

    def _label(self, name: str) -> None:
        self._lines.append(name + ":")

    def _jump(self, label: str) -> None:
        self._line(f"br label %{label}")

    def _unknown(self, node: ast.AST) -> InternalError:
        line = getattr(node, "lineno", "?")
        return InternalError(
            f"{self._tree.name!r} has no native form.",
            got=f"{ast.dump(node)} on its line {line}",
            expected="the part of Python that native/python_loops_ir.py describes",
        )
