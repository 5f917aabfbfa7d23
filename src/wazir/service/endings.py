"""How a trial ends: with which measurement, whether it is INFEASIBLE, and why."""

import math
from dataclasses import replace

from wazir.domain.metrics import Measurement, select_measurement
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState, check_transition
from wazir.service.budgets import Budgets
from wazir.service.stopped import why_diverged
from wazir.storage.protocol import StudyWriter


def ended_trial(
    writer: StudyWriter,
    trial: Trial,
    measurement: Measurement | None,
    infeasible_reason: str,
    now: float,
) -> Trial:
    """Return a trial as it is once it has ended, to be stored.

    Without a measurement its own ones count. It is INFEASIBLE with a reason, or without a usable
    result. `now` is in Unix seconds.

    Raises:
        InvalidTransitionError: it has ended already.
    """
    config = writer.study.config
    if measurement is None and not infeasible_reason:
        measurement = select_measurement(
            writer.measurements(trial.id), config.metrics, config.measurement_selection
        )
    reason = (
        infeasible_reason
        or why_diverged(trial)
        or _why_infeasible(config, measurement, is_stopped=bool(trial.stopping_reason))
    )
    state = TrialState.INFEASIBLE if reason else TrialState.SUCCEEDED
    check_transition(trial.id, trial.state, state)
    return replace(
        trial,
        state=state,
        final_measurement=measurement,
        infeasible_reason=reason,
        lease_expires_at=None,
        completed_at=now,
        completed_revision=writer.revision,
    )


def end_paused(writer: StudyWriter, now: float) -> None:
    """End the trials that wait for a larger budget: the study has ended."""
    budgets = Budgets.of(writer.study.config)
    if budgets is not None:
        trials = writer.trials(states=TrialState)
        for ended in budgets.ended(trials, writer.revision, now):
            writer.update_trial(ended)


def _why_infeasible(
    config: StudyConfig, measurement: Measurement | None, *, is_stopped: bool
) -> str:
    """Return why a trial has no usable result, "" if it has one of every metric that it needs.

    A trial whose safety is not known cannot be used, unless it was stopped before it could tell.
    """
    if measurement is None:
        return f"no value of {config.objective.name!r} was reported"
    for metric in config.objectives if is_stopped else config.metrics:
        value = measurement.metrics.get(metric.name)
        if value is None:
            seen = ", ".join(map(repr, measurement.metrics))
            return f"no value of {metric.name!r} was reported, only of {seen}"
        if not math.isfinite(value):
            return f"{metric.name!r} is {value}"
    return ""
