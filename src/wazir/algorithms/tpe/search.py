"""TPE: points that good trials are dense around and other trials are not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.beliefs import Belief
from wazir.algorithms.cells import Cells
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.history import History
from wazir.algorithms.proposing import Choice, Proposal, suggest_one_by_one
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.ranking import preference_order
from wazir.algorithms.tpe.parzen import ParzenEstimator
from wazir.algorithms.trail import Trail
from wazir.algorithms.variation import categorical_columns, filled
from wazir.domain.studies import StudyConfig

N_START = 10
N_CANDIDATES = 24
_GOOD_SHARE, _MAX_GOOD = 0.2, 25
_N_FULL_WEIGHT = 25
# Older bad trials would hardly weigh anything, but cost time.
_MAX_OTHERS = 1_000
# Without this a category or branch that began badly is hardly ever tried again.
_EXPLORATION_SHARE = 0.2
_SALT = 11


@dataclass(frozen=True)
class Tpe:
    """The tree-structured Parzen estimator over all parameters together.

    J. Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011; S. Watanabe,
    "Tree-structured Parzen estimator", arXiv:2304.11127 (2023). After 10 trials (the defaults if
    there are any, then Sobol points) the best fifth of the completed ones, 25 at most, is good;
    the others and those that are pending are bad. Of 24 points drawn from a density of the good
    ones the one with the greatest ratio to the density of the bad ones is suggested.

    Different from Optuna: a fifth instead of a tenth is good, good trials are weighted by their
    rank, and where there are categorical parameters one in five trials has a random value of one
    of them. Half of the points are drawn near what the user believes, where that is given, and the
    ratio is multiplied by the density of it (`wazir.algorithms.beliefs`). The explanation holds "n_good" and the logarithm of the ratio.
    """

    trail: Trail[None] = field(default_factory=Trail, repr=False, compare=False)

    @property
    def reads(self) -> Reads:
        """All trials."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one point per id; see Algorithm."""

        def proposer_of(encoding: Encoding, history: History) -> _Proposer:
            return _Proposer.of(config, encoding, history)

        return suggest_one_by_one(config, snapshot, trial_ids, self.trail, proposer_of)


def n_good(n_trials: int) -> int:
    """Return how many of n completed trials count as good: a fifth, rounded up, 25 at most."""
    return min(math.ceil(_GOOD_SHARE * n_trials), _MAX_GOOD)


def good_weights(n_trials: int) -> Array:
    """Return weights (n,) of good trials from best to worst: ln(n + 1) - ln(rank), mean 1."""
    weights = math.log(n_trials + 1) - np.log(np.arange(1, n_trials + 1))
    found: Array = weights / weights.mean()
    return found


def age_weights(n_trials: int) -> Array:
    """Return weights (n,) of bad trials, the oldest first: the newest 25 have 1.

    Those before rise from 1/n to 1 in equal steps, as in Hyperopt.
    """
    n_ramp = max(n_trials - _N_FULL_WEIGHT, 0)
    ramp = np.linspace(1.0 / max(n_trials, 1), 1.0, n_ramp)
    return np.concatenate([ramp, np.ones(n_trials - n_ramp)])


@dataclass(frozen=True)
class _Proposer:
    """The good points, best first, and the others in the order in which they ended."""

    seed: int
    cells: Cells
    good: Array
    others: Array
    belief: Belief | None
    belief_weight: float

    @classmethod
    def of(cls, config: StudyConfig, encoding: Encoding, history: History) -> "_Proposer":
        count = min(n_good(len(history.X)), history.n_observed)
        order = preference_order(history.Y, history.V)
        others = np.sort(order[count:])[-_MAX_OTHERS:]
        belief, told = Belief.of(config, encoding), history.is_told
        return cls(
            config.seed,
            Cells.of(encoding),
            history.X[order[:count]],
            history.X[others],
            belief,
            0.0 if belief is None else belief.weight(history.X[told], history.ranks[told]),
        )

    def is_ready(self, n_trials: int) -> bool:
        return n_trials >= N_START and len(self.good) > 0

    def propose(self, pending: Array, is_free: Choice, trial_id: int) -> Proposal:
        rng = np.random.default_rng([self.seed, trial_id, _SALT])
        others = np.vstack([self.others, pending])
        good = ParzenEstimator.of(self.cells, self.good, good_weights(len(self.good)))
        bad = ParzenEstimator.of(self.cells, others, age_weights(len(others)))
        X, kind = self._candidates(good, rng)
        ratios = good.log_density(X) - bad.log_density(X)
        if self.belief is not None:
            ratios += self.belief_weight * self.belief.log_density(X)
        best = int(np.argmax(np.where(is_free(X), ratios, ratios.min() - 1)))
        explanation = {
            "kind": kind,
            "n_good": str(len(self.good)),
            "log_ratio": f"{ratios[best]:.4g}",
        }
        return Proposal(X[best], explanation)

    def _candidates(self, good: ParzenEstimator, rng: np.random.Generator) -> tuple[Array, str]:
        """Return candidates (m, d); for some trials all with one random category."""
        encoding = self.cells.encoding
        X = good.sample(N_CANDIDATES, rng)
        if self.belief is not None:
            wished = self.belief.draw(rng.random((N_CANDIDATES, encoding.n_columns)))
            X = np.vstack([X, wished])
        columns = categorical_columns(encoding)
        if not columns or rng.random() >= _EXPLORATION_SHARE:
            return X, "model"
        j = int(rng.choice(columns))
        X = filled(encoding, X, rng)
        X[:, j] = rng.integers(encoding.columns[j].n_levels or 1)
        return encoding.snap(X), "exploration"
