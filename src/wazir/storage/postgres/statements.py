"""The SQL of the PostgreSQL store."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from wazir.storage.sql.statements import all_queries, read_migrations

_FOLDER = Path(__file__).parent
_HINT = re.compile(r" indexed by \w+")
_PARAMETER = re.compile(r":(\w+)")


@cache
def queries() -> Mapping[str, str]:
    """Return the statements by name, with parameters as psycopg wants them."""
    return {
        name: _PARAMETER.sub(r"%(\1)s", _HINT.sub("", text))
        for name, text in all_queries().items()
    }


def migrations() -> tuple[str, ...]:
    """Return the migrations in their order: the first makes version 1, and so on."""
    return read_migrations(_FOLDER / "migrations")


def schema() -> str:
    """Return the tables of the newest version."""
    return (_FOLDER / "schema.sql").read_text("utf-8")
