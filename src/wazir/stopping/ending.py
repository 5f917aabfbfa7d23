"""What a trial that is stopped would have ended with: it would have gone on like its likes."""

from collections.abc import Sequence

import numpy as np

from wazir.stopping.curves import Array, Curve
from wazir.stopping.horizon import MIN_FINISHED

_N_ALIKE = 5


def expected_end(curve: Curve, others: Sequence[Curve]) -> float | None:
    """Return the loss at which a trial is expected to have ended, had it not been stopped at s.

    Its last loss, less what the five finished trials that looked most alike gained from s on (the
    median of the gains). Alike means in the loss at s and in the change since s / 2, each in units
    of the fifth smallest difference: no unit counts, and no outlier. The idea is that of A.
    Chandrashekaran and I. Lane, "Speeding up hyper-parameter optimization by extrapolation of
    learning curves using previous builds", ECML PKDD 2017, with fewer parts.

    Never better than the best finished trial: whoever was stopped has not shown to be. None where
    nothing is known: no finite loss, or fewer than three finished trials that got so far.
    """
    x, y = _finite(curve)
    if len(x) == 0:
        return None
    s, last = float(x[-1]), float(y[-1])
    # A fixed order: among equals the older trial counts.
    ordered = sorted(others, key=lambda other: other.trial_id)
    known = [_finite(other) for other in ordered if other.is_finished and other.end >= s]
    finished = [points for points in known if len(points[0])]
    if len(finished) < MIN_FINISHED:
        return None
    seen = np.array([np.interp([s / 2.0, s], *points) for points in finished])
    ends = np.array([points[1][-1] for points in finished])
    alike = np.argsort(
        _distances(_shape(seen), _shape(np.interp([s / 2.0, s], x, y))), kind="stable"
    )
    nearest = alike[:_N_ALIKE]
    with np.errstate(over="ignore"):
        end = last + float(np.median(ends[nearest] - seen[nearest, 1]))
    return max(end, float(ends.min())) if np.isfinite(end) else None


def _finite(curve: Curve) -> tuple[Array, Array]:
    known = np.isfinite(curve.y)
    return curve.x[known], curve.y[known]


def _shape(seen: Array) -> Array:
    """Return the loss at s and the change since s / 2, from losses at s / 2 and s: (..., 2)."""
    # Halved, because the difference of two large floats may be too large for one.
    return np.stack([seen[..., 1] / 2.0, seen[..., 1] / 2.0 - seen[..., 0] / 2.0], axis=-1)


def _distances(shapes: Array, own: Array) -> Array:
    """Return squared distances (n,) of shapes (n, 2) from the own one (2,)."""
    apart = np.abs(shapes / 2.0 - own / 2.0)
    unit = np.sort(apart, axis=0)[min(_N_ALIKE, len(apart)) - 1]
    with np.errstate(over="ignore"):
        squares = (apart / np.where(unit > 0.0, unit, 1.0)) ** 2
    distances: Array = squares.sum(axis=1)
    return distances
