"""The search distribution of CMA-ES and its update after a generation.

N. Hansen: "The CMA evolution strategy: a tutorial", arXiv:1604.00772 (2016), with active update;
numbers of equations are the tutorial's. Points are columns of positions, (n, d). Beyond 100
dimensions only variances are learnt, faster: R. Ros, N. Hansen, "A simple modification in CMA-ES
achieving linear time and space complexity", PPSN 2008.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from wazir.algorithms.axes import Array

START_STEP = 0.3
MAX_FULL = 100
# The axes have length 1: wider than this is as good as uniform.
_MAX_STD = 1.0
_TINY = 1e-300


@dataclass(frozen=True)
class Constants:
    """What depends on the dimension d and the population size alone; names as in the tutorial.

    `weights` has shape (population,), the first `n_parents` are positive and add up to 1.
    """

    population: int
    n_parents: int
    weights: Array
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi: float

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, d: int, population: int) -> "Constants":
        """Return the defaults of the tutorial, table 1 and eqs. 49 to 58. Both at least 1, 2."""
        n_parents = population // 2
        raw = math.log((population + 1) / 2) - np.log(np.arange(1, population + 1))
        mu_eff = _mu_eff(raw[:n_parents])
        mu_eff_minus = _mu_eff(raw[n_parents:])
        c_sigma = (mu_eff + 2) / (d + mu_eff + 5)
        damping = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (d + 1)) - 1) + c_sigma
        c_1 = 2 / ((d + 1.3) ** 2 + mu_eff)
        c_mu = 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((d + 2) ** 2 + mu_eff)
        if d > MAX_FULL:
            c_1, c_mu = c_1 * (d + 2) / 3, c_mu * (d + 2) / 3
        c_mu = min(1 - c_1, c_mu)
        # Eqs. 50 to 53: as much negative weight as keeps the matrix positive definite.
        limits = [1 + 2 * mu_eff_minus / (mu_eff + 2)]
        if c_mu > 0:
            limits += [1 + c_1 / c_mu, (1 - c_1 - c_mu) / (d * c_mu)]
        negative = min(limits) / max(float(np.abs(raw[raw < 0]).sum()), _TINY)
        weights = np.where(raw >= 0, raw / raw[raw > 0].sum(), raw * negative)
        return cls(
            population,
            n_parents,
            weights,
            mu_eff,
            c_sigma,
            damping,
            (4 + mu_eff / d) / (d + 4 + 2 * mu_eff / d),
            c_1,
            c_mu,
            math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d)),
        )


@dataclass(frozen=True)
class Gaussian:
    """The distribution N(mean, sigma^2 C) after `generation` updates.

    mean, path_sigma, path_c have shape (d,), C (d, d); C = axes diag(lengths^2) axes^T.
    """

    mean: Array
    sigma: float
    C: Array
    path_sigma: Array
    path_c: Array
    axes: Array
    lengths: Array
    generation: int = 0

    @classmethod
    def start(cls, mean: Array, sigma: float = START_STEP) -> "Gaussian":
        """Return the round distribution at a point."""
        d = len(mean)
        zero, one = np.zeros(d), np.ones(d)
        return cls(mean, sigma, np.eye(d), zero, zero, np.eye(d), one)

    @property
    def std(self) -> Array:
        """Standard deviations of the coordinates, (d,)."""
        found: Array = self.sigma * np.sqrt(np.diag(self.C))
        return found

    @property
    def condition(self) -> float:
        """Ratio of the largest to the smallest variance along any direction."""
        return float((self.lengths.max() / self.lengths.min()) ** 2) if len(self.lengths) else 1.0

    def at(self, z: Array) -> Array:
        """Return the points for standard normal rows z (m, d)."""
        found: Array = self.mean + self.sigma * (z * self.lengths) @ self.axes.T
        return found

    def whitened(self, Y: Array) -> Array:
        """Return C^(-1/2) y for rows Y (m, d)."""
        found: Array = ((Y @ self.axes) / self.lengths) @ self.axes.T
        return found

    def updated(self, constants: Constants, X: Array, weights: Array) -> "Gaussian":
        """Return the distribution after a generation X (population, d), best first.

        `weights` (population,) are the constants' weights, or those of fewer rows. Steps that are
        longer than a sample's can be are shortened, since points may come from elsewhere:
        N. Hansen, "Injecting external solutions into CMA-ES", arXiv:1110.4181, eq. 4.
        """
        c = constants
        Y, norms = self._steps(X)
        step = np.maximum(weights, 0.0) @ Y
        path_sigma, path_c, h = self._paths(c, step)
        # Eq. 46: a negative weight counts less for a longer step.
        shares = np.where(weights >= 0, weights, weights * len(step) / np.maximum(norms**2, _TINY))
        lost = (1 - h) * c.c_c * (2 - c.c_c)
        C = (1 + c.c_1 * lost - c.c_1 - c.c_mu * weights.sum()) * self.C
        C = C + c.c_1 * np.outer(path_c, path_c) + c.c_mu * (Y.T * shares) @ Y
        growth = c.c_sigma / c.d_sigma * (float(np.linalg.norm(path_sigma)) / c.chi - 1)
        return replace(
            self,
            mean=self.mean + self.sigma * step,
            sigma=self.sigma * math.exp(min(1.0, growth)),
            C=C,
            path_sigma=path_sigma,
            path_c=path_c,
            generation=self.generation + 1,
        )._decomposed()

    def _steps(self, X: Array) -> tuple[Array, Array]:
        """Return the steps to rows X in units of sigma, shortened, and their whitened lengths."""
        d = len(self.mean)
        Y = (X - self.mean) / self.sigma
        norms = np.maximum(np.linalg.norm(self.whitened(Y), axis=1), _TINY)
        shrink = np.minimum(1.0, (math.sqrt(d) + 2 * d / (d + 2)) / norms)
        return Y * shrink[:, None], norms * shrink

    def _paths(self, c: Constants, step: Array) -> tuple[Array, Array, float]:
        """Return both evolution paths after a step of the mean, eqs. 43 and 45, and h_sigma."""
        gain = math.sqrt(c.c_sigma * (2 - c.c_sigma) * c.mu_eff)
        path_sigma = (1 - c.c_sigma) * self.path_sigma + gain * self.whitened(step[None])[0]
        decay = math.sqrt(1 - (1 - c.c_sigma) ** (2 * (self.generation + 1)))
        limit = (1.4 + 2 / (len(step) + 1)) * c.chi
        h = 1.0 if float(np.linalg.norm(path_sigma)) / decay < limit else 0.0
        gain = h * math.sqrt(c.c_c * (2 - c.c_c) * c.mu_eff)
        return path_sigma, (1 - c.c_c) * self.path_c + gain * step, h

    def widened(self, low: Array, high: Array, min_std: Array) -> "Gaussian":
        """Return the distribution with its mean in [low, high] and stds of at least `min_std`."""
        std = self.std
        stretch = np.maximum(1.0, min_std / np.maximum(std, _TINY))
        mean = np.clip(self.mean, low, high)
        if (stretch == 1.0).all():
            return replace(self, mean=mean)
        C = self.C * np.outer(stretch, stretch)
        return replace(self, mean=mean, C=C, path_c=self.path_c * stretch)._decomposed()

    def _decomposed(self) -> "Gaussian":
        if len(self.mean) > MAX_FULL:
            squares, axes = np.diag(self.C), self.axes
            C = np.diag(squares)
        else:
            C = (self.C + self.C.T) / 2
            squares, axes = np.linalg.eigh(C)
        # Rounding, not the update, can make them negative.
        lengths = np.sqrt(np.maximum(squares, 1e-20 * max(float(squares.max()), _TINY)))
        sigma = min(self.sigma, _MAX_STD / float(lengths.max()))
        return replace(self, C=C, axes=axes, lengths=lengths, sigma=sigma)


def default_population(d: int) -> int:
    """Return 4 + floor(3 ln d), eq. 48."""
    return 4 + int(3 * math.log(max(d, 1)))


def _mu_eff(weights: Array) -> float:
    total = float((weights**2).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0
