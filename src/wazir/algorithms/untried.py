"""Points that nobody has tried: the nearest one in place of a point that is taken."""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.variation import mutated, one_of_each
from wazir.domain.space import SearchSpace

# All points of a space are listed up to this number.
_MAX_LISTED = 10_000
_N_NEAR = 32
_STEPS = (0.003, 0.03, 0.3)
_N_UNIFORM = 256


@dataclass(frozen=True)
class Untried:
    """Replaces points that are taken; `n_points` is the size of the space, None if unbounded."""

    encoding: Encoding
    n_points: int | None

    @classmethod
    def of(cls, space: SearchSpace, encoding: Encoding) -> "Untried":
        """Return the helper of a space."""
        return cls(encoding, space.n_points)

    def near(self, x: Array, taken: Set[bytes], rng: np.random.Generator) -> Array:
        """Return `x` (d,) if it is free, else a free point near it, `x` if none is left.

        In a space of up to 10,000 points none is left only when all are taken. In larger ones
        352 others are tried, first near ones, then any.
        """
        if row_keys(x[None])[0] not in taken:
            return x
        if self.n_points is not None and self.n_points <= _MAX_LISTED:
            return self._nearest(x, self._free(self.encoding.all_points(), taken), rng)
        for step in _STEPS:
            X = np.repeat(x[None], _N_NEAR, axis=0)
            steps = step * rng.standard_normal(X.shape)
            X = mutated(self.encoding, X, one_of_each(self.encoding, X, rng), steps, rng)
            free = self._free(X, taken)
            if len(free):
                return self._nearest(x, free, rng)
        uniform = self.encoding.spread(rng.random((_N_UNIFORM, len(x))))
        return self._nearest(x, self._free(uniform, taken), rng)

    def _free(self, X: Array, taken: Set[bytes]) -> Array:
        return X[[key not in taken for key in row_keys(X)]]

    def _nearest(self, x: Array, free: Array, rng: np.random.Generator) -> Array:
        """Return the row nearest to `x` in the sum of distances; any of equally near ones."""
        if len(free) == 0:
            return x
        ordered = np.array([column.axis.is_ordered for column in self.encoding.columns])
        gaps = np.abs(free - x)
        distances = np.where(ordered, gaps, gaps > 0).sum(axis=1)
        near = np.flatnonzero(distances <= distances.min() + 1e-12)
        found: Array = free[rng.choice(near)]
        return found
