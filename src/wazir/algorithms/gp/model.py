"""The model of a study: a Gaussian process fitted to its losses, in bounded time."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.history import History, scalarise
from wazir.surrogates.gaussian_process import (
    Data,
    GaussianProcess,
    Prediction,
    condition,
    fit_theta,
)
from wazir.surrogates.output_warping import WarpedOutputs, fill_missing, half_rank
from wazir.surrogates.priors import default_prior

MAX_FIT_POINTS = 300
MAX_MODEL_POINTS = 600
_N_ITERATIONS, _N_ITERATIONS_LARGE = 20, 10
_LARGE = 100
# A second start of the fit: smoother than the prior's centre, with more noise.
_SMOOTHER, _NOISIER = 1.5, 4.0
_SALT_SUBSET = 3


@dataclass(frozen=True)
class Model:
    """A Gaussian process over encoded points X (n, d) of warped losses, smaller is better.

    `means` (n,) are its means at X. `incumbent` is the best mean at a point that has been or is
    being tried.
    """

    features: FeatureMap
    process: GaussianProcess
    X: Array
    means: Array
    outputs: WarpedOutputs
    incumbent: float

    def predict(self, X: Array) -> Prediction:
        """Return the prediction at encoded points X (m, d)."""
        return self.process.predict(self.features(X))

    def believe(self, pending: Array) -> "Model":
        """Return the model as if pending points (q, d) had ended as it expects."""
        if len(pending) == 0:
            return self
        process = self.process.believe(self.features(pending))
        best = float(np.min(process.data.y[len(self.X) :]))
        # Without the pending points among the incumbents there would be improvement to be
        # expected where one of them is, and all workers would be sent there.
        return replace(self, process=process, incumbent=min(self.incumbent, best))

    def best_points(self, n: int) -> Array:
        """Return the observed points with the best means, best first, shape (<= n, d)."""
        return self.X[np.argsort(self.means, kind="stable")[:n]]


def fit_model(
    encoding: Encoding, history: History, seed: int, weights_rng: np.random.Generator
) -> Model:
    """Return the model of a history in which at least one trial has a value.

    Several objectives become one with weights from `weights_rng`. Beyond 300 points the
    hyperparameters are fitted to the best third and a random rest; beyond 600 the process keeps
    the better half and the newest.

    Raises:
        numpy.linalg.LinAlgError: the covariance cannot be factorised.
    """
    features = FeatureMap.of(encoding)
    filled = np.column_stack([fill_missing(column) for column in history.Y.T])
    outputs = half_rank(scalarise(filled, weights_rng))
    data = Data(features(history.X), features.groups, outputs.values)
    rng = np.random.default_rng([seed, len(data.y), _SALT_SUBSET])
    theta = _fit(data.subset(_fit_rows(data.y, rng)), features)
    rows = _model_rows(data.y)
    process = condition(theta, data.subset(rows))
    means = process.means_at_data()
    return Model(features, process, history.X[rows], means, outputs, float(np.min(means)))


def _fit(data: Data, features: FeatureMap) -> Array:
    prior = default_prior(features.is_categorical)
    starts = [prior.centre]
    n = len(data.y)
    if n <= _LARGE:
        smoother = prior.centre.copy()
        smoother[:-2] += _SMOOTHER
        smoother[-1] += _NOISIER
        starts.append(smoother)
    n_iterations = _N_ITERATIONS if n <= _LARGE else _N_ITERATIONS_LARGE
    return fit_theta(data, prior, starts, n_iterations)


def _fit_rows(y: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    if len(y) <= MAX_FIT_POINTS:
        return np.arange(len(y))
    order = np.argsort(y, kind="stable")
    n_best = MAX_FIT_POINTS // 3
    others = rng.choice(order[n_best:], MAX_FIT_POINTS - n_best, replace=False)
    return np.sort(np.r_[order[:n_best], others])


def _model_rows(y: Array) -> NDArray[np.intp]:
    if len(y) <= MAX_MODEL_POINTS:
        return np.arange(len(y))
    best = np.argsort(y, kind="stable")[: MAX_MODEL_POINTS // 2]
    newest = np.setdiff1d(np.arange(len(y)), best)[-(MAX_MODEL_POINTS - len(best)) :]
    return np.sort(np.r_[best, newest])
