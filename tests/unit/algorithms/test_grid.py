"""Grids: how many points, which, in which order."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.grid import plan_grid
from wazir.algorithms.grid_search import GridSearch
from wazir.algorithms.protocol import Snapshot
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import Assignment, SearchSpace
from wazir.testing.algorithms import SPACES, Loop, point_key, study_config

LAB = SearchSpace({"rate": Double(1e-4, 1e-1, scale="log"), "batch": Integer(8, 64)})
TAXI = SearchSpace(
    {
        "batch": Integer(64, 512, scale="log"),
        "nbuckets": Integer(10, 20),
        "units": Categorical(["128 32", "256 128 16", "64 64 64 8"]),
    }
)


def all_points(space: SearchSpace, n: int | None) -> list[Assignment]:
    grid = plan_grid(space, n)
    return [grid.point(i) for i in range(grid.n_points)]


def test_a_double_has_equal_steps_in_its_scale() -> None:
    rates = {point["rate"] for point in all_points(LAB, 16)}
    assert rates == {1e-4, 1e-3, 1e-2, 1e-1}


def test_values_are_numbers_that_people_read() -> None:
    space = SearchSpace({"x": Double(0.1, 0.7), "y": Double(1e-5, 1, scale="log")})
    assert {p["x"] for p in all_points(space, 49)} == {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}
    assert {p["y"] for p in all_points(space, 36)} == {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0}


def test_whole_numbers_have_all_values_if_they_fit() -> None:
    points = all_points(TAXI, 449 * 11 * 3)
    assert len(points) == TAXI.n_points
    assert len({point_key(point) for point in points}) == len(points)


def test_long_ranges_are_thinned_if_they_do_not_fit() -> None:
    counts = {name: len({p[name] for p in all_points(TAXI, 30)}) for name, _ in TAXI.walk()}
    assert counts == {"batch": 3, "nbuckets": 3, "units": 3}


def test_what_is_left_goes_to_the_first_parameters() -> None:
    space = SearchSpace({"a": Double(0, 1), "b": Double(0, 1), "c": Double(0, 1)})
    for wanted, expected in ((1, 1), (2, 2), (7, 6), (8, 8), (17, 16), (18, 18), (27, 27)):
        assert plan_grid(space, wanted).n_points == expected


def test_a_single_step_is_the_middle() -> None:
    space = SearchSpace({"x": Double(0, 1), "c": Categorical(["a", "b", "c"])})
    assert {p["x"] for p in all_points(space, 4)} == {0.5}


def test_categories_are_never_left_out() -> None:
    space = SearchSpace({"x": Double(0, 1), "c": Categorical(["a", "b", "c"])})
    assert plan_grid(space, 2).n_points == 30
    assert plan_grid(space, None).n_points == 30


def test_children_exist_under_their_parents_only() -> None:
    space = SPACES["conditional"]
    points = all_points(space, 50)
    assert 25 <= len(points) <= 50
    for point in points:
        assert space.check(point) == point
    assert {point["booster"] for point in points} == {"tree", "linear"}
    assert {point.get("layers") for point in points} == {None, 1, 2, 3}


def test_parents_with_children_are_not_thinned() -> None:
    parent = Integer(1, 40).when(7, {"x": Double(0, 1)}).when([7, 9], {"y": Discrete([1, 2])})
    points = all_points(SearchSpace({"n": parent}), 20)
    assert {p["n"] for p in points} == set(range(1, 41))
    assert Counter(tuple(sorted(p)) for p in points) == {
        ("n",): 38,
        ("n", "y"): 2,
        ("n", "x", "y"): 20,
    }


@given(st.integers(1, 200))
def test_the_number_of_points_fits_and_is_not_wasted(wanted: int) -> None:
    grid = plan_grid(LAB, wanted)
    assert wanted / 3 < grid.n_points <= wanted


def test_suggestions_cover_the_grid_once_and_then_end() -> None:
    loop = Loop(GridSearch(16), study_config(LAB))
    made = loop.run(30)
    assert len(made) == 16
    expected = {point_key(p) for p in all_points(LAB, 16)}
    assert {point_key(dict(s.parameters)) for s in made} == expected
    assert loop.suggest(3) == []


def test_the_planned_number_of_trials_is_the_default() -> None:
    config = study_config(LAB)
    suggestions = GridSearch().suggest(config, Snapshot(), range(1, 100))
    assert len(suggestions) == plan_grid(LAB, config.planned_n_trials).n_points == 20


def test_points_that_others_tried_are_passed_over() -> None:
    loop = Loop(GridSearch(16), study_config(LAB))
    order = [
        dict(s.parameters) for s in GridSearch(16).suggest(loop.config, Snapshot(), range(16))
    ]
    loop.complete(order[3], None)
    loop.wait_for(order[0])
    loop.complete({"rate": 0.05, "batch": 9}, 1.0)
    rest = [dict(s.parameters) for s in loop.suggest(20)]
    assert rest == [point for i, point in enumerate(order) if i not in (0, 3)]


def test_any_first_trials_spread_over_all_parameters() -> None:
    space = SearchSpace({f"x{i}": Discrete(range(8)) for i in range(3)})
    first = [
        s.parameters for s in GridSearch().suggest(study_config(space), Snapshot(), range(16))
    ]
    for name in ("x0", "x1", "x2"):
        counts = Counter(values[name] for values in first)
        assert set(counts.values()) == {2}
        assert len(counts) == 8
    # 64 cells of each pair of parameters: 16 points lie in 16 of them.
    assert len({(v["x0"], v["x1"]) for v in first}) == 16


def test_a_grid_of_a_million_points_is_not_listed() -> None:
    space = SearchSpace({f"x{i}": Discrete(range(100)) for i in range(3)})
    assert plan_grid(space, None).n_points == 10**6
    suggestions = GridSearch().suggest(study_config(space), Snapshot(), range(1, 6))
    assert len({point_key(dict(s.parameters)) for s in suggestions}) == 5


def test_a_range_without_end_is_no_problem() -> None:
    space = SearchSpace({"n": Integer(-(2**62), 2**62).when(0, {"x": Double(0, 1)})})
    grid = plan_grid(space, None)
    assert grid.n_points == 2**63 + 10
    assert grid.point(2**62 + 3) == {"n": 0, "x": pytest.approx(1 / 3)}
