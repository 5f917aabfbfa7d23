"""NSGA2: a population improved by selection, crossover and mutation, for one objective or more."""

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
from wazir.algorithms.variation import crossed, mutated, one_of_each, polynomial_steps
from wazir.domain.studies import StudyConfig

POPULATION, POPULATION_OF_SEVERAL = 12, 40
_N_PARENTS = 2
_CROSSOVER_SHARE = 0.9
# Wider than usual (15 to 20): hundreds of trials, not ten thousands, are to be made.
_ETA_CROSSOVER, _ETA_MUTATION = 3.0, 3.0
_N_CHILDREN = 8
_SALT = 17


@dataclass(frozen=True)
class Population:
    """Points X (n, d) with finite losses Y (n, m) and violations V (n,), the best first."""

    X: Array
    Y: Array
    V: Array

    @classmethod
    def of(cls, history: History, rows: slice) -> "Population":
        """Return some completed points of a history, in their order; only those with values."""
        X, Y, V = history.X[rows], history.Y[rows], history.V[rows]
        usable = np.isfinite(Y).all(axis=1)
        return cls(X[usable], Y[usable], V[usable])

    def joined(self, others: "Population", size: int) -> "Population":
        """Return the best `size` of these and other points."""
        X, Y = np.vstack([self.X, others.X]), np.vstack([self.Y, others.Y])
        V = np.concatenate([self.V, others.V])
        best = preference_order(Y, V)[:size]
        return Population(X[best], Y[best], V[best])


@dataclass(frozen=True)
class Nsga2:
    """The elitist genetic algorithm NSGA-II, asynchronous.

    K. Deb et al., IEEE Trans. Evol. Comput. 6 (2002). It begins with as many trials as the
    population has, 12 or, for several objectives, 40: the defaults if there are any, then Sobol
    points. The population is what is left after the best of it and of each next so many trials
    were kept, by front and crowding distance; trials of an unfinished generation count at once.
    Parents win tournaments of two. A child takes each parameter from one of them or, if ordered,
    from between and around both; on average one parameter, and one at least where there was no
    crossover, is mutated by the polynomial distribution, categories to any other.

    The explanation holds the "generation", from 1.
    """

    trail: Trail[Population] = field(default_factory=Trail, repr=False, compare=False)

    @property
    def reads(self) -> Reads:
        """All trials."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one point per id; see Algorithm."""

        def proposer_of(encoding: Encoding, history: History) -> _Proposer:
            size = POPULATION if len(config.objectives) == 1 else POPULATION_OF_SEVERAL
            parents = survivors(history, size, self.trail)
            return _Proposer(config.seed, encoding, parents, size, len(history.X) // size)

        return suggest_one_by_one(config, snapshot, trial_ids, self.trail, proposer_of)


def survivors(history: History, size: int, trail: Trail[Population]) -> Population:
    """Return the population after all completed trials, taken `size` by `size`.

    The trail says where the last call ended.
    """
    population = trail.state or Population.of(history, slice(0))
    first = trail.n_used
    while first + size <= len(history.X):
        rows = slice(first, first + size)
        population = population.joined(Population.of(history, rows), size)
        first += size
    trail.state, trail.n_used = population, first
    return population.joined(Population.of(history, slice(first, None)), size)


@dataclass(frozen=True)
class _Proposer:
    seed: int
    encoding: Encoding
    parents: Population
    size: int
    generation: int

    def is_ready(self, n_trials: int) -> bool:
        return n_trials >= self.size and len(self.parents.X) >= _N_PARENTS

    def propose(self, pending: Array, is_free: Choice, trial_id: int) -> Proposal:
        del pending
        rng = np.random.default_rng([self.seed, trial_id, _SALT])
        X = self._children(rng)
        free = np.flatnonzero(is_free(X))
        explanation = {"kind": "model", "generation": str(self.generation)}
        return Proposal(X[free[0] if len(free) else 0], explanation)

    def _children(self, rng: np.random.Generator) -> Array:
        """Return children (m, d), any of which will do."""
        X, n = self.parents.X, len(self.parents.X)
        # The best come first, so the smaller of two places wins.
        first, second = rng.integers(0, n, size=(2, 2, _N_CHILDREN)).min(axis=1)
        crossing = rng.random(_N_CHILDREN) < _CROSSOVER_SHARE
        children = self.encoding.snap(
            np.where(
                crossing[:, None],
                crossed(self.encoding, X[first], X[second], _ETA_CROSSOVER, rng),
                X[first],
            )
        )
        varied = [not column.is_constant for column in self.encoding.columns]
        n_active = (self.encoding.activity(children) & varied).sum(axis=1)
        changed = rng.random(children.shape) < 1 / np.maximum(n_active, 1)[:, None]
        changed |= one_of_each(self.encoding, children, rng) & ~crossing[:, None]
        steps = polynomial_steps(children, _ETA_MUTATION, rng)
        return mutated(self.encoding, children, changed & varied, steps, rng)
