"""The bandit as a whole: phases, fallback, finite spaces, and that it finds optima."""

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from wazir.algorithms.gp.bandit import VERSION, GpBandit
from wazir.algorithms.gp.model import ModelMaker
from wazir.algorithms.gp.settings import GpSettings, OutputWarping
from wazir.algorithms.protocol import Algorithm
from wazir.algorithms.random_search import RandomSearch
from wazir.domain.metrics import Goal
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, ParameterValue
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import SPACES, Loop, point_key, study_config
from wazir.testing.loop import Objective

LINE = SearchSpace({"x": Double(-4.0, 6.0)})


def valley(values: Mapping[str, ParameterValue]) -> float:
    return (float(values["x"]) - 1.7) ** 2


def test_phases_are_explained() -> None:
    made = Loop(GpBandit(), study_config(LINE)).run(6, valley)
    kinds = [suggestion.explanation["kind"] for suggestion in made]
    assert kinds == ["initial"] * 4 + ["model"] * 2
    explanation = made[-1].explanation
    assert set(explanation) == {
        *("version", "kind", "aim", "model", "acquisition", "value", "mean", "std"),
        *("expected_improvement", "log_hyperparameters", "fitted_at", "fitted_in"),
    }
    assert explanation["aim"] in {"explore", "exploit"}
    assert explanation["fitted_at"] == "5"
    assert all(math.isfinite(float(explanation[k])) for k in ("mean", "std"))
    assert float(explanation["expected_improvement"]) >= 0


@pytest.mark.parametrize("goal", list(Goal))
def test_predictions_are_in_the_units_of_the_objective(goal: Goal) -> None:
    sign = 1.0 if goal is Goal.MINIMIZE else -1.0
    loop = Loop(GpBandit(), study_config(LINE, goal=goal))
    loop.run(12, lambda values: sign * (5.0 + valley(values)))
    explanation = loop.suggest()[0].explanation
    assert sign * float(explanation["mean"]) == pytest.approx(5.0, abs=0.1)
    assert float(explanation["std"]) < 1.0


@pytest.mark.parametrize("goal", list(Goal))
def test_the_goal_is_followed(goal: Goal) -> None:
    sign = 1.0 if goal is Goal.MINIMIZE else -1.0
    made = Loop(GpBandit(), study_config(LINE, goal=goal)).run(12, lambda v: sign * valley(v))
    assert min(valley(s.parameters) for s in made) < 1e-3


def test_the_defaults_come_first_if_there_are_any() -> None:
    space = SearchSpace({"x": Double(0, 1, default=0.125), "n": Integer(1, 9)})
    suggestions = Loop(GpBandit(), study_config(space)).suggest(3)
    assert suggestions[0].parameters == {"x": 0.125, "n": 5}
    assert suggestions[0].explanation == {
        "version": VERSION,
        "kind": "initial",
        "point": "defaults",
    }
    assert suggestions[1].explanation == {"version": VERSION, "kind": "initial"}
    loop = Loop(GpBandit(), study_config(space))
    loop.wait_for({"x": 0.9, "n": 1})
    assert loop.suggest()[0].parameters != {"x": 0.125, "n": 5}


def test_without_defaults_the_middle_comes_first() -> None:
    space = SearchSpace({"rate": Double(1e-4, 1.0, scale="log"), "n": Integer(1, 9)})
    first, second = Loop(GpBandit(), study_config(space)).suggest(2)
    assert first.parameters == {"rate": pytest.approx(1e-2), "n": 5}
    assert first.explanation["point"] == "middle"
    assert second.parameters != first.parameters


def test_there_is_no_middle_category() -> None:
    space = SearchSpace({"c": Categorical(["a", "b", "c"])})
    firsts = {
        Loop(GpBandit(), study_config(space, seed=seed)).suggest()[0].parameters["c"]
        for seed in range(20)
    }
    assert firsts == {"a", "b", "c"}


def test_a_failing_model_gives_a_sobol_point_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise np.linalg.LinAlgError("no factor")

    loop = Loop(GpBandit(), study_config(LINE))
    loop.run(6, valley)
    monkeypatch.setattr(ModelMaker, "make", fail)
    suggestions = loop.suggest(2)
    assert suggestions[0].explanation == {
        "version": VERSION,
        "kind": "fallback",
        "fallback": "Sobol point: no factor",
    }
    assert suggestions[0].parameters != suggestions[1].parameters


def test_no_trial_with_a_value_means_no_model() -> None:
    loop = Loop(GpBandit(), study_config(LINE))
    for _ in range(8):
        loop.complete(loop.suggest()[0].parameters, None)
    assert loop.suggest()[0].explanation == {"version": VERSION, "kind": "initial"}


def test_many_pending_trials_are_spread() -> None:
    loop = Loop(GpBandit(), study_config(LINE))
    loop.run(5, valley)
    suggestions = loop.suggest(8)
    assert {s.explanation["kind"] for s in suggestions} == {"model"}
    xs = sorted(float(s.parameters["x"]) for s in suggestions)
    gaps = [right - left for left, right in pairwise(xs)]
    assert len(gaps) == 7
    assert min(gaps) > 0.01


def test_a_space_of_some_hundred_points_is_tried_without_repeats() -> None:
    space = SearchSpace({"n": Integer(1, 6), "c": Categorical(["a", "b", "c"])})
    loop = Loop(GpBandit(), study_config(space))
    made = loop.run(18, lambda p: abs(float(p["n"]) - 3) + "bac".index(str(p["c"])))
    assert len({point_key(dict(s.parameters)) for s in made}) == 18
    assert loop.suggest()[0].parameters == {"n": 3, "c": "b"}


def test_different_objectives_get_different_weights() -> None:
    loop = Loop(GpBandit(), study_config(LINE))
    loop.run(5, valley)
    first, second = loop.suggest(2)
    assert first.parameters != second.parameters


def shifted(values: Mapping[str, ParameterValue]) -> float:
    return sum(
        (float(v) - c) ** 2 for v, c in zip(values.values(), (0.13, 0.81, 0.42), strict=True)
    )


def branin(values: Mapping[str, ParameterValue]) -> float:
    a, b = float(values["a"]), float(values["b"])
    bowl = (b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10


def training(values: Mapping[str, ParameterValue]) -> float:
    rate, width = math.log10(float(values["rate"])), math.log2(float(values["width"]))
    best = -2.2 if values["optimizer"] == "adam" else -0.9
    offset = 0.0 if values["optimizer"] == "adam" else 0.3
    return (rate - best) ** 2 + 0.2 * abs(width - 6.4) + 0.1 * float(values["layers"]) + offset


PROBLEMS: Mapping[str, tuple[SearchSpace, Objective]] = {
    "shifted_bowl": (SearchSpace({f"x{i}": Double(0.0, 1.0) for i in range(3)}), shifted),
    "branin": (SearchSpace({"a": Double(-5.0, 10.0), "b": Double(0.0, 15.0)}), branin),
    "training": (
        SearchSpace(
            {
                "rate": Double(1e-5, 1.0, scale="log"),
                "width": Integer(8, 512, scale="log"),
                "layers": Discrete([1, 2, 4, 8]),
                "optimizer": Categorical(["adam", "sgd"]),
            }
        ),
        training,
    ),
}


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.parametrize("name", list(PROBLEMS))
def test_it_beats_random_search_at_30_trials(name: str) -> None:
    """The bandit's best of 30 is better than random search's for at least 7 of 8 seeds.

    If it were no better, this would pass by chance once in 28 times (9 / 2**8); the seeds are
    fixed, so the result does not change from run to run.
    """
    space, loss = PROBLEMS[name]

    def best(algorithm: Algorithm, seed: int) -> float:
        made = Loop(algorithm, study_config(space, seed=seed)).run(30, loss)
        return min(loss(suggestion.parameters) for suggestion in made)

    wins = sum(best(GpBandit(), seed) < best(RandomSearch(), seed) for seed in range(8))
    assert wins >= 7


def test_the_bowl_is_found_in_20_trials() -> None:
    space, loss = PROBLEMS["shifted_bowl"]
    made = Loop(GpBandit(), study_config(space, seed=1)).run(20, loss)
    assert min(loss(suggestion.parameters) for suggestion in made) < 0.01


def test_conditional_parameters_are_optimized_in_the_better_branch() -> None:
    def loss(values: Mapping[str, ParameterValue]) -> float:
        if values["booster"] == "tree":
            return 1.0 + abs(float(values["depth"]) - 4)
        return (float(values["share"]) - 0.2) ** 2 + 0.1 * abs(float(values["layers"]) - 2)

    made = Loop(GpBandit(), study_config(SPACES["conditional"], seed=3)).run(25, loss)
    best = min(made, key=lambda suggestion: loss(suggestion.parameters)).parameters
    assert best["booster"] == "linear"
    assert loss(best) < 0.05


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e9, 0.0), (1.0, 1e4)])
def test_units_of_the_objective_do_not_matter(scale: float, shift: float) -> None:
    space, loss = PROBLEMS["training"]
    plain, other = (Loop(GpBandit(), study_config(space, seed=5)) for _ in range(2))
    plain.run(9, loss)
    for trial in plain.completed:
        other.complete(trial.parameters, scale * loss(trial.parameters) + shift)
    mine, theirs = plain.suggest()[0].parameters, other.suggest()[0].parameters
    assert float(mine["rate"]) == pytest.approx(float(theirs["rate"]), rel=1e-3)
    assert {k: v for k, v in mine.items() if k != "rate"} == {
        k: v for k, v in theirs.items() if k != "rate"
    }


def test_how_bad_the_worse_half_is_does_not_matter_to_ranks() -> None:
    space, loss = PROBLEMS["shifted_bowl"]
    bandit = GpBandit(GpSettings(output_warping=OutputWarping.HALF_RANK))
    plain, other = (Loop(bandit, study_config(space, seed=5)) for _ in range(2))
    plain.run(9, loss)
    median = sorted(loss(trial.parameters) for trial in plain.completed)[4]
    for trial in plain.completed:
        value = loss(trial.parameters)
        other.complete(trial.parameters, value if value <= median else 1e3 * value**3)
    mine, theirs = plain.suggest()[0].parameters, other.suggest()[0].parameters
    assert list(mine.values()) == pytest.approx(list(theirs.values()), abs=1e-9)


def test_an_outlier_does_not_stop_the_search() -> None:
    space, loss = PROBLEMS["shifted_bowl"]
    loop = Loop(GpBandit(), study_config(space, seed=5))
    loop.complete({"x0": 0.9, "x1": 0.1, "x2": 0.9}, 1e30)
    made = loop.run(20, loss)
    assert min(loss(suggestion.parameters) for suggestion in made) < 0.01
