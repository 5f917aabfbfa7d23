"""Trials as flat rows: names of fields, order, filters and exact CSV."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.client.rows import Fields, duration_s, filtered, sorted_by, to_csv
from wazir.domain.errors import InvalidInputError
from wazir.domain.expressions import parse_expression
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

NOW = 1_700_000_000.0
CONFIG = StudyConfig(
    SearchSpace(
        {
            "learning-rate": Double(1e-4, 1e-1),
            "kernel": Categorical(["rbf", "poly"]).when("poly", {"degree": Integer(2, 5)}),
        }
    ),
    (Metric("rmse", Goal.MINIMIZE), Metric("kernel", Goal.MAXIMIZE)),
)
FIELDS = Fields(CONFIG)


def done(trial_id, rmse, kernel="rbf", **more):
    degree = {"degree": 3} if kernel == "poly" else {}
    return Trial(
        trial_id,
        {"learning-rate": trial_id / 1000, "kernel": kernel, **degree},
        TrialState.SUCCEEDED,
        final_measurement=Measurement({"rmse": rmse}),
        started_at=NOW - 60,
        completed_at=NOW - 60 + trial_id,
        **more,
    )


TRIALS = [
    done(1, 0.5),
    done(2, 0.3, "poly"),
    Trial(3, {"learning-rate": 0.05, "kernel": "rbf"}, TrialState.ACTIVE, client_id="c",
          started_at=NOW - 10),
    Trial(4, {"learning-rate": 0.05, "kernel": "rbf"}, TrialState.INFEASIBLE,
          infeasible_reason="exit code 1: KeyError\nmore"),
]  # fmt: skip


def test_a_name_that_is_taken_gets_a_prefix():
    assert FIELDS.names == [
        "id", "state", "value", "duration", "reason",
        "learning-rate", "kernel", "degree", "rmse", "metric_kernel",
    ]  # fmt: skip


def test_a_parameter_named_like_a_fixed_field_gets_a_prefix():
    config = StudyConfig(SearchSpace({"value": Double(0, 1)}), (Metric("state"),))
    assert Fields(config).parameters == {"value": "param_value"}
    assert Fields(config).metrics == {"state": "metric_state"}


def test_a_row_has_none_where_there_is_no_value():
    row = FIELDS.row(TRIALS[3], NOW)
    assert (row["value"], row["degree"], row["duration"]) == (None, None, None)
    assert row["reason"] == "exit code 1: KeyError"


def test_the_duration_of_a_running_trial_grows_and_of_a_waiting_one_is_none():
    assert duration_s(TRIALS[2], NOW) == 10
    waiting = Trial(5, {}, started_at=NOW - 100)
    assert duration_s(waiting, NOW) is None


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("value < 0.4", [2]),
        ("state == SUCCEEDED", [1, 2]),
        ("state == 'INFEASIBLE' or id == 1", [1, 4]),
        ("`learning-rate` >= 0.05 and duration > 5", [3]),
        ("kernel == poly and degree == 3", [2]),
        ("degree < 100", [2]),
        ("rmse < 1", [1, 2]),
    ],
)
def test_filters(condition, ids):
    expression = parse_expression(condition, FIELDS.names)
    assert [trial.id for trial in filtered(TRIALS, expression, FIELDS, NOW)] == ids


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        ("value", [2, 1, 3, 4]),
        ("-value", [1, 2, 3, 4]),
        ("-id", [4, 3, 2, 1]),
        ("RMSE", [2, 1, 3, 4]),
        ("kernel", [2, 1, 3, 4]),
        ("duration", [1, 2, 3, 4]),
        ("-duration", [3, 2, 1, 4]),
    ],
)
def test_sorts_with_missing_values_last(column, ids):
    assert [trial.id for trial in sorted_by(TRIALS, column, FIELDS, NOW)] == ids


def test_sorts_nan_behind_numbers():
    trials = [done(1, math.nan), done(2, 0.3), done(3, math.inf)]
    assert [trial.id for trial in sorted_by(trials, "value", FIELDS, NOW)] == [2, 3, 1]


def test_an_unknown_column_gets_a_proposal():
    with pytest.raises(InvalidInputError, match="did you mean 'learning-rate'"):
        sorted_by(TRIALS, "learning_rat", FIELDS, NOW)
    with pytest.raises(InvalidInputError, match="one of id, state"):
        sorted_by(TRIALS, "zzz", FIELDS, NOW)


def test_csv_has_a_header_crlf_and_quotes_what_needs_it():
    text = to_csv(TRIALS, CONFIG, NOW)
    lines = text.split("\r\n")
    assert lines[0] == (
        "id,state,learning-rate,kernel,degree,rmse,metric_kernel,"
        "started_at,completed_at,duration_s,infeasible_reason"
    )
    assert lines[1].startswith("1,SUCCEEDED,0.001,rbf,,0.5,,2023-11-14T22:12:20+00:00,")
    assert lines[4].endswith('"exit code 1: KeyError\nmore"')
    assert lines[-1] == ""


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
)
def test_csv_keeps_values_exactly(value, reason):
    trial = Trial(1, {"learning-rate": value, "kernel": "rbf"}, TrialState.INFEASIBLE,
                  infeasible_reason=reason)  # fmt: skip
    [row] = csv.DictReader(io.StringIO(to_csv([trial], CONFIG, NOW), newline=""))
    assert float(row["learning-rate"]) == value
    assert row["infeasible_reason"] == reason
