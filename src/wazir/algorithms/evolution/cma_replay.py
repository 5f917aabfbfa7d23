"""CMA-ES as a function of the completed trials: what their generations have made of the search."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from wazir.algorithms.axes import Array
from wazir.algorithms.cells import Cells
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.evolution.cma_state import Constants, Gaussian, default_population
from wazir.algorithms.gp.history import History
from wazir.algorithms.ranking import preference_order
from wazir.algorithms.trail import Trail

_SALT_LATENT, _SALT_RESTART = 14, 15
_CATEGORY_RATE = 0.2
_MIN_STD = 1e-7
_MAX_CONDITION = 1e14
_FLAT = 1e-9
_TINY = 1e-300


@dataclass(frozen=True)
class SearchState:
    """Where the search stands: a Gaussian for ordered columns, frequencies for categorical ones.

    `bests` are the best losses of the generations since the last restart.
    """

    gaussian: Gaussian
    frequencies: tuple[Array, ...]
    population: int
    n_restarts: int = 0
    bests: tuple[float, ...] = ()


@dataclass(frozen=True)
class Generation:
    """Points X (n, d) with losses Y (n, m) and violations V (n,), and random numbers U (n, k) in
    [0, 1) for `latent`.
    """

    X: Array
    Y: Array
    V: Array
    U: Array


@dataclass(frozen=True)
class Replay:
    """The rules of the search in one space; `mean` (k,) is where it starts."""

    encoding: Encoding
    cells: Cells
    categorical: tuple[int, ...]
    mean: Array
    seed: int

    @property
    def n_ordered(self) -> int:
        """Number k of ordered columns that vary."""
        return len(self.cells.columns)

    def start(self) -> SearchState:
        """Return the state before any result."""
        n_varied = self.n_ordered + len(self.categorical)
        return SearchState(
            self._bounded(Gaussian.start(self.mean), default_population(n_varied)),
            self._even(),
            default_population(n_varied),
        )

    def follow(self, history: History, trail: Trail[SearchState]) -> SearchState:
        """Return the state after the completed trials, in their order.

        A generation is the next so many completed trials as the population has, whoever proposed
        them; trials of an unfinished generation do not count yet. The trail says where the last
        call ended.
        """
        state, first = trail.state or self.start(), trail.n_used
        while first + state.population <= len(history.X):
            rows = slice(first, first + state.population)
            rng = np.random.default_rng([self.seed, _SALT_LATENT, first])
            U = rng.random((state.population, self.n_ordered))
            first += state.population
            X, Y, V = history.X[rows], history.Y[rows], history.V[rows]
            state = self.after(state, Generation(X, Y, V, U))
        trail.state, trail.n_used = state, first
        return state

    def after(self, state: SearchState, generation: Generation) -> SearchState:
        """Return the state after one more generation. One without any value changes nothing."""
        usable = np.isfinite(generation.Y).all(axis=1)
        n_usable = int(usable.sum())
        if n_usable == 0:
            return state
        order = preference_order(generation.Y, generation.V)
        X, U = generation.X[order], generation.U[order]
        constants = Constants.of(max(self.n_ordered, 1), state.population)
        weights = _weights_of(constants, n_usable)
        gaussian = state.gaussian
        if self.n_ordered:
            gaussian = gaussian.updated(constants, self.latent(gaussian, X, U), weights)
            gaussian = self._bounded(gaussian, state.population)
        bests = state.bests
        if generation.Y.shape[1] == 1:
            bests = (*bests, float(generation.Y[order[0], 0]))
        frequencies = self._learnt(state.frequencies, X, weights)
        grown = replace(state, gaussian=gaussian, frequencies=frequencies, bests=bests)
        return self._restarted(grown) if self._has_converged(grown) else grown

    def latent(self, gaussian: Gaussian, X: Array, U: Array) -> Array:
        """Return the samples (n, k) that rows X (n, d) were rounded from.

        A trial keeps its rounded value only, so a sample is drawn again from the Gaussian of its
        coordinate within the value's cell; within all values where a parameter does not exist.
        """
        cells = self.cells
        exists = self.encoding.activity(X)[:, cells.columns]
        if exists.all() and not cells.has_cells.any():
            return X[:, cells.columns]
        low, high = cells.edges(X)
        known = exists & ~cells.has_cells
        # What lies beyond the ends is rounded to the end cells.
        low = np.where(exists & (low > cells.low + 1e-12), low, -np.inf)
        high = np.where(exists & (high < cells.high - 1e-12), high, np.inf)
        std = gaussian.std
        a, b = (low - gaussian.mean) / std, (high - gaussian.mean) / std
        drawn = gaussian.mean + std * _truncated_normal(a, b, U)
        return np.where(known, X[:, cells.columns], drawn)

    def _bounded(self, gaussian: Gaussian, population: int) -> Gaussian:
        """Return the Gaussian with its mean in the box and steps that reach the next cells.

        From the middle of a cell a sample leaves it with probability 1 / (d population): R. Hamano
        et al., "CMA-ES with margin", GECCO 2022, here by a least standard deviation.
        """
        k = self.n_ordered
        if k == 0:
            return gaussian
        return gaussian.widened(np.zeros(k), np.ones(k), self._least_std(gaussian, population))

    def _least_std(self, gaussian: Gaussian, population: int) -> Array:
        cells = self.cells
        if not cells.has_cells.any():
            return np.zeros(self.n_ordered)
        row = np.array([[column.idle_position for column in self.encoding.columns]])
        for i, j in enumerate(cells.columns):
            row[0, j] = self.encoding.columns[j].axis.snap(gaussian.mean[i : i + 1])[0]
        low, high = cells.edges(row)
        alpha = 1 / (self.n_ordered * population)
        found: Array = (high - low)[0] / 2 / ndtri(1 - alpha / 2)
        return found

    def _learnt(
        self, frequencies: tuple[Array, ...], X: Array, weights: Array
    ) -> tuple[Array, ...]:
        """Return the frequencies moved towards those of the better half, none below a least one.

        The least one is such that 27 % of the samples have a category beside the likely ones: R.
        Hamano et al., "CatCMA: stochastic optimization for mixed-category problems", GECCO 2024.
        """
        positive = np.maximum(weights, 0.0)
        active = self.encoding.activity(X)
        share = 1 - 0.73 ** (1 / max(len(self.categorical), 1))
        found = []
        for j, old in zip(self.categorical, frequencies, strict=True):
            counts = np.bincount(
                X[:, j].astype(np.intp), positive * active[:, j], minlength=len(old)
            )
            new = old + _CATEGORY_RATE * (counts - counts.sum() * old)
            new = np.maximum(new, share / (len(old) - 1) if len(old) > 2 else share / 2)
            found.append(new / new.sum())
        return tuple(found)

    def _has_converged(self, state: SearchState) -> bool:
        gaussian, bests = state.gaussian, state.bests
        stepless = ~self.cells.has_cells
        if stepless.any() and (gaussian.std[stepless] < _MIN_STD).all():
            return True
        if gaussian.condition > _MAX_CONDITION:
            return True
        n_kept = 10 + math.ceil(30 * self.n_ordered / state.population)
        if len(bests) < n_kept:
            return False
        recent = bests[-n_kept:]
        return max(recent) / 2 - min(recent) / 2 <= _FLAT * (max(bests) / 2 - min(bests) / 2)

    def _restarted(self, state: SearchState) -> SearchState:
        """Return a new start elsewhere with twice the population (A. Auger, N. Hansen, "A restart
        CMA evolution strategy with increasing population size", CEC 2005).
        """
        n_restarts = state.n_restarts + 1
        rng = np.random.default_rng([self.seed, _SALT_RESTART, n_restarts])
        population = 2 * state.population
        gaussian = self._bounded(Gaussian.start(rng.random(self.n_ordered)), population)
        return SearchState(gaussian, self._even(), population, n_restarts)

    def _even(self) -> tuple[Array, ...]:
        sizes = [self.encoding.columns[j].n_levels or 1 for j in self.categorical]
        return tuple(np.full(size, 1 / size) for size in sizes)


def _weights_of(constants: Constants, n_usable: int) -> Array:
    """Return the weights (population,) when only the first `n_usable` have a value."""
    weights = constants.weights
    if n_usable >= constants.n_parents:
        return weights
    kept: NDArray[np.bool_] = (np.arange(len(weights)) < n_usable) | (weights < 0)
    weights = np.where(kept, weights, 0.0)
    positive = weights[weights > 0].sum()
    found: Array = np.where(weights > 0, weights / positive, weights)
    return found


def _truncated_normal(a: Array, b: Array, u: Array) -> Array:
    """Return standard normal numbers within [a, b] for uniform numbers `u`."""
    # In the lower tail, where the distribution function keeps its precision.
    flipped = a > 0
    low, high = np.where(flipped, -b, a), np.where(flipped, -a, b)
    start = ndtr(low)
    z = ndtri(np.clip(start + u * (ndtr(high) - start), _TINY, 1 - 1e-16))
    z = np.clip(z, low, high)
    found: Array = np.where(flipped, -z, z)
    return found
