"""The contract of stopping rules, on every rule."""

import pytest

from wazir.stopping.extrapolating import ConvexRule, DecayCurveRule
from wazir.stopping.hyperband import HyperbandRule
from wazir.stopping.median import MedianRule
from wazir.stopping.presets import aggressive, asha
from wazir.stopping.protocol import StoppingRule
from wazir.stopping.rank import RankRule
from wazir.stopping.single import AnyOf, PatienceRule, ThresholdRule
from wazir.testing.stopping_rules import StoppingRuleContract

COMPARING = {
    "default": RankRule(),
    "known_length": RankRule(max_x=40.0),
    "median": MedianRule(),
    "median_without_minimum": MedianRule(first_share=0.0),
    "decay_curve": DecayCurveRule(),
    "convex": ConvexRule(),
    "asha": asha(),
    "hyperband": HyperbandRule(),
    "aggressive": aggressive(),
}


class TestComparingRules(StoppingRuleContract):
    @pytest.fixture(params=COMPARING)
    def rule(self, request: pytest.FixtureRequest) -> StoppingRule:
        return COMPARING[request.param]


class TestThreshold(StoppingRuleContract):
    compares = False

    @pytest.fixture
    def rule(self) -> StoppingRule:
        return ThresholdRule(loss=5.0, min_x=4.0)


class TestPatience(StoppingRuleContract):
    compares = False

    @pytest.fixture
    def rule(self) -> StoppingRule:
        return PatienceRule(n=5, min_gain=0.05)


class TestAnyOf(StoppingRuleContract):
    compares = False

    @pytest.fixture
    def rule(self) -> StoppingRule:
        return AnyOf((PatienceRule(n=5, min_gain=0.05), RankRule()))
