"""REGULARIZED_EVOLUTION: mutants of the winners of small tournaments among the newest trials."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.history import History
from wazir.algorithms.proposing import Choice, Proposal, suggest_one_by_one
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.ranking import preference_order
from wazir.algorithms.trail import Trail
from wazir.algorithms.variation import mutated, one_of_each
from wazir.domain.studies import StudyConfig

POPULATION, TOURNAMENT = 100, 25
N_START = 10
_LOG10_STEP = (-2.0, -0.2)
_N_MUTANTS = 8
_SALT = 18


@dataclass(frozen=True)
class RegularizedEvolution:
    """Ageing evolution.

    E. Real, A. Aggarwal, Y. Huang, Q. V. Le: "Regularized evolution for image classifier
    architecture search", AAAI 2019. The population is the newest 100 trials that ended, good or
    not, so that a lucky result dies out. The best of 25 random ones of it is the parent, and one
    of its parameters changes: an ordered one by a normal step of 0.01 to 0.6 of its axis, a
    category to any other. The first 10 trials are the defaults, if there are any, and Sobol
    points. Of several objectives the winner is one that no other in its tournament dominates.

    The explanation holds the "parent_rank" in the population, from 1.
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
            order = preference_order(history.Y[-POPULATION:], history.V[-POPULATION:])
            usable = np.isfinite(history.Y[-POPULATION:][order]).all(axis=1)
            ranked = history.X[-POPULATION:][order][usable]
            return _Proposer(config.seed, encoding, ranked)

        return suggest_one_by_one(config, snapshot, trial_ids, self.trail, proposer_of)


@dataclass(frozen=True)
class _Proposer:
    """`ranked` are the points of the population that have values, the best first."""

    seed: int
    encoding: Encoding
    ranked: Array

    def is_ready(self, n_trials: int) -> bool:
        return n_trials >= N_START and len(self.ranked) > 0

    def propose(self, pending: Array, is_free: Choice, trial_id: int) -> Proposal:
        del pending
        rng = np.random.default_rng([self.seed, trial_id, _SALT])
        n = len(self.ranked)
        winner = int(rng.choice(n, size=min(TOURNAMENT, n), replace=False).min())
        X = np.repeat(self.ranked[winner][None], _N_MUTANTS, axis=0)
        scale = 10.0 ** rng.uniform(*_LOG10_STEP, size=(_N_MUTANTS, 1))
        steps = scale * rng.standard_normal(X.shape)
        mutants = mutated(self.encoding, X, one_of_each(self.encoding, X, rng), steps, rng)
        free = np.flatnonzero(is_free(mutants))
        explanation = {"kind": "model", "parent_rank": str(winner + 1)}
        return Proposal(mutants[free[0] if len(free) else 0], explanation)
