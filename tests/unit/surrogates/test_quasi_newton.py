"""The minimisers in a box: edges, many starts at once, and functions without a value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.surrogates.quasi_newton import Limits, descend, descend_all

CENTRE = np.array([0.3, 2.0])
PATIENT = Limits(400, gain=1e-14, gradient=1e-8)


def bowl(x: np.ndarray) -> tuple[float, np.ndarray]:
    return float(np.sum((x - CENTRE) ** 2)), 2 * (x - CENTRE)


def valleys(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rosenbrock's function, row by row."""
    ahead, bend = 1 - X[:, :-1], X[:, 1:] - X[:, :-1] ** 2
    gradient = np.zeros_like(X)
    gradient[:, :-1] = -400 * X[:, :-1] * bend - 2 * ahead
    gradient[:, 1:] += 200 * bend
    return np.sum(100 * bend**2 + ahead**2, axis=1), gradient


def valley(x: np.ndarray) -> tuple[float, np.ndarray]:
    values, gradients = valleys(x[None])
    return float(values[0]), gradients[0]


def test_the_minimum_in_a_box_may_lie_on_its_edge() -> None:
    x, value = descend(bowl, np.array([0.9, 0.1]), np.zeros(2), np.ones(2), Limits(50))
    np.testing.assert_allclose(x, [0.3, 1.0], atol=1e-3)
    assert value == pytest.approx(1.0, abs=1e-3)


def test_a_function_without_a_value_leaves_the_start() -> None:
    start = np.array([0.5])
    nothing = (float("nan"), np.zeros(1))
    x, _ = descend(lambda x: nothing, start, np.zeros(1), np.ones(1), Limits(5))
    np.testing.assert_array_equal(x, start)
    values = np.full(2, np.nan), np.zeros((2, 1))
    X, _ = descend_all(lambda X: values, np.full((2, 1), 0.5), np.zeros(1), np.ones(1), Limits(5))
    np.testing.assert_array_equal(X, 0.5)


@pytest.mark.parametrize("d", [2, 5, 10])
def test_a_bent_valley_is_followed_to_its_end(d: int) -> None:
    low, high = np.full(d, -2.0), np.full(d, 2.0)
    x, value = descend(valley, np.full(d, 0.5), low, high, PATIENT)
    np.testing.assert_allclose(x, 1.0, atol=1e-4)
    starts = np.vstack([np.full(d, 0.5), np.linspace(0.2, 1.4, d)])
    X, values = descend_all(valleys, starts, low, high, PATIENT)
    np.testing.assert_allclose(X, 1.0, atol=1e-4)
    assert max(values.max(), value) < 1e-8


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_nothing_leaves_the_box_or_gets_worse(seed: int, n_evaluations: int) -> None:
    rng = np.random.default_rng(seed)
    starts, low = rng.uniform(-2, 2, (3, 4)), rng.uniform(-2, 0, 4)
    high = low + rng.random(4)
    inside = np.clip(starts, low, high)
    X, values = descend_all(valleys, starts, low, high, Limits(n_evaluations))
    assert ((low <= X) & (high >= X)).all()
    assert (values <= valleys(inside)[0]).all()
    np.testing.assert_array_equal(values, valleys(X)[0])
    x, value = descend(valley, starts[0], low, high, Limits(n_evaluations))
    assert ((low <= x) & (x <= high)).all()
    assert value <= valley(inside[0])[0]


def test_a_start_goes_its_way_whatever_its_neighbours_do() -> None:
    starts = np.random.default_rng(0).uniform(-2, 2, (4, 3))
    low, high = np.full(3, -2.0), np.full(3, 2.0)
    together, _ = descend_all(valleys, starts, low, high, Limits(30))
    for start, end in zip(starts, together, strict=True):
        alone, _ = descend_all(valleys, start[None], low, high, Limits(30))
        np.testing.assert_allclose(alone[0], end, rtol=1e-9)


def test_evaluations_are_counted() -> None:
    n_calls = 0

    def counted(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal n_calls
        n_calls += 1
        return valley(x)

    descend(counted, np.full(5, -1.0), np.full(5, -2.0), np.full(5, 2.0), Limits(17))
    assert n_calls == 17
