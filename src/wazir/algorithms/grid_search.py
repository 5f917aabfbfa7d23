"""GRID_SEARCH: all combinations of values, in an order that spreads over the space."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeAlias

import numpy as np

from wazir.algorithms.grid import Grid, plan_grid
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.sobol import scrambled_sobol
from wazir.domain.parameters import ParameterValue
from wazir.domain.space import Assignment
from wazir.domain.studies import StudyConfig

_Key: TypeAlias = frozenset[tuple[str, str]]

_CHUNK = 64
# So many Sobol points per grid point are tried before the rest is listed in its plain order.
_N_TRIES_PER_POINT = 4


@dataclass(frozen=True)
class GridSearch:
    """The grid points that no trial has had yet, one after the other.

    The grid is that of `wazir.algorithms.grid.plan_grid` for `n_points_wanted`, or if this is
    None for the study's `planned_n_trials`. Its order is that in which a Sobol sequence first
    meets its points, so that any first trials cover all parameters. A point that a trial already
    has, whoever proposed it and whatever became of it, is passed over. When all points have been
    tried no more are suggested.
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
        grid = plan_grid(config.space, self.n_points_wanted or config.planned_n_trials)
        trials = [*snapshot.completed, *snapshot.pending]
        tried = {_key(trial.parameters) for trial in trials}
        n_dimensions = sum(1 for _ in config.space.walk())
        order = _spread_order(grid, n_dimensions, config.seed)
        untried = (point for point in order if _key(point) not in tried)
        return [Suggestion(point) for point in islice(untried, len(trial_ids))]


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
