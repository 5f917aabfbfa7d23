"""What clients of other APIs see and do."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.app.compose import make_service
from wazir.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig, StudyState, StudyStopping
from wazir.domain.trials import TrialState
from wazir.service.display_names import display_name_of, study_name_for
from wazir.service.foreign import ForeignClients
from wazir.service.foreign_states import (
    STUDY_STATES,
    TRIAL_STATE_OF,
    TRIAL_STATES,
    was_stopped_early,
)
from wazir.storage.memory import MemoryStore

CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="RANDOM_SEARCH"
)


@pytest.fixture
def clients():
    return ForeignClients(make_service(MemoryStore()), new_seed=itertools.count(7).__next__)


def test_a_study_is_found_by_its_display_name(clients):
    made = clients.create_study("p", "my study: ü", CONFIG, metadata={"a": {"b": "c"}})
    assert display_name_of(made) == "my study: ü"
    assert made.metadata["a"] == {"b": "c"}
    assert made.config.seed == 7
    assert clients.study_named("p", "my study: ü") == made == clients.studies("p")[0]
    assert clients.create_study("p", "my study: ü", CONFIG) == made
    with pytest.raises(AlreadyExistsError):
        clients.create_study("p", "my study: ü", replace(CONFIG, algorithm="GRID_SEARCH"))


def test_a_display_name_that_is_an_id_stays_one(clients):
    made = clients.create_study("p", "plain-1", CONFIG)
    assert made.name == StudyName("p", "plain-1")
    assert display_name_of(made) == "plain-1"
    assert made.metadata == {}


@given(st.text(min_size=1, max_size=512), st.text(min_size=1, max_size=512))
def test_display_names_stand_for_studies_one_to_one(one, other):
    # Building the name checks that the id is valid, and so is a safe name of a folder.
    same = study_name_for("p", one) == study_name_for("p", other)
    assert same == (one == other)


@pytest.mark.parametrize("text", ["", "x" * 513])
def test_a_display_name_has_a_length(text):
    with pytest.raises(InvalidInputError, match="1 to 512"):
        study_name_for("p", text)


def test_a_trial_from_its_suggestion_to_its_end(clients):
    name = clients.create_study("p", "s", CONFIG).name
    (trial,) = clients.suggest(name, 1, "me")
    assert clients.suggest(name, 1, "me") == [trial]
    clients.add_measurement(name, trial.id, Measurement({"loss": 2.0}, step=1))
    assert not clients.should_stop(name, trial.id)
    assert clients.stop(name, trial.id).state is TrialState.STOPPING
    ended = clients.complete(name, trial.id)
    assert ended.final_measurement == Measurement({"loss": 2.0}, step=1)
    assert was_stopped_early(ended)
    assert clients.optimal_trials(name) == clients.trials(name) == [ended]
    clients.delete_trial(name, trial.id)
    with pytest.raises(NotFoundError):
        clients.trial(name, trial.id)


def test_steps_that_begin_at_0_are_all_kept(clients):
    name = clients.create_study("p", "s", CONFIG).name
    (trial,) = clients.suggest(name, 1, "me")
    # These APIs leave a step of 0 out.
    curve = [Measurement({"loss": float(step)}, step=step or None) for step in range(3)]
    kept = [replace(curve[0], step=0), *curve[1:]]
    for measurement in curve:
        clients.add_measurement(name, trial.id, measurement)
    given = clients.add_trial(name, {"x": 0.5}, measurements=curve)
    assert clients.measurements(name, [trial.id, given.id]) == {trial.id: kept, given.id: kept}
    clients.add_measurement(name, trial.id, Measurement({"loss": 9.0}))
    assert clients.measurements(name, [trial.id])[trial.id][-1].step == 3


def test_paused_trials_are_not_shown(clients):
    config = StudyConfig(
        SearchSpace({"x": Double(0, 1), "epochs": Integer(1, 9)}),
        (Metric("loss", Goal.MINIMIZE),),
        algorithm="RANDOM_SEARCH",
        fidelity="epochs",
        early_stopping=EarlyStopping.for_budgets(),
    )
    name = clients.create_study("p", "s", config).name
    (trial,) = clients.suggest(name, 1, "me")
    assert clients.complete(name, trial.id, measurement=Measurement({"loss": 1.0})).is_paused
    assert clients.trials(name) == []


def test_a_count_below_one_is_refused(clients):
    name = clients.create_study("p", "s", CONFIG).name
    with pytest.raises(InvalidInputError, match="at least 1"):
        clients.suggest(name, 0, "me")


def test_what_comes_too_late_does_nothing_or_is_refused(clients):
    name = clients.create_study("p", "s", CONFIG).name
    first, second = clients.suggest(name, 2, "me")
    result = Measurement({"loss": 1.0})
    with pytest.raises(ConflictError, match="has no measurement"):
        clients.complete(name, first.id)
    done = clients.complete(name, first.id, measurement=result)
    assert clients.complete(name, first.id, measurement=result) == done
    assert clients.complete(name, first.id) == done
    assert clients.stop(name, first.id) == done
    with pytest.raises(ConflictError):
        clients.complete(name, first.id, measurement=Measurement({"loss": 2.0}))
    with pytest.raises(ConflictError):
        clients.add_measurement(name, first.id, result)
    failed = clients.complete(name, second.id, infeasible_reason="it broke")
    assert clients.add_measurement(name, second.id, result) == failed
    assert clients.measurements(name, [second.id]) == {second.id: []}
    waiting = clients.add_trial(name, {"x": 0.5})
    with pytest.raises(ConflictError):
        clients.stop(name, waiting.id)


def test_a_study_that_has_ended_says_so(clients):
    config = replace(CONFIG, study_stopping=StudyStopping(max_n_trials=1))
    name = clients.create_study("p", "s", config).name
    (trial,) = clients.suggest(name, 1, "me")
    clients.complete(name, trial.id, measurement=Measurement({"loss": 1.0}))
    with pytest.raises(ConflictError, match="makes no new trials"):
        clients.suggest(name, 1, "me")


def test_every_state_has_one_number_elsewhere():
    assert set(TRIAL_STATES) == set(TrialState) == set(TRIAL_STATE_OF.values())
    assert set(STUDY_STATES) == set(StudyState)
    assert TRIAL_STATES[TrialState.INFEASIBLE].ml_v1 == "FAILED"
