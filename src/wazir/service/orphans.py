"""Leases for foreign clients, which do not know of any: whatever they ask renews them."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from statistics import median

from wazir.domain.clock import Clock
from wazir.domain.errors import ConflictError, NotFoundError
from wazir.domain.names import StudyName
from wazir.domain.trials import Trial, TrialState
from wazir.service.leases import RENEWED_AFTER, RUNNING
from wazir.service.transport import Transport

MIN_ORPHAN_AFTER_S = 3600.0
ORPHAN_MEDIANS = 10.0
# The median is that of the trials among so many last changes of a study, and holds for a while.
_N_REVISIONS = 1_000
_KEPT_S = 60.0
_MAX_KEPT = 1_000


class ForeignLeases:
    """Gives the trials of foreign clients a lease, and renews it.

    Args:
        transport: where the trials are.
        clock: the clock of leases.
        is_ours: whether a client id is that of a client that renews its leases itself.
        orphan_after_s: the length of a lease in seconds, > 0; by default ten times the median
            duration of the study's last trials, at least an hour.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        is_ours: Callable[[str], bool],
        orphan_after_s: float | None = None,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._is_ours = is_ours
        self._orphan_after_s = orphan_after_s
        self._known: OrderedDict[StudyName, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def length_s(self, name: StudyName) -> float:
        """Return how long a foreign client may be silent about a trial of a study."""
        if self._orphan_after_s is not None:
            return self._orphan_after_s
        now = self._clock()
        with self._lock:
            known = self._known.get(name)
        if known is not None and known[0] > now - _KEPT_S:
            return known[1]
        length_s = max(MIN_ORPHAN_AFTER_S, ORPHAN_MEDIANS * self._median_s(name))
        with self._lock:
            self._known[name] = now, length_s
            self._known.move_to_end(name)
            if len(self._known) > _MAX_KEPT:
                self._known.popitem(last=False)
        return length_s

    def heard_of(self, name: StudyName, trial: Trial) -> None:
        """Renew the lease of a trial about which a request came, if it is time to do so."""
        expires_at = trial.lease_expires_at
        if trial.state not in RUNNING or expires_at is None or self._is_ours(trial.client_id):
            return
        length_s = self.length_s(name)
        if expires_at - self._clock() > (1 - RENEWED_AFTER) * length_s:
            return
        with suppress(ConflictError, NotFoundError):
            self._transport.renew_lease(name, trial.id, lease_s=length_s, attempt=trial.attempt)

    def _median_s(self, name: StudyName) -> float:
        """Return how long the last trials took, 0 if none ran, at a cost that does not grow."""
        since = self._transport.study(name).revision - _N_REVISIONS
        ended = [state for state in TrialState if state.is_final]
        _, trials = self._transport.trials(name, states=ended, since_revision=max(-1, since))
        durations = [
            trial.completed_at - trial.started_at
            for trial in trials
            if trial.started_at is not None and trial.completed_at is not None
        ]
        return median(durations) if durations else 0.0
