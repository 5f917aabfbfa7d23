"""The rules that stop trials early by name: one line for each, with the options that it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.metrics import Goal, Metric
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.stopping.brackets import brackets_of
from wazir.stopping.protocol import StoppingRule


@dataclass(frozen=True)
class _Entry:
    """Where a rule is made, and its options: the user's name -> the argument's.

    Modules are named, not imported: most commands need no rule.
    """

    module: str
    attribute: str
    options: Mapping[str, str]


_LENGTH = {"max_step": "max_x", "first_share": "first_share"}
_ASHA = {**_LENGTH, "factor": "factor"}
RULES: Mapping[str, _Entry] = {
    "default": _Entry(
        "wazir.stopping.rank", "RankRule", {**_ASHA, "keep": "keep", "window": "window"}
    ),
    "aggressive": _Entry("wazir.stopping.presets", "aggressive", _LENGTH),
    "median": _Entry("wazir.stopping.median", "MedianRule", _LENGTH),
    "decay_curve": _Entry(
        "wazir.stopping.extrapolating",
        "DecayCurveRule",
        {**_LENGTH, "probability": "probability"},
    ),
    "convex": _Entry(
        "wazir.stopping.extrapolating",
        "ConvexRule",
        {
            "first_share": "first_share",
            "max_step_count": "max_x",
            "min_step_count": "min_x",
            "min_measurement_count": "min_points",
        },
    ),
    "asha": _Entry("wazir.stopping.presets", "asha", _ASHA),
    "hyperband": _Entry(
        "wazir.stopping.hyperband", "HyperbandRule", {**_ASHA, "n_brackets": "n_brackets"}
    ),
    "threshold": _Entry(
        "wazir.stopping.single", "ThresholdRule", {"value": "loss", "step": "min_x"}
    ),
    "patience": _Entry("wazir.stopping.single", "PatienceRule", {"n": "n", "gain": "min_gain"}),
}
_POSITIVE = frozenset({"max_step", "max_step_count"})
_WHOLE = frozenset({"n", "n_brackets", "min_measurement_count", "window"})


def check_early_stopping(config: StudyConfig) -> None:
    """Raise InvalidInputError unless the stopping rule of a study can be made."""
    if config.fidelity is not None:
        brackets_of(config)
    elif config.early_stopping is not None:
        make_rule(config.early_stopping, config.objective)


def make_rule(early: EarlyStopping, metric: Metric) -> StoppingRule:
    """Return the rule for an objective.

    Raises:
        InvalidInputError: there is no such rule or option, or a number breaks a rule.
    """
    entry = RULES.get(early.rule)
    if entry is None:
        raise InvalidInputError(
            f"a stopping rule is {one_of([*RULES, 'none'])}, got {early.rule!r}",
            hint=did_you_mean(early.rule, RULES),
        )
    unknown = [name for name in early.options if name not in entry.options]
    if unknown:
        raise InvalidInputError(
            f"options of {early.rule} are {one_of(entry.options)}, got {unknown[0]!r}",
            hint=did_you_mean(unknown[0], entry.options),
        )
    arguments = {entry.options[name]: _number(name, x) for name, x in early.options.items()}
    if early.rule == "threshold":
        arguments["loss"] = _threshold(early, metric)
    made: Callable[..., StoppingRule] = getattr(import_module(entry.module), entry.attribute)
    return made(**arguments)


def _number(name: str, value: float) -> float:
    if name in _POSITIVE and value <= 0:
        raise InvalidInputError(
            f"{name} must be greater than 0, got {value:g}",
            hint=f"it is the length of a whole trial; leave {name} out if you do not know it",
        )
    if name not in _WHOLE:
        return value
    if not float(value).is_integer():
        raise InvalidInputError(f"{name} must be whole, got {value!r}")
    return int(value)


def _threshold(early: EarlyStopping, metric: Metric) -> float:
    if "value" not in early.options:
        raise InvalidInputError(
            "the rule threshold needs a value", hint="write threshold:value=0.9"
        )
    return early.options["value"] * (1.0 if metric.goal is Goal.MINIMIZE else -1.0)
