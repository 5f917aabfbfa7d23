"""Constraints are looked at when a study is made, and when a point comes in."""

from dataclasses import replace

import pytest

from wazir.app.compose import create_study
from wazir.domain.constraints import Constraint
from wazir.domain.errors import InvalidInputError, StudyMismatchError
from wazir.domain.metrics import Metric
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.service.possible import check_possible

CONFIG = StudyConfig(
    SearchSpace(
        {
            "a": Double(0.0, 1.0),
            "b": Double(0.0, 1.0),
            "n": Integer(0, 10),
            "kind": Categorical(["x", "y"]),
        }
    ),
    (Metric("loss"),),
)


def with_constraints(*texts: str, space: SearchSpace = CONFIG.space) -> StudyConfig:
    return replace(CONFIG, space=space, constraints=tuple(map(Constraint, texts)))


@pytest.mark.parametrize(
    "texts",
    [(), ("a < b",), ("a < b", "n * a > 9"), ("kind == x", "abs(a + b - 1) <= 1e-6", "n == 7")],
)
def test_what_is_possible_passes(texts: tuple[str, ...]) -> None:
    check_possible(with_constraints(*texts))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("a < b", "a + b > 2"), ["fulfils this:", "  a + b > 2", "loosen"]),
        (("a < b", "b < a"), ["fulfils all constraints together:", "  a < b", "  b < a"]),
        (("a + b == 0.7",), ["allow a distance"]),
        (("a > 2", "n > 10", "a < b"), ["fulfils these:", "  a > 2", "  n > 10"]),
    ],
)
def test_what_is_impossible_is_named(texts: tuple[str, ...], said: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_possible(with_constraints(*texts))
    for part in said:
        assert part in str(caught.value)
    assert "a < b" in said or "  a < b" in said or "a < b" not in str(caught.value)


def test_in_a_small_space_the_answer_is_certain() -> None:
    space = SearchSpace({"n": Integer(0, 10), "kind": Categorical(["x", "y"])})
    with pytest.raises(InvalidInputError, match="none of the 22 points"):
        check_possible(with_constraints("n * n == 50", space=space))


def test_a_study_in_python() -> None:
    parameters = {"low": Double(0.0, 1.0), "high": Double(0.0, 1.0)}
    study = create_study(
        "s",
        parameters=parameters,
        minimize="loss",
        constraints="low < high",
        storage=":memory:",
        seed=1,
    )
    study.optimize(lambda trial: trial.parameters["high"], trials=12, progress=False)
    assert all(t.parameters["low"] < t.parameters["high"] for t in study.trials)
    with pytest.raises(InvalidInputError, match=r"low is 0\.5, high is 0\.25"):
        study.add_trial({"low": 0.5, "high": 0.25}, {"loss": 1.0})
    with pytest.raises(InvalidInputError, match="low < high"):
        study.enqueue({"low": 0.75})
    assert len(study.trials) == 12
    study.enqueue({"low": 0.125, "high": 0.25})
    assert study.suggest().parameters == {"low": 0.125, "high": 0.25}


def test_the_constraints_of_a_study_can_be_edited() -> None:
    study = create_study(
        "s",
        parameters={"low": Double(0.0, 1.0), "high": Double(0.0, 1.0)},
        minimize="loss",
        constraints="low < high",
        storage=":memory:",
    )
    study.enqueue({"low": 0.125, "high": 0.25})
    study.update(constraints=["high < low"])
    # The waiting point breaks the new constraint.
    assert study.trials == []
    point = study.suggest().parameters
    assert point["high"] < point["low"]
    with pytest.raises(InvalidInputError, match="fulfils all constraints together"):
        study.update(constraints=["high < low", "low + high > 2 * low"])
    study.update(constraints=())
    study.add_trial({"low": 0.125, "high": 0.25}, {"loss": 1.0})
    with pytest.raises(InvalidInputError, match="there is no 'mid'"):
        study.update(constraints="low < mid")


def test_a_study_of_other_constraints_is_another_study(tmp_path: object) -> None:
    def make(*constraints: str) -> None:
        create_study(
            "s",
            parameters={"low": Double(0.0, 1.0), "high": Double(0.0, 1.0)},
            minimize="loss",
            constraints=constraints,
            storage=f"{tmp_path}/w.db",
        )

    make("low < high")
    make(" (low) <  high ")
    with pytest.raises(StudyMismatchError, match="constraint 'low <= high' is new"):
        make("low < high", "low <= high")
