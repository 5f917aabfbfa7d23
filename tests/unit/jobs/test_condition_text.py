"""Conditions on the command line."""

from pathlib import Path

import pytest

from wazir.domain.conditions import Condition
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Metric
from wazir.jobs.condition_text import parse_condition
from wazir.jobs.resolution import TuneFlags, resolve

LAYERS = ("n_layers=1..3", "units_1=8..64", "units_2=8..64", "units_3=8..64", "kind=adam,sgd")


def space_of(*conditions):
    flags = TuneFlags(
        ("prog",),
        Path("/work"),
        objectives=(Metric("loss"),),
        parameters=LAYERS,
        conditions=conditions,
    )
    return resolve(flags, None, seed=1).config.space


@pytest.mark.parametrize(
    ("text", "child", "condition"),
    [
        ("units_2=n_layers:2..4", "units_2", Condition("n_layers", (2, 3, 4))),
        ("x = n : 5", "x", Condition("n", (5,))),
        ("x=n:1,2.5", "x", Condition("n", (1, 2.5))),
        ("momentum=kind:sgd,nag", "momentum", Condition("kind", ("sgd", "nag"))),
    ],
)
def test_texts(text, child, condition):
    assert parse_condition(text) == (child, condition)


def test_a_chain_of_layers():
    space = space_of("units_2=n_layers:2..3", "units_3=n_layers:3")
    assert space.check({"n_layers": 1, "units_1": 8, "kind": "sgd"})
    assert space.check({"n_layers": 2, "units_1": 8, "units_2": 9, "kind": "sgd"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("units_2", "CHILD=PARENT:VALUES"),
        ("units_2=n_layers", "CHILD=PARENT:VALUES"),
        ("units_2=n_layers:0.5..1.5", "is no list of values"),
        ("units_9=n_layers:2", "did you mean 'units"),
        ("units_2=layers:2", "which is not there"),
        ("units_2=n_layers:7", "must lie in"),
        ("units_2=kind:adm", "did you mean 'adam'"),
    ],
)
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(InvalidInputError) as caught:
        space_of(text)
    assert message in str(caught.value)


def test_a_child_has_one_condition():
    with pytest.raises(InvalidInputError, match="has a condition already"):
        space_of("units_2=n_layers:2", "units_2=n_layers:3")
