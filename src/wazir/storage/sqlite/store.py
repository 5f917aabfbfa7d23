"""A store in one SQLite file."""

import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from wazir.storage.sql.session import NO_VALUES, Rows, Session, T, Values
from wazir.storage.sql.store import SqlStore
from wazir.storage.sqlite.connections import ConnectionPool
from wazir.storage.sqlite.failures import storage_error
from wazir.storage.sqlite.opening import prepare_database
from wazir.storage.sqlite.statements import queries
from wazir.storage.turns import Turns

BUSY_TIMEOUT_S = 30.0


class SqliteStore(SqlStore):
    """Implements the Store protocol; its contract stands there.

    Processes of one machine may open the same file, and threads share one store. A store that was
    opened before a fork can be used after it, in the parent and in the child.

    Args:
        path: the database file. Its folder is made where it is missing.
        create: whether to make the file where it is missing.
        synchronous: NORMAL loses at most the last moment in a power cut, FULL nothing. Neither
            loses anything when a process is killed.
        busy_timeout_s: how long to wait for other writers, in seconds.

    Raises:
        NotFoundError: the file is missing and `create` is false.
        SchemaVersionError: the file was written by a newer version.
        StorageError: the file cannot be used; the message says why.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        path = path.absolute()
        prepare_database(path, create=create, busy_timeout_s=busy_timeout_s)
        self._pool = ConnectionPool(path, busy_timeout_s=busy_timeout_s, synchronous=synchronous)
        super().__init__(_SqliteDatabase(self._pool), Turns())
        # For callers that drop a store without closing it.
        weakref.finalize(self, self._pool.close)


class _SqliteDatabase:
    """Implements the Database protocol. SQLite has one writer, so it needs no lock on a study."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def read(self, work: Callable[[Session], T]) -> T:
        """Return what `work` makes of one state of the database."""
        with self._pool.reading() as connection:
            return work(_SqliteSession(connection, self._pool.path))

    def change(self, work: Callable[[Session], T]) -> T:
        """Return what `work` returns, in a transaction of its own."""
        with self._pool.writing() as connection:
            return work(_SqliteSession(connection, self._pool.path))

    @contextmanager
    def writing(self, first: Callable[[Session], T]) -> Iterator[tuple[Session, T]]:
        """Begin a transaction with `first`."""
        with self._pool.writing() as connection:
            session = _SqliteSession(connection, self._pool.path)
            yield session, first(session)

    def check_usable(self) -> None:
        """Raise RuntimeError in a block of `writing`, StorageError after `close`."""
        self._pool.check_usable()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _SqliteSession:
    """Implements the Session protocol."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def run(self, query: str, values: Values = NO_VALUES) -> Rows:
        """Run the statement of a name."""
        try:
            return self._connection.execute(queries()[query], values)
        except sqlite3.Error as error:
            raise storage_error(error, self._path) from error
