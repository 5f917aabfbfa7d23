"""What a user believes of the optimum, as a density over the space that fades as results come.

C. Hvarfner et al., "piBO: augmenting acquisition functions with user beliefs for Bayesian
optimization", ICLR 2022: the acquisition is multiplied by pi(x)^(beta / n), where n is the number
of results; it fades faster here, and at once where the results speak against it, see
`Belief.weight`. pi is a product over the parameters with a
belief. Along an ordered parameter it is a Gaussian around the value, a fifth of the axis wide, over
a floor of a tenth of its peak, so that no place is excluded. A believed category counts as much as
four others.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import StudyConfig

WIDTH, FLOOR, CATEGORY_ODDS = 0.2, 0.1, 4.0
# As in the paper up to so many results; from there on it fades with the square of their number,
# which makes wrong beliefs cheaper and right ones no worse: benchmarks/beliefs.py.
BETA, N_FULL = 10.0, 10


@dataclass(frozen=True)
class Belief:
    """The density around the believed positions (k,) of some columns (k,) of an encoding."""

    encoding: Encoding
    columns: tuple[int, ...]
    positions: tuple[float, ...]

    @classmethod
    def of(cls, config: StudyConfig, encoding: Encoding) -> "Belief | None":
        """Return the belief of a study's user, None without one."""
        found = [
            (j, position)
            for j, column in enumerate(encoding.columns)
            if column.name in config.beliefs and not column.is_constant
            for position in _position(encoding, j, config.beliefs[column.name])
        ]
        if not found:
            return None
        columns, positions = zip(*found, strict=True)
        return cls(encoding, columns, positions)

    def log_density(self, X: Array) -> Array:
        """Return log pi at points X (m, d), shape (m,): at most 0, at the believed values."""
        total = np.zeros(len(X))
        active = self.encoding.activity(X)
        for j, position in zip(self.columns, self.positions, strict=True):
            if self.encoding.columns[j].axis.is_ordered:
                logs = np.log(FLOOR + (1.0 - FLOOR) * _bump(X[:, j], position))
            else:
                logs = np.where(X[:, j] == position, 0.0, -math.log(CATEGORY_ODDS))
            total += np.where(active[:, j], logs, 0.0)
        return total

    def gradient(self, X: Array) -> Array:
        """Return the gradients of log pi by all columns, (m, d); 0 for categorical ones."""
        slopes = np.zeros_like(X)
        active = self.encoding.activity(X)
        for j, position in zip(self.columns, self.positions, strict=True):
            if self.encoding.columns[j].axis.is_ordered:
                bump = (1.0 - FLOOR) * _bump(X[:, j], position)
                slope = -(X[:, j] - position) / WIDTH**2 * bump / (FLOOR + bump)
                slopes[:, j] = np.where(active[:, j], slope, 0.0)
        return slopes

    def weight(self, X: Array, ranks: NDArray[np.intp]) -> float:
        """Return the exponent of the density after results at X (n, d), beta / n.

        Beyond ten results it is multiplied by 10 / n. `ranks` (n,) say how good results are, 0 for
        the best; equals share one. As long as those near the belief are rather worse than the
        others the exponent is 0: where the rank correlation of the density and the goodness of the
        results is negative (C. Spearman, "The proof and measurement of association between two
        things", 1904).
        """
        n = max(len(X), 1)
        if _covariance(_mid_ranks(self.log_density(X)), -_mid_ranks(ranks)) < 0.0:
            return 0.0
        return BETA / n * min(1.0, N_FULL / n)

    def draw(self, U: Array) -> Array:
        """Return points of the density's peak for rows of the unit cube (n, d).

        Ordered parameters with a belief come from the Gaussian alone, cut off at the ends.
        """
        X = self.encoding.spread(U)
        for j, position in zip(self.columns, self.positions, strict=True):
            column, u = self.encoding.columns[j], U[:, j]
            if column.axis.is_ordered:
                low, high = ndtr((np.array([0.0, 1.0]) - position) / WIDTH)
                drawn = position + WIDTH * ndtri(low + u * (high - low))
                X[:, j] = np.clip(drawn, 0.0, 1.0)
            else:
                odds = CATEGORY_ODDS / (CATEGORY_ODDS + (column.n_levels or 1) - 1)
                others = column.axis.spread(np.clip((u - odds) / (1.0 - odds), 0.0, None))
                X[:, j] = np.where(u < odds, position, others)
        return self.encoding.snap(X)


def _mid_ranks(values: NDArray[np.generic]) -> Array:
    """Return the ranks of values (n,), from 1; equal ones have the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Array = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return found


def _covariance(a: Array, b: Array) -> float:
    """Return n**2 times the covariance of halves of whole numbers (n,), without rounding."""
    return float(len(a) * (a @ b) - a.sum() * b.sum())


def _position(encoding: Encoding, j: int, value: ParameterValue) -> list[float]:
    """Return the position of a value, nothing where this branch's parameter cannot have it."""
    try:
        return [float(encoding.columns[j].axis.positions([value])[0])]
    except (InvalidInputError, ValueError, TypeError):
        return []


def _bump(x: Array, position: float) -> Array:
    found: Array = np.exp(-0.5 * ((x - position) / WIDTH) ** 2)
    return found
