"""What it means for a trial that it was stopped early."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from wazir.domain.metrics import Metric
from wazir.domain.studies import EarlyStopping
from wazir.domain.trials import Trial, TrialState
from wazir.stopping.protocol import STOPPING_NAMESPACE, StoppingRule

# The rule of trials that are stopped because their objective was not finite.
DIVERGED = "diverged"
RuleMaker = Callable[[EarlyStopping, Metric], StoppingRule]


def ran_to_its_end(trial: Trial) -> bool:
    """Return whether a trial succeeded without being stopped."""
    return trial.state is TrialState.SUCCEEDED and not trial.stopping_reason


def expected_key(metric: Metric) -> str:
    """Return where the metadata of a stopped trial tell with what it would have ended."""
    return f"expected.{metric.name}"


def as_expected(trial: Trial, objectives: Sequence[Metric]) -> Trial:
    """Return a trial as algorithms see it: if it was stopped, with what it would have ended with.

    Its last value would tell more of when it was stopped than of its parameters.
    """
    final = trial.final_measurement
    if not trial.stopping_reason or final is None:
        return trial
    record = trial.metadata.get(STOPPING_NAMESPACE, {})
    keys = {metric.name: expected_key(metric) for metric in objectives}
    expected = {name: float(record[key]) for name, key in keys.items() if key in record}
    if not expected:
        return trial
    return replace(trial, final_measurement=replace(final, metrics={**final.metrics, **expected}))


def forget_stop(trial: Trial) -> Trial:
    """Return a trial as if nobody had asked it to stop."""
    kept = {name: keys for name, keys in trial.metadata.items() if name != STOPPING_NAMESPACE}
    return replace(trial, stopping_reason="", metadata=kept)


def why_diverged(trial: Trial) -> str:
    """Return why a stopped trial has no result, "" if it has one."""
    record = trial.metadata.get(STOPPING_NAMESPACE, {})
    is_stopping = trial.state is TrialState.STOPPING
    return record["reason"] if is_stopping and record.get("rule") == DIVERGED else ""
