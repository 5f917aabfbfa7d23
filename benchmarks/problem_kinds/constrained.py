"""One objective with restrictions: metrics within limits, trials that fail, known constraints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from problems.coco import known_optimum
from problems.data import loader, require
from problems.protocol import Params, Space, Value
from problems.spaces import categorical, discrete, double

from problem_kinds.protocol import Excess, Outcome


@dataclass(frozen=True)
class Constrained:
    """A function to minimise under restrictions, and the best value that fulfils them.

    `function` returns the value, then the metrics of `limits`; None where the trial fails.
    """

    name: str
    category: str
    space: Space
    function: Callable[[Params], Outcome] = field(repr=False)
    best: float
    limits: Mapping[str, float] = field(default_factory=dict)
    constraints: Mapping[str, Excess] = field(default_factory=dict, repr=False)
    metrics: tuple[str, ...] = ("value",)
    default: dict[str, Value] | None = None
    is_noisy: bool = False

    def evaluate(self, params: Params, rng: np.random.Generator) -> Outcome:
        """Return what a trial reports."""
        return self.function(params)

    def true_outcome(self, params: Params) -> Outcome:
        """Return the same: nothing here is noisy."""
        return self.function(params)

    def loss(self, outcomes: Sequence[Outcome]) -> float:
        """Return how far the best trial within the limits is from the best known; inf: there is none."""
        found = [it[0] for it in outcomes if it is not None and self._is_within(it[1:])]
        return min(found) - self.best if found else inf

    def _is_within(self, limited: Sequence[float]) -> bool:
        return all(v <= limit for v, limit in zip(limited, self.limits.values(), strict=True))


def bbob(name: str, function: int, dimension: int, instance: int) -> Constrained:
    """Return a function of bbob-constrained; each of its constraints is a metric of at most 0.

    Raises:
        ValueError: the installed package does not have it.
    """
    import cocoex

    suite = cocoex.Suite(
        "bbob-constrained",
        f"instances: {instance}",
        f"function_indices: {function} dimensions: {dimension}",
    )
    if len(suite) != 1:
        raise ValueError(f"{name}: cocoex has {len(suite)} such functions, expected one")
    problem = suite.get_problem(0)
    bounds = zip(problem.lower_bounds, problem.upper_bounds, strict=True)
    space = [double(f"x{i}", float(low), float(high)) for i, (low, high) in enumerate(bounds)]
    limits = {f"c{i + 1}": 0.0 for i in range(problem.number_of_constraints)}
    # `suite` owns the memory of `problem`, so it has to live as long.
    evaluate = partial(_evaluate, suite, problem)
    return Constrained(name, "limits", space, evaluate, known_optimum(problem), limits)


def _evaluate(_owner: Any, problem: Any, params: Params) -> Outcome:
    x = np.array([params[f"x{i}"] for i in range(problem.dimension)], dtype=float)
    return [float(problem(x)), *map(float, problem.constraint(x))]


@dataclass(frozen=True)
class Grid:
    """A full table of real runs: its space, and columns as means over the stored seeds."""

    table: Any
    space: Space

    def column(self, metric: str, *, log: bool = False) -> np.ndarray:
        """Return a metric of each cell, smaller is better; `log`: its logarithm to base 10."""
        sign = -1.0 if self.table.directions[metric] == "maximize" else 1.0
        values = sign * self.table.data[metric].astype(float)
        means: np.ndarray = np.nanmean(np.log10(values) if log else values, axis=1)
        return means

    def params(self) -> list[dict[str, Value]]:
        """Return the parameters of each cell."""
        names, values = self.table.names, self.table.space
        cells = np.argsort(self.table.rank)[-len(self.table.data[self.table.main]) :]
        places = np.stack(np.unravel_index(cells, self.table.dims), axis=1)
        return [{n: values[n][i] for n, i in zip(names, row, strict=True)} for row in places]


# family -> (data set, the loss, whether as its logarithm)
_LOSSES = {
    "hpobench": ("val_acc", False),
    "hpolib": ("val_loss", True),
    "nasbench201": ("val_acc", False),
}
_DATA_SETS = {"naval": "naval_propulsion", "parkinsons": "parkinsons_telemonitoring"}


def grid(name: str, data_set: str, data: Path | None) -> tuple[Grid, np.ndarray]:
    """Return the table of a data set such as `hpobench_kc1`, and the loss of each cell."""
    family, _, short = data_set.partition("_")
    made = loader(require(data, name) / "loaders.py").Table(family, _DATA_SETS.get(short, short))
    space = [
        categorical(n, made.space[n]) if made.types[n] == "str" else discrete(n, made.space[n])
        for n in made.names
    ]
    found = Grid(made, space)
    loss, log = _LOSSES[family]
    return found, found.column(loss, log=log)


# data set -> (the metric that is limited, the share of cells within the limit)
_LIMITED = {
    "hpobench_australian": ("train_time", 0.15),
    "hpobench_phoneme": ("train_time", 0.15),
    "hpolib_parkinsons": ("model_size", 0.1),
    "nasbench201_cifar10": ("latency", 0.2),
}


def limited_table(name: str, data_set: str, data: Path | None) -> Constrained:
    """Return real runs with a limit on time, size or latency, which count by their logarithm."""
    metric, share = _LIMITED[data_set]
    table, loss = grid(name, data_set, data)
    cost = table.column(metric, log=True)
    limit = float(np.quantile(cost, share))

    def function(params: Params) -> Outcome:
        row = table.table.row(params)
        return [float(loss[row]), float(cost[row])]

    best = float(loss[cost <= limit].min())
    return Constrained(name, "limits", table.space, function, best, {metric: limit})
