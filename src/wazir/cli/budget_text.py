"""What is said of budgets: which there are, how much of them was used, what is paused."""

from collections.abc import Sequence

from wazir.domain.parameters import value_text
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial
from wazir.stopping.brackets import brackets_of


def budgets_text(config: StudyConfig) -> str:
    """Return "epochs 3, 9, 27, 81", "" without a fidelity parameter."""
    if config.fidelity is None:
        return ""
    budgets = ", ".join(map(value_text, brackets_of(config).budgets))
    return f"{config.fidelity} {budgets}"


def budget_use_text(config: StudyConfig, trials: Sequence[Trial]) -> str:
    """Return how much of the trials' full budgets was used, "" where there are no budgets.

    A trial that goes on from its checkpoint has used its last budget, not the sum of all.
    """
    used = [trial.rungs[-1].budget for trial in trials if trial.rungs]
    if config.fidelity is None or not used:
        return ""
    full = brackets_of(config).full_budget * len(used)
    return (
        f"{config.fidelity}: {value_text(sum(used))} used of {value_text(full)} "
        f"({sum(used) / full:.0%}), where programs go on from their checkpoints."
    )
