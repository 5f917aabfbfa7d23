"""When a study ends by itself."""

from dataclasses import replace

import pytest

from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study, StudyConfig, StudyStopping
from wazir.domain.trials import Trial, TrialState
from wazir.stopping.study import Progress, progress_of, why_study_ends

STUDY = Study(
    StudyName("default", "s"),
    StudyConfig(SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),)),
    created_at=1000.0,
)
PROGRESS = Progress(n_trials=12, n_completed=10, n_idle=4, idle_s=60.0, age_s=600.0, now=1600.0)


def ended(trial_id: int, value: float | None) -> Trial:
    return Trial(
        trial_id,
        {"x": 0.5},
        TrialState.INFEASIBLE if value is None else TrialState.SUCCEEDED,
        final_measurement=None if value is None else Measurement({"loss": value}),
        completed_at=1000.0 + 10.0 * trial_id,
        completed_revision=trial_id,
    )


def test_progress_counts_from_the_last_better_value() -> None:
    trials = [ended(1, 5.0), ended(2, 3.0), ended(3, 3.0), ended(4, None), Trial(5, {"x": 0.1})]
    found = progress_of(STUDY, trials, 1100.0)
    assert found == Progress(5, 4, n_idle=2, idle_s=80.0, age_s=100.0, now=1100.0)


def test_the_order_in_which_trials_are_given_does_not_matter() -> None:
    trials = [ended(k, abs(5.0 - k)) for k in range(1, 9)]
    assert progress_of(STUDY, trials[::-1], 2000.0) == progress_of(STUDY, trials, 2000.0)
    assert progress_of(STUDY, trials, 2000.0).n_idle == 3


def test_without_any_value_progress_counts_from_the_beginning() -> None:
    found = progress_of(STUDY, [ended(1, None), ended(2, float("nan"))], 1100.0)
    assert (found.n_idle, found.idle_s) == (2, 100.0)
    assert progress_of(STUDY, [], 1100.0).n_idle == 0


@pytest.mark.parametrize(
    ("stopping", "reason"),
    [
        (StudyStopping(), ""),
        (StudyStopping(max_n_trials=13), ""),
        (StudyStopping(max_n_trials=12), "it has 12 trials"),
        (StudyStopping(max_n_trials_without_progress=5), ""),
        (StudyStopping(max_n_trials_without_progress=4), "no improvement in the last 4 trials"),
        (StudyStopping(max_duration_without_progress_s=60.0), "no improvement in the last 1m00s"),
        (StudyStopping(max_duration_s=600.0), "10m00s have passed since the study was made"),
        (StudyStopping(max_duration_s=601.0), ""),
        (StudyStopping(max_end_at=1600.0), "the time at which the study was to end has come"),
        (StudyStopping(max_n_trials=1, min_n_trials=11), ""),
        (StudyStopping(max_n_trials=1, min_n_trials=10), "it has 12 trials"),
        (StudyStopping(max_n_trials=1, min_duration_s=601.0), ""),
        (StudyStopping(max_n_trials=1, min_end_at=1601.0), ""),
    ],
)
def test_conditions_and_what_holds_them_up(stopping: StudyStopping, reason: str) -> None:
    assert why_study_ends(stopping, PROGRESS) == reason


def test_with_several_objectives_progress_is_a_trial_that_joins_the_front() -> None:
    metrics = (Metric("loss", Goal.MINIMIZE), Metric("accuracy", Goal.MAXIMIZE))
    study = replace(STUDY, config=replace(STUDY.config, metrics=metrics))

    def trial(trial_id: int, loss: float, accuracy: float) -> Trial:
        final = Measurement({"loss": loss, "accuracy": accuracy})
        return replace(ended(trial_id, loss), final_measurement=final)

    trials = [trial(1, 3.0, 0.5), trial(2, 5.0, 0.9), trial(3, 2.0, 0.6), trial(4, 4.0, 0.7)]
    beaten = [trial(5, 4.0, 0.65), trial(6, 2.0, 0.6), ended(7, 0.0)]
    found = progress_of(study, [*trials, *beaten], 1100.0)
    assert (found.n_idle, found.idle_s) == (3, 60.0)


def test_an_unsafe_trial_is_no_progress() -> None:
    metrics = (Metric("loss", Goal.MINIMIZE), Metric("memory", Goal.MINIMIZE, 8.0))
    study = replace(STUDY, config=replace(STUDY.config, metrics=metrics))
    safe, unsafe = (
        replace(ended(k, 5.0), final_measurement=Measurement({"loss": 6.0 - k, "memory": memory}))
        for k, memory in ((1, 7.0), (2, 9.0))
    )
    assert progress_of(study, [safe, unsafe], 1100.0).n_idle == 1
