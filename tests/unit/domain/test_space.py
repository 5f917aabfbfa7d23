"""Search spaces: active parameters, checked assignments, differences."""

import pytest

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace, describe

TREE = SearchSpace(
    {
        "booster": Categorical(["linear", "tree", "dart"])
        .when(["tree", "dart"], {"depth": Integer(1, 3)})
        .when("dart", {"drop": Discrete([0.1, 0.2])}),
        "rate": Categorical(["low", "high"]),
    }
)


def test_children_are_active_under_their_parents_value():
    assert [name for name, _ in TREE.active({"booster": "linear"})] == ["booster", "rate"]
    names = [name for name, _ in TREE.active({"booster": "dart"})]
    assert names == ["booster", "depth", "drop", "rate"]


def test_the_number_of_points_counts_each_branch():
    assert TREE.n_points == (1 + 3 + 3 * 2) * 2
    assert SearchSpace({"x": Double(0, 1), "n": Integer(1, 2)}).n_points is None
    assert SearchSpace({"x": Double(1, 1)}).n_points == 1


def test_an_assignment_is_put_in_order_and_types():
    checked = TREE.check({"rate": "low", "depth": 2.0, "booster": "tree"})
    assert checked == {"booster": "tree", "depth": 2, "rate": "low"}
    assert list(checked) == ["booster", "depth", "rate"]
    assert isinstance(checked["depth"], int)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"booster": "linear"}, "parameter 'rate' has no value"),
        ({"rate": "low"}, "parameter 'booster' has no value"),
        ({"booster": "linear", "rate": "low", "depth": 1}, "no parameter 'depth' in this place"),
        ({"booster": "tree", "rate": "low", "depth": 9}, "parameter 'depth': .* got 9"),
        ({"booster": "linear", "rate": "low", "rat": 1}, "did you mean 'rate'"),
    ],
)
def test_a_wrong_assignment_says_which_parameter(values, message):
    with pytest.raises(InvalidInputError, match=message):
        TREE.check(values)


def test_missing_values_are_filled_with_defaults_and_middles():
    assert TREE.complete({"booster": "dart"}) == {
        "booster": "dart",
        "depth": 2,
        "drop": 0.1,
        "rate": "low",
    }


def test_names_must_differ_where_they_can_meet():
    child = {"x": Double(0, 1)}
    SearchSpace({"a": Categorical(["p", "q"]).when("p", child).when("q", child)})
    with pytest.raises(InvalidInputError, match="'x' is defined twice"):
        SearchSpace({"a": Categorical(["p", "q"]).when("p", child), "x": Integer(1, 2)})
    with pytest.raises(InvalidInputError, match="'x' is defined twice"):
        SearchSpace({"a": Categorical(["p", "q"]).when("p", child).when(["p", "q"], child)})
    with pytest.raises(InvalidInputError, match="at least one parameter"):
        SearchSpace({})
    with pytest.raises(InvalidInputError, match="needs a name"):
        SearchSpace({" ": Double(0, 1)})


def test_differences_are_said_by_parameter():
    other = SearchSpace({"rate": Categorical(["low"]), "new": Double(1e-3, 1, scale="log")})
    lines = SearchSpace({"rate": Categorical(["low", "high"]), "old": Integer(1, 9)}).differences(
        other
    )
    assert lines == [
        "rate: was CATEGORICAL low, high, is CATEGORICAL low",
        "old: INTEGER 1 to 9 is not there any more",
        "new: DOUBLE 0.001 to 1, LOG is new",
    ]
    assert TREE.differences(TREE) == []


def test_a_parameter_in_one_line():
    assert describe(Integer(1, 9, default=3)) == "INTEGER 1 to 9, default 3"
