"""One write transaction on a study in a SQL database."""

from collections.abc import Iterable

from wazir.domain.errors import StorageError
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.storage.checks import (
    MAX_STORED_INT,
    check_metadata,
    check_next_id,
    check_trial,
    step_of,
    transaction_ended,
    trial_not_found,
)
from wazir.storage.counting import moved
from wazir.storage.sql.rows import (
    Bindings,
    StudyRow,
    count_bindings,
    measurement_bindings,
    measurement_from_row,
    study_bindings,
    trial_bindings,
    trial_from_row,
)
from wazir.storage.sql.session import Rows, Session


class SqlStudyWriter:
    """Implements the StudyWriter protocol inside a transaction that its store began."""

    def __init__(self, session: Session, row: StudyRow) -> None:
        self._session = session
        self._study_key = row.study_key
        self._study = row.study
        self._config_text = row.config_text
        self._config_revision = row.study.config_revision
        self._counts = row.counts
        self._last_trial_id = row.last_trial_id
        # States of trials that were read or written here; the transaction keeps others away.
        self._states: dict[int, TrialState] = {}
        self._is_changed = False
        self._has_ended = False
        self._failure: StorageError | None = None

    @property
    def study(self) -> Study:
        """The study as it was."""
        return self._study

    @property
    def revision(self) -> int:
        """The revision that this transaction makes."""
        return self._study.revision + 1

    @property
    def counts(self) -> TrialCounts:
        """Trials by state."""
        return self._counts

    @property
    def last_trial_id(self) -> int:
        """The greatest trial id given so far."""
        return self._last_trial_id

    def trial(self, trial_id: int) -> Trial:
        """Return a trial."""
        row = self._run("select_trial", self._key_of(trial_id)).fetchone()
        if row is None:
            raise trial_not_found(self._study.name, trial_id, self._last_trial_id)
        return self._seen(trial_from_row(row))

    def trials(
        self,
        *,
        states: Iterable[TrialState],
        client_id: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Return trials in some states."""
        found: list[Trial] = []
        for state in frozenset(states):
            found += self._trials_in(state, client_id, limit)
        found.sort(key=lambda trial: trial.id)
        return found[:limit]

    def measurements(self, trial_id: int) -> list[Measurement]:
        """Return the intermediate measurements of a trial."""
        self._trial_head(trial_id)
        rows = self._run("select_measurements", self._key_of(trial_id)).fetchall()
        return [measurement_from_row(row) for row in rows]

    def insert_trial(self, trial: Trial) -> None:
        """Add a trial."""
        check_next_id(trial.id, self._last_trial_id)
        check_trial(trial)
        self._run("insert_trial", trial_bindings(trial, self._study_key, self.revision))
        self._last_trial_id = trial.id
        self._move(trial.id, None, trial.state)

    def update_trial(self, trial: Trial) -> None:
        """Replace a trial."""
        start = self._state_of(trial.id)
        check_trial(trial)
        self._run("update_trial", trial_bindings(trial, self._study_key, self.revision))
        self._move(trial.id, start, trial.state)

    def put_measurement(self, trial_id: int, measurement: Measurement) -> None:
        """Add or replace a measurement."""
        trial_key, _ = self._trial_head(trial_id)
        step_of(measurement)
        columns = measurement_bindings(measurement)
        self._run(
            "put_measurement", {"trial_key": trial_key, "revision": self.revision, **columns}
        )
        self._is_changed = True

    def delete_measurement(self, trial_id: int, step: int) -> None:
        """Remove a measurement."""
        trial_key, _ = self._trial_head(trial_id)
        if self._run("delete_measurement", {"trial_key": trial_key, "step": step}).rowcount:
            self._is_changed = True

    def update_study(self, study: Study) -> None:
        """Replace the study's config, state and metadata."""
        check_metadata(study.metadata)
        columns = study_bindings(study)
        bindings = {name: columns[name] for name in ("config", "state", "metadata")}
        self._run("update_study", {"study_key": self._study_key, **bindings})
        self._is_changed = True
        if bindings["config"] != self._config_text:
            self._config_text = str(bindings["config"])
            self._config_revision = self.revision

    def delete_trial(self, trial_id: int) -> None:
        """Remove a trial."""
        start = self._state_of(trial_id)
        self._run("delete_trial", self._key_of(trial_id))
        self._move(trial_id, start, None)
        self._config_revision = self.revision

    def finish(self) -> None:
        """Write the study's own row; the caller commits.

        Raises:
            StorageError: a statement failed before, even if the caller went on.
        """
        if self._failure is not None:
            raise self._failure
        if self._is_changed:
            bindings: Bindings = {
                "study_key": self._study_key,
                "revision": self.revision,
                "config_revision": self._config_revision,
                "last_trial_id": self._last_trial_id,
            }
            self._run("advance_study", bindings | count_bindings(self._counts))

    def end(self) -> None:
        """Refuse all further use."""
        self._has_ended = True

    def _trials_in(
        self, state: TrialState, client_id: str | None, limit: int | None
    ) -> list[Trial]:
        if state.is_final:
            query = "select_trials_in_state"
        elif client_id is None:
            query = "select_pending_trials"
        else:
            query = "select_pending_trials_of_client"
        bindings: Bindings = {
            "study_key": self._study_key,
            "state": state.value,
            "client_id": client_id,
            "limit": MAX_STORED_INT if limit is None else limit,
        }
        return [self._seen(trial_from_row(row)) for row in self._run(query, bindings).fetchall()]

    def _seen(self, trial: Trial) -> Trial:
        self._states[trial.id] = trial.state
        return trial

    def _state_of(self, trial_id: int) -> TrialState:
        known = self._states.get(trial_id)
        return known if known is not None else self._trial_head(trial_id)[1]

    def _trial_head(self, trial_id: int) -> tuple[int, TrialState]:
        row = self._run("select_trial_head", self._key_of(trial_id)).fetchone()
        if row is None:
            raise trial_not_found(self._study.name, trial_id, self._last_trial_id)
        return row[0], TrialState(row[1])

    def _key_of(self, trial_id: int) -> Bindings:
        return {"study_key": self._study_key, "trial_id": trial_id}

    def _move(self, trial_id: int, start: TrialState | None, finish: TrialState | None) -> None:
        self._counts = moved(self._counts, start, finish)
        self._is_changed = True
        if finish is None:
            self._states.pop(trial_id, None)
        else:
            self._states[trial_id] = finish

    def _run(self, query: str, bindings: Bindings) -> Rows:
        """Execute a statement; after a failure the transaction cannot be continued."""
        if self._has_ended:
            raise transaction_ended()
        if self._failure is not None:
            raise self._failure
        try:
            return self._session.run(query, bindings)
        except StorageError as error:
            self._failure = error
            raise
