"""Priors over hyperparameters and the minimiser in a box."""

import numpy as np
import pytest

from wazir.surrogates.lbfgs import minimise_in_box
from wazir.surrogates.priors import default_prior


def test_length_scales_grow_with_dimension_and_for_categories() -> None:
    few = default_prior(np.array([False]))
    many = default_prior(np.array([False] * 99 + [True]))
    assert many.centre[0] - few.centre[0] == pytest.approx(np.log(10.0))
    assert many.centre[99] - many.centre[0] == 1.5
    assert len(many.centre) == len(many.sd) == len(many.low) == len(many.high) == 102
    assert (many.low < many.centre).all()
    assert (many.centre < many.high).all()


def test_the_penalty_is_least_at_the_centre_and_its_gradient_matches() -> None:
    prior = default_prior(np.array([False, True]))
    assert prior.penalty(prior.centre)[0] == 0.0
    theta = prior.centre + np.array([0.3, -1.0, 0.2, 2.0])
    value, gradient = prior.penalty(theta)
    assert value > 0
    for i in range(4):
        moved = theta.copy()
        moved[i] += 1e-6
        assert gradient[i] == pytest.approx((prior.penalty(moved)[0] - value) / 1e-6, rel=1e-4)


def test_the_minimum_in_a_box_may_lie_on_its_edge() -> None:
    centre = np.array([0.3, 2.0])
    x, value = minimise_in_box(
        lambda x: (float(np.sum((x - centre) ** 2)), 2 * (x - centre)),
        np.array([0.9, 0.1]),
        np.zeros(2),
        np.ones(2),
        50,
    )
    np.testing.assert_allclose(x, [0.3, 1.0], atol=1e-3)
    assert value == pytest.approx(1.0, abs=1e-3)


def test_a_function_without_a_value_leaves_the_start() -> None:
    start = np.array([0.5])
    x, _ = minimise_in_box(
        lambda x: (float("nan"), np.zeros(1)), start, np.zeros(1), np.ones(1), 5
    )
    np.testing.assert_array_equal(x, start)
