"""Rows of the SQL tables as domain values and back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from wazir.domain.codec import (
    config_from_dict,
    config_to_dict,
    measurement_to_dict,
    metadata_to_dict,
    metrics_from_dict,
    metrics_to_dict,
    rung_from_dict,
    rung_to_dict,
)
from wazir.domain.json_fields import to_json
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyConfig, StudyState, TrialCounts
from wazir.domain.trials import Metadata, Trial, TrialState

# What a database gives: the type of each column is known by the statement only.
Row: TypeAlias = Sequence[Any]
Bindings: TypeAlias = dict[str, str | int | float | None]
_NONE = "[]"


@dataclass(frozen=True)
class StudyRow:
    """A study as stored, with what the Study value does not hold."""

    study_key: int
    study: Study
    config_text: str
    last_trial_id: int
    counts: TrialCounts


def study_from_row(row: Row) -> StudyRow:
    """Return a study from a row of select_study."""
    (key, project_id, study_id, config, state, metadata, created_at, *numbers) = row
    revision, config_revision, last_trial_id, *counts = numbers
    study = Study(
        name=StudyName(project_id, study_id),
        config=_config(config),
        state=StudyState(state),
        metadata=_metadata(metadata),
        created_at=created_at,
        revision=revision,
        config_revision=config_revision,
    )
    return StudyRow(key, study, config, last_trial_id, TrialCounts(*counts))


def name_bindings(name: StudyName) -> Bindings:
    """Return what finds a study."""
    return {"project_id": name.project_id, "study_id": name.study_id}


def study_bindings(study: Study) -> Bindings:
    """Return the columns of a study that its users set."""
    return {
        "config": to_json(config_to_dict(study.config)),
        "state": study.state.value,
        "metadata": _metadata_text(study.metadata),
        "created_at": study.created_at,
        **name_bindings(study.name),
    }


def count_bindings(counts: TrialCounts) -> Bindings:
    """Return the columns of the counts."""
    return {
        "n_requested": counts.requested,
        "n_active": counts.active,
        "n_stopping": counts.stopping,
        "n_succeeded": counts.succeeded,
        "n_infeasible": counts.infeasible,
    }


def trial_from_row(row: Row) -> Trial:
    """Return a trial from a row of one of the statements that select trials."""
    final = row[7]
    return Trial(
        id=row[0],
        state=TrialState(row[1]),
        client_id=row[2],
        attempt=row[3],
        n_lost_attempts=row[4],
        lease_expires_at=row[5],
        parameters=json.loads(row[6]),
        final_measurement=None if final is None else _measurement(final),
        infeasible_reason=row[8],
        stopping_reason=row[9],
        metadata=_metadata(row[10]),
        created_at=row[11],
        started_at=row[12],
        completed_at=row[13],
        created_revision=row[14],
        completed_revision=row[15],
        rungs=() if row[16] == _NONE else tuple(map(rung_from_dict, json.loads(row[16]))),
    )


def trial_bindings(trial: Trial, study_key: int, revision: int) -> Bindings:
    """Return the columns of a trial."""
    final = trial.final_measurement
    return {
        "study_key": study_key,
        "trial_id": trial.id,
        "state": trial.state.value,
        "client_id": trial.client_id,
        "attempt": trial.attempt,
        "n_lost_attempts": trial.n_lost_attempts,
        "lease_expires_at": trial.lease_expires_at,
        "parameters": to_json(dict(trial.parameters)),
        "final_measurement": None if final is None else to_json(measurement_to_dict(final)),
        "infeasible_reason": trial.infeasible_reason,
        "stopping_reason": trial.stopping_reason,
        "metadata": _metadata_text(trial.metadata),
        "created_at": trial.created_at,
        "started_at": trial.started_at,
        "completed_at": trial.completed_at,
        "created_revision": trial.created_revision,
        "completed_revision": trial.completed_revision,
        "rungs": to_json([rung_to_dict(rung) for rung in trial.rungs]) if trial.rungs else _NONE,
        "revision": revision,
    }


def measurement_from_row(row: Row) -> Measurement:
    """Return a measurement from a row of select_measurements."""
    metrics, step, elapsed_s = row
    return Measurement(metrics_from_dict(json.loads(metrics)), step, elapsed_s)


def measurement_bindings(measurement: Measurement) -> Bindings:
    """Return the columns of a measurement."""
    return {
        "step": measurement.step,
        "elapsed_s": measurement.elapsed_s,
        "metrics": to_json(metrics_to_dict(measurement.metrics)),
    }


@lru_cache(maxsize=64)
def _config(text: str) -> StudyConfig:
    return config_from_dict(json.loads(text))


# The next two trust what this module wrote: a study has many trials, and checks would double the
# time to read them.
def _measurement(text: str) -> Measurement:
    data = json.loads(text)
    return Measurement(metrics_from_dict(data["metrics"]), data["step"], data["elapsed_s"])


def _metadata(text: str) -> Metadata:
    metadata: Metadata = json.loads(text)
    return metadata


def _metadata_text(metadata: Metadata) -> str:
    return to_json(metadata_to_dict(metadata)) if metadata else "{}"
