"""The options of a program, as its source or its help text describes them."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from wazir.domain.errors import InvalidInputError

Kind: TypeAlias = Literal["int", "float", "str", "bool"]
Scalar: TypeAlias = bool | int | float | str
Default: TypeAlias = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True)
class ProgramOption:
    """One option of a program.

    Attributes:
        name: the text after the two dashes, as written: `max-depth`.
        kind: the type of its value, of one element if it takes several.
        default: what the program uses without it; None if there is none or it is not known.
        choices: the allowed values, empty for no limit.
        nargs: "" for one value, "+", "*", "?" or a count as argparse writes them.
        flag: whether it stands alone, without a value.
        low: the smallest value that the program accepts.
        high: the largest value that the program accepts.
        help: its description.
        where: "file:line", or "--help".
        aliases: its other long names.
        obstacle: why `--name value` would not set it; empty if it would.
        unread: the fields that are there but could not be read, such as "default".

    Raises:
        InvalidInputError: the name is empty or begins with a dash.
    """

    name: str
    kind: Kind
    default: Default = None
    choices: tuple[Scalar, ...] = ()
    nargs: str = ""
    flag: bool = False
    low: float | None = None
    high: float | None = None
    help: str = ""
    where: str = ""
    aliases: tuple[str, ...] = ()
    obstacle: str = ""
    unread: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or self.name.startswith("-"):
            raise InvalidInputError(
                f"the name of an option is the text after its dashes, got {self.name!r}"
            )

    @property
    def takes_list(self) -> bool:
        """Whether several values may follow it."""
        return self.nargs in ("+", "*") or (self.nargs.isdigit() and int(self.nargs) > 1)

    @property
    def names(self) -> tuple[str, ...]:
        """All of its long names, the first one first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Found:
    """Options read from one place; `is_complete` says whether that is all of them there."""

    options: tuple[ProgramOption, ...] = ()
    is_complete: bool = True


def kind_of(default: Default) -> Kind:
    """Return the kind of a default; "str" where there is none."""
    match default:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case tuple() if default:
            kinds = {kind_of(element) for element in default}
            if kinds == {"int", "float"}:
                return "float"
            return kinds.pop() if len(kinds) == 1 else "str"
        case _:
            return "str"


def converted(default: Default, kind: Kind) -> Default:
    """Return a default as the program converts it: the text "10" of an int option is 10."""
    if isinstance(default, tuple):
        return tuple(_converted_scalar(element, kind) for element in default)
    return None if default is None else _converted_scalar(default, kind)


def _converted_scalar(value: Scalar, kind: Kind) -> Scalar:
    if isinstance(value, bool):
        return value
    if kind == "bool":
        return boolean_of(value)
    if kind not in ("int", "float"):
        return value
    number = number_of(value)
    if number is None:
        return value
    if kind == "int":
        return int(number) if number == int(number) else number
    return float(number)


def number_of(value: Scalar) -> int | float | None:
    """Return a finite number, also of a text that holds one; None otherwise."""
    if isinstance(value, bool):
        return None
    try:
        number = int(value) if isinstance(value, str) and _is_whole(value) else float(value)
        if isinstance(value, int):
            return value
        return number if math.isfinite(number) else None
    except (ValueError, OverflowError):
        return None


def _is_whole(text: str) -> bool:
    digits = text.strip().lstrip("+-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def boolean_of(value: Scalar) -> Scalar:
    """Return True or False for a value that says so, else the value itself."""
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    return value


def dashes_alike(name: str) -> str:
    """Return a name under which `max-depth` and `max_depth` are the same."""
    return name.replace("_", "-")
