"""Finding points that fulfil the constraints, also where these leave hardly any."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array, level_positions
from wazir.algorithms.encoding import Column, Encoding
from wazir.algorithms.region import Region
from wazir.algorithms.shortfall import Shortfall
from wazir.algorithms.variation import filled
from wazir.domain.errors import InvalidInputError
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig

# All points of a space are listed up to this number.
_MAX_LISTED = 20_000
# Sizes of the batches in which random points are drawn and those outside thrown away.
_BATCHES = (256, 1024, 4096)
# A line along a parameter is looked at in so many places, then again around the best of them.
_N_PLACES, _N_ZOOMS, _N_SWEEPS = 33, 9, 4
_GAIN = 0.5
_N_LINES_AT_ONCE = 64
# Two parameters at a time: of so many points, with so many values each.
_N_PAIR_STARTS, _MAX_PAIR_LEVELS, _MAX_PAIRS = 4, 128, 20
_N_COPIES = 8
_MAX_STEPS = 20
_SALT_WITNESS, _SALT_SCALES = 31, 32


@dataclass(frozen=True)
class Inside:
    """Points of a region. Results have shape (k, d), are snapped and fulfil all constraints."""

    region: Region
    space: SearchSpace

    @classmethod
    def of(cls, config: StudyConfig, encoding: Encoding) -> "Inside":
        """Return the finder for a study."""
        return cls(Region.of(config, encoding), config.space)

    @property
    def encoding(self) -> Encoding:
        """The columns of the space."""
        return self.region.encoding

    @cached_property
    def listed(self) -> Array | None:
        """All points of the region, None where the space has more than 20,000 points."""
        n_points = self.space.n_points
        if n_points is None or n_points > _MAX_LISTED:
            return None
        return self._kept(self.encoding.all_points())

    @cached_property
    def witness(self) -> Array | None:
        """One point of the region, (d,), always the same; None where none can be found."""
        rng = np.random.default_rng([_SALT_WITNESS])
        first = self.encoding.encode([self.space.complete({})])
        found = self._kept(first)
        if len(found) == 0:
            found = self._drawn(1, rng)
        if len(found) == 0 and self.listed is not None:
            found = self.listed
        elif len(found) == 0:
            starts = np.vstack([first, self._uniform(_N_LINES_AT_ONCE - 1, rng)])
            found = self._moved(starts, rng, in_pairs=True)
        return next(iter(found), None)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n random points.

        Uniform points where at least some thousandth of the space is inside, or the space is
        small; else uniform points that were moved inside along one parameter after another, and
        then about within the region.

        Raises:
            InvalidInputError: no point can be found; a study that was created has one.
        """
        found = self._drawn(n, rng)
        if len(found) == n:
            return found
        if self.listed is not None and len(self.listed):
            return self.listed[rng.integers(len(self.listed), size=n)]
        found = np.vstack([found, self._moved(self._uniform(min(n, _N_LINES_AT_ONCE), rng), rng)])
        if len(found) == 0 and self.witness is not None:
            found = self.witness[None]
        if len(found) == 0:
            raise InvalidInputError("no point of the search space fulfils all constraints")
        starts = np.concatenate([np.arange(len(found)), rng.integers(len(found), size=n)])[:n]
        return self._walked(found[starts], rng)

    def near(self, X: Array, rng: np.random.Generator) -> Array:
        """Return points inside that lie near rows X (n, d), in no order; perhaps none.

        Rows outside are moved along one parameter after another; rows inside stay.
        """
        if self.region.is_whole:
            return X
        inside = self.region.holds(X)
        return self._kept(np.vstack([X[inside], self._moved(X[~inside], rng)]))

    def near_one(self, x: Array, rng: np.random.Generator) -> Array:
        """Return up to 8 points inside near x (d,), found along different ways."""
        return self.near(np.repeat(x[None], _N_COPIES, axis=0), rng)

    def _kept(self, X: Array) -> Array:
        """Return the rows that lie inside, exactly."""
        rows = [i for i in np.flatnonzero(self.region.holds(X)) if self.region.contains(X[i])]
        return X[rows]

    def _uniform(self, n: int, rng: np.random.Generator) -> Array:
        return self.encoding.spread(rng.random((n, self.encoding.n_columns)))

    def _drawn(self, n: int, rng: np.random.Generator) -> Array:
        """Return up to n uniform points of the region."""
        found = np.empty((0, self.encoding.n_columns))
        for size in _BATCHES:
            X = self._uniform(size, rng)
            inside = np.flatnonzero(self.region.holds(X))[: n - len(found)]
            found = np.vstack([found, self._kept(X[inside])])
            if len(found) >= n:
                break
        return found

    @cached_property
    def _shortfall(self) -> Shortfall:
        return Shortfall.of(self.region, np.random.default_rng([_SALT_SCALES]))

    @cached_property
    def _varied(self) -> NDArray[np.intp]:
        """The columns that may decide whether a point is inside: those named, and their parents."""
        found = {j for columns in self.region.named_columns.values() for j in columns}
        for j in sorted(found, reverse=True):
            parent = self.encoding.columns[j].parent
            while parent is not None:
                found.add(parent)
                parent = self.encoding.columns[parent].parent
        varied = sorted(j for j in found if not self.encoding.columns[j].is_constant)
        return np.array(varied, dtype=np.intp)

    def _moved(self, X: Array, rng: np.random.Generator, *, in_pairs: bool = False) -> Array:
        """Return those rows of X (n, d) that could be moved inside, as they are then."""
        if len(X) == 0 or len(self._varied) == 0:
            return X[:0]
        F = filled(self.encoding, X[:_N_LINES_AT_ONCE], rng)
        gaps = self._gaps(F)
        F, gaps = self._along_lines(F, gaps, rng)
        if in_pairs and (gaps > 0).all():
            best = np.argsort(gaps, kind="stable")[:_N_PAIR_STARTS]
            F, gaps = self._along_pairs(F[best], gaps[best], rng)
            F, gaps = self._along_lines(F, gaps, rng)
        return self._kept(self.encoding.snap(F[gaps == 0]))

    def _gaps(self, F: Array) -> Array:
        return self._shortfall(self.encoding.snap(F))

    def _along_lines(self, F: Array, gaps: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Move rows along one parameter after another, each row in an order of its own."""
        F, gaps = F.copy(), gaps.copy()
        for _ in range(_N_SWEEPS):
            order = rng.permuted(np.tile(self._varied, (len(F), 1)), axis=1)
            for columns in order.T:
                outside = np.flatnonzero(gaps > 0)
                if len(outside) == 0:
                    return F, gaps
                F[outside], gaps[outside] = self._on_line(
                    F[outside], columns[outside], gaps[outside], rng
                )
        return F, gaps

    def _on_line(
        self, F: Array, js: NDArray[np.intp], gaps: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Move row i of F along column js[i] to where its gap is least, the nearest such place."""
        F, gaps = F.copy(), gaps.copy()
        P = np.array([self._places(self.encoding.columns[j], rng) for j in js])
        ordered = np.array([self.encoding.columns[j].axis.is_ordered for j in js])
        start, rows = F[np.arange(len(F)), js], np.arange(len(F))
        half = 1.0 / (_N_PLACES - 3)
        for zoom in range(_N_ZOOMS):
            before = gaps[rows]
            found, place = self._least(F[rows], js[rows], P, start[rows])
            better = rows[found < before]
            F[better, js[better]] = place[found < before]
            gaps[rows] = np.minimum(found, before)
            # A finer look pays where the gap closes at a single place; elsewhere it ends soon.
            pays = (gaps[rows] < _GAIN * before) | (zoom == 0)
            rows = rows[pays & (gaps[rows] > 0) & ordered[rows]]
            if len(rows) == 0:
                break
            finer = F[rows, js[rows]][:, None] + half * np.linspace(-1.0, 1.0, _N_PLACES)
            P = np.clip(finer, 0.0, 1.0)
            half *= 2.0 / (_N_PLACES - 1)
        return F, gaps

    def _least(
        self, F: Array, js: NDArray[np.intp], P: Array, start: Array
    ) -> tuple[Array, Array]:
        """Return the least gap among places P (n, k) of columns js, and the place nearest to
        `start` that has it, each (n,).
        """
        n, k = P.shape
        candidates = np.repeat(F, k, axis=0)
        candidates[np.arange(n * k), np.repeat(js, k)] = P.ravel()
        gaps = self._gaps(candidates).reshape(n, k)
        least = gaps.min(axis=1)
        distance = np.where(gaps == least[:, None], np.abs(P - start[:, None]), np.inf)
        return least, P[np.arange(n), distance.argmin(axis=1)]

    def _places(self, column: Column, rng: np.random.Generator) -> Array:
        """Return the positions of a column that are looked at first, (_N_PLACES,)."""
        if column.n_levels is not None and column.n_levels <= _N_PLACES:
            return np.resize(level_positions(column.axis), _N_PLACES)
        if not column.axis.is_ordered:
            return rng.integers(column.n_levels or 1, size=_N_PLACES).astype(np.float64)
        inner = (np.arange(_N_PLACES - 2) + rng.random(_N_PLACES - 2)) / (_N_PLACES - 2)
        return np.concatenate([[0.0, 1.0], inner])

    def _walked(self, X: Array, rng: np.random.Generator) -> Array:
        """Return rows X (n, d) of the region after random steps along single parameters."""
        rows = np.arange(len(X))
        for _ in range(min(2 * len(self._varied), _MAX_STEPS)):
            js = rng.choice(self._varied, size=len(X))
            F = filled(self.encoding, X, rng)
            P = np.array([self._places(self.encoding.columns[j], rng) for j in js])
            candidates = np.repeat(F, _N_PLACES, axis=0)
            candidates[np.arange(P.size), np.repeat(js, _N_PLACES)] = P.ravel()
            candidates = self.encoding.snap(candidates)
            inside = self.region.holds(candidates).reshape(P.shape)
            chosen = np.where(inside, rng.random(P.shape), -1.0).argmax(axis=1)
            moved = candidates.reshape(*P.shape, -1)[rows, chosen]
            X = np.where(inside[rows, chosen][:, None], moved, X)
        return self._kept(X)

    def _along_pairs(self, F: Array, gaps: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Move a few rows along two parameters at once, until one of them is inside."""
        F, gaps = F.copy(), gaps.copy()
        pairs = list(combinations(self._varied.tolist(), 2))
        for place in rng.permutation(len(pairs))[:_MAX_PAIRS].tolist():
            first, second = (self._many_places(j, rng) for j in pairs[place])
            grid = np.array([column.ravel() for column in np.meshgrid(first, second)]).T
            for i in range(len(F)):
                candidates = np.repeat(F[i : i + 1], len(grid), axis=0)
                candidates[:, list(pairs[place])] = grid
                found = self._gaps(candidates)
                best = int(found.argmin())
                if found[best] < gaps[i]:
                    F[i], gaps[i] = candidates[best], found[best]
                if gaps[i] == 0:
                    return F, gaps
        return F, gaps

    def _many_places(self, j: int, rng: np.random.Generator) -> Array:
        column = self.encoding.columns[j]
        if column.n_levels is not None and column.n_levels <= _MAX_PAIR_LEVELS:
            return level_positions(column.axis)
        return self._places(column, rng)


def pulled_back(region: Region, starts: Array, ends: Array) -> Array:
    """Return for each row the point farthest on the way from start to end that is inside.

    Rows have shape (n, d). Where the end is inside it is the end; a start outside is given back.
    """
    inside = region.holds(ends)
    points = np.where(inside[:, None], ends, starts)
    low = np.where(inside, 1.0, 0.0)
    for step in (0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625):
        middle = np.where(inside, 1.0, low + step)
        X = region.encoding.snap(starts + middle[:, None] * (ends - starts))
        holds = region.holds(X) & ~inside
        points, low = np.where(holds[:, None], X, points), np.where(holds, middle, low)
    return points
