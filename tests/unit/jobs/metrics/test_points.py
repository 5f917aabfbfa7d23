"""The rules that make a series out of samples."""

import math

from hypothesis import given
from hypothesis import strategies as st

from wazir.jobs.metrics.points import (
    MetricPoint,
    Sample,
    ended_not_finite,
    last_finite,
    numbered,
    series,
    without_replaced,
)


def _samples(*rows: tuple[int | None, float]) -> list[Sample]:
    return [Sample(value, step, float(i)) for i, (step, value) in enumerate(rows)]


def _steps(samples: list[Sample]) -> list[tuple[int | None, float]]:
    return [(sample.step, sample.value) for sample in samples]


def test_samples_without_steps_are_counted() -> None:
    for nothing in (None, 0):
        rows = _samples((nothing, 0.5), (nothing, 0.25), (nothing, 0.1))
        assert _steps(numbered(rows)) == [(1, 0.5), (2, 0.25), (3, 0.1)]


def test_step_zero_counts_where_other_steps_follow() -> None:
    assert _steps(numbered(_samples((0, 0.5), (1, 0.25)))) == [(0, 0.5), (1, 0.25)]


def test_a_missing_step_comes_after_the_largest() -> None:
    rows = _samples((5, 0.5), (10, 0.25), (None, 0.1))
    assert _steps(numbered(rows)) == [(5, 0.5), (10, 0.25), (11, 0.1)]


def test_of_the_same_step_the_latest_time_counts() -> None:
    late, early = Sample(0.5, 1, 20.0), Sample(0.25, 1, 10.0)
    assert _steps(numbered([late, early])) == [(1, 0.5)]
    assert _steps(numbered([early, late])) == [(1, 0.5)]


@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.floats(0, 1)), max_size=20))
def test_steps_rise_and_every_value_is_a_given_one(rows: list[tuple[int | None, float]]) -> None:
    found = numbered(_samples(*rows))
    steps = [sample.step or 0 for sample in found]
    assert steps == sorted(set(steps))
    assert {sample.value for sample in found} <= {value for _, value in rows}
    assert bool(found) == bool(rows)


def test_a_restart_voids_what_older_files_hold_from_there_on() -> None:
    old = [Sample(float(step), step, float(step)) for step in range(6)]
    new = [Sample(step + 0.5, step, 100.0 + step) for step in (3, 4)]
    assert _steps(without_replaced([new, old])) == [(0, 0), (1, 1), (2, 2), (3, 3.5), (4, 4.5)]


def test_two_writers_side_by_side_keep_theirs() -> None:
    first = [Sample(1.0, step, 10.0 * step) for step in range(4)]
    second = [Sample(2.0, step, 10.0 * step + 1.0) for step in range(3)]
    assert _steps(numbered(without_replaced([first, second]))) == [(0, 2), (1, 2), (2, 2), (3, 1)]


def test_metrics_are_merged_by_step() -> None:
    points = series({"a": _samples((1, 0.5), (2, 0.25)), "b": _samples((2, 8.0))}, "a")
    assert [(dict(p.metrics), p.step) for p in points] == [
        ({"a": 0.5}, 1),
        ({"a": 0.25, "b": 8.0}, 2),
    ]


def test_a_second_metric_without_steps_belongs_to_the_last_one() -> None:
    points = series({"a": _samples((5, 0.5), (9, 0.25)), "b": _samples((None, 8.0))}, "a")
    assert [(dict(p.metrics), p.step) for p in points] == [
        ({"a": 0.5}, 5),
        ({"a": 0.25, "b": 8.0}, 9),
    ]


def test_the_last_finite_value() -> None:
    points = [MetricPoint({"a": v}, i, 0.0) for i, v in enumerate([0.5, 0.25, math.nan])]
    found = last_finite(points, "a")
    assert found is not None
    assert found.step == 1
    assert ended_not_finite(points, "a")
    assert not ended_not_finite(points[:2], "a")
    assert not ended_not_finite([], "a")
    assert last_finite(points[2:], "a") is None
    assert last_finite(points, "b") is None
