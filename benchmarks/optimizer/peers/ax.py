"""Ax through its `Client`, with the generation strategy that it chooses by itself."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

from peers.axes import Axis, axes_of, children, children_at, complete
from peers.protocol import Params, Setup

warnings.filterwarnings("ignore")
logging.getLogger("ax").setLevel(logging.ERROR)


class Ax:
    """An experiment in memory.

    Branches are native (`dependent_parameters`) where each child belongs to one value of its
    parent; Ax refuses others, and gets a flat space then.
    """

    def __init__(self, setup: Setup) -> None:
        self._axes = axes_of(setup.space)
        self._is_tree = all(len(axis.parent_values) <= 1 for axis in self._axes)
        tree = self._axes if self._is_tree else []
        self._client = Client(random_seed=setup.seed)
        self._client.configure_experiment([_parameter(tree, axis) for axis in self._axes])
        self._client.configure_optimization(objective="-value")
        self._default = setup.default

    def ask(self) -> tuple[int, Params]:
        """Return a trial's index."""
        if self._default is not None:
            params, self._default = self._default, None
            return self._attach(params), params
        ((index, native),) = self._client.get_next_trials(max_trials=1).items()
        return index, self._decoded(native)

    def tell(self, token: int, params: Params, value: float) -> None:
        """Complete the trial."""
        self._client.complete_trial(token, raw_data={"value": value})

    def observe(self, params: Params, value: float) -> None:
        """Attach and complete a trial."""
        self.tell(self._attach(params), params, value)

    def recommend(self) -> Params:
        """Return the best parameters by the predictions of Ax's model."""
        native, *_ = self._client.get_best_parameterization(use_model_predictions=True)
        return self._decoded(native)

    def _attach(self, params: Params) -> int:
        known = {axis.name: axis for axis in self._axes}
        given = params if self._is_tree else complete(self._axes, params)
        native = {name: known[name].encode(value) for name, value in given.items()}
        return int(self._client.attach_trial(native))

    def _decoded(self, native: dict[str, Any]) -> Params:
        params: Params = {}
        for axis in self._axes:
            if axis.name in native and axis.is_active(params):
                params[axis.name] = axis.decode(native[axis.name])
        return params


def make(setup: Setup, choice: str) -> Ax:
    """Return the optimizer of a run."""
    return Ax(setup)


def _parameter(axes: Sequence[Axis], axis: Axis) -> Any:
    """Return Ax's parameter; `axes` are those among which children are looked for."""
    if axis.kind == "category":
        dependent = None
        if any(children(axes, axis)):
            below = {value: children_at(axes, axis, value) for value in axis.values}
            dependent = {value: [child.name for child in found] for value, found in below.items()}
        return ChoiceParameterConfig(
            axis.name,
            list(axis.values),
            "str",
            is_ordered=False,
            dependent_parameters=dependent,
        )
    scaling = "log" if axis.is_log else None
    return RangeParameterConfig(axis.name, (axis.low, axis.high), axis.kind, scaling=scaling)
