"""Domain values as rows of the tables, and back."""

import json
import sqlite3
from functools import lru_cache

from wazir.domain.codec import (
    config_from_dict,
    config_to_dict,
    measurement_from_dict,
    measurement_to_dict,
    metrics_from_dict,
    metrics_to_dict,
)
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyConfig, StudyState, TrialCounts
from wazir.domain.trials import Trial, TrialState

Row = dict[str, object]
COUNTERS = {state: f"n_{state.value.lower()}" for state in TrialState}


@lru_cache(maxsize=64)
def _config(text: str) -> StudyConfig:
    """Decode a configuration; the same text stands in front of every transaction."""
    return config_from_dict(json.loads(text))


def config_text(config: StudyConfig) -> str:
    """Return a configuration as the text that is stored."""
    return json.dumps(config_to_dict(config))


def study_from_row(row: sqlite3.Row) -> Study:
    """Return the study of a row."""
    return Study(
        name=StudyName(row["project_id"], row["study_id"]),
        config=_config(row["config"]),
        state=StudyState(row["state"]),
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
        revision=row["revision"],
        config_revision=row["config_revision"],
    )


def counts_from_row(row: sqlite3.Row) -> TrialCounts:
    """Return the counters of a study's row."""
    return TrialCounts(**{state.value.lower(): row[name] for state, name in COUNTERS.items()})


def trial_from_row(row: sqlite3.Row) -> Trial:
    """Return the trial of a row."""
    final = row["final_measurement"]
    return Trial(
        id=row["id"],
        parameters=json.loads(row["parameters"]),
        state=TrialState(row["state"]),
        client_id=row["client_id"],
        attempt=row["attempt"],
        n_lost_attempts=row["n_lost_attempts"],
        lease_expires_at=row["lease_expires_at"],
        final_measurement=None if final is None else measurement_from_dict(json.loads(final)),
        infeasible_reason=row["infeasible_reason"],
        stopping_reason=row["stopping_reason"],
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        created_revision=row["created_revision"],
        completed_revision=row["completed_revision"],
    )


def trial_to_row(study: int, trial: Trial, revision: int) -> Row:
    """Return the row of a trial."""
    final = trial.final_measurement
    return {
        **vars(trial),
        "study": study,
        "state": trial.state.value,
        "parameters": json.dumps(dict(trial.parameters)),
        "final_measurement": None if final is None else json.dumps(measurement_to_dict(final)),
        "metadata": json.dumps({space: dict(keys) for space, keys in trial.metadata.items()}),
        "revision": revision,
    }


def measurement_from_row(row: sqlite3.Row) -> Measurement:
    """Return the measurement of a row."""
    metrics = metrics_from_dict(json.loads(row["metrics"]))
    return Measurement(metrics, step=row["step"], elapsed_s=row["elapsed_s"])


def measurement_to_row(study: int, trial_id: int, measurement: Measurement) -> Row:
    """Return the row of a measurement."""
    return {
        "study": study,
        "trial": trial_id,
        "step": measurement.step,
        "elapsed_s": measurement.elapsed_s,
        "metrics": json.dumps(metrics_to_dict(measurement.metrics)),
    }
