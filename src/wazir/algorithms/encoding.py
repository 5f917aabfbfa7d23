"""A search space as columns of numbers, conditional parameters included.

Each parameter of the space, those of all branches included, is one column, parents before their
children. A row holds one point; the columns that do not exist in it hold a constant, so that
two points differ only where both have the parameter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import (
    Array,
    Axis,
    axis_of,
    level_positions,
)
from wazir.algorithms.former import axis_with_former
from wazir.domain.parameters import Branch, Parameter, ParameterValue
from wazir.domain.space import Assignment, SearchSpace

# Positions of a parent closer than this are the same value.
_SAME_POSITION = 1e-13
_SAME_PLACE = 1e-9
_MIDDLE = 0.5
# A trial from before an edit that lies farther outside than the range is wide tells nothing of it.
_FAR = 1.0


@dataclass(frozen=True)
class Column:
    """One parameter; `parent` is the column on which it depends, None at the top."""

    name: str
    axis: Axis
    parent: int | None = None
    branch: Branch | None = None

    @property
    def n_levels(self) -> int | None:
        """Number of distinct positions, None for a continuum."""
        return self.axis.n_levels

    @property
    def is_constant(self) -> bool:
        """Whether there is only one value."""
        return self.axis.n_levels == 1

    @property
    def tells_apart(self) -> bool:
        """Whether trials may differ in it, those from before an edit included."""
        return self.axis.n_places != 1

    @property
    def idle_position(self) -> float:
        """The position that stands for "does not exist here"."""
        return float(self.axis.snap(np.array([_MIDDLE]))[0]) if self.axis.is_ordered else 0.0


@dataclass(frozen=True)
class Encoding:
    """The columns of a space. X has shape (n, d), one row per point, d = len(columns)."""

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, space: SearchSpace) -> "Encoding":
        """Return the columns of `space`, in its order."""
        columns: list[Column] = []
        _add_columns(columns, space.parameters, None, None)
        return cls(tuple(columns))

    def with_former(self, assignments: Sequence[Mapping[str, ParameterValue]]) -> "Encoding":
        """Return the columns for a model of these trials, some of them from before an edit.

        Their removed categories and the values that frozen parameters had get positions of their
        own. Suggestions are the same points as before.
        """
        columns = []
        for column in self.columns:
            axis = column.axis
            if column.is_constant or not axis.is_ordered:
                values = [point[column.name] for point in assignments if column.name in point]
                axis = axis_with_former(axis, values)
            columns.append(replace(column, axis=axis))
        return Encoding(tuple(columns))

    def holds(self, X: Array) -> NDArray[np.bool_]:
        """Return which rows are points of the space, and not only of the one before an edit."""
        near = np.abs(self.snap(X) - X) < _SAME_PLACE
        return np.asarray(near.all(axis=1))

    @property
    def n_columns(self) -> int:
        """Number of parameters, those of all branches included."""
        return len(self.columns)

    def activity(self, X: Array) -> NDArray[np.bool_]:
        """Return which parameters exist in which rows, shape (n, d). X is snapped."""
        active = np.ones(X.shape, dtype=np.bool_)
        for j, column in enumerate(self.columns):
            if column.parent is not None:
                active[:, j] = self._below(column, column.parent, X, active)
        return active

    def snap(self, X: Array) -> Array:
        """Return the nearest rows that are points of the space."""
        snapped = np.empty_like(X)
        for j, column in enumerate(self.columns):
            snapped[:, j] = column.axis.snap(X[:, j])
        return self._idle(snapped)

    def spread(self, U: Array) -> Array:
        """Return points for rows of the unit cube: uniform rows give uniform points.

        A child is drawn independently of whether it exists; see Axis.spread for uniform.
        """
        X = np.empty_like(U)
        for j, column in enumerate(self.columns):
            X[:, j] = column.axis.spread(U[:, j])
        return self._idle(X)

    def encode(self, assignments: Sequence[Mapping[str, ParameterValue]]) -> Array:
        """Return the rows of points of the space, or of the one before an edit: see `holds`.

        Raises:
            InvalidInputError, KeyError, ValueError, TypeError: a point of another space, or one
                that is far outside.
        """
        X = np.empty((len(assignments), self.n_columns))
        if not assignments:
            return X
        active = np.ones(X.shape, dtype=np.bool_)
        for j, column in enumerate(self.columns):
            if column.parent is None:
                X[:, j] = column.axis.positions([point[column.name] for point in assignments])
                continue
            active[:, j] = self._below(column, column.parent, X, active)
            rows = np.flatnonzero(active[:, j])
            X[:, j] = column.idle_position
            values = [assignments[i][column.name] for i in rows.tolist()]
            X[rows, j] = column.axis.positions(values)
        self._check_near(X)
        return X

    def _check_near(self, X: Array) -> None:
        ordered = [j for j, column in enumerate(self.columns) if column.axis.is_ordered]
        if not (np.abs(X[:, ordered] - _MIDDLE) <= _MIDDLE + _FAR + _SAME_PLACE).all():
            raise ValueError("a point lies far outside of the space")

    def decode(self, x: Array) -> Assignment:
        """Return the point of a row, shape (d,); only parameters that exist have a value."""
        return self._assign(lambda j: self.columns[j].axis.value(x[j]))

    def point_at(self, u: Array) -> Assignment:
        """Return the point for a row of the unit cube, shape (d,); see `spread`."""

        def value(j: int) -> ParameterValue:
            axis = self.columns[j].axis
            return axis.value(float(axis.spread(u[j])))

        return self._assign(value)

    def _assign(self, value: Callable[[int], ParameterValue]) -> Assignment:
        found: dict[int, ParameterValue] = {}
        for j, column in enumerate(self.columns):
            if column.parent is None or (
                column.parent in found
                and column.branch is not None
                and column.branch.holds(found[column.parent])
            ):
                found[j] = value(j)
        return {self.columns[j].name: number for j, number in found.items()}

    def all_points(self) -> Array:
        """Return all points of a finite space. Their number is `space.n_points`."""
        X = np.array([[column.idle_position for column in self.columns]])
        for j, column in enumerate(self.columns):
            exists = self.activity(X)[:, j]
            levels = level_positions(column.axis)
            grown = np.repeat(X[exists], len(levels), axis=0)
            grown[:, j] = np.tile(levels, int(exists.sum()))
            X = np.vstack([X[~exists], grown])
        return X

    def _below(
        self, column: Column, parent: int, X: Array, active: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        if column.branch is None:
            raise ValueError("a column with a parent needs a branch")
        allowed = self.columns[parent].axis.positions(column.branch.parent_values)
        near = np.abs(X[:, parent, None] - allowed) < _SAME_POSITION
        result: NDArray[np.bool_] = active[:, parent] & near.any(axis=1)
        return result

    def _idle(self, X: Array) -> Array:
        if all(column.parent is None for column in self.columns):
            return X
        idle = np.array([column.idle_position for column in self.columns])
        return np.where(self.activity(X), X, idle)


def row_keys(X: Array) -> list[bytes]:
    """Return one key per row; rows that are the same point have the same key."""
    rounded = np.round(X, 12) + 0.0
    return [row.tobytes() for row in rounded]


def _add_columns(
    columns: list[Column],
    parameters: Mapping[str, Parameter],
    parent: int | None,
    branch: Branch | None,
) -> None:
    for name, parameter in parameters.items():
        place = len(columns)
        columns.append(Column(name, axis_of(parameter), parent, branch))
        for below in parameter.branches:
            _add_columns(columns, below.parameters, place, below)
