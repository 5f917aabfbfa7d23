"""Giving trials to clients: their own, waiting ones, paused ones that may go on, then new ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from wazir.algorithms.protocol import (
    SUGGESTION_NAMESPACE,
    Algorithm,
    Reads,
    Snapshot,
    Suggestion,
)
from wazir.domain.clock import Clock
from wazir.domain.names import StudyName
from wazir.domain.studies import Study
from wazir.domain.trials import Trial, TrialState, lost_reason
from wazir.service.advising import Advisor
from wazir.service.budgets import Budgets, problem_of
from wazir.service.owners import Owners
from wazir.service.promoting import Promoter
from wazir.service.retries import check_open
from wazir.service.snapshots import SnapshotReader
from wazir.service.stopped import forget_stop
from wazir.stopping.study import is_held_up, progress_of, why_study_ends
from wazir.storage.protocol import Store, StudyWriter

MAX_LOST_ATTEMPTS = 3
# A suggestion is computed outside any transaction; this often it may come too late.
MAX_COMPUTATIONS = 3


@dataclass(frozen=True)
class _View:
    """A study as one transaction saw it."""

    study: Study
    n_trials: int
    n_completed: int
    last_trial_id: int

    @classmethod
    def of(cls, writer: StudyWriter) -> "_View":
        counts = writer.counts
        return cls(writer.study, counts.total, counts.completed, writer.last_trial_id)


@dataclass(frozen=True)
class _Order:
    """What a client asks for; `count` is how many trials it still wants."""

    count: int
    client_id: str
    max_n_trials: int | None
    lease_s: float | None

    def less(self, n_given: int) -> "_Order":
        """Return what is still to be given."""
        return replace(self, count=self.count - n_given)


class Suggester:
    """Carries out `suggest_trials` of the Transport protocol."""

    def __init__(
        self,
        store: Store,
        algorithm_named: Callable[[str], Algorithm],
        clock: Clock,
        owners: Owners,
        advisor: Advisor,
    ) -> None:
        self._store = store
        self._algorithm_named = algorithm_named
        self._clock = clock
        self._owners = owners
        self._advisor = advisor
        self._snapshots = SnapshotReader(store)
        self._promoter = Promoter(store, self._snapshots, clock, self.why_ended)

    def suggest(
        self,
        name: StudyName,
        count: int,
        client_id: str,
        *,
        max_n_trials: int | None,
        lease_s: float | None,
    ) -> list[Trial]:
        """Return up to `count` ACTIVE trials of `client_id`."""
        with self._store.write(name) as writer:
            check_open(writer.study)
            self._reclaim(writer)
            own = writer.trials(states=[TrialState.ACTIVE], client_id=client_id, limit=count)
            given = [writer.study.config.completed(trial) for trial in own]
            given += self._assign_requested(writer, count - len(given), client_id, lease_s)
            view = _View.of(writer)
        order = _Order(count, client_id, max_n_trials, lease_s)
        budgets = Budgets.of(view.study.config)
        if budgets is None:
            return given + self._new(view, order.less(len(given)))
        begin = partial(self._begin, client_id=client_id, lease_s=lease_s)
        given += self._promoter.promote(name, budgets, count - len(given), begin)
        given += self._new(view, order.less(len(given)))
        return given or self._promoter.finish(name, budgets, begin)

    def _new(self, view: "_View", order: "_Order") -> list[Trial]:
        """Return new trials, as far as the study makes any."""
        if order.count == 0 or self.why_ended(view.study):
            return []
        created, n_computed = None, 0
        while created is None:
            n_computed += 1
            is_last = n_computed >= MAX_COMPUTATIONS
            created, view = self._create(view, order, accept_stale=is_last)
        return created

    def why_ended(self, study: Study) -> str:
        """Return why a study makes no new trials by its own rule, "" while it does."""
        stopping = study.config.study_stopping
        if stopping is None:
            return ""
        _, seen = problem_of(study, self._snapshots.read(study, Reads.TRIALS))
        trials = [*seen.completed, *seen.pending]
        progress = progress_of(study, trials, self._clock())
        reason = why_study_ends(stopping, progress)
        if reason or is_held_up(stopping, progress):
            return reason
        return self._advisor.why_ended(study, seen.completed)

    def _reclaim(self, writer: StudyWriter) -> None:
        """Free the trials of owners that cannot write any more."""
        now = self._clock()
        for trial in writer.trials(states=[TrialState.ACTIVE, TrialState.STOPPING]):
            expired = trial.lease_expires_at is not None and trial.lease_expires_at < now
            if expired or self._owners.is_gone(trial.client_id):
                writer.update_trial(lost_trial(trial, now, writer.revision))

    def _assign_requested(
        self, writer: StudyWriter, count: int, client_id: str, lease_s: float | None
    ) -> list[Trial]:
        if count <= 0:
            return []
        # Only studies with budgets have paused trials, and those look at all of them anyway.
        config = writer.study.config
        limit = count if config.fidelity is None else None
        requested = writer.trials(states=[TrialState.REQUESTED], limit=limit)
        waiting = [trial for trial in requested if not trial.is_paused][:count]
        complete = [config.completed(trial) for trial in waiting]
        assigned = [self._begin(trial, client_id, lease_s) for trial in complete]
        for trial in assigned:
            writer.update_trial(trial)
        return assigned

    def _begin(self, trial: Trial, client_id: str, lease_s: float | None) -> Trial:
        now = self._clock()
        return replace(
            trial,
            state=TrialState.ACTIVE,
            client_id=client_id,
            attempt=trial.attempt + 1,
            started_at=trial.started_at if trial.started_at is not None else now,
            lease_expires_at=None if lease_s is None else now + lease_s,
        )

    def _create(
        self, view: "_View", order: "_Order", *, accept_stale: bool
    ) -> tuple[list[Trial] | None, "_View"]:
        """Compute and store new trials; None if what they were based on is out of date.

        What was computed before an edit is never stored.
        """
        count = order.count
        if order.max_n_trials is not None:
            count = min(count, order.max_n_trials - view.n_trials)
        if count <= 0:
            return [], view
        algorithm = self._algorithm_named(view.study.config.algorithm)
        snapshot = self._snapshots.read(view.study, algorithm.reads)
        ids = range(view.last_trial_id + 1, view.last_trial_id + count + 1)
        suggestions = algorithm.suggest(*problem_of(view.study, snapshot), ids)
        with self._store.write(view.study.name) as writer:
            check_open(writer.study)
            now = _View.of(writer)
            is_edited = now.study.config != view.study.config
            is_stale = not accept_stale and not _is_fresh(view, now, algorithm.reads)
            if is_edited or is_stale:
                return None, now
            if order.max_n_trials is not None:
                suggestions = suggestions[: max(0, order.max_n_trials - now.n_trials)]
            return self._insert(writer, suggestions, snapshot, order), now

    def _insert(
        self,
        writer: StudyWriter,
        suggestions: Sequence[Suggestion],
        snapshot: Snapshot,
        order: "_Order",
    ) -> list[Trial]:
        created = []
        budgets = Budgets.of(writer.study.config)
        for suggestion in suggestions:
            trial_id, values = writer.last_trial_id + 1, suggestion.parameters
            if budgets is not None:
                values = budgets.completed(values, trial_id)
            trial = Trial(
                id=trial_id,
                parameters=writer.study.config.check_point(values),
                created_at=self._clock(),
                created_revision=writer.revision,
                metadata={
                    SUGGESTION_NAMESPACE: {
                        "algorithm": writer.study.config.algorithm,
                        "revision": str(snapshot.revision),
                        **suggestion.explanation,
                    }
                },
            )
            trial = self._begin(trial, order.client_id, order.lease_s)
            writer.insert_trial(trial)
            created.append(trial)
        return created


def lost_trial(trial: Trial, now: float, revision: int) -> Trial:
    """Return a trial whose run died: waiting for another worker, or given up after too many."""
    n_lost = trial.n_lost_attempts + 1
    freed = replace(
        forget_stop(trial),
        state=TrialState.REQUESTED,
        client_id="",
        lease_expires_at=None,
        n_lost_attempts=n_lost,
    )
    if n_lost < MAX_LOST_ATTEMPTS:
        return freed
    return replace(
        freed,
        state=TrialState.INFEASIBLE,
        infeasible_reason=lost_reason(n_lost),
        completed_at=now,
        completed_revision=revision,
    )


def _is_fresh(before: "_View", now: "_View", reads: Reads) -> bool:
    """Return whether a suggestion still holds: no other suggestion, edit or deletion came since,
    and, if it read trials, completions only within the staleness bound of max(1, n/20).
    """
    if now.last_trial_id != before.last_trial_id:
        return False
    if now.study.config_revision != before.study.config_revision:
        return False
    n_new = now.n_completed - before.n_completed
    return reads is Reads.NOTHING or n_new <= max(1, before.n_completed / 20)
