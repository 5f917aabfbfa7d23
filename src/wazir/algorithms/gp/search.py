"""The search for the point at which the acquisition function is greatest, in a mixed space.

Candidates are scattered over the space and around the best points; the best of them are climbed
from with gradients along the ordered parameters; the result is put on the grid of values and
improved one parameter at a time. Only points that fulfil the constraints and are neither `taken`
nor on a plateau are returned.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array, level_positions
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.branches import ANYWHERE, Branch
from wazir.algorithms.gp.criterion import Criterion
from wazir.algorithms.gp.plateaus import Plateaus
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.inside import Inside, pulled_back
from wazir.surrogates.quasi_newton import Limits, descend_all

N_BEST = 5
_FIRST_STEP = 0.1
_N_SWEEPS = 2
_LOG10_STEP = (-2.5, -0.4)
_MAX_LEVELS_LISTED = 5
_LEVEL_STEPS = (-4, -1, 1, 4)
# With fewer candidates of a kind inside the constraints, others are moved there.
_MIN_INSIDE, _N_MOVED = 32, 8
# It takes as long as all the rest, so not every time.
_EXPLORATION = 0.25


@dataclass(frozen=True)
class Search:
    """One maximisation: what is maximised where, and the points that may not be returned.

    `best` (k, d) are the points around which candidates are scattered, best first; `wished` (q, d)
    are more candidates. Without `plateaus` the search goes everywhere;
    with a `branch` it stays inside.
    """

    inside: Inside
    criterion: Criterion
    best: Array
    taken: frozenset[bytes]
    settings: GpSettings
    plateaus: Plateaus | None = None
    wished: Array | None = None
    branch: Branch = ANYWHERE

    @property
    def is_restricted(self) -> bool:
        """Whether there are plateaus or a branch that keep points out."""
        on_plateaus = self.plateaus is not None and self.plateaus.n_points > 0
        return on_plateaus or bool(self.branch.values)

    def everywhere(self) -> "Search":
        """Return the same search without plateaus and branch."""
        return replace(self, plateaus=None, branch=ANYWHERE)

    @property
    def encoding(self) -> Encoding:
        """The columns of the space."""
        return self.inside.encoding

    def value(self, X: Array) -> Array:
        """Return the criterion at points X (m, d); minus infinity where none may be returned."""
        values = self.criterion.value(X)
        free = self.inside.region.free(X, self.taken)
        if self.branch.values:
            free &= self.branch.holds(X)
        if self.plateaus is not None and self.plateaus.n_points:
            free &= ~self.plateaus.hold(self.criterion.features(X))
        return np.where(free, values, -np.inf)

    def best_of(self, X: Array) -> tuple[Array | None, float]:
        """Return the best free point among X (m, d) and its value, or None."""
        if len(X) == 0:
            return None, -np.inf
        values = self.value(X)
        best = int(np.argmax(values))
        return (X[best], float(values[best])) if values[best] > -np.inf else (None, -np.inf)

    def candidates(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return points all over the space and around the best ones, and the climbed ones.

        The second array (m, d) has the points that gradients lead to, behind those where they began.
        """
        settings = self.settings
        U = rng.random((settings.n_uniform, self.encoding.n_columns))
        scattered = [self._inside(self.encoding.spread(U), rng, explores=True)]
        near = perturb(self.encoding, self.best, settings.n_near, rng)
        scattered.append(self._inside(near, rng, explores=False))
        if self.wished is not None:
            scattered.append(self._inside(self.wished, rng, explores=True))
        starts = np.vstack([self._top(X) for X in scattered])
        return np.vstack(scattered), np.vstack([starts, self._climb(starts)])

    def run(self, rng: np.random.Generator) -> Array | None:
        """Return the best point found, shape (d,), None if none that was seen may be returned."""
        scattered, climbed = self.candidates(rng)
        best, value = self.best_of(climbed)
        if best is None:
            best, value = self.best_of(scattered)
        for _ in range(_N_SWEEPS):
            if best is None:
                return None
            better, new_value = self.best_of(neighbours(self.encoding, best))
            if better is None or new_value <= value:
                return best
            best, value = better, new_value
        return best

    def _inside(self, X: Array, rng: np.random.Generator, *, explores: bool) -> Array:
        """Return the candidates in the branch that fulfil the constraints; of few, some others too.

        Others are pulled towards the best points as far as needed. Where that leads nowhere, or to
        explore other corners of the region, some are moved along one parameter after another.
        """
        X = self.branch.enter(self.encoding, X, rng)
        region = self.inside.region
        if region.is_whole:
            return X
        inside = region.holds(X)
        outside = X[~inside][: max(_MIN_INSIDE - int(inside.sum()), 0)]
        anchors = self.best[region.holds(self.best)]
        if len(anchors) == 0 or len(outside) == 0:
            return np.vstack([X[inside], self.inside.near(outside, rng)])
        starts = anchors[rng.integers(len(anchors), size=len(outside))]
        pulled = pulled_back(region, starts, outside)
        if (explores and rng.random() < _EXPLORATION) or (pulled == starts).all():
            pulled = np.vstack([pulled, self.inside.near(outside[:_N_MOVED], rng)])
        return np.vstack([X[inside], pulled])

    def _top(self, X: Array) -> Array:
        if len(X) == 0:
            return X
        order = np.argsort(-self.value(X), kind="stable")
        return X[order[: self.settings.n_climbs]]

    def _climb(self, X: Array) -> Array:
        """Return the points that gradients lead to from X (m, d), on the grid of values."""
        columns = list(self.criterion.features.ordered)
        is_constant = np.array([column.is_constant for column in self.encoding.columns])
        moves = (self.encoding.activity(X) & ~is_constant)[:, columns]
        if not moves.any():
            return X[:0]

        def objective(Z: Array) -> tuple[Array, Array]:
            points = X.copy()
            points[:, columns] = np.where(moves, Z, X[:, columns])
            values, gradient = self.criterion.value_with_gradient(points)
            return -values, -np.where(moves, gradient, 0.0)

        low, high = np.zeros(len(columns)), np.ones(len(columns))
        limits = Limits(self.settings.n_climb_evaluations, _FIRST_STEP)
        end, _ = descend_all(objective, X[:, columns], low, high, limits)
        climbed = X.copy()
        climbed[:, columns] = np.where(moves, end, X[:, columns])
        climbed = self.encoding.snap(climbed)
        region = self.inside.region
        return climbed if region.is_whole else pulled_back(region, X, climbed)


def perturb(encoding: Encoding, best: Array, n: int, rng: np.random.Generator) -> Array:
    """Return n points near the points `best` (k, d), the first of which count most.

    One, two, four or all parameters change: continuous ones by Gaussian steps of 0.003 to 0.4,
    ordered ones with levels by a few levels half of the time, categories to any other.
    """
    d = encoding.n_columns
    parents = np.minimum(rng.geometric(0.5, size=n) - 1, len(best) - 1)
    X = best[parents].copy()
    share = np.minimum(rng.choice([1, 2, 4, d], size=n) / d, 1.0)
    changed = rng.random((n, d)) < share[:, None]
    changed[np.arange(n), rng.integers(0, d, size=n)] = True
    step = 10.0 ** rng.uniform(*_LOG10_STEP, size=(n, 1))
    X = np.where(changed, _moved(encoding, X, step * rng.standard_normal((n, d)), rng), X)
    return encoding.snap(X)


def _moved(encoding: Encoding, X: Array, steps: Array, rng: np.random.Generator) -> Array:
    """Return X with every parameter moved: by `steps`, by levels, or to another category."""
    moved = np.empty_like(X)
    n = len(X)
    coin = rng.random(X.shape) < 0.5
    level_steps = rng.geometric(0.5, size=X.shape) * rng.choice([-1, 1], size=X.shape)
    for j, column in enumerate(encoding.columns):
        n_levels = column.n_levels
        if not column.axis.is_ordered:
            other = rng.integers(0, max(n_levels or 1, 1), size=n)
            moved[:, j] = np.where(coin[:, j], other, X[:, j])
        elif n_levels is None or n_levels == 1:
            moved[:, j] = _reflect(X[:, j] + steps[:, j])
        else:
            by_levels = level_steps[:, j] / (n_levels - 1)
            moved[:, j] = X[:, j] + np.where(coin[:, j], by_levels, steps[:, j])
    return moved


def _reflect(x: Array) -> Array:
    """Return x folded back into [0, 1] at the ends."""
    folded = np.mod(x, 2.0)
    return np.minimum(folded, 2.0 - folded)


def neighbours(encoding: Encoding, x: Array) -> Array:
    """Return the points that differ from `x` (d,) in one parameter with levels, shape (m, d).

    All categories and all levels of short lists; a few levels up and down of long ones.
    """
    rows = []
    active: NDArray[np.bool_] = encoding.activity(x[None])[0]
    for j, column in enumerate(encoding.columns):
        n_levels = column.n_levels
        if n_levels is None or n_levels == 1 or not active[j]:
            continue
        if not column.axis.is_ordered or n_levels <= _MAX_LEVELS_LISTED:
            positions = level_positions(column.axis)
        else:
            positions = x[j] + np.array(_LEVEL_STEPS) / (n_levels - 1)
        grown = np.repeat(x[None], len(positions), axis=0)
        grown[:, j] = positions
        rows.append(grown)
    if not rows:
        return np.empty((0, len(x)))
    return encoding.snap(np.vstack(rows))
