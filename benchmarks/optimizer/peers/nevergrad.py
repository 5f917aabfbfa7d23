"""Nevergrad's NGOpt, which chooses an algorithm by dimension, budget and parameter types.

Discrete numbers are whole numbers of their places: with `TransitionChoice` it chose an algorithm
that repeats half of its points, and ended much farther from the optimum (two mixed problems, 6
seeds, 50 trials: mean regret 1.12 and 1.19 instead of 0.83 and 0.87).
"""

from collections.abc import Sequence
from typing import Any

import nevergrad as ng

from peers.axes import Axis, axes_of, children, children_at
from peers.protocol import Params, Setup

# Under this name a branch keeps the category that it belongs to.
CATEGORY = "="


class Nevergrad:
    """An optimizer over nested dictionaries: a category with children is a choice among them."""

    def __init__(self, setup: Setup) -> None:
        self._axes = axes_of(setup.space)
        space = ng.p.Dict(**_level(self._axes, list(children(self._axes, None))))
        space.random_state.seed(setup.seed)
        self._optimizer = ng.optimizers.NGOpt(
            space, budget=setup.n_trials, num_workers=setup.n_pending
        )
        if setup.default is not None:
            self._optimizer.suggest(self._nested(None, setup.default))

    def ask(self) -> tuple[ng.p.Parameter, Params]:
        """Return a candidate."""
        candidate = self._optimizer.ask()
        return candidate, self._flat(None, candidate.value)

    def tell(self, token: ng.p.Parameter, params: Params, value: float) -> None:
        """Give a candidate's loss."""
        self._optimizer.tell(token, value)

    def observe(self, params: Params, value: float) -> None:
        """Give the loss of a point that was not asked for."""
        nested = self._nested(None, params)
        self._optimizer.tell(self._optimizer.parametrization.spawn_child(nested), value)

    def recommend(self) -> Params:
        """Return what Nevergrad recommends."""
        return self._flat(None, self._optimizer.provide_recommendation().value)

    def _flat(self, parent: Axis | None, nested: dict[str, Any]) -> Params:
        params: Params = {}
        for axis in children(self._axes, parent):
            if axis.name not in nested:
                continue
            value = nested[axis.name]
            if isinstance(value, dict):
                params[axis.name] = value[CATEGORY]
                params |= self._flat(axis, value)
            else:
                params[axis.name] = axis.decode(value)
        return params

    def _nested(self, parent: Axis | None, params: Params) -> dict[str, Any]:
        nested: dict[str, Any] = {}
        for axis in children(self._axes, parent):
            if axis.name not in params:
                continue
            value = params[axis.name]
            if _has_branches(self._axes, axis):
                nested[axis.name] = {CATEGORY: value, **self._nested(axis, params)}
            else:
                nested[axis.name] = axis.encode(value)
        return nested


def make(setup: Setup, choice: str) -> Nevergrad:
    """Return the optimizer of a run."""
    return Nevergrad(setup)


def _has_branches(axes: Sequence[Axis], axis: Axis) -> bool:
    return axis.kind == "category" and any(children(axes, axis))


def _level(axes: Sequence[Axis], level: Sequence[Axis]) -> dict[str, ng.p.Parameter]:
    return {axis.name: _parameter(axes, axis) for axis in level}


def _parameter(axes: Sequence[Axis], axis: Axis) -> ng.p.Parameter:
    if _has_branches(axes, axis):
        options = [
            ng.p.Dict(**{CATEGORY: value, **_level(axes, children_at(axes, axis, value))})
            for value in axis.values
        ]
        return ng.p.Choice(options)
    if axis.kind == "category":
        return ng.p.Choice(list(axis.values))
    kind = ng.p.Log if axis.is_log else ng.p.Scalar
    made = kind(lower=axis.low, upper=axis.high)
    return made.set_integer_casting() if axis.kind == "int" else made
