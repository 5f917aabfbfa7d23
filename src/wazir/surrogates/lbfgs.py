"""Minimisation of a smooth function inside a box, by SciPy's L-BFGS-B."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array: TypeAlias = NDArray[np.float64]
Objective: TypeAlias = Callable[[Array], tuple[float, Array]]

_HISTORY = 10
_GRADIENT_TOLERANCE = 1e-3
_RELATIVE_DECREASE = 1e9 * float(np.finfo(np.float64).eps)


def minimise_in_box(
    objective: Objective, start: Array, low: Array, high: Array, max_iterations: int
) -> tuple[Array, float]:
    """Return the best point found from `start`, shape (d,), and its value.

    `objective` returns a value and its gradient, shape (d,). The result is never worse than
    `start`, and inside the box [low, high].
    """
    first = np.clip(start, low, high)
    first_value, _ = objective(first)
    found = minimize(
        objective,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
        options={
            "maxiter": max_iterations,
            "maxcor": _HISTORY,
            "gtol": _GRADIENT_TOLERANCE,
            "ftol": _RELATIVE_DECREASE,
        },
    )
    value = float(found.fun)
    if not value < first_value:
        return first, float(first_value)
    return np.clip(np.asarray(found.x, dtype=np.float64), low, high), value
