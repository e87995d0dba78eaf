"""How the outputs of control flow depend on the operands: index sets through loops.

    transposed    a linear map that is given by its adjoint
    scanned       a loop: walked turn by turn, with the carries and items that are known; where the
                  number of turns is not known, until the sets grow no more

Values that a loop computes from constants alone (counters, permuted indices) are computed first,
and are items like others then: a turn that reads x[i] depends on that element alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wengert.control.loop_rules import spread_mask
from wengert.control.programs import depends, needed_inputs
from wengert.control.scan_equation import bind_scan
from wengert.control.scan_transpose import KnownCarries
from wengert.ir.flow import Flow, shape_of, united
from wengert.ir.index_sets import Labels
from wengert.ir.primitive import registry
from wengert.ir.program import Program, prune
from wengert.trace.tracer import bind
from wengert.transforms.sparsity import input_labels, propagate, stacked_rows
from wengert.types import Stack, StackType

# Longer loops are not walked turn by turn: their items are united.
_MAX_TURNS = 4096

Parts = list[Labels | None]


def transposed(k: Flow, *, backward: Program, n_known: int, name: str) -> Parts:
    """Walked backward from cotangents; what reaches the cotangent of a tangent depends on it."""
    types = backward.in_types[n_known:]
    starts, sets = input_labels(types)
    labels = [*[None] * n_known, *starts]
    found = propagate(backward, labels, [*k.values[:n_known], *[None] * len(types)], sets)
    places, reached = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    out_types = backward.out_types
    for rows, x in zip(stacked_rows(found, out_types, sets), k.labels[n_known:], strict=True):
        if x is not None:
            places.append(rows.indices)
            reached.append(np.repeat(np.ravel(x), np.diff(rows.indptr)))
    flat = k.sets.unite_at(np.concatenate(places), np.concatenate(reached), sets.n)
    return [flat[start - 1] for start in starts]


# -- loops -----------------------------------------------------------------------------------------


def scanned(
    k: Flow,
    *,
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> Parts:
    """Turn by turn where the number of turns is known, else until nothing changes."""
    skip = 1 if length is None else 0
    turns = length if length is not None else k.values[0]
    loop = _Loop(k, body, n_consts, n_carry, skip, is_array=length is not None)
    if turns is None:
        return loop.until_settled()
    loop.take_known_carries(int(turns), reverse)
    if loop.items_differ() and turns > _MAX_TURNS:
        return loop.until_settled()
    return loop.in_turn(int(turns), reverse)


class _Loop:
    """The operands of one scan, and what is known of them."""

    def __init__(
        self, k: Flow, body: Program, n_consts: int, n_carry: int, skip: int, is_array: bool
    ) -> None:
        self.k, self.body, self.is_array = k, body, is_array
        self.n_consts, self.n_carry = n_consts, n_carry
        self.labels, self.values = list(k.labels[skip:]), list(k.values[skip:])
        self.is_stack = [isinstance(t, StackType) for t in k.types[skip:]]
        self.n_carry_outputs = n_carry
        self.carries = list(range(n_carry))  # which carries are left, of all outputs

    def take_known_carries(self, turns: int, reverse: bool) -> None:
        """Make items of the carries that known values alone reach."""
        first = self.n_consts
        is_unknown = _spread(self.body, [v is None for v in self.values], first, self.n_carry)
        if all(is_unknown[first : first + self.n_carry]):
            return
        known = KnownCarries(self.body, is_unknown, first, self.n_carry)
        items = known.run([], self.values, turns, reverse)
        self.body, self.values, _, origin = known.linear_part(self.values, items)
        origin = origin[: len(origin) - len(items)]
        self.labels = [*[self.labels[i] for i in origin], *[None] * len(items)]
        self.is_stack = [*[self.is_stack[i] for i in origin], *[False] * len(items)]
        self.carries, self.n_carry = known.linear, len(known.linear)

    # -- turn by turn --------------------------------------------------------------------------

    def in_turn(self, turns: int, reverse: bool) -> Parts:
        """As many turns as there are, or as bring anything new."""
        n, m = self.n_consts, self.n_carry
        is_even = not self.items_differ()
        carry: Parts = self.labels[n : n + m]
        ys: list[Parts] = []
        for turn in range(turns):
            i = turns - 1 - turn if reverse else turn
            out = self._turn(carry, *self._items(i))
            has_settled = is_even and self._are_equal(carry, out[:m])
            carry = out[:m]
            ys.append(out[m:])
            if has_settled:
                ys += [ys[-1]] * (turns - turn - 1)
                break
        columns = list(zip(*(ys[::-1] if reverse else ys), strict=True))
        out_types = self.body.out_types[m:]
        if not columns:
            return self._outputs(carry, [None] * len(out_types))
        return self._outputs(
            carry, [self._stacked(c, t) for c, t in zip(columns, out_types, strict=True)]
        )

    def _turn(self, carry: Parts, labels: Parts, values: list[Any]) -> Parts:
        n = self.n_consts
        return self.k.walk(
            self.body,
            [*self.labels[:n], *carry, *labels],
            [*self.values[:n], *[None] * self.n_carry, *values],
        )

    def _items(self, i: int) -> tuple[Parts, list[Any]]:
        """The labels and values of item i."""
        first = self.n_consts + self.n_carry
        labels = [
            x if x is None or is_stack else x[i]
            for x, is_stack in zip(self.labels[first:], self.is_stack[first:], strict=True)
        ]
        return labels, [_item(v, i) for v in self.values[first:]]

    def items_differ(self) -> bool:
        """Whether labels or values of what the body reads differ between items."""
        is_read = needed_inputs(self.body)
        for j in range(self.n_consts + self.n_carry, len(self.labels)):
            x, v = self.labels[j], self.values[j]
            if not is_read[j]:
                continue
            if isinstance(v, Stack) or (v is not None and np.any(v != v[:1])):
                return True
            if x is not None and not self.is_stack[j] and np.any(x != x[:1]):
                return True
        return False

    def _are_equal(self, old: Parts, new: Parts) -> bool:
        """Whether two lists of labels stand for the same sets."""
        for a, b in zip(old, new, strict=True):
            if a is None or b is None:
                if a is not b:
                    return False
            elif not self.k.sets.are_equal(a, b):
                return False
        return True

    def _stacked(self, column: Sequence[Labels | None], type_: Any) -> Labels | None:
        """The labels of ys: item by item of an array, united of a stack."""
        if all([y is None for y in column]):
            return None
        if not self.is_array or isinstance(type_, StackType):
            return united(self.k, column)
        shape = shape_of(type_)
        return np.stack([np.zeros(shape, np.int64) if y is None else y for y in column])

    # -- of unknown length ---------------------------------------------------------------------

    def until_settled(self) -> Parts:
        """What any number of turns can bring about: turns are added until the sets stop growing."""
        n, m = self.n_consts, self.n_carry
        labels: Parts = [
            x if x is None or is_stack else self.k.sets.unite_along(x, (0,))
            for x, is_stack in zip(self.labels[n + m :], self.is_stack[n + m :], strict=True)
        ]
        values = [None] * len(labels)
        carry: Parts = self.labels[n : n + m]
        while True:
            out = self._turn(carry, labels, values)
            larger = [united(self.k, pair) for pair in zip(carry, out[:m], strict=True)]
            if self._are_equal(carry, larger):
                break
            carry = larger
        return self._outputs(carry, [self._spread(y, j) for j, y in enumerate(out[m:])])

    def _spread(self, y: Labels | None, j: int) -> Labels | None:
        """The labels of ys all of whose items have the same ones."""
        shape = self.k.out_shape(self.n_carry_outputs + j)
        return None if y is None else np.broadcast_to(y, shape)

    def _outputs(self, carry: Parts, ys: Parts) -> Parts:
        whole: Parts = [None] * self.n_carry_outputs
        for j, x in zip(self.carries, carry, strict=True):
            whole[j] = x
        return [*whole, *ys]


def _item(value: Any, i: int) -> Any:
    """Item i of known xs; of an empty stack, which holds zeros, none is known."""
    if isinstance(value, Stack):
        return value.items[i] if value.items else None
    return None if value is None else value[i]


# -- what loops compute from known values ----------------------------------------------------------


def known_of_scan(
    values: Sequence[Any],
    *,
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> list[Any]:
    """The carries and ys that known carries and items alone lead to."""
    skip = 1 if length is None else 0
    if length is None and values[0] is None:
        return [None] * len(body.outputs)
    is_unknown = _spread(body, [v is None for v in values[skip:]], n_consts, n_carry)
    part = _KnownPart(body, is_unknown, n_consts, n_carry)
    if not part.outputs:
        return [None] * len(body.outputs)
    found = bind_scan(
        [*values[:skip], *part.operands(values[skip:])],
        part.body,
        part.n_consts,
        part.n_carry,
        length,
        reverse,
    )
    return part.all_outputs(found)


def known_of_while(
    values: Sequence[Any], *, cond: Program, body: Program, n_consts: int, is_counted: bool
) -> list[Any]:
    """The same of a loop whose condition reads known values alone: its trip count is known, too."""
    n_carry = len(body.inputs) - n_consts
    is_unknown = _spread(body, [v is None for v in values], n_consts, n_carry)
    n_outputs = len(body.outputs) + is_counted
    if depends(cond, is_unknown)[0]:
        return [None] * n_outputs
    part = _KnownPart(body, is_unknown, n_consts, n_carry)
    params = {
        "cond": part.restricted(cond),
        "body": part.body,
        "n_consts": part.n_consts,
        "is_counted": True,
    }
    found = list(bind(registry["while"], *part.operands(values), **params))
    count = found.pop(part.n_carry)
    whole = part.all_outputs(found)
    return [*whole[:n_carry], count, *whole[n_carry:]] if is_counted else whole


def _spread(body: Program, mask: Sequence[bool], n_consts: int, n_carry: int) -> list[bool]:
    """`mask` with the carries that inputs marked in it reach in the course of a loop."""
    return spread_mask(mask, n_consts, n_carry, lambda mask: depends(body, mask))


class _KnownPart:
    """The part of a loop's body that inputs which are not known do not reach."""

    def __init__(
        self, body: Program, is_unknown: Sequence[bool], n_consts: int, n_carry: int
    ) -> None:
        self.ins = [i for i, unknown in enumerate(is_unknown) if not unknown]
        reached = depends(body, is_unknown)
        self.outputs = [
            j
            for j in range(len(body.outputs))
            if (not is_unknown[n_consts + j] if j < n_carry else not reached[j])
        ]
        self.n_outputs = len(body.outputs)
        self.n_consts = len([i for i in self.ins if i < n_consts])
        self.n_carry = len([j for j in self.outputs if j < n_carry])
        outputs = [body.outputs[j] for j in self.outputs]
        kept, _ = prune((), body.equations, outputs)
        self.body = Program([body.inputs[i] for i in self.ins], kept, outputs)

    def restricted(self, program: Program) -> Program:
        """Another Program of the constants and carries, such as a condition."""
        kept, _ = prune((), program.equations, program.outputs)
        return Program([program.inputs[i] for i in self.ins], kept, program.outputs)

    def operands(self, values: Sequence[Any]) -> list[Any]:
        """The operands of the loop that are known."""
        return [values[i] for i in self.ins]

    def all_outputs(self, found: Sequence[Any]) -> list[Any]:
        """The outputs of the whole loop, None for those that are not known."""
        result: list[Any] = [None] * self.n_outputs
        for j, value in zip(self.outputs, found, strict=True):
            result[j] = value
        return result
