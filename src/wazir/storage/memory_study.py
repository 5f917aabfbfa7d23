"""A study as the store in memory keeps it."""

import bisect
import itertools
from dataclasses import dataclass, field

from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.storage.checks import step_of
from wazir.storage.copies import copy_measurement, copy_trial, detached
from wazir.storage.counting import counted
from wazir.storage.whole import WholeStudy

Measurements = dict[int, Measurement]


@dataclass
class StoredStudy:
    """A study with its trials; measurements are kept by trial id and step."""

    study: Study
    trials: dict[int, Trial] = field(default_factory=dict)
    measurements: dict[int, Measurements] = field(default_factory=dict)
    counts: TrialCounts = field(default_factory=TrialCounts)
    last_trial_id: int = 0
    # Sorted ids, so that pending trials are found without a look at the others.
    ids_in: dict[TrialState, list[int]] = field(
        default_factory=lambda: {state: [] for state in TrialState}
    )
    # Trial id -> revision, in the order of the last change.
    changed_at: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, whole: WholeStudy) -> "StoredStudy":
        """Return a study as it was in another store."""
        measurements = {
            trial_id: {step_of(each): copy_measurement(each) for each in given}
            for trial_id, given in whole.measurements.items()
        }
        stored = cls(
            detached(whole.study),
            measurements=measurements,
            counts=counted(whole.trials),
            last_trial_id=whole.last_trial_id,
        )
        for trial in whole.trials:
            stored.put(copy_trial(trial), whole.study.revision)
        return stored

    def put(self, trial: Trial, revision: int) -> None:
        """Add or replace a trial that changed at a revision."""
        self._take_out(trial.id)
        self.trials[trial.id] = trial
        bisect.insort(self.ids_in[trial.state], trial.id)
        self.changed_at[trial.id] = revision

    def remove(self, trial_id: int) -> None:
        """Remove a trial and its measurements."""
        self._take_out(trial_id)
        self.measurements.pop(trial_id, None)

    def _take_out(self, trial_id: int) -> None:
        known = self.trials.pop(trial_id, None)
        if known is None:
            return
        ids = self.ids_in[known.state]
        del ids[bisect.bisect_left(ids, trial_id)]
        del self.changed_at[trial_id]

    def has_expired_lease(self, now: float) -> bool:
        """Return whether a trial runs whose lease ended before a time."""
        running = (*self.ids_in[TrialState.ACTIVE], *self.ids_in[TrialState.STOPPING])
        leases = (self.trials[trial_id].lease_expires_at for trial_id in running)
        return any(lease is not None and lease < now for lease in leases)

    def ids_since(self, revision: int) -> list[int]:
        """Return the sorted ids of the trials that changed after a revision."""
        newest_first = reversed(self.changed_at.items())
        return sorted(
            trial_id
            for trial_id, _ in itertools.takewhile(lambda item: item[1] > revision, newest_first)
        )
