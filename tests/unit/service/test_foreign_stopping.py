"""Stopping rules in the words of Vertex."""

import pytest

from wazir.domain.studies import EarlyStopping
from wazir.service.foreign_stopping import RULES, stopping_rule


@pytest.mark.parametrize("spec", RULES)
def test_each_field_is_a_rule(spec):
    rule = stopping_rule(spec, use_elapsed_time=True, numbers={})
    assert rule == EarlyStopping(RULES[spec], use_elapsed_time=True)


def test_zero_is_not_set_and_few_measurements_become_as_many_as_a_curve_needs():
    numbers = {"maxStepCount": 0, "minStepCount": None, "minMeasurementCount": 1, "other": 5}
    rule = stopping_rule("convexAutomatedStoppingSpec", use_elapsed_time=False, numbers=numbers)
    assert rule.options == {"min_measurement_count": 3.0}
    more = {"minMeasurementCount": 4, "maxStepCount": 9}
    rule = stopping_rule("convexAutomatedStoppingSpec", use_elapsed_time=False, numbers=more)
    assert rule.options == {"min_measurement_count": 4.0, "max_step_count": 9.0}
