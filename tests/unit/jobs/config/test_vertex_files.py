"""Vertex AI's HyperparameterTuningJob: all of its fields, and its own refusals."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wazir.domain.errors import InvalidConfigError
from wazir.domain.metrics import Goal, MeasurementSelection, Metric
from wazir.domain.parameters import Branch, Categorical, Discrete, Double, Integer
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyStopping
from wazir.jobs.config.job_file import DEFAULT_METRIC, FileKind, JobFile
from wazir.jobs.config.reading import read_job_file

Read = Callable[[str], JobFile]

JOB = """
displayName: text classification
maxTrialCount: 10
parallelTrialCount: 2
maxFailedTrialCount: 3
studySpec:
  metrics:
  - {metricId: accuracy, goal: MAXIMIZE}
  - metricId: latency
    goal: MINIMIZE
    safetyConfig: {safetyThreshold: 20, desiredMinSafeTrialsFraction: 0.5}
  parameters:
  - parameterId: learning-rate
    scaleType: UNIT_LOG_SCALE
    doubleValueSpec: {minValue: 0.000001, maxValue: 0.001, defaultValue: 1e-5}
  - parameterId: weight-decay
    scaleType: SCALE_TYPE_UNSPECIFIED
    discreteValueSpec: {values: [0.0001, 0.001, 0.01, 0.1]}
  - parameterId: optimizer
    categoricalValueSpec: {values: [sgd, adam], defaultValue: adam}
    conditionalParameterSpecs:
    - parentCategoricalValues: {values: [sgd]}
      parameterSpec: {parameterId: momentum, doubleValueSpec: {maxValue: 1}}
    - parentCategoricalValues: {values: [sgd]}
      parameterSpec:
        parameterId: n_layers
        integerValueSpec: {minValue: "1", maxValue: "3"}
        conditionalParameterSpecs:
        - parentIntValues: {values: ["2", 3]}
          parameterSpec: {parameterId: units, discreteValueSpec: {values: [8, 16]}}
  algorithm: RANDOM_SEARCH
  measurementSelectionType: BEST_MEASUREMENT
  observationNoise: HIGH
  convexAutomatedStoppingSpec: {maxStepCount: 9, useElapsedDuration: true}
  studyStoppingConfig:
    shouldStopAsap: true
    minNumTrials: 5
    maxNumTrials: 50
    maxNumTrialsNoProgress: 20
    maxDurationNoProgress: 600s
    minimumRuntimeConstraint: {maxDuration: 60s}
    maximumRuntimeConstraint: {endTime: 2030-01-01T00:00:00Z}
trialJobSpec:
  workerPoolSpecs:
  - machineSpec: {machineType: n1-standard-8}
    replicaCount: 1
    containerSpec: {imageUri: $IMAGE, command: [python], args: [--epochs, 2]}
  baseOutputDirectory: {outputUriPrefix: gs://b/out}
  scheduling: {timeout: 600s}
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_text(text: str) -> JobFile:
        path = tmp_path / "job.yaml"
        path.write_text(text, encoding="utf-8")
        return read_job_file(path)

    return read_text


def problems_of(read: Read, text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def study(*parameters: str) -> str:
    """Return a file with these parameters, flow mappings."""
    rows = "".join(f"  - {{{line}}}\n" for line in parameters)
    return f"studySpec:\n  metrics: [{{metricId: m, goal: MINIMIZE}}]\n  parameters:\n{rows}"


def test_lack_of_progress_means_nothing_with_several_metrics(read: Read) -> None:
    job = read(JOB.replace("safetyConfig", "#"))
    assert job.study_stopping is not None
    assert job.study_stopping.max_n_trials_without_progress is None
    assert job.study_stopping.max_duration_without_progress_s is None
    assert job.study_stopping.max_n_trials == 50
    assert any("--stop-when" in note for note in job.notes)


def test_a_whole_job(read: Read) -> None:
    job = read(JOB)
    assert (job.kind, job.name) == (FileKind.VERTEX, "text classification")
    assert (job.max_trials, job.max_parallel_trials, job.max_failed_trials) == (10, 2, 3)
    assert job.metrics == (
        Metric("accuracy"),
        Metric("latency", Goal.MINIMIZE, safety_threshold=20, min_safe_fraction=0.5),
    )
    assert job.algorithm == "RANDOM_SEARCH"
    assert job.measurement_selection is MeasurementSelection.BEST
    assert job.observation_noise is ObservationNoise.HIGH
    assert job.early_stopping == EarlyStopping("convex", True, {"max_step_count": 9.0})
    assert job.study_stopping == StudyStopping(
        True,
        5,
        50,
        20,
        min_duration_s=60,
        max_end_at=1893456000,
        max_duration_without_progress_s=600,
    )
    assert (job.args, job.container_command) == (("--epochs", "2"), ("python",))
    assert (job.job_dir, job.max_running_time_s) == ("gs://b/out", 600)
    assert job.ignored == (
        "trialJobSpec.workerPoolSpecs[0].machineSpec",
        "trialJobSpec.workerPoolSpecs[0].replicaCount",
        "trialJobSpec.workerPoolSpecs[0].containerSpec.imageUri",
    )


def test_conditional_parameters(read: Read) -> None:
    layers = Integer(1, 3, branches=[Branch((2, 3), {"units": Discrete([8, 16])})])
    branch = Branch(("sgd",), {"momentum": Double(0, 1), "n_layers": layers})
    job = read(JOB)
    assert job.space == {
        "learning-rate": Double(1e-6, 1e-3, scale="log", default=1e-5),
        "weight-decay": Discrete([0.0001, 0.001, 0.01, 0.1]),
        "optimizer": Categorical(["sgd", "adam"], default="adam", branches=[branch]),
    }
    (note,) = job.notes
    assert "parameter 'momentum': minValue is not set; it means 0" in note


def test_a_study_alone_and_snake_case(read: Read) -> None:
    text = """
metrics: [{metric_id: m, goal: MINIMIZE}]
parameters:
- {parameter_id: x, double_value_spec: {min_value: 1, max_value: 2}}
decay_curve_stopping_spec: {use_elapsed_duration: true}
"""
    job = read(text)
    assert job.space == {"x": Double(1, 2)}
    assert job.early_stopping == EarlyStopping("decay_curve", use_elapsed_time=True)
    assert isinstance(job.raw["studySpec"], dict)
    indented = "study_spec:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    assert read(indented + "max_trial_count: 4\n").max_trials == 4
    assert read(indented).space == job.space


TRANSFER = """
studySpec:
  metrics: [{metricId: m, goal: MINIMIZE}]
  parameters: []
  transferLearningConfig: {%spriorStudyNames: [projects/p/locations/l/studies/s, other]}
"""


def test_prior_studies_are_read_unless_they_are_disabled(read: Read) -> None:
    job = read(TRANSFER % "")
    assert job.prior_studies == ("projects/p/locations/l/studies/s", "other")
    job = read(TRANSFER % "disableTransferLearning: true, ")
    assert job.prior_studies == ()
    assert "priorStudyNames mean nothing" in job.notes[0]


def test_what_is_left_out_has_a_default_that_is_said(read: Read) -> None:
    job = read("studySpec: {parameters: []}\n")
    assert job.metrics == (Metric(DEFAULT_METRIC),)
    assert DEFAULT_METRIC in job.notes[0]
    job = read("studySpec: {metrics: [{metricId: m}], medianAutomatedStoppingSpec: {}}\n")
    assert "it means MAXIMIZE" in job.notes[0]
    assert job.early_stopping == EarlyStopping("median")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("parameterId: x", "needs exactly one of doubleValueSpec"),
        ("doubleValueSpec: {minValue: 1, maxValue: 2}", "a parameter has no parameterId"),
        ("parameterId: x, doubleValueSpec: ", "doubleValueSpec is empty"),
        (
            "parameterId: x, doubleValueSpec: {maxValue: 1}, discreteValueSpec: {values: [1]}",
            "got doubleValueSpec and discreteValueSpec",
        ),
        (
            "parameterId: x, integerValueSpec: {minValue: 1, maxValue: 2.5}",
            "maxValue of the INTEGER 'x' must be whole, got 2.5",
        ),
        ("parameterId: x, categoricalValueSpec: {values: []}", "values is empty"),
        (
            "parameterId: x, doubleValueSpec: {maxValue: 1}, scaleType: UNIT_LOG_SCALE",
            "a LOG scale needs values greater than 0",
        ),
        (
            (
                "parameterId: x, doubleValueSpec: {minValue: 1, maxValue: 2}, "
                "conditionalParameterSpecs: [{parentDiscreteValues: {values: [1]}, "
                "parameterSpec: {parameterId: y, categoricalValueSpec: {values: [a]}}}]"
            ),
            "a DOUBLE has no children",
        ),
        (
            (
                "parameterId: x, categoricalValueSpec: {values: [a]}, "
                "conditionalParameterSpecs: [{parentIntValues: {values: [1]}, "
                "parameterSpec: {parameterId: y, categoricalValueSpec: {values: [a]}}}]"
            ),
            "got parentIntValues (write parentCategoricalValues)",
        ),
        (
            (
                "parameterId: x, categoricalValueSpec: {values: [a]}, "
                "conditionalParameterSpecs: [{parentCategoricalValues: {values: [b]}, "
                "parameterSpec: {parameterId: y, categoricalValueSpec: {values: [a]}}}]"
            ),
            "the value must be one of a, got 'b'",
        ),
        (
            (
                "parameterId: x, categoricalValueSpec: {values: [a]}, "
                "conditionalParameterSpecs: [{parentCategoricalValues: {values: [a]}}]"
            ),
            "has no parameterSpec",
        ),
        (
            (
                "parameterId: x, categoricalValueSpec: {values: [a]}, "
                "conditionalParameterSpecs: [{parentCategoricalValues: {values: []}, "
                "parameterSpec: {parameterId: y, categoricalValueSpec: {values: [a]}}}]"
            ),
            "parentCategoricalValues has no values",
        ),
        (
            (
                "parameterId: x, integerValueSpec: {minValue: 1, maxValue: 2}, "
                "conditionalParameterSpecs: [{parentIntValues: {values: [1.5]}, "
                "parameterSpec: {parameterId: y, categoricalValueSpec: {values: [a]}}}]"
            ),
            "values of an INTEGER parent must be whole, got 1.5",
        ),
        (
            (
                "parameterId: x, categoricalValueSpec: {values: [a]}, "
                "conditionalParameterSpecs: [{parentCategoricalValues: {values: [a]}, "
                "parameterSpec: {parameterId: x, categoricalValueSpec: {values: [a]}}}]"
            ),
            "parameter 'x' is defined twice",
        ),
    ],
)
def test_wrong_parameters(read: Read, line: str, problem: str) -> None:
    (found,) = problems_of(read, study(line))
    assert problem in found
    assert found.startswith("line ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("studySpec: {metrics: [{goal: MINIMIZE}]}", "a metric has no metricId"),
        ("studySpec: {metrics: [{metricId: m}, {metricId: m}]}", "metric 'm' is defined twice"),
        ("studySpec: {metrics: [{metricId: m, safetyConfig: {}}]}", "every metric has a safety"),
        (
            "studySpec: {metrics: [{metricId: m, safetyConfig: {desiredMinSafeTrialsFraction: 2}}]}",
            "must lie in [0, 1]",
        ),
        (
            "studySpec: {decayCurveStoppingSpec: {}, medianAutomatedStoppingSpec: {}}",
            "only one rule can stop trials",
        ),
        (
            "studySpec: {studyStoppingConfig: {maximumRuntimeConstraint: {endTime: soon}}}",
            "endTime must be a time, got 'soon'",
        ),
        (
            "studySpec: {params: []}",
            "'params' is no field of studySpec (did you mean 'parameters'",
        ),
        ("maxTrialCount: 3\ntrainingInput: {}\nstudySpec: {}", "'maxTrialCount' is no field"),
    ],
)
def test_wrong_studies(read: Read, text: str, problem: str) -> None:
    assert problem in problems_of(read, text)[0]


def test_a_name_may_stand_twice_in_branches_that_exclude_each_other(read: Read) -> None:
    child = "{parameterId: y, categoricalValueSpec: {values: [a]}}"
    branches = ", ".join(
        f"{{parentCategoricalValues: {{values: [{value}]}}, parameterSpec: {child}}}"
        for value in "ab"
    )
    line = f"parameterId: x, categoricalValueSpec: {{values: [a, b]}}, conditionalParameterSpecs: [{branches}]"
    y = {"y": Categorical(["a"])}
    assert read(study(line)).space == {
        "x": Categorical(["a", "b"], branches=[Branch(("a",), y), Branch(("b",), y)])
    }


def test_too_few_measurements_for_a_curve_are_raised_and_this_is_said(read: Read) -> None:
    job = read(
        study("parameterId: x, doubleValueSpec: {minValue: 0, maxValue: 1}")
        + "  convexAutomatedStoppingSpec: {minMeasurementCount: 1}\n"
    )
    assert job.early_stopping == EarlyStopping("convex", options={"min_measurement_count": 3.0})
    assert any("minMeasurementCount is raised from 1 to 3" in note for note in job.notes)


def test_a_zero_in_a_stopping_spec_means_not_set(read: Read) -> None:
    spec = (
        "convexAutomatedStoppingSpec: {maxStepCount: 0, minMeasurementCount: 0, minStepCount: 4}"
    )
    job = read(
        study("parameterId: x, doubleValueSpec: {minValue: 0, maxValue: 1}") + f"  {spec}\n"
    )
    assert job.early_stopping == EarlyStopping("convex", options={"min_step_count": 4.0})
