"""The fields of a Vertex AI HyperparameterTuningJob, as tables."""

from wazir.jobs.config.fields import (
    BOOLEAN,
    CATEGORIES,
    DURATION,
    FREE,
    MOMENT,
    NUMBER,
    NUMBERS,
    RAW_SCALAR,
    TEXT,
    TEXTS,
    WHOLE,
    WHOLE_TEXT,
    Table,
    choice,
    record,
    records,
    unused,
)
from wazir.jobs.config.parameters import SCALES

ROOT = "the document"
STUDY = "studySpec"

_DEFAULT = {"defaultValue": RAW_SCALAR}
_RANGE: Table = {"minValue": NUMBER, "maxValue": NUMBER, **_DEFAULT}
_STOPPING: Table = {"useElapsedDuration": BOOLEAN}
_RUNTIME: Table = {"maxDuration": DURATION, "endTime": MOMENT}

# Each table carries the name of the field that it stands under, as messages show it.
TABLES: dict[str, Table] = {
    ROOT: {
        "displayName": TEXT,
        "studySpec": record(STUDY),
        "maxTrialCount": WHOLE,
        "parallelTrialCount": WHOLE,
        "maxFailedTrialCount": WHOLE,
        "trialJobSpec": record("trialJobSpec"),
        **dict.fromkeys(("name", "state", "createTime", "startTime", "endTime"), unused(TEXT)),
        "updateTime": unused(TEXT),
        **dict.fromkeys(("labels", "trials", "error", "encryptionSpec"), unused(FREE)),
        **dict.fromkeys(("satisfiesPzs", "satisfiesPzi"), unused(BOOLEAN)),
    },
    STUDY: {
        "metrics": records("metrics"),
        "parameters": records("parameters"),
        "algorithm": choice("ALGORITHM_UNSPECIFIED", "GRID_SEARCH", "RANDOM_SEARCH"),
        "observationNoise": choice("OBSERVATION_NOISE_UNSPECIFIED", "LOW", "HIGH"),
        "measurementSelectionType": choice(
            "MEASUREMENT_SELECTION_TYPE_UNSPECIFIED", "LAST_MEASUREMENT", "BEST_MEASUREMENT"
        ),
        "decayCurveStoppingSpec": record("decayCurveStoppingSpec"),
        "medianAutomatedStoppingSpec": record("medianAutomatedStoppingSpec"),
        "convexAutomatedStoppingSpec": record("convexAutomatedStoppingSpec"),
        "studyStoppingConfig": record("studyStoppingConfig"),
        "convexStopConfig": unused(FREE),
        "transferLearningConfig": record("transferLearningConfig"),
    },
    "transferLearningConfig": {"disableTransferLearning": BOOLEAN, "priorStudyNames": TEXTS},
    "metrics": {
        "metricId": TEXT,
        "goal": choice("MAXIMIZE", "MINIMIZE", "GOAL_TYPE_UNSPECIFIED"),
        "safetyConfig": record("safetyConfig"),
    },
    "safetyConfig": {"safetyThreshold": NUMBER, "desiredMinSafeTrialsFraction": NUMBER},
    "parameters": {
        "parameterId": TEXT,
        "doubleValueSpec": record("doubleValueSpec"),
        "integerValueSpec": record("integerValueSpec"),
        "categoricalValueSpec": record("categoricalValueSpec"),
        "discreteValueSpec": record("discreteValueSpec"),
        "scaleType": choice(*(word for word in SCALES if word != "NONE")),
        "conditionalParameterSpecs": records("conditionalParameterSpecs"),
    },
    "doubleValueSpec": _RANGE,
    "integerValueSpec": _RANGE,
    "categoricalValueSpec": {"values": CATEGORIES, **_DEFAULT},
    "discreteValueSpec": {"values": NUMBERS, **_DEFAULT},
    "conditionalParameterSpecs": {
        "parameterSpec": record("parameters"),
        "parentDiscreteValues": record("parentDiscreteValues"),
        "parentIntValues": record("parentIntValues"),
        "parentCategoricalValues": record("parentCategoricalValues"),
    },
    "parentDiscreteValues": {"values": NUMBERS},
    "parentIntValues": {"values": NUMBERS},
    "parentCategoricalValues": {"values": CATEGORIES},
    "decayCurveStoppingSpec": _STOPPING,
    "medianAutomatedStoppingSpec": _STOPPING,
    "convexAutomatedStoppingSpec": {
        **_STOPPING,
        **dict.fromkeys(("maxStepCount", "minStepCount", "minMeasurementCount"), WHOLE),
        "learningRateParameterName": unused(TEXT),
        "updateAllStoppedTrials": unused(BOOLEAN),
    },
    "studyStoppingConfig": {
        "shouldStopAsap": BOOLEAN,
        "minimumRuntimeConstraint": record("minimumRuntimeConstraint"),
        "maximumRuntimeConstraint": record("maximumRuntimeConstraint"),
        **dict.fromkeys(("minNumTrials", "maxNumTrials", "maxNumTrialsNoProgress"), WHOLE),
        "maxDurationNoProgress": DURATION,
    },
    "minimumRuntimeConstraint": _RUNTIME,
    "maximumRuntimeConstraint": _RUNTIME,
    "trialJobSpec": {
        "workerPoolSpecs": records("workerPoolSpecs"),
        "baseOutputDirectory": record("baseOutputDirectory"),
        "scheduling": record("scheduling"),
        **dict.fromkeys(
            (
                "serviceAccount", "network", "tensorboard", "experiment", "experimentRun",
                "persistentResourceId", "protectedArtifactLocationId",
            ),
            unused(TEXT),
        ),
        **dict.fromkeys(("enableWebAccess", "enableDashboardAccess"), unused(BOOLEAN)),
        **dict.fromkeys(("reservedIpRanges", "models", "pscInterfaceConfig"), unused(FREE)),
    },
    "workerPoolSpecs": {
        "containerSpec": record("containerSpec"),
        "pythonPackageSpec": record("pythonPackageSpec"),
        "replicaCount": unused(WHOLE_TEXT),
        **dict.fromkeys(("machineSpec", "diskSpec", "nfsMounts", "lustreMounts"), unused(FREE)),
    },
    "containerSpec": {
        "args": TEXTS,
        "command": TEXTS,
        "imageUri": unused(TEXT),
        "env": unused(FREE),
    },
    "pythonPackageSpec": {
        "args": TEXTS,
        "pythonModule": TEXT,
        "executorImageUri": unused(TEXT),
        "packageUris": unused(TEXTS),
        "env": unused(FREE),
    },
    "baseOutputDirectory": {"outputUriPrefix": TEXT},
    "scheduling": {
        "timeout": DURATION,
        "strategy": unused(TEXT),
        "maxWaitDuration": unused(DURATION),
        **dict.fromkeys(("restartJobOnWorkerRestart", "disableRetries"), unused(BOOLEAN)),
    },
}  # fmt: skip
