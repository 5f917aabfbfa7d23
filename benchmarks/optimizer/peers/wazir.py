"""Wazir through its public Python API; `choice` names an algorithm, "" the default."""

from collections.abc import Sequence

import wazir
from peers.axes import Axis, axes_of, children
from peers.protocol import Params, Setup, Value, Values
from wazir.domain.parameters import Parameter


class Wazir:
    """A study in memory."""

    def __init__(self, setup: Setup, algorithm: str) -> None:
        self._study = wazir.create_study(
            "benchmark",
            parameters=parameters_of(setup.space, setup.default or {}),
            minimize=list(setup.metrics),
            algorithm=algorithm or "DEFAULT",
            seed=setup.seed,
            storage=":memory:",
            **_restrictions(setup),
        )
        self._metrics = (*setup.metrics, *setup.limits)

    def ask(self) -> tuple[wazir.Trial, Params] | None:
        """Suggest a trial."""
        try:
            trial = self._study.suggest()
        except wazir.WazirError as error:
            if "exhausted" in str(error):
                return None
            raise
        return trial, dict(trial.parameters)

    def tell(self, token: wazir.Trial, params: Params, value: Values) -> None:
        """Complete the trial."""
        if value is None:
            token.mark_infeasible("failed")
        elif isinstance(value, list):
            token.complete(dict(zip(self._metrics, value, strict=True)))
        else:
            token.complete(value)

    def observe(self, params: Params, value: Values) -> None:
        """Add a trial with a known result."""
        self._study.add_trial(params, value)

    def recommend(self) -> Params | None:
        """The study's recommendation, by the model where results look noisy."""
        try:
            recommendation = self._study.recommendation
        except wazir.WazirError:
            return None
        return dict(self._study.trial(recommendation.trial_id).parameters)


def _restrictions(setup: Setup) -> dict[str, list[str]]:
    """Return those there are: an older Wazir, which has none of them, is compared by this too."""
    safe = [f"{name}<={limit!r}" for name, limit in setup.limits.items()]
    found = {"constraints": list(setup.constraints), "safe": safe}
    return {name: given for name, given in found.items() if given}


def make(setup: Setup, choice: str) -> Wazir:
    """Return the optimizer of a run."""
    return Wazir(setup, choice)


def parameters_of(space: Sequence[dict[str, object]], default: Params) -> dict[str, Parameter]:
    """Return the parameters of a space, with the values of `default` as their defaults."""
    axes = axes_of(space)
    given = {parameter["name"]: parameter for parameter in space}
    return _level(axes, None, given, default)


def _level(
    axes: Sequence[Axis], parent: Axis | None, given: dict, default: Params
) -> dict[str, Parameter]:
    return {
        axis.name: _with_children(axes, axis, given, default) for axis in children(axes, parent)
    }


def _with_children(axes: Sequence[Axis], axis: Axis, given: dict, default: Params) -> Parameter:
    made = _parameter(given[axis.name], default.get(axis.name))
    by_values: dict[tuple[Value, ...], dict[str, Parameter]] = {}
    for child in children(axes, axis):
        group = by_values.setdefault(child.parent_values, {})
        group[child.name] = _with_children(axes, child, given, default)
    for values, group in by_values.items():
        made = made.when(list(values), group)
    return made


def _parameter(given: dict, default: Value | None) -> Parameter:
    kind = given["type"]
    if kind == "categorical":
        return wazir.Categorical(given["values"], default=default)
    if kind == "discrete":
        return wazir.Discrete(given["values"], default=default)
    made = wazir.Double if kind == "double" else wazir.Integer
    scale = given.get("scale", "linear")
    return made(given["min"], given["max"], scale=scale, default=default)
