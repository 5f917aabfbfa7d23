"""JSON for other programs: what the commands print with --json."""

import json
import math
from collections.abc import Mapping, Sequence

from wazir.analysis.advice import Advice
from wazir.client.rows import duration_s
from wazir.domain.codec import rung_to_dict
from wazir.domain.metrics import Metric
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial, TrialState, is_safe
from wazir.service.abandoned import abandoned_by


def json_text(value: object) -> str:
    """Return a value as valid JSON; NaN and infinities, for which it has no word, as texts."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def trial_fields(trial: Trial, study: Study, now: float) -> dict[str, object]:
    """Return a trial with exact values; times are Unix seconds."""
    last = trial.last_measurement
    metrics = {} if last is None else dict(last.metrics)
    return {
        "id": trial.id,
        "state": str(trial.state),
        "value": metrics.get(study.config.objective.name),
        "parameters": dict(trial.parameters),
        "metrics": metrics,
        "attempt": trial.attempt,
        "created_at": trial.created_at,
        "started_at": trial.started_at,
        "completed_at": trial.completed_at,
        "duration_s": duration_s(trial, now),
        "infeasible_reason": trial.infeasible_reason,
        "is_paused": trial.is_paused,
        "abandoned_by": abandoned_by(trial) or None,
        "rungs": [rung_to_dict(rung) for rung in trial.rungs],
        **_safety(trial, study),
    }


def _safety(trial: Trial, study: Study) -> dict[str, object]:
    metrics = study.config.metrics
    if not study.config.safety_metrics or trial.state is not TrialState.SUCCEEDED:
        return {}
    return {"is_safe": is_safe(trial, metrics)}


def metric_fields(metric: Metric) -> dict[str, object]:
    """Return a metric: name and goal, limit and reference value where it has them."""
    fields: dict[str, object] = {"name": metric.name, "goal": metric.goal.value}
    if metric.reference_value is not None:
        fields["reference_value"] = metric.reference_value
    if not metric.is_objective:
        fields["safety_threshold"] = metric.safety_threshold
        fields["min_safe_fraction"] = metric.min_safe_fraction
    return fields


def study_fields(study: Study, counts: TrialCounts) -> dict[str, object]:
    """Return what a study is and how many of its trials are in which state."""
    return {
        "name": study.name.study_id,
        "state": str(study.state),
        "metrics": [metric_fields(metric) for metric in study.config.metrics],
        "algorithm": study.config.algorithm,
        "seed": study.config.seed,
        "beliefs": dict(study.config.beliefs),
        "observation_noise": study.config.observation_noise.value,
        "created_at": study.created_at,
        "planned_trials": study.config.planned_n_trials,
        "trials": {
            "total": counts.total,
            "requested": counts.requested,
            "active": counts.active,
            "stopping": counts.stopping,
            "succeeded": counts.succeeded,
            "infeasible": counts.infeasible,
        },
    }


def advice_fields(advice: Advice) -> dict[str, object]:
    """Return advice on whether to go on; numbers are null where there is none."""
    return {
        "n_more_trials": advice.n_more,
        "more_than": advice.more_than,
        "probability": advice.probability,
        "expected_improvement": advice.expected_improvement,
        "per_hour": advice.per_hour,
        "n_results": advice.n_results,
        "reason": advice.reason,
        "is_of_front": advice.is_of_front,
        "is_of_default": advice.is_of_default,
    }
