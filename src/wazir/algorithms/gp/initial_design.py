"""The first points of a study, before a model can say anything."""

import math
from collections.abc import Set

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.beliefs import Belief
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.region import Region
from wazir.algorithms.sobol import scrambled_sobol
from wazir.domain.beliefs import believed_point
from wazir.domain.studies import StudyConfig

_MIN_POINTS, _MAX_POINTS = 4, 12
# Sobol points tried in place of one that is taken already, from a part of the sequence that no
# trial reaches. So many points in a row are spread over the space.
_N_TRIES = 32
_FAR = 1 << 31
_MIDDLE = 0.5


def n_initial_points(n_parameters: int) -> int:
    """Return how many points come before the first model: 4 to 12, growing with sqrt(d)."""
    wanted = round(2 + 1.5 * math.sqrt(n_parameters))
    return min(max(wanted, _MIN_POINTS), _MAX_POINTS)


def default_point(config: StudyConfig, encoding: Encoding) -> Array | None:
    """Return the point of believed values and defaults, shape (d,), None where there are neither.

    Beliefs go before defaults; parameters without either get the middle of their range.
    """
    space = config.space
    if not config.beliefs and all(parameter.default is None for _, parameter in space.walk()):
        return None
    first: Array = encoding.encode([believed_point(space, config.beliefs)])[0]
    return first


def middle_point(encoding: Encoding, seed: int) -> Array:
    """Return the point in the middle of all ordered parameters, shape (d,).

    Categories have no middle: they are those of the study's first Sobol point.
    """
    first = scrambled_sobol(np.array([0]), encoding.n_columns, seed)
    ordered = np.array([column.axis.is_ordered for column in encoding.columns])
    point: Array = encoding.spread(np.where(ordered, _MIDDLE, first))[0]
    return point


def sobol_point(
    region: Region, seed: int, trial_id: int, taken: Set[bytes], belief: Belief | None = None
) -> Array | None:
    """Return point `trial_id - 1` of the study's Sobol sequence, shape (d,).

    Every other one is drawn near what the user believes, where that is given. A point in `taken`
    or outside the region is replaced by another one of the sequence; None if many others are so
    too.
    """
    own = np.array([trial_id - 1])
    spread = region.encoding.spread if belief is None or trial_id % 2 else belief.draw
    for indices in (own, _FAR + own + np.arange(_N_TRIES)):
        X = spread(scrambled_sobol(indices, region.encoding.n_columns, seed))
        free = np.flatnonzero(region.free(X, taken))
        if len(free):
            point: Array = X[free[0]]
            return point
    return None
