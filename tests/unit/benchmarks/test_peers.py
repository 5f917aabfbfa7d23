"""What adapters share: the protocol of the host, axes, and the adapters without a library."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from latency.workload import SPACE as WORKLOAD
from latency.workload import points, value
from peers import simple
from peers import wazir as wazir_peer
from peers.axes import active, axes_of, children_at, complete
from peers.host import Channel, Session, serve_run
from peers.protocol import Setup

SPACE = [
    {"name": "rate", "type": "double", "min": 1e-5, "max": 1.0, "scale": "log"},
    {"name": "momentum", "type": "double", "min": 0.01, "max": 0.99, "scale": "reverse_log"},
    {"name": "layers", "type": "integer", "min": 1, "max": 64, "scale": "log"},
    {"name": "batch", "type": "discrete", "values": [16, 32, 100.5]},
    {"name": "kind", "type": "categorical", "values": ["a", "b", "c"]},
    {
        "name": "gamma",
        "type": "double",
        "min": 0.0,
        "max": 2.0,
        "scale": "linear",
        "parent": {"name": "kind", "values": ["a", "b"]},
    },
]
DEFAULT = {
    "rate": 0.001,
    "momentum": 0.9,
    "layers": 2,
    "batch": 32,
    "kind": "b",
    "gamma": 1.0,
}


class Counting:
    """An optimizer that counts, and ends after three points."""

    def __init__(self) -> None:
        self.told: list[tuple[int, float]] = []
        self.n_asked = 0

    def ask(self):
        if self.n_asked == 3:
            return None
        self.n_asked += 1
        return self.n_asked, {"x": self.n_asked}

    def tell(self, token, params, value):
        if value < 0:
            raise ValueError("negative")
        self.told.append((token, value))

    def observe(self, params, value):
        self.told.append((params["x"], value))

    def recommend(self):
        return {"x": min(self.told, key=lambda pair: pair[1])[0]}


START = {"op": "start", "space": SPACE, "seed": 0, "n_trials": 3}


def test_a_session_answers_each_request():
    optimizer = Counting()
    session = Session(lambda setup: optimizer)
    assert session.answer(START)["cpu_s"] >= 0
    answer = session.answer({"op": "ask", "count": 2})
    assert answer["points"] == [{"id": 0, "params": {"x": 1}}, {"id": 1, "params": {"x": 2}}]
    assert answer["rss_mb"] > 1
    session.answer({"op": "tell", "id": 1, "value": 0.5})
    session.answer({"op": "tell", "id": 0, "value": 1.5})
    session.answer({"op": "observe", "params": {"x": 9}, "value": 0.1})
    assert optimizer.told == [(2, 0.5), (1, 1.5), (9, 0.1)]
    assert session.answer({"op": "recommend"})["params"] == {"x": 9}
    assert len(session.answer({"op": "ask", "count": 5})["points"]) == 1


def test_lines_go_through_pipes_and_an_error_ends_the_run():
    to_host, from_host = os.pipe(), os.pipe()
    here, there = Channel(from_host[0], to_host[1]), Channel(to_host[0], from_host[1])
    requests = [{"op": "ask"}, {"op": "tell", "id": 0, "value": -1.0}, {"op": "end"}]
    answers = []
    for request in requests[:2]:
        here.send(request)

    class OneByOne:
        """The host's side: what is sent is read at once, as no two lines may wait together."""

        def receive(self):
            return requests.pop(0)

        def send(self, message):
            there.send(message)
            answers.append(here.receive())

    serve_run(OneByOne(), lambda setup: Counting(), START)
    assert answers[1]["points"][0]["params"] == {"x": 1}
    assert answers[2]["error"].startswith("ValueError: negative")
    assert len(answers) == 3
    for fd in (*to_host, *from_host):
        os.close(fd)


def test_a_setup_survives_the_way_to_the_host():
    setup = Setup(SPACE, seed=3, n_trials=20, n_pending=4, default=DEFAULT, is_noisy=True)
    assert Setup.from_message(json.loads(json.dumps(setup.to_message()))) == setup
    with pytest.raises(ValueError, match="n_trials must be at least 1"):
        Setup(SPACE, seed=0, n_trials=0)


@given(st.data())
def test_values_survive_the_way_to_a_library(data):
    for parameter, axis in zip(SPACE, axes_of(SPACE), strict=True):
        if parameter["type"] == "double":
            given_value = data.draw(st.floats(parameter["min"], parameter["max"]))
            assert axis.decode(axis.encode(given_value)) == pytest.approx(given_value)
        else:
            low, high = parameter.get("min"), parameter.get("max")
            values = parameter.get("values") or range(low, high + 1)
            given_value = data.draw(st.sampled_from(list(values)))
            assert axis.decode(axis.encode(given_value)) == given_value


def test_a_reverse_log_range_is_a_log_range_from_the_other_end():
    momentum = axes_of(SPACE)[1]
    assert momentum.is_log
    assert momentum.encode(0.99) == pytest.approx(0.01)
    assert momentum.decode(0.01) == pytest.approx(0.99)
    assert momentum.decode(1e9) == pytest.approx(0.01)
    assert all(0.01 <= momentum.decode(it) <= 0.99 for it in (-1.0, 0.01, 0.99, 1e9))


def test_inactive_parameters_are_left_out_or_filled():
    axes = axes_of(SPACE)
    assert "gamma" not in active(axes, {**DEFAULT, "kind": "c"})
    filled = complete(axes, {"kind": "c"})
    assert filled["gamma"] == 1.0
    assert filled["rate"] == pytest.approx(10**-2.5)
    assert [axis.name for axis in children_at(axes, axes[4], "a")] == ["gamma"]
    assert children_at(axes, axes[4], "c") == []


@pytest.mark.parametrize("choice", ["random", "sobol", "grid"])
def test_simple_searches_start_with_the_default_and_stay_in_bounds(choice):
    optimizer = simple.make(Setup(SPACE, seed=1, n_trials=30, default=DEFAULT), choice)
    asked = [optimizer.ask()[1] for _ in range(30)]
    assert asked[0] == DEFAULT
    assert len({str(params) for params in asked}) == 30
    for params in asked:
        assert active(axes_of(SPACE), params) == params
        assert 1e-5 <= params["rate"] <= 1.0
        assert params["batch"] in (16, 32, 100.5)


def test_a_grid_is_the_largest_that_fits():
    unit = {"type": "double", "min": 0.0, "max": 1.0, "scale": "linear"}
    optimizer = simple.make(Setup([{"name": "x", **unit}, {"name": "y", **unit}], 0, 13), "grid")
    asked = [optimizer.ask()[1] for _ in range(12)]
    counts = sorted(len({params[name] for params in asked}) for name in ("x", "y"))
    assert counts == [3, 4]


def test_wazir_gets_the_tree_and_starts_where_it_is_told():
    setup = Setup(SPACE, seed=1, n_trials=8, default=DEFAULT)
    optimizer = wazir_peer.make(setup, "RANDOM_SEARCH")
    optimizer.observe(DEFAULT, 2.0)
    for number in range(8):
        trial, params = optimizer.ask()
        assert active(axes_of(SPACE), params) == params
        optimizer.tell(trial, params, float(number))
    defaults = {name: p.default for name, p in trial._config.space.walk()}
    assert defaults == DEFAULT


def test_wazir_says_that_a_space_is_exhausted():
    space = [{"name": "k", "type": "integer", "min": 1, "max": 2, "scale": "linear"}]
    optimizer = wazir_peer.make(Setup(space, seed=1, n_trials=4), "GRID_SEARCH")
    asked = [optimizer.ask() for _ in range(3)]
    assert asked[2] is None
    assert {params["k"] for _, params in asked[:2]} == {1, 2}


def test_the_workload_of_the_cost_is_fixed_and_in_bounds():
    made = points(50, seed=1)
    assert made == points(50, seed=1) != points(50, seed=2)
    assert all(0 <= it[p["name"]] <= 1 for it in made for p in WORKLOAD)
    far, near = (sum(value(it) for it in made[start::2]) / 25 for start in (0, 1))
    assert near < far


def test_wazir_is_told_of_limits_failures_and_constraints():
    space = [{"name": "x", "type": "double", "min": 0.0, "max": 1.0, "scale": "linear"}]
    setup = Setup(space, 1, 9, limits={"cost": 2.0}, constraints=["x <= 0.5"])
    optimizer = wazir_peer.make(Setup.from_message(setup.to_message()), "")
    trials = []
    for told in ([0.0, 3.0], None, [1.0, 2.0]):
        trial, params = optimizer.ask()
        assert params["x"] <= 0.5
        optimizer.tell(trial, params, told)
        trials.append(trial)
    assert [trial.is_safe for trial in trials] == [False, False, True]
    assert trials[1].state.name == "INFEASIBLE"
    assert optimizer.recommend() == dict(trials[2].parameters)
