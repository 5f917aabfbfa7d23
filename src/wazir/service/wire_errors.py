"""Errors as JSON objects in the shape of Google's APIs, and back as the very same errors.

{"error": {"code": 404, "status": "NOT_FOUND", "message": ..., "details": [ErrorInfo]}}: AIP-193.
The ErrorInfo names the class of the error, so that a program sees the same error over a network.
"""

from collections.abc import Iterator

from wazir.domain.errors import (
    AccessError,
    InvalidInputError,
    NotFoundError,
    StorageError,
    WazirError,
)
from wazir.domain.json_fields import JsonObject
from wazir.service.status import Status, status_of

_DOMAIN = "wazir"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


def error_to_dict(error: WazirError) -> JsonObject:
    """Return an error as a JSON object."""
    status = status_of(error)
    info: JsonObject = {
        "@type": _ERROR_INFO,
        "reason": type(error).__name__,
        "domain": _DOMAIN,
        "metadata": {"message": error.message, "hint": error.hint},
    }
    return status_to_dict(status, str(error), [info])


def status_to_dict(
    status: Status, message: str, details: list[JsonObject] | None = None
) -> JsonObject:
    """Return the JSON object of a status that is no error of ours."""
    body = {"code": status.http_code, "status": status.name, "message": message}
    return {"error": {**body, "details": details} if details else body}


def error_from_dict(data: object, http_code: int) -> WazirError:
    """Return the error of an answer; one that is not ours becomes the nearest one.

    Answers of proxies and the like have no such object: `http_code` decides then.
    """
    body = data.get("error") if isinstance(data, dict) else None
    if not isinstance(body, dict):
        return _nearest(http_code, f"the server answered with status {http_code}")
    for info in body.get("details") or []:
        if isinstance(info, dict) and info.get("domain") == _DOMAIN:
            kind = _KINDS.get(str(info.get("reason")))
            texts = info.get("metadata")
            if kind is not None and isinstance(texts, dict):
                return _made(kind, str(texts.get("message", "")), str(texts.get("hint", "")))
    return _nearest(http_code, str(body.get("message", "")))


def _made(kind: type[WazirError], message: str, hint: str) -> WazirError:
    """Return an error of a kind that may want more than its texts to be made."""
    error = kind.__new__(kind)
    WazirError.__init__(error, message, hint=hint)
    return error


def _nearest(http_code: int, message: str) -> WazirError:
    if http_code in (401, 403, 429):
        return AccessError(message)
    if http_code == Status.NOT_FOUND.http_code:
        return NotFoundError(message)
    if 400 <= http_code < 500:
        return InvalidInputError(message)
    return StorageError(message)


def _all_kinds(root: type[WazirError]) -> Iterator[type[WazirError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _all_kinds(kind)


_KINDS = {kind.__name__: kind for kind in _all_kinds(WazirError)}
