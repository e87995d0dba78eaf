"""The adjoint of a scan: a scan in the opposite order.

Its carry holds the cotangents of the carry and of the constants; cotangents of ys are among its
xs, those of xs its ys. Carries that no linear input reaches are run forward first, and stacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wengert.control.loop_rules import linear_carries
from wengert.control.programs import record_rule_program, transpose_body, zeros
from wengert.control.scan_equation import bind_scan
from wengert.ir.program import Program, prune
from wengert.trace.evaluate import record_program


def transpose_scan(
    cts: Sequence[Any],
    args: Sequence[Any],
    linear: Sequence[int],
    *,
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> dict[int, Any]:
    skip = 1 if length is None else 0
    count, operands = list(args[:skip]), list(args[skip:])
    mask = linear_carries(
        body, [i + skip in linear for i in range(len(operands))], n_consts, n_carry
    )
    origin = list(range(len(operands)))
    if not all(mask[n_consts : n_consts + n_carry]):
        known = KnownCarries(body, mask, n_consts, n_carry)
        values = known.run(count, operands, length, reverse)
        body, operands, mask, origin = known.linear_part(operands, values)
        cts = [*[cts[k] for k in known.linear], *cts[n_carry:]]
        n_carry = len(known.linear)
    results = _transpose_linear(
        cts, count, operands, mask, body, n_consts, n_carry, length, reverse
    )
    found = {origin[i] + skip: ct for i, ct in results.items()}
    return {i: found.get(i) for i in linear}


def _transpose_linear(
    cts: Sequence[Any],
    count: list[Any],
    operands: list[Any],
    mask: Sequence[bool],
    body: Program,
    n_consts: int,
    n_carry: int,
    length: int | None,
    reverse: bool,
) -> dict[int, Any]:
    """The adjoint of a scan all of whose carries are linear, by body input.

    Cotangents of the carry and of the constants are the carry of the backward scan.
    """
    consts, carry = range(n_consts), range(n_consts, n_consts + n_carry)
    xs = range(n_consts + n_carry, len(operands))
    known_consts = [i for i in consts if not mask[i]]
    linear_consts = [i for i in consts if mask[i]]
    known_xs = [i for i in xs if not mask[i]]
    ys = [j for j in range(n_carry, len(body.outputs)) if cts[j] is not None]
    backward, reached = transpose_body(
        body, mask, [*range(n_carry), *ys], [i in linear_consts for i in range(len(operands))]
    )
    reached_xs = [i for i in reached if i in xs]
    in_types, out_types = body.in_types, body.out_types
    sizes = [len(known_consts), len(linear_consts), n_carry, len(known_xs), len(ys)]

    def step(*values: Any) -> list[Any]:
        known, so_far, ct_carry, items, ct_ys = _take(values, sizes)
        outs = record_program(backward, [*known, *items, *ct_carry, *ct_ys, *so_far])
        found = dict(zip(reached, outs, strict=True))
        new_carry = [found[i] if i in found else zeros(in_types[i]) for i in carry]
        return [*[found[i] for i in linear_consts], *new_carry, *[found[i] for i in reached_xs]]

    program = record_rule_program(
        "the transpose of a scan",
        step,
        [
            *[in_types[i] for i in (*known_consts, *linear_consts)],
            *out_types[:n_carry],
            *[in_types[i] for i in known_xs],
            *[out_types[j] for j in ys],
        ],
    )
    backward_operands = [
        *[operands[i] for i in known_consts],
        *[zeros(in_types[i]) for i in linear_consts],
        *[zeros(out_types[j]) if cts[j] is None else cts[j] for j in range(n_carry)],
        *[operands[i] for i in known_xs],
        *[cts[j] for j in ys],
    ]
    results = bind_scan(
        [*count, *backward_operands],
        program,
        len(known_consts),
        len(linear_consts) + n_carry,
        length,
        not reverse,
    )
    return dict(zip([*linear_consts, *carry, *reached_xs], results, strict=True))


def _take(values: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    parts, start = [], 0
    for n in sizes:
        parts.append(values[start : start + n])
        start += n
    return parts


class KnownCarries:
    """A scan with carries that no linear input reaches: these are run first, and stacked."""

    def __init__(self, body: Program, mask: Sequence[bool], n_consts: int, n_carry: int) -> None:
        self.body, self.mask = body, mask
        self.n_consts, self.n_carry = n_consts, n_carry
        self.known = [k for k in range(n_carry) if not mask[n_consts + k]]
        self.linear = [k for k in range(n_carry) if mask[n_consts + k]]

    def run(
        self, count: list[Any], operands: list[Any], length: int | None, reverse: bool
    ) -> list[Any]:
        """What the known carries are at the start of every iteration."""
        body = self.body
        ins = [i for i in range(len(operands)) if not self.mask[i]]
        at_start = [body.inputs[self.n_consts + k] for k in self.known]
        outputs = [*[body.outputs[k] for k in self.known], *at_start]
        kept, _ = prune((), body.equations, outputs)
        program = Program([body.inputs[i] for i in ins], kept, outputs)
        results = bind_scan(
            [*count, *[operands[i] for i in ins]],
            program,
            len([i for i in ins if i < self.n_consts]),
            len(self.known),
            length,
            reverse,
        )
        return list(results[len(self.known) :])

    def linear_part(self, operands: list[Any], values: list[Any]) -> Any:
        """The scan on the linear carries, the known ones among its xs; and operands' origin."""
        body, n = self.body, self.n_consts
        known = [n + k for k in self.known]
        origin = [i for i in range(len(operands)) if i not in known] + known
        outputs = [*[body.outputs[k] for k in self.linear], *body.outputs[self.n_carry :]]
        kept, _ = prune((), body.equations, outputs)
        program = Program([body.inputs[i] for i in origin], kept, outputs)
        moved = [operands[i] for i in origin[: len(origin) - len(known)]] + values
        return program, moved, [self.mask[i] for i in origin], origin
