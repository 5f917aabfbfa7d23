"""Trials that somebody else thought of: with a known result, or waiting for a client."""

from collections.abc import Mapping, Sequence

from wazir.domain.metrics import Measurement
from wazir.domain.parameters import ParameterValue
from wazir.domain.trials import Metadata, Trial
from wazir.service.budgets import Budgets
from wazir.service.endings import ended_trial
from wazir.service.retries import with_step
from wazir.storage.protocol import StudyWriter


def insert_trial(
    writer: StudyWriter,
    parameters: Mapping[str, ParameterValue],
    *,
    measurement: Measurement | None,
    measurements: Sequence[Measurement],
    infeasible_reason: str,
    metadata: Metadata,
    now: float,
) -> Trial:
    """Store a trial and return it: ended with a measurement or a reason, REQUESTED without.

    `measurements` are intermediate ones, oldest first; `now` is in Unix seconds.

    Raises:
        InvalidInputError: the point is none of the space, or breaks a constraint.
    """
    config, trial_id = writer.study.config, writer.last_trial_id + 1
    budgets = Budgets.of(config)
    if budgets is not None:
        is_known = measurement is not None
        parameters = budgets.completed(parameters, trial_id, is_known=is_known)
    trial = Trial(
        id=trial_id,
        parameters=config.check_point(parameters),
        metadata=metadata,
        created_at=now,
        created_revision=writer.revision,
    )
    if measurement is not None or infeasible_reason:
        trial = ended_trial(writer, trial, measurement, infeasible_reason, now)
    writer.insert_trial(trial)
    for one in measurements:
        writer.put_measurement(trial_id, with_step(one, writer, trial_id))
    return trial
