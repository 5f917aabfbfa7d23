"""Changing a search space: other definitions, new parameters, frozen and removed ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from wazir.domain.conditions import Condition
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.numbers import as_category, as_number, as_whole
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    with_condition,
)
from wazir.domain.space import Assignment, SearchSpace

_Parameters = Mapping[str, Parameter]


def with_parameters(space: SearchSpace, parameters: _Parameters) -> SearchSpace:
    """Return a space with other definitions of some parameters, and new parameters.

    A parameter stays where it is unless its definition has a condition, which moves it there. Its
    children stay as far as it still has the values they depend on, unless the definition has
    children of its own. A new one without a condition comes to the top.

    Raises:
        InvalidInputError: a parent is missing, or a name stands in several branches.
    """
    pending = dict(parameters)
    found = space.parameters
    while pending:
        # A parent that changes too goes first.
        name = next((n for n, p in pending.items() if _parent_of(p) not in pending), None)
        if name is None:
            raise InvalidInputError(f"parameter {next(iter(pending))!r} depends on itself")
        found = _with_parameter(found, name, pending.pop(name))
    return SearchSpace(found)


def frozen(space: SearchSpace, values: Mapping[str, ParameterValue]) -> SearchSpace:
    """Return a space in which some parameters have a single value each.

    Raises:
        InvalidInputError: there is no such parameter, or it cannot have the value.
    """
    found = space.parameters
    for name, value in values.items():
        _check_known(found, name)
        try:
            found = _mapped(found, name, lambda old, value=value: _frozen(old, value))  # type: ignore[misc]
        except InvalidInputError as error:
            raise InvalidInputError(
                f"{name!r} cannot be frozen: {error.message}",
                hint=error.hint or "widen its range in the same edit",
            ) from None
    return SearchSpace(found)


def without(space: SearchSpace, names: "tuple[str, ...]") -> SearchSpace:
    """Return a space without some parameters and their children.

    Raises:
        InvalidInputError: there is no such parameter, or none would be left.
    """
    found = space.parameters
    for name in names:
        _check_known(found, name)
        found = _mapped(found, name, lambda _: None)
    return SearchSpace(found)


def old_value_of(parameter: Parameter, value: ParameterValue) -> ParameterValue:
    """Return a value that trials had before a parameter was there, in the parameter's type.

    It may lie outside of the range: what was may be what nobody wants to try again.

    Raises:
        InvalidInputError: it is of another type.
    """
    match parameter:
        case Double():
            return float(as_number(value, "a DOUBLE value"))
        case Integer():
            return as_whole(value, "an INTEGER value")
        case Discrete():
            return as_number(value, "a DISCRETE value")
        case Categorical():
            same = [known for known in parameter.values if str(known) == str(value)]
            return same[0] if same else as_category(value)


def filled(
    space: SearchSpace, values: Mapping[str, ParameterValue], old: Mapping[str, ParameterValue]
) -> Mapping[str, ParameterValue]:
    """Return `values` with the old values of parameters that they lack where these would exist."""
    if all(name in values for name in old):
        return values
    complete = dict(values)
    _fill(space.parameters, complete, old)
    return complete


def _fill(parameters: _Parameters, values: Assignment, old: Mapping[str, ParameterValue]) -> None:
    for name, parameter in parameters.items():
        if name not in values and name in old:
            values[name] = old[name]
        if name in values:
            for branch in parameter.branches:
                if branch.holds(values[name]):
                    _fill(branch.parameters, values, old)


def _with_parameter(parameters: _Parameters, name: str, new: Parameter) -> _Parameters:
    condition = new.condition
    new = with_condition(new, None)
    if name in _names(parameters):
        _check_known(parameters, name)
        found = _mapped(parameters, name, lambda old: _with_children_of(new, old))
        if condition is None:
            return found
        new = _found(found, name)
        parameters = _mapped(found, name, lambda _: None)
    if condition is None:
        return {**parameters, name: new}
    _check_known(parameters, condition.parent, child=name)
    return _mapped(
        parameters, condition.parent, lambda parent: _grown(parent, name, new, condition)
    )


def _with_children_of(new: Parameter, old: Parameter) -> Parameter:
    if isinstance(new, Double):
        if old.branches:
            raise InvalidInputError("a parameter with children cannot become a DOUBLE")
        return new
    if new.branches:
        return new
    return replace(new, branches=_branches_left(new, old))


def _branches_left(new: Parameter, old: Parameter) -> tuple[Branch, ...]:
    """Return the branches of `old` for values that `new` still has."""
    left = []
    for branch in old.branches:
        values = tuple(value for value in branch.parent_values if _has(new, value))
        if values:
            left.append(Branch(values, branch.parameters))
    return tuple(left)


def _has(parameter: Parameter, value: ParameterValue) -> bool:
    try:
        parameter.check(value)
    except InvalidInputError:
        return False
    return True


def _grown(parent: Parameter, name: str, child: Parameter, condition: Condition) -> Parameter:
    """Return a parent with one more child, in the branch of the same values if there is one."""
    if isinstance(parent, Double):
        raise InvalidInputError(
            f"parameter {name!r} depends on {condition.parent!r}, which is a DOUBLE",
            hint="a parent is an INTEGER, a DISCRETE or a CATEGORICAL",
        )
    values = tuple(parent.check(value) for value in condition.values)
    same = [branch.parent_values == values for branch in parent.branches]
    if not any(same):
        return parent.when(values, {name: child})
    place = same.index(True)
    merged = Branch(values, {**parent.branches[place].parameters, name: child})
    branches = (*parent.branches[:place], merged, *parent.branches[place + 1 :])
    return replace(parent, branches=branches)


def _frozen(old: Parameter, value: ParameterValue) -> Parameter:
    match old:
        case Double():
            number = old.check(value)
            return replace(old, min_value=number, max_value=number, default=None)
        case Integer():
            whole = old.check(value)
            single = replace(old, min_value=whole, max_value=whole, default=None, branches=())
            return replace(single, branches=_branches_left(single, old))
        case Discrete():
            listed = replace(old, values=(old.check(value),), default=None, branches=())
            return replace(listed, branches=_branches_left(listed, old))
        case Categorical():
            named = replace(old, values=(old.check(value),), default=None, branches=())
            return replace(named, branches=_branches_left(named, old))


def _mapped(
    parameters: _Parameters, name: str, change: Callable[[Parameter], Parameter | None]
) -> dict[str, Parameter]:
    """Return parameters with one of them changed, at any depth; None removes it."""
    found: dict[str, Parameter] = {}
    for known, parameter in parameters.items():
        changed = change(parameter) if known == name else _below(parameter, name, change)
        if changed is not None:
            found[known] = changed
    return found


def _below(
    parameter: Parameter, name: str, change: Callable[[Parameter], Parameter | None]
) -> Parameter:
    if isinstance(parameter, Double) or not parameter.branches:
        return parameter
    branches = []
    for branch in parameter.branches:
        children = _mapped(branch.parameters, name, change)
        if children:
            branches.append(Branch(branch.parent_values, children))
    return replace(parameter, branches=tuple(branches))


def _names(parameters: _Parameters) -> list[str]:
    names = []
    for name, parameter in parameters.items():
        names.append(name)
        for branch in parameter.branches:
            names += _names(branch.parameters)
    return names


def _found(parameters: _Parameters, name: str) -> Parameter:
    return dict(SearchSpace(parameters).walk())[name]


def _parent_of(parameter: Parameter) -> str | None:
    return None if parameter.condition is None else parameter.condition.parent


def _check_known(parameters: _Parameters, name: str, *, child: str = "") -> None:
    names = _names(parameters)
    if name not in names:
        who = f"parameter {child!r} depends on {name!r}, which is not there" if child else ""
        raise InvalidInputError(
            who or f"there is no parameter {name!r} in the search space",
            hint=did_you_mean(name, names),
        )
    if names.count(name) > 1:
        raise InvalidInputError(
            f"parameter {name!r} stands in several branches, so its name does not say which",
            hint="from Python, give its parent with all of its branches",
        )
