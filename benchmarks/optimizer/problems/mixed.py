"""Synthetic mixed spaces with a known minimum: log scales, integers, lists, interacting choices.

A problem is made from a profile (which parameters, which traits) and a seed. In the unit cube of
`spaces`, with numeric coordinates u and choices k:

    f = sum_i a_i |u_i - c_i(k)|^2  +  sum_pairs b (e_i - e_j)^2  +  sum_c cost_c[k_c]
        + sum_pairs extra[k_c, k_d] + ripples,     e_i = u_i - c_i(k)

Each term is at least 0 and is 0 at the seeded minimiser (a point of the grid; its coordinates lie
10 to 40 percent from the middle), so the minimum is 0. The best place c_i(k) of some numeric
parameters depends on a choice, as the best learning rate depends on the optimizer. A trait bends
the result: `plateau` 1 - exp(-f), `steep` exp(3 f) - 1.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from problems.protocol import Params, Problem, Space, Value
from problems.spaces import categorical, discrete, double, from_unit, integer, levels, to_unit

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """A space and the traits of the function on it; `ripples` is their amplitude."""

    space: Space
    ripples: float = 0.0
    bend: Literal["none", "plateau", "steep"] = "none"


def _choices(name: str, count: int) -> str | list[str]:
    return [f"{name}{i}" for i in range(count)]


PROFILES: dict[str, Profile] = {
    "net": Profile(
        [
            double("learning_rate", 1e-5, 1.0, "log"),
            double("weight_decay", 1e-7, 1e-1, "log"),
            integer("layers", 1, 6),
            integer("units", 8, 1024, "log"),
            double("dropout", 0.0, 0.7),
            discrete("batch_size", [16, 32, 64, 128, 256, 512]),
            categorical("activation", _choices("activation", 3)),
            categorical("optimizer", _choices("optimizer", 4)),
        ],
        bend="plateau",
    ),
    "trees": Profile(
        [
            double("learning_rate", 1e-3, 1.0, "log"),
            integer("trees", 10, 2000, "log"),
            integer("depth", 1, 15),
            double("subsample", 0.1, 1.0),
            double("l2", 1e-6, 1e3, "log"),
            categorical("grow", _choices("grow", 2)),
        ]
    ),
    "cats": Profile([categorical(f"c{i}", _choices("v", k)) for i, k in enumerate((8, 6, 5, 4))]),
    "manycats": Profile(
        [
            categorical(f"c{i}", _choices("v", k))
            for i, k in enumerate((2, 3, 5, 8, 4, 2, 3, 6, 4, 5))
        ]
    ),
    "ints": Profile([integer(f"n{i}", 0, top) for i, top in enumerate((7, 15, 31, 63, 100, 100))]),
    "logints": Profile(
        [integer(f"n{i}", 1, top, "log") for i, top in enumerate((64, 512, 2000, 10000, 100))],
        ripples=0.05,
    ),
    "logs": Profile(
        [
            double(f"x{i}", 10.0**-low, 10.0**high, "log")
            for i, (low, high) in enumerate(((6, 0), (8, -1), (3, 3), (4, 2)))
        ]
        + [double("momentum", 0.5, 0.9999, "reverse_log"), categorical("kind", _choices("v", 3))],
        bend="steep",
    ),
    "lists": Profile(
        [discrete(f"d{i}", [2.0**j for j in range(k)]) for i, k in enumerate((12, 9, 7, 5, 4))]
        + [categorical("kind", _choices("v", 4))],
        ripples=0.03,
    ),
    "wide": Profile(
        [double(f"x{i}", 0.0, 1.0) for i in range(4)]
        + [double(f"l{i}", 1e-6, 1.0, "log") for i in range(3)]
        + [integer("n0", 1, 12), integer("n1", 1, 500, "log")]
        + [categorical(f"c{i}", _choices("v", k)) for i, k in enumerate((2, 5, 8))],
    ),
    "rugged": Profile(
        [double(f"x{i}", -1.0, 1.0) for i in range(3)]
        + [integer("n0", 1, 40), categorical("c0", _choices("v", 6))],
        ripples=0.12,
    ),
    "gates": Profile(
        [double("x0", 1e-4, 1.0, "log"), double("x1", 0.0, 1.0), double("x2", 0.0, 1.0)]
        + [categorical(f"c{i}", _choices("v", k)) for i, k in enumerate((7, 5, 3, 2))],
        bend="plateau",
    ),
}


@dataclass(frozen=True)
class _Terms:
    """The seeded numbers of one function; positions index the parameters of the space."""

    numeric: list[int]
    choices: list[int]
    best: Vector  # unit coordinates of the minimiser; for choices: index of the best value
    curvature: Vector
    shifts: dict[tuple[int, int], Vector]  # (numeric, choice) -> shift of the best place
    costs: dict[int, Vector]
    extra: dict[tuple[int, int], Vector]
    pairs: list[tuple[int, int]]


def mixed(name: str, profile_name: str, seed: int) -> Problem:
    """Return the problem of a profile and a seed."""
    profile = PROFILES[profile_name]
    rng = np.random.default_rng([seed, *profile_name.encode()])
    space = profile.space
    terms = _draw(space, rng)
    bend = _BENDS[profile.bend]

    def function(params: Params) -> float:
        return bend(_value(space, terms, profile.ripples, params))

    minimiser = _configuration(space, terms.best)
    return Problem(name, "mixed", space, function, optimum=0.0, starts=(minimiser,))


_BENDS: dict[str, Callable[[float], float]] = {
    "none": lambda f: f,
    "plateau": lambda f: -math.expm1(-f),
    "steep": lambda f: math.expm1(3.0 * f),
}


def _draw(space: Space, rng: np.random.Generator) -> _Terms:
    numeric = [i for i, p in enumerate(space) if p["type"] != "categorical"]
    choices = [i for i, p in enumerate(space) if p["type"] == "categorical"]
    best = _minimiser(space, rng)
    shifts, extra = {}, {}
    for i in numeric[::2]:
        if choices:
            c = int(rng.choice(choices))
            shifts[i, c] = _zero_at(rng.uniform(-0.3, 0.3, levels(space[c]) or 0), int(best[c]))
    for c, d in itertools.pairwise(choices):
        shape = (levels(space[c]) or 0, levels(space[d]) or 0)
        table = rng.uniform(0.0, 0.3, shape)
        table[int(best[c]), int(best[d])] = 0.0
        extra[c, d] = table
    costs = {
        c: _zero_at(rng.uniform(0.05, 0.5, levels(space[c]) or 0), int(best[c])) for c in choices
    }
    pairs = [(numeric[j], numeric[j + 1]) for j in range(0, len(numeric) - 1, 2)]
    curvature = 10.0 ** rng.uniform(-0.7, 0.5, len(space))
    return _Terms(numeric, choices, best, curvature, shifts, costs, extra, pairs)


def _minimiser(space: Space, rng: np.random.Generator) -> Vector:
    """Return unit coordinates (on the grid) of numeric parameters, indices of choices."""
    side = rng.choice([-1.0, 1.0], len(space))
    unit = 0.5 + side * rng.uniform(0.1, 0.4, len(space))
    best = to_unit(space, from_unit(space, unit))
    for i, parameter in enumerate(space):
        if parameter["type"] == "categorical":
            best[i] = rng.integers(levels(parameter) or 0)
    return best


def _configuration(space: Space, best: Vector) -> dict[str, Value]:
    params = from_unit(space, np.clip(best, 0.0, 1.0))
    chosen = {
        p["name"]: p["values"][int(i)]
        for p, i in zip(space, best, strict=True)
        if p["type"] == "categorical"
    }
    return {**params, **chosen}


def _zero_at(values: Vector, index: int) -> Vector:
    values[index] = 0.0
    return values


def _value(space: Space, terms: _Terms, ripples: float, params: Params) -> float:
    unit = to_unit(space, params)
    chosen = {c: space[c]["values"].index(params[space[c]["name"]]) for c in terms.choices}
    error = unit - terms.best
    for (i, c), shift in terms.shifts.items():
        error[i] -= shift[chosen[c]]
    total = sum(terms.curvature[i] * error[i] ** 2 for i in terms.numeric)
    total += sum(2.0 * (error[i] - error[j]) ** 2 for i, j in terms.pairs)
    total += sum(table[chosen[c]] for c, table in terms.costs.items())
    total += sum(table[chosen[c], chosen[d]] for (c, d), table in terms.extra.items())
    if ripples:
        total += ripples * sum(1 - math.cos(6 * math.pi * error[i]) for i in terms.numeric)
    return float(total)
