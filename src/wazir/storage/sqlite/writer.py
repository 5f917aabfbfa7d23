"""One write transaction on one study in SQLite."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from wazir.domain.errors import ConflictError, InvalidInputError, NotFoundError
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.storage.sqlite.queries import queries
from wazir.storage.sqlite.rows import (
    COUNTERS,
    config_text,
    counts_from_row,
    measurement_from_row,
    measurement_to_row,
    study_from_row,
    trial_from_row,
    trial_to_row,
)


class SqliteWriter:
    """Implements StudyWriter; `finish` writes the study's row once, at the end."""

    def __init__(self, connection: sqlite3.Connection, row: sqlite3.Row) -> None:
        self._connection = connection
        self._row = row
        self._id: int = row["id"]
        self._before = study_from_row(row)
        self._after = self._before
        self._counts = dict(vars(counts_from_row(row)))
        self._last_trial_id: int = row["last_trial_id"]
        self._is_changed = False
        self._is_config_changed = False

    @property
    def study(self) -> Study:
        """The study as it was when the transaction began."""
        return self._before

    @property
    def revision(self) -> int:
        """The revision that this transaction makes."""
        return self._before.revision + 1

    @property
    def counts(self) -> TrialCounts:
        """Trials by state."""
        return TrialCounts(**self._counts)

    @property
    def last_trial_id(self) -> int:
        """The greatest trial id given so far."""
        return self._last_trial_id

    def trial(self, trial_id: int) -> Trial:
        """Return a trial."""
        key = {"study": self._id, "id": trial_id}
        row = self._connection.execute(queries()["trial"], key).fetchone()
        if row is None:
            last = self._last_trial_id
            there = f"trials are numbered 1 to {last}" if last else "it has no trials yet"
            study_id = self._before.name.study_id
            raise NotFoundError(f"study {study_id!r} has no trial {trial_id}", hint=there)
        return trial_from_row(row)

    def trials(
        self,
        *,
        states: Iterable[TrialState],
        client_id: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Return trials in any of `states`, by id."""
        found: list[Trial] = []
        for state in set(states):
            query = "ended_trials" if state.is_final else "open_trials"
            rows = self._connection.execute(
                queries()[query],
                {
                    "study": self._id,
                    "state": state.value,
                    "client_id": client_id,
                    "limit": -1 if limit is None else max(0, limit),
                },
            )
            found.extend(trial_from_row(row) for row in rows)
        found.sort(key=lambda trial: trial.id)
        return found if limit is None else found[: max(0, limit)]

    def measurements(self, trial_id: int) -> list[Measurement]:
        """Return the measurements of a trial, oldest first."""
        key = {"study": self._id, "trial": trial_id}
        rows = self._connection.execute(queries()["measurements"], key)
        return [measurement_from_row(row) for row in rows]

    def insert_trial(self, trial: Trial) -> None:
        """Add a trial."""
        if trial.id != self._last_trial_id + 1:
            raise ConflictError(
                f"the next trial is number {self._last_trial_id + 1}, got {trial.id}"
            )
        row = trial_to_row(self._id, trial, self.revision)
        self._connection.execute(queries()["insert_trial"], row)
        self._last_trial_id = trial.id
        self._count(trial.state, 1)

    def update_trial(self, trial: Trial) -> None:
        """Replace a trial."""
        before = self.trial(trial.id)
        row = trial_to_row(self._id, trial, self.revision)
        self._connection.execute(queries()["update_trial"], row)
        self._count(before.state, -1)
        self._count(trial.state, 1)

    def put_measurement(self, trial_id: int, measurement: Measurement) -> None:
        """Add or replace a measurement."""
        if measurement.step is None:
            raise InvalidInputError("a stored measurement needs a step, got None")
        key = {"study": self._id, "id": trial_id, "revision": self.revision}
        touched = self._connection.execute(queries()["touch_trial"], key)
        if touched.rowcount == 0:
            self.trial(trial_id)
        row = measurement_to_row(self._id, trial_id, measurement)
        self._connection.execute(queries()["put_measurement"], row)
        self._is_changed = True

    def update_study(self, study: Study) -> None:
        """Replace config, state and metadata."""
        self._is_changed = True
        self._is_config_changed |= study.config != self._after.config
        self._after = replace(
            self._after, config=study.config, state=study.state, metadata=study.metadata
        )

    def delete_trial(self, trial_id: int) -> None:
        """Remove a trial and its measurements."""
        before = self.trial(trial_id)
        key = {"study": self._id, "id": trial_id}
        self._connection.execute(queries()["delete_trial"], key)
        self._count(before.state, -1)
        self._is_config_changed = True

    def finish(self) -> None:
        """Write the study's row if anything changed."""
        if not self._is_changed:
            return
        after = self._after
        config_revision = self.revision if self._is_config_changed else after.config_revision
        same_config = after.config is self._before.config
        metadata = {space: dict(entries) for space, entries in after.metadata.items()}
        self._connection.execute(
            queries()["update_study"],
            {
                "id": self._id,
                "config": self._row["config"] if same_config else config_text(after.config),
                "state": after.state.value,
                "metadata": json.dumps(metadata),
                "revision": self.revision,
                "config_revision": config_revision,
                "last_trial_id": self._last_trial_id,
                **{f"n_{name}": count for name, count in self._counts.items()},
            },
        )

    def _count(self, state: TrialState, change: int) -> None:
        self._is_changed = True
        self._counts[COUNTERS[state][2:]] += change
