"""Flags and a configuration file become one job; flags win field by field."""

from pathlib import Path

import pytest

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, MeasurementSelection, Metric
from wazir.domain.parameters import Double, Integer
from wazir.domain.studies import ObservationNoise, StudyStopping
from wazir.jobs.config.reading import read_job_file
from wazir.jobs.passing import Passing
from wazir.jobs.resolution import NoParametersError, TuneFlags, program_name, resolve

CONFIG = """
trainingInput:
  scaleTier: BASIC
  region: us-central1
  args: ["--epochs", "3"]
  pythonModule: trainer.task
  jobDir: gs://bucket/job
  scheduling: {maxRunningTime: 7200s}
  hyperparameters:
    goal: MINIMIZE
    hyperparameterMetricTag: rmse
    maxTrials: 7
    maxParallelTrials: 3
    maxFailedTrials: 0
    enableTrialEarlyStopping: true
    params:
    - {parameterName: lr, type: DOUBLE, minValue: 0.01, maxValue: 0.1}
    - parameterName: units
      type: CATEGORICAL
      categoricalValues: ["1 2", "3 4"]
      splitCategorical: true
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "hyperparam.yaml"
    path.write_text(CONFIG)
    return read_job_file(path)


def flags(*command, **fields):
    return TuneFlags(command=command, cwd=Path("/work"), **fields)


def test_a_file_alone_is_a_job(file):
    job = resolve(flags(), file, seed=5)
    assert job.study_id == "trainer.task"
    assert job.spec.command == ("python3", "-m", "trainer.task", "--epochs", "3")
    assert job.spec.passing == {"units": Passing.SPLIT}
    assert job.spec.job_dir == "gs://bucket/job"
    assert (job.config.objective.name, job.config.objective.goal) == ("rmse", Goal.MINIMIZE)
    assert (job.limits.n_trials, job.limits.n_parallel) == (7, 3)
    assert job.limits.max_failed_trials is None
    assert job.timeout_s == 7200
    assert job.config.seed == 5
    assert job.spec.document["scaleTier"] == "BASIC"
    assert job.config.early_stopping is not None
    notes = "\n".join(job.notes)
    assert job.names_early_stopping
    assert "trainingInput.scaleTier" in notes


def test_flags_win_field_by_field(file):
    job = resolve(
        flags(
            "prog",
            "--fast",
            objectives=(Metric("auc", Goal.MAXIMIZE),),
            parameters=("lr=1..9", "new=0.0..1.0"),
            study_id="mine",
            n_trials=2,
            n_parallel=1,
            algorithm="random",
            seed=9,
            job_dir="out",
            timeout_s=5.0,
            max_failed_trials=4,
        ),
        file,
        seed=5,
    )
    assert job.study_id == "mine"
    assert job.spec.command == ("prog", "--fast")
    assert list(job.config.space.parameters) == ["lr", "units", "new"]
    assert job.config.space.parameters["lr"] == Integer(1, 9)
    assert job.config.objective.name == "auc"
    assert (job.config.seed, job.config.algorithm) == (9, "random")
    assert (job.limits.n_trials, job.limits.n_parallel) == (2, 1)
    assert job.limits.max_failed_trials == 4
    assert (job.spec.job_dir, job.timeout_s) == ("out", 5.0)
    assert any("replaced by the command" in note for note in job.notes)


def test_without_a_file_thirty_trials_one_at_a_time():
    job = resolve(
        flags("./train.sh", objectives=(Metric("m"),), parameters=("x=0.0..1.0",)), None, seed=1
    )
    assert (job.limits.n_trials, job.limits.n_parallel, job.limits.max_attempts) == (30, 1, 2)
    assert job.config.space.parameters == {"x": Double(0, 1)}
    assert job.config.measurement_selection is MeasurementSelection.LAST


def test_a_file_without_max_trials_means_one_and_says_so(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG.replace("    maxTrials: 7\n", ""))
    job = resolve(flags(), read_job_file(path), seed=1)
    assert job.limits.n_trials == 1
    assert any("means 1 trial" in note for note in job.notes)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            flags(objectives=(Metric("m"),), parameters=("x=1..2",)),
            InvalidInputError,
            "no program to run",
        ),
        (flags("p", objectives=(Metric("m"),)), NoParametersError, "nothing to tune"),
        (flags("p", parameters=("x=1..2",)), InvalidInputError, "--minimize METRIC"),
        (
            flags("p", objectives=(Metric("m"),), parameters=("x=1..2", "x=1..3")),
            InvalidInputError,
            "twice",
        ),
        (
            flags("p", objectives=(Metric("m"),), parameters=("x=1..2",), metric_pattern="(("),
            InvalidInputError,
            "pattern",
        ),
        (
            flags("p", "{x}", objectives=(Metric("m"),), parameters=("x=1..2", "y=1..2")),
            InvalidInputError,
            r"missing: \{y\}",
        ),
    ],
)
def test_what_is_missing_is_said(given, error, message):
    with pytest.raises(error, match=message):
        resolve(given, None, seed=1)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python -m trainer.task --x 1", "trainer.task"),
        ("python3.11 -u train.py", "train"),
        ("/usr/bin/python ./dir/my-train.py", "my-train"),
        ("./train.sh", "train"),
        ("env A=1 python train.py", "train"),
        ("uv run train.py", "train"),
        ("sh -c exit", "exit"),
        ("my_program", "my_program"),
    ],
)
def test_the_study_is_named_after_the_program(command, name):
    assert program_name(tuple(command.split())) == name


def test_limits_beliefs_and_noise_become_part_of_the_study(tmp_path, file):
    flags = TuneFlags(
        command=("train",),
        cwd=tmp_path,
        safe=("latency<=100", "recall>=0.5 in 90%"),
        beliefs=("lr=0.02", "units=3 4"),
        noise="High",
    )
    config = resolve(flags, file, seed=1).config
    assert config.objectives == (Metric("rmse", Goal.MINIMIZE),)
    assert config.safety_metrics == (
        Metric("latency", Goal.MINIMIZE, 100.0),
        Metric("recall", Goal.MAXIMIZE, 0.5, 0.9),
    )
    assert config.beliefs == {"lr": 0.02, "units": "3 4"}
    assert config.observation_noise is ObservationNoise.HIGH


def test_another_objective_keeps_the_limits_of_the_file(tmp_path):
    path = tmp_path / "v.yaml"
    path.write_text(
        """
studySpec:
  metrics:
  - {metricId: loss, goal: MINIMIZE}
  - metricId: latency
    goal: MINIMIZE
    safetyConfig: {safetyThreshold: 100, desiredMinSafeTrialsFraction: 0.9}
  parameters:
  - {parameterId: lr, doubleValueSpec: {minValue: 0.1, maxValue: 1}}
"""
    )
    flags = TuneFlags(("train",), tmp_path, objectives=(Metric("auc"),))
    metrics = resolve(flags, read_job_file(path), seed=1).config.metrics
    assert metrics == (Metric("auc"), Metric("latency", Goal.MINIMIZE, 100.0, 0.9))


def test_flags_for_the_end_by_advice():
    plain = {"objectives": (Metric("m"),), "parameters": ("x=0.0..1.0",)}
    job = resolve(flags("train", **plain), None, seed=5)
    assert (job.config.study_stopping, job.names_study_stopping) == (None, False)
    job = resolve(flags("train", auto_stop=True, min_improvement=0.1, **plain), None, seed=5)
    assert job.config.study_stopping == StudyStopping(auto_stop_below=0.05, min_improvement=0.1)
    assert job.names_study_stopping
    job = resolve(flags("train", auto_stop_below=0.2, **plain), None, seed=5)
    assert job.config.study_stopping == StudyStopping(auto_stop_below=0.2)
    job = resolve(flags("train", auto_stop=False, auto_stop_below=0.2, **plain), None, seed=5)
    assert (job.config.study_stopping, job.names_study_stopping) == (None, True)


@pytest.mark.parametrize(
    ("given", "turned_off"),
    [
        ({}, set()),
        ({"auto_stop": True, "early_stopping": "median"}, set()),
        ({"auto_stop": False}, {"study_stopping"}),
        ({"early_stopping": "None"}, {"early_stopping"}),
    ],
)
def test_words_that_turn_a_setting_off_are_known(given, turned_off):
    plain = {"objectives": (Metric("m"),), "parameters": ("x=0.0..1.0",)}
    assert resolve(flags("train", **plain, **given), None, seed=5).turned_off == turned_off
