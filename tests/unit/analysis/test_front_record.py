"""Advice on several objectives: how long the hypervolume has not grown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.hypervolume import hypervolume
from wazir.analysis.advice import advise
from wazir.analysis.front_record import results_since_growth
from wazir.analysis.pareto import losses_of, reference_of
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

LOSS = Metric("loss", Goal.MINIMIZE, reference_value=10.0)
GAIN = Metric("gain", Goal.MAXIMIZE, reference_value=0.0)
CONFIG = StudyConfig(SearchSpace({"x": Double(0, 1)}), (LOSS, GAIN))


def trials(pairs, **more):
    return [
        Trial(
            i,
            {"x": 0.5},
            TrialState.SUCCEEDED,
            final_measurement=Measurement({"loss": loss, "gain": gain, **more}),
            completed_revision=i,
        )
        for i, (loss, gain) in enumerate(pairs, start=1)
    ]


# Areas: 25, 49, then a hundredth more, then nothing.
PAIRS = [(5.0, 5.0), (3.0, 7.0), (3.0, 7.07), (9.0, 1.0), (8.0, 2.0), (4.0, 6.0), (5.0, 5.0)]


@pytest.mark.parametrize(("more_than", "n_idle"), [(0.005, 4), (0.02, 5), (0.6, 6), (2.0, 6)])
def test_results_count_since_the_front_was_about_as_large(more_than, n_idle):
    assert results_since_growth(CONFIG, trials(PAIRS), more_than) == n_idle


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(1, 9)), min_size=1, max_size=20),
    st.floats(0.001, 0.5),
)
def test_it_is_the_first_of_all_fronts_within_the_share(pairs, more_than):
    ended = trials(pairs)
    Y = np.array([losses_of(trial, CONFIG.objectives) for trial in ended])
    reference = reference_of(CONFIG.objectives, Y)
    areas = [hypervolume(Y[:n], reference) for n in range(1, len(Y) + 1)]
    first = next(i for i, area in enumerate(areas) if area >= (1 - more_than) * areas[-1])
    assert results_since_growth(CONFIG, ended, more_than) == len(pairs) - 1 - first


def test_the_odds_are_the_trials_to_come_by_those_since_growth():
    found = advise(CONFIG, trials([*PAIRS, (9.0, 1.0)]), 10, 0.02)
    assert found.probability == pytest.approx(11 / (11 + 7))
    assert (found.n_results, found.expected_improvement, found.per_hour) == (8, None, None)
    assert found.text("loss") == (
        "61 % chance that 10 more trials enlarge the hypervolume by more than 2 %"
    )
    assert advise(CONFIG, trials([*PAIRS, (9.0, 1.0)])).more_than == 0.01
    one = advise(CONFIG, trials([*PAIRS, (9.0, 1.0)]), 1)
    assert "one more trial enlarges the hypervolume" in one.text("loss")


def test_unsafe_trials_do_not_enlarge_the_front():
    limited = replace(CONFIG, metrics=(*CONFIG.metrics, Metric("size", Goal.MINIMIZE, 1.0)))
    safe = trials([(9.0, 1.0)] + [(9.5, 0.5)] * 8, size=1.0)
    unsafe = [
        replace(t, id=t.id + 9, completed_revision=t.id + 9) for t in trials(PAIRS, size=2.0)
    ]
    found = advise(limited, [*safe, *unsafe], 10)
    assert (found.n_results, found.probability) == (9, pytest.approx(11 / (11 + 9)))


def test_there_is_none_beyond_the_reference_point_or_for_huge_values():
    beyond = advise(CONFIG, trials([(11.0, 1.0 + i) for i in range(9)]))
    assert beyond.reason == "no result is better than the reference point"
    plain = replace(CONFIG, metrics=(Metric("loss", Goal.MINIMIZE), Metric("gain")))
    huge = advise(plain, trials([(-1e200 * i, 1e200 * i) for i in range(9)]))
    assert huge.probability is None
    assert "too large" in huge.reason
