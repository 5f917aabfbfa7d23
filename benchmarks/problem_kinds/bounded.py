"""Problems with constraints on their parameters that are known as expressions."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from problems.classic import classic
from problems.protocol import Params

from problem_kinds.constrained import Constrained, grid
from problem_kinds.protocol import Excess, Outcome

# shape -> (the expression, the factors of x0, x1, ... in it)
_FORMS = {"order": ("x0 - x1", (1.0, -1.0)), "sum": ("x0 + x1 + x2", (1.0, 1.0, 1.0))}
SHAPES = tuple(_FORMS)
TABLES: Mapping[str, Mapping[str, Excess]] = {
    "hpobench_australian": {
        "batch_size <= 2 * width": lambda p: float(p["batch_size"]) - 2 * float(p["width"])
    },
    "hpobench_kc1": {
        "depth * width <= 200": lambda p: float(p["depth"]) * float(p["width"]) - 200
    },
    "hpolib_parkinsons": {
        "n_units_1 >= n_units_2": lambda p: float(p["n_units_2"]) - float(p["n_units_1"]),
        "n_units_1 * n_units_2 <= 8192": lambda p: (
            float(p["n_units_1"]) * float(p["n_units_2"]) - 8192
        ),
    },
}


def bounded_function(name: str, shape: str, base: str, dimension: int, seed: int) -> Constrained:
    """Return a classic function with a linear constraint whose border goes through its optimum.

    The border may be up to 0.001 beyond it, so that rounding does not exclude the optimum.
    """
    plain = classic(name, base, dimension, seed)
    form, signs = _FORMS[shape]

    def value(params: Params) -> float:
        return sum(sign * float(params[f"x{i}"]) for i, sign in enumerate(signs))

    # What is forbidden holds the centre.
    best = value(plain.starts[0])
    upward = math.copysign(1.0, best)
    limit = upward * math.floor(abs(best) * 1e3) / 1e3

    def excess(params: Params) -> float:
        return upward * (limit - value(params))

    def function(params: Params) -> Outcome:
        return [float(plain.function(params))]

    constraints = {f"{form} {'>=' if best > 0 else '<='} {limit!r}": excess}
    optimum = float(plain.optimum or 0.0)
    return Constrained(
        name, "known_constraints", plain.space, function, optimum, constraints=constraints
    )


def bounded_table(name: str, data_set: str, data: Path | None) -> Constrained:
    """Return real runs with known constraints; the best known is that of the runs that fulfil them."""
    table, loss = grid(name, data_set, data)
    constraints = TABLES[data_set]
    cells = table.params()
    fulfils = np.array([all(f(c) <= 0 for f in constraints.values()) for c in cells])

    def function(params: Params) -> Outcome:
        return [float(loss[table.table.row(params)])]

    best = float(loss[fulfils].min())
    return Constrained(
        name, "known_constraints", table.space, function, best, constraints=constraints
    )
