"""QUASI_RANDOM_SEARCH: points that fill the space evenly, by a scrambled Sobol sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.sobol import scrambled_sobol
from wazir.domain.studies import StudyConfig


@dataclass(frozen=True)
class QuasiRandomSearch:
    """Trial i is point i - 1 of the sequence that belongs to the study's seed.

    Any first trials cover every parameter more evenly than random points do. Nothing else is
    looked at, so the cost does not grow with the number of trials. Every parameter, conditional
    or not, has a dimension of its own.
    """

    @property
    def reads(self) -> Reads:
        """Nothing."""
        return Reads.NOTHING

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one point of the sequence per id; see Algorithm."""
        del snapshot
        encoding = Encoding.of(config.space)
        indices = np.asarray(trial_ids, dtype=np.int64) - 1
        points = scrambled_sobol(indices, encoding.n_columns, config.seed)
        return [Suggestion(encoding.point_at(u)) for u in points]
