"""Paused trials in a study with a fidelity parameter: which go on when somebody asks for trials."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from wazir.algorithms.protocol import Reads
from wazir.domain.clock import Clock
from wazir.domain.names import StudyName
from wazir.domain.studies import Study
from wazir.domain.trials import Trial
from wazir.service.budgets import Budgets
from wazir.service.retries import check_open
from wazir.service.snapshots import SnapshotReader
from wazir.stopping.brackets import Promotion
from wazir.storage.protocol import Store, StudyWriter

# Gives a trial to the client that asks.
Begin: TypeAlias = Callable[[Trial], Trial]
# A decision is made outside of any transaction; this often it may come too late.
_MAX_DECISIONS = 3


class Promoter:
    """Lets paused trials go on, and ends them when nothing is left to be run.

    `why_ended` says why a study makes no new trials by its own rule.
    """

    def __init__(
        self,
        store: Store,
        snapshots: SnapshotReader,
        clock: Clock,
        why_ended: Callable[[Study], str],
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._clock = clock
        self._why_ended = why_ended

    def promote(self, name: StudyName, budgets: Budgets, count: int, begin: Begin) -> list[Trial]:
        """Return up to `count` paused trials that deserve a larger budget, begun."""
        study = self._store.study(name)
        if count == 0 or self._is_time_over(study):
            return []
        _, trials = self._known(study)
        attempts = {trial.id: trial.attempt for trial in trials}
        chosen = budgets.promotions(trials)[:count]
        if not chosen:
            return []
        with self._store.write(name) as writer:
            check_open(writer.study)
            # Another client may have been faster.
            return [
                _go_on(writer, budgets, promotion, begin)
                for promotion in chosen
                if (trial := writer.trial(promotion.trial_id)).is_paused
                and trial.attempt == attempts[trial.id]
            ]

    def finish(self, name: StudyName, budgets: Budgets, begin: Begin) -> list[Trial]:
        """Return the trial to run where nothing else is to be run in the whole study.

        That is one with the full budget, if there was none. Without one, the paused trials end.
        While anything runs, nothing is done.
        """
        for _ in range(_MAX_DECISIONS):
            study = self._store.study(name)
            revision, trials = self._known(study)
            waiting = [trial for trial in trials if not trial.state.is_final]
            if not waiting or not all(trial.is_paused for trial in waiting):
                return []
            finalist = None if self._is_time_over(study) else budgets.finalist(trials)
            with self._store.write(name) as writer:
                if writer.study.revision != revision:
                    continue
                if finalist is not None:
                    check_open(writer.study)
                    return [_go_on(writer, budgets, finalist, begin)]
                for ended in budgets.ended(trials, writer.revision, self._clock()):
                    writer.update_trial(ended)
            return []
        return []

    def _known(self, study: Study) -> tuple[int, list[Trial]]:
        """Return the revision of a study and all its trials."""
        snapshot = self._snapshots.read(study, Reads.TRIALS)
        return snapshot.revision, [*snapshot.completed, *snapshot.pending]

    def _is_time_over(self, study: Study) -> bool:
        """Return whether the study has ended by its own rule, not by its number of trials alone."""
        stopping = study.config.study_stopping
        if stopping is None:
            return False
        config = replace(study.config, study_stopping=replace(stopping, max_n_trials=None))
        return bool(self._why_ended(replace(study, config=config)))


def _go_on(writer: StudyWriter, budgets: Budgets, promotion: Promotion, begin: Begin) -> Trial:
    # It may lack a parameter that an edit has added since it was paused.
    trial = writer.study.config.completed(writer.trial(promotion.trial_id))
    begun = begin(budgets.promoted(trial, promotion.budget))
    writer.update_trial(begun)
    return begun
