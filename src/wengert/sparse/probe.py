"""A pattern that was given is tried: one product with random numbers shows whether it is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wengert import trees
from wengert.api.arguments import Selection, leaf_type
from wengert.api.differentiate import pull_back, push_forward, record
from wengert.compression.structure import Structure
from wengert.errors import ArgumentError

_TOLERANCE = {4: 1e-3, 8: 1e-8}  # of a row's sum of magnitudes, by the bytes of a real number


def check_given_pattern(
    name: str,
    f: Callable[..., Any],
    selection: Selection,
    has_aux: bool,
    structure: Structure,
    data: Any,
) -> None:
    """Raise for an entry that is not zero and that the pattern does not have."""
    recorded = record(name, f, selection, has_aux)
    linearized = recorded.linearized
    rng = np.random.default_rng(0)
    types = [leaf_type(x) for x in selection.leaves]
    tangents = [rng.uniform(0.5, 1.5, t.shape).astype(t.dtype)[()] for t in types]
    active = dict(zip(linearized.out_active, push_forward(recorded, tangents), strict=True))
    exact = np.concatenate(
        [np.ravel(active.get(i, np.zeros(t.shape))) for i, t in enumerate(recorded.types)]
    )
    vector = np.concatenate([np.ravel(v) for v in tangents])
    matrix = structure.csr(data)
    size = abs(matrix) @ abs(vector) + abs(exact)
    tolerance = _TOLERANCE.get(exact.real.dtype.itemsize, 1e-8)
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(abs(matrix @ vector - exact) > tolerance * size)
    if not len(wrong):
        return
    row = int(wrong[0])
    entries = _row(recorded, row)
    known = structure.indices[structure.pointers[row] : structure.pointers[row + 1]]
    entries[known] = 0
    column = int(np.argmax(np.abs(entries)))
    raise ArgumentError(
        f"{name}: the pattern given misses an entry that is not zero.",
        got=f"{entries[column]:.6g} in row {row}, column {column} "
        f"({_place(selection, column)}), where the pattern has none",
        expected="a pattern with every entry that can be different from zero",
        try_="leave pattern out: it is then found",
    )


def _row(recorded: Any, row: int) -> Any:
    """One row of the Jacobian, by reverse mode."""
    cts, start = [], 0
    for i, t in enumerate(recorded.types):
        ct = np.zeros(t.size, t.dtype)
        if start <= row < start + t.size:
            ct[row - start] = 1
        start += t.size
        if i in recorded.linearized.out_active:
            cts.append(ct.reshape(t.shape)[()])
    return np.concatenate([np.ravel(np.conj(x)) for x in pull_back(recorded, cts)])


def _place(selection: Selection, column: int) -> str:
    """An element of the arguments in words: `['points'][3, 1]`."""
    paths = [""] if selection.spec is None else trees.paths(selection.tree)
    for path, leaf in zip(paths, selection.leaves, strict=True):
        if column < leaf.size:
            where = np.unravel_index(column, leaf.shape)
            return f"argument{path}" + (f"[{', '.join(map(str, where))}]" if where else "")
        column -= leaf.size
    return "no argument"
