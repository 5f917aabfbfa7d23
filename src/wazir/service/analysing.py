"""Where studies are thought about: whether to stop, what was learned, whether to go on."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from wazir.algorithms.protocol import Reads
from wazir.analysis.advice import Advice
from wazir.analysis.recommendation import Recommendation, Recommender
from wazir.domain.clock import Clock
from wazir.domain.names import StudyName
from wazir.domain.studies import Study
from wazir.domain.trials import Trial, TrialState
from wazir.service.advising import Adviser, Advisor
from wazir.service.budgets import problem_of
from wazir.service.snapshots import SnapshotReader
from wazir.service.stopped import RuleMaker
from wazir.stopping.study import is_held_up, progress_by_counts, progress_of, why_study_ends
from wazir.storage.protocol import Store

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront
    from wazir.service.stopping import EarlyStopper


class Analyst(Protocol):
    """What takes computing time beside suggestions; see the Transport protocol for each method.

    In this process, or in another one. Safe for several threads.
    """

    def why_ended(self, study: Study) -> str:
        """Return why a study makes no new trials by its own rule, "" while it does."""
        ...

    def check_stopping(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial after asking the study's stopping rule about it."""
        ...

    def recommend(self, name: StudyName) -> Recommendation | None:
        """Return the trial whose configuration to use."""
        ...

    def pareto_front(self, name: StudyName) -> "ParetoFront":
        """Return the optimal trials."""
        ...

    def advise(self, name: StudyName, n_more: int, more_than: float | None) -> Advice:
        """Return what more trials may bring."""
        ...


class LocalAnalyst:
    """Computes in this process (the Analyst protocol)."""

    def __init__(
        self,
        store: Store,
        snapshots: SnapshotReader,
        *,
        clock: Clock,
        rule_of: RuleMaker,
        recommend: Recommender,
        advise: Adviser,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._clock = clock
        self._rule_of = rule_of
        self._recommend = recommend
        self._advisor = Advisor(advise)

    def why_ended(self, study: Study) -> str:
        """Return why a study makes no new trials by its own rule, "" while it does."""
        stopping = study.config.study_stopping
        if stopping is None:
            return ""
        if not stopping.looks_at_results and study.config.fidelity is None:
            # At a cost that does not grow with the number of trials.
            counts = self._store.counts(study.name)
            return why_study_ends(stopping, progress_by_counts(study, counts, self._clock()))
        _, seen = problem_of(study, self._snapshots.read(study, Reads.TRIALS))
        trials = [*seen.completed, *seen.pending]
        progress = progress_of(study, trials, self._clock())
        reason = why_study_ends(stopping, progress)
        if reason or is_held_up(stopping, progress):
            return reason
        return self._advisor.why_ended(study, seen.completed)

    def check_stopping(self, name: StudyName, trial_id: int) -> Trial:
        """Ask the study's stopping rule about a trial."""
        return self._stopper.check(name, trial_id)

    @cached_property
    def _stopper(self) -> "EarlyStopper":
        # It needs numpy, which most commands do without.
        from wazir.service.stopping import EarlyStopper  # noqa: PLC0415

        return EarlyStopper(self._store, self._rule_of)

    def recommend(self, name: StudyName) -> Recommendation | None:
        """Return the trial whose configuration to use."""
        study = self._store.study(name)
        return self._recommend(study.config, self._ended(study, TrialState.SUCCEEDED))

    def pareto_front(self, name: StudyName) -> "ParetoFront":
        """Return the optimal trials."""
        # It needs numpy, which most commands do without.
        from wazir.analysis.pareto import pareto_front  # noqa: PLC0415

        study = self._store.study(name)
        return pareto_front(study.config, self._ended(study, TrialState.SUCCEEDED))

    def advise(self, name: StudyName, n_more: int, more_than: float | None) -> Advice:
        """Return what more trials may bring."""
        study = self._store.study(name)
        ended = self._ended(study, *(state for state in TrialState if state.is_final))
        return self._advisor.advice(study, ended, n_more, more_than)

    def _ended(self, study: Study, *states: TrialState) -> list[Trial]:
        _, trials = self._store.trials(study.name, states=states)
        return [study.config.completed(trial) for trial in trials]
