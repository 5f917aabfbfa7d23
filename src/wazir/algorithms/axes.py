"""One parameter as an axis of numbers: its scale, its levels and cells of equal probability.

A *position* is the number by which a model sees a value. On an ordered axis it lies in [0, 1] and
grows with the value, measured in the parameter's scale; DISCRETE values are equally spaced. On a
categorical axis it is the index of the category, a whole number that only names.

Trials from before an edit of the space may have values that it has no more. Numbers have positions
beyond the ends or between the levels; for others see `wazir.algorithms.former`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    Scale,
)

Array: TypeAlias = NDArray[np.float64]

CONSTANT_POSITION = 0.5


class Axis(Protocol):
    """The numbers of one parameter. Arrays have shape (n,)."""

    @property
    def n_levels(self) -> int | None:
        """Number of distinct positions, None for a continuum."""
        ...

    @property
    def n_places(self) -> int | None:
        """Number of positions that trials may have, with those from before an edit; None: any."""
        ...

    @property
    def is_ordered(self) -> bool:
        """Whether the distance of two positions means something."""
        ...

    def positions(self, values: Sequence[ParameterValue]) -> Array:
        """Return the positions of values; a constant has one position for all.

        Those that the parameter had before an edit are not allowed any more and lie elsewhere. Not
        finite where there is no position: a number that is not positive, on a log scale.

        Raises:
            InvalidInputError, ValueError, TypeError: a value that has no position here.
        """
        ...

    def value(self, position: float) -> ParameterValue:
        """Return the allowed value nearest to a position, measured along the axis."""
        ...

    def snap(self, positions: Array) -> Array:
        """Return the positions of the allowed values nearest to `positions`."""
        ...

    def spread(self, u: Array) -> Array:
        """Return positions of allowed values for `u` in [0, 1), uniform `u` to uniform values.

        Uniform means: in the parameter's scale, where a whole number n stands for the cell
        [n - 1/2, n + 1/2] so that both ends are as likely as their neighbours.
        """
        ...


def axis_of(parameter: Parameter) -> Axis:
    """Return the axis of a parameter."""
    match parameter:
        case Double():
            return ContinuousAxis(parameter, Ruler.over(parameter))
        case Integer():
            return IntegerAxis(parameter, Ruler.over(parameter))
        case Discrete():
            return DiscreteAxis(parameter)
        case Categorical():
            return CategoricalAxis(parameter)


def level_positions(axis: Axis) -> Array:
    """Return the positions of all levels of a finite axis, in rising order."""
    n_levels = axis.n_levels
    if n_levels is None:
        raise ValueError("a continuous axis has no levels")
    if not axis.is_ordered:
        return np.arange(n_levels, dtype=np.float64)
    if isinstance(axis, IntegerAxis):
        low = axis.parameter.min_value
        return axis.positions(range(low, low + n_levels))
    return axis.snap(np.linspace(0.0, 1.0, n_levels))


@dataclass(frozen=True)
class Ruler:
    """The scale of a range: a monotone map between values in [low, high] and [0, 1].

    REVERSE_LOG is LOG mirrored: x = low + high - exp(...).
    """

    low: float
    high: float
    scale: Scale

    @classmethod
    def over(cls, parameter: Double | Integer) -> "Ruler":
        """Return the scale of a parameter's range."""
        return cls(float(parameter.min_value), float(parameter.max_value), parameter.scale)

    def to_unit(self, x: Array) -> Array:
        """Return the positions of values in the range."""
        if self.low == self.high:
            return np.full(np.shape(x), CONSTANT_POSITION)
        if self.scale is Scale.LINEAR:
            span = self.high - self.low
            if math.isfinite(span):
                return (x - self.low) / span
            return (x / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        start, width = self._logs()
        if self.scale is Scale.LOG:
            return (np.log(x) - start) / width
        return 1.0 - (np.log(self.low + (self.high - x)) - start) / width

    def place(self, x: Array) -> Array:
        """Return positions: in [0, 1] within the range, beyond it outside."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            u = self.to_unit(x)
        is_inside = (x >= self.low) & (x <= self.high)
        return np.where(is_inside, _clip(u, 1.0), u)

    def from_unit(self, u: Array) -> Array:
        """Return the values at positions in [0, 1]."""
        if self.scale is Scale.LINEAR:
            return self.low * (1.0 - u) + self.high * u
        start, width = self._logs()
        if self.scale is Scale.LOG:
            return np.exp(start + width * u)
        return self.high - (np.exp(start + width * (1.0 - u)) - self.low)

    def _logs(self) -> tuple[float, float]:
        start = math.log(self.low)
        # The logarithms of neighbouring floats can be equal; any width will do then.
        return start, (math.log(self.high) - start) or 1.0


@dataclass(frozen=True)
class ContinuousAxis:
    """A DOUBLE: every position in [0, 1] is a value."""

    parameter: Double
    ruler: Ruler

    @property
    def n_levels(self) -> int | None:
        """1 for a constant, else None."""
        return self.parameter.n_values

    @property
    def n_places(self) -> int | None:
        """See Axis."""
        return self.n_levels

    @property
    def is_ordered(self) -> bool:
        """Always true."""
        return True

    def positions(self, values: Sequence[ParameterValue]) -> Array:
        """See Axis."""
        return self.ruler.place(np.asarray(values, dtype=np.float64))

    def value(self, position: float) -> float:
        """See Axis."""
        if position in (0.0, 1.0):
            return self.parameter.max_value if position else self.parameter.min_value
        return self.parameter.nearest(float(self.ruler.from_unit(np.array(position))))

    def snap(self, positions: Array) -> Array:
        """See Axis."""
        if self.n_levels == 1:
            return np.full(np.shape(positions), CONSTANT_POSITION)
        return _clip(positions, 1.0)

    def spread(self, u: Array) -> Array:
        """See Axis."""
        return self.snap(u)


@dataclass(frozen=True)
class IntegerAxis:
    """An INTEGER: whole numbers at their places in the scale."""

    parameter: Integer
    ruler: Ruler

    @property
    def n_levels(self) -> int:
        """Number of whole numbers in the range."""
        return self.parameter.n_values

    @property
    def n_places(self) -> int | None:
        """See Axis."""
        return 1 if self.n_levels == 1 else None

    @property
    def is_ordered(self) -> bool:
        """Always true."""
        return True

    def positions(self, values: Sequence[ParameterValue]) -> Array:
        """See Axis."""
        return self.ruler.place(np.asarray(values, dtype=np.float64))

    def value(self, position: float) -> int:
        """See Axis."""
        low, high = self.parameter.min_value, self.parameter.max_value
        if position in (0.0, 1.0):
            return high if position else low
        if self.ruler.scale is Scale.LINEAR:
            # From the lower end: exact where the numbers themselves are too large for a float.
            number = low + round(float(position) * (high - low))
        else:
            number = round(float(self.ruler.from_unit(np.array(position))))
        return min(max(number, low), high)

    def snap(self, positions: Array) -> Array:
        """See Axis."""
        inside = _clip(positions, 1.0)
        if self.n_levels == 1:
            return np.full(np.shape(inside), CONSTANT_POSITION)
        if self.ruler.scale is Scale.LINEAR:
            return np.rint(inside * (self.n_levels - 1)) / (self.n_levels - 1)
        return self._on_grid(self.ruler.from_unit(inside))

    def spread(self, u: Array) -> Array:
        """See Axis."""
        if self.n_levels == 1:
            return np.full(np.shape(u), CONSTANT_POSITION)
        if self.ruler.scale is Scale.LINEAR:
            return _cell(u, self.n_levels) / (self.n_levels - 1)
        low, high = self.ruler.low, self.ruler.high
        start = math.log(low - 0.5)
        width = math.log(high + 0.5) - start
        if self.ruler.scale is Scale.LOG:
            return self._on_grid(np.exp(start + width * u))
        return self._on_grid(high - (np.exp(start + width * (1.0 - u)) - low))

    def _on_grid(self, numbers: Array) -> Array:
        whole = np.clip(np.rint(numbers), self.ruler.low, self.ruler.high)
        return _clip(self.ruler.to_unit(whole), 1.0)


@dataclass(frozen=True)
class DiscreteAxis:
    """A DISCRETE: its values in order, equally spaced whatever their distances.

    A list such as 16, 32, 64 was chosen by a person so that the steps matter about equally.
    """

    parameter: Discrete

    @property
    def n_levels(self) -> int:
        """Number of values."""
        return self.parameter.n_values

    @property
    def n_places(self) -> int | None:
        """See Axis."""
        return 1 if self.n_levels == 1 else None

    @property
    def is_ordered(self) -> bool:
        """Always true."""
        return True

    def positions(self, values: Sequence[ParameterValue]) -> Array:
        """See Axis."""
        index = {number: float(place) for place, number in enumerate(self.parameter.values)}
        places = [index[value] if value in index else self._place(value) for value in values]
        return self._at(np.asarray(places, dtype=np.float64))

    def value(self, position: float) -> int | float:
        """See Axis."""
        last = self.n_levels - 1
        return self.parameter.values[min(max(round(float(position) * last), 0), last)]

    def snap(self, positions: Array) -> Array:
        """See Axis."""
        return self._at(np.rint(_clip(positions, 1.0) * (self.n_levels - 1)))

    def spread(self, u: Array) -> Array:
        """See Axis."""
        return self._at(_cell(u, self.n_levels))

    def _place(self, value: ParameterValue) -> float:
        """Return the place of a number that is not listed: between, or beyond in equal steps."""
        number, listed = float(value), self.parameter.values
        near = self.parameter.nearest(number)
        if self.n_levels == 1 or math.isclose(near, number, rel_tol=1e-12, abs_tol=1e-300):
            return float(listed.index(near))
        if number < listed[0]:
            return (number - listed[0]) / (listed[1] - listed[0])
        if number > listed[-1]:
            return self.n_levels - 1 + (number - listed[-1]) / (listed[-1] - listed[-2])
        return float(np.interp(number, listed, np.arange(self.n_levels)))

    def _at(self, places: Array) -> Array:
        if self.n_levels == 1:
            return np.full(np.shape(places), CONSTANT_POSITION)
        return places / (self.n_levels - 1)


@dataclass(frozen=True)
class CategoricalAxis:
    """A CATEGORICAL: the index of the category.

    `former` are values of trials from before an edit; their positions come after all others.
    """

    parameter: Categorical
    former: tuple[ParameterValue, ...] = ()

    @property
    def n_levels(self) -> int:
        """Number of categories."""
        return self.parameter.n_values

    @property
    def n_places(self) -> int:
        """See Axis."""
        return self.n_levels + len(self.former)

    @property
    def is_ordered(self) -> bool:
        """Always false."""
        return False

    def positions(self, values: Sequence[ParameterValue]) -> Array:
        """See Axis."""
        # By text: True and 1 are different categories but equal keys.
        known = (*self.parameter.values, *self.former)
        if len(known) == 1:
            return np.zeros(len(values))
        index = {str(value): place for place, value in enumerate(known)}
        places = [
            index[str(value)] if str(value) in index else index[str(self.parameter.check(value))]
            for value in values
        ]
        return np.asarray(places, dtype=np.float64)

    def value(self, position: float) -> ParameterValue:
        """See Axis."""
        return self.parameter.values[min(max(round(float(position)), 0), self.n_levels - 1)]

    def snap(self, positions: Array) -> Array:
        """See Axis."""
        return _clip(np.rint(positions), self.n_levels - 1)

    def spread(self, u: Array) -> Array:
        """See Axis."""
        return _cell(u, self.n_levels)


def _cell(u: Array, n_cells: int) -> Array:
    return _clip(np.floor(u * n_cells), n_cells - 1)


def _clip(x: Array, high: float) -> Array:
    # Several times faster than np.clip on the single numbers of random search.
    return np.minimum(np.maximum(x, 0.0), high)
