"""An `Explanation` for the terminal."""

from __future__ import annotations

from wengert.explanation.facts import Block, Explanation, Step

_MAX_FUSED = 8


def text(e: Explanation) -> str:
    """The whole explanation as plain text."""
    lines = [f"{e.name}({e.signature})", f"  {e.verdict}", ""]
    lines += ["Cost of a call"]
    for how, seconds in e.call_seconds.items():
        lines.append(f"  {how:12} {duration(seconds)}")
    lines.append(f"  {'estimated':12} {work(e)}")
    lines += _choices(e)
    lines += ["", "From recording to code"]
    lines.append(
        f"  {len(e.recorded.equations)} equations recorded, {len(e.compiled.equations)} compiled, "
        f"{e.n_instructions} instructions written"
    )
    lines.append("  " + ", ".join([f"{k} {duration(s)}" for k, s in e.seconds.items()]))
    if e.block is not None:
        lines.append("  code found on disk" if e.found_on_disk else "  code made in this process")
    for stage in e.report.stages:
        if stage.fired:
            rules = [f"{n} × {name}" for name, n in stage.fired.most_common()]
            lines.append(f"  {stage.stage:9} {stage.before:4} -> {stage.after:<4} {rules[0]}")
            lines += [f"  {'':22}{rule}" for rule in rules[1:]]
    if e.block is not None:
        lines += ["", "Steps of the native function", *block_lines(e.block, "  ")]
        lines.append(f"  arena: {size(e.arena_bytes)} planned")
    if e.paths:
        lines += ["", "Specializations"]
        for path in e.paths:
            mark = "*" if path.is_this else " "
            lines.append(f"  {mark} ({path.types})")
            lines += [f"      guard: {guard}" for guard in path.guards]
    return "\n".join(lines)


def _choices(e: Explanation) -> list[str]:
    lines = []
    for c in e.choices:
        lines += ["", f"Jacobian, {c.n_outputs:,} × {c.n_inputs:,}: {c.taken}", f"  {c.reason}"]
        width = max([len(way.name) for way in c.ways])
        for way in c.ways:
            mark = "*" if way.name == c.taken else " "
            lines.append(f"  {mark} {way.name:{width}}  {way.n_products:8,} products  {way.cost}")
    return lines


def block_lines(block: Block, indent: str) -> list[str]:
    """The steps of a block, bodies indented."""
    lines = []
    for i, step in enumerate(block.steps):
        lines.append(f"{indent}{i + 1}. {label(step)}")
        inner = indent + "   "
        lines += [f"{inner}{'  ' * depth}{line}" for depth, line in step.loops]
        for made in step.made[:12]:
            formula = f" = {made.expression}" if made.expression else ""
            lines.append(f"{inner}{made.name}: {made.type}{formula}  [{place(made.where)}]")
        if len(step.made) > 12:
            lines.append(f"{inner}… and {len(step.made) - 12} more")
        if step.fused:
            lines.append(f"{inner}fused: {fused(step)}")
        if step.detail:
            lines.append(f"{inner}{step.detail}")
        if step.lines:
            lines.append(f"{inner}from {', '.join(step.lines[:4])}")
        for body in step.blocks:
            lines += block_lines(body, inner + "| ")
    return lines


_KINDS = {"callback": "back to the interpreter: ", "guard": "guard: ", "library": "call "}
_PLACES = {"arena": "kept in the arena", "memory": "kept in memory", "registers": "registers"}


def label(step: Step) -> str:
    """A step's headline."""
    return _KINDS.get(step.kind, "") + step.title


def place(where: str) -> str:
    return _PLACES.get(where, where)


def fused(step: Step) -> str:
    """What is computed in passing, most frequent first."""
    found = step.fused.most_common()
    shown = [name if n == 1 else f"{n} × {name}" for name, n in found[:_MAX_FUSED]]
    rest = len(found) - _MAX_FUSED
    return ", ".join(shown) + (f" and {rest} other kinds" if rest > 0 else "")


def work(e: Explanation) -> str:
    """Operations and bytes, and the rates that follow from the measured time."""
    said = f"{count(e.cost.flops)} flops, {size(e.touched_bytes)} in and out"
    seconds = e.call_seconds.get("native")
    if seconds:
        said += f"; {e.cost.flops / seconds / 1e9:.2g} Gflop/s"
        said += f", {e.touched_bytes / seconds / 1e9:.2g} GB/s"
    return said


def duration(seconds: float) -> str:
    """Seconds in a fitting unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def size(n: float) -> str:
    """Bytes in a fitting unit."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if n >= factor:
            return f"{n / factor:.3g} {unit}"
    return f"{n:.0f} bytes"


def count(n: float) -> str:
    """A number in a fitting unit."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if n >= factor:
            return f"{n / factor:.3g} {unit}"
    return f"{n:.0f}"
