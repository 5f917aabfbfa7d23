"""The runner: what it records, that it goes on where it stopped, that failures stay visible."""

import dataclasses
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from peers.registry import SOURCE, find_peer
from runner.host_client import HOST, Host, PeerError
from runner.plan import expand, numbers, plan
from runner.records import RunSpec, append, done, latest, pack, read, remove, rounded
from runner.session import observation_rng, run
from runner.workers import Work, pending_runs, work_off

UNIT = {"type": "double", "min": 0.0, "max": 1.0, "scale": "linear"}
SPACE = [{"name": "x", **UNIT}, {"name": "y", **UNIT}]


@dataclass
class Bowl:
    """A problem; `noise` is added to what is observed."""

    name: str = "bowl"
    category: str = "low_dimensional"
    space: list = field(default_factory=lambda: SPACE)
    default: dict | None = None
    noise: float = 0.0

    @property
    def is_noisy(self) -> bool:
        return self.noise > 0

    def true_value(self, params) -> float:
        return params["x"] ** 2 + params["y"]

    def evaluate(self, params, rng: np.random.Generator) -> float:
        return self.true_value(params) + self.noise * rng.standard_normal()


class FakeHost:
    """Answers as a host does, from a list of points."""

    def __init__(self, points: list[dict], recommended: dict | None = None) -> None:
        self.hello = {"import_cpu_s": 0.5, "rss_mb": 1.0, "versions": {"fake": "1"}}
        self.requests: list[dict] = []
        self._points = list(enumerate(points))
        self._recommended = recommended

    def request(self, **message) -> dict:
        self.requests.append(message)
        answer = {"cpu_s": 0.25, "rss_mb": 7.0}
        if message["op"] == "ask":
            if not self._points:
                return {**answer, "points": []}
            number, params = self._points.pop(0)
            return {**answer, "points": [{"id": number, "params": params}]}
        if message["op"] == "recommend":
            return {**answer, "params": self._recommended}
        return answer

    def order(self) -> list[str]:
        names = {"ask": "ask", "tell": "tell"}
        return [
            names[m["op"]] + (str(m["id"]) if m["op"] == "tell" else "")
            for m in self.requests
            if m["op"] in names
        ]


def points(count: int) -> list[dict]:
    return [{"x": 1.0 - number / count, "y": 0.0} for number in range(count)]


def spec(**changes) -> RunSpec:
    return dataclasses.replace(RunSpec("random", "bowl", 0, 6), **changes)


def test_a_run_is_recorded_trial_by_trial():
    host = FakeHost(points(6))
    record = run(spec(), Bowl(default={"x": 0.5, "y": 0.5}), host)
    assert record["status"] == "ok"
    assert record["true"] == pytest.approx([(1 - k / 6) ** 2 for k in range(6)], rel=1e-5)
    assert record["recommended"] == {"5": rounded((2 / 6) ** 2), "6": rounded((1 / 6) ** 2)}
    assert record["cpu_s"] == [0.5] * 6  # asking and telling
    assert record["params"][0] == [1.0, 0.0]
    assert "observed" not in record
    assert host.requests[0]["default"] == {"x": 0.5, "y": 0.5}
    assert json.loads(json.dumps(record)) == record


def test_nobody_gets_the_default_if_the_run_goes_without():
    host = FakeHost(points(6))
    run(spec(default_first=False), Bowl(default={"x": 0.5, "y": 0.5}), host)
    assert host.requests[0]["default"] is None


def test_pending_points_are_finished_oldest_first():
    host = FakeHost(points(4))
    run(spec(n_trials=4, pending=2), Bowl(), host)
    assert host.order() == ["ask", "ask", "tell0", "ask", "tell1", "ask", "tell2", "tell3"]


def test_under_noise_the_recommendation_of_the_optimizer_counts_in_true_value():
    record = run(spec(), Bowl(noise=0.1), FakeHost(points(6), {"x": 0.1, "y": 0.2}))
    assert record["recommended"]["6"] == pytest.approx(0.21)
    assert record["observed"] != record["true"]
    best_seen = record["true"][int(np.argmin(record["observed"]))]
    record = run(spec(), Bowl(noise=0.1), FakeHost(points(6)))
    assert record["recommended"]["6"] == best_seen


def test_noise_is_the_same_for_all_optimizers_and_differs_between_seeds():
    draws = [observation_rng(spec(peer=peer)).random() for peer in ("random", "sobol")]
    assert draws[0] == draws[1] != observation_rng(spec(seed=1)).random()


def test_an_exhausted_space_ends_a_run_without_failure():
    record = run(spec(), Bowl(), FakeHost(points(3)))
    assert record["status"] == "exhausted"
    assert len(record["true"]) == 3


def load_bowl(name: str) -> Bowl:
    return Bowl(name)


def load_broken(name: str) -> Bowl:
    return Bowl(name, space=[{"name": "x", "type": "no such type"}])


def work(out: Path, load: Callable[[str], Bowl] = load_bowl) -> Work:
    return Work(out, {"random": sys.executable}, load, {"machine": "m", "revision": "r"}, SOURCE)


def test_runs_go_on_where_they_stopped(tmp_path):
    out = tmp_path / "runs.jsonl"
    specs = plan(["random"], ["bowl"], [0, 1], 5)
    assert work_off(work(out), specs[:1], 1) == {"ok": 1}
    assert pending_runs(specs, out) == specs[1:]
    with out.open("a") as file:
        file.write('{"peer": "random", "problem"')  # a process was killed here
    assert work_off(work(out), pending_runs(specs, out), 1) == {"ok": 1}
    assert pending_runs(specs, out) == []
    first, second = (record["params"] for record in latest(read(out)).values())
    assert first != second


def test_a_failed_run_is_kept_with_its_error_and_tried_again(tmp_path):
    out = tmp_path / "runs.jsonl"
    specs = plan(["random"], ["bowl"], [0], 5)
    assert work_off(work(out, load_broken), specs, 1) == {"failed": 1}
    (record,) = read(out)
    assert record["status"] == "failed"
    assert "KeyError" in record["error"]
    assert pending_runs(specs, out) == specs
    assert work_off(work(out), specs, 1) == {"ok": 1}
    assert [record["status"] for record in latest(read(out)).values()] == ["ok"]
    assert len(list(read(out))) == 2


def test_a_host_that_dies_says_why(tmp_path):
    script = tmp_path / "dies.py"
    script.write_text("raise SystemExit('out of luck')")
    with pytest.raises(PeerError, match="out of luck"):
        Host([sys.executable, str(script)], {}, 10.0)


def test_a_host_that_does_not_answer_is_killed(tmp_path):
    script = tmp_path / "sleeps.py"
    script.write_text("import time\ntime.sleep(60)")
    with pytest.raises(PeerError, match="no answer within"):
        Host([sys.executable, str(script)], {}, 0.2)


def test_a_real_host_serves_runs_that_do_not_see_each_other():
    peer = find_peer("random")
    with Host([sys.executable, str(HOST), peer.name], peer.environment(), 30.0) as host:
        first, second = (run(spec(), Bowl(), host) for _ in range(2))
    assert first["params"] == second["params"]
    assert first["rss_mb"] > 1
    assert first["versions"] == {"numpy": np.__version__}


def test_a_failure_does_not_hide_an_earlier_success(tmp_path):
    out = tmp_path / "runs.jsonl"
    for status in ("failed", "ok", "failed"):
        append(out, {**vars(spec()), "status": status})
    assert done(out) == {spec()}


def test_packed_results_keep_all_but_points(tmp_path):
    plain, packed = tmp_path / "runs.jsonl", tmp_path / "sub" / "runs.jsonl.gz"
    for seed in (0, 1, 1):
        append(plain, {**vars(spec(seed=seed)), "status": "ok", "params": [[1]], "true": [1.0]})
    assert pack([plain], packed) == 2
    assert [record["true"] for record in read(packed)] == [[1.0], [1.0]]
    assert all("params" not in record for record in read(packed))
    once = packed.read_bytes()
    pack([plain], packed)
    assert packed.read_bytes() == once


def test_records_of_an_optimizer_can_be_removed(tmp_path):
    out = tmp_path / "cost.jsonl"
    for peer in ("a", "b", "a"):
        append(out, {"peer": peer})
    remove(out, ["a"])
    assert list(read(out)) == [{"peer": "b"}]


def test_plans_cross_everything_and_words_become_problems():
    specs = plan(["a", "b"], ["p"], [0, 1], 10, pending=[1, 4])
    assert len(specs) == len(set(specs)) == 8
    assert [it.peer for it in specs[:2]] == ["a", "b"]
    assert numbers("0-2,7") == [0, 1, 2, 7]
    suites = {"s": ["p", "q"]}
    assert expand(["q", "s", "p"], suites.get) == ["q", "p"]


def test_names_of_optimizers():
    assert find_peer("wazir:RANDOM_SEARCH").choice == "RANDOM_SEARCH"
    for unknown in ("nobody", "random:x"):
        with pytest.raises(KeyError, match="no optimizer has the name"):
            find_peer(unknown)
