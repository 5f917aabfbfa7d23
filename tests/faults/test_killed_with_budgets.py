"""The runner is killed while trials are paused and go on: nothing is lost, nothing runs twice."""

import random
import time

import pytest

N_KILLS = 6
BUDGETS = ("-p", "epochs=1..9:fidelity")


def rungs_of(trials) -> dict[int, list[tuple[int, float]]]:
    """Return attempt and budget of all that was measured, by trial."""
    return {
        trial.id: [(rung.attempt, rung.budget) for rung in trial.rungs]
        for trial in trials.values()
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))]
)
def test_kills_between_and_in_attempts(make_job, harness, seed: int) -> None:
    rng = random.Random(seed)
    job = make_job(n_trials=24, n_parallel=3, flags=BUDGETS, env={"FAULT_STEP_S": "0.1"})
    known: dict[int, list[tuple[int, float]]] = {}
    for _ in range(N_KILLS):
        n_ended = len(job.journal.notes("end"))
        runner = job.start()
        harness.wait_until(
            lambda n=n_ended: len(job.journal.notes("end")) > n, "one more attempt ends"
        )
        time.sleep(rng.uniform(0, 0.3))
        assert runner.kill(), f"it had ended already:\n{runner.out}\n{runner.err}"
        now = rungs_of(job.trials())
        for trial_id, rungs in known.items():
            assert now[trial_id][: len(rungs)] == rungs, f"seed {seed}: trial {trial_id}"
        known = now
    paused = [trial.id for trial in job.trials().values() if trial.is_paused]
    assert paused, f"seed {seed}: no trial was paused at the last kill"
    assert job.run(120) == 0
    trials = job.trials()
    assert list(trials) == list(range(1, 25))
    assert {str(trial.state) for trial in trials.values()} == {"SUCCEEDED"}
    ended = sorted((note.trial, note.attempt) for note in job.journal.notes("end"))
    # Each attempt ended once, and each is kept with its budget.
    assert ended == sorted(
        (i, attempt) for i, rungs in rungs_of(trials).items() for attempt, _ in rungs
    )
    for trial in trials.values():
        assert [rung.budget for rung in trial.rungs] == [1, 3, 9][: len(trial.rungs)]
        # An attempt that was begun in the books and never started has left nothing.
        assert (trial.rungs[-1].attempt, trial.n_lost_attempts) == (trial.attempt, 0)
        assert trial.final_measurement == trial.rungs[-1].measurement
    job.check_results()
    job.check_no_process_left()


def test_a_trial_that_goes_on_says_so_and_finds_its_folder(make_job) -> None:
    job = make_job(n_trials=4, n_parallel=2, flags=BUDGETS, env={"FAULT_STEP_S": "0.01"})
    assert job.run() == 0
    for note in job.journal.notes("start"):
        assert note.fields["resume"] == ("1" if note.attempt > 1 else "0")
        assert note.fields["found"] == [f"attempt-{k}" for k in range(1, note.attempt)]
    assert max(note.attempt for note in job.journal.notes("start")) > 1


def test_a_trial_whose_larger_budget_was_lost_is_not_paused_again(make_job) -> None:
    job = make_job(n_trials=3, n_parallel=1, flags=BUDGETS, env={"FAULT_STEP_S": "0.15"})
    runner = job.start()
    job.wait_for_note("end", 3)
    job.wait_for_note("start", 4)
    runner.kill()
    # The machine goes down: programs and supervisor too.
    job.kill()
    (active,) = [trial for trial in job.trials().values() if str(trial.state) == "ACTIVE"]
    assert (active.attempt, active.parameters["epochs"]) == (2, 9)
    assert job.run() == 0
    after = job.trials()[active.id]
    assert (after.attempt, after.n_lost_attempts, after.parameters["epochs"]) == (3, 1, 9)
    assert [rung.attempt for rung in after.rungs] == [1, 3]
