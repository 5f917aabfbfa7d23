"""When a search counts as stalled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.gp.stalling import is_stalled

FALLING = np.arange(20.0, 0.0, -1.0)


def test_steady_gains_are_no_stall() -> None:
    assert not is_stalled(FALLING)
    assert is_stalled(np.r_[FALLING, np.full(6, 5.0)])
    assert is_stalled(np.r_[FALLING, 5.0, 5.0, 0.99, 5.0, 5.0, 5.0])
    assert not is_stalled(np.r_[FALLING, 5.0, 5.0, -3.0, 5.0, 5.0, 5.0])


def test_few_trials_have_not_stalled() -> None:
    assert not is_stalled(np.ones(10))
    assert is_stalled(np.ones(11))


@given(st.lists(st.floats(), max_size=30), st.floats(-1e3, 1e3))
def test_any_values_are_judged(values: list[float], shift: float) -> None:
    assert is_stalled(np.array(values)) in {True, False}


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_units_do_not_matter(scale: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        y = rng.standard_normal(25)
        assert is_stalled(y * scale) == is_stalled(y)
