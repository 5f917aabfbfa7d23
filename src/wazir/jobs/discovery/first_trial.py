"""The program's own defaults as the first trial of a search space."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wazir.domain.middles import default_or_middle
from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    value_text,
)
from wazir.jobs.discovery.options import (
    Default,
    ProgramOption,
    boolean_of,
    dashes_alike,
    number_of,
)

_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass
class _FirstTrial:
    options: Sequence[ProgramOption]
    values: dict[str, ParameterValue] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)


def first_trial(
    options: Sequence[ProgramOption], parameters: Mapping[str, Parameter]
) -> tuple[dict[str, ParameterValue] | None, list[str]]:
    """Return the values of the first trial and what is to be said about them.

    A parameter takes its own default, else that of the option of its name ("-" and "_" are
    alike). A number outside the range moves to the nearest allowed value, and what is no allowed
    category becomes the first one; both give a note. A parameter without any default takes the
    middle of its range in its scale, or its first category. Children are filled under the values
    chosen for their parents.

    Returns:
        None and no notes if no parameter has a default.
    """
    trial = _FirstTrial(options)
    _fill(trial, parameters)
    if len(trial.filled) == len(trial.values):
        return None, []
    if trial.filled:
        shown = ", ".join(f"{name} {_shown(trial.values[name])}" for name in trial.filled)
        trial.notes.append(
            f"no default was found for some parameters; the first trial has {shown}"
        )
    return trial.values, trial.notes


def _fill(trial: _FirstTrial, parameters: Mapping[str, Parameter]) -> None:
    for name, parameter in parameters.items():
        value = parameter.default
        if value is None:
            value = _from_program(trial, name, parameter)
        if value is None:
            value = default_or_middle(parameter)
            trial.filled.append(name)
        trial.values[name] = value
        for branch in parameter.branches:
            if branch.holds(value):
                _fill(trial, branch.parameters)


def _from_program(trial: _FirstTrial, name: str, parameter: Parameter) -> ParameterValue | None:
    option = option_named(trial.options, name)
    if option is None:
        return None
    if isinstance(parameter, Categorical):
        return _category(trial, name, parameter, option.default)
    return _number(trial, name, parameter, option.default)


def option_named(options: Sequence[ProgramOption], name: str) -> ProgramOption | None:
    """Return the option with this name: exactly so, else with "-" and "_" alike."""
    for option in options:
        if name in option.names:
            return option
    for option in options:
        if dashes_alike(name) in map(dashes_alike, option.names):
            return option
    return None


def _number(
    trial: _FirstTrial, name: str, parameter: Double | Integer | Discrete, default: Default
) -> ParameterValue | None:
    if default is None:
        return None
    number = None if isinstance(default, tuple | bool) else number_of(default)
    if number is None:
        trial.notes.append(f"the program's default of {name}, {_shown(default)}, is no number")
        return None
    value = parameter.nearest(number)
    if not math.isclose(value, number, rel_tol=1e-12, abs_tol=1e-300):
        trial.notes.append(
            f"the program's default of {name}, {_shown(number)}, is outside "
            f"{_allowed(parameter)}: the first trial has {_shown(value)}"
        )
    return value


def _allowed(parameter: Double | Integer | Discrete) -> str:
    if isinstance(parameter, Discrete):
        return ", ".join(value_text(value) for value in parameter.values)
    kind = "the whole numbers " if isinstance(parameter, Integer) else ""
    return f"{kind}{value_text(parameter.min_value)} to {value_text(parameter.max_value)}"


def _category(
    trial: _FirstTrial, name: str, parameter: Categorical, default: Default
) -> ParameterValue | None:
    for value in parameter.values:
        if _says_the_same(value, default):
            return value
    if default is None:
        return None
    first = parameter.values[0]
    trial.notes.append(
        f"the program's default of {name}, {_shown(default)}, is none of its categories: "
        f"the first trial has {_shown(first)}"
    )
    return first


def _says_the_same(value: ParameterValue, default: Default) -> bool:
    """Return whether a category stands for a default: "128 64" for (128, 64), "1e-3" for 0.001."""
    if default is None:
        return str(value).strip().lower() in ("none", "null")
    if isinstance(default, bool):
        return boolean_of(value) is default
    if isinstance(default, tuple):
        elements: tuple[ParameterValue, ...] = default
        words = _SEPARATORS.split(str(value).strip().strip("[]()").strip())
    else:
        if str(value) == str(default):
            return True
        elements = tuple(_SEPARATORS.split(str(default).strip()))
        words = _SEPARATORS.split(str(value).strip())
    return len(words) == len(elements) and all(map(_same_element, words, elements))


def _same_element(word: str, element: ParameterValue) -> bool:
    if word.strip("'\"") == str(element):
        return True
    left, right = number_of(word), number_of(element)
    return left is not None and left == right


def _shown(value: Default) -> str:
    if isinstance(value, tuple):
        return repr(" ".join(map(str, value)))
    if isinstance(value, bool):
        return str(value).lower()
    return value_text(value) if isinstance(value, int | float) else repr(value)
