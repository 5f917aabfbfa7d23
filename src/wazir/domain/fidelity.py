"""The fidelity parameter of a study: the budget of an attempt, such as a number of epochs."""

from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.metrics import Measurement
from wazir.domain.parameters import Double, Integer, type_name
from wazir.domain.space import SearchSpace


@dataclass(frozen=True)
class Rung:
    """What an attempt had measured when its budget was used up.

    `ended_at` is in Unix seconds; `revision` is the study's revision at that moment.
    """

    attempt: int
    budget: int | float
    measurement: Measurement
    ended_at: float
    revision: int


def fidelity_parameter(space: SearchSpace, name: str) -> Integer | Double:
    """Return the parameter of a search space that is the budget of an attempt.

    Raises:
        InvalidInputError: it is not at the top of the space, it is no range of numbers above 0,
            others depend on it, or it is alone.
    """
    parameter = space.parameters.get(name)
    if parameter is None:
        raise InvalidInputError(
            f"the fidelity parameter must be one that always exists, got {name!r}",
            hint=did_you_mean(name, space.parameters),
        )
    if not isinstance(parameter, Integer | Double):
        raise _unfit(name, f"must be a range of numbers, got a {type_name(parameter)}")
    if parameter.branches:
        raise _unfit(name, "cannot decide which other parameters exist")
    if parameter.min_value <= 0:
        raise _unfit(name, f"must be greater than 0, got {_range(parameter)}")
    if parameter.min_value == parameter.max_value:
        raise _unfit(name, f"must be a range of several values, got {_range(parameter)}")
    if len(space.parameters) == 1:
        raise _unfit(name, "cannot be the only parameter", "give a parameter that is searched")
    return parameter


def _range(parameter: Integer | Double) -> str:
    return f"{parameter.min_value!r} to {parameter.max_value!r}"


def _unfit(name: str, rule: str, hint: str = "") -> InvalidInputError:
    return InvalidInputError(
        f"the fidelity parameter {name!r} {rule}", hint=hint or f"write for example {name}=1..81"
    )
