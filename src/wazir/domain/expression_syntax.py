"""The syntax of expressions: nodes, the parser, and the way back to text."""

import enum
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wazir.domain.errors import InvalidExpressionError
from wazir.domain.hints import did_you_mean

ExpressionValue: TypeAlias = bool | int | float | str

MAX_LENGTH = 2000
MAX_DEPTH = 100

FUNCTIONS = ("min", "max", "abs", "log", "log2", "log10", "exp", "sqrt", "floor", "ceil")
OF_SEVERAL = ("min", "max")
EQUALITIES = ("==", "!=")
ORDERINGS = ("<", "<=", ">", ">=")


class Level(enum.IntEnum):
    """How tight operators bind."""

    OR = 0
    AND = 1
    NOT = 2
    COMPARE = 3
    SUM = 4
    PRODUCT = 5
    SIGN = 6
    POWER = 7
    ATOM = 8


_LEVELS: Mapping[str, Level] = {
    "or": Level.OR,
    "and": Level.AND,
    **dict.fromkeys((*EQUALITIES, *ORDERINGS, "in", "not in"), Level.COMPARE),
    **dict.fromkeys("+-", Level.SUM),
    **dict.fromkeys("*/%", Level.PRODUCT),
    "**": Level.POWER,
}
_KEYWORDS = ("and", "or", "not", "in", "true", "false")
# What other languages write.
_FOREIGN = {"=": "==", "&&": "and", "||": "or", "!": "not", "&": "and", "|": "or", "^": "**"}

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |`(?P<quoted>[^`]+)`
    |(?P<word>{_IDENTIFIER})
    |(?P<sign>\*\*|==|!=|<=|>=|&&|\|\||[-+*/%<>(),=!&|^])
    |(?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Literal:
    """A number, a text, true or false."""

    value: ExpressionValue


@dataclass(frozen=True)
class Name:
    """A variable, or a bare word."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Unary:
    """`not`, `-` or `+` before an operand."""

    sign: str
    operand: "Node"
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Chain:
    """Operators of one level between operands: `a + b - c`, `a < b < c`, `a and b`."""

    first: "Node"
    rest: "tuple[tuple[str, Node], ...]"
    position: int = field(default=0, compare=False)

    @property
    def level(self) -> Level:
        """How tight the operators bind."""
        return _LEVELS[self.rest[0][0]]


@dataclass(frozen=True)
class Membership:
    """`operand in (a, b)`, or `not in`."""

    operand: "Node"
    options: "tuple[Node, ...]"
    negated: bool = False


@dataclass(frozen=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: "tuple[Node, ...]"
    position: int = field(default=0, compare=False)


Node: TypeAlias = Literal | Name | Unary | Chain | Membership | Call


def format_node(node: Node) -> str:
    """Return an expression as text; `parse_expression` reads it back."""
    match node:
        case Literal():
            return _format_literal(node.value)
        case Name():
            return node.name if is_identifier(node.name) else f"`{node.name}`"
        case Call():
            return f"{node.function}({', '.join(map(format_node, node.arguments))})"
        case Membership():
            word = "not in" if node.negated else "in"
            options = ", ".join(map(format_node, node.options))
            return f"{_inner(node.operand, Level.COMPARE)} {word} ({options})"
        case Unary():
            if node.sign == "not":
                return f"not {_inner(node.operand, Level.AND)}"
            return f"{node.sign}{_inner(node.operand, Level.PRODUCT)}"
        case Chain():
            # The right side of ** may hold a sign or another power, which bind to the right.
            right = Level.PRODUCT if node.level == Level.POWER else node.level
            rest = (f" {sign} {_inner(operand, right)}" for sign, operand in node.rest)
            return _inner(node.first, node.level) + "".join(rest)


def _inner(node: Node, level: int) -> str:
    text = format_node(node)
    return text if _level(node) > level else f"({text})"


def _level(node: Node) -> int:
    match node:
        case Chain():
            return node.level
        case Membership():
            return Level.COMPARE
        case Unary():
            return Level.NOT if node.sign == "not" else Level.SIGN
        case _:
            return Level.ATOM


def _format_literal(value: ExpressionValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def parse_node(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        InvalidExpressionError: a syntax error, with its place.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidExpressionError(
            f"an expression has at most {MAX_LENGTH} characters, got {len(text)}"
        )
    return _Parser(text).parse()


def names_in(node: Node) -> Iterator[Name]:
    """Yield the names of an expression, from left to right."""
    if isinstance(node, Name):
        yield node
    for child in children(node):
        yield from names_in(child)


def children(node: Node) -> "tuple[Node, ...]":
    """Return the operands of a node, from left to right."""
    match node:
        case Unary():
            return (node.operand,)
        case Chain():
            return (node.first, *(operand for _, operand in node.rest))
        case Membership():
            return (node.operand, *node.options)
        case Call():
            return node.arguments
        case _:
            return ()


def syntax_error(text: str, position: int, message: str, hint: str = "") -> InvalidExpressionError:
    """Return an error that shows the place in the text."""
    shown = "".join(" " if character.isspace() else character for character in text)
    start = max(0, position - 60)
    window = shown[start : start + 90]
    caret = " " * (position - start) + "^"
    place = f"  {window}\n  {caret}"
    return InvalidExpressionError(f"{message}\n{place}", hint=hint)


def is_identifier(name: str) -> bool:
    """Return whether a name needs no backticks."""
    return re.fullmatch(_IDENTIFIER, name) is not None and name not in _KEYWORDS


class _Parser:
    """A precedence climber: `_expression(level)` reads operators that bind at least so tight."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kind = ""
        self.token = ""
        self.position = 0
        self._end = 0
        self._depth = 0
        self._advance()

    def parse(self) -> Node:
        if self.kind == "end":
            raise self._failure("the expression is empty", "write for example lr < 1e-3")
        root = self._expression(Level.OR)
        if self.kind != "end":
            known = [word for word in _LEVELS if word.isalpha()]
            hint = did_you_mean(self.token, known) if self.kind == "word" else ""
            raise self._failure(f"expected an operator, got {self.token!r}", hint)
        return root

    def _advance(self) -> None:
        match = _TOKEN.match(self.text, self._end)
        if match is None or match.lastgroup is None:
            start = self._end + len(self.text[self._end :]) - len(self.text[self._end :].lstrip())
            self.position = start
            shown = self.text[start : start + 10].split()[0]
            raise self._failure(f"cannot read {shown!r}", _unreadable_hint(shown))
        self.kind = match.lastgroup
        self.token = match[self.kind]
        self.position = match.start(self.kind)
        self._end = match.end()
        if self.kind == "sign" and self.token in _FOREIGN:
            right = _FOREIGN[self.token]
            raise self._failure(f"there is no operator {self.token!r}", f"write {right}")

    def _take(self) -> str:
        token = self.token
        self._advance()
        return token

    def _is(self, *tokens: str) -> bool:
        return self.kind in ("sign", "word") and self.token in tokens

    def _expect(self, token: str) -> None:
        if not self._is(token):
            got = repr(self.token) if self.kind != "end" else "the end"
            raise self._failure(f"expected {token!r}, got {got}")
        self._advance()

    def _failure(self, message: str, hint: str = "") -> InvalidExpressionError:
        return syntax_error(self.text, self.position, message, hint)

    def _level(self) -> int:
        """Return the level of the operator that comes next, -1 if none does."""
        if self._is("not"):
            return Level.COMPARE
        return _LEVELS.get(self.token, -1) if self.kind in ("sign", "word") else -1

    def _expression(self, level: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._failure(f"an expression is nested at most {MAX_DEPTH} deep")
        node = self._operand(level)
        while (found := self._level()) >= level and found >= 0:
            node = self._chain(node, found)
        self._depth -= 1
        return node

    def _chain(self, first: Node, level: int) -> Node:
        position = self.position
        rest: list[tuple[str, Node]] = []
        while self._level() == level:
            if self._is("in", "not"):
                return self._membership(first, rest)
            sign = self._take()
            rest.append(
                (sign, self._expression(Level.SIGN if level == Level.POWER else level + 1))
            )
        return Chain(first, tuple(rest), position)

    def _membership(self, operand: Node, rest: list[tuple[str, Node]]) -> Node:
        if rest:
            raise self._failure("in cannot follow another comparison", "put parentheses around it")
        negated = self._is("not")
        if negated:
            self._advance()
        self._expect("in")
        self._expect("(")
        options = self._arguments()
        if self._level() == Level.COMPARE:
            raise self._failure("a comparison cannot follow in", "put parentheses around it")
        return Membership(operand, options, negated)

    def _arguments(self) -> tuple[Node, ...]:
        found = [self._expression(Level.OR)]
        while self._is(","):
            self._advance()
            found.append(self._expression(Level.OR))
        self._expect(")")
        return tuple(found)

    def _operand(self, level: int) -> Node:
        position, kind = self.position, self.kind
        if self._is("not") and level <= Level.NOT:
            self._advance()
            return Unary("not", self._expression(Level.NOT), position)
        if self._is("-", "+"):
            sign = self._take()
            return Unary(sign, self._expression(Level.SIGN), position)
        if self._is("("):
            self._advance()
            node = self._expression(Level.OR)
            self._expect(")")
            return node
        if kind == "number":
            return Literal(self._number())
        if kind == "text":
            return Literal(re.sub(r"\\(.)", r"\1", self._take()[1:-1], flags=re.DOTALL))
        if kind == "quoted":
            return Name(self._take(), position)
        return self._word(position)

    def _number(self) -> int | float:
        value = int(self.token) if self.token.isdigit() else float(self.token)
        if not isinstance(value, int) and math.isinf(value):
            raise self._failure("the number is too large")
        self._advance()
        return value

    def _word(self, position: int) -> Node:
        if self.kind != "word" or (
            self.token in _KEYWORDS and self.token not in ("true", "false")
        ):
            got = repr(self.token) if self.kind != "end" else "the end"
            raise self._failure(f"expected a value, got {got}")
        word = self._take()
        if word in ("true", "false"):
            return Literal(word == "true")
        if not self._is("("):
            return Name(word, position)
        if word not in FUNCTIONS:
            hint = did_you_mean(word, FUNCTIONS) or f"known are {', '.join(FUNCTIONS)}"
            raise syntax_error(self.text, position, f"there is no function {word!r}", hint)
        self._advance()
        arguments = self._arguments()
        if len(arguments) > 1 and word not in OF_SEVERAL:
            raise syntax_error(
                self.text, position, f"{word} takes one value, got {len(arguments)}"
            )
        return Call(word, arguments, position)


def _unreadable_hint(shown: str) -> str:
    if shown[0] in "\"'`":
        return f"the text that begins with {shown[0]} has no end"
    if shown[0].isdigit():
        return "write a name that begins with a digit in backticks"
    return ""
