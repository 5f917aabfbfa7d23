"""What single rules decide, with their numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError
from wazir.stopping.curves import Curve
from wazir.stopping.extrapolating import ConvexRule, DecayCurveRule
from wazir.stopping.hyperband import HyperbandRule
from wazir.stopping.judging import Evidence, has_diverged, judge
from wazir.stopping.median import MedianRule
from wazir.stopping.rank import RankRule
from wazir.stopping.single import PatienceRule, ThresholdRule
from wazir.testing.stopping_rules import LENGTH, crowd, falling

NAN = float("nan")


def line(trial_id: int, *y: float, finished: bool = False) -> Curve:
    return Curve(trial_id, np.arange(1.0, len(y) + 1.0), np.array(y), finished)


def test_the_rank_rule_waits_for_its_first_check() -> None:
    stops = [RankRule().judge(falling(99, 9.0, n), crowd()) is not None for n in range(1, 40)]
    # An eighth of 40 steps.
    assert stops.index(True) == 5 - 1


def test_the_rank_rule_compares_with_running_and_stopped_trials_too() -> None:
    finished = [falling(i, 5.0) for i in (1, 2, 3)]
    stopped = [falling(10 + i, 0.1 * i, 8, finished=False) for i in range(5)]
    assert RankRule().judge(falling(99, 2.0, 8), finished) is None
    assert RankRule().judge(falling(99, 2.0, 8), [*finished, *stopped]) is not None


def test_the_rank_rule_compares_with_the_newest_trials() -> None:
    """Beside the first trials of an optimizer all later ones are good."""
    old, new = crowd(20), [falling(100 + i, -0.01 * i, 20) for i in range(10)]
    own = falling(200, 0.1, 20)
    assert RankRule(window=None).judge(own, [*new, *old]) is None
    assert RankRule().judge(own, [*new, *old]) is not None
    assert RankRule(window=40).judge(own, [*new, *old]) is None


def test_ties_go_on() -> None:
    others = [falling(i, 1.0) for i in range(1, 8)]
    assert all(RankRule().judge(falling(99, 1.0, n), others) is None for n in range(1, 40))


def test_the_length_may_be_known() -> None:
    running = [falling(i, 0.1 * i, 20, finished=False) for i in range(1, 8)]
    assert RankRule().judge(falling(99, 5.0, 20), running) is None
    assert RankRule(max_x=40.0).judge(falling(99, 5.0, 20), running) is not None


@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6), st.floats(0.0, 3.0), st.integers(1, 39))
def test_the_rank_rule_does_not_depend_on_units(
    scale: float, shift: float, floor: float, n: int
) -> None:
    def moved(curve: Curve) -> Curve:
        return replace(curve, y=scale * curve.y + shift)

    plain = RankRule().judge(falling(99, floor + 0.013, n), crowd())
    other = RankRule().judge(moved(falling(99, floor + 0.013, n)), [moved(c) for c in crowd()])
    assert (plain is None) == (other is None)


def test_the_median_rule_takes_averages_of_finished_trials_only() -> None:
    finished = [line(i, 4.0, 2.0, 0.0, finished=True) for i in (1, 2, 3)]
    running = [line(i, -9.0, -9.0) for i in (4, 5, 6, 7)]
    # The averages up to step 2 are 3.
    assert MedianRule().judge(line(9, 3.5, 2.9), [*finished, *running]) is None
    stop = MedianRule().judge(line(9, 3.5, 3.1), [*finished, *running])
    assert stop is not None
    assert stop.numbers(1.0) == {"value": 3.1, "limit": 3.0, "step": 2.0, "n": 3}


def test_the_median_rule_has_a_minimum() -> None:
    finished = [falling(i, 0.0) for i in (1, 2, 3)]
    assert MedianRule().judge(falling(99, 9.0, 3), finished) is None
    assert MedianRule().judge(falling(99, 9.0, 4), finished) is not None
    assert MedianRule(first_share=0.0).judge(falling(99, 9.0, 1), finished) is not None


def test_the_curve_model_lets_a_late_bloomer_like_others_go_on() -> None:
    """Curves that start badly and end well have been seen: being behind is no reason."""
    late = [
        line(i, *np.r_[np.full(25, 3.0 + 0.01 * i), np.full(15, 0.1 * i)], finished=True)
        for i in range(1, 9)
    ]
    early = [falling(20 + i, 1.0 + 0.1 * i) for i in range(8)]
    own = line(99, *np.full(20, 3.0))
    assert DecayCurveRule().judge(own, [*late, *early]) is None
    assert RankRule().judge(own, [*late, *early]) is not None


def test_the_curve_model_needs_five_finished_trials() -> None:
    assert DecayCurveRule().judge(falling(99, 50.0, 20), crowd(4)) is None
    stop = DecayCurveRule().judge(falling(99, 50.0, 20), crowd(5))
    assert stop is not None
    assert stop.facts["probability"] < 0.003


def test_the_convex_rule_follows_the_present_speed() -> None:
    others = [falling(1, 0.0), falling(2, 0.5)]
    slow = line(99, *(5.0 - 0.05 * k for k in range(20)))
    fast = line(99, *(5.0 - 0.25 * k for k in range(20)))
    stop = ConvexRule(max_x=float(LENGTH)).judge(slow, others)
    assert stop is not None
    # 4.05 at step 20, and 0.05 less at each of 20 more steps.
    assert stop.losses["reach"] == pytest.approx(4.05 - 1.0)
    assert ConvexRule(max_x=float(LENGTH)).judge(fast, others) is None


def test_hyperband_compares_within_a_bracket() -> None:
    rule = HyperbandRule(n_brackets=2, max_x=40.0)
    good = [falling(2 * i, 0.0) for i in range(1, 6)]
    assert rule.judge(falling(100, 5.0, 10), good) is not None
    assert rule.judge(falling(101, 5.0, 10), good) is None


def test_threshold_and_patience() -> None:
    rule = ThresholdRule(loss=1.0, min_x=3.0)
    assert rule.judge(line(1, 5.0, 5.0), []) is None
    assert rule.judge(line(1, 5.0, 5.0, 1.0), []) is None
    assert rule.judge(line(1, 5.0, 5.0, 1.1), []) is not None
    patient = PatienceRule(n=2)
    assert patient.judge(line(1, 3.0, 2.0, 2.0), []) is None
    assert patient.judge(line(1, 3.0, 2.0, 2.0, 2.5), []) is not None
    assert patient.judge(line(1, 3.0, 2.0, 2.0, 1.9), []) is None


def test_three_values_that_are_not_finite_mean_divergence() -> None:
    assert not has_diverged(line(1, 1.0, NAN, NAN))
    assert has_diverged(line(1, 1.0, NAN, NAN, NAN))
    assert not has_diverged(line(1, NAN, NAN, NAN, 1.0))


def test_the_only_trial_is_never_stopped() -> None:
    own = line(1, *np.full(30, 2.0))
    assert PatienceRule(n=2).judge(own, []) is not None
    assert judge(PatienceRule(n=2), [Evidence(own, [])]) is None
    assert judge(PatienceRule(n=2), [Evidence(own, [line(2, 1.0)])]) is not None


def test_with_two_objectives_a_compromise_goes_on() -> None:
    def at(trial_id: int, level: float) -> Curve:
        return line(trial_id, *np.full(40, level), finished=trial_id < 90)

    # Half of the trials are best in the first objective, half in the second.
    ends = [(i, 0.0 if i % 2 else 4.0, 4.0 if i % 2 else 0.0) for i in range(1, 9)]
    first, second = ([at(i, pair[k]) for i, *pair in ends] for k in (0, 1))

    def judged(a: float, b: float) -> bool:
        own = (at(99, a).until(20.0), at(99, b).until(20.0))
        found = judge(RankRule(keep=0.25), [Evidence(own[0], first), Evidence(own[1], second)])
        return found is not None

    assert not judged(2.0, 2.0)
    assert judged(5.0, 5.0)
    assert not judged(5.0, -1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RankRule(first_share=0.0),
        lambda: RankRule(factor=1.0),
        lambda: RankRule(keep=1.0),
        lambda: MedianRule(first_share=1.0),
        lambda: DecayCurveRule(probability=0.0),
        lambda: ConvexRule(min_points=2),
        lambda: HyperbandRule(n_brackets=0),
        lambda: PatienceRule(n=0),
        lambda: PatienceRule(min_gain=-1.0),
    ],
)
def test_numbers_outside_their_range_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInputError):
        make()
