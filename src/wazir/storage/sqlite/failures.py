"""Errors of SQLite in words that say what to do."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wazir.domain.errors import StorageError

_NO_SPACE = ("there is no space left for {path}", "free space on its disk, then run again")
_UNREADABLE = (
    "{path} is damaged",
    "restore it from a copy, or save what can be read with `sqlite3 FILE .recover`",
)
_READ_ONLY = (
    "{path} cannot be written",
    "make the file and its folder writable, or name another with --storage (storage=)",
)
_LOCKED = (
    "{path} is locked by another program",
    "wait until it ends, or find it with `fuser FILE`",
)

# Primary result codes of SQLite.
_WORDS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: (
        "{path} cannot be read or written",
        "look at the disk: its health, its free space, and whether it is still mounted",
    ),
    sqlite3.SQLITE_CORRUPT: _UNREADABLE,
    sqlite3.SQLITE_FULL: _NO_SPACE,
    sqlite3.SQLITE_CANTOPEN: (
        "{path} cannot be opened",
        "look whether it is a file, and whether you may read and write it and its folder",
    ),
    sqlite3.SQLITE_NOTADB: ("{path} is not a SQLite database", "name another file"),
}

_SHARED_MEMORY_FULL = sqlite3.SQLITE_IOERR_SHMSIZE


def storage_error(error: sqlite3.Error, path: Path) -> StorageError:
    """Return the error that says what `error` means for the user."""
    code = getattr(error, "sqlite_errorcode", None)
    words = None if code is None else _WORDS.get(code & 0xFF)
    if code == _SHARED_MEMORY_FULL:
        words = _NO_SPACE
    message, hint = words or ("the database {path} failed", "")
    return StorageError(f"{message.format(path=path)} (SQLite: {error})", hint=hint)


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another connection was in the way."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_BUSY


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise StorageError for any error of SQLite in the block."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
