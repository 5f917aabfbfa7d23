"""The Store on one SQLite file; the contract stands in wazir.storage.protocol."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from wazir.domain.errors import ConflictError, NotFoundError, StorageError
from wazir.domain.hints import did_you_mean
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.storage.sqlite.connection import Connections
from wazir.storage.sqlite.filesystem import check_local
from wazir.storage.sqlite.queries import queries
from wazir.storage.sqlite.rows import (
    config_text,
    counts_from_row,
    measurement_from_row,
    study_from_row,
    trial_from_row,
)
from wazir.storage.sqlite.writer import SqliteWriter


class SqliteStore:
    """Studies in one file, shared by threads and processes of one machine.

    `synchronous` NORMAL survives the death of any process; a power cut may cost the last moment.
    FULL survives that too, and is slower. The file and its folder are made if needed.

    Raises:
        StorageError: the file cannot be used, or lies on a network file system.
        SchemaVersionError: a newer Wazir wrote it.
    """

    def __init__(self, path: Path, *, synchronous: str = "NORMAL") -> None:
        check_local(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the folder {path.parent} cannot be made: {error.strerror}",
                hint="go to a folder where you may write, or name a file with --storage",
            ) from error
        self._connections = Connections(path, synchronous=synchronous)
        with self._connections.reading():
            pass

    def create_study(self, study: Study) -> Study:
        """Add a study."""
        metadata = {space: dict(entries) for space, entries in study.metadata.items()}
        try:
            with self._connections.writing() as connection:
                connection.execute(
                    queries()["insert_study"],
                    {
                        **_key(study.name),
                        "config": config_text(study.config),
                        "state": study.state.value,
                        "metadata": json.dumps(metadata),
                        "created_at": study.created_at,
                    },
                )
        except StorageError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise ConflictError(f"study {study.name.study_id!r} exists already") from None
            raise
        return replace(study, metadata=metadata, revision=0, config_revision=0)

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        with self._connections.reading() as connection:
            return study_from_row(_study_row(connection, name))

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project, oldest first."""
        with self._connections.reading() as connection:
            rows = connection.execute(queries()["studies"], {"project_id": project_id})
            return [study_from_row(row) for row in rows]

    def delete_study(self, name: StudyName) -> None:
        """Remove a study with all that belongs to it."""
        with self._connections.writing() as connection:
            _study_row(connection, name)
            connection.execute(queries()["delete_study"], _key(name))

    @contextmanager
    def write(self, name: StudyName) -> Iterator[SqliteWriter]:
        """Begin a write transaction."""
        with self._connections.writing() as connection:
            writer = SqliteWriter(connection, _study_row(connection, name))
            yield writer
            writer.finish()

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        with self._connections.reading() as connection:
            return counts_from_row(_study_row(connection, name))

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        with self._connections.reading() as connection:
            return SqliteWriter(connection, _study_row(connection, name)).trial(trial_id)

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since), read together."""
        with self._connections.reading() as connection:
            row = _study_row(connection, name)
            if states is not None and since_revision < 0:
                return row["revision"], SqliteWriter(connection, row).trials(states=states)
            query = "changed_trials" if since_revision >= 0 else "all_trials"
            found = connection.execute(
                queries()[query], {"study": row["id"], "revision": since_revision}
            )
            trials = [trial_from_row(trial) for trial in found]
        if states is None:
            return row["revision"], trials
        wanted = frozenset(states)
        return row["revision"], [trial for trial in trials if trial.state in wanted]

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""
        with self._connections.reading() as connection:
            study = _study_row(connection, name)["id"]
            found = {}
            for trial_id in trial_ids:
                key = {"study": study, "trial": trial_id}
                rows = connection.execute(queries()["measurements"], key)
                found[trial_id] = [measurement_from_row(row) for row in rows]
            return found

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()


def _key(name: StudyName) -> dict[str, str]:
    return {"project_id": name.project_id, "study_id": name.study_id}


def _study_row(connection: sqlite3.Connection, name: StudyName) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(queries()["study"], _key(name)).fetchone()
    if row is None:
        known = connection.execute(queries()["study_ids"], _key(name)).fetchall()
        raise NotFoundError(
            f"there is no study {name.study_id!r}",
            hint=did_you_mean(name.study_id, [row["study_id"] for row in known]),
        )
    return row
