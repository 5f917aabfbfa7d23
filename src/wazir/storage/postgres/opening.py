"""Opening a database: checking that it is ours, and bringing it to this version."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import psycopg
from psycopg.abc import QueryNoTemplate

from wazir.domain.errors import NotFoundError, SchemaVersionError, StorageError
from wazir.storage.postgres.connections import ConnectionPool
from wazir.storage.postgres.failures import storage_error
from wazir.storage.postgres.statements import migrations
from wazir.storage.sql.statements import split_statements

_TABLES = ("studies", "trials", "measurements", "tokens")
# "WAZR": the number of the advisory lock that whoever migrates holds.
_LOCK = 0x57415A52


def prepare_database(pool: ConnectionPool, *, create: bool) -> None:
    """Make a database ready for use by this version; several processes may do so at once.

    Raises:
        NotFoundError: it has no tables of ours, and `create` is false.
        SchemaVersionError: it was written by a newer version.
        StorageError: it cannot be used.
    """
    with pool.lent() as connection:
        try:
            _check_encoding(connection, pool.shown)
            version = _checked_version(connection, pool.shown)
            if not version and not create:
                raise NotFoundError(
                    f"there are no studies in {pool.shown}",
                    hint="create a study first, or name another database",
                )
            if version < len(migrations()):
                with _alone(connection), connection.transaction():
                    _migrate(connection, pool.shown)
        except psycopg.Error as error:
            raise storage_error(error, pool.shown) from error


@contextmanager
def _alone(connection: psycopg.Connection) -> Iterator[None]:
    """Keep other processes from migrating while the block runs.

    The lock is not taken in the block's transaction: one that waited for it need not see tables
    that were made meanwhile, because names are looked up in a cache of its own.
    """
    connection.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK])


def _migrate(connection: psycopg.Connection, database: str) -> None:
    # Another process may have done it meanwhile.
    version = _checked_version(connection, database)
    if version == 0:
        connection.execute("create table if not exists wazir_schema (version bigint not null)")
        connection.execute("insert into wazir_schema values (0)")
    for script in migrations()[version:]:
        for statement in split_statements(script):
            connection.execute(cast(QueryNoTemplate, statement))
    connection.execute("update wazir_schema set version = %s", [len(migrations())])


def _checked_version(connection: psycopg.Connection, database: str) -> int:
    """Return the version of the tables, 0 if there are none of ours."""
    if not _is_there(connection, "wazir_schema"):
        strange = [table for table in _TABLES if _is_there(connection, table)]
        # Another process may have made our tables between the statements.
        if strange and not _is_there(connection, "wazir_schema"):
            raise StorageError(
                f"{database} has tables of another program, named {', '.join(strange)}",
                hint="make a database for Wazir alone (`createdb NAME`) and name it in the URL",
            )
        if not strange:
            return 0
    row = connection.execute("select version from wazir_schema").fetchone()
    version = 0 if row is None else int(row[0])
    if version > len(migrations()):
        raise SchemaVersionError(
            f"{database} was written by a newer Wazir: it has version {version}, "
            f"this one knows up to version {len(migrations())}",
            hint="upgrade Wazir (`pip install --upgrade wazir`), or name another database",
        )
    return version


def _is_there(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [table]).fetchone()
    return row is not None and bool(row[0])


def _check_encoding(connection: psycopg.Connection, database: str) -> None:
    row = connection.execute("show server_encoding").fetchone()
    if row is None or row[0] != "UTF8":
        raise StorageError(
            f"{database} has the encoding {row and row[0]}, which cannot hold all texts",
            hint="make one with `createdb --encoding UTF8 --template template0 NAME`",
        )
