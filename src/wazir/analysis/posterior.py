"""What a Gaussian process expects of the configurations that were tried, in the objective's units.

A value is y = f(x) + g(x) + e: a Gaussian process f, fine structure g that is independent from one
point to another, and noise e. The mean of f(x) + g(x) given all values is what a configuration is
worth; the value itself is that and luck.

Without repeats g and e cannot be told apart: the fitted model has one variance s for both. A share
w of it is taken for g. With mean m and variance v of f(x) given all values (C. E. Rasmussen and
C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, equations 2.25 and 2.26), f(x) + g(x)
has the mean m + w (y - m) and the variance (1 - w) (w s + (1 - w) v), because the covariance of the
values is the same whatever w is. Of r repeats the mean value stands for y, s / r for s and
r w / (1 + (r - 1) w) for w, which is close.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.history import History, placed
from wazir.algorithms.gp.model import ModelMaker
from wazir.algorithms.gp.noise import Repeats, sign_of_noise
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.protocol import Snapshot
from wazir.domain.metrics import Goal
from wazir.domain.studies import ObservationNoise, StudyConfig
from wazir.domain.trials import Trial
from wazir.surrogates.gaussian_process import Prediction

# Where f is rugged or has a sharp pit, part of what the model learns as noise belongs to the
# function, and with none of it the pit would not be recommended: benchmarks/recommendation.py.
FINE_SHARE = 0.25


@dataclass(frozen=True)
class Expected:
    """Mean and standard deviation of the model at a configuration, without noise."""

    mean: float
    std: float


@dataclass(frozen=True)
class Posterior:
    """A model's view of trials.

    `expected` has the trials by id; those that have no place in or around the space are left out. `noise_std` is the
    learnt standard deviation of the noise, fine structure included. `noise_share` is its variance,
    and `repeat_share` the variance of the values of `n_repeats` repeated configurations (0 without
    repeats), both as shares of the variance of the model's outputs. Means and standard deviations are finite.
    """

    expected: Mapping[int, Expected]
    noise_std: float
    noise_share: float
    n_repeats: int
    repeat_share: float

    def sign_of_noise(self, said: ObservationNoise) -> str:
        """Return why noise is to be expected, "" if it is not; `said` is what the study says."""
        return sign_of_noise(said, self.n_repeats, self.repeat_share, self.noise_share)


def posterior_of(
    config: StudyConfig, trials: Sequence[Trial], fine_share: float = FINE_SHARE
) -> Posterior:
    """Return the model's view of SUCCEEDED trials with a finite value of the only objective.

    `fine_share` in [0, 1] is the part of the learnt noise that is taken for fine structure of the
    function: 0 gives the mean of the smooth process alone, 1 the values as they are.

    Infeasible trials do not belong here: the values that the algorithm makes up for them look like
    noise where a program fails now and then.

    Raises:
        ArithmeticError: fewer than two different configurations, or numbers with which no model
            can be computed.
    """
    former = [trial.parameters for trial in trials]
    encoding = Encoding.of(config.space).with_former(former)
    known, _ = placed(encoding, trials, outside=True)
    history = History.of(config, encoding, Snapshot(completed=known), outside=True)
    repeats = Repeats.of(history.X)
    first, groups = repeats.first, repeats.groups
    if len(first) < 2:
        raise ArithmeticError("only one configuration was tried")
    maker = ModelMaker(encoding, config.seed, GpSettings(), noise=config.observation_noise)
    try:
        # The generator weighs several objectives; here there is one.
        model = maker.make(history, None, np.random.default_rng(config.seed))
        # Once per configuration, so that repeats get the same to the last bit.
        prediction = model.predict(history.X[first])
    except np.linalg.LinAlgError as error:
        raise ArithmeticError(f"its covariance cannot be factorised ({error})") from error
    sign = 1.0 if config.objective.goal is Goal.MINIMIZE else -1.0
    unit, noise = model.outputs.unit, model.process.parameters.noise
    prediction = with_fine_structure(prediction, model.outputs.values, groups, noise, fine_share)
    with np.errstate(over="ignore", invalid="ignore"):
        means = sign * (model.outputs.origin + unit * prediction.mean)
        stds = unit * prediction.std
        noise_std = unit * math.sqrt(noise)
        repeat_share = repeats.variance(history.Y[:, 0] / unit)
    if not np.isfinite([*means, *stds, noise_std]).all():
        raise ArithmeticError("the values are too large")
    pairs = [Expected(*pair) for pair in zip(means.tolist(), stds.tolist(), strict=True)]
    expected = {t.id: pairs[group] for t, group in zip(known, groups.tolist(), strict=True)}
    return Posterior(expected, noise_std, noise, repeats.n_repeats, repeat_share)


def with_fine_structure(
    smooth: Prediction, y: Array, groups: NDArray[np.intp], noise: float, share: float
) -> Prediction:
    """Return mean and standard deviation of f + g at k points from those of f; see the module.

    Outputs y (n,) belong to the points in `groups` (n,).
    """
    n_repeats = np.bincount(groups)
    w = n_repeats * share / (1 + (n_repeats - 1) * share)
    mean = smooth.mean + w * (np.bincount(groups, y) / n_repeats - smooth.mean)
    variance = (1 - w) * (w * noise / n_repeats + (1 - w) * smooth.std**2)
    return Prediction(mean, np.sqrt(variance))
