"""Connections to one SQLite file, each used by one thread at a time and by no other process."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wazir.domain.errors import StorageError
from wazir.storage.checks import store_closed
from wazir.storage.sqlite.failures import translated
from wazir.storage.write_lock import WriteLock


class ConnectionPool:
    """Opens connections on demand and keeps them for the next use.

    A connection must not cross a fork. Before one all idle connections are closed; those in use by
    other threads at that moment are left alone in the child, never used and never closed there.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float, synchronous: str) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._synchronous = synchronous
        self._lock = threading.Lock()
        self._writing = WriteLock()
        self._idle: list[sqlite3.Connection] = []
        self._in_use: set[sqlite3.Connection] = set()
        self._is_closed = False
        self._file = _file_at(path)
        _pools.add(self)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in a transaction that sees one state of the database."""
        self._writing.check_free()
        with self._lent() as connection:
            connection.execute("begin")
            try:
                yield connection
            finally:
                self._end(connection, "commit")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in the one write transaction; it ends with the block.

        Writers of this process wait for each other here, so that they need not poll the file.
        """
        writing = self._writing
        if not writing.acquire(self._busy_timeout_s):
            raise StorageError(
                f"another thread has been writing to {self.path} for {self._busy_timeout_s:g} s"
            )
        try:
            with self._lent() as connection:
                connection.execute("begin immediate")
                try:
                    yield connection
                    connection.execute("commit")
                except BaseException:
                    self._end(connection, "rollback")
                    raise
        finally:
            writing.release()

    def check_usable(self) -> None:
        """Raise RuntimeError in a thread that writes, StorageError after `close`."""
        self._writing.check_free()
        if self._is_closed:
            raise store_closed()

    def close(self) -> None:
        """Close idle connections now, others when their use ends."""
        with self._lock:
            self._is_closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def forget_inherited(self) -> None:
        """Leave what the parent process had open when this process began by a fork."""
        _inherited.extend(self._in_use)
        self._in_use = set()
        self._lock = threading.Lock()
        self._writing = WriteLock()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path):
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._is_closed:
                raise store_closed()
            self._check_in_place()
            if self._idle:
                connection = self._idle.pop()
                self._in_use.add(connection)
                return connection
        connection = self._open()
        with self._lock:
            self._in_use.add(connection)
        return connection

    def _check_in_place(self) -> None:
        # SQLite would go on writing to a file that has no name any more, where all is lost.
        if _file_at(self.path) != self._file:
            raise StorageError(
                f"{self.path} was deleted, moved or replaced while it was in use",
                hint="put it back, or run again to begin a new one",
            )

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if connection not in self._in_use:
                return
            self._in_use.remove(connection)
            if not self._is_closed and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    def _end(self, connection: sqlite3.Connection, statement: str) -> None:
        # SQLite has rolled back already after some errors. An inherited connection is not ours.
        if connection in self._in_use and connection.in_transaction:
            connection.execute(statement)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("pragma foreign_keys = on")
            connection.execute(f"pragma synchronous = {self._synchronous}")
        except BaseException:
            connection.close()
            raise
        return connection


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any other that gets its name, None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


_pools: "weakref.WeakSet[ConnectionPool]" = weakref.WeakSet()
# Connections of a parent process: SQLite must not even close them here.
_inherited: list[sqlite3.Connection] = []


def _before_fork() -> None:
    for pool in list(_pools):
        pool.close_idle()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool.forget_inherited()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
