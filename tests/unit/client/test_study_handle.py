"""The Study and Trial handles of a Python user."""

import importlib
import json
import sys

import numpy as np
import pytest

import wazir
from wazir.domain.errors import ConflictError, InvalidInputError, NotFoundError
from wazir.domain.trials import TrialState


@pytest.fixture
def study():
    return wazir.create_study(
        "s",
        parameters={"x": wazir.Double(0, 1), "kind": wazir.Categorical(["a", "b"])},
        minimize="loss",
        algorithm="random",
        seed=3,
        storage=":memory:",
    )


def test_ask_and_tell(study):
    trial = study.suggest()
    assert (trial.id, str(trial.state)) == (1, "ACTIVE")
    trial.report(0.9, step=3)
    trial.report({"loss": 0.8, "accuracy": 0.5}, step=4)
    trial.complete(0.7)
    assert (trial.state, trial.value, trial.metrics) == (TrialState.SUCCEEDED, 0.7, {"loss": 0.7})
    assert [m.step for m in trial.measurements] == [3, 4]
    assert study.best_trial.id == 1


def test_each_call_of_suggest_gives_another_trial_unless_a_client_is_named(study):
    assert [study.suggest().id for _ in range(3)] == [1, 2, 3]
    assert study.suggest(client_id="me").id == study.suggest(client_id="me").id


def test_a_batch_is_a_list_of_different_trials(study):
    batch = study.suggest(count=3)
    assert [trial.id for trial in batch] == [1, 2, 3]
    assert len({trial.parameters["x"] for trial in batch}) == 3
    mine = study.suggest(count=2, client_id="me")
    assert [t.id for t in study.suggest(count=2, client_id="me")] == [t.id for t in mine]
    assert [trial.id for trial in study.suggest(count=1)] == [6]


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_a_batch_has_a_size(study, count):
    with pytest.raises(InvalidInputError, match="count must lie in"):
        study.suggest(count=count)


def test_optimize_runs_to_a_total_and_goes_on(study):
    study.optimize(lambda trial: trial.parameters["x"], trials=5)
    assert [trial.state for trial in study.trials] == [TrialState.SUCCEEDED] * 5
    study.optimize(lambda trial: trial.parameters["x"], trials=7)
    assert len(study.trials) == 7
    assert study.best_trial.value == min(trial.value for trial in study.trials)


def test_an_exception_makes_the_trial_infeasible_with_its_traceback(study):
    def fails(trial):
        if trial.id == 2:
            raise ValueError("no such layer")
        return 1.0

    study.optimize(fails, trials=3)
    failed = study.trial(2)
    assert failed.state is TrialState.INFEASIBLE
    first, _, rest = failed.infeasible_reason.partition("\n")
    assert first == "ValueError: no such layer"
    assert "in fails" in rest


@pytest.mark.parametrize("result", [None, "0.3", True, {}, {"loss": "x"}])
def test_a_result_that_is_no_number_is_said(study, result):
    study.optimize(lambda trial: result, trials=1)
    assert study.trial(1).state is TrialState.INFEASIBLE
    assert "the objective returned" in study.trial(1).infeasible_reason


def test_a_keyboard_interrupt_puts_the_trial_back(study):
    def interrupts(trial):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.optimize(interrupts, trials=3)
    assert [trial.state for trial in study.trials] == [TrialState.REQUESTED]
    study.optimize(lambda trial: 1.0, trials=3)
    assert study.trial(1).attempt == 2


def test_an_objective_may_complete_its_trial_itself(study):
    def ends_itself(trial):
        trial.mark_infeasible("too slow")

    study.optimize(ends_itself, trials=1)
    assert study.trial(1).infeasible_reason == "too slow"


def test_known_results_and_points_in_line(study):
    study.add_trial({"x": 0.25, "kind": "a"}, 0.1)
    study.add_trial({"x": 0.5, "kind": "b"})
    assert [str(trial.state) for trial in study.trials] == ["SUCCEEDED", "INFEASIBLE"]
    study.enqueue({"x": 0.75})
    trial = study.suggest()
    assert trial.parameters == {"x": 0.75, "kind": "a"}


def test_a_study_without_success_has_no_best_trial(study):
    with pytest.raises(NotFoundError, match="no trial has succeeded"):
        _ = study.best_trial
    with pytest.raises(NotFoundError, match="no trial has succeeded"):
        _ = study.recommendation


def test_the_recommendation_of_few_results_is_the_best_trial(study):
    for x in (0.3, 0.1, 0.2):
        study.add_trial({"x": x, "kind": "a"}, x)
    found = study.recommendation
    assert (found.trial_id, found.value, found.is_by_model) == (2, 0.1, False)
    assert study.best_trial.id == found.luckiest_trial_id


def test_a_stopped_study_gives_no_trials(study):
    study.stop()
    with pytest.raises(ConflictError, match="INACTIVE"):
        study.suggest()
    study.resume()
    assert study.suggest().id == 1


def test_an_ended_trial_stays_as_it_is(study):
    trial = study.suggest()
    trial.complete(1.0)
    trial.complete(1.0)
    with pytest.raises(ConflictError, match="SUCCEEDED"):
        trial.mark_infeasible("changed my mind")


def test_lambdas_cannot_run_in_other_processes(study):
    with pytest.raises(InvalidInputError, match="parallel=1"):
        study.optimize(lambda trial: 1.0, trials=2, parallel=2)


@pytest.mark.parametrize(("trials", "parallel"), [(0, 1), (1, 0)])
def test_counts_below_one_are_refused(study, trials, parallel):
    with pytest.raises(InvalidInputError, match="at least 1"):
        study.optimize(json.dumps, trials=trials, parallel=parallel)


def test_no_metric_no_study():
    with pytest.raises(InvalidInputError, match="minimize or maximize"):
        wazir.create_study("s", parameters={"x": wazir.Double(0, 1)}, storage=":memory:")


def test_an_unknown_algorithm_gets_a_proposal():
    with pytest.raises(InvalidInputError, match="did you mean 'RANDOM"):
        wazir.create_study(
            "s",
            parameters={"x": wazir.Double(0, 1)},
            minimize="y",
            algorithm="randon",
            storage=":memory:",
        )


def test_the_public_names_are_those_listed_and_sorted():
    assert wazir.__all__ == sorted(wazir.__all__)
    for name in wazir.__all__:
        assert getattr(wazir, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = wazir.nothing


def test_trials_as_a_dataframe(study):
    study.optimize(lambda trial: trial.parameters["x"], trials=2)
    study.add_trial({"x": 0.5, "kind": "a"})
    frame = study.to_dataframe()
    assert list(frame["id"]) == [1, 2, 3]
    assert list(frame["state"]) == ["SUCCEEDED", "SUCCEEDED", "INFEASIBLE"]
    assert list(frame["x"])[:2] == list(frame["loss"])[:2]


def test_a_missing_pandas_is_said(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InvalidInputError, match="pip install pandas"):
        study.to_dataframe()


SLOW_DESCENT = """
def slow_descent(trial):
    for step in range(1, 21):
        trial.report(trial.parameters["x"], step=step)
        if trial.should_stop():
            break
    return trial.parameters["x"]
"""


@pytest.mark.parametrize("parallel", [1, 2])
def test_an_objective_is_told_to_stop(parallel, tmp_path, monkeypatch):
    (tmp_path / "descending.py").write_text(SLOW_DESCENT)
    monkeypatch.syspath_prepend(tmp_path)
    slow_descent = importlib.import_module("descending").slow_descent
    study = wazir.create_study(
        "s",
        parameters={"x": wazir.Double(0, 8)},
        minimize="loss",
        algorithm="GRID_SEARCH",
        early_stopping="default",
        seed=1,
        storage=":memory:",
    )
    study.optimize(slow_descent, trials=8, parallel=parallel, progress=False)
    stopped = [trial for trial in study.trials if trial.stopping_reason]
    assert {str(trial.state) for trial in study.trials} == {"SUCCEEDED"}
    assert stopped
    assert all(len(trial.measurements) < 20 for trial in stopped)
    assert all(trial.value == trial.parameters["x"] for trial in stopped)
    assert not study.best_trial.stopping_reason


def test_a_study_ends_by_its_own_rule():
    study = wazir.create_study(
        "s",
        parameters={"x": wazir.Double(0, 8)},
        minimize="loss",
        algorithm="RANDOM_SEARCH",
        stop_when="no improvement in 4 trials",
        seed=1,
        storage=":memory:",
    )
    study.optimize(lambda trial: 1.0, trials=50, progress=False)
    assert len(study.trials) == 5
    with pytest.raises(
        NotFoundError, match="by its own rule: no improvement in the last 4 trials"
    ):
        study.suggest()


@pytest.fixture
def two():
    return wazir.create_study(
        "two",
        parameters={"x": wazir.Double(0, 1)},
        minimize="latency",
        maximize="accuracy",
        reference={"latency": 2},
        algorithm="random",
        seed=3,
        storage=":memory:",
    )


BOTH = """
def both(trial):
    x = trial.parameters["x"]
    return x, 1 - (1 - x) ** 2
"""


@pytest.mark.parametrize("parallel", [1, 2])
def test_an_objective_may_return_several_values_in_the_order_of_the_metrics(
    two, parallel, tmp_path, monkeypatch
):
    (tmp_path / "giving_both.py").write_text(BOTH)
    monkeypatch.syspath_prepend(tmp_path)
    both = importlib.import_module("giving_both").both
    two.optimize(both, trials=6, parallel=parallel, progress=False)
    assert [m.reference_value for m in two.config.objectives] == [2, None]
    for trial in two.trials:
        assert trial.metrics["latency"] == trial.parameters["x"]
    optimal = two.optimal_trials()
    assert len(optimal) == 6
    assert [t.value for t in optimal] == sorted(t.value for t in optimal)
    assert two.hypervolume > 0


@pytest.mark.parametrize(
    "result", [[1.0, 2.0], np.array([1.0, 2.0]), {"accuracy": 2.0, "latency": 1.0}]
)
def test_several_values_in_any_container(two, result):
    two.optimize(lambda trial: result, trials=1, progress=False)
    assert two.trials[0].metrics == {"latency": 1.0, "accuracy": 2.0}
    assert repr(two.trials[0]).startswith("<Trial 1 SUCCEEDED latency=1.0 accuracy=2.0 x=")


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (1.0, "the study has 2 objectives, got 1.0"),
        ((1.0, 2.0, 3.0), "the study has 2 objectives, got"),
        ((1.0, "2"), "metric 'accuracy' must be a number"),
        ({"latency": 1.0}, "no value of 'accuracy' was reported, only of 'latency'"),
        ((1.0, float("nan")), "'accuracy' is nan"),
        ("12", "the study has 2 objectives"),
    ],
)
def test_a_result_without_every_objective_is_infeasible(two, result, reason):
    two.optimize(lambda trial: result, trials=1, progress=False)
    assert str(two.trials[0].state) == "INFEASIBLE"
    assert reason in two.trials[0].infeasible_reason
    assert two.optimal_trials() == []
    assert two.hypervolume == 0


def test_no_single_trial_is_the_best_for_several_objectives(two):
    with pytest.raises(InvalidInputError, match="several objectives: latency, accuracy"):
        _ = two.best_trial


def test_with_one_objective_the_best_trial_is_the_optimal_one(study):
    study.optimize(lambda trial: (trial.parameters["x"],), trials=4, progress=False)
    assert [trial.id for trial in study.optimal_trials()] == [study.best_trial.id]


def test_a_study_is_edited_and_keeps_the_history(study):
    study.optimize(lambda trial: trial.parameters["x"], trials=3)
    same = study.update(
        parameters={"x": wazir.Double(0, 5), "n": wazir.Integer(1, 9)},
        old_values={"n": 4},
        freeze={"kind": "a"},
        n_trials=20,
        algorithm="tpe",
        early_stopping="median",
        stop_when="no improvement in 9 trials",
    )
    assert same is study
    assert study.config.algorithm == "TPE"
    assert study.config.planned_n_trials == 20
    assert [trial.parameters["n"] for trial in study.trials] == [4, 4, 4]
    assert study.suggest().parameters.keys() == {"x", "kind", "n"}
    study.update(early_stopping="none", stop_when="none", remove="n")
    assert (study.config.early_stopping, study.config.study_stopping) == (None, None)
    first, second = study.edits
    assert first.changes[0] == "x: was DOUBLE 0 to 1, is DOUBLE 0 to 5"
    assert second.changes[0] == "n: INTEGER 1 to 9 is not there any more"


def test_an_edit_is_seen_by_other_handles_of_the_study(tmp_path):
    options = {"parameters": {"x": wazir.Double(0, 1)}, "minimize": "loss"}
    first = wazir.create_study("s", storage=tmp_path / "w.db", **options)
    first.update(parameters={"x": wazir.Double(2, 3)})
    again = wazir.create_study("s", storage=tmp_path / "w.db", **options)
    assert 2 <= again.suggest().parameters["x"] <= 3
    assert again.enqueue({}).parameters == {"x": 2.5}


def test_a_wrong_edit_names_the_rule(study):
    study.suggest().complete(0.5)
    with pytest.raises(InvalidInputError, match="which value the 1 trials"):
        study.update(parameters={"n": wazir.Integer(1, 9)})
    with pytest.raises(InvalidInputError, match="did you mean 'kind'"):
        study.update(freeze={"kindd": "a"})
    assert study.edits == []


@pytest.fixture
def growing():
    return wazir.create_study(
        "growing",
        parameters={"x": wazir.Double(0, 1), "epochs": wazir.Integer(1, 9)},
        minimize="loss",
        algorithm="random",
        fidelity="epochs",
        seed=3,
        storage=":memory:",
    )


def test_telling_a_result_of_a_small_budget_pauses_a_trial(growing):
    told = [growing.suggest() for _ in range(3)]
    for trial, loss in zip(told, (0.5, 0.1, 0.9), strict=True):
        assert not trial.is_resumed
        trial.complete(loss)
        assert trial.is_paused
        assert trial.value == loss
    again = growing.suggest()
    assert (again.id, again.parameters["epochs"], again.is_resumed) == (2, 3, True)
    again.complete(0.05)
    growing.finish()
    assert str(growing.state) == "COMPLETED"
    assert [trial.value for trial in growing.trials] == [0.5, 0.05, 0.9]
    assert all(trial.stopping_reason for trial in growing.trials)
    assert growing.best_trial.id == 2


def test_an_objective_with_a_growing_budget_goes_on(growing):
    seen = []

    def objective(trial):
        seen.append((trial.id, trial.parameters["epochs"], trial.is_resumed))
        value = trial.parameters["x"] / trial.parameters["epochs"]
        if trial.id % 2:
            trial.complete(value)
        return value

    growing.optimize(objective, trials=9)
    assert len(growing.trials) == 9
    assert {trial.state for trial in growing.trials} == {TrialState.SUCCEEDED}
    assert {budget for _, budget, _ in seen} == {1, 3, 9}
    assert all(is_resumed == (budget > 1) for _, budget, is_resumed in seen)


GROWING = """
def growing(trial):
    assert trial.is_resumed == (trial.parameters["epochs"] > 1)
    return trial.parameters["x"] / trial.parameters["epochs"]
"""


def test_worker_processes_are_told_that_a_trial_goes_on(growing, tmp_path, monkeypatch):
    (tmp_path / "going_on.py").write_text(GROWING)
    monkeypatch.syspath_prepend(tmp_path)
    objective = importlib.import_module("going_on").growing
    growing.optimize(objective, trials=9, parallel=2, progress=False)
    assert [str(trial.state) for trial in growing.trials] == ["SUCCEEDED"] * 9
    assert max(trial.parameters["epochs"] for trial in growing.trials) == 9


def test_a_point_in_line_gets_the_first_budget(growing):
    growing.enqueue({"x": 0.5})
    assert growing.suggest().parameters == {"x": 0.5, "epochs": 1}


def test_a_growing_budget_takes_rules_of_its_own():
    with pytest.raises(InvalidInputError, match="with a fidelity parameter the rule is one of"):
        wazir.create_study(
            "s",
            parameters={"x": wazir.Double(0, 1), "epochs": wazir.Integer(1, 9)},
            minimize="loss",
            fidelity="epochs",
            early_stopping="patience",
            storage=":memory:",
        )


def test_advice_and_auto_stop():
    study = wazir.create_study(
        "s",
        parameters={"x": wazir.Double(-1, 2)},
        minimize="loss",
        auto_stop=True,
        min_improvement=0.01,
        seed=1,
        storage=":memory:",
    )
    assert study.advice().reason == "there are 0 results, and 8 are needed"
    study.optimize(lambda trial: (trial.parameters["x"] - 0.4) ** 2, trials=90, progress=False)
    assert 20 <= len(study.trials) < 60
    found = study.advice(n_more_trials=5)
    assert (found.n_more, found.more_than, found.n_results) == (5, 0.01, len(study.trials))
    assert study.advice().probability < 0.05
    assert study.advice(more_than=1e-12).probability > study.advice().probability
    with pytest.raises(
        NotFoundError, match=r"by its own rule: only .* chance that 10 more trials"
    ):
        study.suggest()
