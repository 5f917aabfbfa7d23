"""What is kept of a token."""

import math

import pytest

from wazir.domain.errors import InvalidInputError
from wazir.domain.tokens import Role, Token

HASH = "0123456789abcdef" * 4


def token(**changes):
    fields = {
        "token_id": "a1b2", "secret_sha256": HASH, "project_id": "p", "role": Role.READER,
        "created_at": 1.0,
    }  # fmt: skip
    return Token(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"token_id": ""},
        {"token_id": "a b"},
        {"token_id": "x" * 65},
        {"secret_sha256": "wz_secret"},
        {"secret_sha256": HASH.upper()},
        {"project_id": ""},
        {"project_id": "**"},
        {"project_id": "../p"},
        {"created_at": math.nan},
        {"expires_at": math.inf},
        {"revoked_at": math.nan},
    ],
)
def test_what_cannot_be_a_token_is_refused(changes):
    with pytest.raises(InvalidInputError):
        token(**changes)


def test_a_hash_that_is_none_is_not_repeated():
    with pytest.raises(InvalidInputError) as caught:
        token(secret_sha256="wz_secret")
    assert "wz_secret" not in str(caught.value)


def test_a_token_is_valid_until_it_expires_or_is_revoked():
    assert token().is_valid(1e12)
    assert token(project_id="*").is_valid(0)
    assert token(expires_at=10.0).is_valid(9.9)
    assert not token(expires_at=10.0).is_valid(10.0)
    assert not token(revoked_at=10.0).is_valid(5.0)


def test_roles_are_written_as_words():
    assert [str(role) for role in Role] == ["reader", "worker", "admin"]
