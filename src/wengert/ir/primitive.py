"""`Primitive`: the one record that holds everything the system knows of an elementary operation.

Rules are written with public operations on tracers, so that they compose with every transform.
The fields, in the order in which a reader meets them:

    array        the NumPy implementation: values in, value (or tuple of values) out
    type_rule    the same for Types (a literal argument arrives as the Python scalar itself)
    linear_in    groups of inputs in which the primitive is jointly linear: ({0, 1},) for add,
                 ({0}, {1}) for mul; the derivative and the Taylor rule follow from it
    jvp          jvp(args, out, tangents, **params) -> tangent(s) of the output(s); None is zero
    transpose    one rule per input: rule(ct, args, **params) -> cotangent of that input, or None
    batch        batch(size, args, is_batched, **params) -> (outputs, is_batched of the outputs)
    cost         cost(input types, output types, **params) -> floating-point operations
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wengert.errors import MissingRuleError

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Unsupported:
    """A capability that a primitive does not have, and why: a filled cell of the matrix."""

    reason: str


@dataclass(eq=False)
class Primitive:
    """One elementary operation and all of its rules; see the head of this file.

    Parameters
    ----------
    name : str
        Unique name, used by the text form of Programs.
    array : callable
        The NumPy implementation.
    type_rule : callable
        `type_rule(*input types, **params)` gives the output Type, or a tuple of them.
    linear_in : tuple of frozenset of int
        Groups of inputs in which the primitive is jointly linear.
    is_multiple : bool
        Whether there is a tuple of outputs instead of one.
    is_view : bool
        Whether NumPy returns a view of the first input (or may).
    gives_array : bool
        Whether a 0-d result is an array in NumPy, not an immutable scalar.
    keeps_literals : bool
        Whether Python scalars among the arguments stay literals in every recording.
    facts : mapping
        Domain, kinks and conventions at ties, for tests and documentation.
    """

    name: str
    array: Rule
    type_rule: Rule
    linear_in: tuple[frozenset[int], ...] = ()
    jvp: Rule | Unsupported | None = None
    transpose: Mapping[int, Rule] | Rule | Unsupported | None = None
    accumulate: Mapping[int, Rule] | None = None  # rule(acc, ct, args, **params): adds into acc
    transpose_all: Rule | None = None  # control flow: all inputs at once
    batch: Rule | Unsupported | None = None
    cost: Rule | None = None
    specialize: Rule | None = None  # params -> callable, prepared once by the interpreter
    in_place: Rule | None = None  # like `array`, writing into its first argument
    render: Rule | None = None  # (inputs, params) -> NumPy source text of one equation
    render_nested: Rule | None = None  # the same with define(Program) -> name of a function
    support: str = ""  # NumPy source of functions that the rendered text calls
    sparsity: Rule | None = None
    known: Rule | None = (
        None  # control flow: outputs that follow from known inputs, None for others
    )
    linearize: Rule | None = None  # control flow: builds its own LinearRule
    extended: Primitive | None = None  # run instead when differentiated: more outputs, residuals
    series: Rule | None = None  # control flow: its own Taylor rule
    inline: Rule | None = None  # (recording, *args) met while a Program is recorded anew
    write_back: Rule | None = None  # views: (primitive, args, params) that update the base
    shares_memory: Rule | None = None  # views: whether this result really is one
    emit: Any = None  # native form: see `ir/emission.py`; a tuple is tried in order
    ufunc: Any = None  # whose dtypes it has
    is_multiple: bool = False
    is_view: bool = False
    may_alias: bool = False
    gives_array: bool = False
    keeps_literals: bool = False
    reads_elements: bool = False  # reads out of a buffer that may be written afterwards
    is_elementwise: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # One output that owns its memory, or a view: recorded on the short path.
        self.is_plain = not self.is_multiple and self.in_place is None

    def __repr__(self) -> str:
        return self.name

    def missing(self, capability: str, where: str | None = None) -> MissingRuleError:
        """The error for a rule that this primitive does not have."""
        rule = getattr(self, capability, None)
        reason = rule.reason if isinstance(rule, Unsupported) else "no such rule is defined"
        return MissingRuleError(
            f"{self.name}: the {capability} rule was needed and there is none.",
            got=reason,
            where=where,
            try_="write it with other operations, or give a rule with wengert.custom_jvp",
        )


registry: dict[str, Primitive] = {}


def define(primitive: Primitive) -> Primitive:
    """Enter a primitive in the registry under its name, which must be new."""
    if primitive.name in registry:
        raise MissingRuleError(f"a primitive named {primitive.name!r} exists already.")
    registry[primitive.name] = primitive
    return primitive
