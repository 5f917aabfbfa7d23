"""The output of a trial's program, where it ran on the server's machine."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from wazir.domain.errors import NotFoundError
from wazir.domain.names import StudyName
from wazir.jobs.attempt_files import read_chunk
from wazir.jobs.directories import TrialDirectory, study_directory
from wazir.jobs.recording import LOG
from wazir.servers.http.openapi import ERRORS
from wazir.servers.http.parts import STUDY_PATH, Name, Parts, TrialId

router = APIRouter(prefix=STUDY_PATH, tags=["logs"], responses=ERRORS)

_MAX_BYTES = 1 << 20
NEXT_OFFSET_HEADER = "Wazir-Next-Offset"


@router.get("/trials/{trial_id}/log", response_class=Response)
def get_log(
    name: Name,
    trial_id: TrialId,
    parts: Parts,
    attempt: Annotated[int | None, Query(ge=1, le=10**6)] = None,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Return at most 1 MiB of the log of an attempt from `offset` on, the last attempt by default.

    The header Wazir-Next-Offset says where to read on.
    """
    parts.transport.trial(name, trial_id)
    directory = _directory(parts.runs_folder, name, trial_id)
    wanted = directory.last_attempt() if attempt is None else directory.attempt(attempt)
    if wanted is None or not wanted.is_dir():
        raise NotFoundError(
            f"there is no log of trial {trial_id} on this server",
            hint="the log of a program stays on the machine that ran it: `wazir logs` shows it there",
        )
    chunk = read_chunk(wanted / LOG, offset, _MAX_BYTES)
    return Response(
        chunk.data,
        media_type="text/plain; charset=utf-8",
        headers={NEXT_OFFSET_HEADER: str(chunk.next_offset)},
    )


def _directory(runs_folder: Path | None, name: StudyName, trial_id: int) -> TrialDirectory:
    if runs_folder is None:
        raise NotFoundError(f"there is no log of trial {trial_id} on this server")
    return study_directory(runs_folder, name).trial(trial_id)
