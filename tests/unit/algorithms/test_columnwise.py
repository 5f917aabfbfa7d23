"""Conditions over many rows give what `Expression.holds` gives for each of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.columnwise import Column, Levels, Numbers, holds_for
from wazir.domain.expression_syntax import FUNCTIONS, OF_SEVERAL
from wazir.domain.expressions import Result, parse_expression

NAMES = ("a", "b", "flag", "word")

numbers = st.one_of(
    st.sampled_from([0, 1, -1, 2, 0.5, -0.0, 1e-300, 1e300, 2**53 + 1, 10**400]),
    st.integers(-50, 50),
    st.floats(allow_nan=False, allow_infinity=False),
)
texts = st.sampled_from(["x", "y", "5", " 7 ", "1e999", "true", "False", "0.5", ""])
anything = st.one_of(numbers, texts, st.booleans(), st.none())

literals = st.one_of(
    st.sampled_from(["0", "1", "2", "3.5", "1e200", "9007199254740993", "true", "false"]),
    st.sampled_from(['"x"', '"5"', '"true"', "'0.5'"]),
)
terms = st.one_of(st.sampled_from(NAMES), literals)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "%", "**"])
    one = st.sampled_from([name for name in FUNCTIONS if name not in OF_SEVERAL])
    return st.one_of(
        st.builds("({} {} {})".format, inner, signs, inner),
        st.builds("{}({})".format, one, inner),
        st.builds("{}({}, {})".format, st.sampled_from(OF_SEVERAL), inner, inner),
        st.builds("-{}".format, inner),
    )


values = st.recursive(terms, grown, max_leaves=5)
comparisons = st.one_of(
    st.builds(
        "({} {} {})".format, values, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), values
    ),
    st.builds("({} < {} <= {})".format, values, values, values),
    st.builds("({} in ({}, {}))".format, values, values, values),
    st.builds("({} == x)".format, values),
    st.builds("({} not in ({}, {}))".format, values, values, values),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("({} == {})".format, inner, inner),
        st.builds("({} + {} > 1)".format, inner, inner),
    ),
    max_leaves=4,
)
rows = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, anything)), min_size=1, max_size=6)


def column_of(given_values: list[Result]) -> Column:
    """Return numbers as floats where that is exact, so that both kinds of columns occur."""
    if all(v is None or type(v) is float for v in given_values):
        return Numbers(np.array([math.nan if v is None else float(v) for v in given_values]))
    return Levels(np.arange(len(given_values)), tuple(given_values))


@given(conditions, rows)
def test_rows_agree_with_single_points(text: str, points: list[dict[str, Result]]) -> None:
    expression = parse_expression(text, [*NAMES])
    columns = {name: column_of([point[name] for point in points]) for name in NAMES}
    holds, exact = holds_for(expression, columns, len(points))
    for i, point in enumerate(points):
        if exact[i]:
            assert holds[i] == expression.holds(point), (text, point)


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1, max_size=9))
def test_small_whole_numbers_are_exact(pairs: list[tuple[int, int]]) -> None:
    expression = parse_expression("a * b % 7 == 3 or a / b < b ** 2 <= a + 5", ["a", "b"])
    columns = {
        name: Numbers(np.array([pair[i] for pair in pairs], dtype=float))
        for i, name in enumerate("ab")
    }
    holds, exact = holds_for(expression, columns, len(pairs))
    assert exact.all()
    assert holds.tolist() == [expression.holds({"a": a, "b": b}) for a, b in pairs]


@pytest.mark.parametrize("text", ["a * a > 1", "a + 1 > a", "a > 9007199254740993"])
def test_numbers_that_are_no_floats_are_left_to_python(text: str) -> None:
    expression = parse_expression(text, ["a"])
    _, exact = holds_for(expression, {"a": Numbers(np.array([2.0**60, 3.0]))}, 2)
    assert exact.tolist() == [False, "9007" not in text]
