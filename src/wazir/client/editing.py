"""An edit of a study from the words that users give, those of `create_study`."""

from collections.abc import Mapping, Sequence

from wazir.domain.constraints import Constraint
from wazir.domain.edits import KEEP, Keep, StudyEdit
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import limit_text
from wazir.domain.names import DEFAULT_PROJECT, StudyName, parse_study_name
from wazir.domain.parameters import Parameter, ParameterValue
from wazir.domain.safety import Limits, with_limits
from wazir.domain.stop_conditions import with_auto_stop, with_stop_conditions
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
    beliefs: Mapping[str, ParameterValue] | None = None,
    prior_studies: str | Sequence[str] | None = None,
    reference: Mapping[str, float | None] | None = None,
    auto_stop: bool | float | None = None,
    min_improvement: float | None = None,
    project_id: str = DEFAULT_PROJECT,
) -> StudyEdit:
    """Return an edit of a study with this configuration; see `wazir.client.study.Study.update`.

    Prior studies are named by their ids in the project `project_id`.

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
        study_stopping=_study_stopping(
            config.study_stopping, stop_when, auto_stop, min_improvement
        ),
        constraints=_constraints(constraints),
        safety_thresholds=_thresholds(config, safe),
        observation_noise=KEEP if noise is None else ObservationNoise.parse(noise),
        beliefs=KEEP if beliefs is None else dict(beliefs),
        prior_studies=_prior_studies(prior_studies, project_id),
        reference_values=reference or {},
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
    return tuple(map(Constraint, _without_none(given)))


def _prior_studies(
    given: str | Sequence[str] | None, project_id: str
) -> tuple[StudyName, ...] | Keep:
    if given is None:
        return KEEP
    return tuple(parse_study_name(text, project_id) for text in _without_none(given))


def _without_none(given: str | Sequence[str]) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    return [text for text in texts if text.strip().lower() != NONE]


def _study_stopping(
    present: StudyStopping | None,
    given: str | Sequence[str],
    auto_stop: bool | float | None,
    min_improvement: float | None,
) -> StudyStopping | Keep | None:
    texts = [given] if isinstance(given, str) else list(given)
    if not texts and auto_stop is None and min_improvement is None:
        return KEEP
    if [text.strip().lower() for text in texts] == [NONE]:
        present, texts = None, []
    return with_auto_stop(with_stop_conditions(present, texts), auto_stop, min_improvement)
