"""The supervisor and the local executor when something dies, floods or is full."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import wazir.jobs.supervisor
from wazir.domain.errors import JobError
from wazir.jobs import recording
from wazir.jobs.attempt_files import read_lines, read_log, read_record
from wazir.jobs.executors import local
from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.executors.protocol import (
    Attachment,
    AttemptDied,
    AttemptExited,
    AttemptStarted,
    Launch,
    LaunchFailed,
    Outcome,
)
from wazir.jobs.processes import identify
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

SOURCE = Path(wazir.jobs.supervisor.__file__).parents[2]
SLEEP = shell("echo ready; sleep 300")
FAMILY = shell("sleep 300 & echo $! > child; echo ready; wait")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

RUNNER = """
import json, sys, time
from pathlib import Path
from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.executors.protocol import Launch
folder = Path(sys.argv[1])
executor = LocalExecutor(supervisor_log=folder / "supervisor.log")
for i, script in enumerate(sys.argv[2:], 1):
    attempt_dir = folder / f"trial-{i}" / "attempt-1"
    attempt_dir.mkdir(parents=True)
    executor.launch(Launch(i, 1, ("/bin/sh", "-c", script), folder, {}, attempt_dir))
while True:
    executor.poll(1)
"""


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LocalExecutor]:
    made = LocalExecutor(supervisor_log=tmp_path / "supervisor.log")
    yield made
    made.close(stop_running=True)
    log = tmp_path / "supervisor.log"
    assert not log.exists() or log.read_text() == ""


def supervisor_of(attempt_dir: Path) -> int:
    claim = read_record(attempt_dir / "claim.json")
    assert claim is not None
    pid = claim["pid"]
    assert isinstance(pid, int)
    return pid


def child_in(folder: Path) -> int:
    return int((folder / "child").read_text())


def test_a_killed_supervisor_is_noticed_and_replaced(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    running = run_until_ready(executor, make_launch(tmp_path, FAMILY))
    other = run_until_ready(executor, make_launch(tmp_path, SLEEP, trial_id=2))
    os.kill(supervisor_of(running.launch.attempt_dir), signal.SIGKILL)
    events = collect(executor, 2)
    assert [(type(e), e.trial_id) for e in events] == [(AttemptDied, 1), (AttemptDied, 2)]
    pids = (running.pid, other.pid, child_in(tmp_path))
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
    executor.launch(make_launch(tmp_path, shell("exit 0"), attempt=2))
    assert exit_of(collect(executor)).status.succeeded


def test_a_program_that_ended_before_its_supervisor_was_killed_has_exited(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    first = make_launch(tmp_path, shell("exit 3"))
    executor.launch(first)
    wait_for((first.attempt_dir / "exit.json").exists)
    os.kill(supervisor_of(first.attempt_dir), signal.SIGKILL)
    assert exit_of(collect(executor)).status.code == 3


def test_a_launch_that_a_killed_supervisor_never_saw_is_sent_again(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    first = make_launch(tmp_path, shell("exit 0"))
    executor.launch(first)
    collect(executor)
    supervisor = supervisor_of(first.attempt_dir)
    os.kill(supervisor, signal.SIGSTOP)
    second = make_launch(tmp_path, shell("exit 4"), trial_id=2)
    executor.launch(second)
    os.kill(supervisor, signal.SIGKILL)
    started, ended = collect(executor)
    assert isinstance(started, AttemptStarted)
    assert isinstance(ended, AttemptExited)
    assert ended.status.code == 4
    assert supervisor_of(second.attempt_dir) != supervisor


def test_sigterm_to_the_supervisor_ends_programs_gently_as_died(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    launch = make_launch(tmp_path, shell(script))
    run_until_ready(executor, launch)
    os.kill(supervisor_of(launch.attempt_dir), signal.SIGTERM)
    (event,) = collect(executor)
    assert isinstance(event, AttemptDied)
    assert read_log(launch.attempt_dir).endswith(b"bye\n")
    assert not (launch.attempt_dir / "exit.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_signals_of_a_terminal_change_nothing(
    executor: LocalExecutor, tmp_path: Path, number: signal.Signals
) -> None:
    launch = make_launch(tmp_path, SLEEP)
    running = run_until_ready(executor, launch)
    supervisor = supervisor_of(launch.attempt_dir)
    assert os.getsid(supervisor) == supervisor
    assert os.getsid(running.pid) == running.pid
    os.kill(supervisor, number)
    assert executor.poll(0.1) == []
    executor.stop(1, grace_s=5)
    assert exit_of(collect(executor)).status.outcome is Outcome.STOPPED


@pytest.fixture
def killed_runner(tmp_path: Path) -> Iterator[list[int]]:
    """Three trials whose runner was killed: one runs, one waits for `go`, one has ended."""
    scripts = [FAMILY[2], "until test -e go; do sleep 0.02; done; exit 5", "exit 6"]
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path), *scripts],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    folders = [tmp_path / f"trial-{i}" / "attempt-1" for i in (1, 2, 3)]
    wait_for((folders[2] / "exit.json").exists)
    wait_for(lambda: b"ready" in read_log(folders[0]))
    pids = []
    for folder in folders[:2]:
        record = read_record(folder / "started.json")
        assert record is not None
        assert isinstance(record["pid"], int)
        pids.append(record["pid"])
    runner.kill()
    runner.wait()
    yield [*pids, child_in(tmp_path), supervisor_of(folders[0])]
    assert (tmp_path / "supervisor.log").read_text() == ""


def attempt_dir(folder: Path, trial_id: int) -> Path:
    return folder / f"trial-{trial_id}" / "attempt-1"


def test_a_killed_runner_loses_nothing(
    killed_runner: list[int], executor: LocalExecutor, tmp_path: Path
) -> None:
    found = [executor.attach(i, 1, attempt_dir(tmp_path, i)) for i in (1, 2, 3)]
    assert found == [Attachment.RUNNING, Attachment.RUNNING, Attachment.EXITED]
    (tmp_path / "go").touch()
    ends = collect(executor, 2)
    codes = {e.trial_id: e.status.code for e in ends if isinstance(e, AttemptExited)}
    assert codes == {2: 5, 3: 6}
    executor.stop(1, grace_s=10)
    status = exit_of(collect(executor)).status
    assert (status.outcome, status.signal) == (Outcome.STOPPED, signal.SIGTERM)
    wait_for(lambda: not any(is_alive(pid) for pid in killed_runner))


def test_runner_and_supervisor_killed(
    killed_runner: list[int], executor: LocalExecutor, tmp_path: Path
) -> None:
    os.kill(killed_runner[-1], signal.SIGKILL)
    wait_for(lambda: not is_alive(killed_runner[-1]))
    found = [executor.attach(i, 1, attempt_dir(tmp_path, i)) for i in (1, 2, 3)]
    assert found == [Attachment.DIED, Attachment.DIED, Attachment.EXITED]
    assert exit_of(executor.poll(1)).trial_id == 3
    wait_for(lambda: not any(is_alive(pid) for pid in killed_runner))


@needs_proc
def test_children_of_a_program_that_died_with_its_supervisor(
    killed_runner: list[int], executor: LocalExecutor, tmp_path: Path
) -> None:
    for pid in (killed_runner[-1], killed_runner[0]):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(killed_runner[-1]))
    child = child_in(tmp_path)
    assert is_alive(child)
    assert executor.attach(1, 1, attempt_dir(tmp_path, 1)) is Attachment.DIED
    assert not is_alive(child)
    executor.attach(2, 1, attempt_dir(tmp_path, 2))


def test_a_supervisor_that_dies_after_attaching(
    killed_runner: list[int], executor: LocalExecutor, tmp_path: Path
) -> None:
    for i in (1, 2):
        assert executor.attach(i, 1, attempt_dir(tmp_path, i)) is Attachment.RUNNING
    os.kill(killed_runner[-1], signal.SIGKILL)
    assert {type(event) for event in collect(executor, 2)} == {AttemptDied}
    wait_for(lambda: not any(is_alive(pid) for pid in killed_runner))


def records(folder: Path, claim: object, started: object = None) -> Path:
    for name, record in (("claim.json", claim), ("started.json", started)):
        if record is not None:
            (folder / name).write_text(json.dumps(record))
    return folder


def test_an_id_that_was_used_again_is_nobody_of_ours(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as stranger:
        false = {"pid": stranger.pid, "start": "some-boot:1"}
        records(tmp_path, false, false)
        assert executor.attach(1, 1, tmp_path) is Attachment.DIED
        assert stranger.poll() is None
        stranger.kill()


def test_a_living_supervisor_gets_time_to_start(
    executor: LocalExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_CLAIM_WAIT_S", 0.05)
    with subprocess.Popen(["sleep", "300"]) as slow:
        identity = identify(slow.pid)
        assert identity is not None
        records(tmp_path, identity._asdict())
        assert executor.attach(1, 1, tmp_path) is Attachment.RUNNING
        assert executor.poll(0.0) == []
        slow.kill()
        slow.wait()
        assert [type(event) for event in collect(executor)] == [AttemptDied]


def test_a_supervisor_that_died_between_claim_and_start(
    executor: LocalExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records(tmp_path, {"pid": os.getpid(), "start": "old"})
    assert executor.attach(1, 1, tmp_path) is Attachment.DIED
    (tmp_path / "claim.json").write_text("")
    monkeypatch.setattr(local, "_CLAIM_WAIT_S", 0.05)
    assert executor.attach(1, 1, tmp_path) is Attachment.DIED


def test_a_directory_that_is_gone_was_never_started(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    assert executor.attach(1, 1, tmp_path / "gone") is Attachment.NEVER_STARTED


def test_a_claimed_attempt_is_not_started(executor: LocalExecutor, tmp_path: Path) -> None:
    launch = make_launch(tmp_path, shell("touch ran"))
    assert recording.claim(str(launch.attempt_dir), {"cancelled": True})
    executor.launch(launch)
    (event,) = collect(executor)
    assert isinstance(event, LaunchFailed)
    assert "claimed" in event.reason
    assert not (tmp_path / "ran").exists()


def test_a_trial_that_drains_does_not_hold_up_others(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    executor.launch(make_launch(tmp_path, shell("sleep 300 & exit 0")))
    executor.launch(make_launch(tmp_path, shell("sleep 0.1; exit 0"), trial_id=2))
    order = [e.trial_id for e in collect(executor, 2) if isinstance(e, AttemptExited)]
    assert order == [2, 1]


@needs_proc
def test_groups_that_a_program_made_are_ended_too(executor: LocalExecutor, tmp_path: Path) -> None:
    script = "timeout 300 sh -c 'echo $$ > child; echo ready; sleep 300'; exit 1"
    running = run_until_ready(executor, make_launch(tmp_path, shell(script)))
    assert os.getpgid(child_in(tmp_path)) != running.pid
    executor.stop(1, grace_s=5)
    collect(executor)
    wait_for(lambda: not is_alive(child_in(tmp_path)))


def test_news_that_nobody_reads_blocks_nothing(executor: LocalExecutor, tmp_path: Path) -> None:
    n_launches = 250
    for i in range(1, n_launches + 1):
        executor.launch(make_launch(tmp_path, ["/no/such/program"], trial_id=i))
    last = tmp_path / f"trial-{n_launches}" / "attempt-1" / "exit.json"
    wait_for(last.exists)
    events = collect(executor, n_launches)
    assert len({event.trial_id for event in events}) == n_launches


def flood(n_mb: int) -> tuple[str, ...]:
    """A program that prints a metric, much output with a metric amid it, and a metric."""
    text = f"""
import os
block = (b"x" * 99 + b"\\n") * 10_486
os.write(1, b"rmse=1\\n")
for i in range({n_mb}):
    view = memoryview(block)
    while view: view = view[os.write(1, view):]
    if i == {n_mb} // 2: os.write(1, b"rmse=2\\n")
os.write(1, b"rmse=3\\n")
"""
    return (*PYTHON, text)


def test_a_flood_of_output(executor: LocalExecutor, tmp_path: Path) -> None:
    launch = replace(make_launch(tmp_path, flood(100)), line_pattern="rmse")
    executor.launch(launch)
    assert exit_of(collect(executor)).status.succeeded
    lines, _ = read_lines(launch.attempt_dir)
    assert [line.text for line in lines] == [b"rmse=1", b"rmse=2", b"rmse=3"]
    log = read_log(launch.attempt_dir)
    assert log.startswith(b"rmse=1\n")
    assert log.endswith(b"rmse=3\n")
    size = sum(path.stat().st_size for path in launch.attempt_dir.iterdir())
    assert 6 << 20 <= size < 9 << 20


def test_two_floods_and_a_quiet_one(executor: LocalExecutor, tmp_path: Path) -> None:
    for i in (1, 2):
        executor.launch(make_launch(tmp_path, shell("exec yes"), trial_id=i))
    begin = time.monotonic()
    executor.launch(make_launch(tmp_path, shell("exit 0"), trial_id=3))
    assert exit_of(collect(executor)).trial_id == 3
    assert time.monotonic() - begin < 5
    for i in (1, 2):
        executor.stop(i, grace_s=5)
    collect(executor, 2)


FULL_DISK = """
import sys
from pathlib import Path
from wazir.jobs.executors.local import LocalExecutor
from wazir.jobs.executors.protocol import Launch
from wazir.testing.programs import collect
disk = Path(sys.argv[1])
executor = LocalExecutor(supervisor_log=disk.parent / "supervisor.log")
def run(trial_id, script):
    attempt_dir = disk / str(trial_id)
    attempt_dir.mkdir(exist_ok=True)
    argv = ("/bin/sh", "-c", script)
    executor.launch(Launch(trial_id, 1, argv, disk, {}, attempt_dir, line_pattern="loss"))
    return collect(executor)[-1]
(disk / "3").mkdir()
print(run(1, "echo loss=1; head -c 3000000 /dev/zero; rm ballast; echo; sleep 0.1; echo loss=2; exit 3"))
print((disk / "1" / "lines").read_bytes())
print(run(2, "echo loss=1; head -c 3000000 /dev/zero; cat /dev/zero > filler; exit 4"))
import subprocess
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
print(run(3, "echo no"))
executor.close()
"""


@needs_proc
@pytest.mark.slow
def test_full_and_read_only_disks(tmp_path: Path, needs: Callable[[str], None]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=512k tmpfs "$1" && head -c 100000 /dev/zero > "$1/ballast" && '
        'exec "$2" -c "$3" "$1"'
    )
    done = subprocess.run(
        ["unshare", "-rm", "/bin/sh", "-c", script, "sh", str(disk), sys.executable, FULL_DISK],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        needs("user namespaces (unshare -rm)")
    assert done.returncode == 0, done.stderr
    first, lines, second, third = done.stdout.splitlines()
    assert "code=3" in first
    assert "log:" in first
    assert "could not be written: No space left on device" in first
    assert "loss=1" in lines
    assert "loss=2" in lines
    assert "code=4" in second
    assert "exit.json: No space left on device" in second
    assert third.startswith("LaunchFailed")
    assert "Read-only file system" in third
    assert (tmp_path / "supervisor.log").read_text() == ""


def test_the_supervisor_loads_little() -> None:
    code = (
        "import sys; sys.path.append(sys.argv[1]); import wazir.jobs.supervisor; "
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(SOURCE)],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    heavy = {"numpy", "subprocess", "dataclasses", "pathlib", "inspect", "asyncio", "threading"}
    assert loaded & heavy == set()
    assert {name for name in loaded if name.startswith("wazir")} == {
        "wazir",
        "wazir.jobs",
        "wazir.jobs.processes",
        "wazir.jobs.program",
        "wazir.jobs.recording",
        "wazir.jobs.supervisor",
    }


def test_an_idle_executor_uses_no_time(executor: LocalExecutor, tmp_path: Path) -> None:
    launch = make_launch(tmp_path, SLEEP)
    run_until_ready(executor, launch)
    begin = time.process_time()
    assert executor.poll(0.3) == []
    assert time.process_time() - begin < 0.05
    executor.stop(1, grace_s=0)
    collect(executor)


def test_a_supervisor_that_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = LocalExecutor()
    launch = make_launch(tmp_path, SLEEP)
    for name, message in (("/no/python", "cannot be started"), ("", "interpreter")):
        monkeypatch.setattr(sys, "executable", name)
        with pytest.raises(JobError, match=message):
            executor.launch(launch)
    monkeypatch.undo()
    executor.launch(launch)
    executor.stop(1, grace_s=0)
    assert exit_of(collect(executor)).status.outcome is Outcome.STOPPED
    executor.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"argv": ()}, "needs a program"),
        ({"argv": ("", "x")}, "needs a program"),
        ({"cwd": Path("a")}, "cwd must be absolute"),
        ({"attempt_dir": Path("a")}, "attempt_dir must be absolute"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"timeout_s": float("inf")}, "timeout_s"),
        ({"grace_s": -1.0}, "grace_s"),
        ({"grace_s": float("nan")}, "grace_s"),
        ({"line_pattern": "("}, "line_pattern"),
    ],
)
def test_a_launch_that_makes_no_sense(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    fields: dict[str, object] = {
        "cwd": tmp_path,
        "attempt_dir": tmp_path,
        "argv": ("x",),
        **change,
    }
    with pytest.raises(JobError, match=message):
        Launch(trial_id=1, attempt=1, env={}, **fields)  # type: ignore[arg-type]


def test_the_supervisor_ends_with_its_runner(executor: LocalExecutor, tmp_path: Path) -> None:
    launch = make_launch(tmp_path, shell("exit 0"))
    executor.launch(launch)
    collect(executor)
    executor.close()
    assert not is_alive(supervisor_of(launch.attempt_dir))


def test_systems_that_cannot_look_at_a_zombie(
    executor: LocalExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *options, code = wazir.jobs.supervisor.COMMAND
    command = (*options, f"import os; del os.waitid; {code}")
    monkeypatch.setattr(wazir.jobs.supervisor, "COMMAND", command)
    executor.launch(make_launch(tmp_path, shell("sleep 300 >/dev/null 2>&1 & echo $! > child")))
    assert exit_of(collect(executor)).status.succeeded
    wait_for(lambda: not is_alive(child_in(tmp_path)))
    run_until_ready(executor, make_launch(tmp_path, SLEEP, trial_id=2))
    executor.stop(2, grace_s=5)
    assert exit_of(collect(executor)).status.outcome is Outcome.STOPPED
