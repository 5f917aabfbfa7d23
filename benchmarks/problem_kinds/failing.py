"""Problems a part of whose trials fail, for reasons that only trying tells."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from problems.classic import classic
from problems.protocol import Params
from problems.protocol import Problem as Plain

from problem_kinds.constrained import Constrained, grid
from problem_kinds.protocol import Outcome

Fails = Callable[[np.ndarray], bool]
REGIONS = ("half", "ball")
# What fails in tables: the worst share of cells (training diverged), or what needs much memory.
CAUSES = ("diverged", "memory")
_DIVERGED = 0.4
_MEMORY = 12_000


def failing_function(name: str, region: str, base: str, dimension: int, seed: int) -> Constrained:
    """Return a classic function that fails beyond a plane or outside of a ball near its optimum."""
    plain = classic(name, base, dimension, seed)
    fails = _region(plain, region, seed)

    def function(params: Params) -> Outcome:
        return None if fails(_scaled(plain, params)) else [float(plain.function(params))]

    return Constrained(name, "failures", plain.space, function, float(plain.optimum or 0.0))


def _region(plain: Plain, region: str, seed: int) -> Fails:
    """Return which points, in units of the space's half width, [-1, 1]^d, fail."""
    rng = np.random.default_rng([seed, 5])
    best = _scaled(plain, plain.starts[0])
    normal = rng.standard_normal(len(best))
    normal /= np.linalg.norm(normal)
    if region == "half":  # the half with the centre, up to near the optimum
        normal = normal if normal @ best <= 0 else -normal
        return lambda x: bool(normal @ (x - best) > 0.1)
    centre = best * 0.8 + 0.05 * normal
    points = np.random.default_rng(1).uniform(-1, 1, (2000, len(best)))
    distances = np.linalg.norm(points - centre, axis=1)
    radius = max(np.quantile(distances, 0.4), 1.01 * np.linalg.norm(best - centre))
    return lambda x: bool(np.linalg.norm(x - centre) > radius)


def _scaled(plain: Plain, params: Params) -> np.ndarray:
    return np.array([float(params[p["name"]]) / p["max"] for p in plain.space])


def failing_table(name: str, cause: str, data_set: str, data: Path | None) -> Constrained:
    """Return real runs of which some fail; the best known is that of the others."""
    table, loss = grid(name, data_set, data)
    if cause == "diverged":
        fails = loss > np.quantile(loss, 1.0 - _DIVERGED)
    else:
        cells = table.params()
        fails = np.array([float(c["width"]) * float(c["batch_size"]) > _MEMORY for c in cells])

    def function(params: Params) -> Outcome:
        row = table.table.row(params)
        return None if fails[row] else [float(loss[row])]

    return Constrained(name, "failures", table.space, function, float(loss[~fails].min()))
