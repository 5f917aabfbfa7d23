"""The simulation of early stopping: its clock, what it counts, and its intervals."""

import gzip
import json

import numpy as np
import pytest
from stopping.budgets import play
from stopping.report import interval, tables
from stopping.rules import make_decider
from stopping.simulation import LABELS, Setup, Study
from stopping.tasks import Task

from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace

N_STEPS = 20


@pytest.fixture
def task():
    """100 configurations whose final loss is x; all of them fall at the same speed."""
    pool = np.linspace(0.0, 1.0, 100)[:, None]

    def curve_of(values, used):
        return float(values["x"]) + 3.0 * np.exp(-np.arange(1.0, N_STEPS + 1) / 5.0)

    space = SearchSpace({"x": Double(0.0, 1.0)})
    return Task("made", N_STEPS, space, pool, pool[:, 0] + 3.0 * np.exp(-4.0), curve_of)


def run(task, decider, **fields):
    return Study(task, Setup(decider, **{"order": "random", **fields})).run()


def test_without_stopping_every_step_is_made(task):
    found = run(task, "none", n_trials=30)
    assert (found["epochs"], found["n_stopped"], found["wrong"]) == (1.0, 0, False)
    assert found["path"][-1][0] <= 30 * N_STEPS


def test_workers_share_the_time_and_change_nothing_else_without_stopping(task):
    alone, many = (run(task, "none", n_trials=30, n_workers=w) for w in (1, 8))
    assert many["regret"] == alone["regret"]
    assert 1 / 9 < many["time"] / alone["time"] < 1 / 5


def test_a_rule_saves_steps_and_keeps_the_best(task):
    plain, saving = run(task, "none"), run(task, "default")
    assert saving["epochs"] < 0.6
    assert saving["regret"] == plain["regret"]
    assert not saving["wrong"]


@pytest.mark.parametrize("label", LABELS)
def test_every_label_can_be_told_to_the_optimizer(task, label):
    found = run(task, "default", order="wazir", n_trials=25, n_workers=4, label=label)
    assert found["n_stopped"] > 0
    assert found["regret"] < 0.2


def test_the_same_seed_gives_the_same_study(task):
    setup = {"order": "wazir", "n_trials": 20, "seed": 3}
    assert run(task, "default", **setup) == run(task, "default", **setup)


def test_an_unknown_decider_is_refused():
    with pytest.raises(Exception, match="stopping rule"):
        make_decider("best", 10, 0)


def test_the_report_pairs_studies_by_task_and_seed(task, tmp_path):
    path = tmp_path / "runs.jsonl.gz"
    with gzip.open(path, "wt") as file:
        for decider, label in (("none", "last"), ("default", "expected"), ("default", "last")):
            for seed in range(3):
                setup = Setup(decider, "random", 1, 30, seed, label)
                record = {"task": "lcbench:1", **vars(setup), **Study(task, setup).run()}
                file.write(json.dumps(record) + "\n")
    text = tables([path], "none")
    assert "## lcbench, order: random, workers: 1" in text
    assert "| default | 3 |" in text
    assert "| default (last) | 3 |" in text
    assert "+0.000 [+0.000, +0.000]" in text


def test_the_interval_resamples_tasks_and_seeds():
    keys = [(task, seed) for task in "abcdef" for seed in range(4)]
    rng = np.random.default_rng(1)
    low, mean, high = interval(keys, 0.5 + 0.1 * rng.standard_normal(24))
    assert low < mean < high
    assert low > 0.4
    assert high < 0.6


@pytest.mark.parametrize("n_workers", [1, 4])
def test_budgets_cost_a_part_and_find_what_the_ranks_show(task, n_workers):
    setup = Setup("budgets:asha", order="random", n_workers=n_workers, n_trials=27)
    found = play(task, setup)
    whole = run(task, "none", n_workers=n_workers, n_trials=27)
    assert found["epochs"] < 0.4
    assert found["time"] < whole["time"]
    # Curves do not cross, so that the best of all is never left behind.
    assert found["regret"] == pytest.approx(whole["regret"])
    assert not found["wrong"]
    assert 18 <= found["n_stopped"] < 27


def test_budgets_for_the_optimizer_with_either_label(task):
    found = [
        play(task, Setup("budgets:hyperband", order="wazir", n_trials=9, label=label))
        for label in ("rank", "last")
    ]
    assert all(one["epochs"] < 1.0 and one["regret"] is not None for one in found)
