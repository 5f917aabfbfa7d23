"""Parameter types: bounds, scales, values, errors."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError
from wazir.domain.middles import default_or_middle
from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Scale,
    value_text,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Double(1, 0), "must not be greater"),
        (lambda: Double(0, math.inf), "finite"),
        (lambda: Double(math.nan, 1), "finite"),
        (lambda: Double("0", 1), "must be a number, got '0'"),
        (lambda: Double(True, 2), "must be a number, got True"),
        (lambda: Double(0, 1, scale="log"), "greater than 0"),
        (lambda: Double(-1, 1, scale="reverse_log"), "greater than 0"),
        (lambda: Double(0, 1, scale="logarithmic"), "a scale is one of linear, log"),
        (lambda: Double(0, 1, default=2), "must lie in"),
        (lambda: Integer(0.5, 3), "whole number"),
        (lambda: Integer(1, 3, default=1.5), "whole number"),
        (lambda: Discrete([]), "1 to 1000 values"),
        (lambda: Discrete([1, 1.0]), "strictly increasing"),
        (lambda: Discrete([2, 1]), "strictly increasing"),
        (lambda: Discrete(range(1001)), "1 to 1000 values"),
        (lambda: Discrete([1, 2], default=3), "one of 1, 2"),
        (lambda: Categorical([]), "at least one value"),
        (lambda: Categorical("abc"), "must be a list"),
        (lambda: Categorical(["a", "a"]), "'a' twice"),
        (lambda: Categorical([1, "1"]), "'1' twice"),
        (lambda: Categorical([None]), "a text, a boolean or a number"),
        (lambda: Categorical(["adam"], default="adan"), "did you mean 'adam'"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_the_rule(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


@given(finite, finite, finite)
def test_a_double_takes_exactly_the_values_in_its_range(a, b, value):
    low, high = min(a, b), max(a, b)
    parameter = Double(low, high)
    if low <= value <= high:
        assert parameter.check(value) == value
    else:
        with pytest.raises(InvalidInputError):
            parameter.check(value)
    assert low <= parameter.nearest(value) <= high


@given(st.integers(-(10**18), 10**18), st.integers(0, 1000))
def test_an_integer_keeps_big_values_exactly(low, width):
    parameter = Integer(low, low + width)
    assert parameter.n_values == width + 1
    assert parameter.check(low + width) == low + width
    assert isinstance(parameter.check(float(parameter.nearest(0.4))), int) or abs(low) > 2**53


def test_discrete_values_that_are_whole_become_ints():
    parameter = Discrete([0.5, 2.0, 512.0])
    assert parameter.values == (0.5, 2, 512)
    assert isinstance(parameter.check(512.0), int)
    assert parameter.nearest(100) == 2


def test_a_category_is_found_by_its_text_and_true_is_not_one():
    parameter = Categorical([True, "auto", 16])
    assert parameter.check("True") is True
    assert parameter.check("16") == 16
    with pytest.raises(InvalidInputError):
        parameter.check(1)


def test_children_exist_under_allowed_parent_values_only():
    parent = Categorical(["sgd", "adam"]).when("sgd", {"momentum": Double(0, 1)})
    assert parent.branches[0].holds("sgd")
    assert not parent.branches[0].holds("adam")
    with pytest.raises(InvalidInputError, match="did you mean 'adam'"):
        parent.when("adan", {"beta": Double(0, 1)})


@pytest.mark.parametrize(
    ("parameter", "middle"),
    [
        (Double(0, 10), 5.0),
        (Double(1e-4, 1e-2, scale="log"), 1e-3),
        (Double(0.9, 0.999, default=0.95), 0.95),
        (Integer(1, 4), 2),
        (Discrete([1, 2, 3, 4]), 2),
        (Categorical(["b", "a"]), "b"),
    ],
)
def test_the_middle_or_the_default(parameter, middle):
    assert default_or_middle(parameter) == pytest.approx(middle)


@pytest.mark.parametrize("scale", list(Scale))
@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_the_middle_lies_in_the_range_on_every_scale(scale, a, b):
    parameter = Double(min(a, b), max(a, b), scale=scale)
    assert parameter.min_value <= default_or_middle(parameter) <= parameter.max_value


@given(finite)
def test_the_text_of_a_number_is_exact(value):
    assert float(value_text(value)) == value


def test_parameters_can_be_sent_to_other_processes():
    parameter = Integer(1, 9, scale="log").when(2, {"x": Double(0, 1)})
    assert pickle.loads(pickle.dumps(parameter)) == parameter
