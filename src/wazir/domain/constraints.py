"""Input constraints: conditions on the parameters that every point of a study fulfils."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wazir.domain.errors import InvalidExpressionError, InvalidInputError
from wazir.domain.expression_syntax import (
    EQUALITIES,
    Call,
    Chain,
    Level,
    Literal,
    Membership,
    Name,
    Node,
    Unary,
    children,
    format_node,
)
from wazir.domain.expressions import Expression, parse_expression
from wazir.domain.hints import did_you_mean
from wazir.domain.parameters import Categorical, Parameter, ParameterValue, value_text
from wazir.domain.space import SearchSpace

_BOOLEAN_TEXTS = ("true", "false")


@dataclass(frozen=True)
class Constraint:
    """A condition such as "n_layers * width <= 4096", in the grammar of `domain.expressions`.

    Two are equal if they say the same, however they were spaced. A constraint does not apply to
    a point in which one of its parameters does not exist.

    Raises:
        InvalidExpressionError: the text is no expression.
    """

    text: str = field(compare=False)
    expression: Expression = field(init=False, repr=False, compare=False)
    root: Node = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidInputError(
                f"a constraint is a text such as 'a < b', got {self.text!r}",
                hint="write the expression in quotes",
            )
        object.__setattr__(self, "text", self.text.strip())
        self._read(parse_expression(self.text))

    @property
    def names(self) -> frozenset[str]:
        """The parameters; bare words too where no space is known yet."""
        return self.expression.names

    def over(self, space: SearchSpace) -> "Constraint":
        """Return the constraint with the parameters of `space` as its variables.

        Raises:
            InvalidExpressionError: a name or value that is not there, no parameter at all, or
                something that is neither true nor false.
        """
        bound = Constraint(self.text)
        named: dict[str, list[Parameter]] = {}
        for name, parameter in space.walk():
            named.setdefault(name, []).append(parameter)
        try:
            bound._read(self.expression.over(named))
            _Checker(named).check(bound.expression)
        except InvalidExpressionError as error:
            raise InvalidExpressionError(
                f"the constraint {self.text!r} cannot be used: {error.message}", hint=error.hint
            ) from None
        return bound

    def holds(self, point: Mapping[str, ParameterValue]) -> bool:
        """Return whether a point fulfils the constraint, or has not all of its parameters."""
        return not self.names <= point.keys() or self.expression.holds(point)

    def describe_failure(self, point: Mapping[str, ParameterValue]) -> str:
        """Return in one line that the constraint does not hold, and for which values."""
        given = [f"{name} is {value_text(point[name])}" for name in point if name in self.names]
        return f"the constraint {self.text!r} does not hold: {', '.join(given)}"

    def __str__(self) -> str:
        return self.text

    def _read(self, expression: Expression) -> None:
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "root", expression.root)


def constraint_differences(old: Iterable[Constraint], new: Iterable[Constraint]) -> list[str]:
    """Return one line per constraint that only one of two studies has, for a message."""
    before, after = list(old), list(new)
    gone = [f"constraint {one.text!r} is not there any more" for one in before if one not in after]
    return gone + [f"constraint {one.text!r} is new" for one in after if one not in before]


@dataclass(frozen=True)
class _Checker:
    """Finds what an expression over parameters cannot mean, before any point is tried.

    `named` has all parameters of a name: branches that exclude each other may share one.
    """

    named: Mapping[str, list[Parameter]]

    def check(self, expression: Expression) -> None:
        """Raise InvalidExpressionError where the expression makes no sense over the parameters."""
        if not expression.names:
            raise InvalidExpressionError(
                "it names no parameter", hint=f"known are {', '.join(sorted(self.named)[:20])}"
            )
        self._check_condition(expression.root)
        self._check_below(expression.root)

    def _check_below(self, node: Node) -> None:
        if isinstance(node, Unary) and node.sign == "not":
            self._check_condition(node.operand)
        elif isinstance(node, Chain) and node.level in (Level.AND, Level.OR):
            for operand in children(node):
                self._check_condition(operand)
        for group in _equated(node):
            self._check_words(group)
        for child in children(node):
            self._check_below(child)

    def _check_condition(self, node: Node) -> None:
        """Raise unless a node is true or false, whatever the point."""
        if not self._is_condition(node):
            shown = format_node(node)
            raise InvalidExpressionError(
                f"a condition is true or false, and {shown} is not",
                hint=f"compare it, as in {shown} > 0",
            )

    def _is_condition(self, node: Node) -> bool:
        match node:
            case Literal():
                return isinstance(node.value, bool)
            case Name():
                return all(map(_is_boolean, self.named.get(node.name, [])))
            case Unary():
                return node.sign == "not"
            case Membership():
                return True
            case Call():
                return False
            case Chain():
                return node.level <= Level.COMPARE

    def _check_words(self, operands: tuple[Node, ...]) -> None:
        """Raise if a text stands beside parameters none of which can have it as a value."""
        names = [node.name for node in operands if isinstance(node, Name)]
        parameters = [parameter for name in names for parameter in self.named.get(name, [])]
        if not parameters or not all(isinstance(one, Categorical) for one in parameters):
            return
        values = [str(v) for one in parameters if isinstance(one, Categorical) for v in one.values]
        known = {value.lower() for value in values}
        for node in operands:
            word = self._text(node)
            if word is not None and word not in values and word.lower() not in known:
                raise InvalidExpressionError(
                    f"{word!r} is no value of {' or '.join(sorted(set(names) & set(self.named)))}",
                    hint=did_you_mean(word, [*values, *self.named])
                    or f"values are {', '.join(values[:20])}",
                )

    def _text(self, node: Node) -> str | None:
        if isinstance(node, Literal):
            return node.value if isinstance(node.value, str) else None
        return node.name if isinstance(node, Name) and node.name not in self.named else None


def _equated(node: Node) -> Iterator[tuple[Node, ...]]:
    """Yield the operands of a node that are compared for equality with each other."""
    if isinstance(node, Membership):
        yield (node.operand, *node.options)
    elif isinstance(node, Chain) and node.level is Level.COMPARE:
        operands = children(node)
        for (sign, right), left in zip(node.rest, operands, strict=False):
            if sign in EQUALITIES:
                yield (left, right)


def _is_boolean(parameter: Parameter) -> bool:
    return isinstance(parameter, Categorical) and all(
        isinstance(value, bool) or str(value).lower() in _BOOLEAN_TEXTS
        for value in parameter.values
    )
