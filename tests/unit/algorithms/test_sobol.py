"""The Sobol sequence: against SciPy's, and what scrambling must keep."""

import numpy as np
import pytest

from wazir.algorithms.sobol import N_DIMENSIONS, scrambled_sobol, sobol_integers


@pytest.mark.slow
def test_unscrambled_points_are_those_of_scipy() -> None:
    qmc = pytest.importorskip("scipy.stats.qmc")
    theirs = qmc.Sobol(N_DIMENSIONS, scramble=False, bits=32).random_base2(9)
    index = np.arange(512)
    ours = sobol_integers(index ^ (index >> 1), N_DIMENSIONS) / 2.0**32
    np.testing.assert_array_equal(ours, theirs)


def test_the_first_points_are_the_known_ones() -> None:
    points = sobol_integers(np.arange(4), 3) / 2.0**32
    known = [[0, 0, 0], [0.5, 0.5, 0.5], [0.25, 0.75, 0.75], [0.75, 0.25, 0.25]]
    np.testing.assert_array_equal(points, known)


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_every_axis_is_stratified(seed: int) -> None:
    n = 64
    points = scrambled_sobol(np.arange(n), N_DIMENSIONS, seed)
    cells = np.sort(np.floor(points * n).astype(int), axis=0)
    assert (cells == np.arange(n)[:, None]).all()


def test_the_first_two_axes_stay_a_net() -> None:
    points = scrambled_sobol(np.arange(256), 2, seed=5)
    for across in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        cells = np.floor(points * [across, 256 / across]).astype(int)
        assert len({tuple(cell) for cell in cells.tolist()}) == 256


def test_a_point_depends_on_seed_and_index_only() -> None:
    whole = scrambled_sobol(np.arange(40), 12, seed=3)
    np.testing.assert_array_equal(scrambled_sobol(np.array([17, 5]), 12, 3), whole[[17, 5]])
    np.testing.assert_array_equal(scrambled_sobol(np.arange(40), 4, 3), whole[:, :4])
    assert not np.array_equal(scrambled_sobol(np.arange(40), 12, 4), whole)


def test_points_lie_inside_the_open_cube() -> None:
    points = scrambled_sobol(np.array([0, 1, 2**31, 2**32 - 1]), 40, seed=9)
    assert (points > 0).all()
    assert (points < 1).all()


def test_a_point_is_uniform_over_seeds() -> None:
    first = np.array([scrambled_sobol(np.array([6]), 3, seed)[0] for seed in range(400)])
    # Mean and variance of 400 uniform numbers: four standard errors.
    assert np.abs(first.mean(axis=0) - 0.5).max() < 4 * np.sqrt(1 / 12 / 400)
    assert np.abs(first.var(axis=0) - 1 / 12).max() < 4 * np.sqrt(1 / 180 / 400)


def test_more_dimensions_than_the_table_has() -> None:
    points = scrambled_sobol(np.arange(50), N_DIMENSIONS + 7, seed=1)
    assert points.shape == (50, N_DIMENSIONS + 7)
    assert np.abs(points.mean(axis=0) - 0.5).max() < 0.2
    np.testing.assert_array_equal(
        scrambled_sobol(np.array([9]), N_DIMENSIONS + 7, 1)[0], points[9]
    )
