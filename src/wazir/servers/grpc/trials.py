"""Trials and measurements of OSS Vizier, as messages and back."""

from collections.abc import Sequence
from typing import Any

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study
from wazir.domain.trials import Trial
from wazir.servers.grpc.messages import vizier
from wazir.servers.grpc.metadata import fill_metadata
from wazir.servers.grpc.parameters import fill_values
from wazir.servers.grpc.studies import MAX_S, fill_time, full_name
from wazir.service.foreign_states import TRIAL_STATES


def trial_message(study: Study, trial: Trial, measurements: Sequence[Measurement] = ()) -> Any:
    """Return the Trial message of a trial, with its intermediate measurements."""
    written = vizier("Trial")(
        name=f"{full_name(study)}/trials/{trial.id}",
        id=str(trial.id),
        state=TRIAL_STATES[trial.state].number,
        client_id=trial.client_id,
        infeasible_reason=trial.infeasible_reason,
    )
    fill_values(written.parameters, trial.parameters)
    if trial.final_measurement is not None:
        _fill_measurement(written.final_measurement, trial.final_measurement)
    for measurement in measurements:
        _fill_measurement(written.measurements.add(), measurement)
    if trial.started_at is not None:
        fill_time(written.start_time, trial.started_at)
    if trial.completed_at is not None:
        fill_time(written.end_time, trial.completed_at)
    fill_metadata(written.metadata, trial.metadata)
    return written


def measurement_from(message: Any, path: str) -> Measurement | None:
    """Return the measurement of a message, None for one without metrics.

    A step of 0 is the default of its field, so it is not known.

    Raises:
        InvalidInputError: a metric twice or without a name, a negative step, or a time outside of
            [0, MAX_S].
    """
    if not message.metrics:
        return None
    metrics: dict[str, float] = {}
    for index, one in enumerate(message.metrics):
        if not one.metric_id or one.metric_id in metrics:
            raise InvalidInputError(
                f"{path}.metrics[{index}].metric_id: needs a name that is given once, "
                f"got {one.metric_id!r}"
            )
        metrics[one.metric_id] = one.value
    elapsed = message.elapsed_duration
    elapsed_s = elapsed.seconds + elapsed.nanos / 1e9
    if not 0 <= elapsed_s <= MAX_S:
        raise InvalidInputError(
            f"{path}.elapsed_duration: must be in [0, {MAX_S}] seconds, got {elapsed_s:g}"
        )
    has_time = message.HasField("elapsed_duration")
    try:
        return Measurement(
            metrics, step=message.step_count or None, elapsed_s=elapsed_s if has_time else None
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}", hint=error.hint) from None


def _fill_measurement(written: Any, measurement: Measurement) -> None:
    for name, value in measurement.metrics.items():
        written.metrics.add(metric_id=name, value=value)
    if measurement.step is not None:
        written.step_count = measurement.step
    if measurement.elapsed_s is not None:
        fill_time(written.elapsed_duration, measurement.elapsed_s)
