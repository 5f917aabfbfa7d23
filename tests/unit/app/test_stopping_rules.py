"""Stopping rules by name, with their options."""

import pytest

from wazir.app.stopping_rules import RULES, make_rule
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.studies import EarlyStopping
from wazir.stopping.single import ThresholdRule

LOSS, SCORE = Metric("loss", Goal.MINIMIZE), Metric("score", Goal.MAXIMIZE)


@pytest.mark.parametrize("name", sorted(set(RULES) - {"threshold"}))
def test_every_rule_can_be_made_without_options(name):
    assert make_rule(EarlyStopping(name), LOSS).judge is not None


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_option_is_taken(name):
    values = {"first_share": 0.2, "keep": 0.3, "probability": 0.01, "factor": 3.0}
    options = {option: values.get(option, 7.0) for option in RULES[name].options}
    made = make_rule(EarlyStopping(name, options=options), LOSS)
    assert made != (make_rule(EarlyStopping(name), LOSS) if name != "threshold" else None)


def test_a_threshold_is_in_units_of_the_metric():
    early = EarlyStopping("threshold", options={"value": 0.9, "step": 3})
    assert make_rule(early, LOSS) == ThresholdRule(0.9, 3)
    assert make_rule(early, SCORE) == ThresholdRule(-0.9, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("medain", "did you mean 'median'"),
        ("median:n=3", "options of median are one of max_step, first_share, got 'n'"),
        ("patience:n=2.5", "n must be whole, got 2.5"),
        ("patience:n=inf", "finite"),
        ("default:max_step=nan", "finite"),
        ("asha:max_step=0", "max_step must be greater than 0, got 0"),
        ("convex:max_step_count=-5", "max_step_count must be greater than 0, got -5"),
        ("threshold", "write threshold:value=0.9"),
        ("default:keep=2", "keep lies between 0 and 1, got 2.0"),
    ],
)
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(InvalidInputError) as caught:
        make_rule(EarlyStopping.parse(text), LOSS)
    assert message in str(caught.value)


def test_a_count_that_is_not_finite_is_refused():
    with pytest.raises(InvalidInputError, match="n must be whole, got inf"):
        make_rule(EarlyStopping("patience", options={"n": float("inf")}), LOSS)


def test_texts():
    assert EarlyStopping.parse("none") is None
    assert EarlyStopping.parse("Decay-Curve") == EarlyStopping("decay_curve")
    early = EarlyStopping.parse(" patience : n = 5, gain=1e-3 ")
    assert early == EarlyStopping("patience", options={"n": 5.0, "gain": 1e-3})
    assert EarlyStopping.parse(str(early)) == early
    with pytest.raises(InvalidInputError, match="NAME=NUMBER, got 'n'"):
        EarlyStopping.parse("patience:n")
