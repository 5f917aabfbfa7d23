"""What a front does not dominate, cut into boxes, for two or three objectives.

Losses y are wanted that no point of a front beats and that are better than a reference point in
all objectives. For two objectives these are strips between neighbours of the front; for three, a
plane is swept along the last objective, and a strip becomes a box that begins where the strip
appears and ends where a point changes it. So k points give k + 1 or at most about 3 k boxes
(K. Yang, M. Emmerich, A. Deutz, T. Baeck, "Efficient computation of expected hypervolume
improvement using box decomposition algorithms", J. Global Optim. 75, 2019).
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.hypervolume import non_dominated
from wazir.domain.errors import InvalidInputError

MAX_OBJECTIVES = 3
_Strip: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Boxes:
    """Disjoint boxes lower < y < upper, both of shape (b, m), lower bounds may be -inf."""

    lower: Array
    upper: Array

    def improvement(self, y: Array) -> float:
        """Return the hypervolume that losses y (m,) add to the front."""
        sides = np.maximum(self.upper - np.maximum(self.lower, y), 0.0)
        return float(np.prod(sides, axis=1).sum())


def non_dominated_boxes(front: Array, reference: Array) -> Boxes:
    """Return the boxes that rows of `front` (k, m) leave below the reference point (m,).

    Rows may dominate each other, and lie beyond the reference point, where they count for
    nothing. Without rows there is one box.

    Raises:
        InvalidInputError: m is not 2 or 3.
    """
    m = len(reference)
    if m not in (2, MAX_OBJECTIVES):
        raise InvalidInputError(f"boxes are for 2 or {MAX_OBJECTIVES} objectives, got {m}")
    inside = front[(reference > front).all(axis=1)]
    rows = inside[non_dominated(inside)].tolist()
    limits = reference.tolist()
    found = _Staircase.of(rows, limits).boxes() if m == 2 else _swept(rows, limits)
    bounds = np.array(found, dtype=np.float64)
    return Boxes(bounds[:, 0], bounds[:, 1])


class _Staircase:
    """The corners of a front of two objectives, x rising and y falling."""

    def __init__(self, reference: list[float]) -> None:
        self._reference = reference
        self._x: list[float] = []
        self._y: list[float] = []

    @classmethod
    def of(cls, rows: list[list[float]], reference: list[float]) -> "_Staircase":
        made = cls(reference)
        for x, y in rows:
            made.add(x, y)
        return made

    def add(self, x: float, y: float) -> None:
        """Take in a point; what it dominates is left out."""
        place = bisect_left(self._x, x)
        left = self._y[place - 1] if place > 0 else math.inf
        same = self._y[place] if place < len(self._x) and self._x[place] == x else math.inf
        if min(left, same) <= y:
            return
        end = place
        while end < len(self._x) and self._y[end] >= y:
            end += 1
        self._x[place:end] = [x]
        self._y[place:end] = [y]

    def strips(self) -> list[_Strip]:
        """Return (left, right, top) of the strips below the corners, from left to right."""
        left = [-math.inf, *self._x]
        right = [*self._x, self._reference[0]]
        top = [self._reference[1], *self._y]
        return list(zip(left, right, top, strict=True))

    def boxes(self) -> list[list[list[float]]]:
        """Return [lower, upper] of the strips."""
        return [[[left, -math.inf], [right, top]] for left, right, top in self.strips()]


def _swept(rows: list[list[float]], reference: list[float]) -> list[list[list[float]]]:
    """Return [lower, upper] of the boxes for three objectives."""
    stairs = _Staircase(reference[:2])
    begun = dict.fromkeys(stairs.strips(), -math.inf)
    boxes = []

    def close(strip: _Strip, end: float) -> None:
        (left, right, top), start = strip, begun.pop(strip)
        if start < end:
            boxes.append([[left, -math.inf, start], [right, top, end]])

    for x, y, z in sorted(rows, key=lambda row: row[2]):
        stairs.add(x, y)
        there = stairs.strips()
        for gone in begun.keys() - set(there):
            close(gone, z)
        for strip in there:
            begun.setdefault(strip, z)
    for strip in list(begun):
        close(strip, reference[2])
    return sorted(boxes)
