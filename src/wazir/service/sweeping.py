"""Freeing trials whose lease has ended, also when nobody asks for any."""

import logging
import threading

from wazir.domain.errors import NotFoundError, WazirError
from wazir.service.leases import Leases
from wazir.storage.protocol import Store

_BATCH = 100
_log = logging.getLogger(__name__)


class Sweeper:
    """Frees the trials of all studies whose lease has ended.

    Several servers may sweep the same storage: each trial is freed once.
    """

    def __init__(self, store: Store, leases: Leases) -> None:
        self._store = store
        self._leases = leases

    def sweep(self) -> int:
        """Free what has ended by now and return how many trials that was.

        Costs grow with the studies in which a lease has ended, not with others.
        """
        n_freed = 0
        while (now := self._leases.now()) is not None:
            names = self._store.studies_with_expired_leases(now, _BATCH)
            n_before = n_freed
            for name in names:
                try:
                    with self._store.write(name) as writer:
                        n_freed += self._leases.reclaim(writer)
                except NotFoundError:
                    # Deleted meanwhile.
                    continue
            if len(names) < _BATCH or n_freed == n_before:
                break
        return n_freed

    def run(self, stop: threading.Event, *, every_s: float) -> None:
        """Sweep until `stop` is set, every so many seconds; a storage that is away is waited for."""
        while not stop.wait(every_s):
            try:
                self.sweep()
            except WazirError as error:
                _log.warning("leases could not be looked at: %s", error)
