"""Reading a document by a table of its fields, with all problems collected on the way."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from wazir.domain.errors import InvalidInputError, Problem
from wazir.domain.hints import did_you_mean
from wazir.jobs.config import nodes, scalars
from wazir.jobs.config.job_file import Json
from wazir.jobs.config.nodes import Items, Node, Place, Scalar

Value: TypeAlias = "bool | int | float | str | Timed | Scalar | Listed | Record | FreeForm"
ScalarReader: TypeAlias = "Callable[[Scalar], bool | int | float | str | Timed | Scalar]"


@dataclass(frozen=True)
class FieldRule:
    """What may stand in a field.

    Attributes:
        read: turns a scalar into its value, or raises InvalidInputError.
        record: the name of the table that a mapping is read by, "" for a scalar.
        many: whether it is a list of these; None takes a lone value for a list of one.
        free: any tree, kept as it is.
        used: False if it is accepted and stored, but means nothing here.
        strict: False if a wrong value is only worth a note.
        category: whether an unquoted number or boolean is worth a note.
    """

    read: ScalarReader = scalars.read_text
    record: str = ""
    many: bool | None = False
    free: bool = False
    used: bool = True
    strict: bool = True
    category: bool = False


Table: TypeAlias = Mapping[str, FieldRule]

TEXT = FieldRule()
TEXTS = FieldRule(many=True)
NUMBER = FieldRule(scalars.read_number)
NUMBERS = FieldRule(scalars.read_number, many=None)
WHOLE = FieldRule(scalars.read_whole)
WHOLE_TEXT = FieldRule(scalars.read_whole_text)
BOOLEAN = FieldRule(scalars.read_boolean)
DURATION = FieldRule(lambda scalar: Timed(scalars.read_duration(scalar), scalar.text))
MOMENT = FieldRule(lambda scalar: Timed(scalars.read_moment(scalar), scalar.text))
CATEGORIES = FieldRule(many=True, category=True)
RAW_SCALAR = FieldRule(lambda scalar: scalar)
FREE = FieldRule(free=True)


def choice(*words: str) -> FieldRule:
    """Return the rule of a field that holds one of `words`."""
    return FieldRule(lambda scalar: scalars.read_choice(scalar, words))


def record(table: str) -> FieldRule:
    """Return the rule of a field that holds a mapping, read by the table of that name."""
    return FieldRule(record=table)


def records(table: str) -> FieldRule:
    """Return the rule of a field that holds a list of mappings."""
    return FieldRule(record=table, many=True)


def unused(rule: FieldRule) -> FieldRule:
    """Return the rule of a field that is accepted and stored, but means nothing here."""
    return replace(rule, used=False, strict=False)


@dataclass(frozen=True)
class Timed:
    """A duration in seconds, or a moment in Unix seconds, beside its text."""

    seconds: float
    text: str


@dataclass(frozen=True)
class Listed:
    """The values of a list, each with its place."""

    values: tuple[Value, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class FreeForm:
    """A tree that no table describes."""

    json: Json


@dataclass(frozen=True)
class Record:
    """A mapping that was read: values by the names of the table; null ones are left out.

    `places` has the place of each value, of the key where the value is null. `unreadable` names
    the fields in which a problem was found.
    """

    place: Place
    path: str
    values: Mapping[str, Value]
    places: Mapping[str, Place]
    unreadable: Collection[str] = ()

    def place_of(self, name: str) -> Place:
        """Return where a field stands, or where the record begins."""
        return self.places.get(name, self.place)

    def text(self, name: str) -> str | None:
        """Return a text, None if it is not set."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | float | None:
        """Return a number, None if it is not set."""
        value = self.values.get(name)
        return value if isinstance(value, int | float) else None

    def whole(self, name: str) -> int | None:
        """Return a whole number, None if it is not set."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None

    def seconds(self, name: str) -> float | None:
        """Return a duration or a moment in seconds, None if it is not set."""
        value = self.values.get(name)
        return value.seconds if isinstance(value, Timed) else None

    def flag(self, name: str) -> bool:
        """Return a boolean, False if it is not set."""
        return self.values.get(name) is True

    def scalar(self, name: str) -> Scalar | None:
        """Return a scalar whose meaning is not decided yet, None if it is not set."""
        value = self.values.get(name)
        return value if isinstance(value, Scalar) else None

    def child(self, name: str) -> "Record | None":
        """Return a record, None if it is not set."""
        value = self.values.get(name)
        return value if isinstance(value, Record) else None

    def children(self, name: str) -> "tuple[Record, ...]":
        """Return the records of a list, none if it is not set."""
        value = self.values.get(name)
        found = value.values if isinstance(value, Listed) else ()
        return tuple(item for item in found if isinstance(item, Record))

    def items(self, name: str) -> tuple[tuple[Value, Place], ...]:
        """Return the values of a list with their places, none if it is not set."""
        value = self.values.get(name)
        if not isinstance(value, Listed):
            return ()
        return tuple(zip(value.values, value.places, strict=True))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list, none if it is not set."""
        return tuple(value for value, _ in self.items(name) if isinstance(value, str))


def json_object(record: Record) -> dict[str, Json]:
    """Return a record as JSON writes it, with the names of the tables."""
    return {name: _to_json(child) for name, child in record.values.items()}


def _to_json(value: Value) -> Json:
    match value:
        case Record():
            return json_object(value)
        case Listed():
            return [_to_json(child) for child in value.values]
        case FreeForm():
            return value.json
        case Scalar():
            return _plain_json(value)
        case Timed():
            return value.text
        case _:
            return value


@dataclass
class Reading:
    """One reading of a document: its tables, and what is found out on the way."""

    tables: Mapping[str, Table]
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def problem(self, place: Place, message: str, hint: str = "") -> None:
        """Add a problem."""
        self.problems.append(place.problem(message, hint))

    def note(self, place: Place, message: str) -> None:
        """Add a sentence that the user should see."""
        self.notes.append(f"line {place.line}: {message}")

    def read(self, node: nodes.Mapping, table: str, path: str = "") -> Record:
        """Return the record of a mapping; problems with it are collected."""
        rules = self.tables[table]
        values: dict[str, Value] = {}
        places: dict[str, Place] = {}
        unreadable: set[str] = set()
        for key, child in node.entries:
            name = _known_name(key.text, rules)
            if name is None:
                self._unknown(key, table)
            elif name in places:
                self.problem(key.place, f"{name} stands twice, as {key.text!r} too")
            else:
                is_null = isinstance(child, Scalar) and child.is_null
                places[name] = key.place if is_null else child.place
                n_before = len(self.problems)
                value = self._field(child, rules[name], f"{path}.{name}".lstrip("."))
                if value is not None:
                    values[name] = value
                if len(self.problems) > n_before:
                    unreadable.add(name)
        return Record(node.place, path, values, places, unreadable)

    def _field(self, node: Node, rule: FieldRule, path: str) -> "Value | None":
        if isinstance(node, Scalar) and node.is_null:
            return None
        if not rule.used:
            self.ignored.append(path)
        if rule.free:
            return FreeForm(_free_json(node))
        if rule.many is False:
            return self._one(node, rule, path)
        if isinstance(node, Items):
            return self._list(node, rule, path)
        if rule.many is None and isinstance(node, Scalar):
            return self._list(Items(node.place, (node,)), rule, path)
        hint = f"write [{node.text}]" if isinstance(node, Scalar) else "write a dash before each"
        self.problem(node.place, f"{_leaf(path)} must be a list, got {_shape(node)}", hint)
        return None

    def _list(self, node: Items, rule: FieldRule, path: str) -> Listed:
        values: list[Value] = []
        places: list[Place] = []
        odd: list[Scalar] = []
        for index, item in enumerate(node.items):
            if isinstance(item, Scalar) and item.is_null:
                self.problem(
                    item.place,
                    f"{_leaf(path)} has an empty entry",
                    "write the value, or remove the entry",
                )
                continue
            value = self._one(item, rule, f"{path}[{index}]")
            if value is not None:
                values.append(value)
                places.append(item.place)
            if rule.category and isinstance(item, Scalar) and scalars.other_type(item):
                odd.append(item)
        if odd:
            shown = ", ".join(item.text for item in odd)
            texts = ", ".join(repr(item.text) for item in odd)
            message = f"{_leaf(path)}: {shown} without quotes"
            self.note(odd[0].place, f"{message} is {scalars.other_type(odd[0])}; read as {texts}")
        return Listed(tuple(values), tuple(places))

    def _one(self, node: Node, rule: FieldRule, path: str) -> "Value | None":
        if rule.record and isinstance(node, nodes.Mapping):
            return self.read(node, rule.record, path)
        if rule.record:
            self.problem(node.place, f"{_leaf(path)} must be a mapping, got {_shape(node)}")
            return None
        if not isinstance(node, Scalar):
            self.problem(node.place, f"{_leaf(path)} must be a single value, got {_shape(node)}")
            return None
        try:
            return rule.read(node)
        except InvalidInputError as error:
            if rule.strict:
                self.problem(node.place, f"{_leaf(path)} {error.message}", error.hint)
                return None
            hint = f" ({error.hint})" if error.hint else ""
            self.note(node.place, f"{_leaf(path)} {error.message}{hint}")
            return node.text

    def _unknown(self, key: Scalar, table: str) -> None:
        known = self.tables[table]
        hint = did_you_mean(key.text, known)
        places = list(_tables_with(key.text, self.tables))
        if places and (not hint or key.text in self.tables[places[0]]):
            hint = f"it belongs under {places[0]}"
        self.problem(
            key.place, f"{key.text!r} is no field of {table}", hint or f"known: {', '.join(known)}"
        )


def _known_name(key: str, rules: Table) -> str | None:
    """Return the table's name for a key in camelCase or snake_case."""
    if key in rules:
        return key
    return next((name for name in rules if _snake(name) == key), None)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _tables_with(key: str, tables: Mapping[str, Table]) -> Iterator[str]:
    return (name for name, rules in tables.items() if _known_name(key, rules))


def _leaf(path: str) -> str:
    return path.rpartition(".")[2] or "the document"


def _shape(node: Node) -> str:
    match node:
        case Scalar():
            return "nothing" if node.is_null else repr(node.text)
        case Items():
            return "a list"
        case nodes.Mapping():
            return "a mapping"


def _free_json(node: Node) -> Json:
    match node:
        case Scalar():
            return _plain_json(node)
        case Items():
            return [_free_json(item) for item in node.items]
        case nodes.Mapping():
            return {key.text: _free_json(child) for key, child in node.entries}


def _plain_json(scalar: Scalar) -> Json:
    if scalar.quoted or scalar.is_null:
        return None if scalar.is_null else scalar.text
    for read in (scalars.read_boolean, scalars.read_number):
        try:
            return read(scalar)
        except InvalidInputError:
            continue
    return scalar.text
