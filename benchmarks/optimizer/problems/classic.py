"""Classic test functions, each shifted and rotated by a seed, and such of low effective dimension.

A base function g has a known minimiser z*. The problem is g(z* + s R (x - x*)) with a random
rotation R, a scale s, and a minimiser x* whose distance from the centre of the box is 10 to 40
percent of its width in every coordinate: an optimizer that tries the centre gains nothing. The
base functions here have their minimum over all of R^d at z*, so leaving the usual domain through
the rotation cannot reveal a smaller value. Michalewicz is the exception: it is warped instead.

Definitions: Surjanovic & Bingham, Virtual Library of Simulation Experiments.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.protocol import Params, Problem
from problems.spaces import double

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Base:
    """A base function: `function` of shape (d,), box half-width, minimiser and minimum."""

    function: Callable[[Vector], float]
    half_width: float
    minimiser: Callable[[int], Vector]
    minimum: Callable[[int], float]
    dimension: int | None = None


def ackley(z: Vector) -> float:
    """Ackley's function: a funnel with ripples; minimum 0 at 0."""
    ripples = math.exp(np.cos(2 * math.pi * z).mean())
    return -20 * math.exp(-0.2 * math.sqrt(float(z @ z) / len(z))) - ripples + 20 + math.e


def levy(z: Vector) -> float:
    """Levy's function: minimum 0 at (1, ..., 1)."""
    w = 1 + (z - 1) / 4
    body = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + body.sum() + last)


def rastrigin(z: Vector) -> float:
    """Rastrigin's function: a bowl full of local minima; minimum 0 at 0."""
    return float(10 * len(z) + (z**2 - 10 * np.cos(2 * math.pi * z)).sum())


def rosenbrock(z: Vector) -> float:
    """Rosenbrock's function: a bent valley; minimum 0 at (1, ..., 1)."""
    return float((100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum())


def griewank(z: Vector) -> float:
    """Griewank's function: a wide bowl with fine ripples; minimum 0 at 0."""
    roots = np.sqrt(np.arange(1, len(z) + 1))
    return float(z @ z / 4000 - np.cos(z / roots).prod() + 1)


def styblinski_tang(z: Vector) -> float:
    """Styblinski-Tang: 2^d basins; minimum -39.16617 d at (-2.903534, ...)."""
    return float((z**4 - 16 * z**2 + 5 * z).sum() / 2)


def branin(z: Vector) -> float:
    """Branin's function in 2 dimensions: minimum 10/(8 pi), at (pi, 2.275) among others."""
    valley = z[1] - 5.1 / (4 * math.pi**2) * z[0] ** 2 + 5 / math.pi * z[0] - 6
    return float(valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(z[0]) + 10)


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_HARTMANN_MINIMISER = np.array(
    [0.20168951, 0.15001069, 0.47687397, 0.27533243, 0.31165162, 0.65730053]
)


def hartmann6(z: Vector) -> float:
    """Hartmann's function in 6 dimensions: four Gaussian pits; minimum -3.32237."""
    exponents = (_HARTMANN_A * (z - _HARTMANN_P) ** 2).sum(axis=1)
    return float(-(np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-exponents)))


def michalewicz(z: Vector) -> float:
    """Michalewicz's function with m = 10 on [0, pi]^d: separable, steep narrow valleys."""
    index = np.arange(1, len(z) + 1)
    return float(-(np.sin(z) * np.sin(index * z**2 / math.pi) ** 20).sum())


def _constant(value: float) -> Callable[[int], Vector]:
    return lambda d: np.full(d, value)


_TANG = -2.9035340277711770

BASES: dict[str, Base] = {
    "ackley": Base(ackley, 32.768, _constant(0.0), lambda d: 0.0),
    "levy": Base(levy, 10.0, _constant(1.0), lambda d: 0.0),
    "rastrigin": Base(rastrigin, 5.12, _constant(0.0), lambda d: 0.0),
    "rosenbrock": Base(rosenbrock, 2.048, _constant(1.0), lambda d: 0.0),
    "griewank": Base(griewank, 60.0, _constant(0.0), lambda d: 0.0),
    "tang": Base(
        styblinski_tang, 5.0, _constant(_TANG), lambda d: styblinski_tang(np.full(d, _TANG))
    ),
    "branin": Base(
        branin, 7.5, lambda d: np.array([math.pi, 2.275]), lambda d: 10 / (8 * math.pi), 2
    ),
    "hartmann6": Base(
        hartmann6, 0.5, lambda d: _HARTMANN_MINIMISER, lambda d: hartmann6(_HARTMANN_MINIMISER), 6
    ),
}


def classic(name: str, base_name: str, dimension: int, seed: int) -> Problem:
    """Return a shifted and rotated classic function; its coordinates are in [-w, w]."""
    base = BASES[base_name]
    if base.dimension not in (None, dimension):
        raise ValueError(f"{base_name} has {base.dimension} dimensions, got {dimension}")
    return _problem(name, base, dimension, dimension, seed)


def low_effective(name: str, base_name: str, effective: int, dimension: int, seed: int) -> Problem:
    """Return a function of `dimension` coordinates of which `effective` random ones matter."""
    return _problem(name, BASES[base_name], effective, dimension, seed)


def _problem(name: str, base: Base, effective: int, dimension: int, seed: int) -> Problem:
    rng = np.random.default_rng([seed, dimension, effective])
    width = base.half_width
    matter = np.sort(rng.permutation(dimension)[:effective])
    rotation = random_rotation(effective, rng)
    shift = width * off_centre(effective, rng)
    target = base.minimiser(effective)
    space = [double(f"x{i}", -width, width) for i in range(dimension)]
    names = [f"x{i}" for i in matter]

    def function(params: Params) -> float:
        x = np.array([params[key] for key in names], dtype=float)
        return base.function(target + rotation @ (x - shift))

    optimum = float(base.minimum(effective))
    minimiser = dict.fromkeys((p["name"] for p in space), 0.0) | dict(
        zip(names, shift.tolist(), strict=True)
    )
    return Problem(
        name, _category(dimension), space, function, optimum=optimum, starts=(minimiser,)
    )


def michalewicz_warped(name: str, dimension: int, seed: int) -> Problem:
    """Return Michalewicz's function with a moved minimiser.

    Outside [0, pi] it has smaller values, so it is not rotated. Each coordinate is bent by a
    monotone map of [0, pi] onto itself (two straight lines) that puts the minimiser at a random
    place, then mirrored or not; the coordinates are permuted.
    """
    rng = np.random.default_rng([seed, dimension])
    target = michalewicz_minimiser(dimension)
    place = math.pi * (0.5 + 0.5 * off_centre(dimension, rng))
    mirrored = rng.random(dimension) < 0.5
    names = [f"x{i}" for i in rng.permutation(dimension)]

    def function(params: Params) -> float:
        x = np.array([params[key] for key in names], dtype=float)
        x = np.where(mirrored, math.pi - x, x)
        beyond = math.pi - (math.pi - target) * (math.pi - x) / (math.pi - place)
        return michalewicz(np.where(x <= place, target * x / place, beyond))

    space = [double(f"x{i}", 0.0, math.pi) for i in range(dimension)]
    optimum = michalewicz(target)
    best = np.where(mirrored, math.pi - place, place).tolist()
    minimiser = dict(zip(names, best, strict=True))
    return Problem(
        name, _category(dimension), space, function, optimum=optimum, starts=(minimiser,)
    )


def michalewicz_minimiser(dimension: int) -> Vector:
    """Return the minimiser, found coordinate by coordinate on a fine grid, then refined."""
    found = []
    for index in range(1, dimension + 1):
        low, high = 0.0, math.pi
        for _ in range(5):
            z = np.linspace(low, high, 4001)
            best = z[np.argmin(-np.sin(z) * np.sin(index * z**2 / math.pi) ** 20)]
            step = (high - low) / 4000
            low, high = max(best - step, 0.0), min(best + step, math.pi)
        found.append(float(best))
    return np.array(found)


def random_rotation(dimension: int, rng: np.random.Generator) -> Vector:
    """Return a rotation drawn uniformly (Haar measure), shape (d, d)."""
    q, r = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    q = q * np.sign(np.diag(r))
    if np.linalg.det(q) < 0:
        q[:, 0] = -q[:, 0]
    return np.asarray(q)


def off_centre(dimension: int, rng: np.random.Generator) -> Vector:
    """Return coordinates in [-1, 1] with a distance of 0.2 to 0.8 from 0, shape (d,)."""
    return rng.choice([-1.0, 1.0], dimension) * rng.uniform(0.2, 0.8, dimension)


def _category(dimension: int) -> str:
    return "low_dimensional" if dimension <= 10 else "high_dimensional"
