"""Problems of other kinds: their known fronts, their losses, and runs of them."""

import json

import numpy as np
import pytest
from problem_kinds.objectives import Objectives, non_dominated
from problem_kinds.references import FILE
from problem_kinds.registry import SUITES, get_problem
from problem_kinds.session import play
from problems.spaces import sample
from runner.records import RunSpec

ANALYTIC = ["zdt1_d3", "zdt2_d4", "zdt3_d4", "dtlz2_m2_d4", "dtlz2_m3_d5"]


class RandomHost:
    """Suggests random points and keeps what it is told."""

    hello = {"import_cpu_s": 0.0, "versions": {}}  # noqa: RUF012 - a message

    def __init__(self, space):
        self.space, self.rng = space, np.random.default_rng(0)
        self.started, self.told = None, []

    def request(self, **message):
        if message["op"] == "start":
            self.started = message
        if message["op"] == "tell":
            self.told.append(message["value"])
        point = {"id": len(self.told), "params": sample(self.space, self.rng)}
        return {"points": [point], "cpu_s": 0.0, "rss_mb": 1.0}


@pytest.mark.parametrize("name", ANALYTIC)
def test_no_point_is_better_than_the_known_front(name):
    problem = get_problem(name)
    rng = np.random.default_rng(1)
    Y = np.array([problem.true_outcome(sample(problem.space, rng)) for _ in range(500)])
    front = problem.front()
    beats = (Y[:, None, :] < front[None] - 1e-9).all(axis=2)
    assert not beats.any()
    assert problem.loss(front.tolist()) == pytest.approx(0.0, abs=1e-9)
    assert 0 < problem.loss(Y.tolist()) <= 1


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_front_is_reached_where_the_distance_is_least(name):
    problem = get_problem(name)
    n_positions = len(problem.metrics) - 1
    params = {p["name"]: 0.5 if i < n_positions else 0.35 for i, p in enumerate(problem.space)}
    y = np.array(problem.true_outcome(params))
    if name.startswith("dtlz2"):
        assert np.linalg.norm(y) == pytest.approx(1.0)
    else:
        # Near the curve; in the gaps of ZDT3 a point of it is not optimal.
        assert (problem.front() <= y + 2e-3).all(axis=1).any()


def test_a_known_volume_counts_in_place_of_that_of_the_front():
    ends = np.array([[10.0, 300.0], [20.0, 100.0]])
    problem = Objectives(
        "p", [], ("f1", "f2"), lambda _: [], lambda: ends, margin=0.0, volume=lambda: 0.5
    )
    # Half-way in both objectives: a quarter of the square between ideal and nadir point.
    assert problem.loss([[15.0, 200.0], [30.0, 90.0]]) == pytest.approx(0.5)
    assert problem.loss([[20.0, 200.0]]) == 1.0


def test_non_dominated_rows_of_two_losses():
    Y = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 2.0], [3.0, 1.0], [3.0, 3.0], [1.0, 4.0]])
    assert non_dominated(Y).tolist() == [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]


def test_a_run_records_the_loss_after_each_trial():
    problem = get_problem("zdt1_d3")
    host = RandomHost(problem.space)
    record = play(RunSpec("random", "zdt1_d3", 0, 12), problem, host)
    assert record["status"] == "ok"
    assert record["category"] == "several_objectives"
    assert host.started["metrics"] == ["f1", "f2"]
    assert all(len(value) == 2 for value in host.told)
    losses = record["true"]
    assert len(losses) == 12
    assert losses == sorted(losses, reverse=True)
    assert record["recommended"]["10"] == pytest.approx(losses[9], rel=1e-5)


def test_every_problem_of_the_suites_has_a_reference():
    known = json.loads(FILE.read_text())
    assert set(known) == {name for suite in SUITES.values() for name in suite}
    assert all(entry["random50"] > 0 for entry in known.values())
    for suite in ("objectives", "constrained"):
        assert not set(SUITES[suite]) & set(SUITES[f"{suite}_development"])


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError, match="no problem has the name"):
        get_problem("zdt9_d3")
