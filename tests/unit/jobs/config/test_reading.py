"""Configuration files: what each format says, and every refusal with its place."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wazir.domain.errors import InvalidConfigError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Scale
from wazir.domain.studies import EarlyStopping
from wazir.jobs.config.job_file import DEFAULT_METRIC, FileKind, JobFile
from wazir.jobs.config.reading import read_job_file
from wazir.jobs.passing import Passing

Read = Callable[[str], JobFile]

TAXI = """\
%writefile hyperparame.yaml
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


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_text(text: str) -> JobFile:
        path = tmp_path / "hyperparam.yaml"
        path.write_text(text, encoding="utf-8")
        return read_job_file(path)

    return read_text


def tuning(lines: str) -> str:
    """Return a file with these lines under hyperparameters."""
    body = "".join(f"    {line}\n" for line in lines.strip("\n").splitlines())
    head = "    goal: MAXIMIZE\n    hyperparameterMetricTag: acc\n"
    return f"trainingInput:\n  hyperparameters:\n{head}{body}"


def params(*lines: str) -> str:
    """Return a file with one parameter of each line, a flow mapping."""
    return tuning("params:\n" + "\n".join(f"- {{{line}}}" for line in lines))


def problems_of(read: Read, text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_mission_file(read: Read) -> None:
    job = read(TAXI)
    assert job.kind is FileKind.CLOUD_ML_ENGINE
    assert job.space == {
        "train_batch_size": Integer(64, 512, scale="log"),
        "nbuckets": Integer(10, 20),
        "hidden_units": Categorical(["128 64 32", "256 128 16", "512 128 64"]),
    }
    assert list(job.space) == ["train_batch_size", "nbuckets", "hidden_units"]
    assert set(job.passing.values()) == {Passing.ONE}
    assert job.metrics == (Metric("rmse", Goal.MINIMIZE),)
    assert (job.max_trials, job.max_parallel_trials, job.max_failed_trials) == (30, 1, None)
    assert (job.algorithm, job.early_stopping) == (None, None)
    assert job.ignored == ("trainingInput.scaleTier",)
    (note,) = job.notes
    assert "line 1" in note
    assert "%writefile hyperparame.yaml" in note


def test_lines_are_those_of_the_file_behind_a_notebook_line(read: Read) -> None:
    (problem,) = problems_of(read, TAXI.replace("minValue: 64", "minValue: x"))
    assert problem.startswith("line 12, column 21: minValue must be a number, got 'x'")


def test_everything_that_a_cloud_ml_engine_file_may_say(read: Read) -> None:
    job = read(
        """
jobId: my_job
labels: {team: a}
trainingInput:
  scaleTier: CUSTOM
  masterType: n1-standard-8
  workerCount: 3
  runtimeVersion: 1.10
  region: us-central1
  packageUris: [gs://b/p.tar.gz]
  pythonModule: trainer.task
  args: [--epochs, 3, "--name", on]
  jobDir: gs://b/out
  scheduling: {maxRunningTime: 7200s, maxWaitTime: 1800s, priority: 5}
  masterConfig:
    acceleratorConfig: {count: "1", type: NVIDIA_TESLA_K80}
    imageUri: gcr.io/p/i
    containerCommand: [python]
  hyperparameters:
    goal: MINIMIZE
    algorithm: RANDOM_SEARCH
    maxTrials: "40"
    maxParallelTrials: 5
    maxFailedTrials: 2
    hyperparameterMetricTag: Taxi Model Accuracy
    resumePreviousJobId: old_job
    enableTrialEarlyStopping: TRUE
    params: []
"""
    )
    assert (job.name, job.python_module, job.job_dir) == ("my_job", "trainer.task", "gs://b/out")
    assert job.args == ("--epochs", "3", "--name", "on")
    assert job.container_command == ("python",)
    assert job.max_running_time_s == 7200
    assert (job.max_trials, job.max_parallel_trials, job.max_failed_trials) == (40, 5, 2)
    assert job.metrics == (Metric("Taxi Model Accuracy", Goal.MINIMIZE),)
    assert job.resume_previous_job_id == "old_job"
    assert job.early_stopping == EarlyStopping()
    assert job.algorithm == "RANDOM_SEARCH"
    assert set(job.ignored) == {
        "labels",
        "trainingInput.scaleTier",
        "trainingInput.masterType",
        "trainingInput.workerCount",
        "trainingInput.runtimeVersion",
        "trainingInput.region",
        "trainingInput.packageUris",
        "trainingInput.scheduling.maxWaitTime",
        "trainingInput.scheduling.priority",
        "trainingInput.masterConfig.acceleratorConfig",
        "trainingInput.masterConfig.imageUri",
    }
    raw = json.loads(json.dumps(job.training_input))
    assert raw["workerCount"] == "3"
    assert raw["runtimeVersion"] == "1.10"
    assert raw["scheduling"]["maxRunningTime"] == "7200s"
    assert raw["hyperparameters"]["enableTrialEarlyStopping"] is True
    assert raw["hyperparameters"]["maxTrials"] == 40
    assert any("params is empty" in note for note in job.notes)


def test_null_is_unset_and_the_defaults_are_said(read: Read) -> None:
    job = read(
        "trainingInput:\n  hyperparameters:\n    goal: null\n    maxTrials: ~\n"
        "    resumePreviousJobId: null\n    hyperparameterMetricTag:\n    maxFailedTrials: 0\n"
        "    algorithm: ALGORITHM_UNSPECIFIED\n"
        "    params: [{parameterName: x, type: DOUBLE, minValue: 0, maxValue: 1, scaleType: }]\n"
    )
    assert job.metrics == (Metric(DEFAULT_METRIC, Goal.MAXIMIZE),)
    assert job.max_trials is job.max_failed_trials is job.resume_previous_job_id is None
    assert job.algorithm == "DEFAULT"
    assert any("goal is not set: it means MAXIMIZE" in note for note in job.notes)
    assert any(DEFAULT_METRIC in note for note in job.notes)


def test_a_file_without_hyperparameters_is_readable(read: Read) -> None:
    job = read("trainingInput:\n  scaleTier: BASIC # BASIC | BASIC_GPU\n")
    assert (job.space, job.metrics, job.max_trials) == ({}, (), None)
    assert "no hyperparameters" in job.notes[0]


@pytest.mark.parametrize(
    ("line", "parameter"),
    [
        ("type: DOUBLE, minValue: 1e-4, maxValue: 1", Double(1e-4, 1)),
        ("type: DOUBLE, minValue: '0.1', maxValue: '1e-0'", Double(0.1, 1)),
        ("type: DOUBLE, minValue: .5, maxValue: 1.", Double(0.5, 1)),
        ("type: DOUBLE, minValue: -1, maxValue: +1", Double(-1, 1)),
        ("type: INTEGER, minValue: 5.0, maxValue: '50'", Integer(5, 50)),
        ("type: INTEGER, min_value: 5, max_value: 50", Integer(5, 50)),
        (
            "type: INTEGER, minValue: 5, maxValue: 50, scale_type: UNIT_REVERSE_LOG_SCALE",
            Integer(5, 50, scale="reverse_log"),
        ),
        ("type: INTEGER, minValue: 5, maxValue: 50, scaleType: NONE", Integer(5, 50)),
        ("type: DISCRETE, discreteValues: ['1', 2.5, 1e1]", Discrete([1, 2.5, 10])),
        ("type: DISCRETE, discreteValues: 3", Discrete([3])),
        (
            "type: CATEGORICAL, categoricalValues: ['10,10', 'true']",
            Categorical(["10,10", "true"]),
        ),
        ("type: DOUBLE, minValue: 0, maxValue: 1, default: 0.5", Double(0, 1, default=0.5)),
        ("type: INTEGER, minValue: 0, maxValue: 9, defaultValue: '5'", Integer(0, 9, default=5)),
        ("type: DISCRETE, discreteValues: [1, 2], default: 2", Discrete([1, 2], default=2)),
        (
            "type: CATEGORICAL, categoricalValues: ['1', b], default: 1",
            Categorical(["1", "b"], default="1"),
        ),
    ],
)
def test_parameters(read: Read, line: str, parameter: object) -> None:
    job = read(params(f"parameterName: a.b-c, {line}"))
    assert job.space == {"a.b-c": parameter}
    assert job.notes == ()


def test_categories_keep_their_source_text_and_it_is_said(read: Read) -> None:
    line = "parameterName: c, type: CATEGORICAL, categoricalValues: [1.10, yes, 010, 1e-4, a]"
    job = read(params(line))
    assert job.space == {"c": Categorical(["1.10", "yes", "010", "1e-4", "a"])}
    (note,) = job.notes
    assert "1.10, yes, 010, 1e-4 without quotes" in note


def test_split_and_flag(read: Read) -> None:
    job = read(
        params(
            "parameterName: h, type: CATEGORICAL, categoricalValues: [64 32], splitCategorical: on",
            "parameterName: f, type: CATEGORICAL, categoricalValues: ['true', 'false'], flag: true",
            "parameterName: o, type: CATEGORICAL, categoricalValues: [a, b], flag: false",
        )
    )
    assert job.passing == {"h": Passing.SPLIT, "f": Passing.FLAG, "o": Passing.ONE}


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("type: DOUBLE, minValue: 1, maxValue: 1", "parameter 'x' has one value only, 1"),
        (
            "type: DISCRETE, discreteValues: [1, 2], minValue: 1",
            "minValue of the DISCRETE 'x' means nothing",
        ),
        (
            "type: CATEGORICAL, categoricalValues: [a], scaleType: UNIT_LINEAR_SCALE",
            "scaleType of the CATEGORICAL 'x' means nothing",
        ),
    ],
)
def test_doubts_about_parameters_are_said(read: Read, line: str, note: str) -> None:
    (said,) = read(params(f"parameterName: x, {line}")).notes
    assert note in said
    assert said.startswith("line 6: ")


def test_a_grid_over_a_double_is_accepted_with_a_warning(read: Read) -> None:
    x = "parameterName: x, type: DOUBLE, minValue: 0, maxValue: 1"
    (note,) = read(params(x) + "    algorithm: GRID_SEARCH\n").notes
    assert "GRID_SEARCH with the DOUBLE x: Cloud ML Engine refuses this" in note


def test_an_unknown_machine_is_only_worth_a_note(read: Read) -> None:
    job = read("trainingInput: {scaleTier: BASIC-GPU, hyperparameters: {goal: MINIMIZE}}")
    assert job.ignored == ("trainingInput.scaleTier",)
    assert "did you mean 'BASIC_GPU'?" in job.notes[0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("type: DOUBLE, minValue: abc, maxValue: 1", "minValue must be a number, got 'abc'"),
        ("type: DOUBLE, minValue: 010, maxValue: 11", "got '010' (YAML 1.1 reads it as 8"),
        ("type: DOUBLE, minValue: 1, maxValue: 1_000", "got '1_000' (write 1000)"),
        ("type: DOUBLE, minValue: 1, maxValue: 12:30", "got '12:30' (YAML 1.1 reads colons"),
        ("type: DOUBLE, minValue: 1, maxValue: 0x10", "got '0x10' (write it in decimal)"),
        ("type: DOUBLE, minValue: 1, maxValue: '0,5'", "got '0,5' (write 0.5)"),
        ("type: DOUBLE, minValue: 1, maxValue: .inf", "got '.inf' (it must be finite)"),
        ("type: DOUBLE, minValue: 1, maxValue: 1e999", "must be a finite number, got '1e999'"),
        ("type: DOUBLE, minValue: 1, maxValue: true", "maxValue must be a number, got 'true'"),
        ("type: DOUBLE, minValue: 1, maxValue: $N", "a shell variable is not replaced"),
        ("type: DOUBLE, minValue: 1, maxValue: [1]", "must be a single value, got a list"),
        ("type: DOUBLE, minValue: 1", "parameter 'x': maxValue is missing"),
        ("type: DOUBLE, minValue: 1, maxValue: ", "parameter 'x': maxValue is empty"),
        ("type: DOUBLE, minValue: 2, maxValue: 1", "got 2 and 1 (swap the two)"),
        (
            "type: DOUBLE, minValue: 0, maxValue: 1, scaleType: UNIT_LOG_SCALE",
            "a LOG scale needs values greater than 0, got 0",
        ),
        ("type: INTEGER, minValue: 1, maxValue: 2.5", "'x' must be whole, got 2.5"),
        ("type: INTEGER, minValue: 1, maxValue: 2, default: 3", "must lie in [1, 2], got 3"),
        ("type: INTEGER, minValue: 1, maxValue: 2, default: a", "default must be a number"),
        (
            "type: INTEGER, minValue: 1, maxValue: 2, default: 1, defaultValue: 1",
            "has a default and a defaultValue",
        ),
        ("type: DISCRETE, discreteValues: [2, 1]", "strictly increasing, got 1 after 2"),
        ("type: DISCRETE, discreteValues: [1, 1]", "strictly increasing, got 1 after 1"),
        ("type: DISCRETE, discreteValues: []", "discreteValues is empty"),
        ("type: DISCRETE", "discreteValues is missing; a DISCRETE needs a list"),
        ("type: DISCRETE, discreteValues: [1, null]", "discreteValues has an empty entry"),
        (
            "type: DISCRETE, discreteValues: [0, 1], scaleType: UNIT_LOG_SCALE",
            "a LOG scale needs values greater than 0, got 0",
        ),
        ("type: CATEGORICAL, categoricalValues: [a, null]", "has an empty entry"),
        ("type: CATEGORICAL, categoricalValues: [a, a]", "has 'a' twice"),
        ("type: CATEGORICAL, categoricalValues: a", "must be a list, got 'a' (write [a])"),
        ("type: CATEGORICAL, categoricalValues: [a], maxValue: 1", "must not have maxValue"),
        ("type: CATEGORICAL, categoricalValues: [a], default: b", "must be one of a, got 'b'"),
        (
            "type: CATEGORICAL, categoricalValues: [a], discreteValues: [1]",
            "the CATEGORICAL 'x' must not have discreteValues",
        ),
        (
            "type: CATEGORICAL, categoricalValues: [a], flag: true",
            "the values of the flag 'x' are true and false, got a",
        ),
        (
            "type: CATEGORICAL, categoricalValues: [a], flag: true, splitCategorical: true",
            "splitCategorical and flag (keep one)",
        ),
        ("type: DOUBLE, minValue: 1, maxValue: 2, flag: true", "flag needs a CATEGORICAL"),
        ("type: FLOAT, minValue: 1, maxValue: 2", "got 'FLOAT' (did you mean 'DOUBLE'?)"),
        (
            "type: DOUBLE, minValue: 1, maxValue: 2, scaleType: LOG",
            "(did you mean 'UNIT_LOG_SCALE'?)",
        ),
        ("minValue: 1, maxValue: 2", "parameter 'x' has no type (one of DOUBLE, INTEGER"),
        ("type: DOUBLE, minimum: 1, maxValue: 2, minValue: 1", "'minimum' is no field of params"),
        ("type: DOUBLE, minValue: 1, min_value: 1, maxValue: 2", "minValue stands twice"),
        ("type: DOUBLE, maxTrials: 1, minValue: 1, maxValue: 2", "belongs under hyperparameters"),
    ],
)
def test_one_wrong_field_gives_one_problem_with_its_place(
    read: Read, line: str, problem: str
) -> None:
    (found,) = problems_of(read, params(f"parameterName: x, {line}"))
    assert problem in found
    assert found.startswith("line 6, column ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (tuning("maxTrials: 30.0"), "line 5, column 16: maxTrials must be a whole number"),
        (tuning("maxTrials: -1"), "maxTrials must lie between 0 and 2147483647, got '-1'"),
        (tuning("maxTrials: $NR_VIDEOS"), "a shell variable is not replaced here"),
        (
            tuning("enableTrialEarlyStopping: 'True'"),
            (
                "column 31: enableTrialEarlyStopping must be true or false, got the text 'True' "
                "(write True without quotes)"
            ),
        ),
        (tuning("enableTrialEarlyStopping: 1"), "must be true or false, got '1'"),
        (tuning("goal2: MAXIMIZE"), "'goal2' is no field of hyperparameters (did you mean 'goal'"),
        (tuning("parms: []"), "did you mean 'params'?"),
        (tuning("params: {}"), "params must be a list, got a mapping"),
        (tuning("params: [x]"), "params[0] must be a mapping, got 'x'"),
        (tuning("maxTrials: 1\nmaxTrials: 2"), "line 6, column 5: 'maxTrials' stands twice"),
        (tuning("algorithm: BAYESIAN"), "must be one of GRID_SEARCH, RANDOM_SEARCH"),
        ("hyperparameters: {}\n", "line 1, column 1: 'hyperparameters' is no field"),
        ("trainingInput: {hyperparameters: 3}", "hyperparameters must be a mapping, got '3'"),
        ("trainingInput: {args: [a, null]}", "args has an empty entry"),
        ("trainingInput: {scheduling: {maxRunningTime: 2x}}", "must be a duration, got '2x'"),
        ("[1, 2]", "a configuration begins with trainingInput or studySpec"),
        ("just text", "a configuration begins with trainingInput or studySpec"),
        ("trainingInput: {studySpec: {}}", "'studySpec' is no field of trainingInput"),
        ("trainingInput: {}\nstudySpec: {}\n", "line 2, column 1: 'studySpec' is no field"),
    ],
)
def test_wrong_structures(read: Read, text: str, problem: str) -> None:
    (found,) = problems_of(read, text)
    assert problem in found


def test_names_used_twice(read: Read) -> None:
    x = "parameterName: x, type: DOUBLE, minValue: 0, maxValue: 1"
    (found,) = problems_of(read, params(x, x))
    assert found.startswith("line 7, column ")
    assert "parameter 'x' is defined twice" in found


def test_all_problems_come_at_once_in_the_order_of_the_file(read: Read) -> None:
    found = problems_of(
        read,
        tuning(
            """
maxTrials: many
params:
- parameterName: batch_size
  type: # TODO
  minValue: # TODO
  maxValue: # TODO
- type: INTEGER
  minValue: 1.5
  maxValue: 1_0
- parameterName: c
  type: CATEGORICAL
  categoricalValues:
  - a
  - # TODO
colour: red
"""
        ),
    )
    starts = [text.partition(":")[0] for text in found]
    assert starts == [
        "line 5, column 16",
        "line 8, column 7",
        "line 9, column 7",
        "line 10, column 7",
        "line 11, column 7",
        "line 12, column 17",
        "line 13, column 17",
        "line 18, column 8",
        "line 19, column 5",
    ]


@pytest.mark.parametrize("style", [{"indent": "\t"}, {"separators": (",", ":")}, {"indent": 2}])
def test_json_with_tabs_escapes_and_texts_for_numbers(read: Read, style: dict[str, str]) -> None:
    name = "r/\u00e9\U0001f600\t"
    parameter = {
        "parameterName": name,
        "type": "DOUBLE",
        "minValue": "0.001",
        "maxValue": ".5",
        "scaleType": "UNIT_REVERSE_LOG_SCALE",
    }
    tuned = {
        "goal": "MINIMIZE",
        "enableTrialEarlyStopping": True,
        "resumePreviousJobId": None,
        "maxTrials": 500,
        "params": [parameter],
    }
    job = read(json.dumps({"trainingInput": {"hyperparameters": tuned}}, **style))  # type: ignore[arg-type]
    assert job.space == {name: Double(0.001, 0.5, scale=Scale.REVERSE_LOG)}
    assert (job.max_trials, job.early_stopping) == (500, EarlyStopping())
    del tuned["resumePreviousJobId"]
    parameter |= {"minValue": 0.001, "maxValue": 0.5}  # type: ignore[dict-item]
    assert job.training_input == {"hyperparameters": tuned}
