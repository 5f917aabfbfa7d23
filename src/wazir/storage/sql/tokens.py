"""The tokens of a SQL store."""

from wazir.domain.tokens import Role, Token
from wazir.storage.checks import token_not_found, token_taken
from wazir.storage.sql.rows import Bindings, Row
from wazir.storage.sql.session import Database, Session


class SqlTokens:
    """Implements the TokenStore protocol on the database of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_token(self, token: Token) -> None:
        """Add a token."""
        bindings = _bindings(token)
        if not self._database.change(
            lambda session: session.run("insert_token", bindings).rowcount
        ):
            raise token_taken(token.token_id)

    def token_with_hash(self, secret_sha256: str) -> Token | None:
        """Return the token whose secret has a hash."""
        bindings: Bindings = {"secret_sha256": secret_sha256}
        row = self._database.read(
            lambda session: session.run("select_token_by_hash", bindings).fetchone()
        )
        return None if row is None else _token(row)

    def tokens(self) -> list[Token]:
        """Return all tokens, oldest first."""
        rows = self._database.read(lambda session: session.run("select_tokens").fetchall())
        return [_token(row) for row in rows]

    def has_tokens(self) -> bool:
        """Return whether there is any token."""
        row = self._database.read(lambda session: session.run("select_any_token").fetchone())
        return row is not None

    def revoke_token(self, token_id: str, revoked_at: float) -> Token:
        """Revoke a token."""
        bindings: Bindings = {"token_id": token_id, "revoked_at": revoked_at}

        def revoke(session: Session) -> Row:
            rows = session.run("revoke_token", bindings).fetchall()
            if not rows:
                there = session.run("select_tokens").fetchall()
                raise token_not_found(token_id, [row[0] for row in there])
            return rows[0]

        return _token(self._database.change(revoke))


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
