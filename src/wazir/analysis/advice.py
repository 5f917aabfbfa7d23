"""Whether it is worth going on: how probable an improvement is, and how much of it per hour.

Two views of the same question are combined. The model's: the share of functions drawn from it in
which the search's next steps improve on the best (`wazir.analysis.rollout`). The record's: of a
search that has gone without improvement for long, less is to be expected; where the best of n equally
distributed values is as likely to be the last as any other, k more values beat it with odds of k / n.
The model does not know how often it was wrong; the record does not know how much is left to find. A
logistic regression weighs them, see `probability_of`. For several objectives there is the record alone.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev
from typing import TypeAlias

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Metric
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState, is_safe

MIN_N_RESULTS = 8
N_MORE_TRIALS = 10
_MAX_N_MORE_TRIALS = 1000
# Of several objectives a growth of the hypervolume matters from this share of it.
_SHARE_OF_HYPERVOLUME = 0.01
# The steps of these are those that the model takes.
_MODELLED = frozenset({"DEFAULT", "GP_BANDIT"})
# An improvement matters from this share of the distance between the best and the median value.
_SHARE_THAT_MATTERS = 0.01
# Constant, weight of the model and weight of the record: fitted on the suite `development` by
# benchmarks/advice.py.
_CONSTANT, _MODEL, _RECORD = -0.32, 0.49, 0.54
_N_TIMED = 20
# Shorter than this is not told as a rate per hour.
_LEAST_S = 900.0


@dataclass(frozen=True)
class Advice:
    """What going on with a study may bring; get it as `Study.advice()`.

    Improvements are positive, in the objective's units. Numbers are None where there is no advice.

    Attributes:
        n_more: the number of trials that is asked about.
        more_than: the improvement that matters, None while that is not known.
        n_results: the number of results that the answer is based on.
        probability: how probable it is that so many trials improve on the best by more than that.
        expected_improvement: by how much they improve on average, where less than that counts as
            nothing.
        per_hour: the same per hour, at the pace of the last trials; None while that is not known,
            and where the trials that are asked about end within a quarter of an hour: what many
            more of them would bring in an hour was not asked.
        reason: why there is no advice, "" if there is.
        is_of_front: whether it is about several objectives: `more_than` is the share by which the
            hypervolume grows, and no amount is expected.
        is_of_default: whether it is about trials of the default algorithm, and the study has another.
    """

    n_more: int
    more_than: float | None
    n_results: int
    probability: float | None = None
    expected_improvement: float | None = None
    per_hour: float | None = None
    reason: str = ""
    is_of_front: bool = False
    is_of_default: bool = False

    def __post_init__(self) -> None:
        if (self.probability is None) == (not self.reason):
            raise InvalidInputError("advice has a probability, or a reason for having none")
        if self.probability is not None and not 0.0 < self.probability < 1.0:
            raise InvalidInputError(
                f"a probability lies between 0 and 1, got {self.probability!r}"
            )

    def text(self, metric: str) -> str:
        """Return "12 % chance that 10 more trials improve loss by more than 0.002"."""
        if self.probability is None or self.more_than is None:
            return f"no advice: {self.reason}"
        is_one = self.n_more == 1
        trials = "one more trial" if is_one else f"{self.n_more} more trials"
        of = " of the default algorithm" * self.is_of_default
        verb = ("enlarge" if self.is_of_front else "improve") + "s" * is_one
        by = f"{100 * self.more_than:.3g} %" if self.is_of_front else f"{self.more_than:.3g}"
        what = "the hypervolume" if self.is_of_front else metric
        chance = _percent(self.probability)
        return f"{chance} chance that {trials}{of} {verb} {what} by more than {by}"


def _percent(probability: float) -> str:
    """Return a probability as it may be said: never 0 % or 100 %."""
    if probability < 0.001:
        return "less than 0.1 %"
    return "more than 99 %" if probability > 0.99 else f"{100 * probability:.2g} %"


Improvements: TypeAlias = Callable[[StudyConfig, Sequence[Trial], int], Sequence[float]]


def model_improvements(
    config: StudyConfig, trials: Sequence[Trial], n_more: int
) -> Sequence[float]:
    """Return `wazir.analysis.rollout.improvements`; numpy is loaded by the first call."""
    from wazir.analysis.rollout import improvements  # noqa: PLC0415 - heavy

    return improvements(config, trials, n_more)


def advise(
    config: StudyConfig,
    trials: Sequence[Trial],
    n_more: int = N_MORE_TRIALS,
    more_than: float | None = None,
    *,
    improvements: Improvements = model_improvements,
) -> Advice:
    """Return how probable it is that `n_more` trials improve on the best by `more_than`.

    `trials` are all of the study; those that have ended count, if they can be used
    (`wazir.domain.best`). `more_than` is positive, in the objective's units, by default a hundredth of
    the distance between the best and the median value, rounded to one digit. It is about the true
    value of the configuration that is believed best, not about the luckiest value. The steps of the
    default algorithm are assumed, and results that come one after the other. Limits of safety
    metrics are not known to the model that is asked, so with them it expects too much.

    Of several objectives `more_than` is a share of the hypervolume, by default 0.01, and the record
    alone is asked: see `wazir.analysis.front_record`.

    `improvements` makes the model's part; it raises ArithmeticError where there is no model.

    Raises:
        InvalidInputError: a number outside its range.
    """
    if not 1 <= n_more <= _MAX_N_MORE_TRIALS:
        raise InvalidInputError(
            f"the number of trials to come lies in [1, {_MAX_N_MORE_TRIALS}], got {n_more!r}"
        )
    if more_than is not None and not (more_than > 0 and math.isfinite(more_than)):
        raise InvalidInputError(f"an improvement is greater than 0, got {more_than!r}")
    ended = [trial for trial in trials if trial.state.is_final and _counts(trial, config)]
    results = _results(ended)
    reason = _why_none(config, results)
    if reason:
        return Advice(n_more, more_than, len(results), reason=reason)
    if len(config.objectives) > 1:
        return _advice_on_front(config, results, n_more, more_than or _SHARE_OF_HYPERVOLUME)
    losses = [_loss(trial, config.objective) for trial in results]
    matters = improvement_that_matters(losses) if more_than is None else more_than
    try:
        by_id = sorted(ended, key=lambda trial: trial.id)
        gains = improvements(config, by_id, n_more)
    except ArithmeticError as error:
        return Advice(n_more, matters, len(losses), reason=f"there is no model: {error}")
    large = [gain for gain in gains if gain > matters]
    n_idle = trials_since_improvement(losses, matters)
    probability = probability_of(len(large), len(gains), n_more, n_idle)
    expected = probability * (fmean(large) if large else matters)
    return Advice(
        n_more,
        matters,
        len(losses),
        probability=probability,
        expected_improvement=expected,
        per_hour=_per_hour(expected, n_more, seconds_per_trial(ended)),
        is_of_default=config.algorithm not in _MODELLED,
    )


def _per_hour(expected: float, n_more: int, pace_s: float | None) -> float | None:
    if pace_s is None or n_more * pace_s < _LEAST_S:
        return None
    return expected / (n_more * pace_s) * 3600.0


def _advice_on_front(
    config: StudyConfig, results: Sequence[Trial], n_more: int, more_than: float
) -> Advice:
    from wazir.analysis.front_record import results_since_growth  # noqa: PLC0415 - numpy

    n = len(results)
    try:
        n_idle = results_since_growth(config, results, more_than)
    except ArithmeticError as error:
        return Advice(n_more, more_than, n, reason=str(error), is_of_front=True)
    probability = (n_more + 1) / (n_more + n_idle + 2)
    return Advice(n_more, more_than, n, probability=probability, is_of_front=True)


def _counts(trial: Trial, config: StudyConfig) -> bool:
    is_result = trial.state is TrialState.SUCCEEDED
    if is_result and any(trial.final_value(metric) is None for metric in config.objectives):
        return False
    return (not is_result or is_safe(trial, config.metrics)) and config.contains(trial)


def _results(ended: Sequence[Trial]) -> list[Trial]:
    """Return the trials that have results, in the order in which these came."""
    ordered = sorted(ended, key=lambda trial: (trial.completed_revision or 0, trial.id))
    return [trial for trial in ordered if trial.state is TrialState.SUCCEEDED]


def _loss(trial: Trial, objective: Metric) -> float:
    value = trial.final_value(objective)
    return math.nan if value is None else objective.loss(value)


def _why_none(config: StudyConfig, results: Sequence[Trial]) -> str:
    """Return why there is no advice, "" if there may be."""
    if config.fidelity is not None:
        return "there is none for trials with budgets that grow"
    n, kind = len(results), "safe results" if config.safety_metrics else "results"
    if n < MIN_N_RESULTS:
        return f"there are {n} {kind}, and {MIN_N_RESULTS} are needed"
    if all(
        len({trial.final_value(metric) for trial in results}) == 1 for metric in config.objectives
    ):
        return "all results are equal"
    return ""


def improvement_that_matters(losses: Sequence[float]) -> float:
    """Return the default of `more_than` for losses that are not all equal."""
    # Halved, because the difference of two large floats may be too large for one.
    spread = median(loss / 2 for loss in losses) - min(losses) / 2
    spread = spread or pstdev(loss / 2 for loss in losses) or (max(losses) - min(losses)) / 2
    return float(f"{2 * _SHARE_THAT_MATTERS * spread:.0e}")


def trials_since_improvement(losses: Sequence[float], more_than: float) -> int:
    """Return how many results came since the first that is within `more_than` of the best."""
    limit = min(losses) + more_than
    first = next(place for place, loss in enumerate(losses) if loss <= limit)
    return len(losses) - 1 - first


def probability_of(n_large: int, n_drawn: int, n_more: int, n_idle: int) -> float:
    """Return the probability of an improvement that matters, strictly between 0 and 1.

    log odds = c + m log(model's odds) + r log((n_more + 1) / (n_idle + 1)), where the model's odds are
    those of `n_large` in `n_drawn` functions with half a function added to both sides, and `n_idle`
    results came since the last improvement.
    """
    model = math.log((n_large + 0.5) / (n_drawn - n_large + 0.5))
    record = math.log((n_more + 1) / (n_idle + 1))
    return 1.0 / (1.0 + math.exp(-(_CONSTANT + _MODEL * model + _RECORD * record)))


def why_not_worth_it(below: float, advice: Sequence[Advice], metric: str) -> str:
    """Return why a study ends by advice, the newest last: all have a probability below `below`.

    Returns "" if it goes on.
    """
    for one in advice:
        if one.probability is None or one.probability >= below:
            return ""
    return f"only {advice[-1].text(metric)}"


def seconds_per_trial(ended: Sequence[Trial]) -> float | None:
    """Return how long one of the last trials took on average, None if this is not known.

    Trials that ran at the same time share it, and pauses in which none ran do not count.
    """
    spans = [
        (trial.started_at, trial.completed_at)
        for trial in ended
        if trial.started_at is not None and trial.completed_at is not None
    ]
    last = sorted(spans, key=lambda span: span[1])[-_N_TIMED:]
    total_s, until = 0.0, -math.inf
    for start, end in sorted(last):
        total_s += max(0.0, end - max(start, until))
        until = max(until, end)
    return total_s / len(last) if total_s > 0 else None
