"""From a flat list of parameters with conditions to parents with their children."""

from collections.abc import Iterator, Mapping

from wazir.domain.conditions import Condition
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.parameters import (
    Double,
    Parameter,
    ParameterValue,
    with_condition,
)


def nested(parameters: Mapping[str, Parameter]) -> Mapping[str, Parameter]:
    """Return the parameters without a condition; those with one become children of their parents.

    Raises:
        InvalidInputError: a parent is missing, a DOUBLE or its own descendant, or has not the value.
    """
    _check_branches(parameters)
    conditions = {
        name: parameter.condition
        for name, parameter in parameters.items()
        if parameter.condition is not None
    }
    if not conditions:
        return parameters
    for name, condition in conditions.items():
        _check_parent(name, condition, parameters)
    for name in conditions:
        if name in _ancestors(name, conditions):
            raise InvalidInputError(f"parameter {name!r} depends on itself")
    tops = [name for name in parameters if name not in conditions]
    return {name: _grown(name, parameters, conditions) for name in tops}


def _check_branches(parameters: Mapping[str, Parameter]) -> None:
    """Raise InvalidInputError if a child of a branch has a condition besides."""
    for parameter in parameters.values():
        for branch in parameter.branches:
            for name, child in branch.parameters.items():
                if child.condition is not None:
                    raise InvalidInputError(
                        f"parameter {name!r} has a parent and a condition on "
                        f"{child.condition.parent!r} besides",
                        hint="write it beside its parent, or leave the condition out",
                    )
            _check_branches(branch.parameters)


def _check_parent(name: str, condition: Condition, parameters: Mapping[str, Parameter]) -> None:
    parent = parameters.get(condition.parent)
    if parent is None:
        raise InvalidInputError(
            f"parameter {name!r} depends on {condition.parent!r}, which is not there",
            hint=did_you_mean(condition.parent, parameters),
        )
    if isinstance(parent, Double):
        raise InvalidInputError(
            f"parameter {name!r} depends on {condition.parent!r}, which is a DOUBLE",
            hint="a parent is an INTEGER, a DISCRETE or a CATEGORICAL",
        )
    for value in condition.values:
        try:
            parent.check(value)
        except InvalidInputError as error:
            raise InvalidInputError(
                f"parameter {name!r} depends on {condition.parent!r}: {error.message}",
                hint=error.hint,
            ) from None


def _ancestors(name: str, conditions: Mapping[str, Condition]) -> Iterator[str]:
    """Yield parent, grandparent and so on; ends where a name comes again."""
    seen: set[str] = set()
    while name in conditions and name not in seen:
        seen.add(name)
        name = conditions[name].parent
        yield name


def _grown(
    name: str, parameters: Mapping[str, Parameter], conditions: Mapping[str, Condition]
) -> Parameter:
    """Return a parameter with its children, those of the same values in one branch."""
    grown = with_condition(parameters[name], None)
    groups: dict[tuple[ParameterValue, ...], dict[str, Parameter]] = {}
    for child, condition in conditions.items():
        if condition.parent == name:
            values = tuple(grown.check(value) for value in condition.values)
            groups.setdefault(values, {})[child] = _grown(child, parameters, conditions)
    for values, children in groups.items():
        if isinstance(grown, Double):
            raise AssertionError("a DOUBLE is no parent")
        grown = grown.when(values, children)
    return grown
