"""Axes for trials from before an edit of the space: removed categories, frozen numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.axes import (
    CONSTANT_POSITION,
    Array,
    Axis,
    CategoricalAxis,
    ContinuousAxis,
    DiscreteAxis,
    IntegerAxis,
    Ruler,
)
from wazir.domain.parameters import ParameterValue, Scale


@dataclass(frozen=True)
class FrozenAxis:
    """A number that is the same from now on, but was another one in trials from before an edit.

    The constant is in the middle of the axis; `ruler` reaches over all values that there were.
    """

    constant: ContinuousAxis | IntegerAxis | DiscreteAxis
    ruler: Ruler

    @property
    def n_levels(self) -> int:
        """Always 1."""
        return 1

    @property
    def n_places(self) -> int | None:
        """See Axis."""
        return None

    @property
    def is_ordered(self) -> bool:
        """Always true."""
        return True

    def positions(self, values: Sequence[ParameterValue]) -> Array:
        """See Axis."""
        own = np.array([float(self.constant.value(CONSTANT_POSITION))])
        places = self.ruler.place(np.asarray(values, dtype=np.float64))
        return CONSTANT_POSITION + (places - self.ruler.place(own))

    def value(self, position: float) -> ParameterValue:
        """See Axis."""
        return self.constant.value(position)

    def snap(self, positions: Array) -> Array:
        """See Axis."""
        return np.full(np.shape(positions), CONSTANT_POSITION)

    def spread(self, u: Array) -> Array:
        """See Axis."""
        return np.full(np.shape(u), CONSTANT_POSITION)


def axis_with_former(axis: Axis, values: Sequence[ParameterValue]) -> Axis:
    """Return an axis on which values of trials from before an edit have positions of their own.

    It changes only where one would get lost: removed categories, and parameters that are constant.
    """
    match axis:
        case CategoricalAxis():
            kinds = {type(known) for known in axis.parameter.values}
            names = {str(known) for known in axis.parameter.values}
            former = {str(v): v for v in values if type(v) in kinds and str(v) not in names}
            return CategoricalAxis(axis.parameter, tuple(former[name] for name in sorted(former)))
        case ContinuousAxis() | IntegerAxis() | DiscreteAxis() if axis.n_levels == 1:
            own = float(axis.value(CONSTANT_POSITION))
            scale = axis.parameter.scale
            numbers = {float(v) for v in values if not isinstance(v, str | bool)}
            usable = [x for x in numbers if x > 0 or scale is Scale.LINEAR] + [own]
            if len(set(usable)) > 1:
                return FrozenAxis(axis, Ruler(min(usable), max(usable), scale))
    return axis
