"""An `Explanation` as HTML: a fragment for notebooks, or a page that needs no other file."""

from __future__ import annotations

from html import escape

from wengert.api.choices import Choice
from wengert.explanation.facts import Block, Explanation, Made, Step
from wengert.explanation.pictures import call_bars, memory_map, stage_bar
from wengert.explanation.style import COLORS, KIND_NAMES, STYLE
from wengert.explanation.text import count, duration, fused, place, size, work

_MAX_SHOWN = 24  # values of one step
_MAX_STEPS = 200
_MAX_TEXT = 200_000  # characters of IR, assembly and Programs


def page(e: Explanation) -> str:
    """The whole page."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(e.name)}, compiled</title></head>"
        f"<body style='margin:0;background:#f8fafc'>{fragment(e)}</body></html>\n"
    )


def fragment(e: Explanation) -> str:
    """The page's contents, with their style."""
    parts = [_head(e), _calls(e), *[_choice(c) for c in e.choices], _function(e), _making(e)]
    parts += [_programs(e), _paths(e), _code(e)]
    return f"<div class='wg'><style>{STYLE}</style><main>{''.join(parts)}</main></div>"


def _head(e: Explanation) -> str:
    mood = "good"
    if e.problem or e.has_given_up:
        mood = "poor"
    elif e.count("callback"):
        mood = "fair"
    facts = []
    native, plain = e.call_seconds.get("native"), e.call_seconds.get("Python")
    if native:
        facts.append((duration(native), "a call"))
        if plain:
            facts.append((f"{plain / native:,.3g} ×", "as fast as not jitted"))
    made = sum([s for name, s in e.seconds.items() if name != "record"])
    if e.block is not None:
        facts.append((duration(made), "to compile"))
        facts.append((size(e.arena_bytes), "for intermediate values"))
    facts.append((f"{len(e.recorded.equations):,}", "equations recorded"))
    cells = "".join([f"<div><b>{escape(n)}</b><span>{escape(w)}</span></div>" for n, w in facts])
    return (
        f"<h1>{escape(e.name)}</h1><div class='signature'>({escape(e.signature)})</div>"
        f"<div class='verdict {mood}'>{escape(e.verdict)}</div><div class='facts'>{cells}</div>"
    )


def _calls(e: Explanation) -> str:
    note = f"Estimated {work(e)}."
    if e.block is not None:
        disk = "found on disk" if e.found_on_disk else "made in this process"
        note += f" The function’s own code was {disk}."
    return _section("One call", call_bars(e.call_seconds), f"<p class='note'>{escape(note)}</p>")


def _choice(c: Choice) -> str:
    rows = []
    for way in c.ways:
        mark = "<span class='chip output'>chosen</span>" if way.name == c.taken else ""
        rows.append(
            f"<tr><td>{way.name} {mark}</td><td class='n'>{way.n_products:,}</td><td class='n'>"
            f"{count(way.cost.flops)}</td><td class='n'>{size(way.cost.bytes)}</td></tr>"
        )
    table = (
        "<table><tr><th>mode</th><th class='n'>products</th><th class='n'>flops</th>"
        f"<th class='n'>bytes, nothing fused</th></tr>{''.join(rows)}</table>"
    )
    title = f"The Jacobian, {c.n_outputs:,} × {c.n_inputs:,}"
    return _section(title, f"<p>{escape(c.reason)}</p>", table)


def _function(e: Explanation) -> str:
    if e.block is None:
        return ""
    memory = memory_map(e.block, e.arena_bytes)
    if memory:
        memory = (
            "<h3>Its memory</h3><p class='note'>Intermediate arrays lie in one arena of "
            f"{size(e.arena_bytes)}; boxes at one height share memory. What stays blank is work "
            f"space within a step.</p>{memory}"
        )
    return _section("The native function, step by step", _block(e.block), memory)


def _block(block: Block) -> str:
    shown = "".join([_step(i + 1, step) for i, step in enumerate(block.steps[:_MAX_STEPS])])
    rest = len(block.steps) - _MAX_STEPS
    return shown + (f"<p class='note'>… and {rest:,} more steps.</p>" if rest > 0 else "")


def _step(number: int, step: Step) -> str:
    values = "".join([_made(m) for m in step.made[:_MAX_SHOWN]])
    rest = len(step.made) - _MAX_SHOWN
    lines = ", ".join(step.lines[:3]) + (" …" if len(step.lines) > 3 else "")
    parts = [
        f"<div class='step' style='--kind:{COLORS[step.kind]}'><header>"
        f"<span class='number'>{number}</span><span class='kind'>{KIND_NAMES[step.kind]}</span>"
        f"<b>{escape(step.title)}</b><span class='lines'>{escape(lines)}</span></header>"
    ]
    if len(step.loops) > 2:
        items = [
            f"<li style='padding-left:{1.1 * depth:.1f}rem'>{escape(text)}</li>"
            for depth, text in step.loops
        ]
        parts.append(f"<ul class='loops'>{''.join(items)}</ul>")
    elif step.loops:
        parts.append(f"<div class='fused'>{escape(step.loops[0][1])}</div>")
    if values:
        parts.append(f"<div class='values'>{values}</div>")
    if rest > 0:
        parts.append(f"<div class='fused'>… and {rest:,} more values</div>")
    if step.fused:
        parts.append(f"<div class='fused'>computed in passing: {escape(fused(step))}</div>")
    if step.detail:
        parts.append(f"<p>{escape(step.detail)}</p>")
    for body in step.blocks:
        parts.append(f"<div class='body'>{_block(body)}</div>")
    return "".join([*parts, "</div>"])


def _made(m: Made) -> str:
    where = place(m.where)
    if m.where in ("arena", "memory"):
        where = f"{m.where}, {size(m.bytes)}"
    return (
        f"<code><b>{escape(m.name)}</b> <span class='type'>{escape(m.type)}</span></code>"
        f"<code>{escape(m.expression)}</code><span class='chip {m.where}'>{escape(where)}</span>"
    )


def _making(e: Explanation) -> str:
    rows = []
    for stage in e.report.stages:
        rules = "<br>".join([f"{n} × {escape(name)}" for name, n in stage.fired.most_common()])
        if rules:
            rows.append(
                f"<tr><td>{escape(stage.stage)}</td><td class='n'>{stage.before:,}</td>"
                f"<td class='n'>{stage.after:,}</td><td class='n'>{duration(stage.seconds)}</td>"
                f"<td><code>{rules}</code></td></tr>"
            )
    table = ""
    if rows:
        table = (
            "<h3>What the passes did</h3><table><tr><th>stage</th><th class='n'>equations</th>"
            "<th class='n'>after</th><th class='n'>time</th><th>rules applied</th></tr>"
            f"{''.join(rows)}</table>"
        )
    note = f"{len(e.recorded.equations):,} equations recorded, {len(e.compiled.equations):,} "
    note += f"compiled, {e.n_instructions:,} instructions written. Made once more for this page."
    return _section(
        "From recording to code", stage_bar(e.seconds), f"<p class='note'>{note}</p>", table
    )


def _programs(e: Explanation) -> str:
    n = len(e.recorded.equations)
    before = f"<summary>As recorded, {n:,} equations</summary>{_pre(str(e.recorded))}"
    how = "as compiled" if e.block is not None else "after the passes"
    return _section(f"The Program, {how}", _pre(str(e.compiled)), f"<details>{before}</details>")


def _paths(e: Explanation) -> str:
    rows = []
    for path in e.paths:
        guards = "<br>".join([escape(g) for g in path.guards]) or "none"
        mark = " <span class='chip output'>this call</span>" if path.is_this else ""
        rows.append(f"<tr><td><code>({escape(path.types)})</code>{mark}</td><td>{guards}</td></tr>")
    if not rows:
        return ""
    table = f"<table><tr><th>arguments</th><th>guards</th></tr>{''.join(rows)}</table>"
    return _section("Specializations so far", table)


def _code(e: Explanation) -> str:
    parts = []
    for title, text in (("LLVM IR", e.ir), ("Assembly", e.assembly)):
        if text:
            n = text.count("\n")
            parts.append(f"<details><summary>{title}, {n:,} lines</summary>{_pre(text)}</details>")
    return _section("The code itself", *parts) if parts else ""


def _pre(text: str) -> str:
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + "\n… cut here"
    return f"<pre>{escape(text)}</pre>"


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"
