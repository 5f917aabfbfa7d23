"""Parameter specs of OSS Vizier, as parameters of a search space, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    ExternalType,
    Integer,
    Parameter,
    ParameterValue,
    Scale,
    value_text,
)
from wazir.servers.categories import ByName, meant_value

_PARENT_VALUES = {
    "integer_value_spec": "parent_int_values",
    "categorical_value_spec": "parent_categorical_values",
    "discrete_value_spec": "parent_discrete_values",
}
_SCALES = {2: Scale.LOG, 3: Scale.REVERSE_LOG}
_SCALE_NUMBERS = {Scale.LINEAR: 1, Scale.LOG: 2, Scale.REVERSE_LOG: 3}
_EXTERNAL = {1: ExternalType.BOOLEAN, 2: ExternalType.INTEGER, 3: ExternalType.FLOAT}
_EXTERNAL_NUMBERS = {kind: number for number, kind in _EXTERNAL.items()}


def parameters_from(specs: Sequence[Any], path: str) -> dict[str, Parameter]:
    """Return the parameters of ParameterSpec messages by name.

    Raises:
        InvalidInputError: a spec that makes no parameter, or a name used twice; it names the place.
    """
    found: dict[str, Parameter] = {}
    for index, spec in enumerate(specs):
        place = f"{path}[{index}]"
        name = _name(spec, place)
        if name in found:
            raise InvalidInputError(f"{place}.parameter_id: {name!r} is defined twice")
        found[name] = _parameter(spec, place)
    return found


def fill_parameters(target: Any, parameters: Mapping[str, Parameter]) -> None:
    """Append parameters to a field of ParameterSpec messages."""
    for name, parameter in parameters.items():
        _fill(target.add(), name, parameter)


def type_integers(spec: Any) -> None:
    """Let clients give the values of INTEGER parameters as integers, at any depth.

    Values travel as real numbers; a client turns them back only for a parameter that says so.
    """
    if spec.HasField("integer_value_spec") and spec.external_type == 0:
        spec.external_type = _EXTERNAL_NUMBERS[ExternalType.INTEGER]
    for condition in spec.conditional_parameter_specs:
        type_integers(condition.parameter_spec)


def _name(spec: Any, path: str) -> str:
    name: str = spec.parameter_id
    if not name.strip():
        raise InvalidInputError(f"{path}.parameter_id: a parameter needs an id")
    return name


def _parameter(spec: Any, path: str) -> Parameter:
    kind = spec.WhichOneof("parameter_value_spec")
    if kind is None:
        raise InvalidInputError(f"{path}: needs a double, integer, categorical or discrete spec")
    common = {"external_type": _EXTERNAL.get(spec.external_type, ExternalType.INTERNAL)}
    branches = _branches(spec.conditional_parameter_specs, kind, path)
    scale = _SCALES.get(spec.scale_type, Scale.LINEAR)
    try:
        return _MAKERS[kind](getattr(spec, kind), scale, {**common, "branches": branches})
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}.{kind}: {error.message}", hint=error.hint) from None


def _default(values: Any) -> Any:
    return values.default_value.value if values.HasField("default_value") else None


def _double(values: Any, scale: Scale, more: dict[str, Any]) -> Parameter:
    external_type = more["external_type"]
    return Double(
        values.min_value,
        values.max_value,
        scale=scale,
        default=_default(values),
        external_type=external_type,
    )


def _integer(values: Any, scale: Scale, more: dict[str, Any]) -> Parameter:
    default = _default(values)
    return Integer(values.min_value, values.max_value, scale=scale, default=default, **more)


def _categorical(values: Any, _scale: Scale, more: dict[str, Any]) -> Parameter:
    return Categorical(list(values.values), default=_default(values), **more)


def _discrete(values: Any, scale: Scale, more: dict[str, Any]) -> Parameter:
    return Discrete(list(values.values), scale=scale, default=_default(values), **more)


_MAKERS: Mapping[str, Callable[[Any, Scale, dict[str, Any]], Parameter]] = {
    "double_value_spec": _double,
    "integer_value_spec": _integer,
    "categorical_value_spec": _categorical,
    "discrete_value_spec": _discrete,
}


def _branches(specs: Sequence[Any], kind: str, path: str) -> tuple[Branch, ...]:
    """Return the conditional children; those with the same parent values share a branch."""
    grouped: dict[tuple[ParameterValue, ...], dict[str, Parameter]] = {}
    for index, spec in enumerate(specs):
        place = f"{path}.conditional_parameter_specs[{index}]"
        wanted = _PARENT_VALUES.get(kind)
        if wanted is None:
            raise InvalidInputError(f"{place}: a DOUBLE parameter has no children")
        given = spec.WhichOneof("parent_value_condition")
        values = tuple(getattr(spec, wanted).values) if given == wanted else ()
        if not values:
            raise InvalidInputError(f"{place}: needs values in {wanted}, got {given or 'none'}")
        place = f"{place}.parameter_spec"
        name = _name(spec.parameter_spec, place)
        siblings = grouped.setdefault(values, {})
        if name in siblings:
            raise InvalidInputError(f"{place}.parameter_id: {name!r} is defined twice")
        siblings[name] = _parameter(spec.parameter_spec, place)
    return tuple(Branch(values, children) for values, children in grouped.items())


def _fill(spec: Any, name: str, parameter: Parameter) -> None:
    spec.parameter_id = name
    spec.external_type = _EXTERNAL_NUMBERS.get(parameter.external_type, 0)
    kind, shown = _fill_values(spec, parameter)
    if parameter.default is not None:
        getattr(spec, kind).default_value.value = shown(parameter.default)
    if not isinstance(parameter, Categorical):
        spec.scale_type = _SCALE_NUMBERS[parameter.scale]
    for branch in parameter.branches:
        for child_name, child in branch.parameters.items():
            condition = spec.conditional_parameter_specs.add()
            condition_values = getattr(condition, _PARENT_VALUES[kind]).values
            condition_values.extend(shown(value) for value in branch.parent_values)
            _fill(condition.parameter_spec, child_name, child)
    type_integers(spec)


def _fill_values(spec: Any, parameter: Parameter) -> tuple[str, Callable[[ParameterValue], Any]]:
    """Write the values of a parameter; return the name of their field, and how one is written."""
    match parameter:
        case Double(min_value=low, max_value=high):
            spec.double_value_spec.min_value = low
            spec.double_value_spec.max_value = high
            return "double_value_spec", float
        case Integer(min_value=least, max_value=most):
            spec.integer_value_spec.min_value = _int64(least)
            spec.integer_value_spec.max_value = _int64(most)
            return "integer_value_spec", _int64
        case Discrete(values=numbers):
            spec.discrete_value_spec.values.extend(map(float, numbers))
            return "discrete_value_spec", float
        case Categorical(values=categories):
            spec.categorical_value_spec.values.extend(map(value_text, categories))
            return "categorical_value_spec", value_text


def _int64(value: ParameterValue) -> int:
    """Return an integer as it fits into its field, or listing would fail for one odd study."""
    return min(max(int(value), -(2**63)), 2**63 - 1)


def values_from(given: Sequence[Any], parameters: ByName, path: str) -> dict[str, ParameterValue]:
    """Return the values of a trial by parameter. A text may stand for a category that is none."""
    found: dict[str, ParameterValue] = {}
    for index, one in enumerate(given):
        place = f"{path}[{index}]"
        name = _name(one, place)
        if name in found:
            raise InvalidInputError(f"{place}.parameter_id: {name!r} is given twice")
        kind = one.value.WhichOneof("kind")
        if kind not in ("number_value", "string_value", "bool_value"):
            raise InvalidInputError(f"{place}.value: must be a number or a text, got {kind}")
        found[name] = meant_value(getattr(one.value, kind), name, parameters)
    return found


def fill_values(target: Any, values: Mapping[str, ParameterValue]) -> None:
    """Append the values of a trial to a field of Trial.Parameter messages."""
    for name, value in values.items():
        written = target.add(parameter_id=name).value
        if isinstance(value, str | bool):
            written.string_value = value_text(value)
        else:
            written.number_value = float(value)
