"""Aligned text: tables that fit a width, labelled rows, and how values are shown to people."""

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wazir.domain.parameters import ParameterValue, value_text

_GAP = "  "
_N_SHOWN_DIGITS = 6


@dataclass(frozen=True)
class Column:
    """A column of texts.

    Attributes:
        title: the header.
        cells: one text per row.
        right: whether the texts stand at the right, as numbers do.
        min_width: width in characters down to which the column may be cut, None for never.
        optional: whether the column may be left out where there is no room.
    """

    title: str
    cells: Sequence[str]
    right: bool = False
    min_width: int | None = None
    optional: bool = False

    @property
    def width(self) -> int:
        """Width in characters that shows everything."""
        return max(map(text_width, (self.title, *self.cells)))


def number_column(title: str, cells: Sequence[str], *, optional: bool = False) -> Column:
    """Return a column of numbers, which are never cut; a long title may be."""
    widest = max(map(text_width, cells), default=0)
    return Column(title, cells, True, max(widest, min(len(title), 8)), optional)


def text_column(title: str, cells: Sequence[str], *, optional: bool = False) -> Column:
    """Return a column of texts that may be cut."""
    column = Column(title, cells, optional=optional)
    return replace(column, min_width=min(column.width, max(8, min(len(title), 12))))


@dataclass(frozen=True)
class Table:
    """The lines of a table, and the titles of the columns for which there was no room."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def make_table(columns: Sequence[Column], width: int | None) -> Table:
    """Return columns as aligned lines, the header first.

    Args:
        columns: at least one, all with the same number of cells.
        width: characters of the terminal, None for no limit.
    """
    columns = [replace(c, cells=[printable(cell) for cell in c.cells]) for c in columns]
    kept = list(columns) if width is None else _fitting(columns, width)
    widths = _widths(kept, width)
    rows = [[c.title for c in kept], *zip(*(c.cells for c in kept), strict=True)]
    lines = [
        _GAP.join(
            _padded(cut(cell, size), size, right=column.right)
            for cell, size, column in zip(row, widths, kept, strict=True)
        ).rstrip()
        for row in rows
    ]
    left_out = tuple(column.title for column in columns if column not in kept)
    return Table(tuple(lines), left_out)


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns without the last optional ones, as far as that is needed."""
    kept = list(columns)
    while _total(_least(column) for column in kept) > width:
        optional = [column for column in kept if column.optional]
        if not optional:
            break
        kept.remove(optional[-1])
    return kept


def _least(column: Column) -> int:
    return column.width if column.min_width is None else min(column.width, column.min_width)


def _total(widths: Iterable[int]) -> int:
    listed = list(widths)
    return sum(listed) + len(_GAP) * (len(listed) - 1)


def _widths(columns: Sequence[Column], width: int | None) -> list[int]:
    """Return a width per column: the widest ones give way first."""
    widths = [column.width for column in columns]
    least = [_least(column) for column in columns]
    while width is not None and (excess := _total(widths) - width) > 0:
        room = [i for i in range(len(widths)) if widths[i] > least[i]]
        if not room:
            break
        widest = max(room, key=lambda i: widths[i])
        others = [widths[i] for i in room if widths[i] < widths[widest]]
        floor = max([least[widest], *others])
        step = max(1, widths[widest] - floor)
        widths[widest] -= min(excess, step)
    return widths


def text_width(text: str) -> int:
    """Return how many places of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return a text of at most `width` places; what was cut is marked by an ellipsis."""
    if text_width(text) <= width:
        return text
    kept = ""
    for char in text:
        if text_width(kept) + _char_width(char) > width - 1:
            break
        kept += char
    return kept + "…"


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - text_width(text))
    return space + text if right else text + space


def printable(text: str) -> str:
    """Return a text on one line, without characters that would steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def label_lines(rows: Sequence[tuple[str, str]], *, indent: int = 0) -> list[str]:
    """Return lines of a label and a text, the texts under each other; empty texts are left out."""
    rows = [(label, text) for label, text in rows if text]
    width = max((text_width(label) for label, _ in rows), default=0)
    return [
        " " * indent + _padded(label, width, right=False) + _GAP + text for label, text in rows
    ]


def terminal_width() -> int | None:
    """Return the width of the terminal on standard output, None where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shown_value(value: ParameterValue | None) -> str:
    """Return a value for a table: rounded to six digits, "" for none."""
    if value is None:
        return ""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.{_N_SHOWN_DIGITS}g}"
    return value_text(value)


def shown_time(unix_s: float) -> str:
    """Return a moment in local time, to the minute."""
    return datetime.fromtimestamp(unix_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def shown_path(path: Path) -> str:
    """Return a path as it is called from the current folder: relative if it is below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.fspath(path)


def shown_size(size_bytes: int) -> str:
    """Return a size such as "812 bytes" or "3.4 MB"."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    size = size_bytes / 1000
    for unit in ("kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def counted(count: int, noun: str) -> str:
    """Return "1 trial" or "3 trials"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
