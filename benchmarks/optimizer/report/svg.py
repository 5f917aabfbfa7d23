"""A small line chart as SVG that reads on light and on dark pages."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

# Okabe & Ito 2008, "Color Universal Design": distinct for most kinds of colour vision; black and
# yellow, which vanish on dark or light pages, are left out.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("", "6 3", "2 3", "8 3 2 3")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
.line { fill: none; stroke-width: 1.6 }
.own { stroke-width: 3 }
@media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } }
"""
WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 190, 34, 44


@dataclass(frozen=True)
class Line:
    """A named curve, or single points with `is_dot`; `is_own` is drawn thick."""

    name: str
    points: Sequence[tuple[float, float]]
    is_own: bool = False
    is_dot: bool = False


@dataclass(frozen=True)
class Axis:
    """An axis with its label, its ends and its ticks; ends are positive on a log axis."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low end, 1 at the high end."""
        low, high = self.low, self.high
        if self.is_log:
            value, low, high = (math.log(max(it, self.low)) for it in (value, low, high))
        return (value - low) / (high - low)


def chart(title: str, across: Axis, up: Axis, lines: Sequence[Line]) -> str:
    """Return a chart with its legend at the right, in the order of the lines."""

    def x(value: float) -> float:
        return LEFT + across.place(value) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
        *_grid(across, up, x, y),
        *(part for index, line in enumerate(lines) for part in _line(line, index, x, y)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _grid(
    across: Axis, up: Axis, x: Callable[[float], float], y: Callable[[float], float]
) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick in up.ticks:
        parts.append(_rule(LEFT, y(tick), right, y(tick)))
        parts.append(_text(LEFT - 6, y(tick) + 4, f"{tick:g}", "end"))
    for tick in across.ticks:
        parts.append(_rule(x(tick), TOP, x(tick), bottom))
        parts.append(_text(x(tick), bottom + 16, f"{tick:g}", "middle"))
    parts.append(_text((LEFT + right) / 2, HEIGHT - 8, across.label, "middle"))
    middle = (TOP + bottom) / 2
    turned = f'transform="rotate(-90 14 {middle:.1f})"'
    parts.append(
        f'<text x="14" y="{middle:.1f}" text-anchor="middle" {turned}>{escape(up.label)}</text>'
    )
    return parts


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(
    line: Line, index: int, x: Callable[[float], float], y: Callable[[float], float]
) -> list[str]:
    colour = COLOURS[index % len(COLOURS)]
    dash = DASHES[index // len(COLOURS) % len(DASHES)]
    legend_x, legend_y = WIDTH - RIGHT + 14, TOP + 8 + 18 * index
    name = _text(legend_x + 32, legend_y + 4, line.name, "start")
    if line.is_dot:
        radius = 7 if line.is_own else 5
        dots = [
            f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="{radius}" fill="{colour}"/>'
            + _text(x(a) + 9, y(b) + 4, line.name, "start")
            for a, b in line.points
        ]
        return dots
    kind = "line own" if line.is_own else "line"
    style = f'class="{kind}" stroke="{colour}"' + (f' stroke-dasharray="{dash}"' if dash else "")
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)
    sample = f"{legend_x},{legend_y} {legend_x + 26},{legend_y}"
    return [f'<polyline {style} points="{path}"/>', f'<polyline {style} points="{sample}"/>', name]
