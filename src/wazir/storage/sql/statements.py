"""The SQL of the stores, read once from its files."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_MIGRATION = re.compile(r"(\d{4})_\w+\.sql")


@cache
def all_queries() -> Mapping[str, str]:
    """Return the statements of queries.sql by name, with the words of both dialects."""
    parts = _NAME.split((Path(__file__).parent / "queries.sql").read_text("utf-8"))
    return {
        name: next(split_statements(text))
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@cache
def read_migrations(folder: Path) -> tuple[str, ...]:
    """Return the migrations of a folder in their order: the first makes version 1, and so on."""
    found = sorted(folder.glob("*.sql"))
    for number, path in enumerate(found, start=1):
        match = _MIGRATION.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            raise RuntimeError(f"migration {number} is missing, found {path.name}")
    return tuple(path.read_text("utf-8") for path in found)


def split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script.

    `sqlite3.Connection.executescript` cannot be used for it: it commits before it begins.
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        if not statement and (not line.strip() or line.startswith("--")):
            continue
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    if statement.strip():
        raise RuntimeError(f"a statement has no end: {statement.strip()[:60]!r}")
