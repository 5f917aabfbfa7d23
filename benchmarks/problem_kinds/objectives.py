"""Several objectives: test functions with known fronts, and real runs as accuracy against cost.

The loss of a study is the share of the best known hypervolume that it has not reached. Objectives
are scaled to 0 at the best and 1 at the worst value of the best known front; hypervolume is
measured from 1.1 in each, for COCO's functions from 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from problems.data import loader, require
from problems.protocol import Params, Space, Value
from problems.spaces import categorical, discrete, double

from problem_kinds.protocol import Excess, Outcome

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Objectives:
    """A function from parameters to several losses, and its best known front (k, m).

    Hypervolume is measured from 1 + `margin`; where `volume` is given, it is that of the best
    known front, of which `front` need only have the ends then.
    """

    name: str
    space: Space
    metrics: tuple[str, ...]
    function: Callable[[Params], Outcome] = field(repr=False)
    front: Callable[[], Array] = field(repr=False)
    default: dict[str, Value] | None = None
    noise: Callable[[Params, np.random.Generator], Outcome] | None = field(
        default=None, repr=False
    )
    category: str = "several_objectives"
    limits: Mapping[str, float] = field(default_factory=dict)
    constraints: Mapping[str, Excess] = field(default_factory=dict)
    margin: float = 0.1
    volume: Callable[[], float] | None = field(default=None, repr=False)

    @property
    def is_noisy(self) -> bool:
        """Whether two trials of one configuration may differ."""
        return self.noise is not None

    def evaluate(self, params: Params, rng: np.random.Generator) -> Outcome:
        """Return the losses of a trial."""
        return self.function(params) if self.noise is None else self.noise(params, rng)

    def true_outcome(self, params: Params) -> Outcome:
        """Return the losses of a trial without noise."""
        return self.function(params)

    def loss(self, outcomes: Sequence[Outcome]) -> float:
        """Return the share of the best known hypervolume that is missing."""
        from wazir.algorithms.hypervolume import hypervolume

        return 1.0 - hypervolume(self._scaled(np.array(outcomes)), self._corner) / self._best

    @cached_property
    def _corner(self) -> Array:
        return np.full(len(self.metrics), 1.0 + self.margin)

    @cached_property
    def _known(self) -> Array:
        return self.front()

    @cached_property
    def _best(self) -> float:
        from wazir.algorithms.hypervolume import hypervolume

        if self.volume is not None:
            return self.volume()
        return hypervolume(self._scaled(self._known), self._corner)

    def _scaled(self, Y: Array) -> Array:
        low, high = self._known.min(axis=0), self._known.max(axis=0)
        scaled: Array = (Y - low) / (high - low)
        return scaled


def unit_space(dimension: int) -> Space:
    """Return parameters x0, x1, ... in [0, 1]."""
    return [double(f"x{i}", 0.0, 1.0) for i in range(dimension)]


def zdt(name: str, number: int, dimension: int) -> Objectives:
    """Return ZDT1, 2 or 3, with x1... shifted from the border, where every search looks first.

    E. Zitzler, K. Deb, L. Thiele: "Comparison of multiobjective evolutionary algorithms", Evol.
    Comput. 8 (2000). The front is that of g = 1; the shift makes |x_i - 0.35| of x_i.
    """

    def g(x: Array) -> float:
        return 1.0 + 9.0 * float(np.mean(np.abs(x[1:] - 0.35) / 0.65))

    def second(f1: Any, g: Any) -> Any:
        ratio = f1 / g
        if number == 1:
            return g * (1.0 - np.sqrt(ratio))
        if number == 2:
            return g * (1.0 - ratio**2)
        return g * (1.0 - np.sqrt(ratio) - ratio * np.sin(10.0 * np.pi * f1))

    def function(params: Params) -> Outcome:
        x = np.array([float(params[f"x{i}"]) for i in range(dimension)])
        return [float(x[0]), float(second(x[0], g(x)))]

    def front() -> Array:
        f1 = np.linspace(0.0, 1.0, 2000)
        return non_dominated(np.column_stack([f1, second(f1, 1.0)]))

    return Objectives(name, unit_space(dimension), ("f1", "f2"), function, front)


def dtlz2(name: str, m: int, dimension: int) -> Objectives:
    """Return DTLZ2: a front on the unit sphere.

    K. Deb, L. Thiele, M. Laumanns, E. Zitzler: "Scalable multi-objective optimization test
    problems", CEC 2002. The distance variables are best at 0.35.
    """

    def shape(angles: Array) -> Array:
        cosines, sines = np.cos(angles * np.pi / 2), np.sin(angles * np.pi / 2)
        rows = [
            np.prod(cosines[:, : m - 1 - i], axis=1) * (sines[:, m - 1 - i] if i else 1.0)
            for i in range(m)
        ]
        return np.column_stack(rows)

    def function(params: Params) -> Outcome:
        x = np.array([float(params[f"x{i}"]) for i in range(dimension)])
        g = float(np.sum((x[m - 1 :] - 0.35) ** 2))
        values: list[float] = ((1.0 + g) * shape(x[None, : m - 1])[0]).tolist()
        return values

    def front() -> Array:
        side = np.linspace(0.0, 1.0, 400 if m == 2 else 24)
        grid = np.stack(np.meshgrid(*[side] * (m - 1)), axis=-1).reshape(-1, m - 1)
        return shape(grid)

    metrics = tuple(f"f{i + 1}" for i in range(m))
    return Objectives(name, unit_space(dimension), metrics, function, front)


# name -> (family, data set, the loss, the cost): the logarithm of the cost is minimised.
TABLES = {
    "hpobench_phoneme": ("hpobench", "phoneme", "val_acc", "train_time"),
    "hpobench_kc1": ("hpobench", "kc1", "val_acc", "train_time"),
    "hpolib_naval": ("hpolib", "naval_propulsion", "val_loss", "model_size"),
    "nasbench201_cifar10": ("nasbench201", "cifar10", "val_acc", "latency"),
}


def table(name: str, noisy: bool, data: Path | None) -> Objectives:
    """Return a full table of real runs as its loss against the logarithm of a cost.

    Without noise it is the mean over the stored seeds, else one of them is drawn per trial.
    """
    family, data_set, loss, cost = TABLES[name.removesuffix("_noisy")]
    module = loader(require(data, name) / "loaders.py")
    grid = module.Table(family, data_set)
    columns = [_column(grid, loss, log=family == "hpolib"), _column(grid, cost, log=True)]
    means = np.column_stack([np.nanmean(column, axis=1) for column in columns])

    def function(params: Params) -> Outcome:
        row: list[float] = means[grid.row(params)].tolist()
        return row

    def observe(params: Params, rng: np.random.Generator) -> Outcome:
        row = grid.row(params)
        return [
            float(rng.choice(values[~np.isnan(values)])) for values in (c[row] for c in columns)
        ]

    space = [
        categorical(n, grid.space[n]) if grid.types[n] == "str" else discrete(n, grid.space[n])
        for n in grid.names
    ]
    return Objectives(
        name,
        space,
        ("loss", "cost"),
        function,
        lambda: non_dominated(means),
        noise=observe if noisy else None,
    )


def _column(grid: Any, metric: str, *, log: bool) -> Array:
    sign = -1.0 if grid.directions[metric] == "maximize" else 1.0
    values = sign * grid.data[metric].astype(float)
    return np.log10(values) if log else values


def non_dominated(Y: Array) -> Array:
    """Return the rows of losses Y (n, 2) that no other row beats, by the first objective."""
    ordered = Y[np.lexsort((Y[:, 1], Y[:, 0]))]
    best = np.minimum.accumulate(ordered[:, 1])
    is_new = np.r_[True, ordered[1:, 1] < best[:-1]]
    kept: Array = ordered[is_new]
    return kept
