"""What more trials would bring: the search goes on in functions that are drawn from the model.

Each function is drawn at some hundred points: the best ones that were tried, points all over the
space and around the best, and those to which the acquisition function leads. In each the search
takes its steps: the point of greatest expected improvement is tried, its value seen, with noise, and
the belief at all other points changed by it (C. E. Rasmussen and C. K. I. Williams, Gaussian
Processes for Machine Learning, 2006, equations 2.23 and 2.24, one point at a time). What counts in
the end is the function at the point that is then believed best, below its value at the point believed
best now. So a lucky value is no improvement.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.acquisition import AugmentedLogExpectedImprovement, log_h
from wazir.algorithms.gp.criterion import ProcessCriterion
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.hyperparameters import latest
from wazir.algorithms.gp.model import Model, ModelMaker
from wazir.algorithms.gp.noise import Repeats, sign_of_noise
from wazir.algorithms.gp.search import N_BEST, Search
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Snapshot
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial
from wazir.surrogates.linear_algebra import cholesky

N_FUNCTIONS = 32
_MAX_TRIED = 100
_MIN_VARIANCE_SHARE = 1e-10
_SALT = 11


def improvements(config: StudyConfig, trials: Sequence[Trial], n_more: int) -> list[float]:
    """Return by how much `n_more` trials would improve on the best, in the objective's units.

    Once for each of 64 functions, half of them drawn from each of the two models that the default
    algorithm uses in turns. `trials` have ended, in the order of their ids; at least two have a
    value of the only objective. The same arguments give the same numbers, which may be negative
    where there is noise.

    Raises:
        ArithmeticError: no model can be computed, or the values are too large.
    """
    encoding = Encoding.of(config.space)
    history = History.of(config, encoding, Snapshot(completed=trials))
    settings, found = GpSettings(), []
    for has_trend in (False, True):
        rng = np.random.default_rng([config.seed, len(trials), has_trend, _SALT])
        maker = ModelMaker(encoding, config.seed, settings, has_trend, config.observation_noise)
        try:
            known = latest(trials, maker.theta_size, maker.fingerprint)
            model = maker.make(history, known, rng)
            drawn = _Rollout.of(config, encoding, maker.used(history), model, rng).run(n_more, rng)
        except np.linalg.LinAlgError as error:
            raise ArithmeticError(f"its covariance cannot be factorised ({error})") from error
        with np.errstate(over="ignore", invalid="ignore"):
            found += (model.outputs.unit * drawn).tolist()
    if not np.isfinite(found).all():
        raise ArithmeticError("the values are too large")
    return found


@dataclass(frozen=True)
class _Rollout:
    """What the model believes at m points, the first `n_tried` of which were tried.

    `mean` (m,) and `K` (m, m) are those of the process, `noise` is the standard deviation of the
    noise. `may_repeat`: whether a point may be tried again.
    """

    mean: Array
    K: Array
    noise: float
    n_tried: int
    may_repeat: bool

    @classmethod
    def of(
        cls,
        config: StudyConfig,
        encoding: Encoding,
        history: History,
        model: Model,
        rng: np.random.Generator,
    ) -> "_Rollout":
        """Return the points that the search could try next, and what the model believes there."""
        variance = model.process.parameters.noise
        noise = math.sqrt(variance)
        criterion = ProcessCriterion.of(
            model, lambda i: AugmentedLogExpectedImprovement(model.incumbents[i], noise)
        )
        best = model.best_points(N_BEST)
        search = Search(Inside.of(config, encoding), criterion, best, frozenset(), GpSettings())
        tried = model.best_points(_MAX_TRIED)
        found = np.vstack(search.candidates(rng))
        found = found[search.inside.region.free(found, frozenset())]
        mean, K = model.process.joint(model.features(np.vstack([tried, found])))
        is_seen = np.isfinite(history.Y).all(axis=1)
        repeats = Repeats.of(history.X[is_seen])
        repeat_share = repeats.variance(model.outputs.values[is_seen])
        said = config.observation_noise
        sign = sign_of_noise(said, repeats.n_repeats, repeat_share, variance)
        return cls(mean, K, noise, len(tried), bool(sign))

    def run(self, n_more: int, rng: np.random.Generator) -> Array:
        """Return the improvement in each of `N_FUNCTIONS` functions, shape (N_FUNCTIONS,)."""
        f = self._draw(rng)
        rows = np.arange(N_FUNCTIONS)
        mean = np.repeat(self.mean[None], N_FUNCTIONS, axis=0)
        var = np.repeat(np.diagonal(self.K)[None], N_FUNCTIONS, axis=0)
        tried = np.zeros(f.shape, dtype=np.bool_)
        tried[:, : self.n_tried] = True
        # K less these factors' squares is what is left of the covariance.
        factors = np.zeros((N_FUNCTIONS, n_more, len(self.mean)))
        for step in range(n_more):
            chosen = np.argmax(self._promise(mean, var, tried), axis=1)
            known = factors[:, :step]
            column = self.K[chosen] - (known[rows, :, chosen][:, None] @ known)[:, 0]
            total = np.maximum(column[rows, chosen], self._least) + self.noise**2
            seen = f[rows, chosen] + self.noise * rng.standard_normal(N_FUNCTIONS)
            mean += column * ((seen - mean[rows, chosen]) / total)[:, None]
            var -= column**2 / total[:, None]
            factors[:, step] = column / np.sqrt(total)[:, None]
            tried[rows, chosen] = True
        now = int(np.argmin(self.mean[: self.n_tried]))
        then = np.argmin(np.where(tried, mean, np.inf), axis=1)
        gained: Array = f[:, now] - f[rows, then]
        return gained

    @property
    def _least(self) -> float:
        """The least variance that counts."""
        return _MIN_VARIANCE_SHARE * max(1.0, float(np.max(np.diagonal(self.K))))

    def _draw(self, rng: np.random.Generator) -> Array:
        """Return functions at all points, (N_FUNCTIONS, m), in pairs that mirror each other."""
        z = rng.standard_normal((N_FUNCTIONS // 2, len(self.mean)))
        return self.mean + np.vstack([z, -z]) @ cholesky(self.K).T

    def _promise(self, mean: Array, var: Array, tried: NDArray[np.bool_]) -> Array:
        """Return the log of the expected improvement, less for noise; all are (N_FUNCTIONS, m)."""
        best = np.min(np.where(tried, mean, np.inf), axis=1)
        std = np.sqrt(np.maximum(var, self._least))
        total = np.hypot(std, self.noise)
        promise = np.log(std) + log_h((best[:, None] - mean) / std)[0]
        # As in AugmentedLogExpectedImprovement.
        promise += 2.0 * np.log(std) - np.log(total) - np.log(total + self.noise)
        return promise if self.may_repeat else np.where(tried, -np.inf, promise)
