"""The command line as a process, in a folder of its own."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))
from command_line import CommandLine


@pytest.fixture
def wazir_in(tmp_path: Path) -> CommandLine:
    """Run `wazir` in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(folder)
