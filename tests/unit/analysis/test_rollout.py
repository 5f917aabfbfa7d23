"""Going on in functions drawn from the model: repeatable, in the objective's units, and about right."""

import math
from dataclasses import replace

import numpy as np
import pytest

from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.model import ModelMaker
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Snapshot
from wazir.analysis.rollout import N_FUNCTIONS, improvements
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import ObservationNoise, StudyConfig
from wazir.domain.trials import Trial, TrialState

PLANE = SearchSpace({"x": Double(0, 1), "y": Double(0, 1)})
MIXED = SearchSpace({"x": Double(0, 1), "n": Integer(1, 9), "kind": Categorical(["a", "b", "c"])})


def study(goal=Goal.MINIMIZE, space=PLANE, noise="UNSPECIFIED"):
    return StudyConfig(
        space, (Metric("loss", goal),), seed=3, observation_noise=ObservationNoise[noise]
    )


def trial(trial_id, point, value):
    if value is None:
        return Trial(trial_id, point, TrialState.INFEASIBLE, infeasible_reason="crashed")
    final = Measurement({"loss": value})
    return Trial(trial_id, point, TrialState.SUCCEEDED, final_measurement=final)


def quadratic(point):
    return (point["x"] - 0.3) ** 2 + 2 * (point["y"] - 0.6) ** 2


def sampled(n, scale=1.0, near=False):
    """Return n trials at random points, or around the optimum."""
    rng = np.random.default_rng(n)
    points = rng.random((n, 2))
    if near:
        points[3:] = [0.3, 0.6] + 1e-3 * rng.standard_normal((n - 3, 2))
    found = [{"x": x, "y": y} for x, y in points.tolist()]
    return [trial(i, p, scale * quadratic(p)) for i, p in enumerate(found, start=1)]


def test_much_is_left_far_from_the_optimum_and_little_at_it():
    far = improvements(study(), sampled(8), 10)
    near = improvements(study(), sampled(30, near=True), 10)
    assert len(far) == len(near) == 2 * N_FUNCTIONS
    best = min(quadratic(t.parameters) for t in sampled(8))
    # What there is to gain is the value itself, as the optimum is 0.
    assert best / 10 < np.mean(far) < 10 * best
    assert np.mean(near) < 1e-3 * np.mean(far)


def test_more_trials_improve_more():
    few, many = (np.mean(improvements(study(), sampled(8), n)) for n in (1, 20))
    assert many > few > 0


def test_the_same_trials_give_the_same_numbers():
    assert improvements(study(), sampled(12), 5) == improvements(study(), sampled(12), 5)


@pytest.mark.parametrize("scale", [1e-100, -1.0, 1e100])
def test_the_unit_and_the_goal_do_not_count(scale):
    goal = Goal.MINIMIZE if scale > 0 else Goal.MAXIMIZE
    plain = improvements(study(), sampled(12), 5)
    scaled = improvements(study(goal), sampled(12, scale), 5)
    assert [gain / abs(scale) for gain in scaled] == pytest.approx(plain, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("scale", [1.7e308, -1.7e308])
def test_values_as_large_as_a_float_give_numbers_or_an_arithmetic_error(scale):
    given = [*sampled(12, scale), trial(13, {"x": 0.5, "y": 0.5}, -scale)]
    try:
        gains = improvements(study(), given, 5)
    except ArithmeticError:
        return
    assert all(map(math.isfinite, gains))


def test_mixed_spaces_repeats_and_failures():
    rng = np.random.default_rng(1)
    points = [
        {
            "x": float(rng.random()),
            "n": int(rng.integers(1, 10)),
            "kind": str(rng.choice(["a", "b"])),
        }
        for _ in range(10)
    ]
    values = [p["x"] + p["n"] + (p["kind"] == "a") for p in points]
    given = [trial(i, p, v) for i, (p, v) in enumerate(zip(points, values, strict=True), start=1)]
    given += [trial(11, points[0], values[0] + 0.5), trial(12, points[1], None)]
    gains = improvements(study(space=MIXED), given, 10)
    assert all(map(math.isfinite, gains))


def test_luck_is_no_improvement():
    """Of values that are noise alone the luckiest lies far below what can be gained."""
    rng = np.random.default_rng(5)
    points = [{"x": x, "y": y} for x, y in rng.random((40, 2)).tolist()]
    values = rng.normal(size=40).tolist()
    given = [trial(i, p, v) for i, (p, v) in enumerate(zip(points, values, strict=True), start=1)]
    gains = improvements(study(noise="HIGH"), given, 10)
    assert np.mean(gains) < 0.5 * -min(values)


def test_the_search_begins_with_the_hyperparameters_that_are_stored(monkeypatch):
    given = sampled(12)
    (made,) = GpBandit().suggest(study(), Snapshot(0, given), [13])
    stored = {SUGGESTION_NAMESPACE: dict(made.explanation)}
    given.append(replace(trial(13, made.parameters, 0.1), metadata=stored))
    known, make = [], ModelMaker.make

    def spy(self, history, fitted, rng):
        known.append(fitted)
        return make(self, history, fitted, rng)

    monkeypatch.setattr(ModelMaker, "make", spy)
    improvements(study(), given, 2)
    found = [fitted for fitted in known if fitted is not None]
    assert [fitted.texts()["log_hyperparameters"] for fitted in found] == [
        made.explanation["log_hyperparameters"]
    ]
