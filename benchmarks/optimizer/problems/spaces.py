"""Make parameters, and draw, place and vary configurations of a space.

The unit cube is uniform in each parameter's scale: a coordinate u in [0, 1] maps to a value, and
integers, discrete and categorical values get cells of equal width (integers on a log scale: cells
of the width that their half-way neighbours have on it).
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from problems.protocol import Parameter, Params, Space, Value

Scale = Literal["linear", "log", "reverse_log"]
UnitVector = NDArray[np.float64]


def double(name: str, low: float, high: float, scale: Scale = "linear") -> Parameter:
    """Return a DOUBLE parameter; log scales need 0 < low."""
    return _interval(name, "double", low, high, scale)


def integer(name: str, low: int, high: int, scale: Scale = "linear") -> Parameter:
    """Return an INTEGER parameter with both ends included; log scales need 1 <= low."""
    return _interval(name, "integer", low, high, scale)


def discrete(name: str, values: Sequence[float]) -> Parameter:
    """Return a DISCRETE parameter of sorted numbers."""
    return {"name": name, "type": "discrete", "values": sorted(values)}


def categorical(name: str, values: Sequence[str]) -> Parameter:
    """Return a CATEGORICAL parameter of strings."""
    return {"name": name, "type": "categorical", "values": list(values)}


def child_of(parameter: Parameter, parent: str, values: Sequence[Value]) -> Parameter:
    """Return `parameter`, active only when `parent` has one of `values`."""
    return {**parameter, "parent": {"name": parent, "values": list(values)}}


def _interval(
    name: str, kind: Literal["double", "integer"], low: float, high: float, scale: Scale
) -> Parameter:
    if not low < high or (scale != "linear" and low <= 0):
        raise ValueError(f"{name}: min < max must hold, and 0 < min on a log scale: {low}, {high}")
    return {"name": name, "type": kind, "min": low, "max": high, "scale": scale}


def from_unit(space: Space, unit: UnitVector) -> dict[str, Value]:
    """Return the configuration at a point of the unit cube, shape (d,); only active parameters."""
    every = {p["name"]: _value(p, float(u)) for p, u in zip(space, unit, strict=True)}
    return active(space, every)


def active(space: Space, params: Params) -> dict[str, Value]:
    """Return `params` without the parameters whose parent has another value."""
    kept: dict[str, Value] = {}
    for parameter in space:  # parents come before their children
        parent = parameter.get("parent")
        name = parameter["name"]
        if name in params and (parent is None or kept.get(parent["name"]) in parent["values"]):
            kept[name] = params[name]
    return kept


def sample(space: Space, rng: np.random.Generator) -> dict[str, Value]:
    """Return a configuration drawn uniformly in each parameter's scale."""
    return from_unit(space, rng.random(len(space)))


def to_unit(space: Space, params: Params) -> UnitVector:
    """Return the point of the unit cube of a configuration, shape (d,); .5 where inactive."""
    units = [_unit(p, params[p["name"]]) if p["name"] in params else 0.5 for p in space]
    return np.array(units)


def levels(parameter: Parameter) -> int | None:
    """Return how many values a parameter has; None for a double."""
    if parameter["type"] == "double":
        return None
    if parameter["type"] == "integer":
        return int(parameter["max"]) - int(parameter["min"]) + 1
    return len(parameter["values"])


def _value(parameter: Parameter, u: float) -> Value:
    if parameter["type"] in ("discrete", "categorical"):
        values = parameter["values"]
        return values[min(int(u * len(values)), len(values) - 1)]
    low, high = float(parameter["min"]), float(parameter["max"])
    margin = 0.5 if parameter["type"] == "integer" else 0.0
    value = _from_scale(u, low, high, margin, parameter["scale"])
    value = min(max(value, low), high)
    return round(value) if parameter["type"] == "integer" else value


def _from_scale(u: float, low: float, high: float, margin: float, scale: Scale) -> float:
    bottom, top = low - margin, high + margin
    if scale == "linear":
        return bottom + u * (top - bottom)
    if scale == "log":
        return math.exp(math.log(bottom) + u * (math.log(top) - math.log(bottom)))
    return low + high - _from_scale(1.0 - u, low, high, margin, "log")


def _unit(parameter: Parameter, value: Value) -> float:
    if parameter["type"] in ("discrete", "categorical"):
        return (parameter["values"].index(value) + 0.5) / len(parameter["values"])
    low, high = float(parameter["min"]), float(parameter["max"])
    margin = 0.5 if parameter["type"] == "integer" else 0.0
    number = float(value)
    if parameter["scale"] == "reverse_log":
        number = low + high - number
    low, high = low - margin, high + margin
    if parameter["scale"] == "linear":
        return (number - low) / (high - low)
    u = (math.log(number) - math.log(low)) / (math.log(high) - math.log(low))
    return u if parameter["scale"] == "log" else 1.0 - u
