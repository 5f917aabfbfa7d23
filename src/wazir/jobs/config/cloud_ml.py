"""Cloud ML Engine's `hyperparam.yaml`: the tables of its fields, and what they mean here."""

from dataclasses import dataclass

from wazir.domain.metrics import Goal, Metric
from wazir.domain.studies import EarlyStopping
from wazir.jobs.config.fields import (
    BOOLEAN,
    CATEGORIES,
    DURATION,
    FREE,
    NUMBER,
    NUMBERS,
    RAW_SCALAR,
    TEXT,
    TEXTS,
    WHOLE,
    WHOLE_TEXT,
    Reading,
    Record,
    Table,
    choice,
    json_object,
    record,
    records,
    unused,
)
from wazir.jobs.config.job_file import DEFAULT_METRIC, FileKind, JobFile
from wazir.jobs.config.nodes import Mapping
from wazir.jobs.config.parameters import SCALES, Draft, build_parameter
from wazir.jobs.passing import Passing
from wazir.jobs.space_text import FLAG_TEXTS, ParsedParameter

ROOT = "the document"
_SCALE_TIERS = (
    "BASIC", "STANDARD_1", "PREMIUM_1", "BASIC_GPU", "BASIC_TPU", "CUSTOM",
)  # fmt: skip
_TYPES = ("DOUBLE", "INTEGER", "CATEGORICAL", "DISCRETE")

# Each table carries the name of the field that it stands under, as messages show it.
TABLES: dict[str, Table] = {
    ROOT: {
        "trainingInput": record("trainingInput"),
        "jobId": TEXT,
        **dict.fromkeys(("labels", "predictionInput"), unused(FREE)),
        **dict.fromkeys(
            ("createTime", "startTime", "endTime", "state", "errorMessage", "etag"), unused(TEXT)
        ),
        "jobPosition": unused(WHOLE_TEXT),
        **dict.fromkeys(("trainingOutput", "predictionOutput"), unused(FREE)),
    },
    "trainingInput": {
        "hyperparameters": record("hyperparameters"),
        "args": TEXTS,
        "pythonModule": TEXT,
        "jobDir": TEXT,
        "scheduling": record("scheduling"),
        "scaleTier": unused(choice(*_SCALE_TIERS)),
        **dict.fromkeys(
            (
                "masterType", "workerType", "parameterServerType", "evaluatorType", "region",
                "runtimeVersion", "pythonVersion", "network", "serviceAccount",
            ),
            unused(TEXT),
        ),
        **dict.fromkeys(
            ("workerCount", "parameterServerCount", "evaluatorCount"), unused(WHOLE_TEXT)
        ),
        "masterConfig": record("masterConfig"),
        **dict.fromkeys(
            ("workerConfig", "parameterServerConfig", "evaluatorConfig", "encryptionConfig"),
            unused(FREE),
        ),
        "packageUris": unused(TEXTS),
        **dict.fromkeys(("useChiefInTfConfig", "enableWebAccess"), unused(BOOLEAN)),
    },
    "hyperparameters": {
        "goal": choice("MAXIMIZE", "MINIMIZE", "GOAL_TYPE_UNSPECIFIED"),
        "params": records("params"),
        "maxTrials": WHOLE,
        "maxParallelTrials": WHOLE,
        "maxFailedTrials": WHOLE,
        "hyperparameterMetricTag": TEXT,
        "resumePreviousJobId": TEXT,
        "enableTrialEarlyStopping": BOOLEAN,
        "algorithm": choice("ALGORITHM_UNSPECIFIED", "GRID_SEARCH", "RANDOM_SEARCH"),
    },
    "params": {
        "parameterName": TEXT,
        "type": choice(*_TYPES),
        "minValue": NUMBER,
        "maxValue": NUMBER,
        "categoricalValues": CATEGORIES,
        "discreteValues": NUMBERS,
        "scaleType": choice(*(word for word in SCALES if word != "SCALE_TYPE_UNSPECIFIED")),
        # Ours: the service has no such fields.
        "default": RAW_SCALAR,
        "defaultValue": RAW_SCALAR,
        "splitCategorical": BOOLEAN,
        "flag": BOOLEAN,
    },
    "masterConfig": {
        "containerArgs": TEXTS,
        "containerCommand": TEXTS,
        **dict.fromkeys(("acceleratorConfig", "diskConfig"), unused(FREE)),
        **dict.fromkeys(("imageUri", "tpuTfVersion"), unused(TEXT)),
    },
    "scheduling": {
        "maxRunningTime": DURATION,
        "maxWaitTime": unused(DURATION),
        "priority": unused(WHOLE),
    },
}  # fmt: skip

_VALUE_FIELDS = {"CATEGORICAL": "categoricalValues", "DISCRETE": "discreteValues"}


@dataclass(frozen=True)
class _Tuning:
    """What the part `hyperparameters` says."""

    parameters: dict[str, ParsedParameter]
    metrics: tuple[Metric, ...]
    algorithm: str | None


def read_cloud_ml(document: Mapping, reading: Reading) -> JobFile:
    """Return what a Cloud ML Engine configuration says; problems are added to `reading`."""
    root = reading.read(document, ROOT)
    empty = Record(root.place, "", {}, {})
    training = root.child("trainingInput") or empty
    hyperparameters = training.child("hyperparameters")
    tuned = hyperparameters or empty
    master = training.child("masterConfig") or empty
    scheduling = training.child("scheduling") or empty
    tuning = _tuning(tuned, reading) if hyperparameters else _Tuning({}, (), None)
    if not hyperparameters and not root.unreadable:
        reading.notes.append("the file has no hyperparameters: it says nothing of what to tune")
    return JobFile(
        kind=FileKind.CLOUD_ML_ENGINE,
        name=root.text("jobId"),
        parameters=tuning.parameters,
        metrics=tuning.metrics,
        algorithm=tuning.algorithm,
        max_trials=tuned.whole("maxTrials") or None,
        max_parallel_trials=tuned.whole("maxParallelTrials") or None,
        max_failed_trials=tuned.whole("maxFailedTrials") or None,
        early_stopping=EarlyStopping() if tuned.flag("enableTrialEarlyStopping") else None,
        resume_previous_job_id=tuned.text("resumePreviousJobId") or None,
        job_dir=training.text("jobDir") or None,
        args=training.texts("args") or master.texts("containerArgs"),
        container_command=master.texts("containerCommand"),
        python_module=training.text("pythonModule"),
        max_running_time_s=scheduling.seconds("maxRunningTime"),
        raw=json_object(root),
    )


def _tuning(tuned: Record, reading: Reading) -> _Tuning:
    parameters: dict[str, ParsedParameter] = {}
    for fields in tuned.children("params"):
        parsed = _parameter(fields, reading)
        if parsed is None:
            continue
        if parsed.name in parameters:
            place = fields.place_of("parameterName")
            reading.problem(place, f"parameter {parsed.name!r} is defined twice", "rename one")
        parameters[parsed.name] = parsed
    if "params" not in tuned.unreadable and not tuned.children("params"):
        reading.note(tuned.place_of("params"), "params is empty: the file names no parameter")
    algorithm = tuned.text("algorithm")
    return _Tuning(
        parameters,
        (_metric(tuned, reading),),
        "DEFAULT" if algorithm == "ALGORITHM_UNSPECIFIED" else algorithm,
    )


def _metric(tuned: Record, reading: Reading) -> Metric:
    tag = tuned.text("hyperparameterMetricTag") or ""
    if not tag.strip() and "hyperparameterMetricTag" not in tuned.unreadable:
        message = f"hyperparameterMetricTag is not set: the metric is {DEFAULT_METRIC!r}"
        reading.note(tuned.place_of("hyperparameterMetricTag"), message)
    goal = tuned.text("goal")
    if goal is None and "goal" not in tuned.unreadable:
        reading.note(tuned.place_of("goal"), "goal is not set: it means MAXIMIZE")
    minimize = goal == Goal.MINIMIZE.value
    return Metric(
        tag if tag.strip() else DEFAULT_METRIC, Goal.MINIMIZE if minimize else Goal.MAXIMIZE
    )


def _parameter(fields: Record, reading: Reading) -> ParsedParameter | None:
    name = fields.text("parameterName") or ""
    kind = fields.text("type")
    if not name.strip():
        _say_missing(fields, "parameterName", "a parameter", reading)
    if kind is None:
        _say_missing(fields, "type", f"parameter {name!r}" if name else "a parameter", reading)
    if "default" in fields.values and "defaultValue" in fields.values:
        place = fields.place_of("defaultValue")
        reading.problem(place, f"parameter {name!r} has a default and a defaultValue")
    if kind is not None:
        _check_leftovers(name, kind, fields, reading)
    likely = kind or _likely_type(fields)
    if not likely:
        return None
    draft = Draft(
        name,
        likely,
        fields.place,
        fields,
        _VALUE_FIELDS.get(likely, ""),
        "default" if "default" in fields.values else "defaultValue",
        SCALES[fields.text("scaleType") or "NONE"],
    )
    parameter = build_parameter(draft, reading)
    passing = _passing(name, likely, fields, reading)
    if parameter is None or kind is None or not name.strip():
        return None
    return ParsedParameter(name, parameter, passing)


def _likely_type(fields: Record) -> str:
    """Return the type that a parameter without one has by its fields, to find more problems."""
    for kind, values in _VALUE_FIELDS.items():
        if values in fields.places:
            return kind
    return "DOUBLE" if "minValue" in fields.places or "maxValue" in fields.places else ""


def _say_missing(fields: Record, name: str, whose: str, reading: Reading) -> None:
    if name in fields.unreadable:
        return
    how = f"has an empty {name}" if name in fields.places else f"has no {name}"
    hint = f"one of {', '.join(_TYPES)}" if name == "type" else ""
    reading.problem(fields.place_of(name), f"{whose} {how}", hint)


def _check_leftovers(name: str, kind: str, fields: Record, reading: Reading) -> None:
    """Find fields that belong to parameters of another type."""
    is_range = kind in ("DOUBLE", "INTEGER")
    for other in ("minValue", "maxValue"):
        if other in fields.values and kind == "CATEGORICAL":
            message = f"the CATEGORICAL {name!r} must not have {other}"
            reading.problem(fields.place_of(other), message, "remove it, or change the type")
        elif other in fields.values and not is_range:
            reading.note(fields.place_of(other), f"{other} of the DISCRETE {name!r} means nothing")
    for values in _VALUE_FIELDS.values():
        if values in fields.values and _VALUE_FIELDS.get(kind) != values:
            message = f"the {kind} {name!r} must not have {values}"
            reading.problem(fields.place_of(values), message, "remove it, or change the type")
    if kind == "CATEGORICAL" and fields.text("scaleType") not in (None, "NONE"):
        message = f"scaleType of the CATEGORICAL {name!r} means nothing"
        reading.note(fields.place_of("scaleType"), message)


def _passing(name: str, kind: str, fields: Record, reading: Reading) -> Passing:
    texts = fields.texts("categoricalValues")
    wanted = [word for word in ("splitCategorical", "flag") if fields.flag(word)]
    if not wanted:
        return Passing.ONE
    place = fields.place_of(wanted[-1])
    if len(wanted) > 1:
        reading.problem(place, f"parameter {name!r} has splitCategorical and flag", "keep one")
    elif kind != "CATEGORICAL":
        reading.problem(place, f"{wanted[0]} needs a CATEGORICAL, which {name!r} is not")
    elif wanted == ["flag"] and not all(text.lower() in FLAG_TEXTS for text in texts):
        shown = ", ".join(texts)
        message = f"the values of the flag {name!r} are true and false, got {shown}"
        reading.problem(place, message, 'write categoricalValues: ["true", "false"]')
    return Passing.FLAG if "flag" in wanted else Passing.SPLIT
