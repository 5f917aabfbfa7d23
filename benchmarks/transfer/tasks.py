"""Families of related tasks: one is tuned, an earlier study of another one is given.

The names are `family:target<earlier`. Real ones are surrogates of yahpo and full tables of other data
sets; synthetic ones are a function whose minimum has been moved by a share of the box.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from peers.wazir import parameters_of
from problems.classic import BASES
from problems.protocol import Params, Problem
from problems.spaces import double, sample
from problems.tables import table
from problems.yahpo import yahpo

from wazir.domain.space import SearchSpace

Vector = NDArray[np.float64]
_N_SCALE = 1000

_LCBENCH = ("3945", "126025", "167149", "167168", "167184", "168331", "189862", "189906")
_YAHPO = {
    "lcbench": tuple(zip(_LCBENCH, (*_LCBENCH[1:], _LCBENCH[0]), strict=True)),
    "xgboost": (("16", "1468"), ("1468", "40984"), ("40984", "16")),
    "rpart": (("41138", "40981"), ("40981", "1468"), ("1468", "41138")),
}
_TABLES = {
    "hpobench": (("australian", "kc1"), ("kc1", "phoneme"), ("phoneme", "australian")),
    "hpolib": (("naval", "parkinsons"), ("parkinsons", "naval")),
}
# How far the minimum of the earlier task is from that of the new one, as a share of the box.
_SHIFTS = {"near": 0.05, "far": 0.35}
_SYNTHETIC = (("branin", 2), ("hartmann6", 6), ("rosenbrock", 4), ("ackley", 5))


@dataclass(frozen=True)
class Task:
    """A function to minimise, and the one of the earlier study, over the same space.

    `low` and `middle` are the best and the median value of a random 1,000 configurations.
    """

    name: str
    target: Problem
    earlier: Problem
    low: float
    middle: float

    @property
    def space(self) -> SearchSpace:
        """The space as Wazir has it."""
        return SearchSpace(parameters_of(self.target.space, {}))

    def regret(self, params: Params) -> float:
        """Return 0 where as good as the best of the 1,000 (or better: below 0), 1 at the median."""
        return (self.target.true_value(params) - self.low) / (self.middle - self.low)


def names() -> list[str]:
    """Return the names of all tasks."""
    real = [(f, *pair) for f, pairs in {**_YAHPO, **_TABLES}.items() for pair in pairs]
    moved = [(how, base, base) for how in _SHIFTS for base, _ in _SYNTHETIC]
    return [f"{family}:{target}<{earlier}" for family, target, earlier in [*real, *moved]]


def family_of(name: str) -> str:
    """Return the family of a task."""
    return name.partition(":")[0]


def make_task(name: str, data: Path) -> Task:
    """Return the task of a name; `data` has the tables and surrogates."""
    family, _, rest = name.partition(":")
    first, _, second = rest.partition("<")
    if family in _YAHPO:
        target, earlier = (yahpo(one, family, one, data) for one in (first, second))
    elif family in _TABLES:
        target, earlier = (table(one, family, one, False, data) for one in (first, second))
    else:
        target, earlier = _moved(first, _SHIFTS[family])
    rng = np.random.default_rng(0)
    values = [target.true_value(sample(target.space, rng)) for _ in range(_N_SCALE)]
    return Task(name, target, earlier, float(np.min(values)), float(np.median(values)))


def _moved(base: str, shift: float) -> tuple[Problem, Problem]:
    """Return a function with its minimum inside of the box, and the same moved by `shift`."""
    d = dict(_SYNTHETIC)[base]
    rng = np.random.default_rng([len(base), d])
    minimum = rng.uniform(0.2, 0.8, d)
    step = rng.standard_normal(d)
    moved = minimum + shift * np.sqrt(d) * step / np.linalg.norm(step)
    return _at(base, d, minimum), _at(base, d, np.clip(moved, 0.02, 0.98))


def _at(base: str, d: int, minimum: Vector) -> Problem:
    shape = BASES[base]
    space = [double(f"x{i}", 0.0, 1.0) for i in range(d)]

    def function(params: Params) -> float:
        x = np.array([float(params[parameter["name"]]) for parameter in space])
        return shape.function(shape.minimiser(d) + 2.0 * shape.half_width * (x - minimum))

    return Problem(base, "low_dimensional", space, function)


def earlier_values(
    task: Task, kind: str, n: int, rng: np.random.Generator
) -> list[tuple[Mapping[str, object], float]]:
    """Return n random configurations of an earlier study with its values.

    `right` values are those of the earlier task, `inverted` ones have the other sign, `shuffled`
    ones belong to other configurations.
    """
    points = [sample(task.earlier.space, rng) for _ in range(n)]
    values = np.array([task.earlier.true_value(point) for point in points])
    change: Callable[[Vector], Vector] = {
        "right": lambda y: y,
        "inverted": lambda y: -y,
        "shuffled": rng.permutation,
    }[kind]
    return list(zip(points, change(values).tolist(), strict=True))
