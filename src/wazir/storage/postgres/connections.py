"""Connections to one PostgreSQL database, each used by one thread at a time."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.adapt import AdaptersMap

from wazir.domain.errors import StorageError
from wazir.storage.checks import store_closed
from wazir.storage.postgres.failures import cannot_connect, connection_lost
from wazir.storage.postgres.texts import text_adapters

MAX_CONNECTIONS = 20
_CONNECT_TIMEOUT_S = 10
# A client that stops inside a transaction must not keep others away for ever.
_SETTINGS = "set lock_timeout = '30s'; set idle_in_transaction_session_timeout = '300s'"


class ConnectionPool:
    """Opens connections on demand and keeps them for the next use.

    A connection that broke is thrown away, and all idle ones with it: a server that was restarted
    has broken those too. In a forked child those of the parent are never used and never closed.

    Args:
        url: where the database is, as libpq understands it.
        shown: how messages call it, without a password.
        max_size: how many connections there may be at a time, at least 1.
        wait_s: how long to wait for one while all are in use, in seconds.
    """

    def __init__(self, url: str, shown: str, *, max_size: int, wait_s: float) -> None:
        self.shown = shown
        self._url = url
        self._adapters = text_adapters()
        self._max_size = max_size
        self._wait_s = wait_s
        self._is_closed = False
        self._begin()
        _pools.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(self._max_size)
        self._idle: list[psycopg.Connection] = []
        self._in_use: set[psycopg.Connection] = set()

    @contextmanager
    def lent(self) -> Iterator[psycopg.Connection]:
        """Lend a connection that is in no transaction, and is to be given back so.

        Raises:
            ConnectionLostError: none can be made at the moment.
            StorageError: none can be made, or the pool is closed.
        """
        free = self._free
        if not free.acquire(timeout=self._wait_s):
            raise StorageError(
                f"all {self._max_size} connections to {self.shown} have been in use for "
                f"{self._wait_s:g} s"
            )
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            free.release()

    def owns(self, connection: psycopg.Connection) -> bool:
        """Return whether a connection was lent by this process: a child has none of its parent."""
        return connection in self._in_use

    def connect(self) -> psycopg.Connection:
        """Make a connection that is not one of the pool's. Raises StorageError."""
        try:
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                context=_Adapting(self._adapters),
                application_name="wazir",
                client_encoding="utf8",
                connect_timeout=_CONNECT_TIMEOUT_S,
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
            )
        except psycopg.Error as error:
            raise cannot_connect(error, self.shown) from None
        try:
            connection.execute(_SETTINGS)
        except psycopg.Error as error:
            connection.close()
            raise connection_lost(error, self.shown) from None
        return connection

    def check_open(self) -> None:
        """Raise StorageError after `close`."""
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
        _inherited.extend((*self._in_use, *self._idle))
        self._begin()

    def _take(self) -> psycopg.Connection:
        with self._lock:
            self.check_open()
            connection = self._idle.pop() if self._idle else None
            if connection is not None:
                self._in_use.add(connection)
                return connection
        connection = self.connect()
        with self._lock:
            self._in_use.add(connection)
        return connection

    def _give_back(self, connection: psycopg.Connection) -> None:
        is_sound = False
        with self._lock:
            if connection not in self._in_use:
                return
            self._in_use.remove(connection)
            is_sound = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            if is_sound and not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()
        if not is_sound:
            self.close_idle()


class _Adapting:
    """Gives a new connection its adapters (psycopg's AdaptContext protocol)."""

    def __init__(self, adapters: AdaptersMap) -> None:
        self.adapters = adapters
        self.connection: psycopg.Connection | None = None


_pools: "weakref.WeakSet[ConnectionPool]" = weakref.WeakSet()
# Connections of a parent process: to close one here would end it there.
_inherited: list[psycopg.Connection] = []


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool.forget_inherited()


os.register_at_fork(after_in_child=_after_fork_in_child)
