"""The Store in this process's memory: gone when the process ends."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from wazir.domain.errors import ConflictError, InvalidInputError, NotFoundError
from wazir.domain.hints import did_you_mean
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState


@dataclass
class _Record:
    """Everything of one study; `changed` holds the revision at which a trial last changed."""

    study: Study
    trials: dict[int, Trial] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    measurements: dict[int, dict[int, Measurement]] = field(default_factory=dict)
    open_ids: set[int] = field(default_factory=set)
    counts: TrialCounts = field(default_factory=TrialCounts)
    last_trial_id: int = 0


class MemoryStore:
    """Studies in memory, shared by the threads of one process."""

    def __init__(self) -> None:
        self._records: dict[StudyName, _Record] = {}
        self._lock = threading.RLock()

    def create_study(self, study: Study) -> Study:
        """Add a study."""
        with self._lock:
            if study.name in self._records:
                raise ConflictError(f"study {study.name.study_id!r} exists already")
            metadata = _copied(study.metadata)
            stored = replace(study, metadata=metadata, revision=0, config_revision=0)
            self._records[study.name] = _Record(stored)
            return _study_copy(stored)

    def study(self, name: StudyName) -> Study:
        """Return a study."""
        with self._lock:
            return _study_copy(self._record(name).study)

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project, oldest first."""
        with self._lock:
            records = [r for name, r in self._records.items() if name.project_id == project_id]
            return [_study_copy(record.study) for record in records]

    def delete_study(self, name: StudyName) -> None:
        """Remove a study."""
        with self._lock:
            self._record(name)
            del self._records[name]

    @contextmanager
    def write(self, name: StudyName) -> Iterator["MemoryWriter"]:
        """Begin a write transaction; the changes are applied when the block ends."""
        with self._lock:
            writer = MemoryWriter(self._record(name))
            yield writer
            writer.apply()

    def counts(self, name: StudyName) -> TrialCounts:
        """Return how many trials are in which state."""
        with self._lock:
            return self._record(name).counts

    def trial(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial."""
        with self._lock:
            return MemoryWriter(self._record(name)).trial(trial_id)

    def trials(
        self,
        name: StudyName,
        *,
        states: Iterable[TrialState] | None = None,
        since_revision: int = -1,
    ) -> tuple[int, list[Trial]]:
        """Return (revision, trials that changed since)."""
        with self._lock:
            record = self._record(name)
            wanted = None if states is None else frozenset(states)
            found = [
                _trial_copy(trial)
                for trial_id, trial in record.trials.items()
                if (wanted is None or trial.state in wanted)
                and record.changed[trial_id] > since_revision
            ]
            return record.study.revision, found

    def measurements(
        self, name: StudyName, trial_ids: Sequence[int]
    ) -> dict[int, list[Measurement]]:
        """Return the intermediate measurements of some trials."""
        with self._lock:
            writer = MemoryWriter(self._record(name))
            return {trial_id: writer.measurements(trial_id) for trial_id in trial_ids}

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()

    def _record(self, name: StudyName) -> _Record:
        if name not in self._records:
            known = [n.study_id for n in self._records if n.project_id == name.project_id]
            raise NotFoundError(
                f"there is no study {name.study_id!r}", hint=did_you_mean(name.study_id, known)
            )
        return self._records[name]


class MemoryWriter:
    """Implements StudyWriter: collects changes beside the record until `apply`."""

    def __init__(self, record: _Record) -> None:
        self._record = record
        self._study = record.study
        self._trials: dict[int, Trial | None] = {}
        self._measured: dict[int, dict[int, Measurement]] = {}
        self._counts = dict(vars(record.counts))
        self._last_trial_id = record.last_trial_id
        self._is_changed = False
        self._is_config_changed = False

    @property
    def study(self) -> Study:
        """The study as it was when the transaction began."""
        return _study_copy(self._record.study)

    @property
    def revision(self) -> int:
        """The revision that this transaction makes."""
        return self._record.study.revision + 1

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
        trial = self._trials.get(trial_id, self._record.trials.get(trial_id))
        if trial is None:
            last = self._last_trial_id
            there = f"trials are numbered 1 to {last}" if last else "it has no trials yet"
            study_id = self._study.name.study_id
            raise NotFoundError(f"study {study_id!r} has no trial {trial_id}", hint=there)
        return _trial_copy(trial)

    def trials(
        self,
        *,
        states: Iterable[TrialState],
        client_id: str | None = None,
        limit: int | None = None,
    ) -> list[Trial]:
        """Return trials in any of `states`, by id."""
        wanted = frozenset(states)
        all_open = not any(state.is_final for state in wanted)
        ids = {*(self._record.open_ids if all_open else self._record.trials), *self._trials}
        merged = (self._trials.get(i, self._record.trials.get(i)) for i in sorted(ids))
        found = [
            _trial_copy(trial)
            for trial in merged
            if trial is not None and trial.state in wanted and client_id in (None, trial.client_id)
        ]
        return found if limit is None else found[: max(0, limit)]

    def measurements(self, trial_id: int) -> list[Measurement]:
        """Return the measurements of a trial, oldest first."""
        stored = self._record.measurements.get(trial_id, {})
        merged = {**stored, **self._measured.get(trial_id, {})}
        return [replace(m, metrics=dict(m.metrics)) for m in merged.values()]

    def insert_trial(self, trial: Trial) -> None:
        """Add a trial."""
        if trial.id != self._last_trial_id + 1:
            raise ConflictError(
                f"the next trial is number {self._last_trial_id + 1}, got {trial.id}"
            )
        self._last_trial_id = trial.id
        self._put(trial)

    def update_trial(self, trial: Trial) -> None:
        """Replace a trial."""
        self._count(self.trial(trial.id).state, -1)
        self._put(trial)

    def put_measurement(self, trial_id: int, measurement: Measurement) -> None:
        """Add or replace a measurement."""
        if measurement.step is None:
            raise InvalidInputError("a stored measurement needs a step, got None")
        self._trials[trial_id] = self.trial(trial_id)
        copied = replace(measurement, metrics=dict(measurement.metrics))
        self._measured.setdefault(trial_id, {})[measurement.step] = copied
        self._is_changed = True

    def update_study(self, study: Study) -> None:
        """Replace config, state and metadata."""
        self._is_changed = True
        self._is_config_changed |= study.config != self._study.config
        self._study = replace(
            self._study,
            config=study.config,
            state=study.state,
            metadata=_copied(study.metadata),
        )

    def delete_trial(self, trial_id: int) -> None:
        """Remove a trial and its measurements."""
        self._count(self.trial(trial_id).state, -1)
        self._trials[trial_id] = None
        self._is_config_changed = True

    def apply(self) -> None:
        """Make all changes part of the record."""
        if not self._is_changed:
            return
        record = self._record
        for trial_id, trial in self._trials.items():
            self._apply_trial(trial_id, trial)
        for trial_id, steps in self._measured.items():
            if self._trials.get(trial_id) is not None:
                record.measurements.setdefault(trial_id, {}).update(steps)
        config_revision = self.revision if self._is_config_changed else None
        record.study = replace(
            self._study,
            revision=self.revision,
            config_revision=config_revision or self._study.config_revision,
        )
        record.counts = self.counts
        record.last_trial_id = self._last_trial_id

    def _apply_trial(self, trial_id: int, trial: Trial | None) -> None:
        record = self._record
        record.open_ids.discard(trial_id)
        if trial is None:
            for table in (record.trials, record.changed, record.measurements):
                table.pop(trial_id, None)
            return
        record.trials[trial_id] = trial
        record.changed[trial_id] = self.revision
        if not trial.state.is_final:
            record.open_ids.add(trial_id)

    def _put(self, trial: Trial) -> None:
        self._trials[trial.id] = _trial_copy(trial)
        self._count(trial.state, 1)

    def _count(self, state: TrialState, change: int) -> None:
        self._is_changed = True
        self._counts[state.value.lower()] += change


def _copied(metadata: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {namespace: dict(entries) for namespace, entries in metadata.items()}


def _study_copy(study: Study) -> Study:
    return replace(study, metadata=_copied(study.metadata))


def _trial_copy(trial: Trial) -> Trial:
    """Return a trial that shares nothing that can change."""
    final = trial.final_measurement
    return replace(
        trial,
        parameters=dict(trial.parameters),
        metadata=_copied(trial.metadata),
        final_measurement=None if final is None else replace(final, metrics=dict(final.metrics)),
    )
