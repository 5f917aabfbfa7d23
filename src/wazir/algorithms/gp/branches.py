"""Branches of the space that hardly any trial went into: they are due, whatever the model says.

A model that sees a few bad trials of a branch may never go there again, although its best point
was not among them: a run is locked in. So each value of a parent gets a small share of the trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array, level_positions
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.region import Region
from wazir.algorithms.variation import filled
from wazir.domain.parameters import value_text

# Part of an equal share that each value of a parent has a right to.
_SHARE = 0.3
# So many trials of each value at least, of parents that always exist.
_LEAST = 2
# A parent with more values is a number among others.
_MAX_VALUES = 8
_SAME_POSITION = 1e-9
_N_TRIED = 32


@dataclass(frozen=True)
class Branch:
    """Values of a parent and of the parents above it, as (column, position), outermost first."""

    values: tuple[tuple[int, float], ...] = ()

    def enter(self, encoding: Encoding, X: Array, rng: np.random.Generator) -> Array:
        """Return points X (m, d) moved into the branch; what begins to exist there is random."""
        if not self.values:
            return X
        moved = filled(encoding, X, rng)
        for column, position in self.values:
            moved[:, column] = position
        return encoding.snap(moved)

    def holds(self, X: Array) -> NDArray[np.bool_]:
        """Return which points X (m, d) lie in the branch, shape (m,)."""
        inside = np.ones(len(X), dtype=np.bool_)
        for column, position in self.values:
            inside &= np.abs(X[:, column] - position) < _SAME_POSITION
        return inside

    def text(self, encoding: Encoding) -> str:
        """Return the branch in words, such as "model=svm"."""
        columns = [(encoding.columns[j], position) for j, position in self.values]
        return ", ".join(f"{c.name}={value_text(c.axis.value(x))}" for c, x in columns)


ANYWHERE = Branch()


def due_branch(region: Region, X: Array, rng: np.random.Generator) -> Branch:
    """Return the branch that falls most short of its share of the trials X (n, d), if any does.

    A value of a parent with k values has a right to 0.3 n / k of the n trials in which the parent
    exists, and to two at least if it always exists. A branch in which none of 32 random points
    fulfils the constraints has no rights.
    """
    encoding = region.encoding
    short = [pair for parent in _parents(encoding) for pair in _short(encoding, parent, X)]
    for _, branch in sorted(short, key=lambda pair: -pair[0]):
        if region.is_whole or _leads_inside(region, branch, rng):
            return branch
    return ANYWHERE


def _short(encoding: Encoding, parent: int, X: Array) -> list[tuple[float, Branch]]:
    """Return the values of a parent that fall short, as branches, and by how many trials."""
    levels = level_positions(encoding.columns[parent].axis)
    column = X[encoding.activity(X)[:, parent], parent]
    counts = (np.abs(column[:, None] - levels) < _SAME_POSITION).sum(axis=0)
    least = _LEAST if encoding.columns[parent].parent is None else 0
    missing = max(_SHARE * len(column) / len(levels), least) - counts
    way = _way_to(encoding, parent)
    return [
        (float(missing[i]), Branch((*way, (parent, float(levels[i])))))
        for i in np.flatnonzero(missing > 0)
    ]


def _leads_inside(region: Region, branch: Branch, rng: np.random.Generator) -> bool:
    U = rng.random((_N_TRIED, region.encoding.n_columns))
    X = branch.enter(region.encoding, region.encoding.spread(U), rng)
    return bool(region.holds(X).any())


def _parents(encoding: Encoding) -> Sequence[int]:
    """Return the columns of parents with few values."""
    found = dict.fromkeys(column.parent for column in encoding.columns)
    return [
        j
        for j in found
        if j is not None and 2 <= (encoding.columns[j].n_levels or 0) <= _MAX_VALUES
    ]


def _way_to(encoding: Encoding, column: int) -> tuple[tuple[int, float], ...]:
    """Return values of the parents above a column under which it exists, outermost first."""
    parent, branch = encoding.columns[column].parent, encoding.columns[column].branch
    if parent is None or branch is None:
        return ()
    position = float(encoding.columns[parent].axis.positions(branch.parent_values[:1])[0])
    return (*_way_to(encoding, parent), (parent, position))
