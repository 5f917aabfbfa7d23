"""Which trials get larger budgets: successive halving in one bracket and in several."""

import random
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wazir.stopping.brackets
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.parameters import Double, Integer, Parameter
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.stopping.brackets import Brackets, Promotion, Standing, brackets_of

LADDER = Brackets((1, 3, 9))


def config(
    epochs: Parameter, rule: str | None = "asha", n_trials: int | None = None
) -> StudyConfig:
    return StudyConfig(
        SearchSpace({"rate": Double(0, 1), "epochs": epochs}),
        (Metric("loss", Goal.MINIMIZE),),
        early_stopping=None if rule is None else EarlyStopping.parse(rule),
        planned_n_trials=n_trials,
        fidelity="epochs",
    )


def paused(*losses: float) -> list[Standing]:
    """Return trials that are paused at the lowest rung."""
    return [Standing(i, {0: (loss,)}, True) for i, loss in enumerate(losses, start=1)]


@st.composite
def crowds(draw: st.DrawFn) -> list[Standing]:
    n_objectives = draw(st.integers(1, 2))
    loss = st.sampled_from([-1.0, 0.0, 0.5, 2.0, 1e100])
    losses = st.tuples(*[loss] * n_objectives)
    heights = draw(st.lists(st.integers(0, 2), max_size=20))
    return [
        Standing(i, {k: draw(losses) for k in range(height + 1)}, draw(st.booleans()))
        for i, height in enumerate(heights, start=1)
    ]


def test_the_best_third_of_a_rung_goes_on() -> None:
    assert LADDER.promotions(paused(5.0, 4.0)) == []
    assert LADDER.promotions(paused(5.0, 4.0, 6.0)) == [Promotion(2, 3)]
    assert LADDER.promotions(paused(5.0, 4.0, 6.0, 3.0, 9.0)) == [Promotion(4, 3)]
    assert LADDER.promotions(paused(*range(9, 0, -1))) == [Promotion(i, 3) for i in (9, 8, 7)]


def test_who_went_on_keeps_its_place_and_the_highest_rung_comes_first() -> None:
    crowd = paused(5.0, 4.0, 6.0, 3.0, 9.0, 2.0)
    gone = [Standing(i, {0: (i * 0.1,), 1: (i * 0.1,)}, True) for i in (7, 8, 9)]
    # Of nine at the bottom three may go on, and three did; of those three one may.
    assert LADDER.promotions([*crowd, *gone]) == [Promotion(7, 9)]


def test_a_trial_that_ended_or_runs_is_not_promoted() -> None:
    crowd = [replace(one, is_paused=one.trial_id != 2) for one in paused(5.0, 4.0, 6.0)]
    assert LADDER.promotions(crowd) == []


@given(crowds(), st.integers(0, 2**32), st.sampled_from([1, 2, 3]))
def test_the_order_of_the_trials_does_not_matter(
    crowd: list[Standing], seed: int, n_brackets: int
) -> None:
    brackets = Brackets((1, 3, 9), n_brackets=n_brackets)
    shuffled = crowd.copy()
    random.Random(seed).shuffle(shuffled)
    assert brackets.promotions(shuffled) == brackets.promotions(crowd)
    assert brackets.finalist(shuffled) == brackets.finalist(crowd)
    assert brackets.why_ended(shuffled) == brackets.why_ended(crowd)
    assert brackets.why_ended(crowd).keys() == {one.trial_id for one in crowd if one.is_paused}


@given(crowds())
def test_only_paused_trials_go_on_and_only_to_the_next_budget(crowd: list[Standing]) -> None:
    by_id = {one.trial_id: one for one in crowd}
    promoted = LADDER.promotions(crowd)
    assert len({one.trial_id for one in promoted}) == len(promoted)
    for one in promoted:
        assert by_id[one.trial_id].is_paused
        assert one.budget == LADDER.budgets[by_id[one.trial_id].rung + 1]
    for rung in (0, 1):
        n_there = sum(rung in one.losses for one in crowd)
        n_from = sum(by_id[one.trial_id].rung == rung for one in promoted)
        assert n_from <= n_there / 3


def test_the_best_paused_trial_gets_the_full_budget_if_none_had_it() -> None:
    crowd = [*paused(5.0, 4.0), Standing(9, {0: (9.0,), 1: (8.0,)}, True)]
    assert LADDER.finalist(crowd) == Promotion(9, 9)
    assert LADDER.finalist([*crowd, Standing(10, {2: (99.0,)})]) is None
    assert LADDER.finalist([]) is None
    assert LADDER.finalist([replace(one, is_paused=False) for one in crowd]) is None


def test_safe_trials_come_first_and_then_those_nearest_to_it() -> None:
    far, near, safe = paused(1.0, 2.0, 3.0)
    crowd = [replace(far, violations={0: 5.0}), replace(near, violations={0: 0.5}), safe]
    assert LADDER.promotions(crowd) == [Promotion(3, 3)]
    assert LADDER.finalist(crowd[:2]) == Promotion(2, 9)


def test_with_several_objectives_the_pareto_front_goes_on() -> None:
    points = [(3.0, 3.0), (2.0, 2.0), (1.0, 5.0), (6.0, 6.0), (5.0, 1.0), (7.0, 7.0)]
    crowd = [Standing(i, {0: point}, True) for i, point in enumerate(points, start=1)]
    assert [one.trial_id for one in LADDER.promotions(crowd)] == [2, 3]


@given(crowds(), st.sampled_from([1, 2, 3]))
def test_each_place_counts_who_dominates(crowd: list[Standing], n_brackets: int) -> None:
    brackets = Brackets((1, 3, 9), n_brackets=n_brackets)

    def key(one: Standing, rung: int, members: list[Standing]) -> tuple[float, int]:
        own = one.losses[rung]
        if len(own) == 1:
            return own[0], one.trial_id
        others = [other.losses[rung] for other in members]
        nowhere_worse = [
            y for y in others if all(a <= b for a, b in zip(y, own, strict=True)) and y != own
        ]
        return len(nowhere_worse), one.trial_id

    stops = brackets.why_ended(crowd)
    for one in crowd:
        if one.is_paused:
            bracket = brackets.bracket_of(one.trial_id)
            members = [
                other
                for other in crowd
                if one.rung in other.losses and brackets.bracket_of(other.trial_id) == bracket
            ]
            ordered = sorted(members, key=lambda other: key(other, one.rung, members))
            found = stops[one.trial_id].facts
            assert found["place"] == 1 + ordered.index(one)
            assert found["n"] == len(members)


def test_each_rung_is_ranked_once_and_only_where_a_trial_is_paused(monkeypatch) -> None:
    ranked = []

    def spy(members, rung):
        ranked.append((rung, len(members)))
        return plain(members, rung)

    plain = wazir.stopping.brackets._ranked
    monkeypatch.setattr(wazir.stopping.brackets, "_ranked", spy)
    gone = [Standing(i, {0: (0.1, 0.1), 1: (0.1, 0.1)}) for i in (7, 8, 9)]
    crowd = [Standing(i, {0: (float(i), 1.0)}, True) for i in range(1, 7)]
    assert len(LADDER.why_ended([*crowd, *gone])) == len(crowd)
    assert ranked == [(0, 9)]
    ranked.clear()
    LADDER.promotions([*crowd, *gone])
    assert ranked == [(0, 9)]
    ranked.clear()
    LADDER.promotions([replace(one, is_paused=False) for one in crowd])
    assert ranked == []


def test_three_thousand_trials_with_two_objectives_are_ranked_at_once() -> None:
    rng = random.Random(1)
    crowd = [Standing(i, {0: (rng.random(), rng.random())}, True) for i in range(1, 3001)]
    start = time.process_time()
    assert len(LADDER.promotions(crowd)) == 1000
    # One call of Python per pair would take several seconds.
    assert time.process_time() - start < 1.0


def test_the_reason_names_place_and_numbers() -> None:
    stop = LADDER.why_ended(paused(5.0, 4.0, 6.0))[3]
    assert stop.reason(-1.0, "epochs") == (
        "paused at epochs 1 of 9 with -6, place 3 of 3 there; 1 could go on"
    )


@pytest.mark.parametrize(
    ("epochs", "n_trials", "budgets"),
    [
        (Integer(1, 81), None, (1, 3, 9, 27, 81)),
        (Integer(1, 81), 30, (3, 9, 27, 81)),
        (Integer(1, 81), 8, (27, 81)),
        (Integer(1, 81), 1, (81,)),
        (Integer(1, 100), None, (1, 4, 11, 33, 100)),
        (Integer(1, 2), None, (2,)),
        (Double(0.1, 0.9), None, (0.1, 0.3, 0.9)),
    ],
)
def test_budgets_are_parts_of_the_full_one_that_the_trials_can_climb(
    epochs, n_trials, budgets
) -> None:
    assert brackets_of(config(epochs, n_trials=n_trials)).budgets == pytest.approx(budgets)


@given(st.integers(1, 50), st.integers(1, 10**6), st.floats(1.1, 10.0))
def test_budgets_grow_within_the_range(low: int, width: int, factor: float) -> None:
    made = brackets_of(config(Integer(low, low + width), f"asha:factor={factor}"))
    assert list(made.budgets) == sorted(set(made.budgets))
    assert low <= made.budgets[0]
    assert made.full_budget == low + width
    assert [made.rung_of(budget) for budget in made.budgets] == list(range(len(made.budgets)))


def test_trials_are_spread_over_brackets_as_hyperband_says() -> None:
    made = brackets_of(config(Integer(1, 81), "hyperband"))
    counts = Counter(made.first_budget(trial_id) for trial_id in range(1, 144))
    # 81, 34, 15, 8 and 5 of 143 (JMLR 18, table 1), as even as a sequence can be.
    for budget, share in zip(made.budgets, (81, 34, 15, 8, 5), strict=True):
        assert abs(counts[budget] - share) <= 2
    few = brackets_of(config(Integer(1, 81), "hyperband:n_brackets=2"))
    assert {few.first_budget(trial_id) for trial_id in range(1, 50)} == {1, 3}


def test_trials_are_compared_with_those_of_their_bracket() -> None:
    made = Brackets((1, 3, 9), n_brackets=2)
    late = [i for i in range(1, 40) if made.bracket_of(i) == 1][:3]
    early = [i for i in range(1, 40) if made.bracket_of(i) == 0][:2]
    crowd = [Standing(i, {1: (float(i),)}, True) for i in late]
    crowd += [Standing(i, {0: (0.0,)}, True) for i in early]
    assert made.promotions(crowd) == [Promotion(late[0], 9)]


def test_without_a_rule_every_trial_gets_the_full_budget() -> None:
    assert brackets_of(config(Integer(1, 81), None)).budgets == (81,)
    assert brackets_of(config(Integer(1, 81), "default")) == brackets_of(config(Integer(1, 81)))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("median", "is one of asha, hyperband, default, none, got 'median'\nleave the fidelity"),
        ("ahsa", "did you mean 'asha'"),
        ("asha:factor=1", "factor must be above 1"),
        ("asha:first_share=0.2", "an option of asha is one of factor, got 'first_share'"),
        ("hyperband:n_brackets=0", "n_brackets must be at least 1"),
        ("hyperband:n_brackets=1.5", "n_brackets must be whole"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rule: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        brackets_of(config(Integer(1, 81), rule))
