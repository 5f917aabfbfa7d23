"""Options in the text that a program prints for `--help`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wazir.jobs.discovery.calls import PATH_TYPE, option_names
from wazir.jobs.discovery.options import (
    Default,
    Kind,
    ProgramOption,
    Scalar,
    converted,
    number_of,
)

WHERE = "--help"
_SILENT = ("help", "version", "helpfull", "helpshort", "helpxml", "install-completion",
           "show-completion")  # fmt: skip
_MAX_LINES = 5000
_MAX_LINE = 2000

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OPTION_LINE = re.compile(r"^(?P<indent>\s*)(?P<text>-{1,2}[A-Za-z\[].*)$")
_ABSL = re.compile(r"^--(?P<no>\[no\])?(?P<name>[\w.-]+):(?: |$)(?P<rest>.*)$")
_GAP = re.compile(r"\s{2,}|\t|(?<=[\]>}])\s(?=[A-Z][a-z])")
_DASHED = re.compile(r"(?<![\w-])-{1,2}(?:\[no-?\])?[A-Za-z][\w.-]*")
_CHOICES = re.compile(r"\{([^{}]+,[^{}]*)\}|[\[<]([^\[\]<>|]+(?:\|[^\[\]<>|]+)+)[\]>]")
_POSSIBLE = re.compile(r"[\[(]possible values: ([^\])]+)[\])]")
_DEFAULT = re.compile(
    r"[\[(](?:env[^\])]*[;,] ?)?default(?:s to|:| is|=)? ?(?P<value>\[[^\]]*\]|\([^)]*\)|"
    r"'[^']*'|\"[^\"]*\"|[^\];)]+?)\s*[\]);]",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(?P<low>-?[\d.]+)?(?P<left><=?)x(?:(?P<right><=?)(?P<high>-?[\d.]+))?")
_KIND_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("int", re.compile(r"\b(INTEGER|INT)\b|\(an integer|<(int|uint|n|num)\w*>")),
    ("float", re.compile(r"\b(FLOAT|DOUBLE)\b|\(a number|<(float|double)>")),
    ("bool", re.compile(r"\b(BOOLEAN|BOOL)\b")),
)
_PATHS = re.compile(r"\b(PATH|FILE|FILENAME|DIRECTORY|DIR|FOLDER)\b")


def help_options(text: str) -> tuple[ProgramOption, ...]:
    """Return the options in the help text of argparse, click, typer, absl and their like.

    Types come from words such as INTEGER, else from the default; an option without a place for a
    value is a flag. Lines that look like no option are passed over.
    """
    options: dict[str, ProgramOption] = {}
    for block in _blocks(text):
        option = _option(block)
        if option is not None and option.name not in _SILENT:
            options.setdefault(option.name, option)
    return tuple(options.values())


@dataclass(frozen=True)
class _Block:
    """An option's own line in two parts, its description with all following lines."""

    head: str
    description: str


def _blocks(text: str) -> Iterator[_Block]:
    lines = [_clean(line) for line in text.splitlines()[:_MAX_LINES]]
    start: int | None = None
    for index, line in enumerate([*lines, ""]):
        match = _OPTION_LINE.match(line)
        is_outside = not line.strip() or (start is not None and not line.startswith(" "))
        if match is None and not is_outside:
            continue
        if start is not None:
            yield _block(lines[start:index])
        start = index if match is not None and match["indent"] else None


def _clean(line: str) -> str:
    line = _ANSI.sub("", line[:_MAX_LINE]).expandtabs()
    for character in "│┃|" if line.lstrip()[:1] in ("│", "┃", "|") else "":
        line = line.strip().strip(character) if line.strip().startswith(character) else line
    return re.sub(r"^(\s+)\* +(?=-)", r"\1", line.rstrip())


def _block(lines: list[str]) -> _Block:
    first = lines[0].strip()
    rest = " ".join(line.strip() for line in lines[1:])
    absl = _ABSL.match(first)
    if absl:
        return _Block(f"--{absl['name']}" if absl["no"] else f"--{absl['name']} VALUE",
                      f"{absl['rest']} {rest}".strip())  # fmt: skip
    return _split(first, rest)


def _split(first: str, rest: str) -> _Block:
    """Split at the first wide gap that has no further option name or type behind it."""
    parts = _GAP.split(first)
    head = parts[0]
    n_head = 1
    for part in parts[1:]:
        if not re.fullmatch(r"-{1,2}[\w-]+,?|[A-Z]{2,}( RANGE)?|[\[<{][^ ]+[\]>}]", part):
            break
        head += f" {part}"
        n_head += 1
    return _Block(head, " ".join([*parts[n_head:], rest]).strip())


def _option(block: _Block) -> ProgramOption | None:
    dashed = _DASHED.findall(block.head)
    off = [name for name in dashed if name.startswith(("--no-", "--no_"))]
    on = [re.sub(r"\[no-?\]", "", name) for name in dashed if name not in off or dashed[0] in off]
    names = option_names(on)
    if names is None:
        return None
    value_part = _DASHED.sub(" ", block.head).strip(" ,/")
    default_text = _default_text(block.description)
    choices = _choices(value_part) or _choices(block.description, absl=True)
    is_flag = not value_part
    kind = _kind(value_part, block.description, default_text, is_flag=is_flag)
    default = _default(default_text, kind)
    low, high = _limits(value_part, block.description)
    option = ProgramOption(
        name=names.name,
        kind=kind,
        default=default,
        choices=choices,
        nargs="+" if "..." in value_part or isinstance(default, tuple) else "",
        flag=is_flag,
        low=low,
        high=high,
        help=_DEFAULT.sub("", block.description).strip(),
        where=WHERE,
        aliases=names.aliases,
        obstacle=names.obstacle or (PATH_TYPE if _PATHS.search(value_part) else ""),
    )
    return _as_flag(option, off, default_text) if is_flag else option


def _as_flag(option: ProgramOption, off: list[str], default_text: str) -> ProgramOption:
    off_names = [name[2:] for name in off]
    if default_text.lower() == "true" or default_text == option.name:
        if off_names:
            return replace(option, name=off_names[0], aliases=(), default=False)
        return replace(option, default=False, obstacle="it is on by default")
    return replace(option, default=False)


def _default_text(description: str) -> str:
    matches = list(_DEFAULT.finditer(description))
    return matches[-1]["value"].strip().strip("'\"") if matches else ""


def _choices(text: str, *, absl: bool = False) -> tuple[Scalar, ...]:
    pattern = _POSSIBLE.search(text) if absl else None
    if pattern:
        return tuple(word.strip() for word in pattern[1].split(","))
    match = re.match(_CHOICES, text) if absl else _CHOICES.search(text)
    if match is None:
        return ()
    words = match[1].split(",") if match[1] else match[2].split("|")
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _kind(value_part: str, description: str, default_text: str, *, is_flag: bool) -> Kind:
    if is_flag:
        return "bool"
    for kind, pattern in _KIND_WORDS:
        if pattern.search(value_part) or pattern.search(description):
            return kind
    if default_text in ("True", "False", "true", "false"):
        return "bool"
    first = default_text.strip("[]()").split(",")[0].strip()
    number = number_of(first) if first else None
    if number is None:
        return "str"
    return "int" if isinstance(number, int) else "float"


def _default(text: str, kind: Kind) -> Default:
    if text in ("", "None", "none", "null"):
        return None
    if text[:1] in ("[", "(") and text[-1:] in ("]", ")"):
        words = [word.strip().strip("'\"") for word in text[1:-1].split(",")]
        return converted(tuple(word for word in words if word), kind) or None
    return converted(text, kind)


def _limits(*texts: str) -> tuple[float | None, float | None]:
    for text in texts:
        match = _RANGE.search(text)
        if match and (match["low"] or match["high"]):
            low = number_of(match["low"]) if match["low"] else None
            high = number_of(match["high"]) if match["high"] else None
            return low, high
    return None, None
