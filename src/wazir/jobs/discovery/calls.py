"""Reading the calls that define options: their names, types, defaults and choices."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from wazir.jobs.discovery.literals import (
    Scope,
    UnresolvedError,
    as_default,
    as_scalars,
    dotted_name,
    evaluate,
)
from wazir.jobs.discovery.options import Default, Kind, Scalar

BOOL_TYPE = "its type is bool, which takes every text but the empty one for true"
PATH_TYPE = "it is a path"
SHORT_ONLY = "it has no long name; write -{0} {{{0}}} into the command to tune it"
REPEATED = "it is given several values by repeating it"

_INT = re.compile(r"(^|_)u?(int(\d*|range)|integer|long)($|_)")


@dataclass(frozen=True)
class Call:
    """A call in a source file, whose arguments are read by name or position."""

    node: ast.Call
    scope: Scope
    file_name: str

    @property
    def where(self) -> str:
        """The place, as "file:line"."""
        return f"{self.file_name}:{self.node.lineno}"

    @property
    def function(self) -> str:
        """The last part of the name that is called: `add_argument`."""
        function = self.node.func
        if isinstance(function, ast.Attribute):
            return function.attr
        return function.id if isinstance(function, ast.Name) else ""

    @property
    def unpacks(self) -> bool:
        """Whether arguments come out of a list or dictionary, so that some stay unknown."""
        starred = any(isinstance(argument, ast.Starred) for argument in self.node.args)
        return starred or any(word.arg is None for word in self.node.keywords)

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """Return the expression of an argument, None if it is not given."""
        for word in self.node.keywords:
            if word.arg == name:
                return word.value
        if position is not None and position < len(self.node.args):
            return self.node.args[position]
        return None

    def value(self, name: str, position: int | None = None) -> object:
        """Return the value of an argument, None if it is not given; may raise UnresolvedError."""
        node = self.argument(name, position)
        return None if node is None else evaluate(node, self.scope)

    def text(self, name: str, position: int | None = None) -> str:
        """Return a text argument, "" if it is missing or no literal."""
        try:
            value = self.value(name, position)
        except UnresolvedError:
            return ""
        return value if isinstance(value, str) else ""

    def texts(self) -> tuple[str, ...]:
        """Return the positional arguments that are literal texts, up to the first other one."""
        texts: list[str] = []
        for node in self.node.args:
            try:
                value = evaluate(node, self.scope)
            except UnresolvedError:
                break
            if not isinstance(value, str):
                break
            texts.append(value)
        return tuple(texts)


class Fields:
    """Collects fields of an option and remembers those that could not be read."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.unread: list[str] = []

    def default(self, name: str = "default", position: int | None = None) -> Default:
        """Return the default, None if there is none."""
        try:
            return as_default(self._call.value(name, position))
        except UnresolvedError:
            self.unread.append("default")
            return None

    def choices(self, node: ast.expr | None) -> tuple[Scalar, ...]:
        """Return the choices, empty if there are none."""
        if node is None:
            return ()
        try:
            return as_scalars(evaluate(node, self._call.scope))
        except UnresolvedError:
            self.unread.append("choices")
            return ()

    def number(self, node: ast.expr | None) -> float | None:
        """Return a bound, None if there is none."""
        if node is None:
            return None
        try:
            value = evaluate(node, self._call.scope)
        except UnresolvedError:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]


@dataclass(frozen=True)
class OptionNames:
    """The names of an option; `obstacle` if none of them can be passed as `--name`."""

    name: str
    aliases: tuple[str, ...] = ()
    obstacle: str = ""


def option_names(texts: Sequence[str]) -> OptionNames | None:
    """Return the names among texts such as ("-b", "--batch-size"); None for a positional one."""
    dashed = [text for text in texts if text.startswith("-") and text.strip("-")]
    if not dashed:
        return None
    long = [text[2:] for text in dashed if text.startswith("--")]
    if long and not long[0].startswith("-"):
        return OptionNames(long[0], tuple(long[1:]))
    short = dashed[0].lstrip("-")
    return OptionNames(short, (), SHORT_ONLY.format(short))


def typed(node: ast.expr | None) -> tuple[Kind | None, str]:
    """Return what a `type=` says: a kind or None, and an obstacle or ""."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        word = node.value.lower()
    else:
        word = dotted_name(node).rpartition(".")[2].lower()
    if word == "bool":
        return "bool", BOOL_TYPE
    if "bool" in word:
        return "bool", ""
    if "path" in word or word in ("filetype", "file", "open", "directory"):
        return "str", PATH_TYPE
    if "float" in word or word in ("double", "decimal"):
        return "float", ""
    if _INT.search(word):
        return "int", ""
    if word in ("str", "string", "text"):
        return "str", ""
    return None, ""
