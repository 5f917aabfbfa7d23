"""A long search for the best known value of a problem: random points, then local search."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.protocol import Params, Problem, Space
from problems.spaces import from_unit, levels, sample, to_unit

Vector = NDArray[np.float64]
_STARTS = 10


@dataclass(frozen=True)
class Budget:
    """How many random and how many local evaluations a search takes."""

    random: int
    local: int


def random_points(
    problem: Problem, count: int, rng: np.random.Generator
) -> tuple[list[Params], Vector]:
    """Return `count` uniform configurations and their true values, shape (count,)."""
    points: list[Params] = [sample(problem.space, rng) for _ in range(count)]
    return points, np.array([problem.true_value(point) for point in points])


def long_search(
    problem: Problem,
    points: list[Params],
    values: Vector,
    count: int,
    rng: np.random.Generator,
) -> float:
    """Return the smallest true value found by mutating the best of `points`, `count` times.

    The problem's default and known or guessed minimisers are added to `points` (with their
    `values`). Half of the evaluations are spread over the 10 best points; the other half goes on
    from the best result.
    """
    more: list[Params] = [*problem.starts, *([problem.default] if problem.default else [])]
    points = [*points, *more]
    values = np.append(values, [problem.true_value(point) for point in more])
    order = np.argsort(values)[:_STARTS]
    share = count // (2 * len(order))
    found = [_climb(problem, points[i], float(values[i]), share, rng) for i in order]
    best = min(found, key=lambda pair: pair[1])
    return _climb(problem, *best, count // 2, rng)[1]


def _climb(
    problem: Problem, params: Params, value: float, count: int, rng: np.random.Generator
) -> tuple[Params, float]:
    """Return the best of `count` mutations, each of the best so far."""
    for _ in range(count):
        candidate = mutate(problem.space, params, rng)
        other = problem.true_value(candidate)
        if other <= value:
            params, value = candidate, other
    return params, value


def mutate(space: Space, params: Params, rng: np.random.Generator) -> Params:
    """Return a variation: 1 to d coordinates move, by steps of very different sizes.

    A coordinate jumps anywhere with probability 0.1; otherwise a number moves by a normal step of
    0.0003 to 0.3 of its range, at least to the neighbouring value where it has few.
    """
    unit = to_unit(space, params)
    share = rng.choice([1.0, 2.0, 4.0, len(space)]) / len(space)
    moved = rng.random(len(space)) < share
    moved[rng.integers(len(space))] = True
    size = 10.0 ** rng.uniform(-3.5, -0.5)
    for i in np.flatnonzero(moved):
        unit[i] = _step(space, int(i), float(unit[i]), size, rng)
    return from_unit(space, unit)


def _step(space: Space, i: int, u: float, size: float, rng: np.random.Generator) -> float:
    count = levels(space[i])
    if space[i]["type"] == "categorical" or rng.random() < 0.1:
        return float(rng.random())
    step = size * rng.standard_normal()
    if count is not None and abs(step) < 1.0 / count:
        step = float(rng.choice([-1.0, 1.0])) / count
    return float(np.clip(u + step, 0.0, np.nextafter(1.0, 0.0)))
