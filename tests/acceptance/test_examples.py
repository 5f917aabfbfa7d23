"""The examples, tuned as their readers would do it, and the course's own file."""

import json
import shutil
import subprocess
import sys

import pytest

NOTEBOOK_CELL = """%writefile hyperparame.yaml
trainingInput:
    scaleTier: STANDARD_1
    hyperparameters:
        goal: MINIMIZE
        hyperparameterMetricTag: rmse
        maxTrials: 30
        maxParallelTrials: 1
        params:
        - parameterName: train_batch_size
          type: INTEGER
          minValue: 64
          maxValue: 512
          scaleType: UNIT_LOG_SCALE
        - parameterName: nbuckets
          type: INTEGER
          minValue: 10
          maxValue: 20
          scaleType: UNIT_LINEAR_SCALE
        - parameterName: hidden_units
          type: CATEGORICAL
          categoricalValues: ["128 64 32", "256 128 16", "512 128 64"]
"""
TRAINS = pytest.mark.timeout(200)
LISTS = ("128 64 32", "256 128 16", "512 128 64")


@pytest.fixture
def example(wazir_in, repository):
    """Copy an example, so that its outputs stay out of the checkout."""

    def copy(name):
        ignored = shutil.ignore_patterns("__pycache__")
        source = repository / "examples" / name
        shutil.copytree(source, wazir_in.folder, dirs_exist_ok=True, ignore=ignored)
        return wazir_in

    return copy


def test_the_shell_script(example):
    boil = example("shell")
    boil(
        "tune", "--maximize", "taste", "-p", "minutes=3.0..12.0", "-p", "salt=0.0..1.0",
        "--trials", "6", "--parallel", "2", "--", "sh", "boil.sh",
    )  # fmt: skip
    trials = boil.trials("boil")
    assert len(trials) == 6
    for trial in trials:
        minutes, salt = trial.parameters["minutes"], trial.parameters["salt"]
        taste = 10 - (minutes - 6.4) ** 2 - 8 * (salt - 0.35) ** 2
        assert trial.value == pytest.approx(taste, abs=1e-4)


@TRAINS
def test_lab_3(example):
    house = example("house")
    command = ("--", sys.executable, "-m", "trainer.task", "--output_dir", "house_trained")
    said = house("tune", "hyperparam.yaml", *command, timeout_s=150)
    study = house.study("trainer.task")
    assert [str(trial.state) for trial in study.trials] == ["SUCCEEDED"] * 5
    assert study.trials[0].parameters == {"batch_size": 30, "learning_rate": 0.01}
    for trial in study.trials:
        assert 8 <= trial.parameters["batch_size"] <= 64
        assert 0.01 <= trial.parameters["learning_rate"] <= 0.1
        assert [m.step for m in trial.measurements] == list(range(1, 11))
        assert trial.value == trial.measurements[-1].metrics["rmse"]
        assert (house.folder / "house_trained" / str(trial.id) / "model.pkl").is_file()
    assert study.best_trial.value == min(trial.value for trial in study.trials)
    assert "both wrote" not in said.text
    best = study.best_trial.parameters
    assert f"--learning_rate {best['learning_rate']!r}" in said.stdout


@TRAINS
@pytest.mark.parametrize("way", ["one element", "file", "flag"])
def test_the_taxi_trainer_with_the_file_that_a_notebook_wrote(example, way):
    taxi = example("taxi")
    split = "          splitCategorical: true\n" if way == "file" else ""
    taxi.write("hyperparame.yaml", NOTEBOOK_CELL + split)
    flags = ("-p", f"hidden_units={','.join(LISTS)}:split") if way == "flag" else ()
    said = taxi(
        "tune", "hyperparame.yaml", "--trials", "3", "--parallel", "2", *flags, "--",
        sys.executable, "-m", "trainer.task", "--output_dir", "out", "--num_epochs", "2",
        timeout_s=150,
    )  # fmt: skip
    assert "%writefile" in said.stderr
    assert "scaleTier" in said.stderr
    assert "both wrote" not in said.text
    trials = taxi.trials("trainer.task")
    assert [str(trial.state) for trial in trials] == ["SUCCEEDED"] * 3
    # The defaults come first; that of hidden_units is none of the three and is replaced.
    assert trials[0].parameters == {
        "train_batch_size": 512, "nbuckets": 10, "hidden_units": LISTS[0],
    }  # fmt: skip
    assert "hidden_units" in said.stderr
    for trial in trials:
        assert trial.parameters["hidden_units"] in LISTS
        assert [m.step for m in trial.measurements] == [1, 2]
        result = json.loads((taxi.folder / "out" / str(trial.id) / "result.json").read_text())
        assert trial.value == pytest.approx(result["rmse"], abs=1e-4)
        n_elements = 3 if way != "one element" else 1
        run = json.loads(attempt_file(taxi, trial.id, "run.json"))["command"]
        start = run.index("--hidden_units") + 1
        assert " ".join(run[start : start + n_elements]) == trial.parameters["hidden_units"]


def attempt_file(job, trial_id, name):
    attempt = job.runs / "trainer.task" / "trials" / str(trial_id) / "attempts" / "1"
    return (attempt / name).read_text()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_pytorch_program(example, foreign_environment):
    python = foreign_environment(("torch==2.13.0", "numpy==2.4.6", "scikit-learn==1.8.0"))
    digits = example("pytorch_digits")
    digits(
        "tune", "--maximize", "accuracy", "-p", "lr=1e-4..1e-1:log", "-p", "hidden=16..128:log",
        "-p", "dropout=0.0..0.5", "--trials", "3", "--", python, "train.py", "--epochs", "3",
        timeout_s=600,
    )  # fmt: skip
    trials = digits.trials("train")
    assert [str(trial.state) for trial in trials] == ["SUCCEEDED"] * 3
    assert trials[0].parameters == {"lr": 1e-3, "hidden": 64, "dropout": 0.1}
    for trial in trials:
        assert [m.step for m in trial.measurements] == [1, 2, 3]
        assert 0 <= trial.value <= 1


def test_the_examples_do_not_need_wazir(example):
    house = example("house")
    ended = subprocess.run(
        [sys.executable, "-m", "trainer.task", "--output_dir", "alone"],
        cwd=house.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "epoch 10 rmse:" in ended.stdout
    assert (house.folder / "alone" / "model.pkl").is_file()


def test_the_network_of_limited_size(example):
    budget = example("budget")
    budget(
        "tune", "--minimize", "loss", "-p", "n_layers=1..4", "-p", "width=4..128:log",
        "-p", "low_rate=1e-4..1e-1:log", "-p", "high_rate=1e-4..1e-1:log",
        "--constraint", "n_layers * width ** 2 <= 4096", "--constraint", "low_rate < high_rate",
        "--trials", "8", "--parallel", "2", "--", sys.executable, "train.py",
    )  # fmt: skip
    trials = budget.trials("train")
    assert len(trials) == 8
    for trial in trials:
        point = trial.parameters
        assert point["n_layers"] * point["width"] ** 2 <= 4096
        assert point["low_rate"] < point["high_rate"]
        assert trial.value is not None


@TRAINS
def test_the_model_that_must_be_fast(example):
    fast = example("fast_model")
    said = fast(
        "tune", "--minimize", "loss", "--safe", "cost<=80", "--belief", "rate=0.01",
        "-p", "bumps=4..60", "-p", "width=0.05..1.0:log", "-p", "rate=1e-3..0.3:log",
        "--trials", "10", "--parallel", "2", "--seed", "1", "--", sys.executable, "train.py",
        timeout_s=150,
    )  # fmt: skip
    trials = fast.trials("train")
    # The believed value comes before the program's default, 0.02.
    assert trials[0].parameters == {"bumps": 12, "width": 0.3, "rate": 0.01}
    done = [trial for trial in trials if trial.value is not None]
    assert all(trial.infeasible_reason for trial in trials if trial.value is None)
    for trial in done:
        assert trial.metrics["cost"] == 4 * trial.parameters["bumps"]
    best = fast.study("train").best_trial
    assert best.parameters["bumps"] <= 20
    assert best.value == min(trial.value for trial in done if trial.parameters["bumps"] <= 20)
    assert "cost <= 80" in said.stdout


@TRAINS
def test_the_trainer_that_goes_on_from_its_checkpoint(example):
    budgets = example("checkpoints")
    said = budgets(
        "tune", "--minimize", "loss", "-p", "epochs=1..27:fidelity", "-p", "rate=1e-3..1.0:log",
        "-p", "momentum=0.0..0.95", "--trials", "9", "--seed", "1", "--",
        sys.executable, "train.py", timeout_s=150,
    )  # fmt: skip
    trials = budgets.trials("train")
    assert {str(trial.state) for trial in trials} == {"SUCCEEDED"}
    assert {trial.parameters["epochs"] for trial in trials} == {3, 9, 27}
    assert "used of 243" in said.stdout
    # What went on is what one long run gives.
    best = budgets.study("train").best_trial
    assert best.attempt > 1
    again = budgets("rerun", "train", str(best.id)).stdout
    assert f"epoch=27 loss={best.value:.6f}" in again
