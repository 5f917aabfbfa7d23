"""How much a set of compromises reaches: hypervolume, and the point from which it is measured.

The hypervolume of some losses is the volume of what is worse than one of them and better than a
reference point (E. Zitzler and L. Thiele, "Multiobjective evolutionary algorithms: a comparative
case study and the strength Pareto approach", IEEE Trans. Evol. Comput. 3, 1999).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.domain.metrics import Metric

_MARGIN = 0.1
_N_EARLY = 10
_LARGEST = 1e300
# Tukey's outer fence: a value beyond it lies "far out".
_FENCE_IN_QUARTILE_RANGES = 3.0


def non_dominated(Y: Array) -> NDArray[np.bool_]:
    """Return which rows of losses Y (n, m) no other row beats, shape (n,).

    A row is beaten by one that is nowhere worse; of equal rows the first one is left. A row with
    a NaN beats none and is beaten by none.
    """
    found = np.zeros(len(Y), dtype=np.bool_)
    # In this order no row is beaten by a later one, equal ones stay in theirs, and memory is linear.
    left = np.lexsort(Y.T[::-1])
    while len(left):
        best, left = left[0], left[1:]
        found[best] = True
        left = left[~(Y[best] <= Y[left]).all(axis=1)]
    return found


def reference_point(Y: Array) -> Array:
    """Return a reference point for losses Y (n, m), n >= 1, all finite, in the order of trials.

    In each objective it is the worst value of the first ten rows, or of the front and a tenth of
    its range beyond, whichever is worse. The first rows say what values there are; without them
    a search that has found one end of the front would never look for the other. A value far out
    (more than three quartile ranges above the upper quartile of the first ten) is taken for the
    fence there, so that one trial that went wrong does not make the others look alike.
    """
    early = Y[:_N_EARLY]
    low, high = np.quantile(early, [0.25, 0.75], axis=0)
    ideal, end = front_range(Y)
    with np.errstate(over="ignore"):
        fence = high + _FENCE_IN_QUARTILE_RANGES * (high - low)
    point = np.minimum(np.maximum(end, early.max(axis=0)), np.minimum(fence, _LARGEST))
    beyond: Array = np.where(point > ideal, point, ideal + _MARGIN * np.maximum(abs(ideal), 1.0))
    return beyond


def given_or(chosen: Array, objectives: Sequence[Metric]) -> Array:
    """Return a reference point in losses, (m,): the given values, `chosen` (m,) where none is."""
    given = [metric.reference_value for metric in objectives]
    return np.array(
        [
            r if value is None else metric.loss(value)
            for metric, value, r in zip(objectives, given, chosen.tolist(), strict=True)
        ]
    )


def front_range(Y: Array) -> tuple[Array, Array]:
    """Return the best losses of the front of Y (n, m), and a tenth of its range beyond its worst."""
    front = Y[non_dominated(Y)]
    ideal, nadir = front.min(axis=0), front.max(axis=0)
    with np.errstate(over="ignore"):
        return ideal, nadir + _MARGIN * (nadir - ideal)


def hypervolume(Y: Array, reference: Array) -> float:
    """Return the volume between losses Y (n, m), all finite, and a reference point (m,).

    Exact for any number of objectives, by exclusive volumes (L. While, L. Bradstreet, L. Barone,
    "A fast way of calculating exact hypervolumes", IEEE Trans. Evol. Comput. 16, 2012): what a
    row adds to those that are better in the last objective, which takes one dimension less. Quick
    for two objectives and some thousands of rows, or five and some dozens.
    """
    inside = Y[(reference > Y).all(axis=1)]
    return _volume(inside[non_dominated(inside)], reference)


def _volume(front: Array, reference: Array) -> float:
    if len(front) == 0:
        return 0.0
    if front.shape[1] == 1:
        return float(reference[0] - front.min())
    if front.shape[1] == 2:
        return _area(front, reference)
    # The worst in the last objective first: seen from it, the others end where it ends.
    ordered = front[np.argsort(-front[:, -1], kind="stable")]
    sides = reference - ordered
    total = 0.0
    for i, row in enumerate(ordered):
        limited = np.maximum(ordered[i + 1 :, :-1], row[:-1])
        shared = _volume(limited[non_dominated(limited)], reference[:-1])
        total += float((np.prod(sides[i, :-1]) - shared) * sides[i, -1])
    return total


def _area(front: Array, reference: Array) -> float:
    """Return the area of rows (n, 2) of which none beats another."""
    x, y = front[np.argsort(front[:, 0])].T
    tops = np.concatenate([[reference[1]], y[:-1]])
    return float(np.sum((reference[0] - x) * (tops - y)))
