"""Every executor fulfils the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.executors.protocol import Executor
from wazir.testing.executors import ExecutorContract, MakeExecutor


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def make_executor(self, tmp_path: Path) -> Iterator[MakeExecutor]:
        made: list[LocalExecutor] = []
        log = tmp_path / "supervisor.log"

        def make() -> Executor:
            made.append(LocalExecutor(supervisor_log=log))
            return made[-1]

        yield make
        for executor in made:
            executor.close(stop_running=True)
        assert not log.exists() or log.read_text() == ""
