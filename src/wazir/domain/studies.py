"""A study: the problem to solve, how to search, and where the study stands."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from wazir.domain.beliefs import checked_beliefs, fitting_beliefs
from wazir.domain.constraints import Constraint
from wazir.domain.errors import InvalidInputError
from wazir.domain.fidelity import fidelity_parameter
from wazir.domain.hints import one_of
from wazir.domain.metrics import MeasurementSelection, Metric
from wazir.domain.names import StudyName
from wazir.domain.numbers import as_finite
from wazir.domain.parameters import ParameterValue, value_text
from wazir.domain.space import Assignment, SearchSpace
from wazir.domain.space_edits import filled, without
from wazir.domain.trials import Metadata, Trial


class StudyState(enum.Enum):
    """Whether a study takes new trials: ACTIVE does, INACTIVE is paused, COMPLETED has ended."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    COMPLETED = "COMPLETED"

    def __str__(self) -> str:
        return self.value


class ObservationNoise(enum.Enum):
    """How much a repeated trial differs: LOW trusts each value, HIGH expects noise."""

    UNSPECIFIED = "UNSPECIFIED"
    LOW = "LOW"
    HIGH = "HIGH"

    @classmethod
    def parse(cls, text: "ObservationNoise | str | None") -> "ObservationNoise":
        """Return the noise named by `text` in any case; None is UNSPECIFIED.

        Raises:
            InvalidInputError: no such word.
        """
        if text is None:
            return cls.UNSPECIFIED
        if isinstance(text, ObservationNoise):
            return text
        if text.upper() not in cls.__members__:
            raise InvalidInputError(f"noise is {one_of(['high', 'low'])}, got {text!r}")
        return cls[text.upper()]


@dataclass(frozen=True)
class EarlyStopping:
    """Which rule stops hopeless trials, with its numbers.

    `use_elapsed_time` measures progress in seconds instead of steps.
    """

    rule: str = "default"
    use_elapsed_time: bool = False
    options: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "EarlyStopping | None":
        """Return the rule in a text such as "median" or "threshold:value=0.9,step=3".

        None for "none". Upper and lower case, `-` and `_` are the same in names. Which rules and
        options there are is not known here.

        Raises:
            InvalidInputError: an option is not NAME=NUMBER.
        """
        name, _, rest = text.partition(":")
        rule = _plain_name(name)
        options = dict(_option(item) for item in rest.split(",") if item.strip())
        return None if rule == "none" else cls(rule, options=options)

    @classmethod
    def for_budgets(cls) -> "EarlyStopping":
        """Return the rule of studies with a fidelity parameter that name none."""
        return cls("asha")

    def __str__(self) -> str:
        options = ",".join(f"{name}={value:g}" for name, value in self.options.items())
        return f"{self.rule}:{options}" if options else self.rule


def _plain_name(text: str) -> str:
    return text.strip().lower().replace("-", "_")


def _option(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return _plain_name(name), as_finite(float(number), "an option of a stopping rule")
    except ValueError:
        raise InvalidInputError(
            f"an option of a stopping rule is NAME=NUMBER, got {text.strip()!r}"
        ) from None


@dataclass(frozen=True)
class StudyStopping:
    """When a study ends by itself (Vertex's studyStoppingConfig); None means no limit.

    Durations are seconds, `end_at` values Unix seconds. `auto_stop_below` is a probability between 0
    and 1: the study ends when it is less probable than that that going on improves the objective by
    more than `min_improvement`, which is in the objective's units (None: decided by the results), with
    several objectives a share of the hypervolume.
    """

    stop_as_soon_as_possible: bool = False
    min_n_trials: int | None = None
    max_n_trials: int | None = None
    max_n_trials_without_progress: int | None = None
    min_duration_s: float | None = None
    min_end_at: float | None = None
    max_duration_s: float | None = None
    max_end_at: float | None = None
    max_duration_without_progress_s: float | None = None
    auto_stop_below: float | None = None
    min_improvement: float | None = None

    def __post_init__(self) -> None:
        below, least = self.auto_stop_below, self.min_improvement
        if below is not None and not 0 < below < 1:
            raise InvalidInputError(
                f"the probability below which a study ends lies between 0 and 1, got {below!r}",
                hint="0.05 is usual",
            )
        if least is not None and not (least > 0 and math.isfinite(least)):
            raise InvalidInputError(f"an improvement is greater than 0, got {least!r}")
        for name, value in vars(self).items():
            if value is not None and value < 0:
                raise InvalidInputError(f"{name} must not be negative, got {value!r}")

    @property
    def looks_at_results(self) -> bool:
        """Whether more than the time and the numbers of trials decides."""
        rules = (
            self.max_n_trials_without_progress,
            self.max_duration_without_progress_s,
            self.auto_stop_below,
        )
        return any(rule is not None for rule in rules)


@dataclass(frozen=True)
class StudyConfig:
    """What a study optimizes and how; the first objective metric leads.

    `planned_n_trials` is the number of trials the study was made for, if known: a grid fits its
    steps to it. `old_values` are the values of parameters that were added later, for the trials
    that lack them. `constraints` are fulfilled by every point that is added. `fidelity` names the
    parameter that is the budget of an attempt, if there is one. `prior_studies` are earlier
    studies of the same storage from which it learns. `beliefs` are values of some parameters near
    which the user expects the best.

    Raises:
        InvalidInputError: no objective metric, a metric name or a prior study used twice, an
            invalid seed, a constraint that does not fit the space, a parameter that cannot be a
            budget, a belief that is no value of the space, or auto-stop where there is no advice.
    """

    space: SearchSpace
    metrics: tuple[Metric, ...]
    algorithm: str = "DEFAULT"
    seed: int = 0
    planned_n_trials: int | None = None
    observation_noise: ObservationNoise = ObservationNoise.UNSPECIFIED
    measurement_selection: MeasurementSelection = MeasurementSelection.LAST
    early_stopping: EarlyStopping | None = None
    study_stopping: StudyStopping | None = None
    old_values: Mapping[str, ParameterValue] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    fidelity: str | None = None
    prior_studies: tuple[StudyName, ...] = ()
    beliefs: Mapping[str, ParameterValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bound = dict.fromkeys(constraint.over(self.space) for constraint in self.constraints)
        object.__setattr__(self, "constraints", tuple(bound))
        object.__setattr__(self, "beliefs", checked_beliefs(self.space, self.beliefs))
        if not any(metric.is_objective for metric in self.metrics):
            raise InvalidInputError(
                "a study needs at least one metric to optimize, got none",
                hint="name it with minimize or maximize",
            )
        names = [metric.name for metric in self.metrics]
        for name in names:
            if names.count(name) > 1:
                raise InvalidInputError(f"metric {name!r} is defined twice")
        if not 0 <= self.seed < 2**63:
            raise InvalidInputError(f"a seed must lie in [0, 2**63), got {self.seed!r}")
        if self.planned_n_trials is not None and self.planned_n_trials < 1:
            raise InvalidInputError(
                f"the number of trials must be at least 1, got {self.planned_n_trials!r}"
            )
        if self.fidelity is not None:
            fidelity_parameter(self.space, self.fidelity)
            if self.fidelity in self.beliefs:
                raise InvalidInputError(
                    f"there is a belief about the fidelity parameter {self.fidelity!r}, which is "
                    "not searched: each trial begins with a small one",
                    hint="leave the belief out",
                )
            if any(self.fidelity in constraint.names for constraint in self.constraints):
                raise InvalidInputError(
                    f"a constraint cannot hold the fidelity parameter {self.fidelity!r}, "
                    "which changes while a trial goes on"
                )
        for prior in self.prior_studies:
            if self.prior_studies.count(prior) > 1:
                raise InvalidInputError(f"the prior study {prior.study_id!r} is named twice")
        stopping = self.study_stopping
        is_auto = stopping is not None and stopping.auto_stop_below is not None
        if is_auto and self.fidelity is not None:
            raise InvalidInputError(
                "there is no advice on going on for a study with budgets that grow, so auto-stop "
                "cannot act",
                hint="leave auto-stop out, or say stop_when (--stop-when)",
            )

    @property
    def objectives(self) -> tuple[Metric, ...]:
        """The metrics that are optimized."""
        return tuple(metric for metric in self.metrics if metric.is_objective)

    @property
    def objective(self) -> Metric:
        """The first objective metric."""
        return self.objectives[0]

    @property
    def safety_metrics(self) -> tuple[Metric, ...]:
        """The metrics that have a limit to keep."""
        return tuple(metric for metric in self.metrics if not metric.is_objective)

    def completed(self, trial: Trial) -> Trial:
        """Return a trial with the old values of parameters that were added after it."""
        values = filled(self.space, trial.parameters, self.old_values)
        return trial if values is trial.parameters else replace(trial, parameters=values)

    def check_point(self, parameters: Mapping[str, ParameterValue]) -> Assignment:
        """Return a point in canonical types; it lies in the space and fulfils all constraints.

        Raises:
            InvalidInputError: it does not; every constraint that fails is named.
        """
        point = self.space.check(parameters)
        failures = self.broken_constraints(point)
        if failures:
            raise InvalidInputError("\n".join(failures))
        return point

    def broken_constraints(self, point: Mapping[str, ParameterValue]) -> list[str]:
        """Return one line for each constraint that a point of the space does not fulfil."""
        return [c.describe_failure(point) for c in self.constraints if not c.holds(point)]

    def admits(self, point: Mapping[str, ParameterValue]) -> bool:
        """Return whether a point of the space fulfils all constraints."""
        return all(constraint.holds(point) for constraint in self.constraints)

    def contains(self, trial: Trial) -> bool:
        """Return whether a trial is a point of the study as it is now, which an edit may change.

        A budget that it has had always fits.
        """
        values, config = self.completed(trial).parameters, self
        if trial.rungs:
            values, config = self.without_budget(values), self.searched
        try:
            config.check_point(values)
        except InvalidInputError:
            return False
        return True

    def with_defaults(self, values: Mapping[str, ParameterValue]) -> Assignment:
        """Return `values` with a default or middle value for each active parameter left out.

        A budget that is left out stays so: the rule of the study chooses it.
        """
        if self.fidelity is None or self.fidelity in values:
            return self.space.complete(values)
        return self.searched.space.complete(values)

    def budget_text(self, budget: float) -> str:
        """Return a budget such as "epochs 9 of 81"; "" without a fidelity parameter."""
        if self.fidelity is None:
            return ""
        full = fidelity_parameter(self.space, self.fidelity).max_value
        return f"{self.fidelity} {value_text(budget)} of {value_text(full)}"

    def without_budget(self, values: Mapping[str, ParameterValue]) -> Assignment:
        """Return the values of the parameters that are searched."""
        return {name: value for name, value in values.items() if name != self.fidelity}

    @cached_property
    def searched(self) -> "StudyConfig":
        """The study as an algorithm sees it: the fidelity parameter is not searched."""
        if self.fidelity is None:
            return self
        space = without(self.space, (self.fidelity,))
        beliefs = fitting_beliefs(space, self.beliefs)
        return replace(self, space=space, fidelity=None, beliefs=beliefs)


def study_ids_text(names: tuple[StudyName, ...]) -> str:
    """Return the ids of studies, "none" for none."""
    return ", ".join(name.study_id for name in names) or "none"


@dataclass(frozen=True)
class TrialCounts:
    """How many trials of a study are in which state."""

    requested: int = 0
    active: int = 0
    stopping: int = 0
    succeeded: int = 0
    infeasible: int = 0

    @property
    def total(self) -> int:
        """All trials."""
        return self.completed + self.pending

    @property
    def completed(self) -> int:
        """Trials that have ended, with or without a result."""
        return self.succeeded + self.infeasible

    @property
    def pending(self) -> int:
        """Trials that have not ended."""
        return self.requested + self.active + self.stopping


@dataclass(frozen=True)
class Study:
    """A stored study.

    `revision` grows with every change; `config_revision` is the revision of the last edit of the
    configuration or deletion of a trial. Times are Unix seconds.
    """

    name: StudyName
    config: StudyConfig
    state: StudyState = StudyState.ACTIVE
    metadata: Metadata = field(default_factory=dict)
    created_at: float = 0.0
    revision: int = 0
    config_revision: int = 0
