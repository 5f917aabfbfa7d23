"""Beliefs: texts, checks, and the point that they make."""

import pytest

from wazir.domain.beliefs import belief_texts, believed_point, parse_beliefs
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Metric
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig

SPACE = SearchSpace(
    {
        "lr": Double(1e-4, 1.0, scale="log"),
        "n": Integer(1, 9, default=2),
        "size": Discrete([8, 16, 32]),
        "kind": Categorical(["a", "b"]).when("b", {"depth": Integer(1, 4)}),
        "flag": Categorical([True, False]),
    }
)


def test_beliefs_are_read_in_the_types_of_the_space() -> None:
    texts = ["lr=1e-3", "n = 3", "size=16", "kind=b", "flag=false", "depth=2"]
    found = parse_beliefs(SPACE, texts)
    assert found == {"lr": 1e-3, "n": 3, "size": 16, "kind": "b", "flag": False, "depth": 2}
    assert found["flag"] is False
    assert isinstance(found["n"], int)
    assert parse_beliefs(SPACE, belief_texts(found)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr", "NAME=VALUE"),
        ("lr=", "NAME=VALUE"),
        ("lrr=1", "did you mean 'lr'"),
        ("lr=7", "'lr'"),
        ("lr=fast", "must be a number"),
        ("lr=nan", "'lr'"),
        ("n=2.5", "'n'"),
        ("kind=c", "'kind'"),
    ],
)
def test_other_beliefs_are_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_beliefs(SPACE, [text])
    assert said in str(caught.value)


def test_a_study_checks_its_beliefs() -> None:
    config = StudyConfig(SPACE, (Metric("y"),), beliefs={"n": 3.0})
    assert repr(dict(config.beliefs)) == "{'n': 3}"
    with pytest.raises(InvalidInputError, match="no parameter"):
        StudyConfig(SPACE, (Metric("y"),), beliefs={"m": 3})


def test_the_believed_point_takes_defaults_and_middles_for_the_rest() -> None:
    point = believed_point(SPACE, {"lr": 0.1, "kind": "b"}, {"size": 8, "lr": 0.5, "depth": 9})
    assert point == {"lr": 0.1, "n": 2, "size": 8, "kind": "b", "depth": 2, "flag": True}
    assert "depth" not in believed_point(SPACE, {"depth": 3, "kind": "a"})
