"""How long a client owns a trial, and what becomes of a trial whose owner cannot write any more."""

from dataclasses import replace

from wazir.domain.clock import Clock
from wazir.domain.trials import Trial, TrialState, lost_reason
from wazir.service.owners import Owners
from wazir.service.stopped import forget_stop
from wazir.storage.protocol import StudyWriter

MAX_LOST_ATTEMPTS = 3
_RUNNING = (TrialState.ACTIVE, TrialState.STOPPING)


class Leases:
    """Decides by leases, and by `owners` where a trial has none, who still owns a trial."""

    def __init__(self, owners: Owners, clock: Clock) -> None:
        self._owners = owners
        self._clock = clock

    def until(self, lease_s: float | None) -> float | None:
        """Return when a lease of some seconds that begins now ends, None for no lease."""
        return None if lease_s is None else self._clock() + lease_s

    def reclaim(self, writer: StudyWriter) -> None:
        """Free the trials of owners that cannot write any more."""
        now = self._clock()
        for trial in writer.trials(states=_RUNNING):
            if self._is_over(trial, now):
                writer.update_trial(lost_trial(trial, now, writer.revision))

    def _is_over(self, trial: Trial, now: float) -> bool:
        # Of an owner with a lease nothing else is known: its id may be that of another machine.
        if trial.lease_expires_at is not None:
            return trial.lease_expires_at < now
        return self._owners.is_gone(trial.client_id)


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
