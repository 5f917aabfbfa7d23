"""What each error is called on the wire: the one table of all doors, in Google's words.

The codes are those of `google.rpc.Code`, the HTTP codes those that Google's API guide gives them
(AIP-193).
"""

import enum

from wazir.domain.errors import (
    AlreadyExistsError,
    ComputationError,
    ConflictError,
    InvalidInputError,
    InvalidTokenError,
    LimitError,
    NotAllowedError,
    NotFoundError,
    StaleAttemptError,
    StorageError,
    WazirError,
)


class Status(enum.Enum):
    """A status by name, with its number in gRPC and its HTTP code."""

    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    PERMISSION_DENIED = (7, 403)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    ABORTED = (10, 409)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    UNAUTHENTICATED = (16, 401)

    @property
    def code(self) -> int:
        """The number of `google.rpc.Code`."""
        return self.value[0]

    @property
    def http_code(self) -> int:
        """The status code of an HTTP answer."""
        return self.value[1]


# The first line that an error is an instance of counts, so the special ones come first.
_STATUS_OF: tuple[tuple[type[WazirError], Status], ...] = (
    (AlreadyExistsError, Status.ALREADY_EXISTS),
    (StaleAttemptError, Status.ABORTED),
    (ConflictError, Status.FAILED_PRECONDITION),
    (NotFoundError, Status.NOT_FOUND),
    (InvalidTokenError, Status.UNAUTHENTICATED),
    (NotAllowedError, Status.PERMISSION_DENIED),
    (LimitError, Status.RESOURCE_EXHAUSTED),
    (InvalidInputError, Status.INVALID_ARGUMENT),
    (StorageError, Status.UNAVAILABLE),
    (ComputationError, Status.UNAVAILABLE),
)


def status_of(error: BaseException) -> Status:
    """Return the status of an error; INTERNAL for one that Wazir did not raise on purpose."""
    for kind, status in _STATUS_OF:
        if isinstance(error, kind):
            return status
    return Status.INTERNAL
