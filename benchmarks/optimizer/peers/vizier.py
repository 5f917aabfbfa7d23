"""OSS Vizier's default algorithm, GP_UCB_PE, as a designer in this process.

64-bit floats as in its service; without them suggestions may lack a parameter. Scales and discrete
numbers are native. Its default algorithm refuses conditional spaces, so the space is flat.
"""

from typing import Any

import jax
from vizier import pyvizier as vz

# As its service imports it: the public module needs packages that the installation leaves out.
from vizier._src.algorithms.designers.gp_ucb_pe import VizierGPUCBPEBandit
from vizier.algorithms import ActiveTrials, CompletedTrials

from peers.axes import Axis, active, axes_of, complete
from peers.protocol import Params, Setup

jax.config.update("jax_enable_x64", True)

METRIC = "value"
SCALES = {
    "linear": vz.ScaleType.LINEAR,
    "log": vz.ScaleType.LOG,
    "reverse_log": vz.ScaleType.REVERSE_LOG,
}


class Vizier:
    """A designer that is told of completed trials, and of those that wait."""

    def __init__(self, setup: Setup) -> None:
        self._axes = axes_of(setup.space)
        problem = vz.ProblemStatement()
        problem.metric_information.append(
            vz.MetricInformation(METRIC, goal=vz.ObjectiveMetricGoal.MINIMIZE)
        )
        for parameter in setup.space:
            _add(problem.search_space.root, parameter)
        self._designer = VizierGPUCBPEBandit(problem, rng=jax.random.PRNGKey(setup.seed))
        self._waiting: dict[int, vz.Trial] = {}
        self._n_trials = 0
        self._default = setup.default

    def ask(self) -> tuple[vz.Trial, Params]:
        """Return a trial."""
        if self._default is not None:
            suggestion, self._default = self._suggestion(self._default), None
        else:
            suggestion = self._designer.suggest(1)[0]
        self._n_trials += 1
        trial = suggestion.to_trial(self._n_trials)
        self._waiting[trial.id] = trial
        self._designer.update(CompletedTrials([]), self._active())
        native = trial.parameters.as_dict()
        return trial, active(self._axes, {a.name: _decode(a, native[a.name]) for a in self._axes})

    def tell(self, token: vz.Trial, params: Params, value: float) -> None:
        """Complete the trial."""
        token.complete(vz.Measurement(metrics={METRIC: value}))
        self._waiting.pop(token.id, None)
        self._designer.update(CompletedTrials([token]), self._active())

    def observe(self, params: Params, value: float) -> None:
        """Complete a trial that was not asked for."""
        self._n_trials += 1
        self.tell(self._suggestion(params).to_trial(self._n_trials), params, value)

    def recommend(self) -> None:
        """The designer recommends the best value observed."""

    def _suggestion(self, params: Params) -> vz.TrialSuggestion:
        return vz.TrialSuggestion(parameters=dict(complete(self._axes, params)))

    def _active(self) -> ActiveTrials:
        return ActiveTrials(list(self._waiting.values()))


def make(setup: Setup, choice: str) -> Vizier:
    """Return the optimizer of a run."""
    return Vizier(setup)


def _add(root: Any, parameter: dict[str, Any]) -> None:
    name, kind = parameter["name"], parameter["type"]
    if kind == "categorical":
        root.add_categorical_param(name, list(parameter["values"]))
        return
    if kind == "discrete":
        root.add_discrete_param(name, list(parameter["values"]))
        return
    add = root.add_float_param if kind == "double" else root.add_int_param
    scale = SCALES[parameter.get("scale", "linear")]
    add(name, parameter["min"], parameter["max"], scale_type=scale)


def _decode(axis: Axis, native: Any) -> Any:
    """Return a value in the problem's type; Vizier gives whole numbers as floats."""
    if axis.kind == "category":
        return axis.decode(native)
    if axis.values:
        return min(axis.values, key=lambda value: abs(float(value) - float(native)))
    number = min(max(float(native), axis.low), axis.high)
    return round(number) if axis.kind == "int" else number
