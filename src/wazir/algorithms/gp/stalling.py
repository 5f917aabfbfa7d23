"""Whether a search has stalled: its last trials have not made the best value much better."""

import numpy as np

from wazir.algorithms.axes import Array

_N_LAST = 6
_N_BEFORE = 5
_SHARE = 0.05


def is_stalled(losses: Array) -> bool:
    """Return whether the last six of `losses` (n,) gained little.

    Little is 5 % of the distance from the best value to the median. Losses that are not finite
    count as bad ones; with fewer than eleven the answer is no.
    """
    y = np.where(np.isfinite(losses), losses, np.inf)
    if len(y) < _N_LAST + _N_BEFORE:
        return False
    before, best, median = np.min(y[:-_N_LAST]), np.min(y), np.median(y)
    if not np.isfinite(before):
        return not np.isfinite(best)
    # Halved, because the difference of two large floats may be too large for one.
    spread = median / 2 - best / 2
    return bool(before / 2 - best / 2 <= _SHARE * spread)
