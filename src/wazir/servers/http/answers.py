"""Answers in JSON: values, and errors in the shape of Google's APIs."""

import logging
from collections.abc import Sequence

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from wazir.domain.errors import InvalidInputError, WazirError
from wazir.domain.json_fields import to_json
from wazir.service.status import Status, status_of
from wazir.service.wire_errors import error_to_dict, status_to_dict

_LOG = logging.getLogger("wazir.server")
_STATUS_OF_CODE = {
    404: Status.NOT_FOUND,
    405: Status.UNIMPLEMENTED,
    413: Status.INVALID_ARGUMENT,
}


class JsonAnswer(Response):
    """An answer of strict JSON."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Return the bytes of an answer."""
        return to_json(content).encode()


def error_answer(error: WazirError) -> JsonAnswer:
    """Return the answer for an error of ours."""
    status = status_of(error)
    if status is Status.INTERNAL:
        _LOG.error("%s: %s", type(error).__name__, error)
    return JsonAnswer(error_to_dict(error), status_code=status.http_code)


async def answer_wazir_error(_request: Request, error: WazirError) -> Response:
    """Answer an error of ours (an exception handler)."""
    return error_answer(error)


async def answer_invalid_request(_request: Request, error: RequestValidationError) -> Response:
    """Answer a request whose body, path or query does not fit (an exception handler)."""
    lines = [f"{_place(one['loc'])}: {one['msg']}" for one in error.errors()]
    return error_answer(InvalidInputError("\n".join(lines)))


async def answer_http_error(_request: Request, error: HTTPException) -> Response:
    """Answer what the framework refuses, such as an unknown path (an exception handler)."""
    status = _STATUS_OF_CODE.get(error.status_code, Status.INVALID_ARGUMENT)
    text = str(error.detail)
    if error.status_code == Status.NOT_FOUND.http_code:
        text = "there is no such path; /docs lists those that are there"
    body = status_to_dict(status, text)
    return JsonAnswer(body, status_code=error.status_code, headers=error.headers)


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """Answer a fault of the server; what it was stands in its log alone (an exception handler)."""
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    body = status_to_dict(Status.INTERNAL, "the server failed; its log says how")
    return JsonAnswer(body, status_code=Status.INTERNAL.http_code)


def _place(parts: Sequence[object]) -> str:
    """Return "a.b[2]" for the place of a value; the first part says body, path or query."""
    text = ""
    for part in parts[1:] or parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
