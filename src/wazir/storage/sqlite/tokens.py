"""The tokens of a SQLite store."""

import sqlite3

from wazir.domain.tokens import Role, Token
from wazir.storage.checks import token_not_found, token_taken
from wazir.storage.sqlite.connections import ConnectionPool
from wazir.storage.sqlite.rows import Bindings, Row
from wazir.storage.sqlite.statements import queries


class SqliteTokens:
    """Implements the TokenStore protocol on the connections of a store."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def add_token(self, token: Token) -> None:
        """Add a token."""
        with self._pool.writing() as connection:
            try:
                connection.execute(queries()["insert_token"], _bindings(token))
            except sqlite3.IntegrityError:
                raise token_taken(token.token_id) from None

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash."""
        bindings: Bindings = {"secret_sha256": secret_sha256}
        with self._pool.reading() as connection:
            row = connection.execute(queries()["select_token_by_hash"], bindings).fetchone()
        return None if row is None else _token(row)

    def tokens(self) -> list[Token]:
        """Return all tokens, oldest first."""
        with self._pool.reading() as connection:
            rows = connection.execute(queries()["select_tokens"]).fetchall()
        return [_token(row) for row in rows]

    def has_tokens(self) -> bool:
        """Return whether there is any token."""
        with self._pool.reading() as connection:
            return connection.execute(queries()["select_any_token"]).fetchone() is not None

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token."""
        bindings: Bindings = {"token_id": token_id, "revoked_at": revoked_at}
        with self._pool.writing() as connection:
            rows = connection.execute(queries()["revoke_token"], bindings).fetchall()
            there = [] if rows else connection.execute(queries()["select_tokens"]).fetchall()
        if not rows:
            raise token_not_found(token_id, [row[0] for row in there])
        return _token(rows[0])


def _bindings(token: Token) -> Bindings:
    return {
        "token_id": token.token_id,
        "secret_sha256": token.secret_sha256,
        "project_id": token.project_id,
        "role": token.role.value,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }


def _token(row: Row) -> Token:
    token_id, secret_sha256, project_id, role, *times = row
    return Token(token_id, secret_sha256, project_id, Role(role), *times)
