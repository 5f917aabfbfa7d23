"""What is added to the acquisition of the objective: safety, feasibility and the user's belief."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.beliefs import Belief
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.criterion import Criterion, SumCriterion, WeightedCriterion
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.hyperparameters import Fitted, fingerprint, latest
from wazir.algorithms.gp.limits import (
    LogProbability,
    log_probability_feasible,
    log_probability_safe,
    theta_size,
)
from wazir.algorithms.gp.settings import GpSettings
from wazir.domain.metrics import Metric
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial

_CAUTION = 100.0
_FAILURES = "failures."
# With 1, as for limits, half of the trials fail where the optimum is at a border; with more fewer
# do, and the results are no worse: benchmarks/failures.py.
_FAILURE_WEIGHT = 3.0


@dataclass(frozen=True)
class Terms:
    """Criteria that are added to the objective's; each may be missing.

    `safety` has log P(safe) of each safety metric, `caution` what is asked beyond that where too
    few trials are safe. `stored` are the hyperparameters of their processes as a trial keeps them.
    """

    safety: tuple[Criterion, ...] = ()
    caution: tuple[Criterion, ...] = ()
    feasibility: Criterion | None = None
    belief: "BeliefCriterion | None" = None
    stored: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        config: StudyConfig,
        encoding: Encoding,
        history: History,
        settings: GpSettings,
        trials: Sequence[Trial] = (),
    ) -> "Terms":
        """Return the terms that the completed trials of a history call for.

        `trials` may hold hyperparameters that were fitted before.
        """
        features = FeatureMap.of(encoding)
        memory = _Memory(trials, fingerprint(encoding), theta_size(features))
        limits = [
            (metric, values, log_probability_safe(features, history.X, values, metric, known))
            for metric, values in zip(config.safety_metrics, history.values.T, strict=True)
            for known in [memory.of(_prefix(metric))]
        ]
        safety = {metric: term for metric, _, term in limits if term is not None}
        cautious = [
            CautionCriterion(term, metric.min_safe_fraction)
            for metric, values, term in limits
            if term is not None
            and metric.min_safe_fraction
            and needs_caution(values, metric, metric.min_safe_fraction)
        ]
        feasibility = None
        if settings.learns_failures and history.failed.any():
            told = history.is_told
            known = memory.of(_FAILURES)
            feasibility = log_probability_feasible(
                features, history.X[told], history.failed[told], known
            )
        belief = BeliefCriterion.of(config, encoding, history)
        fitted = {_prefix(metric): term for metric, term in safety.items()}
        if feasibility is not None:
            fitted[_FAILURES] = feasibility
        return cls(
            *(tuple(safety.values()), tuple(cautious), feasibility, belief),
            memory.texts(fitted),
        )

    def added_to(self, objective: Criterion, *, is_any_safe: bool) -> Criterion:
        """Return the criterion to be maximised.

        As long as no trial is safe there is no improvement to be expected: a safe one is looked for
        first, wherever it is.
        """
        first = () if self.safety and not is_any_safe else (objective,)
        others: list[Criterion] = []
        if self.feasibility is not None:
            others.append(WeightedCriterion(self.feasibility, _FAILURE_WEIGHT))
        if self.belief is not None:
            others.append(self.belief)
        terms = (*first, *self.safety, *self.caution, *others)
        return terms[0] if len(terms) == 1 else SumCriterion(terms)

    def probably_safe(self, X: Array) -> NDArray[np.bool_]:
        """Return which points X (m, d) are rather safe than not, by each metric alone."""
        safe = np.ones(len(X), dtype=np.bool_)
        for term in self.safety:
            safe &= term.value(X) > math.log(0.5)
        return safe

    def texts(self, x: Array) -> dict[str, str]:
        """Return what an explanation says of the point x (d,), and what later trials use."""
        texts = dict(self.stored)
        if self.safety:
            total = sum(float(term.value(x[None])[0]) for term in self.safety)
            texts["probability_safe"] = f"{math.exp(total):.3g}"
        if self.caution:
            texts["caution"] = "too few trials were safe"
        if self.feasibility is not None:
            value = float(self.feasibility.value(x[None])[0])
            texts["probability_feasible"] = f"{math.exp(value):.3g}"
        if self.belief is not None:
            value = float(self.belief.value(x[None])[0])
            texts["belief"] = f"{value:.3g}" if self.belief.weight else "results speak against it"
        return texts


@dataclass(frozen=True)
class _Memory:
    """The hyperparameters of `size` numbers, in the units of a `space`, that trials keep."""

    trials: Sequence[Trial]
    space: str
    size: int

    def of(self, prefix: str) -> Fitted | None:
        """Return the latest of one process."""
        return latest(self.trials, self.size, self.space, prefix)

    def texts(self, fitted: Mapping[str, LogProbability]) -> dict[str, str]:
        """Return what a trial keeps of processes by their prefixes."""
        texts: dict[str, str] = {}
        for prefix, term in fitted.items():
            texts |= replace(term.fitted, space=self.space).texts(prefix)
        return texts


def _prefix(metric: Metric) -> str:
    return f"limit.{metric.name}."


def needs_caution(values: Array, metric: Metric, wanted: float) -> bool:
    """Return whether one more unsafe trial would bring the share of safe ones below `wanted`.

    `values` (n,) are those of the metric; NaN for trials without one, which do not count.
    """
    known = values[np.isfinite(values)]
    n_safe = sum(metric.violation(value) == 0.0 for value in known.tolist())
    return n_safe < wanted * (len(known) + 1)


@dataclass(frozen=True)
class CautionCriterion:
    """100 min(0, log P(safe) - log wanted): a steep price below the wanted share of safe trials."""

    log_probability: Criterion
    wanted: float

    @property
    def features(self) -> FeatureMap:
        """See Criterion."""
        return self.log_probability.features

    def value(self, X: Array) -> Array:
        """See Criterion."""
        lack: Array = np.minimum(self.log_probability.value(X) - math.log(self.wanted), 0.0)
        return _CAUTION * lack

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        value, gradient = self.log_probability.value_with_gradient(X)
        lack = value - math.log(self.wanted)
        is_low = lack < 0.0
        return _CAUTION * np.where(is_low, lack, 0.0), _CAUTION * gradient * is_low[:, None]


@dataclass(frozen=True)
class BeliefCriterion:
    """weight * log pi(x), with the density of the user's belief."""

    features: FeatureMap
    belief: Belief
    weight: float

    @classmethod
    def of(
        cls, config: StudyConfig, encoding: Encoding, history: History
    ) -> "BeliefCriterion | None":
        """Return the term of a study's belief, None without one."""
        belief = Belief.of(config, encoding)
        if belief is None:
            return None
        told = history.is_told
        weight = belief.weight(history.X[told], history.ranks[told])
        return cls(FeatureMap.of(encoding), belief, weight)

    def value(self, X: Array) -> Array:
        """See Criterion."""
        return self.weight * self.belief.log_density(X)

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        columns = list(self.features.ordered)
        return self.value(X), self.weight * self.belief.gradient(X)[:, columns]
