"""The HTTP application: all routes, the answers to errors, and what every request passes."""

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from wazir.domain.errors import WazirError
from wazir.servers.http import documentation, watching
from wazir.servers.http.answers import (
    answer_http_error,
    answer_invalid_request,
    answer_unexpected,
    answer_wazir_error,
)
from wazir.servers.http.native import events, findings, logs, studies, trials
from wazir.servers.http.native.once import Once
from wazir.servers.http.openapi import document
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.vertex.routes import vertex_routes
from wazir.servers.http.watching import MeterRequests, RequestMeter

_NATIVE = (studies.router, trials.router, findings.router, logs.router, events.router)


def make_app(
    parts: ServerParts,
    *,
    version: str,
    routes: Sequence[BaseRoute] = (),
    middleware: Sequence[Middleware] = (),
) -> FastAPI:
    """Return the application.

    Args:
        parts: the service and what belongs to it.
        version: of Wazir, for the OpenAPI document.
        routes: those of other doors.
        middleware: what every request passes, outermost first; the meter is outside of it.
    """
    meter = RequestMeter()
    app = FastAPI(
        title="Wazir",
        description="Hyperparameter tuning: studies, trials and what was learned.",
        version=version,
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(MeterRequests, meter=meter), *middleware],
        exception_handlers={
            WazirError: answer_wazir_error,
            RequestValidationError: answer_invalid_request,
            HTTPException: answer_http_error,
            Exception: answer_unexpected,
        },
    )
    app.openapi = document(app)  # type: ignore[method-assign]
    app.state.parts, app.state.once, app.state.meter = parts, Once(), meter
    for router in (*_NATIVE, watching.router, documentation.router):
        app.include_router(router)
    app.router.routes.extend([*vertex_routes(), *routes])
    return app
