"""Domain values as JSON objects and back, with explicit and versioned keys.

What `*_to_dict` returns holds only what strict JSON can: numbers that are not finite are the texts
"NaN", "Infinity" and "-Infinity". `*_from_dict` raises InvalidInputError for a key that is missing
or unknown, an unknown word, or a value of another type; keys with a default may be left out.
"""

from collections.abc import Mapping, Sequence

from wazir.domain.constraints import Constraint
from wazir.domain.fidelity import Rung
from wazir.domain.json_fields import (
    Fields,
    JsonObject,
    decode_list,
    decode_number,
    decode_object,
    decode_text,
    decode_value,
    decode_whole,
    encode_number,
)
from wazir.domain.metrics import Goal, Measurement, MeasurementSelection, Metric
from wazir.domain.names import StudyName, parse_study_name
from wazir.domain.parameters import ParameterValue
from wazir.domain.space_codec import space_from_dict, space_to_dict
from wazir.domain.studies import (
    EarlyStopping,
    ObservationNoise,
    Study,
    StudyConfig,
    StudyState,
    StudyStopping,
)
from wazir.domain.trials import Metadata, Trial, TrialState

VERSION = 1


def config_to_dict(config: StudyConfig) -> JsonObject:
    """Return a study's configuration as a JSON object."""
    early, stopping = config.early_stopping, config.study_stopping
    return {
        "version": VERSION,
        "space": space_to_dict(config.space),
        "metrics": [metric_to_dict(metric) for metric in config.metrics],
        "algorithm": config.algorithm,
        "seed": config.seed,
        "planned_n_trials": config.planned_n_trials,
        "observation_noise": config.observation_noise.value,
        "measurement_selection": config.measurement_selection.value,
        "early_stopping": None if early is None else early_stopping_to_dict(early),
        "study_stopping": None if stopping is None else study_stopping_to_dict(stopping),
        "old_values": dict(config.old_values),
        "constraints": constraints_to_list(config.constraints),
        "fidelity": config.fidelity,
        "prior_studies": [str(name) for name in config.prior_studies],
        "beliefs": dict(config.beliefs),
    }


def config_from_dict(data: object) -> StudyConfig:
    """Return the configuration that `config_to_dict` wrote."""
    fields = Fields(data, "a study configuration")
    fields.check_version(VERSION)
    config = StudyConfig(
        space=space_from_dict(fields.take("space")),
        metrics=tuple(metric_from_dict(metric) for metric in fields.items("metrics")),
        algorithm=fields.text("algorithm", "DEFAULT"),
        seed=fields.whole("seed", 0),
        planned_n_trials=fields.optional("planned_n_trials", decode_whole),
        observation_noise=fields.word("observation_noise", ObservationNoise.UNSPECIFIED),
        measurement_selection=fields.word("measurement_selection", MeasurementSelection.LAST),
        early_stopping=fields.optional("early_stopping", early_stopping_from),
        study_stopping=fields.optional("study_stopping", study_stopping_from),
        old_values=parameter_values_from_dict(fields.take("old_values", {})),
        constraints=constraints_from(fields.take("constraints", []), "constraints"),
        fidelity=fields.optional("fidelity", decode_text),
        prior_studies=tuple(
            parse_study_name(decode_text(name, "a prior study"))
            for name in fields.items("prior_studies", [])
        ),
        beliefs=parameter_values_from_dict(fields.take("beliefs", {})),
    )
    fields.finish()
    return config


def metric_to_dict(metric: Metric) -> JsonObject:
    """Return a metric as a JSON object."""
    return {
        "name": metric.name,
        "goal": metric.goal.value,
        "safety_threshold": encode_number(metric.safety_threshold),
        "min_safe_fraction": encode_number(metric.min_safe_fraction),
        "reference_value": encode_number(metric.reference_value),
    }


def metric_from_dict(data: object) -> Metric:
    """Return the metric that `metric_to_dict` wrote."""
    fields = Fields(data, "a metric")
    metric = Metric(
        name=fields.text("name"),
        goal=fields.word("goal", Goal.MAXIMIZE),
        safety_threshold=fields.optional("safety_threshold", decode_number),
        min_safe_fraction=fields.optional("min_safe_fraction", decode_number),
        reference_value=fields.optional("reference_value", decode_number),
    )
    fields.finish()
    return metric


def measurement_to_dict(measurement: Measurement) -> JsonObject:
    """Return a measurement as a JSON object."""
    return {
        "metrics": metrics_to_dict(measurement.metrics),
        "step": measurement.step,
        "elapsed_s": encode_number(measurement.elapsed_s),
    }


def measurement_from_dict(data: object) -> Measurement:
    """Return the measurement that `measurement_to_dict` wrote."""
    fields = Fields(data, "a measurement")
    measurement = Measurement(
        metrics=metrics_from_dict(fields.take("metrics")),
        step=fields.optional("step", decode_whole),
        elapsed_s=fields.optional("elapsed_s", decode_number),
    )
    fields.finish()
    return measurement


def metrics_to_dict(metrics: Mapping[str, float]) -> JsonObject:
    """Return metric values by name, those that are not finite as texts."""
    return {name: encode_number(value) for name, value in metrics.items()}


def metrics_from_dict(data: object) -> dict[str, float]:
    """Return the metric values that `metrics_to_dict` wrote."""
    return {
        name: decode_number(value, name) for name, value in decode_object(data, "metrics").items()
    }


def rung_to_dict(rung: Rung) -> JsonObject:
    """Return what an attempt had measured at the end of its budget as a JSON object."""
    return {
        "attempt": rung.attempt,
        "budget": rung.budget,
        "measurement": measurement_to_dict(rung.measurement),
        "ended_at": rung.ended_at,
        "revision": rung.revision,
    }


def rung_from_dict(data: object) -> Rung:
    """Return the rung that `rung_to_dict` wrote."""
    fields = Fields(data, "a rung")
    rung = Rung(
        attempt=fields.whole("attempt"),
        budget=fields.number("budget"),
        measurement=measurement_from_dict(fields.take("measurement")),
        ended_at=fields.number("ended_at"),
        revision=fields.whole("revision"),
    )
    fields.finish()
    return rung


def trial_to_dict(trial: Trial) -> JsonObject:
    """Return a trial as a JSON object."""
    final = trial.final_measurement
    return {
        "version": VERSION,
        "id": trial.id,
        "parameters": dict(trial.parameters),
        "state": trial.state.value,
        "client_id": trial.client_id,
        "attempt": trial.attempt,
        "n_lost_attempts": trial.n_lost_attempts,
        "lease_expires_at": trial.lease_expires_at,
        "final_measurement": None if final is None else measurement_to_dict(final),
        "infeasible_reason": trial.infeasible_reason,
        "stopping_reason": trial.stopping_reason,
        "metadata": metadata_to_dict(trial.metadata),
        "created_at": trial.created_at,
        "started_at": trial.started_at,
        "completed_at": trial.completed_at,
        "created_revision": trial.created_revision,
        "completed_revision": trial.completed_revision,
        "rungs": [rung_to_dict(rung) for rung in trial.rungs],
    }


def trial_from_dict(data: object) -> Trial:
    """Return the trial that `trial_to_dict` wrote."""
    fields = Fields(data, "a trial")
    fields.check_version(VERSION)
    trial = Trial(
        id=fields.whole("id"),
        parameters=parameter_values_from_dict(fields.take("parameters")),
        state=fields.word("state", TrialState.REQUESTED),
        client_id=fields.text("client_id", ""),
        attempt=fields.whole("attempt", 0),
        n_lost_attempts=fields.whole("n_lost_attempts", 0),
        lease_expires_at=fields.optional("lease_expires_at", decode_number),
        final_measurement=fields.optional("final_measurement", _final_measurement),
        infeasible_reason=fields.text("infeasible_reason", ""),
        stopping_reason=fields.text("stopping_reason", ""),
        metadata=metadata_from_dict(fields.take("metadata", {})),
        created_at=fields.number("created_at", 0.0),
        started_at=fields.optional("started_at", decode_number),
        completed_at=fields.optional("completed_at", decode_number),
        created_revision=fields.whole("created_revision", 0),
        completed_revision=fields.optional("completed_revision", decode_whole),
        rungs=tuple(rung_from_dict(rung) for rung in fields.items("rungs", [])),
    )
    fields.finish()
    return trial


def study_to_dict(study: Study) -> JsonObject:
    """Return a study as a JSON object; its trials are not part of it."""
    return {
        "version": VERSION,
        "project_id": study.name.project_id,
        "study_id": study.name.study_id,
        "config": config_to_dict(study.config),
        "state": study.state.value,
        "metadata": metadata_to_dict(study.metadata),
        "created_at": study.created_at,
        "revision": study.revision,
        "config_revision": study.config_revision,
    }


def study_from_dict(data: object) -> Study:
    """Return the study that `study_to_dict` wrote."""
    fields = Fields(data, "a study")
    fields.check_version(VERSION)
    study = Study(
        name=StudyName(fields.text("project_id"), fields.text("study_id")),
        config=config_from_dict(fields.take("config")),
        state=fields.word("state", StudyState.ACTIVE),
        metadata=metadata_from_dict(fields.take("metadata", {})),
        created_at=fields.number("created_at", 0.0),
        revision=fields.whole("revision", 0),
        config_revision=fields.whole("config_revision", 0),
    )
    fields.finish()
    return study


def parameter_values_from_dict(data: object) -> dict[str, ParameterValue]:
    """Return the parameter values of a trial, checked for their kind only."""
    values = decode_object(data, "parameters")
    return {name: decode_value(value, f"parameter {name!r}") for name, value in values.items()}


def metadata_to_dict(metadata: Metadata) -> dict[str, dict[str, str]]:
    """Return a copy of metadata that shares nothing with it."""
    return {namespace: dict(entries) for namespace, entries in metadata.items()}


def metadata_from_dict(data: object) -> dict[str, dict[str, str]]:
    """Return the metadata that `metadata_to_dict` wrote."""
    return {
        namespace: {
            key: decode_text(value, f"metadata {namespace!r} {key!r}")
            for key, value in decode_object(entries, f"metadata {namespace!r}").items()
        }
        for namespace, entries in decode_object(data, "metadata").items()
    }


def constraints_to_list(constraints: Sequence[Constraint]) -> list[str]:
    """Return the texts of constraints."""
    return [constraint.text for constraint in constraints]


def constraints_from(data: object, what: str) -> tuple[Constraint, ...]:
    """Return the constraints with these texts."""
    return tuple(Constraint(decode_text(text, what)) for text in decode_list(data, what))


def early_stopping_to_dict(early: EarlyStopping) -> JsonObject:
    """Return a stopping rule as a JSON object."""
    return {
        "rule": early.rule,
        "use_elapsed_time": early.use_elapsed_time,
        "options": metrics_to_dict(early.options),
    }


def early_stopping_from(data: object, what: str) -> EarlyStopping:
    """Return the rule that `early_stopping_to_dict` wrote; `what` names it."""
    fields = Fields(data, what)
    early = EarlyStopping(
        rule=fields.text("rule", "default"),
        use_elapsed_time=fields.flag("use_elapsed_time"),
        options=metrics_from_dict(fields.take("options", {})),
    )
    fields.finish()
    return early


def study_stopping_to_dict(stopping: StudyStopping) -> JsonObject:
    """Return when a study ends as a JSON object."""
    return {
        "stop_as_soon_as_possible": stopping.stop_as_soon_as_possible,
        "min_n_trials": stopping.min_n_trials,
        "max_n_trials": stopping.max_n_trials,
        "max_n_trials_without_progress": stopping.max_n_trials_without_progress,
        "min_duration_s": encode_number(stopping.min_duration_s),
        "min_end_at": encode_number(stopping.min_end_at),
        "max_duration_s": encode_number(stopping.max_duration_s),
        "max_end_at": encode_number(stopping.max_end_at),
        "max_duration_without_progress_s": encode_number(stopping.max_duration_without_progress_s),
        "auto_stop_below": encode_number(stopping.auto_stop_below),
        "min_improvement": encode_number(stopping.min_improvement),
    }


def study_stopping_from(data: object, what: str) -> StudyStopping:
    """Return what `study_stopping_to_dict` wrote; `what` names it."""
    fields = Fields(data, what)
    stopping = StudyStopping(
        stop_as_soon_as_possible=fields.flag("stop_as_soon_as_possible"),
        min_n_trials=fields.optional("min_n_trials", decode_whole),
        max_n_trials=fields.optional("max_n_trials", decode_whole),
        max_n_trials_without_progress=fields.optional(
            "max_n_trials_without_progress", decode_whole
        ),
        min_duration_s=fields.optional("min_duration_s", decode_number),
        min_end_at=fields.optional("min_end_at", decode_number),
        max_duration_s=fields.optional("max_duration_s", decode_number),
        max_end_at=fields.optional("max_end_at", decode_number),
        max_duration_without_progress_s=fields.optional(
            "max_duration_without_progress_s", decode_number
        ),
        auto_stop_below=fields.optional("auto_stop_below", decode_number),
        min_improvement=fields.optional("min_improvement", decode_number),
    )
    fields.finish()
    return stopping


def _final_measurement(data: object, _what: str) -> Measurement:
    return measurement_from_dict(data)
