"""Where the lines of the audit log go."""

import json
import logging
from pathlib import Path

import pytest
from fake_tokens import SetClock

from wazir.domain.errors import InvalidInputError
from wazir.domain.tokens import Role
from wazir.servers.audit import LOGGER_NAME, STANDARD_ERROR, AuditLog, audit_lines_to
from wazir.service.access import Principal

LOG = AuditLog(SetClock())


def write(path="/a"):
    LOG.write(Principal("p", Role.ADMIN, "t1", "0" * 64), "POST", path, 200, "10.0.0.7")


def test_lines_are_added_to_a_file_while_the_block_runs(tmp_path):
    file = tmp_path / "new" / "audit.log"
    for _ in range(2):
        with audit_lines_to(file):
            write()
    write()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["token"] for line in lines] == ["t1", "t1"]
    assert "0" * 64 not in file.read_text()
    assert logging.getLogger(LOGGER_NAME).handlers == []


def test_a_file_that_was_moved_away_is_made_again(tmp_path):
    file = tmp_path / "audit.log"
    with audit_lines_to(file):
        write("/first")
        file.rename(tmp_path / "audit.log.1")
        write("/second")
    assert "/second" in file.read_text()
    assert "/second" not in (tmp_path / "audit.log.1").read_text()


def test_lines_go_to_standard_error(capsys):
    with audit_lines_to(STANDARD_ERROR):
        write()
    assert json.loads(capsys.readouterr().err)["path"] == "/a"


def test_without_a_path_logging_decides(caplog):
    caplog.set_level(logging.INFO, LOGGER_NAME)
    with audit_lines_to(None):
        write()
    assert len(caplog.records) == 1


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "audit.log"):
        with pytest.raises(InvalidInputError, match="--audit-log"), audit_lines_to(path):
            raise AssertionError("it was opened")


def test_lines_that_cannot_be_written_are_said_once(caplog):
    # Every write to this file fails as on a full disk.
    with audit_lines_to(Path("/dev/full")):
        write()
        write()
    (said,) = [record.getMessage() for record in caplog.records]
    assert "the audit log /dev/full misses lines" in said
    assert "No space left" in said
