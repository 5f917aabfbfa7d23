"""A store in one SQLite file."""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.tokens import Token
from wazir.domain.trials import Trial, TrialState
from wazir.storage.checks import (
    check_metadata,
    study_not_found,
    study_taken,
    trial_not_found,
)
from wazir.storage.sqlite.connections import ConnectionPool
from wazir.storage.sqlite.opening import prepare_database
from wazir.storage.sqlite.rows import (
    Bindings,
    Row,
    measurement_from_row,
    name_bindings,
    study_bindings,
    study_from_row,
    trial_from_row,
)
from wazir.storage.sqlite.statements import queries
from wazir.storage.sqlite.tokens import SqliteTokens
from wazir.storage.sqlite.writer import SqliteStudyWriter

BUSY_TIMEOUT_S = 30.0


class SqliteStore:
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
        self._tokens = SqliteTokens(self._pool)
        # For callers that drop a store without closing it.
        weakref.finalize(self, self._pool.close)

    def create_study(self, study: Study) -> Study:
        """Add a study."""
        check_metadata(study.metadata)
        bindings = study_bindings(study)
        with self._pool.writing() as connection:
            if _study_row(connection, study.name) is not None:
                raise study_taken(study.name)
            connection.execute(queries()["insert_study"], bindings)
            return study_from_row(_existing_study(connection, study.name)).study

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        with self._pool.reading() as connection:
            row = _existing_study(connection, name)
        return study_from_row(row).study

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project."""
        with self._pool.reading() as connection:
            rows = _all(connection, "select_studies", {"project_id": project_id})
        return [study_from_row(row).study for row in rows]

    def delete_study(self, name: StudyName) -> None:
        """Remove a study."""
        with self._pool.writing() as connection:
            _existing_study(connection, name)
            connection.execute(queries()["delete_study"], name_bindings(name))

    @contextmanager
    def write(self, name: StudyName) -> Iterator[SqliteStudyWriter]:
        """Begin a write transaction."""
        with self._pool.writing() as connection:
            row = study_from_row(_existing_study(connection, name))
            writer = SqliteStudyWriter(connection, row, self._pool.path)
            try:
                yield writer
                writer.finish()
            finally:
                writer.end()

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        with self._pool.reading() as connection:
            row = connection.execute(queries()["select_counts"], name_bindings(name)).fetchone()
            if row is None:
                raise _not_found(connection, name)
        return TrialCounts(*row)

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        with self._pool.reading() as connection:
            key, _, last_trial_id = _study_head(connection, name)
            bindings: Bindings = {"study_key": key, "trial_id": trial_id}
            row = connection.execute(queries()["select_trial"], bindings).fetchone()
        if row is None:
            raise trial_not_found(name, trial_id, last_trial_id)
        return trial_from_row(row)

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since)."""
        wanted = {state.value for state in (TrialState if states is None else states)}
        query = "select_all_trials" if since_revision < 0 else "select_changed_trials"
        with self._pool.reading() as connection:
            key, revision, _ = _study_head(connection, name)
            bindings: Bindings = {"study_key": key, "since_revision": since_revision}
            rows = _all(connection, query, bindings)
        return revision, [trial_from_row(row) for row in rows if row[1] in wanted]

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""
        with self._pool.reading() as connection:
            key, _, _ = _study_head(connection, name)
            rows = {
                trial_id: _all(
                    connection, "select_measurements", {"study_key": key, "trial_id": trial_id}
                )
                for trial_id in trial_ids
            }
        return {
            trial_id: [measurement_from_row(row) for row in found]
            for trial_id, found in rows.items()
        }

    def studies_with_expired_leases(self, now: float, limit: int) -> list[StudyName]:
        """Return the studies of running trials whose lease has ended."""
        bindings: Bindings = {"now": now, "limit": limit}
        with self._pool.reading() as connection:
            rows = _all(connection, "select_studies_with_expired_leases", bindings)
        return [StudyName(project_id, study_id) for project_id, study_id in rows]

    def add_token(self, token: Token) -> None:
        """Add a token."""
        self._tokens.add_token(token)

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash."""
        return self._tokens.token_with_hash(secret_sha256)

    def tokens(self) -> list[Token]:
        """Return all tokens."""
        return self._tokens.tokens()

    def has_tokens(self) -> bool:
        """Return whether there is any token."""
        return self._tokens.has_tokens()

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token."""
        return self._tokens.revoke_token(token_id, revoked_at)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _all(connection: sqlite3.Connection, query: str, bindings: Bindings) -> list[Row]:
    return connection.execute(queries()[query], bindings).fetchall()


def _study_row(connection: sqlite3.Connection, name: StudyName) -> Row | None:
    row: Row | None = connection.execute(queries()["select_study"], name_bindings(name)).fetchone()
    return row


def _existing_study(connection: sqlite3.Connection, name: StudyName) -> Row:
    row = _study_row(connection, name)
    if row is None:
        raise _not_found(connection, name)
    return row


def _study_head(connection: sqlite3.Connection, name: StudyName) -> tuple[int, int, int]:
    """Return (study key, revision, last trial id)."""
    row = connection.execute(queries()["select_study_head"], name_bindings(name)).fetchone()
    if row is None:
        raise _not_found(connection, name)
    key, revision, last_trial_id = row
    return key, revision, last_trial_id


def _not_found(connection: sqlite3.Connection, name: StudyName) -> Exception:
    rows = _all(connection, "select_study_ids", {"project_id": name.project_id})
    return study_not_found(name, [study_id for (study_id,) in rows])
