"""Why a program failed."""

import pytest

from wazir.jobs.diagnosis import explain_failure, last_telling_line
from wazir.jobs.executors.protocol import ExitStatus, Outcome
from wazir.jobs.passing import Passing

SEVERAL = {"hidden_units": "128 64 32", "lr": 0.1}


def explain(lines=(), *, outcome=Outcome.EXITED, code=1, signal=None, error="", passing=None):
    status = ExitStatus(outcome, code, signal, 0.0, 1.0, 0.0, 0, error)
    return explain_failure(status, lines, SEVERAL, passing or {}, timeout_s=90)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (explain(["a", "ValueError: bad", ""]), "exit code 1: ValueError: bad"),
        (explain([]), "exit code 1"),
        (explain(code=None, signal=9), "killed by SIGKILL (out of memory?)"),
        (explain(code=None, signal=11), "killed by SIGSEGV"),
        (explain(code=None, signal=99), "killed by signal 99"),
        (explain(outcome=Outcome.TIMEOUT), "stopped after 1m30s, the limit for one trial"),
        (
            explain(outcome=Outcome.FAILED_TO_START, error="no such file"),
            "the program cannot be started: no such file",
        ),
    ],
)
def test_the_first_line_says_what_happened(text, expected):
    assert text == expected


def test_the_exception_counts_not_what_is_printed_after_it():
    lines = ["Traceback ...", "torch.OutOfMemoryError: no memory", "cleaning up"]
    assert last_telling_line(lines) == "torch.OutOfMemoryError: no memory"
    assert last_telling_line(["one", "two", " "]) == "two"


@pytest.mark.parametrize("code", [0, 1, 2])
@pytest.mark.parametrize(
    "line",
    [
        "ValueError: invalid literal for int() with base 10: '128 64 32'",
        "task.py: error: argument --hidden_units: invalid int value",
        'Error: got "128 64 32"',
    ],
)
def test_split_is_proposed_whatever_the_exit_code(code, line):
    assert "add :split to the space of hidden_units" in explain([line], code=code)


def test_split_is_not_proposed_without_a_sign_or_when_it_is_on():
    assert ":split" not in explain(["ValueError: bad"])
    on = {"hidden_units": Passing.SPLIT}
    assert ":split" not in explain(["got '128 64 32'"], passing=on)
