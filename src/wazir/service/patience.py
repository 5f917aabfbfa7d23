"""Use cases that are begun again when the database went away before they changed anything."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from wazir.domain.errors import ConnectionLostError
from wazir.service.transport import Transport

# The store itself waits for a database that is away; each time it was back meanwhile.
MAX_TRIES = 3


def patient(transport: Transport) -> Transport:
    """Return a transport whose calls are made again when the connection broke in their midst.

    Those of several transactions may have made the first ones. They do nothing twice: retries by
    the same client are safe, as the Transport protocol says.
    """
    return cast(Transport, _Patient(transport))


class _Patient:
    """Passes all calls on."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __getattr__(self, use_case: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._transport, use_case)

        @wraps(method)
        def tried(*args: Any, **kwargs: Any) -> Any:
            for _ in range(MAX_TRIES - 1):
                try:
                    return method(*args, **kwargs)
                except ConnectionLostError:
                    continue
            return method(*args, **kwargs)

        return tried
