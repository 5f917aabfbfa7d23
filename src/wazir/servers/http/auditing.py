"""One line in the audit log for each request over HTTP that may change something."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wazir.servers.audit import AuditLog
from wazir.servers.http.access import SAFE_METHODS, address_of, principal_of


class AuditWrites:
    """ASGI middleware: tells an audit log of each request that is no GET, refused ones included."""

    def __init__(self, app: ASGIApp, log: AuditLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        status = 500

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            who, address = principal_of(scope), address_of(scope)
            self._log.write(who, scope["method"], scope["path"], status, address)
