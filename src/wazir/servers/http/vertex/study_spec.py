"""Vertex's StudySpec as the configuration of a study, and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wazir.domain.errors import InvalidInputError, WazirError
from wazir.domain.json_fields import JsonObject, to_json
from wazir.domain.metrics import Goal, MeasurementSelection, Metric
from wazir.domain.names import parse_study_name
from wazir.domain.space import SearchSpace
from wazir.domain.studies import (
    EarlyStopping,
    ObservationNoise,
    Study,
    StudyConfig,
    StudyStopping,
)
from wazir.servers.http.vertex.messages import GOAL_OF, NOISE_OF, SELECTION_OF, STUDY_SPEC
from wazir.servers.http.vertex.parameters import parameter_specs, parameters_from
from wazir.servers.http.vertex.reading import int32_from, int64_text, read_message
from wazir.servers.http.vertex.times import duration_text, timestamp_text
from wazir.service.foreign_stopping import CONVEX_OPTIONS, RULES, stopping_rule

NAMESPACE, SPEC_KEY = "wazir.foreign", "vertex_study_spec"

_COUNTS = {
    "minNumTrials": "min_n_trials",
    "maxNumTrials": "max_n_trials",
    "maxNumTrialsNoProgress": "max_n_trials_without_progress",
}
_RUNTIMES = ("minimumRuntimeConstraint", "maximumRuntimeConstraint")
_ALGORITHMS = {"GRID_SEARCH", "RANDOM_SEARCH"}


def config_from_spec(spec: Mapping[str, Any], path: str) -> StudyConfig:
    """Return the configuration of a StudySpec that was read by its table.

    Raises:
        InvalidInputError: a value breaks a rule; it names the place.
    """
    metrics = _metrics(spec.get("metrics", ()), f"{path}.metrics")
    parameters = parameters_from(spec.get("parameters", ()), f"{path}.parameters")
    algorithm = spec.get("algorithm", "")
    try:
        return StudyConfig(
            SearchSpace(parameters),
            metrics,
            algorithm=algorithm if algorithm in _ALGORITHMS else "DEFAULT",
            observation_noise=NOISE_OF.get(
                spec.get("observationNoise", ""), ObservationNoise.UNSPECIFIED
            ),
            measurement_selection=SELECTION_OF.get(
                spec.get("measurementSelectionType", ""), MeasurementSelection.LAST
            ),
            early_stopping=_early_stopping(spec, path),
            study_stopping=_study_stopping(spec, metrics, f"{path}.studyStoppingConfig"),
            prior_studies=tuple(parse_study_name(name) for name in _prior_studies(spec)),
        )
    except InvalidInputError as error:
        has_place = error.message.startswith(path)
        message = error.message if has_place else f"{path}: {error.message}"
        raise InvalidInputError(message, hint=error.hint) from None


def spec_metadata(given: object) -> dict[str, dict[str, str]]:
    """Return the metadata that keeps the JSON of a StudySpec as it was given."""
    return {NAMESPACE: {SPEC_KEY: to_json(given)}}


def spec_of(study: Study) -> JsonObject:
    """Return the StudySpec of a study: as it was given, unless it was edited since."""
    text = study.metadata.get(NAMESPACE, {}).get(SPEC_KEY)
    given = {} if text is None else _kept_spec(text, study.config)
    return given or spec_from_config(study.config)


def spec_from_config(config: StudyConfig) -> JsonObject:
    """Return the StudySpec that says of a configuration what Vertex has words for."""
    spec: JsonObject = {
        "metrics": [_metric_spec(metric) for metric in config.metrics],
        "parameters": parameter_specs(config.space.parameters),
    }
    if config.algorithm in _ALGORITHMS:
        spec["algorithm"] = config.algorithm
    if config.observation_noise is not ObservationNoise.UNSPECIFIED:
        spec["observationNoise"] = config.observation_noise.value
    if config.measurement_selection is MeasurementSelection.BEST:
        spec["measurementSelectionType"] = "BEST_MEASUREMENT"
    spec |= _rule_spec(config.early_stopping)
    if config.study_stopping is not None:
        spec["studyStoppingConfig"] = _stopping_spec(config.study_stopping)
    return spec


def _kept_spec(text: str, now: StudyConfig) -> JsonObject:
    """Return the JSON that was kept if it still says what the study is, an empty one otherwise.

    Anyone who may write the study may have put any text there.
    """
    try:
        given: JsonObject = json.loads(text)
        meant = config_from_spec(read_message(given, STUDY_SPEC, ""), "")
    except (WazirError, ValueError, RecursionError):
        return {}
    algorithm = meant.algorithm if meant.algorithm in _ALGORITHMS else now.algorithm
    return given if replace(meant, seed=now.seed, algorithm=algorithm) == now else {}


def _metrics(specs: Sequence[Mapping[str, Any]], path: str) -> tuple[Metric, ...]:
    found = []
    for index, spec in enumerate(specs):
        safety = spec.get("safetyConfig")
        try:
            metric = Metric(
                spec.get("metricId", ""),
                GOAL_OF.get(spec.get("goal", ""), Goal.MAXIMIZE),
                None if safety is None else safety.get("safetyThreshold", 0.0),
                None if safety is None else safety.get("desiredMinSafeTrialsFraction"),
            )
        except InvalidInputError as error:
            raise InvalidInputError(f"{path}[{index}]: {error.message}") from None
        found.append(metric)
    return tuple(found)


def _early_stopping(spec: Mapping[str, Any], path: str) -> EarlyStopping | None:
    given = [name for name in RULES if name in spec]
    if len(given) > 1:
        raise InvalidInputError(
            f"{path}: only one rule can stop trials, got {' and '.join(given)}"
        )
    if not given:
        return None
    fields = spec[given[0]]
    elapsed = fields.get("useElapsedDuration", False)
    return stopping_rule(given[0], use_elapsed_time=elapsed, numbers=fields)


def _study_stopping(
    spec: Mapping[str, Any], metrics: Sequence[Metric], path: str
) -> StudyStopping | None:
    fields = spec.get("studyStoppingConfig")
    if fields is None:
        return None
    least, most = (_one_end(fields, name, path) for name in _RUNTIMES)
    counts = {ours: fields.get(theirs) for theirs, ours in _COUNTS.items()}
    no_progress_s = fields.get("maxDurationNoProgress")
    if sum(metric.is_objective for metric in metrics) > 1:
        # So it is documented for several metrics.
        counts["max_n_trials_without_progress"] = no_progress_s = None
    try:
        return StudyStopping(
            stop_as_soon_as_possible=fields.get("shouldStopAsap", False),
            min_duration_s=least.get("maxDuration"),
            min_end_at=least.get("endTime"),
            max_duration_s=most.get("maxDuration"),
            max_end_at=most.get("endTime"),
            max_duration_without_progress_s=no_progress_s,
            **counts,
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}") from None


def _one_end(fields: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    """Return a runtime constraint, which is a duration or a moment."""
    constraint: Mapping[str, Any] = fields.get(name, {})
    if len(constraint) > 1:
        raise InvalidInputError(f"{path}.{name}: needs one of maxDuration and endTime, got both")
    return constraint


def _prior_studies(spec: Mapping[str, Any]) -> Sequence[str]:
    transfer = spec.get("transferLearningConfig", {})
    names: Sequence[str] = transfer.get("priorStudyNames", ())
    return () if transfer.get("disableTransferLearning") else names


def _metric_spec(metric: Metric) -> JsonObject:
    spec: JsonObject = {"metricId": metric.name, "goal": metric.goal.value}
    if metric.safety_threshold is not None:
        safety: JsonObject = {"safetyThreshold": metric.safety_threshold}
        if metric.min_safe_fraction is not None:
            safety["desiredMinSafeTrialsFraction"] = metric.min_safe_fraction
        spec["safetyConfig"] = safety
    return spec


def _rule_spec(early: EarlyStopping | None) -> JsonObject:
    """Return the spec of a stopping rule; Vertex has no words for the others."""
    for theirs, ours in RULES.items():
        if early is not None and early.rule == ours:
            options = {
                name: int64_text(early.options[key])
                for name, key in CONVEX_OPTIONS.items()
                if key in early.options
            }
            elapsed = {"useElapsedDuration": True} if early.use_elapsed_time else {}
            return {theirs: {**elapsed, **options}}
    return {}


def _stopping_spec(stopping: StudyStopping) -> JsonObject:
    spec: JsonObject = {}
    if stopping.stop_as_soon_as_possible:
        spec["shouldStopAsap"] = True
    ends = (
        (stopping.min_duration_s, stopping.min_end_at),
        (stopping.max_duration_s, stopping.max_end_at),
    )
    for name, (duration_s, end_at) in zip(_RUNTIMES, ends, strict=True):
        if duration_s is not None:
            spec[name] = {"maxDuration": duration_text(duration_s)}
        elif end_at is not None:
            spec[name] = {"endTime": timestamp_text(end_at)}
    for theirs, ours in _COUNTS.items():
        if getattr(stopping, ours) is not None:
            spec[theirs] = int32_from(getattr(stopping, ours))
    if stopping.max_duration_without_progress_s is not None:
        spec["maxDurationNoProgress"] = duration_text(stopping.max_duration_without_progress_s)
    return spec
