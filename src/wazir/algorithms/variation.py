"""Changing points: steps along ordered parameters, other categories, children of two parents.

Rows X have shape (n, d) and are points of the space. Parameters that do not exist in a row get a
random value first, so that a change of their parent brings them in at random.
"""

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.cells import cell_edges
from wazir.algorithms.encoding import Encoding

_BEYOND = 1.001
_Mask = NDArray[np.bool_]


def varied_columns(encoding: Encoding) -> NDArray[np.intp]:
    """Return the numbers of the columns that are no constants."""
    columns = [j for j, column in enumerate(encoding.columns) if not column.is_constant]
    return np.array(columns, dtype=np.intp)


def categorical_columns(encoding: Encoding) -> tuple[int, ...]:
    """Return the numbers of the categorical columns that are no constants."""
    return tuple(
        j
        for j, column in enumerate(encoding.columns)
        if not column.axis.is_ordered and not column.is_constant
    )


def filled(encoding: Encoding, X: Array, rng: np.random.Generator) -> Array:
    """Return X with a uniform value in each parameter that does not exist in its row."""
    active = encoding.activity(X)
    if active.all():
        return X.copy()
    U = rng.random(X.shape)
    drawn = [column.axis.spread(U[:, j]) for j, column in enumerate(encoding.columns)]
    return np.where(active, X, np.column_stack(drawn))


def one_of_each(encoding: Encoding, X: Array, rng: np.random.Generator) -> _Mask:
    """Return a mask (n, d) with one parameter per row, any of those that can vary in it."""
    varied = [not column.is_constant for column in encoding.columns]
    keys = np.where(encoding.activity(X) & varied, rng.random(X.shape), -1.0)
    chosen = np.zeros(X.shape, dtype=np.bool_)
    chosen[np.arange(len(X)), np.argmax(keys, axis=1)] = True
    return chosen


def mutated(
    encoding: Encoding, X: Array, changed: _Mask, steps: Array, rng: np.random.Generator
) -> Array:
    """Return points that differ from X in the parameters where `changed` (n, d) is true.

    Ordered parameters move by `steps` (n, d) in units of their axis, folded back at its ends, by
    one level at least; categories become any other.
    """
    full = filled(encoding, X, rng)
    moved = full.copy()
    for j, column in enumerate(encoding.columns):
        if column.is_constant:
            continue
        if not column.axis.is_ordered:
            n_levels = column.n_levels or 2
            others = rng.integers(1, n_levels, size=len(X))
            moved[:, j] = np.mod(full[:, j] + others, n_levels)
            continue
        low, high = cell_edges(column.axis, full[:, j])
        # A little beyond the edge, so that it is rounded to the next value.
        reach = _BEYOND * np.where(steps[:, j] > 0, high - full[:, j], full[:, j] - low)
        step = np.copysign(np.maximum(np.abs(steps[:, j]), reach), steps[:, j])
        moved[:, j] = reflect(full[:, j] + step)
    return encoding.snap(np.where(changed, moved, full))


def crossed(encoding: Encoding, A: Array, B: Array, eta: float, rng: np.random.Generator) -> Array:
    """Return one child for each pair of rows of A and B, (n, d), not rounded to points yet.

    Each parameter comes from one of both parents by chance. Half of the ordered ones are moved as
    in simulated binary crossover with index `eta`: K. Deb, R. B. Agrawal, Complex Systems 9
    (1995). A parameter that only one parent has comes from this one.
    """
    in_a, in_b = encoding.activity(A), encoding.activity(B)
    full_a, full_b = filled(encoding, A, rng), filled(encoding, B, rng)
    first, second = np.where(in_a, full_a, full_b), np.where(in_b, full_b, full_a)
    u = rng.random(A.shape)
    spread = np.where(u < 0.5, 2 * u, 1 / (2 - 2 * u)) ** (1 / (eta + 1))
    middle, half = (first + second) / 2, (first - second) / 2
    side = np.where(rng.random(A.shape) < 0.5, 1.0, -1.0)
    ordered = np.array([column.axis.is_ordered for column in encoding.columns])
    blended = ordered & (rng.random(A.shape) < 0.5)
    child = np.where(blended, reflect(middle + side * spread * half), middle + side * half)
    return np.where(ordered, child, np.where(side > 0, first, second))


def polynomial_steps(X: Array, eta: float, rng: np.random.Generator) -> Array:
    """Return steps of the polynomial mutation with index `eta` for positions X (n, d) in [0, 1].

    They are bounded by the ends of the axes: K. Deb, "Multi-objective optimization using
    evolutionary algorithms" (2001), section 4.2.5, as later used in NSGA-II.
    """
    x = np.clip(X, 0.0, 1.0)
    u = rng.random(X.shape)
    low = (2 * u + (1 - 2 * u) * (1 - x) ** (eta + 1)) ** (1 / (eta + 1)) - 1
    high = 1 - (2 - 2 * u + (2 * u - 1) * x ** (eta + 1)) ** (1 / (eta + 1))
    return np.where(u < 0.5, low, high)


def reflect(x: Array) -> Array:
    """Return positions folded back into [0, 1] at the ends."""
    folded = np.mod(x, 2.0)
    return np.minimum(folded, 2.0 - folded)
