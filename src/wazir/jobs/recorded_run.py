"""What was recorded of a run when it began: its command, and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wazir.jobs.attempt_files import read_record
from wazir.jobs.directories import RUN_FILE


@dataclass(frozen=True)
class RecordedRun:
    """The record of one attempt; empty texts stand for what is not known."""

    command: tuple[str, ...]
    cwd: str
    python_version: str = ""
    host: str = ""
    git_commit: str = ""
    git_dirty: bool = False


def recorded_run(attempt_dir: Path) -> RecordedRun | None:
    """Return the record of an attempt, None if there is none that can be read."""
    record = read_record(attempt_dir / RUN_FILE) or {}
    match record:
        case {"command": [*words], "cwd": str(cwd)}:
            return RecordedRun(
                command=tuple(map(str, words)),
                cwd=cwd,
                python_version=_text(record, "python_version"),
                host=_text(record, "host"),
                git_commit=_text(record, "git_commit"),
                git_dirty=record.get("git_dirty") is True,
            )
        case _:
            return None


def _text(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""
