"""Drawings of Programs as SVG, laid out in layers; needs nothing installed.

Layers are longest paths from the inputs; within a layer nodes are ordered by the mean position of
their neighbors, swept down and up a few times (the barycenter heuristic of Sugiyama, Tagawa and
Toda, 1981).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from wengert.errors import ArgumentError
from wengert.ir.program import Equation, Program, Var, sub_programs
from wengert.ir.text import Names, print_number

_CHAR, _LINE, _PAD = 7.2, 15.0, 10.0
_GAP_X, _GAP_Y = 22.0, 46.0
_MAX_NODES = 3000
_COLORS = {
    "input": ("#e8f1fb", "#3b78b8"),
    "equation": ("#ffffff", "#8a8f98"),
    "loop": ("#fdf3e1", "#c58a1c"),
    "output": ("#e9f6ec", "#3f9a55"),
}


@dataclass(eq=False)
class _Node:
    kind: str
    lines: list[str]
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    above: list[_Node] = field(default_factory=list)
    below: list[_Node] = field(default_factory=list)
    title: str = ""

    @property
    def width(self) -> float:
        return max(len(line) for line in self.lines) * _CHAR + 2 * _PAD

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + _PAD


class Drawing:
    """An SVG picture; shows itself in notebooks."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def __repr__(self) -> str:
        return f"<Drawing, {len(self.svg)} characters of SVG>"


def draw_program(program: Program, path: str | Path | None = None) -> Drawing:
    """Draw a Program: inputs on top, one box an equation, outputs at the bottom.

    Parameters
    ----------
    program : Program
    path : str or Path, optional
        File to write the SVG to.

    Returns
    -------
    Drawing
        Shows itself in a notebook; `svg` holds the text.

    Raises
    ------
    ArgumentError
        For Programs of more than 3,000 equations.

    Examples
    --------
    >>> import numpy as np, wengert as wg
    >>> wg.trace(np.sin)(1.0).draw().svg[:4]
    '<svg'
    """
    if len(program.equations) > _MAX_NODES:
        raise ArgumentError(
            "this Program is too large to draw.",
            got=f"{len(program.equations)} equations",
            expected=f"at most {_MAX_NODES}",
            try_="print(program), or program.cost()",
        )
    drawing = Drawing(_svg(_arrange(_nodes(program))))
    if path is not None:
        drawing.save(path)
    return drawing


def _nodes(program: Program) -> list[_Node]:
    names = Names()
    made: dict[Var, _Node] = {}
    nodes: list[_Node] = []
    for v in program.inputs:
        made[v] = _Node("input", [names[v], repr(v.type)])
        nodes.append(made[v])
    for eq in program.equations:
        inner = [name for name, _ in sub_programs(eq.params)]
        node = _Node("loop" if inner else "equation", _label(eq, names))
        node.title = str(eq.params) if eq.params else eq.primitive.name
        for a in eq.inputs:
            if isinstance(a, Var):
                _link(made[a], node)
        for v in eq.outputs:
            made[v] = node
        nodes.append(node)
    for i, a in enumerate(program.outputs):
        label = names[a] if isinstance(a, Var) else print_number(a.value)
        lines = ["return" if len(program.outputs) == 1 else f"return [{i}]", label]
        node = _Node("output", lines)
        if isinstance(a, Var):
            _link(made[a], node)
        nodes.append(node)
    return nodes


def _link(a: _Node, b: _Node) -> None:
    a.below.append(b)
    b.above.append(a)
    b.layer = max(b.layer, a.layer + 1)


def _label(eq: Equation, names: Names) -> list[str]:
    literals = [print_number(a.value) for a in eq.inputs if not isinstance(a, Var)]
    head = eq.primitive.name + (f" · {', '.join(literals)}" if literals else "")
    outputs = ", ".join([names[v] for v in eq.outputs])
    types = ", ".join([repr(v.type) for v in eq.outputs[:2]])
    if len(eq.outputs) > 2:
        types += f", … ({len(eq.outputs)})"
        outputs = f"{names[eq.outputs[0]]} … {names[eq.outputs[-1]]}"
    return [head, f"{outputs}: {types}"]


def _arrange(nodes: list[_Node]) -> list[_Node]:
    """Give every node its layer's height and a place in the layer."""
    last = max([n.layer for n in nodes], default=0)
    for node in nodes:
        if node.kind == "output":
            node.layer = max(last, 1)
        elif node.kind == "input" and node.below:
            node.layer = min(below.layer for below in node.below) - 1
    layers: list[list[_Node]] = [[] for _ in range(max([n.layer for n in nodes], default=0) + 1)]
    for node in nodes:
        layers[node.layer].append(node)
    for sweep in range(6):
        is_downward = sweep % 2 == 0
        for layer in layers if is_downward else layers[::-1]:
            _settle(layer, [(n.above if is_downward else n.below) for n in layer])
    y = 12.0
    for layer in layers:
        for node in layer:
            node.y = y
        y += max([n.height for n in layer], default=0.0) + _GAP_Y
    left = min([n.x for n in nodes], default=0.0)
    for node in nodes:
        node.x += 12.0 - left
    return nodes


def _settle(layer: list[_Node], near: list[list[_Node]]) -> None:
    """Sort a layer's nodes by the mean center of the nodes near each, and place them there."""
    _place(layer)
    means = {
        id(n): sum(m.x + m.width / 2 for m in ns) / len(ns) if ns else n.x + n.width / 2
        for n, ns in zip(layer, near, strict=True)
    }
    layer.sort(key=lambda n: means[id(n)])
    _place(layer, means)


def _place(layer: list[_Node], wanted: dict[int, float] | None = None) -> None:
    """Put a layer's nodes side by side, each as near to its wanted center as its left one lets."""
    right = float("-inf")
    for node in layer:
        x = node.x if wanted is None else wanted[id(node)] - node.width / 2
        node.x = max(x, right + _GAP_X) if right > float("-inf") else x
        right = node.x + node.width
    if wanted is not None and layer:
        off = [n.x + n.width / 2 - wanted[id(n)] for n in layer]
        shift = sum(off) / len(off)
        for node in layer:
            node.x -= shift


def _svg(nodes: list[_Node]) -> str:
    width = max([n.x + n.width for n in nodes], default=0.0) + 12
    height = max([n.y + n.height for n in nodes], default=0.0) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="ui-monospace, monospace" '
        'font-size="12">',
        '<rect width="100%" height="100%" fill="#fbfbfa"/>',
    ]
    for node in nodes:
        for below in node.below:
            parts.append(_edge(node, below))
    parts += [_box(node) for node in nodes]
    parts.append("</svg>")
    return "\n".join(parts)


def _edge(a: _Node, b: _Node) -> str:
    x1, y1 = a.x + a.width / 2, a.y + a.height
    x2, y2 = b.x + b.width / 2, b.y
    bend = max((y2 - y1) / 2, 12.0)
    return (
        f'<path d="M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} '
        f'{x2:.1f},{y2:.1f}" fill="none" stroke="#b4b8bf" stroke-width="1.2"/>'
    )


def _box(node: _Node) -> str:
    fill, stroke = _COLORS[node.kind]
    x, y = node.x, node.y
    text = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{node.width:.1f}" height="{node.height:.1f}" rx="5" '
        f'fill="{fill}" stroke="{stroke}"><title>{escape(node.title)}</title></rect>'
    ]
    for i, line in enumerate(node.lines):
        weight = ' font-weight="600"' if i == 0 else ' fill="#666b73"'
        text.append(
            f'<text x="{x + node.width / 2:.1f}" y="{y + _LINE * (i + 1):.1f}" '
            f'text-anchor="middle"{weight}>{escape(line)}</text>'
        )
    return "".join(text)


def program_html(program: Program) -> str:
    """The notebook view of a Program: its text, its cost, and for small ones its drawing."""
    text = escape(str(program))
    picture = _svg(_arrange(_nodes(program))) if len(program.equations) <= 60 else ""
    return (
        f'<div style="overflow-x:auto">{picture}<pre style="line-height:1.35">{text}</pre>'
        f"<small>{escape(str(program.cost()))}</small></div>"
    )


__all__ = ["Drawing", "draw_program", "program_html"]
