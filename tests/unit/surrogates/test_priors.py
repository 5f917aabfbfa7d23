"""Priors over hyperparameters."""

import numpy as np
import pytest

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


def test_bends_are_believed_to_be_straight() -> None:
    prior = default_prior(np.array([False, True]), n_warped=1)
    np.testing.assert_array_equal(prior.centre[-2:], 0.0)
    assert prior.n_length_scales == 2
    assert len(prior.centre) == 6
