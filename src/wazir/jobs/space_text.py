r"""SPACE: a parameter of the search space as one word on the command line.

    A..B            INTEGER if both are plain integers, else DOUBLE
    1,2.5,8         DISCRETE if all are numbers
    adam,sgd,16     CATEGORICAL if any is a word
    5  or  adam     a constant
    a,b|c,d         | separates where values hold commas

Suffixes combine: :log :reverse_log (scale), :int :double :discrete :categorical (type),
:split :flag (passing), :fidelity (a budget that grows). A backslash takes the meaning from a following , | : . \ or space.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.numbers import as_whole, is_number_text, is_whole_text, number_from_text
from wazir.domain.parameters import (
    Categorical,
    CategoryValue,
    Discrete,
    Double,
    Integer,
    Parameter,
    Scale,
    value_text,
)
from wazir.jobs.passing import Passing

SCALES = {"log": Scale.LOG, "reverse_log": Scale.REVERSE_LOG}
TYPES = ("int", "double", "discrete", "categorical")
PASSINGS = {"split": Passing.SPLIT, "flag": Passing.FLAG}
_FIDELITY = "fidelity"
SUFFIXES = (*SCALES, *TYPES, *PASSINGS, _FIDELITY)
FLAG_TEXTS = ("true", "yes", "on", "1", "false", "no", "off", "0")

_NEARLY_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*_[\d_.]*|0[xXoObB][\da-fA-F]+)")
_PIECE = re.compile(r"\\.|[^\\]|\\$", re.DOTALL)
_DOTS = re.compile(r"\.{2,}")
_ESCAPED = re.compile(r"\\([,|:.\\\s])")


@dataclass(frozen=True)
class ParsedParameter:
    """A parameter as a user wrote it, on the command line or in a file.

    Attributes:
        name: "" where a SPACE was read alone.
        parameter: its type, values and scale.
        passing: how its value becomes part of the argument list.
        notes: sentences that the user should see: doubts, and what was changed.
        is_fidelity: whether it is the budget of a trial's attempt.
    """

    name: str
    parameter: Parameter
    passing: Passing = Passing.ONE
    notes: tuple[str, ...] = ()
    is_fidelity: bool = False


@dataclass(frozen=True)
class _Words:
    """A SPACE taken apart: its body without suffixes, and at most one suffix of each kind."""

    body: str
    scale: Scale = Scale.LINEAR
    type: str = ""
    passing: Passing = Passing.ONE
    notes: tuple[str, ...] = ()
    is_fidelity: bool = False


def parse_parameters(texts: Iterable[str]) -> list[ParsedParameter]:
    """Return the parameters written as NAME=SPACE, each with a name of its own.

    Raises:
        InvalidInputError: a text cannot be read, or a name comes twice.
    """
    parsed: dict[str, ParsedParameter] = {}
    for one in map(parse_parameter, texts):
        if one.name in parsed:
            raise InvalidInputError(
                f"parameter {one.name!r} is given twice", hint="leave one of them out"
            )
        parsed[one.name] = one
    return list(parsed.values())


def parse_parameter(text: str) -> ParsedParameter:
    """Return the parameter written as NAME=SPACE.

    Raises:
        InvalidInputError: there is no name, or the SPACE breaks a rule.
    """
    name, separator, space = text.partition("=")
    name = name.strip()
    if not separator or not name:
        raise InvalidInputError(
            f"a parameter is written NAME=SPACE, got {text!r}",
            hint="write for example learning_rate=1e-4..1e-1:log",
        )
    if name.startswith("-") or any(character.isspace() for character in name):
        raise InvalidInputError(
            f"the name of a parameter has no spaces and no dashes in front, got {name!r}",
            hint=f"write {'_'.join(name.lstrip('-').split()) or 'NAME'}={space.strip()}",
        )
    try:
        parsed = parse_space(space)
    except InvalidInputError as error:
        raise InvalidInputError(f"parameter {name!r}: {error.message}", hint=error.hint) from None
    notes = tuple(f"parameter {name!r}: {note}" for note in parsed.notes)
    return replace(parsed, name=name, notes=notes)


def parse_space(text: str) -> ParsedParameter:
    """Return the parameter, without a name, that a SPACE describes.

    Raises:
        InvalidInputError: the text breaks a rule of the grammar or of its type.
    """
    words = _take_suffixes(text)
    if not words.body:
        raise InvalidInputError(
            f"a search space is a range or a list of values, got {text!r}",
            hint="write for example 0.0..0.5 or adam,sgd",
        )
    bounds = _bounds(words.body)
    if bounds:
        return _range(words, *bounds)
    raw = _values(words.body)
    values = [_unescape(value) for value in raw]
    for value, source in zip(values, raw, strict=True):
        _check_value(value, source, text, alone=len(values) == 1, words=words)
    return _list(words, values)


def format_space(parameter: Parameter, passing: Passing = Passing.ONE) -> str:
    """Return the SPACE that describes `parameter`; `parse_space` reads it back.

    A default and an external type are no part of it. Categories that are booleans or numbers
    become texts, for an argument list has nothing else.

    Raises:
        InvalidInputError: a SPACE cannot hold it: conditional children, or an empty text.
    """
    if parameter.branches:
        raise InvalidInputError(
            "a SPACE cannot hold conditional children", hint="use a configuration file"
        )
    scale = Scale.LINEAR if isinstance(parameter, Categorical) else parameter.scale
    words = [word for word, known in SCALES.items() if known is scale]
    words += [word for word, known in PASSINGS.items() if known is passing]
    return ":".join([_format_body(parameter), *words])


def _format_body(parameter: Parameter) -> str:
    match parameter:
        case Integer() | Double():
            return f"{parameter.min_value!r}..{parameter.max_value!r}"
        case Discrete():
            return ",".join(repr(value) for value in parameter.values)
        case Categorical():
            return _format_categories([_category_text(value) for value in parameter.values])


def _take_suffixes(text: str) -> _Words:
    body, found = _strip(text), list[str]()
    while True:
        head, word = _last_word(body)
        if word not in SUFFIXES:
            break
        found.insert(0, word)
        body = _strip(head)
    _check_suffixes(found)
    near = did_you_mean(word, SUFFIXES) if word.isascii() else ""
    note = f"':{word}' is read as part of the value; {near}" if near else ""
    return _Words(
        body,
        next((SCALES[word] for word in found if word in SCALES), Scale.LINEAR),
        next((word for word in found if word in TYPES), ""),
        next((PASSINGS[word] for word in found if word in PASSINGS), Passing.ONE),
        (note,) if note else (),
        _FIDELITY in found,
    )


def _last_word(text: str) -> tuple[str, str]:
    """Return the text before and behind its last colon that has no backslash in front."""
    pieces = _PIECE.findall(text)
    if ":" not in pieces:
        return text, ""
    index = len(pieces) - 1 - pieces[::-1].index(":")
    return "".join(pieces[:index]), "".join(pieces[index + 1 :]).strip()


def _check_suffixes(found: list[str]) -> None:
    for kind in (SCALES, TYPES, PASSINGS):
        of_kind = [word for word in found if word in kind]
        if len(of_kind) > 1:
            shown = " and ".join(f":{word}" for word in of_kind)
            raise InvalidInputError(f"only one of {shown} can be meant", hint="keep one of them")


def _bounds(body: str) -> tuple[str, str] | None:
    """Return the two bounds if the body is a range, None if it is a list of values."""
    low, separator, high = body.partition("..")
    low, high = low.strip(), high.strip()
    if not separator or "," in body or "|" in body:
        return None
    if high.startswith(".") and is_number_text(high):
        raise InvalidInputError(
            f"a range is written A..B, got {body!r}",
            hint=f"write {low}..0{high} or {low}.0..{{B}}",
        )
    if is_number_text(low) and is_number_text(high):
        return low, high
    if not (_number_like(low) or _number_like(high)) or "/" in body:
        return None
    wrong = high if is_number_text(low) else low
    _, word = _last_word(wrong)
    hint = did_you_mean(word, SUFFIXES) if word else ""
    raise InvalidInputError(
        f"the bounds of a range must be numbers, got {wrong!r} in {body!r}",
        hint=hint or "write for example 2..8 or 0.0..0.5; dots in a text are written \\.\\.",
    )


def _range(words: _Words, low: str, high: str) -> ParsedParameter:
    whole = is_whole_text(low) and is_whole_text(high)
    if words.type in ("discrete", "categorical") or words.passing is not Passing.ONE:
        word = words.type or words.passing.value.lower()
        raise InvalidInputError(
            f":{word} needs a list of values, got the range {words.body!r}",
            hint="write the values with commas between them",
        )
    minimum, maximum = _number(low), _number(high)
    if minimum > maximum:
        raise InvalidInputError(
            f"the lower bound comes first, got {words.body!r}", hint=f"write {high}..{low}"
        )
    kind = words.type or ("int" if whole else "double")
    _check_log(words, minimum, maximum, kind)
    notes = words.notes
    if (minimum, maximum, words.type) == (0, 1, "") and whole:
        notes += (f"{words.body} is an INTEGER, 0 or 1; did you mean 0.0..1.0?",)
    if kind == "int":
        return _made(
            words,
            lambda: Integer(
                as_whole(minimum, "a bound"), as_whole(maximum, "a bound"), scale=words.scale
            ),
            notes,
        )
    return _made(words, lambda: Double(minimum, maximum, scale=words.scale), notes)


def _check_log(words: _Words, low: float, high: float, kind: str) -> None:
    if words.scale is Scale.LINEAR or low > 0:
        return
    suffix = next(word for word, scale in SCALES.items() if scale is words.scale)
    hint = f"leave :{suffix} out"
    if high > 0 and kind == "discrete":
        hint += ", or the values that are not greater than 0"
    elif high > 0:
        better = "1" if kind == "int" and high > 1 else f"{float(f'{high / 1000:.0e}'):g}"
        hint += f", or write {better}..{value_text(high)}:{suffix}"
    raise InvalidInputError(
        f":{suffix} needs bounds greater than 0, got {words.body!r}", hint=hint
    )


def _values(body: str) -> list[str]:
    separator = "|" if "|" in _PIECE.findall(body) else ","
    parts = [""]
    for piece in _PIECE.findall(body):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return [_strip(part) for part in parts]


def _strip(raw: str) -> str:
    """Strip white space that has no backslash in front."""
    pieces = _PIECE.findall(raw.lstrip())
    while pieces and pieces[-1].isspace():
        pieces.pop()
    return "".join(pieces)


def _unescape(raw: str) -> str:
    return _ESCAPED.sub(r"\1", raw)


def _check_value(value: str, source: str, text: str, *, alone: bool, words: _Words) -> None:
    if not value:
        raise InvalidInputError(
            f"a value is missing in {text!r}",
            hint="write a comma that belongs to a value as \\,",
        )
    low, separator, high = source.partition("..")
    if not alone and separator and is_number_text(low) and is_number_text(high):
        raise InvalidInputError(
            f"a list of values holds no ranges, got {value!r} in {text!r}",
            hint=f"write either {value} alone or all the values",
        )
    if words.passing is Passing.FLAG and value.lower() not in FLAG_TEXTS:
        raise InvalidInputError(
            f"the values with :flag are true and false, got {value!r}",
            hint="write true,false:flag",
        )


def _list(words: _Words, values: list[str]) -> ParsedParameter:
    numeric = [_number(value) for value in values if is_number_text(value)]
    wants_text = words.type == "categorical" or words.passing is not Passing.ONE
    if words.type in ("int", "double"):
        return _constant(words, values)
    if words.type == "discrete" and len(numeric) < len(values):
        wrong = next(value for value in values if not is_number_text(value))
        raise InvalidInputError(f"a DISCRETE parameter has only numbers, got {wrong!r}")
    if words.type == "discrete" and wants_text:
        raise InvalidInputError(
            f":{words.passing.value.lower()} needs a CATEGORICAL parameter, got :discrete",
            hint="leave :discrete out",
        )
    if len(numeric) == len(values) and not wants_text:
        return _discrete(words, numeric)
    if words.scale is not Scale.LINEAR:
        raise InvalidInputError(
            f"only numbers have a {words.scale.value} scale, got {', '.join(values)}",
            hint="leave the scale out",
        )
    _check_repeats(values)
    return _made(words, lambda: Categorical(values), words.notes + _number_notes(values))


def _constant(words: _Words, values: list[str]) -> ParsedParameter:
    """Return a range of one value: what `:int` and `:double` make of a single number."""
    value = values[0]
    if len(values) > 1 or not is_number_text(value) or words.passing is not Passing.ONE:
        raise InvalidInputError(
            f":{words.type} needs a range or one number, got {words.body!r}",
            hint=f"write for example 2..8:{words.type}",
        )
    return _range(words, value, value)


def _discrete(words: _Words, numbers: list[int | float]) -> ParsedParameter:
    _check_repeats(numbers)
    ordered = sorted(numbers)
    notes = words.notes
    if ordered != numbers:
        notes += (f"the values are sorted: {', '.join(map(value_text, ordered))}",)
    _check_log(words, ordered[0], ordered[-1], "discrete")
    return _made(words, lambda: Discrete(ordered, scale=words.scale), notes)


def _check_repeats(values: Collection[str] | Collection[float]) -> None:
    seen: set[str | float] = set()
    for value in values:
        if value in seen:
            raise InvalidInputError(f"a value stands twice: {value}", hint="leave out repeats")
        seen.add(value)


def _number_notes(values: list[str]) -> tuple[str, ...]:
    wrong = [value for value in values if _NEARLY_NUMBER.fullmatch(value)]
    return (f"{', '.join(wrong)} is read as a text, not as a number",) if wrong else ()


def _made(words: _Words, make: Callable[[], Parameter], notes: tuple[str, ...]) -> ParsedParameter:
    try:
        return ParsedParameter("", make(), words.passing, notes, words.is_fidelity)
    except InvalidInputError as error:
        raise InvalidInputError(f"{error.message} in {words.body!r}", hint=error.hint) from None


def _number(text: str) -> int | float:
    number = number_from_text(text)
    if number is None:
        raise InvalidInputError(f"the number is too large: {text[:40]}")
    return number


def _number_like(text: str) -> bool:
    return bool(is_number_text(text) or _NEARLY_NUMBER.fullmatch(text))


def _category_text(value: CategoryValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value_text(value)


def _format_categories(texts: list[str]) -> str:
    if not all(texts):
        raise InvalidInputError(
            f"a SPACE cannot hold an empty text, got {one_of(map(repr, texts))}"
        )
    bars = len(texts) > 1 and any("," in t for t in texts) and not any("|" in t for t in texts)
    escaped = [_escape(text, ",|" if not bars else "|") for text in texts]
    head, word = _last_word(escaped[-1])
    if word in SUFFIXES:
        escaped[-1] = f"{head}\\:{escaped[-1][len(head) + 1 :]}"
    body = ("|" if bars else ",").join(escaped)
    return f"{body}:categorical" if all(map(is_number_text, texts)) else body


def _escape(text: str, separators: str) -> str:
    text = text.replace("\\", "\\\\")
    for separator in separators:
        text = text.replace(separator, f"\\{separator}")
    if any(_number_like(side.strip()) for side in text.partition("..")[::2]):
        text = _DOTS.sub(lambda dots: "\\." * len(dots[0]), text)
    stripped = text.strip()
    start = text.index(stripped[0]) if stripped else len(text)
    end = start + len(stripped)
    return "".join(
        f"\\{character}" if not start <= index < end else character
        for index, character in enumerate(text)
    )
