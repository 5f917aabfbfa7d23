"""GRID_SEARCH: all combinations of values, in an order that spreads over the space."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TypeAlias

import numpy as np

from wazir.algorithms.columnwise import column_of, holds_for
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.grid import DEFAULT_N_STEPS, Grid, plan_grid
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.sobol import scrambled_sobol
from wazir.domain.parameters import ParameterValue
from wazir.domain.space import Assignment
from wazir.domain.studies import StudyConfig

_Key: TypeAlias = frozenset[tuple[str, str]]

_CHUNK = 64
# So many Sobol points per grid point are tried before the rest is listed in its plain order.
_N_TRIES_PER_POINT = 4
# A grid of so many points is not made finer.
_MAX_PLANNED = 20_000
# Of a grid of so many points those that fulfil the constraints are listed once; up to the first
# number they are in the order that spreads, in a larger one in a random order.
_MAX_SPREAD, _MAX_KEPT = 2_000, 100_000
_SALT = 9
_CHUNK_ADMITTED = 1_024


@dataclass
class _Kept:
    """The grid points that fulfil the constraints of the last study, in their order.

    Listing them takes time where they are few in a large grid; keeping them changes no result. Of
    a grid that is too large to be listed the `grid` itself is kept: finding it takes time too.
    """

    config: StudyConfig | None = None
    points: list[Assignment] = field(default_factory=list)
    grid: Grid | None = None

    def of(self, config: StudyConfig, wanted: int | None) -> Iterable[Assignment]:
        """Return the points for a number of points that fulfil the constraints."""
        if self.config != config:
            grid = _fine_enough(config, wanted)
            is_listed = grid is None or grid.n_points <= _MAX_KEPT
            self.points = _listed(config, grid, wanted) if is_listed else []
            self.grid = None if is_listed else grid
            self.config = config
        if self.grid is None:
            return self.points
        return _admitted(config, _spread_order(self.grid, config))


@dataclass(frozen=True)
class GridSearch:
    """The grid points that no trial has had yet, one after the other.

    The grid is that of `wazir.algorithms.grid.plan_grid` for `n_points_wanted`, or if this is
    None for the study's `planned_n_trials`. Its order is that in which a Sobol sequence first
    meets its points, so that any first trials cover all parameters. A point that a trial already
    has, whoever proposed it and whatever became of it, is passed over. When all points have been
    tried no more are suggested.

    Points that break a constraint are left out. The steps are as fine as they can be without
    leaving more points than wanted. Where none of them leaves a point random ones are tried.
    """

    n_points_wanted: int | None = None
    kept: _Kept = field(default_factory=_Kept, repr=False, compare=False)

    @property
    def reads(self) -> Reads:
        """All trials, for their parameters."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return the next grid points, fewer than asked for at the end; see Algorithm."""
        wanted = self.n_points_wanted or config.planned_n_trials
        trials = [*snapshot.completed, *snapshot.pending]
        tried = {_key(trial.parameters) for trial in trials}
        order: Iterable[Assignment]
        if config.constraints:
            order = self.kept.of(config, wanted)
        else:
            order = _spread_order(plan_grid(config.space, wanted), config)
        untried = (point for point in order if _key(point) not in tried)
        return [Suggestion(point) for point in islice(untried, len(trial_ids))]


def _fine_enough(config: StudyConfig, wanted: int | None) -> Grid | None:
    """Return the finest grid of which no more points than wanted fulfil the constraints.

    None where no point of a grid of 20,000 does.
    """
    grid = plan_grid(config.space, wanted)
    n_left, size = _n_left(config, grid, wanted), grid.n_points
    while size < _MAX_PLANNED and (wanted is not None or n_left == 0):
        size *= 2
        finer = plan_grid(config.space, size)
        if finer.n_points <= grid.n_points:
            continue
        n_finer = _n_left(config, finer, wanted)
        if n_left and wanted is not None and n_finer > wanted:
            break
        grid, n_left = finer, n_finer
    return grid if n_left else None


def _listed(config: StudyConfig, grid: Grid | None, wanted: int | None) -> list[Assignment]:
    """Return the points of a grid that fulfil the constraints, without a grid random ones."""
    if grid is None:
        return _without_grid(config, wanted or DEFAULT_N_STEPS)
    if grid.n_points <= _MAX_SPREAD:
        return list(_admitted(config, _spread_order(grid, config)))
    points = list(_admitted(config, map(grid.point, range(grid.n_points))))
    order = np.random.default_rng([config.seed, _SALT]).permutation(len(points))
    return [points[i] for i in order]


def _without_grid(config: StudyConfig, wanted: int) -> list[Assignment]:
    """Return up to so many different random points that fulfil the constraints."""
    encoding = Encoding.of(config.space)
    rng = np.random.default_rng([config.seed, _SALT])
    X = Inside.of(config, encoding).sample(wanted, rng)
    points = {_key(point): point for point in map(encoding.decode, X)}
    return list(points.values())


def _n_left(config: StudyConfig, grid: Grid, wanted: int | None) -> int:
    """Return how many points fulfil the constraints, of the first 100,000.

    Counting ends when more than wanted do.
    """
    points = map(grid.point, range(min(grid.n_points, _MAX_KEPT)))
    limit = 1 if wanted is None else wanted + 1
    return sum(1 for _ in islice(_admitted(config, points), limit))


def _admitted(config: StudyConfig, points: Iterable[Assignment]) -> Iterator[Assignment]:
    """Yield the points that fulfil all constraints."""
    points = iter(points)
    while chunk := list(islice(points, _CHUNK_ADMITTED)):
        kept = np.ones(len(chunk), dtype=np.bool_)
        for constraint in config.constraints:
            names = constraint.names
            applies = np.array([names <= point.keys() for point in chunk])
            columns = {name: column_of([point.get(name) for point in chunk]) for name in names}
            holds, exact = holds_for(constraint.expression, columns, len(chunk))
            for i in np.flatnonzero(~exact):
                holds[i] = constraint.holds(chunk[i])
            kept &= holds | ~applies
        yield from (chunk[i] for i in np.flatnonzero(kept))


def _spread_order(grid: Grid, config: StudyConfig) -> Iterator[Assignment]:
    """Yield every point of the grid once."""
    n_dimensions, seed = sum(1 for _ in config.space.walk()), config.seed
    seen: set[_Key] = set()
    for start in count(0, _CHUNK):
        if start >= _N_TRIES_PER_POINT * grid.n_points or len(seen) == grid.n_points:
            break
        for u in scrambled_sobol(np.arange(start, start + _CHUNK), n_dimensions, seed).tolist():
            point = grid.point_at(u)
            key = _key(point)
            if key not in seen:
                seen.add(key)
                yield point
    if len(seen) < grid.n_points:
        for index in range(grid.n_points):
            point = grid.point(index)
            if _key(point) not in seen:
                yield point


def _key(values: Mapping[str, ParameterValue]) -> _Key:
    # As text: True and 1 are different categories but equal keys.
    return frozenset((name, str(value)) for name, value in values.items())
