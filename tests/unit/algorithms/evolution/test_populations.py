"""NSGA2 and REGULARIZED_EVOLUTION: who survives, who is a parent."""

from dataclasses import replace

import numpy as np

from wazir.algorithms.evolution.nsga2 import (
    POPULATION,
    POPULATION_OF_SEVERAL,
    Nsga2,
    Population,
    survivors,
)
from wazir.algorithms.evolution.regularized import POPULATION as NEWEST
from wazir.algorithms.evolution.regularized import RegularizedEvolution
from wazir.algorithms.gp.history import History
from wazir.algorithms.ranking import non_dominated_ranks
from wazir.algorithms.trail import Trail
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Categorical, Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.testing.algorithms import Loop, study_config

PLANE = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)})
TWO = (Metric("f", Goal.MINIMIZE), Metric("g", Goal.MAXIMIZE))


def history(n: int, m: int) -> History:
    rng = np.random.default_rng(0)
    Y = rng.standard_normal((n, m))
    Y[::7] = np.nan
    return History(rng.random((n, 3)), Y, np.empty((0, 3)))


def test_the_best_survive_and_failures_do_not() -> None:
    known = history(90, 1)
    kept = survivors(known, 10, Trail()).Y.ravel()
    assert kept.tolist() == sorted(known.Y[np.isfinite(known.Y)].tolist())[:10]


def test_survivors_of_several_objectives_begin_with_the_whole_best_front() -> None:
    known = history(60, 2)
    kept = survivors(known, 40, Trail())
    front = known.X[non_dominated_ranks(known.Y) == 0]
    assert all((x == kept.X).all(axis=1).any() for x in front)
    assert np.isfinite(kept.Y).all()


def test_survivors_found_step_by_step_are_the_same() -> None:
    known = history(75, 2)
    trail: Trail[Population] = Trail()
    latest = None
    for n in (5, 20, 21, 60, 75):
        latest = survivors(replace(known, X=known.X[:n], Y=known.Y[:n]), 10, trail)
    assert latest is not None
    assert (latest.X == survivors(known, 10, Trail()).X).all()


def test_nsga2_spreads_along_the_front_of_two_objectives() -> None:
    """Schaffer's problem: with y = 0 every x in [0.25, 0.75] is on the front."""
    config = StudyConfig(PLANE, TWO, seed=1)
    algorithm, trials = Nsga2(), []
    while len(trials) < 200:
        loop = Loop(algorithm, config, completed=trials)
        for suggestion in loop.suggest(10):
            x, y = suggestion.parameters["x"], suggestion.parameters["y"]
            values = {"f": (x - 0.25) ** 2 + y, "g": -((x - 0.75) ** 2) - y}
            trials.append(
                Trial(
                    loop.next_id,
                    suggestion.parameters,
                    TrialState.SUCCEEDED,
                    final_measurement=Measurement(values),
                )
            )
    late = [t.parameters for t in trials[-40:]]
    assert np.median([p["y"] for p in late]) < 0.05
    inside = np.array([p["x"] for p in late if 0.2 < p["x"] < 0.8])
    assert len(inside) >= 30
    assert np.histogram(inside, bins=3, range=(0.25, 0.75))[0].min() >= 3
    assert trials[-1].id == 200


def test_the_first_generation_is_spread_and_later_ones_are_counted() -> None:
    made = Loop(Nsga2(), study_config(PLANE)).run(2 * POPULATION + 1)
    kinds = [suggestion.explanation["kind"] for suggestion in made]
    assert kinds == ["initial"] * POPULATION + ["model"] * (POPULATION + 1)
    assert made[-1].explanation["generation"] == "2"
    several = Loop(Nsga2(), StudyConfig(PLANE, TWO)).suggest(POPULATION_OF_SEVERAL + 1)
    assert {s.explanation["kind"] for s in several} == {"initial"}


def test_old_winners_die() -> None:
    """After as many trials as the population has, the lucky old region is left."""
    loop = Loop(RegularizedEvolution(), study_config(PLANE))
    for i in range(20):
        loop.complete({"x": 0.01 + 0.001 * i, "y": 0.01}, 0.0)
    rng = np.random.default_rng(0)

    def nearby() -> float:
        made = loop.suggest(20)
        return float(np.mean([max(s.parameters.values()) < 0.5 for s in made]))

    for _ in range(30):
        loop.complete({"x": rng.uniform(0.8, 1.0), "y": rng.uniform(0.8, 1.0)}, 1.0)
    assert nearby() > 0.4
    for _ in range(NEWEST):
        loop.complete({"x": rng.uniform(0.8, 1.0), "y": rng.uniform(0.8, 1.0)}, 1.0)
    assert nearby() < 0.2


def test_a_mutant_differs_from_its_parent_in_one_parameter() -> None:
    space = SearchSpace(
        {"x": Double(0.0, 1.0), "y": Double(0.0, 1.0), "c": Categorical(["a", "b", "c"])}
    )
    loop = Loop(RegularizedEvolution(), study_config(space))
    for i in range(30):
        loop.complete({"x": i / 30, "y": 0.5 + i / 100, "c": "b"}, float(i))
    parents = [dict(trial.parameters) for trial in loop.completed]
    for suggestion in loop.suggest(25):
        changes = [sum(suggestion.parameters[k] != p[k] for k in p) for p in parents]
        assert min(changes) == 1
        rank = int(suggestion.explanation["parent_rank"])
        assert changes[rank - 1] == 1
