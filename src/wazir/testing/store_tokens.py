"""The part of the contract suite of stores that is about tokens."""
# ruff: noqa: D102  the names of the tests say what they test

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import pytest

from wazir.domain.errors import AlreadyExistsError, NotFoundError, StorageError
from wazir.domain.tokens import Role, Token
from wazir.storage.protocol import Store
from wazir.testing.store_values import NAME, make_study


def make_token(number: int, *, created_at: float = 1.5, expires_at: float | None = None) -> Token:
    """Return a token of its own for each number."""
    digest = sha256(str(number).encode()).hexdigest()
    return Token(f"t{number}", digest, "p", Role.WORKER, created_at, expires_at)


class TokenContract:
    """What every store must do with tokens; `StoreContract` has it all."""

    def test_a_token_comes_back_as_it_was_given(self, store: Store) -> None:
        assert not store.has_tokens()
        assert store.tokens() == []
        given = [
            make_token(1),
            Token("t2", "ab" * 32, "*", Role.ADMIN, 1.25, expires_at=1e10, revoked_at=2e9 + 0.5),
            Token("t3", "cd" * 32, "q", Role.READER, 7.0),
        ]
        for token in given:
            store.add_token(token)
            assert store.token_with_hash(token.secret_sha256) == token
        assert store.has_tokens()
        assert store.tokens() == [given[1], given[0], given[2]]
        assert store.token_with_hash("0" * 64) is None
        assert store.token_with_hash("ab" * 31) is None
        assert store.token_with_hash(("ab" * 32).upper()) is None

    def test_ids_and_hashes_of_tokens_are_taken_once(self, store: Store) -> None:
        token = make_token(1)
        store.add_token(token)
        for other in (
            replace(make_token(2), token_id=token.token_id),
            replace(make_token(2), secret_sha256=token.secret_sha256),
        ):
            with pytest.raises(AlreadyExistsError) as caught:
                store.add_token(other)
            assert token.secret_sha256 not in str(caught.value)
        assert store.tokens() == [token]

    def test_a_token_is_revoked_once_and_stays(self, store: Store) -> None:
        store.add_token(make_token(1))
        store.add_token(make_token(2))
        revoked = replace(make_token(1), revoked_at=5.5)
        assert store.revoke_token("t1", 5.5) == revoked
        assert store.revoke_token("t1", 9.0) == revoked
        assert store.token_with_hash(revoked.secret_sha256) == revoked
        assert store.tokens() == [revoked, make_token(2)]
        store.revoke_token("t2", 6.0)
        assert store.has_tokens()

    def test_a_missing_token_is_told(self, store: Store) -> None:
        store.add_token(make_token(1))
        for missing in ("t", "' or 1=1 --", ""):
            with pytest.raises(NotFoundError, match="there is no token"):
                store.revoke_token(missing, 1.0)
        assert store.tokens() == [make_token(1)]

    def test_tokens_have_nothing_to_do_with_studies(self, store: Store) -> None:
        make_study(store)
        store.add_token(make_token(1))
        revision = store.study(NAME).revision
        store.delete_study(NAME)
        assert store.has_tokens()
        assert revision == 0

    def test_many_threads_add_tokens(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: store.add_token(make_token(number)), range(40)))
        assert len(store.tokens()) == 40

    def test_tokens_cannot_be_used_within_a_transaction_or_after_the_end(
        self, store: Store
    ) -> None:
        make_study(store)
        calls: list[Callable[[], object]] = [
            lambda: store.add_token(make_token(1)),
            lambda: store.token_with_hash("ab" * 32),
            store.tokens,
            store.has_tokens,
            lambda: store.revoke_token("t1", 1.0),
        ]
        with store.write(NAME):
            for call in calls:
                with pytest.raises(RuntimeError):
                    call()
        assert not store.has_tokens()
        store.close()
        for call in calls:
            with pytest.raises(StorageError):
                call()
