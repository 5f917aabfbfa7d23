"""The next suggestion of a study, computed before anybody asks for it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Condition
from typing import TypeAlias

from wazir.domain.errors import WazirError
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyConfig, StudyState
from wazir.service.proposing import Outlook, Proposal, Proposer

# Who asks while something newer is nearly ready waits so long for it.
PATIENCE_S = 0.1
_MAX_KEPT_STUDIES = 1_000

# Computes a proposal when nobody waits for anything; calls its last argument when it begins.
ProposeAhead: TypeAlias = Callable[[Study, Sequence[int], Callable[[], None]], Proposal]


@dataclass(frozen=True)
class _Key:
    """What a suggestion depends on; a completion that is within the bound may differ."""

    created_at: float
    config_revision: int
    trial_id: int
    n_completed: int

    @classmethod
    def of(cls, outlook: Outlook) -> "_Key":
        study = outlook.study
        return cls(
            study.created_at,
            study.config_revision,
            outlook.last_trial_id + 1,
            outlook.counts.completed,
        )

    def serves(self, study: Study, trial_id: int) -> bool:
        """Return whether the suggestion is one for this trial, as far as the study tells."""
        wanted = (study.created_at, study.config_revision, trial_id)
        return (self.created_at, self.config_revision, self.trial_id) == wanted


@dataclass
class _Run:
    """A suggestion that is to be computed, or is computed once it `has_begun`."""

    key: _Key
    study: Study
    has_begun: bool = False
    is_cancelled: bool = False


@dataclass
class _Desk:
    """What is prepared for one study: `ready` was computed for `ready_key`."""

    ready: Proposal | None = None
    ready_key: _Key | None = None
    run: _Run | None = None
    next_run: _Run | None = None

    @property
    def newest(self) -> _Key | None:
        """What the newest suggestion that is there or under way depends on."""
        for run in (self.next_run, self.run):
            if run is not None:
                return run.key
        return self.ready_key

    def has_ready(self, study: Study, trial_id: int) -> bool:
        """Return whether the suggestion that is there is one for this trial."""
        return self.ready_key is not None and self.ready_key.serves(study, trial_id)


class _CancelledError(Exception):
    """Nobody needs the suggestion any more."""


class PreparingProposer:
    """Gives the suggestion that was prepared, if there is one, else that of another proposer.

    One suggestion per study is kept, for the trial that comes next. It is computed after each
    suggestion that is given and each trial that ends, from a snapshot as any other: what it is
    does not depend on when it was computed. Whoever stores it checks that it still holds.

    Args:
        inner: computes what clients wait for.
        ahead: computes what nobody waits for yet.
        is_worthwhile: whether suggestions of a study take enough time.
        threads: carries out work ahead; how many it has is how much is computed at the same time.
    """

    def __init__(
        self,
        inner: Proposer,
        ahead: ProposeAhead,
        *,
        is_worthwhile: Callable[[StudyConfig], bool],
        threads: Executor,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._inner = inner
        self._ahead = ahead
        self._is_worthwhile = is_worthwhile
        self._threads = threads
        self._patience_s = patience_s
        self._desks: OrderedDict[StudyName, _Desk] = OrderedDict()
        self._changed = Condition()

    def propose(self, study: Study, trial_ids: Sequence[int]) -> Proposal:
        """Return a suggestion per id."""
        if len(trial_ids) == 1:
            prepared = self._prepared(study, trial_ids[0])
            if prepared is not None:
                return prepared
        return self._inner.propose(study, trial_ids)

    def look_ahead(self, outlook: Outlook) -> None:
        """Begin to prepare what a study will be asked for next."""
        if not _will_be_asked(outlook) or not self._is_worthwhile(outlook.study.config):
            return
        run = _Run(_Key.of(outlook), outlook.study)
        with self._changed:
            desk = self._desk(outlook.study.name)
            if desk.newest == run.key:
                return
            desk.next_run = run
            is_first = desk.run is None
            if is_first:
                desk.run, desk.next_run = run, None
        if is_first:
            self._submit(desk, run)

    def _prepared(self, study: Study, trial_id: int) -> Proposal | None:
        """Take what is prepared for a trial; None if nothing is, or nothing soon."""
        deadline = time.monotonic() + self._patience_s
        with self._changed:
            desk = self._desks.get(study.name)
            if desk is None:
                return None
            # What begins later is not waited for: on a busy server something always does.
            run = desk.run
            is_coming = run is not None and run.has_begun and run.key.serves(study, trial_id)
            while is_coming and desk.run is run:
                left_s = deadline - time.monotonic()
                is_ready = desk.has_ready(study, trial_id)
                if is_ready and left_s <= 0:
                    break
                self._changed.wait(left_s if is_ready else None)
            return self._taken(desk, is_ready=desk.has_ready(study, trial_id))

    def _taken(self, desk: _Desk, *, is_ready: bool) -> Proposal | None:
        """Clear a desk and return what was ready, if it is what is needed."""
        ready = desk.ready if is_ready else None
        desk.ready, desk.ready_key, desk.next_run = None, None, None
        if desk.run is not None:
            # Somebody computes the same for a client now, or has it.
            desk.run.is_cancelled = True
        return ready

    def _submit(self, desk: _Desk, run: _Run) -> None:
        try:
            self._threads.submit(self._carry_out, desk, run)
        except RuntimeError:
            # The server is closing.
            self._end(desk, None)

    def _carry_out(self, desk: _Desk, run: _Run) -> None:
        def begin() -> None:
            with self._changed:
                if run.is_cancelled:
                    raise _CancelledError
                run.has_begun = True

        proposal = None
        try:
            proposal = self._ahead(run.study, [run.key.trial_id], begin)
        except (_CancelledError, WazirError):
            # Whoever asks for a suggestion computes it again, and is told what is wrong.
            proposal = None
        finally:
            self._end(desk, proposal)

    def _end(self, desk: _Desk, proposal: Proposal | None) -> None:
        with self._changed:
            run, desk.run, desk.next_run = desk.run, desk.next_run, None
            if proposal is not None and run is not None and not run.is_cancelled:
                desk.ready, desk.ready_key = proposal, run.key
            following = desk.run
            self._changed.notify_all()
        if following is not None:
            self._submit(desk, following)

    def _desk(self, name: StudyName) -> _Desk:
        desk = self._desks.setdefault(name, _Desk())
        self._desks.move_to_end(name)
        if len(self._desks) > _MAX_KEPT_STUDIES:
            self._desks.popitem(last=False)
        return desk


def _will_be_asked(outlook: Outlook) -> bool:
    """Return whether a new trial is what the next client gets, as far as the numbers tell."""
    config, counts = outlook.study.config, outlook.counts
    ends = config.study_stopping
    limits = (config.planned_n_trials, None if ends is None else ends.max_n_trials)
    is_full = any(limit is not None and counts.total >= limit for limit in limits)
    # Waiting trials are given first; those that are paused may be waiting for long.
    are_waiting = counts.requested > 0 and config.fidelity is None
    return outlook.study.state is StudyState.ACTIVE and not is_full and not are_waiting
