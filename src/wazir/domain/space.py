"""The search space: named parameters, some of which exist only under a value of their parent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.middles import default_or_middle
from wazir.domain.nesting import nested
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
    Scale,
    type_name,
    value_text,
)

Assignment = dict[str, ParameterValue]
_MAX_VALUES_SHOWN = 6


@dataclass(frozen=True)
class SearchSpace:
    """A mapping from parameter names to parameters.

    A parameter with a condition (`when`) becomes a child of its parent. The order of the mapping is kept. Names must differ among parameters that can be active at the
    same time; two branches that exclude each other may use a name twice.

    Raises:
        InvalidInputError: no parameters, an empty name, or a name used twice.
    """

    parameters: Mapping[str, Parameter]

    def __post_init__(self) -> None:
        if not self.parameters:
            raise InvalidInputError("a search space needs at least one parameter, got none")
        object.__setattr__(self, "parameters", nested(self.parameters))
        _check_names(self.parameters, set())

    def active(self, values: Mapping[str, ParameterValue]) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters that exist under `values`, parents before their children.

        Raises:
            InvalidInputError: the value of an active parent is missing.
        """
        yield from _active(self.parameters, values)

    def check(self, values: Mapping[str, ParameterValue]) -> Assignment:
        """Return `values` in canonical types and in the order of the space.

        Raises:
            InvalidInputError: a value is missing, unknown or not allowed.
        """
        checked: Assignment = {}
        for name, parameter in self.active(values):
            try:
                checked[name] = parameter.check(values[name])
            except KeyError:
                raise _missing(name) from None
            except InvalidInputError as error:
                raise InvalidInputError(
                    f"parameter {name!r}: {error.message}", hint=error.hint
                ) from None
        for name in values:
            if name not in checked:
                raise _unknown(name, [name for name, _ in self.walk()])
        return checked

    def complete(self, values: Mapping[str, ParameterValue]) -> Assignment:
        """Return `values` with a default or middle value for each active parameter left out."""
        filled = dict(values)
        _fill(self.parameters, filled)
        return self.check(filled)

    def walk(self) -> Iterator[tuple[str, Parameter]]:
        """Yield all parameters, those of branches included, parents before their children."""
        yield from _walk(self.parameters)

    @property
    def n_points(self) -> int | None:
        """Number of distinct points, None where a DOUBLE makes it unbounded."""
        return _n_points(self.parameters)

    def differences(self, other: "SearchSpace") -> list[str]:
        """Return one line per parameter that differs, for a message to the user."""
        mine, theirs = dict(describe_space(self)), dict(describe_space(other))
        lines = []
        for name in {**mine, **theirs}:
            if name not in theirs:
                lines.append(f"{name}: {mine[name]} is not there any more")
            elif name not in mine:
                lines.append(f"{name}: {theirs[name]} is new")
            elif mine[name] != theirs[name]:
                lines.append(f"{name}: was {mine[name]}, is {theirs[name]}")
        if not lines and self.parameters != other.parameters:
            lines.append(
                "the values on which parameters depend, or the types clients gave, differ"
            )
        return lines


def describe(parameter: Parameter) -> str:
    """Return a parameter in one line, such as "DOUBLE 0.001 to 0.1, LOG"."""
    if isinstance(parameter, Double | Integer):
        body = f"{value_text(parameter.min_value)} to {value_text(parameter.max_value)}"
    else:
        body = ", ".join(value_text(value) for value in parameter.values)
    scale = Scale.LINEAR if isinstance(parameter, Categorical) else parameter.scale
    suffix = "" if scale is Scale.LINEAR else f", {scale.value}"
    default = "" if parameter.default is None else f", default {value_text(parameter.default)}"
    return f"{type_name(parameter)} {body}{suffix}{default}"


def describe_space(space: SearchSpace) -> list[tuple[str, str]]:
    """Return names and one-line texts of all parameters; a child says when it exists."""
    return list(_described(space.parameters, ""))


def _described(parameters: Mapping[str, Parameter], when: str) -> Iterator[tuple[str, str]]:
    for name, parameter in parameters.items():
        yield name, describe(parameter) + when
        for branch in parameter.branches:
            values = _values_text(branch.parent_values)
            yield from _described(branch.parameters, f", when {name} is {values}")


def _values_text(values: Sequence[ParameterValue]) -> str:
    """Return "2, 3 or 4"; of many values the first and the last."""
    texts = [value_text(value) for value in values]
    if len(texts) > _MAX_VALUES_SHOWN:
        return f"{texts[0]}, ..., {texts[-1]}"
    return " or ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _active(
    parameters: Mapping[str, Parameter], values: Mapping[str, ParameterValue]
) -> Iterator[tuple[str, Parameter]]:
    for name, parameter in parameters.items():
        yield name, parameter
        if not parameter.branches:
            continue
        if name not in values:
            raise _missing(name)
        for branch in parameter.branches:
            if branch.holds(parameter.check(values[name])):
                yield from _active(branch.parameters, values)


def _walk(parameters: Mapping[str, Parameter]) -> Iterator[tuple[str, Parameter]]:
    for name, parameter in parameters.items():
        yield name, parameter
        for branch in parameter.branches:
            yield from _walk(branch.parameters)


def _fill(parameters: Mapping[str, Parameter], values: Assignment) -> None:
    for name, parameter in parameters.items():
        values.setdefault(name, default_or_middle(parameter))
        for branch in parameter.branches:
            if branch.holds(parameter.check(values[name])):
                _fill(branch.parameters, values)


def _n_points(parameters: Mapping[str, Parameter]) -> int | None:
    total = 1
    for parameter in parameters.values():
        if isinstance(parameter, Double) or not parameter.branches:
            points = parameter.n_values
        else:
            points = _n_points_under(parameter)
        if points is None:
            return None
        total *= points
    return total


def _n_points_under(parent: Integer | Discrete | Categorical) -> int | None:
    total = 0
    for value in _values(parent):
        points = 1
        for branch in parent.branches:
            if branch.holds(value):
                below = _n_points(branch.parameters)
                if below is None:
                    return None
                points *= below
        total += points
    return total


def _values(parent: Integer | Discrete | Categorical) -> Iterable[ParameterValue]:
    if isinstance(parent, Integer):
        return range(parent.min_value, parent.max_value + 1)
    return parent.values


def _check_names(parameters: Mapping[str, Parameter], used: set[str]) -> set[str]:
    """Return all names at and below `parameters`; raise if two could be active together."""
    names: set[str] = set()
    for name in parameters:
        if not name.strip():
            raise InvalidInputError(f"a parameter needs a name, got {name!r}")
        if name in used or name in names:
            raise InvalidInputError(f"parameter {name!r} is defined twice")
        names.add(name)
    for parameter in parameters.values():
        below: set[str] = set()
        for index, branch in enumerate(parameter.branches):
            found = _check_names(branch.parameters, used | names)
            clash = [other for other in parameter.branches[:index] if _overlap(other, branch)]
            for other in clash:
                shared = found & {name for name, _ in _walk(other.parameters)}
                if shared:
                    raise InvalidInputError(f"parameter {min(shared)!r} is defined twice")
            below |= found
        names |= below
    return names


def _overlap(left: Branch, right: Branch) -> bool:
    return any(right.holds(value) for value in left.parent_values)


def _missing(name: str) -> InvalidInputError:
    return InvalidInputError(f"parameter {name!r} has no value", hint=f"give a value for {name!r}")


def _unknown(name: str, known: list[str]) -> InvalidInputError:
    return InvalidInputError(
        f"there is no parameter {name!r} in this place of the search space",
        hint=did_you_mean(name, known),
    )
