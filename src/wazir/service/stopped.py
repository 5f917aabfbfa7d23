"""What it means for a trial that it was stopped early."""

from collections.abc import Callable
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


def forget_stop(trial: Trial) -> Trial:
    """Return a trial as if nobody had asked it to stop."""
    kept = {name: keys for name, keys in trial.metadata.items() if name != STOPPING_NAMESPACE}
    return replace(trial, stopping_reason="", metadata=kept)


def why_diverged(trial: Trial) -> str:
    """Return why a stopped trial has no result, "" if it has one."""
    record = trial.metadata.get(STOPPING_NAMESPACE, {})
    is_stopping = trial.state is TrialState.STOPPING
    return record["reason"] if is_stopping and record.get("rule") == DIVERGED else ""
