"""Parameter specs of Vertex, as parameters of a search space, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import JsonObject
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    Scale,
    value_text,
)
from wazir.servers.categories import ByName, meant_value
from wazir.servers.http.vertex.messages import SCALE_OF
from wazir.servers.http.vertex.reading import int64_text, wrong

_SPECS = ("doubleValueSpec", "integerValueSpec", "categoricalValueSpec", "discreteValueSpec")
_PARENT_VALUES = {
    "integerValueSpec": "parentIntValues",
    "categoricalValueSpec": "parentCategoricalValues",
    "discreteValueSpec": "parentDiscreteValues",
}
_SCALE_WORDS = {
    Scale.LINEAR: "UNIT_LINEAR_SCALE",
    Scale.LOG: "UNIT_LOG_SCALE",
    Scale.REVERSE_LOG: "UNIT_REVERSE_LOG_SCALE",
}


def parameters_from(specs: Sequence[Mapping[str, Any]], path: str) -> dict[str, Parameter]:
    """Return the parameters of specs that were read by the table, by name.

    Raises:
        InvalidInputError: a spec that makes no parameter, or a name used twice; it names the place.
    """
    found: dict[str, Parameter] = {}
    for index, spec in enumerate(specs):
        place = f"{path}[{index}]"
        name = _name(spec, place)
        if name in found:
            raise InvalidInputError(f"{place}.parameterId: {name!r} is defined twice")
        found[name] = _parameter(spec, place)
    return found


def parameter_specs(parameters: Mapping[str, Parameter]) -> list[JsonObject]:
    """Return the specs of parameters; categories that are no texts become texts."""
    return [_spec(name, parameter) for name, parameter in parameters.items()]


def _name(spec: Mapping[str, Any], path: str) -> str:
    name = str(spec.get("parameterId", ""))
    if not name.strip():
        raise InvalidInputError(f"{path}.parameterId: a parameter needs an id")
    return name


def _parameter(spec: Mapping[str, Any], path: str) -> Parameter:
    given = [name for name in _SPECS if name in spec]
    if len(given) != 1:
        got = " and ".join(given) or "none"
        raise InvalidInputError(f"{path}: needs exactly one of {', '.join(_SPECS)}, got {got}")
    kind = given[0]
    branches = _branches(spec.get("conditionalParameterSpecs", ()), kind, path)
    scale = SCALE_OF.get(spec.get("scaleType", ""), Scale.LINEAR)
    try:
        return _MAKERS[kind](spec[kind], scale, branches)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}.{kind}: {error.message}", hint=error.hint) from None


def _double(values: Mapping[str, Any], scale: Scale, _branches: Sequence[Branch]) -> Parameter:
    # A bound of 0 is the default of its field, so clients leave it out.
    return Double(
        values.get("minValue", 0.0),
        values.get("maxValue", 0.0),
        scale=scale,
        default=values.get("defaultValue"),
    )


def _integer(values: Mapping[str, Any], scale: Scale, branches: Sequence[Branch]) -> Parameter:
    return Integer(
        values.get("minValue", 0),
        values.get("maxValue", 0),
        scale=scale,
        default=values.get("defaultValue"),
        branches=branches,
    )


def _categorical(
    values: Mapping[str, Any], _scale: Scale, branches: Sequence[Branch]
) -> Parameter:
    return Categorical(
        values.get("values", ()), default=values.get("defaultValue"), branches=branches
    )


def _discrete(values: Mapping[str, Any], scale: Scale, branches: Sequence[Branch]) -> Parameter:
    return Discrete(
        values.get("values", ()),
        scale=scale,
        default=values.get("defaultValue"),
        branches=branches,
    )


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Scale, Sequence[Branch]], Parameter]] = {
    "doubleValueSpec": _double,
    "integerValueSpec": _integer,
    "categoricalValueSpec": _categorical,
    "discreteValueSpec": _discrete,
}


def _branches(specs: Sequence[Mapping[str, Any]], kind: str, path: str) -> tuple[Branch, ...]:
    """Return the conditional children; those with the same parent values share a branch."""
    grouped: dict[tuple[ParameterValue, ...], dict[str, Parameter]] = {}
    for index, spec in enumerate(specs):
        place = f"{path}.conditionalParameterSpecs[{index}]"
        wanted = _PARENT_VALUES.get(kind)
        if wanted is None:
            raise InvalidInputError(f"{place}: a DOUBLE parameter has no children")
        given = [name for name in _PARENT_VALUES.values() if name in spec]
        values = tuple(spec[wanted].get("values", ())) if given == [wanted] else ()
        if not values:
            got = ", ".join(given) or "none"
            raise InvalidInputError(f"{place}: needs values in {wanted}, got {got}")
        child = spec.get("parameterSpec")
        if child is None:
            raise InvalidInputError(f"{place}.parameterSpec: is not set")
        name = _name(child, f"{place}.parameterSpec")
        siblings = grouped.setdefault(values, {})
        if name in siblings:
            raise InvalidInputError(
                f"{place}.parameterSpec.parameterId: {name!r} is defined twice"
            )
        siblings[name] = _parameter(child, f"{place}.parameterSpec")
    return tuple(Branch(values, children) for values, children in grouped.items())


def _spec(name: str, parameter: Parameter) -> JsonObject:
    kind, shown, values = _written(parameter)
    if parameter.default is not None:
        values["defaultValue"] = shown(parameter.default)
    spec: JsonObject = {"parameterId": name, kind: values}
    if not isinstance(parameter, Categorical):
        spec["scaleType"] = _SCALE_WORDS[parameter.scale]
    if parameter.branches:
        spec["conditionalParameterSpecs"] = [
            {
                _PARENT_VALUES[kind]: {"values": [shown(value) for value in branch.parent_values]},
                "parameterSpec": child,
            }
            for branch in parameter.branches
            for child in parameter_specs(branch.parameters)
        ]
    return spec


def _written(parameter: Parameter) -> tuple[str, Callable[[ParameterValue], object], JsonObject]:
    """Return the field of a parameter's values, how one is written, and all of them."""
    match parameter:
        case Double(min_value=low, max_value=high):
            return "doubleValueSpec", float, {"minValue": low, "maxValue": high}
        case Integer(min_value=least, max_value=most):
            ends: JsonObject = {"minValue": int64_text(least), "maxValue": int64_text(most)}
            return "integerValueSpec", _shown_whole, ends
        case Discrete(values=numbers):
            return "discreteValueSpec", float, {"values": [float(one) for one in numbers]}
        case Categorical(values=categories):
            texts = [value_text(one) for one in categories]
            return "categoricalValueSpec", value_text, {"values": texts}


def _shown_whole(value: ParameterValue) -> str:
    return int64_text(int(value))


def to_json_value(value: ParameterValue) -> str | float:
    """Return the value of a trial's parameter: a number, or a text for anything else."""
    return value if isinstance(value, str) else _json_number(value)


def _json_number(value: bool | int | float) -> str | float:
    return value_text(value) if isinstance(value, bool) else value


def values_from(
    given: Sequence[Mapping[str, Any]], parameters: ByName, path: str
) -> dict[str, ParameterValue]:
    """Return the values of a trial by parameter.

    A text may stand for a category that is none. Raises InvalidInputError; it names the place.
    """
    found: dict[str, ParameterValue] = {}
    for index, one in enumerate(given):
        place = f"{path}[{index}]"
        name = _name(one, place)
        if name in found:
            raise InvalidInputError(f"{place}.parameterId: {name!r} is given twice")
        if "value" not in one:
            raise wrong(f"{place}.value", "a value", None)
        found[name] = meant_value(one["value"], name, parameters)
    return found
