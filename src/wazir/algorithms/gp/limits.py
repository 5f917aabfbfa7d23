"""Models of what must hold at a point beside its objective: limits are kept, and nothing fails.

Each is a Gaussian process of its own over all points, and gives the logarithm of a probability,
which is added to that of the expected improvement: the product of both is the improvement that
can be expected of a trial that keeps the limits (M. Schonlau, W. Welch, D. Jones, "Global versus
local search in constrained optimization of computer models", 1998; J. Gardner et al., "Bayesian
optimization with inequality constraints", ICML 2014).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.gp.acquisition import LogProbabilityBelow
from wazir.algorithms.gp.criterion import ProcessCriterion
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.hyperparameters import Fitted
from wazir.domain.metrics import Goal, Metric
from wazir.surrogates.gaussian_process import Data, condition
from wazir.surrogates.marginal_likelihood import Start, fit_theta
from wazir.surrogates.priors import SOME_NOISE, LogNormalPrior, NoisePrior, default_prior

# There may be several of them, so they are fitted to fewer points than the model of the objective.
_MAX_FIT_POINTS, _MAX_POINTS = 100, 600
_N_EVALUATIONS = 25
_MAX_SCALED = 1e300
# A border is a step, which a process takes for roughness. With longer length scales and more noise
# it expects a region that failed to go on, so that fewer trials fail: benchmarks/failures.py.
_FAILURE_NOISE, _FAILURE_LONGER = NoisePrior(-2.0, 1.0), 1.0


@dataclass(frozen=True)
class LogProbability:
    """The logarithm of a probability at points, by a process with hyperparameters `fitted`."""

    criterion: ProcessCriterion
    fitted: Fitted

    @property
    def features(self) -> FeatureMap:
        """See Criterion."""
        return self.criterion.features

    def value(self, X: Array) -> Array:
        """See Criterion."""
        return self.criterion.value(X)

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        return self.criterion.value_with_gradient(X)


def theta_size(features: FeatureMap) -> int:
    """Return the number of hyperparameters of each of these processes."""
    return features.n_parameters + 2


def log_probability_safe(
    features: FeatureMap, X: Array, values: Array, metric: Metric, known: Fitted | None = None
) -> LogProbability | None:
    """Return log P(a trial at x keeps the limit of a safety metric); None without two values.

    `values` (n,) belong to encoded points X (n, d); those that are NaN are left out. The process
    sees the distance from the threshold in parts of the median distance, its size by its
    logarithm (sign(c) log(1 + |c|), the "bilog" transform of D. Eriksson and M. Poloczek, "Scalable
    constrained Bayesian optimization", AISTATS 2021): what matters is on which side a value is.
    `known` are hyperparameters fitted before, which are used as long as they serve.
    """
    is_known = np.isfinite(values)
    if is_known.sum() < 2:
        return None
    threshold = metric.safety_threshold or 0.0
    # Halved, because the difference of two large floats may be too large for one.
    excess = values[is_known] / 2 - threshold / 2
    if metric.goal is Goal.MAXIMIZE:
        excess = -excess
    size = float(np.median(np.abs(excess))) or float(np.max(np.abs(excess))) or 1.0
    with np.errstate(over="ignore"):
        scaled = np.minimum(np.abs(excess / size), _MAX_SCALED)
    prior = default_prior(features.is_categorical, noise=SOME_NOISE)
    y = np.sign(excess) * np.log1p(scaled)
    return _log_probability_below_zero(features, X[is_known], y, prior, known)


def log_probability_feasible(
    features: FeatureMap, X: Array, failed: NDArray[np.bool_], known: Fitted | None = None
) -> LogProbability:
    """Return log P(a trial at x does not fail); `failed` (n,) says which of X (n, d) did.

    A process is fitted to +1 for a failure and -1 else, as if these were measured with noise
    (least-squares classification: C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes for
    Machine Learning", 2006, section 6.5). Failures by chance become noise, failures of a region
    become a mean. `known` is as for `log_probability_safe`.
    """
    prior = default_prior(features.is_categorical, noise=_FAILURE_NOISE)
    centre = prior.centre + _FAILURE_LONGER * (
        np.arange(len(prior.centre)) < prior.n_length_scales
    )
    y = np.where(failed, 1.0, -1.0)
    return _log_probability_below_zero(features, X, y, replace(prior, centre=centre), known)


def _log_probability_below_zero(
    features: FeatureMap, X: Array, y: Array, prior: LogNormalPrior, known: Fitted | None
) -> LogProbability:
    mean, std = float(np.mean(y)), float(np.std(y)) or 1.0
    data = Data(features(X), features.groups, (y - mean) / std)
    fitted = known
    if fitted is None or not fitted.serves(len(y)):
        shown = data.subset(_newest(len(y), _MAX_FIT_POINTS))
        theta = fit_theta(shown, prior, [Start(prior.centre, _N_EVALUATIONS)])
        fitted = Fitted.rounded(theta, len(y))
    process = condition(fitted.theta, data.subset(_newest(len(y), _MAX_POINTS)))
    below = LogProbabilityBelow(-mean / std, process.parameters.noise)
    return LogProbability(ProcessCriterion(features, ((process, below),)), fitted)


def _newest(n: int, n_most: int) -> NDArray[np.intp]:
    return np.arange(max(0, n - n_most), n)
