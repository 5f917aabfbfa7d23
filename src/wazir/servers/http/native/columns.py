"""Trials as columns: one list per field, which is small to send and quick to draw."""

from collections.abc import Sequence

from wazir.domain.json_fields import JsonObject, encode_number
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial


def trial_columns(config: StudyConfig, trials: Sequence[Trial]) -> JsonObject:
    """Return lists that have an entry for each trial, in the same order.

    `parameters` has a list for each parameter of the study's space, `metrics` one for each of its
    metrics: null where a trial has no value.
    """
    parameters = [name for name, _ in config.space.walk()]
    return {
        "id": [trial.id for trial in trials],
        "state": [trial.state.value for trial in trials],
        "is_paused": [trial.is_paused for trial in trials],
        "attempt": [trial.attempt for trial in trials],
        "client_id": [trial.client_id for trial in trials],
        "created_at": [trial.created_at for trial in trials],
        "started_at": [trial.started_at for trial in trials],
        "completed_at": [trial.completed_at for trial in trials],
        "infeasible_reason": [trial.infeasible_reason for trial in trials],
        "stopping_reason": [trial.stopping_reason for trial in trials],
        "parameters": {
            name: [trial.parameters.get(name) for trial in trials] for name in parameters
        },
        "metrics": {
            metric.name: [_last_value(trial, metric.name) for trial in trials]
            for metric in config.metrics
        },
    }


def _last_value(trial: Trial, metric: str) -> int | float | str | None:
    measurement = trial.last_measurement
    return encode_number(None if measurement is None else measurement.metrics.get(metric))
