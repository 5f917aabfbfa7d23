"""Which trial's configuration to use: with noise not the one that had the luckiest value.

The best of many noisy values is mostly one that was lucky. Its configuration is not the best one,
and its value will not come again. A model that has seen all values knows better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from wazir.domain.best import best_trial
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.studies import ObservationNoise, StudyConfig
from wazir.domain.trials import Trial, is_safe

if TYPE_CHECKING:
    from wazir.analysis.posterior import Posterior

MIN_N_VALUES = 5
# A mean that is better by less than this share of the noise is not better.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Recommendation:
    """The trial whose configuration to use, and why; get it as `Study.recommendation`.

    Numbers are in the objective's units. Those of the model are rough where it expects more of the
    worse half than of the better half of the values, and None without a model.

    Attributes:
        trial_id: the recommended trial.
        value: the value that it had.
        luckiest_trial_id: the trial with the best value, the earliest of equals.
        luckiest_value: the value that it had.
        reason: why this trial, in a few words.
        is_by_model: whether the model's expectation decided, not the best value.
        mean: what the model expects of the recommended configuration.
        std: standard deviation of that expectation; the noise of a new value comes on top.
        noise_std: standard deviation of the noise that the model has learnt.
        luckiest_mean: what the model expects of the luckiest trial's configuration.
    """

    trial_id: int
    value: float
    luckiest_trial_id: int
    luckiest_value: float
    reason: str
    is_by_model: bool = False
    mean: float | None = None
    std: float | None = None
    noise_std: float | None = None
    luckiest_mean: float | None = None

    def __post_init__(self) -> None:
        if self.is_by_model and (self.mean is None or self.std is None):
            raise InvalidInputError("a recommendation by the model needs its mean and std")
        if not self.is_by_model and self.trial_id != self.luckiest_trial_id:
            raise InvalidInputError("without a model the luckiest trial is recommended")

    @property
    def is_luckiest(self) -> bool:
        """Whether the recommended trial is the one with the best value."""
        return self.trial_id == self.luckiest_trial_id


Recommender: TypeAlias = Callable[[StudyConfig, Sequence[Trial]], Recommendation | None]
PosteriorOf: TypeAlias = "Callable[[StudyConfig, Sequence[Trial]], Posterior]"


def model_posterior(config: StudyConfig, trials: Sequence[Trial]) -> "Posterior":
    """Return `wazir.analysis.posterior.posterior_of`; numpy is loaded by the first call."""
    from wazir.analysis.posterior import posterior_of  # noqa: PLC0415 - heavy

    return posterior_of(config, trials)


def recommend(
    config: StudyConfig, trials: Sequence[Trial], posterior_of: PosteriorOf = model_posterior
) -> Recommendation | None:
    """Return the trial to use, None where none can be used (`wazir.domain.best`).

    Trials count that are SUCCEEDED with a finite value of the first objective; the model learns
    from all of them, also from those that are not recommended because they break a limit or lie
    outside of what an edit left. Where noise is to be expected, the one of the smallest (largest, if the goal is MAXIMIZE) posterior mean is
    recommended, else the one with the best value. Noise is expected if the study's observation
    noise is HIGH; if it is UNSPECIFIED, where repeats of a configuration differ, or where the
    model has learnt much noise (`wazir.algorithms.gp.noise`). With
    fewer than `MIN_N_VALUES` values, equal values, several objectives or a failing model the best
    value decides.

    `posterior_of` makes the model; it raises ArithmeticError where there is none.
    """
    objective = config.objective
    values = _values(trials, objective)
    luckiest = best_trial(trials, config)
    if luckiest is None:
        return None
    best = values[luckiest.id]
    by_value = Recommendation(luckiest.id, best, luckiest.id, best, _why_no_model(config, values))
    if by_value.reason:
        return by_value
    try:
        posterior = posterior_of(config, [trial for trial in trials if trial.id in values])
    except ArithmeticError as error:
        return replace(by_value, reason=f"the best value, as there is no model: {error}")
    usable = [t.id for t in trials if is_safe(t, config.metrics) and config.contains(t)]
    expected = {i: posterior.expected[i] for i in usable if i in posterior.expected}
    return _by_model(config, values, by_value, replace(posterior, expected=expected))


def _values(trials: Sequence[Trial], objective: Metric) -> dict[int, float]:
    """Return the finite values of SUCCEEDED trials by the trials' ids."""
    pairs = [(trial.id, trial.final_value(objective)) for trial in trials]
    return {trial_id: value for trial_id, value in pairs if value is not None}


def _why_no_model(config: StudyConfig, values: dict[int, float]) -> str:
    """Return why the best value decides before any model is asked, "" if it does not."""
    if len(config.objectives) > 1:
        return f"the best value of {config.objective.name!r}, one of several objectives"
    if config.observation_noise is ObservationNoise.LOW:
        return "the best value, as the observation noise is LOW"
    if len(values) < MIN_N_VALUES:
        return f"the best value, as there are fewer than {MIN_N_VALUES}"
    if len(set(values.values())) == 1:
        return "the first trial, as all values are equal"
    return ""


def _by_model(
    config: StudyConfig, values: dict[int, float], by_value: Recommendation, posterior: "Posterior"
) -> Recommendation:
    luckiest = posterior.expected[by_value.trial_id]
    known = replace(
        by_value,
        mean=luckiest.mean,
        std=luckiest.std,
        noise_std=posterior.noise_std,
        luckiest_mean=luckiest.mean,
    )
    sign = posterior.sign_of_noise(config.observation_noise)
    if not sign:
        return replace(known, reason="the best value, as there is no sign of noise")
    chosen = _best_expected(config.objective.goal, values, posterior)
    expected = posterior.expected[chosen]
    if abs(luckiest.mean - expected.mean) <= _ROUNDING * posterior.noise_std:
        chosen, expected = by_value.trial_id, luckiest
    return replace(
        known,
        trial_id=chosen,
        value=values[chosen],
        mean=expected.mean,
        std=expected.std,
        is_by_model=True,
        reason=f"the best expected value, as {sign}",
    )


def _best_expected(goal: Goal, values: dict[int, float], posterior: "Posterior") -> int:
    """Return the trial of the best mean; of repeats of a configuration the one of best value."""
    sign = 1.0 if goal is Goal.MINIMIZE else -1.0
    expected = posterior.expected
    return min(expected, key=lambda i: (sign * expected[i].mean, sign * values[i], i))
