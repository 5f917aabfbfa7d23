"""What is said where the trial to use is not the one with the best value."""

from wazir.analysis.recommendation import Recommendation
from wazir.cli.tables import shown_value


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
