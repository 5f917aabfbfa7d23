"""Tokens in the memory of one process."""

from dataclasses import replace

from wazir.domain.tokens import Token
from wazir.storage.checks import token_not_found, token_taken


class MemoryTokens:
    """Implements the TokenStore protocol for one thread; the store brings the locks."""

    def __init__(self) -> None:
        self._by_id: dict[str, Token] = {}
        self._by_hash: dict[str, str] = {}

    def add_token(self, token: Token) -> None:
        """Add a token."""
        if token.token_id in self._by_id or token.secret_sha256 in self._by_hash:
            raise token_taken(token.token_id)
        self._by_id[token.token_id] = token
        self._by_hash[token.secret_sha256] = token.token_id

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash."""
        token_id = self._by_hash.get(secret_sha256)
        return None if token_id is None else self._by_id[token_id]

    def tokens(self) -> list[Token]:
        """Return all tokens, oldest first."""
        return sorted(self._by_id.values(), key=lambda token: token.created_at)

    def has_tokens(self) -> bool:
        """Return whether there is any token."""
        return bool(self._by_id)

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token."""
        token = self._by_id.get(token_id)
        if token is None:
            raise token_not_found(token_id, self._by_id)
        if token.revoked_at is None:
            token = self._by_id[token_id] = replace(token, revoked_at=revoked_at)
        return token
