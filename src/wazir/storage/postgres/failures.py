"""Errors of PostgreSQL in words that say what to do; no message holds a password."""

from collections.abc import Mapping

import psycopg

from wazir.domain.errors import ConnectionLostError, StorageError

# The beginning of a SQLSTATE -> what it means, and what to do.
_WORDS: Mapping[str, tuple[str, str]] = {
    "28": (
        "{database} does not let us in",
        "look at user and password (in the URL, PGPASSWORD or ~/.pgpass), and at pg_hba.conf there",
    ),
    "3D": (
        "there is no such database: {database}",
        "make it with `createdb NAME`, or name another in the URL",
    ),
    "42501": (
        "{database} may not be changed by this user",
        "let its owner run `grant all on schema public to USER`, or use another user",
    ),
    "25006": (
        "{database} cannot be written: it is a standby, or set to read only",
        "name the primary server",
    ),
    "53100": (
        "there is no space left on the disk of {database}",
        "free space there, then run again",
    ),
    "53300": (
        "{database} has no connection left",
        "raise max_connections of the server, or run fewer servers and clients",
    ),
    "55P03": (
        "another client has been writing to the same study of {database} for too long",
        "find it in pg_stat_activity",
    ),
}
# The states of a server that goes or comes, and of lost connections.
_LOST = ("08", "57P01", "57P02", "57P03")
# libpq has no SQLSTATE when it cannot connect, only the server's words.
_REFUSALS: Mapping[str, str] = {
    "password authentication failed": "28",
    "no password supplied": "28",
    "no pg_hba.conf entry": "28",
    "authentication failed": "28",
    "too many clients": "53300",
    "remaining connection slots": "53300",
}


def storage_error(error: psycopg.Error, database: str) -> StorageError:
    """Return the error that says what the failure of a statement means for the user."""
    state = error.sqlstate or ""
    if state.startswith(_LOST):
        return connection_lost(error, database)
    for beginning, (message, hint) in _WORDS.items():
        if state.startswith(beginning):
            return StorageError(f"{message.format(database=database)} ({_said(error)})", hint=hint)
    return StorageError(f"{database} failed ({_said(error)})")


def connection_lost(error: psycopg.Error, database: str) -> ConnectionLostError:
    """Return the error for a connection that broke before anything was changed."""
    return ConnectionLostError(
        f"the connection to {database} was lost; nothing was changed ({_said(error)})",
        hint="look whether the server runs, then do it again",
    )


def cannot_connect(error: psycopg.Error, database: str) -> StorageError:
    """Return the error for a connection that could not be made.

    It is a ConnectionLostError where it may be made later.
    """
    if isinstance(error, psycopg.ProgrammingError):
        return StorageError(
            f"the URL {database} cannot be understood ({_said(error)})",
            hint="it is postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE",
        )
    said = str(error)
    state = error.sqlstate or next(
        (state for words, state in _REFUSALS.items() if words in said), ""
    )
    if not state and "FATAL" in said and "does not exist" in said:
        state = "28" if "role" in said else "3D"
    for beginning, (message, hint) in _WORDS.items():
        if state.startswith(beginning):
            return StorageError(f"{message.format(database=database)} ({_said(error)})", hint=hint)
    return ConnectionLostError(
        f"{database} cannot be reached ({_said(error)})",
        hint="look whether the server runs, and at the host and the port in the URL",
    )


def outcome_unknown(error: psycopg.Error, database: str) -> StorageError:
    """Return the error for a connection that broke while a transaction was committed."""
    return StorageError(
        f"the connection to {database} was lost at the end of a change, and nobody knows whether "
        f"it was made ({_said(error)})",
        hint="look at the study before you do it again",
    )


def _said(error: psycopg.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"PostgreSQL: {lines[0][:300]}" if lines else type(error).__name__
