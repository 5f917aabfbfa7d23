"""Which of several points is better, for one objective or more: fronts and crowding.

K. Deb, A. Pratap, S. Agarwal, T. Meyarivan: "A fast and elitist multiobjective genetic algorithm:
NSGA-II", IEEE Trans. Evol. Comput. 6 (2002), sections III-A and III-B. Losses are smaller where
better; a row with a value that is not finite is worse than every row without. Violations V (n,)
say by how much rows break the limits of safety metrics: a row of a smaller violation is better,
whatever its losses, and losses decide among those without any. This is the constrained domination
of section VI of that paper; infinite violations are worse than all others.
"""

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array


def non_dominated_ranks(Y: Array, V: Array | None = None) -> NDArray[np.intp]:
    """Return the front of each row of losses Y (n, m), shape (n,), 0 for the best front.

    A row dominates another one if it is nowhere worse and somewhere better. Front k is what no
    row outside of the fronts before it dominates. Behind the fronts of rows without a violation
    come the others, one front for each violation; rows that are not finite are the last front.
    """
    n = len(Y)
    usable = np.isfinite(Y).all(axis=1)
    violations = np.zeros(n) if V is None else V
    safe = usable & (violations == 0.0)
    ranks = np.zeros(n, dtype=np.intp)
    ranks[safe] = _ranks_of_finite(Y[safe])
    n_fronts = ranks.max(initial=-1, where=safe) + 1
    unsafe = usable & ~safe
    levels = np.unique(violations[unsafe], return_inverse=True)[1]
    ranks[unsafe] = n_fronts + levels
    ranks[~usable] = n_fronts + levels.max(initial=-1) + 1
    return ranks


def _ranks_of_finite(losses: Array) -> NDArray[np.intp]:
    m = losses.shape[1]
    if m == 1:
        return np.unique(losses.ravel(), return_inverse=True)[1].astype(np.intp)
    return _fronts(losses)


def crowding_distances(Y: Array) -> Array:
    """Return how far the rows of one front Y (n, m) are from their neighbours, shape (n,).

    The distance is the sum over the objectives of the gap between both neighbours, in parts of
    the objective's range; infinite at the ends.
    """
    distances = np.zeros(len(Y))
    for losses in Y.T if len(Y) else ():
        order = np.argsort(losses, kind="stable")
        distances[order[[0, -1]]] = np.inf
        # Halved before they are subtracted: the range of huge values is not a float.
        halves = losses[order] / 2
        span = halves[-1] - halves[0]
        if span > 0:
            distances[order[1:-1]] += (halves[2:] - halves[:-2]) / span
    return distances


def preference_order(Y: Array, V: Array | None = None) -> NDArray[np.intp]:
    """Return the rows of losses Y (n, m) with violations V (n,) from best to worst, shape (n,).

    By front, then by crowding distance, the loneliest first, then by their place.
    """
    n, m = Y.shape
    ranks = non_dominated_ranks(Y, V)
    if m == 1:
        return np.argsort(ranks, kind="stable")
    crowding = np.zeros(n)
    usable = np.isfinite(Y).all(axis=1)
    for rank in np.unique(ranks[usable]):
        front = np.flatnonzero(usable & (ranks == rank))
        crowding[front] = crowding_distances(Y[front])
    return np.lexsort((-crowding, ranks))


def _fronts(Y: Array) -> NDArray[np.intp]:
    no_worse: NDArray[np.bool_] = np.all(Y[:, None, :] <= Y[None, :, :], axis=2)
    dominates = no_worse & ~no_worse.T
    n_above = dominates.sum(axis=0)
    ranks = np.zeros(len(Y), dtype=np.intp)
    left = np.ones(len(Y), dtype=np.bool_)
    rank = 0
    while left.any():
        front = left & (n_above == 0)
        ranks[front] = rank
        left &= ~front
        n_above = n_above - dominates[front].sum(axis=0)
        rank += 1
    return ranks
