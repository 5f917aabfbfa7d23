"""Who is let in over HTTP: known names of the server, no foreign pages, and tokens."""

import math
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from wazir.domain.errors import InvalidTokenError, LimitError, NotAllowedError, WazirError
from wazir.domain.tokens import ALL_PROJECTS, Role
from wazir.servers.hosts import KnownHosts, host_name
from wazir.servers.http.answers import error_answer
from wazir.servers.rates import TokenBuckets
from wazir.service.access import Guard, Principal, bearer_secret
from wazir.service.guarding import Caller

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What they answer is the same for everybody, and nothing of it is about studies.
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
# `readyz` looks whether the storage can be read.
_VISITOR = Principal(ALL_PROJECTS, Role.READER)

_PORTS = {"http": 80, "https": 443}


class RefuseUnknownHosts:
    """ASGI middleware: the Host header names this server, else 403. Ports do not matter."""

    def __init__(self, app: ASGIApp, hosts: KnownHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            given = Headers(scope=scope).getlist("host")
            name = host_name(given[0]) if len(given) == 1 else None
            if name is None or not self._hosts.knows(name):
                await refuse(_unknown_host(given), scope, receive, send)
                return
        await self._app(scope, receive, send)


class RefuseForeignOrigins:
    """ASGI middleware: a page of another site cannot make its reader's browser write here.

    Programs send neither of the headers that it looks at. Reading is left to browsers: they show
    no answer to a page of another origin, because no CORS header allows it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            if _is_foreign(headers):
                origin = headers.get("origin", "unknown")
                error = NotAllowedError(
                    f"a page of another site may not write here; its origin is {origin[:200]!r}",
                    hint="programs send no Origin header; a proxy must pass the Host header "
                    "on with its port",
                )
                await refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)


class Authenticate:
    """ASGI middleware: who asks, by `Authorization: Bearer TOKEN`, becomes `state["principal"]`.

    While the request runs it is the caller's principal too. Whoever shows tokens that are not
    valid too often is refused for a while, by address.
    """

    def __init__(self, app: ASGIApp, guard: Guard, caller: Caller, failures: TokenBuckets) -> None:
        self._app = app
        self._guard = guard
        self._caller = caller
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            principal = await self._identify(scope)
        except InvalidTokenError as error:
            headers = {"WWW-Authenticate": "Bearer"}
            await refuse(error, scope, receive, send, headers)
            return
        except LimitError as error:
            wait_s = self._failures.wait_s(address_of(scope))
            await refuse(error, scope, receive, send, retry_after(wait_s))
            return
        except WazirError as error:
            await refuse(error, scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        with self._caller.is_now(principal):
            await self._app(scope, receive, send)

    async def _identify(self, scope: Scope) -> Principal:
        if scope["path"] in OPEN_PATHS and scope["method"] in SAFE_METHODS:
            return _VISITOR
        secret = bearer_secret(Headers(scope=scope).getlist("authorization"))
        known = self._guard.remembered(secret)
        if known is not None:
            return known
        address = address_of(scope)
        # Others at that address, perhaps that of a proxy, go on with tokens that were valid before.
        is_new = secret is not None and not self._guard.has_seen(secret)
        if is_new and self._failures.wait_s(address) > 0:
            raise LimitError("too many requests with tokens that are not valid")
        try:
            return await anyio.to_thread.run_sync(self._guard.identify, secret)
        except InvalidTokenError:
            if is_new:
                self._failures.take(address)
            raise


async def refuse(
    error: WazirError,
    scope: Scope,
    receive: Receive,
    send: Send,
    headers: dict[str, str] | None = None,
) -> None:
    """Answer with an error."""
    answer = error_answer(error)
    answer.headers.update(headers or {})
    await answer(scope, receive, send)


def retry_after(wait_s: float) -> dict[str, str]:
    """Return the header that says when to come again."""
    return {"Retry-After": str(max(1, math.ceil(wait_s)))}


def address_of(scope: Scope) -> str:
    """Return the address that a request came from."""
    client = scope.get("client")
    return client[0] if client else ""


def principal_of(scope: Scope) -> Principal | None:
    """Return who asks, None if that is not known (yet)."""
    principal: Principal | None = scope.get("state", {}).get("principal")
    return principal


def _unknown_host(given: list[str]) -> NotAllowedError:
    if len(given) != 1:
        return NotAllowedError(f"a request has one Host header, got {len(given)}")
    shown = given[0][:200]
    return NotAllowedError(
        f"{shown!r} is no name of this server",
        hint="if it should be, start `wazir serve` with --allowed-host and the name",
    )


def _is_foreign(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin"):
        return True
    origins = headers.getlist("origin")
    if not origins:
        return False
    origin = _authority(origins[0])
    return len(origins) > 1 or origin is None or origin != _authority_of_host(headers)


def _authority(origin: str) -> tuple[str, int] | None:
    """Return host and port of an origin; None for `null` and what is no origin."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    name = host_name(parts.netloc)
    return None if name is None or port is None else (name, port)


def _authority_of_host(headers: Headers) -> tuple[str, int] | None:
    """Return host and port of the Host header, in the scheme of the Origin header.

    Behind a proxy that ends TLS the server does not know the scheme of the page.
    """
    scheme = headers["origin"].partition("://")[0]
    return _authority(f"{scheme}://{headers.get('host', '')}")
