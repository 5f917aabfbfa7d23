"""The supervisor or the whole machine dies: trials are tried again in the same directory."""

import itertools
import json
import os
import signal

import pytest

SLOW_STEPS = {"FAULT_STEP_S": "0.4"}


def in_mid_trial(job):
    """Start the job and return its runner when the first step of each trial is printed."""
    runner = job.start()
    job.wait_for_note("step", 2)
    return runner


def check_second_attempts(job, *, trials: list[int]) -> None:
    """Fail unless these trials ran twice, in one directory, and knew about it."""
    for trial in trials:
        first, second = job.journal.notes("start", trial)
        assert (first.attempt, second.attempt) == (1, 2)
        assert (first.fields["resume"], second.fields["resume"]) == ("0", "1")
        assert first.fields["folder"] == second.fields["folder"]
        assert first.fields["x"] == second.fields["x"]
        assert second.fields["found"] == ["attempt-1"]
        assert job.trials()[trial].n_lost_attempts == 1


def test_a_killed_supervisor_costs_an_attempt(make_job, harness) -> None:
    job = make_job(n_trials=3, env=SLOW_STEPS)
    runner = in_mid_trial(job)
    (supervisor,) = job.processes(harness.SUPERVISOR)
    programs = job.programs()
    os.kill(supervisor, signal.SIGKILL)
    job.wait_for_note("start", 4)
    assert not programs.keys() & job.programs().keys(), "the first attempts live on"
    assert runner.wait() == 0
    check_second_attempts(job, trials=[1, 2])
    job.check_complete(n_starts=2)
    assert job.trials()[3].n_lost_attempts == 0
    job.check_no_process_left()


def test_a_second_death_is_the_last(make_job, harness) -> None:
    job = make_job(n_trials=3, env=SLOW_STEPS, flags=("--max-failed-trials", "3"))
    runner = in_mid_trial(job)
    assert job.kill(harness.SUPERVISOR) == 1
    job.wait_for_note("step", 2 + 2)
    harness.wait_until(lambda: job.journal.count("start") == {1: 2, 2: 2}, "two attempts each")
    assert job.kill(harness.SUPERVISOR) == 1
    assert runner.wait() == 0
    assert job.states() == ["INFEASIBLE", "INFEASIBLE", "SUCCEEDED"]
    assert job.journal.count("start") == {1: 2, 2: 2, 3: 1}
    assert job.journal.count("end") == {3: 1}
    assert "died" in job.trials()[1].infeasible_reason
    job.check_no_process_left()


@pytest.mark.parametrize(
    ("max_attempts", "state"),
    [("1", "INFEASIBLE"), pytest.param("3", "SUCCEEDED", marks=pytest.mark.slow)],
)
def test_the_number_of_attempts_is_the_users(make_job, max_attempts: str, state: str) -> None:
    flags = ("--max-attempts", max_attempts)
    job = make_job(n_trials=1, n_parallel=1, env={"FAULT_STEP_S": "0.2"}, flags=flags)
    for n in range(1, 3 if max_attempts == "3" else 2):
        job.start()
        job.wait_for_note("step", n * 2 - 1)
        assert job.kill() == 3
    assert job.run() == (0 if state == "SUCCEEDED" else 1)
    assert job.states() == [state]
    assert job.journal.count("end") == ({1: 1} if state == "SUCCEEDED" else {})


@pytest.mark.parametrize(
    "victims",
    [
        "all",
        pytest.param("runner and supervisor", marks=pytest.mark.slow),
        "runner, then supervisor",
    ],
)
def test_the_machine_dies(make_job, harness, victims: str) -> None:
    """Programs that are left without a supervisor must not run beside their second attempt."""
    job = make_job(n_trials=3, env=SLOW_STEPS)
    runner = in_mid_trial(job)
    if victims == "all":
        assert job.kill() == 4
    else:
        runner.kill()
        if victims == "runner, then supervisor":
            job.wait_for_note("step", 3)
        assert job.kill(harness.SUPERVISOR) == 1
        assert len(job.programs()) == 2
    before = len(job.journal.notes())
    assert job.run() == 0
    check_second_attempts(job, trials=[1, 2])
    late = [note for note in job.journal.notes()[before + 2 :] if note.attempt == 1]
    assert {note.trial for note in late} <= {3}, "a first attempt went on beside the second"
    job.check_complete(n_starts=2)
    job.check_no_process_left()


@pytest.mark.slow
def test_the_machine_dies_twice(make_job) -> None:
    job = make_job(n_trials=2, env=SLOW_STEPS)
    for n in (1, 2):
        in_mid_trial(job)
        job.wait_for_note("start", n * 2)
        job.kill()
    assert job.run() == 1
    assert job.states() == ["INFEASIBLE", "INFEASIBLE"]
    assert job.journal.count("start") == {1: 2, 2: 2}
    job.check_no_process_left()


def test_a_measurement_of_a_lost_attempt_does_not_outlive_it(make_job, harness) -> None:
    """The second attempt ends earlier than the first was: only its own result counts."""
    job = make_job(n_trials=1, n_parallel=1, env={"FAULT_STEP_S": "0.2", "FAULT_STEPS": "6"})
    job.start()
    harness.wait_until(lambda: job.stored()[1].get(1, [])[2:], "three measurements are stored")
    job.kill()
    job.env = {"FAULT_STEPS": "2"}
    assert job.run() == 0
    trial = job.trials()[1]
    assert trial.final_measurement.metrics["loss"] == job.journal.steps(1, 2)[2]


BROKEN = {
    "empty": b"",
    "cut": b'{"outcome": "exi',
    "zeros": b"\0" * 200,
    "no fields": b"{}",
    "a list": b"[]",
    "odd values": b'{"outcome": "EXITED", "code": "0", "pid": "x", "start": 3}',
    "bytes": b"\xff\xfe\x80",
}


OFTEN = ("cut", "no fields")


@pytest.mark.parametrize(
    "kind",
    [kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in BROKEN],
)
def test_a_broken_exit_record(make_job, kind: str) -> None:
    """It cannot be known how the program ended, so the attempt counts as died."""
    job = make_job(n_trials=1, n_parallel=1, env={"FAULT_STEPS": "1"})
    runner = job.start()
    job.wait_for_note("start")
    runner.kill()
    job.check_no_process_left()
    (job.attempt_dir(1, 1) / "exit.json").write_bytes(BROKEN[kind])
    assert job.run() == 0
    assert job.journal.count("start") == {1: 2}
    assert job.trials()[1].attempt == 2
    job.check_results()


def start_records():
    """Return all combinations of a record, what is in it, and whether the program runs."""
    often = {
        ("claim.json", "empty", "running"),
        ("claim.json", "empty", "ended"),
        ("started.json", "zeros", "running"),
    }
    kinds = ("empty", "no fields", "zeros")
    cases = itertools.product(("claim.json", "started.json"), kinds, ("running", "ended"))
    return [c if c in often else pytest.param(*c, marks=pytest.mark.slow) for c in cases]


@pytest.mark.parametrize(("name", "kind", "program"), start_records())
def test_a_broken_start_record(make_job, name: str, kind: str, program: str) -> None:
    """The program may still run: two attempts must never run side by side."""
    job = make_job(n_trials=1, n_parallel=1, env={"FAULT_STEPS": "2", "FAULT_STEP_S": "0.5"})
    runner = job.start()
    job.wait_for_note("step")
    runner.kill()
    if program == "ended":
        job.check_no_process_left()
    (job.attempt_dir(1, 1) / name).write_bytes(BROKEN[kind])
    assert job.run() == 0
    assert job.states() == ["SUCCEEDED"]
    ends = job.journal.notes("end")
    starts = job.journal.notes("start")
    if len(starts) == 2 and any(end.attempt == 1 for end in ends):
        first_end = next(end for end in ends if end.attempt == 1)
        assert float(first_end.fields["time"]) < float(starts[1].fields["time"])
    job.check_results()
    job.check_no_process_left()


def test_a_cut_line_of_output(make_job) -> None:
    """A power cut may leave half a line and zeros at the end of what was recorded."""
    job = make_job(n_trials=1, n_parallel=1)
    runner = job.start()
    job.wait_for_note("step")
    runner.kill()
    job.check_no_process_left()
    for name in ("claim.json", "started.json", "exit.json"):
        assert isinstance(json.loads((job.attempt_dir(1, 1) / name).read_text()), dict)
    with (job.attempt_dir(1, 1) / "lines").open("ab") as file:
        file.write(b"1700000000.0\tstep=4 loss=" + b"\0" * 50)
    assert job.run() == 0
    job.check_complete()
