"""Constraints: what they mean, what is refused before any point, and points that break them."""

import pytest

from wazir.domain.codec import config_from_dict, config_to_dict
from wazir.domain.constraints import Constraint, constraint_differences
from wazir.domain.errors import InvalidExpressionError, InvalidInputError
from wazir.domain.metrics import Metric
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig

SPACE = SearchSpace(
    {
        "n_layers": Integer(1, 4),
        "width": Discrete([16, 64, 256]),
        "lr": Double(1e-5, 1.0, scale="log"),
        "optimizer": Categorical(["adam", "sgd"]),
        "bias": Categorical([True, False]),
        "flag": Categorical(["True", "False"]),
        "units_2": Integer(8, 64, when={"n_layers": [2, 3, 4]}),
        "batch-size": Integer(1, 9),
    }
)
POINT = {
    "n_layers": 2,
    "width": 64,
    "lr": 0.01,
    "optimizer": "sgd",
    "bias": True,
    "flag": "False",
    "units_2": 32,
    "batch-size": 4,
}
SHALLOW = {name: value for name, value in POINT.items() if name != "units_2"} | {"n_layers": 1}


def over_space(text: str) -> Constraint:
    return Constraint(text).over(SPACE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n_layers * width <= 128", True),
        ("n_layers * width < 128", False),
        ("optimizer == adam", False),
        ("optimizer in (sgd, adam) and lr < 0.1", True),
        ("bias", True),
        ("not flag", True),
        ("flag == false", True),
        ("width == 64", True),
        ("`batch-size` >= 4", True),
        ("units_2 < width <= 64", True),
        ("lr / (n_layers - 2) > 0", False),
    ],
)
def test_a_constraint_holds_as_the_grammar_says(text: str, expected: bool) -> None:
    assert over_space(text).holds(POINT) is expected


@pytest.mark.parametrize("text", ["units_2 > 1000", "units_2 < 0 and n_layers == 7"])
def test_it_does_not_apply_where_one_of_its_parameters_does_not_exist(text: str) -> None:
    assert over_space(text).holds(SHALLOW)
    assert not over_space(text).holds(POINT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n_layer * width <= 4", "did you mean 'n_layers'"),
        ("width == adam", None),
        ("optimizer == adm", "did you mean 'adam'"),
        ('optimizer in ("sgd", "rmsprop")', "values are adam, sgd"),
        ("optimizer != optimiser", "did you mean 'optimizer'"),
        ("n_layers + width", "compare it"),
        ("n_layers", "compare it"),
        ("lr < 1 and optimizer", "compare it"),
        ("not max(n_layers, 2)", "compare it"),
        ("1 < 2", "names no parameter"),
        ("batch-size > 2", "in backticks"),
        ("n_layers <", "expected a value"),
        ("", "empty"),
    ],
)
def test_what_makes_no_sense_is_refused_when_the_study_is_made(
    text: str, said: str | None
) -> None:
    if said is None:
        assert not over_space(text).holds(POINT)
        return
    with pytest.raises(InvalidExpressionError, match=r".") as caught:
        StudyConfig(SPACE, (Metric("m"),), constraints=(Constraint(text),))
    assert said in str(caught.value)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="write the expression in quotes"):
        Constraint(lambda x: x)  # type: ignore[arg-type]


def test_equality_is_by_meaning() -> None:
    config = StudyConfig(
        SPACE,
        (Metric("m"),),
        constraints=(Constraint("lr<1e-1"), Constraint(" lr < 0.1 "), Constraint("bias")),
    )
    assert [one.text for one in config.constraints] == ["lr<1e-1", "bias"]
    other = StudyConfig(
        SPACE, (Metric("m"),), constraints=(Constraint("(lr) < .1"), Constraint("bias"))
    )
    assert config == other
    assert constraint_differences(config.constraints, other.constraints) == []
    assert constraint_differences(config.constraints, other.constraints[:1]) == [
        "constraint 'bias' is not there any more"
    ]


def test_a_point_that_breaks_constraints_is_refused_with_their_values() -> None:
    texts = ("n_layers * width <= 100", "optimizer == adam", "lr < 1")
    config = StudyConfig(SPACE, (Metric("m"),), constraints=tuple(map(Constraint, texts)))
    with pytest.raises(InvalidInputError) as caught:
        config.check_point(POINT)
    assert str(caught.value).splitlines() == [
        "the constraint 'n_layers * width <= 100' does not hold: n_layers is 2, width is 64",
        "the constraint 'optimizer == adam' does not hold: optimizer is sgd",
    ]
    good = {**POINT, "width": 16, "optimizer": "adam"}
    assert config.check_point(good) == good
    assert config.admits(good)
    assert not config.admits(POINT)


def test_constraints_are_stored() -> None:
    config = StudyConfig(SPACE, (Metric("m"),), constraints=(Constraint("lr < units_2"),))
    assert config_from_dict(config_to_dict(config)) == config
    old = {key: value for key, value in config_to_dict(config).items() if key != "constraints"}
    assert config_from_dict(old).constraints == ()
