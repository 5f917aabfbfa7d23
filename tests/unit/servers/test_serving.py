"""What a server is asked for, and what it says."""

from pathlib import Path

import pytest

from wazir.app.settings import StorageLocation
from wazir.domain.errors import InvalidInputError
from wazir.servers.serving import ServeOptions, notes


def options(**changes):
    return ServeOptions(StorageLocation(), **changes)


def test_nobody_may_do_anything_without_a_token_where_others_reach_the_server():
    assert not options().must_ask
    assert not options(host="localhost").must_ask
    assert options(host="0.0.0.0").must_ask
    assert not options(host="0.0.0.0", insecure=True).must_ask


def test_what_others_may_see_or_do_is_said():
    assert notes(options(), False) == []
    assert "travel unencrypted" in notes(options(host="10.0.0.7"), True)[0]
    for reached in (options(insecure=True), options(allowed_hosts=("wazir.example.com",))):
        assert "may read, change and delete everything" in notes(reached, False)[0]
        assert notes(reached, True) == []


def test_files_for_tls_come_together_and_are_looked_at(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="--tls-key"):
        options(tls_cert=tmp_path)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        options(tls_cert=tmp_path / "a", tls_key=tmp_path / "b")
