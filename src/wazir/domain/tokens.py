"""A token: what says who asks a server, for which project, and what the holder may do."""

import enum
import math
import re
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError
from wazir.domain.names import check_project_id

# The project of a token that is one for each project; no project can have that name.
ALL_PROJECTS = "*"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Role(enum.Enum):
    """What a token allows; each role may do all that those before it may."""

    READER = "reader"
    WORKER = "worker"
    ADMIN = "admin"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Token:
    """What is kept of a token; times are Unix seconds.

    Attributes:
        token_id: names the token, and gives nothing away.
        secret_sha256: SHA-256 of the secret, in hexadecimal. The secret itself is kept nowhere.
        project_id: what it is for; `*` for all projects.
        role: what its holder may do.
        created_at: when it was made.
        expires_at: from when on it is not valid any more; None: it never expires.
        revoked_at: when it was revoked; None: it was not.

    Raises:
        InvalidInputError: an id, a hash or a time that cannot be one.
    """

    token_id: str
    secret_sha256: str
    project_id: str
    role: Role
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.token_id):
            raise InvalidInputError(f"{self.token_id!r} cannot be the id of a token")
        if not _SHA256.fullmatch(self.secret_sha256):
            raise InvalidInputError("the hash of a secret has 64 hexadecimal digits")
        if self.project_id != ALL_PROJECTS:
            check_project_id(self.project_id)
        for time in (self.created_at, self.expires_at, self.revoked_at):
            if time is not None and not math.isfinite(time):
                raise InvalidInputError(f"the times of a token are finite, got {time!r}")

    def is_valid(self, now: float) -> bool:
        """Return whether it may be used."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
