"""Vertex AI's HyperparameterTuningJob, or its studySpec alone: what it means here."""

from collections.abc import Iterable, Sequence

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, MeasurementSelection, Metric
from wazir.domain.parameters import Branch, Parameter, ParameterValue
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyStopping
from wazir.jobs.config.fields import Reading, Record, Value, json_object
from wazir.jobs.config.job_file import DEFAULT_METRIC, FileKind, JobFile
from wazir.jobs.config.nodes import Mapping, Place
from wazir.jobs.config.parameters import SCALES, Draft, build_parameter
from wazir.jobs.config.vertex_tables import ROOT, STUDY
from wazir.jobs.space_text import ParsedParameter
from wazir.service.foreign_stopping import (
    CONVEX_OPTIONS,
    MIN_MEASUREMENTS,
    RULES,
    stopping_rule,
)

_TYPES = {
    "doubleValueSpec": "DOUBLE",
    "integerValueSpec": "INTEGER",
    "categoricalValueSpec": "CATEGORICAL",
    "discreteValueSpec": "DISCRETE",
}
_PARENT_FIELDS = {
    "parentDiscreteValues": "DISCRETE",
    "parentIntValues": "INTEGER",
    "parentCategoricalValues": "CATEGORICAL",
}
_SELECTIONS = {
    "LAST_MEASUREMENT": MeasurementSelection.LAST,
    "BEST_MEASUREMENT": MeasurementSelection.BEST,
}


def _is_study_alone(document: Mapping) -> bool:
    """Return whether the document is what stands under studySpec, without a job around it."""
    keys = {key.text for key, _ in document.entries}
    return bool(keys & {"metrics", "parameters"}) and not keys & {"studySpec", "study_spec"}


def read_vertex(document: Mapping, reading: Reading) -> JobFile:
    """Return what a Vertex configuration says; problems are added to `reading`."""
    empty = Record(document.place, "", {}, {})
    if _is_study_alone(document):
        root, study = empty, reading.read(document, STUDY)
    else:
        root = reading.read(document, ROOT)
        study = root.child("studySpec") or empty
    job = root.child("trialJobSpec") or empty
    pool = next(iter(job.children("workerPoolSpecs")), empty)
    container = pool.child("containerSpec") or empty
    package = pool.child("pythonPackageSpec") or empty
    algorithm = study.text("algorithm")
    metrics = _metrics(study, reading) if study is not empty else ()
    return JobFile(
        kind=FileKind.VERTEX,
        name=root.text("displayName"),
        parameters=_parameters(study, reading),
        metrics=metrics,
        algorithm="DEFAULT" if algorithm == "ALGORITHM_UNSPECIFIED" else algorithm,
        max_trials=root.whole("maxTrialCount") or None,
        max_parallel_trials=root.whole("parallelTrialCount") or None,
        max_failed_trials=root.whole("maxFailedTrialCount") or None,
        early_stopping=_early_stopping(study, reading),
        measurement_selection=_SELECTIONS.get(study.text("measurementSelectionType") or ""),
        observation_noise=_noise(study),
        study_stopping=_study_stopping(study.child("studyStoppingConfig"), metrics, reading),
        job_dir=(job.child("baseOutputDirectory") or empty).text("outputUriPrefix") or None,
        args=container.texts("args") or package.texts("args"),
        container_command=container.texts("command"),
        python_module=package.text("pythonModule"),
        max_running_time_s=(job.child("scheduling") or empty).seconds("timeout"),
        raw={"studySpec": json_object(study)} if root is empty else json_object(root),
        prior_studies=_prior_studies(study, reading),
    )


def _prior_studies(study: Record, reading: Reading) -> tuple[str, ...]:
    config = study.child("transferLearningConfig")
    if config is None:
        return ()
    names = config.texts("priorStudyNames")
    if config.flag("disableTransferLearning") and names:
        place = config.place_of("disableTransferLearning")
        reading.note(place, "disableTransferLearning is true: priorStudyNames mean nothing")
        return ()
    return names


def _metrics(study: Record, reading: Reading) -> tuple[Metric, ...]:
    found: dict[str, Metric] = {}
    for fields in study.children("metrics"):
        metric = _metric(fields, reading)
        if metric is not None and metric.name in found:
            place = fields.place_of("metricId")
            reading.problem(place, f"metric {metric.name!r} is defined twice", "remove one")
        elif metric is not None:
            found[metric.name] = metric
    if not study.children("metrics") and "metrics" not in study.unreadable:
        message = f"metrics is not set: the metric is {DEFAULT_METRIC!r}, to be maximized"
        reading.note(study.place_of("metrics"), message)
        return (Metric(DEFAULT_METRIC),)
    if found and not any(metric.is_objective for metric in found.values()):
        message = "every metric has a safetyConfig; one without it is needed to optimize"
        reading.problem(study.place_of("metrics"), message)
    return tuple(found.values())


def _metric(fields: Record, reading: Reading) -> Metric | None:
    name = fields.text("metricId")
    if not (name or "").strip():
        if "metricId" not in fields.unreadable:
            reading.problem(fields.place_of("metricId"), "a metric has no metricId")
        return None
    goal = fields.text("goal")
    if goal is None and "goal" not in fields.unreadable:
        reading.note(fields.place_of("goal"), f"metric {name!r} has no goal: it means MAXIMIZE")
    safety = fields.child("safetyConfig")
    try:
        return Metric(
            name or "",
            Goal.MINIMIZE if goal == Goal.MINIMIZE.value else Goal.MAXIMIZE,
            None if safety is None else float(safety.number("safetyThreshold") or 0),
            None if safety is None else safety.number("desiredMinSafeTrialsFraction"),
        )
    except InvalidInputError as error:
        reading.problem(fields.place, f"metric {name!r}: {error.message}", error.hint)
        return None


def _parameters(study: Record, reading: Reading) -> dict[str, ParsedParameter]:
    parameters: dict[str, ParsedParameter] = {}
    for fields in study.children("parameters"):
        found = _parameter(fields, reading)
        if found is None:
            continue
        name, parameter = found
        if name in parameters:
            place = fields.place_of("parameterId")
            reading.problem(place, f"parameter {name!r} is defined twice", "rename one")
        parameters[name] = ParsedParameter(name, parameter)
    return parameters


def _parameter(fields: Record, reading: Reading) -> tuple[str, Parameter] | None:
    name = (fields.text("parameterId") or "").strip()
    if not name and "parameterId" not in fields.unreadable:
        reading.problem(fields.place_of("parameterId"), "a parameter has no parameterId")
    specs = [spec for spec in _TYPES if spec in fields.places]
    if len(specs) != 1:
        got = " and ".join(specs) or "none"
        message = f"parameter {name!r} needs exactly one of {', '.join(_TYPES)}, got {got}"
        reading.problem(fields.place, message)
    # The children are read in any case, so that their problems are found too.
    branches = _branches(fields, _TYPES[specs[0]] if len(specs) == 1 else "", reading)
    spec = fields.child(specs[0]) if len(specs) == 1 else None
    if spec is None and len(specs) == 1 and specs[0] not in fields.unreadable:
        reading.problem(fields.place_of(specs[0]), f"parameter {name!r}: {specs[0]} is empty")
    if not name or spec is None:
        return None
    kind = _TYPES[specs[0]]
    scale = SCALES[fields.text("scaleType") or "NONE"]
    draft = Draft(name, kind, fields.place, spec, "values", "defaultValue", scale, True, branches)
    parameter = build_parameter(draft, reading)
    return None if parameter is None else (name, parameter)


def _branches(fields: Record, kind: str, reading: Reading) -> tuple[Branch, ...]:
    """Return the conditional children; those with the same parent values share a branch."""
    grouped: dict[tuple[ParameterValue, ...], dict[str, Parameter]] = {}
    for spec in fields.children("conditionalParameterSpecs"):
        values = _parent_values(spec, kind, reading)
        child = spec.child("parameterSpec")
        if child is None and "parameterSpec" not in spec.unreadable:
            place = spec.place_of("parameterSpec")
            reading.problem(place, "a conditional parameter has no parameterSpec")
        found = None if child is None else _parameter(child, reading)
        if found is None or not values:
            continue
        siblings = grouped.setdefault(values, {})
        if found[0] in siblings:
            reading.problem(spec.place, f"parameter {found[0]!r} is defined twice", "rename one")
        siblings[found[0]] = found[1]
    return tuple(Branch(values, children) for values, children in grouped.items())


def _parent_values(spec: Record, kind: str, reading: Reading) -> tuple[ParameterValue, ...]:
    present = [name for name in _PARENT_FIELDS if name in spec.places]
    if len(present) != 1 or (kind and _PARENT_FIELDS[present[0]] != kind):
        right = next((name for name, of in _PARENT_FIELDS.items() if of == kind), "")
        message = f"a child of a {kind or 'parameter'} needs exactly one of its parent's values"
        hint = f"write {right}" if right else f"a {kind} has no children" if kind else ""
        got = ", ".join(present) or "none"
        reading.problem(spec.place, f"{message}, got {got}", hint)
        return ()
    parent = spec.child(present[0])
    found = parent.items("values") if parent else ()
    if not found and present[0] not in spec.unreadable:
        reading.problem(spec.place_of(present[0]), f"{present[0]} has no values")
    checked = (_parent_value(value, place, kind, reading) for value, place in found)
    return tuple(value for value in checked if value is not None)


def _parent_value(
    value: Value, place: Place, kind: str, reading: Reading
) -> ParameterValue | None:
    if kind == "INTEGER" and isinstance(value, float):
        if value != int(value):
            reading.problem(place, f"values of an INTEGER parent must be whole, got {value}")
            return None
        return int(value)
    return value if isinstance(value, str | int | float) else None


def _early_stopping(study: Record, reading: Reading) -> EarlyStopping | None:
    present = [name for name in RULES if study.child(name) is not None]
    if len(present) > 1:
        message = f"only one rule can stop trials, got {' and '.join(present)}"
        reading.problem(study.place_of(present[1]), message, "keep one of them")
    if not present:
        return None
    fields = study.child(present[0])
    if fields is None:
        return None
    numbers = {theirs: fields.number(theirs) for theirs in CONVEX_OPTIONS}
    count = numbers["minMeasurementCount"]
    if count is not None and 0 < count < MIN_MEASUREMENTS:
        reading.note(
            fields.place_of("minMeasurementCount"),
            f"minMeasurementCount is raised from {count:g} to {MIN_MEASUREMENTS}: "
            "fewer measurements have no curve",
        )
    elapsed = fields.flag("useElapsedDuration")
    return stopping_rule(present[0], use_elapsed_time=elapsed, numbers=numbers)


def _noise(study: Record) -> ObservationNoise | None:
    text = study.text("observationNoise")
    known: Iterable[ObservationNoise] = (ObservationNoise.LOW, ObservationNoise.HIGH)
    return next((noise for noise in known if noise.value == text), None)


def _study_stopping(
    fields: Record | None, metrics: Sequence[Metric], reading: Reading
) -> StudyStopping | None:
    if fields is None:
        return None
    no_progress = fields.whole("maxNumTrialsNoProgress")
    no_progress_s = fields.seconds("maxDurationNoProgress")
    if sum(metric.is_objective for metric in metrics) > 1 and (no_progress or no_progress_s):
        # So it is documented; `--stop-when` counts what joins the front.
        message = "lack of progress means nothing with several metrics; give --stop-when"
        reading.note(fields.place, message)
        no_progress, no_progress_s = None, None
    empty = Record(fields.place, "", {}, {})
    least = fields.child("minimumRuntimeConstraint") or empty
    most = fields.child("maximumRuntimeConstraint") or empty
    return StudyStopping(
        stop_as_soon_as_possible=fields.flag("shouldStopAsap"),
        min_n_trials=fields.whole("minNumTrials"),
        max_n_trials=fields.whole("maxNumTrials"),
        max_n_trials_without_progress=no_progress,
        min_duration_s=least.seconds("maxDuration"),
        min_end_at=least.seconds("endTime"),
        max_duration_s=most.seconds("maxDuration"),
        max_end_at=most.seconds("endTime"),
        max_duration_without_progress_s=no_progress_s,
    )
