"""A store in a PostgreSQL database, for several servers and clients at a time."""

import weakref

from wazir.storage.postgres.connections import MAX_CONNECTIONS, ConnectionPool
from wazir.storage.postgres.database import PostgresDatabase
from wazir.storage.postgres.opening import prepare_database
from wazir.storage.postgres.turns import SharedTurns
from wazir.storage.sql.store import SqlStore

PATIENCE_S = 30.0


class PostgresStore(SqlStore):
    """Implements the Store protocol; its contract stands there.

    A store that was opened before a fork can be used after it, in the parent and in the child. A
    restart of the server is survived: what it does to a transaction stands at `PostgresDatabase`.

    Args:
        url: where the database is, `postgresql://user:password@host:port/database` or what else
            libpq understands.
        create: whether to make the tables where they are missing.
        shown: how messages call the database; without a password.
        max_connections: how many connections this process has at a time, at least 1, beside one
            for turns.
        patience_s: for how many seconds an operation is tried again while the server is away.

    Raises:
        NotFoundError: the tables are missing and `create` is false.
        SchemaVersionError: the database was written by a newer version.
        StorageError: the database cannot be used; the message says why.
    """

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        shown: str = "the PostgreSQL database",
        max_connections: int = MAX_CONNECTIONS,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._pool = ConnectionPool(url, shown, max_size=max_connections, wait_s=patience_s)
        try:
            prepare_database(self._pool, create=create)
        except BaseException:
            self._pool.close()
            raise
        self._shared_turns = SharedTurns(self._pool)
        database = PostgresDatabase(self._pool, patience_s=patience_s)
        super().__init__(database, self._shared_turns)
        # For callers that drop a store without closing it.
        weakref.finalize(self, self._pool.close)
        weakref.finalize(self, self._shared_turns.close)

    def close(self) -> None:
        """Close all connections."""
        super().close()
        self._shared_turns.close()
