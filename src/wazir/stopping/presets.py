"""Rules that are others with certain numbers."""

from wazir.stopping.extrapolating import DecayCurveRule
from wazir.stopping.protocol import StoppingRule
from wazir.stopping.rank import RankRule
from wazir.stopping.single import AnyOf


def aggressive(first_share: float = 0.1, max_x: float | None = None) -> StoppingRule:
    """Return the rank rule from an earlier check on, or the model of learning curves."""
    return AnyOf(
        (
            RankRule(first_share, max_x=max_x),
            DecayCurveRule(first_share=first_share, max_x=max_x),
        )
    )


def asha(
    first_share: float = 0.1, factor: float = 3.0, max_x: float | None = None
) -> StoppingRule:
    """Return asynchronous successive halving: at each check the best 1 / factor goes on."""
    return RankRule(first_share, factor, 1.0 / factor, max_x, window=None)
