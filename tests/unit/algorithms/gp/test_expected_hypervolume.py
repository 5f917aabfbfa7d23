"""Expected hypervolume improvement against sampling, and its slopes against differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wazir.algorithms.gp.acquisition import LogExpectedImprovement
from wazir.algorithms.gp.boxes import Boxes, non_dominated_boxes
from wazir.algorithms.gp.expected_hypervolume import LogExpectedHypervolume

N_SAMPLES = 200_000
STEP = 1e-6


def random_front(rng, m, k=6):
    return rng.normal(size=(k, m))


@pytest.mark.parametrize("m", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_mean_improvement_of_samples(m, seed):
    """Six standard errors: a chance of one in 10^8 for each of the 8 cases."""
    rng = np.random.default_rng(seed)
    boxes = non_dominated_boxes(random_front(rng, m), np.ones(m))
    mean, std = rng.normal(0, 0.5, m), rng.uniform(0.3, 1.0, m)
    Y = mean + std * rng.standard_normal((N_SAMPLES, m))
    gains = np.zeros(N_SAMPLES)
    for lower, upper in zip(boxes.lower, boxes.upper, strict=True):
        gains += np.prod(np.maximum(upper - np.maximum(lower, Y), 0.0), axis=1)
    value = LogExpectedHypervolume(boxes).value(mean[None], std[None])[0]
    error = np.std(gains) / math.sqrt(N_SAMPLES)
    assert math.exp(value) == pytest.approx(np.mean(gains), abs=6 * error)


@st.composite
def predictions(draw):
    m = draw(st.integers(2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    boxes = non_dominated_boxes(random_front(rng, m, draw(st.integers(0, 8))), np.ones(m))
    numbers = st.lists(st.floats(-4, 4), min_size=m, max_size=m)
    sizes = st.lists(st.floats(-3, 1), min_size=m, max_size=m)
    return boxes, np.array(draw(numbers)), np.exp(draw(sizes))


@given(predictions())
@settings(deadline=None)
def test_slopes_are_those_of_the_values(found):
    boxes, mean, std = found
    m = len(mean)
    acquisition = LogExpectedHypervolume(boxes)
    value, by_mean, by_std = acquisition.with_slopes(mean[None], std[None])
    assert value == pytest.approx(acquisition.value(mean[None], std[None]))
    for j in range(m):
        unit = STEP * np.eye(m)[j]
        up, down = (acquisition.value((mean + s * unit)[None], std[None])[0] for s in (1, -1))
        assert by_mean[0, j] == pytest.approx((up - down) / (2 * STEP), rel=1e-4, abs=1e-4)
        unit = unit * std[j]
        up, down = (acquisition.value(mean[None], (std + s * unit)[None])[0] for s in (1, -1))
        slope = (up - down) / (2 * STEP * std[j])
        assert by_std[0, j] == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_far_from_the_front_it_is_finite_and_has_a_slope():
    boxes = non_dominated_boxes(np.array([[0.0, 0.5], [0.5, 0.0]]), np.ones(2))
    mean = np.array([[1e3, 1e3], [1e100, 1.0], [-1e100, -1e100], [0.0, 0.0]])
    std = np.array([[1.0, 1.0], [1e-3, 1e-3], [1e-100, 1.0], [1e100, 1e-100]])
    value, by_mean, by_std = LogExpectedHypervolume(boxes).with_slopes(mean, std)
    assert np.isfinite(value).all()
    assert np.isfinite(by_mean).all()
    assert np.isfinite(by_std).all()
    assert (by_mean[0] < 0).all()


def test_of_one_objective_it_is_expected_improvement():
    rng = np.random.default_rng(3)
    mean, std = rng.normal(size=(9, 1)), rng.uniform(0.1, 2, size=(9, 1))
    boxes = Boxes(np.array([[-np.inf]]), np.array([[0.4]]))
    found = LogExpectedHypervolume(boxes).value(mean, std)
    expected = LogExpectedImprovement(0.4).value(mean[:, 0], std[:, 0])
    np.testing.assert_allclose(found, expected)


@given(predictions(), st.floats(1e-3, 1e3), st.floats(-10, 10))
@settings(deadline=None)
def test_units_of_an_objective_scale_the_volume_and_nothing_else(found, unit, shift):
    boxes, mean, std = found
    scale = np.r_[unit, np.ones(len(mean) - 1)]
    move = np.r_[shift, np.zeros(len(mean) - 1)]
    moved = Boxes(boxes.lower * scale + move, boxes.upper * scale + move)
    value = LogExpectedHypervolume(boxes).value(mean[None], std[None])
    scaled = LogExpectedHypervolume(moved).value((mean * scale + move)[None], (std * scale)[None])
    assert scaled[0] - math.log(unit) == pytest.approx(value[0], rel=1e-6, abs=1e-6)
