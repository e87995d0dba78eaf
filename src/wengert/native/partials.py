"""Partial results of blocks, in the rows of a table, and how they are combined.

In the order of the blocks and by halves, so that the result depends on the table's size alone and
rounding errors grow with its logarithm.
"""

from __future__ import annotations

from wengert.native.index import Affine, Index, Symbol
from wengert.native.memory import Buffer, store
from wengert.native.rules import combine
from wengert.native.steps import Member
from wengert.native.whole import Machine

WRITTEN_ROW = 8  # results that are combined without a loop


def halve(machine: Machine, m: Member, table: Buffer) -> None:
    """Combine the rows of a table: the second half with the first, until one is left."""
    b = machine.b
    n_rows, _ = table.shape
    if n_rows == 1:
        return
    level = b.open_loop(b.index((n_rows - 1).bit_length()), [b.index(n_rows)])
    (n,) = level.carried
    half = b.shift("lshr", b.add(n, b.index(1)), b.index(1))
    rows = b.open_loop(b.sub(n, half))
    low = machine.index_of(rows, n_rows)
    high = low + Affine(0, ((Symbol(n_rows, half), 1),))
    combine_rows(machine, m, table, (low,), table, (high,))
    b.close_loop(rows)
    b.close_loop(level, [half])


def combine_rows(
    machine: Machine,
    m: Member,
    x: Buffer,
    at_x: tuple[Index, ...],
    y: Buffer,
    at_y: tuple[Index, ...],
) -> None:
    """Add a row of `y` to a row of `x`, or what else the reduction does."""
    how = m.source.rule.how  # type: ignore[union-attr]  # a reduction

    def one(k: Index) -> None:
        left, right = machine.load(x, (*at_x, k)), machine.load(y, (*at_y, k))
        store(machine.b, x, (*at_x, k), combine(machine.b, how, left, right))

    n = x.shape[-1]
    if n > WRITTEN_ROW:
        machine.span(n, one, machine.lanes_for(x.kind))
        return
    for k in range(n):
        one(k)
