"""Counts of trials by state that follow each change of a trial."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial, TrialState

_FIELD_OF: Mapping[TrialState, str] = {state: state.value.lower() for state in TrialState}


def moved(counts: TrialCounts, start: TrialState | None, finish: TrialState | None) -> TrialCounts:
    """Return the counts after one trial went from a state to another; None is outside."""
    if start is finish:
        return counts
    changes: dict[str, int] = {}
    if start is not None:
        changes[_FIELD_OF[start]] = getattr(counts, _FIELD_OF[start]) - 1
    if finish is not None:
        changes[_FIELD_OF[finish]] = getattr(counts, _FIELD_OF[finish]) + 1
    return replace(counts, **changes)


def counted(trials: Iterable[Trial]) -> TrialCounts:
    """Return how many trials are in which state."""
    return TrialCounts(**Counter(_FIELD_OF[trial.state] for trial in trials))
