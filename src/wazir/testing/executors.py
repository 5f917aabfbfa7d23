"""The contract suite of executors: subclass `ExecutorContract` and give it a factory."""
# ruff: noqa: D102  the names of the tests say what they test

import json
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from wazir.domain.errors import JobError
from wazir.jobs.attempt_files import last_lines, read_lines, read_log
from wazir.jobs.executors.protocol import (
    Attachment,
    AttemptDied,
    AttemptExited,
    AttemptStarted,
    Executor,
    LaunchFailed,
    Outcome,
)
from wazir.testing.programs import (
    PYTHON,
    collect,
    exit_of,
    is_alive,
    make_launch,
    run_until_ready,
    shell,
    wait_for,
)

MakeExecutor = Callable[[], Executor]

_SHOW_ARGV = "import sys, json; print(json.dumps(sys.argv[1:]))"
_IGNORE_SIGTERM = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
_CATCH_SIGTERM = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.02; done"


class ExecutorContract:
    """What every executor must do; a subclass provides the fixture `make_executor`.

    The fixture returns a function that makes an executor; executors made by it one after the
    other must find each other's programs. It closes what it made when the test ends.
    """

    @pytest.fixture
    def make_executor(self) -> MakeExecutor:
        """Return the factory; to be overridden."""
        raise NotImplementedError

    @pytest.fixture
    def executor(self, make_executor: MakeExecutor) -> Executor:
        """One executor."""
        return make_executor()

    def test_a_program_that_succeeds(self, executor: Executor, tmp_path: Path) -> None:
        launch = make_launch(tmp_path, shell("exit 0"))
        executor.launch(launch)
        started, ended = collect(executor)
        assert isinstance(started, AttemptStarted)
        assert isinstance(ended, AttemptExited)
        assert (started.trial_id, started.attempt) == (ended.trial_id, ended.attempt) == (1, 1)
        status = ended.status
        assert status.succeeded
        assert (status.outcome, status.code, status.signal) == (Outcome.EXITED, 0, None)
        assert 0 <= status.ended_at - status.started_at < 20
        assert status.cpu_s >= 0
        assert status.max_rss_bytes > 0
        assert status.error == ""

    @pytest.mark.parametrize("code", [1, 2, 255])
    def test_exit_codes(self, executor: Executor, tmp_path: Path, code: int) -> None:
        executor.launch(make_launch(tmp_path, shell(f"exit {code}")))
        status = exit_of(collect(executor)).status
        assert (status.outcome, status.code, status.signal) == (Outcome.EXITED, code, None)
        assert not status.succeeded

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
    def test_death_by_a_foreign_signal(
        self, executor: Executor, tmp_path: Path, number: signal.Signals
    ) -> None:
        executor.launch(make_launch(tmp_path, shell(f"ulimit -c 0; kill -{int(number)} $$")))
        status = exit_of(collect(executor)).status
        assert (status.outcome, status.code, status.signal) == (Outcome.EXITED, None, number)

    def test_arguments_arrive_verbatim(self, executor: Executor, tmp_path: Path) -> None:
        arguments = [
            "",
            " ",
            "a b",
            "'",
            '"',
            "\\",
            "a\nb",
            "$HOME",
            "*",
            "é ö 漢 🙂",
            "--x=1",
            "\t",
        ]
        launch = make_launch(tmp_path, (*PYTHON, _SHOW_ARGV, *arguments))
        executor.launch(launch)
        collect(executor)
        assert json.loads(read_log(launch.attempt_dir)) == arguments

    def test_environment(
        self, executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        launch = make_launch(tmp_path, shell('echo "$NEW|${HOME-none}|${PATH:+path}"'))
        env = {"NEW": "a b\nc=ä", "HOME": None}
        executor.launch(replace(launch, env=env))
        collect(executor)
        assert read_log(launch.attempt_dir).decode() == "a b\nc=ä|none|path\n"

    def test_working_directory(self, executor: Executor, tmp_path: Path) -> None:
        folder = tmp_path / "a folder"
        folder.mkdir()
        launch = make_launch(tmp_path, shell("pwd -P"))
        executor.launch(replace(launch, cwd=folder))
        collect(executor)
        assert read_log(launch.attempt_dir).decode().strip() == str(folder.resolve())

    def test_program_relative_to_the_working_directory(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        program = tmp_path / "program.sh"
        program.write_text("#!/bin/sh\necho here\n")
        program.chmod(0o755)
        launch = make_launch(tmp_path, ["./program.sh"])
        executor.launch(launch)
        assert exit_of(collect(executor)).status.succeeded
        assert read_log(launch.attempt_dir) == b"here\n"

    def test_standard_input_is_empty(self, executor: Executor, tmp_path: Path) -> None:
        executor.launch(make_launch(tmp_path, shell('cat; test -z "$(cat)"')))
        assert exit_of(collect(executor)).status.succeeded

    def test_default_signal_dispositions(self, executor: Executor, tmp_path: Path) -> None:
        executor.launch(make_launch(tmp_path, shell("yes | head -n 1; kill -INT $$; exit 3")))
        assert exit_of(collect(executor)).status.signal == signal.SIGINT

    def test_both_streams_are_in_the_log(self, executor: Executor, tmp_path: Path) -> None:
        launch = make_launch(tmp_path, shell("echo one; echo two >&2; printf three"))
        executor.launch(launch)
        collect(executor)
        assert read_log(launch.attempt_dir) == b"one\ntwo\nthree"
        assert last_lines(launch.attempt_dir, 2) == ["two", "three"]

    def test_matching_lines(self, executor: Executor, tmp_path: Path) -> None:
        script = (
            r"printf 'loss=1\nno\nloss=2\rloss=3\r\n\nxloss=4\n'; echo loss=5 >&2; printf loss=6"
        )
        launch = make_launch(tmp_path, shell(script))
        executor.launch(replace(launch, line_pattern=r"^loss=\d$"))
        status = exit_of(collect(executor)).status
        lines, _ = read_lines(launch.attempt_dir)
        assert [line.text for line in lines] == [b"loss=%d" % i for i in (1, 2, 3, 5, 6)]
        assert all(status.started_at <= line.time <= status.ended_at + 1 for line in lines)

    def test_lines_can_be_read_while_the_program_runs(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        launch = make_launch(tmp_path, shell("echo loss=1; echo ready; sleep 30"))
        run_until_ready(executor, replace(launch, line_pattern="loss"))
        wait_for(lambda: read_lines(launch.attempt_dir)[0])
        executor.stop(1, grace_s=0)
        collect(executor)

    @pytest.mark.parametrize("program", ["no-such-program", "/no/such/program", "./missing"])
    def test_a_missing_program(self, executor: Executor, tmp_path: Path, program: str) -> None:
        executor.launch(make_launch(tmp_path, [program, "x"]))
        events = collect(executor)
        status = exit_of(events).status
        assert len(events) == 1
        assert status.outcome is Outcome.FAILED_TO_START
        assert (status.code, status.signal) == (None, None)
        assert program.removeprefix("./") in status.error

    def test_a_file_that_is_no_program(self, executor: Executor, tmp_path: Path) -> None:
        path = tmp_path / "data.txt"
        path.write_text("1\n")
        executor.launch(make_launch(tmp_path, [str(path)]))
        status = exit_of(collect(executor)).status
        assert status.outcome is Outcome.FAILED_TO_START
        assert str(path) in status.error

    def test_a_missing_working_directory(self, executor: Executor, tmp_path: Path) -> None:
        launch = make_launch(tmp_path, shell("exit 0"))
        executor.launch(replace(launch, cwd=tmp_path / "gone"))
        status = exit_of(collect(executor)).status
        assert status.outcome is Outcome.FAILED_TO_START
        assert "working directory" in status.error

    def test_an_argument_that_cannot_be_passed(self, executor: Executor, tmp_path: Path) -> None:
        executor.launch(make_launch(tmp_path, [*shell("exit 0"), "a\0b"]))
        assert exit_of(collect(executor)).status.outcome is Outcome.FAILED_TO_START

    def test_a_missing_attempt_directory(self, executor: Executor, tmp_path: Path) -> None:
        launch = make_launch(tmp_path, shell("exit 0"))
        launch.attempt_dir.rmdir()
        executor.launch(launch)
        events = collect(executor)
        assert [type(event) for event in events] == [LaunchFailed]

    def test_timeout_of_a_program_that_listens(self, executor: Executor, tmp_path: Path) -> None:
        launch = make_launch(tmp_path, shell(_CATCH_SIGTERM))
        executor.launch(replace(launch, timeout_s=0.4, grace_s=10.0))
        status = exit_of(collect(executor)).status
        assert (status.outcome, status.code) == (Outcome.TIMEOUT, 7)
        assert not status.succeeded
        assert 0.4 <= status.ended_at - status.started_at < 5

    def test_timeout_of_a_program_that_ignores_sigterm(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        launch = make_launch(tmp_path, shell(_IGNORE_SIGTERM))
        executor.launch(replace(launch, timeout_s=0.2, grace_s=0.1))
        status = exit_of(collect(executor)).status
        assert (status.outcome, status.signal) == (Outcome.TIMEOUT, signal.SIGKILL)
        assert status.ended_at - status.started_at < 5

    def test_gentle_stop(self, executor: Executor, tmp_path: Path) -> None:
        run_until_ready(executor, make_launch(tmp_path, shell(_CATCH_SIGTERM)))
        executor.stop(1, grace_s=10)
        executor.stop(1, grace_s=10)
        event = exit_of(collect(executor))
        assert (event.status.outcome, event.status.code) == (Outcome.STOPPED, 7)
        executor.stop(1, grace_s=10)
        assert executor.poll(0.0) == []

    def test_stop_of_a_program_that_ignores_sigterm(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        run_until_ready(executor, make_launch(tmp_path, shell(_IGNORE_SIGTERM)))
        executor.stop(1, grace_s=0.1)
        status = exit_of(collect(executor)).status
        assert (status.outcome, status.signal) == (Outcome.STOPPED, signal.SIGKILL)

    def test_a_second_stop_hastens(self, executor: Executor, tmp_path: Path) -> None:
        run_until_ready(executor, make_launch(tmp_path, shell(_IGNORE_SIGTERM)))
        executor.stop(1, grace_s=300)
        executor.stop(1, grace_s=0)
        status = exit_of(collect(executor)).status
        assert (status.outcome, status.signal) == (Outcome.STOPPED, signal.SIGKILL)

    def test_stop_right_after_launch(self, executor: Executor, tmp_path: Path) -> None:
        executor.launch(make_launch(tmp_path, ["sleep", "300"]))
        executor.stop(1, grace_s=0)
        assert exit_of(collect(executor)).status.outcome is Outcome.STOPPED

    def test_stop_of_an_unknown_trial(self, executor: Executor) -> None:
        executor.stop(99, grace_s=0)
        assert executor.poll(0.0) == []

    @pytest.mark.parametrize("redirect", ["", ">/dev/null 2>&1"])
    def test_children_do_not_survive(
        self, executor: Executor, tmp_path: Path, redirect: str
    ) -> None:
        launch = make_launch(tmp_path, shell(f"(trap '' TERM; sleep 300) {redirect} & echo $!"))
        executor.launch(launch)
        status = exit_of(collect(executor)).status
        assert status.succeeded
        child = int(read_log(launch.attempt_dir))
        wait_for(lambda: not is_alive(child))

    def test_children_do_not_survive_a_stop(self, executor: Executor, tmp_path: Path) -> None:
        script = "(trap '' TERM; sleep 300) & echo $! > child; echo ready; sleep 300"
        run_until_ready(executor, make_launch(tmp_path, shell(script)))
        executor.stop(1, grace_s=5)
        exit_of(collect(executor))
        child = int((tmp_path / "child").read_text())
        wait_for(lambda: not is_alive(child))

    def test_many_at_once(self, executor: Executor, tmp_path: Path) -> None:
        for i in range(1, 21):
            executor.launch(make_launch(tmp_path, shell(f"exit {i}"), trial_id=i))
        events = [e for e in collect(executor, 20) if isinstance(e, AttemptExited)]
        assert {e.trial_id: e.status.code for e in events} == {i: i for i in range(1, 21)}

    def test_one_attempt_of_a_trial_at_a_time(self, executor: Executor, tmp_path: Path) -> None:
        run_until_ready(executor, make_launch(tmp_path, shell("echo ready; sleep 300")))
        second = make_launch(tmp_path, shell("exit 0"), attempt=2)
        with pytest.raises(JobError, match="one attempt of a trial"):
            executor.launch(second)
        executor.stop(1, grace_s=0)
        collect(executor)
        executor.launch(second)
        assert exit_of(collect(executor)).attempt == 2

    def test_poll_waits_no_longer_than_told(self, executor: Executor, tmp_path: Path) -> None:
        run_until_ready(executor, make_launch(tmp_path, shell("echo ready; sleep 300")))
        begin = time.monotonic()
        assert executor.poll(0.1) == []
        assert 0.09 <= time.monotonic() - begin < 2
        executor.stop(1, grace_s=0)
        collect(executor)

    def test_nothing_is_launched_after_close(self, executor: Executor, tmp_path: Path) -> None:
        executor.close()
        executor.close()
        with pytest.raises(JobError, match="closed"):
            executor.launch(make_launch(tmp_path, shell("exit 0")))

    def test_close_can_stop_what_runs(self, make_executor: MakeExecutor, tmp_path: Path) -> None:
        running = run_until_ready(
            make_executor(), make_launch(tmp_path, shell("echo ready; sleep 300"))
        )
        running.executor.close(stop_running=True)
        wait_for(lambda: not is_alive(running.pid))

    def test_attach_to_a_running_program(
        self, make_executor: MakeExecutor, tmp_path: Path
    ) -> None:
        script = "echo ready; until test -e go; do sleep 0.02; done; exit 5"
        launch = make_launch(tmp_path, shell(script))
        run_until_ready(make_executor(), launch).executor.close()
        second = make_executor()
        assert second.attach(1, 1, launch.attempt_dir) is Attachment.RUNNING
        with pytest.raises(JobError, match="one attempt of a trial"):
            second.attach(1, 1, launch.attempt_dir)
        assert second.poll(0.0) == []
        (tmp_path / "go").touch()
        (event,) = collect(second)
        assert isinstance(event, AttemptExited)
        assert (event.status.outcome, event.status.code) == (Outcome.EXITED, 5)

    def test_attach_to_a_program_that_has_ended(
        self, make_executor: MakeExecutor, tmp_path: Path
    ) -> None:
        launch = make_launch(tmp_path, shell("exit 4"))
        first = make_executor()
        first.launch(launch)
        ended = exit_of(collect(first))
        first.close()
        second = make_executor()
        assert second.attach(1, 1, launch.attempt_dir) is Attachment.EXITED
        assert second.poll(1.0) == [ended]

    def test_attach_to_what_was_never_started(
        self, make_executor: MakeExecutor, tmp_path: Path
    ) -> None:
        launch = make_launch(tmp_path, shell("exit 0"))
        first = make_executor()
        for _ in range(2):
            assert first.attach(1, 1, launch.attempt_dir) is Attachment.NEVER_STARTED
        assert first.poll(0.0) == []
        second = make_executor()
        second.launch(launch)
        assert [type(event) for event in collect(second)] == [LaunchFailed]

    @pytest.mark.parametrize(("grace_s", "code"), [(10.0, 7), (0.0, None)])
    def test_stop_of_an_attached_program(
        self, make_executor: MakeExecutor, tmp_path: Path, grace_s: float, code: int | None
    ) -> None:
        launch = make_launch(tmp_path, shell(_CATCH_SIGTERM))
        run_until_ready(make_executor(), launch).executor.close()
        second = make_executor()
        assert second.attach(1, 1, launch.attempt_dir) is Attachment.RUNNING
        second.stop(1, grace_s=grace_s)
        status = exit_of(collect(second)).status
        assert (status.outcome, status.code) == (Outcome.STOPPED, code)

    def test_the_timeout_holds_without_a_runner(
        self, make_executor: MakeExecutor, tmp_path: Path
    ) -> None:
        launch = make_launch(tmp_path, shell(_CATCH_SIGTERM))
        launch = replace(launch, timeout_s=0.4, grace_s=5.0)
        running = run_until_ready(make_executor(), launch)
        running.executor.close()
        wait_for(lambda: not is_alive(running.pid))
        second = make_executor()
        wait_for((launch.attempt_dir / "exit.json").exists)
        second.attach(1, 1, launch.attempt_dir)
        assert exit_of(collect(second)).status.outcome is Outcome.TIMEOUT

    def test_no_event_says_died_while_all_is_well(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        for i in range(1, 4):
            executor.launch(make_launch(tmp_path, shell("sleep 0.05"), trial_id=i))
        assert not any(isinstance(event, AttemptDied) for event in collect(executor, 3))
