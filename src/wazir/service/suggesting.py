"""Giving trials to clients: their own, waiting ones, paused ones that may go on, then new ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Reads, Suggestion
from wazir.domain.clock import Clock
from wazir.domain.names import StudyName
from wazir.domain.trials import Trial, TrialState
from wazir.service.abandoned import taken_up
from wazir.service.analysing import Analyst
from wazir.service.budgets import Budgets
from wazir.service.leases import RUNNING, Leases
from wazir.service.promoting import Promoter
from wazir.service.proposing import Outlook, Proposal, Proposer
from wazir.service.retries import check_open
from wazir.service.snapshots import SnapshotReader
from wazir.storage.protocol import Store, StudyWriter

# A suggestion is computed outside any transaction; this often it may come too late.
MAX_COMPUTATIONS = 3


@dataclass(frozen=True)
class _Order:
    """What a client asks for; `count` is how many trials it still wants beside those `given`."""

    count: int
    client_id: str
    max_n_trials: int | None
    lease_s: float | None
    given: frozenset[int] = frozenset()

    def less(self, given: Sequence[Trial]) -> "_Order":
        """Return what is still to be given."""
        ids = frozenset(trial.id for trial in given)
        return replace(self, count=self.count - len(given), given=self.given | ids)


class Suggester:
    """Carries out `suggest_trials` of the Transport protocol."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        snapshots: SnapshotReader,
        leases: Leases,
        proposer: Proposer,
        analyst: Analyst,
    ) -> None:
        self._store = store
        self._clock = clock
        self._leases = leases
        self._proposer = proposer
        self._analyst = analyst
        self._promoter = Promoter(store, snapshots, clock, analyst.why_ended)

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
        given, view = self._there(name, count, client_id, lease_s)
        order = _Order(count, client_id, max_n_trials, lease_s)
        budgets = Budgets.of(view.study.config)
        begin = partial(self._begin, client_id=client_id, lease_s=lease_s)
        if budgets is not None:
            given += self._promoter.promote(name, budgets, count - len(given), begin)
        if len(given) < count:
            with self._store.suggesting(name) as has_waited:
                if has_waited:
                    # Much may have changed; what was given before is the client's own now.
                    given, view = self._there(name, count, client_id, lease_s)
                new, view = self._new(view, order.less(given))
            given += new
        if not given and budgets is not None:
            return self._promoter.finish(name, budgets, begin)
        self._proposer.look_ahead(view)
        return given

    def _there(
        self, name: StudyName, count: int, client_id: str, lease_s: float | None
    ) -> tuple[list[Trial], Outlook]:
        """Return the client's own trials and waiting ones, begun, and the study after that."""
        with self._store.write(name) as writer:
            check_open(writer.study)
            self._leases.reclaim(writer)
            own = self._own(writer, client_id, lease_s)
            given = [writer.study.config.completed(trial) for trial in own[:count]]
            given += self._assign_requested(writer, count - len(given), client_id, lease_s)
            return given, Outlook.of(writer)

    def _own(self, writer: StudyWriter, client_id: str, lease_s: float | None) -> list[Trial]:
        """Return the client's ACTIVE trials; by asking it renews the leases of all that it has."""
        own = writer.trials(states=RUNNING, client_id=client_id)
        if lease_s is not None:
            own = [self._leases.renew(writer, trial, lease_s) for trial in own]
        return [trial for trial in own if trial.state is TrialState.ACTIVE]

    def _new(self, view: Outlook, order: "_Order") -> tuple[list[Trial], Outlook]:
        """Return new trials, as far as the study makes any, and the study after them."""
        if order.count == 0 or self._analyst.why_ended(view.study):
            return [], view
        created, n_computed = None, 0
        while created is None:
            n_computed += 1
            is_last = n_computed >= MAX_COMPUTATIONS
            created, view = self._create(view, order, accept_stale=is_last)
        return created, view

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
        assigned = [
            self._begin(taken_up(trial, writer.revision), client_id, lease_s) for trial in complete
        ]
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
            lease_expires_at=self._leases.until(lease_s),
        )

    def _create(
        self, view: Outlook, order: "_Order", *, accept_stale: bool
    ) -> tuple[list[Trial] | None, Outlook]:
        """Compute and store new trials; None if what they were based on is out of date.

        What was computed before an edit is never stored.
        """
        count = order.count
        if order.max_n_trials is not None:
            count = min(count, order.max_n_trials - view.counts.total)
        if count <= 0:
            return [], view
        ids = range(view.last_trial_id + 1, view.last_trial_id + count + 1)
        proposal = self._proposer.propose(view.study, ids)
        with self._store.write(view.study.name) as writer:
            check_open(writer.study)
            now = Outlook.of(writer)
            own = self._given_meanwhile(writer, order)
            if len(own) >= count:
                return own[:count], now
            is_edited = (
                now.study.config != view.study.config
                or proposal.config_revision != view.study.config_revision
            )
            is_stale = not accept_stale and not _is_fresh(proposal, ids, now)
            if is_edited or is_stale:
                return None, now
            suggestions = proposal.suggestions[: count - len(own)]
            if order.max_n_trials is not None:
                suggestions = suggestions[: max(0, order.max_n_trials - now.counts.total)]
            created = self._insert(writer, suggestions, proposal.revision, order)
            return own + created, Outlook.of(writer)

    def _given_meanwhile(self, writer: StudyWriter, order: "_Order") -> list[Trial]:
        """Return what the same client was given while this was computed: it has asked again."""
        own = writer.trials(states=[TrialState.ACTIVE], client_id=order.client_id)
        config = writer.study.config
        return [config.completed(trial) for trial in own if trial.id not in order.given]

    def _insert(
        self,
        writer: StudyWriter,
        suggestions: Sequence[Suggestion],
        revision: int,
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
                        "revision": str(revision),
                        **suggestion.explanation,
                    }
                },
            )
            trial = self._begin(trial, order.client_id, order.lease_s)
            writer.insert_trial(trial)
            created.append(trial)
        return created


def _is_fresh(proposal: Proposal, trial_ids: Sequence[int], now: Outlook) -> bool:
    """Return whether a suggestion still holds: no other suggestion, edit or deletion came since,
    and, if it read trials, completions only within the staleness bound of max(1, n/20).
    """
    if now.last_trial_id + 1 != trial_ids[0]:
        return False
    if now.study.config_revision != proposal.config_revision:
        return False
    n_new = now.counts.completed - proposal.n_completed
    return proposal.reads is Reads.NOTHING or n_new <= max(1, proposal.n_completed / 20)
