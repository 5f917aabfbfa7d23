"""Wrong usage: exit code 2, one clear message, nothing changed; and what a dry run shows."""

import json

import pytest

METRIC = ("--minimize", "rmse")
SPACE = ("-p", "x=0.0..1.0")
COMMAND = ("--", "sh", "train.sh")


@pytest.fixture
def folder(wazir_in):
    wazir_in.write("train.sh", 'touch ran.txt\necho "rmse=$2"\n')
    return wazir_in


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*METRIC, *SPACE, "--trials", "0", *COMMAND), "--trials"),
        ((*METRIC, *SPACE, "--trial", "3", *COMMAND), "--trials"),
        ((*METRIC, *SPACE, "--parallel", "two", *COMMAND), "--parallel"),
        ((*METRIC, *SPACE, "--timeout", "soon", *COMMAND), "2h"),
        ((*METRIC, "--maximize", "rmse", *SPACE, *COMMAND), "defined twice"),
        ((*METRIC, "--reference", "rmse=3", *SPACE, *COMMAND), "for several objectives"),
        ((*METRIC, "--maximize", "auc", "--reference", "acu=3", *SPACE, *COMMAND), "'auc'"),
        ((*METRIC, "--maximize", "auc", "--reference", "auc", *SPACE, *COMMAND), "METRIC=VALUE"),
        ((*SPACE, *COMMAND), "--minimize METRIC"),
        ((*METRIC, *SPACE), "--"),
        ((*METRIC, *SPACE, "one.yaml", "two.yaml", *COMMAND), "two.yaml"),
        ((*METRIC, "-p", "x", *COMMAND), "x"),
        ((*METRIC, "-p", "x=1..", *COMMAND), "1.."),
        ((*METRIC, "-p", "x=3.0..1.0", *COMMAND), "3.0"),
        ((*METRIC, "-p", "x=0.0..1.0:log", *COMMAND), "log"),
        ((*METRIC, *SPACE, *SPACE, *COMMAND), "given twice"),
        ((*METRIC, *SPACE, "--algorithm", "randon", *COMMAND), "did you mean 'RANDOM'"),
        ((*METRIC, *SPACE, "--metric-pattern", "rmse (", *COMMAND), "pattern"),
        ((*METRIC, *SPACE, "--storage", "redis://here", *COMMAND), "redis://"),
        ((*METRIC, *SPACE, "--storage", ":memory:", *COMMAND), "memory"),
        ((*METRIC, *SPACE, "-p", "y=1..3", *COMMAND, "{x}"), "{y}"),
    ],
)  # fmt: skip
def test_wrong_usage_is_said_in_one_message_and_leaves_nothing(folder, arguments, said):
    refused = folder("tune", *arguments, code=2)
    assert said in refused.stderr
    assert refused.stdout == ""
    assert [path.name for path in folder.folder.iterdir()] == ["train.sh"]


def test_an_unknown_command_proposes_the_near_one(folder):
    assert "tune" in folder("tone", code=2).stderr


def test_a_missing_file_proposes_similar_names(folder):
    folder.write("hyperparam.yaml", "trainingInput: {}\n")
    refused = folder("tune", "hyperparm.yaml", *COMMAND, code=2)
    assert "hyperparm.yaml" in refused.stderr
    assert "hyperparam.yaml" in refused.stderr


def test_all_problems_of_a_file_are_said_at_once_with_their_places(folder):
    folder.write(
        "hyperparam.yaml",
        "trainingInput:\n"
        "  hyperparameters:\n"
        "    goal: MINIMISE\n"
        "    params:\n"
        "    - parameterName: x\n"
        "      type: FLOAT\n"
        "      minValue: 0\n",
    )
    refused = folder("tune", "hyperparam.yaml", *COMMAND, code=2).stderr
    for wanted in ("line 3", "MINIMIZE", "line 6", "DOUBLE"):
        assert wanted in refused
    assert not folder.runs.exists()


def test_without_parameters_the_candidates_of_the_program_are_listed(folder):
    folder.write(
        "train.py",
        "import argparse\n"
        "p = argparse.ArgumentParser()\n"
        "p.add_argument('--learning_rate', type=float, default=0.01)\n"
        "p.add_argument('--nbuckets', type=int, default=10)\n"
        "p.add_argument('--optimizer', choices=['adam', 'sgd'], default='adam')\n"
        "p.add_argument('--output_dir')\n"
        "print('rmse=1')\n",
    )
    refused = folder("tune", *METRIC, "--", "python", "train.py", code=2)
    for wanted in ("-p", "learning_rate=", ":log", "nbuckets=", "optimizer=adam,sgd"):
        assert wanted in refused.text
    assert "output_dir=" not in refused.text
    assert not folder.runs.exists()


def test_a_dry_run_shows_everything_and_leaves_nothing(folder):
    shown = folder(
        "tune", *METRIC, "-p", "lr=1e-4..1e-1:log", "-p", "units=128 64,256 128:split",
        "-p", "depth=2..8", "--trials", "5", "--dry-run", *COMMAND, "--out", "{trial_dir}",
    ).stdout  # fmt: skip
    commands = [line for line in shown.splitlines() if line.strip().startswith("sh train.sh")]
    assert len(commands) == 3
    assert all("--lr" in line and "--depth" in line for line in commands)
    assert ["trials/1/out" in commands[0], "trials/3/out" in commands[2]] == [True, True]
    assert "128 64'" not in "".join(commands)
    for wanted in ("DOUBLE", "LOG", "INTEGER", "CATEGORICAL", "TensorBoard", "wazir-runs/train"):
        assert wanted in shown
    assert [path.name for path in folder.folder.iterdir()] == ["train.sh"]


def test_a_dry_run_tells_the_first_trials_that_then_run(folder):
    arguments = ("tune", *METRIC, *SPACE, "--seed", "5", "--trials", "3")
    shown = folder(*arguments, "--dry-run", *COMMAND).stdout
    folder(*arguments, *COMMAND)
    for trial in folder.trials("train"):
        assert f"--x {trial.parameters['x']!r}" in shown


def test_zero_to_one_of_integers_is_doubted(folder):
    said = folder("tune", *METRIC, "-p", "x=0..1", "--trials", "1", *COMMAND)
    assert "0.0..1.0" in said.stderr


def test_each_line_of_json_is_an_object_and_tells_the_trials(folder):
    events = folder("tune", *METRIC, *SPACE, "--trials", "3", "--json", *COMMAND).events
    assert all(isinstance(event, dict) and event.get("event") for event in events)
    told = json.dumps(events)
    for trial in folder.trials("train"):
        assert json.dumps(trial.value) in told
    assert len({event["event"] for event in events}) >= 3


def test_json_of_a_failing_job_is_json_to_the_last_line(folder):
    folder.write("train.sh", "echo broken\nexit 3\n")
    failed = folder("tune", *METRIC, *SPACE, "--trials", "3", "--json", *COMMAND, code=1)
    assert "exit code 3" in json.dumps(failed.events)
