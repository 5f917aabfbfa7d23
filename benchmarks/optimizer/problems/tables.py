"""Full tables of real runs: HPOBench MLP, HPOLib FCNet, NAS-Bench-201 (3 to 5 seeds per cell).

Noise-free form: the mean over the stored seeds. Noisy form: one stored seed is drawn per call.
FCNet losses have huge outliers, so the log10 of each seed's loss takes their place.
"""

from pathlib import Path
from typing import Any

import numpy as np

from problems.data import loader, require
from problems.protocol import Params, Problem, Space, Value
from problems.spaces import categorical, discrete

# family in names -> (family of the files, {data set in names: in the files})
FAMILIES: dict[str, tuple[str, dict[str, str]]] = {
    "hpobench": ("hpobench", {k: k for k in ("australian", "car", "kc1", "phoneme")}),
    "hpolib": (
        "hpolib",
        {"naval": "naval_propulsion", "parkinsons": "parkinsons_telemonitoring"},
    ),
    "nasbench201": ("nasbench201", {"cifar10": "cifar10"}),
}
# scikit-learn's MLPClassifier, moved to the nearest cell (on a log scale); FCNet and
# NAS-Bench-201 have no library behind them.
DEFAULTS: dict[str, dict[str, Value] | None] = {
    "hpobench": {
        "alpha": 3.5938137e-05,
        "batch_size": 161,
        "depth": 1,
        "learning_rate_init": 0.0016681006,
        "width": 101,
    },
    "hpolib": None,
    "nasbench201": None,
}


def table(name: str, family: str, data_set: str, noisy: bool, data: Path | None) -> Problem:
    """Return a table of `FAMILIES` as a problem over all cells of its grid."""
    files, data_sets = FAMILIES[family]
    module = loader(require(data, name) / "loaders.py")
    grid = module.Table(files, data_sets[data_set])
    seeds = _losses(grid, use_log=family == "hpolib")
    means = np.nanmean(seeds, axis=1)

    def function(params: Params) -> float:
        return float(means[grid.row(params)])

    def observe(params: Params, _value: float, rng: np.random.Generator) -> float:
        row = seeds[grid.row(params)]
        return float(rng.choice(row[~np.isnan(row)]))

    return Problem(
        name,
        "noisy" if noisy else "tables",
        _space(grid),
        function,
        default=DEFAULTS[family],
        optimum=float(means.min()),
        noise=observe if noisy else None,
    )


def _losses(grid: Any, use_log: bool) -> Any:
    """Return the loss of each cell and seed, shape (cells, seeds); NaN where there is none."""
    sign = -1.0 if grid.directions[grid.main] == "maximize" else 1.0
    losses = sign * grid.data[grid.main].astype(float)
    return np.log10(losses) if use_log else losses


def _space(grid: Any) -> Space:
    return [
        categorical(n, grid.space[n]) if grid.types[n] == "str" else discrete(n, grid.space[n])
        for n in grid.names
    ]
