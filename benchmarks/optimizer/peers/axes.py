"""A parameter as libraries know it: a range, a log range or a list of categories.

Few libraries know discrete numbers without categories, or a reverse log scale. Discrete numbers
become the whole numbers of their places, so that their order is kept; a reverse log range becomes
a log range of `min + max - value`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from peers.protocol import Params, Value


@dataclass(frozen=True)
class Axis:
    """One parameter as `kind` with native bounds `low` and `high`, or `values`.

    `values` are the categories, or the numbers of a discrete parameter (kind "int").
    """

    name: str
    kind: Literal["float", "int", "category"]
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False
    is_mirrored: bool = False
    values: tuple[Value, ...] = ()
    parent: str | None = None
    parent_values: tuple[Value, ...] = ()

    def encode(self, value: Value) -> Any:
        """Return the library's value of a value of the problem."""
        if self.kind == "category":
            return value
        if self.values:
            return self.values.index(value)
        number = self.low + self.high - float(value) if self.is_mirrored else float(value)
        return round(number) if self.kind == "int" else number

    def decode(self, native: Any) -> Value:
        """Return the problem's value of a library's value, inside the bounds."""
        if self.kind == "category":
            return self.values[[str(value) for value in self.values].index(str(native))]
        number = min(max(float(native), self.low), self.high)
        if self.values:
            return self.values[round(number)]
        if self.is_mirrored:
            number = min(max(self.low + self.high - number, self.low), self.high)
        return round(number) if self.kind == "int" else number

    @property
    def middle(self) -> Value:
        """The problem's value in the middle of the native range, or the first category."""
        if self.kind == "category":
            return self.values[0]
        mean = (self.low * self.high) ** 0.5 if self.is_log else (self.low + self.high) / 2
        return self.decode(int(mean) if self.kind == "int" else mean)

    def is_active(self, params: Params) -> bool:
        """Return whether the parameter exists beside `params`, which hold its parent's value."""
        return self.parent is None or params.get(self.parent) in self.parent_values


def axes_of(space: Sequence[dict[str, Any]]) -> list[Axis]:
    """Return the axes of a space, parents before their children."""
    return [_axis(parameter) for parameter in space]


def _axis(parameter: dict[str, Any]) -> Axis:
    parent = parameter.get("parent") or {}
    tree = {"parent": parent.get("name"), "parent_values": tuple(parent.get("values", ()))}
    name, kind = parameter["name"], parameter["type"]
    if kind == "categorical":
        return Axis(name, "category", values=tuple(parameter["values"]), **tree)
    if kind == "discrete":
        values = tuple(parameter["values"])
        return Axis(name, "int", 0, len(values) - 1, values=values, **tree)
    scale = parameter.get("scale", "linear")
    return Axis(
        name,
        "int" if kind == "integer" else "float",
        parameter["min"],
        parameter["max"],
        is_log=scale != "linear",
        is_mirrored=scale == "reverse_log",
        **tree,
    )


def active(axes: Sequence[Axis], params: Params) -> Params:
    """Return `params` without the parameters that do not exist beside the others."""
    kept: Params = {}
    for axis in axes:
        if axis.name in params and axis.is_active(kept):
            kept[axis.name] = params[axis.name]
    return kept


def complete(axes: Sequence[Axis], params: Params) -> Params:
    """Return `params` with a middle value for each one left out, for libraries without a tree."""
    return {axis.name: params.get(axis.name, axis.middle) for axis in axes}


def children(axes: Sequence[Axis], parent: Axis | None) -> Iterator[Axis]:
    """Yield the axes that hang directly under `parent`, or those without a parent."""
    name = None if parent is None else parent.name
    return (axis for axis in axes if axis.parent == name)


def children_at(axes: Sequence[Axis], parent: Axis, value: Value) -> list[Axis]:
    """Return the axes that hang directly under `parent` and exist while it has `value`."""
    return [axis for axis in children(axes, parent) if value in axis.parent_values]
