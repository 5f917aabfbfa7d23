"""Search spaces as JSON objects and back; the rules of `wazir.domain.codec` hold here too."""

from collections.abc import Callable, Mapping, Sequence

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.json_fields import (
    Fields,
    JsonObject,
    decode_number,
    decode_object,
    decode_text,
    decode_value,
    decode_whole,
)
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    ExternalType,
    Integer,
    Parameter,
    Scale,
    type_name,
)
from wazir.domain.space import SearchSpace


def space_to_dict(space: SearchSpace) -> JsonObject:
    """Return a search space as a JSON object; a list keeps the order of the parameters."""
    return {"parameters": _parameters_to_list(space.parameters)}


def space_from_dict(data: object) -> SearchSpace:
    """Return the search space that `space_to_dict` wrote."""
    fields = Fields(data, "a search space")
    space = SearchSpace(_parameters_from_list(fields.items("parameters")))
    fields.finish()
    return space


def parameter_to_dict(parameter: Parameter) -> JsonObject:
    """Return a parameter, with all below it, as a JSON object."""
    data: JsonObject = {"type": type_name(parameter)}
    if isinstance(parameter, Double | Integer):
        data |= {"min_value": parameter.min_value, "max_value": parameter.max_value}
    else:
        data["values"] = list(parameter.values)
    if not isinstance(parameter, Categorical):
        data["scale"] = parameter.scale.value
    data |= {"default": parameter.default, "external_type": parameter.external_type.value}
    if parameter.branches:
        data["branches"] = [_branch_to_dict(branch) for branch in parameter.branches]
    return data


def parameter_from_dict(data: object) -> Parameter:
    """Return the parameter that `parameter_to_dict` wrote."""
    fields = Fields(data, "a parameter")
    kind = fields.text("type")
    if kind not in _PARAMETER_READERS:
        known = list(_PARAMETER_READERS)
        raise InvalidInputError(
            f"the type of a parameter is {one_of(known)}, got {kind!r}",
            hint=did_you_mean(kind, known),
        )
    parameter = _PARAMETER_READERS[kind](fields)
    fields.finish()
    return parameter


def _double(fields: Fields) -> Double:
    return Double(
        fields.number("min_value"),
        fields.number("max_value"),
        scale=fields.word("scale", Scale.LINEAR),
        default=fields.optional("default", decode_number),
        external_type=fields.word("external_type", ExternalType.INTERNAL),
    )


def _integer(fields: Fields) -> Integer:
    return Integer(
        fields.whole("min_value"),
        fields.whole("max_value"),
        scale=fields.word("scale", Scale.LINEAR),
        default=fields.optional("default", decode_whole),
        external_type=fields.word("external_type", ExternalType.INTERNAL),
        branches=_branches(fields),
    )


def _discrete(fields: Fields) -> Discrete:
    return Discrete(
        [decode_number(value, "a DISCRETE value") for value in fields.items("values")],
        scale=fields.word("scale", Scale.LINEAR),
        default=fields.optional("default", decode_number),
        external_type=fields.word("external_type", ExternalType.INTERNAL),
        branches=_branches(fields),
    )


def _categorical(fields: Fields) -> Categorical:
    return Categorical(
        [decode_value(value, "a category") for value in fields.items("values")],
        default=fields.optional("default", decode_value),
        external_type=fields.word("external_type", ExternalType.INTERNAL),
        branches=_branches(fields),
    )


_PARAMETER_READERS: Mapping[str, Callable[[Fields], Parameter]] = {
    "DOUBLE": _double,
    "INTEGER": _integer,
    "DISCRETE": _discrete,
    "CATEGORICAL": _categorical,
}


def _branches(fields: Fields) -> list[Branch]:
    return [_branch(branch) for branch in fields.items("branches", [])]


def _branch_to_dict(branch: Branch) -> JsonObject:
    return {
        "parent_values": list(branch.parent_values),
        "parameters": _parameters_to_list(branch.parameters),
    }


def _branch(data: object) -> Branch:
    fields = Fields(data, "a conditional branch")
    values = [decode_value(value, "a parent value") for value in fields.items("parent_values")]
    branch = Branch(tuple(values), _parameters_from_list(fields.items("parameters")))
    fields.finish()
    return branch


def _parameters_to_list(parameters: Mapping[str, Parameter]) -> list[JsonObject]:
    return [
        {"name": name, **parameter_to_dict(parameter)} for name, parameter in parameters.items()
    ]


def _parameters_from_list(items: Sequence[object]) -> dict[str, Parameter]:
    parameters: dict[str, Parameter] = {}
    for item in items:
        data = decode_object(item, "a parameter").copy()
        name = decode_text(data.pop("name", None), "the name of a parameter")
        if name in parameters:
            raise InvalidInputError(f"parameter {name!r} is defined twice")
        parameters[name] = parameter_from_dict(data)
    return parameters
