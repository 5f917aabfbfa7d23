"""Client ids of processes on this machine, and whether such a process is gone."""

import itertools
import os
import platform
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from wazir.jobs.processes import ProcessIdentity, identify, is_running

PYTHON_CLIENT = "python"
JOB_CLIENT = "tune"


@dataclass(frozen=True)
class LocalClient:
    """Who runs trials on this machine: its id is KIND:HOST:PID:START/HANDLE-NUMBER."""

    kind: str
    host: str
    process: ProcessIdentity

    def __str__(self) -> str:
        return f"{self.kind}:{self.host}:{self.process.pid}:{self.process.start}"


def own_client(kind: str) -> LocalClient:
    """Return the client that this process is."""
    process = identify(os.getpid()) or ProcessIdentity(os.getpid(), "")
    return LocalClient(kind, platform.node() or "localhost", process)


def new_client_ids(kind: str) -> Callable[[], str]:
    """Return a function that gives a new client id of this process at each call.

    No other function gives the same: two handles of one study are two clients.
    """
    handle, numbers = secrets.token_hex(3), itertools.count(1)

    def new_client_id() -> str:
        # Asked at each call: a forked child is another process.
        return f"{own_client(kind)}/{handle}-{next(numbers)}"

    return new_client_id


def parse_client(client_id: str) -> LocalClient | None:
    """Return the local client that an id names, None for any other id."""
    parts = client_id.partition("/")[0].split(":", 3)
    if len(parts) != 4 or parts[0] not in (PYTHON_CLIENT, JOB_CLIENT) or not parts[2].isdigit():
        return None
    return LocalClient(parts[0], parts[1], ProcessIdentity(int(parts[2]), parts[3]))


def is_our_client(client_id: str) -> bool:
    """Return whether an id was made by `new_client_ids`, on this machine or another one."""
    return parse_client(client_id) is not None


def is_process_gone(client_id: str) -> bool:
    """Return True if the id names a process of this machine that does not run any more."""
    client = parse_client(client_id)
    if client is None or client.host != (platform.node() or "localhost"):
        return False
    return client.process.pid != os.getpid() and not is_running(client.process)


class LocalOwners:
    """Knows the processes of this machine (the Owners protocol)."""

    def is_gone(self, client_id: str) -> bool:
        """Return whether a Python client of this machine has ended.

        A job's runner may be gone while its programs go on: those are never given away here, the
        next runner takes them over.
        """
        client = parse_client(client_id)
        return client is not None and client.kind == PYTHON_CLIENT and is_process_gone(client_id)
