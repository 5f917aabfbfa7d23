"""How long a client owns a trial, and what becomes of a trial whose owner cannot write any more."""

from dataclasses import replace

from wazir.domain.clock import Clock
from wazir.domain.trials import Trial, TrialState, lost_reason
from wazir.service.abandoned import abandoned, abandoned_by, is_abandoned, taken_up
from wazir.service.owners import Owners
from wazir.service.stopped import forget_stop
from wazir.storage.protocol import StudyWriter

MAX_LOST_ATTEMPTS = 3
# An owner that comes back late gets a lease of so long, which it renews as it did before.
RETURN_LEASE_S = 120.0
# A lease is written again when so much of it has passed: those who ask often cost no writes.
RENEWED_AFTER = 0.1
RUNNING = (TrialState.ACTIVE, TrialState.STOPPING)


class Leases:
    """Decides by leases, and by `owners` where a trial has none, who still owns a trial.

    Args:
        owners: what is known of clients without a lease.
        clock: Unix seconds.
        lease_clock: the clock of leases, if it is another one.
        grace_s: for so long after this object was made no lease ends: owners may have found no
            server that they could tell that they live.
    """

    def __init__(
        self,
        owners: Owners,
        clock: Clock,
        *,
        lease_clock: Clock | None = None,
        grace_s: float = 0.0,
    ) -> None:
        self._owners = owners
        self._clock = clock
        self._lease_clock = lease_clock or clock
        self._first_end = self._lease_clock() + grace_s

    def now(self) -> float | None:
        """Return the time before which leases must end to have ended; None while none ends."""
        now = self._lease_clock()
        return now if now >= self._first_end else None

    def until(self, lease_s: float | None) -> float | None:
        """Return when a lease of some seconds that begins now ends, None for no lease."""
        return None if lease_s is None else self._lease_clock() + lease_s

    def renew(self, writer: StudyWriter, trial: Trial, lease_s: float) -> Trial:
        """Return a running trial with a new lease, stored if much of the old one has passed."""
        until = self._lease_clock() + lease_s
        known = trial.lease_expires_at
        if known is not None and known > until - RENEWED_AFTER * lease_s:
            return trial
        renewed = replace(trial, lease_expires_at=until)
        writer.update_trial(renewed)
        return renewed

    def returned(
        self, writer: StudyWriter, trial: Trial, lease_s: float = RETURN_LEASE_S
    ) -> Trial:
        """Return a trial whose owner is heard of again: it has it again if nobody else does.

        Only an abandoned trial changes. It is not stored yet.
        """
        if not is_abandoned(trial):
            return trial
        return replace(
            taken_up(trial, writer.revision),
            state=TrialState.ACTIVE,
            client_id=abandoned_by(trial),
            n_lost_attempts=max(0, trial.n_lost_attempts - 1),
            lease_expires_at=self._lease_clock() + lease_s,
        )

    def reclaim(self, writer: StudyWriter) -> int:
        """Free the trials of owners that cannot write any more, and return how many."""
        now = self.now()
        over = [trial for trial in writer.trials(states=RUNNING) if self._is_over(trial, now)]
        for trial in over:
            freed = lost_trial(trial, self._clock(), writer.revision)
            if trial.lease_expires_at is not None and not freed.state.is_final:
                freed = abandoned(freed, trial.client_id, writer.revision)
            writer.update_trial(freed)
        return len(over)

    def _is_over(self, trial: Trial, now: float | None) -> bool:
        # Of an owner with a lease nothing else is known: its id may be that of another machine.
        if trial.lease_expires_at is not None:
            return now is not None and trial.lease_expires_at < now
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
