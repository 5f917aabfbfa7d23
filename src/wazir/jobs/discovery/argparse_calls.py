"""Options that a source file defines with argparse or optparse, read from its literal calls."""

import ast
from collections.abc import Collection
from dataclasses import replace

from wazir.jobs.discovery.calls import REPEATED, Call, Fields, OptionNames, option_names, typed
from wazir.jobs.discovery.literals import Scope, UnresolvedError, as_default, dotted_name, evaluate
from wazir.jobs.discovery.options import (
    Default,
    Found,
    Kind,
    ProgramOption,
    Scalar,
    converted,
    kind_of,
)

_ADDERS = ("add_argument", "add_option")
_GROUPS = ("add_argument_group", "add_mutually_exclusive_group", "add_option_group")
_SILENT = ("help", "version")


def argparse_options(
    tree: ast.AST, scope: Scope, file_name: str, words: Collection[str] = ()
) -> Found:
    """Return the options that `add_argument` defines with literal arguments.

    Args:
        tree: the parsed file.
        scope: the file's constants.
        file_name: the file's name for `where`.
        words: the arguments in the user's command. If one of them is a subcommand, options of
            the other subcommands are left out.
    """
    reader = _Reader(scope, file_name)
    reader.visit(tree)
    wanted = {name for name in reader.subcommands if name in words}
    kept = [
        reader.with_set_default(option)
        for option, subcommand in reader.options
        if not wanted or subcommand is None or subcommand in wanted
    ]
    return Found(tuple(kept), reader.is_complete)


class _Reader(ast.NodeVisitor):
    """Walks a file in the order of its text, following parsers, groups and subcommands."""

    def __init__(self, scope: Scope, file_name: str) -> None:
        self.options: list[tuple[ProgramOption, str | None]] = []
        self.subcommands: set[str] = set()
        self.is_complete = True
        self._scope = scope
        self._file_name = file_name
        self._subcommand_of: dict[str, str | None] = {}
        self._adders: set[str] = set()
        self._defaults: dict[str, Default] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        """Follow parsers, and short names for `add_argument`, from variable to variable."""
        self.generic_visit(node)
        for target in node.targets:
            name = dotted_name(target)
            if not name:
                continue
            self._subcommand_of[name] = self._subcommand(node.value)
            if isinstance(node.value, ast.Attribute) and node.value.attr in _ADDERS:
                self._adders.add(name)

    def visit_Call(self, node: ast.Call) -> None:
        """Read a call that defines an option or its default."""
        self.generic_visit(node)
        call = Call(node, self._scope, self._file_name)
        if call.function in _ADDERS or dotted_name(node.func) in self._adders:
            self._add(call)
        elif call.function == "add_parser":
            self.subcommands.update(call.texts()[:1])
        elif call.function == "set_defaults":
            self._set_defaults(node)

    def _add(self, call: Call) -> None:
        texts = call.texts()
        if len(texts) < len(call.node.args) or not texts:
            self.is_complete = False
        names = option_names(texts)
        if names is None:
            return
        option = _option(call, names)
        if option is not None:
            self.is_complete = self.is_complete and not option.unread
            self.options.append((option, self._subcommand(call.node.func)))

    def _set_defaults(self, node: ast.Call) -> None:
        for word in node.keywords:
            if word.arg is None:
                self.is_complete = False
                continue
            try:
                self._defaults[word.arg] = as_default(evaluate(word.value, self._scope))
            except UnresolvedError:
                self.is_complete = False

    def with_set_default(self, option: ProgramOption) -> ProgramOption:
        """Return an option with the default that `set_defaults` gives it."""
        name = option.name.replace("-", "_")
        if name not in self._defaults:
            return option
        unread = tuple(field for field in option.unread if field != "default")
        default = converted(self._defaults[name], option.kind)
        return replace(option, default=default, unread=unread)

    def _subcommand(self, node: ast.expr | None) -> str | None:
        """Return the subcommand whose parser an expression is, None for the main one."""
        if isinstance(node, ast.Call):
            call = Call(node, self._scope, self._file_name)
            if call.function == "add_parser":
                texts = call.texts()
                return texts[0] if texts else None
            if call.function not in _GROUPS:
                return None
            node = node.func
        if isinstance(node, ast.Attribute):
            known = dotted_name(node)
            if known in self._subcommand_of:
                return self._subcommand_of[known]
            if isinstance(node.value, ast.Call):
                return self._subcommand(node.value)
            return self._subcommand_of.get(dotted_name(node.value))
        return self._subcommand_of.get(dotted_name(node)) if node is not None else None


def _option(call: Call, names: OptionNames) -> ProgramOption | None:
    action = call.text("action")
    if not action:
        action = dotted_name(call.argument("action")).rpartition(".")[2]
    if action in _SILENT:
        return None
    match action:
        case "store_true" | "store_false":
            option = _make(call, names, kind="bool", flag=True)
            return replace(option, default=False, unread=())
        case "BooleanOptionalAction":
            return _two_way_flag(_make(call, names, kind="bool", flag=True))
        case "append" | "extend" | "append_const":
            option = _make(call, names)
            return replace(option, obstacle=option.obstacle or REPEATED)
        case "store_const" | "count":
            reason = "it stands for a constant of the program"
            return _make(call, names, kind="int", obstacle=reason)
        case _:
            return _make(call, names)


def _two_way_flag(option: ProgramOption) -> ProgramOption:
    if option.default is True and not option.obstacle:
        return replace(option, name=f"no-{option.name}", aliases=(), default=False)
    return replace(option, default=False)


def _make(
    call: Call,
    names: OptionNames,
    *,
    kind: Kind | None = None,
    flag: bool = False,
    obstacle: str = "",
) -> ProgramOption:
    fields = Fields(call)
    default = fields.default()
    choices = fields.choices(call.argument("choices"))
    type_kind, type_obstacle = typed(call.argument("type"))
    kind = kind or type_kind or _kind_without_type(default, choices)
    if call.unpacks:
        fields.unread.append("default")
    return ProgramOption(
        name=names.name,
        kind=kind,
        default=None if default == "==SUPPRESS==" else converted(default, kind),
        choices=choices,
        nargs=_nargs(call),
        flag=flag,
        help=call.text("help"),
        where=call.where,
        aliases=names.aliases,
        obstacle=names.obstacle or type_obstacle or obstacle,
        unread=tuple(dict.fromkeys(fields.unread)),
    )


def _kind_without_type(default: Default, choices: tuple[Scalar, ...]) -> Kind:
    return kind_of(default) if default is not None else kind_of(choices)


def _nargs(call: Call) -> str:
    try:
        value = call.value("nargs")
    except UnresolvedError:
        return "+"
    return "" if value is None else str(value)
