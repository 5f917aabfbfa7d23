"""Trials whose budget grows: paused, promoted, ended, and what algorithms see of them."""

import itertools
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Snapshot, Suggestion
from wazir.app.stopping_rules import make_rule
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import (
    ConflictError,
    InvalidInputError,
    StaleAttemptError,
    StudyMismatchError,
)
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig, StudyState, StudyStopping
from wazir.domain.trials import Trial, TrialState
from wazir.service.budgets import problem_of
from wazir.service.local import local_service
from wazir.service.snapshots import snapshot_at
from wazir.storage.memory import MemoryStore

NAME = StudyName("default", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1), "epochs": Integer(1, 9)}),
    (Metric("loss", Goal.MINIMIZE),),
    early_stopping=EarlyStopping("asha"),
    fidelity="epochs",
)


class Counting:
    """Suggests id / 100 and keeps what it was asked."""

    reads = GpBandit().reads

    def __init__(self):
        self.asked: list[tuple[StudyConfig, Snapshot]] = []

    def suggest(self, config, snapshot, trial_ids):
        self.asked.append((config, snapshot))
        return [Suggestion({"x": trial_id / 100}) for trial_id in trial_ids]


class NobodyLeaves:
    def is_gone(self, client_id):
        return False


class World:
    def __init__(self, config=CONFIG, algorithm=None):
        self.now = 1000.0
        self.algorithm = algorithm or Counting()
        self.service = local_service(
            MemoryStore(),
            new_algorithms=lambda: lambda _: self.algorithm,
            clock=lambda: self.now,
            owners=NobodyLeaves(),
            rule_of=make_rule,
        )
        self.service.create_study(NAME, config)
        self.clients = map(str, itertools.count())

    def suggest(self, count=1, n_trials=None) -> list[Trial]:
        return self.service.suggest_trials(NAME, count, next(self.clients), max_n_trials=n_trials)

    def end(self, trial: Trial, loss: float) -> Trial:
        return self.service.complete_trial(
            NAME, trial.id, measurement=Measurement({"loss": loss}), attempt=trial.attempt
        )

    def run(self, n_trials: int, loss_of, n_workers: int = 1) -> list[tuple[int, int]]:
        """Run a study to its end and return (trial id, budget) of each attempt."""
        attempts, running = [], []
        while True:
            running += self.suggest(n_workers - len(running), n_trials)
            if not running:
                return attempts
            trial = running.pop(0)
            attempts.append((trial.id, trial.parameters["epochs"]))
            self.end(trial, loss_of(trial))

    def trials(self) -> list[Trial]:
        return self.service.trials(NAME)[1]


@pytest.fixture
def world():
    return World()


def test_a_trial_that_used_up_its_budget_is_paused_and_not_given_away(world):
    (trial,) = world.suggest()
    assert trial.parameters == {"x": 0.01, "epochs": 1}
    paused = world.end(trial, 0.5)
    assert paused.is_paused
    assert paused.final_measurement is None
    assert (paused.rungs[0].budget, paused.rungs[0].attempt) == (1, 1)
    assert [one.id for one in world.suggest(2)] == [2, 3]
    # The answer was lost: telling it again changes nothing.
    assert world.end(trial, 0.5) == paused


def test_the_best_of_three_goes_on_before_anything_new_begins(world):
    trials = world.suggest(3)
    for trial, loss in zip(trials, (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    promoted, new = world.suggest(2)
    assert (promoted.id, promoted.attempt, promoted.parameters["epochs"]) == (2, 2, 3)
    assert promoted.state is TrialState.ACTIVE
    assert promoted.parameters["x"] == trials[1].parameters["x"]
    assert (new.id, new.parameters["epochs"]) == (4, 1)
    with pytest.raises(StaleAttemptError):
        world.end(trials[1], 0.05)


def test_a_study_runs_to_its_end_with_a_part_of_the_budget(world):
    attempts = world.run(9, lambda trial: trial.parameters["x"] / trial.parameters["epochs"])
    assert sorted({budget for _, budget in attempts}) == [1, 3, 9]
    assert len({trial_id for trial_id, _ in attempts}) == 9
    trials = world.trials()
    assert {trial.state for trial in trials} == {TrialState.SUCCEEDED}
    full = [trial for trial in trials if trial.parameters["epochs"] == 9]
    assert 1 <= len(full) <= 3
    for trial in trials:
        assert trial.final_measurement == trial.rungs[-1].measurement
        assert bool(trial.stopping_reason) == (trial not in full)
    early = next(trial for trial in trials if trial not in full)
    assert early.stopping_reason.startswith("paused at epochs ")
    assert early.metadata["wazir.stopping"]["rule"] == "asha"


@pytest.mark.parametrize("n_workers", [1, 2, 5])
@pytest.mark.parametrize("n_trials", [1, 2, 7, 30])
def test_however_many_workers_and_trials_there_are_one_gets_the_full_budget(n_workers, n_trials):
    world = World(replace(CONFIG, planned_n_trials=None))
    world.run(n_trials, lambda trial: math.sin(50 * trial.parameters["x"]), n_workers)
    trials = world.trials()
    assert len(trials) == n_trials
    assert {trial.state for trial in trials} == {TrialState.SUCCEEDED}
    assert any(trial.parameters["epochs"] == 9 for trial in trials)


def test_paused_trials_wait_while_anything_runs(world):
    first, second = world.suggest(2, n_trials=2)
    world.end(first, 0.5)
    assert world.suggest(n_trials=2) == []
    assert world.service.trial(NAME, 1).is_paused
    world.end(second, 0.7)
    (last,) = world.suggest(n_trials=2)
    assert (last.id, last.parameters["epochs"]) == (1, 9)
    assert world.suggest(n_trials=2) == []
    world.end(last, 0.2)
    assert world.suggest(n_trials=2) == []
    ended = world.trials()
    assert [trial.state for trial in ended] == [TrialState.SUCCEEDED] * 2
    assert [bool(trial.stopping_reason) for trial in ended] == [False, True]


def test_a_lost_attempt_keeps_its_larger_budget(world):
    for trial, loss in zip(world.suggest(3), (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    (promoted,) = world.suggest()
    world.service.release_trial(NAME, promoted.id, attempt=promoted.attempt, lost=True)
    assert not world.service.trial(NAME, promoted.id).is_paused
    (again,) = world.suggest()
    assert (again.id, again.attempt, again.parameters["epochs"]) == (promoted.id, 3, 3)


def test_a_trial_that_fails_at_a_larger_budget_is_infeasible(world):
    for trial, loss in zip(world.suggest(3), (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    (promoted,) = world.suggest()
    assert world.end(promoted, math.nan).state is TrialState.INFEASIBLE
    assert world.suggest()[0].id == 4


def test_a_trial_that_somebody_stops_ends_with_what_it_has(world):
    (trial,) = world.suggest()
    world.service.request_stop(NAME, trial.id, "enough")
    assert world.end(trial, 0.5).state is TrialState.SUCCEEDED


def test_a_study_whose_time_is_over_promotes_nobody():
    world = World(replace(CONFIG, study_stopping=StudyStopping(max_duration_s=60.0)))
    for trial, loss in zip(world.suggest(3), (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    world.now += 100.0
    assert world.suggest() == []
    assert {trial.state for trial in world.trials()} == {TrialState.SUCCEEDED}
    assert {trial.parameters["epochs"] for trial in world.trials()} == {1}


def test_a_study_with_enough_trials_still_promotes():
    world = World(replace(CONFIG, study_stopping=StudyStopping(max_n_trials=9)))
    attempts = world.run(100, lambda trial: trial.parameters["x"])
    assert len(world.trials()) == 9
    assert {budget for _, budget in attempts} == {1, 3, 9}


def test_without_a_rule_nothing_is_paused():
    world = World(replace(CONFIG, early_stopping=None))
    assert world.run(3, lambda trial: 1.0) == [(1, 9), (2, 9), (3, 9)]


def test_a_budget_of_ones_own_is_kept_and_one_left_out_is_chosen(world):
    assert world.service.add_trial(NAME, {"x": 0.5}).parameters["epochs"] == 1
    own = world.service.add_trial(NAME, {"x": 0.6, "epochs": 4})
    known = world.service.add_trial(NAME, {"x": 0.7}, measurement=Measurement({"loss": 1.0}))
    assert known.parameters["epochs"] == 9
    assert known.state is TrialState.SUCCEEDED
    _, given = world.suggest(2)
    assert given == replace(own, state=given.state, client_id="0", attempt=1, started_at=1000.0)
    assert world.end(given, 0.3).is_paused


def test_algorithms_see_results_as_if_of_one_budget(world):
    for trial, loss in zip(world.suggest(3), (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    (promoted,) = world.suggest()
    world.end(promoted, 0.01)
    world.service.add_trial(NAME, {"x": 0.9, "epochs": 1}, infeasible_reason="no")
    running = world.suggest(2)
    config, snapshot = world.algorithm.asked[-1]
    assert config == CONFIG.searched
    assert all(set(trial.parameters) == {"x"} for trial in snapshot.completed)
    seen = {trial.id: trial.final_measurement for trial in snapshot.completed}
    assert [seen[i].metrics["loss"] for i in (1, 2, 3)] == pytest.approx([0.41, 0.01, 0.81])
    assert seen[4] is None
    _, later = problem_of(world.service.study(NAME), world_snapshot(world))
    assert {trial.id for trial in later.pending} == {trial.id for trial in running}


def test_unsafe_trials_go_on_only_where_no_safe_one_is_left():
    metrics = (*CONFIG.metrics, Metric("latency", Goal.MINIMIZE, safety_threshold=10.0))
    world = World(replace(CONFIG, metrics=metrics))
    for trial, loss, latency in zip(world.suggest(3), (0.1, 0.5, 0.9), (99, 9, 8), strict=True):
        measured = Measurement({"loss": loss, "latency": latency})
        world.service.complete_trial(NAME, trial.id, measurement=measured)
    assert world.suggest()[0].id == 2


def test_an_earlier_study_with_budgets_is_learnt_from_as_if_it_had_none(world):
    world.run(9, lambda trial: trial.parameters["x"])
    later = StudyName("default", "later")
    config = replace(CONFIG.searched, early_stopping=None, prior_studies=(NAME,))
    world.now += 1.0
    world.service.create_study(later, config)
    world.service.suggest_trials(later, 1, "c")
    (prior,) = world.algorithm.asked[-1][1].prior_studies
    assert prior.config == CONFIG.searched
    assert [set(trial.parameters) for trial in prior.completed] == [{"x"}] * 9


def world_snapshot(world) -> Snapshot:
    trials = world.trials()
    return Snapshot(
        completed=[trial for trial in trials if trial.state.is_final],
        pending=[trial for trial in trials if not trial.state.is_final],
    )


def play_at_random(world: World, rng: random.Random, n_trials: int) -> None:
    """Run a study whose attempts end well, fail, are lost, put back or stopped."""
    running: list[Trial] = []
    while True:
        running += world.suggest(rng.randint(1, 4), n_trials)
        if not running:
            return
        trial = running.pop(rng.randrange(len(running)))
        match rng.choice(["end"] * 6 + ["fail", "lose", "release", "stop"]):
            case "end":
                world.end(trial, rng.choice([0.0, 0.5, 1.0, rng.random()]))
            case "fail":
                world.service.complete_trial(NAME, trial.id, infeasible_reason="it crashed")
            case "stop":
                world.service.request_stop(NAME, trial.id, "enough")
                world.end(trial, 0.5)
            case how:
                lost = how == "lose"
                world.service.release_trial(NAME, trial.id, attempt=trial.attempt, lost=lost)


@given(st.integers(0, 2**32), st.integers(1, 15), st.sampled_from(["asha", "hyperband"]))
def test_whatever_happens_a_study_comes_to_its_end(seed: int, n_trials: int, rule: str) -> None:
    world = World(replace(CONFIG, early_stopping=EarlyStopping(rule)))
    play_at_random(world, random.Random(seed), n_trials)
    trials = world.trials()
    assert len(trials) == n_trials
    for trial in trials:
        assert trial.state.is_final
        budgets = [rung.budget for rung in trial.rungs]
        attempts = [rung.attempt for rung in trial.rungs]
        assert budgets == sorted(set(budgets))
        assert attempts == sorted(set(attempts))
        assert trial.parameters["epochs"] >= max(budgets, default=1)
        if trial.stopping_reason.startswith("paused"):
            assert trial.final_measurement == trial.rungs[-1].measurement
            assert trial.parameters["epochs"] == budgets[-1] < 9
    ran_on = [trial for trial in trials if trial.rungs and trial.state is TrialState.SUCCEEDED]
    if ran_on and not any(trial.stopping_reason == "enough" for trial in trials):
        assert any(trial.rungs[-1].budget == 9 for trial in trials if trial.rungs)


def test_suggestions_can_be_computed_again():
    world = World(replace(CONFIG, seed=4), GpBandit())
    world.run(14, lambda t: abs(t.parameters["x"] - 0.3) + 1 / t.parameters["epochs"], 3)
    trials, study = world.trials(), world.service.study(NAME)
    for trial in trials:
        revision = int(trial.metadata[SUGGESTION_NAMESPACE]["revision"])
        problem = problem_of(study, snapshot_at(revision, trials))
        made = [one.id for one in trials if revision_of(one) == revision]
        again = dict(zip(made, GpBandit().suggest(*problem, made), strict=True))
        assert again[trial.id].parameters["x"] == pytest.approx(trial.parameters["x"], abs=1e-6)


def revision_of(trial: Trial) -> int:
    return int(trial.metadata[SUGGESTION_NAMESPACE]["revision"])


def test_rules_are_checked_and_a_study_keeps_its_fidelity(world):
    with pytest.raises(InvalidInputError, match="with a fidelity parameter the rule is"):
        world.service.edit_study(NAME, StudyEdit(early_stopping=EarlyStopping("median")))
    hyperband = EarlyStopping("hyperband")
    study = world.service.edit_study(NAME, StudyEdit(early_stopping=hyperband))
    assert study.config.early_stopping == hyperband
    with pytest.raises(StudyMismatchError, match="fidelity: was epochs, is none"):
        world.service.create_study(NAME, replace(CONFIG, fidelity=None))


def test_budgets_may_be_edited_while_trials_are_paused(world):
    for trial, loss in zip(world.suggest(3), (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    world.service.edit_study(NAME, StudyEdit(parameters={"epochs": Integer(3, 81)}))
    assert all(trial.is_paused for trial in world.trials())
    (promoted,) = world.suggest()
    # Of 3, 9, 27 and 81 what was measured after one epoch counts as the smallest.
    assert (promoted.id, promoted.parameters["epochs"]) == (2, 9)
    with pytest.raises(InvalidInputError, match="must be one that always exists, got 'epochs'"):
        world.service.edit_study(NAME, StudyEdit(remove=("epochs",)))


def test_a_paused_trial_goes_on_with_what_an_edit_has_added(world):
    trials = world.suggest(3)
    for trial, loss in zip(trials, (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    edit = StudyEdit(parameters={"depth": Integer(1, 5)}, old_values={"depth": 2})
    world.service.edit_study(NAME, edit)
    (promoted,) = world.suggest(1)
    assert promoted.id == 2
    assert promoted.parameters == {"x": trials[1].parameters["x"], "epochs": 3, "depth": 2}


def test_an_own_trial_that_is_given_again_has_what_an_edit_has_added(world):
    (trial,) = world.service.suggest_trials(NAME, 1, "mine")
    edit = StudyEdit(parameters={"depth": Integer(1, 5)}, old_values={"depth": 2})
    world.service.edit_study(NAME, edit)
    (again,) = world.service.suggest_trials(NAME, 1, "mine")
    assert again.id == trial.id
    assert again.parameters == {**trial.parameters, "depth": 2}


def test_a_trial_that_uses_up_its_budget_after_the_study_has_ended_ends_too(world):
    first, second = world.suggest(2)
    world.end(first, 0.5)
    world.service.set_study_state(NAME, StudyState.COMPLETED)
    assert world.service.trial(NAME, first.id).state is TrialState.SUCCEEDED
    ended = world.end(second, 0.25)
    assert ended.state is TrialState.SUCCEEDED
    assert ended.final_measurement == Measurement({"loss": 0.25})
    assert ended.stopping_reason
    assert world.service.counts(NAME).pending == 0


def test_a_study_that_was_stopped_promotes_nothing(world):
    for trial, loss in zip(world.suggest(3), (0.5, 0.1, 0.9), strict=True):
        world.end(trial, loss)
    world.service.set_study_state(NAME, StudyState.INACTIVE)
    with pytest.raises(ConflictError):
        world.suggest(1)
    assert world.service.counts(NAME).active == 0


@pytest.mark.parametrize("n_not_finite", [2, 3])
def test_a_trial_with_a_budget_stops_only_if_it_diverges(world, n_not_finite):
    (trial,) = world.suggest()
    points = [Measurement({"loss": 1.0}, step=1)]
    points += [Measurement({"loss": math.nan}, step=2 + i) for i in range(n_not_finite)]
    world.service.add_measurements(NAME, trial.id, points)
    state = world.service.check_stopping(NAME, trial.id).state
    assert state is (TrialState.STOPPING if n_not_finite == 3 else TrialState.ACTIVE)
