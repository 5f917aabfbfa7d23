"""`--when CHILD=PARENT:VALUES`: a parameter that exists only under values of another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wazir.domain.conditions import Condition
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.parameters import (
    Double,
    Integer,
    Parameter,
    ParameterValue,
    with_condition,
)
from wazir.jobs.space_text import ParsedParameter, parse_space

_MAX_VALUES = 1000


def with_conditions(
    parameters: Mapping[str, ParsedParameter], texts: Sequence[str]
) -> dict[str, ParsedParameter]:
    """Return the parameters with the conditions of some texts.

    Raises:
        InvalidInputError: a text is not CHILD=PARENT:VALUES, or there is no such child.
    """
    found = dict(parameters)
    given: set[str] = set()
    for text in texts:
        child, condition = parse_condition(text)
        if child not in found:
            raise InvalidInputError(
                f"--when {text}: there is no parameter {child!r}",
                hint=did_you_mean(child, found),
            )
        if child in given:
            raise InvalidInputError(
                f"--when {text}: {child!r} has a condition already",
                hint="name all values of its parent in one --when",
            )
        given.add(child)
        one = found[child]
        found[child] = replace(one, parameter=with_condition(one.parameter, condition))
    return found


def parse_condition(text: str) -> tuple[str, Condition]:
    """Return the child and its condition in a text such as "units_2=n_layers:2..4".

    Raises:
        InvalidInputError: the text has another form, or a range of real numbers.
    """
    child, equals, rest = text.partition("=")
    parent, colon, values = rest.partition(":")
    if not (equals and colon and child.strip() and parent.strip() and values.strip()):
        raise InvalidInputError(
            f"a condition is written CHILD=PARENT:VALUES, got {text!r}",
            hint="write for example --when units_2=n_layers:2..4",
        )
    return child.strip(), Condition(parent.strip(), _values(text, values))


def _values(text: str, values: str) -> tuple[ParameterValue, ...]:
    listed: Parameter = parse_space(values).parameter
    if isinstance(listed, Integer) and listed.n_values <= _MAX_VALUES:
        return tuple(range(listed.min_value, listed.max_value + 1))
    if isinstance(listed, Double | Integer):
        raise InvalidInputError(
            f"--when {text}: {values!r} is no list of values",
            hint="write for example 2..4 or adam,sgd",
        )
    return tuple(listed.values)
