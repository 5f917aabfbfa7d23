"""What the routes of the HTTP server work with."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import anyio
from anyio import CapacityLimiter
from fastapi import Depends, Request
from fastapi import Path as PathParameter

from wazir.domain.names import StudyName
from wazir.service.foreign import ForeignClients
from wazir.service.transport import Transport

# Of our own API.
STUDIES_PATH = "/api/v1/projects/{project_id}/studies"
STUDY_PATH = f"{STUDIES_PATH}/{{study_id}}"

_T = TypeVar("_T")
# Ids are stored in 64 bits, and JSON numbers hold 53.
_MAX_TRIAL_ID = 2**53
# Suggestions wait for each other; measurements and heartbeats must not wait for them.
N_SUGGESTING_THREADS = 64


@dataclass(frozen=True)
class ServerParts:
    """The service, what foreign clients do with it, and where the files of jobs lie."""

    transport: Transport
    clients: ForeignClients
    runs_folder: Path | None = None
    suggesting: CapacityLimiter = field(
        default_factory=lambda: CapacityLimiter(N_SUGGESTING_THREADS)
    )

    # Set when the server ends: what streams for ever must end too.
    closing: threading.Event = field(default_factory=threading.Event)

    async def suggest(self, action: Callable[[], _T]) -> _T:
        """Run something that may take long in a thread, without keeping others from theirs."""
        return await anyio.to_thread.run_sync(action, limiter=self.suggesting)


async def _parts(request: Request) -> ServerParts:
    parts: ServerParts = request.app.state.parts
    return parts


async def _transport(request: Request) -> Transport:
    return (await _parts(request)).transport


async def _study_name(project_id: str, study_id: str) -> StudyName:
    return StudyName(project_id, study_id)


Parts = Annotated[ServerParts, Depends(_parts)]
Service = Annotated[Transport, Depends(_transport)]
Name = Annotated[StudyName, Depends(_study_name)]
TrialId = Annotated[int, PathParameter(ge=1, le=_MAX_TRIAL_ID)]
