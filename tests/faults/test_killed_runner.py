"""The runner is killed at any moment: nothing is lost, nothing runs twice, nothing is left."""

import os
import random
import signal
import time

import pytest

N_KILLS = 20
N_NEAR_END = 30


def kill_at_random(job, harness, rng: random.Random, n_done: int | None) -> None:
    """Start a runner and kill it: at a moment of its start, or once `n_done` trials have ended.

    A runner that has nothing left to do before it is killed is a failure of this test.
    """
    runner = job.start()
    if n_done is not None:
        harness.wait_until(lambda: len(job.journal.notes("end")) >= n_done, f"{n_done} ends")
        time.sleep(rng.uniform(0, 0.3))
    else:
        # Near the end a runner that lives for long would have nothing left to do.
        is_near_end = len(job.journal.notes("end")) >= N_NEAR_END
        time.sleep(rng.uniform(0, 0.2 if is_near_end else 1.0))
    assert runner.kill(), f"it had ended already:\n{runner.out}\n{runner.err}"
    assert "Traceback" not in runner.err


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))]
)
def test_twenty_kills_of_the_runner(make_job, harness, seed: int) -> None:
    rng = random.Random(seed)
    job = make_job(n_trials=40, n_parallel=4, env={"FAULT_STEP_S": "0.12"})
    # Half of the kills fall into a start, where trials are taken over.
    moments = sorted(rng.sample(range(34), N_KILLS // 2)) + [None] * (N_KILLS // 2)
    known = {}
    for n_done in sorted(moments, key=lambda n: rng.uniform(0, 34) if n is None else n):
        kill_at_random(job, harness, rng, n_done)
        trials = job.trials()
        assert list(trials) == list(range(1, len(trials) + 1)), f"seed {seed}"
        completed = {t.id: t for t in trials.values() if t.state.is_final}
        for trial_id, trial in known.items():
            assert completed[trial_id] == trial, f"seed {seed}: trial {trial_id} was changed"
        known = completed
    assert known, "no trial was complete before the last kill"
    assert job.run(120) == 0
    trials = job.trials()
    assert {trial_id: trials[trial_id] for trial_id in known} == known
    job.check_complete()
    assert {trial.n_lost_attempts for trial in trials.values()} == {0}
    job.check_no_process_left()


def test_a_result_of_the_dead_time_is_picked_up(make_job) -> None:
    job = make_job(n_trials=2, n_parallel=2)
    runner = job.start()
    job.wait_for_note("start", 2)
    runner.kill()
    job.wait_for_note("end", 2)
    job.check_no_process_left()
    assert job.states() == ["ACTIVE", "ACTIVE"]
    assert job.run() == 0
    job.check_complete()
    assert {trial.attempt for trial in job.trials().values()} == {1}


def test_a_program_that_fails_in_the_dead_time_is_not_retried(make_job) -> None:
    job = make_job(n_trials=1, n_parallel=1, env={"FAULT_TERM": "0"})
    runner = job.start()
    job.wait_for_note("step")
    runner.kill()
    (pid,) = job.programs()
    os.kill(pid, signal.SIGTERM)
    job.wait_for_note("term")
    job.check_no_process_left()
    assert job.run() == 1
    assert job.states() == ["INFEASIBLE"]
    assert "exit code 7" in job.trials()[1].infeasible_reason
    assert job.journal.count("start") == {1: 1}


SERVICE = "wazir.service.studies:StudyService"
EXECUTOR = "wazir.jobs.executors.local:LocalExecutor"
RUN = "wazir.jobs.program_run:ProgramRun"
SLOW = pytest.mark.slow
POINTS = [
    pytest.param(f"{SERVICE}.create_study", "after", 1, marks=SLOW),
    (f"{SERVICE}.suggest_trials", "after", 1),
    pytest.param(f"{RUN}.prepare", "after", 1, marks=SLOW),
    pytest.param(f"{RUN}.prepare", "after", 2, marks=SLOW),
    (f"{EXECUTOR}.launch", "after", 1),
    pytest.param(f"{RUN}.started", "before", 1, marks=SLOW),
    pytest.param(f"{SERVICE}.add_measurements", "before", 1, marks=SLOW),
    (f"{SERVICE}.add_measurements", "after", 1),
    pytest.param(f"{RUN}.final_measurement", "before", 1, marks=SLOW),
    (f"{SERVICE}.complete_trial", "before", 1),
    (f"{SERVICE}.complete_trial", "after", 1),
    pytest.param(f"{SERVICE}.complete_trial", "after", 4, marks=SLOW),
]


@pytest.mark.parametrize(("place", "when", "call"), POINTS)
def test_killed_at_a_chosen_point(make_job, place: str, when: str, call: int) -> None:
    """Random moments seldom hit the gaps between two writes; these do."""
    job = make_job(n_trials=4, env={"FAULT_STEPS": "2", "FAULT_STEP_S": "0.06"})
    job.crash = (place, when, str(call))
    runner = job.start()
    assert runner.process.wait(20) == -signal.SIGKILL, runner.err
    job.crash = ()
    assert job.run() == 0
    job.check_complete()
    assert {trial.n_lost_attempts for trial in job.trials().values()} == {0}
    job.check_no_process_left()


TAKE_OVER_POINTS = [
    (f"{SERVICE}.take_over_trial", "after", 1),
    pytest.param(f"{EXECUTOR}.attach", "before", 2, marks=SLOW),
    pytest.param(f"{EXECUTOR}.attach", "after", 2, marks=SLOW),
    (f"{SERVICE}.next_attempt", "after", 1),
]


@pytest.mark.parametrize(("place", "when", "call"), TAKE_OVER_POINTS)
def test_killed_while_trials_are_taken_over(make_job, place: str, when: str, call: int) -> None:
    """One trial runs, another was booked and never started, when the second runner dies."""
    job = make_job(n_trials=3, env={"FAULT_STEPS": "2", "FAULT_STEP_S": "0.3"})
    job.crash = (f"{RUN}.prepare", "before", "2")
    assert job.start().process.wait(20) == -signal.SIGKILL
    job.crash = (place, when, str(call))
    runner = job.start()
    assert runner.process.wait(20) == -signal.SIGKILL, runner.err
    job.crash = ()
    assert job.run() == 0
    job.check_complete()
    assert {trial.n_lost_attempts for trial in job.trials().values()} == {0}
    job.check_no_process_left()


def test_killed_after_ctrl_c(make_job) -> None:
    """The programs were told to stop; the next runner must run their trials, all of them."""
    job = make_job(n_trials=2, n_parallel=3, env={"FAULT_STEP_S": "0.5", "FAULT_TERM": "2"})
    runner = job.start()
    job.wait_for_note("step", 2)
    runner.interrupt()
    job.wait_for_note("term", 2)
    assert runner.kill()
    job.env = {"FAULT_STEP_S": "0.05"}
    assert job.run() == 0
    job.check_complete(n_starts=2)
    job.check_no_process_left()


@pytest.mark.slow
def test_a_finished_job_is_only_reported(make_job) -> None:
    job = make_job(n_trials=2)
    assert job.run() == 0
    before = job.stored()
    assert job.run() == 0
    assert job.stored() == before
    job.check_complete()
