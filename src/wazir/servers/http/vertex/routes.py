"""The paths of Vertex AI Vizier v1."""

import json
from collections.abc import Awaitable, Callable

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wazir.domain.errors import InvalidInputError
from wazir.domain.json_fields import JsonObject
from wazir.servers.http.answers import JsonAnswer
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.vertex import handlers
from wazir.servers.http.vertex.requests import VertexRequest
from wazir.service.foreign import ForeignClients


class VertexAnswer(JsonAnswer):
    """An answer in Unicode that protocol buffers can hold; half a surrogate pair becomes "?"."""

    def render(self, content: object) -> bytes:
        """Return the bytes of an answer."""
        encoded = super().render(content)
        if rb"\ud" not in encoded:
            return encoded
        return json.dumps(json.loads(encoded), ensure_ascii=False).encode(errors="replace")


Handler = Callable[[ForeignClients, VertexRequest], JsonObject]

_STUDIES = "/projects/{project}/locations/{location}/studies"
_STUDY = f"{_STUDIES}/{{study}}"
_TRIALS = f"{_STUDY}/trials"
_TRIAL = f"{_TRIALS}/{{trial}}"
# (method, path, handler); a verb stands before the bare name, which would match it too.
_PATHS: tuple[tuple[str, str, Handler], ...] = (
    ("POST", f"{_STUDIES}:lookup", handlers.lookup_study),
    ("POST", _STUDIES, handlers.create_study),
    ("GET", _STUDIES, handlers.list_studies),
    ("GET", _STUDY, handlers.get_study),
    ("DELETE", _STUDY, handlers.delete_study),
    ("POST", f"{_TRIALS}:suggest", handlers.suggest_trials),
    ("POST", f"{_TRIALS}:listOptimalTrials", handlers.list_optimal_trials),
    ("POST", _TRIALS, handlers.create_trial),
    ("GET", _TRIALS, handlers.list_trials),
    ("POST", f"{_TRIAL}:addTrialMeasurement", handlers.add_measurement),
    ("POST", f"{_TRIAL}:complete", handlers.complete_trial),
    ("POST", f"{_TRIAL}:stop", handlers.stop_trial),
    ("POST", f"{_TRIAL}:checkTrialEarlyStoppingState", handlers.check_stopping),
    ("GET", _TRIAL, handlers.get_trial),
    ("DELETE", _TRIAL, handlers.delete_trial),
)
_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", f"{_STUDY}/operations/{{operation}}", handlers.get_operation),
    ("POST", f"{_STUDY}/operations/{{operation}}:wait", handlers.get_operation),
    ("POST", f"{_STUDY}/operations/{{operation}}:cancel", handlers.forget_operation),
    ("DELETE", f"{_STUDY}/operations/{{operation}}", handlers.forget_operation),
    ("GET", f"{_STUDY}/operations", handlers.list_operations),
)
# These may compute for long.
_SLOW = frozenset({handlers.suggest_trials, handlers.check_stopping, handlers.list_optimal_trials})


def vertex_routes() -> list[Route]:
    """Return the routes; clients poll operations at /ui."""
    return [
        *(_route("/v1", *entry) for entry in (*_PATHS, *_OPERATIONS)),
        *(_route("/ui", *entry) for entry in _OPERATIONS),
    ]


def _route(prefix: str, method: str, path: str, handler: Handler) -> Route:
    return Route(prefix + path, _endpoint(handler), methods=[method])


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        parts: ServerParts = request.app.state.parts
        call = VertexRequest(request, await request.body())

        def action() -> Response:
            try:
                return VertexAnswer(handler(parts.clients, call))
            except RecursionError:
                raise InvalidInputError("the body is nested too deeply") from None

        if handler in _SLOW:
            return await parts.suggest(action)
        return await anyio.to_thread.run_sync(action)

    return endpoint
