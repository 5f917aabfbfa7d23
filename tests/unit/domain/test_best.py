"""Which trials are the best of an edited study: those that lie in what it allows now."""

from dataclasses import replace

import pytest

from wazir.domain.best import best_trial, optimal_trials, outside_text, why_no_best
from wazir.domain.constraints import Constraint
from wazir.domain.edits import StudyEdit, apply
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

SPACE = SearchSpace({"x": Double(0, 1), "kind": Categorical(["a", "b"])})
LOSS, SIZE = Metric("loss", Goal.MINIMIZE), Metric("size", Goal.MINIMIZE)
STUDY = StudyConfig(SPACE, (LOSS,))
NARROW = apply(STUDY, StudyEdit(parameters={"x": Double(0, 0.5)}))
CONSTRAINED = apply(STUDY, StudyEdit(constraints=(Constraint("x < 0.5"),)))
FROZEN = apply(STUDY, StudyEdit(freeze={"kind": "a"}))


def trial(trial_id, x, kind="a", **values):
    final = Measurement(values or {"loss": float(trial_id)})
    return Trial(trial_id, {"x": x, "kind": kind}, TrialState.SUCCEEDED, final_measurement=final)


TRIALS = [trial(1, 0.9, "b"), trial(2, 0.8, "b"), trial(3, 0.3), trial(4, 0.2)]


@pytest.mark.parametrize("config", [NARROW, CONSTRAINED, FROZEN])
def test_the_best_is_the_best_inside_and_the_better_one_outside_is_named(config):
    assert best_trial(TRIALS, STUDY).id == 1
    assert outside_text(TRIALS, STUDY) == ""
    assert best_trial(TRIALS, config).id == 3
    assert "trial 1 with loss 1" in outside_text(TRIALS, config)
    assert outside_text(TRIALS[2:], config) == ""


@pytest.mark.parametrize("config", [NARROW, CONSTRAINED, FROZEN])
def test_where_none_is_inside_the_best_outside_is_named(config):
    assert best_trial(TRIALS[:2], config) is None
    assert why_no_best(TRIALS[:2], config) == (
        "of 2 trials that succeeded none lies in what the study allows since an edit; "
        "the best is trial 1 with loss 1"
    )


def test_a_front_is_one_of_trials_inside():
    config = replace(CONSTRAINED, metrics=(LOSS, SIZE))
    trials = [
        trial(1, 0.9, loss=1, size=1),
        trial(2, 0.1, loss=2, size=4),
        trial(3, 0.2, loss=4, size=2),
        trial(4, 0.9, loss=9, size=9),
    ]
    assert [one.id for one in optimal_trials(trials, config)] == [2, 3]
    assert outside_text(trials, config).endswith("trial 1, which nothing beats")


def test_a_trial_without_a_new_parameter_has_its_old_value():
    more = StudyEdit(parameters={"y": Double(0, 1)}, old_values={"y": 0.0})
    assert best_trial(TRIALS, apply(STUDY, more)).id == 1
    beyond = replace(more, parameters={"y": Double(0.5, 1)})
    assert best_trial(TRIALS, apply(STUDY, beyond)) is None


def test_a_budget_that_a_trial_had_always_fits():
    space = SearchSpace({"x": Double(0, 1), "epochs": Integer(9, 81)})
    config = StudyConfig(space, (LOSS,), fidelity="epochs")
    one = Trial(1, {"x": 0.5, "epochs": 3}, TrialState.SUCCEEDED)
    assert not config.contains(one)
    assert config.contains(replace(one, rungs=(Rung(1, 3, Measurement({"loss": 1.0}), 0.0, 5),)))
