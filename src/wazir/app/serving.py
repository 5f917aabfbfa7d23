"""Putting a server's parts together: the service, what foreign clients do, and what runs beside."""

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

from wazir.app.clock import system_clock
from wazir.app.compose import local_analyst, open_store
from wazir.app.optimizer_process import OptimizerProcess
from wazir.app.optimizer_processes import OptimizerProcesses
from wazir.app.optimizing import RemoteAnalyst, RemoteProposer, is_slow
from wazir.app.owners import LocalOwners, is_our_client
from wazir.app.registry import AlgorithmRegistry, canonical_name
from wazir.app.settings import StorageLocation
from wazir.app.stopping_rules import make_rule
from wazir.domain.errors import InvalidInputError
from wazir.domain.limits import Limits
from wazir.service.access import Guard
from wazir.service.analysing import Analyst
from wazir.service.checking import ConfigChecker
from wazir.service.foreign import ForeignClients
from wazir.service.guarding import Access, Caller, guarded
from wazir.service.lease_clock import LeaseClock
from wazir.service.leases import Leases
from wazir.service.limiting import limited
from wazir.service.orphans import ForeignLeases
from wazir.service.patience import patient
from wazir.service.preparing import PreparingProposer
from wazir.service.proposing import LocalProposer, Proposer
from wazir.service.snapshots import SnapshotReader
from wazir.service.studies import StudyService
from wazir.service.sweeping import Sweeper
from wazir.service.transport import Transport
from wazir.storage.protocol import Store

MAX_DEFAULT_PROCESSES = 4
# Clients that found no server for a while have so long to say that they live.
START_GRACE_S = 60.0
SWEEP_EVERY_S = 5.0


def default_n_processes() -> int:
    """Return how many optimizer processes a server has, unless it is told."""
    return max(1, min(MAX_DEFAULT_PROCESSES, os.cpu_count() or 1))


class ServerService:
    """What a server needs of the floors below: `service` and `clients`, for many threads at once.

    Where tokens are asked for, their calls need a principal: `access.caller.is_now(...)`.

    `close` ends everything that was started with it, in order; a request that still computes
    raises ComputationError then.
    """

    def __init__(
        self,
        service: Transport,
        clients: ForeignClients,
        access: Access,
        closing: Sequence[Callable[[], None]],
    ) -> None:
        self._closing = closing
        self.service = service
        self.clients = clients
        self.access = access

    def close(self) -> None:
        """End all threads and processes, and close the store. A second call does nothing."""
        for close in self._closing:
            close()

    def __enter__(self) -> "ServerService":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_server_service(
    location: StorageLocation,
    *,
    n_processes: int | None = None,
    orphan_after_s: float | None = None,
    must_ask: bool | None = None,
    limits: Limits | None = None,
    prepares_ahead: bool = True,
) -> ServerService:
    """Open a storage, made where it is missing, and start what a server runs beside its requests.

    Args:
        location: where studies live.
        n_processes: how many optimizer processes there may be, at least 1. They start when they
            are needed; a storage in memory has none.
        orphan_after_s: after how many seconds a trial of a foreign client that is not heard of
            goes to the next one; by default ten times the median trial of the study, at least 1 h.
        must_ask: whether tokens are asked for even if there are none yet, see
            `wazir.service.access.Guard`; None: they never are, and whoever has what is returned
            may do anything.
        limits: how much is taken, by default everything.
        prepares_ahead: whether the next suggestion of a study is computed before it is asked for.

    Raises:
        InvalidInputError: a number outside its range.
        StorageError: the storage cannot be opened.
    """
    n_processes = default_n_processes() if n_processes is None else n_processes
    _check(n_processes, orphan_after_s)
    store = open_store(location, create=True)
    lease_clock = LeaseClock(system_clock, time.monotonic)
    leases = Leases(LocalOwners(), system_clock, lease_clock=lease_clock, grace_s=START_GRACE_S)
    snapshots = SnapshotReader(store)
    proposer, analyst, closing = _optimizers(
        location, store, snapshots, n_processes, prepares_ahead
    )
    closing = [_sweeping(Sweeper(store, leases)), *closing, store.close]
    service = StudyService(
        store,
        clock=system_clock,
        snapshots=snapshots,
        leases=leases,
        proposer=proposer,
        analyst=analyst,
        check_config=ConfigChecker(canonical_name, make_rule),
        canonical_name=canonical_name,
    )
    access = Access(Guard(store, system_clock, must_ask=bool(must_ask)), Caller())
    offered: Transport = patient(service) if location.database else service
    if limits is not None:
        offered = limited(offered, limits, system_clock)
    if must_ask is not None:
        offered = guarded(offered, access)
    clients = ForeignClients(
        offered,
        new_seed=partial(secrets.randbits, 31),
        leases=ForeignLeases(
            service, lease_clock, is_ours=is_our_client, orphan_after_s=orphan_after_s
        ),
    )
    return ServerService(offered, clients, access, closing)


def _optimizers(
    location: StorageLocation,
    store: Store,
    snapshots: SnapshotReader,
    n_processes: int,
    prepares_ahead: bool,
) -> tuple[Proposer, Analyst, list[Callable[[], None]]]:
    """Return what computes suggestions and analyses, and what ends it."""
    local = LocalProposer(snapshots, AlgorithmRegistry)
    analyst = local_analyst(store, snapshots)
    if location.is_memory:
        # No other process can see what is in the memory of this one.
        return local, analyst, []
    processes = OptimizerProcesses(partial(OptimizerProcess, location.url), n_processes)
    remote, remote_analyst = RemoteProposer(processes, local), RemoteAnalyst(processes, analyst)
    if not prepares_ahead:
        return remote, remote_analyst, [processes.close]
    threads = ThreadPoolExecutor(processes.max_n_ahead, thread_name_prefix="wazir-ahead")
    proposer = PreparingProposer(
        remote, remote.propose_ahead, is_worthwhile=is_slow, threads=threads
    )
    closing: list[Callable[[], None]] = [
        processes.close,
        partial(threads.shutdown, cancel_futures=True),
    ]
    return proposer, remote_analyst, closing


def _check(n_processes: int, orphan_after_s: float | None) -> None:
    if n_processes < 1:
        raise InvalidInputError(f"a server has at least 1 optimizer process, got {n_processes}")
    if orphan_after_s is not None and not orphan_after_s > 0:
        raise InvalidInputError(
            f"the time after which a trial is abandoned is more than 0 s, got {orphan_after_s:g}"
        )


def _sweeping(sweeper: Sweeper) -> Callable[[], None]:
    """Begin to sweep beside all else, and return what ends it."""
    stop = threading.Event()
    thread = threading.Thread(
        target=sweeper.run,
        args=(stop,),
        kwargs={"every_s": SWEEP_EVERY_S},
        name="wazir-sweeper",
        daemon=True,
    )
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return end
