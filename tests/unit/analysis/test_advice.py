"""Advice on going on: what it is made of, when there is none, and that it does not depend on units."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.analysis.advice import (
    Advice,
    advise,
    improvement_that_matters,
    probability_of,
    seconds_per_trial,
    trials_since_improvement,
    why_not_worth_it,
)
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

SPACE = SearchSpace({"x": Double(0, 1)})
CONFIG = StudyConfig(SPACE, (Metric("loss", Goal.MINIMIZE),), seed=3)
GAIN = StudyConfig(SPACE, (Metric("loss", Goal.MAXIMIZE),), seed=3)
VALUES = [5.0, 4.0, 9.0, 3.0, 8.0, 2.0, 7.0, 6.0, 2.5, 4.5]


def trials(values, **fields):
    return [
        Trial(
            i,
            {"x": i / (len(values) + 1)},
            TrialState.SUCCEEDED,
            final_measurement=Measurement({"loss": value}),
            completed_revision=i,
            **fields,
        )
        for i, value in enumerate(values, start=1)
    ]


def from_model(*gains):
    return lambda config, ended, n_more: gains


def test_model_and_record_give_the_probability_and_the_amount():
    found = advise(CONFIG, trials(VALUES), 10, 0.5, improvements=from_model(2.0, 1.0, 0.4, 0.0))
    # Trial 6 had the best value; four came since.
    assert found.probability == probability_of(2, 4, 10, 4)
    assert found.expected_improvement == pytest.approx(1.5 * found.probability)
    assert (found.n_more, found.more_than, found.n_results) == (10, 0.5, 10)
    assert found.per_hour is None
    assert found.reason == ""


def test_the_goal_turns_the_values_over():
    gain = advise(GAIN, trials([-v for v in VALUES]), 5, improvements=from_model(1.0, 0.0))
    loss = advise(CONFIG, trials(VALUES), 5, improvements=from_model(1.0, 0.0))
    assert gain == loss


def test_the_order_in_which_results_came_counts_not_their_ids():
    ended = trials(VALUES)
    last_first = [replace(t, completed_revision=100 - t.id) for t in ended]
    found = advise(CONFIG, last_first, 10, 0.5, improvements=from_model(1.0))
    # Now trial 6 comes behind four others, and 2.5 before it is within 0.5.
    assert found.probability == probability_of(1, 1, 10, 8)


@pytest.mark.parametrize(
    ("config", "values", "reason"),
    [
        (CONFIG, VALUES[:7], "there are 7 results, and 8 are needed"),
        (CONFIG, [1.0] * 12, "all results are equal"),
        (
            replace(CONFIG, metrics=(*CONFIG.metrics, Metric("speed"))),
            VALUES,
            "there are 0 results",
        ),
        (
            replace(CONFIG, metrics=(*CONFIG.metrics, Metric("size", Goal.MINIMIZE, 9.0))),
            VALUES,
            "there are 0 safe results",
        ),
        (
            replace(
                CONFIG,
                space=SearchSpace({"x": Double(0, 1), "n": Integer(1, 9)}),
                fidelity="n",
                old_values={"n": 9},
            ),
            VALUES,
            "budgets that grow",
        ),
    ],
)
def test_no_advice_where_nothing_is_known(config, values, reason):
    found = advise(config, trials(values), improvements=from_model(1.0))
    assert found.probability is None
    assert reason in found.reason
    assert "no advice" in found.text("loss")


def test_infeasible_and_running_trials_are_no_results():
    ended = trials(VALUES)
    failed = [replace(t, id=t.id + 20, state=TrialState.INFEASIBLE) for t in ended]
    running = [replace(t, id=t.id + 40, state=TrialState.ACTIVE) for t in ended]
    seen = []

    def improvements(config, given, n_more):
        seen.extend(given)
        return [1.0]

    assert advise(CONFIG, [*ended, *failed, *running], improvements=improvements).n_results == 10
    assert [t.id for t in seen] == [*range(1, 11), *range(21, 31)]


def test_only_trials_that_can_be_used_count():
    limited = replace(CONFIG, metrics=(*CONFIG.metrics, Metric("size", Goal.MINIMIZE, 9.0)))
    ended = [
        replace(t, final_measurement=Measurement({"loss": v, "size": 9.0 + 9.0 * (v < 3)}))
        for t, v in zip(trials(VALUES), VALUES, strict=True)
    ]
    seen = []

    def improvements(config, given, n_more):
        seen.extend(given)
        return [1.0]

    found = advise(limited, ended, 10, 0.5, improvements=improvements)
    assert [t.id for t in seen] == [1, 2, 3, 4, 5, 7, 8, 10]
    # Trial 4 is the best safe one; four came since.
    assert found.probability == probability_of(1, 1, 10, 4)
    narrow = replace(CONFIG, space=SearchSpace({"x": Double(0, 0.75)}))
    assert advise(narrow, trials(VALUES), improvements=from_model(1.0)).n_results == 8


def test_another_algorithm_is_told_what_the_default_one_would_reach():
    other = replace(CONFIG, algorithm="TPE")
    found = advise(other, trials(VALUES), improvements=from_model(1.0))
    assert "chance that 10 more trials of the default algorithm improve loss by" in found.text(
        "loss"
    )
    assert "default algorithm" not in advise(
        CONFIG, trials(VALUES), improvements=from_model(1.0)
    ).text("loss")


def test_a_model_that_fails_is_a_reason():
    def fails(config, ended, n_more):
        raise ArithmeticError("too large")

    assert advise(CONFIG, trials(VALUES), improvements=fails).reason == (
        "there is no model: too large"
    )


@pytest.mark.parametrize(
    ("n_more", "more_than"), [(0, None), (1001, None), (5, 0.0), (5, math.nan)]
)
def test_numbers_outside_their_range_are_refused(n_more, more_than):
    with pytest.raises(InvalidInputError):
        advise(CONFIG, trials(VALUES), n_more, more_than, improvements=from_model(1.0))


@pytest.mark.parametrize(
    ("losses", "matters"),
    [
        ([1.0, 3.0, 5.0], 0.02),
        ([0.0, 0.0, 0.0, 8.0], 0.03),  # most are the best: the standard deviation, 3.46
        ([-1e308, 1e308, 1e308], 2e306),
        ([1e-300, 2e-300, 3e-300], 1e-302),
    ],
)
def test_a_hundredth_of_the_distance_to_the_median_matters(losses, matters):
    assert improvement_that_matters(losses) == pytest.approx(matters, rel=1e-9)


@given(
    st.lists(st.floats(-1e3, 1e3).map(lambda v: round(v, 3)), min_size=8, max_size=20),
    st.integers(-6, 6),
)
def test_the_unit_of_the_objective_does_not_count(values, power):
    """Powers of ten, so that what matters is rounded to the same digit."""
    if max(values) - min(values) < 1e-2:
        return
    scale = 10.0**power
    matters = improvement_that_matters(values)
    scaled = [value * scale for value in values]
    assert improvement_that_matters(scaled) == pytest.approx(matters * scale, rel=0.6)
    found = advise(CONFIG, trials(values), 10, matters, improvements=from_model(matters * 2, 0))
    other = advise(
        CONFIG,
        trials(scaled),
        10,
        matters * scale,
        improvements=from_model(matters * scale * 2, 0),
    )
    assert found.expected_improvement is not None
    assert other.expected_improvement == pytest.approx(found.expected_improvement * scale, rel=0.3)


@given(st.integers(0, 64), st.integers(1, 1000), st.integers(0, 1000))
def test_a_probability_is_one_and_follows_its_causes(n_large, n_more, n_idle):
    found = probability_of(n_large, 64, n_more, n_idle)
    assert 0.0 < found < 1.0
    assert n_large == 64 or probability_of(n_large + 1, 64, n_more, n_idle) > found
    assert probability_of(n_large, 64, n_more + 1, n_idle) > found
    assert probability_of(n_large, 64, n_more, n_idle + 1) < found


def test_trials_since_improvement_do_not_count_small_steps():
    assert trials_since_improvement([5.0, 2.0, 3.0, 1.95, 4.0], 0.1) == 3
    assert trials_since_improvement([5.0, 2.0, 3.0, 1.95, 4.0], 0.01) == 1


def test_the_pace_counts_neither_pauses_nor_the_same_time_twice():
    spans = [(0.0, 10.0), (0.0, 10.0), (5.0, 15.0), (1000.0, 1009.0)]
    ended = [
        replace(trial, started_at=start, completed_at=end)
        for trial, (start, end) in zip(trials([1.0] * 4), spans, strict=True)
    ]
    assert seconds_per_trial(ended) == (15 + 9) / 4
    assert seconds_per_trial(trials([1.0] * 4)) is None
    both = ended + trials(VALUES)[4:]
    short = advise(CONFIG, both, n_more=149, improvements=from_model(1.0))
    assert short.per_hour is None, "the trials end within a quarter of an hour"
    found = advise(CONFIG, both, n_more=150, improvements=from_model(1.0))
    assert found.per_hour == pytest.approx(found.expected_improvement / 900.0 * 3600.0)


def some(probability):
    return Advice(10, 0.002, 30, probability=probability, expected_improvement=0.1)


def test_a_study_ends_when_all_advice_is_below_the_limit():
    assert why_not_worth_it(0.05, (some(0.04), some(0.03)), "loss") == (
        "only 3 % chance that 10 more trials improve loss by more than 0.002"
    )
    assert why_not_worth_it(0.05, (some(0.06), some(0.03)), "loss") == ""
    assert why_not_worth_it(0.05, (Advice(10, None, 3, reason="few"), some(0.03)), "loss") == ""


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0004, "less than 0.1 %"), (0.0123, "1.2 %"), (0.123, "12 %"), (0.996, "more than 99 %")],
)
def test_a_probability_in_words(probability, text):
    assert some(probability).text("loss").startswith(f"{text} chance that 10 more trials improve")


@pytest.mark.parametrize("fields", [{}, {"probability": 1.0}, {"probability": 0.5, "reason": "x"}])
def test_advice_that_contradicts_itself_is_refused(fields):
    with pytest.raises(InvalidInputError):
        Advice(10, 0.1, 20, **fields)
