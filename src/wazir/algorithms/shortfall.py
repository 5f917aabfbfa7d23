"""How far points are from fulfilling the constraints, so that a search can go downhill."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.columnwise import Column, Evaluation, Levels, Mask, Numbers
from wazir.algorithms.region import Region
from wazir.domain.expression_syntax import Chain, Level, Membership, Node, Unary, children

# What counts as a gap where there is none to measure: texts, truth values, a < b where a == b.
_STEP = 1e-9
_REVERSED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_N_PROBES = 64


@dataclass(frozen=True)
class Shortfall:
    """The distance of points from a region: 0 inside, growing with what is missing.

    For `a <= b` it is a - b, for `a == b` |a - b|; `and` adds, `or` takes the least, `not` turns
    the comparison round. Each constraint is measured in units of its `scales` and bounded by 1,
    so that none drowns the others.
    """

    region: Region
    scales: tuple[float, ...]

    @classmethod
    def of(cls, region: Region, rng: np.random.Generator) -> "Shortfall":
        """Return the distance with the medians over random points as scales."""
        unscaled = cls(region, (1.0,) * len(region.constraints))
        X = region.encoding.spread(rng.random((_N_PROBES, region.encoding.n_columns)))
        return cls(region, tuple(_typical(gaps) for gaps in unscaled.gaps(X)))

    def __call__(self, X: Array) -> Array:
        """Return the distances of snapped rows X (n, d), shape (n,)."""
        total = np.zeros(len(X))
        for scale, gaps in zip(self.scales, self.gaps(X), strict=True):
            finite = np.where(np.isfinite(gaps), gaps, 0.0)
            total += np.where(np.isfinite(gaps), finite / (finite + scale), 1.0)
        seems_inside = np.flatnonzero(total == 0.0)
        total[seems_inside[~self.region.holds(X[seems_inside])]] = np.finfo(float).tiny
        return total

    def gaps(self, X: Array) -> list[Array]:
        """Return what is missing for each constraint, each of shape (n,); infinite if unknown."""
        active = self.region.encoding.activity(X)
        columns = self.region.columns(X, active)
        found = []
        for constraint in self.region.constraints:
            walk = _Gaps(Evaluation.of(columns, len(X), is_rough=True))
            gaps = walk.gap(constraint.expression.root, wanted=True)
            found.append(np.where(self.region.applies(constraint, active), gaps, 0.0))
        return found


@dataclass(frozen=True)
class _Gaps:
    """One walk over a tree: what is missing for a condition to be as `wanted`."""

    evaluation: Evaluation

    def gap(self, node: Node, *, wanted: bool) -> Array:
        match node:
            case Unary() if node.sign == "not":
                return self.gap(node.operand, wanted=not wanted)
            case Membership() if wanted is not node.negated:
                return self._to_nearest(node)
            case Chain() if node.level in (Level.AND, Level.OR):
                parts = [self.gap(operand, wanted=wanted) for operand in children(node)]
                return _joined(parts, all_wanted=(node.level is Level.AND) is wanted)
            case Chain() if node.level is Level.COMPARE:
                return self._comparison(node, wanted=wanted)
        return np.where(self.evaluation.condition(node) == wanted, 0.0, _STEP)

    def _comparison(self, node: Chain, *, wanted: bool) -> Array:
        columns = self.evaluation.operands(node)
        signs = [sign if wanted else _REVERSED[sign] for sign, _ in node.rest]
        parts = list(map(self._between, signs, columns, columns[1:]))
        return _joined(parts, all_wanted=wanted)

    def _between(self, sign: str, left: Column, right: Column) -> Array:
        holds = self.evaluation.compared(sign, left, right)
        if isinstance(left, Levels) or isinstance(right, Levels):
            return np.where(holds, 0.0, _STEP)
        return _distance(holds, left, right)

    def _to_nearest(self, node: Membership) -> Array:
        value = self.evaluation.column(node.operand)
        options = [self.evaluation.column(option) for option in node.options]
        if not all(isinstance(column, Numbers) for column in (value, *options)):
            return np.where(self.evaluation.condition(node), 0.0, _STEP)
        return _joined(
            [self._between("==", value, option) for option in options], all_wanted=False
        )


def _distance(holds: Mask, left: Numbers, right: Numbers) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(left.values - right.values)
    distance = np.where(np.isnan(distance), np.inf, np.maximum(distance, _STEP))
    return np.where(holds, 0.0, distance)


def _joined(parts: list[Array], *, all_wanted: bool) -> Array:
    return reduce(np.add if all_wanted else np.minimum, parts)


def _typical(gaps: Array) -> float:
    """Return the median of the finite gaps that are there, 1 where there are none."""
    there = gaps[np.isfinite(gaps) & (gaps > 0)]
    return float(np.median(there)) if len(there) else 1.0
