"""What algorithms that look at all trials share: first points, one after the other, no repeats."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.initial_design import default_point
from wazir.algorithms.protocol import Snapshot, Suggestion
from wazir.algorithms.sobol import scrambled_sobol
from wazir.algorithms.trail import Trail
from wazir.algorithms.untried import Untried
from wazir.domain.studies import StudyConfig

_SALT_UNTRIED = 21

T = TypeVar("T")


@dataclass(frozen=True)
class Proposal:
    """A point x (d,) of the space and why it was chosen."""

    x: Array
    explanation: Mapping[str, str]


class Proposer(Protocol):
    """Makes points from the completed trials that it was made with."""

    def is_ready(self, n_trials: int) -> bool:
        """Return whether it can propose when there are `n_trials`; Sobol points until then."""
        ...

    def propose(self, pending: Array, taken: Set[bytes], trial_id: int) -> Proposal:
        """Return the point of a trial while the points `pending` (q, d) are being tried.

        `taken` has the keys of all points, tried and pending (`row_keys`). A taken point may be
        returned: it is replaced.
        """
        ...


def suggest_one_by_one(
    config: StudyConfig,
    snapshot: Snapshot,
    trial_ids: Sequence[int],
    trail: Trail[T],
    proposer_of: Callable[[Encoding, History], Proposer],
) -> list[Suggestion]:
    """Return one suggestion per id, each of them pending for the next; see Algorithm.suggest.

    The first trial has the parameters' defaults if any has one; Sobol points follow until the
    proposer is ready. The history that it is made with has the completed trials in the order in
    which they ended. A point that was tried or is pending is replaced by a free one near it, as
    long as there is one.
    """
    encoding = Encoding.of(config.space)
    history = trail.follow(config, encoding, snapshot)
    proposer = proposer_of(encoding, history)
    untried = Untried.of(config.space, encoding)
    pending = history.pending
    taken = trail.keys.union(row_keys(pending))
    suggestions = []
    for trial_id in trial_ids:
        n_trials = len(history.X) + len(pending)
        proposal = _first(config, encoding, n_trials, trial_id, proposer)
        if proposal is None:
            proposal = proposer.propose(pending, taken, trial_id)
        rng = np.random.default_rng([config.seed, trial_id, _SALT_UNTRIED])
        point = encoding.decode(untried.near(proposal.x, taken, rng))
        suggestions.append(Suggestion(point, proposal.explanation))
        # Encoded again, so that rounding is the same as when the trial is read back.
        row = encoding.encode([point])
        pending = np.vstack([pending, row])
        taken.update(row_keys(row))
    return suggestions


def _first(
    config: StudyConfig, encoding: Encoding, n_trials: int, trial_id: int, proposer: Proposer
) -> Proposal | None:
    """Return a point that needs no results, None where the proposer is to make one."""
    if n_trials == 0:
        x = default_point(config.space, encoding)
        if x is not None:
            return Proposal(x, {"kind": "initial", "point": "defaults"})
    if proposer.is_ready(n_trials):
        return None
    u = scrambled_sobol(np.array([trial_id - 1]), encoding.n_columns, config.seed)
    return Proposal(encoding.spread(u)[0], {"kind": "initial"})
