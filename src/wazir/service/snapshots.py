"""What an algorithm reads: the trials of a study at one revision, read incrementally."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wazir.algorithms.protocol import PriorStudy, Reads, Snapshot
from wazir.domain.names import StudyName
from wazir.domain.studies import Study
from wazir.domain.trials import Trial, TrialState
from wazir.service.abandoned import is_abandoned, was_abandoned
from wazir.service.prior_studies import PriorStudyReader
from wazir.storage.protocol import Store

# The studies read last are kept as long as they have no more trials than this together.
MAX_KEPT_TRIALS = 200_000


@dataclass
class _Known:
    """The trials of a study as they were read last; `lock` is held while they are used."""

    created_at: float
    config_revision: int
    revision: int = -1
    trials: dict[int, Trial] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class SnapshotReader:
    """Reads snapshots; keeps the trials of studies seen, so that only changes are read again.

    What is kept saves time and never changes a snapshot. Safe for several threads.
    """

    def __init__(self, store: Store, *, max_kept_trials: int = MAX_KEPT_TRIALS) -> None:
        self._store = store
        self._max_kept_trials = max_kept_trials
        self._known: OrderedDict[StudyName, _Known] = OrderedDict()
        self._lock = threading.Lock()
        self._priors = PriorStudyReader(store)

    def read(self, study: Study, reads: Reads) -> Snapshot:
        """Return what an algorithm that reads `reads` may know about a study now."""
        if reads is Reads.NOTHING:
            return Snapshot(revision=study.revision)
        known = self._fresh(study)
        with known.lock:
            revision, changed = self._store.trials(study.name, since_revision=known.revision)
            known.trials.update((trial.id, study.config.completed(trial)) for trial in changed)
            known.revision = revision
            ordered = [known.trials[trial_id] for trial_id in sorted(known.trials)]
        self._drop_others()
        return Snapshot(
            revision=revision,
            completed=[trial for trial in ordered if trial.state.is_final],
            pending=[trial for trial in ordered if _is_pending(trial)],
            prior_studies=self._priors.read(study),
        )

    def _fresh(self, study: Study) -> _Known:
        """Return what is kept of a study, dropped when trials may have been deleted or edited."""
        stamp = (study.created_at, study.config_revision)
        with self._lock:
            known = self._known.get(study.name)
            if known is None or (known.created_at, known.config_revision) != stamp:
                known = self._known[study.name] = _Known(*stamp)
            self._known.move_to_end(study.name)
            return known

    def _drop_others(self) -> None:
        """Forget the studies that were not read for longest while there is too much."""
        with self._lock:
            n_kept = sum(len(known.trials) for known in self._known.values())
            while n_kept > self._max_kept_trials and len(self._known) > 1:
                _, dropped = self._known.popitem(last=False)
                n_kept -= len(dropped.trials)


def _is_pending(trial: Trial) -> bool:
    return not trial.state.is_final and not is_abandoned(trial)


def snapshot_at(revision: int, trials: list[Trial], priors: Sequence[PriorStudy] = ()) -> Snapshot:
    """Return what was known of a study at an earlier revision, from its trials of today.

    `priors` are its earlier studies, of which the trials count that had ended when it was made. A
    suggestion can be computed again from it, as long as no trial was deleted since.
    """
    there = [trial for trial in trials if trial.created_revision <= revision]
    ended = {
        trial.id
        for trial in there
        if trial.completed_revision is not None and trial.completed_revision <= revision
    }
    return Snapshot(
        revision=revision,
        completed=[trial for trial in there if trial.id in ended],
        pending=[
            _running_at(revision, trial)
            for trial in there
            if trial.id not in ended and not was_abandoned(trial, revision)
        ],
        prior_studies=priors,
    )


def _running_at(revision: int, trial: Trial) -> Trial:
    """Return a trial that had not ended at a revision as far as it was known then."""
    rungs = tuple(rung for rung in trial.rungs if rung.revision <= revision)
    return replace(trial, state=TrialState.ACTIVE, final_measurement=None, rungs=rungs)
