"""Categories on wires that have texts alone: which one a text stands for."""

from collections.abc import Mapping, Sequence

from wazir.domain.parameters import Categorical, Parameter, ParameterValue, value_text
from wazir.domain.space import SearchSpace

ByName = Mapping[str, Sequence[Parameter]]


def parameters_by_name(space: SearchSpace) -> ByName:
    """Return the parameters of each name; two branches may use one for different parameters."""
    found: dict[str, list[Parameter]] = {}
    for name, parameter in space.walk():
        found.setdefault(name, []).append(parameter)
    return found


def meant_value(value: ParameterValue, name: str, parameters: ByName) -> ParameterValue:
    """Return the category whose text a value is, the value itself for anything else."""
    categories = [
        category
        for parameter in parameters.get(name, ())
        if isinstance(parameter, Categorical)
        for category in parameter.values
    ]
    if value in categories:
        return value
    return next((one for one in categories if value_text(one) == value), value)
