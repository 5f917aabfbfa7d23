"""One number for each trial, whatever its budget was: what it would be worth at the top.

A loss after one epoch is not the loss after nine. An algorithm that took both as they are would
learn that what was paused early is far worse than it is.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from wazir.stopping.brackets import Standing

# How much of a lead over all that went on is believed.
_BEYOND = 0.01


def comparable_losses(standings: Sequence[Standing]) -> dict[int, tuple[float, ...]]:
    """Return losses by trial id, as they would be at the highest rung that any trial reached.

    A trial that went no further than a rung is placed by its rank there among those that went
    on: between two of them by interpolation, behind the worst of them by as much as it was
    behind, and hardly better than the best of them if it was better: that is still to be seen. So
    trials of one rung keep their order, without ties, which a model would take for a plateau.
    """
    if not standings:
        return {}
    n_objectives = len(next(iter(standings[0].losses.values())))
    columns = [
        _labels({one.trial_id: _column(one, i) for one in standings}) for i in range(n_objectives)
    ]
    return {one.trial_id: tuple(column[one.trial_id] for column in columns) for one in standings}


def _column(standing: Standing, objective: int) -> dict[int, float]:
    return {rung: losses[objective] for rung, losses in standing.losses.items()}


def _labels(losses: Mapping[int, Mapping[int, float]]) -> dict[int, float]:
    """Return a label for each trial, from its losses of one objective by rung."""
    labels: dict[int, float] = {}
    highest = max(max(by_rung) for by_rung in losses.values())
    for rung in range(highest, -1, -1):
        here = {i: by_rung[rung] for i, by_rung in losses.items() if rung in by_rung}
        went_on = [i for i in here if i in labels]
        seen = sorted(here[i] for i in went_on)
        above = sorted(labels[i] for i in went_on)
        labels |= {i: _mapped(own, seen, above) for i, own in here.items() if i not in labels}
    return labels


def _mapped(loss: float, seen: Sequence[float], above: Sequence[float]) -> float:
    """Return the label at the rank of a loss: `seen` at its rung stands for `above`."""
    if not seen:
        return loss
    place = bisect_right(seen, loss)
    if place == 0:
        span = seen[-1] - seen[0]
        slope = (above[-1] - above[0]) / span if span > 0.0 else 0.0
        return above[0] - _BEYOND * (slope or 1.0) * (seen[0] - loss)
    if place == len(seen):
        return above[-1] + (loss - seen[-1])
    share = (loss - seen[place - 1]) / (seen[place] - seen[place - 1])
    return above[place - 1] + share * (above[place] - above[place - 1])
