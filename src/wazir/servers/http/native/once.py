"""Requests that come again, by their id: they get the first one's answer and do nothing."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from hashlib import sha256
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request

_T = TypeVar("_T")
# A request comes again within minutes; an answer may hold a thousand trials.
_MAX_KNOWN = 4_000


class Once:
    """Remembers the answers to the last requests that had an id, for several threads.

    The same id with another method or path is another request.
    """

    def __init__(self, max_known: int = _MAX_KNOWN) -> None:
        self._max_known = max_known
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, ...], Future[object]] = OrderedDict()

    def answer(self, key: tuple[str, ...], action: Callable[[], object]) -> object:
        """Return what `action` returned, or raises what it raised, when it came with that key first."""
        with self._lock:
            future = self._known.get(key)
            is_first = future is None
            if future is None:
                future = self._known[key] = Future()
                while len(self._known) > self._max_known:
                    self._known.popitem(last=False)
        if is_first:
            try:
                future.set_result(action())
            except Exception as error:
                future.set_exception(error)
                # A request that failed may be tried again.
                with self._lock:
                    self._known.pop(key, None)
                raise
        return future.result()


class Repeatable:
    """One request: runs its action once, whatever often it comes."""

    def __init__(self, once: Once, key: tuple[str, ...] | None) -> None:
        self._once = once
        self._key = key

    def run(self, action: Callable[[], _T]) -> _T:
        """Return the action's result, or that of the first request with the same id."""
        if self._key is None:
            return action()
        result: _T = self._once.answer(self._key, action)  # type: ignore[assignment]
        return result


async def _repeatable(
    request: Request, wazir_request_id: Annotated[str | None, Header(max_length=128)] = None
) -> Repeatable:
    once: Once = request.app.state.once
    if not wazir_request_id:
        return Repeatable(once, None)
    # Not the token itself: it would stay in memory long after its request.
    who = sha256(request.headers.get("authorization", "").encode()).hexdigest()
    return Repeatable(once, (wazir_request_id, who, request.method, request.url.path))


SameRequest = Annotated[Repeatable, Depends(_repeatable)]
