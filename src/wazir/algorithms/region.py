"""The part of a search space that the constraints of a study leave."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wazir.algorithms.axes import (
    Array,
    Axis,
    CategoricalAxis,
    ContinuousAxis,
    DiscreteAxis,
    IntegerAxis,
)
from wazir.algorithms.columnwise import (
    MAX_EXACT,
    Column,
    Levels,
    Mask,
    Numbers,
    holds_for,
    python_values,
)
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.former import FrozenAxis
from wazir.domain.constraints import Constraint
from wazir.domain.parameters import Scale
from wazir.domain.studies import StudyConfig


@dataclass(frozen=True)
class Region:
    """The points of an encoded space that fulfil all constraints; without any, all points."""

    encoding: Encoding
    constraints: tuple[Constraint, ...]

    @classmethod
    def of(cls, config: StudyConfig, encoding: Encoding) -> "Region":
        """Return the region of a study."""
        return cls(encoding, config.constraints)

    @property
    def is_whole(self) -> bool:
        """Whether nothing constrains the points."""
        return not self.constraints

    @cached_property
    def named_columns(self) -> Mapping[str, tuple[int, ...]]:
        """The columns of each name in the constraints; branches may share a name."""
        found: dict[str, list[int]] = {}
        for j, column in enumerate(self.encoding.columns):
            if any(column.name in constraint.names for constraint in self.constraints):
                found.setdefault(column.name, []).append(j)
        return {name: tuple(columns) for name, columns in found.items()}

    def holds(self, X: Array) -> Mask:
        """Return which snapped rows X (n, d) lie in the region.

        A value computed for many rows may differ in its last bit from the one of `decode`, so
        what is to be suggested is looked at once more with `contains`.
        """
        inside = np.ones(len(X), dtype=np.bool_)
        if self.is_whole or len(X) == 0:
            return inside
        active = self.encoding.activity(X)
        columns = self.columns(X, active)
        for constraint in self.constraints:
            applies = self.applies(constraint, active)
            holds, exact = holds_for(constraint.expression, columns, len(X))
            for i in np.flatnonzero(applies & ~exact).tolist():
                holds[i] = constraint.holds(self.encoding.decode(X[i]))
            inside &= holds | ~applies
        return inside

    def encloses(self, X: Array) -> Mask:
        """Return which rows X (n, d) are points of the space, as `Encoding.holds` tells, and hold."""
        inside = self.encoding.holds(X)
        inside[inside] = self.holds(X[inside])
        return inside

    def free(self, X: Array, taken: Set[bytes]) -> Mask:
        """Return which snapped rows X (n, d) lie in the region and have no key in `taken`."""
        untaken = np.array([key not in taken for key in row_keys(X)], dtype=np.bool_)
        return untaken if self.is_whole else untaken & self.holds(X)

    def contains(self, x: Array) -> bool:
        """Return whether the point of a snapped row x (d,) fulfils the constraints exactly."""
        if self.is_whole:
            return True
        point = self.encoding.decode(x)
        return all(constraint.holds(point) for constraint in self.constraints)

    def columns(self, X: Array, active: Mask) -> dict[str, Column]:
        """Return the values of the parameters that constraints name, for snapped rows X (n, d)."""
        return {name: self._column(js, X, active) for name, js in self.named_columns.items()}

    def applies(self, constraint: Constraint, active: Mask) -> Mask:
        """Return in which rows all parameters of a constraint exist, shape (n,)."""
        applies = np.ones(len(active), dtype=np.bool_)
        for name in constraint.names:
            applies &= active[:, self.named_columns[name]].any(axis=1)
        return applies

    def _column(self, js: tuple[int, ...], X: Array, active: Mask) -> Column:
        column = decoded(self.encoding.columns[js[0]].axis, X[:, js[0]])
        for j in js[1:]:
            other = decoded(self.encoding.columns[j].axis, X[:, j])
            column = _merged(column, other, active[:, j])
        return column


def decoded(axis: Axis, positions: Array) -> Column:
    """Return the values at snapped positions (n,), as `axis.value` gives them one by one."""
    match axis:
        case CategoricalAxis():
            return Levels(positions.astype(np.intp), axis.parameter.values)
        case DiscreteAxis():
            places = np.rint(positions * (axis.n_levels - 1)).astype(np.intp)
            return Numbers(np.array(axis.parameter.values, dtype=np.float64)[places])
        case IntegerAxis():
            return Numbers(_whole_numbers(axis, positions))
        case ContinuousAxis():
            low, high = axis.parameter.min_value, axis.parameter.max_value
            inside = np.clip(axis.ruler.from_unit(positions), low, high)
            return Numbers(
                np.where(positions == 0.0, low, np.where(positions == 1.0, high, inside))
            )
        case FrozenAxis():
            return decoded(axis.constant, axis.snap(positions))
        case _:
            raise TypeError(f"no values are known for {axis!r}")


def _whole_numbers(axis: IntegerAxis, positions: Array) -> Array:
    low, high = axis.ruler.low, axis.ruler.high
    if max(abs(low), abs(high), high - low) >= MAX_EXACT:
        # Too large for a float; what is not finite counts as not exact.
        return np.full(len(positions), np.inf)
    if axis.ruler.scale is Scale.LINEAR:
        return low + np.rint(positions * (high - low))
    return np.clip(np.rint(axis.ruler.from_unit(positions)), low, high)


def _merged(first: Column, second: Column, use_second: Mask) -> Column:
    """Return the values of `second` where the mask (n,) is true, else those of `first`."""
    if isinstance(first, Numbers) and isinstance(second, Numbers):
        return Numbers(np.where(use_second, second.values, first.values))
    rows = zip(python_values(first), python_values(second), use_second.tolist(), strict=True)
    values = tuple(b if use else a for a, b, use in rows)
    return Levels(np.arange(len(values)), values)
