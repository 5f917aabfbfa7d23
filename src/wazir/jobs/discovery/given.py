"""Values that the user's command already gives to the program's options."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wazir.jobs.discovery.options import Default, ProgramOption, Scalar, converted

WHERE = "the command"
_PLACEHOLDER = re.compile(r"\{[\w.-]+\}")


def with_given_values(
    options: Sequence[ProgramOption], arguments: Sequence[str]
) -> tuple[ProgramOption, ...]:
    """Return the options with the values in `arguments` in place of their defaults.

    `--lr 0.1` and `--lr=0.1` are both understood; the last one counts, as for argparse.
    Placeholders such as `{lr}` give no value.
    """
    return tuple(_with_given(option, arguments) for option in options)


def _with_given(option: ProgramOption, arguments: Sequence[str]) -> ProgramOption:
    given = option
    for position, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name[2:] not in option.names:
            continue
        if option.flag:
            given = replace(given, default=True)
            continue
        values = [value] if equals else _values(option, arguments[position + 1 :])
        default = _default(option, values)
        if default is not None:
            given = replace(given, default=default, unread=())
    return given


def _values(option: ProgramOption, words: Sequence[str]) -> list[str]:
    if not option.takes_list:
        return list(words[:1])
    n_values = int(option.nargs) if option.nargs.isdigit() else len(words)
    values: list[str] = []
    for word in words[:n_values]:
        if word.startswith("--"):
            break
        values.append(word)
    return values


def _default(option: ProgramOption, values: Sequence[str]) -> Default:
    if not values or any(_PLACEHOLDER.search(value) for value in values):
        return None
    scalars: tuple[Scalar, ...] = tuple(values)
    if option.takes_list:
        return converted(scalars, option.kind)
    return converted(scalars[0], option.kind)
