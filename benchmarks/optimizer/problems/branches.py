"""Synthetic conditional spaces with a known minimum: models with parameters of their own, layers.

A problem is made from a profile (a space with children) and a seed. With the unit coordinate u_i of
each active numeric parameter, in the cells of `spaces`, and choices k (the values of parents):

    f = sum_parents cost[k] + mean over active i of a_i (u_i - c_i - s_i(k))^2

Each term is at least 0 and is 0 at the seeded minimiser, so the minimum is 0. The shift s_i(k) of
a parameter that all branches share depends on the choice, as the best learning rate depends on the
model; it is 0 at the best one. The parameters of the best branch have four times the curvature: a
random point of it looks no better than one of another branch.
"""

from dataclasses import dataclass

import numpy as np

from problems.protocol import Parameter, Params, Problem, Space, Value
from problems.spaces import active, categorical, child_of, double, from_unit, integer, to_unit

_CURVATURE = (0.5, 2.0)
_IN_BEST_BRANCH = 4.0
_COST = (0.05, 0.3)
_SHIFT = 0.25


def _models() -> Space:
    """Return four models with two to four parameters each, and two that all share."""
    space = [
        categorical("model", ["svm", "forest", "boosting", "network"]),
        double("subsample", 0.1, 1.0),
        integer("features", 4, 64, "log"),
    ]
    own: dict[str, Space] = {
        "svm": [double("C", 1e-3, 1e3, "log"), double("gamma", 1e-5, 1e1, "log")],
        "forest": [integer("trees", 10, 1000, "log"), double("leaf", 0.001, 0.2, "log")],
        "boosting": [
            double("eta", 1e-3, 1.0, "log"),
            integer("rounds", 10, 1000, "log"),
            integer("depth", 1, 12),
        ],
        "network": [
            double("learning_rate", 1e-5, 1e-1, "log"),
            double("momentum", 0.0, 0.99),
            integer("units", 4, 512, "log"),
            double("dropout", 0.0, 0.8),
        ],
    }
    return space + [child_of(p, "model", [name]) for name, ps in own.items() for p in ps]


def _layers() -> Space:
    """Return a network of one to five layers, the units of each a parameter."""
    space: Space = [
        double("learning_rate", 1e-5, 1.0, "log"),
        integer("n_layers", 1, 5),
        integer("units_1", 4, 256, "log"),
    ]
    for layer in range(2, 6):
        units = integer(f"units_{layer}", 4, 256, "log")
        space.append(child_of(units, "n_layers", list(range(layer, 6))))
    return space


def _switches() -> Space:
    """Return five parts that are on or off, with one or two parameters each."""
    space: Space = [double("learning_rate", 1e-5, 1.0, "log")]
    for part in range(5):
        space.append(categorical(f"part_{part}", ["off", "on"]))
        own: Space = [double(f"weight_{part}", 1e-6, 1.0, "log")]
        if part % 2:
            own.append(double(f"share_{part}", 0.0, 1.0))
        space += [child_of(parameter, f"part_{part}", ["on"]) for parameter in own]
    return space


def _nested() -> Space:
    """Return a choice of three below each value of a choice of three, with a parameter or two."""
    space: Space = [categorical("family", ["a", "b", "c"]), double("common", 0.0, 1.0)]
    for family in "abc":
        kind = f"kind_{family}"
        space.append(child_of(categorical(kind, ["x", "y", "z"]), "family", [family]))
        for value in "xyz":
            own: Space = [double(f"{family}{value}_0", 1e-4, 1.0, "log")]
            if value != "x":
                own.append(integer(f"{family}{value}_1", 1, 20))
            space += [child_of(parameter, kind, [value]) for parameter in own]
    return space


PROFILES = {"models": _models, "layers": _layers, "switches": _switches, "nested": _nested}


@dataclass(frozen=True)
class _Terms:
    """The seeded numbers of one function, by the names of parameters; `root` shifts the others."""

    best: dict[str, Value]
    place: dict[str, float]
    curvature: dict[str, float]
    costs: dict[str, dict[Value, float]]
    root: str
    shifts: dict[str, dict[Value, float]]


def branches(name: str, profile: str, seed: int) -> Problem:
    """Return the problem of a profile and a seed."""
    space = PROFILES[profile]()
    terms = _draw(space, np.random.default_rng([seed, *profile.encode()]))

    def function(params: Params) -> float:
        return _value(space, terms, active(space, params))

    return Problem(name, "conditional", space, function, optimum=0.0, starts=(terms.best,))


def _draw(space: Space, rng: np.random.Generator) -> _Terms:
    unit = 0.5 + rng.choice([-1.0, 1.0], len(space)) * rng.uniform(0.1, 0.4, len(space))
    best = from_unit(space, unit)
    place = dict(zip(_names(space), to_unit(space, best).tolist(), strict=True))
    curvature = {name: float(rng.uniform(*_CURVATURE)) for name in place}
    for name in set(_names(space)) - set(best):
        place[name] = float(rng.uniform(0.1, 0.9))
    children = {p["name"]: p["parent"]["name"] for p in space if "parent" in p}
    for name in set(children) & set(best):
        curvature[name] *= _IN_BEST_BRANCH
    parents = [p for p in space if p["name"] in children.values()]
    costs = {p["name"]: _zero_at(best.get(p["name"]), p, _COST, rng) for p in parents}
    root = parents[0]
    shared = [name for name in place if name not in children and name not in costs]
    bound = (-_SHIFT, _SHIFT)
    shifts = {name: _zero_at(best[root["name"]], root, bound, rng) for name in shared}
    return _Terms(best, place, curvature, costs, root["name"], shifts)


def _names(space: Space) -> list[str]:
    return [parameter["name"] for parameter in space]


def _zero_at(
    best: Value | None, parent: Parameter, bounds: tuple[float, float], rng: np.random.Generator
) -> dict[Value, float]:
    """Return a random number for each value of a parent, 0 for the best one."""
    if parent["type"] == "integer":
        values: list[Value] = list(range(int(parent["min"]), int(parent["max"]) + 1))
    else:
        values = parent["values"]
    return {value: 0.0 if value == best else float(rng.uniform(*bounds)) for value in values}


def _value(space: Space, terms: _Terms, params: Params) -> float:
    units = dict(zip(_names(space), to_unit(space, params), strict=True))
    squares = []
    for name in params:
        if name not in terms.costs:
            shift = terms.shifts.get(name, {}).get(params[terms.root], 0.0)
            squares.append(terms.curvature[name] * (units[name] - terms.place[name] - shift) ** 2)
    costs = sum(cost[params[name]] for name, cost in terms.costs.items() if name in params)
    return float(costs + np.mean(squares))
