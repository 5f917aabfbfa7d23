"""A store in the memory of one process; everything is gone when the process ends."""

import heapq
import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from wazir.domain.codec import config_to_dict
from wazir.domain.json_fields import to_json
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyConfig, TrialCounts
from wazir.domain.tokens import Token
from wazir.domain.trials import Trial, TrialState
from wazir.storage.checks import (
    check_metadata,
    check_next_id,
    check_trial,
    check_whole_study,
    step_of,
    store_closed,
    study_not_found,
    study_taken,
    transaction_ended,
    trial_not_found,
)
from wazir.storage.copies import copy_measurement, copy_study, copy_trial, detached
from wazir.storage.counting import moved
from wazir.storage.memory_study import Measurements, StoredStudy
from wazir.storage.memory_tokens import MemoryTokens
from wazir.storage.protocol import SUGGESTING_TIMEOUT_S
from wazir.storage.turns import Turns
from wazir.storage.whole import WholeStudy
from wazir.storage.write_lock import WriteLock


class MemoryStore:
    """Implements the Store protocol; its contract stands there."""

    def __init__(self) -> None:
        self._studies: dict[StudyName, StoredStudy] = {}
        self._tokens = MemoryTokens()
        self._turns = Turns()
        self._writing = WriteLock()
        # Held only while what is stored is read or replaced, never during a caller's block.
        self._lock = threading.Lock()
        self._closed = False

    def create_study(self, study: Study) -> Study:
        """Add a study."""
        check_metadata(study.metadata)
        created = replace(detached(study), revision=0, config_revision=0)
        with self._write_lock():
            if study.name in self._studies:
                raise study_taken(study.name)
            with self._lock:
                self._studies[study.name] = StoredStudy(created)
        return copy_study(created)

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        with self._reading():
            return copy_study(self._stored(name).study)

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project."""
        with self._reading():
            found = [
                copy_study(stored.study)
                for name, stored in self._studies.items()
                if name.project_id == project_id
            ]
        return sorted(found, key=lambda study: study.created_at)

    def delete_study(self, name: StudyName) -> None:
        """Remove a study."""
        with self._write_lock(), self._lock:
            self._stored(name)
            del self._studies[name]

    def project_ids(self) -> list[str]:
        """Return the projects that have studies."""
        with self._reading():
            return sorted({name.project_id for name in self._studies})

    def add_whole_study(self, whole: WholeStudy) -> None:
        """Add a study as it was in another store."""
        check_whole_study(whole)
        stored = StoredStudy.of(whole)
        with self._write_lock(), self._lock:
            if whole.study.name in self._studies:
                raise study_taken(whole.study.name)
            self._studies[whole.study.name] = stored

    @contextmanager
    def write(self, name: StudyName) -> "Iterator[MemoryStudyWriter]":
        """Begin a write transaction."""
        with self._write_lock():
            stored = self._stored(name)
            writer = MemoryStudyWriter(stored)
            try:
                yield writer
                with self._lock:
                    writer.commit()
            finally:
                writer.end()

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        with self._reading():
            return self._stored(name).counts

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        with self._reading():
            stored = self._stored(name)
            if trial_id not in stored.trials:
                raise trial_not_found(name, trial_id, stored.last_trial_id)
            return copy_trial(stored.trials[trial_id])

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since)."""
        wanted = frozenset(TrialState if states is None else states)
        with self._reading():
            stored = self._stored(name)
            changed = (stored.trials[trial_id] for trial_id in stored.ids_since(since_revision))
            found = [copy_trial(trial) for trial in changed if trial.state in wanted]
            return stored.study.revision, found

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""
        with self._reading():
            known = self._stored(name).measurements
            return {
                trial_id: [copy_measurement(m) for m in known.get(trial_id, {}).values()]
                for trial_id in trial_ids
            }

    def studies_with_expired_leases(self, now: float, limit: int) -> list[StudyName]:
        """Return the studies of running trials whose lease has ended."""
        with self._reading():
            expired = (
                name for name, stored in self._studies.items() if stored.has_expired_lease(now)
            )
            return list(itertools.islice(expired, limit))

    def add_token(self, token: Token) -> None:
        """Add a token."""
        with self._write_lock(), self._lock:
            self._tokens.add_token(token)

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash."""
        with self._reading():
            return self._tokens.token_with_hash(secret_sha256)

    def tokens(self) -> list[Token]:
        """Return all tokens."""
        with self._reading():
            return self._tokens.tokens()

    def has_tokens(self) -> bool:
        """Return whether there is any token."""
        with self._reading():
            return self._tokens.has_tokens()

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token."""
        with self._write_lock(), self._lock:
            return self._tokens.revoke_token(token_id, revoked_at)

    def suggesting(
        self, name: StudyName, timeout_s: float = SUGGESTING_TIMEOUT_S
    ) -> AbstractContextManager[bool]:
        """Take a turn in computing suggestions."""
        with self._reading():
            return self._turns.taken(name, timeout_s)

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._studies = {}
        self._tokens = MemoryTokens()

    def _stored(self, name: StudyName) -> StoredStudy:
        if self._closed:
            raise store_closed()
        if name not in self._studies:
            there = [
                known.study_id for known in self._studies if known.project_id == name.project_id
            ]
            raise study_not_found(name, there)
        return self._studies[name]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._writing.check_free()
        with self._lock:
            if self._closed:
                raise store_closed()
            yield

    @contextmanager
    def _write_lock(self) -> Iterator[None]:
        self._writing.acquire()
        try:
            if self._closed:
                raise store_closed()
            yield
        finally:
            self._writing.release()


class MemoryStudyWriter:
    """Implements the StudyWriter protocol: collects changes, which `commit` applies."""

    def __init__(self, stored: StoredStudy) -> None:
        self._stored = stored
        self._study = stored.study
        self._new_study = stored.study
        self._counts = stored.counts
        self._last_trial_id = stored.last_trial_id
        # None stands for a trial that is deleted.
        self._trials: dict[int, Trial | None] = {}
        self._measurements: dict[int, Measurements] = {}
        self._is_changed = False
        self._has_ended = False

    @property
    def study(self) -> Study:
        """The study as it was."""
        return copy_study(self._study)

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
        return copy_trial(self._current(trial_id))

    def trials(
        self,
        *,
        states: Iterable[TrialState],
        client_id: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Return trials in some states."""
        self._check_open()
        wanted = frozenset(states)
        stored = [
            (self._stored.trials[trial_id] for trial_id in self._stored.ids_in[state])
            for state in wanted
        ]
        unchanged = [
            (trial for trial in trials if trial.id not in self._trials) for trials in stored
        ]
        changed = sorted(
            (trial for trial in self._trials.values() if trial and trial.state in wanted),
            key=_trial_id,
        )
        found = (
            trial
            for trial in heapq.merge(*unchanged, changed, key=_trial_id)
            if client_id is None or trial.client_id == client_id
        )
        return [copy_trial(trial) for trial in itertools.islice(found, limit)]

    def measurements(self, trial_id: int) -> list[Measurement]:
        """Return the intermediate measurements of a trial."""
        self._current(trial_id)
        known = self._stored.measurements.get(trial_id, {})
        present = self._measurements.get(trial_id, known)
        return [copy_measurement(measurement) for measurement in present.values()]

    def insert_trial(self, trial: Trial) -> None:
        """Add a trial."""
        self._check_open()
        check_next_id(trial.id, self._last_trial_id)
        check_trial(trial)
        self._last_trial_id = trial.id
        self._put(None, copy_trial(trial))

    def update_trial(self, trial: Trial) -> None:
        """Replace a trial."""
        known = self._current(trial.id)
        check_trial(trial)
        self._put(known.state, copy_trial(trial))

    def put_measurement(self, trial_id: int, measurement: Measurement) -> None:
        """Add or replace a measurement."""
        self._current(trial_id)
        step = step_of(measurement)
        self._own_measurements(trial_id)[step] = copy_measurement(measurement)
        self._is_changed = True

    def delete_measurement(self, trial_id: int, step: int) -> None:
        """Remove a measurement."""
        self._current(trial_id)
        if self._own_measurements(trial_id).pop(step, None) is not None:
            self._is_changed = True

    def update_study(self, study: Study) -> None:
        """Replace the study's config, state and metadata."""
        self._check_open()
        check_metadata(study.metadata)
        given = detached(study)
        is_edited = _config_text(given.config) != _config_text(self._new_study.config)
        self._new_study = replace(
            self._new_study, config=given.config, state=given.state, metadata=given.metadata
        )
        self._is_changed = True
        if is_edited:
            self._mark_edited()

    def delete_trial(self, trial_id: int) -> None:
        """Remove a trial."""
        known = self._current(trial_id)
        self._counts = moved(self._counts, known.state, None)
        self._trials[trial_id] = None
        self._measurements.pop(trial_id, None)
        self._is_changed = True
        self._mark_edited()

    def commit(self) -> None:
        """Apply the changes."""
        if not self._is_changed:
            return
        stored = self._stored
        for trial_id, trial in self._trials.items():
            if trial is None:
                stored.remove(trial_id)
            else:
                stored.put(trial, self.revision)
        for trial_id, measurements in self._measurements.items():
            stored.measurements[trial_id] = measurements
        stored.counts = self._counts
        stored.last_trial_id = self._last_trial_id
        stored.study = replace(self._new_study, revision=self.revision)

    def end(self) -> None:
        """Refuse all further use."""
        self._has_ended = True

    def _own_measurements(self, trial_id: int) -> Measurements:
        """Return this transaction's copy of a trial's measurements."""
        known = self._stored.measurements.get(trial_id, {})
        return self._measurements.setdefault(trial_id, dict(known))

    def _check_open(self) -> None:
        if self._has_ended:
            raise transaction_ended()

    def _current(self, trial_id: int) -> Trial:
        self._check_open()
        trial = self._trials.get(trial_id, self._stored.trials.get(trial_id))
        if trial is None:
            raise trial_not_found(self._study.name, trial_id, self._last_trial_id)
        return trial

    def _put(self, start: TrialState | None, trial: Trial) -> None:
        self._counts = moved(self._counts, start, trial.state)
        self._trials[trial.id] = trial
        self._is_changed = True

    def _mark_edited(self) -> None:
        self._new_study = replace(self._new_study, config_revision=self.revision)


def _trial_id(trial: Trial) -> int:
    return trial.id


def _config_text(config: StudyConfig) -> str:
    return to_json(config_to_dict(config))
