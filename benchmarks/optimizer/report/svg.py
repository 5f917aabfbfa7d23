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
text { font: 12px system-ui, sans-serif; fill: #6e7781 }
.title { font-size: 14px; font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
.line { fill: none; stroke-width: 1.6 }
.own { stroke-width: 3 }
@media (prefers-color-scheme: light) { text { fill: #24292f } }
@media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } }
"""
WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 190, 34, 44


LABEL_HEIGHT, LABEL_WIDTH = 13.0, 110.0


@dataclass(frozen=True)
class Line:
    """A named curve, in the style of a number; number 0 is drawn thick, a dot has one point."""

    name: str
    points: Sequence[tuple[float, float]]
    style: int = 1


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


Place = Callable[[float], float]


def chart(title: str, across: Axis, up: Axis, lines: Sequence[Line]) -> str:
    """Return curves with their legend at the right, in the order of the lines."""
    x, y = _places(across, up)
    drawn = [part for index, line in enumerate(lines) for part in _curve(line, index, x, y)]
    return _document(title, [*_grid(across, up, x, y), *drawn])


def dots(title: str, across: Axis, up: Axis, lines: Sequence[Line]) -> str:
    """Return the first point of each line with its name beside it."""
    x, y = _places(across, up)
    places = [(y(line.points[0][1]), x(line.points[0][0]), line) for line in lines]
    places.sort(key=lambda place: place[:2])
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    for top, left, line in places:
        label = top
        while any(_overlaps((left, label), other) for other in taken):
            label += 1.0
        taken.append((left, label))
        radius, colour = (7, COLOURS[0]) if line.style == 0 else (5, COLOURS[1])
        parts.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{radius}" fill="{colour}"/>')
        parts.append(_text(left + 10, label + 4, line.name, "start"))
    return _document(title, [*_grid(across, up, x, y), *parts])


def _overlaps(label: tuple[float, float], other: tuple[float, float]) -> bool:
    across, up = abs(label[0] - other[0]), abs(label[1] - other[1])
    return across < LABEL_WIDTH and up < LABEL_HEIGHT


def _places(across: Axis, up: Axis) -> tuple[Place, Place]:
    """Return where values lie in the picture, left to right and top to bottom."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return (
        lambda value: LEFT + across.place(value) * width,
        lambda value: HEIGHT - BOTTOM - up.place(value) * height,
    )


def _document(title: str, parts: Sequence[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def _grid(across: Axis, up: Axis, x: Place, y: Place) -> list[str]:
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


def _curve(line: Line, index: int, x: Place, y: Place) -> list[str]:
    colour = COLOURS[line.style % len(COLOURS)]
    dash = DASHES[line.style // len(COLOURS) % len(DASHES)]
    left, top = WIDTH - RIGHT + 14, TOP + 8 + 18 * index
    kind = "line own" if line.style == 0 else "line"
    style = f'class="{kind}" stroke="{colour}"' + (f' stroke-dasharray="{dash}"' if dash else "")
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)
    return [
        f'<polyline {style} points="{path}"/>',
        f'<polyline {style} points="{left},{top} {left + 26},{top}"/>',
        _text(left + 32, top + 4, line.name, "start"),
    ]
