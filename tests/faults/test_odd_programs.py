"""Programs that hang, flood, fork, or leave half-written files: the job goes on."""

import os
import signal
import time

import pytest


def odd_job(make_job, mode: str, **fields):
    """Return a job of three trials whose second one misbehaves."""
    env = {"FAULT_TRIALS": "2", "FAULT_STEP_S": "0.05", **fields.pop("env", {})}
    return make_job(n_trials=3, n_parallel=1, program=("odd.py", mode), env=env, **fields)


def check_only_second_failed(job, reason: str) -> None:
    """Fail unless the odd trial is INFEASIBLE for a reason and the others are fine."""
    assert job.states() == ["SUCCEEDED", "INFEASIBLE", "SUCCEEDED"]
    assert reason in job.trials()[2].infeasible_reason
    assert job.journal.count("start") == {1: 1, 2: 1, 3: 1}
    job.check_results()
    job.check_no_process_left()


def test_a_trial_that_hangs(make_job) -> None:
    job = odd_job(make_job, "hang", flags=("--trial-timeout", "0.6s"))
    begun = time.monotonic()
    assert job.run() == 0
    assert time.monotonic() - begun < 15
    check_only_second_failed(job, "stopped after 0.6s")


def test_a_trial_that_ignores_sigterm(make_job) -> None:
    job = odd_job(make_job, "stubborn", flags=("--trial-timeout", "0.4s", "--grace", "0.3s"))
    assert job.run() == 0
    check_only_second_failed(job, "stopped after 0.4s")


def test_a_trial_that_hangs_without_a_runner(make_job) -> None:
    """The limit of time holds while no runner is there."""
    job = odd_job(make_job, "stubborn", flags=("--trial-timeout", "0.8s", "--grace", "0.3s"))
    runner = job.start()
    job.wait_for_note("start", trial=2)
    assert runner.kill()
    job.check_no_process_left()
    assert job.run() == 0
    check_only_second_failed(job, "stopped after 0.8s")


def test_a_trial_that_forks_stubborn_children(make_job) -> None:
    job = odd_job(make_job, "forks")
    assert job.run() == 0
    job.check_complete()
    job.check_no_process_left(1.0)


@pytest.mark.slow
def test_children_do_not_survive_the_machine(make_job, harness) -> None:
    """The program has ended, its children hold the output, and runner and supervisor die."""
    job = odd_job(make_job, "forks")
    runner = job.start()
    job.wait_for_note("end", trial=2)
    runner.kill()
    job.kill(harness.SUPERVISOR)
    assert job.run() == 0
    assert job.states() == ["SUCCEEDED"] * 3
    job.check_results()
    job.check_no_process_left()


def test_a_trial_that_prints_100_mb(make_job, harness) -> None:
    job = odd_job(make_job, "flood")
    runner = job.start()
    job.wait_for_note("start", trial=2)
    (supervisor,) = job.processes(harness.SUPERVISOR)
    job.wait_for_note("end", trial=2)
    peak_kib = {pid: peak_memory_kib(pid) for pid in (supervisor, runner.pid)}
    assert runner.wait() == 0
    assert job.journal.notes("end", 2)[0].fields["printed"] > 100e6
    job.check_complete()
    parts = list(job.attempt_dir(2, 1).glob("log*"))
    assert sum(part.stat().st_size for part in parts) < 20e6
    assert peak_kib[supervisor] < 100_000
    assert peak_kib[runner.pid] < 300_000
    shown = job.wazir("logs", "job", "2")
    assert shown.returncode == 0
    assert "left out" in shown.stdout
    assert len(shown.stdout) < 20e6


def peak_memory_kib(pid: int) -> int:
    """Return the most memory that a process ever had, in KiB."""
    with open(f"/proc/{pid}/status") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1])


def test_a_truncated_event_file(make_job) -> None:
    job = odd_job(make_job, "truncated", env={"FAULT_WHOLE_RECORDS": "3"})
    assert job.run() == 0
    job.check_complete()
    assert len(job.journal.steps(2, 1)) == 3


@pytest.mark.slow
def test_an_event_file_of_half_a_record(make_job) -> None:
    job = odd_job(make_job, "truncated", env={"FAULT_WHOLE_RECORDS": "0"})
    assert job.run() == 0
    check_only_second_failed(job, "without a value of metric 'loss'")


def test_a_program_that_closes_its_output_early(make_job) -> None:
    job = odd_job(make_job, "closes_output")
    assert job.run() == 0
    job.check_complete()
    (end,) = job.journal.notes("end", 2)
    assert job.trials()[2].completed_at >= float(end.fields["time"]), "it was ended too early"


def test_an_orphan_that_goes_on_writing(make_job) -> None:
    """It has a session of its own; the trial ends without it, and its end is no failure."""
    job = odd_job(make_job, "orphan")
    assert job.run() == 0
    job.check_complete()
    (end,) = job.journal.notes("end", 2)
    assert job.trials()[2].completed_at - float(end.fields["time"]) < 3
    job.check_no_process_left()


def test_a_program_that_deletes_its_folder(make_job) -> None:
    job = odd_job(make_job, "deletes_out")
    assert job.run() == 0
    job.check_complete()


@pytest.mark.slow
def test_a_deleted_folder_is_there_again_in_the_next_attempt(make_job, harness) -> None:
    job = odd_job(make_job, "deletes_out", env={"FAULT_TRIALS": "1,2,3", "FAULT_STEP_S": "0.6"})
    job.start()
    job.wait_for_note("step")
    harness.wait_until(lambda: not (job.attempt_dir(1, 1) / "../../out").exists(), "out is gone")
    job.kill()
    assert job.run() == 0
    job.check_complete(n_starts=2)
    assert job.journal.notes("start", 1)[1].fields["found"] == []


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGSEGV, marks=pytest.mark.slow)]
)
def test_a_program_that_is_killed_from_outside(make_job, number: int) -> None:
    """As the kernel does when memory is short: the program failed, and is not retried."""
    job = odd_job(make_job, "hang")
    runner = job.start()
    job.wait_for_note("step", trial=2)
    (program,) = job.programs()
    os.kill(program, number)
    assert runner.wait() == 0
    check_only_second_failed(job, f"killed by {signal.Signals(number).name}")
