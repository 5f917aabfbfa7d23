"""What is too large is refused at a server's door, and only there."""

import inspect

import pytest
from fake_tokens import SetClock

from wazir.app.compose import make_service
from wazir.domain.constraints import Constraint
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import InvalidInputError, LimitError
from wazir.domain.limits import Limits
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.service.limiting import limited
from wazir.service.transport import Transport
from wazir.storage.memory import MemoryStore

NAME = StudyName("p", "s")
SMALL = Limits(
    n_studies=3, n_trials=5, n_suggestions=3, n_measurements=3, n_parameters=2, n_metrics=2,
    n_constraints=1, n_prior_studies=1, n_name=8, n_text=10, n_metadata=2, n_metadata_text=10,
)  # fmt: skip
LONG = "x" * 11


def config(parameters=None, metrics=("loss",), **more):
    space = SearchSpace(parameters or {"x": Double(0, 1)})
    kinds = tuple(Metric(name, Goal.MINIMIZE) for name in metrics)
    return StudyConfig(space, kinds, algorithm="RANDOM_SEARCH", **more)


@pytest.fixture
def service():
    return make_service(MemoryStore())


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def door(service, clock):
    door = limited(service, SMALL, clock)
    door.create_study(NAME, config())
    return door


def measured(value=1.0, **more):
    return Measurement({"loss": value}, **more)


TOO_LARGE = {
    "suggestions in one request: at most 3, got 4": lambda d: d.suggest_trials(NAME, 4, "c"),
    "a client id has at most 8": lambda d: d.suggest_trials(NAME, 1, LONG),
    "parameters of a study: at most 2, got 3": lambda d: d.create_study(
        NAME, config({n: Double(0, 1) for n in "abc"})
    ),
    "the name of a parameter has at most 8": lambda d: d.create_study(
        NAME, config({LONG: Double(0, 1)})
    ),
    "a category has at most 10": lambda d: d.create_study(
        NAME, config({"x": Categorical(["a", LONG])})
    ),
    "metrics of a study: at most 2": lambda d: d.create_study(NAME, config(metrics="abc")),
    "the name of a metric has at most 8": lambda d: d.create_study(NAME, config(metrics=[LONG])),
    "constraints of a study: at most 1": lambda d: d.create_study(
        NAME, config(constraints=(Constraint("x < 0.5"), Constraint("x > 0.1")))
    ),
    "prior studies: at most 1": lambda d: d.create_study(
        NAME, config(prior_studies=(StudyName("p", "a"), StudyName("p", "b")))
    ),
    "a namespace of metadata has at most 8": lambda d: d.update_metadata(NAME, {LONG: {"k": "v"}}),
    "a key of metadata has at most 8": lambda d: d.create_study(
        NAME, config(), metadata={"": {LONG: "v"}}
    ),
    "an entry of metadata has at most 10": lambda d: d.add_trial(
        NAME, {"x": 0.1}, metadata={"": {"k": LONG}}
    ),
    "entries of metadata in one request: at most 2": lambda d: d.update_metadata(
        NAME, {"": {"k": "v"}}, trials={1: {"": {"k": "v"}}}
    ),
    "measurements in one request: at most 3": lambda d: d.add_measurements(
        NAME, 1, [measured(step=n) for n in range(4)]
    ),
    "metrics of a measurement: at most 2": lambda d: d.complete_trial(
        NAME, 1, measurement=Measurement(dict.fromkeys("abc", 1.0))
    ),
    "a reason has at most 10": lambda d: d.complete_trial(NAME, 1, infeasible_reason=LONG),
    "of a study: at most 2, got 3": lambda d: d.edit_study(
        NAME, StudyEdit(parameters={n: Double(0, 1) for n in "ab"})
    ),
}


@pytest.mark.parametrize("text", TOO_LARGE)
def test_a_request_that_is_too_large_says_what_is_and_changes_nothing(door, service, text):
    before = service.study(NAME)
    with pytest.raises(InvalidInputError, match=text) as caught:
        TOO_LARGE[text](door)
    assert LONG not in str(caught.value)
    assert (service.study(NAME), service.counts(NAME).total) == (before, 0)


def test_what_is_limited_takes_what_the_protocol_says(door):
    for name, method in inspect.getmembers(type(door), inspect.isfunction):
        if not name.startswith("_"):
            wanted = inspect.signature(getattr(Transport, name)).parameters
            assert dict(inspect.signature(method).parameters) == dict(wanted), name


def test_more_that_is_too_large(door):
    for call in (
        lambda: door.add_measurements(NAME, 1, [], void_steps=[1, 2, 3, 4]),
        lambda: door.update_metadata(NAME, {}, trials={1: {}, 2: {}, 3: {}}),
        lambda: door.request_stop(NAME, 1, LONG),
        lambda: door.take_over_trial(NAME, 1, previous="a", client_id=LONG),
        lambda: door.edit_study(NAME, StudyEdit(), metadata={LONG: {"k": "v"}}),
        lambda: door.edit_study(NAME, StudyEdit(), client_id=LONG),
        lambda: door.edit_study(NAME, StudyEdit(space=SearchSpace({LONG: Double(0, 1)}))),
        lambda: door.edit_study(
            NAME, StudyEdit(constraints=(Constraint("x < 0.5"), Constraint("x > 0.1")))
        ),
        lambda: door.edit_study(
            NAME, StudyEdit(prior_studies=(StudyName("p", "a"), StudyName("p", "b")))
        ),
        lambda: door.add_trial(NAME, {"x": 0.1}, infeasible_reason=LONG),
        lambda: door.add_trial(NAME, {"x": 0.1}, measurement=Measurement({LONG: 1.0})),
    ):
        with pytest.raises(InvalidInputError, match=r"at most \d"):
            call()


def test_a_study_takes_so_many_trials(door, service):
    assert len(door.suggest_trials(NAME, 3, "a")) == 3
    assert len(door.suggest_trials(NAME, 3, "b")) == 2
    with pytest.raises(LimitError, match="has 5 trials, and a server takes 5"):
        door.suggest_trials(NAME, 1, "c")
    with pytest.raises(LimitError):
        door.add_trial(NAME, {"x": 0.1})
    # Trials that are there go on, also with a client that asks again.
    assert [trial.id for trial in door.suggest_trials(NAME, 2, "b")] == [4, 5]
    door.complete_trial(NAME, 1, measurement=measured())
    assert service.counts(NAME).total == 5
    door.delete_trial(NAME, 1)
    door.add_trial(NAME, {"x": 0.1})


def test_the_number_of_trials_that_a_client_wants_holds_too(door):
    assert len(door.suggest_trials(NAME, 3, "a", max_n_trials=1)) == 1
    assert door.suggest_trials(NAME, 3, "b", max_n_trials=1) == []


def test_a_project_takes_so_many_studies(door, service, clock):
    for n in (1, 2):
        door.create_study(StudyName("p", f"s{n}"), config())
    for _ in range(2):
        with pytest.raises(LimitError, match="project 'p' has 3 studies"):
            door.create_study(StudyName("p", "s3"), config())
    # What is there is still found, and other projects have room.
    assert door.create_study(NAME, config()).name == NAME
    door.create_study(StudyName("q", "s"), config())
    # Studies that came or went some other way are seen.
    service.delete_study(NAME)
    door.create_study(StudyName("p", "s3"), config())
    service.delete_study(StudyName("p", "s3"))
    service.create_study(StudyName("q", "s1"), config())
    service.create_study(StudyName("q", "s2"), config())
    clock.now += 61
    with pytest.raises(LimitError):
        door.create_study(StudyName("q", "s3"), config())


def test_a_service_without_a_server_has_no_limits(service):
    service.create_study(NAME, config({f"p{n}": Double(0, 1) for n in range(1_001)}))
    assert len(service.suggest_trials(NAME, 1_001, "c")) == 1_001


def test_each_limit_is_at_least_one():
    with pytest.raises(InvalidInputError, match="n_trials=0"):
        Limits(n_trials=0)
