"""Which products give a sparse Jacobian: the ways there are, what each costs, and the choice.

    forward            columns of the middle D (`separation.py`) colored; products J v
    reverse            its rows colored; products of the transposed
    star               a symmetric matrix: forward products, either entry of a pair read
    bicoloring         some columns forward and some rows in reverse, where both have dense ones
    dense              one product for each column or each row

Read `plan` first. Costs are counted in floating-point operations of the products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wengert.compression.assembly import Assembly, assembled, ordered_values
from wengert.compression.coloring import Coloring, color
from wengert.compression.products import Products
from wengert.compression.separation import Separated, has_gathers, separate, whole
from wengert.compression.structure import Integers, Structure
from wengert.control.call import program_flops
from wengert.ir.program import Program
from wengert.transforms.simplify import simplify
from wengert.transforms.transpose import transpose_program

_MANY = 8  # products beyond which rarer kinds of coloring are tried
MEMORY = float(1 << 30)  # bytes that products may take at once unless the user says otherwise


@dataclass(frozen=True)
class Option:
    """One way to compute a Jacobian.

    Attributes
    ----------
    name : str
        "forward", "reverse", "star", "bicoloring".
    n_products : int
    flops : float
        Of all products; the function itself is not counted.
    is_separated : bool
        Whether gathers and scatters around the work were taken out first.
    """

    name: str
    n_products: int
    flops: float
    is_separated: bool = False


@dataclass(frozen=True)
class Plan:
    """How a sparse Jacobian is computed.

    Attributes
    ----------
    structure : Structure
        Of the Jacobian.
    chosen : Option
    options : tuple of Option
        All that were looked at, the chosen one among them.
    """

    structure: Structure
    chosen: Option
    options: tuple[Option, ...]
    assemblies: tuple[Assembly, ...]
    slots: Integers
    dtype: Any

    def values(self, known: Sequence[Any], memory: float = MEMORY) -> Any:
        """The values of the entries of J in the order of its structure, shape (nnz,).

        `known` are the values of the linear Program's known inputs.
        """
        if not self.structure.n_entries:
            return np.zeros(0, self.dtype)
        parts, places, start = [], [], 0
        for a in self.assemblies:
            parts.append(a.flat(known, memory, self.dtype))
            places.append(a.places + start)
            start += a.size
        flat = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return ordered_values(flat, np.concatenate(places), self.slots, self.structure.n_entries)


def plan(
    linear: Program,
    known: Sequence[Any],
    shape: tuple[int, int],
    mode: str = "auto",
    given: Structure | None = None,
    is_symmetric: bool = False,
    is_compiled: bool = False,
) -> Plan:
    """The cheapest way to the Jacobian that a linear Program is.

    Parameters
    ----------
    linear : Program
        Maps known inputs, then tangents, to tangents.
    known : sequence
        Values of the known inputs where they are the same for all arguments, else None.
    shape : pair of int
        Of the Jacobian: elements of the outputs and of the inputs.
    mode : {"auto", "forward", "reverse"}
    given : Structure, optional
        Where the Jacobian may be different from zero; found where it is not given.
    is_symmetric : bool
        Whether the matrix is known to be its own transpose.
    is_compiled : bool
        Whether the products will be compiled, and may be written out one by one.
    """
    ways = list(_ways(linear, known, shape, mode, given, is_symmetric))
    best = min(ways, key=lambda way: way.option.flops)
    dtype = np.result_type(*[t.dtype for t in linear.out_types])
    return best.make(tuple([way.option for way in ways]), is_compiled, dtype)


@dataclass(frozen=True)
class _Way:
    option: Option
    make: Callable[[tuple[Option, ...], bool, Any], Plan]


def _ways(
    linear: Program,
    known: Sequence[Any],
    shape: tuple[int, int],
    mode: str,
    given: Structure | None,
    is_symmetric: bool,
) -> Iterator[_Way]:
    """The ways that are worth a look: as long as fewer products are possible, or there are many.

    No forward coloring has fewer colors than a row has entries, no reverse one than a column.
    """
    gathers = has_gathers(linear)
    if given is None:
        middle = _Middle.of(separate(linear, known, gathers), shape)
    else:
        middle = _Middle.given(whole(linear, known), given)
    structure = middle.structure
    entire = _Middle.given(whole(linear, known), structure)
    fewest = np.inf
    if mode != "reverse":
        first = middle.forward()
        yield first
        fewest = first.option.n_products
        if fewest > structure.most_in_a_row and given is None:
            if gathers:
                yield _Middle.of(separate(linear, known), shape).forward()
            yield entire.forward()
        if is_symmetric and fewest > _MANY and structure.is_symmetric:
            yield entire.star()
    if mode != "forward" and structure.most_in_a_column < fewest:
        back = middle.reverse()
        yield back
        fewest = min(fewest, back.option.n_products)
    if mode == "auto" and fewest > _MANY and fewest > 2 * _usual_length(structure):
        yield entire.both()


def _usual_length(structure: Structure) -> float:
    """Entries that all but the longest tenth of rows, or of columns, have at most."""
    lengths = structure.lengths, structure.transposed.lengths
    return min([float(np.quantile(x, 0.9)) if len(x) else 0.0 for x in lengths])


@dataclass(frozen=True)
class _Middle:
    """D with its pattern, and where its entries are in J."""

    separated: Separated
    pattern: Any  # of D, csr
    structure: Structure  # of J
    row: Integers  # of each entry of D that is one of J
    column: Integers
    slots: Integers

    @classmethod
    def of(cls, separated: Separated, shape: tuple[int, int]) -> _Middle:
        """The entries of D, found."""
        structure, pattern, slots = separated.entries(shape)
        row = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        return cls(separated, pattern, structure, row, pattern.indices, slots)

    @classmethod
    def given(cls, separated: Separated, structure: Structure) -> _Middle:
        """D is J itself, with a known structure."""
        pattern = structure.csr(np.ones(structure.n_entries, bool))
        slots = np.arange(structure.n_entries)
        return cls(separated, pattern, structure, structure.rows, structure.indices, slots)

    @property
    def is_separated(self) -> bool:
        shape = self.structure.shape
        return self.pattern.shape != shape

    # -- ways ----------------------------------------------------------------------------------

    def forward(self) -> _Way:
        coloring = color(self.pattern, "column")
        assert coloring.column_colors is not None
        return self._way("forward", coloring, coloring.column_colors[self.column], None)

    def reverse(self) -> _Way:
        coloring = color(self.pattern, "row")
        assert coloring.row_colors is not None
        return self._way("reverse", coloring, None, coloring.row_colors[self.row])

    def star(self) -> _Way:
        return self._read_from("star", color(self.pattern, "star"))

    def both(self) -> _Way:
        return self._read_from("bicoloring", color(self.pattern, "bicoloring"))

    def _read_from(self, name: str, coloring: Coloring) -> _Way:
        """Entries of J itself, each read where the coloring says."""
        m, n = self.structure.shape
        n_forward = coloring.n_forward
        is_forward = coloring.places < n_forward * m
        forward = np.where(is_forward, coloring.places // max(m, 1), -1)
        reverse = np.where(is_forward, -1, (coloring.places - n_forward * m) // max(n, 1))
        # A pair of a symmetric matrix may be read at its other entry.
        row = np.where(is_forward, coloring.places % max(m, 1), self.row)
        return self._way(name, coloring, forward, reverse, row)

    def _way(
        self,
        name: str,
        coloring: Coloring,
        forward: Integers | None,
        reverse: Integers | None,
        row: Integers | None = None,
    ) -> _Way:
        """The products of a coloring; `forward` and `reverse` are the colors of each entry."""
        middle = self.separated
        program = middle.program
        flops = coloring.n_forward * program_flops(program)
        back = self._transposed() if coloring.n_reverse else None
        if back is not None:
            flops += coloring.n_reverse * program_flops(back)
        option = Option(name, coloring.n_colors, flops, self.is_separated)

        def make(options: tuple[Option, ...], is_compiled: bool, dtype: Any) -> Plan:
            entries = self.row if row is None else row
            made, slots = [], []
            if forward is not None and coloring.column_colors is not None:
                colors = _split(coloring.column_colors, middle.columns)
                own = np.flatnonzero(forward >= 0)
                n = coloring.n_forward
                products = Products(program, middle.n_known, colors, n, is_compiled)
                at = _located(entries[own], middle.rows)
                made.append(assembled(products, *at, forward[own], self.slots[own]))
                slots.append(self.slots[own])
            if reverse is not None and coloring.row_colors is not None and back is not None:
                colors = _split(coloring.row_colors, middle.rows)
                own = np.flatnonzero(reverse >= 0)
                n = coloring.n_reverse
                products = Products(back, middle.n_known, colors, n, is_compiled)
                at = _located(self.column[own], middle.columns)
                made.append(assembled(products, *at, reverse[own], self.slots[own], True))
                slots.append(self.slots[own])
            return Plan(
                self.structure, option, options, tuple(made),
                np.concatenate(slots) if slots else np.zeros(0, np.int64), dtype,
            )  # fmt: skip

        return _Way(option, make)

    def _transposed(self) -> Program:
        middle = self.separated
        is_linear = [i >= middle.n_known for i in range(len(middle.program.inputs))]
        return simplify(transpose_program(middle.program, is_linear), ())


def _split(colors: Integers, like: Sequence[Integers]) -> tuple[Integers, ...]:
    """Colors of all elements as arrays of the shapes of the values they belong to."""
    if not like:
        return ()
    ends = np.cumsum([x.size for x in like])
    return tuple(
        [part.reshape(x.shape) for part, x in zip(np.split(colors, ends[:-1]), like, strict=True)]
    )


def _located(numbers: Integers, like: Sequence[Integers]) -> tuple[Integers, Integers]:
    """For numbers of elements counted through several values: which value, and which element."""
    starts = np.concatenate([[0], np.cumsum([x.size for x in like])])
    value = np.searchsorted(starts, numbers, side="right") - 1
    return value, numbers - starts[value]
