"""A parameter's fields as a domain parameter, each broken rule with its own place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import (
    MAX_DISCRETE_VALUES,
    Branch,
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    Scale,
    value_text,
)
from wazir.jobs.config.fields import Reading, Record
from wazir.jobs.config.nodes import Place
from wazir.jobs.config.scalars import read_number

SCALES = {
    "NONE": Scale.LINEAR,
    "SCALE_TYPE_UNSPECIFIED": Scale.LINEAR,
    "UNIT_LINEAR_SCALE": Scale.LINEAR,
    "UNIT_LOG_SCALE": Scale.LOG,
    "UNIT_REVERSE_LOG_SCALE": Scale.REVERSE_LOG,
}


@dataclass(frozen=True)
class Draft:
    """A parameter as a file describes it, before its rules are checked.

    Attributes:
        name: the parameter's name.
        type: DOUBLE, INTEGER, DISCRETE or CATEGORICAL.
        place: where the parameter begins.
        fields: the record that holds minValue and maxValue, or the values, and the default.
        values_field: the name of the field that holds the values.
        default_field: the name of the field that holds the default.
        scale: the scale.
        zero_is_left_out: whether a missing bound is 0, as in files that a program wrote.
        branches: conditional children.
    """

    name: str
    type: str
    place: Place
    fields: Record
    values_field: str
    default_field: str
    scale: Scale = Scale.LINEAR
    zero_is_left_out: bool = False
    branches: tuple[Branch, ...] = ()


def build_parameter(draft: Draft, reading: Reading) -> Parameter | None:
    """Return the parameter, or None after adding every problem with it to `reading`."""
    n_before = len(reading.problems)
    match draft.type:
        case "DOUBLE" | "INTEGER":
            numbers: Sequence[int | float] = _bounds(draft, reading)
            texts: tuple[str, ...] = ()
        case "DISCRETE":
            numbers, texts = _discrete_values(draft, reading), ()
        case _:
            numbers, texts = (), _categories(draft, reading)
    default = _default(draft, reading)
    if len(reading.problems) > n_before or draft.fields.unreadable:
        return None
    try:
        parameter = _make(draft, numbers, texts)
    except InvalidInputError as error:
        reading.problem(draft.place, f"parameter {draft.name!r}: {error.message}", error.hint)
        return None
    return _with_default(draft, parameter, default, reading)


def _make(draft: Draft, numbers: Sequence[int | float], texts: tuple[str, ...]) -> Parameter:
    match draft.type:
        case "DOUBLE":
            return Double(numbers[0], numbers[1], scale=draft.scale)
        case "INTEGER":
            low, high = int(numbers[0]), int(numbers[1])
            return Integer(low, high, scale=draft.scale, branches=draft.branches)
        case "DISCRETE":
            return Discrete(numbers, scale=draft.scale, branches=draft.branches)
        case _:
            return Categorical(texts, branches=draft.branches)


def _bounds(draft: Draft, reading: Reading) -> tuple[int | float, ...]:
    """Return the two bounds; fewer after a problem."""
    fields = draft.fields
    names = ("minValue", "maxValue")
    found = {name: fields.number(name) for name in names}
    if draft.zero_is_left_out and set(found.values()) != {None}:
        for name in [name for name in names if found[name] is None]:
            found[name] = 0
            reading.note(fields.place, f"parameter {draft.name!r}: {name} is not set; it means 0")
    bounds = tuple(number for number in found.values() if number is not None)
    for name, number in found.items():
        place = fields.place_of(name)
        if number is None and name not in fields.unreadable:
            how = "is empty" if name in fields.places else "is missing"
            message = f"parameter {draft.name!r}: {name} {how}; a range needs both bounds"
            reading.problem(place, message)
        elif number is not None and draft.type == "INTEGER" and number != int(number):
            hint = "round it, or make the type DOUBLE"
            reading.problem(
                place, f"{name} of the INTEGER {draft.name!r} must be whole, got {number}", hint
            )
    if len(bounds) == 2:
        _check_order(draft, bounds[0], bounds[1], reading)
    if bounds:
        _check_scale(draft, min(bounds), fields.place_of("minValue"), reading)
    return bounds


def _check_order(draft: Draft, low: int | float, high: int | float, reading: Reading) -> None:
    shown = f"{value_text(low)} and {value_text(high)}"
    place = draft.fields.place_of("minValue")
    if low > high:
        message = f"parameter {draft.name!r}: minValue is greater than maxValue, got {shown}"
        reading.problem(place, message, "swap the two")
    elif low == high:
        message = f"parameter {draft.name!r} has one value only, {value_text(low)}"
        reading.note(place, message)


def _check_scale(draft: Draft, low: int | float, place: Place, reading: Reading) -> None:
    if draft.scale is not Scale.LINEAR and low <= 0:
        reading.problem(
            place,
            f"parameter {draft.name!r}: a {draft.scale.value} scale needs values greater than 0, "
            f"got {value_text(low)}",
            "use a small positive number, or UNIT_LINEAR_SCALE",
        )


def _discrete_values(draft: Draft, reading: Reading) -> tuple[int | float, ...]:
    found = draft.fields.items(draft.values_field)
    numbers = [(value, place) for value, place in found if isinstance(value, int | float)]
    if not numbers:
        _missing_values(draft, reading)
        return ()
    if len(numbers) > MAX_DISCRETE_VALUES:
        reading.problem(
            draft.fields.place_of(draft.values_field),
            f"parameter {draft.name!r} has {len(numbers)} values; "
            f"at most {MAX_DISCRETE_VALUES} are allowed",
        )
    for (left, _), (right, place) in pairwise(numbers):
        if right <= left:
            reading.problem(
                place,
                f"{draft.values_field} of {draft.name!r} must be strictly increasing, "
                f"got {value_text(right)} after {value_text(left)}",
                "sort them and leave out repeats",
            )
    lowest, place = min(numbers, key=lambda pair: pair[0])
    _check_scale(draft, lowest, place, reading)
    return tuple(number for number, _ in numbers)


def _categories(draft: Draft, reading: Reading) -> tuple[str, ...]:
    found = draft.fields.items(draft.values_field)
    texts = [(value, place) for value, place in found if isinstance(value, str)]
    if not texts:
        _missing_values(draft, reading)
    seen: set[str] = set()
    for text, place in texts:
        if text in seen:
            message = f"{draft.values_field} of {draft.name!r} has {text!r} twice"
            reading.problem(place, message, "leave out repeats")
        seen.add(text)
    return tuple(text for text, _ in texts)


def _missing_values(draft: Draft, reading: Reading) -> None:
    name = draft.values_field
    if name in draft.fields.unreadable or draft.fields.items(name):
        return
    how = "is empty" if name in draft.fields.places else "is missing"
    reading.problem(
        draft.fields.place_of(name),
        f"parameter {draft.name!r}: {name} {how}; a {draft.type} needs a list of values",
    )


def _default(draft: Draft, reading: Reading) -> int | float | str | None:
    scalar = draft.fields.scalar(draft.default_field)
    if scalar is None:
        return None
    if draft.type == "CATEGORICAL":
        return scalar.text
    try:
        return read_number(scalar)
    except InvalidInputError as error:
        reading.problem(scalar.place, f"{draft.default_field} {error.message}", error.hint)
        return None


def _with_default(
    draft: Draft, parameter: Parameter, default: int | float | str | None, reading: Reading
) -> Parameter | None:
    if default is None:
        return parameter
    try:
        return _replaced(parameter, default)
    except InvalidInputError as error:
        place = draft.fields.place_of(draft.default_field)
        message = f"parameter {draft.name!r}: {draft.default_field}: {error.message}"
        reading.problem(place, message, error.hint)
        return None


def _replaced(parameter: Parameter, default: int | float | str) -> Parameter:
    match parameter:
        case Double():
            return replace(parameter, default=parameter.check(default))
        case Integer():
            return replace(parameter, default=parameter.check(default))
        case Discrete():
            return replace(parameter, default=parameter.check(default))
        case Categorical():
            return replace(parameter, default=parameter.check(default))
