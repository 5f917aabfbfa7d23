"""Flags that a source file defines with absl or TensorFlow 1, read from its literal calls."""

import ast
from dataclasses import replace

from wazir.jobs.discovery.calls import REPEATED, Call, Fields
from wazir.jobs.discovery.literals import Scope
from wazir.jobs.discovery.options import Default, Found, Kind, ProgramOption, converted

_PREFIX = "DEFINE_"
_KINDS: dict[str, Kind] = {
    "float": "float",
    "integer": "int",
    "string": "str",
    "enum": "str",
    "bool": "bool",
    "boolean": "bool",
    "list": "str",
    "spaceseplist": "str",
    "multi_integer": "int",
    "multi_float": "float",
    "multi_string": "str",
    "multi_enum": "str",
}
_SEPARATORS = {"list": ",", "spaceseplist": " "}


def absl_flags(tree: ast.AST, scope: Scope, file_name: str) -> Found:
    """Return the flags of `DEFINE_float`, `DEFINE_integer` and their like.

    absl sets a boolean with `--name` and `--noname`; the one that is not the default is given.
    A list is one text with commas.
    """
    options: list[ProgramOption] = []
    is_complete = True
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        call = Call(node, scope, file_name)
        word = call.function.removeprefix(_PREFIX)
        if call.function.startswith(_PREFIX) and word in _KINDS:
            name = call.text("name", 0)
            option = _flag(call, name, word) if name.strip("-") else None
            if option is not None:
                options.append(option)
            is_complete = is_complete and option is not None and not option.unread
    return Found(tuple(options), is_complete)


def _flag(call: Call, name: str, word: str) -> ProgramOption:
    fields = Fields(call)
    kind = _KINDS[word]
    default = converted(fields.default("default", 1), kind)
    option = ProgramOption(
        name=name.lstrip("-"),
        kind=kind,
        default=_joined(default, _SEPARATORS.get(word, "")),
        choices=fields.choices(call.argument("enum_values", 2)) if "enum" in word else (),
        low=fields.number(call.argument("lower_bound")),
        high=fields.number(call.argument("upper_bound")),
        help=call.text("help", 3 if "enum" in word else 2),
        where=call.where,
        obstacle=REPEATED if word.startswith("multi_") else "",
        unread=tuple(fields.unread),
    )
    if kind != "bool":
        return option
    on_by_default = default is True
    return replace(
        option, name=f"no{option.name}" if on_by_default else option.name, flag=True, default=False
    )


def _joined(default: Default, separator: str) -> Default:
    if isinstance(default, tuple) and separator:
        return separator.join(str(element) for element in default)
    return default
