"""The course's own argparse lines and configuration, and the lists that they are about."""

import sys

import pytest

# The two argparse lines of the course, then what many a reader writes after them.
HEAD = """
import argparse, sys
parser = argparse.ArgumentParser()
parser.add_argument('--nbuckets', help='Number of buckets into which to discretize lats and lons', default=10, type=int)
parser.add_argument('--hidden_units', help='List of hidden layer sizes to use for DNN feature columns', nargs='+', default=[128, 32, 4])
args = parser.parse_args()
"""
TAIL = "print(f'rmse={(args.nbuckets - 14) ** 2 + sum(units) / 1000}')\n"
CAREFUL = """
try:
    units = [int(u) for u in args.hidden_units]
except ValueError as error:
    print(error)
    sys.exit(%d)
"""
PROGRAMS = {
    "exception": HEAD + "units = [int(u) for u in args.hidden_units]\n" + TAIL,
    "exit code 3": HEAD + CAREFUL % 3 + TAIL,
    "exit code 0": HEAD + CAREFUL % 0 + TAIL,
    "argparse": HEAD.replace("nargs='+'", "nargs='+', type=int")
    + "units = args.hidden_units\n"
    + TAIL,
}
CONFIG = """trainingInput:
    hyperparameters:
        goal: MINIMIZE
        hyperparameterMetricTag: rmse
        maxTrials: 4
        params:
        - parameterName: nbuckets
          type: INTEGER
          minValue: 10
          maxValue: 20
          scaleType: UNIT_LINEAR_SCALE
        - parameterName: hidden_units
          type: CATEGORICAL
          categoricalValues: ["128 64 32", "256 128 16", "512 128 64"]
"""
LISTS = "hidden_units=128 64 32,256 128 16,512 128 64"
COMMAND = ("--", sys.executable, "-S", "task.py")


def check_values(wazir_in, study):
    trials = wazir_in.trials(study)
    assert len(trials) == 4
    for trial in trials:
        units = sum(int(n) for n in trial.parameters["hidden_units"].split())
        assert trial.value == (trial.parameters["nbuckets"] - 14) ** 2 + units / 1000


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_list_in_one_argument_fails_with_the_cure_and_the_cure_helps(wazir_in, program):
    wazir_in.write("task.py", PROGRAMS[program])
    flags = (
        "tune",
        "--minimize",
        "rmse",
        "-p",
        "nbuckets=10..20",
        "--trials",
        "4",
        "--algorithm",
        "random",
    )
    failed = wazir_in(*flags, "-p", LISTS, *COMMAND, code=1)
    for wanted in (":split", "splitCategorical: true", "--hidden_units"):
        assert wanted in failed.text
    cured = (*flags, "-p", f"{LISTS}:split", "--study", "cured")
    wazir_in(*cured, *COMMAND)
    check_values(wazir_in, "cured")


def test_the_cure_in_a_file(wazir_in):
    wazir_in.write("task.py", PROGRAMS["exception"])
    wazir_in.write("hyperparam.yaml", CONFIG)
    failed = wazir_in("tune", "hyperparam.yaml", "--algorithm", "random", *COMMAND, code=1)
    assert "splitCategorical: true" in failed.text
    wazir_in.write("hyperparam.yaml", CONFIG + "          splitCategorical: true\n")
    wazir_in("tune", "hyperparam.yaml", "--algorithm", "random", "--study", "cured", *COMMAND)
    check_values(wazir_in, "cured")


def test_a_failure_that_is_about_something_else_is_not_blamed_on_the_list(wazir_in):
    wazir_in.write("task.py", HEAD + "open('no-such-data.csv')\n")
    flags = ("tune", "--minimize", "rmse", "-p", LISTS, "--algorithm", "random")
    failed = wazir_in(*flags, *COMMAND, code=1)
    assert "no-such-data.csv" in failed.text
    assert ":split" not in failed.text
