"""Branches that are due: which one, and that points move into it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.branches import ANYWHERE, Branch, due_branch
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.region import Region
from wazir.domain.constraints import Constraint
from wazir.domain.parameters import Categorical, Double, Integer, ParameterValue
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import Loop, study_config

NESTED = SearchSpace(
    {
        "model": Categorical(["a", "b", "c"]),
        "x": Double(0.0, 1.0),
        "bx": Double(0.0, 1.0, when={"model": ["b"]}),
        "kind": Categorical(["u", "v"], when={"model": ["c"]}),
        "v": Double(0.0, 1.0, when={"kind": ["v"]}),
    }
)
ENCODING = Encoding.of(NESTED)


def points(*models: str) -> Array:
    """Return points with these models, `cv` for model c of kind v."""
    return ENCODING.encode([NESTED.complete(_values(name)) for name in models])


def _values(name: str) -> dict[str, ParameterValue]:
    return {"model": name[0], "x": 0.3} | ({"kind": name[1:]} if name[1:] else {})


def due_in(space: SearchSpace, X: Array, *constraints: str) -> str:
    """Return the due branch in words."""
    config = replace(
        study_config(space), constraints=tuple(Constraint(text) for text in constraints)
    )
    encoding = Encoding.of(space)
    branch = due_branch(Region.of(config, encoding), X, np.random.default_rng(0))
    assert (branch == ANYWHERE) is (branch.text(encoding) == "")
    return branch.text(encoding)


def due(*models: str) -> str:
    return due_in(NESTED, points(*models))


def test_each_value_of_a_parent_at_the_top_is_tried_twice() -> None:
    assert due("a", "a", "a", "b", "cu", "cv") == "model=b"
    assert due("a", "a", "b", "b", "cu", "cv") == ""


def test_what_falls_short_most_comes_first() -> None:
    assert due("a", "a", "a", "b") == "model=c"


def test_a_value_has_a_right_to_a_part_of_an_equal_share() -> None:
    models = ["a"] * 35 + ["cu"] * 2 + ["cv"] * 2 + ["b"] * 3
    assert due(*models) == "model=b"
    assert due(*models[:20], *models[35:]) == ""


def test_a_parent_below_another_one_counts_the_trials_it_exists_in() -> None:
    seldom = ["a"] * 5 + ["b"] * 5 + ["cv"] * 10
    assert due(*seldom) == "model=c, kind=u"
    assert due(*seldom, "cu", "cu") == ""


def test_a_space_without_conditions_has_no_branches() -> None:
    space = SearchSpace({"x": Double(0.0, 1.0), "k": Categorical(["a", "b"])})
    encoding = Encoding.of(space)
    assert due_in(space, encoding.encode([{"x": 0.5, "k": "a"}] * 9)) == ""


def test_a_parent_with_many_values_is_a_number_among_others() -> None:
    space = SearchSpace({"n": Integer(1, 40), "x": Double(0.0, 1.0, when={"n": [40]})})
    encoding = Encoding.of(space)
    assert due_in(space, encoding.encode([{"n": 1}] * 9)) == ""


def test_a_branch_that_the_constraints_forbid_is_not_due() -> None:
    X = points("a", "a", "a", "b", "cu", "cv")
    assert due_in(NESTED, X, "x > 0.9") == "model=b"
    assert due_in(NESTED, X, "model != b") == ""


def test_points_that_enter_a_branch_get_random_values_for_what_begins_there() -> None:
    branch = Branch(((0, 1.0),))
    rng = np.random.default_rng(0)
    outside, inside = points("a", "cv", "a"), points("b")
    moved = branch.enter(ENCODING, np.vstack([outside, inside]), rng)
    assert branch.holds(moved).all()
    assert not branch.holds(outside).any()
    values = [ENCODING.decode(row)["bx"] for row in moved]
    assert len(set(values[:3])) == 3
    assert values[3] == ENCODING.decode(inside[0])["bx"]
    assert ANYWHERE.enter(ENCODING, outside, rng) is outside
    assert ANYWHERE.holds(outside).all()


def loss(values: Mapping[str, ParameterValue]) -> float:
    """Return a loss whose best branch looks worst at first."""
    cost = {"a": 0.2, "b": 0.3, "c": 0.0}[str(values["model"])]
    own = [float(values[name]) - 0.9 for name in ("bx", "v") if name in values]
    return cost + (float(values["x"]) - 0.3) ** 2 + 5.0 * sum(error**2 for error in own)


@pytest.mark.parametrize("opens", [True, False])
def test_the_bandit_gives_each_branch_its_share(opens: bool) -> None:
    loop = Loop(GpBandit(GpSettings(opens_branches=opens)), study_config(NESTED, seed=3))
    made = loop.run(40, loss)
    counts = Counter(suggestion.parameters["model"] for suggestion in made)
    assert not opens or min(counts.values()) >= 4
    assert any("branch" in suggestion.explanation for suggestion in made) is opens
