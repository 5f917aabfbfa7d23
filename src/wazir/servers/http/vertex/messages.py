"""The messages of `google.cloud.aiplatform.v1` that Vizier's requests are made of, as tables."""

from collections.abc import Mapping

from wazir.domain.metrics import Goal, MeasurementSelection
from wazir.domain.parameters import Scale
from wazir.domain.studies import ObservationNoise
from wazir.domain.trials import TrialState
from wazir.servers.http.vertex.reading import (
    Field,
    Table,
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
    "parameterSpec": Field(message(lambda: PARAMETER)),
    "parentDiscreteValues": Field(message(lambda: {"values": Field(finite, many=True)})),
    "parentIntValues": Field(message(lambda: {"values": Field(whole, many=True)})),
    "parentCategoricalValues": Field(message(lambda: {"values": Field(text, many=True)})),
}
PARAMETER: Table = {
    "parameterId": Field(text),
    "doubleValueSpec": Field(message(lambda: _DOUBLE)),
    "integerValueSpec": Field(message(lambda: _INTEGER)),
    "categoricalValueSpec": Field(message(lambda: _CATEGORICAL)),
    "discreteValueSpec": Field(message(lambda: _DISCRETE)),
    "scaleType": Field(enum(SCALES)),
    "conditionalParameterSpecs": Field(message(lambda: _CONDITIONAL), many=True),
}
_SAFETY: Table = {
    "safetyThreshold": Field(finite),
    "desiredMinSafeTrialsFraction": Field(finite),
}
_METRIC_SPEC: Table = {
    "metricId": Field(text),
    "goal": Field(enum(GOALS)),
    "safetyConfig": Field(message(lambda: _SAFETY)),
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
    "minimumRuntimeConstraint": Field(message(lambda: _TIME)),
    "maximumRuntimeConstraint": Field(message(lambda: _TIME)),
    "minNumTrials": Field(whole),
    "maxNumTrials": Field(whole),
    "maxNumTrialsNoProgress": Field(whole),
    "maxDurationNoProgress": Field(duration),
}
_TRANSFER: Table = {
    "disableTransferLearning": Field(boolean),
    "priorStudyNames": Field(text, many=True),
}
STUDY_SPEC: Table = {
    "metrics": Field(message(lambda: _METRIC_SPEC), many=True),
    "parameters": Field(message(lambda: PARAMETER), many=True),
    "algorithm": Field(enum(ALGORITHMS)),
    "observationNoise": Field(enum(NOISES)),
    "measurementSelectionType": Field(enum(SELECTIONS)),
    "decayCurveStoppingSpec": Field(message(lambda: _ELAPSED)),
    "medianAutomatedStoppingSpec": Field(message(lambda: _ELAPSED)),
    "convexAutomatedStoppingSpec": Field(message(lambda: _CONVEX)),
    "studyStoppingConfig": Field(message(lambda: _STOPPING)),
    # Of v1beta1.
    "transferLearningConfig": Field(message(lambda: _TRANSFER)),
}
STUDY: Table = {
    "name": Field(text),
    "displayName": Field(text),
    "studySpec": Field(message(lambda: STUDY_SPEC)),
    # Set by the server; what clients send here is ignored.
    "state": Field(enum({0: "STATE_UNSPECIFIED", 1: "ACTIVE", 2: "INACTIVE", 3: "COMPLETED"})),
    "createTime": Field(timestamp),
    "inactiveReason": Field(text),
}
_METRIC: Table = {"metricId": Field(text), "value": Field(number)}
MEASUREMENT: Table = {
    "elapsedDuration": Field(duration),
    "stepCount": Field(whole),
    "metrics": Field(message(lambda: _METRIC), many=True),
}
_TRIAL_PARAMETER: Table = {"parameterId": Field(text), "value": Field(scalar)}
TRIAL: Table = {
    "name": Field(text),
    "id": Field(text),
    "state": Field(enum(STATES)),
    "parameters": Field(message(lambda: _TRIAL_PARAMETER), many=True),
    "finalMeasurement": Field(message(lambda: MEASUREMENT)),
    "measurements": Field(message(lambda: MEASUREMENT), many=True),
    "startTime": Field(timestamp),
    "endTime": Field(timestamp),
    "clientId": Field(text),
    "infeasibleReason": Field(text),
}
_CONTEXT: Table = {
    "description": Field(text),
    "parameters": Field(message(lambda: _TRIAL_PARAMETER), many=True),
}
LOOKUP: Table = {"parent": Field(text), "displayName": Field(text)}
SUGGEST: Table = {
    "parent": Field(text),
    "suggestionCount": Field(whole),
    "clientId": Field(text),
    "contexts": Field(message(lambda: _CONTEXT), many=True),
}
ADD_MEASUREMENT: Table = {
    "trialName": Field(text),
    "measurement": Field(message(lambda: MEASUREMENT)),
}
COMPLETE: Table = {
    "name": Field(text),
    "finalMeasurement": Field(message(lambda: MEASUREMENT)),
    "trialInfeasible": Field(boolean),
    "infeasibleReason": Field(text),
}
NAME_ALONE: Table = {
    "name": Field(text),
    "parent": Field(text),
    "trialName": Field(text),
}
