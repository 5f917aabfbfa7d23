"""The SQL of the SQLite store."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from wazir.storage.sql.statements import all_queries, read_migrations

_FOLDER = Path(__file__).parent


@cache
def queries() -> Mapping[str, str]:
    """Return the statements by name."""
    return {name: text.replace("\nfor update", "") for name, text in all_queries().items()}


def migrations() -> tuple[str, ...]:
    """Return the migrations in their order: the first makes version 1, and so on."""
    return read_migrations(_FOLDER / "migrations")


def schema() -> str:
    """Return the tables of the newest version."""
    return (_FOLDER / "schema.sql").read_text("utf-8")
