"""The one expression grammar: filters over trials and constraints over parameters.

    lr < 1e-3 and state == SUCCEEDED        n_layers * width <= 4096
    1 < depth <= 8                          optimizer in (adam, sgd) or not `use-bn`

From loose to tight: `or`, `and`, `not`, comparisons (they chain), `+ -`, `* / %`, signs, `**`.
Values are numbers, texts in quotes, true and false, names, and calls of the functions below. A
name with other characters than letters, digits, `_` and `.` stands in backticks.

A bare word that is no variable is a text where it stands beside ==, != or in, and only there.
A variable without a value, a division by zero and the like have the value None: a comparison with
it is False, arithmetic with it None. A text that reads as a number or a boolean equals that number
or boolean, because argument lists have only texts; values of different kinds are never in order.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeAlias

from wazir.domain.errors import InvalidExpressionError
from wazir.domain.expression_syntax import (
    EQUALITIES,
    OF_SEVERAL,
    Call,
    Chain,
    ExpressionValue,
    Level,
    Literal,
    Membership,
    Name,
    Node,
    Unary,
    children,
    format_node,
    is_identifier,
    names_in,
    parse_node,
    syntax_error,
)
from wazir.domain.hints import did_you_mean

Result: TypeAlias = ExpressionValue | None
Variables: TypeAlias = Mapping[str, ExpressionValue | None]

ARITHMETIC: Mapping[str, Callable[[int | float, int | float], int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": math.pow,
}
_ORDERINGS: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FUNCTIONS_OF_ONE: Mapping[str, Callable[[int | float], int | float]] = {
    "abs": abs,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
}
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_Arguments = ParamSpec("_Arguments")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Expression:
    """An expression that was read; equal if it means the same, however it was spaced.

    `known` holds the names of all variables, None where they are not known: then every name that
    `evaluate` gets no entry for counts as a bare word.
    """

    root: Node
    known: frozenset[str] | None = None
    text: str = field(default="", compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The variables; without `known` also bare words."""
        found = frozenset(name.name for name in names_in(self.root))
        return found if self.known is None else found & self.known

    def over(self, known: Iterable[str]) -> "Expression":
        """Return the expression with these names as its variables.

        Raises:
            InvalidExpressionError: it uses a name that is not known.
        """
        names = frozenset(known)
        words = _bare_words(self.root)
        for name in names_in(self.root):
            if name.name not in names and not any(name is word for word in words):
                hint = _near(self.text, name, names)
                raise syntax_error(self.text, name.position, f"there is no {name.name!r}", hint)
        return replace(self, known=names)

    def evaluate(self, variables: Variables) -> Result:
        """Return the value under `variables`; None where it has none.

        Raises:
            InvalidExpressionError: arithmetic with a text, or a condition that is no boolean.
        """
        known = variables.keys() if self.known is None else self.known
        return _Evaluation(variables, frozenset(known), self.text).value(self.root)

    def holds(self, variables: Variables) -> bool:
        """Return whether the condition is true under `variables`; None counts as False.

        Raises:
            InvalidExpressionError: as `evaluate`; also if the value is no boolean.
        """
        known = variables.keys() if self.known is None else self.known
        return _Evaluation(variables, frozenset(known), self.text).condition(self.root)

    def __str__(self) -> str:
        return format_node(self.root)


def parse_expression(text: str, known: Iterable[str] | None = None) -> Expression:
    """Return the expression that `text` holds.

    With `known`, the names of all variables, a misspelt name is found here.

    Raises:
        InvalidExpressionError: the text is no expression, or uses a name that is not known.
    """
    expression = Expression(parse_node(text), None, text)
    return expression if known is None else expression.over(known)


def _near(text: str, name: Name, known: frozenset[str]) -> str:
    """Return what may have been meant: a name that needs backticks, or one spelt alike."""
    for other in sorted(known, key=len, reverse=True):
        start = text.find(other, max(0, name.position - len(other) + 1))
        if not is_identifier(other) and 0 <= start <= name.position:
            return f"write `{other}` in backticks"
    return did_you_mean(name.name, known) or f"known are {', '.join(sorted(known)[:20])}"


def _bare_words(node: Node) -> list[Name]:
    """Return the names that stand where a bare word may stand: beside ==, != or in."""
    found = [name for child in children(node) for name in _bare_words(child)]
    operands: list[Node] = []
    if isinstance(node, Membership):
        operands = [node.operand, *node.options]
    elif isinstance(node, Chain) and node.level is Level.COMPARE:
        beside = zip(children(node), beside_equalities(node), strict=True)
        operands = [operand for operand, equated in beside if equated]
    return found + [operand for operand in operands if isinstance(operand, Name)]


def beside_equalities(node: Chain) -> list[bool]:
    """Return for each operand of a comparison whether it has only == and != beside it."""
    equal = [sign in EQUALITIES for sign, _ in node.rest]
    return [left and right for left, right in zip([True, *equal], [*equal, True], strict=True)]


@dataclass(frozen=True)
class _Evaluation:
    """One walk over a tree with the values of its variables."""

    variables: Variables
    known: frozenset[str]
    text: str

    def value(self, node: Node) -> Result:
        match node:
            case Literal():
                return node.value
            case Name():
                return _finite(self.variables.get(node.name)) if node.name in self.known else None
            case Unary():
                return self._unary(node)
            case Membership():
                return self._membership(node)
            case Call():
                return self._call(node)
            case Chain():
                return self._chain(node)

    def condition(self, node: Node) -> bool:
        value = as_boolean(self.value(node))
        if value is None or isinstance(value, bool):
            return bool(value)
        shown = format_node(node)
        raise InvalidExpressionError(
            f"a condition is true or false, but {shown} is {value!r}",
            hint=f"compare it, as in {shown} > 0",
        )

    def _unary(self, node: Unary) -> Result:
        if node.sign == "not":
            return not self.condition(node.operand)
        number = as_number(self.value(node.operand))
        if number is None:
            return None
        return -number if node.sign == "-" else number

    def _call(self, node: Call) -> Result:
        numbers = [as_number(self.value(argument)) for argument in node.arguments]
        given = [number for number in numbers if number is not None]
        if len(given) < len(numbers):
            return None
        if node.function in OF_SEVERAL:
            return min(given) if node.function == "min" else max(given)
        return tried(FUNCTIONS_OF_ONE[node.function], given[0])

    def _chain(self, node: Chain) -> Result:
        match node.level:
            case Level.OR:
                return any(self.condition(operand) for operand in children(node))
            case Level.AND:
                return all(self.condition(operand) for operand in children(node))
            case Level.COMPARE:
                return self._comparison(node)
            case _:
                return self._arithmetic(node)

    def _arithmetic(self, node: Chain) -> Result:
        total = as_number(self.value(node.first))
        for sign, operand in node.rest:
            right = as_number(self.value(operand))
            if total is None or right is None:
                return None
            total = tried(ARITHMETIC[sign], total, right)
        return total

    def _comparison(self, node: Chain) -> bool:
        values = [
            self._or_word(operand) if equated else self.value(operand)
            for operand, equated in zip(children(node), beside_equalities(node), strict=True)
        ]
        signs = [sign for sign, _ in node.rest]
        return all(map(compared, signs, values, values[1:]))

    def _membership(self, node: Membership) -> bool:
        value = self._or_word(node.operand)
        if value is None:
            return False
        options = [self._or_word(option) for option in node.options]
        return any(compared("==", value, option) for option in options) is not node.negated

    def _or_word(self, node: Node) -> Result:
        if isinstance(node, Name) and node.name not in self.known:
            return node.name
        return self.value(node)


def compared(sign: str, left: Result, right: Result) -> bool:
    """Return whether a comparison of two values holds."""
    if left is None or right is None:
        return False
    left, right = _alike(left, right)
    if sign in EQUALITIES:
        return (left == right) is (sign == "==")
    if isinstance(left, str) and isinstance(right, str):
        return _ORDERINGS[sign]((left > right) - (left < right), 0)
    if isinstance(left, str) or isinstance(right, str):
        return False
    return _ORDERINGS[sign]((left > right) - (left < right), 0)


def _alike(
    left: ExpressionValue, right: ExpressionValue
) -> tuple[ExpressionValue, ExpressionValue]:
    """Return two values, a text read as what the other one is, where it can be."""
    if isinstance(left, str) and not isinstance(right, str):
        return _read_like(left, right), right
    if isinstance(right, str) and not isinstance(left, str):
        return left, _read_like(right, left)
    return left, right


def _read_like(text: str, other: ExpressionValue) -> ExpressionValue:
    if isinstance(other, bool):
        return _BOOLEANS.get(text.lower(), text)
    return float(text) if _NUMBER.fullmatch(text) else text


def as_boolean(value: Result) -> Result:
    """Return a value as a condition reads it: a text such as "True" is a boolean."""
    return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value


def as_number(value: Result) -> int | float | None:
    """Return a value as arithmetic reads it, None where it is no number."""
    if isinstance(value, str):
        return tried(float, value) if _NUMBER.fullmatch(value) else None
    return int(value) if isinstance(value, bool) else value


def _finite(value: Result) -> Result:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tried(
    function: Callable[_Arguments, int | float],
    *arguments: _Arguments.args,
    **options: _Arguments.kwargs,
) -> int | float | None:
    """Return a result, None where there is none or it is not finite."""
    try:
        number = function(*arguments, **options)
    except (ArithmeticError, ValueError):
        return None
    return None if isinstance(number, float) and not math.isfinite(number) else number
