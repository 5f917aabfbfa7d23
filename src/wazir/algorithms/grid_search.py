"""GRID_SEARCH: all combinations of values, in an order that spreads over the space."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeAlias

import numpy as np

from wazir.algorithms.grid import Grid, plan_grid
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.sobol import scrambled_sobol
from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import ParameterValue
from wazir.domain.space import Assignment
from wazir.domain.studies import StudyConfig

_Key: TypeAlias = frozenset[tuple[str, str]]

_CHUNK = 64
# So many Sobol points per grid point are tried before the rest is listed in its plain order.
_N_TRIES_PER_POINT = 4
# A grid of so many points, or so many times the points wanted, is not made finer.
_MAX_PLANNED, _MAX_FACTOR = 50_000, 64


@dataclass(frozen=True)
class GridSearch:
    """The grid points that no trial has had yet, one after the other.

    The grid is that of `wazir.algorithms.grid.plan_grid` for `n_points_wanted`, or if this is
    None for the study's `planned_n_trials`. Its order is that in which a Sobol sequence first
    meets its points, so that any first trials cover all parameters. A point that a trial already
    has, whoever proposed it and whatever became of it, is passed over. When all points have been
    tried no more are suggested.

    Points that break a constraint are left out. The steps are as fine as they can be without
    leaving more points than wanted, and fine enough to leave one.
    """

    n_points_wanted: int | None = None

    @property
    def reads(self) -> Reads:
        """All trials, for their parameters."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return the next grid points, fewer than asked for at the end; see Algorithm."""
        grid = _planned(config, self.n_points_wanted or config.planned_n_trials)
        trials = [*snapshot.completed, *snapshot.pending]
        tried = {_key(trial.parameters) for trial in trials}
        n_dimensions = sum(1 for _ in config.space.walk())
        order = _spread_order(grid, n_dimensions, config.seed)
        untried = (p for p in order if _key(p) not in tried and config.admits(p))
        return [Suggestion(point) for point in islice(untried, len(trial_ids))]


def _planned(config: StudyConfig, wanted: int | None) -> Grid:
    """Return the grid for a number of points that fulfil the constraints.

    Raises:
        InvalidInputError: no point of a grid of up to 100,000 points does.
    """
    grid = plan_grid(config.space, wanted)
    if not config.constraints:
        return grid
    n_left = _n_left(config, grid, wanted)
    size = grid.n_points
    while size <= _MAX_PLANNED:
        size *= 2
        finer = plan_grid(config.space, size)
        if n_left and (wanted is None or size > _MAX_FACTOR * wanted):
            break
        if finer.n_points <= grid.n_points:
            continue
        n_finer = _n_left(config, finer, wanted)
        if n_left and wanted is not None and n_finer > wanted:
            break
        grid, n_left = finer, n_finer
    if n_left == 0:
        raise InvalidInputError(
            f"no point of a grid of {grid.n_points} points fulfils the constraints",
            hint="use another algorithm, such as random or default",
        )
    return grid


def _n_left(config: StudyConfig, grid: Grid, wanted: int | None) -> int:
    """Return how many points fulfil the constraints; counting ends when more than wanted do."""
    left = (True for index in range(grid.n_points) if config.admits(grid.point(index)))
    return sum(islice(left, 1 if wanted is None else wanted + 1))


def _spread_order(grid: Grid, n_dimensions: int, seed: int) -> Iterator[Assignment]:
    """Yield every point of the grid once."""
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
