"""What algorithms that look at all trials share: first points, one after the other, no repeats."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.initial_design import default_point, sobol_point
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Snapshot, Suggestion
from wazir.algorithms.region import Region
from wazir.algorithms.sobol import scrambled_sobol
from wazir.algorithms.trail import Trail
from wazir.algorithms.untried import Untried
from wazir.domain.space import Assignment
from wazir.domain.studies import StudyConfig

_SALT_UNTRIED = 21

T = TypeVar("T")
# Which of the rows X (n, d), a mask (n,).
Choice: TypeAlias = Callable[[Array], NDArray[np.bool_]]


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

    def propose(self, pending: Array, is_free: Choice, trial_id: int) -> Proposal:
        """Return the point of a trial while the points `pending` (q, d) are being tried.

        `is_free` says which rows are neither tried nor pending and fulfil the constraints. One
        that is not free may be returned: it is replaced.
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

    The first trials have the best points of earlier studies, if there are such; the next one has
    what is believed best, else the parameters' defaults, if it is the first and any has one; Sobol points follow until the
    proposer is ready. The history that it is made with has the completed trials in the order in
    which they ended. A point that was tried or is pending is replaced by a free one near it, as
    long as there is one; so is one that breaks a constraint.
    """
    encoding = Encoding.of(config.space)
    history = trail.follow(config, encoding, snapshot)
    proposer = proposer_of(encoding, history)
    untried = Untried(Inside.of(config, encoding), history.X)
    earlier = trail.earlier.of(config, snapshot.prior_studies)
    pending = history.pending
    taken = trail.keys.union(row_keys(pending))
    suggestions = []
    for trial_id in trial_ids:
        n_trials = len(history.X) + len(pending)
        proposal = _of_earlier(encoding, earlier, taken)
        if proposal is None:
            proposal = _first(config, untried.inside.region, n_trials, trial_id, proposer)
        if proposal is None:
            is_free = partial(untried.inside.region.free, taken=taken)
            proposal = proposer.propose(pending, is_free, trial_id)
        rng = np.random.default_rng([config.seed, trial_id, _SALT_UNTRIED])
        point = encoding.decode(untried.near(proposal.x, taken, rng))
        suggestions.append(Suggestion(point, proposal.explanation))
        # Encoded again, so that rounding is the same as when the trial is read back.
        row = encoding.encode([point])
        pending = np.vstack([pending, row])
        taken.update(row_keys(row))
    return suggestions


def _of_earlier(
    encoding: Encoding, earlier: Sequence[tuple[Assignment, str]], taken: Set[bytes]
) -> Proposal | None:
    """Return the first of the points of earlier studies that is not taken, None if all are."""
    for point, text in earlier:
        x = encoding.encode([point])[0]
        if row_keys(x[None])[0] not in taken:
            return Proposal(x, {"kind": "initial", "point": text})
    return None


def _first(
    config: StudyConfig, region: Region, n_trials: int, trial_id: int, proposer: Proposer
) -> Proposal | None:
    """Return a point that needs no results, None where the proposer is to make one."""
    if n_trials == 0:
        x = default_point(config, region.encoding)
        if x is not None and region.contains(x):
            what = "beliefs" if config.beliefs else "defaults"
            return Proposal(x, {"kind": "initial", "point": what})
    if proposer.is_ready(n_trials):
        return None
    x = None if region.is_whole else sobol_point(region, config.seed, trial_id, frozenset())
    if x is None:
        u = scrambled_sobol(np.array([trial_id - 1]), region.encoding.n_columns, config.seed)
        x = region.encoding.spread(u)[0]
    return Proposal(x, {"kind": "initial"})
