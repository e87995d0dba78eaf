"""Code of a loop in blocks: written in place, then outlined for threads to share.

The code of a block is written inside a `Region`: a loop over blocks out of which nothing is moved.
When it is finished its text becomes a function of its own, `i64 nest(ptr context, i64 block)`,
which returns 0 or the status with which the function that it comes from is to end.
Names that the text uses and does not define are its context: stored in a struct on the caller's
stack, loaded at the top of the function. Which loops, and what blocks, says `cutting.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from wengert.ir.program import Var
from wengert.native.arithmetic import Arithmetic
from wengert.native.builder import LLVM_TYPES, SIZES, Value
from wengert.native.frame import NO_MEMORY, STACK_BYTES, Frame
from wengert.native.memory import Arena, Buffer, c_buffer


class Region:
    """The code of a block while it is written; `block` is its number.

    The loop in blocks is number `level` of its nest, counted from the outermost one. Values that
    each turn of it makes anew are `taken` into memory of the block's own.
    """

    def __init__(self, b: Arithmetic, frame: Frame, n_blocks: int, level: int) -> None:
        self.b = b
        self.level = level
        self.taken: dict[Var, Buffer] = {}
        self.frame = frame
        self.n_blocks = n_blocks
        self.n_entry_lines = len(b.entry_lines)
        self.loop = b.open_loop(b.index(n_blocks))
        self.depth = b.depth
        b.scope.floor = b.depth
        self.arena = Arena()
        self.memory = b.fresh("own")
        frame.region = self

    @property
    def block(self) -> Value:
        return self.loop.index

    def take(self, kind: str, shape: Sequence[int]) -> Buffer:
        """Memory that only this block uses, until it ends."""
        offset = self.arena.take(SIZES[kind] * math.prod(shape))
        base = self.b.pure(
            ("own", offset),
            f"getelementptr inbounds i8, ptr {self.memory}, i64 {offset}",
            "ptr",
            0,
            self.depth,
        )
        return c_buffer(base, kind, shape, self.b.depth)

    def close(self) -> None:
        """Outline the code and call it for all blocks."""
        b, frame = self.b, self.frame
        frame.region = None
        lines = b.scope.lines
        own_lines = [*b.entry_lines[self.n_entry_lines :], *lines]
        names = free_names(own_lines) - {self.block.text, self.memory, f"%{self.loop.header}"}
        leaves = "%leave" in names
        names -= {"%leave", "%status"}
        types = types_of(names, b)
        if types is None:  # of something that this file cannot read: one thread does it all
            self._keep()
            return
        b.scopes.pop()
        symbol = f"{b.name}_nest{len(b.outlined)}"
        fields, size = _layout(types)
        b.outlined.append(self._function(symbol, lines, fields, leaves))
        self._call(symbol, fields, size, leaves)

    def _keep(self) -> None:
        b = self.b
        b.close_loop(self.loop)
        if self.arena.size:
            offset = self.frame.arena.take(self.arena.size)
            b.scopes[0].lines.insert(
                0, f"{self.memory} = getelementptr inbounds i8, ptr %arena, i64 {offset}"
            )

    def _function(
        self, symbol: str, body: list[str], fields: list[tuple[str, str, int]], leaves: bool
    ) -> str:
        b, own = self.b, self.arena.size
        lines = [f"define internal i64 @{symbol}(ptr %context, i64 {self.block.text}) #0 {{"]
        lines.append("entry:")
        moved = b.entry_lines[self.n_entry_lines :]
        del b.entry_lines[self.n_entry_lines :]
        head = list(moved)
        if 0 < own <= STACK_BYTES:
            head.append(f"{self.memory} = alloca [{own} x i8], align 64")
        elif own:
            b.declare("wg_arena_take", "ptr", ["i64"])
            b.declare("wg_arena_give", "void", ["ptr"])
            head += [
                f"{self.memory} = call ptr @wg_arena_take(i64 {own})",
                f"%lacking = icmp eq ptr {self.memory}, null",
                "br i1 %lacking, label %refused, label %granted",
                "refused:",
                f"ret i64 {NO_MEMORY}",
                "granted:",
            ]
        for name, type_, offset in fields:
            place = f"%at.{name[1:]}"
            head.append(f"{place} = getelementptr inbounds i8, ptr %context, i64 {offset}")
            head.append(f"{name} = load {type_}, ptr {place}, align 8")
        head += [f"br label %{self.loop.header}", f"{self.loop.header}:"]
        tail = [f"call void @wg_arena_give(ptr {self.memory})"] if own > STACK_BYTES else []
        if leaves:  # as in `Frame.finish`
            head.insert(0, "%status = alloca i64, align 8")
            ended = ["store i64 0, ptr %status, align 8", "br label %leave", "leave:"]
            tail = [*ended, *tail, "%final = load i64, ptr %status, align 8"]
        tail.append("ret i64 %final" if leaves else "ret i64 0")
        for line in (*head, *body, *tail):
            lines.append(line if line.endswith(":") else "  " + line)
        return "\n".join([*lines, "}", ""])

    def _call(
        self, symbol: str, fields: list[tuple[str, str, int]], size: int, leaves: bool
    ) -> None:
        b = self.b
        context, status = b.fresh("context"), b.fresh("status")
        b.entry_lines.append(f"{context} = alloca [{max(size, 8)} x i8], align 64")
        for name, type_, offset in fields:
            place = b.fresh("at")
            b.line(f"{place} = getelementptr inbounds i8, ptr {context}, i64 {offset}")
            b.line(f"store {type_} {name}, ptr {place}, align 8")
        b.declare("wg_parallel", "i64", ["ptr", "ptr", "i64"])
        b.line(
            f"{status} = call i64 @wg_parallel(ptr @{symbol}, ptr {context}, i64 {self.n_blocks})"
        )
        if leaves or self.arena.size > STACK_BYTES:
            value = Value(status, "i8", 0, b.depth)
            self.frame.leave_if(b.compare("ne", value, b.index(0)), value)


# -- names in the text -----------------------------------------------------------------------------

_NAME = re.compile(r"%[\w.]+")
_DEFINED = re.compile(r"^(%[\w.]+) = ")
_TYPE = r"(<\d+ x \w+>|\w+)"
_CAST = re.compile(
    rf" = (?:fpext|fptrunc|sitofp|uitofp|fptosi|fptoui|trunc|sext|zext|bitcast) .* to {_TYPE}$"
)
_LOADED = re.compile(rf" = (?:load|phi|call|insertelement) {_TYPE}")
_COMPARED = re.compile(r" = [if]cmp \w+ (?:(<\d+ x )\w+>|\w+) ")
_SELECTED = re.compile(rf" = select (?:<\d+ x i1>|i1) [^,]+, {_TYPE} ")
_EXTRACTED = re.compile(r" = extractelement <\d+ x (\w+)>")
_SHUFFLED = re.compile(r" = shufflevector <\d+ x (\w+)> .*<(\d+) x i32> \S.*$")
_COMPUTED = re.compile(
    r" = (?:f?add|f?sub|f?mul|[fsu]div|[fsu]rem|fneg|and|or|xor|shl|lshr|ashr)"
    rf"(?: (?:contract|nuw|nsw|exact))* {_TYPE} "
)


def free_names(lines: Iterable[str]) -> set[str]:
    """The names, labels among them, that a piece of code uses and does not define."""
    used: set[str] = set()
    defined: set[str] = set()
    for line in lines:
        used.update(_NAME.findall(line))
        if line.endswith(":"):
            defined.add("%" + line[:-1])
        else:
            found = _DEFINED.match(line)
            if found:
                defined.add(found[1])
    return used - defined


def types_of(names: set[str], b: Arithmetic) -> dict[str, str] | None:
    """The LLVM types of names defined in the open scopes; None where one is unknown."""
    types = {v.text: LLVM_TYPES[v.kind] for v in b.parameters if v.text in names}
    if "%arena" in names:
        types["%arena"] = "ptr"
    for line in (*b.entry_lines, *[line for scope in b.scopes for line in scope.lines]):
        found = _DEFINED.match(line)
        if found and found[1] in names:
            type_ = _result_type(line)
            if type_ is None:
                return None
            types[found[1]] = type_
    for scope in b.scopes:
        types.update({name: t for name, t in scope.variables.items() if name in names})
    return types if len(types) == len(names) else None


def _result_type(line: str) -> str | None:
    """The type of what an instruction defines."""
    if " = getelementptr " in line or " = alloca " in line:
        return "ptr"
    for pattern in (_CAST, _LOADED, _SELECTED, _EXTRACTED, _COMPUTED):
        found = pattern.search(line)
        if found:
            return found[1]
    found = _COMPARED.search(line)
    if found:
        return f"{found[1]}i1>" if found[1] else "i1"
    found = _SHUFFLED.search(line)
    return f"<{found[2]} x {found[1]}>" if found else None


def _layout(types: dict[str, str]) -> tuple[list[tuple[str, str, int]], int]:
    """(name, type, offset) in the context, and its size."""
    fields = []
    offset = 0
    for name in sorted(types):
        fields.append((name, types[name], offset))
        offset += _size(types[name])
    return fields, offset


def _size(type_: str) -> int:
    found = re.match(r"<(\d+) x (\w+)>", type_)
    n, element = (int(found[1]), found[2]) if found else (1, type_)
    bits = {"double": 64, "float": 32, "ptr": 64}.get(element) or int(element[1:])
    return -(-n * bits // 64) * 8
