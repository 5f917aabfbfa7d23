"""Points that may be tried: the nearest one in place of one that is taken or not allowed."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.inside import Inside, pulled_back
from wazir.algorithms.variation import mutated, one_of_each

# All points of a space are listed up to this number.
_MAX_LISTED = 10_000
_N_NEAR = 32
_STEPS = (0.003, 0.03, 0.3)
_N_UNIFORM = 256
_N_ANCHORS = 8


@dataclass(frozen=True)
class Untried:
    """Replaces points that are taken or that break a constraint; `known` (n, d) were tried."""

    inside: Inside
    known: Array

    @property
    def encoding(self) -> Encoding:
        """The columns of the space."""
        return self.inside.encoding

    def near(self, x: Array, taken: Set[bytes], rng: np.random.Generator) -> Array:
        """Return `x` (d,) if it is free, else a free point near it, one that is taken if none is.

        In a space of up to 10,000 points none is left only when all are taken. In larger ones
        352 others are tried, first near ones, then any; with constraints some more.
        """
        region = self.inside.region
        is_allowed = region.contains(x)
        if is_allowed and row_keys(x[None])[0] not in taken:
            return x
        for X in self._others(x, rng):
            free = X[region.free(X, taken)]
            if len(free):
                found = self._nearest(x, free, rng)
                if region.contains(found):
                    return found
        if is_allowed:
            return x
        one: Array = self.inside.sample(1, rng)[0]
        return one

    def _others(self, x: Array, rng: np.random.Generator) -> Iterator[Array]:
        """Yield points to try in place of `x`, the nearest first."""
        n_points = self.inside.space.n_points
        if n_points is not None and n_points <= _MAX_LISTED:
            yield self.encoding.all_points()
            return
        is_whole = self.inside.region.is_whole
        if not is_whole:
            nearest = np.argsort(self._distances(x, self.known), kind="stable")[:_N_ANCHORS]
            anchors = self.known[nearest]
            anchors = anchors[self.inside.region.holds(anchors)]
            yield pulled_back(
                self.inside.region, anchors, np.repeat(x[None], len(anchors), axis=0)
            )
            yield self.inside.near_one(x, rng)
        for step in _STEPS:
            X = np.repeat(x[None], _N_NEAR, axis=0)
            steps = step * rng.standard_normal(X.shape)
            yield mutated(self.encoding, X, one_of_each(self.encoding, X, rng), steps, rng)
        yield self.encoding.spread(rng.random((_N_UNIFORM, len(x))))
        if not is_whole:
            yield self.inside.sample(_N_NEAR, rng)

    def _nearest(self, x: Array, free: Array, rng: np.random.Generator) -> Array:
        """Return the row nearest to `x` in the sum of distances; any of equally near ones."""
        distances = self._distances(x, free)
        near = np.flatnonzero(distances <= distances.min() + 1e-12)
        found: Array = free[rng.choice(near)]
        return found

    def _distances(self, x: Array, X: Array) -> Array:
        """Return the sums of the distances along the parameters, (n,); 1 between categories."""
        ordered = np.array([column.axis.is_ordered for column in self.encoding.columns])
        gaps = np.abs(X - x)
        distances: Array = np.where(ordered, gaps, gaps > 0).sum(axis=1)
        return distances
