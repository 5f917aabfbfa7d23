"""Options that a source file defines with click or typer, read from its literal calls."""

import ast
from dataclasses import replace

from wazir.jobs.discovery.calls import REPEATED, Call, Fields, option_names, typed
from wazir.jobs.discovery.literals import Scope, UnresolvedError, evaluate
from wazir.jobs.discovery.options import Found, ProgramOption, converted, kind_of

_SILENT = ("help", "version")


def click_options(tree: ast.AST, scope: Scope, file_name: str) -> Found:
    """Return the options of `@click.option(...)` and `click.Option([...])` with literal names.

    A pair such as `--shout/--no-shout` is one flag: the one that is not the default.
    """
    options: list[ProgramOption] = []
    is_complete = True
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        call = Call(node, scope, file_name)
        if call.function not in ("option", "Option"):
            continue
        texts = _texts(call)
        option = _option(call, texts) if texts else None
        if option is not None:
            options.append(option)
            is_complete = is_complete and not option.unread
        elif not texts and call.function == "option":
            is_complete = False
    return Found(tuple(options), is_complete)


def _texts(call: Call) -> tuple[str, ...]:
    if call.function == "option":
        return call.texts()
    try:
        first = call.value("param_decls", 0)
    except UnresolvedError:
        return ()
    if not isinstance(first, tuple):
        return ()
    return tuple(text for text in first if isinstance(text, str))


def _option(call: Call, texts: tuple[str, ...]) -> ProgramOption | None:
    on = [text.partition("/")[0].strip() for text in texts]
    off = [text.partition("/")[2].strip() for text in texts if "/" in text]
    names = option_names(on)
    if names is None or names.name in _SILENT:
        return None
    fields = Fields(call)
    default = fields.default()
    low, high, choices = _limits(call, fields)
    type_node = call.argument("type")
    kind, obstacle = typed(type_node)
    is_flag = bool(off) or _is_true(call, "is_flag")
    # click reads the words true and false for type=bool, unlike argparse.
    obstacle = "" if kind == "bool" else obstacle
    kind = "bool" if is_flag else kind or kind_of(default if default is not None else choices)
    option = ProgramOption(
        name=names.name,
        kind=kind,
        default=converted(default, kind),
        choices=choices,
        nargs=_nargs(call),
        low=low,
        high=high,
        help=call.text("help"),
        where=call.where,
        aliases=names.aliases,
        obstacle=names.obstacle or obstacle or _obstacle(call),
        unread=tuple(dict.fromkeys([*fields.unread, *(["default"] if call.unpacks else [])])),
    )
    return _as_flag(option, off) if is_flag else option


def _as_flag(option: ProgramOption, off: list[str]) -> ProgramOption:
    long_off = [text[2:] for text in off if text.startswith("--") and len(text) > 2]
    flag = replace(option, flag=True, nargs="")
    if option.default is not True:
        return replace(flag, default=False)
    if long_off:
        return replace(flag, name=long_off[0], aliases=tuple(long_off[1:]), default=False)
    return replace(flag, obstacle=flag.obstacle or "it is on by default, and nothing turns it off")


def _limits(
    call: Call, fields: Fields
) -> tuple[float | None, float | None, tuple[bool | int | float | str, ...]]:
    """Return low, high and choices from types such as IntRange(1, 10) and Choice([...])."""
    node = call.argument("type")
    if not isinstance(node, ast.Call):
        return None, None, ()
    inner = Call(node, call.scope, call.file_name)
    if inner.function == "Choice":
        return None, None, fields.choices(inner.argument("choices", 0))
    if inner.function not in ("IntRange", "FloatRange"):
        return None, None, ()
    low = fields.number(inner.argument("min", 0))
    high = fields.number(inner.argument("max", 1))
    return low, high, ()


def _nargs(call: Call) -> str:
    node = call.argument("nargs")
    if node is None:
        return ""
    try:
        value = evaluate(node, call.scope)
    except UnresolvedError:
        return "+"
    return str(value) if isinstance(value, int) and value > 1 else ""


def _obstacle(call: Call) -> str:
    if _is_true(call, "multiple"):
        return REPEATED
    if call.argument("flag_value") is not None:
        return "it stands for a constant of the program"
    return "it only counts how often it is given" if _is_true(call, "count") else ""


def _is_true(call: Call, name: str) -> bool:
    try:
        return call.value(name) is True
    except UnresolvedError:
        return False
