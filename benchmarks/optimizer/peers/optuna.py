"""Optuna 5 with one of its samplers; `choice` is tpe, gp, cmaes, nsga2 or auto."""

import warnings
from typing import Any

import optuna

from peers.axes import Axis, axes_of
from peers.protocol import Params, Setup, Value, Values

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


class Optuna:
    """A study in memory, asked in the define-by-run way, so that branches are native."""

    def __init__(self, setup: Setup, sampler: optuna.samplers.BaseSampler) -> None:
        self._axes = axes_of(setup.space)
        directions = ["minimize"] * len(setup.metrics)
        self._limits = dict(setup.limits)
        self._study = optuna.create_study(sampler=sampler, directions=directions)
        if setup.default is not None:
            self._study.enqueue_trial(self._encoded(setup.default))

    def ask(self) -> tuple[optuna.Trial, Params]:
        """Return a trial with the parameters that are active in it."""
        trial = self._study.ask()
        params: Params = {}
        for axis in self._axes:
            if axis.is_active(params):
                params[axis.name] = _suggest(trial, axis)
        return trial, params

    def tell(self, token: optuna.Trial, params: Params, value: Values) -> None:
        """Complete the trial.

        One that has failed is pruned: TPE counts it as a bad result, failed ones it ignores.
        """
        if value is None:
            self._study.tell(token, state=optuna.trial.TrialState.PRUNED)
            return
        if isinstance(value, list):
            n_objectives = len(value) - len(self._limits)
            told = zip(self._limits.items(), value[n_objectives:], strict=True)
            for (name, limit), limited in told:
                token.set_constraint(name, limited - limit)
            value = value[:n_objectives]
        self._study.tell(token, value)

    def observe(self, params: Params, value: Values) -> None:
        """Add a completed trial."""
        native = self._encoded(params)
        distributions = {axis.name: _distribution(axis) for axis in self._axes}
        self._study.add_trial(
            optuna.create_trial(
                params=native,
                distributions={name: distributions[name] for name in native},
                values=value if isinstance(value, list) else [value],
            )
        )

    def recommend(self) -> None:
        """Optuna recommends the best value observed."""

    def _encoded(self, params: Params) -> dict[str, Any]:
        known = {axis.name: axis for axis in self._axes}
        return {name: known[name].encode(value) for name, value in params.items()}


def make(setup: Setup, choice: str) -> Optuna:
    """Return the optimizer of a run."""
    return Optuna(setup, _sampler(choice, setup.seed))


def _sampler(choice: str, seed: int) -> optuna.samplers.BaseSampler:
    if choice == "gp":
        return optuna.samplers.GPSampler(seed=seed)
    if choice == "cmaes":
        return optuna.samplers.CmaEsSampler(seed=seed)
    if choice == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=seed)
    if choice == "auto":
        from peers.optuna_hub import auto_sampler

        return auto_sampler(seed)
    return optuna.samplers.TPESampler(seed=seed)


def _distribution(axis: Axis) -> optuna.distributions.BaseDistribution:
    if axis.kind == "category":
        return optuna.distributions.CategoricalDistribution(axis.values)
    if axis.kind == "int":
        return optuna.distributions.IntDistribution(int(axis.low), int(axis.high), axis.is_log)
    return optuna.distributions.FloatDistribution(axis.low, axis.high, axis.is_log)


def _suggest(trial: optuna.Trial, axis: Axis) -> Value:
    if axis.kind == "category":
        return axis.decode(trial.suggest_categorical(axis.name, axis.values))
    if axis.kind == "int":
        low, high = int(axis.low), int(axis.high)
        return axis.decode(trial.suggest_int(axis.name, low, high, log=axis.is_log))
    return axis.decode(trial.suggest_float(axis.name, axis.low, axis.high, log=axis.is_log))
