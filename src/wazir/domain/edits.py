"""Editing a study: what is to change, the configuration that comes of it, and the way back."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, TypeAlias

from wazir.domain.beliefs import belief_texts, fitting_beliefs
from wazir.domain.constraints import Constraint, constraint_differences
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.metrics import MeasurementSelection, Metric, with_references
from wazir.domain.names import StudyName
from wazir.domain.parameters import Parameter, ParameterValue, value_text
from wazir.domain.space import SearchSpace
from wazir.domain.space_edits import frozen, old_value_of, with_parameters, without
from wazir.domain.stop_conditions import describe_stop_conditions
from wazir.domain.studies import (
    EarlyStopping,
    ObservationNoise,
    StudyConfig,
    StudyStopping,
    study_ids_text,
)


class Keep(enum.Enum):
    """Stands for "as it is", where None has a meaning of its own."""

    KEEP = "KEEP"


KEEP: Final = Keep.KEEP
OldValues: TypeAlias = Mapping[str, ParameterValue | None]


@dataclass(frozen=True)
class StudyEdit:
    """Changes of a study's configuration; what is left out stays as it is.

    The fields that are KEEP by default replace the configuration's field of that name; one more
    of them is one line here and one in `wazir.domain.edit_codec`. Metrics and goals cannot be
    edited: values of another metric cannot be compared with those that are there.

    Attributes:
        parameters: definitions of parameters that are there, which they replace, and of new ones.
            One with a condition becomes a child; see `wazir.domain.space_edits`.
        freeze: parameters that keep one value from now on; done after `parameters`.
        remove: parameters that the program does not take any more.
        old_values: the values of parameters that earlier trials lack; None forgets one.
        safety_thresholds: new thresholds of safety metrics.
        reference_values: new reference values of objectives; None leaves one to be chosen.
        space: another search space, to which the changes of parameters are made.
    """

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    freeze: Mapping[str, ParameterValue] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    old_values: OldValues = field(default_factory=dict)
    safety_thresholds: Mapping[str, float] = field(default_factory=dict)
    reference_values: Mapping[str, float | None] = field(default_factory=dict)
    space: SearchSpace | Keep = KEEP
    algorithm: str | Keep = KEEP
    planned_n_trials: int | Keep | None = KEEP
    observation_noise: ObservationNoise | Keep = KEEP
    measurement_selection: MeasurementSelection | Keep = KEEP
    early_stopping: EarlyStopping | Keep | None = KEEP
    study_stopping: StudyStopping | Keep | None = KEEP
    constraints: tuple[Constraint, ...] | Keep = KEEP
    beliefs: Mapping[str, ParameterValue] | Keep = KEEP
    prior_studies: tuple[StudyName, ...] | Keep = KEEP

    @property
    def settings(self) -> dict[str, Any]:
        """The fields of a configuration that are replaced, with their new values."""
        return {name: value for name in SETTINGS if (value := getattr(self, name)) is not KEEP}


SETTINGS = tuple(field.name for field in fields(StudyEdit) if field.default is KEEP)


def apply(config: StudyConfig, edit: StudyEdit) -> StudyConfig:
    """Return the configuration after an edit.

    Raises:
        InvalidInputError: a name is unknown, or the result breaks a rule of the configuration.
    """
    settings = edit.settings
    space = with_parameters(settings.pop("space", config.space), edit.parameters)
    space = frozen(without(space, edit.remove), edit.freeze)
    settings.setdefault("beliefs", fitting_beliefs(space, config.beliefs))
    metrics = _with_thresholds(config.metrics, edit.safety_thresholds)
    return replace(
        config,
        **settings,
        space=space,
        metrics=with_references(metrics, edit.reference_values),
        old_values=_old_values(config, edit, space),
    )


def inverse(config: StudyConfig, edit: StudyEdit) -> StudyEdit:
    """Return the edit that leads back to `config` from what `edit` makes of it."""
    settings = {name: getattr(config, name) for name in edit.settings}
    if edit.parameters or edit.freeze or edit.remove:
        settings["space"] = config.space
    if "space" in settings:
        settings["beliefs"] = config.beliefs
    references = {metric.name: metric.reference_value for metric in config.objectives}
    known = {metric.name: metric.safety_threshold for metric in config.metrics}
    thresholds = {name: known.get(name) for name in edit.safety_thresholds}
    old_values = dict.fromkeys(edit.old_values) | dict(config.old_values)
    return StudyEdit(
        **settings,
        old_values=old_values,
        safety_thresholds={name: old for name, old in thresholds.items() if old is not None},
        reference_values={name: references.get(name) for name in edit.reference_values},
    )


def describe_changes(old: StudyConfig, new: StudyConfig) -> list[str]:
    """Return one line for each thing that differs: "algorithm: was DEFAULT, is TPE"."""
    lines = old.space.differences(new.space)
    for name, value in new.old_values.items():
        if old.old_values.get(name) != value:
            lines.append(f"{name}: trials that lack it count as {value_text(value)}")
    for metric, changed in zip(old.metrics, new.metrics, strict=True):
        for what in ("safety_threshold", "reference_value"):
            was, now = getattr(metric, what), getattr(changed, what)
            if was != now:
                label = _LABELS[what]
                lines.append(f"{metric.name}: {label} was {_text(was)}, is {_text(now)}")
    for name in SETTINGS:
        before, after = getattr(old, name), getattr(new, name)
        if name == "constraints":
            lines += constraint_differences(before, after)
        elif name != "space" and before != after:
            lines.append(f"{_LABELS.get(name, name)}: was {_text(before)}, is {_text(after)}")
    return lines


_LABELS = {
    "planned_n_trials": "trials",
    "observation_noise": "observation noise",
    "measurement_selection": "measurement selection",
    "early_stopping": "early stopping",
    "study_stopping": "ends when",
    "prior_studies": "prior studies",
    "safety_threshold": "threshold",
    "reference_value": "reference value",
}


def _text(value: object) -> str:
    if isinstance(value, StudyStopping):
        return ", ".join(describe_stop_conditions(value)) or "none"
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return ", ".join(belief_texts(value)) or "none"
    if isinstance(value, tuple):
        return study_ids_text(value)
    if isinstance(value, float):
        return value_text(value)
    return "none" if value is None else str(value)


def _with_thresholds(
    metrics: tuple[Metric, ...], thresholds: Mapping[str, float]
) -> tuple[Metric, ...]:
    safety = [metric.name for metric in metrics if not metric.is_objective]
    for name in thresholds:
        if name not in safety:
            known = one_of(safety) if safety else "not there in this study"
            raise InvalidInputError(
                f"a safety metric is {known}, got {name!r}",
                hint=did_you_mean(name, safety)
                or "which metrics a study has stays as it is; make a new study for others",
            )
    return tuple(
        replace(metric, safety_threshold=thresholds.get(metric.name, metric.safety_threshold))
        for metric in metrics
    )


def _old_values(
    config: StudyConfig, edit: StudyEdit, space: SearchSpace
) -> dict[str, ParameterValue]:
    known = dict(space.walk())
    given = {name: value for name, value in edit.old_values.items() if value is not None}
    for name in given:
        if name not in known:
            raise InvalidInputError(
                f"there is no parameter {name!r} to which an old value could belong",
                hint=did_you_mean(name, known),
            )
    kept = {n: v for n, v in config.old_values.items() if n not in edit.old_values and n in known}
    return kept | {name: old_value_of(known[name], value) for name, value in given.items()}
