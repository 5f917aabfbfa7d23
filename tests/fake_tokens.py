"""A store of tokens in memory, and a clock that is set, for the tests of access."""

from dataclasses import dataclass, replace

from wazir.domain.tokens import Token


class FakeTokens:
    """Implements the TokenStore protocol; counts its reads."""

    def __init__(self):
        self.rows = {}
        self.n_reads = 0

    def add_token(self, token: Token) -> None:
        self.rows[token.token_id] = token

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        self.n_reads += 1
        found = [one for one in self.rows.values() if one.secret_sha256 == secret_sha256]
        return found[0] if found else None

    def has_tokens(self) -> bool:
        self.n_reads += 1
        return bool(self.rows)

    def tokens(self) -> list[Token]:
        return list(self.rows.values())

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        self.change(token_id, revoked_at=revoked_at)
        return self.rows[token_id]

    def change(self, token_id: str, **changes) -> None:
        self.rows[token_id] = replace(self.rows[token_id], **changes)


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now
