"""What is said of a trial's value where values are noisy: luck, expectation and repeats."""

from collections.abc import Sequence

from wazir.analysis.recommendation import Recommendation
from wazir.cli.tables import shown_value
from wazir.domain.metrics import Metric
from wazir.domain.trials import Trial


def luck_text(recommendation: Recommendation) -> str:
    """Return "trial 7 had the lucky value ...", "" where the best value is to be trusted."""
    if recommendation.is_luckiest or recommendation.std is None:
        return ""
    return (
        f"trial {recommendation.luckiest_trial_id} had the lucky value "
        f"{shown_value(recommendation.luckiest_value)}; the model expects "
        f"{shown_value(recommendation.luckiest_mean)} of it, and "
        f"{shown_value(recommendation.mean)} ± {recommendation.std:.2g} of "
        f"trial {recommendation.trial_id}"
    )


def expectation_text(recommendation: Recommendation) -> str:
    """Return what the model expects of the trial to use, "" where `luck_text` or nobody says it."""
    if not (recommendation.is_luckiest and recommendation.is_by_model):
        return ""
    if recommendation.std is None:
        return ""
    return (
        f"values are noisy: the model expects {shown_value(recommendation.mean)} ± "
        f"{recommendation.std:.2g} of this configuration"
    )


def repeats_text(trials: Sequence[Trial], chosen: Trial, objective: Metric) -> str:
    """Return the values of all trials with the parameters of one, "" if it is the only one."""
    alike = [trial for trial in trials if trial.parameters == chosen.parameters]
    values = [trial.final_value(objective) for trial in alike]
    shown = [shown_value(value) for value in values if value is not None]
    if len(shown) < 2:
        return ""
    return f"its configuration was run {len(shown)} times: {objective.name} {', '.join(shown)}"
