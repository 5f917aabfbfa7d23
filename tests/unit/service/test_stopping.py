"""Early stopping in a study: what is asked, what is written down, and what counts."""

import random

import pytest

from wazir.algorithms.protocol import Snapshot
from wazir.app.compose import make_service
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Measurement, MeasurementSelection, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.domain.trials import TrialState
from wazir.service.budgets import problem_of
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")
NAN = float("nan")
DEFAULT = EarlyStopping()


class World:
    """A study whose trials report straight lines at a level, for 20 steps."""

    def __init__(
        self,
        early=DEFAULT,
        *,
        goal=Goal.MINIMIZE,
        service=None,
        selection=MeasurementSelection.LAST,
    ):
        self.service = service or make_service(MemoryStore())
        self.config = StudyConfig(
            SearchSpace({"x": Double(0, 1)}),
            (Metric("score", goal),),
            algorithm="RANDOM_SEARCH",
            early_stopping=early,
            measurement_selection=selection,
        )
        self.service.create_study(NAME, self.config)

    def begin(self):
        return self.service.suggest_trials(NAME, 1, f"c{random.random()}")[0].id

    def report(self, trial_id, value, steps, seconds_per_step=1.0):
        made = [
            Measurement({"score": value}, step=k, elapsed_s=k * seconds_per_step) for k in steps
        ]
        self.service.add_measurements(NAME, trial_id, made)

    def finish(self, value, n=20, seconds_per_step=1.0):
        trial_id = self.begin()
        self.report(trial_id, value, range(1, n + 1), seconds_per_step)
        return self.service.complete_trial(NAME, trial_id)

    def check(self, value, steps, seconds_per_step=1.0):
        trial_id = self.begin()
        self.report(trial_id, value, steps, seconds_per_step)
        return self.service.check_stopping(NAME, trial_id)


def test_a_bad_trial_is_stopped_with_its_reason_and_numbers():
    world = World()
    for value in (1.0, 2.0, 3.0, 4.0):
        world.finish(value)
    good, bad = world.check(2.0, range(1, 8)), world.check(9.0, range(1, 8))
    assert good.state is TrialState.ACTIVE
    assert bad.state is TrialState.STOPPING
    assert bad.stopping_reason == (
        "its best value up to step 5 is 9; to be among the better 40 % of 5 other trials there "
        "takes 2"
    )
    record = bad.metadata["wazir.stopping"]
    assert record["rule"] == "default"
    assert (record["value"], record["limit"], record["step"]) == ("9", "2", "5")
    ended = world.service.complete_trial(NAME, bad.id)
    assert (ended.state, ended.final_measurement.step) == (TrialState.SUCCEEDED, 7)
    assert ended.stopping_reason == bad.stopping_reason


def test_reasons_are_in_units_of_a_metric_to_maximize():
    world = World(goal=Goal.MAXIMIZE)
    for value in (0.9, 0.8, 0.7):
        world.finish(value)
    assert world.check(0.85, range(1, 8)).state is TrialState.ACTIVE
    bad = world.check(0.5, range(1, 8))
    assert "is 0.5; to be among the better 40 % of 4 other trials there takes 0.84" in (
        bad.stopping_reason
    )


def test_without_a_rule_nothing_is_stopped():
    world = World(None)
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    assert world.check(9.0, range(1, 20)).state is TrialState.ACTIVE


def test_stopped_trials_do_not_count_for_how_long_trials_are():
    world = World()
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    for value in (7.0, 8.0, 9.0, 10.0, 11.0):
        stopped = world.check(value, range(1, 8))
        assert stopped.state is TrialState.STOPPING
        world.service.complete_trial(NAME, stopped.id)
    # The first check of a trial of 20 steps is at 2.5.
    assert world.check(20.0, range(1, 3)).state is TrialState.ACTIVE
    assert world.check(20.0, range(1, 5)).state is TrialState.STOPPING


def test_one_value_that_is_not_finite_is_no_reason_and_three_are_a_failure():
    world = World()
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    trial_id = world.begin()
    world.report(trial_id, 1.5, (1, 2, 3, 4))
    world.report(trial_id, NAN, (5, 6))
    assert world.service.check_stopping(NAME, trial_id).state is TrialState.ACTIVE
    world.report(trial_id, float("inf"), (7,))
    assert world.service.check_stopping(NAME, trial_id).state is TrialState.STOPPING
    ended = world.service.complete_trial(NAME, trial_id)
    assert ended.state is TrialState.INFEASIBLE
    assert ended.infeasible_reason == "score was NaN or infinite 3 times in a row"


def test_times_are_compared_where_steps_differ_much():
    world = World()
    for k, n in enumerate((10, 20, 40, 80, 160, 320)):
        world.finish(1.0 + k, n, seconds_per_step=60.0 / n)
    bad = world.check(50.0, range(1, 13), seconds_per_step=1.0)
    assert bad.state is TrialState.STOPPING
    assert "up to second 8 is 50" in bad.stopping_reason
    assert "because the steps of finished ones differ much" in bad.stopping_reason
    assert bad.metadata["wazir.stopping"]["axis"] == "second"


def test_elapsed_time_may_be_wanted():
    world = World(EarlyStopping(use_elapsed_time=True))
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    bad = world.check(9.0, range(1, 4), seconds_per_step=2.0)
    assert "up to second 6 is 9" in bad.stopping_reason
    assert "because" not in bad.stopping_reason


def test_the_order_of_measurements_makes_no_difference():
    reasons = set()
    for seed in range(3):
        world = World()
        for value in (1.0, 2.0, 3.0):
            world.finish(value)
        steps = list(range(1, 9))
        random.Random(seed).shuffle(steps)
        trial_id = world.begin()
        for step in steps:
            world.report(trial_id, 10.0 - step, [step])
        reasons.add(world.service.check_stopping(NAME, trial_id).stopping_reason)
    assert len(reasons) == 1


def test_a_second_service_on_the_same_store_decides_the_same():
    store = MemoryStore()
    first = World(service=make_service(store))
    for value in (1.0, 2.0, 3.0):
        first.finish(value)
    second = make_service(store)
    trial_id = first.begin()
    first.report(trial_id, 9.0, range(1, 8))
    assert second.check_stopping(NAME, trial_id).state is TrialState.STOPPING
    assert first.service.check_stopping(NAME, trial_id).state is TrialState.STOPPING


def test_a_trial_that_is_put_back_forgets_that_it_was_stopped():
    world = World()
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    bad = world.check(9.0, range(1, 8))
    freed = world.service.release_trial(NAME, bad.id)
    assert (freed.state, freed.stopping_reason) == (TrialState.REQUESTED, "")
    assert "wazir.stopping" not in freed.metadata


def test_the_rule_can_be_changed_and_a_wrong_one_is_refused():
    world = World(None)
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    world.service.edit_study(NAME, StudyEdit(early_stopping=EarlyStopping()))
    assert world.check(9.0, range(1, 8)).state is TrialState.STOPPING
    with pytest.raises(InvalidInputError, match="did you mean 'median'"):
        world.service.edit_study(NAME, StudyEdit(early_stopping=EarlyStopping("medain")))
    with pytest.raises(InvalidInputError, match="a stopping rule is one of default"):
        World(EarlyStopping("best"))


def test_trials_of_several_objectives_are_stopped_when_they_are_behind_in_all():
    service = make_service(MemoryStore())
    config = StudyConfig(
        SearchSpace({"x": Double(0, 1)}),
        (Metric("a", Goal.MINIMIZE), Metric("b", Goal.MINIMIZE)),
        algorithm="RANDOM_SEARCH",
        early_stopping=EarlyStopping(),
    )
    service.create_study(NAME, config)

    def run(a, b, n):
        trial = service.suggest_trials(NAME, 1, f"{a} {b}")[0]
        made = [Measurement({"a": a, "b": b}, step=k) for k in range(1, n + 1)]
        service.add_measurements(NAME, trial.id, made)
        return trial.id

    for k in range(4):
        service.complete_trial(NAME, run(float(k), 3.0 - k, 20))
    ends = {
        pair: service.check_stopping(NAME, run(*pair, 10)).state
        for pair in ((9.0, 0.0), (9.0, 9.0))
    }
    assert ends == {(9.0, 0.0): TrialState.ACTIVE, (9.0, 9.0): TrialState.STOPPING}
    (stopped,) = service.trials(NAME, states=[TrialState.STOPPING])[1]
    assert stopped.stopping_reason.startswith("a: ")
    assert "so in all 2 objectives" in stopped.stopping_reason


def falling(world, floor, n=20):
    """Report a curve that falls by half a unit from step 5 to step 20, at a floor."""
    trial_id = world.begin()
    sign = 1.0 if world.config.objective.goal is Goal.MINIMIZE else -1.0
    made = [
        Measurement({"score": sign * (floor + (20 - k) / 30)}, step=k) for k in range(1, n + 1)
    ]
    world.service.add_measurements(NAME, trial_id, made)
    return trial_id


@pytest.mark.parametrize("goal", list(Goal))
def test_algorithms_see_what_a_stopped_trial_would_have_ended_with(goal):
    """The stored value is the one that was measured."""
    world = World(goal=goal)
    sign = 1.0 if goal is Goal.MINIMIZE else -1.0
    for floor in (1.0, 2.0, 3.0, 4.0):
        world.service.complete_trial(NAME, falling(world, floor))
    stopped = world.service.check_stopping(NAME, falling(world, 9.0, 5))
    assert stopped.metadata["wazir.stopping"]["expected.score"] == f"{sign * 9:g}"
    ended = world.service.complete_trial(NAME, stopped.id)
    assert ended.final_measurement.metrics == {"score": sign * 9.5}
    study = world.service.study(NAME)
    _, seen = problem_of(study, Snapshot(completed=world.service.trials(NAME)[1]))
    values = [trial.final_measurement.metrics["score"] for trial in seen.completed]
    assert values == [sign * floor for floor in (1.0, 2.0, 3.0, 4.0, 9.0)]
    assert seen.completed[-1].final_measurement.step == 5


def test_with_the_best_measurement_the_best_one_is_expected():
    """Trials that become worse at the end count with their best values, and so are expected to."""
    world = World(selection=MeasurementSelection.BEST)
    for best in (1.0, 2.0, 3.0, 4.0):
        trial_id = world.begin()
        world.report(trial_id, best + 1.0, range(1, 10))
        world.report(trial_id, best, range(10, 11))
        world.report(trial_id, best + 5.0, range(11, 21))
        world.service.complete_trial(NAME, trial_id)
    stopped = world.check(9.0, range(1, 8))
    assert stopped.metadata["wazir.stopping"]["expected.score"] == "8"


def test_a_trial_that_was_stopped_by_hand_counts_with_what_it_has():
    world = World()
    for value in (1.0, 2.0, 3.0):
        world.finish(value)
    trial_id = falling(world, 9.0, 5)
    world.service.request_stop(NAME, trial_id, "enough")
    world.service.complete_trial(NAME, trial_id)
    study, trials = world.service.study(NAME), world.service.trials(NAME)[1]
    _, seen = problem_of(study, Snapshot(completed=trials))
    assert list(seen.completed) == list(trials)
