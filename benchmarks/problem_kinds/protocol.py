"""What a problem of any kind is: its space, what a trial reports, and how good a study then is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from problems.protocol import Params, Space, Value

Outcome = list[float] | None
"""The metrics of one trial: `Problem.metrics`, then `Problem.limits`; None if it has failed."""

Excess = Callable[[Params], float]
"""How far parameters are beyond a constraint; 0 or less fulfils it."""


class Problem(Protocol):
    """A problem that optimizers solve trial by trial.

    A kind of problem is one module with such a class and a function that makes it by name, one
    line in `registry`, and what its peers do with `Setup.metrics`.
    """

    @property
    def name(self) -> str:
        """A name that tells all."""
        ...

    @property
    def category(self) -> str:
        """The kind: results are reported by it."""
        ...

    @property
    def space(self) -> Space:
        """The parameters."""
        ...

    @property
    def metrics(self) -> Sequence[str]:
        """Names of what a trial reports, all to be minimised."""
        ...

    @property
    def limits(self) -> Mapping[str, float]:
        """Names of further metrics, and what each must not be above."""
        ...

    @property
    def constraints(self) -> Mapping[str, Excess]:
        """Expressions over the parameters that hold for every trial, with the same as functions."""
        ...

    @property
    def default(self) -> dict[str, Value] | None:
        """The configuration that everybody tries first, None for none."""
        ...

    @property
    def is_noisy(self) -> bool:
        """Whether two trials of one configuration may differ."""
        ...

    def evaluate(self, params: Params, rng: np.random.Generator) -> Outcome:
        """Return what a trial reports; the noise, if any, is drawn from `rng`."""
        ...

    def true_outcome(self, params: Params) -> Outcome:
        """Return the same without noise: what studies are judged by."""
        ...

    def loss(self, outcomes: Sequence[Outcome]) -> float:
        """Return how far a study with these true outcomes is from the best known; 0 is there."""
        ...
