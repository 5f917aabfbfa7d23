"""The model of a study: Gaussian processes fitted to its losses, in bounded time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.history import History, scalarise
from wazir.algorithms.gp.hyperparameters import Fitted, fingerprint
from wazir.algorithms.gp.settings import GpSettings, OutputWarping
from wazir.algorithms.region import Region
from wazir.domain.constraints import Constraint
from wazir.domain.studies import ObservationNoise
from wazir.surrogates.basis_functions import Basis, condition_on_basis, supported
from wazir.surrogates.gaussian_process import Data, Prediction, condition
from wazir.surrogates.marginal_likelihood import Start, fit_theta
from wazir.surrogates.output_warping import (
    WarpedOutputs,
    fill_missing,
    half_rank,
    log_beyond,
    log_tail,
    standardise,
)
from wazir.surrogates.priors import (
    LITTLE_NOISE,
    MUCH_NOISE,
    SOME_NOISE,
    LogNormalPrior,
    NoisePrior,
    default_prior,
)
from wazir.surrogates.process import Process

# From stored hyperparameters a few evaluations are enough; the prior's centre, and a smooth and
# noisy start, are tried again from time to time, so that no fit stays in a poor mode for ever.
_N_WARM, _N_COLD = 10, 20
_N_BOTH_UNTIL, _CENTRE_SHARE, _SMOOTH_SHARE = 12, 0.2, 0.1
_SMOOTHER, _NOISIER = 1.5, 4.0
_LONGER = 1.0
_SALT_SUBSET = 3
_WARPINGS = {
    OutputWarping.HALF_RANK: half_rank,
    OutputWarping.LOG_TAIL: log_tail,
    OutputWarping.STANDARD: standardise,
}
_NOISE_PRIORS = {
    ObservationNoise.UNSPECIFIED: SOME_NOISE,
    ObservationNoise.LOW: LITTLE_NOISE,
    ObservationNoise.HIGH: MUCH_NOISE,
}


@dataclass(frozen=True)
class Model:
    """Gaussian processes over encoded points X (n, d) of warped losses, smaller is better.

    The first process has the hyperparameters `fitted`; where there are more of them, the
    acquisition is averaged over all. `means` (n,) are the first one's means at X. `incumbents`
    are the best mean of each process at a point of the space that has been or is being tried, and
    that is safe by what was observed there: `V` (n,) are the violations (History). Where none is,
    all points of the space count; points from before an edit may lie outside of it.
    """

    features: FeatureMap
    processes: tuple[Process, ...]
    fitted: Fitted
    X: Array
    means: Array
    outputs: WarpedOutputs
    incumbents: tuple[float, ...]
    V: Array

    @property
    def process(self) -> Process:
        """The process with the fitted hyperparameters."""
        return self.processes[0]

    @property
    def incumbent(self) -> float:
        """The best mean of the first process at a point that has been or is being tried."""
        return self.incumbents[0]

    def predict(self, X: Array) -> Prediction:
        """Return the first process's prediction at encoded points X (m, d)."""
        return self.process.predict(self.features(X))

    @property
    def is_any_safe(self) -> bool:
        """Whether any observed point keeps all limits."""
        return bool((self.V == 0.0).any())

    def believe(self, pending: Array, is_safe: NDArray[np.bool_] | None = None) -> "Model":
        """Return the model as if pending points (q, d) had ended as it expects.

        Where `is_safe` (q,) is given, only the points that it names can be incumbents.
        """
        if len(pending) == 0:
            return self
        F = self.features(pending)
        processes = tuple(process.believe(F) for process in self.processes)
        # Without the pending points among the incumbents there would be improvement to be
        # expected where one of them is, and all workers would be sent there.
        counts = np.ones(len(F), dtype=np.bool_) if is_safe is None else is_safe
        believed = [
            float(np.min(process.data.y[-len(F) :], initial=np.inf, where=counts))
            for process in processes
        ]
        incumbents = tuple(map(min, self.incumbents, believed))
        return replace(self, processes=processes, incumbents=incumbents)

    def best_points(self, n: int) -> Array:
        """Return the observed points with the best means, best first, shape (<= n, d).

        Safe ones come before others, and these are ordered by their violations.
        """
        return self.X[np.lexsort((self.means, self.V))[:n]]


@dataclass(frozen=True)
class ModelMaker:
    """Fits models to the histories of one study; `seed` is the study's.

    With `has_trend` the processes have a quadratic trend. `noise` is what the study says of it.
    `basis` are functions of the features of which the losses may be a weighted sum; those that the
    losses speak against are left out. Losses are warped by the settings; with a `limit` they are
    linear up to there: see `log_beyond`. Incumbents fulfil the constraints.
    """

    encoding: Encoding
    seed: int
    settings: GpSettings
    has_trend: bool = False
    noise: ObservationNoise = ObservationNoise.UNSPECIFIED
    basis: Basis | None = None
    limit: float | None = None
    constraints: tuple[Constraint, ...] = ()

    @property
    def features(self) -> FeatureMap:
        """The features of the space."""
        return FeatureMap.of(self.encoding)

    @property
    def _noise_prior(self) -> NoisePrior:
        is_unexpected = (
            self.noise is ObservationNoise.UNSPECIFIED and not self.settings.expects_noise
        )
        return LITTLE_NOISE if is_unexpected else _NOISE_PRIORS[self.noise]

    @property
    def _warp(self) -> Callable[[Array], WarpedOutputs]:
        if self.limit is not None:
            return partial(log_beyond, limit=self.limit)
        warping = self.settings.output_warping
        if warping is OutputWarping.BY_MODEL:
            # Ranks hide noise; distances show it, but let bad values count for more. Each model
            # has one of the two.
            warping = OutputWarping.HALF_RANK if self.has_trend else OutputWarping.LOG_TAIL
        return _WARPINGS[warping]

    @property
    def _n_warped(self) -> int:
        return len(self.features.ordered) if self.settings.warps_inputs else 0

    @property
    def theta_size(self) -> int:
        """Number of hyperparameters."""
        return self.features.n_parameters + 2 + self.has_trend + 2 * self._n_warped

    def used(self, history: History) -> History:
        """Return what of a history the model is made of: all of it, or what has losses."""
        if self.settings.learns_failures and history.n_observed:
            return history.subset(history.is_observed)
        return history

    @cached_property
    def fingerprint(self) -> str:
        """See `wazir.algorithms.gp.hyperparameters`."""
        return fingerprint(self.encoding)

    def make(
        self, history: History, known: Fitted | None, weights_rng: np.random.Generator
    ) -> Model:
        """Return the model of a history in which at least one trial has a value.

        Several objectives become one with weights from `weights_rng`. `known` are hyperparameters
        fitted before: with few new trials since they are used as they are, else the fit starts
        from them. Beyond `max_fit_points` the fit sees the best third and a random rest; beyond
        `max_model_points` the process keeps the better half and the newest.

        Raises:
            numpy.linalg.LinAlgError: the covariance cannot be factorised.
        """
        features = self.features
        history = self.used(history)
        filled = np.column_stack([fill_missing(column) for column in history.Y.T])
        losses = scalarise(filled, weights_rng)
        outputs = self._warp(losses)
        data = Data(
            *(features(history.X), features.groups, outputs.values),
            n_warped=self._n_warped,
            trend=features.trend() if self.has_trend else None,
        )
        prior = default_prior(
            features.is_categorical,
            self._n_warped,
            has_trend=self.has_trend,
            noise=self._noise_prior,
        )
        basis = self._supported_basis(data, prior, known)
        fitted = self._fit(data, prior, known, basis)
        rows = _model_rows(data.y, history.V, self.settings.max_model_points)
        thetas = self._averaged(fitted, prior, len(data.y))
        processes = tuple(_condition(theta, data.subset(rows), basis) for theta in thetas)
        means = [process.means_at_data() for process in processes]
        V, X = history.V[rows], history.X[rows]
        is_inside = Region(self.encoding, self.constraints).encloses(X)
        incumbents = tuple(_incumbent(column, V == 0.0, is_inside) for column in means)
        return Model(features, processes, fitted, X, means[0], outputs, incumbents, V)

    def _supported_basis(
        self, data: Data, prior: LogNormalPrior, known: Fitted | None
    ) -> Basis | None:
        """Return the functions that the outputs do not speak against."""
        if self.basis is None:
            return None
        guess = prior.centre if known is None else known.theta
        shown = data.subset(
            _model_rows(data.y, np.zeros_like(data.y), self.settings.max_fit_points)
        )
        return supported(self.basis, guess, shown)

    def _fit(
        self, data: Data, prior: LogNormalPrior, known: Fitted | None, basis: Basis | None
    ) -> Fitted:
        n = len(data.y)
        if known is not None and known.serves(n):
            return known
        rng = np.random.default_rng([self.seed, n, _SALT_SUBSET])
        rows = _fit_rows(data.y, self.settings.max_fit_points, rng)
        shown = data.subset(rows)
        if basis is not None:
            # The hyperparameters are those of what the functions leave, at about their weights.
            guess = prior.centre if known is None else known.theta
            shown = condition_on_basis(guess, shown, basis).rest.data
        theta = fit_theta(shown, prior, _starts(prior, known, n, rng))
        return Fitted.rounded(theta, n, self.fingerprint)

    def _averaged(self, fitted: Fitted, prior: LogNormalPrior, n: int) -> Sequence[Array]:
        """Return the hyperparameters over which the acquisition is averaged.

        With few results the fitted ones are uncertain. The prior's centre and longer length
        scales stand for the others that would explain the results about as well.
        """
        if n >= self.settings.n_averaged:
            return [fitted.theta]
        longer = fitted.theta.copy()
        longer[: prior.n_length_scales] += _LONGER
        return [fitted.theta, prior.centre, np.minimum(longer, prior.high)]


def _condition(theta: Array, data: Data, basis: Basis | None) -> Process:
    return condition(theta, data) if basis is None else condition_on_basis(theta, data, basis)


def _incumbent(means: Array, is_safe: NDArray[np.bool_], is_inside: NDArray[np.bool_]) -> float:
    """Return the best of the means (n,) at safe points inside, else at points inside.

    Where there are none, the median of all: what lies outside cannot be had any more.
    """
    for counts in (is_safe & is_inside, is_inside):
        if counts.any():
            return float(np.min(means[counts]))
    return float(np.median(means))


def _starts(
    prior: LogNormalPrior, known: Fitted | None, n: int, rng: np.random.Generator
) -> list[Start]:
    starts = [] if known is None else [Start(known.theta, _N_WARM)]
    if known is None or n <= _N_BOTH_UNTIL or rng.random() < _CENTRE_SHARE:
        starts.append(Start(prior.centre, _N_COLD))
    if known is None or rng.random() < _SMOOTH_SHARE:
        smooth = prior.centre.copy()
        smooth[: prior.n_length_scales] += _SMOOTHER
        # The noise comes after the length scales and the variance.
        smooth[prior.n_length_scales + 1] += _NOISIER
        starts.append(Start(smooth, _N_COLD))
    return starts


def _fit_rows(y: Array, n_most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    if len(y) <= n_most:
        return np.arange(len(y))
    order = np.argsort(y, kind="stable")
    n_best = n_most // 3
    others = rng.choice(order[n_best:], n_most - n_best, replace=False)
    return np.sort(np.r_[order[:n_best], others])


def _model_rows(y: Array, V: Array, n_most: int) -> NDArray[np.intp]:
    if len(y) <= n_most:
        return np.arange(len(y))
    best = np.lexsort((y, V))[: n_most // 2]
    newest = np.setdiff1d(np.arange(len(y)), best)[-(n_most - len(best)) :]
    return np.sort(np.r_[best, newest])
