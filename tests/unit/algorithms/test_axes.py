"""Axes: round trips, bounds, scales and equal probabilities."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.axes import axis_of, level_positions
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Parameter, Scale

SCALES = st.sampled_from(list(Scale))


@st.composite
def doubles(draw: st.DrawFn) -> Double:
    scale = draw(SCALES)
    least = -1e300 if scale is Scale.LINEAR else 1e-300
    a = draw(st.floats(least, 1e300, allow_subnormal=False))
    if scale is Scale.REVERSE_LOG:
        # Over more decades floats near the upper end are too coarse for this scale.
        return Double(a, a * draw(st.floats(1.0, 1e4)), scale=scale)
    b = draw(st.floats(least, 1e300, allow_subnormal=False))
    return Double(min(a, b), max(a, b), scale=scale)


@st.composite
def integers(draw: st.DrawFn) -> Integer:
    scale = draw(SCALES)
    least = -(10**6) if scale is Scale.LINEAR else 1
    low = draw(st.integers(least, 10**6))
    return Integer(low, low + draw(st.integers(0, 10**6)), scale=scale)


@st.composite
def lists(draw: st.DrawFn) -> Parameter:
    if draw(st.booleans()):
        numbers = draw(st.lists(st.integers(-1000, 1000), min_size=1, max_size=9, unique=True))
        return Discrete(sorted(numbers))
    words = draw(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=9, unique=True))
    return Categorical(words)


PARAMETERS = st.one_of(doubles(), integers(), lists())
UNIT = st.floats(0.0, 1.0, exclude_max=True)


@given(PARAMETERS, UNIT)
def test_every_unit_number_gives_an_allowed_value(parameter: Parameter, u: float) -> None:
    axis = axis_of(parameter)
    position = axis.spread(np.array([u]))[0]
    value = axis.value(position)
    assert parameter.check(value) == value
    assert type(parameter.check(value)) is type(value)


@given(PARAMETERS, UNIT)
def test_value_and_position_are_inverse(parameter: Parameter, u: float) -> None:
    axis = axis_of(parameter)
    value = axis.value(axis.spread(np.array([u]))[0])
    again = axis.value(axis.positions([value])[0])
    if isinstance(parameter, Double):
        # One rounding of the position is this much of the value.
        width = parameter.max_value / 2 - parameter.min_value / 2
        assert again == pytest.approx(value, rel=1e-9, abs=1e-9 * width)
    else:
        assert again == value


@given(PARAMETERS, st.lists(st.floats(-2.0, 12.0), min_size=1, max_size=3))
def test_snapped_positions_are_positions_of_values(parameter: Parameter, p: list[float]) -> None:
    axis = axis_of(parameter)
    snapped = axis.snap(np.array(p))
    again = axis.positions([axis.value(position) for position in snapped])
    np.testing.assert_allclose(again, snapped, atol=1e-9)


@given(doubles())
def test_the_ends_of_a_double_are_exact(parameter: Double) -> None:
    axis = axis_of(parameter)
    if axis.n_levels is None:
        assert axis.value(0.0) == parameter.min_value
        assert axis.value(1.0) == parameter.max_value


@pytest.mark.parametrize(
    ("scale", "middle"),
    [
        (Scale.LINEAR, 50.05),
        (Scale.LOG, math.sqrt(10.0)),
        (Scale.REVERSE_LOG, 100.1 - math.sqrt(10.0)),
    ],
)
def test_the_middle_is_that_of_the_scale(scale: Scale, middle: float) -> None:
    assert axis_of(Double(0.1, 100.0, scale=scale)).value(0.5) == pytest.approx(middle)


@pytest.mark.parametrize(
    "parameter", [Integer(3, 7), Discrete([1, 10, 100, 1000]), Categorical(["a", "b", "c"])]
)
def test_levels_are_equally_likely(parameter: Parameter) -> None:
    axis = axis_of(parameter)
    n = 60 * 100
    cells = axis.spread((np.arange(n) + 0.5) / n)
    counts = Counter(axis.value(position) for position in cells)
    assert axis.n_levels is not None
    expected = n / axis.n_levels
    assert len(counts) == axis.n_levels
    assert all(abs(count - expected) <= 1 for count in counts.values())


@pytest.mark.parametrize("scale", [Scale.LOG, Scale.REVERSE_LOG])
def test_whole_numbers_in_a_log_scale_have_half_cells_at_the_ends(scale: Scale) -> None:
    axis = axis_of(Integer(1, 8, scale=scale))
    n = 100_000
    values = [float(axis.value(p)) for p in axis.spread((np.arange(n) + 0.5) / n)]
    counts = Counter(v if scale is Scale.LOG else 9 - v for v in values)
    whole = math.log(8.5) - math.log(0.5)
    for value in range(1, 9):
        share = (math.log(value + 0.5) - math.log(value - 0.5)) / whole
        assert counts[value] / n == pytest.approx(share, abs=1e-4)


@given(st.one_of(integers().filter(lambda p: p.n_values < 300), lists()))
def test_levels_are_all_positions(parameter: Parameter) -> None:
    axis = axis_of(parameter)
    levels = level_positions(axis)
    assert len({axis.value(position) for position in levels}) == axis.n_levels == len(levels)
    assert (np.diff(levels) > 0).all()


def test_a_continuum_has_no_levels() -> None:
    with pytest.raises(ValueError, match="no levels"):
        level_positions(axis_of(Double(0.0, 1.0)))


def test_true_and_1_are_different_categories() -> None:
    axis = axis_of(Categorical([1, True, "x"]))
    assert axis.positions([True, 1, "x"]).tolist() == [1.0, 0.0, 2.0]


def test_very_large_whole_numbers_stay_inside() -> None:
    axis = axis_of(Integer(2**62 - 5, 2**63 + 1))
    assert axis.value(0.0) == 2**62 - 5
    assert axis.value(1.0) == 2**63 + 1


def test_the_widest_double_does_not_overflow() -> None:
    axis = axis_of(Double(-1.7e308, 1.7e308))
    assert axis.positions([0.0])[0] == 0.5
    assert axis.value(0.25) == pytest.approx(-0.85e308)
