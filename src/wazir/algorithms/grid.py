"""The points of a grid over a search space, each computed from its number.

A grid is a product of axes; under a conditional parent each value carries the product of its
children. Nothing is listed: a grid of a million points costs no more than one of ten.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from wazir.algorithms.axes import Axis, axis_of
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    same_value,
)
from wazir.domain.space import Assignment, SearchSpace

DEFAULT_N_STEPS = 10


@dataclass(frozen=True)
class Grid:
    """A product of axes; its points are numbered from 0, the last axis running fastest."""

    axes: tuple["GridAxis", ...]

    @cached_property
    def n_points(self) -> int:
        """Number of points, 1 for no axes."""
        return math.prod(axis.n_points for axis in self.axes)

    def point(self, index: int) -> Assignment:
        """Return point `index` in [0, n_points)."""
        parts = []
        for axis in reversed(self.axes):
            index, digit = divmod(index, axis.n_points)
            parts.append(axis.point(digit))
        return {name: value for part in reversed(parts) for name, value in part.items()}

    def point_at(self, u: Sequence[float]) -> Assignment:
        """Return the point in whose cell `u` lies, a row of the unit cube.

        `u` has one number per parameter in the order of `SearchSpace.walk`. Each point has a
        cell of the same volume.
        """
        values: Assignment = {}
        for axis in self.axes:
            values.update(axis.point_at(u))
        return values


@dataclass(frozen=True)
class _Stretch:
    """Neighbouring values of an axis with the same children."""

    first: int
    n_values: int
    below: Grid

    @property
    def n_points(self) -> int:
        return self.n_values * self.below.n_points


@dataclass(frozen=True)
class GridAxis:
    """The values of one parameter, and below each of them the grid of its children.

    `dimension` is the parameter's place in the order of `SearchSpace.walk`.
    """

    name: str
    dimension: int
    values: Sequence[ParameterValue]
    stretches: tuple[_Stretch, ...]

    @cached_property
    def n_points(self) -> int:
        """Number of values, each counted as often as there are points below it."""
        return sum(stretch.n_points for stretch in self.stretches)

    def point(self, index: int) -> Assignment:
        """Return the value and its children at `index` in [0, n_points)."""
        value, stretch, rest = self._find(index)
        return {self.name: value, **stretch.below.point(rest)}

    def point_at(self, u: Sequence[float]) -> Assignment:
        """Return the value and its children in whose cell `u` lies."""
        index = min(int(u[self.dimension] * self.n_points), self.n_points - 1)
        value, stretch, _ = self._find(index)
        return {self.name: value, **stretch.below.point_at(u)}

    def _find(self, index: int) -> tuple[ParameterValue, _Stretch, int]:
        for stretch in self.stretches:
            if index < stretch.n_points:
                step, rest = divmod(index, stretch.below.n_points)
                return self.values[stretch.first + step], stretch, rest
            index -= stretch.n_points
        raise IndexError(f"{self.name} has {self.n_points} points")


def plan_grid(space: SearchSpace, n_points_wanted: int | None) -> Grid:
    """Return a grid over `space` with at most `n_points_wanted` points where that is possible.

    CATEGORICAL and DISCRETE parameters, and INTEGER ones with children, have all of their values.
    A DOUBLE has equal steps in its scale, with both ends, or its middle alone. The other INTEGERs
    have all values if the grid still fits, else equal steps like a DOUBLE. The parameters with
    steps have equally many; what is left of the number wanted goes to the first of them.

    Without a number, or where even one step each is too much, a DOUBLE has ten steps and an
    INTEGER all values.
    """
    doubles = [name for name, parameter in space.walk() if isinstance(parameter, Double)]
    if n_points_wanted is not None:
        for names in (doubles, [name for name, p in space.walk() if _may_be_thinned(p)]):
            steps = _fit(space, dict.fromkeys(names, 1), n_points_wanted)
            if steps is not None:
                return _grid(space.parameters, steps)
    return _grid(space.parameters, dict.fromkeys(doubles, DEFAULT_N_STEPS))


def _may_be_thinned(parameter: Parameter) -> bool:
    return isinstance(parameter, Double | Integer) and not parameter.branches


def _fit(space: SearchSpace, steps: dict[str, int], wanted: int) -> dict[str, int] | None:
    """Return as many steps for each name as fit into `wanted` points, None if 1 is too many."""

    def n_points(trial: Mapping[str, int]) -> int:
        return _grid(space.parameters, trial).n_points

    if n_points(steps) > wanted:
        return None
    most = _largest(lambda k: n_points(dict.fromkeys(steps, k)) <= wanted, wanted)
    steps = dict.fromkeys(steps, most)
    grown = True
    while grown:
        grown = False
        for name in steps:
            more = {**steps, name: steps[name] + 1}
            if n_points(steps) < n_points(more) <= wanted:
                steps, grown = more, True
    return steps


def _largest(fits: Callable[[int], bool], limit: int) -> int:
    """Return the largest k in [1, limit] that fits, where 1 does and fitting is monotone."""
    low, high = 1, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _grid(
    parameters: Mapping[str, Parameter], steps: Mapping[str, int], first_dimension: int = 0
) -> Grid:
    axes = []
    dimension = first_dimension
    for name, parameter in parameters.items():
        values = _values(parameter, steps.get(name))
        stretches = tuple(_stretches(parameter, values, steps, dimension + 1))
        axes.append(GridAxis(name, dimension, values, stretches))
        dimension += 1 + sum(_n_dimensions(branch) for branch in parameter.branches)
    return Grid(tuple(axes))


def _n_dimensions(branch: Branch) -> int:
    return sum(
        1 + sum(_n_dimensions(below) for below in parameter.branches)
        for parameter in branch.parameters.values()
    )


def _values(parameter: Parameter, n_steps: int | None) -> Sequence[ParameterValue]:
    match parameter:
        case Categorical() | Discrete():
            return parameter.values
        case Integer() if n_steps is None or n_steps >= parameter.n_values:
            return range(parameter.min_value, parameter.max_value + 1)
        case Integer() | Double():
            return _steps(axis_of(parameter), n_steps or DEFAULT_N_STEPS)


def _steps(axis: Axis, n_steps: int) -> list[ParameterValue]:
    if n_steps == 1 or axis.n_levels == 1:
        return [axis.value(0.5)]
    values = [_tidy(axis.value(step / (n_steps - 1))) for step in range(n_steps)]
    values[0], values[-1] = axis.value(0.0), axis.value(1.0)
    return list(dict.fromkeys(values))


def _tidy(value: ParameterValue) -> ParameterValue:
    """Return 0.001 for 0.0010000000000000002: people read these numbers."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _stretches(
    parameter: Parameter,
    values: Sequence[ParameterValue],
    steps: Mapping[str, int],
    first_dimension: int,
) -> Iterator[_Stretch]:
    """Yield the stretches of an axis: one for each value with children, one for each gap."""
    done = 0
    for place in _places_with_children(parameter, values):
        if place > done:
            yield _Stretch(done, place - done, Grid(()))
        axes: tuple[GridAxis, ...] = ()
        dimension = first_dimension
        for branch in parameter.branches:
            if branch.holds(values[place]):
                axes += _grid(branch.parameters, steps, dimension).axes
            dimension += _n_dimensions(branch)
        yield _Stretch(place, 1, Grid(axes))
        done = place + 1
    # len() fails for ranges beyond the machine's index size.
    n_values = values.stop - values.start if isinstance(values, range) else len(values)
    if n_values > done:
        yield _Stretch(done, n_values - done, Grid(()))


def _places_with_children(parameter: Parameter, values: Sequence[ParameterValue]) -> list[int]:
    places = set()
    for branch in parameter.branches:
        for given in branch.parent_values:
            value = parameter.check(given)
            if isinstance(values, range):
                places.add(int(value) - values.start)
            else:
                places.add(next(i for i, v in enumerate(values) if same_value(v, value)))
    return sorted(places)
