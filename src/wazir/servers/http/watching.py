"""What operators ask: whether the server lives, is ready, and what it does, for Prometheus."""

import threading
import time
from collections import Counter

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wazir.domain.names import DEFAULT_PROJECT
from wazir.servers.http.answers import JsonAnswer
from wazir.servers.http.openapi import errors
from wazir.servers.http.parts import Service
from wazir.service.status import Status

router = APIRouter(tags=["operation"])

# Upper bounds of the buckets of durations, in seconds.
_BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)


class RequestMeter:
    """Counts requests by route, method and status, and how long they took; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._sums: Counter[str] = Counter()
        self._running = 0

    def begin(self) -> None:
        """Count a request that begins."""
        with self._lock:
            self._running += 1

    def end(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count a request that has ended."""
        with self._lock:
            self._running -= 1
            self._counts[route, method, status] += 1
            self._sums[route] += duration_s  # type: ignore[assignment]
            for bound in _BUCKETS_S:
                if duration_s <= bound:
                    self._buckets[route, bound] += 1

    def text(self) -> str:
        """Return the counts in the text format of Prometheus, version 0.0.4."""
        with self._lock:
            counts, buckets, sums = dict(self._counts), dict(self._buckets), dict(self._sums)
            running = self._running
        lines = [
            "# HELP wazir_requests_total Requests that were answered.",
            "# TYPE wazir_requests_total counter",
        ]
        n_of: Counter[str] = Counter()
        for (route, method, status), count in sorted(counts.items()):
            n_of[route] += count
            labels = f'route="{route}",method="{method}",status="{status}"'
            lines.append(f"wazir_requests_total{{{labels}}} {count}")
        lines += [
            "# HELP wazir_request_seconds How long requests took.",
            "# TYPE wazir_request_seconds histogram",
        ]
        for route, count in sorted(n_of.items()):
            name = f'wazir_request_seconds_bucket{{route="{route}",le='
            lines += [f'{name}"{le}"}} {buckets.get((route, le), 0)}' for le in _BUCKETS_S]
            lines.append(f'{name}"+Inf"}} {count}')
            lines.append(f'wazir_request_seconds_sum{{route="{route}"}} {sums[route]:.6f}')
            lines.append(f'wazir_request_seconds_count{{route="{route}"}} {count}')
        lines += [
            "# HELP wazir_requests_running Requests that are being answered.",
            "# TYPE wazir_requests_running gauge",
            f"wazir_requests_running {running}",
        ]
        return "\n".join(lines) + "\n"


class MeterRequests:
    """ASGI middleware that tells a meter of each request; the route's pattern is its label."""

    def __init__(self, app: ASGIApp, meter: RequestMeter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, time.monotonic()

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._meter.begin()
        try:
            await self._app(scope, receive, watched_send)
        finally:
            # An unknown path has no route: paths are chosen by clients, and labels must be few.
            route = getattr(scope.get("route"), "path", "other")
            self._meter.end(route, scope["method"], status, time.monotonic() - begun)


@router.get("/healthz")
async def healthz() -> JsonAnswer:
    """Say that the server lives."""
    return JsonAnswer({"status": "ok"})


@router.get("/readyz", responses=errors(Status.UNAVAILABLE))
def readyz(service: Service) -> JsonAnswer:
    """Say that the server can reach its storage; 503 if it cannot."""
    service.studies(DEFAULT_PROJECT)
    return JsonAnswer({"status": "ready"})


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=errors(Status.UNAUTHENTICATED, Status.PERMISSION_DENIED),
)
async def metrics(request: Request) -> Response:
    """Return counts of requests in the text format of Prometheus."""
    meter: RequestMeter = request.app.state.meter
    return PlainTextResponse(meter.text(), media_type="text/plain; version=0.0.4")
