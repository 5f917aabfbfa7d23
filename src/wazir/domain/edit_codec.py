"""Edits of a study as JSON objects and back; the rules of `wazir.domain.codec` hold here too.

A key that is missing stands for "as it is", null for None.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from wazir.domain.codec import (
    constraints_from,
    constraints_to_list,
    early_stopping_from,
    early_stopping_to_dict,
    parameter_values_from_dict,
    study_stopping_from,
    study_stopping_to_dict,
)
from wazir.domain.conditions import Condition
from wazir.domain.edits import KEEP, StudyEdit
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import one_of
from wazir.domain.json_fields import (
    Fields,
    JsonObject,
    decode_list,
    decode_number,
    decode_object,
    decode_text,
    decode_value,
    decode_whole,
    encode_number,
)
from wazir.domain.metrics import MeasurementSelection
from wazir.domain.names import StudyName, parse_study_name
from wazir.domain.parameters import Parameter, ParameterValue, with_condition
from wazir.domain.space_codec import (
    parameter_from_dict,
    parameter_to_dict,
    space_from_dict,
    space_to_dict,
)
from wazir.domain.studies import ObservationNoise

VERSION = 1
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Setting:
    """How one setting is written and read; None is null for each."""

    encode: Callable[[Any], object]
    decode: Callable[[object, str], object]


def _word(kind: type[enum.Enum]) -> _Setting:
    """Return how a member of an enumeration is written."""

    def decode(data: object, what: str) -> object:
        known = [str(member.value) for member in kind]
        if data not in known:
            raise InvalidInputError(f"{what} must be {one_of(known)}, got {data!r}")
        return kind(data)

    return _Setting(lambda member: member.value, decode)


def _study_names(data: object, what: str) -> tuple[StudyName, ...]:
    names = decode_list(data, what)
    return tuple(parse_study_name(decode_text(name, "a prior study")) for name in names)


_SETTINGS: Mapping[str, _Setting] = {
    "space": _Setting(space_to_dict, lambda data, _: space_from_dict(data)),
    "algorithm": _Setting(str, decode_text),
    "planned_n_trials": _Setting(int, decode_whole),
    "observation_noise": _word(ObservationNoise),
    "measurement_selection": _word(MeasurementSelection),
    "early_stopping": _Setting(early_stopping_to_dict, early_stopping_from),
    "study_stopping": _Setting(study_stopping_to_dict, study_stopping_from),
    "constraints": _Setting(constraints_to_list, constraints_from),
    "beliefs": _Setting(dict, lambda data, _: parameter_values_from_dict(data)),
    "prior_studies": _Setting(lambda names: [str(name) for name in names], _study_names),
}


def edit_to_dict(edit: StudyEdit) -> JsonObject:
    """Return an edit as a JSON object; only what changes stands in it."""
    data: JsonObject = {
        "parameters": [_parameter_to_dict(name, p) for name, p in edit.parameters.items()],
        "freeze": dict(edit.freeze),
        "remove": list(edit.remove),
        "old_values": dict(edit.old_values),
        "safety_thresholds": {n: encode_number(v) for n, v in edit.safety_thresholds.items()},
        "reference_values": {n: encode_number(v) for n, v in edit.reference_values.items()},
    }
    kept: JsonObject = {key: value for key, value in data.items() if value}
    for name, value in edit.settings.items():
        kept[name] = None if value is None else _SETTINGS[name].encode(value)
    return {"version": VERSION, **kept}


def edit_from_dict(data: object) -> StudyEdit:
    """Return the edit that `edit_to_dict` wrote."""
    fields = Fields(data, "an edit")
    fields.check_version(VERSION)
    settings: dict[str, Any] = {}
    for name, setting in _SETTINGS.items():
        value = fields.take(name, KEEP)
        if value is not KEEP:
            settings[name] = None if value is None else setting.decode(value, name)
    edit = StudyEdit(
        parameters=dict(_parameter_from_dict(item) for item in fields.items("parameters", [])),
        freeze=_values(fields, "freeze", decode_value),
        remove=tuple(decode_text(name, "remove") for name in fields.items("remove", [])),
        old_values=_values(fields, "old_values", _value_or_none),
        safety_thresholds=_values(fields, "safety_thresholds", decode_number),
        reference_values=_values(fields, "reference_values", _number_or_none),
        **settings,
    )
    fields.finish()
    return edit


def _values(fields: Fields, key: str, decode: Callable[[object, str], _T]) -> dict[str, _T]:
    given = decode_object(fields.take(key, {}), key)
    return {name: decode(value, f"{key} of {name!r}") for name, value in given.items()}


def _value_or_none(value: object, what: str) -> ParameterValue | None:
    return None if value is None else decode_value(value, what)


def _number_or_none(value: object, what: str) -> float | None:
    return None if value is None else decode_number(value, what)


def _parameter_to_dict(name: str, parameter: Parameter) -> JsonObject:
    data: JsonObject = {"name": name, **parameter_to_dict(parameter)}
    if parameter.condition is not None:
        condition = parameter.condition
        data["when"] = {"parent": condition.parent, "values": list(condition.values)}
    return data


def _parameter_from_dict(item: object) -> tuple[str, Parameter]:
    data = decode_object(item, "a parameter").copy()
    name = decode_text(data.pop("name", None), "the name of a parameter")
    when = data.pop("when", None)
    parameter = parameter_from_dict(data)
    if when is None:
        return name, parameter
    fields = Fields(when, "a condition")
    values = [decode_value(value, "a parent value") for value in fields.items("values")]
    condition = Condition(fields.text("parent"), tuple(values))
    fields.finish()
    return name, with_condition(parameter, condition)
