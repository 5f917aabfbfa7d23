"""Keeping the leases of trials alive that this process works on."""

import os
import threading
from collections.abc import Callable

from wazir.domain.errors import ConflictError, NotFoundError, WazirError
from wazir.domain.names import StudyName

# A worker that dies is noticed after this, one that is cut off may be away for as long.
LEASE_S = 120.0
_RENEWALS_PER_LEASE = 4

Renew = Callable[[StudyName, int, int], object]


class LeaseKeeper:
    """Renews leases in a thread of its own, which ends with the process.

    `renew(study, trial, attempt)` renews one; a ConflictError or NotFoundError means that the trial
    belongs to somebody else by now.
    """

    def __init__(self, renew: Renew, *, lease_s: float = LEASE_S) -> None:
        self._renew = renew
        self._interval_s = lease_s / _RENEWALS_PER_LEASE
        self._lock = threading.Lock()
        self._held: dict[tuple[StudyName, int], int] = {}
        self._owner = 0
        self._closed = threading.Event()

    def hold(self, name: StudyName, trial_id: int, attempt: int) -> None:
        """Renew the lease of a trial from now on."""
        with self._lock:
            if self._owner != os.getpid():
                # The first trial, or a fork: a child does not work on its parent's trials.
                self._owner = os.getpid()
                self._held.clear()
                threading.Thread(target=self._run, name="wazir-leases", daemon=True).start()
            self._held[name, trial_id] = attempt

    def let_go(self, name: StudyName, trial_id: int) -> None:
        """Renew the lease of a trial no more."""
        with self._lock:
            self._held.pop((name, trial_id), None)

    def close(self) -> None:
        """Renew nothing any more."""
        self._closed.set()

    def renew_all(self) -> None:
        """Renew each lease once; what belongs to somebody else by now is let go."""
        with self._lock:
            held = dict(self._held)
        for (name, trial_id), attempt in held.items():
            try:
                self._renew(name, trial_id, attempt)
            except (ConflictError, NotFoundError):
                with self._lock:
                    if self._held.get((name, trial_id)) == attempt:
                        del self._held[name, trial_id]
            except WazirError:
                # The server may be away for a while; the next round tries again.
                continue

    def _run(self) -> None:
        while not self._closed.wait(self._interval_s):
            self.renew_all()
