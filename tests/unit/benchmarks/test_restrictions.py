"""Problems with restrictions: their best values, their losses, and what peers are told of them."""

from collections import deque

import numpy as np
import pytest
from problem_kinds import bounded
from problem_kinds.constrained import Constrained
from problem_kinds.registry import get_problem
from problem_kinds.session import MOST_REFUSED, play
from problems.classic import classic
from problems.spaces import double, sample
from runner.records import RunSpec

from wazir.domain.expressions import parse_expression

FUNCTIONS = [
    "failing_half_rastrigin_d3_s11",
    "failing_ball_rosenbrock_d5_s11",
    "known_order_rosenbrock_d4_s12",
    "known_sum_rastrigin_d4_s12",
]


class ListedHost:
    """Suggests given values of x and keeps what it is told."""

    hello = {"import_cpu_s": 0.0, "versions": {}}  # noqa: RUF012 - a message

    def __init__(self, *values):
        self.waiting = deque(values)
        self.started, self.told = None, []

    def request(self, **message):
        if message["op"] == "start":
            self.started = message
        if message["op"] == "tell":
            self.told.append(message["value"])
        points = []
        if message["op"] == "ask":
            points = [{"id": len(self.told), "params": {"x": self.waiting.popleft()}}]
        return {"points": points, "cpu_s": 0.0, "rss_mb": 1.0}


def restricted(**given):
    """A line that falls, and fails beyond 9; by default of one metric."""

    def function(params):
        x = params["x"]
        return None if x > 9 else [-x, *(x for _ in given.get("limits", {}))]

    return Constrained("line", "limits", [double("x", 0.0, 10.0)], function, best=-9.0, **given)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_known_minimiser_keeps_the_restriction_and_is_the_best(name):
    problem = get_problem(name)
    base, dimension, seed = name.split("_")[2:]
    minimiser = classic(name, base, int(dimension[1:]), int(seed[1:])).starts[0]
    assert all(excess(minimiser) <= 0 for excess in problem.constraints.values())
    assert problem.loss([problem.true_outcome(minimiser)]) == pytest.approx(0.0, abs=1e-9)
    rng = np.random.default_rng(1)
    outcomes = [problem.true_outcome(sample(problem.space, rng)) for _ in range(300)]
    assert problem.loss(outcomes) > 0
    restricts = [it is None for it in outcomes] if name.startswith("failing") else [True]
    assert any(restricts)


@pytest.mark.parametrize("name", FUNCTIONS[2:])
def test_expressions_and_excesses_agree(name):
    problem = get_problem(name)
    rng = np.random.default_rng(2)
    points = [sample(problem.space, rng) for _ in range(200)]
    for text, excess in problem.constraints.items():
        expression = parse_expression(text)
        verdicts = [bool(expression.evaluate(point)) for point in points]
        assert verdicts == [excess(point) <= 0 for point in points]
        assert len(set(verdicts)) == 2


def test_the_expressions_of_tables_agree_with_their_excesses():
    cells = [
        {"batch_size": b, "width": w, "depth": d, "n_units_1": w, "n_units_2": 4 * b}
        for b in (4, 64, 256)
        for w in (16, 101, 512)
        for d in (1, 3)
    ]
    for constraints in bounded.TABLES.values():
        for text, excess in constraints.items():
            expression = parse_expression(text)
            assert all(bool(expression.evaluate(c)) == (excess(c) <= 0) for c in cells)


def test_the_loss_is_that_of_the_best_trial_within_the_limits():
    problem = restricted(limits={"x": 5.0})
    assert problem.loss([[-8.0, 8.0], None]) == np.inf
    assert problem.loss([[-8.0, 8.0], None, [-5.0, 5.0], [-2.0, 2.0]]) == pytest.approx(4.0)


def test_limited_metrics_and_failures_are_told():
    host = ListedHost(8.0, 9.5, 4.0)
    record = play(RunSpec("random", "line", 0, 3), restricted(limits={"x": 5.0}), host)
    assert host.started["limits"] == {"x": 5.0}
    assert host.told == [[-8.0, 8.0], None, [-4.0, 4.0]]
    assert record["true"] == [np.inf, np.inf, 5.0]


def test_a_single_metric_is_told_as_a_number():
    host = ListedHost(8.0)
    play(RunSpec("random", "line", 0, 1), restricted(), host)
    assert host.told == [-8.0]


def test_points_beyond_known_constraints_are_told_and_cost_no_trial():
    problem = restricted(constraints={"x <= 5": lambda params: params["x"] - 5.0})
    host = ListedHost(8.0, 6.0, 4.0, 7.0, 3.0)
    record = play(RunSpec("random", "line", 0, 2), problem, host)
    assert host.started["constraints"] == []
    assert host.started["limits"] == {"x <= 5": 0.0}
    assert host.told == [[-8.0, 3.0], [-6.0, 1.0], [-4.0, -1.0], [-7.0, 2.0], [-3.0, -2.0]]
    assert record["true"] == [5.0, 5.0]


def test_a_peer_that_never_fulfils_a_constraint_comes_to_an_end():
    problem = restricted(constraints={"x <= 5": lambda params: params["x"] - 5.0})
    host = ListedHost(*[8.0] * (2 * MOST_REFUSED + 2))
    record = play(RunSpec("random", "line", 0, 2), problem, host)
    assert record["status"] == "ok"
    assert record["true"] == [np.inf, np.inf]


def test_wazir_gets_constraints_as_expressions():
    problem = restricted(constraints={"x <= 5": lambda params: params["x"] - 5.0})
    host = ListedHost(4.0)
    play(RunSpec("wazir", "line", 0, 1), problem, host)
    assert host.started["constraints"] == ["x <= 5"]
    assert host.started["limits"] == {}
    assert host.told == [-4.0]
