"""Processes are told apart by id and start time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wazir.jobs import processes
from wazir.jobs.processes import (
    MARKER,
    ProcessIdentity,
    identify,
    is_running,
    kill_leftovers,
    parse_stat,
    session_processes,
)
from wazir.testing.programs import is_alive, wait_for

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@contextmanager
def program(script: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        ["/bin/sh", "-c", script],
        start_new_session=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **env},
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        assert started.stdout is not None
        started.stdout.close()


def first_line(started: subprocess.Popen[bytes]) -> bytes:
    assert started.stdout is not None
    return started.stdout.readline()


@pytest.mark.parametrize("name", ["sh", "a b", ") S 1", "(x)", ")))", "x) Z 9 9 (y"])
def test_a_name_cannot_confuse_the_parser(name: str) -> None:
    rest = ["S", *(str(n) for n in range(4, 53))]
    assert parse_stat(f"17 ({name}) {' '.join(rest)}\n".encode()) == rest


def test_the_real_line_of_a_process_with_an_odd_name(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z (b c"
    odd.symlink_to("/bin/sleep")
    started = subprocess.Popen([str(odd), "300"])
    try:
        identity = identify(started.pid)
        assert identity is not None
        assert is_running(identity)
    finally:
        started.kill()
        started.wait()
    assert identify(started.pid) is None


def test_a_process_is_itself() -> None:
    mine = identify(os.getpid())
    assert mine == identify(os.getpid())
    assert mine is not None
    assert is_running(mine)


def test_the_same_id_with_another_start_is_another_process() -> None:
    mine = identify(os.getpid())
    assert mine is not None
    assert not is_running(ProcessIdentity(mine.pid, mine.start + "0"))


def test_two_processes_have_different_identities() -> None:
    with program("sleep 300") as one:
        identity = identify(one.pid)
        assert identity is not None
        assert identity != identify(os.getpid())
        assert is_running(identity)


def test_a_zombie_has_an_identity_but_does_not_run() -> None:
    with program("echo go; read x") as one:
        first_line(one)
        identity = identify(one.pid)
        assert identity is not None
        os.kill(one.pid, signal.SIGKILL)
        wait_for(lambda: not is_alive(one.pid))
        assert identify(one.pid) == identity
        assert not is_running(identity)
    assert identify(one.pid) is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs ps")
def test_ps_gives_identities_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_has_proc", lambda: False)
    with program("echo go; sleep 300") as one:
        first_line(one)
        identity = identify(one.pid)
        assert identity is not None
        assert identity == identify(one.pid)
        assert is_running(identity)
        one.kill()
        wait_for(lambda: not is_running(identity))
    assert identify(one.pid) is None


@needs_proc
def test_session_processes() -> None:
    with program("sleep 300 & echo $!; wait") as one:
        child = int(first_line(one))
        assert set(session_processes(one.pid)) == {(one.pid, one.pid), (child, one.pid)}
        kill_leftovers(identify(one.pid), "/none")
        assert not is_alive(child)


def test_leftovers_are_killed_with_their_leader() -> None:
    with program("sleep 300 & echo $!; wait") as one:
        child = int(first_line(one))
        assert kill_leftovers(identify(one.pid), "/none")
        assert not is_alive(one.pid)
        wait_for(lambda: not is_alive(child))


@needs_proc
def test_leftovers_are_found_after_their_leader_has_gone(tmp_path: Path) -> None:
    with program("sleep 300 >&- & echo $!", **{MARKER: str(tmp_path)}) as one:
        identity = identify(one.pid)
        child = int(first_line(one))
        one.wait()
        assert kill_leftovers(identity, str(tmp_path / "other"))
        assert is_alive(child)
        assert kill_leftovers(identity, str(tmp_path))
        assert not is_alive(child)


@needs_proc
def test_leftovers_without_a_known_leader(tmp_path: Path) -> None:
    with program("echo go; sleep 300", **{MARKER: str(tmp_path)}) as one:
        first_line(one)
        assert kill_leftovers(None, str(tmp_path))
        assert not is_alive(one.pid)


def test_a_stranger_with_the_same_id_is_spared(tmp_path: Path) -> None:
    with program("echo go; sleep 300", **{MARKER: str(tmp_path / "else")}) as one:
        first_line(one)
        assert kill_leftovers(ProcessIdentity(one.pid, "boot:1"), str(tmp_path))
        assert is_alive(one.pid)
