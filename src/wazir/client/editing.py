"""An edit of a study from the words that users give, those of `create_study`."""

from collections.abc import Mapping, Sequence

from wazir.domain.constraints import Constraint
from wazir.domain.edits import KEEP, Keep, StudyEdit
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import limit_text
from wazir.domain.parameters import Parameter, ParameterValue
from wazir.domain.safety import Limits, with_limits
from wazir.domain.stop_conditions import with_stop_conditions
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyConfig, StudyStopping

NONE = "none"


def edit_in_words(  # noqa: PLR0913 - all but the first are optional keywords
    config: StudyConfig,
    *,
    parameters: Mapping[str, Parameter] | None = None,
    old_values: Mapping[str, ParameterValue] | None = None,
    freeze: Mapping[str, ParameterValue] | None = None,
    remove: str | Sequence[str] = (),
    n_trials: int | None = None,
    algorithm: str | None = None,
    early_stopping: str | EarlyStopping | None = None,
    stop_when: str | Sequence[str] = (),
    constraints: str | Sequence[str] | None = None,
    safe: Limits = (),
    noise: str | None = None,
) -> StudyEdit:
    """Return an edit of a study with this configuration; see `wazir.client.study.Study.update`.

    Raises:
        InvalidInputError: a text breaks a rule.
    """
    return StudyEdit(
        parameters=parameters or {},
        old_values=old_values or {},
        freeze=freeze or {},
        remove=(remove,) if isinstance(remove, str) else tuple(remove),
        algorithm=KEEP if algorithm is None else algorithm,
        planned_n_trials=KEEP if n_trials is None else n_trials,
        early_stopping=_early_stopping(early_stopping),
        study_stopping=_study_stopping(config.study_stopping, stop_when),
        constraints=_constraints(constraints),
        safety_thresholds=_thresholds(config, safe),
        observation_noise=KEEP if noise is None else ObservationNoise.parse(noise),
    )


def _early_stopping(given: str | EarlyStopping | None) -> EarlyStopping | Keep | None:
    if given is None:
        return KEEP
    return EarlyStopping.parse(given) if isinstance(given, str) else given


def _thresholds(config: StudyConfig, limits: Limits) -> dict[str, float]:
    """Return the thresholds that limits say; their directions are those that are there."""
    goals = {metric.name: metric.goal for metric in config.safety_metrics}
    found = {}
    for metric in with_limits((), limits):
        if metric.min_safe_fraction is not None or metric.goal is not goals.get(
            metric.name, metric.goal
        ):
            raise InvalidInputError(
                f"only the number in a limit can be edited, got {limit_text(metric)!r}",
                hint="the direction, and the share of trials that keep it, stay as they are",
            )
        if metric.safety_threshold is not None:
            found[metric.name] = metric.safety_threshold
    return found


def _constraints(given: str | Sequence[str] | None) -> tuple[Constraint, ...] | Keep:
    if given is None:
        return KEEP
    texts = [given] if isinstance(given, str) else list(given)
    return tuple(Constraint(text) for text in texts if text.strip().lower() != NONE)


def _study_stopping(
    present: StudyStopping | None, given: str | Sequence[str]
) -> StudyStopping | Keep | None:
    texts = [given] if isinstance(given, str) else list(given)
    if not texts:
        return KEEP
    if [text.strip().lower() for text in texts] == [NONE]:
        return None
    return with_stop_conditions(present, texts)
