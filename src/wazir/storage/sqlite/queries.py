"""Loads the named queries and the migrations that stand in files beside this one."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def queries() -> Mapping[str, str]:
    """Return all statements of queries.sql by name."""
    parts = _NAME.split((_FOLDER / "queries.sql").read_text(encoding="utf-8"))
    return {
        name: _without_comments(body) for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


@cache
def migrations() -> tuple[str, ...]:
    """Return the scripts in order; script k leads from version k to k + 1."""
    files = sorted((_FOLDER / "migrations").glob("*.sql"))
    return tuple(file.read_text(encoding="utf-8") for file in files)


def schema() -> str:
    """Return the script of the present schema."""
    return (_FOLDER / "schema.sql").read_text(encoding="utf-8")


def _without_comments(body: str) -> str:
    lines = [line for line in body.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip()
