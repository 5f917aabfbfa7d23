"""The cell of a value on an ordered axis: the stretch of positions that is rounded to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array, Axis, IntegerAxis
from wazir.algorithms.encoding import Encoding
from wazir.domain.parameters import Scale

# Beyond so many levels an axis is as good as a continuum: a cell is narrower than any step taken.
_MAX_LEVELS = 10_000


@dataclass(frozen=True)
class Cells:
    """The ordered columns of a space that are no constants, and which of them have cells.

    `columns` are their numbers (k,); `has_cells` (k,) is false for a continuum; `low` and `high`
    (k,) are the ends of the axes: 0 and 1 for a continuum, else the outer edges of the end cells,
    which lie outside of [0, 1].
    """

    encoding: Encoding
    columns: NDArray[np.intp]
    has_cells: NDArray[np.bool_]
    low: Array
    high: Array

    @classmethod
    def of(cls, encoding: Encoding) -> "Cells":
        """Return the ordered columns of `encoding`."""
        kept = [
            j
            for j, column in enumerate(encoding.columns)
            if column.axis.is_ordered and not column.is_constant
        ]
        axes = [encoding.columns[j].axis for j in kept]
        ends = [_ends(axis) for axis in axes]
        return cls(
            encoding,
            np.array(kept, dtype=np.intp),
            np.array([has_cells(axis) for axis in axes], dtype=np.bool_),
            np.array([low for low, _ in ends]),
            np.array([high for _, high in ends]),
        )

    def edges(self, X: Array) -> tuple[Array, Array]:
        """Return the lower and upper edges of the cells of snapped rows X (n, d), each (n, k).

        On a continuum both are the position itself.
        """
        low, high = X[:, self.columns], X[:, self.columns]
        for i in np.flatnonzero(self.has_cells):
            axis = self.encoding.columns[self.columns[i]].axis
            low[:, i], high[:, i] = cell_edges(axis, low[:, i])
        return low, high


def has_cells(axis: Axis) -> bool:
    """Return whether an axis is stepped: few enough levels for a step to be felt."""
    return axis.n_levels is not None and axis.n_levels <= _MAX_LEVELS


def cell_edges(axis: Axis, positions: Array) -> tuple[Array, Array]:
    """Return the lower and upper edges of the cells of snapped positions on an ordered axis.

    Halfway to the next values, in the parameter's scale. On a continuum there are no cells: both
    are the position itself.
    """
    if axis.n_levels is None or axis.n_levels == 1:
        return positions, positions
    if isinstance(axis, IntegerAxis) and axis.ruler.scale is not Scale.LINEAR:
        numbers = np.rint(axis.ruler.from_unit(positions))
        return axis.ruler.to_unit(numbers - 0.5), axis.ruler.to_unit(numbers + 0.5)
    half = 0.5 / (axis.n_levels - 1)
    return positions - half, positions + half


def _ends(axis: Axis) -> tuple[float, float]:
    if not has_cells(axis):
        return 0.0, 1.0
    low, high = cell_edges(axis, np.array([0.0, 1.0]))
    return float(low[0]), float(high[1])
