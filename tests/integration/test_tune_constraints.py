"""`wazir tune --constraint`: kept to by every trial, refused where it makes no sense."""

import sys

PROGRAM = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--n_layers", type=int, default=8)
parser.add_argument("--width", type=int, default=1024)
args = parser.parse_args()
print(f"loss={1 / (args.n_layers * args.width)}")
"""
TUNE = ("tune", "--minimize", "loss", "-p", "n_layers=1..8", "-p", "width=16..4096:log")
LIMIT = ("--constraint", "n_layers * width <= 4096")
PYTHON = ("--", sys.executable, "-S", "train.py")


def test_no_trial_breaks_a_constraint_and_show_names_it(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    said = wazir_in(*TUNE, *LIMIT, "--trials", "12", "--seed", "1", *PYTHON)
    assert "the defaults are not tried first" in said.stderr
    assert "n_layers is 8, width is 1024" in said.stderr
    points = [trial.parameters for trial in wazir_in.trials("train")]
    assert len(points) == 12
    assert all(point["n_layers"] * point["width"] <= 4096 for point in points)
    assert "n_layers * width <= 4096" in wazir_in("show", "train").stdout


def test_a_study_goes_on_with_the_same_constraints_alone(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    wazir_in(*TUNE, *LIMIT, "--trials", "2", *PYTHON)
    wazir_in(*TUNE, "--constraint", "n_layers*width<=4096", "--trials", "3", *PYTHON)
    assert len(wazir_in.trials("train")) == 3
    refused = wazir_in(*TUNE, "--trials", "4", *PYTHON, code=2)
    assert "constraint 'n_layers * width <= 4096' is not there any more" in refused.stderr


def test_an_impossible_constraint_leaves_nothing_behind(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    for option in ((), ("--dry-run",)):
        constraint = ("--constraint", "n_layers > 4 and width * n_layers < 40")
        refused = wazir_in(*TUNE, *constraint, *option, *PYTHON, code=2)
        assert "none was found that fulfils this" in refused.stderr
    assert not (wazir_in.folder / "wazir-runs").exists()


def test_a_dry_run_lists_the_constraints(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    shown = wazir_in(*TUNE, *LIMIT, "--dry-run", *PYTHON).stdout
    assert "constraint n_layers * width <= 4096" in shown


def test_the_old_command_goes_on_with_edited_constraints(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    command = (*TUNE, *LIMIT, "--no-default-first", "--trials", "2")
    wazir_in(*command, *PYTHON)
    refused = wazir_in(*TUNE, "--constraint", "width == 64", *PYTHON, code=2)
    assert "wazir edit train --constraint 'width == 64'" in refused.stderr
    edited = wazir_in("edit", "train", "--constraint", "width == 64", "--trials", "4")
    assert "constraint 'width == 64' is new" in edited.stdout
    again = wazir_in(*command, *PYTHON)
    assert "goes on as it is now: constraint 'width == 64' is new" in again.stderr
    widths = [trial.parameters["width"] for trial in wazir_in.trials("train")]
    assert widths[2:] == [64, 64]


def test_edited_constraints_may_be_about_new_parameters(wazir_in):
    wazir_in.write("train.sh", "echo loss=0.5\n")
    command = (
        "tune",
        "--minimize",
        "loss",
        "-p",
        "x=1..9",
        "--trials",
        "2",
        "--",
        "sh",
        "train.sh",
    )
    wazir_in(*command)
    wazir_in(
        *("edit", "train", "-p", "y=1..9", "--old-value", "y=1", "--constraint", "x < y"),
        *("--trials", "5"),
    )
    wazir_in(*command)
    points = [trial.parameters for trial in wazir_in.trials("train")]
    assert len(points) == 5
    assert all(point["x"] < point["y"] for point in points[2:])
