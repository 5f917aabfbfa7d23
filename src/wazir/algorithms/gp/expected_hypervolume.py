"""Expected hypervolume improvement: how much a point is expected to add to a front.

The objectives are independent processes. The improvement of losses y over a front is the sum over
disjoint boxes of prod_j (upper_j - max(lower_j, y_j))+, so its expectation is a sum of products of
expected improvements (Yang et al. 2019, see `boxes`; S. Daulton, M. Balandat, E. Bakshy,
"Differentiable expected hypervolume improvement for parallel multi-objective Bayesian
optimization", NeurIPS 2020):

    E = sum_k prod_j (psi_j(upper_kj) - psi_j(lower_kj)),   psi_j(a) = E[(a - Y_j)+] = s h(z),
    z = (a - mean_j) / s,   h(z) = phi(z) + z Phi(z).

Its logarithm is computed from log h, so that it has a slope everywhere (S. Ament et al.,
"Unexpected improvements to expected improvement", NeurIPS 2023).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.gp.acquisition import log_h
from wazir.algorithms.gp.boxes import Boxes
from wazir.algorithms.gp.features import FeatureMap
from wazir.surrogates.process import Process

_MAX_SCORE = 1e150
# A box that is thinner than this, seen from a point, is as thin as this.
_LEAST_PART = 1e-16


@dataclass(frozen=True)
class LogExpectedHypervolume:
    """The logarithm of the expected hypervolume improvement as a function of the prediction.

    Means and standard deviations have shape (n, m).
    """

    boxes: Boxes

    def value(self, mean: Array, std: Array) -> Array:
        """Return the values, shape (n,)."""
        parts = [self._parts(j, mean[:, j], std[:, j]).value for j in range(mean.shape[1])]
        value: Array = np.logaddexp.reduce(np.sum(parts, axis=0), axis=1)
        return value

    def with_slopes(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        """Return the values (n,) and their derivatives by mean and standard deviation, (n, m)."""
        m = mean.shape[1]
        parts = [self._parts(j, mean[:, j], std[:, j]) for j in range(m)]
        total: Array = np.sum([part.value for part in parts], axis=0)
        value = np.logaddexp.reduce(total, axis=1)
        shares = np.exp(total - value[:, None])
        by_mean = np.column_stack([np.sum(shares * part.by_mean, axis=1) for part in parts])
        by_std = np.column_stack([np.sum(shares * part.by_std, axis=1) for part in parts])
        return value, by_mean, by_std

    def _parts(self, j: int, mean: Array, std: Array) -> "_Parts":
        """Return log(psi(upper) - psi(lower)) for all boxes in one objective."""
        edges, places = np.unique(
            np.concatenate([self.boxes.lower[:, j], self.boxes.upper[:, j]]), return_inverse=True
        )
        n_boxes = len(self.boxes.lower)
        return _Parts.of(edges, places[:n_boxes], places[n_boxes:], mean, std)


@dataclass(frozen=True)
class _Parts:
    """log(psi(upper) - psi(lower)) of b boxes at n points, and its derivatives; (n, b) each."""

    value: Array
    by_mean: Array
    by_std: Array

    @classmethod
    def of(
        cls,
        edges: Array,
        lower: NDArray[np.intp],
        upper: NDArray[np.intp],
        mean: Array,
        std: Array,
    ) -> "_Parts":
        """Return the parts between edges (e,), which may begin with -inf, at their places (b,)."""
        is_open = np.isneginf(edges)
        finite = np.where(is_open, 0.0, edges)
        with np.errstate(over="ignore"):
            z = (finite - mean[:, None]) / std[:, None]
        z = np.clip(z, -_MAX_SCORE, _MAX_SCORE)
        value, ratio = log_h(z)
        value = np.where(is_open, -np.inf, value)
        gap = value[:, lower] - value[:, upper]
        below = np.exp(gap)
        rest = np.maximum(-np.expm1(gap), _LEAST_PART)
        slope = (ratio[:, upper] - ratio[:, lower] * below) / rest
        turned = ratio * z
        stretch = (turned[:, upper] - turned[:, lower] * below) / rest
        return cls(
            np.log(std)[:, None] + value[:, upper] + np.log(rest),
            -slope / std[:, None],
            (1.0 - stretch) / std[:, None],
        )


@dataclass(frozen=True)
class HypervolumeCriterion:
    """Expected hypervolume improvement as a Criterion; one process for each objective.

    Standard deviations count `widening` times: more than once is optimistic.
    """

    features: FeatureMap
    processes: tuple[Process, ...]
    acquisition: LogExpectedHypervolume
    widening: float = 1.0

    def value(self, X: Array) -> Array:
        """See Criterion."""
        F = self.features(X)
        predictions = [process.predict(F) for process in self.processes]
        mean = np.column_stack([prediction.mean for prediction in predictions])
        std = np.column_stack([prediction.std for prediction in predictions])
        return self.acquisition.value(mean, self.widening * std)

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        F, n_ordered = self.features(X), len(self.features.ordered)
        found = [process.predict_with_gradient(F, n_ordered) for process in self.processes]
        mean = np.column_stack([prediction.mean for prediction, _, _ in found])
        std = np.column_stack([prediction.std for prediction, _, _ in found])
        value, by_mean, by_std = self.acquisition.with_slopes(mean, self.widening * std)
        gradient: Array = np.sum(
            [
                by_mean[:, j, None] * d_mean + self.widening * by_std[:, j, None] * d_std
                for j, (_, d_mean, d_std) in enumerate(found)
            ],
            axis=0,
        )
        return value, gradient
