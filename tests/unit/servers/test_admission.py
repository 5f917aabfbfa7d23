"""The door for requests that are answered in threads."""

import json
import logging

import pytest
from fake_tokens import FakeTokens, SetClock

from wazir.domain.errors import InvalidTokenError, LimitError, NotFoundError
from wazir.domain.tokens import Role
from wazir.servers.admission import admission
from wazir.servers.audit import LOGGER_NAME, AuditLog
from wazir.servers.rates import TokenBuckets
from wazir.service.access import Guard
from wazir.service.guarding import Access, Caller


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def access(clock):
    return Access(Guard(FakeTokens(), clock, must_ask=True), Caller())


@pytest.fixture
def admit(access, clock):
    buckets = TokenBuckets(1.0, 2.0, clock)
    return admission(access, AuditLog(clock), buckets, TokenBuckets(1.0, 2.0, clock))


def header(access, role=Role.WORKER):
    token, secret = access.guard.create_token("p", role)
    return token, {"authorization": f"Bearer {secret}"}


def test_the_holder_of_a_token_is_the_caller_in_the_block(access, admit):
    token, headers = header(access)
    with admit(headers, "GetStudy", "ipv4:127.0.0.1:1"):
        assert access.caller.principal().token_id == token.token_id
    with pytest.raises(InvalidTokenError):
        access.caller.principal()


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "wz_"}, {"authorization": "Bearer wz_" + "A" * 43}, {"x": "Bearer a"}],
)
def test_nobody_else_is_let_in(access, admit, headers):
    with pytest.raises(InvalidTokenError), admit(headers, "GetStudy", "peer"):
        raise AssertionError("it was let in")


def test_writes_have_a_line_with_what_became_of_them(access, admit, clock, caplog):
    caplog.set_level(logging.INFO, LOGGER_NAME)
    token, headers = header(access)
    with admit(headers, "CreateStudy", "ipv4:127.0.0.1:1"):
        pass
    with pytest.raises(NotFoundError), admit(headers, "DeleteStudy", "peer"):
        raise NotFoundError("no study")
    with pytest.raises(InvalidTokenError), admit({}, "CreateTrial", "peer"):
        pass
    clock.now += 10
    with admit(headers, "ListTrials", "peer"):
        pass
    lines = [json.loads(one.getMessage()) for one in caplog.records]
    assert [(one["path"], one["status"], one.get("token")) for one in lines] == [
        ("CreateStudy", "OK", token.token_id),
        ("DeleteStudy", "NOT_FOUND", token.token_id),
        ("CreateTrial", "UNAUTHENTICATED", None),
    ]
    assert headers["authorization"].split()[1] not in str(lines)


def test_a_token_may_come_only_so_often(access, admit, clock):
    _, headers = header(access)
    for _ in range(2):
        with admit(headers, "GetStudy", "peer"):
            pass
    with pytest.raises(LimitError), admit(headers, "GetStudy", "peer"):
        raise AssertionError("it was let in")
    clock.now += 1
    with admit(headers, "GetStudy", "peer"):
        pass


def test_whoever_guesses_tokens_is_told_to_wait_and_others_go_on(access, admit, clock):
    _, headers = header(access)
    guess = {"authorization": "Bearer wz_" + "A" * 43}
    with admit(headers, "GetStudy", "ipv4:10.0.0.7:1"):
        pass
    for port in (2, 3):
        with pytest.raises(InvalidTokenError), admit(guess, "GetStudy", f"ipv4:10.0.0.7:{port}"):
            pass
    with pytest.raises(LimitError), admit(guess, "GetStudy", "ipv4:10.0.0.7:4"):
        pass
    with admit(headers, "GetStudy", "ipv4:10.0.0.7:5"):
        pass
    with pytest.raises(InvalidTokenError), admit(guess, "GetStudy", "ipv4:10.0.0.8:6"):
        pass
