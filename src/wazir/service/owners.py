"""Who owns an ACTIVE trial, and whether that owner can still write."""

from typing import Protocol


class Owners(Protocol):
    """What is known about the clients that own trials."""

    def is_gone(self, client_id: str) -> bool:
        """Return True only if it is certain that neither the owner nor a program that it
        started will write about its trials again.
        """
        ...
