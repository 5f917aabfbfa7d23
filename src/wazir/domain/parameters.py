"""Parameter types of a search space: DOUBLE, INTEGER, DISCRETE and CATEGORICAL."""

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, TypeAlias, TypeVar

from wazir.domain.conditions import Condition, When
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.numbers import as_category, as_finite, as_number, as_whole

CategoryValue: TypeAlias = str | bool | int | float
ParameterValue: TypeAlias = CategoryValue
ScaleText: TypeAlias = Literal["linear", "log", "reverse_log"]


class Scale(enum.Enum):
    """How distances along a numeric parameter are measured.

    LOG resolves small values finely (learning rates), REVERSE_LOG large ones (momentum near the
    upper bound). Both need a strictly positive range.
    """

    LINEAR = "LINEAR"
    LOG = "LOG"
    REVERSE_LOG = "REVERSE_LOG"

    @classmethod
    def parse(cls, text: "Scale | str") -> "Scale":
        """Return the scale named by `text` in any case.

        Raises:
            InvalidInputError: no such scale.
        """
        if isinstance(text, Scale):
            return text
        name = str(text).upper()
        if name not in cls.__members__:
            known = [member.value.lower() for member in cls]
            raise InvalidInputError(
                f"a scale is {one_of(known)}, got {text!r}", hint=did_you_mean(str(text), known)
            )
        return cls[name]


class ExternalType(enum.Enum):
    """The type in which a client gave a parameter, so that it gets it back so (OSS Vizier)."""

    INTERNAL = "INTERNAL"
    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    FLOAT = "FLOAT"


@dataclass(frozen=True)
class Branch:
    """Children that exist only while their parent has one of `parent_values`."""

    parent_values: tuple[ParameterValue, ...]
    parameters: Mapping[str, "Parameter"]

    def __post_init__(self) -> None:
        if not self.parent_values:
            raise InvalidInputError("a conditional branch needs at least one parent value")
        if not self.parameters:
            raise InvalidInputError("a conditional branch needs at least one child parameter")

    def holds(self, value: ParameterValue) -> bool:
        """Return whether the children are active when the parent has this value."""
        return any(same_value(value, parent_value) for parent_value in self.parent_values)


def same_value(left: ParameterValue, right: ParameterValue) -> bool:
    """Compare two values without taking True for 1."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


@dataclass(frozen=True, init=False)
class Double:
    """A real number in [min_value, max_value].

    Raises:
        InvalidInputError: a bound is not finite, min_value > max_value, a log scale with a bound
            that is not positive, or a default outside the bounds.
    """

    min_value: float
    max_value: float
    scale: Scale
    default: float | None
    external_type: ExternalType
    condition: Condition | None = field(init=False, default=None)

    def __init__(
        self,
        min_value: float,
        max_value: float,
        *,
        scale: Scale | ScaleText = Scale.LINEAR,
        default: float | None = None,
        external_type: ExternalType = ExternalType.INTERNAL,
        when: When | None = None,
    ) -> None:
        _assign(
            self,
            min_value=as_finite(min_value, "min_value"),
            max_value=as_finite(max_value, "max_value"),
            scale=Scale.parse(scale),
            external_type=external_type,
            condition=Condition.of(when),
        )
        _check_bounds(self.min_value, self.max_value, self.scale)
        _assign(self, default=None if default is None else self.check(default))

    @property
    def branches(self) -> tuple[Branch, ...]:
        """A DOUBLE has no children: equality with a real number is no useful condition."""
        return ()

    @property
    def n_values(self) -> int | None:
        """Number of distinct values, None where it has no bound."""
        return 1 if self.min_value == self.max_value else None

    def check(self, value: ParameterValue) -> float:
        """Return `value` as a float inside the bounds, or raise InvalidInputError."""
        number = as_finite(value, "a DOUBLE value")
        if not self.min_value <= number <= self.max_value:
            raise _outside(value, self.min_value, self.max_value)
        return number

    def nearest(self, value: float) -> float:
        """Return the allowed value nearest to `value`."""
        return min(max(float(value), self.min_value), self.max_value)


@dataclass(frozen=True, init=False)
class Integer:
    """A whole number in [min_value, max_value].

    Raises:
        InvalidInputError: as for Double; also for a bound that is not a whole number.
    """

    min_value: int
    max_value: int
    scale: Scale
    default: int | None
    external_type: ExternalType
    branches: tuple[Branch, ...] = field(default=())
    condition: Condition | None = field(init=False, default=None)

    def __init__(
        self,
        min_value: int,
        max_value: int,
        *,
        scale: Scale | ScaleText = Scale.LINEAR,
        default: int | None = None,
        external_type: ExternalType = ExternalType.INTERNAL,
        branches: Sequence[Branch] = (),
        when: When | None = None,
    ) -> None:
        _assign(
            self,
            min_value=as_whole(min_value, "min_value"),
            max_value=as_whole(max_value, "max_value"),
            scale=Scale.parse(scale),
            external_type=external_type,
            branches=tuple(branches),
            condition=Condition.of(when),
        )
        _check_bounds(self.min_value, self.max_value, self.scale)
        _assign(self, default=None if default is None else self.check(default))
        _check_branches(self)

    @property
    def n_values(self) -> int:
        """Number of distinct values."""
        return self.max_value - self.min_value + 1

    def check(self, value: ParameterValue) -> int:
        """Return `value` as an int inside the bounds, or raise InvalidInputError."""
        number = as_whole(value, "an INTEGER value")
        if not self.min_value <= number <= self.max_value:
            raise _outside(value, self.min_value, self.max_value)
        return number

    def nearest(self, value: float) -> int:
        """Return the allowed value nearest to `value`."""
        return round(min(max(value, self.min_value), self.max_value))

    def when(
        self,
        values: ParameterValue | Sequence[ParameterValue],
        children: "Mapping[str, Parameter]",
    ) -> "Integer":
        """Return this parameter with `children` that exist while its value is one of `values`."""
        return _with_branch(self, _branch(values, children))


@dataclass(frozen=True, init=False)
class Discrete:
    """One of a strictly increasing list of numbers; whole numbers become ints, 512 for 512.0.

    Raises:
        InvalidInputError: no values, more than 1000, not increasing, or a default not among them.
    """

    values: tuple[int | float, ...]
    scale: Scale
    default: int | float | None
    external_type: ExternalType
    branches: tuple[Branch, ...] = field(default=())
    condition: Condition | None = field(init=False, default=None)

    def __init__(
        self,
        values: Sequence[int | float],
        *,
        scale: Scale | ScaleText = Scale.LINEAR,
        default: int | float | None = None,
        external_type: ExternalType = ExternalType.INTERNAL,
        branches: Sequence[Branch] = (),
        when: When | None = None,
    ) -> None:
        numbers = tuple(_plain(as_number(value, "a DISCRETE value")) for value in values)
        _assign(
            self,
            values=numbers,
            scale=Scale.parse(scale),
            external_type=external_type,
            branches=tuple(branches),
            condition=Condition.of(when),
        )
        _check_discrete(numbers, self.scale)
        _assign(self, default=None if default is None else self.check(default))
        _check_branches(self)

    @property
    def n_values(self) -> int:
        """Number of distinct values."""
        return len(self.values)

    def check(self, value: ParameterValue) -> int | float:
        """Return the allowed number equal to `value`, or raise InvalidInputError."""
        number = as_number(value, "a DISCRETE value")
        near = self.nearest(number)
        if not math.isclose(near, number, rel_tol=1e-12, abs_tol=1e-300):
            shown = ", ".join(value_text(allowed) for allowed in self.values)
            raise InvalidInputError(f"the value must be one of {shown}, got {value!r}")
        return near

    def nearest(self, value: float) -> int | float:
        """Return the allowed value nearest to `value`."""
        return min(self.values, key=lambda allowed: abs(allowed - value))

    def when(
        self,
        values: ParameterValue | Sequence[ParameterValue],
        children: "Mapping[str, Parameter]",
    ) -> "Discrete":
        """Return this parameter with `children` that exist while its value is one of `values`."""
        return _with_branch(self, _branch(values, children))


@dataclass(frozen=True, init=False)
class Categorical:
    """One of a list of values without order: texts, booleans or numbers.

    Raises:
        InvalidInputError: no values, two values with the same text, or a default not among them.
    """

    values: tuple[CategoryValue, ...]
    default: CategoryValue | None
    external_type: ExternalType
    branches: tuple[Branch, ...] = field(default=())
    condition: Condition | None = field(init=False, default=None)

    def __init__(
        self,
        values: Sequence[CategoryValue],
        *,
        default: CategoryValue | None = None,
        external_type: ExternalType = ExternalType.INTERNAL,
        branches: Sequence[Branch] = (),
        when: When | None = None,
    ) -> None:
        if isinstance(values, str):
            raise InvalidInputError(
                f"the values of a CATEGORICAL must be a list, got the text {values!r}",
                hint=f"write [{values!r}]",
            )
        _assign(
            self,
            values=tuple(as_category(value) for value in values),
            external_type=external_type,
            branches=tuple(branches),
            condition=Condition.of(when),
        )
        _check_categories(self.values)
        _assign(self, default=None if default is None else self.check(default))
        _check_branches(self)

    @property
    def n_values(self) -> int:
        """Number of distinct values."""
        return len(self.values)

    def check(self, value: ParameterValue) -> CategoryValue:
        """Return the allowed value with the text of `value`, or raise InvalidInputError."""
        for allowed in self.values:
            if same_value(allowed, value):
                return allowed
        for allowed in self.values:
            if str(allowed) == str(value):
                return allowed
        shown = [str(allowed) for allowed in self.values]
        raise InvalidInputError(
            f"the value must be {one_of(shown)}, got {value!r}",
            hint=did_you_mean(str(value), shown),
        )

    def when(
        self,
        values: ParameterValue | Sequence[ParameterValue],
        children: "Mapping[str, Parameter]",
    ) -> "Categorical":
        """Return this parameter with `children` that exist while its value is one of `values`."""
        return _with_branch(self, _branch(values, children))


Parameter: TypeAlias = Double | Integer | Discrete | Categorical
NumericParameter: TypeAlias = Double | Integer | Discrete
_Parent = TypeVar("_Parent", Integer, Discrete, Categorical)


def with_condition(parameter: Parameter, condition: Condition | None) -> Parameter:
    """Return a parameter that exists under `condition`, None for always."""
    changed = replace(parameter)
    _assign(changed, condition=condition)
    return changed


def type_name(parameter: Parameter) -> str:
    """Return DOUBLE, INTEGER, DISCRETE or CATEGORICAL."""
    return type(parameter).__name__.upper()


def value_text(value: ParameterValue) -> str:
    """Return a value as people and programs read it: shortest exact number, 512 for 512.0."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _with_branch(parent: _Parent, branch: Branch) -> _Parent:
    grown = replace(parent, branches=(*parent.branches, branch))
    _assign(grown, condition=parent.condition)
    return grown


def _assign(target: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(target, name, value)


def _check_bounds(low: float, high: float, scale: Scale) -> None:
    if low > high:
        raise InvalidInputError(
            f"min_value must not be greater than max_value, got {low!r} and {high!r}",
            hint="swap the two",
        )
    if scale is not Scale.LINEAR and low <= 0:
        raise InvalidInputError(
            f"a {scale.value} scale needs bounds greater than 0, got {low!r} and {high!r}",
            hint="use a small positive lower bound, or the LINEAR scale",
        )


def _plain(number: int | float) -> int | float:
    return int(number) if float(number).is_integer() else number


def _outside(value: object, low: float, high: float) -> InvalidInputError:
    return InvalidInputError(f"the value must lie in [{low!r}, {high!r}], got {value!r}")


MAX_DISCRETE_VALUES = 1000


def _check_discrete(values: tuple[int | float, ...], scale: Scale) -> None:
    if not 1 <= len(values) <= MAX_DISCRETE_VALUES:
        raise InvalidInputError(
            f"a DISCRETE parameter needs 1 to {MAX_DISCRETE_VALUES} values, got {len(values)}"
        )
    for left, right in pairwise(values):
        if left >= right:
            raise InvalidInputError(
                f"the values of a DISCRETE must be strictly increasing, "
                f"got {left!r} before {right!r}",
                hint="sort them and leave out repeats",
            )
    _check_bounds(values[0], values[-1], scale)


def _check_categories(values: tuple[CategoryValue, ...]) -> None:
    if not values:
        raise InvalidInputError("a CATEGORICAL parameter needs at least one value, got none")
    texts = [str(value) for value in values]
    for text in texts:
        if texts.count(text) > 1:
            raise InvalidInputError(f"the values of a CATEGORICAL must differ, got {text!r} twice")


def _branch(
    values: ParameterValue | Sequence[ParameterValue], children: "Mapping[str, Parameter]"
) -> Branch:
    single = isinstance(values, (str, bool, int, float))
    return Branch((values,) if single else tuple(values), dict(children))  # type: ignore[arg-type]


def _check_branches(parent: Integer | Discrete | Categorical) -> None:
    for branch in parent.branches:
        for value in branch.parent_values:
            parent.check(value)
