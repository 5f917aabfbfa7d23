"""CMA_ES: covariance matrix adaptation, for ordered parameters above all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.cells import Cells
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.evolution.cma_replay import Replay, SearchState
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.initial_design import default_point
from wazir.algorithms.proposing import Choice, Proposal, suggest_one_by_one
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.trail import Trail
from wazir.algorithms.variation import categorical_columns, reflect
from wazir.domain.studies import StudyConfig

_SALT = 13
_N_DRAWS = 8


@dataclass(frozen=True)
class CmaEs:
    """The covariance matrix adaptation evolution strategy with restarts.

    N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, with its defaults. It
    starts at the defaults if there are any, else in the middle, with a standard deviation of 0.3
    along each parameter's scale. A generation is the next 4 + 3 ln d trials that ended, whoever
    proposed them. Points beyond an end are folded back. Steps along INTEGER and DISCRETE
    parameters never get too small to leave a value; categories are drawn from smoothed
    frequencies among the better halves. A search that has converged begins again elsewhere with
    twice the population. Several objectives are ranked as in NSGA-II within each generation.

    The explanation holds "generation" and "restart", from 0, and the "step_size".
    """

    trail: Trail[SearchState] = field(default_factory=Trail, repr=False, compare=False)

    @property
    def reads(self) -> Reads:
        """All trials."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one point per id; see Algorithm."""

        def proposer_of(encoding: Encoding, history: History) -> _Proposer:
            replay = _replay(config, encoding)
            return _Proposer(config, replay, replay.follow(history, self.trail))

        return suggest_one_by_one(config, snapshot, trial_ids, self.trail, proposer_of)


def _replay(config: StudyConfig, encoding: Encoding) -> Replay:
    cells = Cells.of(encoding)
    first = default_point(config, encoding)
    middle = np.full(len(cells.columns), 0.5)
    mean = middle if first is None else first[cells.columns]
    return Replay(encoding, cells, categorical_columns(encoding), mean, config.seed)


@dataclass(frozen=True)
class _Proposer:
    config: StudyConfig
    replay: Replay
    state: SearchState

    def is_ready(self, n_trials: int) -> bool:
        del n_trials
        return True

    def propose(self, pending: Array, is_free: Choice, trial_id: int) -> Proposal:
        del pending
        X = self._sample(np.random.default_rng([self.config.seed, trial_id, _SALT]))
        free = np.flatnonzero(is_free(X))
        gaussian = self.state.gaussian
        explanation = {
            "kind": "model",
            "generation": str(gaussian.generation),
            "restart": str(self.state.n_restarts),
            "step_size": f"{gaussian.sigma:.4g}",
        }
        return Proposal(X[free[0] if len(free) else 0], explanation)

    def _sample(self, rng: np.random.Generator) -> Array:
        """Return points drawn from the distribution, folded back into the box."""
        cells, encoding = self.replay.cells, self.replay.encoding
        drawn = self.state.gaussian.at(rng.standard_normal((_N_DRAWS, self.replay.n_ordered)))
        X = np.empty((_N_DRAWS, encoding.n_columns))
        X[:] = [column.idle_position for column in encoding.columns]
        X[:, cells.columns] = np.where(cells.has_cells, drawn, reflect(drawn))
        for j, frequencies in zip(self.replay.categorical, self.state.frequencies, strict=True):
            X[:, j] = rng.choice(len(frequencies), size=_N_DRAWS, p=frequencies)
        return encoding.snap(X)
