"""Conditions that end a study, as people write them."""

import pytest

from wazir.domain.errors import InvalidInputError
from wazir.domain.stop_conditions import (
    AUTO_STOP_BELOW,
    describe_stop_conditions,
    with_auto_stop,
    with_stop_conditions,
)
from wazir.domain.studies import StudyStopping


@pytest.mark.parametrize(
    ("text", "stopping"),
    [
        ("no improvement in 20 trials", StudyStopping(max_n_trials_without_progress=20)),
        ("No improvement for  1 trial", StudyStopping(max_n_trials_without_progress=1)),
        ("no improvement in 2h", StudyStopping(max_duration_without_progress_s=7200.0)),
        ("after 90s", StudyStopping(max_duration_s=90.0)),
        ("100 trials", StudyStopping(max_n_trials=100)),
    ],
)
def test_texts(text, stopping):
    assert with_stop_conditions(None, [text]) == stopping


def test_several_are_joined_and_win_over_those_of_a_file():
    file = StudyStopping(max_n_trials=9, min_n_trials=3, max_duration_s=5.0)
    found = with_stop_conditions(file, ["after 1h", "no improvement in 7 trials"])
    assert found == StudyStopping(
        max_n_trials=9, min_n_trials=3, max_duration_s=3600.0, max_n_trials_without_progress=7
    )


@pytest.mark.parametrize(
    "text", ["", "soon", "no improvement in 0 trials", "after", "no improvement in x", "-3 trials"]
)
def test_what_is_not_understood_is_said_with_examples(text):
    with pytest.raises(InvalidInputError, match='"no improvement in 20 trials"'):
        with_stop_conditions(None, [text])


def test_descriptions():
    stopping = StudyStopping(
        min_n_trials=3,
        max_n_trials=9,
        min_duration_s=60.0,
        max_duration_s=3600.0,
        min_end_at=1.0,
        max_end_at=2.0,
        max_n_trials_without_progress=7,
        max_duration_without_progress_s=90.0,
    )
    assert describe_stop_conditions(stopping) == [
        "no improvement in 7 trials",
        "no improvement in 1m30s",
        "9 trials",
        "after 1h00m",
        "at a set time",
        "not before 3 trials",
        "not before 1m00s",
        "not before a set time",
    ]
    assert describe_stop_conditions(StudyStopping()) == []


@pytest.mark.parametrize(
    ("stopping", "given", "least", "found"),
    [
        (None, None, None, None),
        (None, True, None, StudyStopping(auto_stop_below=AUTO_STOP_BELOW)),
        (None, 0.1, 0.02, StudyStopping(auto_stop_below=0.1, min_improvement=0.02)),
        (None, None, 0.02, StudyStopping(min_improvement=0.02)),
        (StudyStopping(auto_stop_below=0.1), False, None, None),
        (
            StudyStopping(auto_stop_below=0.1, max_n_trials=9),
            None,
            0.5,
            StudyStopping(auto_stop_below=0.1, max_n_trials=9, min_improvement=0.5),
        ),
    ],
)
def test_auto_stop_is_added_changed_and_taken_away(stopping, given, least, found):
    assert with_auto_stop(stopping, given, least) == found


@pytest.mark.parametrize(
    ("given", "least"), [(1.0, None), (-0.1, None), (True, 0.0), (True, -1.0)]
)
def test_auto_stop_with_numbers_outside_their_range(given, least):
    with pytest.raises(InvalidInputError):
        with_auto_stop(None, given, least)


def test_auto_stop_is_described():
    found = describe_stop_conditions(with_auto_stop(None, 0.1, 0.02))
    assert found == ["an improvement by more than 0.02 has a probability below 0.1"]
    assert describe_stop_conditions(with_auto_stop(None, True)) == [
        "an improvement has a probability below 0.05"
    ]
