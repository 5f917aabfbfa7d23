"""What a new study can use of earlier ones, whose spaces and metrics may differ."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.protocol import PriorStudy
from wazir.algorithms.transfer import MAX_TRIALS, Transfer, first_points, transfers
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

LOSS = Metric("loss", Goal.MINIMIZE)
SPACE = SearchSpace({"x": Double(0.0, 1.0), "n": Integer(1, 9), "kind": Categorical(["a", "b"])})
CONFIG = StudyConfig(SPACE, (LOSS,))


def trial(trial_id, parameters, value, metric="loss"):
    if value is None:
        return Trial(trial_id, parameters, TrialState.INFEASIBLE)
    final = Measurement({metric: value})
    return Trial(trial_id, parameters, TrialState.SUCCEEDED, final_measurement=final)


def prior(trials, config=CONFIG, study_id="old"):
    return PriorStudy(StudyName("default", study_id), config, trials)


def learned(config, *priors) -> Transfer:
    (found, *_) = transfers(config, priors)
    return found


def point(x, n=3, kind="a"):
    return {"x": x, "n": n, "kind": kind}


def test_trials_of_the_same_space_are_taken_as_they_are():
    found = learned(CONFIG, prior([trial(1, point(0.5), 2.0), trial(2, point(0.1), None)]))
    assert [(t.id, t.point, t.loss) for t in found.trials[:1]] == [(1, point(0.5), 2.0)]
    assert math.isnan(found.trials[1].loss)
    assert found.n_observed == 1
    assert not found.doubts


def test_trials_outside_of_the_new_space_are_left_out_and_this_is_said():
    narrow = StudyConfig(SearchSpace({**SPACE.parameters, "x": Double(0.0, 0.4)}), (LOSS,))
    found = learned(narrow, prior([trial(1, point(0.5), 2.0), trial(2, point(0.1), 3.0)]))
    assert [t.id for t in found.trials] == [2]
    assert found.doubts == ("1 of its 2 trials lies outside of the search space",)


def test_parameters_are_matched_by_name_and_kind():
    other = SearchSpace({"x": Double(0.0, 1.0), "kind": Integer(1, 2), "gone": Double(0.0, 1.0)})
    earlier = prior(
        [trial(1, {"x": 0.5, "kind": 1, "gone": 0.3}, 2.0)], StudyConfig(other, (LOSS,))
    )
    found = learned(CONFIG, earlier)
    assert found.trials[0].point == {"x": 0.5, "n": 5, "kind": "a"}
    assert found.unknown == {"n", "kind"}
    assert found.doubts == ("it says nothing of n, kind", "its kind, gone are not used")


def test_a_child_that_the_earlier_trial_had_not_gets_its_default():
    space = SearchSpace(
        {"layers": Integer(1, 2).when(2, {"units": Integer(4, 64, default=8)}), "x": Double(0, 1)}
    )
    earlier = StudyConfig(SearchSpace({"layers": Integer(1, 2), "x": Double(0, 1)}), (LOSS,))
    rows = [trial(1, {"layers": 2, "x": 0.1}, 1.0), trial(2, {"layers": 1, "x": 0.2}, 2.0)]
    found = learned(StudyConfig(space, (LOSS,)), prior(rows, earlier))
    assert [t.point for t in found.trials] == [
        {"layers": 2, "units": 8, "x": 0.1},
        {"layers": 1, "x": 0.2},
    ]


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ((Metric("loss", Goal.MINIMIZE),), 2.0),
        # The values of a metric are what they are: the new goal counts.
        ((Metric("loss", Goal.MAXIMIZE),), 2.0),
        # The only objective stands for the new one.
        ((Metric("accuracy", Goal.MAXIMIZE),), -2.0),
        ((Metric("a"), Metric("b")), None),
    ],
)
def test_metrics_are_matched_by_name_or_as_the_only_ones(metrics, expected):
    rows = [trial(1, point(0.5), 2.0, metrics[0].name)]
    found = learned(CONFIG, prior(rows, StudyConfig(SPACE, metrics)))
    if expected is None:
        assert found.n_observed == 0
        assert found.doubts == ("none of its metrics is 'loss'",)
    else:
        assert found.trials[0].loss == expected


def test_several_objectives_learn_nothing_and_this_is_said():
    config = StudyConfig(SPACE, (LOSS, Metric("size")))
    found = learned(config, prior([trial(1, point(0.5), 2.0)]))
    assert not found.trials
    assert "several objectives" in found.doubts[0]


def test_large_studies_keep_the_best_the_newest_and_a_spread():
    rows = [trial(i, point(i / 1000), abs(i - 300.0)) for i in range(1, 801)]
    kept = [t.id for t in learned(CONFIG, prior(rows)).trials]
    assert len(kept) == MAX_TRIALS
    assert kept == sorted(kept)
    assert {*range(251, 350)} <= {*kept}
    assert 800 in kept


def test_first_points_are_the_two_best_of_one_study_and_the_best_of_each_of_three():
    rows = [trial(1, point(0.5), 2.0), trial(2, point(0.5), 1.0), trial(3, point(0.1), 3.0)]
    one = first_points(transfers(CONFIG, [prior(rows)]))
    assert one == [(point(0.5), "trial 2 of old"), (point(0.1), "trial 3 of old")]
    same = first_points(transfers(CONFIG, [prior(rows), prior(rows, study_id="copy")]))
    assert same == one
    many = [prior([trial(1, point(i / 10), 1.0)], study_id=f"s{i}") for i in range(5)]
    found = first_points(transfers(CONFIG, [prior([], study_id="empty"), *many]))
    assert [text for _, text in found] == ["trial 1 of s0", "trial 1 of s1", "trial 1 of s2"]


values = st.one_of(st.none(), st.floats(width=64))


@given(st.lists(st.tuples(st.floats(-2, 2), st.integers(-3, 12), values), max_size=30))
def test_what_is_kept_are_points_of_the_new_space(rows):
    wide = SearchSpace({"x": Double(-2, 2), "n": Integer(-3, 12)})
    trials = [
        Trial(i, {"x": x, "n": n}, TrialState.INFEASIBLE)
        if value is None
        else trial(i, {"x": x, "n": n}, value)
        for i, (x, n, value) in enumerate(rows, start=1)
    ]
    found = learned(CONFIG, prior(trials, StudyConfig(wide, (LOSS,))))
    for one in found.trials:
        assert SPACE.check(one.point) == one.point
        assert not math.isinf(one.loss)
