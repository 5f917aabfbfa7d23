"""Ctrl-C and `wazir stop`: everything ends in time, and the same command goes on."""

import os
import pty
import signal
import threading
import time

import pytest

# A program that takes its time to obey SIGTERM shows whether it was given any.
OBEDIENT = {"FAULT_STEP_S": "0.3", "FAULT_TERM": "0.3"}


def check_stopped(job, code: int, *, n_ended: int) -> None:
    """Fail unless the job was stopped, with the running trials put back."""
    assert code == 130
    job.check_no_process_left(0.5)
    states = job.states()
    assert states.count("SUCCEEDED") == n_ended
    assert set(states) <= {"SUCCEEDED", "REQUESTED"}


def check_goes_on(job, *, n_starts: int = 2) -> None:
    """Fail unless the same command completes the job."""
    job.env = {"FAULT_STEP_S": "0.05"}
    assert job.run() == 0
    job.check_complete(n_starts=n_starts)
    assert {trial.n_lost_attempts for trial in job.trials().values()} == {0}


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_ctrl_c_once(make_job, number: int) -> None:
    job = make_job(n_trials=4, env=OBEDIENT)
    runner = job.start()
    job.wait_for_note("step", 2)
    os.killpg(runner.pid, number)
    code = runner.wait(10)
    check_stopped(job, code, n_ended=0)
    assert job.journal.count("term") == {1: 1, 2: 1}, "SIGTERM came once, and only to programs"
    assert job.journal.count("start") == {1: 1, 2: 1}, "nothing was started after Ctrl-C"
    check_goes_on(job)


@pytest.mark.slow
def test_ctrl_c_once_and_a_program_that_ignores_sigterm(make_job) -> None:
    env = {"FAULT_TRIALS": "1,2"}
    flags = ("--grace", "0.5s")
    job = make_job(n_trials=2, program=("odd.py", "stubborn"), env=env, flags=flags)
    runner = job.start()
    job.wait_for_note("step", 2)
    runner.interrupt()
    begun = time.monotonic()
    assert runner.wait(10) == 130
    assert 0.4 < time.monotonic() - begun < 3
    check_stopped(job, 130, n_ended=0)


def test_ctrl_c_twice(make_job) -> None:
    """The grace is 30 s, and the programs ignore SIGTERM: the second Ctrl-C ends them at once."""
    env = {"FAULT_TRIALS": "1,2"}
    job = make_job(n_trials=2, program=("odd.py", "stubborn"), env=env)
    runner = job.start()
    job.wait_for_note("step", 2)
    runner.interrupt()
    time.sleep(0.7)
    assert runner.runs, "one Ctrl-C gives the programs time"
    assert len(job.programs()) == 2
    runner.interrupt()
    begun = time.monotonic()
    check_stopped(job, runner.wait(5), n_ended=0)
    assert time.monotonic() - begun < 2
    check_goes_on(job)


@pytest.mark.slow
def test_ctrl_c_while_a_result_is_being_written(make_job) -> None:
    """Trials that end by themselves in the grace keep their results."""
    job = make_job(n_trials=4, env={"FAULT_STEPS": "4", "FAULT_STEP_S": "0.15"})
    runner = job.start()
    job.wait_for_note("end", 1)
    runner.interrupt()
    code = runner.wait(10)
    check_stopped(job, code, n_ended=job.states().count("SUCCEEDED"))
    assert "SUCCEEDED" in job.states()
    check_goes_on(job)


def test_ctrl_c_before_the_job_has_begun(make_job) -> None:
    job = make_job(n_trials=2)
    runner = job.start()
    time.sleep(0.15)
    runner.interrupt()
    assert runner.process.wait(10) in (130, -signal.SIGINT)
    job.check_no_process_left()
    assert job.run() == 0
    job.check_complete()


def test_the_key_on_a_terminal(make_job) -> None:
    """The live display runs, and the terminal itself sends the signal."""
    job = make_job(n_trials=4, env=OBEDIENT)
    ours, theirs = pty.openpty()
    shown = bytearray()
    reader = threading.Thread(target=read_terminal, args=(ours, shown))
    reader.start()
    runner = job.start(terminal=theirs)
    os.close(theirs)
    job.wait_for_note("step", 2)
    os.write(ours, b"\x03")
    code = runner.process.wait(10)
    reader.join(5)
    os.close(ours)
    text = shown.decode(errors="replace")
    assert "Traceback" not in text
    assert text.rfind("\x1b[?25h") >= text.rfind("\x1b[?25l"), "the cursor is left hidden"
    check_stopped(job, code, n_ended=0)
    check_goes_on(job)


def read_terminal(terminal: int, shown: bytearray) -> None:
    """Keep what is shown until nobody has the other side any more."""
    try:
        while data := os.read(terminal, 65536):
            shown.extend(data)
    except OSError:
        return


@pytest.mark.slow
def test_a_terminal_that_is_closed(make_job) -> None:
    """The runner dies of it; its programs do not, and the next runner has their results."""
    job = make_job(n_trials=2, env={"FAULT_STEP_S": "0.3"})
    ours, theirs = pty.openpty()
    runner = job.start(terminal=theirs)
    os.close(theirs)
    job.wait_for_note("step", 2)
    os.close(ours)
    runner.process.wait(10)
    job.wait_for_note("end", 2)
    assert job.run() == 0
    job.check_complete()


def test_stop_from_another_process(make_job) -> None:
    job = make_job(n_trials=30, env={"FAULT_STEPS": "2", "FAULT_STEP_S": "0.1"})
    runner = job.start()
    job.wait_for_note("end", 4)
    done = job.wazir("stop", "job")
    assert done.returncode == 0, done.stderr
    n_started = len(job.journal.notes("start"))
    assert runner.wait(15) == 0
    job.check_no_process_left()
    assert len(job.journal.notes("start")) <= n_started + 2
    assert job.study().state.value == "INACTIVE"
    assert "no more points" not in runner.out, "it was stopped; the space is not exhausted"
    assert set(job.states()) <= {"SUCCEEDED", "REQUESTED"}
    job.check_results()
    job.n_trials = len(job.trials()) + 1
    check_goes_on(job)


@pytest.mark.slow
def test_stop_ends_long_programs(make_job) -> None:
    env = {"FAULT_TRIALS": "1,2"}
    job = make_job(n_trials=4, program=("odd.py", "hang"), env=env)
    runner = job.start()
    job.wait_for_note("step", 2)
    assert job.wazir("stop").returncode == 0
    assert runner.wait(10) == 1, "no trial has succeeded"
    job.check_no_process_left()
    assert job.states() == ["REQUESTED", "REQUESTED"]


@pytest.mark.slow
def test_the_study_is_deleted_while_it_runs(make_job) -> None:
    job = make_job(n_trials=4, program=("odd.py", "hang"), env={"FAULT_TRIALS": "1,2"})
    runner = job.start()
    job.wait_for_note("step", 2)
    assert job.wazir("delete", "job", "--yes", "--force").returncode == 0
    assert runner.wait(10) == 1
    assert "job" in runner.out + runner.err
    job.check_no_process_left()
    assert job.trials() == {}
