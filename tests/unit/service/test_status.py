"""What each error is called on the wire."""

import pytest

from wazir.domain import errors
from wazir.service.status import Status, status_of


def all_errors(root=errors.WazirError):
    for kind in root.__subclasses__():
        yield kind
        yield from all_errors(kind)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInputError("x"), Status.INVALID_ARGUMENT),
        (errors.InvalidExpressionError("x"), Status.INVALID_ARGUMENT),
        (errors.NotFoundError("x"), Status.NOT_FOUND),
        (errors.AlreadyExistsError("x"), Status.ALREADY_EXISTS),
        (errors.StudyMismatchError("x"), Status.FAILED_PRECONDITION),
        (errors.InvalidTransitionError("x"), Status.FAILED_PRECONDITION),
        (errors.StaleAttemptError("x"), Status.ABORTED),
        (errors.InvalidTokenError("x"), Status.UNAUTHENTICATED),
        (errors.NotAllowedError("x"), Status.PERMISSION_DENIED),
        (errors.LimitError("x"), Status.RESOURCE_EXHAUSTED),
        (errors.StorageError("x"), Status.UNAVAILABLE),
        (errors.ComputationError("x"), Status.UNAVAILABLE),
        (KeyError("x"), Status.INTERNAL),
    ],
)
def test_an_error_has_the_status_of_its_kind(error, status):
    assert status_of(error) is status


def test_every_error_that_a_service_raises_has_a_status_of_its_own():
    # A job runs with its user, not behind a door; AccessError is only the parent of three.
    for kind in all_errors():
        if issubclass(kind, errors.JobError) or kind is errors.AccessError:
            continue
        assert status_of(kind.__new__(kind)) is not Status.INTERNAL, kind


def test_numbers_are_those_of_google_rpc():
    numbers = {status.name: (status.code, status.http_code) for status in Status}
    assert numbers["NOT_FOUND"] == (5, 404)
    assert numbers["FAILED_PRECONDITION"] == (9, 400)
    assert numbers["RESOURCE_EXHAUSTED"] == (8, 429)
    assert len({code for code, _ in numbers.values()}) == len(Status)
