"""SMAC3's facade for hyperparameter optimization: random forest, log expected improvement."""

import tempfile
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    InCondition,
    Integer,
)
from smac import HyperparameterOptimizationFacade as Facade
from smac import Scenario
from smac.runhistory import StatusType
from smac.runhistory.dataclasses import TrialInfo, TrialValue

from peers.axes import Axis, axes_of
from peers.protocol import Params, Setup, Values


class Smac:
    """Asked and told; nothing is saved between trials. Conditions are native."""

    def __init__(self, setup: Setup) -> None:
        self._axes = axes_of(setup.space)
        self._space = _space(self._axes, setup.seed)
        self._folder = tempfile.TemporaryDirectory(prefix="smac-")
        self._scenario = Scenario(
            self._space,
            deterministic=not setup.is_noisy,
            n_trials=setup.n_trials,
            seed=setup.seed,
            output_directory=self._folder.name,
        )
        self._default = setup.default
        self._is_warm = False
        self._worst: float | None = None
        self._failed: list[TrialInfo] = []
        if setup.limits or len(setup.metrics) > 1:
            raise ValueError("this adapter of SMAC takes one metric without limits")

    @cached_property
    def _smac(self) -> Facade:
        """SMAC itself; with results from elsewhere it needs no initial design (one is the least)."""
        design = Facade.get_initial_design(self._scenario, n_configs=1) if self._is_warm else None
        return Facade(
            self._scenario,
            lambda config, seed=0: 0.0,
            initial_design=design,
            logging_level=False,
            overwrite=True,
        )

    def ask(self) -> tuple[TrialInfo, Params] | None:
        """Return a trial; under noise it may be a configuration that was tried before."""
        if self._default is not None:
            info, self._default = self._info(self._default), None
            self._smac.runhistory.add_running_trial(info)
            return info, self._decoded(info.config)
        try:
            info = self._smac.ask()
        except StopIteration:
            return None
        return info, self._decoded(info.config)

    def tell(self, token: TrialInfo, params: Params, value: Values) -> None:
        """Give the cost of a trial.

        Trials that have failed get the worst cost so far, as soon as there is one: SMAC's own cost
        of a crash is infinite, which its models cannot learn from.
        """
        if value is None:
            self._failed.append(token)
        else:
            assert not isinstance(value, list)
            self._worst = value if self._worst is None else max(self._worst, value)
            self._smac.tell(token, TrialValue(cost=value), save=False)
        if self._worst is not None:
            crash = TrialValue(cost=self._worst, status=StatusType.CRASHED)
            for failed in self._failed:
                self._smac.tell(failed, crash, save=False)
            self._failed = []

    def observe(self, params: Params, value: float) -> None:
        """Give the cost of a configuration that was not asked for."""
        self._is_warm = True
        self.tell(self._info(params), params, value)

    def recommend(self) -> Params | None:
        """Return SMAC's incumbent."""
        incumbents = self._smac.intensifier.get_incumbents()
        return self._decoded(incumbents[0]) if incumbents else None

    def _info(self, params: Params) -> TrialInfo:
        native = {
            axis.name: _legal(self._space[axis.name], axis.encode(params[axis.name]))
            for axis in self._axes
            if axis.name in params
        }
        # SMAC goes on with the seeds that it finds in the history; 0 is its own where all is exact.
        return TrialInfo(Configuration(self._space, native), seed=0)

    def _decoded(self, config: Configuration) -> Params:
        native: dict[str, Any] = dict(config)
        return {
            axis.name: axis.decode(native[axis.name]) for axis in self._axes if axis.name in native
        }


def _legal(parameter: Any, value: Any) -> Any:
    """Return a value that ConfigSpace takes: an end of a log range may be off by its last bit."""
    if parameter.legal_value(value):
        return value
    return parameter.to_value(min(max(float(parameter.to_vector(value)), 0.0), 1.0))


def make(setup: Setup, choice: str) -> Smac:
    """Return the optimizer of a run."""
    return Smac(setup)


def _space(axes: Sequence[Axis], seed: int) -> ConfigurationSpace:
    space = ConfigurationSpace(seed=seed)
    made = {axis.name: _hyperparameter(axis) for axis in axes}
    space.add(list(made.values()))
    known = {axis.name: axis for axis in axes}
    for axis in axes:
        if axis.parent is not None:
            parent, values = made[axis.parent], axis.parent_values
            native = [known[axis.parent].encode(value) for value in values]
            single = len(native) == 1
            condition = EqualsCondition if single else InCondition
            space.add(condition(made[axis.name], parent, native[0] if single else native))
    return space


def _hyperparameter(axis: Axis) -> Any:
    if axis.kind == "category":
        return Categorical(axis.name, list(axis.values))
    if axis.kind == "int":
        return Integer(axis.name, (int(axis.low), int(axis.high)), log=axis.is_log)
    return Float(axis.name, (axis.low, axis.high), log=axis.is_log)
