"""Tokens: made, shown once, recognised, refused."""

import base64
import hmac
import threading
from hashlib import sha256

import pytest
from fake_tokens import FakeTokens, SetClock

from wazir.domain.errors import InvalidInputError, InvalidTokenError, NotAllowedError
from wazir.domain.tokens import Role
from wazir.service import access
from wazir.service.access import ANYONE, MAY, Action, Guard, Principal


@pytest.fixture
def store():
    return FakeTokens()


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def guard(store, clock):
    return Guard(store, clock, must_ask=True)


def test_a_secret_has_256_random_bits_and_is_stored_as_its_hash_alone(guard, store):
    made = [guard.create_token("p", Role.WORKER) for _ in range(50)]
    secrets = {secret for _, secret in made}
    assert len(secrets) == 50
    for token, secret in made:
        assert secret.startswith("wz_")
        assert len(base64.urlsafe_b64decode(secret.removeprefix("wz_") + "=")) == 32
        assert token.secret_sha256 == sha256(secret.encode()).hexdigest()
        assert store.rows[token.token_id] == token
        assert secret.removeprefix("wz_") not in repr(token)
        assert token.token_id not in secret


def test_the_holder_of_a_token_is_known(guard):
    token, secret = guard.create_token("p", Role.WORKER)
    found = guard.identify(secret)
    assert (found.project_id, found.role, found.token_id) == ("p", Role.WORKER, token.token_id)
    assert token.secret_sha256 not in repr(found)


def test_a_project_has_a_valid_name_or_is_all(guard):
    guard.create_token("*", Role.ADMIN)
    for name in ("", "a/b", "..", "*a", "a b"):
        with pytest.raises(InvalidInputError):
            guard.create_token(name, Role.ADMIN)


def invalid(guard, secret):
    with pytest.raises(InvalidTokenError) as caught:
        guard.identify(secret)
    return str(caught.value)


def test_what_is_wrong_with_a_token_is_not_told(guard, store, clock):
    revoked, revoked_secret = guard.create_token("p", Role.ADMIN)
    store.change(revoked.token_id, revoked_at=clock.now)
    _, expired_secret = guard.create_token("p", Role.ADMIN, expires_in_s=60)
    clock.now += 60
    texts = {
        invalid(guard, revoked_secret),
        invalid(guard, expired_secret),
        invalid(guard, "wz_" + "A" * 43),
        invalid(guard, "wz_"),
        invalid(guard, ""),
        invalid(guard, "\udcff" * 46),
        invalid(guard, "x" * 100_000),
    }
    assert len(texts) == 1
    assert revoked_secret not in texts.pop()


def test_a_token_is_valid_until_it_expires(guard, clock):
    _, secret = guard.create_token("p", Role.ADMIN, expires_in_s=60)
    clock.now += 59.9
    assert guard.identify(secret).role is Role.ADMIN
    clock.now += access.RECHECK_S
    invalid(guard, secret)


def test_without_a_secret_a_server_that_asks_says_what_to_do(guard):
    assert "WAZIR_TOKEN" in invalid(guard, None)


def test_a_revoked_token_is_refused_soon_and_not_looked_up_each_time(guard, store, clock):
    token, secret = guard.create_token("p", Role.READER)
    guard.identify(secret)
    n_reads = store.n_reads
    for _ in range(100):
        guard.identify(secret)
    assert store.n_reads == n_reads
    store.change(token.token_id, revoked_at=clock.now)
    clock.now += access.RECHECK_S
    assert guard.has_seen(secret)
    invalid(guard, secret)
    assert not guard.has_seen(secret)
    # A clock that jumps back makes nothing valid again.
    clock.now -= 3600
    invalid(guard, secret)


def test_invalid_secrets_are_not_remembered(guard, store):
    for _ in range(3):
        invalid(guard, "wz_" + "A" * 43)
    assert store.n_reads == 3


def test_hashes_are_compared_in_constant_time(guard, monkeypatch):
    compared = []

    def compare(left, right):
        compared.append((left, right))
        return hmac.compare_digest(left, right)

    class Hmac:
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(access, "hmac", Hmac)
    token, secret = guard.create_token("p", Role.READER)
    guard.identify(secret)
    assert compared == [(token.secret_sha256, token.secret_sha256)]


def test_a_store_that_finds_another_token_lets_nobody_in(guard, store):
    other, _ = guard.create_token("p", Role.ADMIN)
    store.token_with_hash = lambda secret_sha256: other
    invalid(guard, "wz_" + "A" * 43)


def test_without_tokens_anyone_may_do_all_until_one_is_made(store, clock):
    guard = Guard(store, clock, must_ask=False)
    assert guard.identify(None) is ANYONE
    # Clients of other services send what they have.
    assert guard.identify("ya29.something") is ANYONE
    n_reads = store.n_reads
    for _ in range(100):
        assert guard.identify(None) is ANYONE
    assert store.n_reads == n_reads
    token, secret = Guard(store, clock, must_ask=True).create_token("p", Role.READER)
    clock.now += access.RECHECK_S
    invalid(guard, None)
    invalid(guard, "ya29.something")
    assert guard.identify(secret).token_id == token.token_id
    # That it has been revoked, or has expired, opens nothing again.
    store.change(token.token_id, revoked_at=clock.now)
    clock.now += 1000
    invalid(guard, None)
    invalid(Guard(store, clock, must_ask=False), None)


def test_a_server_that_must_ask_asks_although_there_is_no_token(guard):
    invalid(guard, None)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.READER, {Action.READ}),
        (Role.WORKER, {Action.READ, Action.WORK}),
        (Role.ADMIN, {Action.READ, Action.WORK, Action.ADMIN}),
    ],
)
def test_each_role_may_what_the_table_says_in_its_own_project(guard, role, may):
    assert MAY[role] == may
    principal = Principal("p", role)
    for action in Action:
        if action in may:
            guard.require(principal, "p", action)
        else:
            with pytest.raises(NotAllowedError, match=rf"role {role.value} may not"):
                guard.require(principal, "p", action)
        with pytest.raises(NotAllowedError, match="for project 'p', not 'q'"):
            guard.require(principal, "q", action)


def test_a_token_of_all_projects_is_one_for_each(guard):
    guard.require(Principal("*", Role.ADMIN), "anything", Action.ADMIN)
    with pytest.raises(NotAllowedError):
        guard.require(Principal("*", Role.READER), "anything", Action.WORK)
    # A project cannot have that name, so nobody gets there by it.
    with pytest.raises(NotAllowedError):
        guard.require(Principal("p", Role.ADMIN), "*", Action.READ)


def test_a_request_that_runs_long_ends_with_its_token(guard, store, clock):
    token, secret = guard.create_token("p", Role.READER)
    principal = guard.identify(secret)
    clock.now += 100
    guard.require(principal, "p", Action.READ)
    store.change(token.token_id, revoked_at=clock.now)
    with pytest.raises(InvalidTokenError):
        guard.require(principal, "p", Action.READ)


def test_many_threads_may_ask_at_once(guard):
    made = [guard.create_token(f"p{n}", Role.READER) for n in range(20)]
    wrong = []

    def ask():
        for token, secret in made * 20:
            if guard.identify(secret).token_id != token.token_id:
                wrong.append(token)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
