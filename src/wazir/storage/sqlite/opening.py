"""Opening a database: creating it, checking that it is ours, and bringing it to this version."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from wazir.domain.errors import NotFoundError, SchemaVersionError, StorageError
from wazir.storage.sql.statements import split_statements
from wazir.storage.sqlite.failures import is_busy, translated
from wazir.storage.sqlite.network_files import refuse_network_file
from wazir.storage.sqlite.statements import migrations

# "WAZR": tells our files from those of other programs.
APPLICATION_ID = 0x57415A52
_RETRY_S = 0.01

_T = TypeVar("_T")


def prepare_database(path: Path, *, create: bool, busy_timeout_s: float) -> None:
    """Make the file at an absolute path ready for use by this version.

    Several processes may do so at the same time.

    Raises:
        NotFoundError: there is no file, and `create` is false.
        SchemaVersionError: the file was written by a newer version.
        StorageError: the file cannot be used.
    """
    refuse_network_file(path)
    if not path.exists():
        if not create:
            raise NotFoundError(
                f"there is no database {path}", hint="create a study first, or name another file"
            )
        _make_folder(path.parent)
    mode = "rwc" if create else "rw"
    with (
        translated(path),
        closing(
            sqlite3.connect(
                f"{path.as_uri()}?mode={mode}",
                uri=True,
                timeout=busy_timeout_s,
                isolation_level=None,
            )
        ) as connection,
    ):
        _check_ours(connection, path)
        # The change to WAL does not wait for other connections that open the file, so repeat it.
        journal = _until_free(lambda: _pragma(connection, "journal_mode = wal"), busy_timeout_s)
        if journal != "wal":
            raise StorageError(
                f"{path} cannot be shared between processes: its file system has no shared memory",
                hint="put the database on a local disk",
            )
        migrate(connection, path)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that are missing, all in one transaction."""
    newest = len(migrations())
    if _checked_version(connection, path) == newest:
        return
    connection.execute("begin immediate")
    try:
        for script in migrations()[_checked_version(connection, path) :]:
            for statement in split_statements(script):
                connection.execute(statement)
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {newest}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"the folder {folder} for the database cannot be made ({error.strerror})",
            hint="name another place with --storage (storage= in Python)",
        ) from error


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StorageError if the file holds tables of another program."""
    if _pragma(connection, "application_id") == APPLICATION_ID:
        return
    tables = [name for (name,) in connection.execute("select name from sqlite_master")]
    # Another process may have made our tables between the two statements.
    if tables and _pragma(connection, "application_id") != APPLICATION_ID:
        raise StorageError(
            f"{path} is a database of another program, with the tables {', '.join(tables[:5])}",
            hint="name another file",
        )


def _checked_version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(_pragma(connection, "user_version"))
    newest = len(migrations())
    if version > newest:
        raise SchemaVersionError(
            f"{path} was written by a newer Wazir: it has version {version}, "
            f"this one knows up to version {newest}",
            hint="upgrade Wazir (`pip install --upgrade wazir`), or name another file",
        )
    return version


def _pragma(connection: sqlite3.Connection, text: str) -> int | str:
    value: int | str = connection.execute(f"pragma {text}").fetchone()[0]
    return value


def _until_free(action: Callable[[], _T], timeout_s: float) -> _T:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_S)
