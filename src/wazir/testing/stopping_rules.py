"""The contract suite of stopping rules: subclass `StoppingRuleContract` and give it a rule.

Example:

class TestMine(StoppingRuleContract):
    @pytest.fixture
    def rule(self):
        return MyRule()
"""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from wazir.stopping.curves import Array, Curve
from wazir.stopping.protocol import StoppingRule

LENGTH = 40


def falling(
    trial_id: int, floor: float, n: int = LENGTH, *, finished: bool | None = None
) -> Curve:
    """Return a curve of `n` of 40 steps that falls from floor + 2 towards `floor`."""
    x = np.arange(1.0, n + 1.0)
    y: Array = floor + 2.0 * np.exp(-x / 8.0)
    return Curve(trial_id, x, y, is_finished=n == LENGTH if finished is None else finished)


def crowd(n: int = 12) -> list[Curve]:
    """Return n finished curves with floors 0, 0.25, 0.5, ..."""
    return [falling(i + 1, 0.25 * i) for i in range(n)]


class StoppingRuleContract:
    """What every rule must do; a subclass provides the fixture `rule`.

    `compares` says whether it compares a trial with others: rules that do let a good trial go on
    and stop nothing without others.
    """

    compares = True

    @pytest.fixture
    def rule(self) -> StoppingRule:
        """The rule under test; losses are those of `falling`."""
        raise NotImplementedError

    def test_the_same_curves_give_the_same_decision(self, rule: StoppingRule) -> None:
        """A rule is a function of its arguments."""
        for n in range(1, LENGTH):
            curve = falling(99, 4.0, n)
            assert rule.judge(curve, crowd()) == rule.judge(curve, crowd())

    def test_the_order_of_the_others_does_not_matter(self, rule: StoppingRule) -> None:
        """Whoever reported first makes no difference."""
        others = [*crowd(), *(falling(20 + k, 0.3 * k, 5 * k) for k in range(1, 7))]
        shuffled = others.copy()
        random.Random(1).shuffle(shuffled)  # noqa: S311 - not for secrets
        for n in range(1, LENGTH):
            curve = falling(99, 1.4, n)
            assert rule.judge(curve, others) == rule.judge(curve, shuffled)

    def test_the_best_trial_goes_on(self, rule: StoppingRule) -> None:
        """A trial better than all others at every step is never stopped."""
        if not self.compares:
            pytest.skip("compares with no other trial")
        assert all(rule.judge(falling(99, -0.5, n), crowd()) is None for n in range(1, LENGTH))

    def test_nothing_is_stopped_without_others(self, rule: StoppingRule) -> None:
        """With fewer than three finished trials nothing is known yet."""
        if not self.compares:
            pytest.skip("compares with no other trial")
        for others in ([], [falling(1, 0.0, 5)], [falling(1, 0.0), falling(2, 0.1)]):
            for n in (1, 10, LENGTH - 1):
                assert rule.judge(falling(99, 9.0, n), others) is None

    def test_a_hopeless_trial_is_stopped_and_told_why(self, rule: StoppingRule) -> None:
        """The reason is a sentence with its numbers, in units of the metric."""
        found = [rule.judge(falling(99, 30.0, n), crowd()) for n in range(1, LENGTH)]
        stop = next((one for one in found if one is not None), None)
        assert stop is not None
        text = stop.reason(1.0)
        assert "{" not in text
        assert any(character.isdigit() for character in text)
        assert "30" in text or "31" in text
        assert all(np.isfinite(number) for number in stop.numbers(-1.0).values())
        assert stop.numbers(-1.0)["value"] == -stop.numbers(1.0)["value"]

    @pytest.mark.parametrize("case", ["empty", "one", "nan", "constant", "huge", "irregular"])
    def test_odd_curves_are_tolerated(self, rule: StoppingRule, case: str) -> None:
        """Empty, constant, huge and broken curves raise nothing."""
        others = [*crowd(6), *_odd_curves()]
        rule.judge(_odd(case), others)
        rule.judge(_odd(case), _odd_curves())

    def test_arguments_are_not_changed(self, rule: StoppingRule) -> None:
        """Curves are left as they were."""
        curve, others = falling(99, 3.0, 20), crowd()
        before = [(one.x.copy(), one.y.copy()) for one in (curve, *others)]
        rule.judge(curve, others)
        for one, (x, y) in zip((curve, *others), before, strict=True):
            np.testing.assert_array_equal(one.x, x)
            np.testing.assert_array_equal(one.y, y)


def _odd_curves() -> Sequence[Curve]:
    return [_odd(case, 50 + i) for i, case in enumerate(_CASES)]


def _odd(case: str, trial_id: int = 99) -> Curve:
    x, y = _CASES[case]
    return Curve(trial_id, np.array(x, dtype=float), np.array(y, dtype=float), is_finished=True)


_NAN = float("nan")
_CASES: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "empty": ([], []),
    "one": ([1.0], [1.0]),
    "nan": ([1.0, 2.0, 3.0, 20.0], [_NAN, 1.0, _NAN, _NAN]),
    "constant": (list(range(40)), [2.0] * 40),
    "huge": (list(range(30)), [1e300 / (k + 1) for k in range(30)]),
    "irregular": ([0.0, 0.5, 7.0, 7.1, 33.0], [5.0, 4.0, 4.5, 1.0, 0.9]),
}
