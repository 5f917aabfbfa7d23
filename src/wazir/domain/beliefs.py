"""Beliefs: where a user expects the best values of some parameters to be."""

from collections.abc import Mapping, Sequence

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.middles import default_or_middle
from wazir.domain.parameters import Categorical, Parameter, ParameterValue, value_text
from wazir.domain.space import SearchSpace


def checked_beliefs(
    space: SearchSpace, beliefs: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return believed values in canonical types.

    A name that several branches of the space use stands for each that allows the value.

    Raises:
        InvalidInputError: there is no such parameter, or it cannot have the value.
    """
    return {name: _checked(space, name, value) for name, value in beliefs.items()}


def fitting_beliefs(
    space: SearchSpace, beliefs: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return the beliefs that fit a space, after an edit for example."""
    named: dict[str, list[Parameter]] = {}
    for name, parameter in space.walk():
        named.setdefault(name, []).append(parameter)
    return {
        name: value
        for name, value in beliefs.items()
        if any(_allowed(parameter, value) is not None for parameter in named.get(name, []))
    }


def parse_beliefs(space: SearchSpace, texts: Sequence[str]) -> dict[str, ParameterValue]:
    """Return the believed values in texts such as "lr=1e-3" and "optimizer=adam".

    Raises:
        InvalidInputError: a text is not NAME=VALUE, a name is given twice, or as in
            `checked_beliefs`.
    """
    found: dict[str, ParameterValue] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise InvalidInputError(
                f"a belief is written NAME=VALUE, got {text!r}",
                hint="write for example --belief lr=1e-3",
            )
        if name in found:
            raise InvalidInputError(
                f"the belief about {name!r} is given twice", hint="leave one of them out"
            )
        found[name] = _read(_named(space, name)[0], name, value)
    return checked_beliefs(space, found)


def belief_texts(beliefs: Mapping[str, ParameterValue]) -> list[str]:
    """Return beliefs as `parse_beliefs` reads them."""
    return [f"{name}={value_text(value)}" for name, value in beliefs.items()]


def believed_point(
    space: SearchSpace,
    beliefs: Mapping[str, ParameterValue],
    others: Mapping[str, ParameterValue] | None = None,
) -> dict[str, ParameterValue]:
    """Return the point of the believed values.

    Other active parameters have their value in `others`, where it is there and allowed, else their
    default, else the middle of their range.
    """
    point: dict[str, ParameterValue] = {}
    _fill(point, space.parameters, (beliefs, others or {}))
    return point


def _fill(
    point: dict[str, ParameterValue],
    parameters: Mapping[str, Parameter],
    wishes: Sequence[Mapping[str, ParameterValue]],
) -> None:
    for name, parameter in parameters.items():
        wished = [_allowed(parameter, wish[name]) for wish in wishes if name in wish]
        found = [value for value in wished if value is not None]
        point[name] = found[0] if found else default_or_middle(parameter)
        for branch in parameter.branches:
            if branch.holds(point[name]):
                _fill(point, branch.parameters, wishes)


def _allowed(parameter: Parameter, value: ParameterValue) -> ParameterValue | None:
    try:
        return parameter.check(value)
    except InvalidInputError:
        return None


def _named(space: SearchSpace, name: str) -> list[Parameter]:
    found = [parameter for known, parameter in space.walk() if known == name]
    if not found:
        raise InvalidInputError(
            f"there is a belief about {name!r}, which is no parameter",
            hint=did_you_mean(name, [known for known, _ in space.walk()]),
        )
    return found


def _checked(space: SearchSpace, name: str, value: ParameterValue) -> ParameterValue:
    errors = []
    for parameter in _named(space, name):
        try:
            return parameter.check(value)
        except InvalidInputError as error:
            errors.append(error)
    raise InvalidInputError(f"the belief about {name!r}: {errors[0].message}", hint=errors[0].hint)


def _read(parameter: Parameter, name: str, text: str) -> ParameterValue:
    if isinstance(parameter, Categorical):
        by_text = {value_text(value).lower(): value for value in parameter.values}
        by_text |= {value_text(value): value for value in parameter.values}
        return by_text.get(text, by_text.get(text.lower(), text))
    try:
        return float(text)
    except ValueError:
        raise InvalidInputError(
            f"the belief about {name!r} must be a number, got {text!r}"
        ) from None
