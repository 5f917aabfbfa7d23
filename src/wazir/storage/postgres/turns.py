"""Turns in computing suggestions, among the threads of all servers on one database."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg

from wazir.domain.errors import StorageError
from wazir.domain.names import StudyName
from wazir.storage.postgres.connections import ConnectionPool
from wazir.storage.turns import Turns

_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1


@dataclass
class _Keeper:
    """What holds the locks of one process."""

    in_use: threading.Lock = field(default_factory=threading.Lock)
    connection: psycopg.Connection | None = None
    schema: str = ""


class SharedTurns:
    """One turn per study, held by advisory locks of one session, without a transaction.

    All locks of a process are held by one connection of its own: as many connections as studies
    would use up the server's, and those who wait for a turn would keep one each. So a lock that
    another process has is asked for again and again, with pauses that grow. A process that dies
    loses its connection, and with it its locks. Where the connection breaks, turns are as good as
    given back; they save work and protect nothing.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._turns = Turns()
        # By process: a child keeps its parent's, and neither uses nor closes it.
        self._keepers: dict[int, _Keeper] = {}

    @contextmanager
    def taken(self, name: StudyName, timeout_s: float) -> Iterator[bool]:
        """Take a turn for a block, and give whether somebody else may have had one meanwhile."""
        deadline = time.monotonic() + timeout_s
        has_turn, has_waited = self._turns.take(name, timeout_s)
        if not has_turn:
            yield True
            return
        is_locked = False
        try:
            is_locked, has_waited_elsewhere = self._lock(name, deadline)
            yield has_waited or has_waited_elsewhere
        finally:
            if is_locked:
                self._ask("select pg_advisory_unlock(%s)", name)
            self._turns.give_back(name)

    def close(self) -> None:
        """Give all turns back."""
        keeper = self._keeper()
        with keeper.in_use:
            _drop(keeper)

    def _lock(self, name: StudyName, deadline: float) -> tuple[bool, bool]:
        """Return (whether the lock is ours, whether another process had it)."""
        pause_s, has_waited = _FIRST_PAUSE_S, False
        while True:
            is_free = self._ask("select pg_try_advisory_lock(%s)", name)
            if is_free:
                return True, has_waited
            has_waited = True
            if is_free is None or time.monotonic() + pause_s > deadline:
                return False, True
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _ask(self, statement: LiteralString, name: StudyName) -> bool | None:
        """Return what the server says of a lock, None if it cannot be asked."""
        keeper = self._keeper()
        with keeper.in_use:
            try:
                if keeper.connection is None:
                    keeper.connection = self._pool.connect()
                    here = keeper.connection.execute("select current_schema()").fetchone()
                    keeper.schema = str(here and here[0])
                key = [_key(keeper.schema, name)]
                row = keeper.connection.execute(statement, key).fetchone()
            except (psycopg.Error, StorageError):
                _drop(keeper)
                return None
        return row is not None and bool(row[0])

    def _keeper(self) -> _Keeper:
        return self._keepers.setdefault(os.getpid(), _Keeper())


def _drop(keeper: _Keeper) -> None:
    if keeper.connection is not None:
        keeper.connection.close()
        keeper.connection = None


def _key(schema: str, name: StudyName) -> int:
    """Return the number of a study's lock: those of a database share one space of 64 bits."""
    text = f"wazir {schema} {name}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
