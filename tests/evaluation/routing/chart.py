"""Curves as an SVG: panels with axes, lines that are named where they end, and points.

It has a ground of its own, and colours for a light and a dark screen, so that it can be read on any
page. Lines differ by their dashes too, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Line", "Panel", "drawing"]

_WIDTH, _HEIGHT, _GAP = 380, 300, 40
_LEFT, _TOP = 60, 62
_FOOT = 62
_KINDS = ("a", "b", "c", "d")

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.ground { fill: #ffffff; stroke: #d0d7de; } .frame { fill: none; stroke: #8c959f; }
.grid { stroke: #eaeef2; } .title { font-weight: 600; font-size: 15px; }
.line { fill: none; stroke-width: 2.2; }
.a { stroke: #0550ae; } .b { stroke: #bc4c00; stroke-dasharray: 7 4; }
.c { stroke: #57606a; stroke-dasharray: 2 4; } .d { stroke: #1a7f37; stroke-dasharray: 12 3 2 3; }
.dot { fill: #24292f; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .ground { fill: #0d1117; stroke: #30363d; } .frame { stroke: #8b949e; }
.grid { stroke: #21262d; } .a { stroke: #79c0ff; } .b { stroke: #ffa657; } .c { stroke: #9ea7b3; }
.d { stroke: #56d364; } .dot { fill: #e6edf3; }
}
""".strip()


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: What it is of.
        points: Where it runs, from left to right.
    """

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """A pair of axes, both in per cent, the horizontal one from 0 to 100.

    Attributes:
        title: What it shows.
        low: Where the vertical axis begins.
        high: Where it ends.
        lines: The curves, four at most.
        points: Places with a name.
    """

    title: str
    low: int
    high: int
    lines: Sequence[Line]
    points: Sequence[tuple[str, float, float]] = ()


def drawing(panels: Sequence[Panel], across: str, up: str, about: str) -> str:
    """Return the panels side by side.

    Args:
        panels: What to draw; all have the same lines.
        across: What the horizontal axes measure.
        up: What the vertical axes measure.
        about: The whole in a sentence, for who cannot see it.
    """
    width = _LEFT + len(panels) * _WIDTH + (len(panels) - 1) * _GAP + 30
    height = _TOP + _HEIGHT + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(about)}</title>",
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>',
        *_legend([line.name for line in panels[0].lines]),
        _text(_LEFT + (width - _LEFT) / 2, height - 14, across, "middle"),
        f'<g transform="translate(18 {_TOP + _HEIGHT / 2}) rotate(-90)">',
        _text(0, 0, up, "middle") + "</g>",
    ]
    for place, panel in enumerate(panels):
        parts += _panel(panel, _LEFT + place * (_WIDTH + _GAP))
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, left: float) -> list[str]:
    def at(x: float, y: float) -> tuple[float, float]:
        share = (100 * y - panel.low) / (panel.high - panel.low)
        return round(left + x * _WIDTH, 1), round(_TOP + (1 - share) * _HEIGHT, 1)

    parts = [_text(left + _WIDTH / 2, _TOP - 12, panel.title, "middle", "title")]
    for percent in range(panel.low, panel.high + 1, 5):
        x, y = at(0, percent / 100)
        parts.append(f'<path class="grid" d="M{x} {y}h{_WIDTH}"/>')
        parts.append(_text(x - 6, y + 4, f"{percent}", "end"))
    for percent in range(0, 101, 25):
        x, y = at(percent / 100, panel.low / 100)
        parts.append(f'<path class="grid" d="M{x} {y}v{-_HEIGHT}"/>')
        parts.append(_text(x, y + 18, f"{percent}", "middle"))
    parts.append(f'<rect class="frame" x="{left}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}"/>')
    for kind, line in zip(_KINDS, panel.lines, strict=False):
        path = "L".join(f"{x} {y}" for x, y in (at(*point) for point in line.points))
        parts.append(f'<path class="line {kind}" d="M{path}"/>')
    for name, x, y in panel.points:
        (cx, cy), right = at(x, y), x > 0.5
        parts.append(f'<circle class="dot" cx="{cx}" cy="{cy}" r="4"/>')
        # Above at the right and below at the left, where curves that rise leave room.
        where = (cx - 8, cy - 12, name, "end") if right else (cx + 8, cy + 18, name, "start")
        parts.append(_text(*where))
    return parts


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for kind, name in zip(_KINDS, names, strict=False):
        parts.append(f'<path class="line {kind}" d="M{x} 22h34"/>')
        parts.append(_text(x + 41, 26, name, "start"))
        x += 62 + 7.2 * len(name)
    return parts


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text{styled} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
