"""Advice on whether to go on with a study, and the end of a study that acts on it."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

from wazir.analysis.advice import N_MORE_TRIALS, Advice, why_not_worth_it
from wazir.domain.studies import Study, StudyConfig
from wazir.domain.trials import Trial
from wazir.service.stopped import as_expected

Adviser: TypeAlias = Callable[[StudyConfig, Sequence[Trial], int, float | None], Advice]

# A study does not end by advice before it has so many results.
MIN_N_RESULTS = 20
_N_KEPT = 8


class Advisor:
    """Gives advice about studies; keeps the last answers, which changes none of them.

    Safe for several threads.
    """

    def __init__(self, advise: Adviser) -> None:
        self._advise = advise
        self._known: dict[tuple[object, ...], Advice] = {}
        self._lock = threading.Lock()

    def advice(
        self,
        study: Study,
        ended: Sequence[Trial],
        n_more: int = N_MORE_TRIALS,
        more_than: float | None = None,
    ) -> Advice:
        """Return what `n_more` trials may bring to a study with these ended trials.

        `more_than` is by default what the study says of it. The order of the trials does not
        matter; those that were stopped early count with what they would have ended with.
        """
        objectives = study.config.objectives
        by_time = [as_expected(trial, objectives) for trial in sorted(ended, key=_end)]
        stopping = study.config.study_stopping
        if more_than is None and stopping is not None:
            more_than = stopping.min_improvement
        ids = tuple(trial.id for trial in by_time)
        key = (study.name, study.created_at, study.config_revision, ids, n_more, more_than)
        with self._lock:
            known = self._known.get(key)
        # Two threads may compute the same; better than that one waits for another study's advice.
        advice = known or self._advise(study.config, by_time, n_more, more_than)
        with self._lock:
            self._known[key] = advice
            if len(self._known) > _N_KEPT:
                del self._known[next(iter(self._known))]
        return advice

    def why_ended(self, study: Study, ended: Sequence[Trial]) -> str:
        """Return why it is not worth going on, "" if it is or the study does not ask.

        The advice after the last result and after the one before must agree: one alone may be
        chance.
        """
        stopping = study.config.study_stopping
        below = None if stopping is None else stopping.auto_stop_below
        if below is None:
            return ""
        by_time = sorted(ended, key=_end)
        last = self.advice(study, by_time)
        if last.n_results < MIN_N_RESULTS or (last.probability or 1.0) >= below:
            return ""
        before = self.advice(study, by_time[:-1])
        return why_not_worth_it(below, (before, last), study.config.objective.name)


def _end(trial: Trial) -> tuple[int, int]:
    return trial.completed_revision or 0, trial.id
