"""Connections to one file: one per thread, never shared with a forked child."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wazir.domain.errors import SchemaVersionError, StorageError
from wazir.storage.sqlite.queries import migrations

BUSY_TIMEOUT_S = 30.0


class Connections:
    """Opens a connection for each thread that asks, and migrates the file once.

    Raises:
        StorageError: the file cannot be opened, read or written.
        SchemaVersionError: a newer Wazir wrote it.
    """

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in one read transaction: all queries see the same state."""
        with self._errors_explained():
            connection = self._connection()
            connection.execute("begin")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in one write transaction, rolled back if the block raises."""
        with self._errors_explained():
            connection = self._connection()
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Close all connections of this process."""
        with self._lock:
            self._is_closed = True
            for connection in self._all:
                connection.close()
            self._all = []

    def _connection(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StorageError(f"the storage {self._path} is closed")
        # A connection must not be used, nor closed, in a forked child.
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.connection = self._open()
            self._local.pid = os.getpid()
        connection: sqlite3.Connection = self._local.connection
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("pragma journal_mode = wal")
            connection.execute(f"pragma synchronous = {self._synchronous}")
            connection.execute("pragma foreign_keys = on")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._all.append(connection)
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        known = len(migrations())
        if self._version(connection) == known:
            return
        connection.execute("begin immediate")
        try:
            version = self._version(connection)
            if version > known:
                raise SchemaVersionError(
                    f"{self._path} has schema version {version}, this Wazir knows {known}",
                    hint="install the Wazir that wrote it, or a newer one",
                )
            for script in migrations()[version:]:
                for statement in statements(script):
                    connection.execute(statement)
            connection.execute(f"pragma user_version = {known}")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("pragma user_version").fetchone()[0])

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, self._path) from error


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one, so that they run in one transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def explained(error: sqlite3.Error, path: Path) -> StorageError:
    """Return an error of SQLite as one that says what to do."""
    text = str(error)
    hint = "see whether the file and its folder are in order"
    for sign, advice in _ADVICE.items():
        if sign in text:
            hint = advice
            break
    return StorageError(f"the storage {path} failed: {text}", hint=hint)


_ADVICE = {
    "database is locked": "another process holds it for too long; try again when it has ended",
    "readonly": "make the file and its folder writable, or name another one with --storage",
    "unable to open": "see whether the folder exists and may be written, or use --storage",
    "is full": "make room on the disk and run the same command again",
    "disk I/O error": "see whether the disk is full or failing; nothing acknowledged is lost",
    "not a database": "name another file with --storage; this one was not made by Wazir",
    "malformed": "restore the file from a copy, or export what can be read with sqlite3 .recover",
}
