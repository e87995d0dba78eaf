"""`pattern`: where the Jacobian of a function can be different from zero."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from wengert.api.arguments import (
    ArgNames,
    ArgNums,
    leaf_type,
    require_differentiable,
    select_arguments,
)
from wengert.api.differentiate import grad, record
from wengert.api.jit import jit
from wengert.compression.recorded import completed
from wengert.compression.separation import whole_structure
from wengert.errors import ArgumentError
from wengert.ir.index_sets import TooManyEntries
from wengert.sparse.functions import Split, too_many_entries
from wengert.sparse.patterns import Pattern
from wengert.transforms.sparsity import constants


def pattern(
    f: Callable[..., Any],
    argnums: ArgNums = None,
    argnames: ArgNames = None,
    order: int = 1,
    at_point: bool = False,
) -> Callable[..., Pattern]:
    """Where the derivative of a function can be different from zero.

    Parameters
    ----------
    f : callable
        Function of pytrees of numbers and arrays; for `order=2` with one real number as output.
    argnums, argnames
        What to differentiate with respect to, as in `wengert.jacobian`; by default argument 0.
    order : {1, 2}
        1 for the Jacobian, 2 for the Hessian: the pairs of arguments that interact nonlinearly.
    at_point : bool, default False
        Whether zeros that factors happen to have at this point count. By default the pattern
        holds for all floating-point arguments, along the branches that are taken at this point.

    Returns
    -------
    callable
        Called like `f`, gives a `Pattern`.

    Notes
    -----
    Index sets are carried through the linearized Program. Integers that are recorded (of slices and
    gathers) and zeros of captured arrays are used; an index that depends on floating-point
    arguments makes all elements possible. Costs about one set union for each element of each
    intermediate result.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> print(wg.sparse.pattern(lambda x: x[1:] * x[:-1])(np.ones(4)))
    3 × 4, 6 entries (50%), at most 2 in a row, 2 in a column
    ● ● · ·
    · ● ● ·
    · · ● ●
    """
    if order not in (1, 2):
        raise ArgumentError(
            "sparse.pattern: there is no such order.", got=repr(order), expected="1 or 2"
        )
    g = f if order == 1 else grad(f, argnums, argnames)

    @wraps(f)
    def pattern_of(*args: Any, **kwargs: Any) -> Pattern:
        found: list[Pattern] = []

        def look(args: Any, kwargs: Any) -> None:
            selection = select_arguments("sparse.pattern", args, kwargs, argnums, argnames)
            require_differentiable("sparse.pattern", selection)
            recorded = record("sparse.pattern", g, selection)
            types = [leaf_type(x) for x in selection.leaves]
            shape = (sum([t.size for t in recorded.types]), sum([t.size for t in types]))
            program = completed(recorded.linearized, recorded.types)
            try:
                structure = whole_structure(program, constants(recorded.residuals), shape)
            except TooManyEntries:
                raise too_many_entries("sparse.pattern") from None
            found.append(Pattern(structure.shape, structure.pointers, structure.indices))

        if at_point:
            look(args, kwargs)
            return found[-1]
        split = Split.of(args, kwargs)

        def recorded_look(*numbers: Any) -> Any:
            look(*split.arguments(numbers))
            return np.zeros(0)

        jit(recorded_look)(*split.numbers)
        return found[-1]

    return pattern_of
