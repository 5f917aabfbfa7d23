"""A YAML or JSON document as a small tree that knows line and column of everything.

Scalars keep their source text: what a text means is decided by the field that it is for, so that
`1e-4` is a number, `010` is not silently 8, and `1.10` stays a version. The tree is built from
PyYAML's events, without recursion; an alias shares its anchor's tree, and the size of the whole,
aliases counted each time, is bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from wazir.domain.errors import Problem

MAX_NODES = 20_000
MAX_DEPTH = 50

_STRING_TAG = "tag:yaml.org,2002:str"
_PLAIN_TAGS = {f"tag:yaml.org,2002:{word}" for word in ("int", "float", "bool", "null")}
_TREE_TAGS = {f"tag:yaml.org,2002:{word}" for word in ("map", "seq")}
_NULL_TEXTS = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Place:
    """A position in a file; both count from 1."""

    line: int
    column: int

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem at this place."""
        return Problem(message, self.line, self.column, hint)


@dataclass(frozen=True)
class Scalar:
    """A text as it stands in the file; `quoted` if it can only be a text."""

    place: Place
    text: str
    quoted: bool

    @property
    def is_null(self) -> bool:
        """Whether nothing was written, or null."""
        return not self.quoted and self.text in _NULL_TEXTS


@dataclass(frozen=True)
class Items:
    """A sequence."""

    place: Place
    items: "tuple[Node, ...]"
    size: int = 1
    depth: int = 1


@dataclass(frozen=True)
class Mapping:
    """A mapping; keys are scalars, in the order of the file, each once."""

    place: Place
    entries: "tuple[tuple[Scalar, Node], ...]"
    size: int = 1
    depth: int = 1


Node: TypeAlias = Scalar | Items | Mapping


class DocumentError(Exception):
    """The text is no YAML document that can be read; `problems` says where."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


def parse_document(text: str) -> Node | None:
    """Return the tree of a document, None if it is empty.

    Raises:
        DocumentError: a syntax error, a key that stands twice, a document too deep or too large,
            or more than one document.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax_problem(error)]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        shown = f"U+{error.character:04X}" if isinstance(error.character, int) else "a character"
        raise DocumentError([place.problem(f"{shown} is not allowed in YAML")]) from None
    if builder.problems:
        raise DocumentError(builder.problems)
    return builder.root


@dataclass
class _Open:
    """A sequence or mapping whose end has not come yet."""

    place: Place
    anchor: str | None
    is_mapping: bool
    children: list[Node] = field(default_factory=list)


@dataclass
class _Builder:
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    n_documents: int = 0
    n_added: int = 0

    def take(self, event: yaml.Event) -> None:
        """Grow the tree by one event; raises DocumentError where it makes no sense to go on."""
        match event:
            case yaml.DocumentStartEvent():
                self.n_documents += 1
                if self.n_documents > 1:
                    raise DocumentError(
                        [_place(event).problem("a configuration is one document, got a second")]
                    )
            case yaml.AliasEvent():
                self._add(self._aliased(event))
            case yaml.ScalarEvent():
                self._add(self._scalar(event), event.anchor)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_tag(event.tag, _TREE_TAGS, _place(event))
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                self.stack.append(_Open(_place(event), event.anchor, is_mapping))
                _check_depth(len(self.stack), _place(event))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                opened = self.stack.pop()
                self._add(self._closed(opened), opened.anchor)
            case _:
                pass

    def _add(self, node: Node, anchor: str | None = None) -> None:
        self.n_added += 1
        _check_size(self.n_added, node.place)
        if anchor:
            self.anchors[anchor] = node
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = None if _is_nothing(node) else node

    def _aliased(self, event: yaml.AliasEvent) -> Node:
        node = self.anchors.get(event.anchor or "")
        if node is None:
            raise DocumentError(
                [_place(event).problem(f"the alias *{event.anchor} has no anchor before it")]
            )
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        place = _place(event)
        self._check_tag(event.tag, {*_PLAIN_TAGS, _STRING_TAG}, place)
        tagged_plain = event.tag in _PLAIN_TAGS
        quoted = event.style is not None or event.tag == _STRING_TAG
        return Scalar(place, _joined_surrogates(event.value), quoted and not tagged_plain)

    def _check_tag(self, tag: str | None, known: set[str], place: Place) -> None:
        if tag is not None and tag != "!" and tag not in known:
            self.problems.append(place.problem(f"the tag {tag!r} is not allowed here"))

    def _closed(self, opened: _Open) -> Items | Mapping:
        children = opened.children
        size = 1 + sum(_size(child) for child in children)
        depth = 1 + max((_depth(child) for child in children), default=0)
        _check_size(size, opened.place)
        _check_depth(len(self.stack) + depth, opened.place)
        if not opened.is_mapping:
            return Items(opened.place, tuple(children), size, depth)
        return Mapping(opened.place, self._entries(children), size, depth)

    def _entries(self, children: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        merged: list[tuple[Scalar, Node]] = []
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.problems.append(key.place.problem("a key must be a text"))
            elif key.text == "<<" and not key.quoted:
                merged.extend(self._merged(value))
            elif key.text in entries:
                first = entries[key.text][0].place.line
                message = f"{key.text!r} stands twice, first in line {first}"
                self.problems.append(key.place.problem(message, "remove one of the two"))
            else:
                entries[key.text] = (key, value)
        for key, value in merged:
            entries.setdefault(key.text, (key, value))
        return tuple(entries.values())

    def _merged(self, value: Node) -> Iterator[tuple[Scalar, Node]]:
        for source in value.items if isinstance(value, Items) else (value,):
            if isinstance(source, Mapping):
                yield from source.entries
            else:
                self.problems.append(source.place.problem("<< needs a mapping to merge"))


def _place(event: yaml.Event) -> Place:
    if event.start_mark is None:
        return Place(1, 1)
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _check_size(size: int, place: Place) -> None:
    if size > MAX_NODES:
        message = f"a configuration has at most {MAX_NODES} values, this has more"
        raise DocumentError([place.problem(message)])


def _check_depth(depth: int, place: Place) -> None:
    if depth > MAX_DEPTH:
        message = f"a configuration is nested at most {MAX_DEPTH} deep, this is deeper"
        raise DocumentError([place.problem(message)])


def _size(node: Node) -> int:
    return 1 if isinstance(node, Scalar) else node.size


def _depth(node: Node) -> int:
    return 0 if isinstance(node, Scalar) else node.depth


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _joined_surrogates(text: str) -> str:
    r"""Return a text in which pairs such as \ud83d\ude00, JSON's way, are one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = " ".join(str(error.problem or error.context or error).split())
    hint = ""
    if "'\\t'" in message:
        message, hint = "a tab cannot indent YAML", "use spaces"
    elif error.context:
        message = f"{message} ({error.context})"
    message = f"this is no YAML: {message}"
    if mark is None:
        return Problem(message, hint=hint)
    return Place(mark.line + 1, mark.column + 1).problem(message, hint)
