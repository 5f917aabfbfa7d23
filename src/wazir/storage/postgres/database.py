"""Transactions in PostgreSQL: which are tried again, and what is said of those that are not."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import psycopg
from psycopg.abc import QueryNoTemplate

from wazir.domain.errors import ConnectionLostError, StorageError
from wazir.storage.postgres.connections import ConnectionPool
from wazir.storage.postgres.failures import (
    connection_lost,
    outcome_unknown,
    storage_error,
)
from wazir.storage.postgres.statements import queries
from wazir.storage.sql.session import NO_VALUES, Rows, Session, T, Values
from wazir.storage.write_lock import NESTED

_READ = "begin isolation level repeatable read, read only"
_WRITE = "begin isolation level read committed"
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0


class PostgresDatabase:
    """Implements the Database protocol.

    Where the connection breaks:

    - before a transaction has begun to commit, it certainly changed nothing. `read` and `change`
      are tried again, with pauses that grow, for `patience_s`; so is `writing` up to the end of
      its `first`. What broke later in a block of `writing` raises StorageError: the block cannot
      be run again from here, and its caller may.
    - while it commits, nobody knows whether it did. That raises a StorageError that says so, and
      nothing is tried again: a second time might change things twice.
    """

    def __init__(self, pool: ConnectionPool, *, patience_s: float) -> None:
        self._pool = pool
        self._patience_s = patience_s
        # Threads that are inside a block of `writing`.
        self._writing: set[int] = set()

    def read(self, work: Callable[[Session], T]) -> T:
        """Return what `work` makes of one state of the database."""
        return self._again(lambda: self._whole(_READ, work))

    def change(self, work: Callable[[Session], T]) -> T:
        """Return what `work` returns, in a transaction of its own."""
        return self._again(lambda: self._whole(_WRITE, work))

    @contextmanager
    def writing(self, first: Callable[[Session], T]) -> Iterator[tuple[Session, T]]:
        """Begin a transaction with `first`."""

        def begin() -> tuple[_Transaction, T]:
            transaction = _Transaction(self._pool, _WRITE)
            try:
                return transaction, first(transaction)
            except BaseException:
                transaction.roll_back()
                raise

        transaction, result = self._again(begin)
        thread = threading.get_ident()
        self._writing.add(thread)
        try:
            yield transaction, result
            transaction.commit()
        except BaseException:
            transaction.roll_back()
            raise
        finally:
            self._writing.discard(thread)

    def check_usable(self) -> None:
        """Raise RuntimeError in a block of `writing`, StorageError after `close`."""
        if threading.get_ident() in self._writing:
            raise RuntimeError(NESTED)
        self._pool.check_open()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _whole(self, begin: str, work: Callable[[Session], T]) -> T:
        transaction = _Transaction(self._pool, begin)
        try:
            result = work(transaction)
            transaction.commit()
        except BaseException:
            transaction.roll_back()
            raise
        return result

    def _again(self, action: Callable[[], T]) -> T:
        """Return what an action returns; try again while the server is away."""
        self.check_usable()
        deadline = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return action()
            except ConnectionLostError:
                if time.monotonic() + pause_s > deadline:
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


class _Transaction:
    """A transaction on a connection that is lent until it ends (the Session protocol)."""

    def __init__(self, pool: ConnectionPool, begin: str) -> None:
        self._pool = pool
        self._lent = pool.lent()
        self._connection = self._lent.__enter__()
        self._has_ended = False
        self._is_read = begin == _READ
        try:
            self._execute(begin)
        except BaseException:
            self.roll_back()
            raise

    def run(self, query: str, values: Values = NO_VALUES) -> Rows:
        """Run the statement of a name."""
        return cast(Rows, self._execute(queries()[query], values))

    def commit(self) -> None:
        """Make all changes, and give the connection back."""
        self._check_ours()
        try:
            self._connection.execute("commit")
        except psycopg.Error as error:
            if self._is_lost(error):
                lost = connection_lost if self._is_read else outcome_unknown
                raise lost(error, self._pool.shown) from error
            raise storage_error(error, self._pool.shown) from error
        self._end()

    def roll_back(self) -> None:
        """Make no change, and give the connection back; after the end nothing happens."""
        if self._has_ended:
            return
        if self._pool.owns(self._connection):
            # The server rolls back itself when it loses the connection.
            with suppress(psycopg.Error):
                self._connection.execute("rollback")
        self._end()

    def _end(self) -> None:
        self._has_ended = True
        self._lent.__exit__(None, None, None)

    def _execute(
        self, statement: str, values: Values = NO_VALUES
    ) -> psycopg.Cursor[tuple[object, ...]]:
        self._check_ours()
        try:
            return self._connection.execute(cast(QueryNoTemplate, statement), values or None)
        except psycopg.Error as error:
            if self._is_lost(error):
                raise connection_lost(error, self._pool.shown) from error
            raise storage_error(error, self._pool.shown) from error

    def _is_lost(self, error: psycopg.Error) -> bool:
        is_told = isinstance(storage_error(error, ""), ConnectionLostError)
        return is_told or bool(self._connection.closed)

    def _check_ours(self) -> None:
        if not self._pool.owns(self._connection):
            raise StorageError(
                "a transaction cannot go on in a forked process", hint="begin another one there"
            )
