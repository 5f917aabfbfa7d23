"""What single algorithms do with constraints, beyond the contract that all of them keep to."""

import math

import numpy as np
import pytest

from wazir.algorithms import grid_search
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.grid_search import GridSearch
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Algorithm, Snapshot
from wazir.algorithms.quasi_random import QuasiRandomSearch
from wazir.algorithms.random_search import RandomSearch
from wazir.algorithms.tpe.search import Tpe
from wazir.algorithms.untried import Untried
from wazir.domain.constraints import Constraint
from wazir.domain.metrics import Goal, Metric
from wazir.domain.parameters import Double, Integer, Parameter
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.testing.algorithms import Loop

UNIT: dict[str, Parameter] = {"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)}


def study(
    space: dict[str, Parameter], *constraints: str, planned: int | None = 20, seed: int = 0
) -> StudyConfig:
    return StudyConfig(
        SearchSpace(space),
        (Metric("loss", Goal.MINIMIZE),),
        seed=seed,
        planned_n_trials=planned,
        constraints=tuple(map(Constraint, constraints)),
    )


def grid_points(config: StudyConfig) -> list[dict[str, object]]:
    suggestions = GridSearch().suggest(config, Snapshot(), range(1, 1000))
    return [dict(suggestion.parameters) for suggestion in suggestions]


def test_a_grid_leaves_points_out() -> None:
    space: dict[str, Parameter] = {"a": Integer(1, 4), "b": Integer(1, 4)}
    points = grid_points(study(space, "a < b", planned=None))
    assert sorted((p["a"], p["b"]) for p in points) == [  # type: ignore[type-var]
        (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4),
    ]  # fmt: skip


def test_the_steps_of_a_grid_are_finer_so_that_as_many_points_are_left() -> None:
    points = grid_points(study(UNIT, "x < y", planned=20))
    assert 10 < len(points) <= 20
    thin = grid_points(study(UNIT, "abs(x - y) <= 0.01", planned=20))
    assert 0 < len(thin) <= 20


def test_where_no_grid_is_fine_enough_other_points_are_tried() -> None:
    config = study(UNIT, "0.123456 < x < 0.1234561", planned=5)
    points = grid_points(config)
    assert 2 <= len(points) <= 5
    assert all(config.admits(point) for point in points)  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", [RandomSearch(), QuasiRandomSearch()])
def test_a_trial_has_the_same_point_whatever_was_before(algorithm: Algorithm) -> None:
    config = study(UNIT, "x + y <= 0.5", seed=3)
    together = algorithm.suggest(config, Snapshot(), range(1, 30))
    alone = [algorithm.suggest(config, Snapshot(), [i])[0] for i in range(1, 30)]
    assert together == alone
    # Points that fulfil the constraints anyway are those of the study without any.
    free = algorithm.suggest(study(UNIT, seed=3), Snapshot(), range(1, 30))
    kept = [one for one in free if config.admits(one.parameters)]
    assert kept
    assert all(one in together for one in kept)


@pytest.mark.parametrize("algorithm", [RandomSearch(), QuasiRandomSearch()])
def test_points_are_uniform_in_what_is_left(algorithm: Algorithm) -> None:
    config = study(UNIT, "x + y <= 1")
    made = algorithm.suggest(config, Snapshot(), range(1, 401))
    X = np.array([[one.parameters["x"], one.parameters["y"]] for one in made], dtype=float)
    # Four equal triangles of a fourth of the points each; five standard deviations are 43.
    corners = [X[:, 0] > 0.5, X[:, 1] > 0.5, (X <= 0.5).all(axis=1) & (X.sum(axis=1) < 0.5)]
    for corner in corners:
        assert abs(corner.sum() - 100) < 44


def test_the_optimum_on_the_edge_is_found() -> None:
    def loss(point: dict[str, float]) -> float:
        return (point["x"] - 0.9) ** 2 + (point["y"] - 0.7) ** 2

    config = study(UNIT, "x + y <= 1")
    made = Loop(GpBandit(), config).run(25, loss)  # type: ignore[arg-type]
    best = min(loss(dict(one.parameters)) for one in made)  # type: ignore[arg-type]
    # The nearest point of the edge is (.6, .4).
    assert best == pytest.approx(2 * 0.3**2, abs=1e-3)


@pytest.mark.parametrize("algorithm", [GpBandit(), Tpe()])
def test_defaults_that_break_a_constraint_are_left_out(algorithm: Algorithm) -> None:
    space: dict[str, Parameter] = {
        "x": Double(0.0, 1.0, default=0.75),
        "y": Double(0.0, 1.0, default=0.5),
    }
    (kept,) = Loop(algorithm, study(space, "x > y")).suggest()
    assert kept.parameters == {"x": 0.75, "y": 0.5}
    (other,) = Loop(algorithm, study(space, "x < y")).suggest()
    assert other.explanation.get("point") != "defaults"


def test_a_point_outside_is_replaced_by_one_near_it() -> None:
    config = study(UNIT, "x + y <= 1")
    encoding = Encoding.of(config.space)
    known = np.array([[0.5, 0.25], [0.1, 0.1]])
    untried = Untried(Inside.of(config, encoding), known)
    x = np.array([0.75, 0.75])
    found = untried.near(x, set(), np.random.default_rng(0))
    assert found.sum() <= 1.0
    assert math.dist(found, x) < 0.5
    # The nearest point of all is (.5, .5), which is .35 away.
    assert found.sum() > 0.9


def test_the_grid_that_is_fine_enough_is_looked_for_once(monkeypatch) -> None:
    calls = []

    def spy(config, wanted):
        calls.append(wanted)
        return plain(config, wanted)

    plain = grid_search._fine_enough
    monkeypatch.setattr(grid_search, "_fine_enough", spy)
    # So large that its points are not listed.
    config = study({f"x{i}": Integer(1, 20) for i in range(4)}, "x0 < x1")
    algorithm = GridSearch(200_000)
    loop = Loop(algorithm, config)
    made = loop.run(3)
    assert len(calls) == 1
    assert algorithm.kept.grid is not None
    assert made == GridSearch(200_000).suggest(config, Snapshot(), range(1, 4))
