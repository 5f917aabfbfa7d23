"""The use cases of the study service, on a store in memory."""

import itertools
import math
from dataclasses import replace

import pytest

from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.app.stopping_rules import make_rule
from wazir.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    StaleAttemptError,
    StudyMismatchError,
)
from wazir.domain.metrics import Goal, Measurement, MeasurementSelection, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, StudyState
from wazir.domain.trials import TrialState
from wazir.service.local import local_service
from wazir.service.snapshots import snapshot_at
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="FAKE"
)


class FakeAlgorithm:
    """Suggests id/100 and remembers what it was shown."""

    def __init__(self, reads=Reads.TRIALS, limit=99):
        self.reads = reads
        self.limit = limit
        self.snapshots: list[Snapshot] = []
        self.meanwhile = lambda: None

    def suggest(self, config, snapshot, trial_ids):
        self.snapshots.append(snapshot)
        self.meanwhile()
        ids = [trial_id for trial_id in trial_ids if trial_id <= self.limit]
        return [Suggestion({"x": trial_id / 100}, {"kind": "fake"}) for trial_id in ids]


class FakeOwners:
    def __init__(self):
        self.gone: set[str] = set()

    def is_gone(self, client_id):
        return client_id in self.gone


class World:
    """A service with everything around it under the test's control."""

    def __init__(self):
        self.now = 1000.0
        self.algorithm = FakeAlgorithm()
        self.owners = FakeOwners()
        self.store = MemoryStore()
        self.service = self.service_with(self.algorithm)
        self.service.create_study(NAME, CONFIG)

    def service_with(self, algorithm):
        """Return another process's service on the same store."""
        return local_service(
            self.store,
            new_algorithms=lambda: lambda _: algorithm,
            clock=lambda: self.now,
            owners=self.owners,
            rule_of=make_rule,
        )

    def suggest(self, count=1, client="a", **options):
        return self.service.suggest_trials(NAME, count, client, **options)

    def complete(self, trial, value=1.0):
        return self.service.complete_trial(
            NAME, trial.id, measurement=Measurement({"loss": value}), attempt=trial.attempt
        )


@pytest.fixture
def world():
    return World()


def test_creating_a_study_again_returns_it_and_another_space_is_refused(world):
    again = world.service.create_study(NAME, replace(CONFIG, seed=5))
    assert again.config.seed == 0
    wider = replace(CONFIG, space=SearchSpace({"x": Double(0, 2), "n": Integer(1, 2)}))
    with pytest.raises(StudyMismatchError, match=r"x: was DOUBLE 0 to 1, is DOUBLE 0 to 2"):
        world.service.create_study(NAME, wider)
    other = replace(CONFIG, metrics=(Metric("auc"),))
    with pytest.raises(StudyMismatchError, match=r"was MINIMIZE loss, is MAXIMIZE auc"):
        world.service.create_study(NAME, other)


def test_ids_count_from_one_and_each_trial_is_active(world):
    trials = world.suggest(3)
    assert [trial.id for trial in trials] == [1, 2, 3]
    assert {trial.state for trial in trials} == {TrialState.ACTIVE}
    assert {trial.attempt for trial in trials} == {1}
    assert trials[0].metadata["wazir.suggestion"]["kind"] == "fake"


def test_a_client_gets_its_own_trial_again_and_others_get_new_ones(world):
    mine = world.suggest()[0]
    assert world.suggest()[0] == mine
    assert world.suggest(client="b")[0].id == 2
    assert [trial.id for trial in world.suggest(2)] == [1, 3]


def test_enqueued_trials_come_before_new_ones(world):
    world.service.add_trial(NAME, {"x": 0.5})
    given = world.suggest(2)
    assert [trial.parameters["x"] for trial in given] == [0.5, 0.02]
    assert given[0].attempt == 1


def test_a_known_result_is_stored_as_it_is(world):
    trial = world.service.add_trial(NAME, {"x": 0.5}, measurement=Measurement({"loss": 2.0}))
    assert trial.state is TrialState.SUCCEEDED
    assert world.service.counts(NAME).succeeded == 1
    with pytest.raises(InvalidInputError, match="must lie in"):
        world.service.add_trial(NAME, {"x": 5})
    assert world.service.counts(NAME).total == 1


def test_the_total_of_trials_is_never_passed(world):
    assert len(world.suggest(5, max_n_trials=3)) == 3
    assert world.suggest(client="b", max_n_trials=3) == []


def test_an_exhausted_algorithm_gives_fewer(world):
    world.algorithm.limit = 2
    assert len(world.suggest(5)) == 2
    assert world.suggest(client="b") == []


def test_the_algorithm_sees_completed_and_pending_trials(world):
    first, second = world.suggest(2)
    world.complete(first, 0.3)
    world.suggest(client="b")
    shown = world.algorithm.snapshots[-1]
    assert [trial.id for trial in shown.completed] == [first.id]
    assert [trial.id for trial in shown.pending] == [second.id]
    assert shown.completed[0].final_measurement.metrics == {"loss": 0.3}


def test_a_snapshot_of_the_past_can_be_made_again(world):
    for _ in range(4):
        trial = world.suggest()[0]
        world.complete(trial)
    _, trials = world.service.trials(NAME)
    for trial, shown in zip(trials, world.algorithm.snapshots, strict=True):
        revision = int(trial.metadata["wazir.suggestion"]["revision"])
        then = snapshot_at(revision, trials)
        assert [t.id for t in then.completed] == [t.id for t in shown.completed]
        assert [t.id for t in then.pending] == [t.id for t in shown.pending]


def test_a_suggestion_is_computed_again_if_another_one_came_first(world):
    rival = world.service_with(FakeAlgorithm())

    def another_client_is_faster():
        world.algorithm.meanwhile = lambda: None
        rival.suggest_trials(NAME, 1, "rival")

    world.algorithm.meanwhile = another_client_is_faster
    given = world.suggest()
    assert [trial.id for trial in given] == [2]
    assert given[0].parameters["x"] == 0.02


def test_under_constant_rivalry_a_suggestion_is_accepted_all_the_same(world):
    rival, rivals = world.service_with(FakeAlgorithm()), itertools.count()
    world.algorithm.meanwhile = lambda: rival.suggest_trials(NAME, 1, f"rival {next(rivals)}")
    given = world.suggest()
    assert len(given) == 1
    _, trials = world.service.trials(NAME)
    assert [trial.id for trial in trials] == list(range(1, len(trials) + 1))


def test_completions_beyond_the_bound_make_a_suggestion_stale(world):
    running = world.suggest(5)

    def three_end():
        world.algorithm.meanwhile = lambda: None
        for trial in running[:3]:
            world.complete(trial)

    n_before = len(world.algorithm.snapshots)
    world.algorithm.meanwhile = three_end
    world.suggest(client="b")
    assert len(world.algorithm.snapshots) == n_before + 2


def test_completing_twice_with_equal_values_changes_nothing(world):
    trial = world.suggest()[0]
    done = world.complete(trial, 0.5)
    assert world.complete(trial, 0.5) == done
    with pytest.raises(InvalidTransitionError, match="trial 1 is SUCCEEDED"):
        world.complete(trial, 0.6)


@pytest.mark.parametrize(
    ("measurement", "reason"),
    [
        (None, "no value of 'loss' was reported"),
        (Measurement({"other": 1.0}), "no value of 'loss' was reported, only of 'other'"),
        (Measurement({"loss": math.nan}), "'loss' is nan"),
        (Measurement({"loss": -math.inf}), "'loss' is -inf"),
    ],
)
def test_a_missing_or_infinite_objective_is_infeasible(world, measurement, reason):
    trial = world.suggest()[0]
    done = world.service.complete_trial(NAME, trial.id, measurement=measurement)
    assert (done.state, done.infeasible_reason) == (TrialState.INFEASIBLE, reason)


@pytest.mark.parametrize(
    ("selection", "value"), [(MeasurementSelection.LAST, 0.4), (MeasurementSelection.BEST, 0.2)]
)
def test_the_final_measurement_follows_the_selection_rule(selection, value):
    world = World()
    name = StudyName("default", "other")
    world.service.create_study(name, replace(CONFIG, measurement_selection=selection))
    trial = world.service.suggest_trials(name, 1, "a")[0]
    points = [Measurement({"loss": x}, step=i) for i, x in enumerate([0.9, 0.2, 0.4, math.nan])]
    world.service.add_measurements(name, trial.id, points)
    done = world.service.complete_trial(name, trial.id)
    assert done.final_measurement.metrics["loss"] == value


def test_measurements_without_step_are_counted_and_repeats_replace(world):
    trial = world.suggest()[0]
    add = world.service.add_measurements
    add(NAME, trial.id, [Measurement({"loss": 1.0}), Measurement({"loss": 2.0})])
    add(NAME, trial.id, [Measurement({"loss": 3.0}, step=2)])
    stored = world.service.measurements(NAME, [trial.id])[trial.id]
    assert [(m.step, m.metrics["loss"]) for m in stored] == [(1, 1.0), (2, 3.0)]
    world.complete(trial)
    with pytest.raises(ConflictError, match="only a running trial"):
        add(NAME, trial.id, [Measurement({"loss": 1.0})])


def test_void_steps_are_removed_before_new_ones_are_added(world):
    trial = world.suggest()[0]
    points = [Measurement({"loss": float(step)}, step=step) for step in (1, 2, 3)]
    world.service.add_measurements(NAME, trial.id, points)
    world.service.add_measurements(
        NAME, trial.id, [Measurement({"loss": 9.0}, step=7)], void_steps=[1, 3]
    )
    stored = world.service.measurements(NAME, [trial.id])[trial.id]
    assert [m.step for m in stored] == [2, 7]


def test_a_lease_that_runs_out_gives_the_trial_to_the_next_client(world):
    trial = world.suggest(lease_s=60)[0]
    world.now += 30
    world.service.renew_lease(NAME, trial.id, lease_s=60, attempt=1)
    world.now += 59
    assert world.suggest(client="b")[0].id == 2
    world.now += 2
    again = world.suggest(client="c")[0]
    assert (again.id, again.attempt, again.n_lost_attempts) == (1, 2, 1)
    with pytest.raises(StaleAttemptError, match="attempt 1 of trial 1 was replaced by attempt 2"):
        world.complete(trial)


def test_the_trials_of_a_dead_owner_go_on_and_end_after_too_many_deaths(world):
    world.suggest(client="worker")
    world.owners.gone = {"worker", "worker 2", "worker 3"}
    assert world.suggest(client="worker 2")[0].id == 1
    assert world.suggest(client="worker 3")[0].id == 1
    assert world.suggest(client="d")[0].id == 2
    lost = world.service.trial(NAME, 1)
    assert lost.state is TrialState.INFEASIBLE
    assert lost.infeasible_reason == "its worker died 3 times"


def test_a_released_trial_waits_and_a_taken_over_one_changes_its_owner(world):
    trial = world.suggest()[0]
    assert world.service.release_trial(NAME, trial.id).state is TrialState.REQUESTED
    again = world.suggest(client="b")[0]
    assert (again.id, again.attempt, again.n_lost_attempts) == (trial.id, 2, 0)
    taken = world.service.take_over_trial(NAME, trial.id, previous="b", client_id="c")
    assert taken.client_id == "c"
    with pytest.raises(ConflictError, match="belongs to another client"):
        world.service.take_over_trial(NAME, trial.id, previous="b", client_id="d")


def test_the_next_attempt_keeps_owner_and_counts_lost_runs(world):
    trial = world.suggest()[0]
    second = world.service.next_attempt(NAME, trial.id, attempt=1, lost=False)
    third = world.service.next_attempt(NAME, trial.id, attempt=2, lost=True)
    assert (second.attempt, second.n_lost_attempts) == (2, 0)
    assert (third.attempt, third.n_lost_attempts, third.client_id) == (3, 1, "a")
    with pytest.raises(StaleAttemptError):
        world.service.next_attempt(NAME, trial.id, attempt=2, lost=True)


def test_stopping_asks_the_owner_who_then_completes(world):
    trial = world.suggest()[0]
    stopping = world.service.request_stop(NAME, trial.id, "hopeless")
    assert (stopping.state, stopping.stopping_reason) == (TrialState.STOPPING, "hopeless")
    assert world.complete(trial).state is TrialState.SUCCEEDED
    with pytest.raises(InvalidTransitionError):
        world.service.request_stop(NAME, trial.id, "late")


def test_an_inactive_study_takes_no_new_trials(world):
    world.service.set_study_state(NAME, StudyState.INACTIVE)
    with pytest.raises(ConflictError, match="INACTIVE"):
        world.suggest()
    world.service.set_study_state(NAME, StudyState.ACTIVE)
    assert world.suggest()


def test_metadata_is_merged_by_namespace(world):
    world.service.update_metadata(NAME, {"one": {"a": "1"}})
    study = world.service.update_metadata(NAME, {"one": {"b": "2"}})
    assert study.metadata["one"] == {"a": "1", "b": "2"}


def test_metadata_of_a_study_and_its_trials_is_set_together_or_not_at_all(world):
    (trial,) = world.suggest()
    note = {"mine": {"k": "v"}}
    world.service.update_metadata(NAME, note, trials={trial.id: note})
    assert world.service.trial(NAME, trial.id).metadata["mine"] == {"k": "v"}
    with pytest.raises(NotFoundError):
        world.service.update_metadata(NAME, {"mine": {"k": "w"}}, trials={9: note})
    assert world.service.study(NAME).metadata["mine"] == {"k": "v"}


def test_equal_metadata_changes_nothing(world):
    before = world.service.update_metadata(NAME, {"one": {"a": "1"}})
    assert world.service.update_metadata(NAME, {"one": {"a": "1"}}) == before


def test_a_deleted_trial_is_gone_and_its_id_stays_used(world):
    first, second = world.suggest(2)
    world.service.delete_trial(NAME, second.id)
    assert [trial.id for trial in world.service.trials(NAME)[1]] == [first.id]
    assert world.suggest(client="b")[0].id == second.id + 1


def test_a_study_that_must_be_new_is_refused_where_there_is_one(world):
    with pytest.raises(AlreadyExistsError):
        world.service.create_study(NAME, CONFIG, must_be_new=True)


def test_what_is_not_there_is_said(world):
    with pytest.raises(NotFoundError):
        world.service.trial(NAME, 9)
    with pytest.raises(NotFoundError):
        world.service.study(StudyName("default", "none"))
