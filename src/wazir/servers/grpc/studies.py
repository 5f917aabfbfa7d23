"""Studies of OSS Vizier: their names, and their StudySpec as the configuration of a study."""

import base64
import re
from dataclasses import replace
from typing import Any

from wazir.app.registry import canonical_name
from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.names import StudyName
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, ObservationNoise, Study, StudyConfig
from wazir.servers.grpc.messages import vizier
from wazir.servers.grpc.metadata import fill_metadata, metadata_from
from wazir.servers.grpc.parameters import fill_parameters, parameters_from, type_integers
from wazir.service.display_names import display_name_of, study_name_for
from wazir.service.foreign_states import STUDY_STATES

_NAMESPACE, _SPEC_KEY = "wazir.foreign", "oss_study_spec"
_OWNER = re.compile(r"owners/(?P<owner>[^/]+)")
_STUDY = re.compile(rf"{_OWNER.pattern}/studies/(?P<study>[^/]+)")
_TRIAL = re.compile(rf"{_STUDY.pattern}/trials/(?P<trial>[1-9]\d{{0,15}})", re.ASCII)
_GOALS = {2: Goal.MINIMIZE}
# The longest duration that a message may have, ten thousand years.
MAX_S = 315_576_000_000
_NOISES = {1: ObservationNoise.LOW, 2: ObservationNoise.HIGH}


def owner_of(name: str) -> str:
    """Return the owner that "owners/O" names. Raises InvalidInputError."""
    match = _OWNER.fullmatch(name)
    if match is None:
        raise InvalidInputError(f"parent: must be owners/OWNER, got {name[:200]!r}")
    return match["owner"]


def study_name_of(name: str) -> StudyName:
    """Return the study that "owners/O/studies/S" names. Raises InvalidInputError."""
    match = _STUDY.fullmatch(name)
    if match is None:
        raise InvalidInputError(f"name: must be owners/OWNER/studies/STUDY, got {name[:200]!r}")
    return study_name_for(match["owner"], match["study"])


def trial_name_of(name: str) -> tuple[StudyName, int]:
    """Return the study and the trial that "owners/O/studies/S/trials/N" names.

    Raises:
        InvalidInputError: no such form.
        NotFoundError: a trial that is no number from 1 on.
    """
    match = _TRIAL.fullmatch(name)
    if match is None:
        head, separator, rest = name.rpartition("/trials/")
        if separator and _STUDY.fullmatch(head) and rest and "/" not in rest:
            raise NotFoundError(f"there is no trial {rest[:40]!r}: ids are numbers from 1 on")
        raise InvalidInputError(
            f"name: must be owners/OWNER/studies/STUDY/trials/N, got {name[:200]!r}"
        )
    return study_name_for(match["owner"], match["study"]), int(match["trial"])


def full_name(study: Study) -> str:
    """Return the name by which clients of OSS Vizier know a study."""
    return f"owners/{study.name.project_id}/studies/{display_name_of(study)}"


def config_from_spec(spec: Any, path: str) -> StudyConfig:
    """Return the configuration of a StudySpec message.

    Raises:
        InvalidInputError: a value breaks a rule; it names the place.
    """
    metrics = tuple(
        _metric(metric, f"{path}.metrics[{index}]") for index, metric in enumerate(spec.metrics)
    )
    parameters = parameters_from(spec.parameters, f"{path}.parameters")
    try:
        stops = spec.WhichOneof("automated_stopping_spec") is not None
        return StudyConfig(
            SearchSpace(parameters),
            metrics,
            algorithm=canonical_name(spec.algorithm or "DEFAULT"),
            observation_noise=_NOISES.get(spec.observation_noise, ObservationNoise.UNSPECIFIED),
            early_stopping=EarlyStopping() if stops else None,
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}", hint=error.hint) from None


def metadata_of_spec(spec: Any, path: str) -> dict[str, dict[str, str]]:
    """Return the metadata of a StudySpec, and the rest of it as it was given."""
    kept = vizier("StudySpec")()
    kept.CopyFrom(spec)
    kept.ClearField("metadata")
    own = {_NAMESPACE: {_SPEC_KEY: base64.b64encode(kept.SerializeToString()).decode()}}
    return {**metadata_from(spec.metadata, f"{path}.metadata"), **own}


def study_message(study: Study) -> Any:
    """Return the Study message of a study."""
    written = vizier("Study")(
        name=full_name(study),
        display_name=display_name_of(study),
        state=STUDY_STATES[study.state].number,
    )
    written.study_spec.CopyFrom(_spec(study))
    fill_metadata(written.study_spec.metadata, study.metadata)
    fill_time(written.create_time, study.created_at)
    return written


def fill_time(target: Any, at: float) -> None:
    """Write Unix seconds, or a duration in seconds; more than MAX_S becomes MAX_S."""
    at = min(at, MAX_S)
    target.seconds = int(at // 1)
    target.nanos = min(999_999_999, round(at % 1 * 1e9))


def _spec(study: Study) -> Any:
    """Return the StudySpec of a study: as it was given, unless it was edited since."""
    text = study.metadata.get(_NAMESPACE, {}).get(_SPEC_KEY)
    given = vizier("StudySpec")()
    if text is not None:
        given.MergeFromString(base64.b64decode(text))
        try:
            meant = config_from_spec(given, "study_spec")
        except InvalidInputError:
            # What was allowed when the study was made.
            return _spec_from_config(study.config)
        if replace(meant, seed=study.config.seed) == study.config:
            for parameter in given.parameters:
                type_integers(parameter)
            return given
    return _spec_from_config(study.config)


def _spec_from_config(config: StudyConfig) -> Any:
    spec = vizier("StudySpec")(algorithm=config.algorithm)
    fill_parameters(spec.parameters, config.space.parameters)
    for metric in config.metrics:
        _fill_metric(spec.metrics.add(), metric)
    numbers = {noise: number for number, noise in _NOISES.items()}
    spec.observation_noise = numbers.get(config.observation_noise, 0)
    if config.early_stopping is not None:
        spec.default_stopping_spec.SetInParent()
    return spec


def _metric(spec: Any, path: str) -> Metric:
    safety = spec.safety_config if spec.HasField("safety_config") else None
    has_fraction = safety is not None and safety.HasField("desired_min_safe_trials_fraction")
    try:
        return Metric(
            spec.metric_id,
            _GOALS.get(spec.goal, Goal.MAXIMIZE),
            None if safety is None else safety.safety_threshold,
            safety.desired_min_safe_trials_fraction
            if safety is not None and has_fraction
            else None,
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}", hint=error.hint) from None


def _fill_metric(spec: Any, metric: Metric) -> None:
    spec.metric_id = metric.name
    spec.goal = 2 if metric.goal is Goal.MINIMIZE else 1
    if metric.safety_threshold is not None:
        spec.safety_config.safety_threshold = metric.safety_threshold
        if metric.min_safe_fraction is not None:
            spec.safety_config.desired_min_safe_trials_fraction = metric.min_safe_fraction
