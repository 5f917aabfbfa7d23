"""States in the words of foreign APIs: the one table of all doors."""

from collections.abc import Mapping
from dataclasses import dataclass

from wazir.domain.studies import StudyState
from wazir.domain.trials import Trial, TrialState


@dataclass(frozen=True)
class ForeignState:
    """A state in other APIs.

    `number` is that of the enums of Vertex AI Vizier v1 and of OSS Vizier, which are the same, as
    are the names; `ml_v1` is the word of Cloud ML Engine's jobs.
    """

    number: int
    ml_v1: str


TRIAL_STATES: Mapping[TrialState, ForeignState] = {
    TrialState.REQUESTED: ForeignState(1, "QUEUED"),
    TrialState.ACTIVE: ForeignState(2, "RUNNING"),
    TrialState.STOPPING: ForeignState(3, "RUNNING"),
    TrialState.SUCCEEDED: ForeignState(4, "SUCCEEDED"),
    TrialState.INFEASIBLE: ForeignState(5, "FAILED"),
}
STUDY_STATES: Mapping[StudyState, ForeignState] = {
    StudyState.ACTIVE: ForeignState(1, "RUNNING"),
    StudyState.INACTIVE: ForeignState(2, "QUEUED"),
    StudyState.COMPLETED: ForeignState(3, "SUCCEEDED"),
}
TRIAL_STATE_OF: Mapping[int, TrialState] = {
    foreign.number: state for state, foreign in TRIAL_STATES.items()
}
STUDY_STATE_OF: Mapping[int, StudyState] = {
    foreign.number: state for state, foreign in STUDY_STATES.items()
}


def was_stopped_early(trial: Trial) -> bool:
    """Return whether a trial is what Cloud ML Engine calls `isTrialStoppedEarly`."""
    return trial.state is TrialState.SUCCEEDED and bool(trial.stopping_reason)
