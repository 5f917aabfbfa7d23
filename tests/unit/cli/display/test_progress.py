import math
from dataclasses import replace

import pytest

from wazir.cli.display.progress import JobProgress
from wazir.domain.edits import StudyEdit, apply
from wazir.domain.metrics import Goal, Measurement
from wazir.domain.parameters import Double
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.news import StudyEdited

PARAMETERS = {"lr": 0.01, "units": 64, "layers": "64"}


def begin(script, *args, **kwargs):
    return JobProgress(script.started(*args, **kwargs), script.now)


def run(progress, script, trial_id, duration_s, value=0.5):
    progress.trial_started(script.trial(trial_id), script.now)
    script.now += duration_s
    return progress.trial_ended(script.succeeded(trial_id, value), script.now)


def test_best_is_kept_and_equal_values_do_not_replace_it(script):
    progress = begin(script)
    assert [run(progress, script, i, 1, v).is_best for i, v in enumerate((3, 2, 2, 4), 1)] == [
        True,
        True,
        False,
        False,
    ]
    assert progress.best is not None
    assert (progress.best.id, progress.best_value) == (2, 2)


def test_maximize(script):
    progress = begin(script, goal=Goal.MAXIMIZE)
    run(progress, script, 1, 1, 0.5)
    assert not run(progress, script, 2, 1, 0.4).is_best
    assert run(progress, script, 3, 1, 0.6).is_best


def test_resumed_study_knows_its_best_and_its_counts(script):
    best = Trial(3, PARAMETERS, TrialState.SUCCEEDED, final_measurement=Measurement({"rmse": 0.2}))
    progress = begin(script, TrialCounts(succeeded=4, infeasible=1), best)
    assert not run(progress, script, 6, 1, 0.3).is_best
    assert progress.best is best
    assert progress.counts.completed == 6


def test_failures_are_counted_and_never_best(script):
    progress = begin(script)
    progress.trial_started(script.trial(1), script.now)
    ended = progress.trial_ended(script.failed(1), script.now + 2)
    assert not ended.is_best
    assert (progress.counts.infeasible, progress.counts.succeeded) == (1, 0)
    assert progress.best is None
    assert ended.duration_s == 2


def test_trial_that_is_put_back_counts_for_nothing(script):
    progress = begin(script)
    progress.trial_started(script.trial(1), script.now)
    progress.trial_ended(script.put_back(1), script.now + 2)
    assert progress.counts.completed == 0
    assert not progress.running
    assert progress.time_left_s(script.now + 2) is None


def test_failure_without_a_start_has_no_duration(script):
    progress = begin(script)
    assert progress.trial_ended(script.failed(9), script.now).duration_s is None
    assert progress.time_left_s(script.now) is None


def test_time_left_is_the_mean_spread_over_the_places(script):
    progress = begin(script, n_trials=12, n_parallel=2)
    run(progress, script, 1, 10)
    run(progress, script, 2, 30)
    assert progress.time_left_s(script.now) == pytest.approx(10 * 20 / 2)
    progress.trial_started(script.trial(3), script.now)
    assert progress.time_left_s(script.now + 5) == pytest.approx((10 * 20 - 5) / 2)
    assert progress.time_left_s(script.now + 500) == pytest.approx((10 * 20 - 20) / 2)


def test_time_left_of_the_last_trial_uses_one_place(script):
    progress = begin(script, n_trials=2, n_parallel=8)
    run(progress, script, 1, 10)
    progress.trial_started(script.trial(2), script.now)
    assert progress.time_left_s(script.now + 4) == pytest.approx(6)
    run(progress, script, 2, 10)
    assert progress.time_left_s(script.now) is None


def test_found_trial_runs_since_its_own_start(script):
    progress = begin(script)
    progress.trial_started(script.found(1, started_at=900.0), script.now)
    assert progress.running[1].since == 900.0


def test_only_the_last_values_of_the_objective_are_kept(script):
    progress = begin(script)
    progress.trial_started(script.trial(1), script.now)
    progress.measured(script.measured(1, 7.0, metric="accuracy"))
    for step in range(50):
        progress.measured(script.measured(1, float(step), step=step))
    progress.measured(script.measured(2, 1.0))
    assert list(progress.running[1].values) == [float(step) for step in range(30, 50)]
    assert progress.running[1].step == 49


def test_next_attempt_begins_anew(script):
    progress = begin(script)
    progress.trial_started(script.trial(1), script.now)
    progress.measured(script.measured(1, 7.0))
    progress.trial_started(script.trial(1, attempt=2), script.now + 9)
    assert progress.running[1].since == script.now + 9
    assert not progress.running[1].values


def test_leader_is_running_or_ended(script):
    progress = begin(script)
    assert progress.leaders == set()
    progress.trial_started(script.trial(1), script.now)
    progress.measured(script.measured(1, math.nan))
    assert progress.leaders == set()
    progress.measured(script.measured(1, 0.5))
    assert progress.leaders == {1}
    run(progress, script, 2, 1, 0.4)
    assert progress.leaders == {2}
    progress.measured(script.measured(1, 0.3))
    assert progress.leaders == {1}


def test_clock_that_was_set_back_gives_no_negative_times(script):
    progress = begin(script)
    progress.trial_started(script.trial(1), script.now)
    ended = progress.trial_ended(script.succeeded(1), script.now - 100)
    assert ended.duration_s == 0
    assert progress.elapsed_s(script.now - 100) == 0


def test_paused_trials_are_counted_until_they_go_on(script):
    script.fidelity = "units"
    progress = begin(script)
    progress.trial_started(script.trial(1), script.now)
    ended = progress.trial_ended(script.paused(1, 0.5), script.now + 2)
    assert (ended.value, ended.is_best, ended.duration_s) == (0.5, False, 2)
    assert progress.paused == {1}
    assert progress.counts.completed == 0
    assert progress.time_left_s(script.now + 2) is None
    progress.trial_started(script.trial(1, attempt=2), script.now)
    assert progress.paused == set()


def test_the_best_paused_trial_leads_until_one_has_succeeded(script):
    script.fidelity = "units"
    progress = begin(script)
    for trial_id, value, budget in ((1, 0.5, 16), (2, 0.4, 16), (3, 0.6, 32), (4, 0.1, 16)):
        progress.trial_ended(script.paused(trial_id, value, budget), script.now)
    assert progress.best is not None
    assert (progress.best.id, progress.best_value) == (3, 0.6)
    assert progress.trial_ended(script.succeeded(5, 0.9), script.now).is_best
    progress.trial_ended(script.paused(6, 0.1, 32), script.now)
    assert progress.best.id == 5


def test_a_paused_trial_that_goes_on_and_fails_leads_no_more(script):
    script.fidelity = "units"
    progress = begin(script)
    progress.trial_ended(script.paused(1, 0.5, 16), script.now)
    progress.trial_ended(script.paused(2, 0.4, 16), script.now)
    progress.trial_started(script.trial(2, attempt=2), script.now)
    assert progress.best.id == 2
    progress.trial_ended(script.failed(2), script.now)
    assert progress.best.id == 1
    progress.trial_ended(script.failed(1), script.now)
    assert progress.best is None


def test_a_paused_trial_that_an_edit_puts_outside_leads_no_more(script):
    script.fidelity = "units"
    started = script.started()
    progress = JobProgress(started, script.now)
    progress.trial_ended(script.paused(1, 0.5, 16), script.now)
    study = started.study
    config = apply(study.config, StudyEdit(parameters={"lr": Double(0.05, 0.1)}))
    edited = StudyEdited(replace(study, config=config), started.limits, ("lr: ...",))
    progress.edited(edited)
    assert progress.best is None


def test_the_end_says_what_the_study_holds(script):
    progress = begin(script)
    progress.trial_ended(script.succeeded(1, 0.5), script.now)
    better = script.succeeded(2, 0.4).trial
    progress.ended(script.job_ended(optimal=[better], succeeded=2))
    assert (progress.best.id, progress.counts.succeeded) == (2, 2)
