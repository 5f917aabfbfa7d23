"""What a program gets: its arguments, its environment, its folder; and what is recorded of it."""

import json
import sys
from pathlib import Path

TUNE = ("tune", "--minimize", "rmse", "--algorithm", "random")
DUMP = """
import json, os, sys
with open(os.path.join(os.environ["WAZIR_TRIAL_DIR"], "seen.json"), "w") as file:
    json.dump({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}, file)
print("rmse=1")
"""
CONFIG = """
trainingInput:
  scaleTier: BASIC
  jobDir: saved
  hyperparameters:
    goal: MINIMIZE
    hyperparameterMetricTag: rmse
    maxTrials: 2
    params:
    - {parameterName: x, type: DOUBLE, minValue: 0.0, maxValue: 1.0}
    - {parameterName: depth, type: INTEGER, minValue: 2, maxValue: 8}
"""
COMMAND = ("--", sys.executable, "-S", "train.py")


def seen(wazir_in, trial_id, study="train"):
    path = wazir_in.runs / study / "trials" / str(trial_id) / "out" / "seen.json"
    return json.loads(path.read_text())


def test_the_variables_of_all_three_contracts_are_set(wazir_in):
    wazir_in.write("train.py", DUMP)
    wazir_in.write("hyperparam.yaml", CONFIG)
    wazir_in("tune", "hyperparam.yaml", *COMMAND)
    for trial in wazir_in.trials("train"):
        env = seen(wazir_in, trial.id)["env"]
        number = str(trial.id)
        tf_config = json.loads(env["TF_CONFIG"])
        assert tf_config["task"]["trial"] == number
        assert tf_config["environment"] == "cloud"
        assert tf_config["cluster"] == {}
        assert tf_config["job"]["hyperparameters"]["hyperparameterMetricTag"] == "rmse"
        assert env["CLOUD_ML_TRIAL_ID"] == env["WAZIR_TRIAL_ID"] == number
        assert env["CLOUD_ML_HP_METRIC_TAG"] == env["WAZIR_METRIC"] == "rmse"
        assert Path(env["CLOUD_ML_HP_METRIC_FILE"]).is_absolute()
        assert json.loads(env["CLOUD_ML_JOB"])["scaleTier"] == "BASIC"
        assert env["CLOUD_ML_JOB_ID"] == "train"
        assert env["AIP_MODEL_DIR"].endswith(f"saved/{number}/model/")
        assert env["AIP_CHECKPOINT_DIR"].endswith(f"saved/{number}/checkpoints/")
        assert env["AIP_TENSORBOARD_LOG_DIR"].endswith(f"saved/{number}/logs/")
        assert json.loads(env["WAZIR_PARAMETERS"]) == trial.parameters
        assert env["WAZIR_ATTEMPT"] == "1"
        assert env["WAZIR_RESUME"] == "0"
        assert env["PYTHONUNBUFFERED"] == "1"
        assert env["WAZIR_TRIAL_DIR"] == str(wazir_in.runs / "train" / "trials" / number / "out")


def test_the_arguments_follow_the_contract_and_the_program_runs_where_wazir_was_called(wazir_in):
    wazir_in.write("train.py", DUMP)
    wazir_in.write("hyperparam.yaml", CONFIG)
    wazir_in("tune", "hyperparam.yaml", *COMMAND, "--verbose", "{y} stays")
    for trial in wazir_in.trials("train"):
        got = seen(wazir_in, trial.id)
        x, depth = trial.parameters["x"], trial.parameters["depth"]
        assert got["argv"] == [
            *("--verbose", "{y} stays"),
            *("--x", repr(x), "--depth", str(depth)),
            *("--job-dir", f"saved/{trial.id}"),
        ]
        assert got["cwd"] == str(wazir_in.folder)


def test_secrets_of_the_caller_reach_the_program_and_no_file(wazir_in):
    wazir_in.write("train.py", "print('rmse=1')\n")
    flags = (*TUNE, "-p", "x=0.0..1.0", "--trials", "1", "--record-env", "REGION")
    wazir_in(*flags, *COMMAND, env={"API_TOKEN": "hunter-two", "REGION": "north-pole"})
    kept = [path for path in wazir_in.runs.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"hunter-two" in path.read_bytes()]
    recorded = [path for path in kept if b"north-pole" in path.read_bytes()]
    assert recorded
    assert [path for path in kept if b"API_TOKEN" in path.read_bytes()]


def test_a_program_may_delete_its_folder(wazir_in):
    wazir_in.write(
        "train.sh", 'rm -r "$1"\n[ $2 = 1 ] && mkdir "$1" && touch "$1/x"\necho rmse=1\n'
    )
    flags = ("-p", "x=0.0..1.0", "--trials", "2")
    wazir_in(*TUNE, *flags, "--", "sh", "train.sh", "{trial_dir}", "{trial}")
    assert [str(trial.state) for trial in wazir_in.trials("train")] == ["SUCCEEDED"] * 2
    assert (wazir_in.runs / "train" / "trials" / "1" / "out" / "x").exists()
    assert not (wazir_in.runs / "train" / "trials" / "2" / "out").exists()


def test_suffixes_say_how_a_value_is_passed(wazir_in):
    wazir_in.write("train.py", DUMP)
    wazir_in(
        *TUNE, "--trials", "3", "-p", "units=128 64 32,256 128 16:split", "-p", "bias=true,false:flag",
        "-p", "x=-1e-5..-1e-6", "-p", "size=64,128,256", *COMMAND,
    )  # fmt: skip
    for trial in wazir_in.trials("train"):
        argv = seen(wazir_in, trial.id)["argv"]
        assert argv[argv.index("--units") + 1 :][:3] == trial.parameters["units"].split()
        flag = str(trial.parameters["bias"]).lower() == "true"
        assert ("--bias" in argv) == flag
        assert argv[argv.index("--size") + 1] in ("64", "128", "256")
        written = argv[argv.index("--x") + 1]
        assert "e" not in written
        assert float(written) == trial.parameters["x"]


def test_braces_that_name_nothing_stay(wazir_in):
    wazir_in.write("train.py", DUMP)
    command = (*COMMAND, "lr={x}", '{"a": 1}', "{{x}}", "{print $1}", "{trial}")
    wazir_in(*TUNE, "-p", "x=0.0..1.0", "--trials", "1", *command)
    x = wazir_in.trials("train")[0].parameters["x"]
    assert seen(wazir_in, 1)["argv"] == [f"lr={x!r}", '{"a": 1}', "{x}", "{print $1}", "1"]


def test_a_git_ignore_keeps_the_runs_out_of_commits(wazir_in):
    wazir_in(*TUNE, "-p", "x=0.0..1.0", "--trials", "1", "--", "echo", "rmse=1")
    assert (wazir_in.runs / ".gitignore").read_text().split() == ["*"]


def test_the_end_names_a_command_that_runs_the_best_trial_again(wazir_in):
    wazir_in.write("train.sh", 'echo "$@" >> all.txt\necho "rmse=$2"\n')
    flags = ("-p", "x=0.0..1.0", "--trials", "3")
    said = wazir_in(*TUNE, *flags, "--", "sh", "train.sh").stdout
    best = wazir_in.study("train").best_trial
    assert f"sh train.sh --x {best.parameters['x']!r}" in said
    folder = str(wazir_in.runs / "train" / "trials" / str(best.id))
    assert folder in said or f"wazir-runs/train/trials/{best.id}" in said
