"""The messages of `google.cloud.aiplatform.v1` that Vizier's requests are made of, as tables."""

from collections.abc import Mapping

from wazir.domain.metrics import Goal, MeasurementSelection
from wazir.domain.parameters import Scale
from wazir.domain.studies import ObservationNoise
from wazir.domain.trials import TrialState
from wazir.servers.http.vertex.reading import (
    Field,
    Table,
    anything,
    boolean,
    duration,
    enum,
    finite,
    message,
    number,
    scalar,
    text,
    timestamp,
    whole,
    whole32,
)
from wazir.service.foreign_states import TRIAL_STATES

ALGORITHMS = {0: "ALGORITHM_UNSPECIFIED", 2: "GRID_SEARCH", 3: "RANDOM_SEARCH"}
GOALS = {0: "GOAL_TYPE_UNSPECIFIED", 1: "MAXIMIZE", 2: "MINIMIZE"}
SCALES = {
    0: "SCALE_TYPE_UNSPECIFIED",
    1: "UNIT_LINEAR_SCALE",
    2: "UNIT_LOG_SCALE",
    3: "UNIT_REVERSE_LOG_SCALE",
}
NOISES = {0: "OBSERVATION_NOISE_UNSPECIFIED", 1: "LOW", 2: "HIGH"}
SELECTIONS = {
    0: "MEASUREMENT_SELECTION_TYPE_UNSPECIFIED",
    1: "LAST_MEASUREMENT",
    2: "BEST_MEASUREMENT",
}
STATES = {
    0: "STATE_UNSPECIFIED",
    **{foreign.number: state.value for state, foreign in TRIAL_STATES.items()},
}

GOAL_OF: Mapping[str, Goal] = {"MINIMIZE": Goal.MINIMIZE}
SCALE_OF: Mapping[str, Scale] = {
    "UNIT_LOG_SCALE": Scale.LOG,
    "UNIT_REVERSE_LOG_SCALE": Scale.REVERSE_LOG,
}
NOISE_OF: Mapping[str, ObservationNoise] = {
    "LOW": ObservationNoise.LOW,
    "HIGH": ObservationNoise.HIGH,
}
SELECTION_OF: Mapping[str, MeasurementSelection] = {"BEST_MEASUREMENT": MeasurementSelection.BEST}
STATE_OF: Mapping[str, TrialState] = {state.value: state for state in TrialState}

_DOUBLE: Table = {
    "minValue": Field(finite),
    "maxValue": Field(finite),
    "defaultValue": Field(finite),
}
_INTEGER: Table = {
    "minValue": Field(whole),
    "maxValue": Field(whole),
    "defaultValue": Field(whole),
}
_CATEGORICAL: Table = {"values": Field(text, many=True), "defaultValue": Field(text)}
_DISCRETE: Table = {"values": Field(finite, many=True), "defaultValue": Field(finite)}
_CONDITIONAL: Table = {
    "parameterSpec": message(lambda: PARAMETER),
    "parentDiscreteValues": message(lambda: {"values": Field(finite, many=True)}),
    "parentIntValues": message(lambda: {"values": Field(whole, many=True)}),
    "parentCategoricalValues": message(lambda: {"values": Field(text, many=True)}),
}
PARAMETER: Table = {
    "parameterId": Field(text),
    "doubleValueSpec": message(lambda: _DOUBLE),
    "integerValueSpec": message(lambda: _INTEGER),
    "categoricalValueSpec": message(lambda: _CATEGORICAL),
    "discreteValueSpec": message(lambda: _DISCRETE),
    "scaleType": enum(SCALES),
    "conditionalParameterSpecs": message(lambda: _CONDITIONAL, many=True),
}
_SAFETY: Table = {
    "safetyThreshold": Field(finite),
    "desiredMinSafeTrialsFraction": Field(finite),
}
_METRIC_SPEC: Table = {
    "metricId": Field(text),
    "goal": enum(GOALS),
    "safetyConfig": message(lambda: _SAFETY),
}
_ELAPSED: Table = {"useElapsedDuration": Field(boolean)}
_CONVEX: Table = {
    **_ELAPSED,
    "maxStepCount": Field(whole),
    "minStepCount": Field(whole),
    "minMeasurementCount": Field(whole),
    "learningRateParameterName": Field(text),
    "updateAllStoppedTrials": Field(boolean),
}
_TIME: Table = {"maxDuration": Field(duration), "endTime": Field(timestamp)}
_STOPPING: Table = {
    "shouldStopAsap": Field(boolean),
    "minimumRuntimeConstraint": message(lambda: _TIME),
    "maximumRuntimeConstraint": message(lambda: _TIME),
    "minNumTrials": Field(whole32),
    "maxNumTrials": Field(whole32),
    "maxNumTrialsNoProgress": Field(whole32),
    "maxDurationNoProgress": Field(duration),
}
_TRANSFER: Table = {
    "disableTransferLearning": Field(boolean),
    "priorStudyNames": Field(text, many=True),
}
STUDY_SPEC: Table = {
    "metrics": message(lambda: _METRIC_SPEC, many=True),
    "parameters": message(lambda: PARAMETER, many=True),
    "algorithm": enum(ALGORITHMS),
    "observationNoise": enum(NOISES),
    "measurementSelectionType": enum(SELECTIONS),
    "decayCurveStoppingSpec": message(lambda: _ELAPSED),
    "medianAutomatedStoppingSpec": message(lambda: _ELAPSED),
    "convexAutomatedStoppingSpec": message(lambda: _CONVEX),
    "studyStoppingConfig": message(lambda: _STOPPING),
    # Of v1beta1.
    "transferLearningConfig": message(lambda: _TRANSFER),
}
STUDY: Table = {
    "name": Field(text),
    "displayName": Field(text),
    "studySpec": message(lambda: STUDY_SPEC),
    # Set by the server; what clients send here is ignored.
    "state": enum({0: "STATE_UNSPECIFIED", 1: "ACTIVE", 2: "INACTIVE", 3: "COMPLETED"}),
    "createTime": Field(timestamp),
    "inactiveReason": Field(text),
}
_METRIC: Table = {"metricId": Field(text), "value": Field(number)}
MEASUREMENT: Table = {
    "elapsedDuration": Field(duration),
    "stepCount": Field(whole),
    "metrics": message(lambda: _METRIC, many=True),
}
_TRIAL_PARAMETER: Table = {"parameterId": Field(text), "value": Field(scalar)}
TRIAL: Table = {
    "name": Field(text),
    "id": Field(text),
    "state": enum(STATES),
    "parameters": message(lambda: _TRIAL_PARAMETER, many=True),
    "finalMeasurement": message(lambda: MEASUREMENT),
    "measurements": message(lambda: MEASUREMENT, many=True),
    "startTime": Field(timestamp),
    "endTime": Field(timestamp),
    "clientId": Field(text),
    "infeasibleReason": Field(text),
    # Of trials that ran on Vertex; a copy of one may carry them, and they mean nothing.
    "customJob": Field(text),
    "webAccessUris": Field(anything),
}
_CONTEXT: Table = {
    "description": Field(text),
    "parameters": message(lambda: _TRIAL_PARAMETER, many=True),
}
LOOKUP: Table = {"parent": Field(text), "displayName": Field(text)}
SUGGEST: Table = {
    "parent": Field(text),
    "suggestionCount": Field(whole32),
    "clientId": Field(text),
    "contexts": message(lambda: _CONTEXT, many=True),
}
ADD_MEASUREMENT: Table = {
    "trialName": Field(text),
    "measurement": message(lambda: MEASUREMENT),
}
COMPLETE: Table = {
    "name": Field(text),
    "finalMeasurement": message(lambda: MEASUREMENT),
    "trialInfeasible": Field(boolean),
    "infeasibleReason": Field(text),
}
NAME_ALONE: Table = {
    "name": Field(text),
    "parent": Field(text),
    "trialName": Field(text),
}
