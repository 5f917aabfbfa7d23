"""Earlier studies as a new one sees them: their trials in its search space, by its objective.

Parameters are matched by name, numbers with numbers and categories with categories. A trial with
a value that the new space does not allow is left out. A parameter that the earlier study lacks
is unknown in its trials; one that the new space lacks is forgotten.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from wazir.algorithms.protocol import PriorStudy
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Metric
from wazir.domain.middles import default_or_middle
from wazir.domain.parameters import Categorical, Parameter, ParameterValue
from wazir.domain.space import Assignment, SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial

# A model of more trials would cost more than it tells: the best are kept, and others spread over
# the study.
MAX_TRIALS = 200
_BEST_SHARE = 0.5
# The algorithms that model earlier studies; others that read trials only begin with their best.
MODELLED_BY = frozenset({"DEFAULT", "GP_BANDIT"})
IGNORED_BY = frozenset({"GRID_SEARCH", "QUASI_RANDOM_SEARCH", "RANDOM_SEARCH"})
# With one earlier study its best configurations are tried first; with several the best of each.
N_FIRST, _MAX_FIRST = 2, 3


@dataclass(frozen=True)
class PriorTrial:
    """A trial of an earlier study: a point of the new space, and its loss.

    The loss is smaller where better and NaN where there is none.
    """

    id: int
    point: Assignment
    loss: float


@dataclass(frozen=True)
class Transfer:
    """What can be used of one earlier study.

    `trials` are in the order of their ids, 200 at most. `unknown` are the parameters of the new
    space that the earlier study lacks: its points have defaults or middles there. `doubts` say
    what cannot be used, and why.
    """

    study_id: str
    trials: tuple[PriorTrial, ...]
    unknown: frozenset[str]
    doubts: tuple[str, ...]

    @property
    def n_observed(self) -> int:
        """Number of trials with a loss."""
        return sum(math.isfinite(trial.loss) for trial in self.trials)

    def best(self, n: int) -> list[PriorTrial]:
        """Return the trials of the best different points, best first, at most n."""
        found: list[PriorTrial] = []
        seen = [trial for trial in self.trials if math.isfinite(trial.loss)]
        for trial in sorted(seen, key=lambda trial: trial.loss):
            if all(trial.point != other.point for other in found):
                found.append(trial)
            if len(found) == n:
                break
        return found


def transfers(config: StudyConfig, priors: Sequence[PriorStudy]) -> list[Transfer]:
    """Return what can be used of each earlier study, those of no use included."""
    return [_transfer(config, prior) for prior in priors]


def first_points(found: Sequence[Transfer]) -> list[tuple[Assignment, str]]:
    """Return the points to try first, each with the trial from which it comes.

    Of one earlier study the two best, of several the best of each of the first three; a point that
    is the best of two studies counts once, and a second best one comes for it.
    """
    useful = [transfer for transfer in found if transfer.n_observed]
    rounds = zip_longest(*([(one, trial) for trial in one.best(N_FIRST)] for one in useful))
    points: list[tuple[Assignment, str]] = []
    for transfer, trial in (pair for one in rounds for pair in one if pair is not None):
        if all(trial.point != point for point, _ in points):
            points.append((trial.point, f"trial {trial.id} of {transfer.study_id}"))
    return points[: max(N_FIRST, min(len(useful), _MAX_FIRST))]


@dataclass
class FirstPoints:
    """Finds the points to try first and keeps those of the last study: that saves time only."""

    _key: tuple[StudyConfig, tuple[PriorStudy, ...]] | None = None
    _points: list[tuple[Assignment, str]] = field(default_factory=list)

    def of(
        self, config: StudyConfig, priors: Sequence[PriorStudy]
    ) -> Sequence[tuple[Assignment, str]]:
        """Return what `first_points` finds in earlier studies for a study of a configuration."""
        if not priors:
            return ()
        key = (config, tuple(priors))
        if self._key != key:
            self._points, self._key = first_points(transfers(config, priors)), key
        return self._points


def _transfer(config: StudyConfig, prior: PriorStudy) -> Transfer:
    study_id = prior.name.study_id
    metric = _matching_metric(config, prior.config)
    if metric is None:
        doubt = f"none of its metrics is {config.objective.name!r}"
        if len(config.objectives) > 1:
            doubt = "a study with several objectives learns nothing from prior ones"
        return Transfer(study_id, (), frozenset(), (doubt,))
    earlier = prior.config.searched.space
    matched = _matching_names(config.space, earlier)
    doubts = list(_space_doubts(config.space, earlier, matched))
    if not matched:
        return Transfer(study_id, (), frozenset(), ("no parameter is the same",))
    rows = map(prior.config.completed, prior.completed)
    trials = [trial for row in rows if (trial := _seen(config, row, metric, matched))]
    n_outside = len(prior.completed) - len(trials)
    if n_outside:
        verb = "lies" if n_outside == 1 else "lie"
        of = len(prior.completed)
        doubts.append(f"{n_outside} of its {of} trials {verb} outside of the search space")
    if not any(math.isfinite(trial.loss) for trial in trials):
        doubts.append("no trial with a result is left")
    unknown = frozenset(name for name, _ in config.space.walk() if name not in matched)
    return Transfer(study_id, _bounded(trials), unknown, tuple(doubts))


def _matching_metric(config: StudyConfig, earlier: StudyConfig) -> Metric | None:
    """Return the earlier metric, with the goal that its values are judged by; None without one.

    One of the same name is judged by the new goal. Else, where the earlier study had only one
    objective, that one stands for it, with its own goal.
    """
    if len(config.objectives) > 1:
        return None
    if config.objective.name in [metric.name for metric in earlier.metrics]:
        return config.objective
    return earlier.objective if len(earlier.objectives) == 1 else None


def _matching_names(space: SearchSpace, earlier: SearchSpace) -> frozenset[str]:
    known = dict(earlier.walk())
    return frozenset(
        name
        for name, parameter in space.walk()
        if name in known and _is_named(parameter) == _is_named(known[name])
    )


def _is_named(parameter: Parameter) -> bool:
    return isinstance(parameter, Categorical)


def _space_doubts(
    space: SearchSpace, earlier: SearchSpace, matched: frozenset[str]
) -> Iterator[str]:
    new = [name for name in dict(space.walk()) if name not in matched]
    gone = [name for name in dict(earlier.walk()) if name not in matched]
    if new:
        yield f"it says nothing of {', '.join(new)}"
    if gone:
        yield f"its {', '.join(gone)} {'is' if len(gone) == 1 else 'are'} not used"


def _seen(
    config: StudyConfig, trial: Trial, metric: Metric, matched: frozenset[str]
) -> PriorTrial | None:
    """Return a trial as a point of the new space, None where it is outside."""
    known = {name: value for name, value in trial.parameters.items() if name in matched}
    try:
        point = config.check_point(_point(config.space, known))
        return PriorTrial(trial.id, point, _loss(trial, metric))
    except InvalidInputError:
        return None


def _point(space: SearchSpace, known: Mapping[str, ParameterValue]) -> Assignment:
    point: Assignment = {}
    # `active` looks at the value of a parent only when it comes to its children.
    for name, parameter in space.active(point):
        value = known[name] if name in known else default_or_middle(parameter)
        point[name] = parameter.check(value)
    return point


def _loss(trial: Trial, metric: Metric) -> float:
    value = trial.final_value(metric)
    return math.nan if value is None else metric.loss(value)


def _bounded(trials: Sequence[PriorTrial]) -> tuple[PriorTrial, ...]:
    """Return the best trials and others evenly spread over the study, in the order of ids."""
    if len(trials) <= MAX_TRIALS:
        return tuple(trials)
    n_best = int(_BEST_SHARE * MAX_TRIALS)
    order = sorted(trials, key=lambda trial: (math.isnan(trial.loss), trial.loss))
    others = sorted(order[n_best:], key=lambda trial: trial.id)
    n_others = MAX_TRIALS - n_best
    # The newest one belongs to them.
    spread = [others[(i + 1) * len(others) // n_others - 1] for i in range(n_others)]
    return tuple(sorted([*order[:n_best], *spread], key=lambda trial: trial.id))
