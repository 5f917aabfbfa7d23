"""A value for a parameter that nobody gave one: its default, or the middle of its range."""

import math

from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    Scale,
)


def default_or_middle(parameter: Parameter) -> ParameterValue:
    """Return the default, else the middle of the range in its scale, else the first category."""
    if parameter.default is not None:
        return parameter.default
    match parameter:
        case Categorical():
            return parameter.values[0]
        case Discrete():
            return parameter.values[(len(parameter.values) - 1) // 2]
        case Double() | Integer():
            return parameter.nearest(_middle(parameter))


def _middle(parameter: Double | Integer) -> float:
    low, high = float(parameter.min_value), float(parameter.max_value)
    match parameter.scale:
        case Scale.LINEAR:
            return low / 2 + high / 2
        case Scale.LOG:
            return math.exp((math.log(low) + math.log(high)) / 2)
        case Scale.REVERSE_LOG:
            return low + high - math.exp((math.log(low) + math.log(high)) / 2)
