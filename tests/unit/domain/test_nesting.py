"""Flat parameters with conditions become parents with children."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace, describe_space

FLAT = {
    "units_2": Integer(8, 64, when={"n_layers": [2, 3]}),
    "n_layers": Integer(1, 3),
    "units_1": Integer(8, 64),
    "units_3": Integer(8, 64, when={"n_layers": 3}),
    "dropout_3": Double(0.0, 0.5, when={"units_3": list(range(32, 65))}),
}


def test_children_go_below_their_parents_at_any_depth():
    space = SearchSpace(FLAT)
    same = SearchSpace(
        {
            "n_layers": Integer(1, 3)
            .when([2, 3], {"units_2": Integer(8, 64)})
            .when(
                [3],
                {"units_3": Integer(8, 64).when(range(32, 65), {"dropout_3": Double(0.0, 0.5)})},
            ),
            "units_1": Integer(8, 64),
        }
    )
    assert space == same
    assert [name for name, _ in space.active({"n_layers": 1, "units_1": 9})] == [
        "n_layers",
        "units_1",
    ]
    values = {"n_layers": 3, "units_1": 9, "units_2": 9, "units_3": 33, "dropout_3": 0.1}
    assert space.check(values) == values
    with pytest.raises(InvalidInputError, match="units_2"):
        space.check({"n_layers": 1, "units_1": 9, "units_2": 9})


def test_values_are_taken_as_the_parent_has_them():
    space = SearchSpace(
        {
            "size": Discrete([16, 32]),
            "kind": Categorical(["a", 7]),
            "x": Double(0, 1, when={"size": 16.0}),
            "y": Double(0, 1, when={"kind": "7"}),
        }
    )
    found = {"size": 16, "kind": 7, "x": 0.5, "y": 0.5}
    assert space.check(found) == found


def test_a_parent_with_children_keeps_its_own_condition():
    parent = Categorical(["p", "q"], when={"a": "yes"}).when("p", {"x": Double(0, 1)})
    space = SearchSpace({"a": Categorical(["yes", "no"]), "b": parent})
    assert [name for name, _ in space.walk()] == ["a", "b", "x"]
    assert space.check({"a": "no"}) == {"a": "no"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"x": Double(0, 1, when={"m": 1}), "n": Integer(1, 2)}, "depends on 'm', which is not"),
        ({"x": Double(0, 1, when={"y": 1}), "y": Double(0, 1)}, "which is a DOUBLE"),
        ({"x": Double(0, 1, when={"n": 3}), "n": Integer(1, 2)}, "must lie in"),
        ({"n": Integer(1, 2, when={"n": 1})}, "depends on itself"),
        (
            {
                "n": Integer(1, 2).when(1, {"x": Double(0, 1, when={"m": 1})}),
                "m": Integer(1, 2),
            },
            "has a parent and a condition on 'm' besides",
        ),
        (
            {"n": Integer(1, 2, when={"m": 1}), "m": Integer(1, 2, when={"n": 1})},
            "depends on itself",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(parameters, message):
    with pytest.raises(InvalidInputError, match=message):
        SearchSpace(parameters)


@pytest.mark.parametrize("when", [{}, {"a": 1, "b": 2}, {"a": []}])
def test_a_condition_names_one_parent_and_its_values(when):
    with pytest.raises(InvalidInputError):
        Integer(1, 2, when=when)


def test_children_say_when_they_exist():
    assert describe_space(SearchSpace(FLAT)) == [
        ("n_layers", "INTEGER 1 to 3"),
        ("units_2", "INTEGER 8 to 64, when n_layers is 2 or 3"),
        ("units_3", "INTEGER 8 to 64, when n_layers is 3"),
        ("dropout_3", "DOUBLE 0 to 0.5, when units_3 is 32, ..., 64"),
        ("units_1", "INTEGER 8 to 64"),
    ]


@given(st.permutations(sorted(FLAT)))
def test_the_order_of_the_list_changes_no_meaning(names):
    space = SearchSpace({name: FLAT[name] for name in names})
    values = {"n_layers": 2, "units_1": 8, "units_2": 8}
    assert space.check(values) == values
    assert {name for name, _ in space.walk()} == set(FLAT)
