"""Random search, Sobol points and a grid of the same budget: what every optimizer must beat."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from problems.spaces import from_unit, levels

from peers.protocol import Params, Setup


class Listed:
    """An optimizer that does not look at results: the default first, then points of an iterator."""

    def __init__(self, setup: Setup, points: Iterator[NDArray[np.float64]]) -> None:
        self._space: Any = setup.space
        self._points = points
        self._default = setup.default

    def ask(self) -> tuple[None, Params]:
        """Return the next point."""
        if self._default is not None:
            params, self._default = self._default, None
            return None, params
        return None, dict(from_unit(self._space, next(self._points)))

    def tell(self, token: None, params: Params, value: float) -> None:
        """Do nothing."""

    def observe(self, params: Params, value: float) -> None:
        """Do nothing."""

    def recommend(self) -> None:
        """The best value observed."""


def make(setup: Setup, choice: str) -> Listed:
    """Return the optimizer of a run."""
    points = {"random": _random, "sobol": _sobol, "grid": _grid}[choice]
    return Listed(setup, points(setup))


def _random(setup: Setup) -> Iterator[NDArray[np.float64]]:
    rng = np.random.default_rng(setup.seed)
    while True:
        yield rng.random(len(setup.space))


def _sobol(setup: Setup) -> Iterator[NDArray[np.float64]]:
    from scipy.stats import qmc

    sampler = qmc.Sobol(len(setup.space), rng=np.random.default_rng(setup.seed))
    while True:
        yield from sampler.random_base2(6) if sampler.num_generated == 0 else sampler.random(64)


def _grid(setup: Setup) -> Iterator[NDArray[np.float64]]:
    """Yield the largest full grid that fits the budget, in random order, then random points.

    Points that differ in inactive parameters alone count once.
    """
    rng = np.random.default_rng(setup.seed)
    budget = setup.n_trials - (setup.default is not None)
    counts = _grid_counts(setup.space, budget, rng)
    ticks = [(np.arange(count) + 0.5) / count for count in counts]
    points = rng.permutation(np.array(list(itertools.product(*ticks))))
    space: Any = setup.space
    distinct = {str(from_unit(space, point)): point for point in points}
    yield from distinct.values()
    yield from _random(setup)


def _grid_counts(space: Any, budget: int, rng: np.random.Generator) -> list[int]:
    """Return values per axis: the coarsest axis gets one more, at random among equals, if it fits."""
    counts = [1] * len(space)
    most = [levels(parameter) or budget for parameter in space]
    while True:
        order = sorted(range(len(space)), key=lambda i: (counts[i], rng.random()))
        for index in order:
            grown = counts[index] + 1
            size = int(np.prod(counts)) // counts[index] * grown
            if grown <= most[index] and size <= budget:
                counts[index] = grown
                break
        else:
            return counts
