"""The fidelity parameter: what may be one, and what it means for a study and a trial."""

from dataclasses import replace

import pytest

from wazir.domain.constraints import Constraint
from wazir.domain.errors import InvalidInputError
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

METRICS = (Metric("loss", Goal.MINIMIZE),)


def config(**parameters) -> StudyConfig:
    space = SearchSpace({"rate": Double(0, 1), **parameters})
    return StudyConfig(space, METRICS, fidelity="epochs")


@pytest.mark.parametrize("parameter", [Integer(1, 81), Double(0.5, 20.0)])
def test_algorithms_do_not_see_it(parameter) -> None:
    made = config(epochs=parameter)
    assert list(made.searched.space.parameters) == ["rate"]
    assert made.searched.fidelity is None
    assert made.searched.metrics == METRICS
    plain = replace(made, fidelity=None)
    assert plain.searched is plain


@pytest.mark.parametrize(
    ("parameter", "rule"),
    [
        (Integer(0, 9), "must be greater than 0, got 0 to 9"),
        (Integer(9, 9), "must be a range of several values"),
        (Discrete([1, 3, 9]), "must be a range of numbers, got a DISCRETE"),
        (Categorical(["a", "b"]), "must be a range of numbers, got a CATEGORICAL"),
        (Integer(1, 9).when(9, {"deep": Double(0, 1)}), "cannot decide which other parameters"),
    ],
)
def test_what_cannot_be_a_budget_is_refused(parameter, rule) -> None:
    with pytest.raises(InvalidInputError, match=f"'epochs' {rule}"):
        config(epochs=parameter)


def test_it_must_be_there_always_and_not_alone() -> None:
    with pytest.raises(InvalidInputError, match=r"got 'epochs'\ndid you mean 'epoch'"):
        config(epoch=Integer(1, 9))
    with pytest.raises(InvalidInputError, match="one that always exists"):
        config(kind=Categorical(["a", "b"]).when("a", {"epochs": Integer(1, 9)}))
    with pytest.raises(InvalidInputError, match="cannot be the only parameter"):
        StudyConfig(SearchSpace({"epochs": Integer(1, 9)}), METRICS, fidelity="epochs")


def test_constraints_are_about_the_parameters_that_are_searched() -> None:
    made = replace(config(epochs=Integer(1, 81)), constraints=(Constraint("rate < 0.5"),))
    assert [constraint.text for constraint in made.searched.constraints] == ["rate < 0.5"]
    with pytest.raises(InvalidInputError, match="cannot hold the fidelity parameter 'epochs'"):
        replace(made, constraints=(Constraint("epochs * rate < 5"),))


def test_a_budget_that_is_left_out_is_not_filled_in() -> None:
    made = config(epochs=Integer(1, 81))
    assert made.with_defaults({}) == {"rate": 0.5}
    assert made.with_defaults({"epochs": 9}) == {"rate": 0.5, "epochs": 9}
    assert replace(made, fidelity=None).with_defaults({}) == {"rate": 0.5, "epochs": 41}
    assert made.budget_text(9) == "epochs 9 of 81"


def test_a_trial_is_paused_until_its_next_attempt_begins() -> None:
    rung = Rung(1, 3, Measurement({"loss": 0.5}), 10.0, 4)
    trial = Trial(1, {"epochs": 3}, attempt=1)
    assert not trial.is_paused
    paused = replace(trial, rungs=(rung,))
    assert paused.is_paused
    assert paused.last_measurement == rung.measurement
    # Its next attempt was lost: the trial waits for a worker, not for a larger budget.
    assert not replace(paused, attempt=2).is_paused
    assert not replace(paused, state=TrialState.ACTIVE).is_paused


def test_a_belief_about_the_budget_is_refused():
    space = SearchSpace({"x": Double(0, 1), "epochs": Integer(1, 9)})
    with pytest.raises(InvalidInputError, match="belief about the fidelity parameter 'epochs'"):
        StudyConfig(space, (Metric("loss"),), fidelity="epochs", beliefs={"epochs": 3})
