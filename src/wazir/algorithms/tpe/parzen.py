"""A Parzen estimator of points in a mixed space: a mixture of one product kernel per point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri

from wazir.algorithms.axes import Array
from wazir.algorithms.cells import Cells
from wazir.algorithms.variation import categorical_columns

_MAX_DIVISOR = 100.0
PRIOR_WEIGHT = 1.0
_LOG_SQRT_2PI = 0.5 * float(np.log(2 * np.pi))
# A cell of an axis with very many levels is taken to be so wide; it cancels in a ratio.
_MIN_CELL = 1e-9
_SMALLEST = 1e-300


@dataclass(frozen=True)
class ParzenEstimator:
    """Kernels around k - 1 points and a wide one, the prior.

    weights (k,) add up to 1. Ordered columns that vary: truncated normal kernels with `centres`
    and `widths` (k, c), integrated over the cells of axes with steps. Categorical columns:
    `frequencies`, one table (k, n_levels) for each column of `categorical`. Where a point does
    not have a parameter its kernel is that of the prior.
    """

    cells: Cells
    weights: Array
    centres: Array
    widths: Array
    categorical: tuple[int, ...]
    frequencies: tuple[Array, ...]

    @classmethod
    def of(cls, cells: Cells, X: Array, weights: Array) -> "ParzenEstimator":
        """Return the estimator of snapped points X (k - 1, d) with any positive weights."""
        encoding = cells.encoding
        active = encoding.activity(X)
        middle, span = (cells.low + cells.high) / 2, cells.high - cells.low
        exists = active[:, cells.columns]
        centres = np.where(exists, X[:, cells.columns], middle)
        widths = np.where(exists, _widths(cells, X[:, cells.columns], exists), span)
        categorical = categorical_columns(encoding)
        tables = [
            _frequencies(X[:, j], active[:, j], encoding.columns[j].n_levels or 1)
            for j in categorical
        ]
        total = np.append(weights, PRIOR_WEIGHT)
        return cls(
            cells,
            total / total.sum(),
            np.vstack([centres, middle]),
            np.vstack([widths, span]),
            categorical,
            tuple(tables),
        )

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n points of the space drawn from the mixture, shape (n, d)."""
        cells = self.cells
        chosen = rng.choice(len(self.weights), size=n, p=self.weights)
        X = np.empty((n, cells.encoding.n_columns))
        for j, column in enumerate(cells.encoding.columns):
            X[:, j] = column.idle_position
        centres, widths = self.centres[chosen], self.widths[chosen]
        low, high = ndtr((cells.low - centres) / widths), ndtr((cells.high - centres) / widths)
        u = low + rng.random(centres.shape) * (high - low)
        drawn = centres + widths * ndtri(u)
        X[:, cells.columns] = np.clip(drawn, cells.low, cells.high)
        for j, table in zip(self.categorical, self.frequencies, strict=True):
            cumulative = np.cumsum(table[chosen], axis=1)
            X[:, j] = (rng.random((n, 1)) > cumulative).sum(axis=1)
        return cells.encoding.snap(X)

    def log_density(self, X: Array) -> Array:
        """Return the logarithm of the density at snapped points X (m, d), shape (m,).

        A parameter that a point does not have is left out of its product.
        """
        active = self.cells.encoding.activity(X)
        total = np.log(self.weights) + self._ordered(X, active)
        for j, table in zip(self.categorical, self.frequencies, strict=True):
            levels = X[:, j].astype(np.intp)
            total += np.where(active[:, j, None], np.log(table[:, levels].T), 0.0)
        found: Array = logsumexp(total, axis=1)
        return found

    def _ordered(self, X: Array, active: NDArray[np.bool_]) -> Array:
        """Return the logarithms of the kernels over the ordered columns, shape (m, k)."""
        cells = self.cells
        total = np.zeros((len(X), len(self.weights)))
        mass = ndtr((cells.high - self.centres) / self.widths)
        mass -= ndtr((cells.low - self.centres) / self.widths)
        log_scale = np.log(np.maximum(mass, _SMALLEST))
        low, high = cells.edges(X)
        for i, j in enumerate(cells.columns):
            centre, width = self.centres[:, i], self.widths[:, i]
            if cells.has_cells[i]:
                values, place = np.unique(X[:, j], return_index=True)
                place_of = np.searchsorted(values, X[:, j])
                a = (low[place, i, None] - centre) / width
                b = (high[place, i, None] - centre) / width
                inside = np.log(np.maximum(ndtr(b) - ndtr(a), _SMALLEST))[place_of]
            else:
                z = (X[:, j, None] - centre) / width
                inside = -0.5 * z * z - np.log(width) - _LOG_SQRT_2PI
            total += np.where(active[:, j, None], inside - log_scale[:, i], 0.0)
        return total


def _widths(cells: Cells, positions: Array, exists: NDArray[np.bool_]) -> Array:
    """Return bandwidths (k - 1, c): the larger gap to a neighbour, within bounds.

    Bounds ("magic clipping", J. Bergstra et al., NIPS 2011): the length of the axis, and this
    over min(100, k + 1) with k kernels.
    """
    span = cells.high - cells.low
    widths = np.empty_like(positions)
    for i in range(positions.shape[1]):
        rows = np.flatnonzero(exists[:, i])
        x = positions[rows, i]
        order = np.argsort(x, kind="stable")
        edges = np.concatenate([[cells.low[i]], x[order], [cells.high[i]]])
        gaps = np.diff(edges)
        if len(x) > 1:
            # The ends of the axis count as neighbours of a single point only.
            gaps[[0, -1]] = 0.0
        smallest = span[i] / min(_MAX_DIVISOR, 2.0 + len(x))
        found = np.clip(np.maximum(gaps[:-1], gaps[1:]), smallest, span[i])
        widths[rows[order], i] = found
    return widths


def _frequencies(positions: Array, exists: NDArray[np.bool_], n_levels: int) -> Array:
    """Return the kernels of a categorical column, shape (k, n_levels), each row adding up to 1.

    One count for the own category and one over k for each, as in Optuna.
    """
    k = len(positions) + 1
    table = np.full((k, n_levels), PRIOR_WEIGHT / k)
    rows = np.flatnonzero(exists)
    table[rows, positions[rows].astype(np.intp)] += 1.0
    found: Array = table / table.sum(axis=1, keepdims=True)
    return found
