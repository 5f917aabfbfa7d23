"""The tokens of a storage, for the commands that make, list and revoke them."""

from collections.abc import Iterator
from contextlib import contextmanager

from wazir.app.clock import system_clock
from wazir.app.compose import open_store
from wazir.app.settings import StorageLocation
from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.names import check_project_id
from wazir.domain.tokens import ALL_PROJECTS, Role, Token
from wazir.service.access import Guard
from wazir.storage.protocol import TokenStore


def create_token(
    location: StorageLocation, project_id: str, role: Role, *, expires_in_s: float | None = None
) -> tuple[Token, str]:
    """Make a token, in a storage that is made where it is missing; return it and its secret.

    Raises:
        InvalidInputError: the project is neither a valid name nor `*`, or the storage has no
            tokens of its own: it is a server, or in memory.
    """
    if project_id != ALL_PROJECTS:
        check_project_id(project_id)
    with _opened(location, create=True) as store:
        guard = Guard(store, system_clock, must_ask=True)
        return guard.create_token(project_id, role, expires_in_s=expires_in_s)


def list_tokens(location: StorageLocation) -> list[Token]:
    """Return all tokens, oldest first. Raises NotFoundError without a database."""
    with _opened(location, create=False) as store:
        return store.tokens()


def revoke_token(location: StorageLocation, token_id: str) -> Token:
    """Revoke a token and return it. Raises NotFoundError."""
    with _opened(location, create=False) as store:
        return store.revoke_token(token_id, system_clock())


def has_tokens(location: StorageLocation) -> bool:
    """Return whether a storage has any token; it is not made where it is missing."""
    if location.is_memory:
        return False
    try:
        with _opened(location, create=False) as store:
            return store.has_tokens()
    except NotFoundError:
        return False


@contextmanager
def _opened(location: StorageLocation, *, create: bool) -> Iterator[TokenStore]:
    if location.is_memory:
        raise InvalidInputError(
            "tokens need a database: what is in memory ends with its process",
            hint="name a database with --storage",
        )
    store = open_store(location, create=create)
    try:
        yield store
    finally:
        store.close()
