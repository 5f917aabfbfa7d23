"""The command that runs more trials, made from the one that was given."""

import pytest

from wazir.cli.outcome import with_trials


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (
            "wazir tune -p x=0..1 -- prog --trials 3",
            "wazir tune -p x=0..1 --trials 40 -- prog --trials 3",
        ),
        ("wazir tune --trials 30 --seed 1 -- prog", "wazir tune --seed 1 --trials 40 -- prog"),
        ("wazir tune --trials=30 -- prog", "wazir tune --trials 40 -- prog"),
        ("wazir tune job.yaml", "wazir tune job.yaml --trials 40"),
        ("wazir tune --auto-stop -- p", "wazir tune --trials 40 --no-auto-stop -- p"),
        (
            "wazir tune --auto-stop-below 9% -- p",
            "wazir tune --auto-stop-below 9% --trials 40 --no-auto-stop -- p",
        ),
    ],
)
def test_more_trials(given, made):
    assert " ".join(with_trials(given.split(), 40)) == made
