"""Plateaus: surroundings of trials in which the objective has been seen not to change.

A program that rounds a parameter, a tree that splits between two thresholds or a metric of few
values is flat in places. A Matern process does not believe in flat places: it expects a little
improvement between two points of equal value, and more of it than far away, again and again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.gp.model import Model
from wazir.surrogates.process import Process

# Squared distances in units of the length scales; closer than this is the same point.
_SAME_POINT = 1e-12


@dataclass(frozen=True)
class Plateaus:
    """Balls in the distance of the process's kernel: bent features `centres` (k, p), their
    squared radii `reach` (k,).

    A ball lies around an observed point and reaches to the farthest point of the very same value
    that is nearer than any point of another value.
    """

    process: Process
    centres: Array
    reach: Array

    @classmethod
    def of(cls, model: Model) -> "Plateaus":
        """Return the plateaus among the observed points of a model."""
        process, n = model.process, len(model.X)
        y, bent = process.data.y[:n], process.bent[:n]
        _, values, counts = np.unique(y, return_inverse=True, return_counts=True)
        tied = np.flatnonzero(counts[values] > 1)
        if len(tied) == 0:
            return cls(process, bent[:0], y[:0])
        r2 = process.kernel.matern.square_distance(bent[tied], bent)
        is_equal = values[tied, None] == values
        to_others = np.min(np.where(is_equal, np.inf, r2), axis=1)
        is_flat = is_equal & (r2 < to_others[:, None])
        reach = np.max(np.where(is_flat, r2, 0.0), axis=1)
        wide = reach > _SAME_POINT
        return cls(process, bent[tied[wide]], reach[wide])

    @property
    def n_points(self) -> int:
        """Number of observed points that lie on plateaus."""
        return len(self.reach)

    def hold(self, F: Array) -> NDArray[np.bool_]:
        """Return which rows of features F (m, p) lie on a plateau."""
        if self.n_points == 0:
            return np.zeros(len(F), dtype=np.bool_)
        bent = self.process.parameters.warping(F)
        r2 = self.process.kernel.matern.square_distance(bent, self.centres)
        return np.asarray((r2 <= self.reach).any(axis=1))
