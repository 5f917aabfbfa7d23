"""Conditions evaluated for many points at once, with the very results of `Expression.holds`.

Numbers are computed as 64-bit floats. Where Python would compute with whole numbers that these
cannot hold, the row is marked as inexact and left to `Expression.holds`.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.domain.expression_syntax import (
    OF_SEVERAL,
    Call,
    Chain,
    Level,
    Literal,
    Membership,
    Name,
    Node,
    Unary,
    children,
)
from wazir.domain.expressions import (
    ARITHMETIC,
    FUNCTIONS_OF_ONE,
    Expression,
    Result,
    as_boolean,
    as_number,
    beside_equalities,
    compared,
    tried,
)

Mask: TypeAlias = NDArray[np.bool_]

# All whole numbers below are floats too.
MAX_EXACT = 2.0**53


@dataclass(frozen=True)
class Numbers:
    """Numbers (n,), NaN where there is none; `is_truth`: they are 0 and 1 for false and true."""

    values: Array
    is_truth: bool = False


@dataclass(frozen=True)
class Levels:
    """Any values, None where there is none: row i has `levels[codes[i]]`; codes (n,)."""

    codes: NDArray[np.intp]
    levels: tuple[Result, ...]


Column: TypeAlias = Numbers | Levels


def holds_for(expression: Expression, columns: Mapping[str, Column], n: int) -> tuple[Mask, Mask]:
    """Return for n rows whether a condition holds, and which rows are exact.

    `columns` has one entry per name of `expression.known`.
    """
    evaluation = Evaluation.of(columns, n)
    return evaluation.condition(expression.root), evaluation.exact


@dataclass(frozen=True)
class Evaluation:
    """Walks over trees with the columns of their variables; `exact` (n,) is written to.

    If it `is_rough` the last bits of powers, logarithms and exponentials may differ.
    """

    columns: Mapping[str, Column]
    exact: Mask = field(repr=False)
    is_rough: bool = False

    @classmethod
    def of(cls, columns: Mapping[str, Column], n: int, *, is_rough: bool = False) -> "Evaluation":
        """Return an evaluation over n rows."""
        return cls(columns, np.ones(n, dtype=np.bool_), is_rough)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.exact)

    def condition(self, node: Node) -> Mask:
        """Return where a condition is true, shape (n,)."""
        column = self.column(node)
        if isinstance(column, Numbers):
            truth: Mask = column.values == 1.0
            return truth
        return _looked_up(column, [as_boolean(level) is True for level in column.levels])

    def column(self, node: Node) -> Column:
        """Return the values of a node."""
        match node:
            case Literal():
                return self._constant(node.value)
            case Name():
                return self._variable(node.name)
            case Unary() if node.sign == "not":
                return _truth(~self.condition(node.operand))
            case Unary():
                sign = -1.0 if node.sign == "-" else 1.0
                return Numbers(sign * self._numbers(node.operand))
            case Membership():
                return _truth(self._membership(node))
            case Call():
                return self._call(node)
            case Chain():
                return self._chain(node)

    def _variable(self, name: str) -> Column:
        column = self.columns.get(name, self._constant(None))
        if isinstance(column, Numbers):
            self._checked(column.values)
        return column

    def _constant(self, value: Result) -> Column:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Numbers(self._checked(np.full(self.n, _as_float(value))))
        return Levels(np.zeros(self.n, dtype=np.intp), (value,))

    def _numbers(self, node: Node) -> Array:
        return self._as_numbers(self.column(node))

    def _as_numbers(self, column: Column) -> Array:
        if isinstance(column, Numbers):
            return self._checked(column.values)
        numbers = [as_number(level) for level in column.levels]
        table = np.array([np.nan if number is None else _as_float(number) for number in numbers])
        return self._checked(table[column.codes])

    def _checked(self, values: Array) -> Array:
        """Return numbers, after marking the rows of those that are too large to be exact."""
        self.exact[np.abs(values) >= MAX_EXACT] = False
        return values

    def _call(self, node: Call) -> Numbers:
        arguments = [self._numbers(argument) for argument in node.arguments]
        if node.function in OF_SEVERAL:
            either = np.minimum if node.function == "min" else np.maximum
            return Numbers(reduce(either, arguments))
        return Numbers(self._each(node.function, *arguments))

    def _each(self, function: str, *arguments: Array) -> Array:
        if self.is_rough:
            with np.errstate(all="ignore"):
                found: Array = _ROUGH[function](*arguments)
            return np.where(np.isfinite(found), found, np.nan)
        # One by one: the functions of numpy may differ in the last bit from those of Python.
        exact = ARITHMETIC["**"] if function == "**" else FUNCTIONS_OF_ONE[function]
        rows = zip(*(argument.tolist() for argument in arguments), strict=True)
        results = [None if any(map(math.isnan, row)) else tried(exact, *row) for row in rows]
        numbers = [np.nan if result is None else _as_float(result) for result in results]
        return self._checked(np.array(numbers, dtype=np.float64))

    def _chain(self, node: Chain) -> Column:
        match node.level:
            case Level.OR:
                return _truth(reduce(operator.or_, map(self.condition, children(node))))
            case Level.AND:
                return _truth(reduce(operator.and_, map(self.condition, children(node))))
            case Level.COMPARE:
                return _truth(self._comparison(node))
            case _:
                return Numbers(self._arithmetic(node))

    def _arithmetic(self, node: Chain) -> Array:
        total = self._numbers(node.first)
        for sign, operand in node.rest:
            right = self._numbers(operand)
            if sign == "**":
                total = self._each(sign, total, right)
                continue
            if sign in "/%":
                right = np.where(right == 0.0, np.nan, right)
            with np.errstate(over="ignore", invalid="ignore"):
                total = self._checked(_OPERATIONS[sign](total, right))
        return total

    def _comparison(self, node: Chain) -> Mask:
        columns = self.operands(node)
        signs = [sign for sign, _ in node.rest]
        found: Mask = reduce(operator.and_, map(self.compared, signs, columns, columns[1:]))
        return found

    def compared(self, sign: str, left: Column, right: Column) -> Mask:
        """Return where a comparison of two columns holds."""
        if (
            isinstance(left, Levels)
            and isinstance(right, Levels)
            and len(left.levels) * len(right.levels) <= self.n
        ):
            table = [[compared(sign, a, b) for b in right.levels] for a in left.levels]
            looked_up: Mask = np.array(table, dtype=np.bool_)[left.codes, right.codes]
            return looked_up
        if isinstance(left, Numbers) and isinstance(right, Numbers):
            known: Mask = ~(np.isnan(left.values) | np.isnan(right.values))
            known &= _COMPARISONS[sign](left.values, right.values)
            return known
        pairs = zip(python_values(left), python_values(right), strict=True)
        return np.array([compared(sign, a, b) for a, b in pairs], dtype=np.bool_)

    def _membership(self, node: Membership) -> Mask:
        value = self._or_word(node.operand)
        found = [self.compared("==", value, self._or_word(option)) for option in node.options]
        among: Mask = reduce(operator.or_, found)
        if node.negated:
            among = ~among & ~_is_missing(value)
        return among

    def operands(self, node: Chain) -> list[Column]:
        """Return the values of what a comparison compares."""
        return [
            self._or_word(operand) if equated else self.column(operand)
            for operand, equated in zip(children(node), beside_equalities(node), strict=True)
        ]

    def _or_word(self, node: Node) -> Column:
        if isinstance(node, Name) and node.name not in self.columns:
            return self._constant(node.name)
        return self.column(node)


_OPERATIONS: Mapping[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.mod,
}
_ROUGH: Mapping[str, Callable[..., Array]] = {
    "**": np.power,
    "abs": np.abs,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "ceil": np.ceil,
}
_COMPARISONS: Mapping[str, Callable[[Array, Array], Mask]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _as_float(number: int | float) -> float:
    try:
        return float(number)
    except OverflowError:
        # Not exact, which the caller finds by its size.
        return math.inf


def _truth(mask: Mask) -> Numbers:
    return Numbers(mask.astype(np.float64), is_truth=True)


def _looked_up(column: Levels, table: Sequence[bool]) -> Mask:
    found: Mask = np.array(table, dtype=np.bool_)[column.codes]
    return found


def _is_missing(column: Column) -> Mask:
    if isinstance(column, Numbers):
        return np.isnan(column.values)
    return _looked_up(column, [level is None for level in column.levels])


def column_of(values: Sequence[Result]) -> Column:
    """Return values of any kind as a column."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return Numbers(np.array([_as_float(value) for value in values]))  # type: ignore[arg-type]
    return Levels(np.arange(len(values)), tuple(values))


def python_values(column: Column) -> list[Result]:
    """Return the values of the rows as Python's own."""
    if isinstance(column, Levels):
        return [column.levels[code] for code in column.codes.tolist()]
    numbers: list[float] = column.values.tolist()
    if column.is_truth:
        return [number == 1.0 for number in numbers]
    return [None if math.isnan(number) else number for number in numbers]
