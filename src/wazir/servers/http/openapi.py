"""The OpenAPI document: what the routes answer, errors included. Nothing here runs for a request."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict

from wazir.service.status import Status

Responses = dict[int | str, dict[str, Any]]

_VALIDATION = ("HTTPValidationError", "ValidationError")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow")


class ErrorBody(_Answer):
    """An error of Google's APIs (AIP-193)."""

    code: int
    status: str
    message: str


class ErrorAnswer(_Answer):
    """What is answered in place of a result."""

    error: ErrorBody


class StudyAnswer(_Answer):
    """A study; times are Unix seconds."""

    version: int
    project_id: str
    study_id: str
    config: dict[str, Any]
    state: str
    metadata: dict[str, dict[str, str]]
    created_at: float
    revision: int
    config_revision: int


class StudiesAnswer(_Answer):
    """Studies, oldest first."""

    studies: list[StudyAnswer]


class TrialAnswer(_Answer):
    """A trial; times are Unix seconds, numbers that are not finite are texts."""

    version: int
    id: int
    parameters: dict[str, Any]
    state: str
    client_id: str
    attempt: int
    final_measurement: dict[str, Any] | None
    infeasible_reason: str
    stopping_reason: str
    metadata: dict[str, dict[str, str]]
    created_at: float
    started_at: float | None
    completed_at: float | None


class GivenTrialsAnswer(_Answer):
    """Trials that a client works on."""

    trials: list[TrialAnswer]


class TrialsAnswer(GivenTrialsAnswer):
    """Trials by id, and the revision at which they were read."""

    revision: int


class CountsAnswer(_Answer):
    """How many trials are in which state."""

    requested: int
    active: int
    stopping: int
    succeeded: int
    infeasible: int


def answers(model: type[BaseModel]) -> Responses:
    """Return what a route's decorator says of its good answer."""
    return {200: {"model": model}}


def errors(*statuses: Status) -> Responses:
    """Return what a router says of the errors of all its routes."""
    codes = sorted({status.http_code for status in statuses})
    return {code: {"model": ErrorAnswer, "description": _words(code)} for code in codes}


def _words(code: int) -> str:
    return " or ".join(status.name for status in Status if status.http_code == code)


# Of the routes of our own API.
ERRORS = errors(
    Status.INVALID_ARGUMENT,
    Status.UNAUTHENTICATED,
    Status.PERMISSION_DENIED,
    Status.NOT_FOUND,
    Status.ALREADY_EXISTS,
    Status.RESOURCE_EXHAUSTED,
    Status.UNAVAILABLE,
) | {413: {"model": ErrorAnswer, "description": "The body is too large"}}


def document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return a function that makes the document once, as `FastAPI.openapi`."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            _correct(made)
            app.openapi_schema = made
        return app.openapi_schema

    return openapi


def _correct(made: dict[str, Any]) -> None:
    """Take out the framework's own answer to wrong values, which is not ours, and say who may ask."""
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    schemas = made["components"]["schemas"]
    for name in _VALIDATION:
        schemas.pop(name, None)
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    # Without tokens, on loopback, everybody may ask.
    made["security"] = [{}, {"token": []}]
