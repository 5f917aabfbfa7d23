"""A trial, its states, and the table of the state changes that are allowed."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wazir.domain.errors import InvalidTransitionError
from wazir.domain.metrics import Measurement, Metric
from wazir.domain.parameters import ParameterValue

# namespace -> key -> text, as in OSS Vizier; our own namespaces begin with "wazir".
Metadata: TypeAlias = Mapping[str, Mapping[str, str]]


class TrialState(enum.Enum):
    """Where a trial is in its life."""

    REQUESTED = "REQUESTED"
    ACTIVE = "ACTIVE"
    STOPPING = "STOPPING"
    SUCCEEDED = "SUCCEEDED"
    INFEASIBLE = "INFEASIBLE"

    def __str__(self) -> str:
        return self.value

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the trial."""
        return self in (TrialState.SUCCEEDED, TrialState.INFEASIBLE)


# REQUESTED -> SUCCEEDED and INFEASIBLE: results that are known without a run.
# ACTIVE -> REQUESTED: the worker died, the next one tries again.
TRANSITIONS: Mapping[TrialState, frozenset[TrialState]] = {
    TrialState.REQUESTED: frozenset(
        {TrialState.ACTIVE, TrialState.SUCCEEDED, TrialState.INFEASIBLE}
    ),
    TrialState.ACTIVE: frozenset(
        {
            TrialState.REQUESTED,
            TrialState.STOPPING,
            TrialState.SUCCEEDED,
            TrialState.INFEASIBLE,
        }
    ),
    TrialState.STOPPING: frozenset(
        {TrialState.REQUESTED, TrialState.SUCCEEDED, TrialState.INFEASIBLE}
    ),
    TrialState.SUCCEEDED: frozenset(),
    TrialState.INFEASIBLE: frozenset(),
}


def check_transition(trial_id: int, start: TrialState, finish: TrialState) -> None:
    """Raise InvalidTransitionError unless a trial may go from `start` to `finish`."""
    if finish not in TRANSITIONS[start]:
        raise InvalidTransitionError(
            f"trial {trial_id} is {start}; it cannot become {finish}",
            hint="a trial that has ended stays as it is" if start.is_final else "",
        )


@dataclass(frozen=True)
class Trial:
    """One point of the search space and what became of it.

    Times are Unix seconds. `attempt` is the number of the last run that was begun, 0 before the
    first; `n_lost_attempts` counts runs whose worker died while the program ran.
    `lease_expires_at` is None where the owner does not renew a lease. `created_revision` and
    `completed_revision` are the study's revisions at which the trial appeared and ended, so that
    what was known at a revision can be told later.
    """

    id: int
    parameters: Mapping[str, ParameterValue]
    state: TrialState = TrialState.REQUESTED
    client_id: str = ""
    attempt: int = 0
    n_lost_attempts: int = 0
    lease_expires_at: float | None = None
    final_measurement: Measurement | None = None
    infeasible_reason: str = ""
    stopping_reason: str = ""
    metadata: Metadata = field(default_factory=dict)
    created_at: float = 0.0
    started_at: float | None = None
    completed_at: float | None = None
    created_revision: int = 0
    completed_revision: int | None = None


def best_trial(trials: Iterable[Trial], objective: Metric) -> Trial | None:
    """Return the SUCCEEDED trial with the best final value, the first of equals; None without."""
    best: tuple[float, Trial] | None = None
    for trial in trials:
        final = trial.final_measurement
        if trial.state is not TrialState.SUCCEEDED or final is None:
            continue
        value = final.value(objective.name)
        if value is not None and (best is None or objective.goal.better(value, best[0])):
            best = (value, trial)
    return None if best is None else best[1]
