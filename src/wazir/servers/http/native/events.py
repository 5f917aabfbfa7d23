"""Changes of a study as server-sent events: whoever listens hears of a new revision.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Header
from starlette.responses import StreamingResponse

from wazir.domain.errors import AccessError, NotFoundError, StorageError
from wazir.domain.json_fields import JsonObject, to_json
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.servers.http.openapi import ERRORS
from wazir.servers.http.parts import STUDY_PATH, Name, Parts, ServerParts
from wazir.service.wire import counts_to_dict

router = APIRouter(prefix=STUDY_PATH, tags=["events"], responses=ERRORS)

# A change by another server or process shows in the database alone, so it is asked for.
_LOOK_EVERY_S = 0.5
# Proxies close connections on which nothing is heard.
_SIGN_OF_LIFE_S = 15.0


@router.get("/events", response_class=StreamingResponse)
async def stream_events(
    name: Name,
    parts: Parts,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> StreamingResponse:
    """Tell each new revision of a study, with counts of its trials, until it is deleted.

    The first event comes at once, unless `Last-Event-ID` says that it is known.
    """
    await anyio.to_thread.run_sync(parts.transport.study, name)
    known = int(last_event_id) if last_event_id and last_event_id.isdecimal() else -1
    return StreamingResponse(
        _events(parts, name, known),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(parts: ServerParts, name: StudyName, known: int) -> AsyncIterator[str]:
    service, silent_s = parts.transport, 0.0
    while not parts.closing.is_set():
        try:
            study = await anyio.to_thread.run_sync(service.study, name)
            if study.revision != known:
                counts = await anyio.to_thread.run_sync(service.counts, name)
                known, silent_s = study.revision, 0.0
                yield _event("changed", _data(study, counts), study.revision)
        except NotFoundError:
            yield _event("deleted", {}, None)
            return
        except (StorageError, AccessError):
            # The client connects again, and says where it was; without a valid token it is told.
            return
        if silent_s >= _SIGN_OF_LIFE_S:
            silent_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(_LOOK_EVERY_S)
        silent_s += _LOOK_EVERY_S


def _data(study: Study, counts: TrialCounts) -> JsonObject:
    return {
        "revision": study.revision,
        "config_revision": study.config_revision,
        "state": study.state.value,
        "counts": counts_to_dict(counts),
    }


def _event(kind: str, data: object, number: int | None) -> str:
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {kind}\ndata: {to_json(data)}\n\n"
