"""How long trials are, and at which points they are compared."""

from collections.abc import Sequence

import numpy as np

from wazir.stopping.curves import Curve

MIN_FINISHED = 3


def horizon(curves: Sequence[Curve], max_x: float | None = None) -> float | None:
    """Return how far trials run: `max_x` if it is known, else the median end of finished ones.

    None while fewer than three have finished.
    """
    if max_x is not None:
        return max_x
    ends = [curve.end for curve in curves if curve.is_finished and len(curve.x)]
    return float(np.median(ends)) if len(ends) >= MIN_FINISHED else None


def checks(horizon: float, first_share: float, factor: float) -> list[float]:
    """Return the points first_share * horizon * factor**k below the horizon, ascending."""
    found = []
    x = first_share * horizon
    while 0.0 < x < horizon:
        found.append(x)
        x *= factor
    return found
