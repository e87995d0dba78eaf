"""The pictures of the page: bars of times, and the arena as a map of memory over steps."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from wengert.explanation.facts import Block
from wengert.explanation.style import STAGE_COLORS
from wengert.explanation.text import duration, size

_PALETTE = ("#93c5fd", "#a5b4fc", "#86efac", "#fcd34d", "#fda4af", "#67e8f9", "#d8b4fe")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 880.0, 190.0, 62.0, 26.0


def call_bars(seconds: Mapping[str, float]) -> str:
    """Times of one call, side by side."""
    longest = max(seconds.values(), default=1.0)
    names = {
        "native": ("compiled", "#2563a8"),
        "interpreter": ("interpreter", "#94a3b8"),
        "Python": ("not jitted", "#cbd5e1"),
    }
    rows = []
    for how, value in seconds.items():
        label, color = names[how]
        width = 100.0 * value / longest
        rows.append(
            f"<span>{label}</span><i style='width:{width:.2f}%;background:{color}'></i>"
            f"<b>{duration(value)}</b>"
        )
    return f"<div class='bars'>{''.join(rows)}</div>"


def stage_bar(seconds: Mapping[str, float]) -> str:
    """The time of compilation, its parts in one bar."""
    total = sum(seconds.values()) or 1.0
    parts, legend = [], []
    for color, (name, value) in zip(STAGE_COLORS, seconds.items(), strict=False):
        parts.append(
            f"<div style='width:{100 * value / total:.2f}%;background:{color}' "
            f"title='{escape(name)}: {duration(value)}'></div>"
        )
        legend.append(
            f"<span><i style='background:{color}'></i>{escape(name)} {duration(value)}</span>"
        )
    return f"<div class='stack'>{''.join(parts)}</div><div class='legend'>{''.join(legend)}</div>"


def memory_map(block: Block, total: int) -> str:
    """The arena: steps from left to right, addresses upward; a box while a value is needed."""
    pieces = [p for p in block.memory if p.bytes]
    if not pieces or not total:
        return ""
    n = max(len(block.steps), 1)
    wide, high = (_WIDTH - _LEFT) / n, _HEIGHT / total
    parts = [
        f"<svg viewBox='0 0 {_WIDTH:.0f} {_HEIGHT + _BOTTOM + 8:.0f}' role='img' "
        "style='width:100%;height:auto;display:block;font:11px ui-monospace,monospace'>"
    ]
    for i in range(n + 1):
        x = _LEFT + i * wide
        parts.append(
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='4' y2='{_HEIGHT + 4}' stroke='#eef2f7'/>"
        )
    for i, piece in enumerate(pieces):
        x, width = _LEFT + piece.first * wide, (piece.last - piece.first + 1) * wide
        tall = max(piece.bytes * high, 1.5)
        y = 4 + _HEIGHT - piece.offset * high - tall
        said = f"{piece.label}: {size(piece.bytes)}, steps {piece.first + 1} to {piece.last + 1}"
        parts.append(
            f"<rect x='{x + 1:.1f}' y='{y:.1f}' width='{width - 2:.1f}' height='{tall:.1f}' rx='2' "
            f"fill='{_PALETTE[i % len(_PALETTE)]}' stroke='white'><title>{escape(said)}</title>"
            "</rect>"
        )
        if tall > 13:
            text = f"{piece.label}  {size(piece.bytes)}" if width > 110 else piece.label
            parts.append(
                f"<text x='{x + 7:.1f}' y='{y + tall / 2 + 4:.1f}' fill='#1e293b'>"
                f"{escape(text)}</text>"
            )
    for i in range(n):
        if n <= 40 or i % 10 == 9:
            x = _LEFT + (i + 0.5) * wide
            parts.append(
                f"<text x='{x:.1f}' y='{_HEIGHT + 20:.0f}' text-anchor='middle' "
                f"fill='#64748b'>{i + 1}</text>"
            )
    parts.append(f"<text x='0' y='14' fill='#64748b'>{size(total)}</text>")
    parts.append(f"<text x='0' y='{_HEIGHT + 4:.0f}' fill='#64748b'>0</text>")
    parts.append(f"<text x='0' y='{_HEIGHT + 20:.0f}' fill='#64748b'>step</text></svg>")
    return "".join(parts)
