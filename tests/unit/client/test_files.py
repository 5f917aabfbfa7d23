"""Files are written whole, and never over another one unasked."""

import os

import pytest

from wazir.client.files import write_whole_file
from wazir.domain.errors import ConflictError, InvalidInputError


def test_writes_a_file_that_others_may_read(tmp_path):
    old = os.umask(0o022)
    try:
        write_whole_file(tmp_path / "a.json", b"{}")
    finally:
        os.umask(old)
    assert (tmp_path / "a.json").read_bytes() == b"{}"
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644


def test_does_not_replace_unasked(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(ConflictError, match="there already"):
        write_whole_file(path, b"new")
    assert path.read_text() == "old"
    write_whole_file(path, b"new", replace=True)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["missing/a.json", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, name):
    with pytest.raises(InvalidInputError):
        write_whole_file(tmp_path / name, b"x", replace=True)
    assert list(tmp_path.iterdir()) == []
