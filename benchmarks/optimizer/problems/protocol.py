"""What a problem of the optimizer benchmark is: its space, its value, its noise.

A space is plain JSON, so it crosses the border between processes: a list of parameters, each a
`Parameter` dictionary. Configurations are dictionaries from name to value; a parameter whose
parent has another value is inactive and is left out of them (a value given for it is ignored).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict

import numpy as np

Value = float | int | str
Params = Mapping[str, Value]
Category = Literal[
    "low_dimensional", "high_dimensional", "mixed", "tables", "noisy", "conditional"
]
CATEGORIES: tuple[Category, ...] = (
    "low_dimensional",
    "high_dimensional",
    "mixed",
    "tables",
    "noisy",
    "conditional",
)


class Parent(TypedDict):
    """A parameter is active only when the parameter `name` has one of `values`."""

    name: str
    values: list[Value]


class Parameter(TypedDict):
    """One parameter: `min`, `max`, `scale` for double and integer, `values` for the others.

    `values` are sorted numbers (discrete) or strings (categorical). `scale` is linear, log or
    reverse_log (dense near `max`: min + max - value is on a log scale).
    """

    name: str
    type: Literal["double", "integer", "discrete", "categorical"]
    min: NotRequired[float]
    max: NotRequired[float]
    scale: NotRequired[Literal["linear", "log", "reverse_log"]]
    values: NotRequired[list[Value]]
    default: NotRequired[Value]
    parent: NotRequired[Parent]


Space = list[Parameter]
TrueValue = Callable[[Params], float]
# (parameters, noise-free value, generator) -> one noisy observation
Noise = Callable[[Params, float, np.random.Generator], float]


@dataclass(frozen=True)
class Problem:
    """A function to minimise over a space.

    `default` is the default configuration of the library that is tuned, None where there is no
    such library. `optimum` is the known smallest noise-free value, None where nobody knows it.
    `starts` are known or guessed minimisers: for tests and for the search of `references.py`,
    never for an optimizer.
    """

    name: str
    category: Category
    space: Space
    function: TrueValue = field(repr=False)
    default: dict[str, Value] | None = None
    optimum: float | None = None
    noise: Noise | None = field(default=None, repr=False)
    starts: tuple[dict[str, Value], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.category not in CATEGORIES:
            raise ValueError(f"category must be one of {CATEGORIES}, got {self.category!r}")
        names = [parameter["name"] for parameter in self.space]
        if len(set(names)) != len(names) or not names:
            raise ValueError(f"{self.name}: parameters need distinct names, got {names}")
        unknown = set(self.default or {}) - set(names)
        if unknown:
            raise ValueError(f"{self.name}: the default has unknown parameters {unknown}")

    @property
    def is_noisy(self) -> bool:
        """Whether two evaluations of one configuration may differ."""
        return self.noise is not None

    def evaluate(self, params: Params, rng: np.random.Generator) -> float:
        """Return one observation at `params`; the noise, if any, is drawn from `rng`."""
        value = self.true_value(params)
        return value if self.noise is None else float(self.noise(params, value, rng))

    def true_value(self, params: Params) -> float:
        """Return the noise-free value at `params`, which regret is counted in."""
        return float(self.function(params))
