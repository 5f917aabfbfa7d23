"""How much may come in over HTTP: sizes of bodies, requests at once, requests per second."""

import re
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wazir.domain.errors import InvalidInputError, LimitError
from wazir.servers.http.access import principal_of, refuse, retry_after
from wazir.servers.http.answers import JsonAnswer
from wazir.servers.rates import TokenBuckets
from wazir.service.wire_errors import error_to_dict

_TOO_LARGE = 413
# Python refuses to read numbers of thousands of digits.
_LENGTH = re.compile(r"[0-9]{1,18}")


class LimitBodies:
    """ASGI middleware: a request body has at most `max_bytes`, else 413.

    One that says its length is refused unread, others as soon as they are too long.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not _LENGTH.fullmatch(length) or int(length) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        body = _CountedBody(receive, send, self._max_bytes)
        with suppress(_TooLargeError):
            await self._app(scope, body.receive, body.send)
        if body.is_too_large and not body.has_answered:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = InvalidInputError(f"a request has at most {self._max_bytes:,} bytes")
        # What is still on its way is not read.
        answer = JsonAnswer(error_to_dict(error), _TOO_LARGE, {"Connection": "close"})
        await answer(scope, receive, send)


class _TooLargeError(Exception):
    """A body was longer than it may be; frameworks may catch it, the middleware remembers it."""


class _CountedBody:
    """Counts what is received; once that is too much, nothing more goes either way."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._left = max_bytes
        self.has_answered = False

    @property
    def is_too_large(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        if not self.is_too_large:
            message = await self._receive()
            self._left -= len(message.get("body", b""))
            if not self.is_too_large:
                return message
        raise _TooLargeError

    async def send(self, message: Message) -> None:
        if not self.is_too_large or self.has_answered:
            self.has_answered = True
            await self._send(message)


class LimitRequestsAtOnce:
    """ASGI middleware: at most `max_running` requests are answered at a time, else 429."""

    def __init__(self, app: ASGIApp, max_running: int) -> None:
        self._app = app
        self._max_running = max_running
        self._n_running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._n_running >= self._max_running:
            error = LimitError(f"the server answers {self._max_running:,} requests at a time")
            await refuse(error, scope, receive, send, retry_after(1))
            return
        self._n_running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._n_running -= 1


class LimitRates:
    """ASGI middleware: who has a token may ask only so often, else 429."""

    def __init__(self, app: ASGIApp, buckets: TokenBuckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        principal = principal_of(scope)
        if principal is not None and principal.token_id:
            wait_s = self._buckets.wait_s(principal.token_id)
            if wait_s > 0:
                error = LimitError("too many requests with this token")
                await refuse(error, scope, receive, send, retry_after(wait_s))
                return
            self._buckets.take(principal.token_id)
        await self._app(scope, receive, send)
