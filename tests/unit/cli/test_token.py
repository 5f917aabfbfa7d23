"""`wazir token`: secrets are shown once, and lists have none."""

import json
import re

import pytest
from click.testing import CliRunner

from wazir.cli.token import token
from wazir.domain.errors import InvalidInputError, NotFoundError

SECRET = re.compile(r"wz_[A-Za-z0-9_-]{43}\n")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.delenv("WAZIR_PROJECT", raising=False)

    def run(*arguments):
        storage = ("--storage", str(tmp_path / "wazir.db"))
        return CliRunner().invoke(token, [*arguments, *storage], catch_exceptions=False)

    return run


def test_the_secret_alone_goes_to_standard_output(run):
    made = run("create", "--role", "worker", "--expires", "90d")
    assert SECRET.fullmatch(made.stdout)
    assert "worker in project default until" in made.stderr
    assert "WAZIR_TOKEN" in made.stderr
    assert made.stdout.strip() not in made.stderr


def test_the_project_is_ones_own_unless_it_is_named(run, monkeypatch):
    monkeypatch.setenv("WAZIR_PROJECT", "vision")
    run("create", "--role", "worker")
    run("create", "--role", "worker", "--project", "speech")
    assert [row["project"] for row in json.loads(run("list", "--json").stdout)] == [
        "vision",
        "speech",
    ]


def test_a_list_and_the_database_have_no_secret(run, tmp_path):
    secrets = [
        run("create", "--role", "admin", "--project", project).stdout.strip()
        for project in ("*", "team-1")
    ]
    table, text = run("list").stdout, run("list", "--json").stdout
    rows = json.loads(text)
    assert [(row["project"], row["role"], row["state"]) for row in rows] == [
        ("*", "admin", "valid"),
        ("team-1", "admin", "valid"),
    ]
    assert all(row["id"] in table for row in rows)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"team-1" in files
    for secret in secrets:
        for part in (secret, secret.removeprefix("wz_")[:20]):
            assert part not in table
            assert part not in text
            assert part.encode() not in files


def test_a_token_is_revoked_by_its_id(run):
    run("create", "--role", "reader")
    run("create", "--role", "reader", "--expires", "0.001s")
    first = json.loads(run("list", "--json").stdout)[0]["id"]
    assert run("revoke", first).stdout == f"token {first} is revoked\n"
    states = [row["state"] for row in json.loads(run("list", "--json").stdout)]
    assert states == ["revoked", "expired"]
    with pytest.raises(NotFoundError, match="there is no token 'nobody'"):
        run("revoke", "nobody")


def test_what_cannot_be_made_is_said_and_makes_nothing(run, tmp_path):
    for arguments in (
        ("--role", "worker", "--expires", "soon"),
        ("--role", "worker", "--project", "../p"),
    ):
        with pytest.raises(InvalidInputError):
            run("create", *arguments)
    assert run("create").exit_code == 2
    assert run("create", "--role", "owner").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_tokens_are_made_where_the_database_is():
    for storage in ("http://127.0.0.1:1", ":memory:"):
        with pytest.raises(InvalidInputError, match="database"):
            CliRunner().invoke(
                token, ["create", "--role", "admin", "--storage", storage], catch_exceptions=False
            )


def test_no_tokens_yet(run):
    with pytest.raises(NotFoundError):
        run("list")
    with pytest.raises(NotFoundError):
        run("revoke", "x")
