"""A trial, its states, and the table of the state changes that are allowed."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wazir.domain.errors import InvalidTransitionError
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Measurement, Metric
from wazir.domain.parameters import ParameterValue

# namespace -> key -> text, as in OSS Vizier; our own namespaces begin with "wazir".
Metadata: TypeAlias = Mapping[str, Mapping[str, str]]

_LOST = "its worker died"
OUTSIDE_REASON = "it lies outside of the search space since an edit"


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
# ACTIVE -> REQUESTED: the worker died, the next one tries again; or the trial is paused, because
# its attempt has used up a budget that was not the full one.
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
    what was known at a revision can be told later. `rungs` has, in a study with a fidelity
    parameter, what each attempt measured at the end of its budget.
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
    rungs: tuple[Rung, ...] = ()

    @property
    def is_paused(self) -> bool:
        """Whether the last attempt has used up its budget, and no larger one was granted yet."""
        if self.state is not TrialState.REQUESTED or not self.rungs:
            return False
        return self.rungs[-1].attempt == self.attempt

    @property
    def last_measurement(self) -> Measurement | None:
        """The final measurement, or that of its last budget while there is none."""
        if self.final_measurement is None and self.rungs:
            return self.rungs[-1].measurement
        return self.final_measurement

    def final_value(self, metric: Metric) -> float | None:
        """Return the finite final value of a metric; None without one, or without success."""
        if self.state is not TrialState.SUCCEEDED or self.final_measurement is None:
            return None
        return self.final_measurement.value(metric.name)


def lost_reason(n_lost: int, detail: str = "") -> str:
    """Return the reason of a trial that is given up because its worker died so often."""
    text = f"{_LOST} {n_lost} {'time' if n_lost == 1 else 'times'}"
    return f"{text}: {detail}" if detail else text


def has_failed(trial: Trial) -> bool:
    """Return whether a trial is INFEASIBLE because of its parameters, as far as its reason tells.

    A program that crashed, diverged or gave no result counts; a worker that died does not, nor
    does an edit that left the trial outside of the search space.
    """
    is_innocent = trial.infeasible_reason.startswith((_LOST, OUTSIDE_REASON))
    return trial.state is TrialState.INFEASIBLE and not is_innocent


def violation(trial: Trial, metrics: Iterable[Metric]) -> float:
    """Return by how much a trial breaks the limits of all safety metrics, 0 if it is safe.

    The sum of `Metric.violation`; infinite where a value is missing or the trial has not succeeded.
    """
    return sum((metric.violation(trial.final_value(metric)) for metric in metrics), 0.0)


def is_safe(trial: Trial, metrics: Iterable[Metric]) -> bool:
    """Return whether a trial keeps all limits; without safety metrics each one does."""
    return violation(trial, metrics) == 0.0
